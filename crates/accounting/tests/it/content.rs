//! The content hash: alike for what is no change, different for every change that entries depend on.

use accounting::report::{Card, Tag};
use accounting::{Expense, ExpenseReport, ReportState, SourceAmount};
use proptest::prelude::*;

use crate::generate;

type Change = (&'static str, fn(&mut ExpenseReport));

fn first(report: &mut ExpenseReport) -> &mut Expense {
    &mut report.expenses[0]
}

fn append(text: &mut Option<String>) {
    text.get_or_insert_default().push('x');
}

fn more(amount: &mut Option<SourceAmount>) {
    *amount = Some(SourceAmount { units: amount.map_or(0, |amount| amount.units ^ 1), scale: 2 });
}

const RELEVANT: &[Change] = &[
    ("id", |report| report.id.push('x')),
    ("number", |report| append(&mut report.number)),
    ("name", |report| report.name.push('x')),
    ("workspace id", |report| report.policy_id.push('x')),
    ("workspace name", |report| report.policy_name.push('x')),
    ("employee name", |report| report.employee.name.push('x')),
    ("employee e-mail", |report| report.employee.email.push('x')),
    ("employee id", |report| append(&mut report.employee.id)),
    ("no longer approved", |report| report.state = ReportState::Submitted),
    ("currency", |report| append(&mut report.currency)),
    ("total", |report| more(&mut report.total)),
    ("submitted", |report| report.submitted = report.submitted.map_or(Some("2026-01-01".parse().unwrap()), |_| None)),
    ("approved", |report| report.approved = report.approved.map_or(Some("2026-01-01".parse().unwrap()), |_| None)),
    ("a field", |report| drop(report.fields.insert("new field".to_owned(), String::new()))),
    ("an expense more", |report| report.expenses.push(Expense::default())),
    ("an expense less", |report| drop(report.expenses.remove(0))),
    ("expense id", |report| first(report).id.push('x')),
    ("kind", |report| append(&mut first(report).kind)),
    ("original", |report| more(&mut first(report).original)),
    ("modified", |report| more(&mut first(report).modified)),
    ("converted", |report| more(&mut first(report).converted)),
    ("expense currency", |report| append(&mut first(report).currency)),
    ("rate", |report| append(&mut first(report).rate)),
    ("day", |report| first(report).date = first(report).date.map_or(Some("2026-01-01".parse().unwrap()), |_| None)),
    ("card posted", |report| {
        let day = &mut first(report).card_posted;
        *day = day.map_or(Some("2026-01-01".parse().unwrap()), |_| None);
    }),
    ("merchant", |report| append(&mut first(report).merchant)),
    ("original merchant", |report| append(&mut first(report).original_merchant)),
    ("category", |report| append(&mut first(report).category)),
    ("category code", |report| append(&mut first(report).category_code)),
    ("tag", |report| first(report).tags.push(Tag::default())),
    ("tag code", |report| {
        let tags = &mut first(report).tags;
        match tags.last_mut() {
            Some(tag) => append(&mut tag.code),
            None => tags.push(Tag::default()),
        }
    }),
    ("comment", |report| append(&mut first(report).comment)),
    ("paid by", |report| {
        let expense = first(report);
        expense.reimbursable = if expense.reimbursable == Some(true) { None } else { Some(true) };
    }),
    ("card", |report| {
        let card = &mut first(report).card;
        *card = if card.is_some() { None } else { Some(Card::default()) };
    }),
    ("card number", |report| append(&mut first(report).card.get_or_insert_default().last_four)),
    ("card name", |report| append(&mut first(report).card.get_or_insert_default().name)),
    ("card feed", |report| append(&mut first(report).card.get_or_insert_default().feed)),
    ("text moved to the next field", |report| {
        let expense = first(report);
        expense.comment = Some(format!("{}x", expense.comment.take().unwrap_or_default()));
        expense.merchant = Some(format!("x{}", expense.merchant.take().unwrap_or_default()));
    }),
];

const IRRELEVANT: &[Change] = &[
    ("paid", |report| report.state = ReportState::Reimbursed),
    ("archived", |report| report.state = ReportState::Archived),
    ("day of payment", |report| report.reimbursed = Some("2026-12-01".parse().unwrap())),
    ("manager", |report| report.manager = Some(report.employee.clone())),
    ("approver", |report| report.approver = Some(report.employee.clone())),
    ("report link", |report| append(&mut report.url)),
    ("receipt link", |report| append(&mut first(report).receipt_url)),
    ("day it was begun", |report| report.created = Some("2026-01-02".parse().unwrap())),
    ("zeros after the point", |report| {
        let written = |amount: SourceAmount| match amount.units.checked_mul(10) {
            Some(units) if amount.scale < 9 => SourceAmount { units, scale: amount.scale + 1 },
            _ => amount,
        };
        report.total = report.total.map(written);
        first(report).original = first(report).original.map(written);
    }),
];

proptest! {
    #[test]
    fn every_relevant_change_differs_and_no_other(mut report in generate::wild_report()) {
        report.state = ReportState::Approved;
        if report.expenses.is_empty() {
            report.expenses.push(Expense::default());
        }
        let before = report.content_hash();
        prop_assert_eq!(report.clone().content_hash(), before);
        for (what, change) in RELEVANT {
            let mut changed = report.clone();
            change(&mut changed);
            prop_assert_ne!(changed.content_hash(), before, "{}", what);
        }
        for (what, change) in IRRELEVANT {
            let mut changed = report.clone();
            change(&mut changed);
            prop_assert_eq!(changed.content_hash(), before, "{}", what);
        }
    }
}

#[test]
fn the_layout_does_not_change_by_accident() {
    // Stored hashes are compared with new ones: a change of the layout would make every report look edited.
    let hash = generate::plain_report().content_hash();
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "4e559fb665587fa5ea613146539e5a8675edbfacf4aaa763ab7500442ee57421");
}
