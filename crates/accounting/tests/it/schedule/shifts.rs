//! Every shift of every clock from 2020 to 2040: each schedule fires exactly once for each due instant. What is due is
//! worked out here a second time, by watching the clock minute by minute.

use std::collections::{BTreeMap, BTreeSet};

use accounting::Cadence;
use accounting::schedule::Shift;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;

use super::{cadence, instant, local, zone};

/// A schedule, and which local times it is about.
type Case = (&'static str, fn(DateTime) -> bool);

/// Schedules that name their hours, with which local times those are.
const NAMED: &[Case] = &[
    ("daily at 00:00", |at| at.hour() == 0 && at.minute() == 0),
    ("daily at 02:30", |at| at.hour() == 2 && at.minute() == 30),
    ("0 1,2,3 * * *", |at| (1..4).contains(&at.hour()) && at.minute() == 0),
    ("*/15 0-5 * * *", |at| at.hour() < 6 && at.minute() % 15 == 0),
    ("15,45 */2 * * *", |at| at.hour() % 2 == 0 && at.minute() % 30 == 15),
    ("30 0-22 * * *", |at| at.hour() < 23 && at.minute() == 30),
    ("weekly on sunday at 01:30", |at| {
        at.weekday() == jiff::civil::Weekday::Sunday && at.hour() == 1 && at.minute() == 30
    }),
];

/// Schedules that leave their hour open.
const ELAPSED: &[Case] = &[
    ("*/15 * * * *", |at| at.minute() % 15 == 0),
    ("hourly", |at| at.minute() == 0),
    ("hourly at :45", |at| at.minute() == 45),
    ("10,50 * * * 0", |at| at.weekday() == jiff::civil::Weekday::Sunday && (at.minute() == 10 || at.minute() == 50)),
    ("*/5 * * * *", |at| at.minute() % 5 == 0),
];

/// What a clock shows over some time, minute by minute.
struct Watched {
    zone: TimeZone,
    from: Timestamp,
    shown: Vec<(Timestamp, DateTime)>,
}

/// Every way in which a clock was shifted from 2020 to 2040, watched from half a day before to half a day after: by its
/// offsets, its day of the week and time of the day, the shifts beside it, and a few years apart.
fn shifts() -> Vec<Watched> {
    let (first, last) = (instant("2020-01-01T00:00:00Z"), instant("2041-01-01T00:00:00Z"));
    let mut found = BTreeMap::new();
    for name in jiff::tz::db().available() {
        let zone = zone(name.as_str());
        let mut before = zone.to_offset(first);
        let mut last_at = first;
        for shift in zone.following(first).take_while(|shift| shift.timestamp() < last) {
            let at = shift.timestamp();
            let shown = before.to_datetime(at);
            // Shifts of one day, as around a fasting month, are not alike to any other.
            let is_near = at.duration_since(last_at).as_hours() < 24;
            let apart = if is_near { at.as_second() } else { i64::from(shown.year()) / 7 };
            let key = (
                before.seconds(),
                shift.offset().seconds(),
                shown.weekday().to_monday_zero_offset(),
                shown.time(),
                apart,
            );
            found.entry(key).or_insert_with(|| (zone.clone(), at));
            (before, last_at) = (shift.offset(), at);
        }
    }
    found.into_values().map(|(zone, at)| watch(zone, at.checked_sub(12.hours()).unwrap(), 24 * 60)).collect()
}

fn watch(zone: TimeZone, from: Timestamp, minutes: i64) -> Watched {
    let shown = (0..minutes).map(|minute| {
        let at = from.checked_add(minute.minutes()).unwrap();
        (at, zone.to_datetime(at))
    });
    let shown = shown.collect();
    Watched { zone, from, shown }
}

impl Watched {
    /// When the schedule fires within the time that is watched; each instant must lie after the one before.
    fn fires(&self, cadence: &Cadence) -> Vec<Timestamp> {
        let until = self.shown.last().unwrap().0;
        let before = self.from.checked_sub(1.nanosecond()).unwrap();
        let next = |last: &Timestamp| cadence.next_after(*last, &self.zone).inspect(|next| assert!(next > last));
        std::iter::successors(next(&before), next).take_while(|at| *at <= until).collect()
    }

    /// Each local time once: when the clock first shows it or what lies after it.
    fn due_named(&self, matches: fn(DateTime) -> bool) -> Vec<Timestamp> {
        let mut due = BTreeSet::new();
        let mut reached = self.shown[0].1.checked_sub(1.minute()).unwrap();
        for (at, shown) in &self.shown {
            while reached < *shown {
                reached = reached.checked_add(1.minute()).unwrap();
                if matches(reached) {
                    due.insert(*at);
                }
            }
        }
        due.into_iter().collect()
    }

    /// Whenever the clock shows it, and at the end of a gap of less than an hour that passed over it.
    fn due_elapsed(&self, matches: fn(DateTime) -> bool) -> Vec<Timestamp> {
        let mut due = BTreeSet::new();
        let mut last = self.shown[0].1.checked_sub(1.minute()).unwrap();
        for (at, shown) in &self.shown {
            let gap = shown.duration_since(last).as_mins() - 1;
            let passed_over = (1..=gap).map(|minute| last.checked_add(minute.minutes()).unwrap());
            let lost = gap > 0 && gap % 60 != 0 && passed_over.into_iter().any(matches);
            if matches(*shown) || lost {
                due.insert(*at);
            }
            last = *shown;
        }
        due.into_iter().collect()
    }
}

#[test]
fn every_schedule_fires_once_for_each_due_instant_at_every_shift_of_every_clock() {
    let shifts = shifts();
    let named: Vec<_> = NAMED.iter().map(|(text, matches)| (text, cadence(text), matches)).collect();
    let elapsed: Vec<_> = ELAPSED.iter().map(|(text, matches)| (text, cadence(text), matches)).collect();
    assert!(shifts.len() > 200, "only {} shifts were found", shifts.len());
    for watched in &shifts {
        let place = || format!("{:?} from {}", watched.zone, watched.from);
        for (text, cadence, matches) in &named {
            assert_eq!(watched.fires(cadence), watched.due_named(**matches), "{text} in {}", place());
        }
        for (text, cadence, matches) in &elapsed {
            assert_eq!(watched.fires(cadence), watched.due_elapsed(**matches), "{text} in {}", place());
        }
    }
}

#[test]
fn no_interval_grows_longer_at_any_shift() {
    for watched in shifts() {
        let intervals = |text: &str| {
            let fires = watched.fires(&cadence(text));
            fires.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_mins()).collect::<Vec<_>>()
        };
        let place = || format!("{:?} from {}", watched.zone, watched.from);
        for (text, every) in [("every 15 minutes", 15), ("every 7 minutes", 7), ("every hour", 60)] {
            assert!(intervals(text).iter().all(|minutes| *minutes == every), "{text} in {}", place());
        }
        assert_eq!(intervals("*/15 * * * *").into_iter().max(), Some(15), "{}", place());
        // Where a clock is put back by half an hour, its minutes come back after an hour and a half.
        let back = watched.shown.windows(2).map(|pair| pair[0].1.duration_since(pair[1].1).as_mins() + 1).max();
        let most = 60 + back.filter(|back| *back > 0 && back % 60 != 0).unwrap_or(0);
        assert!(intervals("hourly at :20").into_iter().max() <= Some(most), "{}", place());
    }
}

#[test]
fn a_skipped_time_runs_at_the_end_of_the_gap_and_a_repeated_one_at_the_first() {
    let new_york = |text, after| local(text, "America/New_York", after, 2);
    let spring = "2027-03-14T05:00:00Z";
    let gap = ["Sun 2027-03-14 03:00 -04:00", "Mon 2027-03-15 02:30 -04:00"];
    assert_eq!(new_york("daily at 02:30", spring), gap);
    // Two skipped times and the end of the gap itself are one run.
    let gap = ["Sun 2027-03-14 03:00 -04:00", "Mon 2027-03-15 02:00 -04:00"];
    assert_eq!(new_york("0 2,3 * * *", spring), gap);
    let autumn = "2026-11-01T04:00:00Z";
    let overlap = ["Sun 2026-11-01 01:30 -04:00", "Mon 2026-11-02 01:30 -05:00"];
    assert_eq!(new_york("daily at 01:30", autumn), overlap);
    let rhythm = local("*/30 * * * *", "America/New_York", "2026-11-01T05:15:00Z", 4);
    let twice = ["Sun 2026-11-01 01:30 -04:00", "Sun 2026-11-01 01:00 -05:00", "Sun 2026-11-01 01:30 -05:00"];
    assert_eq!(rhythm[..3], twice);
    // A day that does not exist: Samoa left out 30 December 2011.
    let samoa = local("daily at 12:00", "Pacific/Apia", "2011-12-29T23:00:00Z", 2);
    assert_eq!(samoa, ["Sat 2011-12-31 00:00 +14:00", "Sat 2011-12-31 12:00 +14:00"]);
}

const ANY: &[&str] = &[
    "every 15 minutes",
    "every 7 minutes",
    "every 24 hours",
    "hourly at :30",
    "*/15 * * * *",
    "*/20 1-3 * * *",
    "daily at 00:00",
    "daily at 02:30",
    "weekdays at 07:00",
    "last day of the month at 23:59",
    "first weekday of the month at 06:00",
    "3 days after month end at 01:30",
    "0 0 29 2 *",
    "5 4 13 * FRI",
];

proptest! {
    #[test]
    fn between_an_instant_and_the_next_one_nothing_fires(
        text in prop::sample::select(ANY),
        zone_at in any::<prop::sample::Index>(),
        second in 1_577_836_800_i64..2_240_524_800,
        nanosecond in 0..1_000_000_000_i32,
        part in 0..1_000_i64,
    ) {
        let names: Vec<_> = jiff::tz::db().available().collect();
        let zone = zone(zone_at.get(&names).as_str());
        let cadence = cadence(text);
        let at = Timestamp::new(second, nanosecond).unwrap();
        let next = cadence.next_after(at, &zone).unwrap();
        prop_assert!(next > at);
        let between = at.checked_add(next.duration_since(at) / 1000 * i32::try_from(part).unwrap()).unwrap();
        prop_assert_eq!(cadence.next_after(between, &zone), Some(next));
        prop_assert_eq!(cadence.next_after(next.checked_sub(1.nanosecond()).unwrap(), &zone), Some(next));
        prop_assert!(cadence.next_after(next, &zone).unwrap() > next);
    }
}

#[test]
fn the_ends_of_the_calendar_are_no_trap() {
    for text in ANY {
        let cadence = cadence(text);
        for name in ["UTC", "Pacific/Apia", "America/New_York"] {
            assert_eq!(cadence.next_after(Timestamp::MAX, &zone(name)), None, "{text}");
            let first = cadence.next_after(Timestamp::MIN, &zone(name));
            assert!(first.is_none_or(|first| first > Timestamp::MIN), "{text}");
        }
    }
}

#[test]
fn a_shift_touches_what_names_a_time_in_it() {
    let new_york = zone("America/New_York");
    let shifts: Vec<_> = Shift::after(instant("2026-10-01T00:00:00Z"), &new_york).take(2).collect();
    assert_eq!(shifts.iter().map(Shift::is_forward).collect::<Vec<_>>(), [false, true]);
    let touched = |text: &str| [0, 1].map(|at: usize| shifts[at].touches(&cadence(text), &new_york));
    for (text, expected) in [
        ("daily at 01:30", [true, false]),
        ("daily at 02:00", [false, true]),
        ("daily at 02:59", [false, true]),
        ("daily at 03:00", [false, false]),
        ("daily at 00:59", [false, false]),
        ("0 1-3 * * *", [true, false]),
        ("weekdays at 02:30", [false, false]),
        ("*/15 * * * *", [false, false]),
        ("hourly", [false, false]),
    ] {
        assert_eq!(touched(text), expected, "{text}");
    }
    assert_eq!(Shift::after(instant("2026-10-01T00:00:00Z"), &zone("UTC")).next(), None);
}
