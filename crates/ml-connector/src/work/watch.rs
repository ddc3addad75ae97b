//! Watches posted reports at their source: those that a sweep did not show are asked for by id, and what does not come
//! then is gone. It only notes what it sees; a person decides.

use accounting::{Code, Problem};
use jiff::ToSpan;
use serde_json::json;
use tokio::sync::mpsc::Sender;

use super::open_cases::{cause, live};
use super::poll::{Ended, Waiting};
use super::summary::Summary;
use super::{ACTOR, Work, WorkError};
use crate::store::{AuditEvent, CaseKind, InboxReport, InboxState, ReportChange, Unseen};
use crate::systems::{Source, Wanted};

/// Reports asked for in one read.
const PAGE: u32 = 500;
const DAY_MS: i64 = 24 * 3_600 * 1_000;

impl<S: Source, D> Work<'_, S, D> {
    /// Asks again for posted reports of the days that the flow watches (`control.watch_days`) that the source has not
    /// shown since `since_ms`: what comes in another state or with other content is passed on to be translated, what
    /// does not come is gone. Whether all of it was read.
    ///
    /// # Errors
    /// Those of the store. A fault of the source ends the reading and is part of the summary; it proves nothing.
    pub async fn watch(
        &self,
        since_ms: i64,
        to: &Sender<Vec<Waiting>>,
        summary: &mut Summary,
    ) -> Result<bool, WorkError> {
        let days = i32::from(self.flow.control.watch_days);
        if days == 0 {
            return Ok(true);
        }
        let today = self.clock.today();
        let unseen = Unseen {
            seen_before_ms: since_ms,
            approved_from: today.checked_sub(days.days()).unwrap_or(today),
            first_seen_from_ms: self.clock.now_ms().saturating_sub(i64::from(days).saturating_mul(DAY_MS)),
        };
        for state in [InboxState::Posted, InboxState::Drift] {
            let mut after: Option<String> = None;
            loop {
                let after_id = after.as_deref();
                let page = self.customer.reports_unseen(&self.flow_id, state, &unseen, after_id, PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.report_id.clone());
                let ids: Vec<String> = page.into_iter().map(|report| report.report_id).collect();
                let asked_ms = self.clock.now_ms();
                if self.read(&Wanted::Reports(ids.clone()), to, summary).await? == Ended::Broken {
                    return Ok(false);
                }
                self.note_vanished(&ids, asked_ms).await?;
            }
        }
        Ok(true)
    }

    /// Notes posted reports that were asked for by id and did not come.
    async fn note_vanished(&self, asked: &[String], asked_ms: i64) -> Result<(), WorkError> {
        let gone = Problem::of_report(Code::ReportDeleted, "", "Expensify no longer shows the report");
        for id in asked {
            let Some(report) = self.customer.report(&self.flow_id, id).await? else { continue };
            let noted = report.state == InboxState::Drift && report.problems.contains(&gone);
            if report.seen_ms >= asked_ms || noted || self.is_accepted_as_gone(&report).await? {
                continue;
            }
            let at_ms = self.clock.now_ms();
            let problems = [gone.clone()];
            let change = ReportChange {
                report_id: id,
                content_hash: &report.content_hash,
                state: InboxState::Drift,
                problems: &problems,
                skipped: &report.skipped,
                amount_minor: report.amount_minor,
                skipped_minor: report.skipped_minor,
                mapping_version: self.flow.mapping.version,
                chart_sha256: None,
                generation: report.generation,
            };
            let mut tx = self.customer.begin().await?;
            tx.set_report_states(&self.flow_id, &[change], at_ms).await?;
            let detail = json!({ "problems": [{ "code": gone.code.to_string(), "detail": gone.detail }] });
            tx.commit(at_ms, vec![AuditEvent::new(ACTOR, "report.drifted", id.as_str(), detail)]).await?;
        }
        Ok(())
    }

    async fn is_accepted_as_gone(&self, report: &InboxReport) -> Result<bool, WorkError> {
        let postings = self.customer.postings_of(&self.flow_id, &report.report_id).await?;
        let cause = cause(CaseKind::DriftDeleted, &report.content_hash, &live(&postings));
        self.is_accepted(&report.report_id, &cause).await
    }
}
