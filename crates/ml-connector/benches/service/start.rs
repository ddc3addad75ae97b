//! From the start of the process to ready, on a database with a long history; and from being told to stop to the end,
//! with requests under way.

use std::time::{Duration, Instant};

use ml_connector::store::{Access, AuditEvent};
use serde_json::json;

use crate::customers::{Place, add};
use crate::heading;
use crate::process::{Sandbox, Service};

/// Customers that share the history.
const CUSTOMERS: u64 = 100;
/// Rows that are kept at once while the history is made.
const AT_ONCE: u64 = 1_000;
/// Longest wait for work to be under way.
const PATIENCE: Duration = Duration::from_secs(300);

/// `rows` rows of audit.
pub async fn start(rows: u64) {
    heading(&format!("start: {rows} rows of audit; stop: while entries are posted, 3 s a request"));
    let sandbox = Sandbox::start(&["--companies", "2", "--reports", "0", "--reports-each", "2000"]);
    let place = Place::new();
    let store = place.open(Access::Write).await;
    let began = Instant::now();
    for number in 0..CUSTOMERS {
        let at_ms = place.clock.now_ms();
        let customer = store.create_customer(&format!("history-{number:03}"), "bench", at_ms).await.unwrap();
        let mut left = rows / CUSTOMERS;
        while left > 0 {
            let count = left.min(AT_ONCE);
            let event = |n: u64| AuditEvent::new("bench", "report.shown", format!("R{n:011}"), json!({ "n": n }));
            let events = (0..count).map(event).collect();
            customer.begin().await.unwrap().commit(at_ms, events).await.unwrap();
            left -= count;
        }
    }
    // Not due before the last start.
    let due_ms = place.clock.now_ms() + 3_600_000;
    let customer = add(&store, &sandbox, 1, due_ms).await;
    drop(customer);
    store.close().await;
    println!("{rows} rows made in {} s", began.elapsed().as_secs());
    for round in 1..=3 {
        let service = Service::start(&place.database(), &place.key(), &sandbox, &[]);
        let ready_ms = service.ready.as_millis();
        let (ended, _) = service.stop();
        println!(
            "round {round}: ready {ready_ms} ms after the start; idle, it ended {} ms after it was told to",
            ended.as_millis()
        );
    }
    busy_stop(&place, &sandbox).await;
}

/// How long the end takes while a posting request is under way.
async fn busy_stop(place: &Place, sandbox: &Sandbox) {
    let store = place.open(Access::Write).await;
    let now_ms = place.clock.now_ms();
    let customer = store.create_customer("company-00001", "bench", now_ms).await.unwrap();
    let flow = customer.flows().await.unwrap().remove(0);
    let mut tx = customer.begin().await.unwrap();
    tx.await_flow(&flow.id, now_ms).await.unwrap();
    tx.commit_untraced(now_ms).await.unwrap();
    drop(customer);
    store.close().await;
    sandbox.post("/_faults", r#"{"rules":[{"vendor":"intacct","on":"create","action":"none","latency_ms":3000}]}"#);
    let service = Service::start(&place.database(), &place.key(), sandbox, &[]);
    let began = Instant::now();
    let entries = || sandbox.ask("/_state/all")["intacct"]["journal_entries"].as_u64().unwrap();
    while entries() == 0 {
        assert!(began.elapsed() < PATIENCE, "nothing is posted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (ended, well) = service.stop();
    println!(
        "at work, it ended {} ms after it was told to{}",
        ended.as_millis(),
        if well { "" } else { ", not in time" }
    );
    assert_eq!(sandbox.ask("/_state/all")["intacct"]["doubled"]["entries"], 0);
}
