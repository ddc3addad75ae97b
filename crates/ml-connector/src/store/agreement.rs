//! Agreements: how far what a flow would post agrees with what the ledger holds, as it was found at one time. The
//! figures are kept as one document; nothing is computed here.

use serde_json::Value;

use super::error::{StoreError, failed};
use super::flow::flow_id;
use super::ids::FlowId;
use super::sql::{self, Row};
use super::tx::Tx;
use super::{AuditEvent, CustomerStore};

pub(super) const ADD: &str = "INSERT INTO agreements (customer_id, agreement_no, flow_id, taken_ms, result) \
     VALUES ($1, $2, $3, $4, $5)";
pub(super) const LIST: &str = "SELECT agreement_no, flow_id, taken_ms, result FROM agreements \
     WHERE customer_id = $1 AND flow_id = $2 AND agreement_no < $3 ORDER BY agreement_no DESC LIMIT $4";

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAgreement {
    /// Its number: the list is paged by it.
    pub number: i64,
    /// The flow.
    pub flow: FlowId,
    /// When it was made, in epoch milliseconds.
    pub taken_ms: i64,
    /// The figures and the disagreements.
    pub result: Value,
}

impl CustomerStore {
    /// Keeps a comparison.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn add_agreement(
        &self,
        flow: &FlowId,
        result: &Value,
        event: AuditEvent,
        at_ms: i64,
    ) -> Result<i64, StoreError> {
        let mut tx: Tx = self.begin().await?;
        let number = tx.take_numbers("agreements", 1).await?;
        let adding = sql::query(ADD)
            .bind(self.id().as_str())
            .bind(number)
            .bind(flow.as_str())
            .bind(at_ms)
            .bind(result.to_string());
        adding.execute(tx.connection()).await.map_err(failed("keeping an agreement"))?;
        tx.commit(at_ms, vec![event]).await?;
        Ok(number)
    }

    /// At most `limit` comparisons before the number `before`, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`], [`StoreError::Json`].
    pub async fn agreements(
        &self,
        flow: &FlowId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<StoredAgreement>, StoreError> {
        let reading = failed("reading agreements");
        let listing = sql::query(LIST).bind(self.id().as_str()).bind(flow.as_str());
        let listing = listing.bind(before.unwrap_or(i64::MAX)).bind(i64::from(limit)).fetch_all(self.reader());
        let read = |row: &Row| {
            let result: &str = row.try_get(3).map_err(&reading)?;
            let unreadable = |source| StoreError::Json { what: "a stored agreement", source };
            Ok(StoredAgreement {
                number: row.try_get(0).map_err(&reading)?,
                flow: flow_id(row.try_get(1).map_err(&reading)?)?,
                taken_ms: row.try_get(2).map_err(&reading)?,
                result: serde_json::from_str(result).map_err(unreadable)?,
            })
        };
        listing.await.map_err(&reading)?.iter().map(read).collect()
    }
}
