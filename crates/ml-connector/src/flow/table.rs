//! The tables of a mapping as CSV, for people who keep them in a spreadsheet: categories with their accounts, and the
//! texts of a dimension with their values. What is written is read back the same; a text that a spreadsheet would take
//! for a formula is written with an apostrophe before it, which reading takes away again.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use accounting::mapping::Offset;
use accounting::{Dimension, FundSource, Mapping};

use super::edit::{replace_table, replace_text};
use super::read::csv;

mod change;

pub use change::{RowChange, TableChange, changed_rows, with_changes};

/// Longest file, in bytes.
pub const FILE_MAX_BYTES: usize = 5 * 1024 * 1024;

/// One table of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MappingTable {
    /// Account by category.
    Categories,
    /// Value by text, of a dimension.
    Values(Dimension),
    /// Offset account by fund source.
    Offsets,
    /// Exceptions of a fund source's offset account.
    Exceptions(FundSource, ExceptionBy),
}

/// By what an offset account has exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExceptionBy {
    /// Last four digits or name of a card.
    Cards,
    /// E-mail of the employee.
    Cardholders,
    /// Bank or feed.
    Feeds,
    /// The source's kind of expense.
    Kinds,
}

impl ExceptionBy {
    /// In the order in which they are looked at.
    pub const ALL: [Self; 4] = [Self::Cards, Self::Cardholders, Self::Feeds, Self::Kinds];

    /// The key in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cards => "cards",
            Self::Cardholders => "cardholders",
            Self::Feeds => "feeds",
            Self::Kinds => "kinds",
        }
    }

    const fn rows_in(self, offset: &Offset) -> &BTreeMap<String, String> {
        match self {
            Self::Cards => &offset.cards,
            Self::Cardholders => &offset.cardholders,
            Self::Feeds => &offset.feeds,
            Self::Kinds => &offset.kinds,
        }
    }
}

/// What is wrong with a file: every mistake with its line; 0 where the file as a whole is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct TableError {
    /// At least one.
    pub problems: Vec<(usize, String)>,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (line, message)) in self.problems.iter().enumerate() {
            let gap = if index == 0 { "" } else { "; " };
            match line {
                0 => write!(f, "{gap}{message}")?,
                line => write!(f, "{gap}line {line}: {message}")?,
            }
        }
        Ok(())
    }
}

impl TableError {
    fn whole(message: impl Into<String>) -> Self {
        Self { problems: vec![(0, message.into())] }
    }
}

impl MappingTable {
    /// The tables of a mapping that people keep as files: the categories, each dimension that has a table of values,
    /// and each exception of an offset account that has rows.
    pub fn of(mapping: &Mapping) -> Vec<Self> {
        let kept = |table: &Self| *table == Self::Categories || !table.rows_in(mapping).is_empty();
        Self::possible(mapping).into_iter().filter(|table| *table != Self::Offsets && kept(table)).collect()
    }

    /// Every table that a mapping has or may have, empty ones among them.
    pub fn possible(mapping: &Mapping) -> Vec<Self> {
        let values = mapping.dimensions.keys().map(|dimension| Self::Values(dimension.clone()));
        let funds = mapping.offsets.by_fund_source.keys();
        let exceptions = funds.flat_map(|fund| ExceptionBy::ALL.map(|by| Self::Exceptions(*fund, by)));
        std::iter::once(Self::Categories).chain(values).chain([Self::Offsets]).chain(exceptions).collect()
    }

    /// The table called `name`: `categories`, a dimension's, `offsets`, or such as `offsets.company_card.cards`.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "categories" => return Some(Self::Categories),
            "offsets" => return Some(Self::Offsets),
            _ => {}
        }
        match name.strip_prefix("offsets.").map(|rest| rest.split_once('.')) {
            Some(parts) => {
                let (fund, by) = parts?;
                let by = ExceptionBy::ALL.into_iter().find(|known| known.name() == by)?;
                Some(Self::Exceptions(FundSource::parse(fund)?, by))
            }
            None => Dimension::parse(name).map(Self::Values),
        }
    }

    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::Categories => "categories".to_owned(),
            Self::Values(dimension) => dimension.to_string(),
            Self::Offsets => "offsets".to_owned(),
            Self::Exceptions(fund, by) => format!("offsets.{fund}.{}", by.name()),
        }
    }

    /// The two columns of its file.
    pub const fn header(&self) -> [&'static str; 2] {
        match self {
            Self::Categories => csv::CATEGORIES,
            Self::Values(_) => ["text", "id"],
            Self::Offsets => ["fund_source", "account"],
            Self::Exceptions(..) => ["text", "account"],
        }
    }

    /// Its rows in a mapping.
    pub fn rows_in<'m>(&self, mapping: &'m Mapping) -> Cow<'m, BTreeMap<String, String>> {
        let found = match self {
            Self::Categories => Some(&mapping.accounts.categories),
            Self::Values(dimension) => mapping.dimensions.get(dimension).map(|rule| &rule.values),
            Self::Offsets => {
                let funds = mapping.offsets.by_fund_source.iter();
                return Cow::Owned(funds.map(|(fund, offset)| (fund.to_string(), offset.account.clone())).collect());
            }
            Self::Exceptions(fund, by) => mapping.offsets.by_fund_source.get(fund).map(|offset| by.rows_in(offset)),
        };
        found.map_or_else(|| Cow::Owned(BTreeMap::new()), Cow::Borrowed)
    }

    /// The table as a CSV file in UTF-8, with a byte-order mark, by which spreadsheets know it.
    pub fn to_csv(&self, mapping: &Mapping) -> String {
        let mut text = format!("\u{FEFF}{}\r\n", self.header().join(","));
        for (key, target) in self.rows_in(mapping).iter() {
            text.push_str(&format!("{},{}\r\n", csv::field(key.trim()), csv::field(target.trim())));
        }
        text
    }

    /// The rows of a file.
    ///
    /// # Errors
    /// [`TableError`] with every mistake, also where the file is UTF-16, no text, or longer than 5 MiB.
    pub fn rows(&self, bytes: &[u8]) -> Result<BTreeMap<String, String>, TableError> {
        let read = csv::rows(text_of(bytes)?, self.header()).map_err(|problems| TableError { problems })?;
        once_each(read.into_iter().map(|row| (row.line, row.key, row.target)))
    }

    /// The rows of a file that a person filled in: its first two columns; further ones are passed over, and a row
    /// without a target says nothing.
    ///
    /// # Errors
    /// As [`MappingTable::rows`].
    pub fn filled_rows(&self, bytes: &[u8]) -> Result<BTreeMap<String, String>, TableError> {
        let read = csv::filled(text_of(bytes)?, self.header()).map_err(|problems| TableError { problems })?;
        once_each(read.into_iter().map(|row| (row.line, row.key, row.target)))
    }

    /// The document with `rows` as this table; everything else in it stays as it was written.
    ///
    /// # Errors
    /// [`TableError`] where the document writes the table in a way that cannot be rewritten.
    pub fn put(&self, document: &str, rows: &BTreeMap<String, String>) -> Result<String, TableError> {
        let name = self.name();
        let path = match self {
            Self::Categories => vec!["categories"],
            Self::Values(_) => vec!["dimensions", &name, "values"],
            Self::Exceptions(fund, by) => vec!["offsets", fund.name(), by.name()],
            Self::Offsets => {
                let mut document = document.to_owned();
                for (fund, account) in rows {
                    document =
                        replace_text(&document, &["offsets", fund, "account"], account).map_err(TableError::whole)?;
                }
                return Ok(document);
            }
        };
        replace_table(document, &path, rows).map_err(TableError::whole)
    }

    /// Whether the mapping holds exactly these rows.
    pub fn is_in(&self, mapping: &Mapping, rows: &BTreeMap<String, String>) -> bool {
        let held = self.rows_in(mapping);
        let held = held.iter().map(|(key, target)| (key.trim(), target.trim()));
        held.eq(rows.iter().map(|(key, target)| (key.as_str(), target.as_str())))
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, TableError> {
    if bytes.len() > FILE_MAX_BYTES {
        return Err(TableError::whole("the file is longer than 5 MiB"));
    }
    csv::text(bytes).map_err(TableError::whole)
}

/// A text may stand once, in whatever spelling.
fn once_each(read: impl Iterator<Item = (usize, String, String)>) -> Result<BTreeMap<String, String>, TableError> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut rows = BTreeMap::new();
    let mut problems = Vec::new();
    for (line, key, target) in read {
        // As the flow file compares texts: case does not tell them apart.
        if let Some(first) = seen.insert(key.to_lowercase(), line) {
            problems.push((line, format!("'{key}' stands in line {first} already; keep one of them")));
        }
        rows.insert(key, target);
    }
    if problems.is_empty() { Ok(rows) } else { Err(TableError { problems }) }
}
