//! Leaves a report alone that a person says is booked elsewhere: what was frozen of it is withdrawn, and it stands as
//! skipped with the reason. What is booked or under way is never touched.

use accounting::translate::SkippedExpense;
use accounting::{Amount, Currency, FundSource};
use serde_json::json;

use super::entry::ReportEntries;
use super::lane::Lane;
use super::supersede::Standing;
use super::{ACTOR, Work, WorkError};
use crate::store::{AuditEvent, InboxState, ReportChange};
use crate::systems::Destination;

impl<S: Sync, D: Destination> Work<'_, S, D> {
    /// Takes those reports out that are handled elsewhere, and lets them stand as skipped.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn without_handled(
        &self,
        lane: &Lane,
        reports: Vec<ReportEntries>,
    ) -> Result<Vec<ReportEntries>, WorkError> {
        let ids: Vec<&str> = reports.iter().map(|report| report.report_id.as_str()).collect();
        let handled = self.handled(&ids).await?;
        if handled.is_empty() {
            return Ok(reports);
        }
        for (report_id, reason) in &handled {
            Box::pin(self.set_aside(lane, report_id, reason)).await?;
        }
        Ok(reports.into_iter().filter(|report| !handled.contains_key(&report.report_id)).collect())
    }

    /// Of these reports, those that are handled elsewhere, with the reason.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn handled(&self, ids: &[&str]) -> Result<std::collections::HashMap<String, String>, WorkError> {
        if !self.customer.any_handled(&self.flow_id).await? {
            return Ok(std::collections::HashMap::new());
        }
        Ok(self.customer.handled(&self.flow_id, ids).await?)
    }

    async fn set_aside(&self, lane: &Lane, report_id: &str, reason: &str) -> Result<(), WorkError> {
        let Some(report) = self.customer.report(&self.flow_id, report_id).await? else { return Ok(()) };
        let existing = self.customer.postings_of(&self.flow_id, report_id).await?;
        let standing = self.standing(lane, existing, None, &report.content_hash).await?;
        if !matches!(standing, Standing::Replace { .. }) {
            return Ok(());
        }
        let skipped = [as_handled(reason, amount(report.amount_minor, report.currency.as_deref()))];
        let change = ReportChange {
            report_id,
            content_hash: &report.content_hash,
            state: InboxState::Skipped,
            problems: &[],
            skipped: &skipped,
            amount_minor: Some(0),
            skipped_minor: report.amount_minor,
            mapping_version: self.flow.mapping.version,
            chart_sha256: None,
            generation: report.generation,
        };
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await?;
        tx.set_report_states(&self.flow_id, &[change], at_ms).await?;
        tx.open_gate(&self.flow_id, report_id).await?;
        let detail = json!({ "expenses": [{ "expense": "", "reason": skipped[0].reason }] });
        tx.commit(at_ms, vec![AuditEvent::new(ACTOR, "report.skipped", report_id, detail)]).await?;
        Ok(())
    }
}

/// A whole report that is left out, with the reason.
pub(super) fn as_handled(reason: &str, amount: Option<Amount>) -> SkippedExpense {
    let reason = format!("handled elsewhere: {reason}");
    SkippedExpense { expense: String::new(), fund_source: FundSource::Other, amount, reason }
}

fn amount(minor: Option<i64>, currency: Option<&str>) -> Option<Amount> {
    let currency = Currency::parse(currency?).ok()?;
    Some(Amount::new(minor?, currency))
}
