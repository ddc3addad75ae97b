//! Traces of one report's way: a collector receives every step, with ids and nothing of a person; one that does not
//! answer holds up nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ml_connector::clock::Clock;
use ml_connector::log::Collector;
use ml_connector::settings::Settings;
use ml_connector::store::InboxState;
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt as _;

use super::logs::{personal, raw_reports};
use crate::program::Desk;
use crate::stories::office::{Office, clean, lifelike};
use crate::stories::{ledger, secrets};

/// A collector in a thread of its own: what it took, one text a request.
struct Taken {
    url: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Taken {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || take_all(stream, &kept));
            }
        });
        Self { url, bodies }
    }

    fn text(&self) -> String {
        self.bodies.lock().unwrap().join("\n")
    }

    /// Every span, with the attributes of each by name.
    fn spans(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().unwrap();
        let mut spans = Vec::new();
        for body in bodies.iter() {
            let body: Value = serde_json::from_str(body).unwrap();
            let own = &body["resourceSpans"][0]["scopeSpans"][0]["spans"];
            spans.extend(own.as_array().unwrap().iter().cloned());
        }
        spans
    }
}

/// Answers every request on a connection.
fn take_all(mut stream: TcpStream, kept: &Mutex<Vec<String>>) {
    let mut bytes = Vec::new();
    let mut chunk = [0; 65_536];
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        assert!(head.starts_with("post /v1/traces "), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap();
        let length: usize = length.trim().parse().unwrap();
        if bytes.len() >= end + 4 + length {
            kept.lock().unwrap().push(String::from_utf8(bytes[end + 4..end + 4 + length].to_vec()).unwrap());
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
            bytes.clear();
        }
    }
}

fn attribute<'s>(span: &'s Value, name: &str) -> Option<&'s str> {
    let found = span["attributes"].as_array().unwrap().iter().find(|attribute| attribute["key"] == name)?;
    found["value"]["stringValue"].as_str()
}

/// Runs once with a collector at this address; its sender has ended when this returns.
async fn traced_run(office: &Office, url: &str) -> crate::stories::office::Outcome {
    let (spans, collector) = Collector::start(url, Clock::system(TimeZone::UTC)).unwrap();
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(spans));
    let outcome = office.run().await;
    drop(guard);
    drop(collector);
    outcome
}

/// The shipped program, since a database of SQLite works in a thread of its own, which knows of no subscriber that is a
/// test's alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_collector_receives_each_step_of_a_reports_way() {
    let mut desk = Desk::open(clean(6, 2)).await;
    let taken = Taken::start();
    desk.set(&[&format!("telemetry.otlp_endpoint={}", taken.url)]);
    let output = desk.run(&["--json"]).output();
    assert!(output.status.success(), "{output:?}");
    let spans = taken.spans();
    let run = spans.iter().find(|span| span["name"] == "run").unwrap();
    for name in ["poll", "translate", "look", "send", "record"] {
        let own = spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("no span {name}"));
        assert_eq!(own["traceId"], run["traceId"], "{name} belongs to the run");
    }
    let mut ways: BTreeMap<&str, BTreeMap<&str, &Value>> = BTreeMap::new();
    for span in &spans {
        if let Some(report) = attribute(span, "report") {
            ways.entry(report).or_default().insert(span["name"].as_str().unwrap(), span);
        }
    }
    let mut traces = BTreeSet::new();
    let mut told = BTreeSet::new();
    for (report, way) in &ways {
        let steps: Vec<&str> = way.keys().copied().collect();
        assert_eq!(steps, ["report.look", "report.read", "report.record", "report.send", "report.translate"]);
        let trace: BTreeSet<&str> = way.values().map(|span| span["traceId"].as_str().unwrap()).collect();
        assert_eq!(trace.len(), 1, "one trace for {report}");
        traces.extend(trace);
        let references = ["report.look", "report.send", "report.record"].map(|name| attribute(way[name], "reference"));
        told.extend(references.map(|reference| reference.unwrap().to_owned()));
        assert_eq!(attribute(way["report.record"], "state"), Some("posted"));
        assert_eq!(way["report.record"]["links"][0]["traceId"], run["traceId"]);
        let at = |name: &str, key: &str| way[name][key].as_str().unwrap().parse::<i64>().unwrap();
        assert!(at("report.send", "endTimeUnixNano") <= at("report.record", "endTimeUnixNano"));
        assert!(at("report.read", "startTimeUnixNano") <= at("report.send", "startTimeUnixNano"));
    }
    assert_eq!(traces.len(), 6, "each report has a trace of its own");
    let ledger: BTreeSet<String> = ledger::references(&desk.office).into_keys().collect();
    assert_eq!(told, ledger, "references in the traces and in the ledger");
}

#[tokio::test]
async fn a_report_that_is_sent_again_stays_in_its_trace_and_nothing_of_a_person_is_told() {
    let office = Office::open(lifelike(40)).await;
    office.faults(json!([{"on": "create", "nth": 1, "action": "drop_before_commit"}]));
    let taken = Taken::start();
    let outcome = traced_run(&office, &taken.url).await;
    let spans = taken.spans();
    let mut sends: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for span in spans.iter().filter(|span| span["name"] == "report.send") {
        let reference = attribute(span, "reference").unwrap();
        *sends.entry((reference, span["traceId"].as_str().unwrap())).or_default() += 1;
    }
    assert!(sends.values().any(|count| *count == 2), "nothing was sent twice: {sends:?}");
    assert!(outcome.count(&[InboxState::Held]) > 0);
    let text = taken.text();
    secrets::of(&office.sandbox).absent_from("the traces", text.as_bytes());
    let mut words = BTreeSet::new();
    for raw in raw_reports(&office).await {
        personal(&serde_json::from_str(&raw).unwrap(), "", &mut words);
    }
    assert!(words.len() > 50, "only {} texts to look for", words.len());
    for word in words {
        assert!(!text.contains(&word), "the traces hold {word:?}");
    }
}

#[tokio::test]
async fn a_collector_that_never_answers_holds_up_nothing() {
    let office = Office::open(clean(20, 2)).await;
    // It takes connections, by its backlog, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let began = Instant::now();
    let outcome = traced_run(&office, &format!("http://{}", silent.local_addr().unwrap())).await;
    assert_eq!(outcome.count(&[InboxState::Posted]), 20);
    // Not once for each request that posted: two requests to the collector at the longest.
    assert!(began.elapsed() < Duration::from_secs(40), "it took {:?}", began.elapsed());
}

#[test]
fn a_collectors_address_holds_no_credentials() {
    for wrong in ["127.0.0.1:4318", "http://", "https://me:secret@collector.example.com", "http://x?token=1"] {
        let refused = Settings::load(None, &[format!("telemetry.otlp_endpoint={wrong}")]);
        assert!(refused.unwrap_err().to_string().contains("telemetry.otlp_endpoint"), "{wrong}");
    }
    let defaults = Settings::load(None, &[]).unwrap();
    assert_eq!(defaults.telemetry.otlp_endpoint, "", "off unless it is asked for");
}
