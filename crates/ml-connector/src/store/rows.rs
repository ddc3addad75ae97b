//! Statements over many rows at once: their text for a few fixed numbers of rows, so that each is prepared once and
//! stays in the connection's cache. It knows no table.
//!
//! Every parameter is written as `?`, stands once, and is bound in the order of the text. SQLite takes it so;
//! PostgreSQL takes the same text with the parameters numbered. (SQLite would look a numbered parameter up in a list
//! of all names, for each value bound; with a thousand of them that costs more than the write.)

use std::sync::OnceLock;

use super::sql::Text;

/// Numbers of rows that statements are written for, the largest first. Any batch is cut into these.
pub(super) const SIZES: [usize; 3] = [50, 10, 1];

/// A parameter of a row whose type the table tells.
pub(super) const OWN: &str = "?";
/// A parameter of a row, as text. `VALUES` outside of an `INSERT` has no table to tell the type.
pub(super) const TEXT: &str = "CAST(? AS TEXT)";
/// A parameter of a row, as a 64-bit integer.
pub(super) const INT: &str = "CAST(? AS BIGINT)";

/// A statement over rows: what stands before the rows, the columns of one, and what stands after.
pub(super) struct Rows {
    head: &'static str,
    columns: &'static [&'static str],
    tail: &'static str,
    texts: OnceLock<[(String, String); SIZES.len()]>,
}

impl Rows {
    pub(super) const fn new(head: &'static str, columns: &'static [&'static str], tail: &'static str) -> Self {
        Self { head, columns, tail, texts: OnceLock::new() }
    }

    /// The text for one of [`SIZES`].
    pub(super) fn text(&'static self, rows: usize) -> Text {
        let write = |size| {
            let text = self.write(size);
            let numbered = numbered(&text);
            (text, numbered)
        };
        let texts = self.texts.get_or_init(|| SIZES.map(write));
        let index = SIZES.iter().position(|size| *size == rows).unwrap_or(SIZES.len() - 1);
        let (sqlite, postgres) = &texts[index];
        Text { sqlite, postgres }
    }

    fn write(&self, rows: usize) -> String {
        let row = format!("({})", self.columns.join(", "));
        format!("{}{}{}", self.head, vec![row; rows].join(", "), self.tail)
    }
}

/// The text with its parameters numbered in their order.
fn numbered(text: &str) -> String {
    let mut parts = text.split('?');
    let mut numbered = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        numbered.push_str(&format!("${}{part}", index + 1));
    }
    numbered
}

/// Cuts items into batches of [`SIZES`].
pub(super) fn batches<T>(mut items: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= items.len())?;
        let (batch, rest) = items.split_at(size);
        items = rest;
        Some(batch)
    })
}
