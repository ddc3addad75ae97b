//! The shipped program, ended by force at bad moments and started again: every report is in the ledger exactly once and
//! known by its record number. The sandbox lives in the test, so that it survives what is killed.

use std::collections::BTreeSet;
use std::process::Output;
use std::time::{Duration, Instant};

use sandbox::Options;
use serde_json::{Value, json};

use crate::databases;
use crate::program::{Desk, Started};
use crate::stories::ledger::entries;
use crate::stories::office::clean;

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Waits shorter than the vendor's, with which a test can live.
const SHORT: [&str; 3] = ["posting.settle_seconds=2", "posting.look_gap_seconds=1", "posting.look_at_seconds=[1,2]"];

async fn desk(options: Options) -> Desk {
    let mut desk = Desk::open(options).await;
    desk.set(&SHORT);
    desk
}

/// What the sandbox has seen of requests that post.
fn creates(desk: &Desk) -> u64 {
    desk.office.sandbox.state()["intacct"]["requests"]["create"].as_u64().unwrap_or(0)
}

fn requests(desk: &Desk) -> u64 {
    desk.office.sandbox.state()["intacct"]["requests"]["total"].as_u64().unwrap()
}

/// Waits until the condition holds, or the program has ended by itself.
async fn until(program: &mut Started, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() && !program.has_ended() {
        assert!(began.elapsed() < LIMIT, "waited too long");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// What must be true at last: `count` entries, each once, each known by its number, and nothing else to do.
fn all_posted(desk: &Desk, output: &Output, count: usize) {
    let shown = crate::program::json(output);
    assert_eq!(shown["reports"]["posted"], count, "{shown}");
    let ledger = entries(&desk.office);
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let references: BTreeSet<String> = ledger.iter().map(|entry| text(entry, "reference")).collect();
    assert_eq!((ledger.len(), references.len()), (count, count), "entries and references in the ledger");
    let numbers: BTreeSet<String> = ledger.iter().map(|entry| text(entry, "recordno")).collect();
    let mut known = BTreeSet::new();
    for entry in desk.audit("posting.posted") {
        let number = entry["detail"]["record_no"].as_str().unwrap().to_owned();
        assert!(known.insert(number), "an entry is told as posted twice: {entry}");
    }
    assert_eq!(known, numbers, "the record numbers that the books know");
    let verified = desk.program(&["audit", "verify", "--json"]).output();
    assert_eq!(crate::program::json(&verified)["verified"], true);
}

/// Kills a run of ten reports while it waits for an answer that never comes, and runs again. `there` entries had got
/// into the ledger by then.
async fn killed_while_it_waits(action: &str, there: usize) {
    let desk = desk(clean(10, 2)).await;
    desk.office.faults(json!([{"on": "create", "nth": 1, "action": action}]));
    let mut first = desk.run(&["--json"]).start();
    until(&mut first, || creates(&desk) == 1 && entries(&desk.office).len() == there).await;
    first.kill();
    let second = desk.run(&["--json"]).output();
    all_posted(&desk, &second, 10);
    assert_eq!(creates(&desk), if there == 10 { 1 } else { 2 }, "requests that post");
    let third = desk.run(&["--json"]).output();
    assert_eq!(crate::program::json(&third)["entries_sent"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn killed_after_the_commit_while_no_answer_comes() {
    killed_while_it_waits("hang_after_commit", 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn killed_before_the_commit_while_no_answer_comes() {
    killed_while_it_waits("hang_before_commit", 0).await;
}

/// The answer is lost, and the run is killed while it waits to look again.
async fn killed_after_a_cut(action: &str, resent: bool) {
    let desk = desk(clean(10, 2)).await;
    desk.office.faults(json!([{"on": "create", "nth": 1, "action": action}]));
    let mut first = desk.run(&["--json"]).start();
    let path = desk.office.database();
    until(&mut first, || creates(&desk) == 1 && wrote(&path, "posting.unknown")).await;
    first.kill();
    let second = desk.run(&["--json"]).output();
    all_posted(&desk, &second, 10);
    assert_eq!(creates(&desk), if resent { 2 } else { 1 }, "requests that post");
}

/// Whether the database's files hold this text.
fn wrote(database: &std::path::Path, text: &str) -> bool {
    let log = database.with_extension("db-wal");
    [database.to_owned(), log].iter().any(|path| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn killed_after_the_connection_was_cut_behind_the_commit() {
    killed_after_a_cut("drop_after_commit", false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn killed_after_the_connection_was_cut_before_the_commit() {
    killed_after_a_cut("drop_before_commit", true).await;
}

/// A plain sequence of numbers, the same in every test.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn killed_at_twenty_moments_in_a_row() {
    let mut desk = desk(clean(60, 2)).await;
    desk.set(&["posting.batch_entries=1"]);
    desk.office.faults(json!({"rules": [], "latency_ms": 4, "create_ms_per_function": 3}));
    let mut dice = Dice(20_261_124);
    let mut cut_short = 0;
    for _ in 0..20 {
        let mut run = desk.run(&["--json"]).start();
        let goal = requests(&desk) + 1 + dice.below(30);
        until(&mut run, || requests(&desk) >= goal).await;
        cut_short += usize::from(!run.has_ended());
        run.kill();
    }
    assert!(cut_short >= 15, "only {cut_short} of 20 runs were killed before they ended");
    let last = desk.run(&["--json"]).output();
    all_posted(&desk, &last, 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn two_runs_at_once() {
    let desk = desk(clean(10, 2)).await;
    desk.office.faults(json!([{"on": "create", "nth": 1, "action": "hang_after_commit"}]));
    let mut first = desk.run(&["--json"]).start();
    until(&mut first, || creates(&desk) == 1).await;
    let second = desk.run(&[]).output();
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("MLC-404"), "{second:?}");
    first.kill();
    let third = desk.run(&["--json"]).output();
    all_posted(&desk, &third, 10);
}

/// Ended politely, a run leaves what it must and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn interrupted_while_it_waits() {
    let desk = desk(clean(10, 2)).await;
    desk.office.faults(json!([{"on": "create", "nth": 1, "action": "hang_after_commit"}]));
    let mut first = desk.run(&["--json"]).start();
    until(&mut first, || creates(&desk) == 1).await;
    first.interrupt();
    until(&mut first, || false).await;
    let second = desk.run(&["--json"]).output();
    all_posted(&desk, &second, 10);
}

/// Leases short enough for a test, and requests that end within them.
const LEASE: [&str; 2] = ["posting.lease_seconds=3", "intacct.create_timeout_seconds=60"];

/// Runs again until the lane is free, which is when the lease of whoever held it has run out.
async fn taken_over(desk: &Desk) -> Output {
    let began = Instant::now();
    let mut refused = 0;
    loop {
        let output = desk.run(&["--json"]).output();
        if !String::from_utf8_lossy(&output.stdout).contains("MLC-404") {
            assert!(refused > 0, "the lane was free at once");
            return output;
        }
        refused += 1;
        assert!(began.elapsed() < LIMIT, "nobody may take over");
    }
}

/// On a server a dead process is known by its lease alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn killed_on_a_server_another_takes_over_when_the_lease_has_run_out() {
    let Some(database) = databases::postgres().await else { return };
    let mut desk = Desk::open_on(database, clean(10, 2)).await;
    desk.set(&SHORT);
    desk.set(&LEASE);
    desk.office.faults(json!([{"on": "create", "nth": 1, "action": "hang_after_commit"}]));
    let mut first = desk.run(&["--json"]).start();
    until(&mut first, || creates(&desk) == 1 && entries(&desk.office).len() == 10).await;
    first.kill();
    let second = taken_over(&desk).await;
    all_posted(&desk, &second, 10);
    assert_eq!(creates(&desk), 1, "requests that post");
}

/// It stands still in the midst of a request, another takes over, and then it goes on as if nothing had happened.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn frozen_on_a_server_it_finds_its_lane_taken_and_changes_nothing() {
    let Some(database) = databases::postgres().await else { return };
    let mut desk = Desk::open_on(database, clean(12, 2)).await;
    desk.set(&SHORT);
    desk.set(&LEASE);
    desk.set(&["posting.batch_entries=2"]);
    desk.office.faults(json!([{"on": "create", "nth": 2, "action": "hang_after_commit"}]));
    let mut first = desk.run(&["--json"]).start();
    until(&mut first, || creates(&desk) == 2 && entries(&desk.office).len() == 4).await;
    first.freeze();
    let second = taken_over(&desk).await;
    all_posted(&desk, &second, 12);
    let sent = creates(&desk);
    first.thaw();
    first.interrupt();
    until(&mut first, || false).await;
    assert_eq!(creates(&desk), sent, "it sent something after it had lost its lane");
    let third = desk.run(&["--json"]).output();
    all_posted(&desk, &third, 12);
}
