//! The JSON form of an entry's lines, kept for showing beside the bytes that were sent: account, side, amount,
//! dimensions, memo, and why. It is read back into lines only to take an entry back, never to send it again: what is
//! sent are the frozen bytes.

use std::collections::BTreeMap;

use accounting::amount::{Amount, Currency};
use accounting::dimension::Dimension;
use accounting::entry::{Direction, Line, Reason, Side};
use serde::ser::{SerializeMap, SerializeTuple};
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

impl StoredLine {
    /// The line in the core's words, in the currency of its entry; `None` where a word is not one that is written here.
    pub fn to_line(&self, currency: Currency) -> Option<Line> {
        let side = match self.side.as_str() {
            "expense" => Side::Expense,
            "offset" => Side::Offset,
            _ => return None,
        };
        let direction = match self.direction.as_str() {
            "debit" => Direction::Debit,
            "credit" => Direction::Credit,
            _ => return None,
        };
        let parsed = |(name, value): (&String, &String)| Some((Dimension::parse(name)?, value.clone()));
        Some(Line {
            side,
            direction,
            amount: Amount::new(self.amount_minor, currency),
            account: self.account.clone(),
            dimensions: self.dimensions.iter().map(parsed).collect::<Option<_>>()?,
            memo: self.memo.clone(),
            document: self.document.clone(),
            expenses: self.expenses.clone(),
            reason: Reason::default(),
        })
    }
}

/// A line on its way into JSON, without a copy of its texts: an array, since the names of the fields would be most of
/// it. The order is that of [`StoredLine`].
struct Shown<'a>(&'a Line);

struct Lines<'a>(&'a [Line]);

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Shown))
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let line = self.0;
        let side = match line.side {
            Side::Expense => "expense",
            Side::Offset => "offset",
        };
        let direction = match line.direction {
            Direction::Debit => "debit",
            Direction::Credit => "credit",
        };
        let mut fields = serializer.serialize_tuple(11)?;
        fields.serialize_element(side)?;
        fields.serialize_element(direction)?;
        fields.serialize_element(&line.amount.minor)?;
        fields.serialize_element(&*line.account)?;
        fields.serialize_element(&Texts(&line.dimensions))?;
        fields.serialize_element(&*line.memo)?;
        fields.serialize_element(&*line.document)?;
        fields.serialize_element(&line.expenses)?;
        fields.serialize_element(&*line.reason.account)?;
        fields.serialize_element(&Texts(&line.reason.dimensions))?;
        fields.serialize_element(&line.reason.badges)?;
        fields.end()
    }
}

/// Texts by dimension.
struct Texts<'a, T>(&'a BTreeMap<Dimension, T>);

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
