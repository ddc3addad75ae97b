//! Sends spans to a collector over OTLP/HTTP in JSON, from a thread of its own: the work never waits for it. What the
//! collector does not take in time is lost and counted; the way of money is in the audit, not here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use data_encoding::HEXLOWER;
use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::fields::{Fields, Value};
use super::spans::{Ended, Place, Spans};
use crate::clock::Clock;
use crate::store::Ids;

/// Spans that wait at most; a batch of a hundred reports makes five hundred.
const WAITING: usize = 8_192;
/// Spans in one request at most, and how long they are gathered.
const BATCH: usize = 1_024;
const GATHER: Duration = Duration::from_secs(1);
/// The whole of one request, and its first part.
const LIMIT: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(2);
/// How often losses are told at most.
const TELL: Duration = Duration::from_secs(60);

/// The sender of one process; dropped, it sends what waits and ends.
pub struct Collector {
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    /// A layer that tells of our spans, and the sender to the collector at `endpoint`, such as `http://127.0.0.1:4318`.
    ///
    /// # Errors
    /// Those of the system, where it has no chance to give or makes no thread.
    pub fn start<S>(endpoint: &str, clock: Clock) -> std::io::Result<(impl Layer<S> + Send + Sync + use<S>, Self)>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        let process = Ids::system().unique(clock.now_ms()).map_err(|_| std::io::Error::other("no random bytes"))?;
        let (to, from) = mpsc::channel(WAITING);
        let (end, ended) = oneshot::channel();
        let lost = Arc::new(AtomicU64::new(0));
        let spans = Spans::new(clock, to, Arc::clone(&lost), &process);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let sending = Sending { url, process, lost, told: Instant::now() };
        let thread = std::thread::Builder::new().name("traces".to_owned());
        let thread = thread.spawn(move || runtime.block_on(sending.until(from, ended)))?;
        Ok((spans.with_filter(Spans::wanted()), Self { end: Some(end), thread: Some(thread) }))
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
        // One request more at the longest.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the thread works with.
struct Sending {
    url: String,
    process: String,
    lost: Arc<AtomicU64>,
    told: Instant,
}

impl Sending {
    async fn until(mut self, mut from: mpsc::Receiver<Ended>, mut ended: oneshot::Receiver<()>) {
        let Some(client) = client(&self.url) else { return };
        let mut going = true;
        while going {
            let mut batch = Vec::new();
            going = tokio::select! {
                _ = &mut ended => false,
                () = gather(&mut from, &mut batch) => true,
            };
            if !going {
                from.close();
                while let Ok(span) = from.try_recv() {
                    batch.push(span);
                }
            }
            for part in batch.chunks(BATCH) {
                let taken = self.send(&client, part).await;
                if !taken {
                    self.lost.fetch_add(part.len() as u64, Ordering::Relaxed);
                    // At the end nobody waits for a collector that is away.
                    if !going {
                        break;
                    }
                }
            }
            self.tell();
        }
    }

    async fn send(&self, client: &reqwest::Client, spans: &[Ended]) -> bool {
        let body = document(&self.process, spans).to_string();
        let request = client.post(&self.url).header("Content-Type", "application/json").body(body);
        let sent = timeout(LIMIT, request.send()).await;
        sent.is_ok_and(|sent| sent.is_ok_and(|answer| answer.status().is_success()))
    }

    fn tell(&mut self) {
        if self.told.elapsed() < TELL {
            return;
        }
        let count = self.lost.swap(0, Ordering::Relaxed);
        if count > 0 {
            tracing::warn!(count, "spans of traces were lost: their collector does not take them");
        }
        self.told = Instant::now();
    }
}

/// Spans that come within a while after the first.
async fn gather(from: &mut mpsc::Receiver<Ended>, batch: &mut Vec<Ended>) {
    let Some(first) = from.recv().await else { return std::future::pending().await };
    batch.push(first);
    let until = Instant::now() + GATHER;
    while batch.len() < BATCH {
        tokio::select! {
            more = from.recv() => match more {
                Some(span) => batch.push(span),
                None => return,
            },
            () = sleep_until(until) => return,
        }
    }
}

fn client(url: &str) -> Option<reqwest::Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let builder = builder.connect_timeout(CONNECT).timeout(LIMIT);
    let builder = if url.starts_with("http://") { builder.tls_certs_only([]) } else { builder };
    builder.build().ok()
}

/// An `ExportTraceServiceRequest` in the JSON form of OTLP: ids in hexadecimal digits, times as texts in nanoseconds.
fn document(process: &str, spans: &[Ended]) -> Json {
    let attribute = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let resource = json!({ "attributes": [
        attribute("service.name", "ml-connector"),
        attribute("service.version", env!("CARGO_PKG_VERSION")),
        attribute("service.instance.id", process),
    ]});
    let spans: Vec<Json> = spans.iter().map(span).collect();
    json!({ "resourceSpans": [{
        "resource": resource,
        "scopeSpans": [{ "scope": { "name": "ml-connector" }, "spans": spans }],
    }]})
}

fn span(ended: &Ended) -> Json {
    let mut span = json!({
        "traceId": HEXLOWER.encode(&ended.place.trace),
        "spanId": hex(ended.place.span),
        "name": ended.name,
        "kind": 1,
        "startTimeUnixNano": ended.began_ns.to_string(),
        "endTimeUnixNano": ended.ended_ns.to_string(),
        "attributes": attributes(&ended.fields),
    });
    if let Some(parent) = ended.parent {
        span["parentSpanId"] = json!(hex(parent));
    }
    if let Some(Place { trace, span: linked }) = ended.link {
        span["links"] = json!([{ "traceId": HEXLOWER.encode(&trace), "spanId": hex(linked) }]);
    }
    span
}

fn attributes(fields: &Fields) -> Vec<Json> {
    let value = |value: &Value| match value {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Int(int) => json!({ "intValue": int.to_string() }),
        Value::Flag(flag) => json!({ "boolValue": flag }),
    };
    fields.values.iter().map(|(name, held)| json!({ "key": name, "value": value(held) })).collect()
}

fn hex(id: u64) -> String {
    HEXLOWER.encode(&id.to_be_bytes())
}
