//! The JSON form of an entry's lines, kept for showing beside the bytes that were sent: account, side, amount,
//! dimensions, memo, and why. It is never read back into an entry to be sent.

use std::collections::BTreeMap;

use accounting::entry::{Direction, Line, Side};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Serialize, Serializer};

use super::error::StoreError;

/// A line as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoredLine {
    /// `expense` or `offset`.
    pub side: String,
    /// `debit` or `credit`.
    pub direction: String,
    /// Positive amount in minor units of the entry's currency.
    pub amount_minor: i64,
    /// Account number.
    pub account: String,
    /// Dimension values by dimension.
    pub dimensions: BTreeMap<String, String>,
    /// Memo.
    pub memo: String,
    /// Document number.
    pub document: String,
    /// Ids of the expenses it stands for.
    pub expenses: Vec<String>,
    /// Why this account.
    pub account_reason: String,
    /// Why each dimension value.
    pub dimension_reasons: BTreeMap<String, String>,
    /// What stands out.
    pub badges: Vec<String>,
}

/// A line on its way into JSON, without a copy of its texts.
struct Shown<'a>(&'a Line);

struct Lines<'a>(&'a [Line]);

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.0.len()))?;
        for line in self.0 {
            sequence.serialize_element(&Shown(line))?;
        }
        sequence.end()
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let line = self.0;
        let direction = match line.direction {
            Direction::Debit => "debit",
            Direction::Credit => "credit",
        };
        let side = match line.side {
            Side::Expense => "expense",
            Side::Offset => "offset",
        };
        let mut map = serializer.serialize_map(Some(11))?;
        map.serialize_entry("side", side)?;
        map.serialize_entry("direction", direction)?;
        map.serialize_entry("amount_minor", &line.amount.minor)?;
        map.serialize_entry("account", &*line.account)?;
        map.serialize_entry("dimensions", &Texts(&line.dimensions))?;
        map.serialize_entry("memo", &*line.memo)?;
        map.serialize_entry("document", &*line.document)?;
        map.serialize_entry("expenses", &line.expenses)?;
        map.serialize_entry("account_reason", &*line.reason.account)?;
        map.serialize_entry("dimension_reasons", &Texts(&line.reason.dimensions))?;
        map.serialize_entry("badges", &line.reason.badges)?;
        map.end()
    }
}

/// Texts by dimension.
struct Texts<'a, T>(&'a BTreeMap<accounting::dimension::Dimension, T>);

impl<T: AsRef<str>> Serialize for Texts<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (dimension, text) in self.0 {
            map.serialize_entry(&format_args!("{dimension}"), text.as_ref())?;
        }
        map.end()
    }
}

/// The lines as JSON.
pub(super) fn to_json(lines: &[Line]) -> Result<String, StoreError> {
    serde_json::to_string(&Lines(lines)).map_err(|source| StoreError::Json { what: "the lines of an entry", source })
}

/// The lines of stored JSON.
pub(super) fn from_json(text: &str) -> Result<Vec<StoredLine>, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Json { what: "stored lines", source })
}
