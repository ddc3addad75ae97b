//! The audit of a customer: the newest entries first, filtered, verified on demand, and exported by the API itself.

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::get;

use super::super::audit::{self, AuditPaging, EntryAnswer, VerifiedAnswer};
use super::super::problem::Refusal;
use super::super::request::{Asked, Place};
use super::super::state::State;
use super::frame::Frame;
use super::query::Query;
use super::refused::{Told, show};
use super::visit::Visit;
use crate::store::Right;

/// Fields by which entries are filtered.
const FILTERS: [&str; 3] = ["subject", "action", "actor"];

pub(super) fn routes() -> Router<State> {
    Router::new().route("/c/{customer}/audit", get(entries))
}

#[derive(askama::Template)]
#[template(path = "audit.html")]
struct Audit {
    frame: Frame,
    query: Query,
    filtered: bool,
    entries: Vec<Entry>,
    verified: Option<VerifiedAnswer>,
    told: Option<Told>,
    export: String,
    first: String,
    next: String,
}

struct Entry {
    seq: i64,
    at_ms: i64,
    who: String,
    actor: String,
    action: String,
    subject: String,
    /// Members of the detail, as text.
    detail: Vec<(String, String)>,
    hash: String,
    /// Where the others of the same kind are.
    of_actor: String,
    of_action: String,
    of_subject: String,
}

async fn entries(visit: Visit) -> Result<Response, Refusal> {
    visit.caller.customer(&visit.state, visit.customer.id().as_str(), Right::Audit).await?;
    let query = Query::of(&visit.frame.query);
    let place = || Place(visit.customer_id());
    let mut told = None;
    let mut verified = None;
    if query.given("verify").is_some() {
        match audit::verify_audit(Shared(visit.state.clone()), visit.caller.clone(), place()).await {
            Ok(axum::Json(found)) => verified = Some(found),
            Err(refusal) => told = Some(Told::from(&refusal)),
        }
    }
    let asked = AuditPaging {
        subject: query.given("subject"),
        action: query.given("action"),
        actor: query.given("actor"),
        newest: true,
        after: query.text("after").to_owned(),
        limit: None,
    };
    let listing = audit::list_audit(Shared(visit.state.clone()), visit.caller.clone(), place(), Asked(asked));
    let axum::Json(page) = listing.await?;
    let base = visit.frame.at("/audit");
    let next = page.next.map(|next| format!("{base}?{}", query.next(&FILTERS, &next))).unwrap_or_default();
    Ok(show(&Audit {
        filtered: FILTERS.iter().any(|name| !query.text(name).is_empty()),
        first: if query.text("after").is_empty() { String::new() } else { base },
        next,
        entries: page.items.into_iter().map(entry).collect(),
        verified,
        told,
        export: format!("/api/v1/customers/{}/audit/export", visit.customer.id()),
        query,
        frame: visit.frame,
    }))
}

fn entry(answer: EntryAnswer) -> Entry {
    let members = answer.detail.as_object().cloned().unwrap_or_default();
    let who = members.get("by").and_then(|by| by.as_str()).unwrap_or_default().to_owned();
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let detail = members.into_iter().filter(|(name, _)| name != "by").map(|(name, value)| (name, text(value)));
    let of = |name: &str, value: &str| {
        format!("?{}", form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish())
    };
    let of_actor = of("actor", &answer.actor);
    let (of_action, of_subject) = (of("action", &answer.action), of("subject", &answer.subject));
    Entry {
        seq: answer.seq,
        at_ms: answer.at.0,
        who,
        actor: answer.actor,
        action: answer.action,
        subject: answer.subject,
        detail: detail.collect(),
        hash: answer.hash,
        of_actor,
        of_action,
        of_subject,
    }
}
