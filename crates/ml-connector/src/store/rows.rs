//! Statements over many rows at once: their text for a few fixed numbers of rows, so that each is prepared once and
//! stays in the connection's cache. It knows no table.

use std::sync::OnceLock;

/// Numbers of rows that statements are written for, the largest first. Any batch is cut into these.
pub(super) const SIZES: [usize; 3] = [50, 10, 1];

/// A column of a row.
#[derive(Clone, Copy)]
pub(super) enum Column {
    /// The same parameter in every row, by its number.
    Shared(usize),
    /// A parameter of the row whose type the table tells.
    Own,
    /// A parameter of the row, as text. `VALUES` outside an `INSERT` has no table to tell the type.
    Text,
    /// A parameter of the row, as a 64-bit integer.
    Int,
}

/// A statement over rows: what stands before the rows, the form of one, and what stands after.
pub(super) struct Rows {
    head: &'static str,
    shared: usize,
    columns: &'static [Column],
    tail: &'static str,
    texts: OnceLock<[String; SIZES.len()]>,
}

impl Rows {
    /// A statement whose first `shared` parameters are the same for every row.
    pub(super) const fn new(head: &'static str, shared: usize, columns: &'static [Column], tail: &'static str) -> Self {
        Self { head, shared, columns, tail, texts: OnceLock::new() }
    }

    /// The text for one of [`SIZES`].
    pub(super) fn text(&'static self, rows: usize) -> &'static str {
        let texts = self.texts.get_or_init(|| SIZES.map(|size| self.write(size)));
        let index = SIZES.iter().position(|size| *size == rows).unwrap_or(SIZES.len() - 1);
        &texts[index]
    }

    fn write(&self, rows: usize) -> String {
        let mut text = String::from(self.head);
        let mut next = self.shared;
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for (index, column) in self.columns.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                if !matches!(column, Column::Shared(_)) {
                    next += 1;
                }
                text.push_str(&match column {
                    Column::Shared(number) => format!("${number}"),
                    Column::Own => format!("${next}"),
                    Column::Text => format!("CAST(${next} AS TEXT)"),
                    Column::Int => format!("CAST(${next} AS BIGINT)"),
                });
            }
            text.push(')');
        }
        text.push_str(self.tail);
        text
    }
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
