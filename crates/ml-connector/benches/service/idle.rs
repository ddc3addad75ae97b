//! Customers for whom nothing happens: what it costs to ask for each of them every five minutes.

use std::time::{Duration, Instant};

use ml_connector::store::Access;

use crate::customers::{Place, add};
use crate::process::{Figures, Sandbox, Service};
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
    tokio::time::sleep(Duration::from_millis(left_ms) + PERIOD).await;
    let from = Look::at(&service, &sandbox);
    let watched = Instant::now();
    let mut late = late(&service, measured).await;
    let to = Look::at(&service, &sandbox);
    let wall_ms = u64::try_from(watched.elapsed().as_millis()).unwrap();
    late.sort_unstable();
    let cpu_ms = to.service.cpu_ms - from.service.cpu_ms;
    println!(
        "{customers} customers for {} s: {} polls, processor time {cpu_ms} ms = {} of a core; the sandbox took {} ms",
        wall_ms / 1_000,
        (to.polls - from.polls) / 2,
        thousandths(cpu_ms * 1_000 / wall_ms),
        to.sandbox.cpu_ms - from.sandbox.cpu_ms,
    );
    println!(
        "lag of the loop: p99 at most {}; longest that a due flow waited, looked at each second: p50 {} ms, p99 {} ms, \
         most {} ms",
        bound(&from.lags, &to.lags).map_or("unbounded".to_owned(), |ms| format!("{ms} ms")),
        percentile(&late, 50),
        percentile(&late, 99),
        late.last().copied().unwrap_or(0),
    );
    println!("memory {} KiB, peak {} KiB", to.service.rss_kib, to.service.peak_kib);
    let (ended, well) = service.stop();
    println!("ended {} ms after it was told to{}", ended.as_millis(), if well { "" } else { ", not in time" });
    to.service.rss_kib
}

/// All figures at one moment.
struct Look {
    service: Figures,
    sandbox: Figures,
    polls: u64,
    lags: Vec<(Option<u64>, u64)>,
}

impl Look {
    fn at(service: &Service, sandbox: &Sandbox) -> Self {
        let lags = service.metrics().buckets("loop_lag_seconds");
        Self { service: service.figures(), sandbox: sandbox.figures(), polls: polls(sandbox), lags }
    }
}

/// The bound below which 99 of 100 values lie that came between two looks at a histogram, in milliseconds.
fn bound(from: &[(Option<u64>, u64)], to: &[(Option<u64>, u64)]) -> Option<u64> {
    let new: Vec<(Option<u64>, u64)> =
        to.iter().zip(from).map(|((bound, after), (_, before))| (*bound, after - before)).collect();
    let all = new.iter().map(|(_, count)| *count).max().unwrap_or(0);
    new.iter().find(|(_, count)| count * 100 >= all * 99).and_then(|(bound, _)| *bound)
}

/// Requests to Expensify: two for each poll that finds nothing.
fn polls(sandbox: &Sandbox) -> u64 {
    let all = sandbox.ask("/_state/all");
    assert_eq!(all["expensify"]["over_budget"], 0, "the vendor's limits were not kept");
    all["expensify"]["total"].as_u64().unwrap()
}

/// How long the flow that waits longest has been due, in milliseconds, looked at each second.
async fn late(service: &Service, measured: Duration) -> Vec<u64> {
    let until = Instant::now() + measured;
    let mut late = Vec::new();
    while Instant::now() < until {
        late.push(service.metrics().ms("flow_due_oldest_seconds"));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    late
}
