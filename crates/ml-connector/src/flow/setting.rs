//! The settings of a flow's document one by one, for people who do not write TOML: what each decides, what stands there,
//! and the document with some of them changed. Its tables of rows, its secrets and whom it tells are not among them.

use std::collections::BTreeMap;

use toml::{Table as Toml, Value};

use super::Flow;
use super::edit::{put_value, toml_text};
use super::keys::{self, Absent, Key, Table};

/// Settings that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The table's path, such as `schedule`; empty for the document itself.
    pub path: String,
    /// In words.
    pub title: String,
    /// In the order of the reference page.
    pub settings: Vec<Setting>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its path, such as `schedule.poll`.
    pub path: String,
    /// Its name, what it decides, and what it may hold.
    pub key: &'static Key,
    /// What stands in the document, as a person types it; `None` where the default holds.
    pub value: Option<String>,
    /// The default, as a person would type it; empty where it is said in words.
    pub default: String,
    /// The words to choose from, where it has nothing else.
    pub choices: Vec<&'static str>,
    /// Whether it is a list or a table, and typed as TOML.
    pub is_toml: bool,
}

/// A change that cannot be made, with the setting it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct SettingError {
    /// Which setting.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// Keys of the document itself and of its source that are settings; the others are tables, names and secrets.
const OF_ROOT: [&str; 3] = ["mode", "use_expensify_gl_codes", "suspense_account"];
const OF_SOURCE: [&str; 4] = ["policies", "states", "cut_over", "skip"];
const OF_DESTINATION: [&str; 2] = ["entity", "concurrency"];
const OF_DIMENSION: [&str; 4] = ["from", "match", "fallback", "missing"];

/// The settings of a flow.
pub fn settings(flow: &Flow) -> Vec<Section> {
    let document: Toml = flow.document.parse().unwrap_or_default();
    let all = |table: &'static Table| table.keys.iter().collect::<Vec<&'static Key>>();
    let some = |table: &'static Table, names: &[&str]| -> Vec<&'static Key> {
        table.keys.iter().filter(|key| names.contains(&key.name)).collect()
    };
    let mut sections = vec![
        section(&document, "", "The flow", some(&keys::ROOT, &OF_ROOT)),
        section(&document, "source.expensify", "What is taken from Expensify", some(&keys::EXPENSIFY, &OF_SOURCE)),
        section(&document, "selection", "What is left out", all(&keys::SELECTION)),
        section(&document, "schedule", "When", all(&keys::SCHEDULE)),
        section(&document, "posting", "Journal entries", all(&keys::POSTING)),
        section(&document, "control", "What a person must agree to", all(&keys::CONTROL)),
        section(&document, "destination.intacct", "Sage Intacct", some(&keys::INTACCT, &OF_DESTINATION)),
    ];
    for fund in flow.mapping.offsets.by_fund_source.keys() {
        let title = format!("Offset lines of {}", fund.name().replace('_', " "));
        sections.push(section(&document, &format!("offsets.{fund}"), &title, some(&keys::OFFSET, &["dimensions"])));
    }
    for dimension in flow.mapping.dimensions.keys() {
        let path = format!("dimensions.{dimension}");
        sections.push(section(
            &document,
            &path,
            &format!("Dimension {dimension}"),
            some(&keys::DIMENSION, &OF_DIMENSION),
        ));
    }
    sections
}

fn section(document: &Toml, path: &str, title: &str, keys: Vec<&'static Key>) -> Section {
    let setting = |key: &'static Key| {
        let own = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
        let default = match key.absent {
            Absent::Default(toml) => value_of(toml),
            Absent::Required | Absent::Means(_) => None,
        };
        let value = at(document, &steps(&own)).cloned();
        let is_toml = |value: &Option<Value>| value.as_ref().is_some_and(|value| value.is_array() || value.is_table());
        Setting {
            is_toml: is_toml(&value) || is_toml(&default),
            choices: choices(key),
            default: default.as_ref().map(typed).unwrap_or_default(),
            value: value.as_ref().map(typed),
            path: own,
            key,
        }
    };
    Section { path: path.to_owned(), title: title.to_owned(), settings: keys.into_iter().map(setting).collect() }
}

/// The document with some settings changed, each as a person typed it; `None` goes back to the default. Everything else
/// stays as it was written.
///
/// # Errors
/// Every change that cannot be made. Whether the values make sense is found by reading the document again.
pub fn with_settings(flow: &Flow, changes: &BTreeMap<String, Option<String>>) -> Result<String, Vec<SettingError>> {
    let known = settings(flow);
    let mut document = flow.document.clone();
    let mut errors = Vec::new();
    for (path, typed) in changes {
        let mut refuse = |message: String| errors.push(SettingError { path: path.clone(), message });
        let Some(setting) = known.iter().flat_map(|section| &section.settings).find(|one| one.path == *path) else {
            refuse("there is no such setting".to_owned());
            continue;
        };
        let typed = typed.as_deref().map(str::trim).filter(|typed| !typed.is_empty());
        if typed == setting.value.as_deref() {
            continue;
        }
        let value = match typed.map(|typed| toml_of(setting, typed)).transpose() {
            Ok(value) => value,
            Err(message) => {
                refuse(message);
                continue;
            }
        };
        let steps = steps(path);
        match put_value(&document, &steps, value.as_deref()) {
            Ok(changed) if holds(&changed, &steps, value.as_deref()) => document = changed,
            Ok(_) => refuse("it cannot be changed here; change the document by hand".to_owned()),
            Err(message) => refuse(message),
        }
    }
    if errors.is_empty() { Ok(document) } else { Err(errors) }
}

/// Whether the changed document says what was wanted.
fn holds(document: &str, steps: &[&str], value: Option<&str>) -> bool {
    let Ok(document) = document.parse::<Toml>() else { return false };
    at(&document, steps).cloned() == value.and_then(value_of)
}

/// What was typed as TOML: a text in quotes unless the setting holds numbers, switches, lists or tables.
fn toml_of(setting: &Setting, typed: &str) -> Result<String, String> {
    let default = match setting.key.absent {
        Absent::Default(toml) => value_of(toml),
        Absent::Required | Absent::Means(_) => None,
    };
    let is_plain =
        matches!(default, Some(Value::Integer(_) | Value::Boolean(_))) || setting.key.values.starts_with("1 to");
    let is_list = typed.starts_with(['[', '{']);
    match value_of(typed) {
        Some(_) if is_plain || is_list => Ok(typed.to_owned()),
        None if is_plain || (is_list && setting.is_toml) => {
            Err(format!("\"{typed:.60}\" cannot be read; it may hold {}", setting.key.values))
        }
        _ => Ok(toml_text(typed)),
    }
}

/// A value as a person types it: a text without its quotes.
fn typed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn value_of(toml: &str) -> Option<Value> {
    let mut table = format!("value = {toml}").parse::<Toml>().ok()?;
    (table.len() == 1).then(|| table.remove("value")).flatten()
}

/// The words of a setting that holds one of a few words.
fn choices(key: &'static Key) -> Vec<&'static str> {
    let words: Vec<&'static str> = key.values.split(", ").collect();
    let word =
        |word: &&'static str| word.strip_prefix('`')?.strip_suffix('`').filter(|word| !word.contains(['"', ' ']));
    let chosen: Option<Vec<&'static str>> = words.iter().map(word).collect();
    chosen.filter(|words| words.len() > 1).unwrap_or_default()
}

/// The steps of a path; a dimension of the company's own has a dot in its name.
fn steps(path: &str) -> Vec<&str> {
    match path.strip_prefix("dimensions.").and_then(|rest| rest.rsplit_once('.')) {
        Some((dimension, key)) => vec!["dimensions", dimension, key],
        None => path.split('.').collect(),
    }
}

fn at<'t>(table: &'t Toml, steps: &[&str]) -> Option<&'t Value> {
    let (name, above) = steps.split_last()?;
    let mut table = table;
    for step in above {
        table = table.get(*step)?.as_table()?;
    }
    table.get(*name)
}
