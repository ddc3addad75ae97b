//! How long one report of eight expenses takes, in nanoseconds of processor time: `cargo run --release -p accounting --example
//! translate_floor`. A tool for whoever changes the hot path; it checks nothing.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::hint::black_box;

use accounting::mapping::*;
use accounting::report::{Card, Person, ReportState, Tag};
use accounting::template::Template;
use accounting::*;

const CATEGORIES: u32 = 26;
const ROUNDS: u32 = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let (mapping, chart) = (mapping()?, chart());
    let report = report()?;
    let setting = Setting {
        today: "2026-10-20".parse()?,
        company: "acme".to_owned(),
        generation: 0,
        run: "run_0190c0ffee".to_owned(),
    };
    let translator = Translator::new(&mapping, &chart);
    match translator.translate(&report, &setting) {
        Translation::Ready(plan) => println!("{} entries of {}", plan.entries.len(), plan.amount),
        other => return Err(format!("{other:?}").into()),
    }
    time("translate", || drop(black_box(translator.translate(black_box(&report), &setting))));
    time("content_hash", || {
        black_box(black_box(&report).content_hash());
    });
    time("Translator::new", || drop(black_box(Translator::new(black_box(&mapping), &chart))));
    Ok(())
}

fn time(what: &str, mut once: impl FnMut()) {
    let start = cpu_ns();
    for _ in 0..ROUNDS {
        once();
    }
    println!("{what}: {} ns", cpu_ns().saturating_sub(start) / u64::from(ROUNDS));
}

/// Time on the processor, which other programs on the machine do not lengthen. Linux only; else 0.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn mapping() -> Result<Mapping, Box<dyn Error>> {
    let funds = [FundSource::Reimbursable, FundSource::CompanyCard];
    let states = BTreeSet::from([ReportState::Approved, ReportState::Reimbursed]);
    let rule = |from, matching, values, fallback, missing| DimensionRule { from, matching, values, fallback, missing };
    let departments = texts(&[("Sales", "200"), ("Delivery", "300")]);
    let employee = ValueSource::Employee;
    let when = Condition {
        category: Some("Category 3".to_owned()),
        tags: BTreeMap::from([(1, "Sales".to_owned())]),
        ..Condition::default()
    };
    let offset = |account: &str, cards| Offset { account: account.to_owned(), cards, ..Offset::default() };
    let personal = Condition { category: Some("Personal".to_owned()), ..Condition::default() };
    Ok(Mapping {
        version: 1,
        selection: Selection {
            policies: None,
            states: funds.into_iter().map(|fund| (fund, states.clone())).collect(),
            cut_over: "2020-01-01".parse()?,
            backfills: Vec::new(),
            skip: vec![personal],
            zero_amounts: ZeroAmounts::Skip,
        },
        accounts: AccountRules {
            categories: (0..CATEGORIES).map(|n| (format!("Category {n}"), format!("{}", 6000 + n))).collect(),
            rules: vec![AccountRule { when, account: "6000".to_owned() }],
            ..AccountRules::default()
        },
        dimensions: BTreeMap::from([
            (
                Dimension::Department,
                rule(ValueSource::Tag(1), Matching::Table, departments, vec![employee.clone()], Missing::Hold),
            ),
            (Dimension::Project, rule(ValueSource::Tag(2), Matching::Id, BTreeMap::new(), vec![], Missing::Blank)),
            (Dimension::Location, rule(employee, Matching::Table, BTreeMap::new(), vec![], Missing::Hold)),
        ]),
        offsets: Offsets {
            by_fund_source: BTreeMap::from([
                (FundSource::Reimbursable, offset("2010", BTreeMap::new())),
                (FundSource::CompanyCard, offset("2050", texts(&[("9999", "2051")]))),
            ]),
        },
        posting: PostingRules {
            journal: BTreeMap::from([
                (FundSource::Reimbursable, "EXP".to_owned()),
                (FundSource::CompanyCard, "CC".to_owned()),
            ]),
            date: PostingDate::Approved,
            closed_period: ClosedPeriod::Hold,
            future: Future::Hold,
            state: EntryState::Posted,
            group: Group::ReportAndFundSource,
            lines: Lines::PerExpense,
            credit_lines: CreditLines::PerReport,
            max_lines: 500,
            title: Template::parse("Expensify {report_number} {employee_name} {approved}")?,
            memo: Template::parse("{employee_name} - {merchant} - {category} - {comment}")?,
            document: Template::parse("{key}")?,
            ceiling_entry: Some(Amount::parse("50000.00", Currency::parse("USD")?)?),
            rounding_tolerance_minor: 1,
        },
    })
}

fn chart() -> Chart {
    let mut chart = Chart::default();
    let expenses = (0..CATEGORIES).map(|n| format!("{}", 6000 + n));
    for number in expenses.chain(["2010", "2050", "2051"].map(str::to_owned)) {
        let requires = match number.starts_with('6') {
            true => BTreeSet::from([Dimension::Department, Dimension::Location]),
            false => BTreeSet::new(),
        };
        let account = Account { number: number.clone(), title: "Account".to_owned(), active: true, requires };
        chart.accounts.insert(number, account);
    }
    let mut add = |dimension, id: &str, implies: &[(Dimension, &str)], email: Option<String>| {
        let implies = implies.iter().map(|(dimension, id)| (dimension.clone(), (*id).to_owned())).collect();
        let value = Value {
            id: id.to_owned(),
            name: format!("Name of {id}"),
            active: true,
            implies,
            aliases: email.into_iter().collect(),
        };
        chart.values.entry(dimension).or_default().insert(id.to_owned(), value);
    };
    for id in ["100", "200", "300"] {
        add(Dimension::Department, id, &[], None);
    }
    add(Dimension::Location, "NY", &[], None);
    add(Dimension::Customer, "C-100", &[], None);
    add(Dimension::Project, "P-1001", &[(Dimension::Customer, "C-100")], None);
    for n in 0..60 {
        let implies = [(Dimension::Department, "100"), (Dimension::Location, "NY")];
        add(Dimension::Employee, &format!("E{n:03}"), &implies, Some(format!("person{n}@example.com")));
    }
    for symbol in ["EXP", "CC"] {
        let journal = Journal { symbol: symbol.to_owned(), title: String::new(), active: true };
        chart.journals.insert(symbol.to_owned(), journal);
    }
    chart
}

fn report() -> Result<ExpenseReport, Box<dyn Error>> {
    let person = |n: u32| Person {
        name: "Ada O'Brien".to_owned(),
        email: format!("person{n}@example.com"),
        id: Some(format!("E{n:03}")),
    };
    let expense = |n: u32| -> Result<Expense, Box<dyn Error>> {
        let tag = |name: &str, code: Option<&str>| Tag { name: name.to_owned(), code: code.map(str::to_owned) };
        let project = if n.is_multiple_of(4) { tag("Acme Rollout", Some("P-1001")) } else { tag("", None) };
        let card = Card { last_four: Some("1234".to_owned()), name: None, feed: Some("Example Bank".to_owned()) };
        Ok(Expense {
            id: format!("{}", 7_000_000_000_000_000_000_u64 + u64::from(n)),
            original: Some(SourceAmount::hundredths(1_234 + i64::from(n) * 100)),
            currency: Some("USD".to_owned()),
            date: Some("2026-09-28".parse()?),
            merchant: Some("Delta Air Lines".to_owned()),
            category: Some(format!("Category {n}")),
            tags: vec![tag("Sales", Some("200")), project],
            comment: Some("Visit to the customer".to_owned()),
            reimbursable: Some(n.is_multiple_of(2)),
            card: (n % 2 == 1).then_some(card),
            ..Expense::default()
        })
    };
    let expenses: Vec<Expense> = (0..8).map(expense).collect::<Result<_, _>>()?;
    let total = expenses.iter().filter_map(|expense| expense.original).map(|amount| amount.units).sum();
    Ok(ExpenseReport {
        id: "R00AbCdEfGhI".to_owned(),
        number: Some("1234567".to_owned()),
        name: "October travel".to_owned(),
        policy_id: "0123456789ABCDEF".to_owned(),
        policy_name: "Acme US".to_owned(),
        employee: person(7),
        manager: None,
        approver: Some(person(8)),
        state: ReportState::Approved,
        currency: Some("USD".to_owned()),
        total: Some(SourceAmount::hundredths(total)),
        url: None,
        created: None,
        submitted: Some("2026-10-03".parse()?),
        approved: Some("2026-10-05".parse()?),
        reimbursed: None,
        fields: BTreeMap::new(),
        expenses,
    })
}
