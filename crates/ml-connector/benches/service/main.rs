//! What the service costs, measured on the shipped binary against the sandbox, each in a process of its own.
//!
//! `cargo bench -p ml-connector --bench service -- [idle|fair|start]... [customers=N] [minutes=N] [latency_ms=N]`
//!
//! - `idle`: thousands of customers, each with its own credentials, polled every five minutes and found unchanged:
//!   processor time, memory for each customer, lag.
//! - `fair`: small customers alone, and beside one with a hundred thousand expenses: how long theirs take.
//! - `start`: from the start to ready on a database with a million rows of audit, and to the end when told to stop.
//!
//! It prints figures and judges nothing; machines differ.

#![expect(clippy::print_stdout, reason = "a benchmark's output is its figures")]
#![expect(clippy::panic, reason = "a benchmark that cannot run should stop")]
#![expect(clippy::disallowed_methods, reason = "it waits for processes, in a thread of its own")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should stop")]

mod customers;
mod fair;
mod idle;
mod process;
mod start;

use std::time::Duration;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let names = asked.iter().any(|arg| !arg.contains('='));
    let wanted = |name: &str| !names || asked.iter().any(|arg| arg == name);
    let figure =
        |name: &str| asked.iter().find_map(|arg| arg.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if wanted("idle") {
        let customers = usize::try_from(figure("customers").unwrap_or(10_000)).unwrap();
        let minutes = figure("minutes").unwrap_or(5);
        runtime.block_on(idle::idle(customers, Duration::from_secs(60 * minutes)));
    }
    if wanted("fair") {
        let small = usize::try_from(figure("customers").unwrap_or(99)).unwrap();
        runtime.block_on(fair::fair(small, figure("latency_ms").unwrap_or(50)));
    }
    if wanted("start") {
        runtime.block_on(start::start(figure("rows").unwrap_or(1_000_000)));
    }
}

/// A heading over the figures of one measurement.
fn heading(title: &str) {
    println!("\n{title}");
}

/// The value below which so many hundredths of the values lie; 0 where there are none.
fn percentile(sorted: &[u64], hundredths: usize) -> u64 {
    let place = (sorted.len() * hundredths).div_ceil(100);
    sorted.get(place.saturating_sub(1)).copied().unwrap_or(0)
}

/// A count of thousandths as decimals.
fn thousandths(count: u64) -> String {
    format!("{}.{:03}", count / 1_000, count % 1_000)
}
