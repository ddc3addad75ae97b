//! Entries that correct what stands in the ledger: one that takes an entry back, and one of the net difference. They
//! balance because what they are made of balances; nothing else is let through.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::{Diff, NetLine};
use crate::amount::{Amount, Currency};
use crate::entry::{Direction, EntryError, EntryState, Header, JournalEntry, Line, Reason, Side};
use crate::identity::Scope;

/// What is written on a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Journal symbol.
    pub journal: String,
    /// The date of what is corrected, or that of the new content.
    pub date: Date,
    /// Last day of the closed books, where any is closed.
    pub closed_through: Option<Date>,
    /// State in which it is handed over.
    pub state: EntryState,
    /// Its own reference, which stands on each of its lines.
    pub reference: String,
    /// What it is, such as "Reversal of MLC…": before the title and each memo.
    pub label: String,
    /// Title of what is corrected.
    pub title: String,
    /// Most characters of a title and of a memo.
    pub lengths: (usize, usize),
}

/// The date of a correction: the one wanted, or the first open day after the closed books; and the wanted one where it
/// was moved.
pub fn correction_date(wanted: Date, closed_through: Option<Date>) -> (Date, Option<Date>) {
    let open = closed_through.filter(|closed| wanted <= *closed).and_then(|closed| closed.tomorrow().ok());
    open.map_or((wanted, None), |open| (open, Some(wanted)))
}

/// The entry that takes another one back: each of its lines with the other side.
///
/// # Errors
/// [`EntryError`] where the lines made no entry in the first place.
pub fn reversal_entry(lines: &[Line], correction: &Correction) -> Result<JournalEntry, EntryError> {
    let back = lines.iter().map(|line| {
        let direction = match line.direction {
            Direction::Debit => Direction::Credit,
            Direction::Credit => Direction::Debit,
        };
        let memo = correction.text(&line.memo, correction.lengths.1);
        Line { direction, memo, document: correction.reference.clone(), reason: correction.reason(), ..line.clone() }
    });
    JournalEntry::new(correction.header(), back.collect())
}

/// Entries by scope, each with the net amount of its expenses.
pub type Corrections = BTreeMap<Scope, (JournalEntry, Amount)>;

/// The entries that make up for a difference, one for each scope that differs. `correction` gives what is written on
/// the entry of a scope; a scope for which it gives nothing is refused by giving `None` for all.
///
/// # Errors
/// [`EntryError`] where the difference does not balance.
pub fn difference_entries(
    diff: &Diff,
    correction: impl Fn(Scope) -> Option<Correction>,
) -> Result<Option<Corrections>, EntryError> {
    let (Some(net), Some(currency)) = (&diff.net, diff.currency) else { return Ok(None) };
    let mut entries = BTreeMap::new();
    for (scope, lines) in net {
        let Some(correction) = correction(*scope) else { return Ok(None) };
        let booked = lines.iter().map(|line| difference_line(line, currency, &correction));
        let entry = JournalEntry::new(correction.header(), booked.collect())?;
        let expenses = lines.iter().filter(|line| line.side == Side::Expense).map(|line| i128::from(line.minor));
        let Ok(minor) = i64::try_from(expenses.sum::<i128>()) else { return Ok(None) };
        entries.insert(*scope, (entry, Amount::new(minor, currency)));
    }
    Ok((!entries.is_empty()).then_some(entries))
}

fn difference_line(net: &NetLine, currency: Currency, correction: &Correction) -> Line {
    Line {
        side: net.side,
        direction: if net.minor < 0 { Direction::Credit } else { Direction::Debit },
        // A sum of magnitudes that fit; the smallest number has no counterpart and is refused as not positive.
        amount: Amount::new(net.minor.checked_abs().unwrap_or(0), currency),
        account: net.account.clone(),
        dimensions: net.dimensions.clone(),
        memo: correction.text("", correction.lengths.1),
        document: correction.reference.clone(),
        expenses: Vec::new(),
        reason: correction.reason(),
    }
}

impl Correction {
    fn header(&self) -> Header {
        let (date, original_date) = correction_date(self.date, self.closed_through);
        let title = self.text(&self.title, self.lengths.0);
        Header { journal: self.journal.clone(), date, original_date, title, state: self.state }
    }

    fn text(&self, text: &str, length: usize) -> String {
        let whole = if text.is_empty() { self.label.clone() } else { format!("{}: {text}", self.label) };
        whole.chars().take(length).collect()
    }

    fn reason(&self) -> Reason {
        let label: Arc<str> = self.label.as_str().into();
        let moved = correction_date(self.date, self.closed_through);
        let badges = moved.1.map(|wanted| format!("date moved from {wanted} to {}: books are closed", moved.0).into());
        Reason { account: label, dimensions: BTreeMap::new(), badges: badges.into_iter().collect() }
    }
}
