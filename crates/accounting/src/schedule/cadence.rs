//! A schedule: a rule that names instants. How it is written stands in `parse` and `print`.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::cron::Cron;
use super::days::Days;
use super::instant;
use super::parse::{self, ScheduleError};

/// All hours of a day, as bits.
pub(super) const ALL_HOURS: u32 = (1 << 24) - 1;

/// A schedule that fires again and again. Every one that exists does fire: what never would is refused when it is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cadence(pub(super) Rule);

/// What a schedule says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// Whenever so many minutes have passed, counted from midnight UTC on 1 January 1970.
    Every { minutes: u16 },
    /// Whenever the clock shows this minute.
    Hourly { minute: u8 },
    /// On these days at this local time.
    At { days: Days, time: Time },
    /// A cron expression.
    Cron(Cron),
}

/// Local times by the parts of the clock and the calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern {
    pub(super) days: Days,
    /// Bit h for hour h.
    pub(super) hours: u32,
    /// Bit m for minute m.
    pub(super) minutes: u64,
}

impl Cadence {
    /// Reads a schedule: a cron expression of five fields, or words such as `every 15 minutes`, `hourly at :30`,
    /// `daily at 05:00`, `weekdays at 07:00`, `weekly on monday at 07:00`, `last day of the month at 18:00`,
    /// `first weekday of the month at 06:00`, `3 days after month end at 06:00`. Case and white space do not matter.
    ///
    /// # Errors
    /// [`ScheduleError`] with what is wrong, where, and what to write instead; also for a schedule that never fires.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        parse::cadence(text)
    }

    /// The first instant after `instant` at which the schedule fires in `zone`; `None` only beyond the last year of the
    /// calendar.
    pub fn next_after(&self, instant: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self.pattern() {
            None => self.next_multiple(instant),
            Some(pattern) if pattern.hours == ALL_HOURS => instant::next_elapsed(&pattern, instant, zone),
            Some(pattern) => instant::next_named(&pattern, instant, zone),
        }
    }

    /// The next `count` instants after `instant`.
    pub fn upcoming(&self, instant: Timestamp, zone: &TimeZone, count: usize) -> Vec<Timestamp> {
        let next = |last: &Timestamp| self.next_after(*last, zone);
        std::iter::successors(self.next_after(instant, zone), next).take(count).collect()
    }

    /// Whether the schedule goes by elapsed time, and not by times of the day that a shift of the clock can skip.
    pub fn is_elapsed(&self) -> bool {
        self.pattern().is_none_or(|pattern| pattern.hours == ALL_HOURS)
    }

    fn next_multiple(&self, instant: Timestamp) -> Option<Timestamp> {
        let Rule::Every { minutes } = self.0 else { return None };
        let step_s = i64::from(minutes) * 60;
        // Rounded down also before 1970, where `as_second` rounds towards it.
        let floor_s = instant.checked_sub(1.nanosecond()).map_or(instant, |before| before).as_second();
        let at_s = |second: i64| Timestamp::from_second(second).ok();
        let first = at_s(floor_s.div_euclid(step_s).checked_mul(step_s)?)?;
        let candidates = (0..3).filter_map(|steps| at_s(first.as_second().checked_add(steps * step_s)?));
        candidates.into_iter().find(|candidate| *candidate > instant)
    }

    pub(super) fn pattern(&self) -> Option<Pattern> {
        match self.0 {
            Rule::Every { .. } => None,
            Rule::Hourly { minute } => Some(Pattern { days: Days::Every, hours: ALL_HOURS, minutes: 1 << minute }),
            Rule::At { days, time } => Some(Pattern { days, hours: 1 << time.hour(), minutes: 1 << time.minute() }),
            Rule::Cron(cron) => Some(Pattern { days: Days::Cron(cron.days), hours: cron.hours, minutes: cron.minutes }),
        }
    }
}
