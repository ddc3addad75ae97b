//! The figures of a what-if: counts and money, integers only, bounded however many reports there are.

use std::collections::BTreeMap;

use accounting::{Amount, Code, Date, Dimension, Side};
use serde::Serialize;

use super::compare::Changes;

/// Most accounts, dimensions, headings and causes that are told apart; the rest is counted in `more`.
const KEPT: usize = 500;

/// Money by currency, in minor units.
type Money = BTreeMap<String, i64>;

/// Reports and their money.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many.
    pub reports: u64,
    /// Their money by currency, in minor units.
    pub money: Money,
}

/// Reports that wait, and those that are in the ledger already.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BySide {
    /// Not posted yet: this is what will happen to them.
    pub waiting: Tally,
    /// Posted: nothing happens to them; reports like them would be treated so from now on.
    pub in_ledger: Tally,
}

/// Lines that would go to another account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountMove {
    /// `expense` or `offset`.
    pub side: &'static str,
    /// Account before; empty where there was no such line.
    pub from: String,
    /// Account after; empty where there would be no such line.
    pub to: String,
    /// How many lines, a line being one side of one expense.
    pub lines: u64,
    /// Their money by currency, in minor units.
    pub money: Money,
}

/// Lines that would name another value of a dimension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DimensionMove {
    /// The dimension.
    pub dimension: String,
    /// Value before; empty for none.
    pub from: String,
    /// Value after; empty for none.
    pub to: String,
    /// How many lines.
    pub lines: u64,
    /// Their money by currency, in minor units.
    pub money: Money,
}

/// Entries that would carry another journal, date or state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeadingMove {
    /// What of the heading: `journal`, `date` or `state`.
    pub what: &'static str,
    /// Before.
    pub from: String,
    /// After.
    pub to: String,
    /// How many entries.
    pub entries: u64,
}

/// A cause that would hold reports which are right today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WouldHold {
    /// Its code, such as `MLC-101`.
    pub code: String,
    /// The code's title.
    pub title: &'static str,
    /// The offending value.
    pub value: String,
    /// What was seen on one of the reports.
    pub detail: String,
    /// How many reports, with their money.
    pub tally: Tally,
}

/// What a change of a document would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WhatIf {
    /// Reports approved since this day were looked at.
    pub from: String,
    /// How many.
    pub reports: u64,
    /// Of which the stored bytes cannot be read.
    pub unreadable: u64,
    /// Held today, and right with the change.
    pub released: BySide,
    /// Right today, and held with the change.
    pub newly_held: BySide,
    /// Held before and after.
    pub still_held: BySide,
    /// Left out today, and taken with the change.
    pub newly_taken: BySide,
    /// Taken today, and left out with the change.
    pub left_out: BySide,
    /// Booked otherwise.
    pub altered: BySide,
    /// Booked the same, with other words.
    pub reworded: BySide,
    /// The same.
    pub unchanged: BySide,
    /// Lines that would be booked otherwise.
    pub lines: u64,
    /// Reports of which the entries would be cut into other lines.
    pub recut: u64,
    /// What would hold reports.
    pub would_hold: Vec<WouldHold>,
    /// Which accounts money would leave and reach.
    pub accounts: Vec<AccountMove>,
    /// Which values of dimensions money would leave and reach.
    pub dimensions: Vec<DimensionMove>,
    /// Which headings would change.
    pub headings: Vec<HeadingMove>,
    /// How many more kinds of changes there were than are told apart.
    pub more: u64,
}

impl Tally {
    fn add(&mut self, amount: Option<Amount>) {
        self.reports += 1;
        if let Some(amount) = amount {
            add(&mut self.money, amount);
        }
    }
}

impl BySide {
    pub(super) fn add(&mut self, in_ledger: bool, amount: Option<Amount>) {
        if in_ledger { self.in_ledger.add(amount) } else { self.waiting.add(amount) }
    }

    /// How many reports on both sides.
    pub const fn reports(&self) -> u64 {
        self.waiting.reports + self.in_ledger.reports
    }
}

impl WhatIf {
    pub(super) fn since(from: Date) -> Self {
        let none = BySide::default;
        Self {
            from: from.to_string(),
            reports: 0,
            unreadable: 0,
            released: none(),
            newly_held: none(),
            still_held: none(),
            newly_taken: none(),
            left_out: none(),
            altered: none(),
            reworded: none(),
            unchanged: none(),
            lines: 0,
            recut: 0,
            would_hold: Vec::new(),
            accounts: Vec::new(),
            dimensions: Vec::new(),
            headings: Vec::new(),
            more: 0,
        }
    }

    /// Whether the change would make any difference to these reports.
    pub const fn is_idle(&self) -> bool {
        self.released.reports() == 0
            && self.newly_held.reports() == 0
            && self.newly_taken.reports() == 0
            && self.left_out.reports() == 0
            && self.altered.reports() == 0
            && self.reworded.reports() == 0
    }

    pub(super) fn would_hold(&mut self, causes: BTreeMap<(Code, &str), &str>, amount: Option<Amount>) {
        for ((code, value), detail) in causes {
            let code_text = code.to_string();
            let same = |cause: &&mut WouldHold| cause.code == code_text && cause.value == value;
            if let Some(cause) = self.would_hold.iter_mut().find(same) {
                cause.tally.add(amount);
                continue;
            }
            if self.would_hold.len() == KEPT {
                self.more += 1;
                continue;
            }
            let mut tally = Tally::default();
            tally.add(amount);
            let (value, detail) = (value.to_owned(), detail.to_owned());
            self.would_hold.push(WouldHold { code: code_text, title: code.title(), value, detail, tally });
        }
    }

    pub(super) fn take(&mut self, changes: &Changes) {
        self.lines += changes.lines;
        self.recut += u64::from(changes.cut);
        for (side, from, to, amount) in &changes.accounts {
            let side = side_name(*side);
            let same = |to_move: &AccountMove| to_move.side == side && to_move.from == *from && to_move.to == *to;
            let new = || {
                let (from, to) = (from.clone(), to.clone());
                AccountMove { side, from, to, lines: 0, money: Money::new() }
            };
            if let Some(found) = entry(&mut self.accounts, &mut self.more, same, new) {
                found.lines += 1;
                add(&mut found.money, *amount);
            }
        }
        for (dimension, from, to, amount) in &changes.dimensions {
            self.take_dimension(dimension, from, to, *amount);
        }
        for (what, from, to) in &changes.headings {
            let same = |heading: &HeadingMove| heading.what == *what && heading.from == *from && heading.to == *to;
            let new = || HeadingMove { what, from: from.clone(), to: to.clone(), entries: 0 };
            if let Some(found) = entry(&mut self.headings, &mut self.more, same, new) {
                found.entries += 1;
            }
        }
    }

    fn take_dimension(&mut self, dimension: &Dimension, from: &str, to: &str, amount: Amount) {
        let name = dimension.to_string();
        let same = |to_move: &DimensionMove| to_move.dimension == name && to_move.from == from && to_move.to == to;
        let new = || {
            let (dimension, from, to) = (name.clone(), from.to_owned(), to.to_owned());
            DimensionMove { dimension, from, to, lines: 0, money: Money::new() }
        };
        if let Some(found) = entry(&mut self.dimensions, &mut self.more, same, new) {
            found.lines += 1;
            add(&mut found.money, amount);
        }
    }
}

/// The row that fits, made where there is room for one more.
fn entry<'a, T>(
    rows: &'a mut Vec<T>,
    more: &mut u64,
    same: impl Fn(&T) -> bool,
    new: impl FnOnce() -> T,
) -> Option<&'a mut T> {
    let at = match rows.iter().position(same) {
        Some(at) => at,
        None if rows.len() < KEPT => {
            rows.push(new());
            rows.len() - 1
        }
        None => {
            *more += 1;
            return None;
        }
    };
    rows.get_mut(at)
}

const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Expense => "expense",
        Side::Offset => "offset",
    }
}

fn add(money: &mut Money, amount: Amount) {
    let sum = money.entry(amount.currency.to_string()).or_default();
    *sum = sum.saturating_add(amount.minor);
}
