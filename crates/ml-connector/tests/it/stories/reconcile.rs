//! The tie-out against both systems as they are: it agrees to the cent when nothing is wrong, and names each thing that
//! is, whoever did it. The sandbox's own books are edited by hand, and never told to the service.

use std::collections::BTreeSet;

use accounting::tie_out::{Finding, Sums};
use jiff::ToSpan;
use jiff::civil::Date;
use ml_connector::store::{CaseKind, CaseState, Decision, ReconciliationState};
use ml_connector::work::pass::Duties;
use ml_connector::work::progress::Silent;
use ml_connector::work::reconcile::Reconciled;
use serde_json::json;

use super::clerk::{self, cases, change_amount, decide, open_case, run, source_total, sweep, verdict};
use super::ledger;
use super::office::{Office, clean, lifelike};
use crate::program::Desk;

fn today() -> Date {
    ml_connector::clock::Clock::system(jiff::tz::TimeZone::UTC).today()
}

async fn reconcile(office: &Office) -> Reconciled {
    let opened = Box::pin(clerk::opened(office)).await;
    let work = opened.work(&Silent);
    let from = opened.flow.mapping.selection.cut_over;
    let found = Box::pin(work.reconcile_once(from, today())).await;
    Box::pin(opened.close()).await.unwrap();
    found.unwrap_or_else(|error| panic!("{}", error.problem()))
}

/// A company of four posted reports that ties out.
async fn posted() -> Office {
    let office = Box::pin(Office::open(clean(4, 2))).await;
    run(&office).await;
    let found = reconcile(&office).await;
    assert_eq!(found.state(), ReconciliationState::Ties, "{:#?}", found.differences);
    office
}

fn total(found: &Reconciled, of: fn(&Sums) -> i128) -> i128 {
    found.tie_out.rows.values().map(of).sum()
}

/// The only difference found.
async fn only(office: &Office) -> (Finding, i128, Reconciled) {
    let found = reconcile(office).await;
    assert_eq!(found.state(), ReconciliationState::Differs);
    assert_eq!(found.differences.len(), 1, "{:#?}", found.differences);
    (found.differences[0].finding, found.differences[0].minor, found)
}

fn number(office: &Office, index: usize) -> String {
    ledger::entries(office)[index]["recordno"].as_str().unwrap().to_owned()
}

fn amount(office: &Office, index: usize) -> i128 {
    let entry = ledger::entries(office).swap_remove(index);
    let offsets = ["2010", "2050", "2051"];
    let lines = entry["lines"].as_array().unwrap().clone();
    let on_offset = lines.iter().filter(|line| offsets.contains(&line["account"].as_str().unwrap()));
    let signed = |line: &serde_json::Value| line["tr_type"].as_i64().unwrap() * line["amount_minor"].as_i64().unwrap();
    -i128::from(on_offset.map(signed).sum::<i64>())
}

#[tokio::test]
async fn a_company_as_companies_are_ties_out_with_every_exclusion_named() {
    let office = Box::pin(Office::open(lifelike(120))).await;
    let outcome = run(&office).await;
    let found = reconcile(&office).await;
    assert_eq!(found.state(), ReconciliationState::Ties, "{:#?} {:#?}", found.differences, found.tie_out);
    assert!(total(&found, |sums| sums.held) > 0);
    assert_eq!(total(&found, |sums| sums.acknowledged), i128::from(ledger::tie_out(&office, &outcome)));
    assert_eq!(total(&found, |sums| sums.ledger), total(&found, |sums| sums.acknowledged));
    assert!(!found.exclusion_sums.is_empty() && found.exclusions.iter().all(|it| !it.reason.is_empty()));
    assert_eq!(cases(&office).await.iter().filter(|case| case.kind == CaseKind::Difference).count(), 0);
}

#[tokio::test]
async fn what_a_rule_leaves_out_is_approved_and_not_planned() {
    let mut office = Box::pin(Office::open(lifelike(60))).await;
    office.edit_flow("skip = [", "skip = [\n  { category = \"Airfare\" },");
    run(&office).await;
    let found = reconcile(&office).await;
    assert_eq!(found.state(), ReconciliationState::Ties, "{:#?} {:#?}", found.differences, found.tie_out);
    let left_out: i128 = found.exclusion_sums.values().map(|(_, minor)| minor).sum();
    assert!(left_out > 0 && found.exclusion_sums.keys().any(|(reason, _)| reason.contains("Airfare")));
    assert_eq!(total(&found, |sums| sums.excluded), left_out);
    let accounted = |sums: &Sums| sums.excluded + sums.held + sums.acknowledged;
    assert_eq!(total(&found, |sums| sums.source), total(&found, accounted));
}

#[tokio::test]
async fn an_entry_that_was_edited_in_the_ledger() {
    let office = Box::pin(posted()).await;
    let change = |field: &str, value: &str| json!({"action": "change_line", "recordno": number(&office, 0), "line": 1, "field": field, "value": value});
    office.in_intacct(change("DEPARTMENT", "999"));
    let (finding, minor, _) = only(&office).await;
    assert_eq!((finding, minor), (Finding::Edited, 0));
    // The money on the offset is what counts: half of an entry is changed on both of its sides.
    let case = open_case(&office).await;
    assert_eq!((case.kind, case.code.number()), (CaseKind::Difference, 154));
    decide(&office, &case, verdict(Decision::Accept, "moved to the new department"), "usr_1").await.unwrap();
    let accepted = reconcile(&office).await;
    assert_eq!((accepted.state(), accepted.accepted_count), (ReconciliationState::Ties, 1));
}

#[tokio::test]
async fn an_entry_of_another_amount_or_another_day() {
    let office = Box::pin(posted()).await;
    let entry = ledger::entries(&office).swap_remove(0);
    let lines = entry["lines"].as_array().unwrap();
    let offset = lines.iter().position(|line| line["account"].as_str().unwrap().starts_with("20")).unwrap();
    let before = lines[offset]["amount_minor"].as_i64().unwrap();
    let line = offset + 1;
    let change = |minor: i64| {
        let value = minor.to_string();
        let number = number(&office, 0);
        json!({"action": "change_line", "recordno": number, "line": line, "field": "AMOUNT", "value": value})
    };
    office.in_intacct(change(before + 500));
    let (finding, minor, found) = only(&office).await;
    assert_eq!((finding, minor.abs()), (Finding::Edited, 500));
    assert_eq!(total(&found, Sums::unexplained).abs(), 500);
    office.in_intacct(change(before));
    assert_eq!(reconcile(&office).await.state(), ReconciliationState::Ties);
    // The case of a difference that is gone closes by itself.
    assert!(cases(&office).await.iter().all(|case| case.state == CaseState::Done));
    let far = today().checked_sub(2.years()).unwrap().strftime("%m/%d/%Y").to_string();
    let number = number(&office, 0);
    office.in_intacct(json!({"action": "change_header", "recordno": number, "field": "BATCH_DATE", "value": far}));
    assert_eq!(only(&office).await.0, Finding::Edited);
}

#[tokio::test]
async fn an_entry_that_is_gone_copied_or_reversed_by_hand() {
    let office = Box::pin(posted()).await;
    let whole = amount(&office, 0);
    office.in_intacct(json!({"action": "copy_entry", "recordno": number(&office, 0)}));
    let (finding, minor, found) = only(&office).await;
    assert_eq!((finding, minor), (Finding::Copied, whole));
    assert_eq!(total(&found, Sums::unexplained), whole.abs());
    let copy = found.differences[0].record_no.clone().unwrap();
    office.in_intacct(json!({"action": "delete_entry", "recordno": copy}));
    assert_eq!(reconcile(&office).await.state(), ReconciliationState::Ties);

    office.in_intacct(json!({"action": "reverse_entry", "recordno": number(&office, 0)}));
    let (finding, minor, found) = only(&office).await;
    assert_eq!((finding, minor), (Finding::Copied, -whole));
    let reversal = found.differences[0].record_no.clone().unwrap();
    office.in_intacct(json!({"action": "delete_entry", "recordno": reversal}));

    office.in_intacct(json!({"action": "delete_entry", "recordno": number(&office, 0)}));
    let (finding, minor, _) = only(&office).await;
    assert_eq!((finding, minor), (Finding::Gone, -whole));
    // The same copy a second time is a new question.
    let asked: BTreeSet<u16> = cases(&office).await.iter().map(|case| case.code.number()).collect();
    assert_eq!(asked, BTreeSet::from([153, 160]));
}

#[tokio::test]
async fn entries_of_a_lost_database_are_unknown_here() {
    let mut office = Box::pin(posted()).await;
    let all: i128 = (0..4).map(|index| amount(&office, index)).sum();
    office.settings.database.url = format!("sqlite:{}", office.folder.path().join("empty.db").display());
    let found = reconcile(&office).await;
    let count = |wanted: Finding| found.differences.iter().filter(|it| it.finding == wanted).count();
    assert_eq!((count(Finding::UnknownHere), count(Finding::NeverRead)), (4, 4), "{:#?}", found.differences);
    assert!(total(&found, |sums| sums.ledger) >= all);
}

#[tokio::test]
async fn an_approved_report_that_nothing_has_read() {
    let office = Box::pin(posted()).await;
    let at = today().checked_sub(5.days()).unwrap();
    let added = office.in_expensify(json!({"action": "add", "at": format!("{at} 10:00:00")}));
    let (finding, minor, found) = only(&office).await;
    let report = added["report"].as_str().unwrap();
    assert_eq!((finding, minor), (Finding::NeverRead, i128::from(source_total(&office, report))));
    assert_eq!(found.differences[0].subject, report);
    run(&office).await;
    assert_eq!(reconcile(&office).await.state(), ReconciliationState::Ties);
}

#[tokio::test]
async fn a_report_that_changed_or_is_gone_at_its_source_until_somebody_decided() {
    let office = Box::pin(posted()).await;
    let listed = office.in_expensify(json!({"action": "list"}));
    let id = |index: usize| listed[index]["report"].as_str().unwrap().to_owned();
    let before = source_total(&office, &id(0));
    change_amount(&office, &id(0), 77_77);
    let (finding, minor, _) = only(&office).await;
    assert_eq!((finding, minor), (Finding::SourceDiffers, i128::from(source_total(&office, &id(0)) - before)));
    sweep(&office).await;
    let drift = cases(&office).await.into_iter().find(|case| case.kind.is_drift()).unwrap();
    decide(&office, &drift, verdict(Decision::ReverseAndRepost, ""), "usr_1").await.unwrap();
    sweep(&office).await;
    let found = reconcile(&office).await;
    assert_eq!(found.state(), ReconciliationState::Ties, "{:#?} {:#?}", found.differences, found.tie_out);

    office.in_expensify(json!({"action": "delete", "report": id(1)}));
    assert_eq!(only(&office).await.0, Finding::GoneAtSource);
    sweep(&office).await;
    let all = cases(&office).await;
    let deleted = all.iter().find(|case| case.kind == CaseKind::DriftDeleted).unwrap();
    decide(&office, deleted, verdict(Decision::Accept, "the receipts are on file"), "usr_1").await.unwrap();
    sweep(&office).await;
    let found = reconcile(&office).await;
    assert_eq!(found.state(), ReconciliationState::Ties, "{:#?} {:#?}", found.differences, found.tie_out);
    assert!(total(&found, |sums| sums.explained) < 0);

    change_amount(&office, &id(2), 55_55);
    sweep(&office).await;
    let all = cases(&office).await;
    let changed = all.iter().find(|case| case.kind.is_drift() && case.state == CaseState::Open).unwrap();
    decide(&office, changed, verdict(Decision::PostDifference, ""), "usr_1").await.unwrap();
    sweep(&office).await;
    let found = reconcile(&office).await;
    assert_eq!(found.state(), ReconciliationState::Ties, "{:#?} {:#?}", found.differences, found.tie_out);
}

#[tokio::test]
async fn what_was_handled_elsewhere_is_left_out_with_its_reason() {
    let mut office = Box::pin(Office::open(clean(2, 2))).await;
    run(&office).await;
    office.settings.database.url = format!("sqlite:{}", office.folder.path().join("fresh.db").display());
    let change = json!({"action": "change_line", "recordno": number(&office, 0), "line": 1, "field": "DEPARTMENT", "value": "999"});
    office.in_intacct(change);
    run(&office).await;
    let case = open_case(&office).await;
    decide(&office, &case, verdict(Decision::MarkHandled, "entered as JE-77"), "usr_1").await.unwrap();
    run(&office).await;
    let found = reconcile(&office).await;
    assert!(found.exclusions.iter().any(|it| it.reason.contains("entered as JE-77")), "{:#?}", found.exclusions);
    // The entry itself stands in the ledger with our reference, and is named.
    assert!(found.differences.iter().all(|it| it.finding == Finding::UnknownHere), "{:#?}", found.differences);
}

#[tokio::test]
async fn a_system_that_cannot_be_read_proves_nothing() {
    let office = Box::pin(posted()).await;
    for on in ["query", "export"] {
        office.faults(json!([{"on": on, "action": "http_500"}]));
        let opened = Box::pin(clerk::opened(&office)).await;
        let work = opened.work(&Silent);
        let chart = work.refresh().await;
        if let Ok(chart) = chart {
            let found = Box::pin(work.reconcile(&chart, today(), today())).await.unwrap();
            assert_eq!(found.state(), ReconciliationState::Incomplete, "{on}");
        }
        Box::pin(opened.close()).await.unwrap();
        office.faults(json!([]));
    }
    assert!(cases(&office).await.is_empty());
}

#[tokio::test]
async fn a_pass_reconciles_when_it_is_due_and_keeps_the_result() {
    let office = Box::pin(posted()).await;
    office.in_intacct(json!({"action": "delete_entry", "recordno": number(&office, 0)}));
    let opened = Box::pin(clerk::opened(&office)).await;
    let duties = Duties { reconcile: true, ..clerk::SWEEP };
    let passed = Box::pin(opened.work(&Silent).pass(duties, &[])).await.unwrap();
    assert!(passed.reconciled);
    let made = opened.customer.reconciliations(Some(&opened.flow_id), None, 10).await.unwrap();
    let newest = &made[0];
    assert_eq!((newest.state, newest.differences), (ReconciliationState::Differs, 1));
    assert_eq!(newest.document["differences"][0]["code"], "MLC-153");
    assert!(newest.document["differences"][0]["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()));
    assert_eq!(opened.customer.reconciliation(&newest.id).await.unwrap(), *newest);
    Box::pin(opened.close()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_command_says_whether_it_ties_out() {
    let desk = Box::pin(Desk::open(lifelike(40))).await;
    desk.run(&["--json"]).output();
    let clean = desk.on_flow("reconcile", &[]).output();
    let text = String::from_utf8_lossy(&clean.stdout).into_owned();
    assert!(clean.status.success() && text.contains("Everything ties out"), "{text}");
    let number = number(&desk.office, 0);
    desk.office.in_intacct(json!({"action": "delete_entry", "recordno": number}));
    let differs = desk.on_flow("reconcile", &["--json"]).output();
    assert_eq!(differs.status.code(), Some(3));
    let shown = crate::program::json(&differs);
    assert_eq!((&shown["state"], &shown["differences"][0]["code"]), (&json!("differs"), &json!("MLC-153")), "{shown}");
    let text = String::from_utf8_lossy(&desk.on_flow("reconcile", &[]).output().stdout).into_owned();
    assert!(text.contains("MLC-153") && text.contains("fix:") && text.contains("does not tie out"), "{text}");
    let wrong = desk.on_flow("reconcile", &["--from", "2026-02-01", "--to", "2026-01-01"]).output();
    assert_eq!(wrong.status.code(), Some(1));
}
