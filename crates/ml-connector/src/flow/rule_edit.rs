//! Changes of the conditional rules of a document: another account, a rule taken out, a rule added behind the others. The
//! rest of the document, and of each rule, stays as it was written. What the conditions mean is not judged here.

use std::collections::BTreeMap;
use std::ops::Range;

use accounting::mapping::AccountRule;
use toml::de::{DeTable, DeValue};

use super::Flow;
use super::edit::toml_text;

/// A change of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleChange {
    /// The rule with this place in the document (1 first) books to another account.
    Account(usize, String),
    /// The rule with this place is taken out.
    Remove(usize),
    /// A rule is added: the parts of its condition by their keys, and its account.
    Add(BTreeMap<String, String>, String),
}

/// The document with its rules changed. Places are those before any of the changes.
///
/// # Errors
/// A sentence, where there is no such rule, or the document writes its rules in a way that cannot be rewritten.
pub fn with_rules(flow: &Flow, changes: &[RuleChange]) -> Result<String, String> {
    let text = flow.document.as_str();
    let (tree, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        return Err(error.message().to_owned());
    }
    let rules = match tree.get_ref().get("rules").map(toml::Spanned::get_ref) {
        None => Vec::new(),
        Some(DeValue::Array(rules)) => rules.iter().filter_map(|rule| block(text, rule.get_ref())).collect(),
        Some(_) => return Err("the rules cannot be rewritten; change the document by hand".to_owned()),
    };
    if rules.len() != flow.mapping.accounts.rules.len() {
        return Err("the rules are not written under [[rules]]; change the document by hand".to_owned());
    }
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut added = String::new();
    for change in changes {
        let rule = |number: &usize| {
            let found = number.checked_sub(1).and_then(|index| rules.get(index));
            found.ok_or_else(|| format!("there is no rule {number}"))
        };
        match change {
            RuleChange::Account(number, account) => {
                edits.push((rule(number)?.account.clone(), toml_text(account.trim())))
            }
            RuleChange::Remove(number) => edits.push((rule(number)?.lines.clone(), String::new())),
            RuleChange::Add(when, account) => added.push_str(&written(when, account)),
        }
    }
    if !added.is_empty() {
        let at = rules.last().map_or(text.len(), |rule| rule.lines.end);
        let gap = if text.get(..at).is_none_or(|before| before.ends_with('\n')) { "" } else { "\n" };
        edits.push((at..at, format!("{gap}{added}")));
    }
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let apart = edits.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a.end <= b.start));
    if !apart {
        return Err("a rule cannot be changed and taken out at once".to_owned());
    }
    let mut document = text.to_owned();
    for (range, with) in edits.into_iter().rev() {
        document.replace_range(range, &with);
    }
    check(flow, changes, &document)?;
    Ok(document)
}

/// Where a rule stands.
struct Block {
    /// From its heading to the end of its last line, with the blank line behind it.
    lines: Range<usize>,
    /// The text of its account, quotes included.
    account: Range<usize>,
}

/// A rule under a heading of its own.
fn block(text: &str, rule: &DeValue<'_>) -> Option<Block> {
    let DeValue::Table(keys) = rule else { return None };
    let first = keys.keys().map(|key| key.span().start).min()?;
    let last = keys.values().map(|value| value.span().end).max()?;
    let start = text.get(..first)?.rfind("[[rules]]")?;
    // Between heading and first key there is nothing but space and comments.
    let between = text.get(start + "[[rules]]".len()..first)?;
    let is_own = between.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    let end = text.get(last..)?.find('\n').map_or(text.len(), |length| last + length + 1);
    let blank = text.get(end..).is_some_and(|rest| rest.starts_with('\n'));
    let account = keys.get("account")?.span();
    is_own.then_some(Block { lines: start..end + usize::from(blank), account })
}

fn written(when: &BTreeMap<String, String>, account: &str) -> String {
    let parts: Vec<String> = when.iter().map(|(key, value)| format!("{key} = {}", toml_text(value.trim()))).collect();
    format!("[[rules]]\nwhen = {{ {} }}\naccount = {}\n\n", parts.join(", "), toml_text(account.trim()))
}

/// Reads the changed document again: the rules that were not meant must be as they were.
fn check(flow: &Flow, changes: &[RuleChange], document: &str) -> Result<(), String> {
    // What the reader has against it is told with its place by whoever reads it next.
    let Ok(again) = Flow::parse(document, "document", None) else { return Ok(()) };
    let mut expected: Vec<(usize, AccountRule)> = flow.mapping.accounts.rules.iter().cloned().enumerate().collect();
    for change in changes {
        match change {
            RuleChange::Account(number, account) => {
                for (_, rule) in expected.iter_mut().filter(|(index, _)| index + 1 == *number) {
                    account.trim().clone_into(&mut rule.account);
                }
            }
            RuleChange::Remove(number) => expected.retain(|(index, _)| index + 1 != *number),
            RuleChange::Add(..) => {}
        }
    }
    let found = &again.mapping.accounts.rules;
    let same = expected.iter().zip(found).all(|((_, rule), found)| rule == found) && found.len() >= expected.len();
    if same { Ok(()) } else { Err("the rules cannot be rewritten here; change the document by hand".to_owned()) }
}
