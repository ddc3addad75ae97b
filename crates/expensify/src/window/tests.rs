//! Windows: no gap, no stretch over a year.

use jiff::civil::{Date, date};

use super::*;

#[test]
fn one_window_within_a_year() {
    let found = windows(date(2026, 3, 2), date(2026, 11, 24));
    assert_eq!(found, [Window { first: date(2026, 3, 2), last: date(2026, 11, 24), more: false }]);
    assert_eq!(found[0].approved(), Anchor::ApprovedAfter { date: date(2026, 3, 1), end: None });
    assert_eq!(found[0].submitted(), Anchor::Submitted { start: date(2026, 3, 1), end: date(2026, 11, 24) });
    let today = windows(date(2026, 11, 24), date(2026, 11, 24));
    assert_eq!((today.len(), today[0].asked_from()), (1, date(2026, 11, 23)));
    assert!(windows(date(2026, 11, 25), date(2026, 11, 24)).is_empty());
}

#[test]
fn windows_leave_no_gap_and_never_exceed_a_year() {
    for from in [date(2019, 2, 28), date(2020, 2, 29), date(2023, 11, 24), date(2025, 11, 24), date(2025, 11, 25)] {
        for today in [date(2026, 11, 24), date(2028, 2, 29), date(2028, 3, 1)] {
            let found = windows(from, today);
            assert_eq!((found[0].first, found[found.len() - 1].last), (from, today));
            for window in &found {
                let asked = window.asked_from();
                assert!(asked < window.first && window.first <= window.last);
                assert!(window.last < asked.checked_add(1.year()).unwrap(), "{window:?}");
                assert_eq!(window.more, window.last < today);
                let Anchor::ApprovedAfter { end, .. } = window.approved() else { panic!() };
                assert_eq!(end, window.more.then_some(window.last));
            }
            for pair in found.windows(2) {
                assert_eq!(pair[0].last.tomorrow().unwrap(), pair[1].first);
                assert_eq!(pair[1].asked_from(), pair[0].last);
            }
        }
    }
}

#[test]
fn a_leap_day_start() {
    let found = windows(date(2024, 3, 1), date(2025, 6, 1));
    // Asked from 29 February 2024; a year later is 28 February 2025.
    assert_eq!((found[0].asked_from(), found[0].last), (date(2024, 2, 29), date(2025, 2, 27)));
}

#[test]
fn the_ends_of_the_calendar_are_no_trap() {
    assert_eq!(windows(Date::MIN, Date::MIN).len(), 1);
    assert!(windows(date(9998, 1, 1), Date::MAX).len() <= 3);
}
