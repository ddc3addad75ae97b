//! The tables of a mapping as CSV, for people who keep them in a spreadsheet: categories with their accounts, and the
//! texts of a dimension with their values. What is written is read back the same; a text that a spreadsheet would take
//! for a formula is written with an apostrophe before it, which reading takes away again.

use std::collections::BTreeMap;
use std::fmt;

use accounting::{Dimension, Mapping};

use super::edit::replace_table;
use super::read::csv;

/// Longest file, in bytes.
pub const FILE_MAX_BYTES: usize = 5 * 1024 * 1024;

/// One table of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingTable {
    /// Account by category.
    Categories,
    /// Value by text, of a dimension.
    Values(Dimension),
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
    /// The tables of a mapping: the categories, and each dimension that has a table of values.
    pub fn of(mapping: &Mapping) -> Vec<Self> {
        let with_values = mapping.dimensions.iter().filter(|(_, rule)| !rule.values.is_empty());
        let values = with_values.map(|(dimension, _)| Self::Values(dimension.clone()));
        std::iter::once(Self::Categories).chain(values).collect()
    }

    /// The table called `name`: `categories`, or a dimension's.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "categories" { Some(Self::Categories) } else { Dimension::parse(name).map(Self::Values) }
    }

    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::Categories => "categories".to_owned(),
            Self::Values(dimension) => dimension.to_string(),
        }
    }

    const fn header(&self) -> [&'static str; 2] {
        match self {
            Self::Categories => csv::CATEGORIES,
            Self::Values(_) => ["text", "id"],
        }
    }

    fn rows_in<'m>(&self, mapping: &'m Mapping) -> Option<&'m BTreeMap<String, String>> {
        match self {
            Self::Categories => Some(&mapping.accounts.categories),
            Self::Values(dimension) => mapping.dimensions.get(dimension).map(|rule| &rule.values),
        }
    }

    /// The table as a CSV file in UTF-8, with a byte-order mark, by which spreadsheets know it.
    pub fn to_csv(&self, mapping: &Mapping) -> String {
        let mut text = format!("\u{FEFF}{}\r\n", self.header().join(","));
        for (key, target) in self.rows_in(mapping).into_iter().flatten() {
            text.push_str(&format!("{},{}\r\n", csv::field(key.trim()), csv::field(target.trim())));
        }
        text
    }

    /// The rows of a file.
    ///
    /// # Errors
    /// [`TableError`] with every mistake, also where the file is UTF-16, no text, or longer than 5 MiB.
    pub fn rows(&self, bytes: &[u8]) -> Result<BTreeMap<String, String>, TableError> {
        if bytes.len() > FILE_MAX_BYTES {
            return Err(TableError::whole("the file is longer than 5 MiB"));
        }
        let text = csv::text(bytes).map_err(TableError::whole)?;
        let read = csv::rows(text, self.header()).map_err(|problems| TableError { problems })?;
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut rows = BTreeMap::new();
        let mut problems = Vec::new();
        for row in read {
            // As the flow file compares texts: case does not tell them apart.
            if let Some(first) = seen.insert(row.key.to_lowercase(), row.line) {
                problems.push((row.line, format!("'{}' stands in line {first} already; keep one of them", row.key)));
            }
            rows.insert(row.key, row.target);
        }
        if problems.is_empty() { Ok(rows) } else { Err(TableError { problems }) }
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
        };
        replace_table(document, &path, rows).map_err(TableError::whole)
    }

    /// Whether the mapping holds exactly these rows.
    pub fn is_in(&self, mapping: &Mapping, rows: &BTreeMap<String, String>) -> bool {
        let held = self.rows_in(mapping);
        let held = held.into_iter().flatten().map(|(key, target)| (key.trim(), target.trim()));
        held.eq(rows.iter().map(|(key, target)| (key.as_str(), target.as_str())))
    }
}
