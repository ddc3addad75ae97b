//! Reports of a kind that nobody would enter and everybody may receive: each is a coded problem, and the other reports
//! of the run still post.

use std::sync::{Arc, Mutex};

use ml_connector::store::InboxState;
use serde_json::{Value, json};

use super::office::{Office, Outcome, clean};
use super::{ledger, proxy, secrets};

/// Runs ten clean reports of which the first to come by is changed on its way. Gives the outcome and its id.
async fn with_one_report(change: impl Fn(&mut Value) + Send + Sync + 'static) -> (Office, Outcome, String) {
    let mut office = Office::open(clean(10, 2)).await;
    let chosen: Arc<Mutex<Option<String>>> = Arc::default();
    let seen = chosen.clone();
    let changed = move |report: &mut Value| {
        let id = report["reportID"].as_str().unwrap().to_owned();
        let mut seen = seen.lock().unwrap();
        if *seen.get_or_insert_with(|| id.clone()) == id {
            change(report);
        }
    };
    office.endpoints.expensify = Some(proxy::start(&office.sandbox.expensify_url, proxy::of_reports(changed)).await);
    let outcome = office.run().await;
    secrets::check(&office, &outcome).await;
    ledger::check(&office, &outcome);
    let id = chosen.lock().unwrap().clone().unwrap();
    assert_eq!(outcome.count(&[InboxState::Posted]), 9 + usize::from(is_posted(&outcome, &id)));
    (office, outcome, id)
}

fn is_posted(outcome: &Outcome, id: &str) -> bool {
    outcome.reports.get(id).is_some_and(|report| report.state == InboxState::Posted)
}

/// The report is held for this, and nothing of it is in the ledger.
async fn is_held(code: &str, change: impl Fn(&mut Value) + Send + Sync + 'static) {
    let (office, outcome, id) = with_one_report(change).await;
    assert_eq!(outcome.reports[&id].state, InboxState::Held);
    assert!(outcome.codes_of(&id).contains(&code.to_owned()), "{:?}", outcome.codes_of(&id));
    assert_eq!(ledger::of_report(&office, &id), 0);
    assert!(outcome.audited("report.held").iter().any(|entry| entry.subject == id && entry.detail.contains(code)));
}

/// The record is no report: it is counted and shown, and there is nothing to post.
async fn is_unreadable(change: impl Fn(&mut Value) + Send + Sync + 'static) {
    let (office, outcome, id) = with_one_report(change).await;
    assert_eq!(outcome.summary().unreadable, 1);
    assert_eq!(outcome.run_codes(), ["MLC-128"]);
    assert_eq!(ledger::of_report(&office, &id), 0);
}

#[tokio::test]
async fn yen_with_a_fraction() {
    is_held("MLC-114", |report| {
        report["currency"] = json!("JPY");
        for expense in report["expenses"].as_array_mut().unwrap() {
            expense["currency"] = json!("JPY");
            expense["amount"] = json!(105_050);
        }
    })
    .await;
}

#[tokio::test]
async fn another_currency_than_the_companys() {
    is_held("MLC-117", |report| {
        report["currency"] = json!("EUR");
        for expense in report["expenses"].as_array_mut().unwrap() {
            expense["currency"] = json!("EUR");
        }
    })
    .await;
}

#[tokio::test]
async fn a_currency_that_does_not_exist() {
    is_held("MLC-116", |report| report["currency"] = json!("ZZZ")).await;
    is_held("MLC-116", |report| report["currency"] = json!("Us$")).await;
}

#[tokio::test]
async fn expenses_that_do_not_add_up() {
    is_held("MLC-118", |report| report["total"] = json!(1)).await;
}

#[tokio::test]
async fn an_expense_that_stands_there_twice() {
    is_unreadable(|report| {
        let first = report["expenses"][0]["transactionID"].clone();
        report["expenses"][1]["transactionID"] = first;
    })
    .await;
}

#[tokio::test]
async fn amounts_beyond_every_range() {
    is_held("MLC-119", |report| {
        report["expenses"][0]["amount"] = json!(i64::MAX);
        report["expenses"][1]["amount"] = json!(i64::MAX);
    })
    .await;
}

#[tokio::test]
async fn no_day_of_approval() {
    is_held("MLC-132", |report| {
        report.as_object_mut().unwrap().remove("approved");
    })
    .await;
}

#[tokio::test]
async fn records_that_are_no_reports() {
    is_unreadable(|report| report["expenses"][0]["amount"] = json!("12.5x")).await;
    is_unreadable(|report| report["expenses"] = json!("none")).await;
    is_unreadable(|report| report["expenseCount"] = json!(3)).await;
    is_unreadable(|report| report["approved"] = json!("yesterday")).await;
    is_unreadable(|report| {
        report["status"] = json!("Perhaps");
        report["state"] = json!("PERHAPS");
        report["displayStatus"] = json!("Perhaps");
    })
    .await;
}

#[tokio::test]
async fn texts_that_would_break_the_request_arrive_as_they_are() {
    let (office, outcome, id) = with_one_report(|report| {
        let expense = &mut report["expenses"][0];
        expense["merchant"] = json!("A&B <c> ]]> \"q\" '; DROP TABLE x; -- \u{1f600} é");
        expense["comment"] =
            json!("<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]>&y;");
        report["reportName"] = json!("\u{202e}gnp.exe\r\n=HYPERLINK(\"x\")");
    })
    .await;
    assert!(is_posted(&outcome, &id), "{:?}", outcome.reports[&id].problems);
    let told = ledger::entries(&office).iter().any(|entry| {
        entry["lines"]
            .as_array()
            .unwrap()
            .iter()
            .any(|line| line["description"].as_str().unwrap().contains("A&B <c> ]]>"))
    });
    assert!(told);
}

#[tokio::test]
async fn nineteen_digits_stay_nineteen_digits() {
    let office = Office::open(clean(5, 3)).await;
    let outcome = office.run().await;
    ledger::check(&office, &outcome);
    let mut long = 0;
    for id in outcome.reports.keys() {
        let shown = office.in_expensify(json!({"action": "show", "report": id}));
        let lines: Vec<String> = outcome
            .postings
            .iter()
            .filter(|posting| posting.key.report == *id)
            .flat_map(|posting| outcome.lines[posting.reference.as_str()].iter().flat_map(|line| line.expenses.clone()))
            .collect();
        for expense in shown["expenses"].as_array().unwrap() {
            let transaction = expense["transaction"].as_str().unwrap();
            long += usize::from(transaction.len() == 19);
            assert!(lines.iter().any(|line| line == transaction), "{transaction} is in no line");
        }
    }
    assert_eq!(long, 15);
}
