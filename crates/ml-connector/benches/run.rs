//! What a run costs, measured on the shipped binary: processor time a report, gateway requests, peak memory, wall time
//! against the bound of one posting request in flight, and a cold start. The sandbox runs in a process of its own.
//!
//! `cargo bench -p ml-connector --bench run -- [scale|memory|million|latency|cold]...` (all but `million` when none is named)
//!
//! It prints figures and judges nothing; machines differ.

#![expect(clippy::print_stdout, reason = "a benchmark's output is its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should stop")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_ml-connector");
const LATENCY: &str = r#"{"latency_ms":80,"rules":[
  {"vendor":"intacct","on":"create","every":1,"latency_ms":20,"action":"none"}]}"#;
const FLOW: &str = include_str!("../../../examples/flows/expenses.toml");

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| asked.iter().any(|arg| arg == name) || (asked.is_empty() && name != "million");
    if wanted("scale") {
        scale("scale: 12,500 reports x 8 expenses, zero latency", 12_500);
    }
    if wanted("memory") {
        memory("memory at 100,000 expenses", 12_500);
    }
    if wanted("million") {
        memory("memory at 1,000,000 expenses", 125_000);
    }
    if wanted("latency") {
        latency();
    }
    if wanted("cold") {
        cold();
    }
}

/// Processor time and requests.
fn scale(title: &str, reports: u64) {
    heading(title);
    for round in 1..=3 {
        let sandbox = Sandbox::start(&["--reports", &reports.to_string(), "--expenses-per-report", "8"]);
        let folder = tempfile::tempdir().unwrap();
        let run = sandbox.run(folder.path(), &[]);
        assert_eq!(run.json["posted"], reports, "{}", run.json);
        let cpu_ms = run.json["cost"]["cpu_ms"].as_u64().unwrap();
        let requests = run.json["requests"]["intacct"].as_u64().unwrap();
        let minimum = 1 + sandbox.reference_objects() + 2 * reports.div_ceil(50);
        println!(
            "round {round}: cpu {} ms a report ({cpu_ms} ms), {requests} gateway requests = {} x the minimum of \
             {minimum}, {} commits in {} ms, wall {} ms",
            thousandths(cpu_ms * 1_000 / reports),
            thousandths(requests * 1_000 / minimum),
            run.json["cost"]["commits"],
            run.json["cost"]["commit_ms"],
            run.wall.as_millis(),
        );
    }
}

/// Peak memory of the connector.
fn memory(title: &str, reports: u64) {
    heading(title);
    let sandbox = Sandbox::start(&["--reports", &reports.to_string(), "--expenses-per-report", "8"]);
    let folder = tempfile::tempdir().unwrap();
    let run = sandbox.run(folder.path(), &[]);
    assert_eq!(run.json["posted"], reports, "{}", run.json);
    let peak_kib = run.json["cost"]["peak_memory_kib"].as_u64().unwrap();
    println!("peak {} MB, cpu {} ms, wall {} ms", peak_kib / 1_024, run.json["cost"]["cpu_ms"], run.wall.as_millis());
}

/// Wall time where every request takes 80 ms and every create 20 ms more.
fn latency() {
    const REPORTS: u64 = 12_500;
    heading("latency: 12,500 reports x 8 expenses, 80 ms a request and 20 ms more a create");
    let folder = tempfile::tempdir().unwrap();
    let faults = folder.path().join("faults.json");
    std::fs::write(&faults, LATENCY).unwrap();
    let options = ["--reports", "12500", "--expenses-per-report", "8", "--faults", faults.to_str().unwrap()];
    let sandbox = Sandbox::start(&options);
    let run = sandbox.run(folder.path(), &[]);
    assert_eq!(run.json["posted"], REPORTS, "{}", run.json);
    let creates = REPORTS.div_ceil(50);
    let bound_ms = creates * 100;
    let wall_ms = u64::try_from(run.wall.as_millis()).unwrap();
    println!(
        "{creates} creates of 100 ms one after the other: {bound_ms} ms; the whole process took {wall_ms} ms = {} x, cpu {} ms",
        thousandths(wall_ms * 1_000 / bound_ms),
        run.json["cost"]["cpu_ms"],
    );
}

/// From the start of the process to its end with one posted entry, on a database that exists.
fn cold() {
    heading("cold start: one report, zero latency, an existing database; the whole process");
    let sandbox = Sandbox::start(&["--reports", "1", "--expenses-per-report", "8"]);
    let folder = tempfile::tempdir().unwrap();
    let other = Sandbox::start(&["--reports", "12", "--seed", "7", "--expenses-per-report", "2"]);
    other.run(folder.path(), &[]);
    drop(other);
    let run = sandbox.run(folder.path(), &["--set", "expensify.requests_in_10_seconds=100"]);
    assert_eq!(run.json["posted"], 1, "{}", run.json);
    println!(
        "{} ms from start to exit, of these {} ms in {} commits (fsync)",
        run.wall.as_millis(),
        run.json["cost"]["commit_ms"],
        run.json["cost"]["commits"]
    );
}

struct Sandbox {
    child: Child,
    announcement: Value,
}

struct Run {
    json: Value,
    wall: Duration,
}

impl Sandbox {
    fn start(options: &[&str]) -> Self {
        let mut child = Command::new(BINARY).arg("sandbox").args(options).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, announcement: serde_json::from_str(&line).unwrap() }
    }

    fn run(&self, folder: &Path, options: &[&str]) -> Run {
        let flow = folder.join("flow.toml");
        // The check of the hand-over is made once in a flow's life, and is not what is measured.
        let document = FLOW.replace("mode = \"rehearsal\"", "mode = \"post\"");
        std::fs::write(&flow, document.replace("hand_over = \"ask\"", "hand_over = \"off\"")).unwrap();
        let text = |pointer: &str| self.announcement.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let began = Instant::now();
        let output = Command::new(BINARY)
            .args(["run", flow.to_str().unwrap(), "--json", "--database"])
            .arg(format!("sqlite:{}", folder.join("bench.db").display()))
            .args(["--expensify-url", &text("/expensify_url"), "--intacct-url", &text("/intacct_url")])
            .args(options)
            .env("EXPENSIFY_PARTNER_USER_ID", text("/credentials/expensify/partner_user_id"))
            .env("EXPENSIFY_PARTNER_USER_SECRET", text("/credentials/expensify/partner_user_secret"))
            .env("INTACCT_SENDER_ID", text("/credentials/intacct/sender_id"))
            .env("INTACCT_SENDER_PASSWORD", text("/credentials/intacct/sender_password"))
            .env("INTACCT_COMPANY_ID", text("/credentials/intacct/company_id"))
            .env("INTACCT_USER_ID", text("/credentials/intacct/user_id"))
            .env("INTACCT_USER_PASSWORD", text("/credentials/intacct/user_password"))
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        let wall = began.elapsed();
        Run { json: serde_json::from_slice(&output.stdout).unwrap(), wall }
    }

    /// Reference objects of the company, each of which fits one page.
    fn reference_objects(&self) -> u64 {
        // GLACCOUNT, JOURNAL, DEPARTMENT, LOCATION, CLASS, PROJECT, TASK, CUSTOMER, VENDOR, EMPLOYEE, ITEM, and one
        // dimension of the company's own.
        12
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn heading(title: &str) {
    println!("\n{title}");
}

/// A figure counted in thousandths, as decimals.
fn thousandths(count: u64) -> String {
    format!("{}.{:03}", count / 1_000, count % 1_000)
}
