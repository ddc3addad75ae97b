//! What changed between the ledger and a report's new content, and the entries that correct it.
#![allow(clippy::inconsistent_digit_grouping, reason = "amounts are read as units and hundredths")]

use std::collections::BTreeMap;

use accounting::drift::{BookedLine, Change, Correction, Diff, correction_date, difference_entries, reversal_entry};
use accounting::entry::{Line, Reason, Side};
use accounting::identity::Scope;
use accounting::{Amount, Currency, Dimension, Direction, EntryState, FundSource};
use jiff::civil::date;
use proptest::prelude::*;

const OWED: Scope = Scope::Fund(FundSource::Reimbursable);

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

fn line(side: Side, account: &str, department: &str, signed_minor: i64, expense: &str) -> Line {
    Line {
        side,
        direction: if signed_minor < 0 { Direction::Credit } else { Direction::Debit },
        amount: Amount::new(signed_minor.abs(), usd()),
        account: account.to_owned(),
        dimensions: [(Dimension::Department, department.to_owned())].into(),
        memo: "Jane Doe - Airline".to_owned(),
        document: "MLC".to_owned(),
        expenses: vec![expense.to_owned()],
        reason: Reason::default(),
    }
}

fn booked(lines: &[Line]) -> Vec<BookedLine> {
    lines.iter().map(|line| BookedLine::of(OWED, line)).collect()
}

fn correction(scope: Scope) -> Correction {
    Correction {
        journal: "EXP".to_owned(),
        date: date(2026, 10, 30),
        closed_through: None,
        state: EntryState::Posted,
        reference: format!("MLC-{scope:?}"),
        label: "Reversal of MLC1".to_owned(),
        title: "Expensify 17".to_owned(),
        lengths: (20, 1_000),
    }
}

fn trip(account: &str, minor: i64) -> Vec<Line> {
    vec![line(Side::Expense, account, "200", minor, "E1"), line(Side::Offset, "2010", "", -minor, "E1")]
}

#[test]
fn a_changed_amount_is_a_changed_line_on_both_sides_and_a_net_difference() {
    let diff = Diff::between(booked(&trip("6410", 100_00)), booked(&trip("6410", 90_00)));
    assert_eq!(diff.changes.len(), 2);
    assert!(diff.changes.iter().all(|change| matches!(change, Change::Changed { .. })), "{:?}", diff.changes);
    let net = &diff.net.as_ref().unwrap()[&OWED];
    let sums: Vec<(&str, i64)> = net.iter().map(|line| (line.account.as_str(), line.minor)).collect();
    assert_eq!(sums, [("6410", -10_00), ("2010", 10_00)]);
    let entries = difference_entries(&diff, |scope| Some(correction(scope))).unwrap().unwrap();
    let (entry, amount) = &entries[&OWED];
    assert_eq!((entry.total().minor, amount.minor), (10_00, -10_00));
}

#[test]
fn a_recoded_expense_moves_money_between_accounts_and_leaves_the_offset_alone() {
    let diff = Diff::between(booked(&trip("6410", 100_00)), booked(&trip("6420", 100_00)));
    assert_eq!(diff.changes.len(), 1);
    let [Change::Changed { old, new }] = &diff.changes[..] else { panic!("{:?}", diff.changes) };
    assert_eq!((old.account.as_str(), new.account.as_str()), ("6410", "6420"));
    let (entry, amount) = &difference_entries(&diff, |scope| Some(correction(scope))).unwrap().unwrap()[&OWED];
    assert_eq!((entry.lines().len(), entry.total().minor, amount.minor), (2, 100_00, 0));
}

#[test]
fn a_changed_memo_is_shown_and_cannot_be_posted() {
    let mut new = trip("6410", 100_00);
    new[0].memo = "Jane Doe - Train".to_owned();
    let diff = Diff::between(booked(&trip("6410", 100_00)), booked(&new));
    assert_eq!(diff.changes.len(), 1);
    assert!(!diff.is_postable());
    assert_eq!(difference_entries(&diff, |scope| Some(correction(scope))), Ok(None));
}

#[test]
fn the_same_lines_in_another_order_are_no_difference() {
    let mut new = trip("6410", 100_00);
    new.reverse();
    assert!(Diff::between(booked(&trip("6410", 100_00)), booked(&new)).is_empty());
}

#[test]
fn what_is_gone_is_removed_and_what_is_new_is_added() {
    let gone = Diff::between(booked(&trip("6410", 100_00)), Vec::new());
    assert!(gone.changes.iter().all(|change| matches!(change, Change::Removed(_))));
    let fresh = Diff::between(Vec::new(), booked(&trip("6410", 100_00)));
    assert!(fresh.changes.iter().all(|change| matches!(change, Change::Added(_))));
}

#[test]
fn two_currencies_have_no_net_difference() {
    let mut new = trip("6410", 100_00);
    for line in &mut new {
        line.amount.currency = Currency::parse("EUR").unwrap();
    }
    let diff = Diff::between(booked(&trip("6410", 100_00)), booked(&new));
    assert_eq!((diff.net.clone(), diff.is_postable()), (None, false));
}

#[test]
fn a_reversal_has_every_line_with_the_other_side_and_its_own_reference() {
    let lines = trip("6410", 100_00);
    let entry = reversal_entry(&lines, &correction(OWED)).unwrap();
    assert_eq!(entry.header().title, "Reversal of MLC1: Ex");
    for (back, line) in entry.lines().iter().zip(&lines) {
        assert_ne!(back.direction, line.direction);
        assert_eq!((back.amount, &back.account, &back.dimensions), (line.amount, &line.account, &line.dimensions));
        assert_eq!(back.memo, "Reversal of MLC1: Jane Doe - Airline");
        assert_eq!(back.document, correction(OWED).reference);
    }
}

#[test]
fn a_correction_keeps_its_date_while_that_is_open() {
    let wanted = date(2026, 10, 30);
    assert_eq!(correction_date(wanted, None), (wanted, None));
    assert_eq!(correction_date(wanted, Some(date(2026, 9, 30))), (wanted, None));
    assert_eq!(correction_date(wanted, Some(date(2026, 10, 31))), (date(2026, 11, 1), Some(wanted)));
}

fn some_lines() -> impl Strategy<Value = Vec<Line>> {
    let expense = (1_i64..10_000, 0_usize..3, 0_usize..2, any::<bool>());
    proptest::collection::vec(expense, 1..8).prop_map(|expenses| {
        let mut lines = Vec::new();
        for (index, (minor, account, department, refund)) in expenses.into_iter().enumerate() {
            let signed = if refund { -minor } else { minor };
            let id = format!("E{index}");
            lines.push(line(Side::Expense, ["6410", "6420", "6430"][account], ["100", "200"][department], signed, &id));
            lines.push(line(Side::Offset, "2010", "", -signed, &id));
        }
        lines
    })
}

fn balances(lines: &[Line]) -> BTreeMap<(String, Option<String>), i64> {
    let mut sums = BTreeMap::new();
    for line in lines {
        let signed = if line.direction == Direction::Debit { line.amount.minor } else { -line.amount.minor };
        let place = (line.account.clone(), line.dimensions.get(&Dimension::Department).cloned());
        *sums.entry(place).or_default() += signed;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

proptest! {
    #[test]
    fn what_stands_and_the_difference_together_are_the_new_content(old in some_lines(), new in some_lines()) {
        let diff = Diff::between(booked(&old), booked(&new));
        let entries = difference_entries(&diff, |scope| Some(correction(scope))).unwrap();
        let mut all = old.clone();
        for (entry, _) in entries.into_iter().flat_map(BTreeMap::into_values) {
            all.extend(entry.lines().to_vec());
        }
        prop_assert_eq!(balances(&all), balances(&new));
    }

    #[test]
    fn an_entry_and_its_reversal_together_are_nothing(lines in some_lines()) {
        let mut all = lines.clone();
        all.extend(reversal_entry(&lines, &correction(OWED)).unwrap().lines().to_vec());
        prop_assert_eq!(balances(&all), BTreeMap::new());
    }

    #[test]
    fn each_line_is_told_of_at_most_once(old in some_lines(), new in some_lines()) {
        let (before, after) = (old.len(), new.len());
        let diff = Diff::between(booked(&old), booked(&new));
        let of = |wanted: fn(&Change) -> bool| diff.changes.iter().filter(|change| wanted(change)).count();
        let changed = of(|change| matches!(change, Change::Changed { .. }));
        prop_assert!(of(|change| matches!(change, Change::Removed(_))) + changed <= before);
        prop_assert!(of(|change| matches!(change, Change::Added(_))) + changed <= after);
        prop_assert!(Diff::between(booked(&old), booked(&old)).is_empty());
    }
}
