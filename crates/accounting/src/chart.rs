//! What a destination accepts: its accounts, dimension values, journals and open periods, as read at one moment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::amount::Currency;
use crate::dimension::Dimension;

/// A GL account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Account number.
    pub number: String,
    /// Title.
    pub title: String,
    /// Inactive accounts refuse postings.
    pub active: bool,
    /// Dimensions that every line on it must name.
    pub requires: BTreeSet<Dimension>,
}

/// A value of a dimension.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Value {
    /// Its id, which a line names.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Inactive values refuse postings.
    pub active: bool,
    /// Other texts by which it is known, compared without case: an employee's e-mail.
    pub aliases: Vec<String>,
    /// What it implies of other dimensions: a project its customer, a task its project, a location its entity's
    /// own location.
    pub implies: BTreeMap<Dimension, String>,
}

/// A journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journal {
    /// Its symbol.
    pub symbol: String,
    /// Title.
    pub title: String,
    /// Inactive journals refuse postings.
    pub active: bool,
}

/// Longest texts the destination takes, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldLengths {
    /// Title of an entry.
    pub title: usize,
    /// Memo of a line.
    pub memo: usize,
    /// Document number of a line.
    pub document: usize,
}

impl Default for FieldLengths {
    /// Assumed, where the destination does not tell: 80, 1,000 and 30 characters.
    fn default() -> Self {
        Self { title: 80, memo: 1_000, document: 30 }
    }
}

/// A snapshot of what the destination accepts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chart {
    /// Accounts by number.
    pub accounts: BTreeMap<String, Account>,
    /// Values by dimension and id. A dimension that is absent here is not in use at the destination.
    pub values: BTreeMap<Dimension, BTreeMap<String, Value>>,
    /// Journals by symbol.
    pub journals: BTreeMap<String, Journal>,
    /// Last day of the closed books; postings must be later. `None` where nothing is closed or it cannot be read.
    pub closed_through: Option<Date>,
    /// The company's base currency, where it can be read.
    pub base_currency: Option<Currency>,
    /// Whether lines must name the location of an entity, and each entity must balance.
    pub multi_entity: bool,
    /// Longest texts.
    pub lengths: FieldLengths,
}

impl Chart {
    /// The value `id` of `dimension`.
    pub fn value(&self, dimension: &Dimension, id: &str) -> Option<&Value> {
        self.values.get(dimension)?.get(id)
    }
}
