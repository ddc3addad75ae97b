//! The words of a schedule: what a person writes, and what is said where it makes no sense.

use std::ops::Range;

use jiff::civil::Time;

use super::cadence::{Cadence, Rule};
use super::cron::{self, plain_number};
use super::days::Days;

/// Longest schedule, in bytes.
const TEXT_MAX_BYTES: usize = 200;
/// Most minutes between two runs of `every n minutes`: a day.
const EVERY_MAX_MINUTES: u16 = 24 * 60;

const EXAMPLES: &str = "write it like \"every 15 minutes\", \"hourly at :30\", \"daily at 05:00\", \"weekdays at 07:00\", \
                        \"weekly on monday at 07:00\", \"last day of the month at 18:00\", \"first weekday of the month \
                        at 06:00\", \"3 days after month end at 06:00\", or as a cron expression of five fields";
pub(super) const WEEK: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
pub(super) const ORDINALS: [&str; 10] =
    ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScheduleError {
    /// Which bytes of the text are meant.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub remedy: String,
}

/// A word and where it stands, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    pub(super) start: usize,
}

impl ScheduleError {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, remedy: &str) -> Self {
        Self { span, message: message.into(), remedy: remedy.to_owned() }
    }
}

impl Word<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    fn refuse(&self, message: impl Into<String>, remedy: &str) -> ScheduleError {
        ScheduleError::new(self.start..self.end(), message, remedy)
    }
}

/// A text as it may stand in a message: short, on one line.
pub(super) fn shown(text: &str) -> String {
    let short = text.chars().take(60).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
    let more = if text.chars().nth(60).is_some() { "..." } else { "" };
    format!("\"{}{more}\"", short.collect::<String>())
}

/// The words of a text with their places.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    for word in text.split_whitespace() {
        let end = words.last().map_or(0, Word::end);
        let start = end + text.get(end..).and_then(|rest| rest.find(word)).unwrap_or(0);
        words.push(Word { text: word, start });
    }
    words
}

pub(super) fn cadence(text: &str) -> Result<Cadence, ScheduleError> {
    if text.len() > TEXT_MAX_BYTES {
        return Err(ScheduleError::new(0..text.len(), "the schedule is longer than 200 bytes", EXAMPLES));
    }
    // Only ASCII letters change, so that places stay what they are.
    let lower = text.to_ascii_lowercase();
    let as_written = words(text);
    if looks_like_cron(&as_written) {
        return Ok(Cadence(Rule::Cron(cron::parse(text, &as_written)?)));
    }
    let words = words(&lower);
    let at = words.iter().rposition(|word| word.text == "at");
    let (head, time) = match at {
        Some(at) => (words.get(..at).unwrap_or_default(), words.get(at + 1..).unwrap_or_default()),
        None => (words.as_slice(), Default::default()),
    };
    let plain: Vec<&str> = head.iter().map(|word| word.text).collect();
    if let Some(minutes) = every(&plain, head)? {
        return match at.and_then(|at| words.get(at)) {
            None => Ok(Cadence(Rule::Every { minutes })),
            Some(at) => Err(ScheduleError::new(
                at.start..lower.len(),
                "\"every\" goes by elapsed time and has no time of the day",
                "leave the time out, or write \"hourly at :30\" or \"daily at 05:00\"",
            )),
        };
    }
    if plain == ["hourly"] {
        return minute(&lower, at.is_some(), time).map(|minute| Cadence(Rule::Hourly { minute }));
    }
    let Some(days) = days(&plain, head, &lower)? else {
        return Err(ScheduleError::new(0..text.len(), format!("{} is no schedule", shown(text)), EXAMPLES));
    };
    let time = time_of_day(&lower, time)?;
    Ok(Cadence(Rule::At { days, time }))
}

/// Whether a cron expression was meant, also one with too few fields.
fn looks_like_cron(words: &[Word<'_>]) -> bool {
    let is_field = |word: &&Word<'_>| word.text.bytes().all(|byte| byte.is_ascii_digit() || b"*/,-".contains(&byte));
    words.iter().filter(is_field).count() >= 2 || words.iter().any(|word| word.text.contains('*'))
}

/// `every minute`, `every 15 minutes`, `every hour`, `every 2 hours`, in minutes.
fn every(plain: &[&str], head: &[Word<'_>]) -> Result<Option<u16>, ScheduleError> {
    let unit_of = |word: &str| match word {
        "minute" | "minutes" => Some(1_u16),
        "hour" | "hours" => Some(60),
        _ => None,
    };
    let (number, unit) = match plain {
        ["every", unit] => (1, unit_of(unit)),
        ["every", number, unit] => {
            let Some(unit) = unit_of(unit) else { return Ok(None) };
            (number.parse::<u16>().unwrap_or(0), Some(unit))
        }
        _ => return Ok(None),
    };
    let Some(unit) = unit else { return Ok(None) };
    let minutes = number.checked_mul(unit).filter(|minutes| (1..=EVERY_MAX_MINUTES).contains(minutes));
    let refused = || {
        let span = head.get(1).map_or(0..0, |word| word.start..word.end());
        let (message, remedy) = if number == 0 {
            ("a schedule of \"every\" takes a whole number above zero", "write it like \"every 15 minutes\"")
        } else {
            ("the longest interval is a day", "write \"daily at 05:00\", or a day of the week or the month")
        };
        ScheduleError::new(span, message, remedy)
    };
    minutes.map(Some).ok_or_else(refused)
}

/// The minute in `hourly at :30`.
fn minute(lower: &str, has_at: bool, time: &[Word<'_>]) -> Result<u8, ScheduleError> {
    if !has_at {
        return Ok(0);
    }
    let read = |word: &Word<'_>| {
        let digits = word.text.strip_prefix(':').filter(|digits| digits.len() == 2)?;
        plain_number(digits).filter(|minute| *minute < 60)
    };
    match time {
        [word] if read(word).is_some() => Ok(read(word).unwrap_or_default()),
        _ => {
            let start = time.first().map_or(lower.len(), |word| word.start);
            Err(ScheduleError::new(start..lower.len(), "an hourly schedule takes a minute", "write \"hourly at :30\""))
        }
    }
}

/// Two digits, a colon, two digits.
pub(super) fn clock_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hour) || !two_digits(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn time_of_day(lower: &str, time: &[Word<'_>]) -> Result<Time, ScheduleError> {
    const REMEDY: &str = "end it with a time from 00:00 to 23:59, such as \"daily at 05:00\"";
    match time {
        [] => Err(ScheduleError::new(0..lower.len(), "the schedule has no time of the day", REMEDY)),
        [word] => clock_time(word.text).ok_or_else(|| word.refuse(format!("{} is no time", shown(word.text)), REMEDY)),
        [first, ..] => {
            let more = lower.get(first.start..).unwrap_or_default().trim_end();
            Err(ScheduleError::new(first.start..lower.len(), format!("{} is no time", shown(more)), REMEDY))
        }
    }
}

/// Everything before `at`.
fn days(plain: &[&str], head: &[Word<'_>], lower: &str) -> Result<Option<Days>, ScheduleError> {
    Ok(Some(match plain {
        ["daily"] | ["every", "day"] => Days::Every,
        ["weekdays"] | ["every", "weekday"] => Days::Weekdays,
        ["weekly", "on", ..] => Days::Week(week(head.get(2..).unwrap_or_default(), lower)?),
        ["last", "day", "of", "the", "month"] | ["monthly", "on", "the", "last", "day"] => Days::LastOfMonth,
        ["last", "weekday", "of", "the", "month"] | ["monthly", "on", "the", "last", "weekday"] => {
            Days::LastWeekdayOfMonth
        }
        ["monthly", "on", "day", _] => Days::OfMonth(day_of_month(head.get(3))?),
        ["day", _, "of", "the", "month"] => Days::OfMonth(day_of_month(head.get(1))?),
        [_, "day", "of", "the", "month"] => Days::OfMonth(day_of_month(head.first())?),
        ["monthly", "on", "the", _] | ["monthly", "on", "the", _, "day"] => Days::OfMonth(day_of_month(head.get(3))?),
        [_, "weekday", "of", "the", "month"] => Days::WeekdayOfMonth(weekday_of_month(head.first())?),
        ["monthly", "on", "the", _, "weekday"] => Days::WeekdayOfMonth(weekday_of_month(head.get(3))?),
        [_, "day" | "days", "after", "month", "end"] => Days::AfterMonthEnd(day_of_month(head.first())?),
        [_, "weekday" | "weekdays", "after", "month", "end"] => {
            Days::WeekdaysAfterMonthEnd(weekday_of_month(head.first())?)
        }
        _ => return Ok(None),
    }))
}

/// Days of the week, with `and` or commas between them.
fn week(words: &[Word<'_>], lower: &str) -> Result<u8, ScheduleError> {
    let mut days = 0;
    for word in words.iter().filter(|word| word.text != "and") {
        let name = word.text.trim_end_matches(',');
        let short = |day: &str| day.get(..3) == Some(name);
        let Some(day) = WEEK.iter().position(|day| *day == name || short(day)) else {
            let remedy = "write it like \"weekly on monday and thursday at 07:00\"";
            return Err(word.refuse(format!("{} is no day of the week", shown(name)), remedy));
        };
        days |= 1 << day;
    }
    if days == 0 {
        let message = "the schedule names no day of the week";
        return Err(ScheduleError::new(0..lower.len(), message, "write it like \"weekly on monday at 07:00\""));
    }
    Ok(days)
}

/// `3`, `3rd`, `third`.
fn ordinal(text: &str) -> Option<u8> {
    let named = ORDINALS.iter().position(|name| *name == text).and_then(|at| u8::try_from(at + 1).ok());
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let suffixed = || plain_number(digits).filter(|number| text == digits || text == suffixed(*number));
    named.or_else(suffixed)
}

/// `1st`, `2nd`, `3rd`, `11th`.
pub(super) fn suffixed(number: u8) -> String {
    let suffix = match (number % 10, number % 100) {
        (1..=3, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

fn day_of_month(word: Option<&Word<'_>>) -> Result<u8, ScheduleError> {
    numbered(word, 28, "day of the month", |number| {
        let cron = format!("the cron expression \"0 6 {number} * *\" skips the months without it");
        let remedy = format!("write a day from 1 to 28, or \"last day of the month at 18:00\"; {cron}");
        (format!("not every month has a day {number}"), remedy)
    })
}

fn weekday_of_month(word: Option<&Word<'_>>) -> Result<u8, ScheduleError> {
    numbered(word, 20, "weekday of the month", |number| {
        let remedy = "write a weekday from 1 to 20, or \"last weekday of the month at 18:00\"";
        (format!("not every month has {number} weekdays"), remedy.to_owned())
    })
}

fn numbered(
    word: Option<&Word<'_>>,
    most: u8,
    what: &str,
    too_many: impl Fn(u8) -> (String, String),
) -> Result<u8, ScheduleError> {
    let word = word.copied().unwrap_or(Word { text: "", start: 0 });
    match ordinal(word.text) {
        Some(number) if (1..=most).contains(&number) => Ok(number),
        Some(number) if number > most => {
            let (message, remedy) = too_many(number);
            Err(word.refuse(message, &remedy))
        }
        _ => {
            let remedy = format!("write \"first\", \"2nd\" or a number from 1 to {most}");
            Err(word.refuse(format!("{} is no number of a {what}", shown(word.text)), &remedy))
        }
    }
}
