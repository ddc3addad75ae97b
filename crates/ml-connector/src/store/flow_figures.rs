//! How many reports of each flow wait for what, and since when: counted with the flow's board, so that an operator's
//! figures over thousands of customers cost one statement. Read across customers: counts, sums and times only.

use std::collections::BTreeMap;

use accounting::Code;

use super::board::Board;
use super::error::{StoreError, failed};
use super::ids::FlowId;
use super::tx::Tx;
use super::{Store, sql};

pub(super) const PUT: &str = "INSERT INTO flow_figures (flow_id, customer_id, held, ready, unknown, conflict, rejected, \
     drift, gated, oldest_held_ms, oldest_unknown_ms, oldest_gated_ms, counted_ms, held_money, waits_ms, failing_code, \
     failing_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
     ON CONFLICT (flow_id) DO UPDATE SET \
     held = excluded.held, ready = excluded.ready, unknown = excluded.unknown, conflict = excluded.conflict, \
     rejected = excluded.rejected, drift = excluded.drift, gated = excluded.gated, \
     oldest_held_ms = excluded.oldest_held_ms, oldest_unknown_ms = excluded.oldest_unknown_ms, \
     oldest_gated_ms = excluded.oldest_gated_ms, counted_ms = excluded.counted_ms, held_money = excluded.held_money, \
     waits_ms = excluded.waits_ms, failing_code = excluded.failing_code, \
     failing_ms = CASE WHEN excluded.failing_ms IS NULL THEN NULL \
     ELSE COALESCE(flow_figures.failing_ms, excluded.failing_ms) END \
     WHERE flow_figures.counted_ms <= excluded.counted_ms";
pub(super) const SUM: &str = "SELECT CAST(COALESCE(SUM(held), 0) AS BIGINT), CAST(COALESCE(SUM(ready), 0) AS BIGINT), \
     CAST(COALESCE(SUM(unknown), 0) AS BIGINT), CAST(COALESCE(SUM(conflict), 0) AS BIGINT), \
     CAST(COALESCE(SUM(rejected), 0) AS BIGINT), CAST(COALESCE(SUM(drift), 0) AS BIGINT), \
     CAST(COALESCE(SUM(gated), 0) AS BIGINT), MIN(oldest_held_ms), MIN(oldest_unknown_ms), MIN(oldest_gated_ms) \
     FROM flow_figures";
pub(super) const FLOWS: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN failures > 0 THEN 1 ELSE 0 END), 0) AS BIGINT), \
     CAST(COALESCE(SUM(CASE WHEN paused_ms IS NULL THEN 0 ELSE 1 END), 0) AS BIGINT) FROM flow_times";

/// Reports that wait, by state, over all flows; and since when the oldest of some does, in epoch milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Held by a problem of translation.
    pub held: i64,
    /// Ready, and not posted yet.
    pub ready: i64,
    /// Of unknown outcome.
    pub unknown: i64,
    /// That the ledger contradicts.
    pub conflict: i64,
    /// That the ledger refused.
    pub rejected: i64,
    /// That changed after they were frozen or posted.
    pub drift: i64,
    /// Of those that are ready: waiting for a person.
    pub gated: i64,
    /// Since when the oldest is held.
    pub oldest_held_ms: Option<i64>,
    /// Since when the oldest outcome is unknown.
    pub oldest_unknown_ms: Option<i64>,
    /// Since when the oldest waits for a person.
    pub oldest_gated_ms: Option<i64>,
}

/// Flows that workers know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlowCounts {
    /// All of them.
    pub flows: i64,
    /// Those whose last pass failed.
    pub failing: i64,
    /// Those that are paused.
    pub paused: i64,
}

impl Tx {
    /// Keeps what was counted of a flow: for its customer's pages, and for those who ask across flows and customers.
    /// `failing` is what its last pass failed by.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Json`].
    pub async fn put_board(&mut self, flow: &FlowId, board: &Board, failing: Option<Code>) -> Result<(), StoreError> {
        self.put_board_meanwhile(flow, board).await?;
        let mut held = BTreeMap::new();
        for (currency, standing) in &board.standing {
            let minor = standing.held.minor.saturating_add(standing.refused.minor);
            if standing.held.count + standing.refused.count > 0 {
                held.insert(currency.as_str(), minor);
            }
        }
        let held = serde_json::to_string(&held);
        let held = held.map_err(|source| StoreError::Json { what: "a flow's held money", source })?;
        let waiting = &board.states;
        let putting = sql::query(PUT)
            .bind(flow.as_str())
            .bind(self.customer_id().as_str())
            .bind(waiting.held)
            .bind(waiting.ready)
            .bind(waiting.unknown)
            .bind(waiting.conflict)
            .bind(waiting.rejected)
            .bind(waiting.drift)
            .bind(waiting.gated)
            .bind(waiting.oldest_held_ms)
            .bind(waiting.oldest_unknown_ms)
            .bind(waiting.oldest_gated_ms)
            .bind(board.counted_ms)
            .bind(held)
            .bind(board.waits_ms)
            .bind(failing.map(|code| i64::from(code.number())))
            .bind(failing.map(|_| board.counted_ms));
        putting.execute(self.connection()).await.map_err(failed("keeping a flow's figures"))?;
        self.put_customer_figures(board.counted_ms).await
    }
}

impl Store {
    /// What waits in all flows, as of each flow's last pass that did something.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn waiting(&self) -> Result<Waiting, StoreError> {
        let summing = failed("adding up what waits");
        let row = sql::query(SUM).fetch_one(self.0.database.reader("")).await.map_err(&summing)?;
        let count = |column| row.try_get::<i64>(column).map_err(&summing);
        let since = |column| row.try_get::<Option<i64>>(column).map_err(&summing);
        Ok(Waiting {
            held: count(0)?,
            ready: count(1)?,
            unknown: count(2)?,
            conflict: count(3)?,
            rejected: count(4)?,
            drift: count(5)?,
            gated: count(6)?,
            oldest_held_ms: since(7)?,
            oldest_unknown_ms: since(8)?,
            oldest_gated_ms: since(9)?,
        })
    }

    /// How many flows there are for workers.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn flow_counts(&self) -> Result<FlowCounts, StoreError> {
        let counting = sql::query_as::<(i64, i64, i64)>(FLOWS).fetch_one(self.0.database.reader(""));
        let (flows, failing, paused) = counting.await.map_err(failed("counting the flows"))?;
        Ok(FlowCounts { flows, failing, paused })
    }
}
