//! Attacks: sequences of faults, edits and changed settings that once led, or might lead, to an entry posted twice,
//! in part, stale or never. The sandbox's own books are the judge.

use std::collections::BTreeMap;

use accounting::identity::family_prefix;
use ml_connector::store::InboxState;
use sandbox::intacct::Assumptions;
use serde_json::{Value, json};

use crate::stories::office::{Office, Outcome, clean, lifelike};

/// The preflight's question cannot be asked: what is frozen stays unsent.
fn cut_preflight(office: &Office) {
    office.faults(json!([{"vendor": "intacct", "on": "query", "contains": "REFERENCENO", "action": "http_500"}]));
}

fn entries(office: &Office) -> Vec<Value> {
    office.sandbox.state()["intacct"]["ledger"].as_array().unwrap().clone()
}

fn of_report(office: &Office, report: &str) -> Vec<Value> {
    let family = family_prefix(office.company(), report);
    let ours = |entry: &Value| entry["reference"].as_str().unwrap().starts_with(&family);
    entries(office).into_iter().filter(ours).collect()
}

fn accounts(entries: &[Value]) -> Vec<String> {
    let lines = entries.iter().flat_map(|entry| entry["lines"].as_array().unwrap().clone());
    lines.map(|line| line["account"].as_str().unwrap().to_owned()).collect()
}

/// How many entries each report with several of them has in the ledger, against how many it makes.
fn in_part(office: &Office, outcome: &Outcome) -> Vec<(String, usize, u32)> {
    let mut wanted: BTreeMap<String, u32> = BTreeMap::new();
    for posting in outcome.postings.iter().filter(|posting| posting.entries > 1) {
        wanted.insert(posting.key.report.clone(), posting.entries);
    }
    let there = wanted.into_iter().map(|(report, entries)| (of_report(office, &report).len(), report, entries));
    let part = there.filter(|(there, _, entries)| *there != 0 && *there != *entries as usize);
    part.map(|(there, report, entries)| (report, there, entries)).collect()
}

fn restricted(burns: bool) -> Assumptions {
    let pairs = ["2050/LOCATION/NY", "2050/LOCATION/SF", "2050/LOCATION/LON", "2051/LOCATION/NY", "2051/LOCATION/SF"];
    Assumptions { restricted: pairs.map(str::to_owned).to_vec(), failed_burns_key: burns, ..Assumptions::default() }
}

fn only(outcome: &Outcome) -> String {
    outcome.reports.keys().next().unwrap().clone()
}

#[tokio::test]
async fn a_rehearsal_does_not_call_posted_what_the_ledger_refused() {
    let mut office = Office::open(clean(3, 2)).await;
    office.faults(json!([{"on": "create", "action": "closed_period"}]));
    let refused = office.run().await;
    assert_eq!(refused.count(&[InboxState::Rejected]), 3);
    office.edit_flow("mode = \"post\"", "mode = \"rehearsal\"");
    let rehearsed = office.run().await;
    assert_eq!(rehearsed.count(&[InboxState::Posted]), 0, "a rehearsal calls posted what is not in the ledger");
    office.edit_flow("mode = \"rehearsal\"", "mode = \"post\"");
    office.faults(json!([]));
    let posted = office.run_until_settled().await;
    assert_eq!((posted.count(&[InboxState::Posted]), entries(&office).len()), (3, 3));
}

#[tokio::test]
async fn a_rehearsal_does_not_forget_that_a_posted_report_changed() {
    let mut office = Office::open(clean(1, 1)).await;
    let report = only(&office.run().await);
    office.edit_flow("mode = \"post\"", "mode = \"rehearsal\"");
    office.in_expensify(json!({"action": "recode", "report": report, "amount": 777}));
    office.run().await;
    office.edit_flow("mode = \"rehearsal\"", "mode = \"post\"");
    let later = office.run().await;
    assert_eq!(later.reports[&report].state, InboxState::Drift);
}

#[tokio::test]
async fn a_burnt_key_of_one_entry_never_sends_it_without_its_sibling() {
    let office = Office::open(lifelike(60)).await;
    office.sandbox.set_intacct_assumptions(restricted(true));
    let refused = office.run().await;
    assert_eq!(in_part(&office, &refused), []);
    for round in 0..4 {
        if round == 1 {
            office.sandbox.set_intacct_assumptions(Assumptions { failed_burns_key: true, ..Assumptions::default() });
        }
        let outcome = office.run().await;
        assert_eq!(in_part(&office, &outcome), [], "round {round}");
    }
}

#[tokio::test]
async fn what_is_left_over_goes_out_in_whole_reports_wherever_a_page_ends() {
    let office = Office::open(lifelike(160)).await;
    cut_preflight(&office);
    let frozen = office.run().await;
    assert!(frozen.postings.len() > 60, "{} frozen", frozen.postings.len());
    assert_eq!(entries(&office).len(), 0);
    office.faults(json!([]));
    office.sandbox.set_intacct_assumptions(restricted(false));
    let outcome = office.run().await;
    assert!(!entries(&office).is_empty());
    assert_eq!(in_part(&office, &outcome), []);
}

#[tokio::test]
async fn a_mapping_mended_before_anything_was_sent_is_the_one_that_is_posted() {
    let mut office = Office::open(clean(3, 2)).await;
    cut_preflight(&office);
    let frozen = office.run().await;
    assert_eq!((frozen.postings.len(), entries(&office).len()), (3, 0));
    office.faults(json!([]));
    office.edit_flow("account = \"2010\"", "account = \"2050\"");
    office.edit_flow("account = \"2050\", cards", "account = \"2010\", cards");
    let posted = office.run_until_settled().await;
    assert_eq!(entries(&office).len(), 3);
    assert_eq!(posted.count(&[InboxState::Posted]), 3);
    for entry in entries(&office) {
        let accounts = accounts(std::slice::from_ref(&entry));
        let wrong = if entry["journal"] == "EXP" { "2010" } else { "2050" };
        assert!(!accounts.iter().any(|account| account == wrong), "posted with the old mapping: {entry}");
    }
}

#[tokio::test]
async fn what_was_taken_back_deleted_or_changed_before_anything_was_sent_is_not_posted_as_it_was() {
    let office = Office::open(clean(4, 1)).await;
    cut_preflight(&office);
    let frozen = office.run().await;
    let ids: Vec<String> = frozen.reports.keys().cloned().collect();
    office.faults(json!([]));
    office.in_expensify(json!({"action": "unapprove", "report": ids[0]}));
    office.in_expensify(json!({"action": "delete", "report": ids[1]}));
    office.in_expensify(json!({"action": "recode", "report": ids[2], "amount": 4321}));
    let first = office.run().await;
    let second = office.run().await;
    assert_eq!(of_report(&office, &ids[0]).len(), 0, "{:?}", first.reports[&ids[0]].state);
    assert_eq!(of_report(&office, &ids[1]).len(), 0, "{:?}", first.reports[&ids[1]].state);
    let changed = of_report(&office, &ids[2]);
    assert_eq!(changed.len(), 1, "{:?}", second.reports[&ids[2]]);
    assert_eq!(changed[0]["lines"][0]["amount_minor"].as_i64().unwrap().abs(), 4321);
    assert_eq!(second.reports[&ids[2]].state, InboxState::Posted);
    assert_eq!(of_report(&office, &ids[3]).len(), 1);
}

/// The same company, seen from another database.
fn elsewhere(office: &mut Office, name: &str) -> String {
    let there = format!("sqlite:{}", office.folder.path().join(name).display());
    std::mem::replace(&mut office.settings.database.url, there)
}

#[tokio::test]
async fn another_installation_that_posted_first_is_never_doubled_by_a_changed_mapping() {
    let mut office = Office::open(clean(3, 2)).await;
    cut_preflight(&office);
    office.run().await;
    office.faults(json!([]));
    let here = elsewhere(&mut office, "other.db");
    office.run().await;
    assert_eq!(entries(&office).len(), 3);
    office.settings.database.url = here;
    office.edit_flow("account = \"2010\"", "account = \"2050\"");
    for _ in 0..3 {
        let outcome = office.run().await;
        assert_eq!(entries(&office).len(), 3, "{:?}", outcome.reports.values().map(|r| r.state).collect::<Vec<_>>());
        assert_eq!(outcome.count(&[InboxState::Posted]), 0);
    }
}

#[tokio::test]
async fn a_fresh_database_adopts_the_same_and_stops_at_what_differs() {
    let mut office = Office::open(clean(4, 2)).await;
    office.run().await;
    let first = elsewhere(&mut office, "second.db");
    let adopted = office.run().await;
    assert_eq!((entries(&office).len(), adopted.count(&[InboxState::Posted])), (4, 4));
    elsewhere(&mut office, "third.db");
    office.edit_flow("group = \"report_and_fund_source\"", "group = \"expense\"");
    let other = office.run().await;
    assert_eq!(entries(&office).len(), 4);
    assert_eq!(other.count(&[InboxState::Conflict]), 4);
    office.settings.database.url = first;
    let same = office.run().await;
    assert_eq!(entries(&office).len(), 4);
    assert_eq!(same.count(&[InboxState::Posted]), 4);
}

#[tokio::test]
async fn a_renamed_flow_posts_nothing_again() {
    let mut office = Office::open(clean(4, 2)).await;
    office.run().await;
    office.edit_flow("Expenses to the ledger", "Another name");
    let renamed = office.run().await;
    assert_eq!(entries(&office).len(), 4);
    assert!(renamed.result.is_ok(), "{:?}", renamed.run_codes());
    office.in_expensify(json!({"action": "add"}));
    let after = office.run().await;
    assert!(after.result.is_ok(), "{:?}", after.run_codes());
    assert_eq!(entries(&office).len(), 5, "the new report is posted beside them");
}

#[tokio::test]
async fn a_renamed_and_regrouped_flow_waits_for_what_the_first_one_has_in_doubt() {
    let mut office = Office::open(clean(3, 2)).await;
    office.sandbox.set_intacct_assumptions(Assumptions { query_staleness_ms: 300, ..Assumptions::default() });
    office.faults(json!([{"on": "create", "action": "drop_after_commit"}]));
    office.rules.settle_ms = 60_000;
    office.rules.looks_ms = vec![60_000];
    office.rules.look_gap_ms = 1;
    let _ = tokio::time::timeout(std::time::Duration::from_secs(3), office.run()).await;
    office.faults(json!([]));
    office.edit_flow("Expenses to the ledger", "Another name");
    office.edit_flow("group = \"report_and_fund_source\"", "group = \"expense\"");
    let _ = tokio::time::timeout(std::time::Duration::from_secs(3), office.run()).await;
    for (report, count) in counts(&office) {
        assert_eq!(count, 1, "{report} stands there {count} times");
    }
}

fn counts(office: &Office) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for entry in entries(office) {
        *counts.entry(entry["reference"].as_str().unwrap()[..16].to_owned()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn a_report_changed_while_its_outcome_is_unknown_stays_a_drift_when_it_turns_out_posted() {
    let office = Office::open(clean(2, 1)).await;
    office.faults(json!([
        {"on": "create", "action": "drop_after_commit"},
        {"vendor": "intacct", "on": "query", "contains": "REFERENCENO", "after": 1, "action": "http_500"},
    ]));
    let unknown = office.run().await;
    assert_eq!(unknown.count(&[InboxState::Unknown]), 2, "{:?}", unknown.reports);
    let report = only(&unknown);
    office.in_expensify(json!({"action": "recode", "report": report, "amount": 4321}));
    let blind = office.run().await;
    office.faults(json!([]));
    let settled = office.run_until_settled().await;
    assert_eq!(of_report(&office, &report).len(), 1);
    assert_eq!(settled.reports[&report].state, InboxState::Drift, "before: {:?}", blind.reports[&report].state);
}

#[tokio::test]
async fn a_changed_report_of_which_nothing_arrived_is_posted_as_it_is_now() {
    let office = Office::open(clean(2, 1)).await;
    office.faults(json!([
        {"on": "create", "action": "drop_before_commit"},
        {"vendor": "intacct", "on": "query", "contains": "REFERENCENO", "after": 1, "action": "http_500"},
    ]));
    let unknown = office.run().await;
    let report = only(&unknown);
    office.in_expensify(json!({"action": "recode", "report": report, "amount": 4321}));
    office.run().await;
    office.faults(json!([]));
    for _ in 0..4 {
        office.run().await;
    }
    let posted = of_report(&office, &report);
    assert_eq!(posted.len(), 1, "lost");
    assert_eq!(posted[0]["lines"][0]["amount_minor"].as_i64().unwrap().abs(), 4321, "posted with the old amount");
}

#[tokio::test]
async fn what_was_refused_too_often_is_tried_again_once_a_day() {
    let mut office = Office::open(clean(2, 1)).await;
    office.faults(json!([{"on": "create", "action": "closed_period"}]));
    for _ in 0..5 {
        office.run().await;
    }
    office.faults(json!([]));
    let sooner = office.run().await;
    assert_eq!((entries(&office).len(), sooner.summary().sent), (0, 0), "held, and no longer tried");
    office.rules.attempts_window_ms = 1;
    for _ in 0..3 {
        office.run().await;
    }
    assert_eq!(entries(&office).len(), 2, "held for ever");
}

#[tokio::test]
async fn a_control_entry_that_somebody_deletes_is_replaced() {
    let office = Office::open(clean(4, 1)).await;
    office.run().await;
    for _ in 0..2 {
        office.in_expensify(json!({"action": "add"}));
    }
    office.faults(json!([{"on": "create", "count": 1, "action": "drop_before_commit"}]));
    // Whatever the controls were, they are gone: all that stood in the ledger before us.
    let ours: Vec<String> = entries(&office).iter().map(|entry| entry["recordno"].as_str().unwrap().into()).collect();
    for number in (1..60).map(|number: u32| number.to_string()).filter(|number| !ours.contains(number)) {
        let delete = json!({"vendor": "intacct", "action": "delete_entry", "recordno": number});
        let _there_or_not = office.sandbox.edit(delete);
    }
    for _ in 0..3 {
        office.run().await;
    }
    assert_eq!(entries(&office).len(), 6);
}

#[tokio::test]
async fn a_mapping_changed_or_books_closed_after_posting_make_no_drift_of_a_report_that_is_paid_later() {
    let mut office = Office::open(clean(4, 1)).await;
    let posted = office.run().await;
    let ids: Vec<String> = posted.reports.keys().cloned().collect();
    office.edit_flow("account = \"2010\"", "account = \"2050\"");
    office.edit_flow("account = \"2050\", cards", "account = \"2010\", cards");
    office.in_expensify(json!({"action": "reimburse", "report": ids[0]}));
    let mapped = office.run().await;
    assert_eq!(mapped.count(&[InboxState::Posted]), 4, "{:?}", mapped.reports[&ids[0]].problems);
    office.in_intacct(json!({"action": "close_books", "until": "12/31/2030"}));
    office.in_expensify(json!({"action": "reimburse", "report": ids[1]}));
    let closed = office.run().await;
    assert_eq!(closed.count(&[InboxState::Posted]), 4, "{:?}", closed.reports[&ids[1]].problems);
    assert_eq!(entries(&office).len(), 4);
}

/// What the program says on standard error, and its exit code.
fn says(arguments: &[&str]) -> (String, Option<i32>) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ml-connector")).args(arguments).output().unwrap();
    (String::from_utf8(output.stderr).unwrap(), output.status.code())
}

#[test]
fn a_path_that_leads_nowhere_is_not_called_a_damaged_database() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = format!("sqlite:{}", folder.path().join("none/books.db").display());
    let (said, code) = says(&["audit", "list", "--database", &nowhere]);
    assert!(said.contains("MLC-408") && !said.contains("Restore a backup"), "{said}");
    assert_eq!(said.matches("unable to open database file").count(), 1, "{said}");
    assert_eq!(code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_an_export_that_leaves_is_no_failure() {
    let office = Office::open(clean(40, 2)).await;
    office.run().await;
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_ml-connector"));
    program.args(["audit", "export", "--database", &office.settings.database.url]);
    let mut child = program.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((String::from_utf8(output.stderr).unwrap().as_str(), output.status.code()), ("", Some(0)));
}
