//! Large crowds of workers for a measurement, and how their figures are printed.

use std::time::Duration;

use crate::crowd::{Outcome, Plan, crowd};
use crate::{databases, heading, percentile};

/// Many clean reports on this machine, and something happening to a worker all the time.
pub fn of_many(reports: usize, companies: usize, workers: usize, seed: u64) -> Plan {
    Plan {
        companies,
        reports,
        expenses: Some(1),
        workers,
        hosts: 0,
        seed,
        every_ms: 1_500,
        latency_ms: 5,
        batch_entries: 100,
        lease_seconds: 3,
        settle_seconds: 8,
        patience: Duration::from_secs(180),
    }
}

/// Companies as companies are, shared by two hosts of two workers each.
pub fn of_hosts(companies: usize, reports: usize, seed: u64) -> Plan {
    Plan {
        companies,
        reports,
        expenses: None,
        workers: 4,
        hosts: 2,
        seed,
        every_ms: 0,
        latency_ms: 20,
        batch_entries: 50,
        lease_seconds: 5,
        settle_seconds: 8,
        patience: Duration::from_secs(180),
    }
}

/// Runs one and prints what came of it.
pub async fn run(name: &str, plan: Plan) {
    let Some(database) = databases::postgres().await else {
        println!("{name}: PostgreSQL is not installed");
        return;
    };
    heading(&format!(
        "{name}: {} reports of {} companies, {} workers on {} hosts, seed {}; a mishap every {} ms, {} ms a request",
        plan.reports,
        plan.companies,
        plan.workers,
        plan.hosts.max(1),
        plan.seed,
        plan.every_ms,
        plan.latency_ms,
    ));
    println!("settings: {}", plan.settings().join(" "));
    let lease_ms = plan.lease_seconds * 1_000;
    print(&crowd(plan, database).await, lease_ms);
}

fn print(outcome: &Outcome, lease_ms: u64) {
    let Outcome { counts, takeovers_ms: taken, .. } = outcome;
    println!("{}; {} kills, {} freezes, {} cuts", outcome.network, outcome.kills, outcome.freezes, outcome.cuts);
    println!(
        "approved {}, in the books {:?}; entries in the ledger {}: doubled {}, lost {}, unallocated {}, missing {}, out \
         of balance by {}",
        counts.approved,
        counts.reports,
        counts.entries,
        counts.doubled,
        counts.lost,
        counts.unallocated,
        counts.missing,
        counts.unbalanced_minor
    );
    println!("audit: {} entries, every chain verified to its end", counts.audit);
    println!(
        "takeover of a killed worker's lanes, by a look every 50 ms: {} lanes, p50 {} ms, p90 {} ms, most {} ms; the \
         lease and two seconds are {} ms",
        taken.len(),
        percentile(taken, 50),
        percentile(taken, 90),
        taken.last().copied().unwrap_or(0),
        lease_ms + 2_000
    );
    if !outcome.seen_by_host.is_empty() {
        println!("flows seen at work, by host: {:?}", outcome.seen_by_host);
    }
    println!(
        "{} s from the start of the workers to the end; processor time: workers {} ms, database {} ms, sandbox {} ms; \
         requests: {} to Intacct, {} to Expensify, {} of these beyond its limits, {} that would have changed something",
        outcome.wall.as_secs(),
        outcome.workers_cpu_ms,
        outcome.database_cpu_ms,
        outcome.sandbox_cpu_ms,
        counts.requests.0,
        counts.requests.1,
        counts.over_budget,
        counts.violations
    );
    println!("workers that did not end well when told to stop: {}", outcome.ended_badly);
}
