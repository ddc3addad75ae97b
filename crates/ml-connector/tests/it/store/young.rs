//! Young tables of PostgreSQL, which the server has not counted by itself yet: a batch is searched row by row, however
//! many reports there are. What is judged is blocks, not time.

use std::collections::BTreeMap;

use accounting::Problem;
use ml_connector::store::{AttemptEnd, InboxState, NewReport, PostingChange, ReportChange, RequestEnd};

use super::facts::{COMPANY, Frozen, NOW_MS, World, event, report, world_on};
use super::held::{change, set, unmapped};
use super::postings::{posted, send};
use crate::databases::{self, TestDatabase};

/// Reports of one batch.
const BATCH: usize = 100;
/// More blocks than any step touches for a batch when each of its rows is searched: 300 a report. A walk through all
/// for each touches a million.
const ENOUGH: i64 = 30_000;

/// The blocks that were touched so far, by whoever has given its connection back.
const BLOCKS: &str = "SELECT (SELECT SUM(COALESCE(heap_blks_hit, 0) + COALESCE(heap_blks_read, 0) \
     + COALESCE(idx_blks_hit, 0) + COALESCE(idx_blks_read, 0) + COALESCE(toast_blks_hit, 0))::BIGINT \
     FROM pg_statio_user_tables)";

fn batch(number: usize) -> Vec<NewReport> {
    (number * BATCH..(number + 1) * BATCH).map(|index| report(index, 1)).collect()
}

/// Five causes each, of fifty.
fn problems(number: usize) -> Vec<Problem> {
    (0..5).map(|n| unmapped(&format!("Category {}", (number + n) % 50), &format!("e{n}"))).collect()
}

async fn stand(world: &World, number: usize, state: InboxState, problems: &[Problem], mapping_version: u32) {
    let reports = batch(number);
    let changes: Vec<ReportChange<'_>> = reports
        .iter()
        .map(|report| ReportChange {
            mapping_version,
            ..change(&report.report_id, &report.content_hash, state, problems)
        })
        .collect();
    set(world, &changes).await;
}

/// What is done with a batch, in steps that a pass makes.
async fn step(world: &World, step: &str, number: usize) {
    match step {
        "read" | "read again" => drop(world.put(&batch(number), NOW_MS).await),
        "hold" => stand(world, number, InboxState::Held, &problems(number), 3).await,
        "translate again" => {
            let page = world.customer.untranslated_reports(&world.flow, InboxState::Held, (4, &[9; 32]), 0, 50).await;
            assert_eq!(page.unwrap().len(), 50);
            stand(world, number, InboxState::Held, &problems(number), 4).await;
        }
        "mend" => stand(world, number, InboxState::Ready, &[], 4).await,
        "freeze" => world.freeze(&Frozen::many(number * BATCH..(number + 1) * BATCH)).await,
        "post" => post(world, number).await,
        _ => unreachable!("{step}"),
    }
}

async fn post(world: &World, number: usize) {
    let frozen = Frozen::many(number * BATCH..(number + 1) * BATCH);
    let lease = world.lease().await;
    let known = world.customer.postings_in(COMPANY, &["frozen", "absent"], None, 50).await.unwrap();
    assert_eq!(known.len(), 50);
    let request = send(world, &lease, &frozen).await;
    let machine = posted();
    let mut tx = world.customer.begin().await.unwrap();
    let changes =
        frozen.iter().map(|one| PostingChange { reference: &one.planned.reference, machine: &machine, problem: None });
    tx.save_postings(&lease, COMPANY, &changes.collect::<Vec<_>>(), NOW_MS).await.unwrap();
    let end = RequestEnd { ended_ms: NOW_MS, outcome: "answered", http_status: Some(200), reply: Some(b"x") };
    tx.finish_request(&request, &end).await.unwrap();
    let ends =
        frozen.iter().map(|one| AttemptEnd { reference: &one.planned.reference, n: 1, outcome: "posted", detail: "" });
    tx.finish_attempts(&ends.collect::<Vec<_>>(), NOW_MS).await.unwrap();
    let reports = batch(number);
    let moves: Vec<_> = reports.iter().map(|report| (report.report_id.as_str(), InboxState::Posted)).collect();
    tx.move_reports(&world.flow, &moves, NOW_MS).await.unwrap();
    tx.commit(NOW_MS, vec![event("posting.posted", "batch")]).await.unwrap();
    world.store.release_lane(lease).await.unwrap();
}

const STEPS: [&str; 7] = ["read", "read again", "hold", "translate again", "mend", "freeze", "post"];

/// Blocks that each step touched in one batch.
async fn measure(database: &TestDatabase, world: World, number: usize) -> (World, BTreeMap<&'static str, i64>) {
    let (customer, flow, run) = (world.customer.id().clone(), world.flow.clone(), world.run.clone());
    let mut world = Some(world);
    let mut blocks = BTreeMap::new();
    for name in STEPS {
        let before = touched(database, world.take()).await;
        let store = database.store().await;
        let customer = store.customer(&customer).await.unwrap();
        let opened = World { store, customer, flow: flow.clone(), run: run.clone() };
        step(&opened, name, number).await;
        blocks.insert(name, touched(database, Some(opened)).await - before);
    }
    let store = database.store().await;
    let customer = store.customer(&customer).await.unwrap();
    (World { store, customer, flow, run }, blocks)
}

/// What a server counts of a connection it counts when the connection ends.
async fn touched(database: &TestDatabase, world: Option<World>) -> i64 {
    if let Some(World { store, customer, .. }) = world {
        drop(customer);
        store.close().await;
    }
    let mut hand = database.hand().await;
    let ended = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = $1";
    while sqlx::query_scalar::<_, i64>(ended).bind(databases::ROLE).fetch_one(&mut hand).await.unwrap() > 0 {
        tokio::task::yield_now().await;
    }
    sqlx::query_scalar(BLOCKS).fetch_one(&mut hand).await.unwrap()
}

#[tokio::test]
async fn a_batch_is_searched_among_thousands_as_among_a_few() {
    let Some(database) = databases::postgres().await else { return };
    let (world, _) = measure(&database, world_on(&database).await, 0).await;
    let many = std::env::var("BATCHES").map_or(30, |many| many.parse().unwrap());
    let began = std::time::Instant::now();
    for number in 1..many {
        for name in STEPS {
            step(&world, name, number).await;
        }
    }
    // To be read by whoever asks for more batches.
    println!("{} batches of {BATCH} reports in {} ms", many - 1, began.elapsed().as_millis());
    let (_, among) = measure(&database, world, many).await;
    for (name, blocks) in among {
        assert!(blocks < ENOUGH, "{name} touched {blocks} blocks for {BATCH} of {} reports", many * BATCH);
    }
}
