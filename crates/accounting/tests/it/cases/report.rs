//! Reads a report: its header as `key: value` lines, then its expenses as a table with `|` between the columns.

use accounting::report::{Card, Person, Tag};
use accounting::{Date, Expense, ExpenseReport, ReportState, Setting, SourceAmount};

use super::lines;

/// A report and the day on which it is translated.
pub fn parse(text: &str) -> (ExpenseReport, Setting) {
    let (header, table) = text.split_once("\nexpense").map_or((text, None), |(header, rest)| (header, Some(rest)));
    let mut report = empty();
    let mut setting =
        Setting { today: date("2026-10-20"), company: "acme".to_owned(), generation: 0, run: "run_1".to_owned() };
    for (key, value) in lines(header) {
        let text = || Some(value.to_owned());
        match key {
            "id" => report.id = value.to_owned(),
            "number" => report.number = text().filter(|text| !text.is_empty()),
            "name" => report.name = value.to_owned(),
            "workspace" => {
                let (id, name) = value.split_once(' ').unwrap_or((value, ""));
                (report.policy_id, report.policy_name) = (id.to_owned(), name.to_owned());
            }
            "employee" => report.employee = person(value),
            "approver" => report.approver = Some(person(value)),
            "manager" => report.manager = Some(person(value)),
            "state" => report.state = ReportState::parse(value).unwrap(),
            "currency" => report.currency = text(),
            "total" => report.total = (value != "-").then(|| amount(value)),
            "submitted" => report.submitted = optional_date(value),
            "approved" => report.approved = optional_date(value),
            "reimbursed" => report.reimbursed = optional_date(value),
            "link" => report.url = text(),
            "today" => setting.today = date(value),
            "generation" => setting.generation = value.parse().unwrap(),
            key => {
                let field = key.strip_prefix("field ").unwrap_or_else(|| panic!("unknown line '{key}'"));
                report.fields.insert(field.to_owned(), value.to_owned());
            }
        }
    }
    if let Some(table) = table {
        report.expenses = expenses(&format!("expense{table}"));
    }
    (report, setting)
}

pub fn empty() -> ExpenseReport {
    ExpenseReport {
        id: "R1".to_owned(),
        number: Some("1001".to_owned()),
        name: "October".to_owned(),
        policy_id: "POL1".to_owned(),
        policy_name: "Acme US".to_owned(),
        employee: person("Ada O'Brien <ada@example.com> E001"),
        manager: None,
        approver: None,
        state: ReportState::Approved,
        currency: Some("USD".to_owned()),
        total: None,
        url: None,
        created: None,
        submitted: Some(date("2026-10-03")),
        approved: Some(date("2026-10-05")),
        reimbursed: None,
        fields: Default::default(),
        expenses: Vec::new(),
    }
}

/// `Name <e-mail> id`.
fn person(text: &str) -> Person {
    let (name, rest) = text.split_once('<').unwrap();
    let (email, id) = rest.split_once('>').unwrap();
    let id = Some(id.trim().to_owned()).filter(|id| !id.is_empty());
    Person { name: name.trim().to_owned(), email: email.to_owned(), id }
}

fn date(text: &str) -> Date {
    text.parse().unwrap_or_else(|_| panic!("'{text}' is no date"))
}

fn optional_date(text: &str) -> Option<Date> {
    (text != "-").then(|| date(text))
}

fn amount(text: &str) -> SourceAmount {
    SourceAmount::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn expenses(table: &str) -> Vec<Expense> {
    let cells = |line: &str| -> Vec<String> { line.split('|').map(|cell| cell.trim().to_owned()).collect() };
    let mut rows = table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let columns = cells(rows.next().unwrap_or_default());
    rows.map(|row| {
        let mut expense = Expense {
            currency: Some("USD".to_owned()),
            date: Some(date("2026-09-28")),
            reimbursable: Some(true),
            ..Expense::default()
        };
        for (column, cell) in columns.iter().zip(cells(row)) {
            set(&mut expense, column, &cell);
        }
        expense
    })
    .collect()
}

/// Sets what a column says. A blank cell leaves the default; `-` says that there is nothing.
fn set(expense: &mut Expense, column: &str, cell: &str) {
    if cell.is_empty() {
        return;
    }
    let text = || Some(cell.to_owned()).filter(|cell| cell != "-");
    match column {
        "expense" => expense.id = cell.to_owned(),
        "date" => expense.date = optional_date(cell),
        "card posted" => expense.card_posted = optional_date(cell),
        "amount" => expense.original = text().map(|text| amount(&text)),
        "modified" => expense.modified = text().map(|text| amount(&text)),
        "converted" => expense.converted = text().map(|text| amount(&text)),
        "currency" => expense.currency = text(),
        "rate" => expense.rate = text(),
        "category" => expense.category = text(),
        "code" => expense.category_code = text(),
        "merchant" => expense.merchant = text(),
        "original merchant" => expense.original_merchant = text(),
        "comment" => expense.comment = text().map(|text| text.replace("\\n", "\n").replace("\\t", "\t")),
        "kind" => expense.kind = text(),
        "paid by" => paid_by(expense, cell),
        column => {
            let level: usize = column.strip_prefix("tag ").and_then(|level| level.parse().ok()).unwrap();
            let cell = if cell == "-" { "" } else { cell };
            let (name, code) =
                cell.split_once(" = ").map_or((cell, None), |(name, code)| (name, Some(code.to_owned())));
            expense.tags.resize(expense.tags.len().max(level), Tag::default());
            expense.tags[level - 1] = Tag { name: name.to_owned(), code };
        }
    }
}

/// `employee`, `other`, or `card LAST-FOUR NAME @ FEED`.
fn paid_by(expense: &mut Expense, cell: &str) {
    expense.reimbursable = Some(cell == "employee");
    let Some(card) = cell.strip_prefix("card") else { return };
    let (card, feed) = card.split_once('@').unwrap_or((card, ""));
    let (last_four, name) = card.trim().split_once(' ').unwrap_or((card.trim(), ""));
    let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    expense.card = Some(Card { last_four: filled(last_four), name: filled(name), feed: filled(feed) });
}
