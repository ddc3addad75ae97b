//! The judge: the sandbox's ledger against our books. What must hold after every run, whatever went wrong in it.

use std::collections::{BTreeMap, BTreeSet};

use accounting::identity::family_prefix;
use ml_connector::store::InboxState;
use serde_json::{Value, json};

use super::office::{Office, Outcome};

/// Offset accounts of the example flow.
const OFFSETS: [&str; 3] = ["2010", "2050", "2051"];

/// The entries that came through the gateway.
pub fn entries(office: &Office) -> Vec<Value> {
    office.sandbox.state()["intacct"]["ledger"].as_array().unwrap().clone()
}

/// References in the ledger, each with how often it stands there.
pub fn references(office: &Office) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for entry in entries(office) {
        *counts.entry(entry["reference"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// How many entries the ledger has of a report.
pub fn of_report(office: &Office, report: &str) -> usize {
    let family = family_prefix(office.company(), report);
    entries(office).iter().filter(|entry| entry["reference"].as_str().unwrap().starts_with(&family)).count()
}

/// What must hold after every run: no entry twice, none that we do not know as posted, none of a report that is not,
/// every posted one there with the frozen lines, and all entries of a report or none.
pub fn check(office: &Office, outcome: &Outcome) {
    let ledger = entries(office);
    for (reference, count) in references(office) {
        assert_eq!(count, 1, "{reference} stands in the ledger {count} times");
    }
    let posted: BTreeMap<&str, &str> = outcome
        .postings
        .iter()
        .filter_map(|posting| Some((posting.reference.as_str(), posting.machine.state.record_no()?)))
        .collect();
    let there: BTreeMap<&str, &str> = ledger
        .iter()
        .map(|entry| (entry["reference"].as_str().unwrap(), entry["recordno"].as_str().unwrap()))
        .collect();
    assert_eq!(posted, there, "what we believe is posted is not what the ledger holds");
    for entry in &ledger {
        let reference = entry["reference"].as_str().unwrap();
        assert_eq!(shown_lines(entry), frozen_lines(outcome, reference), "{reference}");
        assert_eq!(entry["lines"].as_array().unwrap().iter().map(signed).sum::<i64>(), 0, "{reference}");
    }
    for report in outcome.reports.values() {
        let count = of_report(office, &report.report_id);
        let newest = outcome.postings.iter().filter(|posting| posting.key.report == report.report_id);
        let newest: Vec<_> = newest.filter(|posting| posting.key.generation == report.generation).collect();
        match report.state {
            InboxState::Posted => assert_eq!(count, newest.len(), "{} is posted in part", report.report_id),
            InboxState::Drift => assert!(count > 0, "{} drifted and was never posted", report.report_id),
            state => assert_eq!(count, 0, "{} is {} and in the ledger", report.report_id, state.name()),
        }
    }
}

/// The money of the posted reports, three ways: Expensify's own totals, our books, the ledger's offset accounts.
pub fn tie_out(office: &Office, outcome: &Outcome) -> i64 {
    let posted: BTreeSet<&String> =
        outcome.reports.values().filter(|r| r.state == InboxState::Posted).map(|r| &r.report_id).collect();
    let source: i64 = posted
        .iter()
        .map(|id| office.in_expensify(json!({"action": "show", "report": id}))["total_hundredths"].as_i64().unwrap())
        .sum();
    let books: i64 = posted.iter().map(|id| outcome.reports[*id].amount_minor.unwrap()).sum();
    let ledger: i64 = entries(office)
        .iter()
        .flat_map(|entry| entry["lines"].as_array().unwrap().clone())
        .filter(|line| OFFSETS.contains(&line["account"].as_str().unwrap()))
        .map(|line| -signed(&line))
        .sum();
    assert_eq!(books, source, "our books and Expensify's totals");
    assert_eq!(ledger, source, "the ledger and Expensify's totals");
    source
}

/// An amount with the sign of its side: debits are positive.
fn signed(line: &Value) -> i64 {
    line["tr_type"].as_i64().unwrap() * line["amount_minor"].as_i64().unwrap()
}

fn shown_lines(entry: &Value) -> Vec<(String, i64, String, String)> {
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let lines = entry["lines"].as_array().unwrap().iter();
    let mut lines: Vec<_> = lines
        .map(|line| (text(line, "account"), signed(line), text(line, "department"), text(line, "location")))
        .collect();
    lines.sort();
    lines
}

fn frozen_lines(outcome: &Outcome, reference: &str) -> Vec<(String, i64, String, String)> {
    let dimension =
        |line: &ml_connector::store::StoredLine, name: &str| line.dimensions.get(name).cloned().unwrap_or_default();
    let mut lines: Vec<_> = outcome.lines[reference]
        .iter()
        .map(|line| {
            let amount = if line.direction == "debit" { line.amount_minor } else { -line.amount_minor };
            (line.account.clone(), amount, dimension(line, "department"), dimension(line, "location"))
        })
        .collect();
    lines.sort();
    lines
}
