//! A month of a company as companies are: what can be posted is posted to the cent, the rest is held and says why.

use ml_connector::store::InboxState;
use serde_json::{Value, json};

use super::office::{Office, Outcome, lifelike};
use super::{ledger, secrets};
use crate::both;
use crate::databases::TestDatabase;

both!(
    a_month_posts_once_ties_out_and_tells_what_it_holds,
    a_rehearsal_posts_nothing_and_the_flow_posts_all_when_it_is_told_to,
    a_report_edited_after_it_was_posted_is_a_drift_and_nothing_is_sent,
    payment_after_posting_is_no_change,
    a_second_installation_takes_over_what_the_first_posted,
);

async fn a_month_posts_once_ties_out_and_tells_what_it_holds(database: TestDatabase) {
    let office = Office::open_on(database, lifelike(300)).await;
    let first = office.run().await;
    ledger::check(&office, &first);
    let posted = first.count(&[InboxState::Posted]);
    let held = first.count(&[InboxState::Held]);
    assert!(posted > 200 && held > 20, "{posted} posted, {held} held");
    let count = |figure: u64| usize::try_from(figure).unwrap();
    assert_eq!(posted + held + first.count(&[InboxState::Skipped]), count(first.summary().read));
    assert_eq!(count(first.summary().posted), posted);
    assert!(ledger::tie_out(&office, &first) > 0);
    every_held_report_says_why(&first);

    let before = ledger::references(&office);
    let second = office.run().await;
    assert_eq!((second.summary().read, second.summary().posted), (first.summary().read, 0));
    assert_eq!(second.summary().sent, 0);
    assert_eq!(count(second.summary().unchanged), posted);
    assert_eq!(ledger::references(&office), before);
    ledger::check(&office, &second);
    secrets::check(&office, &second).await;
    assert_eq!(office.sandbox.state()["expensify"]["requests"]["write"], 0);
    assert_eq!(office.sandbox.state()["intacct"]["repeated_control_ids"], 0);
}

/// Each problem has a code and a sentence, and the report's audit entry names each offending value.
fn every_held_report_says_why(outcome: &Outcome) {
    let held = outcome.reports.values().filter(|report| report.state == InboxState::Held);
    let entries = outcome.audited("report.held");
    let mut codes = std::collections::BTreeSet::new();
    for report in held {
        assert!(!report.problems.is_empty(), "{} is held without a problem", report.report_id);
        let entry = entries.iter().find(|entry| entry.subject == report.report_id).unwrap();
        let detail: Value = serde_json::from_str(&entry.detail).unwrap();
        for problem in &report.problems {
            assert!(
                !problem.detail.is_empty() && !problem.code.remedy().is_empty() && !problem.code.cause().is_empty()
            );
            let named = detail["problems"]
                .as_array()
                .unwrap()
                .iter()
                .any(|named| named["code"] == problem.code.to_string() && named["value"] == problem.value.as_str());
            assert!(named, "{}: the audit does not name {}", report.report_id, problem.value);
            codes.insert(problem.code.to_string());
        }
    }
    for code in ["MLC-101", "MLC-102", "MLC-104", "MLC-108", "MLC-109", "MLC-115", "MLC-122"] {
        assert!(codes.contains(code), "no report is held for {code}");
    }
}

async fn a_rehearsal_posts_nothing_and_the_flow_posts_all_when_it_is_told_to(database: TestDatabase) {
    let mut office = Office::open_on(database, lifelike(40)).await;
    office.edit_flow("mode = \"post\"", "mode = \"rehearsal\"");
    let rehearsed = office.run().await;
    assert_eq!((rehearsed.summary().sent, rehearsed.postings.len()), (0, 0));
    assert!(rehearsed.count(&[InboxState::Ready]) > 20);
    assert!(!rehearsed.audited("report.ready").is_empty() && !rehearsed.audited("report.held").is_empty());
    assert_eq!(office.sandbox.state()["intacct"]["requests"]["create"], Value::Null);
    assert!(ledger::entries(&office).is_empty());

    office.edit_flow("mode = \"rehearsal\"", "mode = \"post\"");
    let posted = office.run().await;
    ledger::check(&office, &posted);
    ledger::tie_out(&office, &posted);
    assert_eq!(posted.count(&[InboxState::Posted]), rehearsed.count(&[InboxState::Ready]));
    assert_eq!(posted.count(&[InboxState::Held]), rehearsed.count(&[InboxState::Held]));
}

async fn a_report_edited_after_it_was_posted_is_a_drift_and_nothing_is_sent(database: TestDatabase) {
    let office = Office::open_on(database, lifelike(40)).await;
    let first = office.run().await;
    let edited = office.sandbox.samples.report_id.clone();
    assert_eq!(first.reports[&edited].state, InboxState::Posted);
    let before = ledger::entries(&office);
    office.in_expensify(json!({"action": "recode", "report": edited, "category": "Postage", "amount": 123_456}));
    for _ in 0..2 {
        let later = office.run().await;
        assert_eq!(later.reports[&edited].state, InboxState::Drift);
        assert_eq!(later.codes_of(&edited), ["MLC-130"]);
        assert_eq!((later.summary().posted, later.summary().sent), (0, 0));
        assert_eq!(ledger::entries(&office), before);
        assert_eq!(later.audited("report.drifted").len(), 1);
        ledger::check(&office, &later);
    }
}

async fn payment_after_posting_is_no_change(database: TestDatabase) {
    let office = Office::open_on(database, lifelike(20)).await;
    office.run().await;
    let paid = office.sandbox.samples.report_id.clone();
    office.in_expensify(json!({"action": "reimburse", "report": paid}));
    let later = office.run().await;
    assert_eq!(later.reports[&paid].state, InboxState::Posted);
    assert_eq!((later.summary().posted, later.summary().sent), (0, 0));
    ledger::check(&office, &later);
}

async fn a_second_installation_takes_over_what_the_first_posted(database: TestDatabase) {
    let mut office = Office::open_on(database, lifelike(30)).await;
    let first = office.run().await;
    let before = ledger::references(&office);
    let elsewhere = tempfile::tempdir().unwrap();
    office.settings.database.url = format!("sqlite:{}", elsewhere.path().join("books.db").display());
    let second = office.run().await;
    assert_eq!(second.summary().sent, 0);
    assert_eq!(second.count(&[InboxState::Posted]), first.count(&[InboxState::Posted]));
    assert_eq!(ledger::references(&office), before);
    ledger::check(&office, &second);
}
