//! When nothing may be posted: blackouts, and the freeze around the close of a month. Whatever the clock does, no
//! instant at which it shows a closed time is ever open.

use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::days::{is_weekday, weekdays_left, weekdays_so_far};
use super::instant::{first_instant, last_instant};
use super::parse::{ScheduleError, clock_time, shown, words};

/// Most spells in a row that are followed to their common end.
const SPELLS_MAX: usize = 20_000;
/// Most days of a freeze at either end of a month: half of one.
const FREEZE_DAYS_MAX: u8 = 15;
/// Most weekdays of one: two weeks.
const FREEZE_WEEKDAYS_MAX: u8 = 10;

/// A time in which nothing is posted, in the schedule's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blackout {
    /// Whole days, both included.
    Days {
        /// First day.
        first: Date,
        /// Last day.
        last: Date,
    },
    /// The same hours every day; over midnight where `until` is not after `from`.
    Daily {
        /// From this time on.
        from: Time,
        /// Until before this time.
        until: Time,
    },
}

/// Days around the end of a month in which nothing is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Freeze {
    /// So many days at the beginning or the end of every month.
    Month {
        /// Which end of the month.
        which: Which,
        /// How many, 1 to 15, or 1 to 10 weekdays.
        count: u8,
        /// Whether only Monday to Friday are counted; a weekend between them is frozen as well, and so is one at the
        /// very beginning or end of the month.
        weekdays: bool,
    },
    /// Whole days, both included.
    Days {
        /// First day.
        first: Date,
        /// Last day.
        last: Date,
    },
}

/// An end of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Which {
    /// Its first days.
    First,
    /// Its last days.
    Last,
}

/// Nothing may be posted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// The next instant at which posting is allowed again, whatever else is closed in between.
    pub until: Timestamp,
    /// What forbids it now.
    pub by: ClosedBy,
}

/// What forbids posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedBy {
    /// A blackout.
    Blackout(Blackout),
    /// A freeze.
    Freeze(Freeze),
}

/// Whether posting is allowed at `instant`.
///
/// # Errors
/// [`Closed`] with what forbids it, and until when.
pub fn may_post_at(
    blackouts: &[Blackout],
    freezes: &[Freeze],
    instant: Timestamp,
    zone: &TimeZone,
) -> Result<(), Closed> {
    let spell = |at: Timestamp| {
        let blackout =
            blackouts.iter().find_map(|rule| Some((ClosedBy::Blackout(*rule), rule.end_of_spell(at, zone)?)));
        blackout
            .or_else(|| freezes.iter().find_map(|rule| Some((ClosedBy::Freeze(*rule), rule.end_of_spell(at, zone)?))))
    };
    let Some((by, mut until)) = spell(instant) else { return Ok(()) };
    for _ in 0..SPELLS_MAX {
        match spell(until) {
            Some((_, later)) if later > until => until = later,
            _ => break,
        }
    }
    Err(Closed { until, by })
}

/// Whether the daily hours among these blackouts together leave no minute of the day open.
pub fn always_closed(blackouts: &[Blackout]) -> bool {
    let is_closed = |minute: i16| {
        blackouts.iter().any(|blackout| match blackout {
            Blackout::Days { .. } => false,
            Blackout::Daily { from, until } => {
                let (from, until) = (minute_of(*from), minute_of(*until));
                if from < until { (from..until).contains(&minute) } else { minute >= from || minute < until }
            }
        })
    };
    (0..24 * 60).all(is_closed)
}

fn minute_of(time: Time) -> i16 {
    i16::from(time.hour()) * 60 + i16::from(time.minute())
}

/// The end of the spell of whole days around `instant`, where it is in one.
fn end_of_days(first: Date, last: Date, instant: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let begin = first_instant(first.at(0, 0, 0, 0), zone)?;
    let next = last.tomorrow().ok()?;
    let end = first_instant(next.at(0, 0, 0, 0), zone)?;
    let again = last_instant(next.at(0, 0, 0, 0), zone)?;
    // A clock that is put back over midnight shows the last day once more.
    let goes_back = again.checked_sub(1.nanosecond()).is_ok_and(|before| zone.to_datetime(before).date() < next);
    let end = if goes_back { again } else { end };
    (begin <= instant && instant < end).then_some(end)
}

impl Blackout {
    /// Reads `2026-12-31`, `2026-12-24..2027-01-02` or `22:00-06:00`.
    ///
    /// # Errors
    /// [`ScheduleError`].
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let hours = || {
            let (from, until) = text.split_once('-')?;
            let (from, until) = (clock_time(from.trim())?, clock_time(until.trim())?);
            // The same time twice could mean never or always.
            (from != until).then_some(Self::Daily { from, until })
        };
        let days = days(text).map(|(first, last)| Self::Days { first, last });
        days.or_else(hours).ok_or_else(|| {
            let remedy =
                "write a day \"2026-12-31\", a span of days \"2026-12-24..2027-01-02\", or daily hours \"22:00-06:00\"";
            ScheduleError::new(0..text.len(), format!("{} is no blackout", shown(text)), remedy)
        })
    }

    /// When the spell that `instant` is in ends; `None` outside.
    fn end_of_spell(&self, instant: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match *self {
            Self::Days { first, last } => end_of_days(first, last, instant, zone),
            Self::Daily { from, until } => {
                let today = zone.to_datetime(instant).date();
                let over_midnight = until <= from;
                let spell = |day: Date| {
                    let begin = first_instant(day.to_datetime(from), zone)?;
                    let last = if over_midnight { day.tomorrow().ok()? } else { day };
                    let end = last_instant(last.to_datetime(until), zone)?;
                    (begin <= instant && instant < end).then_some(end)
                };
                let days = [today.yesterday().ok(), Some(today), today.tomorrow().ok()];
                days.into_iter().flatten().filter_map(spell).max()
            }
        }
    }
}

impl Freeze {
    /// Reads `last 3 days of the month`, `first 5 weekdays of the month`, `2026-12-31` or `2026-12-24..2027-01-02`.
    ///
    /// # Errors
    /// [`ScheduleError`].
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        if let Some((first, last)) = days(text) {
            return Ok(Self::Days { first, last });
        }
        let lower = text.to_ascii_lowercase();
        let words = words(&lower);
        let plain: Vec<&str> = words.iter().map(|word| word.text).collect();
        let refused = || {
            let remedy = "write \"last 3 days of the month\", \"first 5 weekdays of the month\", a day \"2026-12-31\" or a \
                          span of days \"2026-12-24..2027-01-02\"";
            ScheduleError::new(0..text.len(), format!("{} is no freeze", shown(text)), remedy)
        };
        let (which, number, unit) = match plain.as_slice() {
            ["first", unit, "of", "the", "month"] => (Which::First, "1", *unit),
            ["last", unit, "of", "the", "month"] => (Which::Last, "1", *unit),
            ["first", number, unit, "of", "the", "month"] => (Which::First, *number, *unit),
            ["last", number, unit, "of", "the", "month"] => (Which::Last, *number, *unit),
            _ => return Err(refused()),
        };
        let weekdays = match unit {
            "day" | "days" => false,
            "weekday" | "weekdays" => true,
            _ => return Err(refused()),
        };
        let most = if weekdays { FREEZE_WEEKDAYS_MAX } else { FREEZE_DAYS_MAX };
        match super::cron::plain_number(number).filter(|count| (1..=most).contains(count)) {
            Some(count) => Ok(Self::Month { which, count, weekdays }),
            None => {
                let span = words.get(1).map_or(0..text.len(), |word| word.start..word.end());
                let remedy = format!("write a number from 1 to {most}");
                Err(ScheduleError::new(span, format!("{} is no number of days of a freeze", shown(number)), &remedy))
            }
        }
    }

    /// The first and the last frozen day of the month of `date`; of a span of days, those wherever they are.
    pub(super) fn span(&self, date: Date) -> Option<(Date, Date)> {
        let (which, count, weekdays) = match *self {
            Self::Days { first, last } => return Some((first, last)),
            Self::Month { which, count, weekdays } => (which, usize::from(count), weekdays),
        };
        let (month_first, month_last) = (date.first_of_month(), date.last_of_month());
        // How many days that count lie between this one and the end of the month that is frozen.
        let between = |day: Date| match (which, weekdays) {
            (Which::First, true) => weekdays_so_far(day) - usize::from(is_weekday(day)),
            (Which::Last, true) => weekdays_left(day) - usize::from(is_weekday(day)),
            (Which::First, false) => usize::try_from(day.day() - 1).unwrap_or(0),
            (Which::Last, false) => usize::try_from(month_last.day() - day.day()).unwrap_or(0),
        };
        let mut frozen = days_from(month_first).filter(|day| between(*day) < count);
        let first = frozen.next()?;
        Some((first, frozen.last().unwrap_or(first)))
    }

    /// When the spell that `instant` is in ends; `None` outside.
    fn end_of_spell(&self, instant: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = zone.to_datetime(instant).date();
        // The days beside today count where a clock is put back over midnight.
        let days = [Some(today), today.yesterday().ok()];
        let mut spells = days.into_iter().flatten().filter_map(|day| self.span(day));
        spells.find_map(|(first, last)| end_of_days(first, last, instant, zone))
    }
}

fn days_from(first: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |day| day.tomorrow().ok()).take_while(move |day| day.month() == first.month())
}

/// `2026-12-31` or `2026-12-24..2027-01-02`; one spelling for a day.
fn days(text: &str) -> Option<(Date, Date)> {
    let day = |text: &str| text.parse::<Date>().ok().filter(|day| day.to_string() == text);
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (day(first.trim())?, day(last.trim())?);
    (first <= last).then_some((first, last))
}

fn write_days(f: &mut fmt::Formatter<'_>, first: Date, last: Date) -> fmt::Result {
    if first == last { write!(f, "{first}") } else { write!(f, "{first}..{last}") }
}

impl fmt::Display for Blackout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days { first, last } => write_days(f, *first, *last),
            Self::Daily { from, until } => {
                let (from, until) = ((from.hour(), from.minute()), (until.hour(), until.minute()));
                write!(f, "{:02}:{:02}-{:02}:{:02}", from.0, from.1, until.0, until.1)
            }
        }
    }
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Days { first, last } => write_days(f, first, last),
            Self::Month { which, count, weekdays } => {
                let which = if which == Which::First { "first" } else { "last" };
                let unit = if weekdays { "weekday" } else { "day" };
                if count == 1 {
                    return write!(f, "{which} {unit} of the month");
                }
                write!(f, "{which} {count} {unit}s of the month")
            }
        }
    }
}

impl fmt::Display for ClosedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blackout(blackout) => write!(f, "blackout {blackout}"),
            Self::Freeze(freeze) => write!(f, "freeze, {freeze}"),
        }
    }
}
