//! From local times to instants: what happens where a clock is put forward or back.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneTransition};
use jiff::{Timestamp, ToSpan as _};

use super::cadence::Pattern;

/// Most local times that are passed over because the clock shows them a second time: a shift of a day, in minutes.
const REPEATED_MAX: usize = 2 * 24 * 60;
/// Most shifts of a clock that are looked at: four a year over the longest wait for a day.
const SHIFTS_MAX: usize = 4 * 41;

/// The instant of a local time: in a gap the first instant after it, of two the first.
pub(super) fn first_instant(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(local).ok()
        }
        AmbiguousOffset::Gap { before, after } => end_of_gap(local, before, after, zone),
    }
}

/// As [`first_instant`], but of two the second.
pub(super) fn last_instant(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Fold { after, .. } => after.to_timestamp(local).ok(),
        _ => first_instant(local, zone),
    }
}

/// The shift that passed over `local`, which lies before it by the new offset and after it by the old one.
fn end_of_gap(local: DateTime, before: Offset, after: Offset, zone: &TimeZone) -> Option<Timestamp> {
    let (from, until) = (after.to_timestamp(local).ok()?, before.to_timestamp(local).ok()?);
    let mut shifts = zone.following(from).take_while(|shift| shift.timestamp() <= until);
    Some(shifts.find(|shift| shift.offset() == after).map_or(until, |shift| shift.timestamp()))
}

/// The first instant after `instant` for a pattern that names its hours: each local time once.
pub(super) fn next_named(pattern: &Pattern, instant: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    // Local times and their instants are in the same order, so nothing before the local time of now is still to come.
    let mut local = to_minute(zone.to_datetime(instant))?;
    for _ in 0..REPEATED_MAX {
        local = pattern.on_or_after(local)?;
        let candidate = first_instant(local, zone)?;
        if candidate > instant {
            return Some(candidate);
        }
        local = local.checked_add(1.minute()).ok()?;
    }
    None
}

/// The first instant after `instant` for a pattern with an open hour: whenever the clock shows one of its minutes. Where
/// a gap is no whole number of hours and passed over one of them, also at its end, so that none is lost.
pub(super) fn next_elapsed(pattern: &Pattern, instant: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let mut from = instant.checked_add(1.nanosecond()).ok()?;
    for _ in 0..SHIFTS_MAX {
        let before = zone.to_offset(from);
        let local = pattern.on_or_after(to_minute_up(before.to_datetime(from))?)?;
        let candidate = before.to_timestamp(local).ok()?;
        let Some(shift) = next_shift(from, before, zone).filter(|shift| shift.timestamp() <= candidate) else {
            return Some(candidate);
        };
        let forward_s = shift.offset().seconds() - before.seconds();
        let passed_over = local < shift.offset().to_datetime(shift.timestamp());
        if forward_s > 0 && forward_s % 3600 != 0 && passed_over {
            return Some(shift.timestamp());
        }
        from = shift.timestamp();
    }
    None
}

/// The next shift of the clock after `from`.
fn next_shift<'z>(from: Timestamp, before: Offset, zone: &'z TimeZone) -> Option<TimeZoneTransition<'z>> {
    zone.following(from).take(SHIFTS_MAX).find(|shift| shift.offset() != before)
}

fn to_minute(local: DateTime) -> Option<DateTime> {
    local.with().second(0).subsec_nanosecond(0).build().ok()
}

fn to_minute_up(local: DateTime) -> Option<DateTime> {
    let minute = to_minute(local)?;
    if minute == local { Some(minute) } else { minute.checked_add(1.minute()).ok() }
}

impl Pattern {
    /// The first local time of the pattern from `local` on, which is at a whole minute.
    fn on_or_after(&self, local: DateTime) -> Option<DateTime> {
        let day = self.days.on_or_after(local.date())?;
        let today =
            if day == local.date() { self.time_from(local.hour(), local.minute()) } else { self.time_from(0, 0) };
        if let Some((hour, minute)) = today {
            return Some(day.at(hour, minute, 0, 0));
        }
        let day = self.days.on_or_after(day.tomorrow().ok()?)?;
        let (hour, minute) = self.time_from(0, 0)?;
        Some(day.at(hour, minute, 0, 0))
    }

    /// The first hour and minute of the day from these on.
    fn time_from(&self, hour: i8, minute: i8) -> Option<(i8, i8)> {
        let in_hour = |from: i8| (from..60).find(|minute| self.minutes & (1 << minute) != 0);
        let mut hours = (hour..24).filter(|hour| self.hours & (1 << hour) != 0);
        hours.find_map(|at| Some((at, in_hour(if at == hour { minute } else { 0 })?)))
    }
}
