//! Passes over a flow that did something or failed, for whoever asks what the service has been doing. An idle pass
//! leaves no row.

use super::CustomerStore;
use super::error::{StoreError, failed};
use super::ids::{FlowId, RunId};
use super::sql;
use super::tx::Tx;

pub(super) const ADD: &str = "INSERT INTO passes (customer_id, run_id, flow_id, began_ms, ended_ms, summary) \
     VALUES ($1, $2, $3, $4, $5, $6)";
pub(super) const LIST: &str = "SELECT run_id, began_ms, ended_ms, summary FROM passes \
     WHERE customer_id = $1 AND flow_id = $2 AND run_id < $3 ORDER BY run_id DESC LIMIT $4";

/// A pass that did something, or failed.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPass {
    /// Its id.
    pub run: RunId,
    /// When it began, in epoch milliseconds.
    pub began_ms: i64,
    /// When it ended.
    pub ended_ms: i64,
    /// What it did, and what stood in its way.
    pub summary: serde_json::Value,
}

impl Tx {
    /// Keeps a pass.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn add_pass(&mut self, flow: &FlowId, pass: &StoredPass) -> Result<(), StoreError> {
        let adding = sql::query(ADD)
            .bind(self.customer_id().as_str())
            .bind(pass.run.as_str())
            .bind(flow.as_str())
            .bind(pass.began_ms)
            .bind(pass.ended_ms)
            .bind(pass.summary.to_string());
        adding.execute(self.connection()).await.map_err(failed("keeping a pass"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// Passes of a flow, newest first, before the id `before`.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`], [`StoreError::Json`].
    pub async fn passes(
        &self,
        flow: &FlowId,
        before: Option<&RunId>,
        limit: u32,
    ) -> Result<Vec<StoredPass>, StoreError> {
        let before = before.map_or("~", RunId::as_str);
        let listing = sql::query_as::<(String, i64, i64, String)>(LIST).bind(self.id().as_str()).bind(flow.as_str());
        let rows = listing.bind(before).bind(i64::from(limit)).fetch_all(self.reader()).await;
        let read = |(run, began_ms, ended_ms, summary): (String, i64, i64, String)| {
            let run = RunId::parse(&run).ok_or(StoreError::Stored { what: "id of a pass", id: run })?;
            let summary = serde_json::from_str(&summary);
            let summary = summary.map_err(|source| StoreError::Json { what: "a stored pass", source })?;
            Ok(StoredPass { run, began_ms, ended_ms, summary })
        };
        rows.map_err(failed("listing passes"))?.into_iter().map(read).collect()
    }
}
