//! What the ledger withdraws is told before a report fails for it: with the places of the mapping and the reports that
//! wait, once, until the mapping or the chart heals.

use ml_connector::store::{InboxState, ReferenceDrift};
use ml_connector::work::pass::Duties;
use serde_json::json;

use super::fix_once::{POLL, REFRESH, open, pass, passes, recode};
use super::ledger;
use super::office::{Office, Outcome, clean};

async fn notices(office: &Office) -> (Vec<ReferenceDrift>, Vec<ReferenceDrift>) {
    let opened = open(office).await;
    let open = opened.customer.open_reference_drifts(&opened.flow_id).await.unwrap();
    let all = opened.customer.reference_drifts(&opened.flow_id, None, 200).await.unwrap();
    opened.close().await.unwrap();
    (open, all)
}

fn told(outcome: &Outcome, action: &str) -> Vec<String> {
    outcome.audited(action).iter().map(|entry| entry.subject.clone()).collect()
}

#[tokio::test]
async fn an_account_that_goes_inactive_is_told_before_the_next_report_fails() {
    let office = Office::open(clean(6, 1)).await;
    let waiting = recode(&office, 2, "Team Offsite");
    passes(&office, POLL).await;
    assert_eq!(notices(&office).await.1, []);

    office.in_intacct(json!({"action": "deactivate", "object": "GLACCOUNT", "key": "6410"}));
    let (_, after) = pass(&office, REFRESH).await;
    assert_eq!(told(&after, "reference.withdrawn"), ["account 6410"]);
    let (now, _) = notices(&office).await;
    assert_eq!(now.len(), 1);
    let found = &now[0].found;
    assert_eq!((found.kind.as_str(), found.reference.as_str()), ("inactive", "account 6410"));
    assert_eq!(found.places, ["categories: Airfare"]);
    assert_eq!(found.reports, 0, "what waits does not rest on it");

    // The notice stands once, however often the ledger is read.
    let (_, again) = pass(&office, REFRESH).await;
    assert_eq!(told(&again, "reference.withdrawn"), ["account 6410"]);

    // Only now comes the report that fails for it.
    let report = office.in_expensify(json!({"action": "add"}))["report"].as_str().unwrap().to_owned();
    let shown = office.in_expensify(json!({"action": "show", "report": report}));
    for expense in shown["expenses"].as_array().unwrap() {
        let transaction = &expense["transaction"];
        office.in_expensify(
            json!({"action": "recode", "report": report, "transaction": transaction, "category": "Airfare"}),
        );
    }
    let held = passes(&office, POLL).await;
    assert_eq!(held.codes_of(&report).first().map(String::as_str), Some("MLC-104"));
    assert!(now[0].opened_ms <= held.reports[&report].first_seen_ms);

    office.in_intacct(json!({"action": "activate", "object": "GLACCOUNT", "key": "6410"}));
    let healed = passes(&office, REFRESH).await;
    assert_eq!(told(&healed, "reference.restored"), ["account 6410"]);
    assert_eq!(healed.reports[&report].state, InboxState::Posted, "{:?}", healed.reports[&report].problems);
    assert!(waiting.iter().all(|id| healed.reports[id].state == InboxState::Held));
    let (now, all) = notices(&office).await;
    assert_eq!((now.len(), all.len()), (0, 1));
    assert!(all[0].cleared_ms.is_some());
    ledger::check(&office, &healed);
}

#[tokio::test]
async fn reports_that_wait_are_counted_with_their_money_and_the_mapping_heals_it_too() {
    let mut office = Office::open(clean(8, 1)).await;
    let waiting = recode(&office, 3, "Legacy Travel");
    office.in_intacct(json!({"action": "activate", "object": "GLACCOUNT", "key": "6990"}));
    // They wait for another reason.
    office.edit_flow("ceiling_entry = \"50000.00 USD\"", "ceiling_entry = \"0.01 USD\"");
    let before = passes(&office, POLL).await;
    assert!(waiting.iter().all(|id| before.codes_of(id) == ["MLC-124"]), "{:?}", before.codes_of(&waiting[0]));

    office.in_intacct(json!({"action": "deactivate", "object": "GLACCOUNT", "key": "6990"}));
    pass(&office, REFRESH).await;
    let (now, _) = notices(&office).await;
    assert_eq!(now.len(), 1, "{now:?}");
    assert_eq!(now[0].found.places, ["categories: Legacy Travel"]);
    assert_eq!(now[0].found.reports, 3);
    let money: i64 = waiting.iter().map(|id| before.reports[id].amount_minor.unwrap()).sum();
    assert_eq!(now[0].found.money.values().sum::<i64>(), money);
    let mut sample = now[0].found.sample.clone();
    sample.sort();
    let mut expected = waiting.clone();
    expected.sort();
    assert_eq!(sample, expected);

    office.edit_flow("\"Legacy Travel\" = \"6990\"", "\"Legacy Travel\" = \"6410\"");
    let healed = passes(&office, Duties::default()).await;
    assert_eq!(told(&healed, "reference.restored"), ["account 6990"]);
    assert_eq!(notices(&office).await.0, []);
    assert!(waiting.iter().all(|id| healed.codes_of(id) == ["MLC-124"]));
}

#[tokio::test]
async fn a_value_and_a_closed_month_are_told_as_well() {
    let office = Office::open(clean(4, 1)).await;
    recode(&office, 2, "Team Offsite");
    passes(&office, POLL).await;
    office.in_intacct(json!({"action": "deactivate", "object": "DEPARTMENT", "key": "200"}));
    let (_, after) = pass(&office, REFRESH).await;
    assert_eq!(told(&after, "reference.withdrawn"), ["department 200"]);
    let (now, _) = notices(&office).await;
    assert!(now[0].found.places.iter().any(|place| place == "dimensions.department.values: Sales"), "{now:?}");
    office.in_intacct(json!({"action": "activate", "object": "DEPARTMENT", "key": "200"}));
    let healed = passes(&office, REFRESH).await;
    assert_eq!(told(&healed, "reference.restored"), ["department 200"]);

    let today = office.sandbox.state()["today"].as_str().map(str::to_owned);
    let today =
        today.unwrap_or_else(|| ml_connector::clock::Clock::system(jiff::tz::TimeZone::UTC).today().to_string());
    let [year, month, day] = today.split('-').collect::<Vec<_>>()[..] else { panic!("{today}") };
    office.in_intacct(json!({"action": "close_books", "until": format!("{month}/{day}/{year}")}));
    pass(&office, REFRESH).await;
    let (now, _) = notices(&office).await;
    assert_eq!(now.len(), 1, "{now:?}");
    assert_eq!((now[0].found.kind.as_str(), now[0].found.reports), ("closed", 2), "{now:?}");
    office.in_intacct(json!({"action": "close_books", "until": "01/31/2020"}));
    pass(&office, REFRESH).await;
    assert_eq!(notices(&office).await.0, []);
}
