//! Texts compared as people mean them: trimmed and without case; and the mapping's tables keyed that way.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// `text` trimmed and without case. Capitals first, so that `ß` and `SS`, `ς` and `σ` agree.
pub fn fold(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if !text.is_ascii() {
        return Cow::Owned(text.chars().flat_map(without_case).collect());
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}

fn without_case(letter: char) -> impl Iterator<Item = char> {
    letter.to_uppercase().flat_map(char::to_lowercase)
}

/// Whether `text` folds to `folded`.
pub(super) fn same(folded: &str, text: &str) -> bool {
    let text = text.trim();
    if text.is_ascii() {
        return text.eq_ignore_ascii_case(folded);
    }
    text.chars().flat_map(without_case).eq(folded.chars())
}

/// `text` unless it is blank.
pub(crate) fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

/// The value of a report's field. Names are compared without case, and whatever is neither letter nor digit counts as
/// an underscore, because sources spell field names that way.
pub(crate) fn field<'r>(fields: &'r BTreeMap<String, String>, name: &str) -> Option<&'r str> {
    let spelled = |name: &str| -> String {
        let plain = name.trim().chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' });
        plain.flat_map(without_case).collect()
    };
    if let Some(value) = fields.get(name) {
        return Some(value);
    }
    let name = spelled(name);
    fields.iter().find(|(field, _)| spelled(field) == name).map(|(_, value)| value.as_str())
}

/// A row of a table of the mapping.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// The text as typed.
    key: &'a str,
    /// The account or the value's id.
    pub target: &'a str,
    /// Why a line that follows this row is booked so.
    pub reason: Arc<str>,
}

/// A table of the mapping, keyed by folded text.
#[derive(Debug, Default)]
pub(super) struct Table<'a> {
    rows: HashMap<String, Vec<Row<'a>>>,
}

impl<'a> Table<'a> {
    /// A table of `rows`; `reason` says a row's reason by its key.
    pub fn new(rows: &'a BTreeMap<String, String>, reason: impl Fn(&str) -> String) -> Self {
        let mut table = Self { rows: HashMap::with_capacity(rows.len()) };
        for (key, target) in rows {
            let row = Row { key: key.trim(), target: target.trim(), reason: reason(key).into() };
            table.rows.entry(fold(key).into_owned()).or_default().push(row);
        }
        table
    }

    /// The row for `text`. Where rows differ only in case and lead to different targets, only the exact spelling
    /// counts: guessing between them would book money by chance.
    pub fn get(&self, text: &str) -> Option<&Row<'a>> {
        if self.rows.is_empty() {
            return None;
        }
        let rows = self.rows.get(fold(text).as_ref())?;
        let (first, others) = rows.split_first()?;
        if others.iter().all(|row| row.target == first.target) {
            return Some(first);
        }
        rows.iter().find(|row| row.key == text.trim())
    }

    /// Says where `text` was not found because it stands between rows that differ only in case.
    pub fn doubt(&self, text: &str) -> &'static str {
        match self.rows.get(fold(text).as_ref()) {
            Some(_) if self.get(text).is_none() => "; rows that differ from it only in case disagree",
            _ => "",
        }
    }
}
