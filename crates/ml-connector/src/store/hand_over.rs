//! How the hand-over check of a flow stands: what was read of the ledger, what was found, who confirmed it. The check
//! itself is made elsewhere.

use serde_json::{Value, json};

use super::error::{StoreError, failed};
use super::ids::FlowId;
use super::look_alike::from_json;
use super::sql::{self, Row};
use super::tx::Tx;
use super::{AuditEvent, CustomerStore};

pub(super) const PUT: &str = "INSERT INTO hand_overs (customer_id, flow_id, company, journals, state, \
     checked_ms, result) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (customer_id, flow_id, company, journals) \
     DO UPDATE SET state = excluded.state, checked_ms = excluded.checked_ms, result = excluded.result";
pub(super) const LIST: &str = "SELECT company, journals, state, checked_ms, result, confirmed_by, note, \
     confirmed_ms FROM hand_overs WHERE customer_id = $1 AND flow_id = $2 ORDER BY checked_ms DESC, journals";
pub(super) const CONFIRM: &str = "UPDATE hand_overs SET state = 'passed', confirmed_by = $1, note = $2, \
     confirmed_ms = $3 WHERE customer_id = $4 AND flow_id = $5 AND state = 'found' AND checked_ms = $6";

/// How a hand-over check stands.
#[derive(Debug, Clone, PartialEq)]
pub struct HandOver {
    /// The company at the destination.
    pub company: String,
    /// The journals that the flow posts to, with commas between.
    pub journals: String,
    /// Whether the flow may post: nothing was found, or a person has confirmed.
    pub passed: bool,
    /// When the ledger was searched, in epoch milliseconds.
    pub checked_ms: i64,
    /// What was searched and found, in figures.
    pub result: Value,
    /// Who confirmed.
    pub confirmed_by: Option<String>,
    /// Why.
    pub note: Option<String>,
    /// When, in epoch milliseconds.
    pub confirmed_ms: Option<i64>,
}

impl Tx {
    /// Keeps how a check stands.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn put_hand_over(&mut self, flow: &FlowId, check: &HandOver) -> Result<(), StoreError> {
        let putting = sql::query(PUT)
            .bind(self.customer_id().as_str())
            .bind(flow.as_str())
            .bind(&check.company)
            .bind(&check.journals)
            .bind(if check.passed { "passed" } else { "found" })
            .bind(check.checked_ms)
            .bind(check.result.to_string());
        putting.execute(self.connection()).await.map_err(failed("keeping a hand-over check"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// Confirms the hand-over check that was made at `checked_ms`: a person has looked at what it found.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where that check is not, or no longer, the one that waits; [`StoreError::Statement`].
    pub async fn confirm_hand_over(
        &self,
        flow: &FlowId,
        checked_ms: i64,
        actor: &str,
        note: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let confirming = sql::query(CONFIRM)
            .bind(actor)
            .bind(note)
            .bind(at_ms)
            .bind(self.id().as_str())
            .bind(flow.as_str())
            .bind(checked_ms);
        let confirmed = confirming.execute(tx.connection()).await.map_err(failed("confirming a hand-over"))?;
        if confirmed.rows_affected() == 0 {
            return Err(StoreError::Stale { what: "hand-over check" });
        }
        tx.await_flow(flow, at_ms).await?;
        let detail = json!({ "checked_ms": checked_ms, "note": note });
        tx.commit(at_ms, vec![AuditEvent::new(actor, "hand_over.confirmed", flow.as_str(), detail)]).await
    }

    /// The checks of a flow, the newest first; one for each company and set of journals.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Json`].
    pub async fn hand_overs(&self, flow: &FlowId) -> Result<Vec<HandOver>, StoreError> {
        let reading = failed("reading hand-over checks");
        let rows = sql::query(LIST).bind(self.id().as_str()).bind(flow.as_str()).fetch_all(self.reader()).await;
        let read = |row: &Row| {
            let state: &str = row.try_get(2).map_err(&reading)?;
            Ok(HandOver {
                company: row.try_get(0).map_err(&reading)?,
                journals: row.try_get(1).map_err(&reading)?,
                passed: state == "passed",
                checked_ms: row.try_get(3).map_err(&reading)?,
                result: from_json(row.try_get(4).map_err(&reading)?)?,
                confirmed_by: row.try_get(5).map_err(&reading)?,
                note: row.try_get(6).map_err(&reading)?,
                confirmed_ms: row.try_get(7).map_err(&reading)?,
            })
        };
        rows.map_err(&reading)?.iter().map(read).collect()
    }
}
