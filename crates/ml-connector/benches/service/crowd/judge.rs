//! Counts at the end: the ledger against the books, and both against what was approved. It changes nothing.

use std::collections::BTreeMap;

use ml_connector::clock::Clock;
use ml_connector::store::{Access, Ids, Store};
use serde_json::Value;
use sqlx::Row as _;

use super::Town;

/// What must all be as it should.
#[derive(Debug, Default)]
pub struct Counts {
    /// Reports that the source shows as approved.
    pub approved: u64,
    /// Reports by their state in the books.
    pub reports: BTreeMap<String, i64>,
    /// Entries in the ledger that came through the gateway.
    pub entries: u64,
    /// Keys, references and contents that stand there more than once.
    pub doubled: u64,
    /// Approved reports of which the books know nothing.
    pub lost: i64,
    /// Entries of the ledger that no posting of the books claims, by reference and record number.
    pub unallocated: usize,
    /// Postings that the books call posted and the ledger does not show.
    pub missing: usize,
    /// Debit less credit of the ledger, in minor units.
    pub unbalanced_minor: i64,
    /// Requests to the gateway, and those to Expensify.
    pub requests: (u64, u64),
    /// Requests beyond what Expensify allows, and those that would have changed something there.
    pub over_budget: u64,
    pub violations: u64,
    /// Entries of all audit chains, each verified to its end.
    pub audit: u64,
}

const STATES: &str = "SELECT state, COUNT(*) FROM reports GROUP BY state";
const POSTED: &str = "SELECT company, reference, record_no FROM postings WHERE record_no IS NOT NULL";

/// Counts.
pub async fn count(town: &mut Town) -> Counts {
    let all = town.sandbox.ask("/_state/all?approved=1");
    let number = |path: &str| all.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let doubled = ["control_ids", "references", "contents", "entries"];
    let mut counts = Counts {
        approved: number("/approved/reports"),
        entries: number("/intacct/journal_entries"),
        doubled: doubled.iter().map(|what| number(&format!("/intacct/doubled/{what}"))).sum(),
        requests: (number("/intacct/requests"), number("/expensify/total")),
        over_budget: number("/expensify/over_budget"),
        violations: number("/expensify/violations"),
        ..Counts::default()
    };
    let sums = all["intacct"]["by_currency"].as_array().unwrap();
    let signed = |sum: &Value| sum["debit_minor"].as_i64().unwrap() - sum["credit_minor"].as_i64().unwrap();
    counts.unbalanced_minor = sums.iter().map(signed).map(i64::abs).sum();
    let states: Vec<(String, i64)> = sqlx::query_as(STATES).fetch_all(&mut town.hand).await.unwrap();
    counts.reports = states.into_iter().collect();
    counts.lost = i64::try_from(counts.approved).unwrap() - counts.reports.values().sum::<i64>();
    let mut books = books(town).await;
    for company in 0..town.plan.companies {
        let state = town.sandbox.ask(&format!("/_state?company={company}"));
        for entry in state["intacct"]["ledger"].as_array().unwrap() {
            let text = |key: &str| entry[key].as_str().unwrap().to_owned();
            if books.remove(&text("reference")) != Some(text("recordno")) {
                counts.unallocated += 1;
            }
        }
    }
    counts.missing = books.len();
    counts.audit = verified(town).await;
    counts
}

/// Record numbers that the books know, by reference.
async fn books(town: &mut Town) -> BTreeMap<String, String> {
    let rows = sqlx::query(POSTED).fetch_all(&mut town.hand).await.unwrap();
    rows.iter().map(|row| (row.get(1), row.get(2))).collect()
}

async fn verified(town: &Town) -> u64 {
    let at_ms = Clock::system(jiff::tz::TimeZone::UTC).now_ms();
    let store = Store::open(town.database.place(), Access::Read, None, Ids::system(), at_ms).await.unwrap();
    let mut entries = 0;
    for customer in store.customers().await.unwrap() {
        let customer = store.customer(&customer.id).await.unwrap();
        entries += customer.verify_audit(true).await.unwrap().entries;
    }
    store.close().await;
    entries
}
