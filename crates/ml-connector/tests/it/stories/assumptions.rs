//! Nobody outside the vendor knows how the gateway remembers control ids. Under every combination, requests that are
//! lost, late, refused and sent again leave each report in the ledger exactly once.

use ml_connector::store::InboxState;
use sandbox::intacct::{Assumptions, DuplicateReply};
use serde_json::json;

use super::ledger;
use super::office::{Office, clean};

/// Eight reports, a request each: four of these meet something.
async fn survive(assumptions: Assumptions) {
    let mut office = Office::open(clean(8, 1)).await;
    office.settings.posting.batch_entries = 2;
    office.sandbox.set_intacct_assumptions(assumptions.clone());
    office.faults(json!([
        {"on": "create", "nth": 1, "action": "drop_after_commit"},
        {"on": "create", "nth": 2, "action": "drop_before_commit"},
        {"on": "create", "nth": 3, "action": "late_commit", "delay_ms": 150},
        {"on": "create", "nth": 4, "action": "closed_period"},
        {"on": "create", "nth": 6, "action": "http_502", "commit": true},
    ]));
    let first = office.run().await;
    ledger::check(&office, &first);
    let outcome = office.run_until_settled().await;
    ledger::check(&office, &outcome);
    assert_eq!(outcome.count(&[InboxState::Posted]), 8, "{assumptions:?}");
    assert_eq!(ledger::entries(&office).len(), 8, "{assumptions:?}");
}

async fn under(dup_reply: DuplicateReply) {
    let mut cases = Vec::new();
    for retention_ms in [None, Some(0)] {
        for checks_in_flight in [false, true] {
            for failed_burns_key in [false, true] {
                let assumptions = Assumptions {
                    dup_reply,
                    retention_ms,
                    checks_in_flight,
                    failed_burns_key,
                    ..Assumptions::default()
                };
                cases.push(Box::pin(survive(assumptions)));
            }
        }
    }
    futures_util::future::join_all(cases).await;
}

#[tokio::test]
async fn a_repeat_fails() {
    under(DuplicateReply::Error).await;
}

#[tokio::test]
async fn a_repeat_fails_the_whole_request() {
    under(DuplicateReply::ControlError).await;
}

#[tokio::test]
async fn a_repeat_is_told_the_first_answer() {
    under(DuplicateReply::OriginalSuccess).await;
}

#[tokio::test]
async fn a_repeat_is_told_success_without_a_number() {
    under(DuplicateReply::SuccessWithoutRecordno).await;
}

/// Texts that the ledger tidies, entries that show late, approvals that come between: they change how an entry looks
/// when it is read back, and must not make a second one.
#[tokio::test]
async fn entries_that_read_back_differently_are_never_sent_again() {
    for assumptions in [
        Assumptions { normalises_strings: true, ..Assumptions::default() },
        Assumptions { query_staleness_ms: 150, ..Assumptions::default() },
        Assumptions { approval_required: true, ..Assumptions::default() },
        Assumptions { reads_use_memory: false, ..Assumptions::default() },
        Assumptions { refno_truncated_at: Some(20), ..Assumptions::default() },
    ] {
        survive(assumptions).await;
    }
}
