//! Reports that make several entries: all of them stand in the ledger, or none.

use std::collections::BTreeSet;

use ml_connector::store::InboxState;
use sandbox::intacct::Assumptions;
use serde_json::json;

use super::ledger;
use super::office::{Office, Outcome, lifelike};
use crate::both;
use crate::databases::TestDatabase;

both!(one_refused_entry_keeps_its_reports_others_out_and_no_other_reports,);

/// Reports with both an entry for the employee and one for the card.
fn mixed(outcome: &Outcome) -> BTreeSet<String> {
    outcome.postings.iter().filter(|posting| posting.entries > 1).map(|posting| posting.key.report.clone()).collect()
}

/// A rule that only the gateway knows: accounts of cards may not be booked in New York and San Francisco.
fn restricted() -> Assumptions {
    let pairs = ["2050", "2051"]
        .into_iter()
        .flat_map(|account| ["NY", "SF", "LON", "US", "UK"].map(|location| format!("{account}/LOCATION/{location}")));
    Assumptions { restricted: pairs.collect(), ..Assumptions::default() }
}

async fn one_refused_entry_keeps_its_reports_others_out_and_no_other_reports(database: TestDatabase) {
    let office = Office::open_on(database, lifelike(60)).await;
    office.sandbox.set_intacct_assumptions(restricted());
    let refused = office.run().await;
    ledger::check(&office, &refused);
    let mixed = mixed(&refused);
    assert!(mixed.len() > 10, "only {} reports make several entries", mixed.len());
    for report in &mixed {
        assert_eq!(refused.reports[report].state, InboxState::Rejected, "{report}");
        assert_eq!(ledger::of_report(&office, report), 0, "{report} stands in the ledger in part");
        let told = refused.postings.iter().filter(|posting| posting.key.report == *report);
        for problem in told.map(|posting| posting.problem.as_ref().unwrap()) {
            assert_eq!(problem.code.to_string(), "MLC-310");
            assert!(!problem.detail.is_empty(), "{report} is refused without the gateway's words");
        }
    }
    assert!(refused.count(&[InboxState::Posted]) > 5, "the others are posted");

    office.sandbox.set_intacct_assumptions(Assumptions::default());
    let mended = office.run().await;
    ledger::check(&office, &mended);
    for report in &mixed {
        assert_eq!(mended.reports[report].state, InboxState::Posted, "{report}");
        let mut of_report = mended.postings.iter().filter(|posting| posting.key.report == *report);
        assert!(of_report.all(|posting| posting.problem.is_none()), "{report} is posted and still has a problem");
    }
    ledger::tie_out(&office, &mended);
}

#[tokio::test]
async fn lost_replies_to_whole_reports_leave_none_in_part() {
    let cases = ["drop_after_commit", "drop_before_commit", "truncate"].map(|action| {
        Box::pin(async move {
            let office = Office::open(lifelike(40)).await;
            office.faults(json!([{"on": "create", "every": 3, "action": action, "bytes": 700}]));
            let outcome = office.run_until_settled().await;
            ledger::check(&office, &outcome);
            assert!(!mixed(&outcome).is_empty());
            assert!(!outcome.audited("posting.unknown").is_empty(), "{action} did nothing");
            ledger::tie_out(&office, &outcome);
        })
    });
    futures_util::future::join_all(cases).await;
}
