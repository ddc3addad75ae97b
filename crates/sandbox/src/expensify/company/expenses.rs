//! The expenses of a report, one by one, from the seed.
//!
//! A clean expense can be posted with a sensible mapping; what is not clean is put in on purpose, by `Flaw`.

use super::dice::Dice;
use super::heads::Flaw;
use super::ids::Ids;
use super::policy::TagSetup;
use super::report::{Card, Expense, Head, Tax, Units};
use super::texts;
use crate::world::{CATEGORIES, CategoryFact, DEPARTMENTS, EMPLOYEES, EmployeeFact, MERCHANTS, PROJECTS, employee};
use jiff::Span;
use std::sync::Arc;

const SALT: u64 = 0x4558_5053;
/// The account that wants a project.
const PROJECT_ACCOUNT: &str = "6900";

/// Foreign currencies: code, millionths of a dollar for one of it, smallest step in hundredths.
const CURRENCIES: &[(&str, i64, i64)] = &[
    ("EUR", 1_083_470, 1),
    ("GBP", 1_271_905, 1),
    ("JPY", 6_712, 100),
    ("CAD", 731_450, 1),
    ("KWD", 3_251_200, 1),
    ("CHF", 1_118_033, 5),
];

/// All expenses of generated report `head.number`; `count` in scale mode.
pub fn generate(
    seed: u64,
    head: &Head,
    submitter: &EmployeeFact,
    flaw: Option<Flaw>,
    count: Option<usize>,
) -> Vec<Arc<Expense>> {
    let n = u64::from(head.number);
    let mut dice = Dice::new(seed, n, SALT);
    let number = count.unwrap_or_else(|| 1 + dice.index(6) + dice.index(8));
    let ids = Ids::new(seed);
    let mut expenses: Vec<Expense> = Vec::with_capacity(number + 1);
    for index in 0..number {
        let mut expense = plain(&mut dice, head, submitter);
        expense.transaction_id = ids.transaction_id(head.number, index);
        if count.is_none() {
            vary(&mut dice, &mut expense, head);
        }
        expenses.push(expense);
    }
    if count.is_none() && dice.percent(6) {
        split_last(&mut expenses, &ids.transaction_id(head.number, number));
    }
    if let (Some(flaw), Some(first)) = (flaw, expenses.first_mut()) {
        spoil(first, flaw);
    }
    expenses.into_iter().map(Arc::new).collect()
}

/// A clean expense that the employee paid.
fn plain(dice: &mut Dice, head: &Head, submitter: &EmployeeFact) -> Expense {
    let category = weighted(dice, head.policy.tags == TagSetup::TwoLevels);
    let amount = dice.between(category.range_minor.0, category.range_minor.1);
    let days = dice.between(0, 25);
    let created = head.created.date().saturating_sub(Span::new().days(days));
    Expense {
        transaction_id: String::new(),
        kind: "cash",
        created,
        inserted: created.at(19, 5, 0, 0).saturating_add(Span::new().seconds(dice.between(0, 3_600))),
        merchant: (*dice.pick(MERCHANTS)).to_string(),
        modified_merchant: None,
        modified_created: None,
        currency: head.policy.currency,
        amount_hundredths: amount,
        modified_hundredths: None,
        converted_hundredths: None,
        rate_millionths: None,
        category: category.name.to_string(),
        tags: tags(dice, head, submitter, category),
        comment: (*dice.pick(texts::COMMENTS)).to_string(),
        reimbursable: true,
        billable: false,
        card: None,
        receipt_id: dice.percent(80).then(|| 9_000_000_000 + dice.below(900_000_000)),
        mcc: dice.pick::<&str>(&["5812", "4121", "7011", "4511", "5943", "4816"]),
        units: None,
        tax: None,
        attendees: Vec::new(),
    }
}

/// A category by its weight; what needs a project only where there are projects.
fn weighted(dice: &mut Dice, has_projects: bool) -> &'static CategoryFact {
    let weight =
        |fact: &CategoryFact| if has_projects || fact.gl_code != PROJECT_ACCOUNT { u64::from(fact.weight) } else { 0 };
    let mut throw = dice.below(CATEGORIES.iter().map(weight).sum());
    for fact in CATEGORIES {
        match throw.checked_sub(weight(fact)) {
            Some(rest) => throw = rest,
            None => return fact,
        }
    }
    &CATEGORIES[0]
}

/// The employee's department; a project where the category's account wants one, and sometimes otherwise.
fn tags(dice: &mut Dice, head: &Head, submitter: &EmployeeFact, category: &CategoryFact) -> Vec<String> {
    let department = DEPARTMENTS.iter().find(|(id, _, _)| *id == submitter.department);
    let mut tags = vec![department.map_or(String::new(), |(_, title, _)| (*title).to_string())];
    if head.policy.tags == TagSetup::TwoLevels {
        let active: Vec<&str> =
            PROJECTS.iter().filter(|(_, _, _, active)| *active).map(|(_, name, _, _)| *name).collect();
        let wanted = category.gl_code == PROJECT_ACCOUNT || dice.percent(35);
        tags.push(if wanted { (*dice.pick(&active)).to_string() } else { String::new() });
    }
    tags
}

/// What makes a real month of expenses: cards, refunds, foreign money, corrections, distances, odd text.
fn vary(dice: &mut Dice, expense: &mut Expense, head: &Head) {
    if dice.percent(35) {
        expense.reimbursable = false;
        expense.kind = "card";
        expense.card = (!dice.percent(3)).then(|| card(dice, head.submitter));
    }
    if expense.category == "Mileage" {
        drive(dice, expense);
    } else {
        match dice.below(100) {
            0..6 => abroad(dice, expense),
            6..9 => expense.amount_hundredths = -expense.amount_hundredths / 2 - 1,
            9..14 => expense.modified_hundredths = Some(dice.between(100, expense.amount_hundredths.max(200))),
            14..15 => {
                // Corrected to nothing; a conversion from before the correction is left standing.
                expense.modified_hundredths = Some(0);
                expense.converted_hundredths = Some(expense.amount_hundredths);
            }
            15..16 => expense.amount_hundredths = 0,
            _ => {}
        }
    }
    if dice.percent(4) {
        expense.modified_merchant = Some((*dice.pick(MERCHANTS)).to_string());
    }
    if dice.percent(2) {
        expense.modified_created = Some(expense.created.tomorrow().unwrap_or(expense.created));
    }
    expense.comment = match dice.below(200) {
        0..12 => (*dice.pick(texts::AWKWARD_COMMENTS)).to_string(),
        12..14 => texts::long_comment(),
        14 => texts::NUL_COMMENT.to_string(),
        _ => std::mem::take(&mut expense.comment),
    };
    expense.billable = dice.percent(15);
    if expense.category.starts_with("Client") || dice.percent(5) {
        expense.attendees = (0..1 + dice.below(3)).map(|_| attendee(dice)).collect();
    }
    if head.policy.tax && expense.amount_hundredths > 0 && dice.percent(40) {
        let amount_hundredths = expense.amount_hundredths * 8_875 / 108_875;
        expense.tax = Some(Tax { amount_hundredths, name: "NY Sales Tax", rate: "8.875%", code: "id_TAX_RATE_1" });
    }
}

fn attendee(dice: &mut Dice) -> (String, String) {
    let person = employee(dice.index(EMPLOYEES));
    (person.email, format!("{} {}", person.first, person.last))
}

/// The card of employee number `n`; the first five share the executives' card.
fn card(dice: &mut Dice, n: usize) -> Card {
    if n < 5 {
        return Card {
            bank: "Example Card Bank",
            id: 700_001,
            name: "Executive Card - 1234".into(),
            number: "4790XXXXXXXX1234".into(),
        };
    }
    let bank = if dice.percent(20) { "Second Card Bank" } else { "Example Card Bank" };
    let last_four = 2_000 + n;
    Card {
        bank,
        id: 710_000 + n as u64,
        name: format!("Company Card - {last_four}"),
        number: format!("4790XXXXXXXX{last_four}"),
    }
}

fn drive(dice: &mut Dice, expense: &mut Expense) {
    let miles = dice.between(4, 180);
    expense.kind = "distance";
    expense.merchant = format!("{miles} mi @ $0.70 / mi");
    expense.amount_hundredths = miles * 70;
    expense.units = Some(Units { count_hundredths: miles * 100, rate_thousandths: 700 });
    expense.receipt_id = None;
    expense.reimbursable = true;
    expense.card = None;
}

fn abroad(dice: &mut Dice, expense: &mut Expense) {
    let (currency, rate, step) = *dice.pick(CURRENCIES);
    let dollars = expense.amount_hundredths.max(500);
    let foreign = (dollars * 1_000_000 / rate / step).max(1) * step;
    expense.currency = currency;
    expense.amount_hundredths = foreign;
    expense.modified_hundredths = dice.percent(10).then_some(foreign + step);
    expense.rate_millionths = Some(rate);
    let effective = expense.modified_hundredths.unwrap_or(foreign);
    expense.converted_hundredths = Some((effective * rate + 500_000) / 1_000_000);
}

/// One receipt, two expenses.
fn split_last(expenses: &mut Vec<Expense>, transaction_id: &str) {
    let Some(last) = expenses.last_mut() else { return };
    if last.amount_hundredths < 200 || last.converted_hundredths.is_some() || last.modified_hundredths.is_some() {
        return;
    }
    let mut second = last.clone();
    second.transaction_id = transaction_id.to_string();
    second.amount_hundredths = last.amount_hundredths / 3;
    last.amount_hundredths -= second.amount_hundredths;
    last.comment = "Split 1 of 2".into();
    second.comment = "Split 2 of 2".into();
    second.tax = None;
    last.tax = None;
    expenses.push(second);
}

/// Makes an expense one that a person has to decide about.
fn spoil(expense: &mut Expense, flaw: Flaw) {
    // A zero amount would be skipped, and its flaw with it.
    expense.modified_hundredths = None;
    expense.amount_hundredths = expense.amount_hundredths.abs().max(1_000);
    let set_tag = |expense: &mut Expense, level: usize, value: &str| {
        expense.tags.resize(expense.tags.len().max(level + 1), String::new());
        expense.tags[level] = value.to_string();
    };
    match flaw {
        Flaw::Uncategorized => expense.category = "Uncategorized".into(),
        Flaw::BlankCategory => expense.category = String::new(),
        Flaw::UnmappedCategory => expense.category = "Team Offsite".into(),
        Flaw::InactiveAccount => expense.category = "Legacy Travel".into(),
        Flaw::DeletedCategory => expense.category = "Misc. (old)".into(),
        Flaw::InactiveDepartment => set_tag(expense, 0, "Field Ops (closed)"),
        Flaw::InactiveProject => set_tag(expense, 1, "Old Portal"),
        Flaw::BlankDepartment => {
            set_tag(expense, 0, "");
            set_tag(expense, 1, "Acme Support");
        }
        Flaw::BlankProject => {
            expense.category = "Client Project Costs".into();
            set_tag(expense, 1, "");
        }
        Flaw::ClosedPeriod => {}
        Flaw::NoConversion => {
            expense.currency = "EUR";
            expense.rate_millionths = None;
            expense.converted_hundredths = None;
        }
    }
}
