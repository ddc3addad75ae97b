//! When each flow did what, when it is due next, and which worker has it: the table from which workers of all hosts
//! take their work. It is read across customers, so it holds ids and times only. A row that was lost is made again;
//! nothing about money rests on it.

use super::error::{StoreError, failed};
use super::ids::{CustomerId, FlowId};
use super::sql::{self, Row, Text};
use super::tx::Tx;
use super::{CustomerStore, Store};

/// On PostgreSQL the database's clock counts, since many hosts share it; the asker's time is taken and not used there.
pub(super) const CLAIM: Text = Text {
    sqlite: "UPDATE flow_times SET owner = $1, fence = fence + 1, until_ms = $3 + $2 WHERE flow_id IN \
         (SELECT flow_id FROM flow_times WHERE next_ms <= $3 AND until_ms <= $3 ORDER BY next_ms, flow_id LIMIT $4) \
         RETURNING customer_id, flow_id, fence, polled_ms, refreshed_ms, swept_ms, reconciled_ms, recovered_ms, \
         paused_ms, failures, next_ms",
    postgres: "WITH clock AS (SELECT GREATEST(0 * CAST($3 AS BIGINT), \
         CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)) AS now_ms) \
         UPDATE flow_times SET owner = $1, fence = fence + 1, until_ms = clock.now_ms + $2 FROM clock \
         WHERE flow_id IN (SELECT flow_id FROM flow_times, clock WHERE next_ms <= clock.now_ms \
         AND until_ms <= clock.now_ms ORDER BY next_ms, flow_id LIMIT $4 FOR UPDATE OF flow_times SKIP LOCKED) \
         RETURNING customer_id, flow_id, fence, polled_ms, refreshed_ms, swept_ms, reconciled_ms, recovered_ms, \
         paused_ms, failures, next_ms",
};
pub(super) const RENEW: Text = Text {
    sqlite: "UPDATE flow_times SET until_ms = $4 + $3 WHERE flow_id = $1 AND fence = $2",
    postgres: "UPDATE flow_times SET until_ms = 0 * $4 + $3 + \
         CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) WHERE flow_id = $1 AND fence = $2",
};
/// What somebody did while the flow was being worked on makes it due at once: the pass may have looked before.
pub(super) const FINISH: &str = "UPDATE flow_times SET polled_ms = $1, refreshed_ms = $2, swept_ms = $3, \
     reconciled_ms = $4, failures = $5, until_ms = 0, next_ms = CASE WHEN awaited_ms >= $6 OR EXISTS \
     (SELECT 1 FROM wanted w WHERE w.flow_id = flow_times.flow_id AND w.ended_ms IS NULL AND w.asked_ms > $6) \
     THEN CAST($7 AS BIGINT) ELSE CAST($8 AS BIGINT) END WHERE flow_id = $9 AND fence = $10";
pub(super) const RECOVERED: &str = "UPDATE flow_times SET recovered_ms = $1 WHERE flow_id = $2 AND customer_id = $3";
pub(super) const AWAIT: &str = "INSERT INTO flow_times (flow_id, customer_id, next_ms, failures, owner, fence, \
     until_ms, awaited_ms) VALUES ($1, $2, $3, 0, '', 0, 0, $3) ON CONFLICT (flow_id) DO UPDATE SET next_ms = \
     CASE WHEN flow_times.next_ms < excluded.next_ms THEN flow_times.next_ms ELSE excluded.next_ms END, awaited_ms = \
     CASE WHEN flow_times.awaited_ms > excluded.awaited_ms THEN flow_times.awaited_ms ELSE excluded.awaited_ms END";
pub(super) const PAUSE: &str = "UPDATE flow_times SET paused_ms = $1 WHERE flow_id = $2 AND customer_id = $3";
pub(super) const FIND: &str = "SELECT customer_id, flow_id, fence, polled_ms, refreshed_ms, swept_ms, reconciled_ms, \
     recovered_ms, paused_ms, failures, next_ms FROM flow_times WHERE flow_id = $1 AND customer_id = $2";
pub(super) const UNRECOVERED: &str = "SELECT COUNT(*) FROM flow_times WHERE recovered_ms IS NULL OR recovered_ms < $1";
pub(super) const BEHIND: &str = "SELECT COUNT(*), CAST(COALESCE(MIN(next_ms), $1) AS BIGINT) FROM flow_times \
     WHERE next_ms <= $1 AND until_ms <= $1";
pub(super) const RELEASE_ALL: &str = "UPDATE flow_times SET until_ms = 0 WHERE until_ms > 0";

/// When a flow last did what, in epoch milliseconds; `None` for never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlowTimes {
    /// Read its source.
    pub polled_ms: Option<i64>,
    /// Read its destination's chart.
    pub refreshed_ms: Option<i64>,
    /// Read the last weeks of its source again.
    pub swept_ms: Option<i64>,
    /// Tied out.
    pub reconciled_ms: Option<i64>,
    /// Learned what a restored database cannot know.
    pub recovered_ms: Option<i64>,
    /// Since when posting is paused.
    pub paused_ms: Option<i64>,
    /// Passes in a row that failed.
    pub failures: i64,
    /// When it is, or was, due.
    pub next_ms: i64,
}

/// A flow that a worker has taken on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedFlow {
    /// Whose it is.
    pub customer: CustomerId,
    /// The flow.
    pub flow: FlowId,
    /// Grows with every claim: an old one can finish nothing.
    pub fence: i64,
    /// Its times.
    pub times: FlowTimes,
}

impl Store {
    /// Claims at most `limit` flows that are due, the longest due first, for `lease_ms` milliseconds.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn claim_due_flows(
        &self,
        owner: &str,
        at_ms: i64,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<ClaimedFlow>, StoreError> {
        let claiming = sql::query(CLAIM).bind(owner).bind(lease_ms).bind(at_ms).bind(i64::from(limit));
        let rows = claiming.fetch_all(self.0.database.writer("")).await.map_err(failed("claiming what is due"))?;
        let mut claimed = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        claimed.sort_by_key(|claim: &ClaimedFlow| claim.times.next_ms);
        Ok(claimed)
    }

    /// Lengthens a claim. Whether it still stands: another worker may have taken the flow over.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn renew_flow(&self, claim: &ClaimedFlow, at_ms: i64, lease_ms: i64) -> Result<bool, StoreError> {
        let renewing = sql::query(RENEW).bind(claim.flow.as_str()).bind(claim.fence).bind(lease_ms).bind(at_ms);
        let renewed = renewing.execute(self.0.database.writer("")).await.map_err(failed("lengthening a claim"))?;
        Ok(renewed.rows_affected() == 1)
    }

    /// How many flows have not learned yet what a database restored at `restored_ms` cannot know.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn unrecovered_flows(&self, restored_ms: i64) -> Result<i64, StoreError> {
        let counting = sql::query_scalar(UNRECOVERED).bind(restored_ms);
        counting.fetch_one(self.0.database.reader("")).await.map_err(failed("counting flows to recover"))
    }

    /// How many flows are due and taken by nobody, and how long the oldest has been due, in milliseconds.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn due_flows(&self, at_ms: i64) -> Result<(i64, i64), StoreError> {
        let counting = sql::query_as::<(i64, i64)>(BEHIND).bind(at_ms);
        let (count, oldest_ms) =
            counting.fetch_one(self.0.database.reader("")).await.map_err(failed("counting what is due"))?;
        Ok((count, at_ms.saturating_sub(oldest_ms)))
    }

    /// The embedded database has one working process, so a claim that stands at its start belongs to a dead one.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub(super) async fn release_all_flows(&self) -> Result<(), StoreError> {
        let releasing = sql::query(RELEASE_ALL).execute(self.0.database.writer(""));
        releasing.await.map_err(failed("ending old claims"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// A flow's times.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::NotFound`].
    pub async fn flow_times(&self, flow: &FlowId) -> Result<FlowTimes, StoreError> {
        let finding = sql::query(FIND).bind(flow.as_str()).bind(self.id().as_str());
        let row = finding.fetch_optional(self.reader()).await.map_err(failed("reading a flow's times"))?;
        let row = row.ok_or_else(|| StoreError::NotFound { what: "flow", id: flow.to_string() })?;
        Ok(read(&row)?.times)
    }
}

impl Tx {
    /// Makes a flow due at `at_ms`, or leaves it due earlier.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn await_flow(&mut self, flow: &FlowId, at_ms: i64) -> Result<(), StoreError> {
        let awaiting = sql::query(AWAIT).bind(flow.as_str()).bind(self.customer_id().as_str()).bind(at_ms);
        awaiting.execute(self.connection()).await.map_err(failed("making a flow due"))?;
        Ok(())
    }

    /// Pauses a flow's posting since `since_ms`, or with `None` lets it go on.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::NotFound`].
    pub async fn pause_flow(&mut self, flow: &FlowId, since_ms: Option<i64>) -> Result<(), StoreError> {
        let pausing = sql::query(PAUSE).bind(since_ms).bind(flow.as_str()).bind(self.customer_id().as_str());
        let paused = pausing.execute(self.connection()).await.map_err(failed("pausing a flow"))?;
        if paused.rows_affected() == 1 {
            return Ok(());
        }
        Err(StoreError::NotFound { what: "flow", id: flow.to_string() })
    }

    /// Notes that a flow has learned what a restored database cannot know.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn recovered_flow(&mut self, flow: &FlowId, at_ms: i64) -> Result<(), StoreError> {
        let noting = sql::query(RECOVERED).bind(at_ms).bind(flow.as_str()).bind(self.customer_id().as_str());
        noting.execute(self.connection()).await.map_err(failed("noting a recovery"))?;
        Ok(())
    }

    /// Gives a flow back with its new times; `times.next_ms` is when it is due next, unless somebody asked for
    /// something since the pass began, at `began_ms`. Whether the claim still stood.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn finish_flow(
        &mut self,
        claim: &ClaimedFlow,
        times: &FlowTimes,
        began_ms: i64,
        at_ms: i64,
    ) -> Result<bool, StoreError> {
        let finishing = sql::query(FINISH)
            .bind(times.polled_ms)
            .bind(times.refreshed_ms)
            .bind(times.swept_ms)
            .bind(times.reconciled_ms)
            .bind(times.failures)
            .bind(began_ms)
            .bind(at_ms)
            .bind(times.next_ms)
            .bind(claim.flow.as_str())
            .bind(claim.fence);
        let finished = finishing.execute(self.connection()).await.map_err(failed("giving a flow back"))?;
        Ok(finished.rows_affected() == 1)
    }
}

fn read(row: &Row) -> Result<ClaimedFlow, StoreError> {
    let reading = failed("reading a flow's times");
    let customer: &str = row.try_get(0).map_err(&reading)?;
    let flow: &str = row.try_get(1).map_err(&reading)?;
    let stored = |what, id: &str| StoreError::Stored { what, id: id.to_owned() };
    let ms = |column| row.try_get::<Option<i64>>(column).map_err(&reading);
    Ok(ClaimedFlow {
        customer: CustomerId::parse(customer).ok_or_else(|| stored("customer", customer))?,
        flow: FlowId::parse(flow).ok_or_else(|| stored("flow", flow))?,
        fence: row.try_get(2).map_err(&reading)?,
        times: FlowTimes {
            polled_ms: ms(3)?,
            refreshed_ms: ms(4)?,
            swept_ms: ms(5)?,
            reconciled_ms: ms(6)?,
            recovered_ms: ms(7)?,
            paused_ms: ms(8)?,
            failures: row.try_get(9).map_err(&reading)?,
            next_ms: row.try_get(10).map_err(&reading)?,
        },
    })
}
