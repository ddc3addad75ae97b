//! What was asked of a flow's worker from a page, and what came of it: run now, refresh, backfill, and the checklist of
//! a ping.

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::post;
use serde_json::Value;

use super::super::flows::FlowPlace;
use super::super::problem::Refusal;
use super::super::request::{Body, Place};
use super::super::state::State;
use super::super::wishes::{self, Wish};
use super::form::Fields;
use super::visit::{Visit, go, own_path};
use crate::store::{CustomerStore, FlowId, Wanted, WantedKind};

/// Wishes among which the newest ping is looked for.
const LOOKED: u32 = 50;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/c/{customer}/flows/{flow}/ask", post(ask))
}

/// The newest ping of a flow.
#[derive(Clone)]
pub(in crate::web) struct Pinged {
    /// It is still under way.
    pub running: bool,
    /// When it was answered, else when it was asked for.
    pub at_ms: i64,
    /// Each check of it.
    pub checks: Vec<Check>,
    /// What kept it from being made at all.
    pub failure: Option<String>,
}

/// One check of a ping.
#[derive(Clone)]
pub(in crate::web) struct Check {
    /// Which system.
    pub system: String,
    /// What was checked.
    pub name: String,
    /// `ok`, `wait`, `bad` or `off`: how it is marked.
    pub mark: &'static str,
    /// The verdict in a word.
    pub verdict: String,
    /// What was seen.
    pub detail: String,
    /// What helps; empty where nothing has to.
    pub remedy: String,
    /// The problem's code; empty where there is none.
    pub code: String,
}

impl Pinged {
    /// Whether everything that posting needs was found in order.
    pub(in crate::web) fn well(&self) -> bool {
        !self.running && self.failure.is_none() && self.checks.iter().all(|check| check.mark != "bad")
    }
}

/// The newest ping among what was asked of a flow lately.
///
/// # Errors
/// Those of the store.
pub(in crate::web) async fn newest_ping(customer: &CustomerStore, flow: &FlowId) -> Result<Option<Pinged>, Refusal> {
    let wishes = customer.list_wanted(flow, None, LOOKED).await?;
    Ok(wishes.iter().find(|wanted| wanted.kind == WantedKind::Ping).map(pinged))
}

fn pinged(wanted: &Wanted) -> Pinged {
    let empty = Value::Null;
    let outcome = wanted.outcome.as_ref().unwrap_or(&empty);
    let checks = outcome["checks"].as_array().into_iter().flatten().map(check).collect();
    let detail = outcome["detail"].as_str().or_else(|| outcome["title"].as_str());
    let failure = wanted.failed.then(|| detail.unwrap_or("It could not be made.").to_owned());
    let at_ms = wanted.ended_ms.unwrap_or(wanted.asked_ms);
    Pinged { running: wanted.ended_ms.is_none(), at_ms, checks, failure }
}

fn check(check: &Value) -> Check {
    let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
    let verdict = text("verdict");
    if text("check") == "journal ?" {
        let (system, detail) = (text("system"), "not chosen yet".to_owned());
        let (name, verdict) = ("journal".to_owned(), "open".to_owned());
        return Check { system, name, mark: "off", verdict, detail, remedy: String::new(), code: String::new() };
    }
    let mark = match verdict.as_str() {
        "ok" => "ok",
        "look" => "wait",
        "fails" => "bad",
        _ => "off",
    };
    Check {
        system: text("system"),
        name: text("check"),
        mark,
        verdict,
        detail: text("detail"),
        remedy: text("remedy"),
        code: text("code"),
    }
}

/// Asks, and leads back to where it was asked.
async fn ask(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let day = |name| Some(fields.text(name)).filter(|day| !day.is_empty()).map(str::to_owned);
    let wish = Wish { kind: fields.text("kind").to_owned(), from: day("from"), to: day("to"), cause: None };
    let place = FlowPlace { customer: visit.customer_id(), flow: visit.place("flow").to_owned() };
    let (shared, caller) = (Shared(visit.state.clone()), visit.caller.clone());
    let _ = wishes::ask(shared, caller, Place(place), Body(wish)).await?;
    let back = own_path(fields.text("back")).filter(|back| !back.contains('?'));
    Ok(back.map_or_else(|| go(&visit.frame.at("/flows")), |back| go(&format!("{back}?done=asked"))))
}
