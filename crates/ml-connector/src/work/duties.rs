//! What a flow's schedules and wishes ask of a pass, and when it is due next. Arithmetic alone: the times come from the
//! store, and nothing is read or written here.

use accounting::schedule::{agenda, may_post_at};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::pass::Duties;
use crate::flow::Flow;
use crate::store::{FlowId, FlowTimes, Wanted, WantedKind};

/// The longest a flow goes without a pass: what nothing makes due is looked at all the same.
const LOOK_MS: i64 = 24 * 3_600 * 1_000;
/// Pauses after a failed pass: doubled each time, from the first to the last.
const RETRY_FIRST_MS: i64 = 30_000;
const RETRY_LAST_MS: i64 = 30 * 60 * 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    Poll,
    Refresh,
    Sweep,
    Reconcile,
}

/// What is due now, and when the schedules make the flow due next, in epoch milliseconds.
pub fn duties(flow: &Flow, id: &FlowId, times: &FlowTimes, asked: &[Wanted], now_ms: i64) -> (Duties, i64) {
    let schedule = &flow.schedule;
    let zone = &schedule.zone;
    let due = agenda(
        [
            (Duty::Poll, &schedule.poll, times.polled_ms),
            (Duty::Refresh, &schedule.refresh, times.refreshed_ms),
            // What was never done is not overdue: the first poll reads everything.
            (Duty::Sweep, &schedule.sweep, times.swept_ms.or(Some(times.polled_ms.unwrap_or(now_ms)))),
            (Duty::Reconcile, &schedule.reconcile, times.reconciled_ms.or(Some(times.polled_ms.unwrap_or(now_ms)))),
        ],
        now_ms,
        zone,
    );
    let wants = |kinds: &[WantedKind]| asked.iter().any(|wanted| kinds.contains(&wanted.kind));
    let of_the_pass =
        [WantedKind::Poll, WantedKind::Refresh, WantedKind::Sweep, WantedKind::Backfill, WantedKind::Ping];
    let duties = Duties {
        poll: due.has(&Duty::Poll) || wants(&[WantedKind::Poll]),
        sweep: due.has(&Duty::Sweep) || wants(&[WantedKind::Sweep]),
        refresh: due.has(&Duty::Refresh) || wants(&[WantedKind::Refresh]),
        reconcile: due.has(&Duty::Reconcile),
        ledger: asked.iter().any(|wanted| !of_the_pass.contains(&wanted.kind)),
    };
    let scheduled_ms = due.next_ms.unwrap_or(i64::MAX);
    let spread_ms = if schedule.poll.is_elapsed() { spread_ms(id, flow, zone, now_ms) } else { 0 };
    let opens_ms = opens_ms(flow, zone, now_ms).unwrap_or(i64::MAX);
    let next_ms = scheduled_ms.saturating_add(spread_ms).min(opens_ms).min(now_ms.saturating_add(LOOK_MS));
    (duties, next_ms)
}

/// When posting may go on, while it may not.
fn opens_ms(flow: &Flow, zone: &TimeZone, now_ms: i64) -> Option<i64> {
    let now = Timestamp::from_millisecond(now_ms).ok()?;
    let closed = may_post_at(&flow.schedule.blackout, &flow.schedule.freeze, now, zone).err()?;
    Some(closed.until.as_millisecond())
}

/// Flows that are polled every few minutes are spread over that time, so that ten thousand do not come at once; each
/// always at the same place.
fn spread_ms(id: &FlowId, flow: &Flow, zone: &TimeZone, now_ms: i64) -> i64 {
    let Ok(now) = Timestamp::from_millisecond(now_ms) else { return 0 };
    let [first, second] = flow.schedule.poll.upcoming(now, zone, 2)[..] else { return 0 };
    let between_ms = second.as_millisecond().saturating_sub(first.as_millisecond());
    let hash = Sha256::digest(id.as_str().as_bytes());
    let place = i64::from(u16::from_be_bytes([hash[0], hash[1]]));
    between_ms.clamp(0, LOOK_MS).saturating_mul(place) / 65_536
}

/// How long to rest after so many failures in a row, with a part that differs by flow, so that a vendor that comes back
/// is not met by everybody at once.
pub fn retry_ms(id: &FlowId, failures: i64) -> i64 {
    let doubled = RETRY_FIRST_MS.saturating_mul(1 << failures.clamp(1, 10).saturating_sub(1));
    let full_ms = doubled.min(RETRY_LAST_MS);
    let hash = Sha256::digest(format!("{id}{failures}").as_bytes());
    full_ms / 2 + full_ms / 2 * i64::from(hash[0]) / 256
}
