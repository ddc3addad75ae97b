//! The log holds ids, codes and figures; no word of a person or an expense, and no secret.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use ml_connector::clock::Clock;
use ml_connector::log::{Lines, NAMES};
use ml_connector::settings::LogFormat;
use ml_connector::store::{InboxState, WantedKind};
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::service::desk::Desk;
use crate::stories::office::{Office, lifelike};
use crate::stories::secrets;

/// Keeps what was written.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Everything that this thread logs until the guard goes, at every level.
pub fn keep(format: LogFormat) -> (Kept, tracing::subscriber::DefaultGuard) {
    let kept = Kept::default();
    let writer = kept.clone();
    let lines = Lines::new(format, Clock::system(TimeZone::UTC), move || writer.clone());
    (kept, tracing::subscriber::set_default(tracing_subscriber::registry().with(lines)))
}

#[test]
fn a_line_is_one_json_object_with_what_is_allowed() {
    let (kept, guard) = keep(LogFormat::Json);
    tracing::warn!(target: "ml_connector::x", flow = "flw_1", count = 3_u64, employee = "Jane Doe", report = "Jane Doe", "a pass failed");
    let error = std::io::Error::other("Jane Doe");
    tracing::error!(target: "ml_connector::x", error = &error as &dyn std::error::Error, "a file cannot be written\nat all");
    tracing::error!(target: "hyper::client", url = "https://x/?token=Jane", "a library's words");
    tracing::info!(target: "hyper::client", "Jane Doe");
    drop(guard);
    let text = kept.text();
    assert!(!text.contains("Jane"), "{text}");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!((&lines[0]["level"], &lines[0]["message"]), (&json!("warn"), &json!("a pass failed")));
    assert_eq!((&lines[0]["flow"], &lines[0]["count"]), (&json!("flw_1"), &json!(3)));
    assert_eq!((&lines[0]["report"], &lines[0]["employee"]), (&json!("withheld"), &Value::Null));
    assert_eq!(lines[2]["message"], "a library's words");
}

#[test]
fn what_a_span_says_stands_in_the_lines_within() {
    let (kept, guard) = keep(LogFormat::Text);
    let span = tracing::info_span!(target: "ml_connector::x", "pass", flow = "flw_1");
    span.in_scope(|| tracing::info!(target: "ml_connector::x", report = "R00b", "read"));
    drop(guard);
    let text = kept.text();
    assert!(text.contains(" INFO  read flow=flw_1 report=R00b\n"), "{text}");
}

/// The reports as the source sent them.
pub async fn raw_reports(office: &Office) -> Vec<String> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(office.database()).read_only(true);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let raw: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT raw FROM report_versions").fetch_all(&mut connection).await.unwrap();
    raw.into_iter().map(|raw| String::from_utf8(raw).unwrap()).collect()
}

/// Every text of a person or an expense that came from the source.
pub fn personal(raw: &Value, key: &str, found: &mut BTreeSet<String>) {
    match raw {
        Value::Object(map) => map.iter().for_each(|(key, value)| personal(value, key, found)),
        Value::Array(list) => list.iter().for_each(|value| personal(value, key, found)),
        Value::String(text) => {
            let telling = ["name", "mail", "erchant", "omment", "ategory", "tag"].iter().any(|part| key.contains(part));
            if telling && text.chars().count() > 4 {
                found.insert(text.clone());
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn nothing_of_a_person_and_no_secret_is_logged_while_reports_go_wrong_in_every_way() {
    for format in [LogFormat::Json, LogFormat::Text] {
        let office = Office::open(lifelike(40)).await;
        office.faults(json!([
            {"on": "create", "nth": 1, "action": "drop_after_commit"},
            {"on": "create", "nth": 2, "action": "http_502"},
        ]));
        let (kept, guard) = keep(format);
        let outcome = office.run().await;
        if let Err(error) = &outcome.result {
            tracing::error!(target: "ml_connector::x", error = error as &dyn std::error::Error, "the run failed");
        }
        tracing::error!(target: "ml_connector::x", "an end for the test");
        drop(guard);
        let text = kept.text();
        assert!(text.contains("an end for the test"), "{text}");
        secrets::of(&office.sandbox).absent_from("the log", text.as_bytes());
        let mut words = BTreeSet::new();
        for raw in raw_reports(&office).await {
            personal(&serde_json::from_str(&raw).unwrap(), "", &mut words);
        }
        assert!(words.len() > 50, "only {} texts to look for", words.len());
        for word in words {
            assert!(!text.contains(&word), "the log holds {word:?}");
        }
        assert!(outcome.reports.values().any(|report| report.state == InboxState::Held));
    }
}

/// A worker logs more than a single run does: passes, wishes, what it does when a vendor fails.
#[tokio::test]
async fn a_worker_logs_nothing_of_a_person_and_no_secret() {
    let desk = Desk::open(lifelike(40)).await;
    desk.office.faults(json!([
        {"on": "create", "nth": 1, "action": "drop_after_commit"},
        {"on": "export", "nth": 1, "action": "http_500"},
    ]));
    let (kept, guard) = keep(LogFormat::Json);
    let at_work = desk.work();
    desk.until("a pass has failed", async || (at_work.figures.failed.get() > 0).then_some(())).await;
    desk.want(WantedKind::Poll, json!({})).await;
    desk.until("reports are posted and held", async || {
        let (posted, held) = (desk.count(InboxState::Posted).await, desk.count(InboxState::Held).await);
        (posted > 3 && held > 0).then_some(())
    })
    .await;
    assert!(at_work.end().await);
    drop(guard);
    let text = kept.text();
    text.lines().for_each(|line| assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}"));
    secrets::of(&desk.office.sandbox).absent_from("the log", text.as_bytes());
    let mut words = BTreeSet::new();
    for raw in raw_reports(&desk.office).await {
        personal(&serde_json::from_str(&raw).unwrap(), "", &mut words);
    }
    assert!(words.len() > 50, "only {} texts to look for", words.len());
    for word in words {
        assert!(!text.contains(&word), "the log holds {word:?}");
    }
}

/// A call's arguments, up to the bracket that closes it.
fn inside(rest: &str) -> &str {
    let mut depth = 0;
    let closes = |c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth < 0
    };
    &rest[..rest.find(closes).unwrap()]
}

/// Names of fields of a span such as `info_span!("pass", flow = %id)`.
fn span_is_plain(call: &str) -> Result<(), String> {
    let (name, fields) = call.split_once(',').unwrap_or((call, ""));
    let (name, fields) = match name.split_once(':') {
        Some(("target", _)) => fields.split_once(',').unwrap_or((fields, "")),
        _ => (name, fields),
    };
    if !name.trim().starts_with('"') {
        return Err("its name is not a constant".to_owned());
    }
    call_is_plain(&format!("{fields}, \"\""))
}

/// Names of fields and messages of a call such as `tracing::warn!(flow = %id, "words")`.
fn call_is_plain(call: &str) -> Result<(), String> {
    let message = call.rfind(", \"").map_or(call, |at| &call[at + 2..]);
    if message.contains('{') || !message.trim_start().starts_with('"') {
        return Err("its message is not a constant".to_owned());
    }
    let fields = call.strip_suffix(message).unwrap_or_default();
    for field in fields.split(',').map(str::trim).filter(|field| !field.is_empty()) {
        let name = field.split('=').next().unwrap().trim();
        let name = name.trim_start_matches(['%', '?']).rsplit('.').next().unwrap();
        if !NAMES.contains(&name) && name != "target:" {
            return Err(format!("the field {name} is not in the allowlist of log/fields.rs"));
        }
    }
    Ok(())
}

#[test]
fn our_own_calls_have_constant_messages_and_allowed_fields() {
    let mut wrong = Vec::new();
    let (mut seen, mut spans) = (0, 0);
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let starts = ["error", "warn", "info", "debug", "trace"].map(|level| format!("tracing::{level}!("));
            for start in &starts {
                for rest in text.split(start.as_str()).skip(1) {
                    seen += 1;
                    let call = rest[..rest.find(");").unwrap()].split_whitespace().collect::<Vec<_>>().join(" ");
                    if let Err(why) = call_is_plain(&call) {
                        wrong.push(format!("{}: {start}{call}): {why}", path.display()));
                    }
                }
            }
            for rest in text.split("info_span!(").skip(1) {
                spans += 1;
                let call = inside(rest).split_whitespace().collect::<Vec<_>>().join(" ");
                if let Err(why) = span_is_plain(&call) {
                    wrong.push(format!("{}: info_span!({call}): {why}", path.display()));
                }
            }
        }
    }
    assert!(seen >= 4 && spans >= 8, "found only {seen} calls and {spans} spans");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(call_is_plain("flow = %id, \"x\"").is_ok());
    assert!(call_is_plain("employee = %name, \"x\"").is_err());
    assert!(call_is_plain("\"{name} failed\"").is_err());
    assert!(span_is_plain("target: \"a::b\", \"pass\", flow = %id").is_ok());
    assert!(span_is_plain("\"pass\", employee = %name").is_err());
}
