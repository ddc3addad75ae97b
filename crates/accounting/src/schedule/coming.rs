//! What lies ahead, for people who look at a schedule: the next time in which nothing is posted, and what a shift of the
//! clock does to a schedule. Nothing is decided by it.

use jiff::tz::{Offset, TimeZone, TimeZoneTransition};
use jiff::{Timestamp, ToSpan as _};

use super::Cadence;
use super::closed::{Blackout, Closed, Freeze, may_post_at};
use super::instant::first_instant;

/// A shift of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// When.
    pub at: Timestamp,
    /// Offset until then.
    pub before: Offset,
    /// Offset from then on.
    pub after: Offset,
}

impl Shift {
    /// The shifts of the zone after `instant`, in order.
    pub fn after(instant: Timestamp, zone: &TimeZone) -> impl Iterator<Item = Self> + '_ {
        let mut before = zone.to_offset(instant);
        let shift = move |found: TimeZoneTransition<'_>| {
            let shift = Self { at: found.timestamp(), before, after: found.offset() };
            before = shift.after;
            (shift.before != shift.after).then_some(shift)
        };
        zone.following(instant).filter_map(shift)
    }

    /// Whether the clock is put forward.
    pub fn is_forward(&self) -> bool {
        self.after > self.before
    }

    /// Whether the schedule names a local time that the clock skips or shows twice here. It then runs once: at the first
    /// instant after the gap, or at the first of the two.
    pub fn touches(&self, cadence: &Cadence, zone: &TimeZone) -> bool {
        if cadence.is_elapsed() {
            return false;
        }
        let fires_in = |from: Timestamp, until: Timestamp| {
            let before = from.checked_sub(1.nanosecond()).unwrap_or(from);
            cadence.next_after(before, zone).is_some_and(|at| at < until)
        };
        if self.is_forward() {
            // By a clock without the shift it would not be due at the end of the gap.
            let by_itself = Self::fires_at(cadence, self.at, &self.after.to_time_zone());
            return Self::fires_at(cadence, self.at, zone) && !by_itself;
        }
        let repeated_s = i64::from(self.before.seconds() - self.after.seconds());
        let from = self.at.checked_sub(repeated_s.seconds()).unwrap_or(self.at);
        fires_in(from, self.at)
    }

    fn fires_at(cadence: &Cadence, at: Timestamp, zone: &TimeZone) -> bool {
        at.checked_sub(1.nanosecond()).is_ok_and(|before| cadence.next_after(before, zone) == Some(at))
    }
}

/// The first time from `instant` on in which nothing is posted, with when it begins; `instant` itself where it is in one.
pub fn next_closed(
    blackouts: &[Blackout],
    freezes: &[Freeze],
    instant: Timestamp,
    zone: &TimeZone,
) -> Option<(Timestamp, Closed)> {
    if let Err(closed) = may_post_at(blackouts, freezes, instant, zone) {
        return Some((instant, closed));
    }
    let starts = blackouts.iter().filter_map(|rule| rule.begins_after(instant, zone));
    let starts = starts.chain(freezes.iter().filter_map(|rule| rule.begins_after(instant, zone)));
    let begin = starts.min()?;
    may_post_at(blackouts, freezes, begin, zone).err().map(|closed| (begin, closed))
}

impl Blackout {
    fn begins_after(&self, instant: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = zone.to_datetime(instant).date();
        match *self {
            Self::Days { first, .. } => first_instant(first.at(0, 0, 0, 0), zone).filter(|begin| *begin > instant),
            Self::Daily { from, .. } => {
                let mut days = (0..3).filter_map(|days| today.checked_add(days.days()).ok());
                days.find_map(|day| first_instant(day.to_datetime(from), zone).filter(|begin| *begin > instant))
            }
        }
    }
}

impl Freeze {
    fn begins_after(&self, instant: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let month = zone.to_datetime(instant).date().first_of_month();
        let months = (0..3).filter_map(|months| month.checked_add(months.months()).ok());
        let mut spans = months.filter_map(|month| self.span(month));
        spans.find_map(|(first, _)| first_instant(first.at(0, 0, 0, 0), zone).filter(|begin| *begin > instant))
    }
}
