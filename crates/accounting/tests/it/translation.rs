//! What holds for every translation, whatever the report and the mapping.

use std::collections::{BTreeSet, HashMap};

use accounting::mapping::{CreditLines, Lines};
use accounting::translate::Plan;
use accounting::{Chart, Direction, ExpenseReport, Line, Mapping, Setting, Side, Translation, Translator, translate};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::generate;

fn setting() -> Setting {
    Setting { today: "2026-10-20".parse().unwrap(), company: "acme".to_owned(), generation: 0, run: "r".to_owned() }
}

/// Debits positive.
fn signed(line: &Line) -> i128 {
    let minor = i128::from(line.amount.minor);
    if line.direction == Direction::Debit { minor } else { -minor }
}

/// Every account that the mapping names.
fn mapped(mapping: &Mapping) -> BTreeSet<&str> {
    let offsets = mapping.offsets.by_fund_source.values();
    let overrides =
        offsets.clone().flat_map(|offset| [&offset.cards, &offset.cardholders, &offset.feeds, &offset.kinds]);
    let accounts = mapping.accounts.categories.values();
    let accounts = accounts.chain(mapping.accounts.rules.iter().map(|rule| &rule.account));
    let accounts = accounts.chain(&mapping.accounts.suspense).chain(offsets.map(|offset| &offset.account));
    accounts.chain(overrides.flat_map(|table| table.values())).map(String::as_str).collect()
}

fn check_lines(plan: &Plan, mapping: &Mapping, chart: &Chart) -> TestCaseResult {
    let mapped = mapped(mapping);
    let mut references = BTreeSet::new();
    for planned in &plan.entries {
        prop_assert!(references.insert(planned.reference.as_str().to_owned()));
        let lines = planned.entry.lines();
        prop_assert_eq!(lines.iter().map(signed).sum::<i128>(), 0);
        prop_assert!(lines.len() <= mapping.posting.max_lines.max(2));
        prop_assert!(planned.entry.header().title.chars().count() <= chart.lengths.title);
        let expenses = lines.iter().filter(|line| line.side == Side::Expense).map(signed).sum::<i128>();
        prop_assert_eq!(expenses, i128::from(planned.amount.minor));
        for line in lines {
            prop_assert!(line.amount.minor > 0 && line.amount.currency == planned.entry.currency());
            prop_assert!(mapped.contains(&*line.account), "{} comes from nowhere", line.account);
            let account = &chart.accounts[&line.account];
            prop_assert!(account.active && account.requires.iter().all(|it| line.dimensions.contains_key(it)));
            for (dimension, id) in &line.dimensions {
                prop_assert!(chart.value(dimension, id).unwrap().active);
                prop_assert!(line.reason.dimensions.contains_key(dimension));
            }
            prop_assert!(!line.reason.account.is_empty());
            prop_assert!(line.memo.chars().count() <= chart.lengths.memo);
            prop_assert!(!line.memo.contains(['\n', '\r', '\t']));
        }
    }
    Ok(())
}

fn check_money(plan: &Plan, report: &ExpenseReport, mapping: &Mapping) -> TestCaseResult {
    let minors: HashMap<&str, i64> =
        report.expenses.iter().map(|expense| (expense.id.as_str(), generate::minor(expense))).collect();
    let left_out: i64 = plan.skipped.iter().map(|expense| expense.amount.unwrap().minor).sum();
    prop_assert_eq!(plan.amount.minor + left_out, minors.values().sum::<i64>());
    prop_assert_eq!(plan.entries.iter().map(|entry| entry.amount.minor).sum::<i64>(), plan.amount.minor);
    let lines = || plan.entries.iter().flat_map(|entry| entry.entry.lines());
    let traced = |side| lines().filter(move |line| line.side == side).flat_map(|line| &line.expenses);
    let mut seen: Vec<&str> = traced(Side::Expense).map(String::as_str).collect();
    seen.extend(plan.skipped.iter().map(|expense| expense.expense.as_str()));
    seen.sort_unstable();
    let mut all: Vec<&str> = minors.keys().copied().collect();
    all.sort_unstable();
    prop_assert_eq!(seen, all, "each expense stands in one line or is left out");
    let offsets: Vec<&String> = traced(Side::Offset).collect();
    let different: BTreeSet<&&String> = offsets.iter().collect();
    prop_assert_eq!(different.len(), offsets.len());
    for line in lines() {
        let net: i64 = line.expenses.iter().map(|id| minors[id.as_str()]).sum();
        let side = if line.side == Side::Expense { 1 } else { -1 };
        prop_assert_eq!(i128::from(net) * side, signed(line));
    }
    // A summarised line may hold expenses of one offset account that net to nothing, which then needs no line.
    if mapping.posting.credit_lines == CreditLines::PerExpense && mapping.posting.lines == Lines::PerExpense {
        prop_assert!(traced(Side::Offset).count() == traced(Side::Expense).count());
    }
    Ok(())
}

/// What holds for an outcome of any report.
fn check_outcome(outcome: &Translation, report: &ExpenseReport) -> TestCaseResult {
    if let Translation::Held(held) = outcome {
        prop_assert!(!held.problems.is_empty());
        let different: BTreeSet<_> = held.problems.iter().collect();
        prop_assert_eq!(different.len(), held.problems.len());
        let ids: Vec<&str> = report.expenses.iter().map(|expense| expense.id.as_str()).collect();
        for problem in &held.problems {
            prop_assert!(problem.expense.as_deref().is_none_or(|id| ids.contains(&id)));
            prop_assert!(!problem.detail.is_empty());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_fine_report_becomes_balanced_entries(report in generate::fine_report(), options in generate::options()) {
        let (mapping, chart) = (generate::mapping(&options), generate::chart());
        match translate(&report, &mapping, &chart, &setting()) {
            Translation::Ready(plan) => {
                check_lines(&plan, &mapping, &chart)?;
                check_money(&plan, &report, &mapping)?;
            }
            Translation::Skipped(skip) => {
                prop_assert_eq!(skip.expenses.len(), report.expenses.len());
                let sum: i64 = skip.expenses.iter().map(|expense| expense.amount.unwrap().minor).sum();
                prop_assert_eq!(skip.amount.unwrap().minor, sum);
            }
            Translation::Held(held) => prop_assert!(false, "{:?} with {:?}", held.problems, options),
        }
    }

    #[test]
    fn a_wild_report_does_no_harm(report in generate::wild_report(), options in generate::options()) {
        let (mapping, chart) = (generate::mapping(&options), generate::chart());
        let outcome = translate(&report, &mapping, &chart, &setting());
        check_outcome(&outcome, &report)?;
        // A source's own GL code may lead to an account that the mapping does not name.
        if let (Translation::Ready(plan), false) = (&outcome, options.contains(&"use source codes: yes")) {
            check_lines(plan, &mapping, &chart)?;
        }
    }

    #[test]
    fn the_same_input_gives_the_same_output(report in generate::fine_report(), options in generate::options()) {
        let (mapping, chart) = (generate::mapping(&options), generate::chart());
        let translator = Translator::new(&mapping, &chart);
        let once = translator.translate(&report, &setting());
        prop_assert_eq!(&translator.translate(&report, &setting()), &once);
        prop_assert_eq!(&translate(&report, &mapping.clone(), &chart.clone(), &setting()), &once);
    }

    #[test]
    fn the_order_of_tables_does_not_matter(
        report in generate::fine_report(),
        options in generate::options().prop_shuffle(),
        rows in Just(vec!["category a: 6400", "category A: 6410", "value department x: 300", "category b : 6420"]).prop_shuffle(),
    ) {
        let mut sorted = options.clone();
        sorted.sort_unstable();
        // Of one setting the last line stands, so only lines of different settings may change places.
        prop_assume!(generate::mapping(&options) == generate::mapping(&sorted));
        let with = |lines: &[&str]| translate(&report, &generate::mapping(lines), &generate::chart(), &setting());
        prop_assert_eq!(with(&[options.clone(), rows.clone()].concat()), with(&[rows, sorted].concat()));
    }

    #[test]
    fn one_bad_expense_holds_the_whole_report(report in generate::fine_report(), at in any::<prop::sample::Index>()) {
        let mut report = report;
        let at = at.index(report.expenses.len());
        report.expenses[at].category = Some("Team Offsite".to_owned());
        prop_assume!(generate::minor(&report.expenses[at]) != 0);
        let outcome = translate(&report, &generate::mapping(&["closed period: draft"]), &generate::chart(), &setting());
        let Translation::Held(held) = outcome else { return Err(TestCaseError::fail("not held")) };
        prop_assert_eq!(held.problems.len(), 1);
        let id = format!("e{at}");
        prop_assert_eq!(held.problems[0].expense.as_deref(), Some(id.as_str()));
        let left_out: i64 = held.skipped.iter().map(|expense| expense.amount.unwrap().minor).sum();
        prop_assert_eq!(held.amount.unwrap().minor + left_out, report.total.unwrap().units);
    }
}
