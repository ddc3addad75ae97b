//! How a plan reads on a terminal: the keys that differ, and what the change would do to stored reports, in counts and
//! money.

use std::collections::BTreeMap;

use super::output::{clean, heading, money, table};
use crate::flow::Difference;
use crate::work::plan::{Change, FlowPlan};
use crate::work::what_if::{BySide, Tally, WhatIf};

/// Most rows of one table.
const ROWS: usize = 40;

/// A plan in words.
pub fn plan_text(plan: &FlowPlan) -> String {
    let title = match plan.change {
        Change::New => format!("{}: new", clean(&plan.name)),
        Change::Same => return format!("{}: no change, version {}\n", clean(&plan.name), plan.version),
        Change::Changed => format!("{}: version {} to {}", clean(&plan.name), plan.version, plan.version + 1),
    };
    let mut text = heading(&title);
    if plan.change == Change::Changed {
        text.push_str(&differences_text(&plan.differences));
    }
    match (&plan.what_if, &plan.untold) {
        (Some(found), _) => text.push_str(&effect_text(found)),
        (None, Some(why)) => text.push_str(&format!("  what it would do is not known: {}\n", clean(why))),
        (None, None) => {}
    }
    text
}

fn differences_text(differences: &[Difference]) -> String {
    if differences.is_empty() {
        return "  comments or layout only\n".to_owned();
    }
    let mut text = String::new();
    for Difference { key, before, after } in differences.iter().take(ROWS) {
        let line = match (before, after) {
            (Some(before), Some(after)) => format!("  ~ {key}: {before} -> {after}"),
            (None, Some(after)) => format!("  + {key} = {after}"),
            (Some(before), None) => format!("  - {key} = {before}"),
            (None, None) => continue,
        };
        text.push_str(&format!("{}\n", clean(&line)));
    }
    text + &more(differences.len())
}

fn more(count: usize) -> String {
    if count > ROWS { format!("  and {} more\n", count - ROWS) } else { String::new() }
}

/// A what-if in words.
pub fn effect_text(found: &WhatIf) -> String {
    let mut text = format!("\n  {} reports approved since {} were translated both ways\n", found.reports, found.from);
    if found.unreadable > 0 {
        text.push_str(&format!("  {} stored reports cannot be read\n", found.unreadable));
    }
    let kinds: [(&str, &BySide); 8] = [
        ("released", &found.released),
        ("newly held", &found.newly_held),
        ("booked otherwise", &found.altered),
        ("other wording", &found.reworded),
        ("newly taken", &found.newly_taken),
        ("left out", &found.left_out),
        ("held as before", &found.still_held),
        ("the same", &found.unchanged),
    ];
    let rows = kinds.iter().filter(|(_, kind)| kind.reports() > 0).map(|(name, kind)| {
        let (waiting, posted) = (&kind.waiting, &kind.in_ledger);
        vec![(*name).to_owned(), waiting.reports.to_string(), sums(waiting), posted.reports.to_string(), sums(posted)]
    });
    text.push_str(&table(&["", "waiting", "money", "posted", "money"], &[1, 2, 3, 4], rows));
    text.push_str(&moves_text(found));
    if found.altered.in_ledger.reports + found.newly_held.in_ledger.reports > 0 {
        text.push_str("  What is posted stays as it is; reports like it would be treated so from now on.\n");
    }
    text
}

fn moves_text(found: &WhatIf) -> String {
    let mut text = String::new();
    if found.lines > 0 {
        text.push_str(&format!("  {} lines would be booked otherwise:\n", found.lines));
    }
    for to_move in found.accounts.iter().take(ROWS) {
        let (from, to) = (or_none(&to_move.from), or_none(&to_move.to));
        let offset = if to_move.side == "offset" { " (offset)" } else { "" };
        text.push_str(&format!("  {from} -> {to}{offset}: {} lines, {}\n", to_move.lines, by_currency(&to_move.money)));
    }
    for to_move in found.dimensions.iter().take(ROWS) {
        let (from, to) = (or_none(&to_move.from), or_none(&to_move.to));
        let (lines, money) = (to_move.lines, by_currency(&to_move.money));
        text.push_str(&format!("  {} {from} -> {to}: {lines} lines, {money}\n", to_move.dimension));
    }
    for to_move in found.headings.iter().take(ROWS) {
        let (what, entries) = (to_move.what, to_move.entries);
        text.push_str(&format!("  {what} {} -> {}: {entries} entries\n", clean(&to_move.from), clean(&to_move.to)));
    }
    if found.recut > 0 {
        text.push_str(&format!("  {} reports would be cut into other lines\n", found.recut));
    }
    for cause in found.would_hold.iter().take(ROWS) {
        let value = if cause.value.is_empty() { String::new() } else { format!(" \"{}\"", clean(&cause.value)) };
        let (count, money) = (cause.tally.reports, sums(&cause.tally));
        text.push_str(&format!("  would hold {count} reports, {money}: {} {}{value}\n", cause.code, cause.title));
    }
    let longest = [found.accounts.len(), found.dimensions.len(), found.headings.len(), found.would_hold.len()];
    text + &more(longest.into_iter().max().unwrap_or(0))
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { clean(text) }
}

fn sums(tally: &Tally) -> String {
    if tally.money.is_empty() { "-".to_owned() } else { by_currency(&tally.money) }
}

fn by_currency(sums: &BTreeMap<String, i64>) -> String {
    let each: Vec<String> =
        sums.iter().map(|(currency, minor)| format!("{} {currency}", money(*minor, currency))).collect();
    each.join(", ")
}
