//! One thing going wrong with a posting request, for each thing that can: in the end every report stands in the ledger
//! exactly once, whatever the gateway had done before it failed.

use ml_connector::store::InboxState;
use serde_json::{Value, json};

use super::office::{Office, Outcome, clean};
use super::{ledger, secrets};

/// What becomes of the entries of the request at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// Nobody can tell; the ledger is read.
    Unknown,
    /// They were refused, with a code.
    Refused(&'static str),
    /// They were refused, and went out again in the same run without anybody being told.
    Renewed,
    /// It does no harm.
    Posted,
    /// The refusal of a copy comes in place of the first one's success; the ledger tells.
    Copied,
}

/// Ten reports in three requests; the first of them meets `fault`.
async fn survive(fault: Value, then: Then) {
    let mut office = Office::open(clean(10, 2)).await;
    office.settings.intacct.create_timeout_seconds = 1;
    let mut rule = json!({"on": "create", "nth": 1});
    rule.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
    office.faults(json!([rule]));
    let first = office.run().await;
    secrets::check(&office, &first).await;
    ledger::check(&office, &first);
    tells(&first, then, &fault);
    let outcome = office.run_until_settled().await;
    secrets::check(&office, &outcome).await;
    ledger::check(&office, &outcome);
    assert_eq!(outcome.count(&[InboxState::Posted]), 10, "{fault}");
    assert_eq!(ledger::entries(&office).len(), 10, "{fault}");
    ledger::tie_out(&office, &outcome);
}

fn tells(first: &Outcome, then: Then, fault: &Value) {
    let (unknown, refused) = (first.audited("posting.unknown").len(), first.audited("posting.rejected").len());
    match then {
        Then::Unknown => assert!(unknown >= 4, "{fault} left {unknown} entries in doubt"),
        Then::Refused(code) => {
            assert_eq!(unknown, 0, "{fault}");
            let in_books = first.postings.iter().filter_map(|posting| posting.problem.as_ref());
            let told =
                in_books.map(|problem| problem.code.to_string()).chain(first.run_codes()).any(|told| told == code);
            assert!(told, "{fault} is told as {:?}", first.run_codes());
        }
        Then::Renewed => {
            assert_eq!((unknown, first.count(&[InboxState::Posted])), (0, 10), "{fault}");
            assert_eq!(first.run_codes(), [""; 0], "{fault}");
        }
        Then::Copied => {
            assert!(refused >= 4, "{fault} was not refused");
            assert_eq!(first.count(&[InboxState::Posted]), 10, "{fault}");
        }
        Then::Posted => assert_eq!((unknown, refused, first.count(&[InboxState::Posted])), (0, 0, 10), "{fault}"),
    }
}

macro_rules! faults {
    ($($name:ident: $then:expr, $({$($fault:tt)*}),+;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                let cases = vec![$(Box::pin(survive(json!({$($fault)*}), $then))),+];
                futures_util::future::join_all(cases).await;
            }
        )*
    };
}

faults! {
    cut_before_it_happened: Then::Unknown, {"action": "drop_before_commit"};
    cut_after_it_happened: Then::Unknown, {"action": "drop_after_commit"};
    cut_and_happening_later: Then::Unknown, {"action": "late_commit", "delay_ms": 200};
    no_answer_and_it_happened: Then::Unknown, {"action": "hang_after_commit"};
    no_answer_and_it_did_not_happen: Then::Unknown, {"action": "hang_before_commit"};
    http_500_without_a_body: Then::Unknown, {"action": "http_500"}, {"action": "http_500", "commit": true};
    http_502_without_a_body: Then::Unknown, {"action": "http_502"}, {"action": "http_502", "commit": true};
    http_503_with_a_page: Then::Unknown, {"action": "http_503_html"}, {"action": "http_503_html", "commit": true};
    http_524_of_an_edge: Then::Unknown, {"action": "http_524"}, {"action": "http_524", "commit": true};
    a_page_under_200: Then::Unknown, {"action": "html_200"}, {"action": "html_200", "commit": true};
    nothing_under_200: Then::Unknown, {"action": "empty_200"}, {"action": "empty_200", "commit": true};
    an_error_of_the_gateway: Then::Unknown, {"action": "gateway_error"}, {"action": "gateway_error", "commit": true};
    an_answer_cut_short: Then::Unknown, {"action": "truncate", "bytes": 0}, {"action": "truncate", "bytes": 400},
        {"action": "truncate", "bytes": 1200};
    an_answer_that_is_no_xml: Then::Unknown, {"action": "malformed_xml"};
    an_answer_with_a_document_type: Then::Unknown, {"action": "doctype"};
    success_without_a_record_number: Then::Unknown, {"action": "omit_recordno"};
    a_session_that_expired: Then::Renewed, {"action": "expired_session"};
    too_many_requests: Then::Refused("MLC-306"), {"action": "rate_limit_429"}, {"action": "rate_limit_200"};
    refused_at_the_edge: Then::Refused("MLC-301"), {"action": "edge_401"};
    a_service_that_is_off_line: Then::Unknown, {"action": "offline"};
    a_period_that_closed_meanwhile: Then::Refused("MLC-122"), {"action": "closed_period"};
    delivered_twice: Then::Copied, {"action": "duplicate_delivery"};
    slow: Then::Posted, {"action": "delay", "latency_ms": 300};
}

/// Answers that are wrong about one entry of the request alone.
#[tokio::test]
async fn results_that_are_not_those_of_the_request() {
    let cases = ["foreign_controlid", "missing_result", "duplicate_result"].map(|action| {
        Box::pin(async move {
            let office = Office::open(clean(10, 2)).await;
            office.faults(json!([{"on": "create", "nth": 1, "action": action}]));
            let first = office.run().await;
            assert!(!first.audited("posting.unknown").is_empty(), "{action}");
            let outcome = office.run_until_settled().await;
            ledger::check(&office, &outcome);
            assert_eq!(ledger::entries(&office).len(), 10, "{action}");
        })
    });
    futures_util::future::join_all(cases).await;
}

/// A company where everything fails now and then.
#[tokio::test]
async fn a_bad_day() {
    let mut office = Office::open(clean(60, 2)).await;
    office.settings.intacct.create_timeout_seconds = 1;
    let actions = [
        "drop_before_commit",
        "drop_after_commit",
        "http_502",
        "html_200",
        "rate_limit_429",
        "expired_session",
        "truncate",
        "closed_period",
        "duplicate_delivery",
    ];
    let rule = |action: &&str| json!({"on": "create", "probability": 0.06, "action": action, "bytes": 900});
    office.faults(json!({"seed": 7, "rules": actions.iter().map(rule).collect::<Vec<_>>()}));
    let mut ended = None;
    for _ in 0..4 {
        let outcome = office.run_past_doubt().await;
        ledger::check(&office, &outcome);
        ended = Some(outcome);
    }
    assert!(!ended.unwrap().audited("posting.unknown").is_empty());
    office.faults(json!([]));
    let outcome = office.run_until_settled().await;
    ledger::check(&office, &outcome);
    assert_eq!(ledger::entries(&office).len(), 60);
    secrets::check(&office, &outcome).await;
}
