//! What happens to a posted report that is changed, taken back or deleted at its source: it is seen, a person decides,
//! and the ledger ends as decided. Each story looks at the sandbox's own ledger.

use ml_connector::store::{CaseKind, CaseState, Decision, InboxState};
use serde_json::json;

use super::clerk::{balances, cases, change_amount, decide, open_case, run, source_total, sweep, verdict};
use super::ledger;
use super::office::{Office, Outcome, clean};

/// A company of one posted report.
async fn posted() -> (Office, String) {
    let office = Box::pin(Office::open(clean(1, 3))).await;
    let outcome = run(&office).await;
    let report = only(&outcome).to_owned();
    assert_eq!(outcome.reports[&report].state, InboxState::Posted);
    (office, report)
}

fn only(outcome: &Outcome) -> &str {
    assert_eq!(outcome.reports.len(), 1);
    outcome.reports.keys().next().unwrap()
}

/// What one posted report of this content leaves in a fresh ledger.
fn amount_owed(office: &Office) -> i64 {
    let offset = ["2010", "2050", "2051"];
    balances(office).iter().filter(|(account, ..)| offset.contains(&account.as_str())).map(|(.., sum)| -sum).sum()
}

#[tokio::test]
async fn a_changed_report_is_taken_back_and_posted_anew() {
    let (office, report) = Box::pin(posted()).await;
    change_amount(&office, &report, 77_77);
    Box::pin(sweep(&office)).await;
    let case = open_case(&office).await;
    assert_eq!((case.kind, case.code.number()), (CaseKind::DriftChanged, 130));
    assert_eq!(
        case.proposals,
        [Decision::ReverseAndRepost, Decision::PostDifference, Decision::Accept],
        "{}",
        case.detail
    );
    assert!(case.detail["lines_count"].as_u64().unwrap() >= 2, "{}", case.detail);
    assert_eq!(case.detail["new_minor"], source_total(&office, &report));
    // Sweeping again opens nothing more.
    Box::pin(sweep(&office)).await;
    assert_eq!(cases(&office).await.len(), 1);

    decide(&office, &case, verdict(Decision::ReverseAndRepost, ""), "usr_1").await.unwrap();
    Box::pin(sweep(&office)).await;
    let done = cases(&office).await.remove(0);
    assert_eq!(done.state, CaseState::Done, "{done:?}");
    assert_eq!(ledger::of_report(&office, &report), 3, "the entry, what takes it back, and the new one");
    assert_eq!(amount_owed(&office), source_total(&office, &report));
    let after = run(&office).await;
    assert_eq!(after.reports[&report].state, InboxState::Posted);
    assert_eq!(after.summary().sent, 0);
    let states: Vec<&str> = after.postings.iter().map(|posting| posting.machine.state.name()).collect();
    assert_eq!(states.iter().filter(|state| **state == "reversed").count(), 1, "{states:?}");
    assert_eq!(states.iter().filter(|state| **state == "posted").count(), 2, "{states:?}");
    assert_eq!(after.audited("posting.reversed").len(), 1);
}

#[tokio::test]
async fn the_difference_of_a_changed_report_is_posted_as_one_entry() {
    let (office, report) = Box::pin(posted()).await;
    change_amount(&office, &report, 77_77);
    Box::pin(sweep(&office)).await;
    let case = open_case(&office).await;
    decide(&office, &case, verdict(Decision::PostDifference, ""), "usr_1").await.unwrap();
    Box::pin(sweep(&office)).await;
    assert_eq!(cases(&office).await[0].state, CaseState::Done, "{:?}", cases(&office).await);
    assert_eq!(ledger::of_report(&office, &report), 2);
    assert_eq!(amount_owed(&office), source_total(&office, &report));
    let after = run(&office).await;
    assert_eq!(after.reports[&report].state, InboxState::Posted);
    assert_eq!(after.reports[&report].amount_minor, Some(source_total(&office, &report)));
    assert_eq!(after.summary().sent, 0);
    // A second change is compared with both entries.
    change_amount(&office, &report, 12_34);
    Box::pin(sweep(&office)).await;
    let again = open_case(&office).await;
    decide(&office, &again, verdict(Decision::ReverseAndRepost, ""), "usr_1").await.unwrap();
    Box::pin(sweep(&office)).await;
    assert_eq!(amount_owed(&office), source_total(&office, &report));
    assert_eq!(ledger::of_report(&office, &report), 5, "two entries, two that take them back, and the new one");
    let last = run(&office).await;
    assert_eq!((last.reports[&report].state, last.summary().sent), (InboxState::Posted, 0));
}

#[tokio::test]
async fn an_accepted_difference_stays_as_it_is_and_is_asked_about_only_once() {
    let (office, report) = Box::pin(posted()).await;
    let before = balances(&office);
    change_amount(&office, &report, 77_77);
    Box::pin(sweep(&office)).await;
    let case = open_case(&office).await;
    decide(&office, &case, verdict(Decision::Accept, "booked by hand in November"), "usr_1").await.unwrap();
    Box::pin(sweep(&office)).await;
    let after = run(&office).await;
    assert_eq!(after.reports[&report].state, InboxState::Posted, "{:?}", after.reports[&report].problems);
    assert_eq!(cases(&office).await.len(), 1);
    assert_eq!(balances(&office), before);
    // Other content is another question.
    change_amount(&office, &report, 55_55);
    Box::pin(sweep(&office)).await;
    assert_ne!(open_case(&office).await.id, case.id);
}

#[tokio::test]
async fn a_report_that_lost_its_approval_is_taken_back_and_posted_again_once_it_is_approved() {
    let (office, report) = Box::pin(posted()).await;
    office.in_expensify(json!({"action": "unapprove", "report": report}));
    Box::pin(sweep(&office)).await;
    let case = open_case(&office).await;
    assert_eq!((case.kind, case.code.number()), (CaseKind::DriftUnapproved, 150));
    assert_eq!(case.proposals, [Decision::Reverse, Decision::Accept]);
    decide(&office, &case, verdict(Decision::Reverse, ""), "usr_1").await.unwrap();
    Box::pin(sweep(&office)).await;
    assert_eq!(cases(&office).await[0].state, CaseState::Done, "{:?}", cases(&office).await);
    assert_eq!(balances(&office), [], "nothing is left of it");
    let out = run(&office).await;
    assert_eq!(out.reports[&report].state, InboxState::Skipped);
    office.in_expensify(json!({"action": "approve", "report": report}));
    let back = run(&office).await;
    assert_eq!(back.reports[&report].state, InboxState::Posted, "{:?}", back.reports[&report].problems);
    assert_eq!(amount_owed(&office), source_total(&office, &report));
}

#[tokio::test]
async fn a_deleted_report_is_noticed_and_taken_back() {
    let (office, report) = Box::pin(posted()).await;
    office.in_expensify(json!({"action": "delete", "report": report}));
    // An answer that breaks off proves nothing.
    office.faults(json!([{"on": "download", "nth": 2, "action": "truncate", "bytes": 20}]));
    Box::pin(sweep(&office)).await;
    assert_eq!(cases(&office).await, []);
    office.faults(json!([]));
    Box::pin(sweep(&office)).await;
    let case = open_case(&office).await;
    assert_eq!((case.kind, case.code.number()), (CaseKind::DriftDeleted, 151));
    decide(&office, &case, verdict(Decision::Reverse, ""), "usr_1").await.unwrap();
    Box::pin(sweep(&office)).await;
    assert_eq!(balances(&office), []);
    let after = run(&office).await;
    assert_eq!(after.reports[&report].state, InboxState::Skipped);
    assert_eq!(cases(&office).await.len(), 1);
}

#[tokio::test]
async fn a_deleted_report_that_is_accepted_is_not_asked_about_again() {
    let (office, report) = Box::pin(posted()).await;
    office.in_expensify(json!({"action": "delete", "report": report}));
    Box::pin(sweep(&office)).await;
    let case = open_case(&office).await;
    decide(&office, &case, verdict(Decision::Accept, "the receipt is on file"), "usr_1").await.unwrap();
    Box::pin(sweep(&office)).await;
    Box::pin(sweep(&office)).await;
    assert_eq!(cases(&office).await.len(), 1);
    assert_eq!(run(&office).await.reports[&report].state, InboxState::Posted);
}

#[tokio::test]
async fn a_change_that_is_undone_closes_its_case_by_itself_and_comes_back_as_a_new_one() {
    let (office, report) = Box::pin(posted()).await;
    let shown = office.in_expensify(json!({"action": "show", "report": report}));
    let category = shown["expenses"][0]["category"].clone();
    let other = if category == "Train" { "Airfare" } else { "Train" };
    let recode = |category: &serde_json::Value| {
        office.in_expensify(json!({"action": "recode", "report": report, "category": category}));
    };
    recode(&json!(other));
    Box::pin(sweep(&office)).await;
    let case = open_case(&office).await;
    recode(&category);
    Box::pin(sweep(&office)).await;
    let closed = cases(&office).await.remove(0);
    assert_eq!((closed.id.clone(), closed.state), (case.id, CaseState::Done));
    recode(&json!(other));
    Box::pin(sweep(&office)).await;
    assert_ne!(open_case(&office).await.id, closed.id);
}

#[tokio::test]
async fn what_was_changed_by_hand_in_the_ledger_is_not_taken_back_blindly() {
    let (office, report) = Box::pin(posted()).await;
    change_amount(&office, &report, 77_77);
    Box::pin(sweep(&office)).await;
    let case = open_case(&office).await;
    let number = ledger::entries(&office)[0]["recordno"].as_str().unwrap().to_owned();
    office.in_intacct(
        json!({"action": "change_line", "recordno": number, "line": 1, "field": "DEPARTMENT", "value": "999"}),
    );
    decide(&office, &case, verdict(Decision::ReverseAndRepost, ""), "usr_1").await.unwrap();
    Box::pin(sweep(&office)).await;
    let asked = open_case(&office).await;
    let why = asked.outcome.unwrap()["why"].as_str().unwrap().to_owned();
    assert!(why.contains("changed in the ledger"), "{why}");
    assert_eq!(ledger::of_report(&office, &report), 1);
    office.in_intacct(json!({"action": "delete_entry", "recordno": number}));
    decide(&office, &case, verdict(Decision::ReverseAndRepost, ""), "usr_1").await.unwrap();
    Box::pin(sweep(&office)).await;
    let why = open_case(&office).await.outcome.unwrap()["why"].as_str().unwrap().to_owned();
    assert!(why.contains("no longer shows"), "{why}");
    assert_eq!(ledger::of_report(&office, &report), 0);
}

#[tokio::test]
async fn in_closed_books_a_reversal_goes_to_the_first_open_day() {
    let (office, report) = Box::pin(posted()).await;
    let today = ml_connector::clock::Clock::system(jiff::tz::TimeZone::UTC).today();
    let yesterday = today.yesterday().unwrap();
    office.in_expensify(json!({"action": "delete", "report": report}));
    office.in_intacct(json!({"action": "close_books", "until": yesterday.strftime("%m/%d/%Y").to_string()}));
    Box::pin(sweep(&office)).await;
    let case = open_case(&office).await;
    decide(&office, &case, verdict(Decision::Reverse, ""), "usr_1").await.unwrap();
    Box::pin(sweep(&office)).await;
    assert_eq!(balances(&office), []);
    let after = run(&office).await;
    let reversal = after.postings.iter().find(|posting| posting.key.kind.is_reversal()).unwrap();
    assert_eq!(reversal.posting_date, today);
    assert!(reversal.original_date.is_some_and(|original| original <= yesterday));
}

#[tokio::test]
async fn a_lost_answer_to_a_reversal_is_settled_before_anything_else_is_sent() {
    let (office, report) = Box::pin(posted()).await;
    change_amount(&office, &report, 77_77);
    Box::pin(sweep(&office)).await;
    let case = open_case(&office).await;
    decide(&office, &case, verdict(Decision::ReverseAndRepost, ""), "usr_1").await.unwrap();
    office.faults(json!([{"on": "create", "nth": 1, "action": "drop_after_commit"}]));
    let run = run(&office).await;
    assert_eq!(run.reports[&report].state, InboxState::Posted, "{:?}", cases(&office).await);
    assert_eq!(ledger::of_report(&office, &report), 3);
    assert_eq!(amount_owed(&office), source_total(&office, &report));
    assert_eq!(cases(&office).await[0].state, CaseState::Done);
}

#[tokio::test]
async fn a_report_that_changes_back_while_its_reversal_is_under_way_stays_a_drift_until_that_is_settled() {
    let (office, report) = Box::pin(posted()).await;
    let shown = office.in_expensify(json!({"action": "show", "report": report}));
    let before = shown["expenses"][0]["effective_hundredths"].as_i64().unwrap();
    change_amount(&office, &report, 77_77);
    Box::pin(sweep(&office)).await;
    let case = open_case(&office).await;
    decide(&office, &case, verdict(Decision::ReverseAndRepost, ""), "usr_1").await.unwrap();
    office.faults(json!([{"on": "create", "action": "drop_before_commit"}]));
    Box::pin(sweep(&office)).await;
    change_amount(&office, &report, before);
    let passed = Box::pin(sweep(&office)).await;
    assert!(passed.next_ms.is_some(), "the pass does not come back");
    assert_eq!(state_of(&office, &report).await, InboxState::Drift);
    office.faults(json!([]));
    let run = run(&office).await;
    assert_eq!(run.reports[&report].state, InboxState::Posted, "{:?}", cases(&office).await);
    assert_eq!(amount_owed(&office), source_total(&office, &report));
}

async fn state_of(office: &Office, report: &str) -> InboxState {
    let opened = Box::pin(super::clerk::opened(office)).await;
    let stored = opened.customer.report(&opened.flow_id, report).await.unwrap().unwrap();
    Box::pin(opened.close()).await.unwrap();
    stored.state
}
