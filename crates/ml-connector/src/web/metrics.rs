//! `/metrics`: figures of the process and of the work, in Prometheus's text form. Labels are systems, kinds, states and
//! codes, so there is a bounded number of series; no customer and no person is in any.

mod text;

use axum::extract::State as Shared;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};

use accounting::Code;
use axum::http::StatusCode;

use super::operator::{Far, is_operator};
use super::problem::Refusal;
use super::state::State;
use crate::figures::{Asked, Ending, Figures};
use crate::store::StoreError;

use text::{Text, seconds_of_ms, seconds_of_us};

/// `/metrics`.
pub(super) fn routes() -> Router<State> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(Shared(state): Shared<State>, far: Option<Extension<Far>>, headers: HeaderMap) -> Response {
    if !is_operator(&state, far.map(|far| far.0), &headers).await {
        let detail = "Metrics are for callers on this machine, or with a token.";
        return Refusal::new(StatusCode::UNAUTHORIZED, Code::MetricsRefused, detail).render("metrics", None);
    }
    let mut text = Text::default();
    of_process(&mut text, &state);
    of_vendors(&mut text, &state.figures);
    let is_up = of_work(&mut text, &state).await.is_ok();
    text.gauge(
        "database_up",
        "Whether the database answered while this was written.",
        &[("", u64::from(is_up).to_string())],
    );
    let headers = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"), (CACHE_CONTROL, "no-store")]
        .map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, text.end()).into_response()
}

fn of_process(text: &mut Text, state: &State) {
    let figures = &state.figures;
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    text.gauge("build_info", "Always 1; its label is the version.", &[(version.as_str(), "1".to_owned())]);
    let (commits, commits_us) = state.store.commits();
    text.counter("database_commits_total", "Transactions kept by this process.", &[("", commits.to_string())]);
    let seconds = seconds_of_us(commits_us);
    text.counter("database_commit_seconds_total", "Time that these commits took.", &[("", seconds)]);
    text.histogram("loop_lag_seconds", "How late a sleeping task of the process woke up.", &[("", figures.lag())]);
    let longest = seconds_of_us(figures.lag().longest_us());
    text.gauge("loop_lag_longest_seconds", "The longest of these since the start.", &[("", longest)]);
    let foreign = state.foreign_requests().to_string();
    let help = "Requests for a customer that the caller has no role for.";
    text.counter("foreign_requests_total", help, &[("", foreign)]);
    let now_ms = state.clock.now_ms();
    if figures.turned_ms() > 0 {
        let age = seconds_of_ms(now_ms.saturating_sub(figures.turned_ms()));
        text.gauge("worker_turned_seconds", "Time since the worker's loop last came round.", &[("", age)]);
    }
    if figures.anchored_ms() > 0 {
        let age = seconds_of_ms(now_ms.saturating_sub(figures.anchored_ms()));
        text.gauge("audit_anchor_age_seconds", "Time since the audit's anchor was last written.", &[("", age)]);
    }
    let under_way = figures.under_way(0).to_string();
    text.gauge("passes_under_way", "Flows that this process works on now.", &[("", under_way)]);
    for (name, help, counter) in [
        ("passes_total", "Passes over flows that ended.", &figures.passes),
        ("passes_failed_total", "Passes that met a fault.", &figures.failed),
        ("reports_read_total", "Reports read from the source.", &figures.read),
        ("entries_sent_total", "Journal entries sent.", &figures.sent),
        ("reports_posted_total", "Reports of which every entry got into the ledger.", &figures.posted),
        ("budget_waits_total", "Times that a request waited for the vendor's rate limit.", &figures.budget_waits),
    ] {
        text.counter(name, help, &[("", counter.get().to_string())]);
    }
    let waited = seconds_of_ms(i64::try_from(figures.budget_wait_ms.get()).unwrap_or(i64::MAX));
    text.counter("budget_wait_seconds_total", "How long these waited.", &[("", waited)]);
    let problems: Vec<(String, String)> =
        figures.problems().iter().map(|(code, count)| (format!("code=\"{code}\""), count.to_string())).collect();
    let problems: Vec<(&str, String)> = problems.iter().map(|(label, count)| (label.as_str(), count.clone())).collect();
    text.counter("problems_total", "What stood in the way of passes, by code.", &problems);
}

fn of_vendors(text: &mut Text, figures: &Figures) {
    let mut requests = Vec::new();
    let mut answers = Vec::new();
    for asked in Asked::ALL {
        let (system, kind) = asked.names();
        let labels = format!("system=\"{system}\",kind=\"{kind}\"");
        for ending in Ending::ALL {
            let labels = format!("{labels},outcome=\"{}\"", ending.name());
            requests.push((labels, figures.requests(asked, ending).to_string()));
        }
        answers.push((labels, figures.answers(asked)));
    }
    let requests: Vec<(&str, String)> =
        requests.iter().map(|(labels, count)| (labels.as_str(), count.clone())).collect();
    text.counter("vendor_requests_total", "Requests to the vendors, by how they ended.", &requests);
    let answers: Vec<_> = answers.iter().map(|(labels, histogram)| (labels.as_str(), *histogram)).collect();
    text.histogram("vendor_request_seconds", "How long the vendors took.", &answers);
}

async fn of_work(text: &mut Text, state: &State) -> Result<(), StoreError> {
    let now_ms = state.clock.now_ms();
    let (due, oldest_ms) = state.store.due_flows(now_ms).await?;
    text.gauge("flows_due", "Flows that are due and taken by nobody.", &[("", due.to_string())]);
    let oldest = seconds_of_ms(if due > 0 { oldest_ms } else { 0 });
    text.gauge("flow_due_oldest_seconds", "How long the oldest of these has been due.", &[("", oldest)]);
    let flows = state.store.flow_counts().await?;
    let of = |count: i64| count.to_string();
    let kinds = [
        ("kind=\"all\"", of(flows.flows)),
        ("kind=\"failing\"", of(flows.failing)),
        ("kind=\"paused\"", of(flows.paused)),
    ];
    text.gauge("flows", "Flows that workers know.", &kinds);
    let waiting = state.store.waiting().await?;
    let states = [
        ("state=\"held\"", of(waiting.held)),
        ("state=\"ready\"", of(waiting.ready)),
        ("state=\"gated\"", of(waiting.gated)),
        ("state=\"unknown\"", of(waiting.unknown)),
        ("state=\"rejected\"", of(waiting.rejected)),
        ("state=\"conflict\"", of(waiting.conflict)),
        ("state=\"drift\"", of(waiting.drift)),
    ];
    text.gauge("reports_waiting", "Reports that are not done; gated ones are ready and wait for a person.", &states);
    let age = |since_ms: Option<i64>| seconds_of_ms(since_ms.map_or(0, |since_ms| now_ms.saturating_sub(since_ms)));
    let oldest = [
        ("state=\"held\"", age(waiting.oldest_held_ms)),
        ("state=\"gated\"", age(waiting.oldest_gated_ms)),
        ("state=\"unknown\"", age(waiting.oldest_unknown_ms)),
    ];
    text.gauge("report_waiting_oldest_seconds", "How long the oldest report waits; 0 where none does.", &oldest);
    let restored = state.store.restored(now_ms).await?.is_some();
    let help = "1 while a restored database waits for the ledger to be read.";
    text.gauge("database_restored", help, &[("", u64::from(restored).to_string())]);
    let expensify = &state.settings.expensify;
    if !expensify.outgoing_address.is_empty() {
        let name = format!("expensify-address:{}", expensify.outgoing_address);
        let used = state.store.spent_budget(&name, now_ms.saturating_sub(60_000)).await?.len();
        text.gauge(
            "address_budget_used",
            "Requests to Expensify from our address in 60 seconds.",
            &[("", used.to_string())],
        );
        let limit = expensify.requests_in_60_seconds.to_string();
        text.gauge("address_budget_limit", "How many it may be.", &[("", limit)]);
    }
    Ok(())
}
