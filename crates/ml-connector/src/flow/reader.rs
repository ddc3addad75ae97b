//! Typed access to a TOML tree that never stops at the first mistake: a value that is missing or of the wrong kind is
//! noted and reads as `None`. Only keys of the list in `keys` can be read; all others are refused.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::document::{Document, quoted};
use super::keys::{Absent, TAG_LEVELS, Table};
use super::nearest::nearest;

/// A place in the document, for mistakes found there.
#[derive(Clone)]
pub(super) struct Place<'d> {
    pub(super) doc: &'d Document<'d>,
    /// The key with those above it, such as `posting.state`.
    pub(super) path: String,
    pub(super) span: Range<usize>,
}

/// A value of any kind.
pub(super) struct Item<'d> {
    pub(super) at: Place<'d>,
    pub(super) value: &'d DeValue<'d>,
}

/// A text.
pub(super) struct Text<'d> {
    pub(super) at: Place<'d>,
    pub(super) value: &'d str,
}

/// A table whose keys are known.
pub(super) struct Section<'d> {
    pub(super) at: Place<'d>,
    keys: &'static Table,
    table: Option<&'d DeTable<'d>>,
}

impl Place<'_> {
    pub(super) fn refuse(&self, message: impl Into<String>, remedy: impl Into<String>) {
        self.doc.refuse(Some(self.span.clone()), &self.path, message, remedy);
    }

    /// Leaves the value out of every shown line.
    pub(super) fn hide(&self) {
        self.doc.hide(self.span.clone());
    }

    fn below(&self, key: &str, span: Range<usize>) -> Self {
        let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let name = if bare { key.to_owned() } else { quoted(key) };
        let path = if self.path.is_empty() { name } else { format!("{}.{name}", self.path) };
        Self { doc: self.doc, path, span }
    }
}

impl<'d> Item<'d> {
    /// What kind it should be.
    fn wrong_kind(&self, wanted: &str, remedy: &str) {
        let found = match self.value {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a number with decimals",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date without quotes",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.at.refuse(format!("`{}` must be {wanted}, not {found}", self.at.path), remedy);
    }

    /// A text that is not blank.
    pub(super) fn text(&self) -> Option<Text<'d>> {
        let DeValue::String(value) = self.value else {
            let remedy = match self.value {
                DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) => "put it into quotes",
                _ => "",
            };
            self.wrong_kind("a text", remedy);
            return None;
        };
        if value.trim().is_empty() {
            self.at.refuse(format!("`{}` is empty", self.at.path), "");
            return None;
        }
        Some(Text { at: self.at.clone(), value })
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        if let DeValue::Boolean(value) = self.value {
            return Some(*value);
        }
        self.wrong_kind("true or false", "write true or false, without quotes");
        None
    }

    /// A whole number within `range`.
    pub(super) fn integer(&self, range: Range<u16>) -> Option<u16> {
        let allowed = format!("a whole number from {} to {}", range.start, range.end - 1);
        let DeValue::Integer(number) = self.value else {
            self.wrong_kind(&allowed, "");
            return None;
        };
        let value = u16::from_str_radix(number.as_str(), number.radix()).ok().filter(|value| range.contains(value));
        if value.is_none() {
            self.at.refuse(format!("`{}` must be {allowed}", self.at.path), "");
        }
        value
    }

    /// The elements of a list.
    pub(super) fn list(&self) -> Option<Vec<Item<'d>>> {
        let DeValue::Array(values) = self.value else {
            let remedy = match self.value {
                DeValue::Table(_) => format!("write it as [[{}]], or in brackets: [ {{ ... }} ]", self.at.path),
                _ => "write it in brackets: [ ... ]".to_owned(),
            };
            self.wrong_kind("a list", &remedy);
            return None;
        };
        let item = |(index, value): (usize, &'d toml::Spanned<DeValue<'d>>)| {
            let path = format!("{}[{}]", self.at.path, index + 1);
            Item { at: Place { doc: self.at.doc, path, span: value.span() }, value: value.get_ref() }
        };
        Some(values.iter().enumerate().map(item).collect())
    }

    /// A table with these keys; others in it are refused.
    pub(super) fn section(&self, keys: &'static Table) -> Option<Section<'d>> {
        let DeValue::Table(table) = self.value else {
            let first = keys.keys.first().map_or("", |key| key.name);
            self.wrong_kind("a table", &format!("write it like {{ {first} = ... }}"));
            return None;
        };
        Some(Section::open(self.at.clone(), keys, table))
    }

    /// A table whose keys are the customer's own: each key as a text, with its value.
    pub(super) fn entries(&self) -> Option<Vec<(Text<'d>, Item<'d>)>> {
        let DeValue::Table(table) = self.value else {
            self.wrong_kind("a table", "");
            return None;
        };
        Some(entries(&self.at, table))
    }
}

fn entries<'d>(at: &Place<'d>, table: &'d DeTable<'d>) -> Vec<(Text<'d>, Item<'d>)> {
    let entry = |(key, value): (&'d toml::Spanned<_>, &'d toml::Spanned<DeValue<'d>>)| {
        let name: &'d std::borrow::Cow<'d, str> = key.get_ref();
        let text = Text { at: at.below(name, key.span()), value: name };
        (text, Item { at: at.below(name, value.span()), value: value.get_ref() })
    };
    let mut entries: Vec<_> = table.iter().map(entry).collect();
    // The parser sorts by key; what a person wrote first is reported first and taken first.
    entries.sort_by_key(|(key, _)| key.at.span.start);
    entries
}

impl<'d> Section<'d> {
    /// Opens a table and refuses the keys that it does not have.
    pub(super) fn open(at: Place<'d>, keys: &'static Table, table: &'d DeTable<'d>) -> Self {
        for (key, item) in entries(&at, table) {
            if keys.find(key.value).is_none() {
                // A mistyped key may hold a secret.
                hide_values(item.at.doc, item.value, &item.at.span);
                refuse_key(&key, keys);
            }
        }
        Self { at, keys, table: Some(table) }
    }

    /// A table that is not there: every key of it is absent.
    fn absent(at: Place<'d>, keys: &'static Table) -> Self {
        Self { at, keys, table: None }
    }

    /// The value of `key`, where it is there.
    pub(super) fn get(&self, key: &str) -> Option<Item<'d>> {
        debug_assert!(self.keys.find(key).is_some(), "{key} is not in the list of keys");
        let value = self.table?.get(key)?;
        Some(Item { at: self.at.below(key, value.span()), value: value.get_ref() })
    }

    /// The value of `key`; its absence is a mistake.
    pub(super) fn required(&self, key: &str) -> Option<Item<'d>> {
        let item = self.get(key);
        if item.is_none() {
            self.refuse_absence(key, "");
        }
        item
    }

    /// Notes that `key` is missing.
    pub(super) fn refuse_absence(&self, key: &str, remedy: &str) {
        let at = self.at.below(key, self.at.span.clone());
        let span = (!self.at.path.is_empty()).then_some(at.span);
        let remedy = match self.keys.find(key) {
            Some(known) if remedy.is_empty() => format!("{} It holds: {}", known.meaning, known.values),
            _ => remedy.to_owned(),
        };
        self.at.doc.refuse(span, &at.path, format!("`{}` is missing", at.path), remedy);
    }

    pub(super) fn required_text(&self, key: &str) -> Option<Text<'d>> {
        self.required(key)?.text()
    }

    /// The table at `key`; its absence is a mistake.
    pub(super) fn required_section(&self, key: &str, keys: &'static Table) -> Option<Section<'d>> {
        self.required(key)?.section(keys)
    }

    /// The table at `key`, or one without keys.
    pub(super) fn section_or_empty(&self, key: &str, keys: &'static Table) -> Section<'d> {
        let absent = || Section::absent(self.at.below(key, self.at.span.clone()), keys);
        self.get(key).and_then(|item| item.section(keys)).unwrap_or_else(absent)
    }

    /// The elements at `key`, or none.
    pub(super) fn list(&self, key: &str) -> Vec<Item<'d>> {
        self.get(key).and_then(|item| item.list()).unwrap_or_default()
    }

    /// One of a few words, or the default.
    pub(super) fn word<T: Copy + Default>(&self, key: &str, words: &[(&str, T)]) -> T {
        let text = self.get(key).and_then(|item| item.text());
        text.and_then(|text| text.word(words)).unwrap_or_default()
    }

    /// The customer's own keys: those that the list does not name one by one.
    pub(super) fn own_entries(&self) -> Vec<(Text<'d>, Item<'d>)> {
        let named = |name: &str| self.keys.keys.iter().any(|key| key.name == name);
        let all = self.table.map(|table| entries(&self.at, table)).unwrap_or_default();
        all.into_iter().filter(|(key, _)| !named(key.value)).collect()
    }

    /// Where `key` itself stands.
    pub(super) fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.table?.get_key_value(key).map(|(key, _)| key.span())
    }

    /// The keys that are there, as they were written.
    pub(super) fn names(&self) -> impl Iterator<Item = &'d str> {
        self.table.into_iter().flat_map(|table| table.keys()).map(|key| key.get_ref().as_ref())
    }

    /// The default of `key` as the list states it, for texts.
    pub(super) fn default_text(&self, key: &str) -> &'static str {
        match self.keys.find(key).map(|key| key.absent) {
            Some(Absent::Default(toml)) => toml.trim_matches('"'),
            _ => "",
        }
    }
}

impl<'d> Text<'d> {
    /// The place of some bytes of the text; the whole of it where it is not written as it is read.
    pub(super) fn part(&self, part: Range<usize>) -> Place<'d> {
        let mut at = self.at.clone();
        let written = at.doc.text.get(at.span.clone()).unwrap_or_default();
        let inside = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
        if inside == self.value && part.start < part.end {
            at.span = at.span.start + 1 + part.start..at.span.start + 1 + part.end;
        }
        at
    }

    /// Without the white space around it.
    pub(super) fn trimmed(&self) -> String {
        self.value.trim().to_owned()
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == self.value).map(|(_, meaning)| *meaning);
        if found.is_none() {
            self.refuse_word(words.iter().map(|(word, _)| *word));
        }
        found
    }

    /// Says that the text is none of `allowed`.
    pub(super) fn refuse_word<'w>(&self, allowed: impl Iterator<Item = &'w str> + Clone) {
        let list = allowed.clone().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
        let hint = nearest(self.value, allowed).map(|word| format!("did you mean \"{word}\"? ")).unwrap_or_default();
        let message = format!("{} is no value of `{}`", quoted(self.value), self.at.path);
        self.at.refuse(message, format!("{hint}allowed: {list}"));
    }
}

/// Leaves every text and number at or below `value` out of the shown lines.
pub(super) fn hide_values(doc: &Document<'_>, value: &DeValue<'_>, span: &Range<usize>) {
    match value {
        DeValue::Table(table) => table.values().for_each(|inner| hide_values(doc, inner.get_ref(), &inner.span())),
        DeValue::Array(list) => list.iter().for_each(|inner| hide_values(doc, inner.get_ref(), &inner.span())),
        _ => doc.hide(span.clone()),
    }
}

fn refuse_key(key: &Text<'_>, keys: &Table) {
    let shown = |name: &str| match name {
        "tag_N" => format!("`tag_1` to `tag_{TAG_LEVELS}`"),
        name => format!("`{name}`"),
    };
    let names = keys.keys.iter().map(|key| key.name);
    let list = names.clone().map(shown).collect::<Vec<_>>().join(", ");
    let hint = nearest(key.value, names.filter(|name| *name != "tag_N"))
        .map(|name| format!("did you mean `{name}`? "))
        .unwrap_or_default();
    key.at.refuse(format!("unknown key `{}`", key.at.path), format!("{hint}allowed here: {list}"));
}
