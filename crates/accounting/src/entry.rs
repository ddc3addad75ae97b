//! A journal entry: balanced by construction, with the reason of every line. It cannot be made otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::amount::{Amount, Currency};
use crate::dimension::Dimension;

/// Side of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Debit.
    Debit,
    /// Credit.
    Credit,
}

/// Which part of an entry a line belongs to. A refund swaps the direction of both sides, so the direction alone does
/// not tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Side {
    /// The expenses: what was bought.
    #[default]
    Expense,
    /// The offset: whom it is owed to.
    Offset,
}

/// State in which an entry is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EntryState {
    /// In the ledger at once.
    #[default]
    Posted,
    /// A draft that somebody posts in the ledger.
    Draft,
}

/// One line. The amount is positive; the direction says the side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
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
    /// Document number.
    pub document: String,
    /// Ids of the expenses it stands for. Each expense stands in exactly one line of the expense side.
    pub expenses: Vec<String>,
    /// Why it is booked so.
    pub reason: Reason,
}

/// Why a line is booked as it is: one sentence for the account, one for each dimension, and what stands out. The
/// texts are shared, because many lines have the same reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reason {
    /// Which rule set the account, such as `category "Airfare" (mapping 3)`.
    pub account: Arc<str>,
    /// Which source or fallback set each dimension.
    pub dimensions: BTreeMap<Dimension, Arc<str>>,
    /// Whatever a person should notice: a suspense account, a moved date, a blank that was allowed, a shortened text.
    pub badges: Vec<Arc<str>>,
}

/// Header of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Journal symbol.
    pub journal: String,
    /// Posting date.
    pub date: Date,
    /// The date before a closed period moved it.
    pub original_date: Option<Date>,
    /// Title.
    pub title: String,
    /// State.
    pub state: EntryState,
}

/// A balanced journal entry of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    header: Header,
    currency: Currency,
    lines: Vec<Line>,
}

/// Why lines make no entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Fewer than two lines.
    #[error("an entry needs at least two lines, not {0}")]
    TooFewLines(usize),
    /// A line of zero or less.
    #[error("line {line} carries {amount}: every line must be positive")]
    NotPositive {
        /// Position from 1.
        line: usize,
        /// Its amount.
        amount: Amount,
    },
    /// A line in another currency.
    #[error("line {line} is in {found}, the entry in {expected}")]
    MixedCurrencies {
        /// Position from 1.
        line: usize,
        /// Currency found.
        found: Currency,
        /// Currency of the first line.
        expected: Currency,
    },
    /// Sides differ.
    #[error("debits of {debit_minor} and credits of {credit_minor} minor units differ")]
    Unbalanced {
        /// Sum of the debits.
        debit_minor: i128,
        /// Sum of the credits.
        credit_minor: i128,
    },
}

impl JournalEntry {
    /// Makes an entry of lines that balance.
    ///
    /// # Errors
    /// [`EntryError`] with the figures where they don't.
    pub fn new(header: Header, lines: Vec<Line>) -> Result<Self, EntryError> {
        let currency = match lines.first() {
            Some(first) if lines.len() >= 2 => first.amount.currency,
            _ => return Err(EntryError::TooFewLines(lines.len())),
        };
        let (mut debit_minor, mut credit_minor) = (0_i128, 0_i128);
        for (index, line) in lines.iter().enumerate() {
            if line.amount.currency != currency {
                let found = line.amount.currency;
                return Err(EntryError::MixedCurrencies { line: index + 1, found, expected: currency });
            }
            if line.amount.minor <= 0 {
                return Err(EntryError::NotPositive { line: index + 1, amount: line.amount });
            }
            match line.direction {
                Direction::Debit => debit_minor += i128::from(line.amount.minor),
                Direction::Credit => credit_minor += i128::from(line.amount.minor),
            }
        }
        if debit_minor != credit_minor || i64::try_from(debit_minor).is_err() {
            return Err(EntryError::Unbalanced { debit_minor, credit_minor });
        }
        Ok(Self { header, currency, lines })
    }

    /// Header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Currency of every line.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Lines, in the order they are posted.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Sum of the debits, which is that of the credits.
    pub fn total(&self) -> Amount {
        let debits = self.lines.iter().filter(|line| line.direction == Direction::Debit);
        Amount::new(debits.map(|line| line.amount.minor).sum(), self.currency)
    }
}
