//! What the stories about cases share: a pass of the service with a sweep, the cases that are open, and a person's
//! decision.

use ml_connector::flow::Flow;
use ml_connector::store::{Case, CaseFilter, CaseState, Decision, StoreError, Verdict};
use ml_connector::work::pass::{Duties, Passed};
use ml_connector::work::progress::Silent;
use ml_connector::work::start::Opened;
use serde_json::{Value, json};

use super::office::{Office, Outcome};

pub const SWEEP: Duties = Duties { poll: true, sweep: true, refresh: true, reconcile: false, ledger: true };

/// Everything here goes to the heap: a story would not fit on a test's stack.
pub async fn run(office: &Office) -> Outcome {
    Box::pin(office.run()).await
}

pub async fn opened(office: &Office) -> Opened {
    let flow = Flow::parse(&office.flow, "flow.toml", None).unwrap_or_else(|error| panic!("{error}"));
    Box::pin(Opened::open(flow, office.settings.clone(), &office.endpoints)).await.unwrap()
}

/// One pass of the service with a sweep.
pub async fn sweep(office: &Office) -> Passed {
    let opened = Box::pin(opened(office)).await;
    let mut work = opened.work(&Silent);
    work.rules = office.rules.clone();
    let passed = Box::pin(work.pass(SWEEP, &[])).await;
    Box::pin(opened.close()).await.unwrap();
    passed.unwrap_or_else(|error| panic!("the pass failed: {}", error.problem()))
}

/// All cases, the oldest first.
pub async fn cases(office: &Office) -> Vec<Case> {
    let opened = Box::pin(opened(office)).await;
    let mut cases = opened.customer.cases(&CaseFilter::default(), None, 200).await.unwrap();
    Box::pin(opened.close()).await.unwrap();
    cases.reverse();
    cases
}

/// The only open case.
pub async fn open_case(office: &Office) -> Case {
    let mut open = cases(office).await;
    open.retain(|case| case.state == CaseState::Open);
    assert_eq!(open.len(), 1, "open cases: {open:#?}");
    open.remove(0)
}

pub async fn decide(office: &Office, case: &Case, verdict: Verdict, actor: &str) -> Result<Case, StoreError> {
    let opened = Box::pin(opened(office)).await;
    let at_ms = opened.clock.now_ms();
    let decided = opened.customer.decide(&case.id, &case.cause, &verdict, actor, at_ms).await;
    Box::pin(opened.close()).await.unwrap();
    decided
}

pub fn verdict(decision: Decision, note: &str) -> Verdict {
    Verdict { decision: Some(decision), record_no: None, note: note.to_owned() }
}

/// The ledger's balance of each account and department over all entries that came through the gateway, without zeros.
pub fn balances(office: &Office) -> Vec<(String, String, i64)> {
    let mut sums = std::collections::BTreeMap::new();
    for line in super::ledger::entries(office).iter().flat_map(|entry| entry["lines"].as_array().unwrap().clone()) {
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let signed = line["tr_type"].as_i64().unwrap() * line["amount_minor"].as_i64().unwrap();
        *sums.entry((text("account"), text("department"))).or_insert(0) += signed;
    }
    sums.into_iter()
        .filter(|(_, sum)| *sum != 0)
        .map(|((account, department), sum)| (account, department, sum))
        .collect()
}

/// A report's total at its source, in hundredths.
pub fn source_total(office: &Office, report: &str) -> i64 {
    office.in_expensify(json!({"action": "show", "report": report}))["total_hundredths"].as_i64().unwrap()
}

/// Changes the first expense's amount at the source.
pub fn change_amount(office: &Office, report: &str, hundredths: i64) -> Value {
    office.in_expensify(json!({"action": "recode", "report": report, "amount": hundredths}))
}
