//! Expensify refuses, limits, breaks off or answers with pages: the run says so with a code, what arrived whole is
//! posted, and the next run brings the rest.

use ml_connector::store::InboxState;
use sandbox::expensify::{Assumptions, NotReady, RateLimit};
use serde_json::{Value, json};

use super::office::{Office, Outcome, clean};
use super::{ledger, secrets};

/// The first run ends with `code`; the second posts whatever is missing.
async fn told_and_made_up_for(office: &mut Office, code: &str, mend: impl FnOnce(&mut Office)) -> Outcome {
    let first = office.run().await;
    assert_eq!(first.run_codes(), [code]);
    ledger::check(office, &first);
    secrets::check(office, &first).await;
    mend(office);
    let outcome = office.run().await;
    ledger::check(office, &outcome);
    assert_eq!(ledger::entries(office).len(), 8, "{code}");
    first
}

async fn fails(rule: Value, code: &str) -> Outcome {
    let mut office = Office::open(clean(8, 2)).await;
    let mut rule = rule;
    rule["vendor"] = json!("expensify");
    office.faults(json!([rule]));
    told_and_made_up_for(&mut office, code, |office| office.faults(json!([]))).await
}

#[tokio::test]
async fn wrong_credentials() {
    let mut office = Office::open(clean(8, 2)).await;
    let path = office.folder.path().join("partner_secret");
    let right = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, "not it").unwrap();
    let first = told_and_made_up_for(&mut office, "MLC-201", |_| std::fs::write(&path, right).unwrap()).await;
    assert_eq!(first.reports.len(), 0);
}

#[tokio::test]
async fn an_unreachable_server() {
    let mut office = Office::open(clean(8, 2)).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}/Integration-Server", listener.local_addr().unwrap());
    drop(listener);
    let right = office.endpoints.expensify.replace(nobody);
    told_and_made_up_for(&mut office, "MLC-204", |office| office.endpoints.expensify = right).await;
}

#[tokio::test]
async fn rate_limits_in_both_forms() {
    for action in ["rate_limit_429", "rate_limit_200"] {
        fails(json!({"on": "export", "action": action}), "MLC-203").await;
        fails(json!({"on": "download", "action": action}), "MLC-203").await;
    }
}

#[tokio::test]
async fn pages_and_errors_instead_of_an_export() {
    for action in ["http_500", "http_502", "http_503_html", "html_200", "drop_before_commit"] {
        fails(json!({"on": "export", "action": action}), "MLC-206").await;
    }
}

#[tokio::test]
async fn pages_and_errors_instead_of_a_file() {
    for action in ["http_502", "http_503_html", "html_200"] {
        fails(json!({"on": "download", "action": action}), "MLC-206").await;
    }
}

#[tokio::test]
async fn a_file_cut_short_posts_what_came_whole() {
    let cut = fails(json!({"on": "download", "action": "truncate", "bytes": 6_000}), "MLC-207").await;
    let (read, posted) = (cut.reports.len(), cut.count(&[InboxState::Posted]));
    assert!(read > 0 && read < 8, "{read} reports were whole");
    assert_eq!(posted, read);
    let nothing = fails(json!({"on": "download", "action": "truncate", "bytes": 20}), "MLC-207").await;
    assert_eq!(nothing.reports.len(), 0);
}

/// The three ways in which a file may not be there yet.
#[tokio::test]
async fn a_file_that_takes_its_time() {
    let waits = [NotReady::Empty, NotReady::NotFound, NotReady::Gone].map(|not_ready| {
        Box::pin(async move {
            let office = Office::open(clean(8, 2)).await;
            let late =
                Assumptions { file_delay_ms: 400, not_ready, rate_limit: RateLimit::Off, ..Assumptions::default() };
            office.sandbox.set_expensify_assumptions(late);
            let outcome = office.run().await;
            assert_eq!(outcome.run_codes(), Vec::<String>::new(), "{not_ready:?}");
            ledger::check(&office, &outcome);
            assert_eq!(ledger::entries(&office).len(), 8, "{not_ready:?}");
        })
    });
    futures_util::future::join_all(waits).await;
}

#[tokio::test]
async fn two_runs_stay_within_the_vendors_limits_of_their_own_accord() {
    let mut office = Office::open(clean(8, 2)).await;
    office.sandbox.set_expensify_assumptions(Assumptions::default());
    office.settings.expensify.requests_in_10_seconds = 5;
    office.settings.expensify.requests_in_60_seconds = 20;
    for _ in 0..2 {
        assert_eq!(office.run().await.run_codes(), Vec::<String>::new());
    }
    assert_eq!(office.sandbox.state()["expensify"]["requests"]["rate_limited"], 0);
}

#[tokio::test]
async fn what_the_vendor_leaves_open_changes_nothing() {
    use sandbox::expensify::{MissingValues, StatusWords};
    let default = || Assumptions { rate_limit: RateLimit::Off, ..Assumptions::default() };
    for assumptions in [
        Assumptions { approved_after_inclusive: false, ..default() },
        Assumptions { missing_values: MissingValues::Strict, ..default() },
        Assumptions { missing_values: MissingValues::EmptyText, ..default() },
        Assumptions { status_words: StatusWords::Api, ..default() },
        Assumptions { batch_reports: 3, ..default() },
        Assumptions { batch_reports: 0, ..default() },
        Assumptions { refuse_broken_template: false, ..default() },
        Assumptions { reorder: true, ..default() },
    ] {
        let office = Office::open(clean(8, 2)).await;
        office.sandbox.set_expensify_assumptions(assumptions.clone());
        let outcome = office.run().await;
        assert_eq!(outcome.run_codes(), Vec::<String>::new(), "{assumptions:?}");
        ledger::check(&office, &outcome);
        assert_eq!(ledger::entries(&office).len(), 8, "{assumptions:?}");
        assert_eq!(office.run().await.summary().unchanged, 8, "{assumptions:?}");
    }
}
