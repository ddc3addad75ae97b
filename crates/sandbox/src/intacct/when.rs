//! Dates and times in the gateway's forms, out of milliseconds that come from outside.

use jiff::civil::{Date, DateTime};

fn utc(ms: u64) -> DateTime {
    let ms = i64::try_from(ms).unwrap_or(0);
    let stamp = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::TimeZone::UTC.to_datetime(stamp)
}

/// The date in UTC.
pub fn utc_date(ms: u64) -> Date {
    utc(ms).date()
}

/// The start of a date in UTC.
pub(super) fn midnight_ms(date: Date) -> u64 {
    let stamp = jiff::tz::TimeZone::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
    stamp.ok().and_then(|s| u64::try_from(s.as_millisecond()).ok()).unwrap_or(0)
}

/// `2026-11-24T07:30:00+00:00`.
pub(super) fn stamp(ms: u64) -> String {
    format!("{}", utc(ms).strftime("%Y-%m-%dT%H:%M:%S+00:00"))
}

/// `MM/DD/YYYY HH:MM:SS`.
pub(super) fn us_datetime(ms: u64) -> String {
    format!("{}", utc(ms).strftime("%m/%d/%Y %H:%M:%S"))
}

/// `MM/DD/YYYY`.
pub(super) fn us_date(date: Date) -> String {
    format!("{:02}/{:02}/{:04}", date.month(), date.day(), date.year())
}

/// Reads `M/D/YYYY`, with or without leading zeros; nothing else.
pub(super) fn read_us_date(text: &str) -> Option<Date> {
    let mut parts = text.trim().split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}
