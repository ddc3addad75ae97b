//! Cron expressions of five fields: minute, hour, day of the month, month, day of the week. As in the cron of Unix, a
//! day must fit both day fields where one of them is `*` or `*/STEP`, and either of them where none is.

use jiff::civil::Date;

use super::days::week_bit;
use super::parse::{ScheduleError, Word, shown};

/// An expression; every field is a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Cron {
    pub(super) minutes: u64,
    pub(super) hours: u32,
    pub(super) days: CronDays,
}

/// The fields that name days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CronDays {
    /// Bits 1 to 31.
    pub(super) of_month: u32,
    /// Bits 1 to 12.
    pub(super) months: u16,
    /// Bit 0 is Sunday.
    pub(super) of_week: u8,
    /// The step where the day of the month is `*` (1) or `*/STEP`.
    pub(super) of_month_step: Option<u8>,
    /// The step where the day of the week is `*` (1) or `*/STEP`.
    pub(super) of_week_step: Option<u8>,
}

/// One field: what it is called and what it may hold.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) low: u8,
    pub(super) high: u8,
    /// Names of the numbers from the lowest on.
    pub(super) names: &'static [&'static str],
}

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The five fields in their order.
pub(super) const FIELDS: [Field; 5] = [
    Field { name: "minute", low: 0, high: 59, names: &[] },
    Field { name: "hour", low: 0, high: 23, names: &[] },
    Field { name: "day of the month", low: 1, high: 31, names: &[] },
    Field { name: "month", low: 1, high: 12, names: MONTHS },
    Field { name: "day of the week", low: 0, high: 7, names: DAYS },
];

/// Days of each month, with the leap day.
const LONGEST: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

impl CronDays {
    pub(super) fn has_month(&self, date: Date) -> bool {
        self.months & (1 << date.month()) != 0
    }

    pub(super) fn contains(&self, date: Date) -> bool {
        let of_month = self.of_month & (1 << date.day()) != 0;
        let of_week = self.of_week & week_bit(date) != 0;
        let day = if self.is_either() { of_month || of_week } else { of_month && of_week };
        self.has_month(date) && day
    }

    /// Whether one of the two day fields is enough.
    fn is_either(&self) -> bool {
        self.of_month_step.is_none() && self.of_week_step.is_none()
    }

    /// Whether any day of the calendar fits. Every date that exists falls on each day of the week within 400 years.
    fn ever_fits(&self) -> bool {
        let months = (1..=12_u8).zip(LONGEST).filter(|(month, _)| self.months & (1 << month) != 0);
        let mut days = months.flat_map(|(_, longest)| 1..=longest);
        self.is_either() || days.any(|day| self.of_month & (1 << day) != 0)
    }
}

/// Reads the words as the five fields.
pub(super) fn parse(text: &str, words: &[Word<'_>]) -> Result<Cron, ScheduleError> {
    let [minute, hour, of_month, month, of_week] = words else {
        let message = format!("a cron expression has five fields, {} has {}", shown(text), words.len());
        let remedy = "minute, hour, day of the month, month, day of the week; \"*/15 * * * *\" is every 15 minutes";
        return Err(ScheduleError::new(0..text.len(), message, remedy));
    };
    let minutes = bits(minute, &FIELDS[0])?;
    let hours = bits(hour, &FIELDS[1])?;
    let of_month_bits = bits(of_month, &FIELDS[2])?;
    let months = bits(month, &FIELDS[3])?;
    let of_week_bits = bits(of_week, &FIELDS[4])?;
    // 7 is Sunday, as 0 is.
    let of_week_bits = (of_week_bits | of_week_bits >> 7) & 0b111_1111;
    let days = CronDays {
        of_month: low_bits(of_month_bits),
        months: low_bits(months),
        of_week: low_bits(of_week_bits),
        of_month_step: star_step(of_month.text),
        of_week_step: star_step(of_week.text),
    };
    if !days.ever_fits() {
        let message = format!("{} never fires: none of its months has such a day", shown(text));
        let remedy = "choose a day that the month has; the last day is \"last day of the month at 18:00\"";
        return Err(ScheduleError::new(of_month.start..month.end(), message, remedy));
    }
    Ok(Cron { minutes, hours: low_bits(hours), days })
}

/// The step of `*` or `*/STEP`.
fn star_step(text: &str) -> Option<u8> {
    match text.strip_prefix('*') {
        Some("") => Some(1),
        Some(step) => step.strip_prefix('/').and_then(plain_number),
        None => None,
    }
}

/// The bits as a narrower number; a field has no bits beyond its highest value.
fn low_bits<T: TryFrom<u64> + Default>(bits: u64) -> T {
    T::try_from(bits).unwrap_or_default()
}

fn bits(word: &Word<'_>, field: &Field) -> Result<u64, ScheduleError> {
    let mut bits = 0;
    let mut start = word.start;
    for part in word.text.split(',') {
        match part_bits(part, field) {
            Some(part) => bits |= part,
            None => {
                let (low, high) = (field.low, field.high);
                let named = if field.names.is_empty() { "" } else { " or three letters of its English name" };
                let message = format!("{} is no {} of a cron expression", shown(part), field.name);
                let remedy = format!(
                    "write *, {low} to {high}{named}, a span like {low}-{high}, steps like */2, or a list of these"
                );
                return Err(ScheduleError::new(start..start + part.len(), message, &remedy));
            }
        }
        start += part.len() + 1;
    }
    Ok(bits)
}

/// `*`, `7`, `MON`, `1-5`, and each of the open ones with `/STEP`.
fn part_bits(part: &str, field: &Field) -> Option<u64> {
    let number = |text: &str| {
        let named = field.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|at| u8::try_from(at).ok()).map(|at| at + field.low);
        named.or_else(|| plain_number(text)).filter(|number| (field.low..=field.high).contains(number))
    };
    let (span, step) = part.split_once('/').map_or((part, None), |(span, step)| (span, Some(step)));
    let step = match step {
        None => 1,
        Some(step) => plain_number(step).filter(|step| (1..=field.high).contains(step))?,
    };
    let (first, last) = match span.split_once('-') {
        // 7 is a second name of Sunday.
        None if span == "*" => (field.low, if field.high == 7 { 6 } else { field.high }),
        Some((first, last)) => (number(first)?, number(last)?),
        None if part.contains('/') => return None,
        None => (number(span)?, number(span)?),
    };
    (first <= last).then(|| (first..=last).step_by(usize::from(step)).fold(0, |bits, value| bits | 1 << value))
}

/// Digits alone: no sign, no space.
pub(super) fn plain_number(text: &str) -> Option<u8> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
