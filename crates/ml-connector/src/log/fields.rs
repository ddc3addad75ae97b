//! What may stand in a line: fields of these names, with values of the form that an id, a code or a figure has. An
//! error shows only words that are ours: of a vendor's or a library's error, its kind.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;

use tracing::field::{Field, Visit};

use crate::store::StoreError;
use crate::work::WorkError;

/// The names of fields that are written; a test holds our own calls to them.
pub const NAMES: &[&str] = &[
    "actor",
    "caller",
    "attempts",
    "began_ms",
    "capability",
    "case",
    "class",
    "code",
    "count",
    "customer",
    "drained",
    "entries",
    "error",
    "event",
    "failures",
    "flow",
    "host",
    "kind",
    "lane",
    "left",
    "listening",
    "message",
    "method",
    "pass",
    "place",
    "problem",
    "reference",
    "report",
    "reports",
    "request",
    "role",
    "route",
    "run",
    "said",
    "schema",
    "seconds",
    "span",
    "state",
    "status",
    "step",
    "system",
    "token",
    "took_ms",
    "until_ms",
    "user",
    "version",
    "wanted",
    "worker",
    "workers",
    "works",
];

/// The longest value; ids and codes are far shorter.
const LONGEST: usize = 200;

/// The fields of an event or a span.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) message: String,
    pub(super) values: BTreeMap<&'static str, Value>,
}

/// A value that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Int(i64),
    Flag(bool),
}

impl Fields {
    /// Takes over what another has and this one has not.
    pub(super) fn add(&mut self, other: &Self) {
        for (name, value) in &other.values {
            self.values.entry(name).or_insert_with(|| value.clone());
        }
    }

    fn put(&mut self, field: &Field, value: Value) {
        if let Some(name) = NAMES.iter().find(|name| **name == field.name()) {
            self.values.insert(name, value);
        }
    }

    fn put_text(&mut self, field: &Field, text: &str) {
        match field.name() {
            "message" => text.clone_into(&mut self.message),
            // Constants of our own.
            "said" => self.put(field, Value::Text(text.to_owned())),
            _ => {
                self.put(field, Value::Text(if looks_like_id(text) { text.to_owned() } else { "withheld".to_owned() }))
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put_text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::Int(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Flag(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.put(field, Value::Text(told(value)));
    }
}

/// Of a library's event: what it says, none of its fields.
pub(super) struct MessageOnly<'a>(pub(super) &'a mut Fields);

impl Visit for MessageOnly<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0.message = format!("{value:?}");
        }
    }
}

/// Letters, digits and the signs that ids, codes, references and addresses of our own have; no space, no `@`.
fn looks_like_id(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.:/#+=*,~[]{}".contains(c);
    text.len() <= LONGEST && text.chars().all(allowed)
}

/// An error as far as its words are ours.
fn told(error: &(dyn Error + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<WorkError>() {
        if let WorkError::Store(error) = error {
            return told(error);
        }
        let code = error.problem().code;
        return format!("{code} {}", code.title());
    }
    if let Some(store) = error.downcast_ref::<StoreError>() {
        let code = store.code().map(|code| format!("{code} ")).unwrap_or_default();
        let said = match store {
            // Words for whoever asked, who may have named a person.
            StoreError::Refused { .. } => "refused".to_owned(),
            store => store.to_string(),
        };
        let cause = error.source().map(|cause| format!(": {}", told(cause))).unwrap_or_default();
        return format!("{code}{said}{cause}");
    }
    if let Some(error) = error.downcast_ref::<sqlx::Error>() {
        return of_database(error);
    }
    if let Some(error) = error.downcast_ref::<std::io::Error>() {
        return error
            .raw_os_error()
            .map_or_else(|| error.kind().to_string(), |number| std::io::Error::from_raw_os_error(number).to_string());
    }
    "withheld".to_owned()
}

/// A database quotes values in some of its messages; its codes say the same without them.
fn of_database(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => {
            format!("the database said {}", error.code().unwrap_or_else(|| "nothing".into()))
        }
        sqlx::Error::Io(error) => told(error),
        sqlx::Error::PoolTimedOut => "no connection was free in time".to_owned(),
        sqlx::Error::PoolClosed => "the database was closed".to_owned(),
        sqlx::Error::RowNotFound => "no such row".to_owned(),
        _ => "the database's answer was not understood".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_pass_and_texts_of_people_do_not() {
        for id in ["flw_01J", "MLC-311", "MLCABC123R101", "127.0.0.1:8080", "src/work/post.rs:12", ""] {
            assert!(looks_like_id(id), "{id}");
        }
        for text in ["Jane Doe", "jane@example.com", "Café", "a\nb", "<x>", "100 %", &"x".repeat(201)] {
            assert!(!looks_like_id(text), "{text}");
        }
    }

    #[test]
    fn an_error_says_no_word_that_is_not_ours() {
        let foreign = std::io::Error::other("Jane Doe's dinner");
        assert!(!told(&foreign).contains("Jane"));
        let store = StoreError::Statement { doing: "reading a report", source: sqlx::Error::Protocol("Jane".into()) };
        assert_eq!(told(&store), "reading a report: the database's answer was not understood");
        let refused = WorkError::Refused { code: accounting::Code::FlowInvalid, detail: "Jane".to_owned() };
        assert_eq!(told(&refused), "MLC-401 Flow file is not valid");
    }
}
