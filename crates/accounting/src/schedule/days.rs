//! Which days a schedule names, by the calendar alone. Weekdays are Monday to Friday; holidays are not known here.

use jiff::civil::Date;

use super::cron::CronDays;

/// How far ahead a day is looked for: the longest wait of any rule is that for a 29 February on a given day of the week,
/// 40 years across a century without a leap day.
const LOOK_AHEAD_DAYS: usize = 41 * 366;

/// A rule for days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Days {
    Every,
    Weekdays,
    /// Days of the week: bit 0 is Sunday.
    Week(u8),
    /// 1 to 28.
    OfMonth(u8),
    LastOfMonth,
    /// The n-th weekday of the month, 1 to 20.
    WeekdayOfMonth(u8),
    LastWeekdayOfMonth,
    /// So many days after the last day of the month before, 1 to 28.
    AfterMonthEnd(u8),
    /// So many weekdays after it, 1 to 20.
    WeekdaysAfterMonthEnd(u8),
    Cron(CronDays),
}

/// The day's bit, Sunday being bit 0.
pub(super) fn week_bit(date: Date) -> u8 {
    1 << date.weekday().to_sunday_zero_offset()
}

/// Monday to Friday.
pub(super) fn is_weekday(date: Date) -> bool {
    week_bit(date) & 0b011_1110 != 0
}

/// How many weekdays the month has up to and with this day.
pub(super) fn weekdays_so_far(date: Date) -> usize {
    days_between(date.first_of_month(), date).filter(|day| is_weekday(*day)).count()
}

/// How many weekdays the month has from this day on.
pub(super) fn weekdays_left(date: Date) -> usize {
    days_between(date, date.last_of_month()).filter(|day| is_weekday(*day)).count()
}

fn days_between(first: Date, last: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |day| day.tomorrow().ok()).take_while(move |day| *day <= last)
}

impl Days {
    /// Whether the rule names this day.
    pub(super) fn contains(&self, date: Date) -> bool {
        let is_day = |number: u8| i16::from(date.day()) == i16::from(number);
        match *self {
            Self::Every => true,
            Self::Weekdays => is_weekday(date),
            Self::Week(days) => week_bit(date) & days != 0,
            Self::OfMonth(number) | Self::AfterMonthEnd(number) => is_day(number),
            Self::LastOfMonth => date == date.last_of_month(),
            Self::WeekdayOfMonth(number) | Self::WeekdaysAfterMonthEnd(number) => {
                is_weekday(date) && weekdays_so_far(date) == usize::from(number)
            }
            Self::LastWeekdayOfMonth => is_weekday(date) && weekdays_left(date) == 1,
            Self::Cron(days) => days.contains(date),
        }
    }

    /// The first day from `date` on that the rule names.
    pub(super) fn on_or_after(&self, date: Date) -> Option<Date> {
        let mut day = date;
        for _ in 0..LOOK_AHEAD_DAYS {
            if self.contains(day) {
                return Some(day);
            }
            let skipped = match self {
                Self::Cron(days) if !days.has_month(day) => day.last_of_month(),
                _ => day,
            };
            day = skipped.tomorrow().ok()?;
        }
        None
    }
}
