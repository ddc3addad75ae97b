//! What the mapping's pages say of how often a text is used is what the stored reports hold: after new reports, after
//! changed ones, for a place that is asked for later, and in a database of before anything was counted.

use std::collections::BTreeMap;

use accounting::uses::{Count, Counted, Place};
use ml_connector::store::{InboxState, text_key};
use ml_connector::systems::expensify::report_of;
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};

use super::fix_once::{open, recode};
use super::office::{Office, lifelike};

type Figures = BTreeMap<(String, String, String), (u64, i64, Option<String>)>;

/// What is counted, and what counting all stored reports anew gives.
async fn figures(office: &Office, asked: &[Place]) -> (Figures, Figures) {
    let opened = open(office).await;
    let customer = &opened.customer;
    let counted = Counted { always: true, asked: asked.iter().cloned().collect() };
    let mut count = Count::default();
    for report in customer.reports_in(&opened.flow_id, &InboxState::ALL, None, 10_000).await.unwrap() {
        let raw = customer.raw_report(&report.report_id, &report.content_hash).await.unwrap().unwrap();
        count.add(&report_of(&raw).unwrap(), 1, &counted);
    }
    let mut expected = Figures::new();
    let mut places = std::collections::BTreeSet::new();
    for (key, found) in count.found {
        let currency = key.currency.map(|currency| currency.to_string()).unwrap_or_default();
        places.insert(key.place.to_string());
        let at = (key.place.to_string(), text_key(&key.folded), currency);
        expected.insert(at, (u64::try_from(found.expenses).unwrap(), found.amount_minor, found.beside));
    }
    let mut stored = Figures::new();
    for place in places {
        for found in customer.mapping_uses(&opened.flow_id, &place, 10_000).await.unwrap() {
            let beside = expected.get(&(place.clone(), found.key.clone(), found.currency.clone()));
            // Of texts that stand beside two codes either may have come last.
            let beside = beside.and_then(|(_, _, beside)| beside.clone());
            stored.insert((place.clone(), found.key, found.currency), (found.expenses, found.amount_minor, beside));
        }
    }
    opened.close().await.unwrap();
    (stored, expected)
}

#[tokio::test]
async fn what_is_counted_is_what_the_reports_hold() {
    let mut office = Office::open(lifelike(60)).await;
    office.run().await;
    let (stored, expected) = figures(&office, &[]).await;
    assert!(expected.len() > 20, "{}", expected.len());
    assert_eq!(stored, expected, "after the first run");

    // Changed reports are counted out as they were.
    recode(&office, 5, "Team Offsite");
    office.run().await;
    let (stored, changed) = figures(&office, &[]).await;
    assert_ne!(changed, expected);
    assert_eq!(stored, changed, "after some changed");

    // A place that nobody asked for until now.
    office.edit_flow("cards = { \"1234\" = \"2051\" }", "cardholders = { \"jane@acme.example\" = \"2051\" }");
    office.run().await;
    let (stored, expected) = figures(&office, &[Place::Cardholder]).await;
    assert!(expected.keys().any(|(place, ..)| place == "cardholder"));
    assert_eq!(stored, expected, "after a place was asked for");

    // A database of before it was counted.
    let mut connection = SqliteConnection::connect(&office.database.url).await.unwrap();
    for statement in ["DELETE FROM mapping_uses", "DELETE FROM mapping_places"] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    recode(&office, 2, "Lodging");
    office.in_expensify(json!({"action": "list"}));
    office.run().await;
    let (stored, expected) = figures(&office, &[Place::Cardholder]).await;
    assert_eq!(stored, expected, "after it was counted in");
}
