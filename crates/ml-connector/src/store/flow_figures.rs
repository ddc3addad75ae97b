//! How many reports of each flow wait for what, and since when: counted at the end of a pass that did something, so that
//! an operator's figures over thousands of customers cost one statement. Read across customers: counts and times only.

use super::error::{StoreError, failed};
use super::ids::FlowId;
use super::tx::Tx;
use super::{Store, sql};

/// Only states in which something is still to come; what is posted or left out is never counted here.
pub(super) const COUNT: &str = "SELECT state, COUNT(*), MIN(changed_ms) FROM reports WHERE customer_id = $1 \
     AND flow_id = $2 AND state IN ('held', 'ready', 'unknown', 'conflict', 'rejected', 'drift') GROUP BY state";
pub(super) const COUNT_GATED: &str = "SELECT COUNT(*), MIN(g.since_ms) FROM gates g JOIN reports r \
     ON r.report_id = g.report_id AND r.flow_id = g.flow_id AND r.customer_id = g.customer_id \
     WHERE g.customer_id = $1 AND g.flow_id = $2 AND g.gate BETWEEN 142 AND 145 AND r.state = 'ready'";
pub(super) const PUT: &str = "INSERT INTO flow_figures (flow_id, customer_id, held, ready, unknown, conflict, rejected, \
     drift, gated, oldest_held_ms, oldest_unknown_ms, oldest_gated_ms, counted_ms) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (flow_id) DO UPDATE SET \
     held = excluded.held, ready = excluded.ready, unknown = excluded.unknown, conflict = excluded.conflict, \
     rejected = excluded.rejected, drift = excluded.drift, gated = excluded.gated, \
     oldest_held_ms = excluded.oldest_held_ms, oldest_unknown_ms = excluded.oldest_unknown_ms, \
     oldest_gated_ms = excluded.oldest_gated_ms, counted_ms = excluded.counted_ms";
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
    /// Counts what waits in a flow, and keeps it for those who ask across flows.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn count_flow(&mut self, flow: &FlowId, at_ms: i64) -> Result<(), StoreError> {
        let counting = failed("counting what waits in a flow");
        let customer = self.customer_id().clone();
        let mut waiting = Waiting::default();
        let count = sql::query_as::<(String, i64, i64)>(COUNT).bind(customer.as_str()).bind(flow.as_str());
        for (state, count, since_ms) in count.fetch_all(self.connection()).await.map_err(&counting)? {
            match state.as_str() {
                "held" => (waiting.held, waiting.oldest_held_ms) = (count, Some(since_ms)),
                "ready" => waiting.ready = count,
                "unknown" => (waiting.unknown, waiting.oldest_unknown_ms) = (count, Some(since_ms)),
                "conflict" => waiting.conflict = count,
                "rejected" => waiting.rejected = count,
                _ => waiting.drift = count,
            }
        }
        let gated = sql::query_as::<(i64, Option<i64>)>(COUNT_GATED).bind(customer.as_str()).bind(flow.as_str());
        (waiting.gated, waiting.oldest_gated_ms) = gated.fetch_one(self.connection()).await.map_err(&counting)?;
        let putting = sql::query(PUT)
            .bind(flow.as_str())
            .bind(customer.as_str())
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
            .bind(at_ms);
        putting.execute(self.connection()).await.map(|_| ()).map_err(counting)
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
