//! Small customers alone, and beside one that brings a hundred thousand expenses: how long theirs take.

use std::time::{Duration, Instant};

use ml_connector::store::Access;
use serde_json::Value;

use crate::customers::{Place, add};
use crate::process::{Sandbox, Service};
use crate::{heading, percentile, thousandths};

/// Reports of the giant, of ten expenses each; a small customer has one of them.
const GIANT: usize = 10_000;
/// How long after the giant the small ones become due, so that its work is well under way.
const LATER_MS: i64 = 10_000;
/// Longest wait for the small ones.
const PATIENCE: Duration = Duration::from_secs(900);

/// `small` small customers, with every request of a vendor taking `latency_ms`.
pub async fn fair(small: usize, latency_ms: u64) {
    let expenses = GIANT * 10;
    heading(&format!("fair: {small} customers of 10 expenses, and one of {expenses}; {latency_ms} ms a request"));
    let alone = observe(small, latency_ms, false).await;
    let beside = observe(small, latency_ms, true).await;
    println!("p99 beside the giant is {} x p99 alone", thousandths(beside * 1_000 / alone.max(1)));
}

/// The 99th percentile of the small ones' times from being due to being booked, in milliseconds.
async fn observe(small: usize, latency_ms: u64, giant: bool) -> u64 {
    let (companies, size) = ((small + 2).to_string(), format!("{}={GIANT}", small + 1));
    let options = ["--companies", &companies, "--reports", "0", "--reports-each", "1", "--reports-of", &size];
    let sandbox = Sandbox::start(&[&options[..], &["--expenses-per-report", "10"]].concat());
    sandbox.post("/_faults", &format!("{{\"latency_ms\":{latency_ms}}}"));
    let place = Place::new();
    let store = place.open(Access::Write).await;
    // The set-up takes less than so long for each customer.
    let began_ms = place.clock.now_ms() + i64::try_from(small).unwrap() * 50;
    let due_ms = began_ms + LATER_MS;
    for number in 1..=small {
        add(&store, &sandbox, number, due_ms).await;
    }
    if giant {
        add(&store, &sandbox, small + 1, began_ms).await;
    }
    store.close().await;
    let left_ms = began_ms - place.clock.now_ms();
    assert!(left_ms > 0, "the set-up took too long; nothing could be told from the figures");
    tokio::time::sleep(Duration::from_millis(left_ms.unsigned_abs())).await;
    let service = Service::start(&place.database(), &place.key(), &sandbox, &[]);
    tokio::time::sleep(Duration::from_millis(LATER_MS.unsigned_abs())).await;
    let under_way = entries_of(&sandbox.ask("/_state/all?each=1"), small + 1);
    let all = booked(&sandbox, small).await;
    let mut times: Vec<u64> =
        (1..=small).map(|number| last_ms(&all, number).saturating_sub(due_ms.unsigned_abs())).collect();
    times.sort_unstable();
    println!(
        "{}: p50 {} ms, p90 {} ms, p99 {} ms, most {} ms{}",
        if giant { "beside the giant" } else { "alone" },
        percentile(&times, 50),
        percentile(&times, 90),
        percentile(&times, 99),
        times.last().copied().unwrap_or(0),
        match giant {
            true => format!(
                "; the giant had {under_way} entries when they came and {} after them",
                entries_of(&all, small + 1)
            ),
            false => String::new(),
        },
    );
    assert_eq!(all["intacct"]["doubled"]["entries"], 0);
    drop(service);
    percentile(&times, 99)
}

/// Waits until every small customer's report is booked.
async fn booked(sandbox: &Sandbox, small: usize) -> Value {
    let began = Instant::now();
    loop {
        let all = sandbox.ask("/_state/all?each=1");
        if (1..=small).all(|number| entries_of(&all, number) > 0) {
            return all;
        }
        assert!(began.elapsed() < PATIENCE, "not all were booked: {}", all["intacct"]);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

fn of(all: &Value, number: usize) -> Option<&Value> {
    all["each"].as_array().unwrap().iter().find(|own| own["company"] == number)
}

fn entries_of(all: &Value, number: usize) -> u64 {
    of(all, number).and_then(|own| own["intacct"]["journal_entries"].as_u64()).unwrap_or(0)
}

fn last_ms(all: &Value, number: usize) -> u64 {
    of(all, number).and_then(|own| own["intacct"]["last_entry_ms"].as_u64()).unwrap_or(0)
}
