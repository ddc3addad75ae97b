//! A small crowd of worker processes over one PostgreSQL, killed, frozen and cut off by chance while they post. The
//! large one is a benchmark and shares its code.

#[path = "../../benches/service/crowd/mod.rs"]
#[allow(dead_code, reason = "a benchmark prints more of it")]
mod crowd;
#[path = "../../benches/service/customers.rs"]
#[allow(dead_code, reason = "a benchmark needs more of it")]
mod customers;
#[path = "../../benches/service/process.rs"]
#[allow(dead_code, reason = "a benchmark needs more of it")]
#[expect(clippy::disallowed_methods, reason = "it waits for a process to say that it is ready")]
mod process;

use std::time::Duration;

use crate::databases;
use crowd::Plan;

#[tokio::test]
async fn killed_frozen_and_cut_off_workers_double_and_lose_nothing() {
    let Some(database) = databases::postgres().await else { return };
    let plan = Plan {
        companies: 6,
        reports: 400,
        expenses: Some(2),
        workers: 3,
        hosts: 0,
        seed: 20_261_124,
        every_ms: 700,
        latency_ms: 150,
        batch_entries: 4,
        lease_seconds: 3,
        settle_seconds: 6,
        patience: Duration::from_secs(120),
    };
    let outcome = crowd::crowd(plan, database).await;
    let counts = &outcome.counts;
    assert_eq!((counts.approved, counts.entries, counts.reports["posted"]), (400, 400, 400), "{outcome:?}");
    assert_eq!((counts.doubled, counts.lost, counts.unallocated, counts.missing), (0, 0, 0, 0), "{outcome:?}");
    assert_eq!((counts.unbalanced_minor, counts.over_budget, counts.violations), (0, 0, 0), "{outcome:?}");
    assert!(counts.audit > 800, "{outcome:?}");
    assert!(outcome.kills > 1 && outcome.freezes > 0 && outcome.cuts > 0, "too little happened: {outcome:?}");
    assert!(!outcome.takeovers_ms.is_empty(), "nobody took anything over: {outcome:?}");
}
