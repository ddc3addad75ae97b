//! How two documents differ, key by key, in an order that does not depend on how they are laid out. Comments and layout
//! make no difference; what the keys mean is not judged.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::{Table, Value};

/// One key that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which key, such as `posting.state` or `categories."Team Offsite"`.
    pub key: String,
    /// What stood there; `None` where the key is new.
    pub before: Option<String>,
    /// What stands there; `None` where the key is gone.
    pub after: Option<String>,
}

/// Every key that differs between two documents. A text that is no TOML counts as empty.
pub fn differences(before: &str, after: &str) -> Vec<Difference> {
    let (mut before, after) = (flat(before), flat(after));
    let mut found: Vec<Difference> = Vec::new();
    for (key, value) in after {
        let old = before.remove(&key);
        if old.as_ref() != Some(&value) {
            found.push(Difference { key, before: old, after: Some(value) });
        }
    }
    found.extend(before.into_iter().map(|(key, value)| Difference { key, before: Some(value), after: None }));
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found
}

/// Every value of a document by its path.
fn flat(text: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    walk("", &text.parse::<Table>().unwrap_or_default(), &mut values);
    values
}

fn walk(path: &str, table: &Table, values: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let path = if path.is_empty() { shown(key) } else { format!("{path}.{}", shown(key)) };
        keep(path, value, values);
    }
}

fn keep(path: String, value: &Value, values: &mut BTreeMap<String, String>) {
    match value {
        Value::Table(inner) if !inner.is_empty() => walk(&path, inner, values),
        // The order of rules matters, so a rule is known by its place.
        Value::Array(elements) if !elements.is_empty() && elements.iter().all(Value::is_table) => {
            for (index, element) in elements.iter().enumerate() {
                keep(format!("{path}[{}]", index + 1), element, values);
            }
        }
        other => {
            values.insert(path, other.to_string());
        }
    }
}

fn shown(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if bare { key.to_owned() } else { super::edit::toml_text(key) }
}
