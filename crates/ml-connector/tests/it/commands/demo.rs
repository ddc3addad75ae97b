//! `demo` and `sandbox`: what a new user and a script get without any account.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::program::{bare, err, json, out};
use crate::stories::proxy::client;

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("{value} is no object")).keys().map(String::as_str).collect()
}

fn has_exactly(value: &Value, names: &[&str]) {
    assert_eq!(keys(value), names.iter().copied().collect(), "{value}");
}

#[test]
fn demo_prints_one_object_of_the_documented_shape_that_ties_out() {
    let output = bare(&["demo", "--once", "--json", "--reports", "120"]).output();
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(out(&output).lines().count(), 1);
    let demo = json(&output);
    has_exactly(&demo, &["reports", "money", "intacct", "requests", "second_run", "held"]);
    has_exactly(&demo["reports"], &["read", "posted", "held", "skipped"]);
    has_exactly(&demo["intacct"], &["journal_entries", "lines", "by_currency"]);
    has_exactly(&demo["requests"], &["expensify", "intacct"]);
    has_exactly(&demo["second_run"], &["read", "posted", "unchanged"]);
    let number = |value: &Value| value.as_i64().unwrap_or_else(|| panic!("{value} is no number"));
    for money in demo["money"].as_array().unwrap() {
        has_exactly(money, &["currency", "source_minor", "posted_minor", "held_minor", "skipped_minor"]);
        let parts = ["posted_minor", "held_minor", "skipped_minor"].map(|part| number(&money[part]));
        assert_eq!(number(&money["source_minor"]), parts.iter().sum::<i64>());
        assert!(parts[0] > 0 && parts[1] > 0);
    }
    for sums in demo["intacct"]["by_currency"].as_array().unwrap() {
        has_exactly(sums, &["currency", "debit_minor", "credit_minor"]);
        assert_eq!(sums["debit_minor"], sums["credit_minor"]);
    }
    let reports = ["read", "posted", "held", "skipped"].map(|part| number(&demo["reports"][part]));
    assert_eq!(reports[0], reports[1] + reports[2] + reports[3]);
    assert!(reports[1] > 0 && reports[2] > 0);
    assert!(number(&demo["intacct"]["journal_entries"]) >= reports[1]);
    assert_eq!(demo["second_run"]["read"], demo["reports"]["read"]);
    assert_eq!(demo["second_run"]["posted"], 0);
    assert_eq!(demo["second_run"]["unchanged"], demo["reports"]["posted"]);
    assert_eq!(demo["held"].as_array().unwrap().len() as i64, reports[2]);
    for held in demo["held"].as_array().unwrap() {
        has_exactly(held, &["report_id", "problems"]);
        assert!(!held["problems"].as_array().unwrap().is_empty());
        for problem in held["problems"].as_array().unwrap() {
            has_exactly(problem, &["code", "title", "value", "remedy"]);
            assert!(problem["code"].as_str().unwrap().starts_with("MLC-"));
        }
    }
}

#[test]
fn demo_shows_the_whole_in_words() {
    let output = bare(&["demo", "--once", "--reports", "40"]).output();
    assert!(output.status.success(), "{}", err(&output));
    let text = out(&output);
    for part in ["First run:", "Second run:", "The ledger as Intacct sees it", "debits", "unexplained", "fix:", "MLC-"]
    {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn demo_takes_its_folder_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let output = bare(&["demo", "--once", "--json", "--reports", "5"]).env("TMPDIR", path).output();
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_sandbox_says_where_it_is_and_what_works_there() {
    let mut program = bare(&["sandbox", "--reports", "12"]).start();
    let said: Value = serde_json::from_str(&program.first_line()).unwrap();
    has_exactly(&said, &["expensify_url", "intacct_url", "credentials", "samples"]);
    has_exactly(&said["credentials"], &["intacct", "expensify"]);
    let intacct = ["sender_id", "sender_password", "company_id", "user_id", "user_password"];
    has_exactly(&said["credentials"]["intacct"], &intacct);
    has_exactly(&said["credentials"]["expensify"], &["partner_user_id", "partner_user_secret"]);
    let samples = [
        "journal",
        "debit_account",
        "credit_account",
        "unknown_account",
        "department",
        "location",
        "open_date",
        "report_id",
    ];
    has_exactly(&said["samples"], &samples);
    let url = said["intacct_url"].as_str().unwrap();
    let origin: String = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let faults = "[{\"on\":\"create\",\"nth\":1,\"action\":\"http_502\"}]";
    let answer = client().post(format!("{origin}/_faults")).body(faults).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let state = client().get(format!("{origin}/_state")).send().await.unwrap().text().await.unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["intacct"]["journal_entries"], 0);
    assert_eq!(state["expensify"]["requests"]["total"], 0);
    program.interrupt();
    let began = std::time::Instant::now();
    while !program.has_ended() {
        assert!(began.elapsed().as_secs() < 20, "it does not end");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[test]
fn a_faults_file_with_a_mistake_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faults.json");
    std::fs::write(&path, "[{\"on\":\"create\",\"akshun\":\"http_502\"}]").unwrap();
    let output = bare(&["sandbox", "--faults", path.to_str().unwrap()]).output();
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("akshun") && err(&output).contains("rules[0]"), "{}", err(&output));
    assert!(out(&output).is_empty());
}
