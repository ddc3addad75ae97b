//! What the service costs, measured on the shipped binary against the sandbox, each in a process of its own.
//!
//! `cargo bench -p ml-connector --bench service -- [idle|fair|start|pages|crowd|hosts]... [customers=N] [minutes=N]
//! [latency_ms=N] [reports=N] [workers=N] [companies=N] [every_ms=N] [seed=N]`
//!
//! - `idle`: thousands of customers, each with its own credentials, polled every five minutes and found unchanged:
//!   processor time, memory for each customer, lag.
//! - `fair`: small customers alone, and beside one with a hundred thousand expenses: how long theirs take.
//! - `start`: from the start to ready on a database with a million rows of audit, and to the end when told to stop.
//! - `pages`: what a page costs over a million expenses and a hundred thousand entries, and how soon it comes at 50
//!   requests a second, while a run is posting and after it.
//! - `crowd`: 100,000 reports posted by eight worker processes over one PostgreSQL, while chance kills, freezes and cuts
//!   off one after the other: what is doubled or lost, how soon another takes over, what it costs.
//! - `hosts`: 200 companies as companies are, shared by workers on two hosts, one of which loses its network in the
//!   middle. The hosts are network namespaces where this machine permits them.
//!
//! It prints figures and judges nothing; machines differ.

#![expect(clippy::print_stdout, reason = "a benchmark's output is its figures")]
#![expect(clippy::panic, reason = "a benchmark that cannot run should stop")]
#![expect(clippy::disallowed_methods, reason = "it waits for processes, in a thread of its own")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should stop")]

mod crowd;
mod crowds;
mod customers;
#[path = "../../tests/it/databases.rs"]
#[allow(dead_code, unused_macros, reason = "tests need more of it")]
mod databases;
mod fair;
mod idle;
mod pages;
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
    let count = |name: &str, or: usize| figure(name).map_or(or, |count| usize::try_from(count).unwrap());
    if wanted("crowd") {
        let companies = count("companies", 40);
        let plan =
            crowds::of_many(count("reports", 100_000), companies, count("workers", 8), figure("seed").unwrap_or(1));
        let (every_ms, latency_ms) = (figure("every_ms").unwrap_or(1_500), figure("latency_ms").unwrap_or(5));
        runtime.block_on(crowds::run("crowd", crowd::Plan { every_ms, latency_ms, ..plan }));
    }
    if wanted("hosts") {
        let companies = count("customers", 200);
        let plan = crowds::of_hosts(companies, count("reports", companies * 30), figure("seed").unwrap_or(1));
        runtime.block_on(crowds::run("hosts", plan));
    }
    if wanted("pages") {
        let (reports, expenses) = (figure("reports").unwrap_or(100_000), figure("expenses").unwrap_or(10));
        runtime.block_on(pages::pages(reports, expenses));
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
