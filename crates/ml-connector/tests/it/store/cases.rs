//! Cases in the store: once a cause, decided once, by the persons it takes, and only as it was shown.

use accounting::Code;
use ml_connector::store::{
    Case, CaseFilter, CaseId, CaseKind, CaseState, CustomerStore, Decision, FlowId, NewCase, StoreError, Verdict,
};
use serde_json::json;

use super::facts::{NOW_MS, world_on};
use crate::both;
use crate::databases::TestDatabase;

both!(
    a_cause_opens_one_case_and_another_cause_another,
    a_decision_is_one_of_the_proposals_says_why_and_is_about_what_was_shown,
    two_different_persons_must_consent_to_a_resend,
    a_case_moves_only_from_where_it_was_read_and_can_be_asked_again,
);

async fn customer(database: &TestDatabase) -> (CustomerStore, FlowId) {
    let world = world_on(database).await;
    (world.customer, world.flow)
}

async fn open(customer: &CustomerStore, flow: &FlowId, cause: &str, proposals: &[Decision]) -> Option<CaseId> {
    let mut tx = customer.begin().await.unwrap();
    let case = NewCase {
        flow,
        kind: CaseKind::DriftChanged,
        subject: "R1",
        report_id: Some("R1"),
        cause,
        code: Code::ContentChanged,
        detail: &json!({ "lines": [] }),
        proposals,
    };
    let id = tx.open_case(&case, NOW_MS).await.unwrap();
    tx.commit_untraced(NOW_MS).await.unwrap();
    id
}

fn verdict(decision: Decision, note: &str) -> Verdict {
    Verdict { decision: Some(decision), record_no: None, note: note.to_owned() }
}

fn why(result: Result<Case, StoreError>) -> String {
    match result {
        Err(StoreError::Refused { why }) => why,
        other => panic!("not refused: {other:?}"),
    }
}

async fn a_cause_opens_one_case_and_another_cause_another(database: TestDatabase) {
    let (customer, flow) = customer(&database).await;
    let first = open(&customer, &flow, "a", &[Decision::Accept]).await.unwrap();
    assert_eq!(open(&customer, &flow, "a", &[Decision::Accept]).await, None);
    let second = open(&customer, &flow, "b", &[Decision::Accept]).await.unwrap();
    let all = customer.cases(&CaseFilter::default(), None, 10).await.unwrap();
    assert_eq!(all.len(), 2);
    let newest = all.first().unwrap().id.clone();
    let rest = customer.cases(&CaseFilter::default(), Some(&newest), 10).await.unwrap();
    let ids: Vec<CaseId> = rest.into_iter().map(|case| case.id).chain([newest]).collect();
    assert!(ids.contains(&first) && ids.contains(&second) && ids.len() == 2);
    let filter = CaseFilter { kind: Some(CaseKind::Conflict), ..CaseFilter::default() };
    assert_eq!(customer.cases(&filter, None, 10).await.unwrap(), []);
    assert_eq!(customer.cases_of(&flow, "R1").await.unwrap().len(), 2);
}

async fn a_decision_is_one_of_the_proposals_says_why_and_is_about_what_was_shown(database: TestDatabase) {
    let (customer, flow) = customer(&database).await;
    let id = open(&customer, &flow, "a", &[Decision::Accept, Decision::Vouch]).await.unwrap();
    let decide = async |cause: &str, verdict: Verdict| customer.decide(&id, cause, &verdict, "usr_1", 9).await;
    assert!(matches!(decide("b", verdict(Decision::Accept, "fine")).await, Err(StoreError::Stale { .. })));
    let offered = why(decide("a", verdict(Decision::Reverse, "")).await);
    assert!(offered.contains("accept, vouch"), "{offered}");
    assert!(why(decide("a", verdict(Decision::Accept, "  ")).await).contains("note"));
    assert!(why(decide("a", verdict(Decision::Vouch, "")).await).contains("record number"));
    let decided = decide("a", verdict(Decision::Accept, "fine")).await.unwrap();
    assert_eq!((decided.state, decided.decision), (CaseState::Decided, Some(Decision::Accept)));
    assert_eq!((decided.decided_by.as_deref(), decided.note.as_deref()), (Some("usr_1"), Some("fine")));
    // The same once more changes nothing; something else is too late.
    assert_eq!(decide("a", verdict(Decision::Accept, "again")).await.unwrap(), decided);
    let vouched = Verdict { record_no: Some("7".to_owned()), ..verdict(Decision::Vouch, "") };
    assert!(why(decide("a", vouched).await).contains("already"));
}

async fn two_different_persons_must_consent_to_a_resend(database: TestDatabase) {
    let (customer, flow) = customer(&database).await;
    let id = open(&customer, &flow, "a", &[Decision::ConsentResend, Decision::LookAgain]).await.unwrap();
    let consent = verdict(Decision::ConsentResend, "");
    let first = customer.decide(&id, "a", &consent, "usr_1", 9).await.unwrap();
    assert_eq!((first.state, first.consents.len()), (CaseState::Open, 1));
    assert!(why(customer.decide(&id, "a", &consent, "usr_1", 10).await).contains("another person"));
    let second = customer.decide(&id, "a", &consent, "usr_2", 11).await.unwrap();
    assert_eq!((second.state, second.consents.len()), (CaseState::Decided, 2));
}

async fn a_case_moves_only_from_where_it_was_read_and_can_be_asked_again(database: TestDatabase) {
    let (customer, flow) = customer(&database).await;
    let id = open(&customer, &flow, "a", &[Decision::Accept]).await.unwrap();
    let shown = customer.case(&id).await.unwrap();
    customer.decide(&id, "a", &verdict(Decision::Accept, "fine"), "usr_1", 9).await.unwrap();
    let mut tx = customer.begin().await.unwrap();
    let stale = tx.move_case(&shown, CaseState::Done, &json!({}), 10).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })));
    drop(tx);
    let decided = customer.case(&id).await.unwrap();
    let mut tx = customer.begin().await.unwrap();
    tx.reopen_case(&decided, &json!({ "why": "not possible" }), 11).await.unwrap();
    tx.commit_untraced(11).await.unwrap();
    let again = customer.case(&id).await.unwrap();
    assert_eq!((again.state, again.decision, again.consents.len()), (CaseState::Open, None, 0));
    assert_eq!(again.outcome, Some(json!({ "why": "not possible" })));
}
