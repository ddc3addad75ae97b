//! What is due: once for all that was missed, never twice for one instant.

use accounting::schedule::{Agenda, Due, agenda};
use jiff::Timestamp;
use proptest::prelude::*;

use super::{cadence, instant, zone};

fn ms(text: &str) -> i64 {
    instant(text).as_millisecond()
}

#[test]
fn after_a_standstill_there_is_one_run() {
    let (poll, utc) = (cadence("*/15 * * * *"), zone("UTC"));
    let last = Some(ms("2026-11-02T10:00:03Z"));
    let waiting = Due { now: false, since_ms: None, next_ms: Some(ms("2026-11-02T10:15:00Z")) };
    assert_eq!(poll.due(last, ms("2026-11-02T10:14:59.999Z"), &utc), waiting);
    let on_time =
        Due { now: true, since_ms: Some(ms("2026-11-02T10:15:00Z")), next_ms: Some(ms("2026-11-02T10:30:00Z")) };
    assert_eq!(poll.due(last, ms("2026-11-02T10:15:00Z"), &utc), on_time);
    let back = ms("2026-11-05T23:07:00Z");
    let late = Due { now: true, since_ms: Some(ms("2026-11-02T10:15:00Z")), next_ms: Some(ms("2026-11-05T23:15:00Z")) };
    assert_eq!(poll.due(last, back, &utc), late);
    assert!(!poll.due(Some(back), back, &utc).now, "caught up by one run");
}

#[test]
fn what_never_ran_is_due_at_once() {
    let sweep = cadence("0 2 * * *");
    let now = ms("2026-11-02T10:00:00Z");
    let due = sweep.due(None, now, &zone("UTC"));
    assert_eq!(due, Due { now: true, since_ms: None, next_ms: Some(ms("2026-11-03T02:00:00Z")) });
}

#[test]
fn a_clock_that_is_put_back_repeats_nothing_and_stops_nothing() {
    let (daily, utc) = (cadence("daily at 02:00"), zone("UTC"));
    let last = Some(ms("2026-11-03T02:00:05Z"));
    for now in ["2026-11-03T01:59:50Z", "2026-11-03T02:00:00Z", "2026-11-03T02:00:04Z", "2026-11-03T02:00:06Z"] {
        let due = daily.due(last, ms(now), &utc);
        assert_eq!((due.now, due.next_ms), (false, Some(ms("2026-11-04T02:00:00Z"))), "{now}");
    }
    // A run that claims to be of next year would otherwise silence the schedule for a year.
    assert!(daily.due(Some(ms("2027-11-03T02:00:05Z")), ms("2026-11-03T01:00:00Z"), &utc).now);
    for wild in [i64::MIN, i64::MAX] {
        // No time of any calendar, and nothing to panic about.
        daily.due(Some(ms("2026-11-03T02:00:05Z")), wild, &utc);
        daily.due(Some(wild), ms("2026-11-03T02:00:05Z"), &utc);
    }
}

#[test]
fn an_agenda_names_what_is_due_and_when_to_look_again() {
    let schedules = [cadence("*/15 * * * *"), cadence("0 5 * * *"), cadence("0 2 * * *")];
    let last = [Some("2026-11-02T10:00:00Z"), Some("2026-11-02T05:00:00Z"), None].map(|text| text.map(ms));
    let keyed = ["poll", "refresh", "sweep"].into_iter().zip(&schedules).zip(last);
    let keyed = || keyed.clone().map(|((key, cadence), last)| (key, cadence, last));
    let found = agenda(keyed(), ms("2026-11-02T10:05:00Z"), &zone("UTC"));
    assert_eq!(found, Agenda { now: vec!["sweep"], next_ms: Some(ms("2026-11-02T10:15:00Z")) });
    assert!(found.has(&"sweep") && !found.has(&"poll"));
    let found = agenda(keyed(), ms("2026-11-03T10:05:00Z"), &zone("UTC"));
    assert_eq!(found.now, ["poll", "refresh", "sweep"]);
    let none = agenda(std::iter::empty::<((), _, _)>(), 0, &zone("UTC"));
    assert_eq!(none, Agenda { now: vec![], next_ms: None });
}

proptest! {
    /// Looked at whenever a worker comes around, with standstills between: every due instant is answered by exactly one
    /// run, the first look at or after it.
    #[test]
    fn each_due_instant_is_answered_by_exactly_one_run(
        text in prop::sample::select(&["*/15 * * * *", "daily at 02:30", "every 20 minutes", "0 1,2,3 * * *"][..]),
        name in prop::sample::select(&["UTC", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"][..]),
        steps in prop::collection::vec(prop_oneof![9 => 1_000_i64..600_000, 1 => 600_000_i64..400_000_000], 1..80),
        begin_s in 1_790_000_000_i64..1_830_000_000,
    ) {
        let (cadence, zone) = (cadence(text), zone(name));
        let mut now_ms = begin_s * 1000;
        let mut last_ms = now_ms;
        for step_ms in steps {
            let before_ms = now_ms;
            now_ms += step_ms;
            let at = |ms| Timestamp::from_millisecond(ms).unwrap();
            let due = cadence.due(Some(last_ms), now_ms, &zone);
            let first = cadence.next_after(at(before_ms), &zone).unwrap();
            prop_assert_eq!(due.now, first <= at(now_ms), "{} in {} at {}", text, name, at(now_ms));
            prop_assert_eq!(due.next_ms.map(at), cadence.next_after(at(now_ms), &zone));
            if due.now {
                last_ms = now_ms;
            }
        }
    }
}
