//! `[schedule]`: zone, cron expressions and blackouts. Only their form is checked; when something is due is decided by
//! the scheduler.

use jiff::civil::Time;

use super::source::parse_day;
use crate::flow::document::quoted;
use crate::flow::reader::{Item, Section, Text};
use crate::flow::settings::{Blackout, Schedule};

/// The five fields of a cron expression: name, lowest and highest number, and names for the numbers from the lowest.
const FIELDS: [(&str, u8, u8, &[&str]); 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    ("month", 1, 12, &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]),
    ("day of the week", 0, 7, &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
];

pub(super) fn read(section: &Section<'_>) -> Schedule {
    let text = |key: &str, check: fn(&Text<'_>)| {
        let text = section.get(key).and_then(|item| item.text());
        text.map_or_else(
            || section.default_text(key).to_owned(),
            |text| {
                check(&text);
                text.trimmed()
            },
        )
    };
    Schedule {
        time_zone: text("time_zone", check_zone),
        poll: text("poll", check_cron),
        refresh: text("refresh", check_cron),
        sweep: text("sweep", check_cron),
        blackout: section.list("blackout").iter().filter_map(blackout).collect(),
    }
}

fn check_zone(text: &Text<'_>) {
    let part_fits = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    };
    if text.value.len() > 64 || !text.value.trim().split('/').all(part_fits) {
        text.at.refuse(
            format!("{} is no IANA time zone", quoted(text.value)),
            "write it like \"America/New_York\" or \"UTC\"",
        );
    }
}

fn check_cron(text: &Text<'_>) {
    const EXAMPLE: &str =
        "minute, hour, day of the month, month, day of the week; \"*/15 * * * *\" is every 15 minutes";
    let fields: Vec<&str> = text.value.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        text.at.refuse(format!("a schedule has five fields, {} has {}", quoted(text.value), fields.len()), EXAMPLE);
        return;
    }
    for (written, (name, low, high, names)) in fields.iter().zip(FIELDS) {
        if !written.split(',').all(|part| part_fits(part, low, high, names)) {
            let named = if names.is_empty() { "" } else { " or three letters of its English name" };
            text.at.refuse(
                format!("{} is no {name} of a schedule", quoted(written)),
                format!(
                    "write *, {low} to {high}{named}, a span like {low}-{high}, steps like */2, or a list of these"
                ),
            );
        }
    }
}

/// `*`, `7`, `MON`, `1-5`, and each of the open ones with `/STEP`.
fn part_fits(part: &str, low: u8, high: u8, names: &[&str]) -> bool {
    let number = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text)).and_then(|at| u8::try_from(at).ok());
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        named.map(|at| at + low).or(plain).filter(|number| (low..=high).contains(number))
    };
    let (span, step) = part.split_once('/').map_or((part, None), |(span, step)| (span, Some(step)));
    let step_fits = step.is_none_or(|step| step.parse::<u8>().is_ok_and(|step| step > 0 && step <= high));
    let (span_fits, is_open) = match span.split_once('-') {
        _ if span == "*" => (true, true),
        Some((first, last)) => (number(first).zip(number(last)).is_some_and(|(first, last)| first <= last), true),
        None => (number(span).is_some(), false),
    };
    span_fits && step_fits && (step.is_none() || is_open)
}

fn blackout(item: &Item<'_>) -> Option<Blackout> {
    let text = item.text()?;
    let blackout = parse_days(text.value).or_else(|| parse_hours(text.value));
    if blackout.is_none() {
        text.at.refuse(
            format!("{} is no blackout", quoted(text.value)),
            "write a day \"2026-12-31\", a span of days \"2026-12-24..2027-01-02\", or daily hours \"22:00-06:00\"",
        );
    }
    blackout
}

fn parse_days(text: &str) -> Option<Blackout> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (parse_day(first.trim())?, parse_day(last.trim())?);
    (first <= last).then_some(Blackout::Days { first, last })
}

fn parse_hours(text: &str) -> Option<Blackout> {
    let time = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !two_digits(hour) || !two_digits(minute) {
            return None;
        }
        Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
    };
    let (from, until) = text.split_once('-')?;
    let (from, until) = (time(from)?, time(until)?);
    // The same time twice could mean never or always.
    (from != until).then_some(Blackout::Daily { from, until })
}
