//! How two plans of one report differ: account, dimensions, amount, heading, cut or wording. Pure; reasons are not
//! compared, for they name the version of the mapping.

use std::collections::BTreeMap;

use accounting::mapping::{CreditLines, Lines};
use accounting::translate::{Plan, PlannedEntry};
use accounting::{Amount, Chart, Dimension, Direction, Line, Mapping, Side, Translation, Translator};

/// A mapping that books each expense on lines of its own, so that what moved can be told in money.
pub(super) struct Fine(Mapping);

impl Fine {
    pub fn of(mapping: &Mapping) -> Self {
        let mut fine = mapping.clone();
        fine.posting.lines = Lines::PerExpense;
        fine.posting.credit_lines = CreditLines::PerExpense;
        fine.posting.max_lines = usize::MAX;
        Self(fine)
    }

    pub fn translator<'a>(&'a self, chart: &'a Chart) -> Translator<'a> {
        Translator::new(&self.0, chart)
    }
}

/// How two plans differ.
pub(super) enum Change {
    None,
    /// Titles, memos or document numbers alone.
    Wording,
    Booking(Changes),
}

/// What would be booked otherwise.
#[derive(Default)]
pub(super) struct Changes {
    /// Lines that differ in account, dimension or amount.
    pub lines: u64,
    /// Side, account before and after; empty where there was or would be no such line.
    pub accounts: Vec<(Side, String, String, Amount)>,
    /// Dimension, value before and after; empty where the line goes without.
    pub dimensions: Vec<(Dimension, String, String, Amount)>,
    /// What of the heading, before and after; one for each entry.
    pub headings: Vec<(&'static str, String, String)>,
    /// Whether the entries are cut into other lines or parts.
    pub cut: bool,
}

/// Compares two plans; `fine` gives both again with a line for each expense, and is asked only where they differ.
pub(super) fn compare(before: &Plan, after: &Plan, fine: impl FnOnce() -> (Translation, Translation)) -> Change {
    let same_words = before.entries.len() == after.entries.len()
        && before.entries.iter().zip(&after.entries).all(|(before, after)| same_entry(before, after));
    if same_words {
        return Change::None;
    }
    let mut changes = Changes { headings: headings(before, after), ..Changes::default() };
    if let (Translation::Ready(before), Translation::Ready(after)) = fine() {
        lines(&before, &after, &mut changes);
    }
    changes.cut = shape(before) != shape(after) && changes.lines == 0;
    if changes.lines == 0 && changes.headings.is_empty() && !changes.cut {
        return Change::Wording;
    }
    Change::Booking(changes)
}

fn same_entry(before: &PlannedEntry, after: &PlannedEntry) -> bool {
    let same_line = |(before, after): (&Line, &Line)| {
        booking(before) == booking(after) && before.memo == after.memo && before.document == after.document
    };
    let (before, after) = (&before.entry, &after.entry);
    before.header() == after.header()
        && before.lines().len() == after.lines().len()
        && before.lines().iter().zip(after.lines()).all(same_line)
}

type Booking<'l> = (Side, Direction, Amount, &'l str, &'l BTreeMap<Dimension, String>);

fn booking(line: &Line) -> Booking<'_> {
    (line.side, line.direction, line.amount, &line.account, &line.dimensions)
}

/// Lines of each entry: amounts and sides in their order.
fn shape(plan: &Plan) -> Vec<Vec<(Side, Direction, i64)>> {
    let lines = |entry: &PlannedEntry| {
        let lines = entry.entry.lines().iter();
        lines.map(|line| (line.side, line.direction, line.amount.minor)).collect()
    };
    plan.entries.iter().map(lines).collect()
}

fn headings(before: &Plan, after: &Plan) -> Vec<(&'static str, String, String)> {
    let mut found = Vec::new();
    for (before, after) in before.entries.iter().zip(&after.entries) {
        let (before, after) = (before.entry.header(), after.entry.header());
        if before.journal != after.journal {
            found.push(("journal", before.journal.clone(), after.journal.clone()));
        }
        if before.date != after.date {
            found.push(("date", before.date.to_string(), after.date.to_string()));
        }
        if before.state != after.state {
            found.push(("state", format!("{:?}", before.state), format!("{:?}", after.state)));
        }
    }
    found
}

/// Lines by side and expense.
fn by_expense(plan: &Plan) -> BTreeMap<(Side, &[String]), &Line> {
    let lines = plan.entries.iter().flat_map(|planned| planned.entry.lines());
    lines.map(|line| ((line.side, line.expenses.as_slice()), line)).collect()
}

fn lines(before: &Plan, after: &Plan, changes: &mut Changes) {
    let (before, after) = (by_expense(before), by_expense(after));
    for (key, old) in &before {
        match after.get(key) {
            Some(new) if booking(old) == booking(new) => {}
            Some(new) => {
                changes.lines += 1;
                line(old, new, changes);
            }
            None => {
                changes.lines += 1;
                changes.accounts.push((old.side, old.account.clone(), String::new(), old.amount));
            }
        }
    }
    for (_, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        changes.lines += 1;
        changes.accounts.push((new.side, String::new(), new.account.clone(), new.amount));
    }
}

fn line(old: &Line, new: &Line, changes: &mut Changes) {
    if old.account != new.account {
        changes.accounts.push((old.side, old.account.clone(), new.account.clone(), new.amount));
    }
    let mut names: Vec<&Dimension> = old.dimensions.keys().chain(new.dimensions.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let value = |line: &Line| line.dimensions.get(name).cloned().unwrap_or_default();
        let (before, after) = (value(old), value(new));
        if before != after {
            changes.dimensions.push((name.clone(), before, after, new.amount));
        }
    }
}
