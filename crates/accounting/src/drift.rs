//! What changed between the lines that stand in the ledger and those that a report's new content makes: line by line,
//! and as one net difference. Pure comparison: whether anything is posted for it, and when, is decided elsewhere.

use std::collections::BTreeMap;

use crate::amount::{Amount, Currency};
use crate::dimension::Dimension;
use crate::entry::{Direction, Line, Side};
use crate::identity::Scope;

mod correction;

pub use correction::{Correction, Corrections, correction_date, difference_entries, reversal_entry};

/// A line as it is compared: what is booked, not why. The document number is left out, for it is the entry's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedLine {
    /// What its entry stands for within the report.
    pub scope: Scope,
    /// Expense or offset.
    pub side: Side,
    /// Debit or credit.
    pub direction: Direction,
    /// Positive amount.
    pub amount: Amount,
    /// Account number.
    pub account: String,
    /// Dimension values.
    pub dimensions: BTreeMap<Dimension, String>,
    /// Memo.
    pub memo: String,
    /// Ids of the expenses it stands for.
    pub expenses: Vec<String>,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It stands only in the new content.
    Added(BookedLine),
    /// It stands only in the ledger.
    Removed(BookedLine),
    /// The same expenses, or the same place, with something else on it.
    Changed {
        /// As it stands in the ledger.
        old: BookedLine,
        /// As it would stand.
        new: BookedLine,
    },
}

/// By how much one place of the ledger differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetLine {
    /// Expense or offset.
    pub side: Side,
    /// Account number.
    pub account: String,
    /// Dimension values.
    pub dimensions: BTreeMap<Dimension, String>,
    /// New less old in minor units; debits are positive. Never zero.
    pub minor: i64,
}

/// Everything that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// Lines, in the order of the ledger's and then of the new content's.
    pub changes: Vec<Change>,
    /// The net difference by scope. `None` where old and new are in different currencies or the sums are out of range:
    /// no single entry can then make up for it.
    pub net: Option<BTreeMap<Scope, Vec<NetLine>>>,
    /// Currency of the lines, where all have the same.
    pub currency: Option<Currency>,
}

impl BookedLine {
    /// A line of an entry that stands for `scope`.
    pub fn of(scope: Scope, line: &Line) -> Self {
        Self {
            scope,
            side: line.side,
            direction: line.direction,
            amount: line.amount,
            account: line.account.clone(),
            dimensions: line.dimensions.clone(),
            memo: line.memo.clone(),
            expenses: line.expenses.clone(),
        }
    }

    /// The amount in minor units; debits are positive.
    pub const fn signed_minor(&self) -> i64 {
        match self.direction {
            Direction::Debit => self.amount.minor,
            Direction::Credit => self.amount.minor.saturating_neg(),
        }
    }

    fn same_expenses(&self, other: &Self) -> bool {
        self.side == other.side && self.scope == other.scope && self.expenses == other.expenses
    }

    fn same_place(&self, other: &Self) -> bool {
        self.same_account(other) && self.dimensions == other.dimensions && self.direction == other.direction
    }

    fn same_account(&self, other: &Self) -> bool {
        self.side == other.side && self.scope == other.scope && self.account == other.account
    }
}

impl Diff {
    /// Compares what stands in the ledger with what the new content makes.
    pub fn between(old: Vec<BookedLine>, new: Vec<BookedLine>) -> Self {
        let currency = one_currency(&old, &new);
        let net = currency.and_then(|_| net(&old, &new));
        Self { changes: changes(old, new), net, currency }
    }

    /// Whether nothing that is booked differs.
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether the difference is one of money or of where it is booked, which one more entry could make up for; a
    /// changed memo is not.
    pub fn is_postable(&self) -> bool {
        self.net.as_ref().is_some_and(|net| !net.is_empty())
    }
}

fn one_currency(old: &[BookedLine], new: &[BookedLine]) -> Option<Currency> {
    let mut all = old.iter().chain(new).map(|line| line.amount.currency);
    let first = all.next()?;
    all.all(|currency| currency == first).then_some(first)
}

/// Takes pairs out of both sides, the closest relation first; what is left over was removed or added.
fn changes(old: Vec<BookedLine>, new: Vec<BookedLine>) -> Vec<Change> {
    let relations: [fn(&BookedLine, &BookedLine) -> bool; 4] =
        [BookedLine::eq, BookedLine::same_expenses, BookedLine::same_place, BookedLine::same_account];
    let mut partner: Vec<Option<usize>> = vec![None; old.len()];
    let mut taken = vec![false; new.len()];
    for is_related in relations {
        for (before, partner) in old.iter().zip(&mut partner).filter(|(_, partner)| partner.is_none()) {
            let free = |(index, after): &(usize, &BookedLine)| !taken[*index] && is_related(before, after);
            *partner = new.iter().enumerate().find(free).map(|(index, _)| index);
            if let Some(index) = *partner {
                taken[index] = true;
            }
        }
    }
    let mut after: Vec<Option<BookedLine>> = new.into_iter().map(Some).collect();
    let mut changes = Vec::new();
    for (before, partner) in old.into_iter().zip(partner) {
        match partner.and_then(|index| after.get_mut(index)?.take()) {
            Some(same) if same == before => {}
            Some(other) => changes.push(Change::Changed { old: before, new: other }),
            None => changes.push(Change::Removed(before)),
        }
    }
    changes.extend(after.into_iter().flatten().map(Change::Added));
    changes
}

type Place<'l> = (Scope, Side, &'l str, &'l BTreeMap<Dimension, String>);

fn net(old: &[BookedLine], new: &[BookedLine]) -> Option<BTreeMap<Scope, Vec<NetLine>>> {
    let mut sums: BTreeMap<Place<'_>, i128> = BTreeMap::new();
    let signed = old.iter().map(|line| (line, -1)).chain(new.iter().map(|line| (line, 1)));
    for (line, sign) in signed {
        let place = (line.scope, line.side, line.account.as_str(), &line.dimensions);
        *sums.entry(place).or_default() += i128::from(line.signed_minor()) * sign;
    }
    let mut net: BTreeMap<Scope, Vec<NetLine>> = BTreeMap::new();
    for ((scope, side, account, dimensions), sum) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
        let (account, dimensions, minor) = (account.to_owned(), dimensions.clone(), i64::try_from(sum).ok()?);
        net.entry(scope).or_default().push(NetLine { side, account, dimensions, minor });
    }
    Some(net)
}
