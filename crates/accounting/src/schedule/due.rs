//! What is due: from when something last ran to whether it runs now. After a time in which nothing ran there is one run
//! to catch up, never one for each that was missed.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Cadence;

/// A last run that lies further ahead than this says that a clock was wrong, not that work was done.
const AHEAD_MAX_MS: i64 = 24 * 60 * 60 * 1000;

/// Whether something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// It is due now.
    pub now: bool,
    /// The first instant since the last run at which it was due, in ms; `None` where it is not due or never ran.
    pub since_ms: Option<i64>,
    /// The next instant at which it is due, after now, in ms; `None` beyond the calendar's end.
    pub next_ms: Option<i64>,
}

impl Cadence {
    /// Whether it is due at `now_ms`, given when it last ran. What never ran is due at once; give the time at which the
    /// schedule began instead where the first run should wait for it. However many instants went by, it is due once.
    pub fn due(&self, last_ran_ms: Option<i64>, now_ms: i64, zone: &TimeZone) -> Due {
        let next_ms = |after_ms: i64| {
            let after = Timestamp::from_millisecond(after_ms).ok()?;
            Some(self.next_after(after, zone)?.as_millisecond())
        };
        let last_ran_ms = last_ran_ms.filter(|last_ms| last_ms.saturating_sub(now_ms) <= AHEAD_MAX_MS);
        let Some(last_ms) = last_ran_ms else {
            return Due { now: true, since_ms: None, next_ms: next_ms(now_ms) };
        };
        match next_ms(last_ms) {
            Some(since_ms) if since_ms <= now_ms => {
                Due { now: true, since_ms: Some(since_ms), next_ms: next_ms(now_ms) }
            }
            // Also where a clock was put back a little: what ran under the later time does not run again.
            coming => Due { now: false, since_ms: None, next_ms: coming },
        }
    }
}

/// What several schedules ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agenda<K> {
    /// What is due now, in the order given.
    pub now: Vec<K>,
    /// The earliest instant after now at which any of them is due, in ms.
    pub next_ms: Option<i64>,
}

impl<K: PartialEq> Agenda<K> {
    /// Whether this one is due now.
    pub fn has(&self, key: &K) -> bool {
        self.now.contains(key)
    }
}

/// What is due at `now_ms` of several schedules, each with when it last ran, and when to look again.
pub fn agenda<'c, K>(
    schedules: impl IntoIterator<Item = (K, &'c Cadence, Option<i64>)>,
    now_ms: i64,
    zone: &TimeZone,
) -> Agenda<K> {
    let mut agenda = Agenda { now: Vec::new(), next_ms: None };
    for (key, cadence, last_ran_ms) in schedules {
        let due = cadence.due(last_ran_ms, now_ms, zone);
        if due.now {
            agenda.now.push(key);
        }
        agenda.next_ms = agenda.next_ms.into_iter().chain(due.next_ms).min();
    }
    agenda
}
