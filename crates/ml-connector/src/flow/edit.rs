//! Rewrites one table of a flow document and nothing beside it: comments, order and spelling of all else stay as a
//! person wrote them. It decides nothing about what the rows mean; the caller reads the result again.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// The document with the table at `path` holding `rows`, by their trimmed keys.
///
/// # Errors
/// A sentence, where the document is no TOML or the table is written in a way that cannot be rewritten.
pub(super) fn replace_table(text: &str, path: &[&str], rows: &BTreeMap<String, String>) -> Result<String, String> {
    let (tree, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        return Err(error.message().to_owned());
    }
    let mut table = tree.get_ref();
    let mut at: Range<usize> = 0..0;
    let mut braces = None;
    for (depth, name) in path.iter().enumerate() {
        let Some((key, value)) = table.get_key_value(*name) else {
            return match braces {
                Some(braces) => add_inline(text, braces, path, depth, rows),
                None => add_table(text, table, path, depth, rows),
            };
        };
        let DeValue::Table(inner) = value.get_ref() else { return Err(format!("{name} is no table")) };
        let span = value.span();
        if text.get(span.clone()).is_some_and(|shown| shown.starts_with('{')) {
            if depth + 1 == path.len() {
                return Ok(splice(text, vec![(span, inline(rows))]));
            }
            braces = Some(span);
        } else if braces.is_some() {
            return Err(by_hand(path));
        }
        table = inner;
        at = key.span();
    }
    Ok(splice(text, edits(text, table, line_end(text, at.end), rows)))
}

fn by_hand(path: &[&str]) -> String {
    format!("[{}] cannot be rewritten; change it by hand", path.join("."))
}

/// A table that is not there yet: `[categories]` at the end, a table of values as the first key of its dimension.
fn add_table(
    text: &str,
    parent: &DeTable<'_>,
    path: &[&str],
    depth: usize,
    rows: &BTreeMap<String, String>,
) -> Result<String, String> {
    if rows.is_empty() {
        return Ok(text.to_owned());
    }
    if depth == 0 && path.len() == 1 {
        let gap = if text.ends_with('\n') { "\n" } else { "\n\n" };
        return Ok(format!("{text}{gap}[{}]\n{}", path.join("."), lines(rows.iter())));
    }
    let first = parent.keys().map(|key| key.span().start).min();
    match (first, path.last()) {
        (Some(first), Some(name)) if depth + 1 == path.len() && depth > 0 => {
            let start = line_start(text, first);
            Ok(splice(text, vec![(start..start, format!("{name} = {}\n", inline(rows)))]))
        }
        _ => Err(by_hand(path)),
    }
}

/// A table that is not there yet, within the braces of the table above it.
fn add_inline(
    text: &str,
    braces: Range<usize>,
    path: &[&str],
    depth: usize,
    rows: &BTreeMap<String, String>,
) -> Result<String, String> {
    let Some(name) = path.last().filter(|_| depth + 1 == path.len()) else { return Err(by_hand(path)) };
    if rows.is_empty() {
        return Ok(text.to_owned());
    }
    Ok(splice(text, vec![within_braces(text, &braces, &format!("{name} = {}", inline(rows)))]))
}

/// The document with `value` as the text at `path`, which is there already.
///
/// # Errors
/// A sentence, where the document is no TOML, or nothing stands there.
pub(super) fn replace_text(text: &str, path: &[&str], value: &str) -> Result<String, String> {
    replace_value(text, path, &toml_text(value))
}

/// The document with `toml` as the value at `path`, which is there already.
///
/// # Errors
/// As [`replace_text`].
pub(super) fn replace_value(text: &str, path: &[&str], toml: &str) -> Result<String, String> {
    let (tree, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        return Err(error.message().to_owned());
    }
    let not_set = || format!("{} is not set", path.join("."));
    let (name, above) = path.split_last().ok_or_else(not_set)?;
    let mut table = tree.get_ref();
    for step in above {
        let Some(DeValue::Table(inner)) = table.get(*step).map(toml::Spanned::get_ref) else { return Err(not_set()) };
        table = inner;
    }
    let found = table.get(*name).ok_or_else(not_set)?;
    Ok(splice(text, vec![(found.span(), toml.to_owned())]))
}

/// The document with `value`, as TOML, at `path`; `None` takes the key out. A table that is not there yet gets a heading
/// at the end.
///
/// # Errors
/// A sentence, where the document is no TOML, or writes the place in a way that cannot be rewritten.
pub(super) fn put_value(text: &str, path: &[&str], value: Option<&str>) -> Result<String, String> {
    let (tree, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        return Err(error.message().to_owned());
    }
    let Some((name, above)) = path.split_last() else { return Err(by_hand(path)) };
    let mut table = tree.get_ref();
    let mut heading_end = 0;
    let mut braces = None;
    for step in above {
        let Some((key, found)) = table.get_key_value(*step) else {
            return match value {
                Some(value) => Ok(format!("{}\n[{}]\n{name} = {value}\n", ended(text), heading(above))),
                None => Ok(text.to_owned()),
            };
        };
        let DeValue::Table(inner) = found.get_ref() else { return Err(by_hand(above)) };
        let span = found.span();
        braces = text.get(span.clone()).is_some_and(|shown| shown.starts_with('{')).then_some(span);
        heading_end = line_end(text, key.span().end);
        table = inner;
    }
    match (table.get_key_value(*name), value) {
        (Some((_, found)), Some(value)) => Ok(splice(text, vec![(found.span(), value.to_owned())])),
        (Some((key, found)), None) if braces.is_none() => {
            let lines = line_start(text, key.span().start)..line_end(text, found.span().end);
            Ok(splice(text, vec![(lines, String::new())]))
        }
        (Some(_), None) => Err(by_hand(path)),
        (None, None) => Ok(text.to_owned()),
        (None, Some(value)) => match braces {
            Some(braces) => Ok(splice(text, vec![within_braces(text, &braces, &format!("{name} = {value}"))])),
            None => {
                // Behind the last key of the table itself; tables under headings of their own come later.
                let own = table.iter().filter(|(_, found)| {
                    let is_table = matches!(found.get_ref(), DeValue::Table(_));
                    !is_table || text.get(found.span()).is_some_and(|shown| shown.starts_with('{'))
                });
                let own = own.filter(|(_, found)| !is_list_of_headings(text, found.get_ref()));
                let last = own.map(|(_, found)| line_end(text, found.span().end)).max().unwrap_or(heading_end);
                let gap = if text.get(..last).is_none_or(|before| before.is_empty() || before.ends_with('\n')) {
                    ""
                } else {
                    "\n"
                };
                Ok(splice(text, vec![(last..last, format!("{gap}{name} = {value}\n"))]))
            }
        },
    }
}

/// Whether a list is written as `[[NAME]]` headings.
fn is_list_of_headings(text: &str, value: &DeValue<'_>) -> bool {
    let DeValue::Array(elements) = value else { return false };
    let first = elements.iter().next();
    first.is_some_and(|first| {
        first.get_ref().is_table() && !text.get(first.span()).is_some_and(|shown| shown.starts_with('{'))
    })
}

/// Where one more key goes within braces.
fn within_braces(text: &str, braces: &Range<usize>, key: &str) -> (Range<usize>, String) {
    let within = braces.start + 1..braces.end.saturating_sub(1);
    let held = text.get(within.clone()).unwrap_or_default();
    let end = within.start + held.trim_end().len();
    let comma = if held.trim().is_empty() || held.trim_end().ends_with(',') { "" } else { "," };
    (end..end, format!("{comma} {key}"))
}

fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

fn heading(path: &[&str]) -> String {
    let bare = |step: &&&str| step.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    path.iter().map(|step| if bare(&step) { (*step).to_owned() } else { toml_text(step) }).collect::<Vec<_>>().join(".")
}

/// What to change in a table under a heading of its own; new rows go behind the last one.
fn edits(
    text: &str,
    table: &DeTable<'_>,
    heading_end: usize,
    rows: &BTreeMap<String, String>,
) -> Vec<(Range<usize>, String)> {
    let mut edits = Vec::new();
    let mut missing: BTreeMap<&str, &str> = rows.iter().map(|(key, value)| (key.trim(), value.as_str())).collect();
    let mut last = heading_end;
    for (key, value) in table {
        last = last.max(line_end(text, value.span().end));
        match missing.remove(key.get_ref().trim()) {
            Some(target) if value.get_ref().as_str().map(str::trim) == Some(target) => {}
            Some(target) => edits.push((value.span(), toml_text(target))),
            None => edits.push((line_start(text, key.span().start)..line_end(text, value.span().end), String::new())),
        }
    }
    if !missing.is_empty() {
        let gap = if text.get(..last).is_some_and(|before| before.ends_with('\n')) { "" } else { "\n" };
        edits.push((last..last, format!("{gap}{}", lines(missing.iter()))));
    }
    edits
}

fn lines<K: AsRef<str>, V: AsRef<str>>(rows: impl Iterator<Item = (K, V)>) -> String {
    rows.map(|(key, value)| format!("{} = {}\n", toml_text(key.as_ref()), toml_text(value.as_ref()))).collect()
}

fn inline(rows: &BTreeMap<String, String>) -> String {
    if rows.is_empty() {
        return "{}".to_owned();
    }
    let each: Vec<String> =
        rows.iter().map(|(key, value)| format!("{} = {}", toml_text(key), toml_text(value))).collect();
    format!("{{ {} }}", each.join(", "))
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

/// Behind the line break that ends the line of `at`.
fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |newline| at + newline + 1)
}

/// The text with every edit made; edits do not overlap.
fn splice(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut made = String::with_capacity(text.len());
    let mut from = 0;
    for (range, with) in edits {
        made.push_str(text.get(from..range.start).unwrap_or_default());
        made.push_str(&with);
        from = range.end;
    }
    made.push_str(text.get(from..).unwrap_or_default());
    made
}

/// A TOML text.
pub(super) fn toml_text(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
