//! Reading many reports at once by their ids.

use super::InboxReport;
use super::read::read;
use crate::store::customer::CustomerStore;
use crate::store::error::{StoreError, failed};
use crate::store::ids::FlowId;
use crate::store::rows::{OWN, Rows, batches};
use crate::store::sql;

pub(in crate::store) static NAMED: Rows = Rows::new(
    "SELECT report_no, flow_id, report_id, number, name, employee, policy_id, source_state, currency, total_minor, \
     content_hash, state, problems, skipped, amount_minor, skipped_minor, mapping_version, generation, \
     approved_on, run_id, first_seen_ms, seen_ms, changed_ms FROM reports WHERE customer_id = ? AND flow_id = ? \
     AND report_id IN (",
    &[OWN],
    ")",
);

impl CustomerStore {
    /// Those of the reports `ids` that were ever seen, in no order.
    ///
    /// # Errors
    /// See [`CustomerStore::known_reports`].
    pub async fn reports_named(&self, flow: &FlowId, ids: &[&str]) -> Result<Vec<InboxReport>, StoreError> {
        let mut reports = Vec::with_capacity(ids.len());
        for batch in batches(ids) {
            let mut reading = sql::query(NAMED.text(batch.len())).bind(self.id().as_str()).bind(flow.as_str());
            for id in batch {
                reading = reading.bind(*id);
            }
            let rows = reading.fetch_all(self.reader()).await.map_err(failed("reading reports by id"))?;
            for row in &rows {
                reports.push(read(row)?);
            }
        }
        Ok(reports)
    }
}
