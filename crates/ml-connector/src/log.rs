//! The log of the process: lines on standard error that hold ids, codes, counts and durations, and nothing of a person,
//! an expense or a secret. What may stand in a line is an allowlist: fields by name and by form, messages that are
//! constants of our own code, errors only as far as their words are ours. Everything else is withheld, not masked.

mod collector;
mod fields;
mod line;
mod spans;

use std::io::Write;

use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

use crate::clock::Clock;
use crate::settings::{LogFormat, LogLevel, Settings};

pub use collector::Collector;
use fields::Fields;
pub use fields::NAMES;

/// Overrides the level for one start, in the form of `tracing`'s filters.
const VARIABLE: &str = "ML_CONNECTOR_LOG";
/// Whose messages are constants that we have read.
const OURS: [&str; 5] = ["ml_connector", "accounting", "expensify", "intacct", "sandbox"];

/// Writes the log of this process from now on, and what a panic says; with a collector in the settings, tells that of
/// spans until the given sender is dropped.
pub fn start(settings: &Settings, clock: Clock) -> Option<Collector> {
    let level = match settings.log.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(level));
    // Each report of a batch would stand before each line.
    let filter = match format!("{}=off", spans::WAY).parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    let lines = Lines::new(settings.log.format, clock.clone(), std::io::stderr).with_filter(filter);
    let endpoint = settings.telemetry.otlp_endpoint.as_str();
    let started = (!endpoint.is_empty()).then(|| Collector::start(endpoint, clock)).transpose();
    let failed = started.is_err();
    let (spans, collector) = started.ok().flatten().unzip();
    // A test may have set up a log of its own.
    let _ = tracing_subscriber::registry().with(spans).with(lines).try_init();
    if failed {
        tracing::error!("traces cannot be sent: this process cannot make a thread for them");
    }
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        // A text that was put together at run time may hold anything; a constant is ours.
        let said = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("a panic");
        tracing::error!(place, said, "a defect: the task that met it ends");
    }));
    collector
}

/// Writes events as lines.
pub struct Lines<W> {
    format: LogFormat,
    clock: Clock,
    writer: W,
}

impl<W> Lines<W> {
    /// Lines of this form, each written whole to what `writer` gives.
    pub const fn new(format: LogFormat, clock: Clock, writer: W) -> Self {
        Self { format, clock, writer }
    }
}

impl<S, W, O> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn() -> O + 'static,
    O: Write,
{
    fn on_new_span(&self, attributes: &tracing::span::Attributes<'_>, id: &tracing::span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &tracing::span::Id, values: &tracing::span::Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let meta = event.metadata();
        let ours = is_ours(meta.target());
        if !ours && *meta.level() > Level::WARN {
            return;
        }
        let mut fields = Fields::default();
        if ours {
            for span in
                context.event_scope(event).into_iter().flatten().filter(|span| is_ours(span.metadata().target()))
            {
                if let Some(of_span) = span.extensions().get::<Fields>() {
                    fields.add(of_span);
                }
            }
            event.record(&mut fields);
        } else {
            event.record(&mut fields::MessageOnly(&mut fields));
        }
        let line = match self.format {
            LogFormat::Json => line::json(self.clock.now(), *meta.level(), meta.target(), &fields),
            LogFormat::Text => line::text(self.clock.now(), *meta.level(), meta.target(), &fields),
        };
        // Nobody is left to be told that standard error is gone.
        let _ = (self.writer)().write_all(line.as_bytes());
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }
}

fn is_ours(target: &str) -> bool {
    let root = target.split("::").next().unwrap_or(target);
    OURS.contains(&root)
}
