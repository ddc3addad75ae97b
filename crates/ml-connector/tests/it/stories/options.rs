//! The choices of `[posting]` and `[offsets]`, each once all the way into the ledger.

use std::collections::BTreeSet;

use ml_connector::store::InboxState;
use serde_json::Value;

use super::ledger;
use super::office::{Office, Outcome, lifelike};

/// Runs a company under a changed flow; whatever the choice, it must tie out.
async fn under(changes: &[(&str, &str)]) -> (Office, Outcome, Vec<Value>) {
    let mut office = Office::open(lifelike(40)).await;
    for (from, to) in changes {
        office.edit_flow(from, to);
    }
    let outcome = office.run().await;
    ledger::check(&office, &outcome);
    ledger::tie_out(&office, &outcome);
    assert!(outcome.count(&[InboxState::Posted]) > 20, "{:?}", outcome.run_codes());
    let entries = ledger::entries(&office);
    (office, outcome, entries)
}

const GROUP: &str = "group = \"report_and_fund_source\"";
const CREDIT: &str = "credit_lines = \"per_report\"";

fn lines(entry: &Value) -> &Vec<Value> {
    entry["lines"].as_array().unwrap()
}

fn is_offset(line: &Value) -> bool {
    ["2010", "2050", "2051"].contains(&line["account"].as_str().unwrap())
}

#[tokio::test]
async fn one_entry_a_report() {
    let (_, outcome, entries) =
        under(&[(GROUP, "group = \"report\""), ("company_card = \"CC\"", "company_card = \"EXP\"")]).await;
    assert_eq!(entries.len(), outcome.count(&[InboxState::Posted]));
}

#[tokio::test]
async fn one_entry_an_expense() {
    let (_, outcome, entries) = under(&[(GROUP, "group = \"expense\"")]).await;
    assert!(entries.len() > 2 * outcome.count(&[InboxState::Posted]));
    assert!(entries.iter().all(|entry| lines(entry).len() == 2), "an expense is a debit and a credit");
}

#[tokio::test]
async fn one_credit_an_expense() {
    let (_, _, entries) = under(&[(CREDIT, "credit_lines = \"per_expense\"")]).await;
    for entry in &entries {
        let offsets = lines(entry).iter().filter(|line| is_offset(line)).count();
        assert_eq!(2 * offsets, lines(entry).len());
    }
}

#[tokio::test]
async fn summarised_lines() {
    let (_, _, plain) = under(&[]).await;
    let (_, _, summarised) = under(&[("lines = \"per_expense\"", "lines = \"summarised\"")]).await;
    let count = |entries: &[Value]| entries.iter().map(|entry| lines(entry).len()).sum::<usize>();
    assert_eq!(plain.len(), summarised.len());
    assert!(count(&summarised) < count(&plain));
    for entry in &summarised {
        let keys: Vec<String> = lines(entry)
            .iter()
            .map(|line| format!("{} {} {} {}", line["account"], line["department"], line["location"], line["project"]))
            .collect();
        let unique: BTreeSet<&String> = keys.iter().collect();
        // Debits and credits of the same account and dimensions may stand side by side.
        assert!(keys.len() <= 2 * unique.len());
    }
}

#[tokio::test]
async fn each_expense_on_its_own_day() {
    let (_, outcome, entries) = under(&[("date = \"approved\"", "date = \"expense\"")]).await;
    assert!(entries.len() > outcome.count(&[InboxState::Posted]));
}

#[tokio::test]
async fn the_last_expense_gives_the_day() {
    let (_, outcome, _) = under(&[("date = \"approved\"", "date = \"last_expense\"")]).await;
    let moved = outcome.postings.iter().filter(|posting| {
        outcome.reports[&posting.key.report].approved_on.is_some_and(|approved| approved != posting.posting_date)
    });
    assert!(moved.count() > 5);
}

#[tokio::test]
async fn drafts_are_left_to_a_person() {
    let (_, _, entries) = under(&[("state = \"posted\"", "state = \"draft\"")]).await;
    assert!(entries.iter().all(|entry| entry["state"] == "Draft"), "{}", entries[0]);
}

#[tokio::test]
async fn offset_lines_copy_the_dimensions_when_told_to() {
    let to = "reimbursable = { account = \"2010\", dimensions = \"copy\" }";
    let (_, _, entries) = under(&[("reimbursable = { account = \"2010\" }", to)]).await;
    let credits = entries.iter().flat_map(lines).filter(|line| line["account"] == "2010");
    assert!(credits.clone().count() > 10);
    assert!(credits.into_iter().all(|line| !line["department"].as_str().unwrap().is_empty()));
}

#[tokio::test]
async fn texts_are_cut_from_the_templates() {
    let title = "title = \"Expensify {report_number} {employee_name} {approved}\"";
    let (_, outcome, entries) = under(&[(title, "title = \"R {report_id}\"")]).await;
    for posting in &outcome.postings {
        let entry = entries.iter().find(|entry| entry["reference"] == posting.reference.as_str()).unwrap();
        assert_eq!(entry["title"], format!("R {}", posting.key.report));
        assert!(lines(entry).iter().all(|line| line["document"] == posting.reference.as_str()));
    }
}
