//! Reports that a person has taken out of our hands: they are booked elsewhere, and no later translation brings them
//! back. Nothing is withdrawn here.

use std::collections::HashMap;

use super::CustomerStore;
use super::error::{StoreError, failed};
use super::hold::Hold;
use super::ids::{CustomerId, FlowId};
use super::rows::{OWN, Rows, batches};
use super::sql::{self, Target};
use super::tx::Tx;

pub(super) const HANDLE: &str = "INSERT INTO handled_reports (customer_id, flow_id, report_id, reason, actor, at_ms) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (customer_id, flow_id, report_id) \
     DO UPDATE SET reason = excluded.reason, actor = excluded.actor, at_ms = excluded.at_ms";
pub(super) const TAKE_BACK: &str =
    "DELETE FROM handled_reports WHERE customer_id = $1 AND flow_id = $2 AND report_id = $3";
/// What is, or may be, in the ledger is not translated again here.
pub(super) const AGAIN: &str = "UPDATE reports SET state = 'seen', problems = NULL, amount_minor = NULL, \
     changed_ms = $1 WHERE customer_id = $2 AND flow_id = $3 AND report_id = $4 \
     AND state IN ('held', 'skipped', 'rejected')";
pub(super) const ANY: &str = "SELECT report_id FROM handled_reports WHERE customer_id = $1 AND flow_id = $2 LIMIT 1";
pub(super) const FIND: &str = "SELECT reason, actor, at_ms FROM handled_reports \
     WHERE customer_id = $1 AND flow_id = $2 AND report_id = $3";
pub(super) static OF_REPORTS: Rows = Rows::new(
    "SELECT report_id, reason FROM handled_reports WHERE customer_id = ? AND flow_id = ? AND report_id IN (",
    &[OWN],
    ")",
);

impl Tx {
    /// Takes a report out of our hands: it is booked elsewhere. The next translation withdraws what was frozen of it.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn handle_elsewhere(
        &mut self,
        flow: &FlowId,
        report_id: &str,
        reason: &str,
        actor: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let handling = sql::query(HANDLE)
            .bind(self.customer_id().as_str())
            .bind(flow.as_str())
            .bind(report_id)
            .bind(reason)
            .bind(actor)
            .bind(at_ms);
        handling.execute(self.connection()).await.map_err(failed("marking a report as handled"))?;
        Ok(())
    }

    /// Takes a report back into our hands.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn take_back(&mut self, flow: &FlowId, report_id: &str) -> Result<(), StoreError> {
        let taking = sql::query(TAKE_BACK).bind(self.customer_id().as_str()).bind(flow.as_str()).bind(report_id);
        taking.execute(self.connection()).await.map_err(failed("taking a report back"))?;
        Ok(())
    }

    /// Lets a report that is held or left out be translated again by the flow's next pass.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn translate_again(&mut self, flow: &FlowId, report_id: &str, at_ms: i64) -> Result<(), StoreError> {
        let again = sql::query(AGAIN).bind(at_ms).bind(self.customer_id().as_str());
        let again = again.bind(flow.as_str()).bind(report_id);
        again.execute(self.connection()).await.map_err(failed("letting a report be translated again"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// Whether any report of a flow is handled elsewhere.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn any_handled(&self, flow: &FlowId) -> Result<bool, StoreError> {
        let finding = sql::query_scalar::<String>(ANY).bind(self.id().as_str()).bind(flow.as_str());
        Ok(finding.fetch_optional(self.reader()).await.map_err(failed("looking for handled reports"))?.is_some())
    }

    /// Of these reports, those that are handled elsewhere, with the reason.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn handled(&self, flow: &FlowId, ids: &[&str]) -> Result<HashMap<String, String>, StoreError> {
        reasons(self.reader(), self.id(), flow, ids).await
    }

    /// Why, by whom and since when a report is handled elsewhere, if it is.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn handled_mark(&self, flow: &FlowId, report_id: &str) -> Result<Option<Hold>, StoreError> {
        let finding = sql::query_as::<(String, String, i64)>(FIND).bind(self.id().as_str()).bind(flow.as_str());
        let found = finding.bind(report_id).fetch_optional(self.reader()).await;
        let found = found.map_err(failed("reading why a report is handled elsewhere"))?;
        Ok(found.map(|(reason, actor, at_ms)| Hold { reason, actor, at_ms }))
    }
}

/// Of these reports, those that are handled elsewhere, with the reason; inside or outside of a transaction.
pub(super) async fn reasons(
    mut target: Target<'_>,
    customer: &CustomerId,
    flow: &FlowId,
    ids: &[&str],
) -> Result<HashMap<String, String>, StoreError> {
    let mut found = HashMap::new();
    for batch in batches(ids) {
        let mut reading = sql::query_as::<(String, String)>(OF_REPORTS.text(batch.len()));
        reading = reading.bind(customer.as_str()).bind(flow.as_str());
        for id in batch {
            reading = reading.bind(*id);
        }
        found.extend(reading.fetch_all(target.again()).await.map_err(failed("reading handled reports"))?);
    }
    Ok(found)
}
