//! What is held is released by itself when its cause is gone, and only then; what was taken back stays out.

use ml_connector::store::InboxState;
use serde_json::json;

use super::ledger;
use super::office::{Office, Outcome, lifelike};
use crate::both;
use crate::databases::TestDatabase;

both!(
    mending_the_mapping_the_chart_or_the_report_releases_what_waited_for_it,
    a_value_switched_off_in_the_ledger_holds_the_next_report_before_anything_is_sent,
    what_is_taken_back_while_it_is_held_is_never_posted,
);

/// Reports held for this problem alone.
fn held_only_for(outcome: &Outcome, code: &str, value: &str) -> Vec<String> {
    let held = outcome.reports.values().filter(|report| report.state == InboxState::Held);
    let only = held.filter(|report| {
        report.problems.iter().all(|problem| problem.code.to_string() == code && problem.value.contains(value))
    });
    only.map(|report| report.report_id.clone()).collect()
}

fn are(outcome: &Outcome, reports: &[String], state: InboxState) {
    assert!(!reports.is_empty(), "the company has no such report");
    for report in reports {
        assert_eq!(outcome.reports[report].state, state, "{report}: {:?}", outcome.reports[report].problems);
    }
}

async fn mending_the_mapping_the_chart_or_the_report_releases_what_waited_for_it(database: TestDatabase) {
    let mut office = Office::open_on(database, lifelike(100)).await;
    let first = office.run().await;
    let offsite = held_only_for(&first, "MLC-101", "Team Offsite");
    let inactive = held_only_for(&first, "MLC-104", "6990");
    let project = held_only_for(&first, "MLC-108", "P-9001");
    let closed = held_only_for(&first, "MLC-122", "");
    let blank = held_only_for(&first, "MLC-102", "");

    office.edit_flow("\"Airfare\" = \"6410\"", "\"Airfare\" = \"6410\"\n\"Team Offsite\" = \"6520\"");
    let mapped = office.run().await;
    are(&mapped, &offsite, InboxState::Posted);
    are(&mapped, &inactive, InboxState::Held);
    ledger::check(&office, &mapped);

    office.in_intacct(json!({"action": "activate", "object": "GLACCOUNT", "key": "6990"}));
    office.in_intacct(json!({"action": "activate", "object": "PROJECT", "key": "P-9001"}));
    let activated = office.run().await;
    are(&activated, &inactive, InboxState::Posted);
    are(&activated, &project, InboxState::Posted);
    are(&activated, &closed, InboxState::Held);
    ledger::check(&office, &activated);

    office.in_intacct(json!({"action": "close_books", "until": "01/31/2020"}));
    let reopened = office.run().await;
    are(&reopened, &closed, InboxState::Posted);
    are(&reopened, &blank, InboxState::Held);

    for report in &blank {
        let expenses = office.in_expensify(json!({"action": "show", "report": report}))["expenses"].clone();
        for expense in expenses
            .as_array()
            .unwrap()
            .iter()
            .filter(|expense| ["", "Uncategorized"].contains(&expense["category"].as_str().unwrap()))
        {
            let transaction = &expense["transaction"];
            let recode = json!({"action": "recode", "report": report, "transaction": transaction, "category": "Train"});
            office.in_expensify(recode);
        }
    }
    let recoded = office.run().await;
    are(&recoded, &blank, InboxState::Posted);
    ledger::check(&office, &recoded);
    ledger::tie_out(&office, &recoded);
}

async fn a_value_switched_off_in_the_ledger_holds_the_next_report_before_anything_is_sent(database: TestDatabase) {
    let office = Office::open_on(database, lifelike(30)).await;
    office.run().await;
    office.in_intacct(json!({"action": "deactivate", "object": "GLACCOUNT", "key": "2010"}));
    let report = office.in_expensify(json!({"action": "add"}))["report"].as_str().unwrap().to_owned();
    let creates = office.sandbox.state()["intacct"]["requests"]["create"].clone();
    let held = office.run().await;
    assert_eq!(held.reports[&report].state, InboxState::Held);
    assert!(held.codes_of(&report).contains(&"MLC-104".to_owned()));
    assert_eq!(office.sandbox.state()["intacct"]["requests"]["create"], creates);
    office.in_intacct(json!({"action": "activate", "object": "GLACCOUNT", "key": "2010"}));
    let released = office.run().await;
    are(&released, &[report], InboxState::Posted);
    ledger::check(&office, &released);
}

async fn what_is_taken_back_while_it_is_held_is_never_posted(database: TestDatabase) {
    let mut office = Office::open_on(database, lifelike(60)).await;
    let first = office.run().await;
    let offsite = held_only_for(&first, "MLC-101", "Team Offsite");
    let uncategorized = held_only_for(&first, "MLC-102", "");
    let (taken_back, deleted) = (offsite[0].clone(), uncategorized[0].clone());
    office.in_expensify(json!({"action": "unapprove", "report": taken_back}));
    office.in_expensify(json!({"action": "delete", "report": deleted}));
    office.edit_flow("\"Airfare\" = \"6410\"", "\"Airfare\" = \"6410\"\n\"Team Offsite\" = \"6520\"");
    let later = office.run().await;
    assert_eq!(ledger::of_report(&office, &taken_back) + ledger::of_report(&office, &deleted), 0);
    assert_ne!(later.reports[&taken_back].state, InboxState::Posted);
    assert_eq!(later.codes_of(&deleted), ["MLC-129"]);
    ledger::check(&office, &later);

    office.in_expensify(json!({"action": "approve", "report": taken_back}));
    let again = office.run().await;
    are(&again, std::slice::from_ref(&taken_back), InboxState::Posted);
    ledger::check(&office, &again);
}
