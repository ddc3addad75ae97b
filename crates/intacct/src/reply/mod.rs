//! Reads a gateway answer: one strict pass over the bytes, no document tree.
//!
//! Anything that is not exactly the shape of an answer is an error that says what is wrong; nothing is repaired. It
//! does not know which request the answer should belong to: `matching` does.

mod decode;
mod errormessage;
mod pull;
mod rows;
mod shape;

pub use pull::Malformed;
pub use rows::Row;

pub(crate) use decode::{Kind, kind};
pub(crate) use rows::{Data, RowShape};
pub(crate) use shape::{Reply, ResultBlock};

/// Parses an answer. `rows` says what counts as a row of `<data>`.
pub(crate) fn parse(body: &[u8], rows: RowShape) -> Result<Reply, Malformed> {
    let text = decode::decode(body)?;
    shape::read(&text, rows)
}
