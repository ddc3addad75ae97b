//! Cases of differences: opened once a difference, closed when a later reconciliation of the same months no longer
//! finds it, and asked for what persons accepted.

use serde_json::json;

use super::{Difference, Reconciled, figure};
use crate::store::{Case, CaseFilter, CaseKind, CaseState, Decision, NewCase};
use crate::systems::{Destination, Source};
use crate::work::open_cases::short_hash;
use crate::work::{Work, WorkError};

/// How often a difference that was closed may come back and be told apart.
const TIMES: u32 = 100;
/// Cases read in one page.
const PAGE: u32 = 200;

/// Tells one difference from every other.
pub(super) fn cause_of(difference: &Difference) -> String {
    short_hash(&[
        difference.finding.name().to_owned(),
        difference.subject.clone(),
        difference.record_no.clone().unwrap_or_default(),
        difference.minor.to_string(),
    ])
}

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// Whether a person accepted the difference. Where it was never asked about, a case is opened if `open` says so.
    pub(super) async fn is_difference_accepted(&self, difference: &Difference, open: bool) -> Result<bool, WorkError> {
        let base = cause_of(difference);
        for time in 0..TIMES {
            let cause = if time == 0 { base.clone() } else { format!("{base}-{time}") };
            let known = self.customer.case_of(&self.flow_id, CaseKind::Difference, &difference.subject, &cause).await?;
            match known {
                Some(case) if case.decision == Some(Decision::Accept) => return Ok(true),
                Some(case) if case.state != CaseState::Done => return Ok(false),
                // It was closed because it was gone, and is back.
                Some(_) => {}
                None if open => {
                    self.open_difference(difference, &cause).await?;
                    return Ok(false);
                }
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    async fn open_difference(&self, difference: &Difference, cause: &str) -> Result<(), WorkError> {
        let detail = json!({
            "finding": difference.finding.name(),
            "month": difference.key.month.to_string(),
            "report": difference.report_id,
            "record_no": difference.record_no,
            "currency": difference.key.currency.code(),
            "minor": figure(difference.minor),
            "detail": difference.detail,
        });
        let case = NewCase {
            flow: &self.flow_id,
            kind: CaseKind::Difference,
            subject: &difference.subject,
            report_id: difference.report_id.as_deref(),
            cause,
            code: difference.finding.code(),
            detail: &detail,
            proposals: &[Decision::Accept],
        };
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await?;
        let opened = tx.open_case(&case, at_ms).await?;
        self.keep_opened(tx, &case, opened, at_ms).await
    }

    /// Closes the cases of differences in the months read that are there no more.
    pub(super) async fn close_gone_differences(&self, found: &Reconciled) -> Result<(), WorkError> {
        let filter = CaseFilter {
            state: Some(CaseState::Open),
            kind: Some(CaseKind::Difference),
            flow: Some(self.flow_id.clone()),
        };
        let (first, last) = (found.from.strftime("%Y-%m").to_string(), found.to.strftime("%Y-%m").to_string());
        let is_gone = |case: &Case| {
            let month = case.detail["month"].as_str().unwrap_or_default();
            let cause = case.cause.split('-').next().unwrap_or_default();
            (first.as_str()..=last.as_str()).contains(&month) && !found.causes.contains(cause)
        };
        let mut before = None;
        loop {
            let page = self.customer.cases(&filter, before.as_ref(), PAGE).await?;
            let Some(oldest) = page.last() else { return Ok(()) };
            before = Some(oldest.id.clone());
            for case in page.iter().filter(|case| is_gone(case)) {
                self.close(case, json!({ "closed": "the difference is gone" }), "case.closed").await?;
            }
        }
    }
}
