//! Schedules: how they are written, when they fire in every time zone, what is due, and when nothing is posted.

mod closed;
mod due;
mod shifts;
mod words;

use accounting::Cadence;
use jiff::Timestamp;
use jiff::tz::TimeZone;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn cadence(text: &str) -> Cadence {
    Cadence::parse(text).unwrap_or_else(|error| panic!("{text}: {error}; {}", error.remedy))
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next instants as the clock of the zone shows them, with the offset.
fn local(text: &str, name: &str, after: &str, count: usize) -> Vec<String> {
    let (cadence, zone) = (cadence(text), zone(name));
    let show = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M %:z").to_string();
    cadence.upcoming(instant(after), &zone, count).into_iter().map(show).collect()
}
