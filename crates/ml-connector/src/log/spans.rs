//! Spans of our own code as they are told to a collector of traces: what each is called, when it began and ended, what
//! it belongs to, and fields that the log would show as well. The steps of a report form one trace, whose id is made
//! from the flow and the report, so that its way is found again over passes, processes and hosts; each names the pass
//! in which it was made as its link. It sends nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::fields::{Fields, Value};
use super::is_ours;
use crate::clock::Clock;

/// Where the steps of single reports come from; see `work/way.rs`.
pub(super) const WAY: &str = "ml_connector::way";

/// A span that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) name: &'static str,
    pub(super) place: Place,
    pub(super) parent: Option<u64>,
    pub(super) link: Option<Place>,
    pub(super) began_ns: i128,
    pub(super) ended_ns: i128,
    pub(super) fields: Fields,
}

/// Where a span stands: its trace, and its own id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) trace: [u8; 16],
    pub(super) span: u64,
}

/// Tells of spans as they end. Where nobody takes them quickly enough they are counted and forgotten.
pub struct Spans {
    clock: Clock,
    to: mpsc::Sender<Ended>,
    lost: Arc<AtomicU64>,
    /// No other process counts from here.
    seed: [u8; 32],
    count: AtomicU64,
}

/// A span under way.
struct Open {
    place: Place,
    parent: Option<u64>,
    link: Option<Place>,
    began_ns: i128,
    fields: Fields,
}

impl Spans {
    /// Tells `to`; what finds no room there is counted in `lost`. `process` is a text that no other process has.
    pub(super) fn new(clock: Clock, to: mpsc::Sender<Ended>, lost: Arc<AtomicU64>, process: &str) -> Self {
        Self { clock, to, lost, seed: Sha256::digest(process).into(), count: AtomicU64::new(0) }
    }

    /// Which spans are told: ours.
    pub(super) fn wanted() -> FilterFn {
        let wanted: fn(&Metadata<'_>) -> bool =
            |meta| meta.is_span() && is_ours(meta.target()) && *meta.level() <= Level::INFO;
        filter_fn(wanted).with_max_level_hint(LevelFilter::INFO)
    }

    fn next_id(&self) -> [u8; 32] {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        Sha256::new().chain_update(self.seed).chain_update(count.to_be_bytes()).finalize().into()
    }

    fn now_ns(&self) -> i128 {
        self.clock.now().as_nanosecond()
    }
}

impl<S> Layer<S> for Spans
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let above = span.parent().and_then(|parent| parent.extensions().get::<Open>().map(|open| open.place));
        let random = self.next_id();
        let own = u64::from_be_bytes(first(&random));
        let open = if span.metadata().target() == WAY {
            let place = Place { trace: trace_of(&report_key(&span, &fields)), span: own };
            Open { place, parent: None, link: above, began_ns: self.now_ns(), fields }
        } else {
            let trace = above.map_or_else(|| first(&random[8..]), |above| above.trace);
            let parent = above.map(|above| above.span);
            Open { place: Place { trace, span: own }, parent, link: None, began_ns: self.now_ns(), fields }
        };
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(&mut open.fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(Open { place, parent, link, began_ns, fields }) = span.extensions_mut().remove::<Open>() else {
            return;
        };
        let (name, ended_ns) = (span.metadata().name(), self.now_ns());
        if self.to.try_send(Ended { name, place, parent, link, began_ns, ended_ns, fields }).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What a report's trace is known by: its flow, which a span above says, and its id.
fn report_key<S>(span: &SpanRef<'_, S>, fields: &Fields) -> String
where
    S: for<'a> LookupSpan<'a>,
{
    let flow = span.scope().find_map(|above| {
        let extensions = above.extensions();
        extensions.get::<Open>().and_then(|open| text(&open.fields, "flow").map(str::to_owned))
    });
    format!("{} {}", flow.unwrap_or_default(), text(fields, "report").unwrap_or_default())
}

fn text<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    match fields.values.get(name)? {
        Value::Text(text) => Some(text),
        Value::Int(_) | Value::Flag(_) => None,
    }
}

fn trace_of(key: &str) -> [u8; 16] {
    first(&Sha256::digest(key))
}

/// The first bytes of a hash.
fn first<const N: usize>(hash: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
    bytes
}
