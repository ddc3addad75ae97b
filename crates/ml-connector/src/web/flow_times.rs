//! When a flow did what, and when it is due next, as the API says it. Nothing is computed here.

use serde::Serialize;
use utoipa::ToSchema;

use super::moment::Moment;
use crate::store::FlowTimes;

/// When a flow did what; null for never.
#[derive(Serialize, ToSchema)]
pub(super) struct TimesAnswer {
    /// Read its source.
    polled_at: Option<Moment>,
    /// Read its destination's chart.
    refreshed_at: Option<Moment>,
    /// Read the last weeks of its source again.
    swept_at: Option<Moment>,
    /// Tied out.
    reconciled_at: Option<Moment>,
    /// Since when posting is paused.
    paused_at: Option<Moment>,
    /// Passes in a row that failed.
    failures: i64,
    /// When it is due next.
    next_at: Moment,
}

impl From<FlowTimes> for TimesAnswer {
    fn from(times: FlowTimes) -> Self {
        Self {
            polled_at: times.polled_ms.map(Moment),
            refreshed_at: times.refreshed_ms.map(Moment),
            swept_at: times.swept_ms.map(Moment),
            reconciled_at: times.reconciled_ms.map(Moment),
            paused_at: times.paused_ms.map(Moment),
            failures: times.failures,
            next_at: Moment(times.next_ms),
        }
    }
}
