//! What waits before its first byte leaves, and what people decide about it: an approval counts for exactly what was
//! shown, and never for whoever wrote the mapping that made it.

use accounting::Code;
use accounting::identity::Reference;
use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};

use super::super::approvals::{
    self, EntryPlace, Judged, RegisterPaging, WaitingAnswer, WaitingPaging, approve_posting, lift_rejection,
    reject_posting,
};
use super::super::problem::Refusal;
use super::super::request::{Asked, Body, Place};
use super::super::state::State;
use super::called::Called;
use super::form::Fields;
use super::frame::Frame;
use super::refused::{Told, show};
use super::report::people;
use super::reports::report_address;
use super::visit::{Visit, go};
use crate::store::{FlowId, StoredLine};

/// Gates that a list can be narrowed to, the ones that a person opens first.
const GATES: [Code; 8] = [
    Code::ReviewAwaited,
    Code::ApprovalAwaited,
    Code::PostingRejected,
    Code::HeldByPerson,
    Code::LooksBooked,
    Code::HandOverUnconfirmed,
    Code::CeilingOfDay,
    Code::PostingPaused,
];

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/c/{customer}/approvals", get(waiting))
        .route("/c/{customer}/approvals/register", get(register))
        .route("/c/{customer}/approvals/decide", post(decide))
}

#[derive(askama::Template)]
#[template(path = "approvals.html")]
struct Waiting {
    frame: Frame,
    told: Option<Told>,
    gate: String,
    gates: Vec<(String, &'static str)>,
    rows: Vec<Row>,
    first: String,
    next: String,
}

struct Row {
    to: String,
    number: String,
    name: String,
    employee: String,
    title: &'static str,
    code: String,
    detail: String,
    remedy: &'static str,
    since_ms: i64,
    money: (i64, String),
    entries: Vec<Entry>,
    /// All its entries can be approved or refused.
    open: bool,
    /// Some of them are refused.
    refused: bool,
}

/// An entry with what a person must see to decide about it.
struct Entry {
    reference: String,
    sha256: String,
    journal: String,
    date: String,
    money: (i64, String),
    lines: Vec<Line>,
    decisions: Vec<(&'static str, String, i64, String)>,
    refused: bool,
}

struct Line {
    account: String,
    title: String,
    dimensions: String,
    memo: String,
    debit: Option<i64>,
    credit: Option<i64>,
}

fn asked(visit: &Visit, name: &str) -> String {
    let found = form_urlencoded::parse(visit.frame.query.as_bytes()).find(|(found, _)| found == name);
    found.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

async fn waiting(visit: Visit) -> Result<Response, Refusal> {
    Ok(show(&page(visit, None).await?))
}

async fn page(visit: Visit, told: Option<Told>) -> Result<Waiting, Refusal> {
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let (gate, flow, after) = (asked(&visit, "gate"), asked(&visit, "flow"), asked(&visit, "after"));
    let query =
        WaitingPaging { flow: some(flow.clone()), gate: some(gate.clone()), after: after.clone(), limit: Some(25) };
    let (shared, place) = (Shared(visit.state.clone()), Place(visit.customer_id()));
    let axum::Json(found) = approvals::list_waiting(shared, visit.caller.clone(), place, Asked(query)).await?;
    let mut actors = Vec::new();
    for entry in found.items.iter().flat_map(|row| row.entries.iter()) {
        actors.extend(entry.decisions.iter().map(|decision| decision.actor.as_str()));
    }
    let names = people(&visit, actors).await?;
    let mut rows = Vec::with_capacity(found.items.len());
    for item in found.items {
        rows.push(row(&visit, item, &names).await?);
    }
    let kept = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("gate", &gate), ("flow", &flow)].into_iter().filter(|(_, value)| !value.is_empty()))
        .finish();
    let next = found.next.map(|next| visit.frame.at(&format!("/approvals?{kept}&after={next}")));
    Ok(Waiting {
        gates: GATES.into_iter().map(|code| (code.to_string(), code.title())).collect(),
        first: if after.is_empty() { String::new() } else { visit.frame.at(&format!("/approvals?{kept}")) },
        next: next.unwrap_or_default(),
        frame: visit.frame,
        told,
        gate,
        rows,
    })
}

async fn row(
    visit: &Visit,
    item: WaitingAnswer,
    names: &std::collections::BTreeMap<String, String>,
) -> Result<Row, Refusal> {
    let flow = FlowId::parse(&item.flow).ok_or_else(Refusal::not_found)?;
    let called = Called::of(visit, &visit.customer.flow(&flow).await?).await;
    let stored = visit.customer.postings_of(&flow, &item.report_id).await?;
    let mut entries = Vec::with_capacity(item.entries.len());
    for entry in item.entries {
        let reference = Reference::parse(&entry.reference);
        let posting = stored.iter().find(|posting| Some(&posting.reference) == reference.as_ref());
        let lines = match posting {
            Some(posting) => visit.customer.posting_lines(&posting.key.company, &posting.reference).await?,
            None => Vec::new(),
        };
        let refused = entry.decisions.last().is_some_and(|last| last.decision == "reject");
        let decisions = entry.decisions.iter().map(|one| {
            let what = match one.decision {
                "approve" => "Approved",
                "reject" => "Refused",
                _ => "Refusal lifted",
            };
            let by = names.get(&one.actor).unwrap_or(&one.actor).clone();
            (what, by, one.decided_at.0, one.note.clone())
        });
        entries.push(Entry {
            refused,
            decisions: decisions.collect(),
            money: (entry.total_minor, entry.currency),
            lines: lines.into_iter().map(|one| line(one, &called)).collect(),
            reference: entry.reference,
            sha256: entry.payload_sha256,
            journal: entry.journal,
            date: entry.date,
        });
    }
    let refused = entries.iter().any(|entry| entry.refused);
    Ok(Row {
        open: !refused && !entries.is_empty() && matches!(item.gate.as_str(), "MLC-142" | "MLC-143"),
        refused,
        to: report_address(&visit.frame, &item.flow, &item.report_id),
        number: item.number.unwrap_or(item.report_id),
        name: item.name,
        employee: item.employee,
        title: item.title,
        code: item.gate,
        detail: item.detail,
        remedy: item.remedy,
        since_ms: item.since_at.0,
        money: (item.total_minor, item.currency),
        entries,
    })
}

fn line(line: StoredLine, called: &Called) -> Line {
    let dimensions: Vec<String> =
        line.dimensions.iter().map(|(name, value)| format!("{name} {}", called.value(name, value))).collect();
    let is_debit = line.direction == "debit";
    Line {
        title: called.account(&line.account),
        account: line.account,
        dimensions: dimensions.join(", "),
        memo: line.memo,
        debit: is_debit.then_some(line.amount_minor),
        credit: (!is_debit).then_some(line.amount_minor),
    }
}

/// Approves, refuses, or lifts the refusals, of exactly what the page showed of a report: each entry with its
/// fingerprint. The first that cannot be decided so ends it.
async fn decide(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let done = match fields.text("decision") {
        "approve" => "approved",
        "reject" => "rejected",
        "lift" => "lifted",
        _ => return Err(Refusal::invalid("decision", "It is none of approve, reject, lift.")),
    };
    let entries: Vec<(&str, &str)> = fields.beginning("entry:").collect();
    if entries.is_empty() {
        return Err(Refusal::invalid("entry", "Nothing was named that could be decided about."));
    }
    for (reference, sha256) in entries {
        let place = EntryPlace { customer: visit.customer_id(), reference: reference.to_owned() };
        let body = Judged { payload_sha256: sha256.to_owned(), note: fields.text("note").to_owned() };
        let (shared, caller) = (Shared(visit.state.clone()), visit.caller.clone());
        let (place, body) = (Place(place), Body(body));
        let acted = match done {
            "approved" => approve_posting(shared, caller, place, body).await,
            "rejected" => reject_posting(shared, caller, place, body).await,
            _ => lift_rejection(shared, caller, place, body).await,
        };
        match acted {
            Ok(_) => {}
            // Whoever wrote the mapping may not approve: that is said beside the list, too.
            Err(refusal) if matches!(refusal.status().as_u16(), 400 | 403 | 409 | 422) => {
                let mut response = show(&page(visit, Some(Told::from(&refusal))).await?);
                *response.status_mut() = refusal.status();
                return Ok(response);
            }
            Err(refusal) => return Err(refusal),
        }
    }
    // A report's own page sends its address, to come back to.
    let (back, reports) = (fields.text("back"), visit.frame.at("/flows/"));
    let own = back.starts_with(&reports) && !back.contains(['?', '#', '\\', '\r', '\n']);
    let to = if own { back.to_owned() } else { visit.frame.at("/approvals") };
    Ok(go(&format!("{to}?done={done}")))
}

#[derive(askama::Template)]
#[template(path = "register.html")]
struct Register {
    frame: Frame,
    rows: Vec<Decided>,
    first: String,
    next: String,
}

struct Decided {
    at_ms: i64,
    what: &'static str,
    by: String,
    to: String,
    report: String,
    reference: String,
    sha256: String,
    note: String,
}

async fn register(visit: Visit) -> Result<Response, Refusal> {
    let after = asked(&visit, "after");
    let query = RegisterPaging { flow: None, after: after.clone(), limit: None };
    let (shared, place) = (Shared(visit.state.clone()), Place(visit.customer_id()));
    let axum::Json(found) = approvals::list_approvals(shared, visit.caller.clone(), place, Asked(query)).await?;
    let names = people(&visit, found.items.iter().map(|one| one.actor.as_str()).collect()).await?;
    let row = |one: approvals::ApprovalAnswer| Decided {
        at_ms: one.decided_at.0,
        what: match one.decision {
            "approve" => "Approved",
            "reject" => "Refused",
            _ => "Refusal lifted",
        },
        by: names.get(&one.actor).cloned().unwrap_or(one.actor),
        to: report_address(&visit.frame, &one.flow, &one.report_id),
        report: one.report_id,
        reference: one.reference,
        sha256: one.payload_sha256.chars().take(16).collect(),
        note: one.note,
    };
    let next = found.next.map(|next| visit.frame.at(&format!("/approvals/register?after={next}")));
    Ok(show(&Register {
        rows: found.items.into_iter().map(row).collect(),
        first: if after.is_empty() { String::new() } else { visit.frame.at("/approvals/register") },
        next: next.unwrap_or_default(),
        frame: visit.frame,
    }))
}
