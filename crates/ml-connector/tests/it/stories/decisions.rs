//! What a person decides about an entry whose outcome the service cannot settle, and a decision that is killed in the
//! middle. The sandbox's own ledger is the judge.

use std::time::{Duration, Instant};

use ml_connector::store::{Case, CaseKind, CaseState, Decision, InboxState, StoreError, Verdict};
use sandbox::Options;
use serde_json::json;

use super::clerk::{balances, cases, change_amount, decide, open_case, run, source_total, verdict};
use super::ledger;
use super::office::{Office, clean};
use crate::program::{Desk, Started};

/// A company whose one report is in the ledger, seen from a database that knows nothing of it.
async fn forgotten() -> Office {
    let mut office = Box::pin(Office::open(clean(1, 2))).await;
    run(&office).await;
    office.settings.database.url = format!("sqlite:{}", office.folder.path().join("fresh.db").display());
    office
}

fn recordno(office: &Office, index: usize) -> String {
    ledger::entries(office)[index]["recordno"].as_str().unwrap().to_owned()
}

fn vouch(record_no: &str) -> Verdict {
    Verdict { record_no: Some(record_no.to_owned()), ..verdict(Decision::Vouch, "compared with the receipts") }
}

/// A conflict: the entry that stands there was changed by hand.
async fn conflict() -> (Office, Case) {
    let office = Box::pin(forgotten()).await;
    let number = recordno(&office, 0);
    let change = json!({"action": "change_line", "recordno": number, "line": 1, "field": "DEPARTMENT", "value": "999"});
    office.in_intacct(change);
    let outcome = run(&office).await;
    assert_eq!(outcome.count(&[InboxState::Conflict]), 1);
    let case = open_case(&office).await;
    assert_eq!((case.kind, case.code.number()), (CaseKind::Conflict, 313));
    assert_eq!(case.detail["record_nos"], json!([number]));
    (office, case)
}

#[tokio::test]
async fn an_entry_that_differs_is_vouched_for() {
    let (office, case) = Box::pin(conflict()).await;
    decide(&office, &case, vouch("999999"), "usr_1").await.unwrap();
    let refused = run(&office).await;
    assert_eq!(refused.count(&[InboxState::Conflict]), 1);
    let asked = open_case(&office).await;
    assert!(asked.outcome.unwrap()["why"].as_str().unwrap().contains("no entry 999999"));
    let number = recordno(&office, 0);
    decide(&office, &case, vouch(&number), "usr_1").await.unwrap();
    let outcome = run(&office).await;
    assert_eq!(outcome.count(&[InboxState::Posted]), 1, "{:?}", cases(&office).await);
    assert_eq!(outcome.postings[0].machine.state.record_no(), Some(number.as_str()));
    assert_eq!((ledger::entries(&office).len(), run(&office).await.summary().sent), (1, 0));
    assert_eq!(cases(&office).await[0].state, CaseState::Done);
}

#[tokio::test]
async fn a_report_that_is_handled_elsewhere_is_left_out_for_good_with_its_reason() {
    let (office, case) = Box::pin(conflict()).await;
    decide(&office, &case, verdict(Decision::MarkHandled, "entered by hand as JE-77"), "usr_1").await.unwrap();
    for _ in 0..3 {
        let outcome = run(&office).await;
        let report = outcome.reports.values().next().unwrap();
        assert_eq!(report.state, InboxState::Skipped, "{:?}", report.problems);
        assert_eq!(report.skipped[0].reason, "handled elsewhere: entered by hand as JE-77");
        assert_eq!(outcome.summary().sent, 0);
    }
    assert_eq!(ledger::entries(&office).len(), 1);
    let handled: Vec<Case> = cases(&office).await.into_iter().filter(|case| case.kind == CaseKind::Handled).collect();
    assert_eq!((handled.len(), handled[0].decided_by.as_deref()), (1, Some("usr_1")));
    // A change at the source does not bring it back.
    let report = handled[0].subject.clone();
    change_amount(&office, &report, 12_34);
    assert_eq!(run(&office).await.reports[&report].state, InboxState::Skipped);
}

#[tokio::test]
async fn an_entry_that_stands_twice_is_looked_at_again_once_the_copy_is_gone() {
    let office = Box::pin(forgotten()).await;
    office.in_intacct(json!({"action": "copy_entry", "recordno": recordno(&office, 0)}));
    run(&office).await;
    let case = open_case(&office).await;
    assert_eq!((case.kind, case.code.number()), (CaseKind::Duplicate, 314));
    decide(&office, &case, verdict(Decision::LookAgain, ""), "usr_1").await.unwrap();
    run(&office).await;
    // It still stands twice: the same question once more.
    let again = open_case(&office).await;
    assert_ne!(again.id, case.id);
    let copies: Vec<String> = again.detail["record_nos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_str().unwrap().to_owned())
        .collect();
    office.in_intacct(json!({"action": "delete_entry", "recordno": copies.last().unwrap()}));
    decide(&office, &again, verdict(Decision::LookAgain, ""), "usr_1").await.unwrap();
    let outcome = run(&office).await;
    assert_eq!(outcome.count(&[InboxState::Posted]), 1);
    assert_eq!(outcome.postings[0].machine.state.record_no(), copies.first().map(String::as_str));
    assert_eq!(cases(&office).await.iter().filter(|case| case.state == CaseState::Done).count(), 2);
}

#[tokio::test]
async fn what_cannot_be_proven_is_sent_again_when_two_persons_agree() {
    let mut office = Box::pin(Office::open(clean(1, 2))).await;
    // The gateway may have forgotten the key by the time absence is proven.
    office.rules.resend_ms = 1;
    office.faults(json!([{"on": "create", "nth": 1, "action": "drop_before_commit"}]));
    run(&office).await;
    let case = open_case(&office).await;
    assert_eq!((case.kind, case.code.number()), (CaseKind::Undecidable, 312));
    let consent = verdict(Decision::ConsentResend, "");
    decide(&office, &case, consent.clone(), "usr_1").await.unwrap();
    let refused = decide(&office, &case, consent.clone(), "usr_1").await;
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
    assert_eq!((run(&office).await.summary().sent, ledger::entries(&office).len()), (0, 0));
    decide(&office, &case, consent, "usr_2").await.unwrap();
    let outcome = run(&office).await;
    assert_eq!(outcome.count(&[InboxState::Posted]), 1, "{:?}", cases(&office).await);
    assert_eq!(ledger::entries(&office).len(), 1);
}

#[tokio::test]
async fn what_was_refused_again_and_again_is_tried_again_when_somebody_says_so() {
    let office = Box::pin(Office::open(clean(1, 2))).await;
    office.faults(json!([{"on": "create", "action": "closed_period"}]));
    for _ in 0..4 {
        run(&office).await;
    }
    let case = open_case(&office).await;
    assert_eq!(case.kind, CaseKind::Refused);
    office.faults(json!([]));
    assert_eq!(run(&office).await.summary().sent, 0, "it waits for somebody");
    decide(&office, &case, verdict(Decision::Release, ""), "usr_1").await.unwrap();
    let outcome = run(&office).await;
    assert_eq!(outcome.count(&[InboxState::Posted]), 1, "{:?}", cases(&office).await);
    assert_eq!(ledger::entries(&office).len(), 1);
}

/// Waits until the condition holds, or the program has ended by itself.
async fn until(program: &mut Started, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() && !program.has_ended() {
        assert!(began.elapsed() < Duration::from_secs(60), "waited too long");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A posted report that changed, with the decision to take it back and post it anew, not carried out yet.
async fn decided(options: Options) -> (Desk, String) {
    let mut desk = Box::pin(Desk::open(options)).await;
    desk.set(&["posting.settle_seconds=2", "posting.look_gap_seconds=1", "posting.look_at_seconds=[1,2]"]);
    assert!(desk.run(&["--json"]).output().status.success());
    let shown = desk.office.in_expensify(json!({"action": "list"}));
    let report = shown[0]["report"].as_str().unwrap().to_owned();
    change_amount(&desk.office, &report, 77_77);
    assert_eq!(desk.run(&["--json"]).output().status.code(), Some(3), "a drift needs a person");
    let case = open_case(&desk.office).await;
    decide(&desk.office, &case, verdict(Decision::ReverseAndRepost, ""), "usr_1").await.unwrap();
    (desk, report)
}

fn owed(office: &Office) -> i64 {
    let offsets = ["2010", "2050", "2051"];
    balances(office).iter().filter(|(account, ..)| offsets.contains(&account.as_str())).map(|(.., sum)| -sum).sum()
}

/// The entry, what takes it back, and the new one: each once.
async fn ended_well(desk: &Desk, report: &str) {
    let last = desk.run(&["--json"]).output();
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stdout));
    let references = ledger::references(&desk.office);
    assert!(references.values().all(|count| *count == 1) && references.len() == 3, "{references:?}");
    assert_eq!(owed(&desk.office), source_total(&desk.office, report));
    let done = cases(&desk.office).await;
    assert!(done.iter().all(|case| case.state == CaseState::Done), "{done:?}");
    let again = desk.run(&["--json"]).output();
    assert_eq!(crate::program::json(&again)["entries_sent"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn killed_while_the_answer_to_a_reversal_is_awaited() {
    for (action, there) in [("hang_after_commit", 2), ("hang_before_commit", 1)] {
        let (desk, report) = Box::pin(decided(clean(1, 3))).await;
        let creates = || desk.office.sandbox.state()["intacct"]["requests"]["create"].as_u64().unwrap_or(0);
        let before = creates();
        desk.office.faults(json!([{"on": "create", "nth": 1, "action": action}]));
        let mut first = desk.run(&["--json"]).start();
        until(&mut first, || creates() > before && ledger::entries(&desk.office).len() == there).await;
        first.kill();
        assert_eq!(ledger::entries(&desk.office).len(), there, "{action}");
        Box::pin(ended_well(&desk, &report)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn killed_at_every_step_of_taking_back_and_posting_anew() {
    let (desk, report) = Box::pin(decided(clean(1, 3))).await;
    let requests = || desk.office.sandbox.state()["intacct"]["requests"]["total"].as_u64().unwrap();
    desk.office.faults(json!({"rules": [], "latency_ms": 4, "create_ms_per_function": 3}));
    let mut cut_short = 0;
    for steps in 1..25 {
        let goal = requests() + steps;
        let mut run = desk.run(&["--json"]).start();
        until(&mut run, || requests() >= goal).await;
        cut_short += usize::from(!run.has_ended());
        run.kill();
    }
    assert!(cut_short >= 8, "only {cut_short} runs were killed before they ended");
    Box::pin(ended_well(&desk, &report)).await;
}
