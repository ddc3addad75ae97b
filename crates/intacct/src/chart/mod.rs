//! The chart: accounts, journals and every dimension's values, all rows of each.
//!
//! A company that lacks an object, a right or a field is a fact to tell, not a failure.

mod records;

pub use records::{
    Account, Class, Contract, CostType, Customer, Department, Employee, Entity, Item, Journal, Location, Project,
    REQUIRE_FIELDS, Task, UserDefinedValue, Vendor, Warehouse,
};

use crate::client::Client;
use crate::error::Error;
use crate::facts::GatewayError;
use crate::query::{Filter, Query};
use crate::reply::Row;

/// What reading an object came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<T> {
    /// All its rows.
    Rows {
        /// The rows, by `RECORDNO`.
        rows: Vec<T>,
        /// Fields this company can not query; every row lacks them.
        left_out: Vec<String>,
    },
    /// The company has no such object, or the user may not read it.
    Unavailable {
        /// What the gateway said.
        errors: Vec<GatewayError>,
    },
}

impl<T> Reading<T> {
    /// The rows, none where the object is unavailable.
    pub fn into_rows(self) -> Vec<T> {
        match self {
            Self::Rows { rows, .. } => rows,
            Self::Unavailable { .. } => Vec::new(),
        }
    }
}

/// The fields to read: those without which a row is of no use, and those that may be missing.
pub(crate) struct FieldList {
    required: Vec<String>,
    optional: Vec<String>,
    left_out: Vec<String>,
}

impl FieldList {
    pub(crate) fn new(required: &[&str], optional: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self { required: owned(required), optional: owned(optional), left_out: Vec::new() }
    }

    pub(crate) fn into_left_out(self) -> Vec<String> {
        self.left_out
    }

    /// Leaves out the optional fields that errors name, or all of them where they name none. Whether any was left out.
    fn leave_out(&mut self, errors: &[GatewayError]) -> bool {
        let named = |field: &String| {
            errors.iter().any(|error| has_word(&error.text(), field) || has_word(&error.errorno, field))
        };
        let (out, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.optional).into_iter().partition(named);
        let out = if out.is_empty() {
            kept
        } else {
            self.optional = kept;
            out
        };
        let any = !out.is_empty();
        self.left_out.extend(out);
        any
    }
}

/// Whether a text holds a field's name as a word of its own, in any case.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|ch: char| !(ch.is_ascii_alphanumeric() || ch == '_' || ch == '.'))
        .any(|found| found.trim_matches('.').eq_ignore_ascii_case(word))
}

/// Reads all rows of an object. One field that can not be queried fails a whole query \[F\], so such fields are left out
/// and the rest is asked for again; each round leaves out at least one, which ends it.
pub(crate) async fn read_rows(
    client: &Client,
    object: &str,
    fields: &mut FieldList,
    filter: Option<Filter>,
) -> Result<Reading<Row>, Error> {
    loop {
        let mut query = Query::new(object, fields.required.iter().chain(&fields.optional).cloned()).show_private();
        query.filter.clone_from(&filter);
        let mut rows = Vec::new();
        match client.query_all(&query, |row| rows.push(row)).await {
            Ok(_) => return Ok(Reading::Rows { rows, left_out: fields.left_out.clone() }),
            Err(Error::UnknownFields { errors, .. }) if fields.leave_out(&errors) => {}
            Err(Error::Permission { errors, .. } | Error::UnknownObject { errors, .. }) => {
                return Ok(Reading::Unavailable { errors });
            }
            Err(error) => return Err(error),
        }
    }
}
