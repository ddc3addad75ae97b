//! Reports and mappings made by chance: plain ones that should pass, and wild ones that must not do harm.

use accounting::report::{Card, Person, Tag};
use accounting::{Chart, Currency, Date, Expense, ExpenseReport, Mapping, ReportState, SourceAmount};
use proptest::prelude::*;

use crate::cases;

/// A report without expenses.
pub fn plain_report() -> ExpenseReport {
    cases::report::empty()
}

/// A mapping of the base with some options set otherwise, as the lines of a mapping file.
pub fn options() -> impl Strategy<Value = Vec<&'static str>> {
    let choices: [&[&str]; 13] = [
        &["group: report", "group: expense", "max lines: 500"],
        &["lines: summarised", "max lines: 500"],
        &["credit lines: per expense", "credit lines: per card", "credit lines: per employee", "max lines: 500"],
        &["max lines: 500", "max lines: 2", "max lines: 3", "max lines: 7", "max lines: 0"],
        &["date: approved", "date: last expense", "date: submitted", "date: export", "date: expense"],
        &["closed period: next open day", "closed period: draft", "closed period: next open period"],
        &[
            "offset reimbursable dimensions: copy",
            "offset reimbursable dimensions: vendor=V-CARD",
            "zero amounts: skip",
        ],
        &["dimension project: from tag 2; match id; missing blank", "zero amounts: skip"],
        &["dimension class: from category; match name; fallback constant N", "zero amounts: skip"],
        &["rule category = airfare; tag 1 = SALES: 6425", "rule everything: 6420", "zero amounts: skip"],
        &["skip: category = Lodging", "skip: amount at most = 1.00 USD", "zero amounts: skip"],
        &["suspense: 9999", "use source codes: yes", "zero amounts: skip"],
        &["offset company_card card 1234: 2051", "offset other: 9999", "zero amounts: skip"],
    ];
    choices.map(prop::sample::select).to_vec()
}

/// The base mapping with `options`, its tables filled in the order of `lines`.
pub fn mapping(options: &[&str]) -> Mapping {
    let mut mapping = cases::mapping::empty();
    cases::mapping::apply(&mut mapping, &cases::read(&cases::folder().join("base/mapping.txt")));
    cases::mapping::apply(&mut mapping, &options.join("\n"));
    mapping
}

/// The base chart, for a company that keeps its books in any currency.
pub fn chart() -> Chart {
    let mut chart = Chart::default();
    cases::chart::apply(&mut chart, &cases::read(&cases::folder().join("base/chart.txt")));
    chart.base_currency = None;
    chart
}

/// A report that the base mapping takes whole: mapped categories, exact amounts, a total that is right.
pub fn fine_report() -> impl Strategy<Value = ExpenseReport> {
    let currency = prop::sample::select(vec!["USD", "JPY", "KWD"]);
    (currency, prop::collection::vec(fine_expense(), 1..40)).prop_map(|(currency, mut expenses)| {
        let mut report = plain_report();
        let exponent = Currency::parse(currency).unwrap().exponent();
        let mut total = 0;
        for (index, expense) in expenses.iter_mut().enumerate() {
            expense.id = format!("e{index}");
            let scale =
                |amount: &mut Option<SourceAmount>| amount.iter_mut().for_each(|amount| amount.scale = exponent);
            scale(&mut expense.original);
            scale(&mut expense.modified);
            scale(&mut expense.converted);
            if expense.currency.is_none() {
                expense.currency = Some(currency.to_lowercase());
            }
            total += minor(expense);
        }
        report.currency = Some(currency.to_owned());
        report.total = Some(SourceAmount { units: total, scale: exponent });
        report.expenses = expenses;
        report
    })
}

/// What a fine expense counts for, by the rule as written down: another currency, converted; else modified, else
/// original.
pub fn minor(expense: &Expense) -> i64 {
    let foreign = expense.currency.as_deref() == Some("CHF");
    let amount = if foreign { expense.converted } else { expense.modified.or(expense.original) };
    amount.map_or(0, |amount| amount.units)
}

fn fine_expense() -> impl Strategy<Value = Expense> {
    let amount = || prop_oneof![4 => 1..500_000_i64, 2 => -50_000..0_i64, 1 => Just(0_i64), 1 => -3..4_i64];
    let amount = move || amount().prop_map(|units| SourceAmount { units, scale: 2 });
    let category = prop::sample::select(vec!["Airfare", " airfare", "LODGING", "Meals & Entertainment"]);
    let tags = prop::sample::select(vec!["Sales", "delivery ", ""]);
    let project = prop::sample::select(vec!["P-1001", "P-2001", "", "nowhere"]);
    let currency = prop::option::weighted(0.2, Just("CHF".to_owned()));
    let amounts = (amount(), prop::option::of(amount()), amount());
    let day = prop::sample::select(vec!["2026-08-30", "2026-09-01", "2026-09-02"]);
    (amounts, currency, category, tags, project, paid_by(), text(), day).prop_map(
        |((original, modified, converted), currency, category, tag, project, (reimbursable, card), text, day)| {
            Expense {
                original: Some(original),
                modified,
                converted: Some(converted),
                currency,
                category: Some(category.to_owned()),
                tags: [tag, project].map(|name| Tag { name: name.to_owned(), code: None }).to_vec(),
                reimbursable,
                card,
                merchant: Some(text.clone()),
                comment: Some(text),
                date: Some(day.parse().unwrap()),
                ..Expense::default()
            }
        },
    )
}

fn paid_by() -> impl Strategy<Value = (Option<bool>, Option<Card>)> {
    let card = (prop::sample::select(vec!["1234", "5678", ""]), prop::option::of(text()), prop::option::of(text()));
    let card = card.prop_map(|(last_four, name, feed)| Card { last_four: Some(last_four.to_owned()), name, feed });
    (prop::option::of(any::<bool>()), prop::option::of(card))
}

/// Texts as people and programs write them, hostile ones among them.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-zA-Z ]{0,12}",
        any::<String>(),
        prop::sample::select(vec![
            "]]>",
            "<&\"'",
            "\u{0}",
            "\u{202e}abc",
            "=1+1",
            "a\r\nb\tc",
            "{key}",
            "İıßςΣ",
            "e\u{301}\u{301}"
        ])
        .prop_map(str::to_owned),
        "[👨‍👩‍👧é]{0,300}",
    ]
}

fn wild_amount() -> impl Strategy<Value = Option<SourceAmount>> {
    let units = prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), Just(0), -1_000..1_000_i64];
    let scale = prop_oneof![4 => Just(2_u8), 1 => 0..6_u8, 1 => any::<u8>()];
    prop::option::weighted(0.8, (units, scale).prop_map(|(units, scale)| SourceAmount { units, scale }))
}

fn wild_date() -> impl Strategy<Value = Option<Date>> {
    let dates = vec![Date::MIN, Date::MAX, Date::ZERO, "2026-09-15".parse().unwrap(), "2024-02-29".parse().unwrap()];
    prop::option::weighted(0.8, prop::sample::select(dates))
}

fn wild_expense() -> impl Strategy<Value = Expense> {
    let optional = || prop::option::of(text());
    let currency = || prop::option::of(prop_oneof![Just("USD".to_owned()), Just("jpy ".to_owned()), text()]);
    let category = prop_oneof![Just(Some("Airfare".to_owned())), Just(Some("Uncategorized".to_owned())), optional()];
    let tag = (text(), optional()).prop_map(|(name, code)| Tag { name, code });
    let texts = (text(), optional(), optional(), optional(), optional(), optional());
    let coding = (category, optional(), prop::collection::vec(tag, 0..4), paid_by());
    let amounts = (wild_amount(), wild_amount(), wild_amount(), currency());
    (texts, coding, amounts, wild_date(), wild_date()).prop_map(|(texts, coding, amounts, date, card_posted)| {
        let (id, kind, rate, merchant, original_merchant, comment) = texts;
        let (category, category_code, tags, (reimbursable, card)) = coding;
        let (original, modified, converted, currency) = amounts;
        Expense {
            id,
            kind,
            rate,
            merchant,
            original_merchant,
            comment,
            category,
            category_code,
            tags,
            reimbursable,
            card,
            original,
            modified,
            converted,
            currency,
            date,
            card_posted,
            billable: false,
            receipt_url: None,
        }
    })
}

/// A report as a broken or hostile source might send it.
pub fn wild_report() -> impl Strategy<Value = ExpenseReport> {
    let states = [
        ReportState::Open,
        ReportState::Submitted,
        ReportState::Approved,
        ReportState::Reimbursed,
        ReportState::Archived,
    ];
    let optional = || prop::option::of(text());
    let person = || (text(), text(), prop::option::of(text())).prop_map(|(name, email, id)| Person { name, email, id });
    let currency = prop_oneof![3 => Just(Some("USD".to_owned())), 1 => optional()];
    let texts = (text(), optional(), text(), text(), text());
    let dates = (wild_date(), wild_date(), wild_date(), wild_date());
    let fields = prop::collection::btree_map(text(), text(), 0..3);
    let state = prop_oneof![3 => Just(ReportState::Approved), 1 => prop::sample::select(states.to_vec())];
    let money = (currency, wild_amount());
    (
        texts,
        (person(), prop::option::of(person())),
        state,
        money,
        dates,
        fields,
        prop::collection::vec(wild_expense(), 0..6),
    )
        .prop_map(|(texts, (employee, manager), state, (currency, total), dates, fields, expenses)| {
            let (id, number, name, policy_id, policy_name) = texts;
            let (created, submitted, approved, reimbursed) = dates;
            ExpenseReport {
                id,
                number,
                name,
                policy_id,
                policy_name,
                employee,
                manager,
                state,
                currency,
                total,
                fields,
                expenses,
                created,
                submitted,
                approved,
                reimbursed,
                approver: None,
                url: None,
            }
        })
}
