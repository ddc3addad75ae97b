//! The ledger cannot be reached, refuses who asks, or answers reads with nonsense: nothing is posted, the run says so
//! with a code, and the next run does the work.

use accounting::posting::{RejectClass, State};
use ml_connector::store::InboxState;
use sandbox::intacct::Assumptions;
use serde_json::{Value, json};

use super::office::{Office, clean};
use super::{ledger, secrets};

/// Eight reports; the run ends with `codes` and posts nothing; mended, it posts all.
async fn stops(office: &mut Office, codes: &[&str], mend: impl FnOnce(&mut Office)) {
    let first = office.run().await;
    let told = first.run_codes();
    assert!(
        told.iter().all(|code| codes.contains(&code.as_str())) && !told.is_empty(),
        "{told:?} instead of {codes:?}"
    );
    assert_eq!(first.count(&[InboxState::Posted]), 0, "{codes:?}");
    ledger::check(office, &first);
    secrets::check(office, &first).await;
    mend(office);
    let outcome = office.run_until_settled().await;
    ledger::check(office, &outcome);
    assert_eq!(ledger::entries(office).len(), 8, "{codes:?}");
}

#[tokio::test]
async fn wrong_credentials_stop_before_anything_is_read_twice() {
    for (name, code) in [("sender_password", "MLC-301"), ("user_password", "MLC-303")] {
        let mut office = Office::open(clean(8, 1)).await;
        let path = office.folder.path().join(name);
        let right = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, "not it").unwrap();
        stops(&mut office, &[code], |office| {
            let failed = office.sandbox.state()["intacct"]["failed_logins"].as_u64().unwrap();
            assert!(failed <= 1, "{failed} logins failed: the user would be locked out");
            std::fs::write(&path, right).unwrap();
        })
        .await;
    }
}

#[tokio::test]
async fn a_sender_or_a_company_that_is_not_set_up() {
    for (assumptions, code) in [
        (Assumptions { sender_authorised: false, ..Assumptions::default() }, "MLC-302"),
        (Assumptions { subscribed: false, ..Assumptions::default() }, "MLC-304"),
        (Assumptions { denied_objects: vec!["GLBATCH".to_owned()], ..Assumptions::default() }, "MLC-305"),
        (Assumptions { denied_objects: vec!["GLACCOUNT".to_owned()], ..Assumptions::default() }, "MLC-305"),
    ] {
        let mut office = Office::open(clean(8, 1)).await;
        office.sandbox.set_intacct_assumptions(assumptions);
        stops(&mut office, &[code], |office| office.sandbox.set_intacct_assumptions(Assumptions::default())).await;
    }
}

/// A port where nobody listens.
async fn closed_port() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/ia/xml/xmlgw.phtml", listener.local_addr().unwrap())
}

#[tokio::test]
async fn an_unreachable_gateway() {
    let mut office = Office::open(clean(8, 1)).await;
    let right = office.endpoints.intacct.replace(closed_port().await);
    stops(&mut office, &["MLC-307"], |office| office.endpoints.intacct = right).await;
    office.endpoints.intacct = Some("http://no-such-host.invalid/ia/xml/xmlgw.phtml".to_owned());
    assert_eq!(office.run().await.run_codes(), ["MLC-307"]);
}

#[tokio::test]
async fn an_endpoint_that_leads_elsewhere_is_not_followed() {
    let options = sandbox::Options {
        intacct_endpoint: Some("https://gateway.example.com/ia/xml/xmlgw.phtml".to_owned()),
        ..clean(8, 1)
    };
    let office = Office::open(options).await;
    let outcome = office.run().await;
    assert_eq!(outcome.run_codes(), ["MLC-309"]);
    assert!(ledger::entries(&office).is_empty());
}

/// Reads that fail end the run with a fault of the ledger.
async fn reads_fail(rule: Value) {
    let mut office = Office::open(clean(8, 1)).await;
    office.faults(json!([rule]));
    stops(&mut office, &["MLC-308", "MLC-307", "MLC-306"], |office| office.faults(json!([]))).await;
}

const PAGES: [&str; 8] = [
    "http_502",
    "http_503_html",
    "html_200",
    "empty_200",
    "malformed_xml",
    "doctype",
    "drop_before_commit",
    "rate_limit_429",
];

#[tokio::test]
async fn a_login_that_fails() {
    for action in PAGES {
        reads_fail(json!({"on": "getAPISession", "action": action})).await;
    }
}

#[tokio::test]
async fn a_chart_that_cannot_be_read() {
    for action in PAGES {
        reads_fail(json!({"on": "query", "contains": "GLACCOUNT", "action": action})).await;
    }
    reads_fail(json!({"on": "query", "contains": "GLACCOUNT", "action": "truncate", "bytes": 900})).await;
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_back() {
    for action in PAGES {
        reads_fail(json!({"on": "query", "contains": "REFERENCENO", "action": action})).await;
    }
}

#[tokio::test]
async fn a_session_that_expires_under_a_read_is_renewed_unseen() {
    let office = Office::open(clean(8, 1)).await;
    office.faults(json!([{"on": "query", "nth": 5, "action": "expired_session"}]));
    let outcome = office.run().await;
    assert_eq!(outcome.run_codes(), Vec::<String>::new());
    ledger::check(&office, &outcome);
    assert_eq!(ledger::entries(&office).len(), 8);
    assert_eq!(office.sandbox.state()["intacct"]["logins"], 2);
}

#[tokio::test]
async fn books_closed_after_the_chart_was_read_hold_the_reports_until_they_are_open() {
    let mut office = Office::open(clean(8, 1)).await;
    office.settings.ledger.chart_seconds = 3_600;
    office.edit_flow("mode = \"post\"", "mode = \"rehearsal\"");
    office.run().await;
    office.edit_flow("mode = \"rehearsal\"", "mode = \"post\"");
    office.in_intacct(json!({"action": "close_books", "until": "12/31/2098"}));
    let refused = office.run().await;
    assert_eq!(refused.count(&[InboxState::Rejected]), 8);
    let codes = refused.postings.iter().map(|posting| posting.problem.as_ref().unwrap().code.to_string());
    assert!(codes.into_iter().all(|code| code == "MLC-122"));
    ledger::check(&office, &refused);
    office.in_intacct(json!({"action": "close_books", "until": "01/31/2020"}));
    let outcome = office.run_until_settled().await;
    ledger::check(&office, &outcome);
    assert_eq!(ledger::entries(&office).len(), 8);
}

/// A refusal in words that nobody has seen before may be anything, even that of a copy. It is told, nothing of it is
/// sent again before the ledger has been read, and once its cause is gone the same entries go through.
#[tokio::test]
async fn a_refusal_that_nobody_understands() {
    let restricted = ["NY", "SF", "LON"].map(|location| format!("2010/LOCATION/{location}")).to_vec();
    let mut office = Office::open(clean(8, 1)).await;
    office.sandbox.set_intacct_assumptions(Assumptions { restricted, ..Assumptions::default() });
    let words: super::proxy::Change = std::sync::Arc::new(|line: &str| {
        line.replace("GL-1009", "XX-1").replace("is restricted by GL account.", "shall be pondered by the council.")
    });
    office.endpoints.intacct = Some(super::proxy::start(&office.sandbox.intacct_url, words).await);
    let refused = office.run().await;
    ledger::check(&office, &refused);
    assert_eq!(refused.count(&[InboxState::Rejected]), 8, "{:?}", refused.run_codes());
    for posting in &refused.postings {
        let problem = posting.problem.as_ref().unwrap();
        assert_eq!(problem.code.to_string(), "MLC-310");
        assert!(problem.detail.contains("pondered"), "{}", problem.detail);
        let state = &posting.machine.state;
        assert!(matches!(state, State::Rejected { class: RejectClass::Other, .. }), "{state:?}: {}", problem.detail);
    }
    office.sandbox.set_intacct_assumptions(Assumptions::default());
    let outcome = office.run_until_settled().await;
    ledger::check(&office, &outcome);
    assert_eq!(ledger::entries(&office).len(), 8);
}

/// An entry that is refused again and again is not sent for ever: it waits for a person. Mended in Expensify, the report
/// makes a new entry, under a new reference of the same family.
#[tokio::test]
async fn what_is_refused_three_times_waits_until_its_report_is_mended() {
    let office = Office::open(clean(2, 1)).await;
    let restricted = ["NY", "SF", "LON"].map(|location| format!("2010/LOCATION/{location}")).to_vec();
    office.sandbox.set_intacct_assumptions(Assumptions { restricted, ..Assumptions::default() });
    for _ in 0..5 {
        let refused = office.run().await;
        assert_eq!(refused.count(&[InboxState::Rejected]), 2);
        assert!(refused.postings.iter().all(|posting| posting.problem.as_ref().unwrap().code.to_string() == "MLC-310"));
        ledger::check(&office, &refused);
    }
    assert_eq!(office.sandbox.state()["intacct"]["requests"]["create"], 3, "requests that post");
    office.sandbox.set_intacct_assumptions(Assumptions::default());
    let report = office.sandbox.samples.report_id.clone();
    office.in_expensify(json!({"action": "recode", "report": report, "category": "Postage"}));
    let mended = office.run().await;
    assert_eq!(mended.reports[&report].state, InboxState::Posted);
    let generations = mended.postings.iter().filter(|posting| posting.key.report == report);
    assert_eq!(generations.map(|posting| posting.key.generation).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(ledger::of_report(&office, &report), 1);
    ledger::check(&office, &mended);
}
