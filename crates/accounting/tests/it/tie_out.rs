//! The tie-out in whole minor units: what agrees, and how each thing that does not agree shows.
#![allow(clippy::inconsistent_digit_grouping, reason = "amounts are read as units and hundredths")]

use std::collections::BTreeMap;

use accounting::identity::{Kind, Scope};
use accounting::tie_out::{Key, Month, PostingFacts, Progress, ReportFacts, Standing, Sums, TieOut};
use accounting::{Currency, FundSource};
use jiff::civil::date;
use proptest::prelude::*;

const OWED: Scope = Scope::Fund(FundSource::Reimbursable);
const CARD: Scope = Scope::Fund(FundSource::CompanyCard);

const PROGRESS: [Progress; 4] = [Progress::Withdrawn, Progress::Waiting, Progress::Acknowledged, Progress::Reversed];

fn key(month: i8, scope: Scope) -> Key {
    let month = Month { year: 2026, month };
    Key { month, entity: String::new(), currency: Currency::parse("USD").unwrap(), scope }
}

fn posting(kind: Kind, month: i8, amount_minor: i64, progress: Progress) -> PostingFacts {
    PostingFacts { key: key(month, OWED), kind, amount_minor, progress }
}

fn report(source: i64, standing: Standing, postings: Vec<PostingFacts>) -> ReportFacts {
    ReportFacts {
        source: if source == 0 { BTreeMap::new() } else { [(OWED, source)].into() },
        excluded: BTreeMap::new(),
        standing,
        explained: false,
        place: key(10, OWED),
        postings,
    }
}

fn ledger(minor: i128) -> Sums {
    Sums { ledger: minor, ..Sums::default() }
}

/// Adds one report; the remainders it left.
fn tied(facts: &ReportFacts) -> (TieOut, Vec<i128>) {
    let mut out = TieOut::default();
    let left = out.add_report(facts, |_| true).into_iter().map(|(_, minor)| minor).collect();
    (out, left)
}

#[test]
fn a_posted_report_ties_four_ways() {
    let posted = posting(Kind::Entry, 10, 90_00, Progress::Acknowledged);
    let (mut out, left) = tied(&report(90_00, Standing::Planned, vec![posted]));
    assert_eq!(left, []);
    assert!(!out.ties(), "the ledger was not read yet");
    out.add(&key(10, OWED), &ledger(90_00));
    assert!(out.ties());
    let row = &out.rows[&key(10, OWED)];
    assert_eq!((row.source, row.planned, row.acknowledged, row.ledger), (90_00, 90_00, 90_00, 90_00));
    assert_eq!((row.reports, row.entries), (1, 1));
}

#[test]
fn what_is_left_out_or_held_is_accounted_for() {
    let mut partly = report(90_00, Standing::Planned, vec![posting(Kind::Entry, 10, 70_00, Progress::Acknowledged)]);
    partly.excluded = [(OWED, 20_00)].into();
    let (mut out, left) = tied(&partly);
    out.add(&key(10, OWED), &ledger(70_00));
    assert_eq!((left, out.ties(), out.rows[&key(10, OWED)].excluded), (vec![], true, 20_00));
    let (held, left) = tied(&report(90_00, Standing::Held, Vec::new()));
    assert_eq!((left, held.ties(), held.rows[&key(10, OWED)].held), (vec![], true, 90_00));
    let (out, left) = tied(&report(90_00, Standing::Excluded, Vec::new()));
    assert_eq!((left, out.ties(), out.rows[&key(10, OWED)].excluded), (vec![], true, 90_00));
}

#[test]
fn what_waits_is_planned_and_not_acknowledged() {
    let (out, left) = tied(&report(90_00, Standing::Planned, vec![posting(Kind::Entry, 10, 90_00, Progress::Waiting)]));
    let row = &out.rows[&key(10, OWED)];
    assert_eq!((left, out.ties(), row.waiting, row.acknowledged), (vec![], true, 90_00, 0));
}

#[test]
fn a_source_that_changed_is_named_with_its_amount_until_somebody_accepts_it() {
    let posted = posting(Kind::Entry, 10, 90_00, Progress::Acknowledged);
    let mut changed = report(80_00, Standing::Planned, vec![posted]);
    let (mut out, left) = tied(&changed);
    out.add(&key(10, OWED), &ledger(90_00));
    assert_eq!((left, out.ties()), (vec![-10_00], false));
    changed.explained = true;
    let (mut out, left) = tied(&changed);
    out.add(&key(10, OWED), &ledger(90_00));
    assert_eq!((left, out.ties(), out.rows[&key(10, OWED)].explained), (vec![], true, -10_00));
}

#[test]
fn a_report_that_is_gone_at_its_source_leaves_all_of_it_unexplained() {
    let posted = posting(Kind::Entry, 10, 90_00, Progress::Acknowledged);
    assert_eq!(tied(&report(0, Standing::Planned, vec![posted])).1, [-90_00]);
}

#[test]
fn taking_back_and_posting_anew_ties_in_each_month() {
    let postings = vec![
        posting(Kind::Entry, 10, 90_00, Progress::Reversed),
        posting(Kind::Reversal, 11, -90_00, Progress::Acknowledged),
        posting(Kind::Entry, 11, 80_00, Progress::Acknowledged),
    ];
    let (mut out, left) = tied(&report(80_00, Standing::Planned, postings));
    out.add(&key(10, OWED), &ledger(90_00));
    out.add(&key(11, OWED), &ledger(-90_00));
    out.add(&key(11, OWED), &ledger(80_00));
    assert_eq!((left, out.ties()), (vec![], true), "{:?}", out.rows);
    assert_eq!(out.rows[&key(10, OWED)].corrections, 90_00);
    assert_eq!(out.rows[&key(11, OWED)].corrections, -90_00);
}

#[test]
fn an_entry_and_its_difference_are_what_the_source_shows() {
    let postings = vec![
        posting(Kind::Entry, 10, 90_00, Progress::Acknowledged),
        posting(Kind::Difference, 11, -10_00, Progress::Acknowledged),
    ];
    let (mut out, left) = tied(&report(80_00, Standing::Planned, postings));
    out.add(&key(10, OWED), &ledger(90_00));
    out.add(&key(11, OWED), &ledger(-10_00));
    assert_eq!((left, out.ties()), (vec![], true), "{:?}", out.rows);
}

#[test]
fn differences_that_cancel_each_other_out_do_not_tie() {
    let sums = Sums { source: 10, planned: 5, acknowledged: 5, ledger: 0, ..Sums::default() };
    assert_eq!((sums.unexplained_source(), sums.unexplained_ledger()), (5, -5));
    assert!(!sums.ties());
    assert_eq!(sums.unexplained(), 10);
}

#[test]
fn rows_outside_of_the_period_are_left_to_their_own_tie_out() {
    let posted = posting(Kind::Entry, 11, 90_00, Progress::Acknowledged);
    let mut out = TieOut::default();
    let left = out.add_report(&report(80_00, Standing::Planned, vec![posted]), |key| key.month.month == 10);
    assert_eq!((left, out.rows.len()), (vec![], 0));
    assert_eq!(Month::of(date(2026, 3, 9)).to_string(), "2026-03");
}

proptest! {
    /// Whatever a report has been through, what is not accounted for is exactly what its remainder says.
    #[test]
    fn nothing_is_lost(
        source in 0_i64..1_000, excluded in 0_i64..100, held in any::<bool>(), explained in any::<bool>(),
        postings in proptest::collection::vec((0_u8..4, 9_i8..12, -500_i64..500, 0_u8..4, any::<bool>()), 0..6),
    ) {
        let postings: Vec<PostingFacts> = postings.into_iter().map(|(kind, month, amount_minor, progress, card)| {
            let kind = [Kind::Entry, Kind::Reversal, Kind::Difference, Kind::DifferenceReversal][usize::from(kind)];
            let scope = if card { CARD } else { OWED };
            PostingFacts { key: key(month, scope), kind, amount_minor, progress: PROGRESS[usize::from(progress)] }
        }).collect();
        let standing = if held { Standing::Held } else { Standing::Planned };
        let facts = ReportFacts {
            source: [(OWED, source)].into(),
            excluded: [(OWED, excluded)].into(),
            standing, explained, place: key(10, OWED), postings,
        };
        let (out, left) = tied(&facts);
        let total = |of: fn(&Sums) -> i128| out.rows.values().map(of).sum::<i128>();
        prop_assert_eq!(total(|sums| sums.source), i128::from(source));
        prop_assert_eq!(total(Sums::unexplained_source), left.iter().sum::<i128>());
        prop_assert_eq!(total(Sums::unexplained_planned), 0);
        prop_assert!(out.rows.values().map(|sums| sums.reports).sum::<u64>() <= 1);
    }
}
