//! Entries of a report that have left, or may have: asked in the commit that keeps what a person says of the report.

use accounting::identity::Reference;

use super::read::parse_reference;
use crate::store::error::{StoreError, failed};
use crate::store::ids::FlowId;
use crate::store::sql;
use crate::store::tx::Tx;

pub(in crate::store) const LEFT: &str = "SELECT reference, state FROM postings WHERE customer_id = $1 AND report_no = \
     (SELECT report_no FROM reports WHERE customer_id = $1 AND flow_id = $2 AND report_id = $3) \
     AND state IN ('sending', 'unknown', 'absent', 'posted', 'conflict', 'duplicate') ORDER BY reference";

impl Tx {
    /// The report's entries that are in the ledger, on their way to it, or of unknown outcome, each with its state's name.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn entries_left(
        &mut self,
        flow: &FlowId,
        report_id: &str,
    ) -> Result<Vec<(Reference, String)>, StoreError> {
        let finding = sql::query_as::<(String, String)>(LEFT).bind(self.customer_id().as_str());
        let finding = finding.bind(flow.as_str()).bind(report_id).fetch_all(self.connection());
        let rows = finding.await.map_err(failed("looking for entries that have left"))?;
        rows.into_iter().map(|(reference, state)| Ok((parse_reference(reference)?, state))).collect()
    }
}
