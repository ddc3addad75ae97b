//! Customers for whom nothing happens: what it costs to ask for each of them every five minutes.

use std::time::{Duration, Instant};

use ml_connector::store::{Access, Store};

use crate::customers::{Place, add};
use crate::process::{Sandbox, Service};
use crate::{heading, percentile, thousandths};

/// How often the flows are polled.
const PERIOD: Duration = Duration::from_secs(300);
/// The base of the memory for each customer.
const FEW: usize = 100;

/// `customers` idle customers for `measured`, after one period in which each was polled for the first time.
pub async fn idle(customers: usize, measured: Duration) {
    heading(&format!("idle: {customers} customers polled every five minutes, nothing new"));
    let few = observe(FEW, Duration::from_secs(20)).await;
    let many = observe(customers, measured).await;
    let bytes = (many.saturating_sub(few)) * 1_024 / (customers.saturating_sub(FEW).max(1) as u64);
    println!("memory beyond the base: {bytes} bytes a customer ({few} KiB at {FEW}, {many} KiB at {customers})");
}

/// Resident memory at the end, in KiB.
async fn observe(customers: usize, measured: Duration) -> u64 {
    let sandbox =
        Sandbox::start(&["--companies", &(customers + 1).to_string(), "--reports", "0", "--reports-each", "0"]);
    let place = Place::new();
    let store = place.open(Access::Write).await;
    let began = Instant::now();
    let period_ms = i64::try_from(PERIOD.as_millis()).unwrap();
    // The set-up takes its time; the first is due when it is over, the last a period later.
    let first_ms = place.clock.now_ms() + i64::try_from(customers).unwrap() * 15;
    for number in 1..=customers {
        let share = i64::try_from(number).unwrap() * period_ms / i64::try_from(customers).unwrap();
        add(&store, &sandbox, number, first_ms + share).await;
    }
    store.close().await;
    let left_ms = u64::try_from((first_ms - place.clock.now_ms()).max(0)).unwrap();
    println!("{customers} customers set up in {} s", began.elapsed().as_secs());
    let service = Service::start(&place.database(), &place.key(), &sandbox, &[]);
    let store = place.open(Access::Read).await;
    tokio::time::sleep(Duration::from_millis(left_ms) + PERIOD).await;
    let (from, sandbox_from, polls_from) = (service.figures(), sandbox.figures(), polls(&sandbox));
    let watched = Instant::now();
    let mut lags = lags(&store, &place, measured).await;
    let (to, sandbox_to, polls_to) = (service.figures(), sandbox.figures(), polls(&sandbox));
    lags.sort_unstable();
    let wall_ms = u64::try_from(watched.elapsed().as_millis()).unwrap();
    println!(
        "{customers} customers for {} s: {} polls, processor time {} ms = {} of a core (the sandbox took {} ms); \
         longest due, looked at twice a second: p50 {} ms, p99 {} ms, most {} ms",
        wall_ms / 1_000,
        (polls_to - polls_from) / 2,
        to.cpu_ms - from.cpu_ms,
        thousandths((to.cpu_ms - from.cpu_ms) * 1_000 / wall_ms),
        sandbox_to.cpu_ms - sandbox_from.cpu_ms,
        percentile(&lags, 50),
        percentile(&lags, 99),
        lags.last().copied().unwrap_or(0),
    );
    println!("memory {} KiB, peak {} KiB", to.rss_kib, to.peak_kib);
    let (ended, well) = service.stop();
    println!("ended {} ms after it was told to{}", ended.as_millis(), if well { "" } else { ", not in time" });
    to.rss_kib
}

/// Requests to Expensify: two for each poll that finds nothing.
fn polls(sandbox: &Sandbox) -> u64 {
    let all = sandbox.ask("/_state/all");
    assert_eq!(all["expensify"]["over_budget"], 0, "the vendor's limits were not kept");
    all["expensify"]["total"].as_u64().unwrap()
}

/// How long the flow that waits longest has been due, in milliseconds, looked at twice a second.
async fn lags(store: &Store, place: &Place, measured: Duration) -> Vec<u64> {
    let until = Instant::now() + measured;
    let mut lags = Vec::new();
    while Instant::now() < until {
        let (_, oldest_ms) = store.due_flows(place.clock.now_ms()).await.unwrap();
        lags.push(u64::try_from(oldest_ms).unwrap_or(0));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    lags
}
