//! When nothing may be posted, and from when on it may be again.

use accounting::schedule::{Blackout, Closed, ClosedBy, Freeze, always_closed, may_post_at, next_closed};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;

use super::{instant, zone};

fn blackout(text: &str) -> Blackout {
    Blackout::parse(text).unwrap()
}

fn freeze(text: &str) -> Freeze {
    Freeze::parse(text).unwrap()
}

/// Until when it is closed, as the clock of New York shows it.
fn until(blackouts: &[&str], freezes: &[&str], local: &str) -> Option<String> {
    let zone = zone("America/New_York");
    let at = local.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone.clone()).unwrap().timestamp();
    let blackouts: Vec<_> = blackouts.iter().map(|text| blackout(text)).collect();
    let freezes: Vec<_> = freezes.iter().map(|text| freeze(text)).collect();
    let closed = may_post_at(&blackouts, &freezes, at, &zone).err()?;
    Some(closed.until.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string())
}

#[test]
fn blackouts_end_where_they_say() {
    let day = ["2026-12-31"];
    assert_eq!(until(&day, &[], "2026-12-30T23:59:59"), None);
    assert_eq!(until(&day, &[], "2026-12-31T00:00:00").as_deref(), Some("2027-01-01 00:00"));
    assert_eq!(until(&day, &[], "2027-01-01T00:00:00"), None);
    let span = ["2026-12-24..2027-01-02"];
    assert_eq!(until(&span, &[], "2026-12-24T00:00:00").as_deref(), Some("2027-01-03 00:00"));
    let night = ["22:00-06:00"];
    assert_eq!(until(&night, &[], "2026-12-30T21:59:59"), None);
    assert_eq!(until(&night, &[], "2026-12-30T22:00:00").as_deref(), Some("2026-12-31 06:00"));
    assert_eq!(until(&night, &[], "2026-12-31T05:59:59").as_deref(), Some("2026-12-31 06:00"));
    assert_eq!(until(&night, &[], "2026-12-31T06:00:00"), None);
    let noon = ["12:00-13:00"];
    assert_eq!(until(&noon, &[], "2026-12-31T12:30:00").as_deref(), Some("2026-12-31 13:00"));
    assert_eq!(until(&noon, &[], "2026-12-31T13:00:00"), None);
    let evening = ["20:00-00:00"];
    assert_eq!(until(&evening, &[], "2026-12-31T20:30:00").as_deref(), Some("2027-01-01 00:00"));
    assert_eq!(until(&evening, &[], "2026-12-31T00:00:00"), None);
}

#[test]
fn what_follows_on_each_other_is_one_wait() {
    let all = ["2026-12-31", "22:00-06:00", "2027-01-01..2027-01-03", "06:00-07:00"];
    assert_eq!(until(&all, &[], "2026-12-30T23:00:00").as_deref(), Some("2027-01-04 07:00"));
    assert_eq!(
        until(&["22:00-06:00"], &["last day of the month"], "2026-11-29T23:00:00").as_deref(),
        Some("2026-12-01 06:00")
    );
}

#[test]
fn a_freeze_follows_the_month() {
    let last = ["last 3 days of the month"];
    assert_eq!(until(&[], &last, "2027-02-25T23:59:00"), None);
    assert_eq!(until(&[], &last, "2027-02-26T00:00:00").as_deref(), Some("2027-03-01 00:00"));
    assert_eq!(until(&[], &last, "2028-02-26T12:00:00"), None);
    assert_eq!(until(&[], &last, "2028-02-29T12:00:00").as_deref(), Some("2028-03-01 00:00"));
    // 1 October 2026 is a Thursday: the fifth weekday is Wednesday the 7th, and the weekend is within.
    let first = ["first 5 weekdays of the month"];
    assert_eq!(until(&[], &first, "2026-10-01T00:00:00").as_deref(), Some("2026-10-08 00:00"));
    assert_eq!(until(&[], &first, "2026-10-04T12:00:00").as_deref(), Some("2026-10-08 00:00"));
    assert_eq!(until(&[], &first, "2026-10-08T00:00:00"), None);
    // 1 August 2026 is a Saturday.
    assert_eq!(until(&[], &["first weekday of the month"], "2026-08-01T00:00:00").as_deref(), Some("2026-08-04 00:00"));
    // 31 October 2026 is a Saturday: the last weekday is Friday the 30th.
    assert_eq!(until(&[], &["last weekday of the month"], "2026-10-29T23:00:00"), None);
    assert_eq!(until(&[], &["last weekday of the month"], "2026-10-30T00:00:00").as_deref(), Some("2026-11-01 00:00"));
    // Over the end of the month into the next one.
    let both = ["last 2 days of the month", "first 2 weekdays of the month"];
    assert_eq!(until(&[], &both, "2026-10-30T00:00:00").as_deref(), Some("2026-11-04 00:00"));
    assert_eq!(until(&[], &["2026-10-05..2026-10-06"], "2026-10-06T10:00:00").as_deref(), Some("2026-10-07 00:00"));
}

#[test]
fn a_day_that_comes_back_is_closed_again() {
    // At 00:01 on 7 November 2010 the clocks of St. John's went back to 23:01 of the day before.
    let zone = zone("America/St_Johns");
    let end = instant("2010-11-07T03:30:00Z");
    for at in ["2010-11-07T02:29:59Z", "2010-11-07T02:30:30Z", "2010-11-07T02:31:00Z", "2010-11-07T03:29:59Z"] {
        let day = may_post_at(&[blackout("2010-11-06")], &[], instant(at), &zone);
        assert_eq!(day.map_err(|closed| closed.until), Err(end), "{at}");
        let days = may_post_at(&[], &[freeze("first 6 days of the month")], instant(at), &zone);
        assert_eq!(days.map_err(|closed| closed.until), Err(end), "{at}");
    }
    assert!(may_post_at(&[blackout("2010-11-06")], &[], end, &zone).is_ok());
}

#[test]
fn what_forbids_it_is_named() {
    let at = instant("2026-10-31T12:00:00Z");
    let rule = freeze("LAST 3 days of the month");
    let closed = may_post_at(&[], &[rule], at, &zone("UTC")).expect_err("frozen");
    assert_eq!(closed, Closed { until: instant("2026-11-01T00:00:00Z"), by: ClosedBy::Freeze(rule) });
    assert_eq!(closed.by.to_string(), "freeze, last 3 days of the month");
    for text in ["2026-12-31", "2026-12-24..2027-01-02", "22:00-06:00"] {
        assert_eq!(ClosedBy::Blackout(blackout(text)).to_string(), format!("blackout {text}"));
    }
    for text in
        ["first weekday of the month", "first 10 weekdays of the month", "last 15 days of the month", "2026-12-31"]
    {
        assert_eq!(freeze(text).to_string(), text);
    }
    for text in [
        "last 16 days of the month",
        "last 0 days of the month",
        "first 11 weekdays of the month",
        "last week",
        "2026-02-30",
        "2026-1-1",
    ] {
        assert!(Freeze::parse(text).is_err(), "{text}");
    }
}

#[test]
fn hours_that_leave_none_open_are_known() {
    let rules = |texts: &[&str]| texts.iter().map(|text| blackout(text)).collect::<Vec<_>>();
    assert!(always_closed(&rules(&["22:00-06:00", "05:00-22:00"])));
    assert!(!always_closed(&rules(&["22:00-06:00", "06:00-21:59"])));
    assert!(!always_closed(&rules(&["2026-01-01..2099-12-31"])));
    assert!(!always_closed(&[]));
}

/// Whether what the clock shows lies in a closed time.
fn shows_closed(rules: &[&str], at: Timestamp, zone: &TimeZone) -> bool {
    let shown = zone.to_datetime(at);
    rules.iter().any(|rule| match *rule {
        "00:00-01:30" => shown.hour() == 0 || (shown.hour() == 1 && shown.minute() < 30),
        "01:15-02:45" => (75..165).contains(&(i32::from(shown.hour()) * 60 + i32::from(shown.minute()))),
        "23:30-00:15" => (shown.hour() == 23 && shown.minute() >= 30) || (shown.hour() == 0 && shown.minute() < 15),
        "last day of the month" => shown.date() == shown.date().last_of_month(),
        "first day of the month" => shown.day() == 1,
        _ => unreachable!("{rule}"),
    })
}

const RULES: &[&str] =
    &["00:00-01:30", "01:15-02:45", "23:30-00:15", "last day of the month", "first day of the month"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    /// Near shifts of clocks: what shows a closed time is closed; the end is open, and not a moment too early. Away
    /// from them nothing more is closed than what the clock shows.
    #[test]
    fn no_instant_that_shows_a_closed_time_is_open(
        rules in prop::sample::subsequence(RULES, 1..=3),
        zone_at in any::<prop::sample::Index>(),
        second in 1_577_836_800_i64..2_240_524_800,
        minutes in -1_500_i64..1_500,
        at_shift in prop::bool::ANY,
    ) {
        let names: Vec<_> = jiff::tz::db().available().collect();
        let zone = zone(zone_at.get(&names).as_str());
        let mut at = Timestamp::from_second(second).unwrap();
        if let Some(shift) = zone.following(at).next().filter(|_| at_shift) {
            at = shift.timestamp();
        }
        let at = at.checked_add(minutes.minutes()).unwrap();
        let is_hours = |rule: &&&str| rule.contains(':');
        let blackouts: Vec<_> = rules.iter().filter(is_hours).map(|rule| blackout(rule)).collect();
        let freezes: Vec<_> = rules.iter().filter(|rule| !is_hours(rule)).map(|rule| freeze(rule)).collect();
        let may = |at| may_post_at(&blackouts, &freezes, at, &zone);
        let shown_closed = shows_closed(&rules, at, &zone);
        match may(at) {
            Ok(()) => prop_assert!(!shown_closed, "open at {} in {:?}", at, zone),
            Err(closed) => {
                prop_assert!(closed.until > at);
                prop_assert!(may(closed.until).is_ok());
                prop_assert!(may(closed.until.checked_sub(1.nanosecond()).unwrap()).is_err());
                let near = at.checked_sub(48.hours()).unwrap();
                let shift = zone.following(near).next();
                let is_far = shift.is_none_or(|shift| shift.timestamp().duration_since(at).as_hours() > 48);
                prop_assert!(shown_closed || !is_far, "closed at {} in {:?}", at, zone);
            }
        }
    }
}

/// The closed times ahead, as the clock of New York shows them.
fn ahead(blackouts: &[&str], freezes: &[&str], from: &str, count: usize) -> Vec<String> {
    let zone = zone("America/New_York");
    let blackouts: Vec<_> = blackouts.iter().map(|text| blackout(text)).collect();
    let freezes: Vec<_> = freezes.iter().map(|text| freeze(text)).collect();
    let next = |at| next_closed(&blackouts, &freezes, at, &zone);
    let show = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%m-%d %H:%M").to_string();
    let closures = std::iter::successors(next(instant(from)), |(_, closed)| next(closed.until));
    closures.take(count).map(|(begin, closed)| format!("{}..{}", show(begin), show(closed.until))).collect()
}

#[test]
fn the_closed_times_ahead_are_listed() {
    let from = "2026-11-01T12:00:00Z";
    assert_eq!(ahead(&["22:00-06:00"], &[], from, 2), ["11-01 22:00..11-02 06:00", "11-02 22:00..11-03 06:00"]);
    let freezes = ["last 3 days of the month", "first 2 weekdays of the month"];
    assert_eq!(ahead(&[], &freezes, from, 2), ["11-01 07:00..11-04 00:00", "11-28 00:00..12-03 00:00"]);
    let days = ["2026-12-24..2026-12-26", "2026-11-26"];
    assert_eq!(ahead(&days, &[], from, 5), ["11-26 00:00..11-27 00:00", "12-24 00:00..12-27 00:00"]);
    assert!(ahead(&[], &[], from, 5).is_empty());
}

proptest! {
    /// Between now and the next closed time everything is open, and it begins where it says.
    #[test]
    fn the_next_closed_time_is_the_first(
        rules in prop::sample::subsequence(RULES, 1..=3),
        name in prop::sample::select(&["UTC", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "America/Havana"][..]),
        second in 1_577_836_800_i64..2_240_524_800,
        part in 0..1000_i32,
    ) {
        let zone = zone(name);
        let is_hours = |rule: &&&str| rule.contains(':');
        let blackouts: Vec<_> = rules.iter().filter(is_hours).map(|rule| blackout(rule)).collect();
        let freezes: Vec<_> = rules.iter().filter(|rule| !is_hours(rule)).map(|rule| freeze(rule)).collect();
        let may = |at| may_post_at(&blackouts, &freezes, at, &zone);
        let at = Timestamp::from_second(second).unwrap();
        let (begin, closed) = next_closed(&blackouts, &freezes, at, &zone).unwrap();
        prop_assert_eq!(may(begin), Err(closed));
        if begin > at {
            prop_assert!(may(at.checked_add(begin.duration_since(at) / 1000 * part).unwrap()).is_ok());
            prop_assert!(may(begin.checked_sub(1.nanosecond()).unwrap()).is_ok());
        }
    }
}
