//! Changes of single rows of a mapping's tables: what two mappings differ in, and a document with some rows changed. The
//! rest of the document stays as it was written.

use std::collections::{BTreeMap, BTreeSet};

use accounting::Mapping;
use accounting::translate::fold;

use super::{MappingTable, TableError};
use crate::flow::Flow;

/// A row as it is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    /// In which table.
    pub table: MappingTable,
    /// The text of the source.
    pub text: String,
    /// Where it is to lead; `None` takes the row out.
    pub target: Option<String>,
}

/// A row that two mappings differ in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableChange {
    /// In which table.
    pub table: MappingTable,
    /// The text of the source.
    pub text: String,
    /// Where it led; `None` where the row is new.
    pub before: Option<String>,
    /// Where it leads; `None` where the row was taken out.
    pub after: Option<String>,
}

/// Every row that two mappings differ in, by table and text.
pub fn changed_rows(before: &Mapping, after: &Mapping) -> Vec<TableChange> {
    let both = MappingTable::possible(before).into_iter().chain(MappingTable::possible(after));
    let tables: BTreeSet<MappingTable> = both.collect();
    let mut found = Vec::new();
    for table in tables {
        let mut old = by_folded(&table.rows_in(before));
        for (folded, (text, target)) in by_folded(&table.rows_in(after)) {
            let was = old.remove(&folded).map(|(_, target)| target);
            if was.as_ref() != Some(&target) {
                found.push(TableChange { table: table.clone(), text, before: was, after: Some(target) });
            }
        }
        let gone = old.into_values();
        found.extend(gone.map(|(text, target)| TableChange {
            table: table.clone(),
            text,
            before: Some(target),
            after: None,
        }));
    }
    found
}

fn by_folded(rows: &BTreeMap<String, String>) -> BTreeMap<String, (String, String)> {
    let row = |(text, target): (&String, &String)| {
        (fold(text).into_owned(), (text.trim().to_owned(), target.trim().to_owned()))
    };
    rows.iter().map(row).collect()
}

/// The flow's document with some rows changed. A text keeps the spelling that it has in the document.
///
/// # Errors
/// [`TableError`] where a text is blank or stands twice among the changes, a table is not in the document, or the
/// document writes it in a way that cannot be rewritten.
pub fn with_changes(flow: &Flow, changes: &[RowChange]) -> Result<String, TableError> {
    check(flow, changes)?;
    let tables: BTreeSet<&MappingTable> = changes.iter().map(|change| &change.table).collect();
    let mut document = flow.document.clone();
    for table in tables {
        let mut rows = table.rows_in(&flow.mapping).into_owned();
        for change in changes.iter().filter(|change| change.table == *table) {
            let folded = fold(&change.text);
            let held = rows.keys().find(|text| fold(text) == folded).cloned();
            match (&change.target, held) {
                (Some(target), Some(held)) => drop(rows.insert(held, target.trim().to_owned())),
                (Some(target), None) => drop(rows.insert(change.text.trim().to_owned(), target.trim().to_owned())),
                (None, Some(held)) => drop(rows.remove(&held)),
                (None, None) => {}
            }
        }
        if rows == *table.rows_in(&flow.mapping) {
            continue;
        }
        document = table.put(&document, &rows)?;
        let again = Flow::parse(&document, "document", None);
        let trimmed = rows.iter().map(|(text, target)| (text.trim().to_owned(), target.trim().to_owned())).collect();
        if !again.is_ok_and(|again| table.is_in(&again.mapping, &trimmed)) {
            let name = table.name();
            return Err(TableError::whole(format!("{name} cannot be rewritten here; change the document by hand")));
        }
    }
    Ok(document)
}

fn check(flow: &Flow, changes: &[RowChange]) -> Result<(), TableError> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    let possible = MappingTable::possible(&flow.mapping);
    for (at, change) in changes.iter().enumerate() {
        let name = change.table.name();
        let shown: String = change.text.chars().take(60).collect();
        if change.text.trim().is_empty() {
            problems.push((at + 1, format!("{name}: the text is blank")));
        }
        if change.target.as_deref().is_some_and(|target| target.trim().is_empty()) {
            problems.push((at + 1, format!("{name}, \"{shown}\": the target is blank")));
        }
        if !possible.contains(&change.table) {
            problems.push((at + 1, format!("the document has no table {name}")));
        }
        if change.table == MappingTable::Offsets && change.target.is_none() {
            problems.push((at + 1, format!("{name}, \"{shown}\": an offset account cannot be taken out")));
        }
        if !seen.insert((&change.table, fold(&change.text))) {
            problems.push((at + 1, format!("{name}: \"{shown}\" stands twice")));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(TableError { problems }) }
}
