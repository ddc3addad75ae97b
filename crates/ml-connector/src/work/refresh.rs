//! Reads the ledger's chart and keeps a snapshot of it, so that every allocation is validated before anything is
//! frozen, and can be explained later.

use std::sync::Arc;

use accounting::Chart;
use serde_json::json;

use super::progress::Step;
use super::{ACTOR, Work, WorkError};
use crate::store::AuditEvent;
use crate::systems::Destination;

/// A chart with the hash under which its snapshot is kept.
#[derive(Debug, Clone)]
pub struct ChartInUse {
    /// The chart.
    pub chart: Arc<Chart>,
    /// Hash of the snapshot.
    pub sha256: [u8; 32],
}

impl<S, D: Destination> Work<'_, S, D> {
    /// The chart to validate against: the stored one while it is fresh, else read anew.
    ///
    /// # Errors
    /// The fault that kept it from being read. Nothing may be posted then.
    pub async fn refresh(&self) -> Result<ChartInUse, WorkError> {
        let fresh_ms = i64::try_from(self.settings.ledger.chart_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
        Ok(self.chart_within(fresh_ms).await?.0)
    }

    /// The stored chart while it is younger than `fresh_ms` milliseconds, else read anew; and whether it was read.
    ///
    /// # Errors
    /// As [`Work::refresh`].
    pub async fn chart_within(&self, fresh_ms: i64) -> Result<(ChartInUse, bool), WorkError> {
        let connection = self.destination.company();
        if fresh_ms > 0
            && let Some(stored) = self.customer.latest_chart(connection).await?
            && self.clock.now_ms().saturating_sub(stored.taken_ms) < fresh_ms
        {
            return Ok((ChartInUse { chart: Arc::new(stored.chart), sha256: stored.sha256 }, false));
        }
        self.progress.tell(Step::Refreshing);
        let chart = self.destination.read_chart().await?;
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await?;
        let (sha256, changed) = tx.put_chart(connection, &chart, at_ms).await?;
        if changed {
            let detail = json!({
                "sha256": data_encoding::HEXLOWER.encode(&sha256),
                "accounts": chart.accounts.len(),
                "values": chart.values.values().map(std::collections::BTreeMap::len).sum::<usize>(),
                "closed_through": chart.closed_through.map(|date| date.to_string()),
            });
            tx.commit(at_ms, vec![AuditEvent::new(ACTOR, "chart.changed", connection, detail)]).await?;
        } else {
            tx.commit_untraced(at_ms).await?;
        }
        Ok((ChartInUse { chart: Arc::new(chart), sha256 }, true))
    }
}
