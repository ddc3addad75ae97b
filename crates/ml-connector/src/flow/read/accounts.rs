//! `[categories]`, `[[rules]]`, `use_expensify_gl_codes` and `suspense_account`: which account an expense is booked to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path};

use accounting::mapping::{AccountRule, AccountRules};

use super::{comparable, condition, csv, insert};
use crate::flow::document::quoted;
use crate::flow::edit::toml_text;
use crate::flow::keys;
use crate::flow::reader::{Item, Section, Text};

/// Longest file of categories, in bytes.
const FILE_MAX_BYTES: u64 = 5 * 1024 * 1024;

pub(super) fn read(root: &Section<'_>) -> AccountRules {
    AccountRules {
        categories: categories(&root.section_or_empty("categories", &keys::CATEGORIES)),
        rules: root.list("rules").iter().filter_map(rule).collect(),
        use_source_codes: root.get("use_expensify_gl_codes").and_then(|item| item.boolean()).unwrap_or_default(),
        suspense: root.get("suspense_account").and_then(|item| item.text()).map(|text| text.trimmed()),
    }
}

fn rule(item: &Item<'_>) -> Option<AccountRule> {
    let section = item.section(&keys::RULE)?;
    let when = section.required("when").and_then(|item| condition::read(&item));
    let account = section.required_text("account");
    Some(AccountRule { when: when?, account: account?.trimmed() })
}

fn categories(section: &Section<'_>) -> BTreeMap<String, String> {
    let mut table = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for (key, value) in section.own_entries() {
        insert(&mut table, &mut seen, &key, &value);
    }
    let Some(name) = section.get("file").and_then(|item| item.text()) else { return table };
    let Some(rows) = rows(&name) else { return table };
    for row in &rows {
        if let Some(first) = seen.insert(comparable(&row.key), row.key.clone()) {
            let (name, line) = (&name, row.line);
            let again = quoted(&row.key);
            name.at.refuse(
                format!("{}, line {line}: {again} stands here twice, the first time as {}", name.value, quoted(&first)),
                "keep one row for each category; case and white space around it do not tell it apart",
            );
        } else {
            table.insert(row.key.clone(), row.target.clone());
        }
    }
    take_over(section, &name, &rows);
    table
}

/// The rows of the file, or `None` with the mistakes noted.
fn rows(name: &Text<'_>) -> Option<Vec<csv::Row>> {
    let text = match read_file(name) {
        Ok(text) => text,
        Err(message) => {
            name.at.refuse(message, "");
            return None;
        }
    };
    match csv::rows(&text, csv::CATEGORIES) {
        Ok(rows) => Some(rows),
        Err(mistakes) => {
            for (line, message) in mistakes {
                name.at.refuse(format!("{}, line {line}: {message}", name.value), "");
            }
            None
        }
    }
}

fn read_file(name: &Text<'_>) -> Result<String, String> {
    let shown = quoted(name.value);
    let base_dir = name.at.doc.base_dir.ok_or_else(|| {
        format!("{shown} cannot be read: this document did not come from a folder; write the categories into it")
    })?;
    // A flow file must not be a way to read the rest of the machine.
    let path = Path::new(name.value);
    if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(format!("{shown} must lie in the folder of the flow file or below it"));
    }
    let failed = |error: std::io::Error| format!("{shown} cannot be read: {error}");
    let mut bytes = Vec::new();
    let file = File::open(base_dir.join(path)).map_err(failed)?;
    file.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_MAX_BYTES {
        return Err(format!("{shown} is longer than 5 MiB"));
    }
    csv::text(&bytes).map(str::to_owned).map_err(|message| format!("{shown}: {message}"))
}

/// Lets the stored document hold the rows themselves, so that a version of the flow cannot change behind its back.
fn take_over(section: &Section<'_>, name: &Text<'_>, rows: &[csv::Row]) {
    let Some(key) = section.key_span("file") else { return };
    let text = name.at.doc.text;
    let before = text.get(..key.start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let is_inline = text.get(section.at.span.clone()).is_some_and(|table| table.starts_with('{'));
    if !is_inline && !line.trim().is_empty() {
        let remedy = "write [categories] on one line and file = \"...\" on the next";
        name.at.refuse("a file of categories needs a heading", remedy);
        return;
    }
    let row = |row: &csv::Row| format!("{} = {}", toml_text(&row.key), toml_text(&row.target));
    let rows = rows.iter().map(row).collect::<Vec<_>>().join(if is_inline { ", " } else { "\n" });
    name.at.doc.replace(key.start..name.at.span.end, rows);
}
