//! Flows: what runs from where to where, drawn with the money on every edge; both schedules; pausing, running now and
//! taking an earlier period.

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::Timestamp;

use super::super::flows::{self, FlowPlace, Reason};
use super::super::problem::Refusal;
use super::super::request::{Body, Place};
use super::super::state::State;
use super::form::Fields;
use super::frame::Frame;
use super::refused::show;
use super::visit::{Visit, go};
use crate::flow::Mode;
use crate::store::{ReportTotal, Wanted, WantedKind};
use crate::work::upcoming::Upcoming;

/// Times of each schedule that are shown.
const TIMES: usize = 3;
/// Wishes that are shown.
const WISHES: u32 = 8;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/c/{customer}/flows", get(list))
        .route("/c/{customer}/flows/{flow}", get(flow))
        .route("/c/{customer}/flows/{flow}/pause", post(pause))
        .route("/c/{customer}/flows/{flow}/resume", post(resume))
}

#[derive(askama::Template)]
#[template(path = "flows.html")]
struct Flows {
    frame: Frame,
    flows: Vec<Row>,
}

/// A flow among others.
struct Row {
    id: String,
    name: String,
    mode: Option<&'static str>,
    paused: bool,
    failures: i64,
    polled_ms: Option<i64>,
    next_ms: i64,
}

#[derive(askama::Template)]
#[template(path = "flow.html")]
struct FlowPage {
    frame: Frame,
    id: String,
    name: String,
    posts: bool,
    paused_ms: Option<i64>,
    failures: i64,
    stations: Vec<Station>,
    schedules: Vec<Scheduled>,
    closures: Vec<(i64, i64, String)>,
    wishes: Vec<Wish>,
}

/// A station of the drawing, with what lies on the edge behind it.
struct Station {
    name: &'static str,
    about: String,
    /// The states of reports that stand here.
    states: &'static str,
    count: u64,
    money: Vec<(String, i64)>,
    mark: &'static str,
}

/// A schedule.
struct Scheduled {
    name: &'static str,
    when: String,
    last_ms: Option<i64>,
    next_ms: Vec<i64>,
}

/// What somebody asked for.
struct Wish {
    what: &'static str,
    asked_ms: i64,
    state: (&'static str, &'static str),
    outcome: Vec<(String, String)>,
}

async fn list(visit: Visit) -> Result<Response, Refusal> {
    let mut rows = Vec::new();
    for stored in visit.customer.flows().await? {
        let times = visit.customer.flow_times(&stored.id).await?;
        let mode = visit.state.flow(&stored).map(|flow| match flow.mode {
            Mode::Rehearsal => "Rehearsal",
            Mode::Post => "Posting",
        });
        rows.push(Row {
            id: stored.id.to_string(),
            name: stored.name,
            mode,
            paused: times.paused_ms.is_some(),
            failures: times.failures,
            polled_ms: times.polled_ms,
            next_ms: times.next_ms,
        });
    }
    Ok(show(&Flows { frame: visit.frame, flows: rows }))
}

async fn flow(visit: Visit) -> Result<Response, Refusal> {
    let (stored, flow) = flows::stored_flow(&visit.customer, visit.place("flow")).await?;
    let times = visit.customer.flow_times(&stored.id).await?;
    let totals = visit.customer.report_totals(&stored.id).await?;
    let now_ms = visit.state.clock.now_ms();
    let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let upcoming = Upcoming::of(&flow, now, TIMES);
    let closures = upcoming.closures().into_iter().take(TIMES);
    let closures = closures.map(|(from, until, by)| (from.as_millisecond(), until.as_millisecond(), by)).collect();
    let schedules = upcoming.lines.iter().filter_map(|line| {
        let (name, last_ms) = match line.key.as_str() {
            "poll" => ("Read Expensify", times.polled_ms),
            "refresh" => ("Read Intacct's accounts and dimensions", times.refreshed_ms),
            "sweep" => ("Read posted reports again", times.swept_ms),
            "reconcile" => ("Tie out", times.reconciled_ms),
            _ => return None,
        };
        let next_ms = line.next.iter().map(|time| time.as_millisecond()).collect();
        Some(Scheduled { name, when: line.cadence.to_string(), last_ms, next_ms })
    });
    let schedules = schedules.collect();
    let wishes = visit.customer.list_wanted(&stored.id, None, WISHES).await?.iter().map(wish).collect();
    let posts = flow.mode == Mode::Post;
    let page = FlowPage {
        id: stored.id.to_string(),
        name: stored.name,
        posts,
        paused_ms: times.paused_ms,
        failures: times.failures,
        stations: stations(&totals, posts),
        schedules,
        closures,
        wishes,
        frame: visit.frame,
    };
    Ok(show(&page))
}

/// Where the reports of a flow stand, from left to right.
fn stations(totals: &[ReportTotal], posts: bool) -> Vec<Station> {
    let station = |name, about: &str, states: &'static str, mark| {
        let here = totals.iter().filter(|total| states.split(',').any(|state| state == total.state.name()));
        let mut money: Vec<(String, i64)> = Vec::new();
        let mut count = 0;
        for total in here {
            count += total.reports;
            let Some(currency) = total.currency.clone() else { continue };
            match money.iter_mut().find(|(known, _)| *known == currency) {
                Some((_, minor)) => *minor = minor.saturating_add(total.source_minor),
                None => money.push((currency, total.source_minor)),
            }
        }
        Station { name, about: about.to_owned(), states, count, money, mark }
    };
    vec![
        station("Expensify", "read, not yet looked at", "new", "wait"),
        station("Select", "left out, with the reason", "skipped", "off"),
        station("Map and validate", "held until mended", "held", "bad"),
        station("Approve", if posts { "ready, or waiting for a person" } else { "rehearsed" }, "ready", "wait"),
        station("Intacct", "in the ledger", "posted", "ok"),
        station("Needs a decision", "refused, changed or unclear", "rejected,unknown,conflict,drift", "bad"),
    ]
}

fn wish(wanted: &Wanted) -> Wish {
    let what = match wanted.kind {
        WantedKind::Poll => "Read Expensify",
        WantedKind::Refresh => "Read Intacct's accounts and dimensions",
        WantedKind::Sweep => "Read posted reports again",
        WantedKind::Backfill => "Take an earlier period",
        WantedKind::BackfillCount => "Count an earlier period",
        WantedKind::Ping => "Check both systems",
        WantedKind::HandOver => "Search the ledger for reports booked by hand",
        WantedKind::Agreement => "Compare with the books",
        WantedKind::Reconcile => "Tie out",
        WantedKind::Release => "Release what was mended",
        WantedKind::ApplyDecision => "Carry out a decision",
    };
    let state = match (wanted.ended_ms, wanted.failed) {
        (None, _) => ("Under way", "wait"),
        (Some(_), true) => ("Failed", "bad"),
        (Some(_), false) => ("Done", "ok"),
    };
    let plain = |(name, value): (&String, &serde_json::Value)| {
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (text != "0").then(|| (name.replace('_', " "), text))
    };
    let outcome = wanted.outcome.as_ref().and_then(serde_json::Value::as_object);
    let outcome = outcome.into_iter().flatten().filter_map(plain).collect();
    Wish { what, asked_ms: wanted.asked_ms, state, outcome }
}

async fn pause(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    set_paused(visit, fields, true).await
}

async fn resume(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    set_paused(visit, fields, false).await
}

async fn set_paused(visit: Visit, fields: Fields, paused: bool) -> Result<Response, Refusal> {
    let flow = visit.place("flow").to_owned();
    let place = Place(FlowPlace { customer: visit.customer_id(), flow: flow.clone() });
    let reason = Body(Reason { reason: fields.text("reason").to_owned() });
    let (shared, caller) = (Shared(visit.state.clone()), visit.caller.clone());
    let _ = match paused {
        true => flows::pause_flow(shared, caller, place, reason).await?,
        false => flows::resume_flow(shared, caller, place, reason).await?,
    };
    let done = if paused { "paused" } else { "resumed" };
    Ok(go(&visit.frame.at(&format!("/flows/{flow}?done={done}"))))
}
