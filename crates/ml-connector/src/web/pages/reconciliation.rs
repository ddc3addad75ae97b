//! The tie-out of a flow: approved at the source = planned = acknowledged = in the ledger, by period, entity, currency and
//! fund source; every difference with its remedy, every expense left out with its reason. What is shown was compared by a
//! worker; here it is only asked for.

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;

use super::super::flows::FlowPlace;
use super::super::problem::Refusal;
use super::super::reconciliations::{
    self, ReconciliationAnswer, ReconciliationDocument, ReconciliationPaging, ReconciliationPlace,
};
use super::super::request::{Asked, Body, Place};
use super::super::state::State;
use super::super::wishes::{self, Wish};
use super::form::Fields;
use super::frame::Frame;
use super::query::Query;
use super::refused::{Told, show};
use super::reports::report_address;
use super::visit::{Visit, go};

/// Exclusions that a page shows; the file of the API has all that were kept.
const EXCLUSIONS: usize = 200;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/c/{customer}/reconciliation", get(list).post(ask))
        .route("/c/{customer}/reconciliation/{reconciliation}", get(one))
}

#[derive(askama::Template)]
#[template(path = "reconciliations.html")]
struct List {
    frame: Frame,
    told: Option<Told>,
    flows: Vec<(String, String)>,
    rows: Vec<Made>,
    flow: String,
    from: String,
    to: String,
    first: String,
    next: String,
}

/// One that was made.
struct Made {
    to: String,
    flow: String,
    answer: ReconciliationAnswer,
    mark: &'static str,
    state: &'static str,
    ended_ms: i64,
}

#[derive(askama::Template)]
#[template(path = "reconciliation.html")]
struct One {
    frame: Frame,
    made: Made,
    csv: String,
    rows: Vec<Row>,
    totals: Vec<Row>,
    /// Whether any row is of an entity.
    entities: bool,
    differences: Vec<Difference>,
    more_differences: u64,
    accepted: u64,
    exclusions: Vec<Exclusion>,
    more_exclusions: usize,
    reasons: Vec<(String, u64, i64, String)>,
    problems: Vec<(String, String, String)>,
}

/// A row of the tie-out.
#[derive(Default)]
struct Row {
    month: String,
    entity: String,
    currency: String,
    fund_source: String,
    reports: i64,
    entries: i64,
    source: i64,
    excluded: i64,
    held: i64,
    planned: i64,
    waiting: i64,
    acknowledged: i64,
    ledger: i64,
    unexplained: i64,
}

impl Row {
    /// The figures in the order of the steps.
    const fn steps(&self) -> [i64; 7] {
        [self.source, self.excluded, self.held, self.planned, self.waiting, self.acknowledged, self.ledger]
    }
}

struct Difference {
    code: String,
    title: String,
    remedy: String,
    subject: String,
    report: String,
    to: String,
    month: String,
    minor: i64,
    currency: String,
    detail: String,
}

struct Exclusion {
    report: String,
    to: String,
    expense: String,
    minor: Option<i64>,
    currency: String,
    reason: String,
}

async fn flows(visit: &Visit) -> Result<Vec<(String, String)>, Refusal> {
    let flows = visit.customer.flows().await?;
    Ok(flows.into_iter().map(|flow| (flow.id.to_string(), flow.name)).collect())
}

async fn list(visit: Visit) -> Result<Response, Refusal> {
    Ok(show(&page(visit, None, [String::new(), String::new(), String::new()]).await?))
}

async fn page(visit: Visit, told: Option<Told>, typed: [String; 3]) -> Result<List, Refusal> {
    let query = Query::of(&visit.frame.query);
    let flows = flows(&visit).await?;
    let asked = ReconciliationPaging { flow: query.given("flow"), after: query.text("after").to_owned(), limit: None };
    let (state, place) = (Shared(visit.state.clone()), Place(visit.customer_id()));
    let listing = reconciliations::list_reconciliations(state, visit.caller.clone(), place, Asked(asked));
    let axum::Json(page) = listing.await?;
    let frame = visit.frame;
    let base = frame.at("/reconciliation");
    let next = page.next.map(|next| format!("{base}?{}", query.next(&["flow"], &next))).unwrap_or_default();
    let [flow, from, to] = typed;
    Ok(List {
        told,
        rows: page.items.into_iter().map(|answer| made(&frame, &flows, answer)).collect(),
        flows,
        flow,
        from,
        to,
        first: if query.text("after").is_empty() { String::new() } else { base },
        next,
        frame,
    })
}

/// Asks for a tie-out; the worker makes it.
async fn ask(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let text = |name: &str| fields.text(name).to_owned();
    let given = |name: &str| Some(text(name)).filter(|text| !text.is_empty());
    let wish = Wish { kind: "reconcile".to_owned(), from: given("from"), to: given("to"), cause: None };
    let place = FlowPlace { customer: visit.customer_id(), flow: text("flow") };
    let asking = wishes::ask(Shared(visit.state.clone()), visit.caller.clone(), Place(place), Body(wish));
    match asking.await {
        Ok(_) => Ok(go(&visit.frame.at("/reconciliation?done=asked"))),
        Err(refusal) if refusal.status() == axum::http::StatusCode::BAD_REQUEST => {
            let typed = [text("flow"), text("from"), text("to")];
            let mut response = show(&page(visit, Some(Told::from(&refusal)), typed).await?);
            *response.status_mut() = refusal.status();
            Ok(response)
        }
        Err(refusal) => Err(refusal),
    }
}

fn made(frame: &Frame, flows: &[(String, String)], answer: ReconciliationAnswer) -> Made {
    let (mark, state) = match answer.state {
        "ties" => ("ok", "Ties out"),
        "differs" => ("bad", "Differs"),
        _ => ("wait", "Incomplete"),
    };
    let flow = flows.iter().find(|(id, _)| *id == answer.flow).map_or_else(String::new, |(_, name)| name.clone());
    Made {
        to: frame.at(&format!("/reconciliation/{}", answer.id)),
        flow,
        mark,
        state,
        ended_ms: answer.ended_at.0,
        answer,
    }
}

async fn one(visit: Visit) -> Result<Response, Refusal> {
    let place =
        ReconciliationPlace { customer: visit.customer_id(), reconciliation: visit.place("reconciliation").to_owned() };
    let showing = reconciliations::show_reconciliation(Shared(visit.state.clone()), visit.caller.clone(), Place(place));
    let axum::Json(ReconciliationDocument { reconciliation, document }) = showing.await?;
    let flows = flows(&visit).await?;
    let frame = visit.frame;
    let csv = format!("/api/v1/customers/{}/reconciliations/{}/csv", frame.customer, reconciliation.id);
    let report = |id: &str| report_address(&frame, &reconciliation.flow, id);
    let rows: Vec<Row> = list_of(&document, "rows").iter().map(row).collect();
    let differences: Vec<Difference> =
        list_of(&document, "differences").iter().map(|found| difference(found, report)).collect();
    let exclusions = list_of(&document, "exclusions");
    let more_exclusions = exclusions.len().saturating_sub(EXCLUSIONS);
    let exclusions = exclusions.iter().take(EXCLUSIONS).map(|left_out| exclusion(left_out, report)).collect();
    let reason = |sum: &Value| {
        let count = u64::try_from(number(sum, "count")).unwrap_or(0);
        (text(sum, "reason"), count, number(sum, "minor"), text(sum, "currency"))
    };
    let problem = |problem: &Value| (text(problem, "code"), text(problem, "title"), text(problem, "detail"));
    Ok(show(&One {
        csv,
        totals: totals(&rows),
        entities: rows.iter().any(|row| !row.entity.is_empty()),
        rows,
        more_differences: reconciliation.differences.saturating_sub(differences.len() as u64),
        differences,
        accepted: u64::try_from(number(&document, "accepted_count")).unwrap_or(0),
        exclusions,
        more_exclusions,
        reasons: list_of(&document, "exclusion_sums").iter().map(reason).collect(),
        problems: list_of(&document, "problems").iter().map(problem).collect(),
        made: made(&frame, &flows, reconciliation),
        frame,
    }))
}

fn list_of<'v>(document: &'v Value, name: &str) -> &'v [Value] {
    document[name].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// A figure; sums beyond 64 bits are written as texts and are none that a page could line up.
fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or(0)
}

fn row(value: &Value) -> Row {
    Row {
        month: text(value, "month"),
        entity: text(value, "entity"),
        currency: text(value, "currency"),
        fund_source: text(value, "fund_source").replace('_', " "),
        reports: number(value, "reports"),
        entries: number(value, "entries"),
        source: number(value, "source_minor"),
        excluded: number(value, "excluded_minor"),
        held: number(value, "held_minor"),
        planned: number(value, "planned_minor"),
        waiting: number(value, "waiting_minor"),
        acknowledged: number(value, "acknowledged_minor"),
        ledger: number(value, "ledger_minor"),
        unexplained: number(value, "unexplained_minor"),
    }
}

/// The sums of each currency; currencies are never added up.
fn totals(rows: &[Row]) -> Vec<Row> {
    let mut totals: Vec<Row> = Vec::new();
    for row in rows {
        let total = match totals.iter_mut().position(|total| total.currency == row.currency) {
            Some(at) => &mut totals[at],
            None => {
                totals.push(Row { currency: row.currency.clone(), ..Row::default() });
                let last = totals.len() - 1;
                &mut totals[last]
            }
        };
        for (sum, figure) in [
            (&mut total.reports, row.reports),
            (&mut total.entries, row.entries),
            (&mut total.source, row.source),
            (&mut total.excluded, row.excluded),
            (&mut total.held, row.held),
            (&mut total.planned, row.planned),
            (&mut total.waiting, row.waiting),
            (&mut total.acknowledged, row.acknowledged),
            (&mut total.ledger, row.ledger),
            (&mut total.unexplained, row.unexplained),
        ] {
            *sum = sum.saturating_add(figure);
        }
    }
    totals
}

fn difference(value: &Value, address: impl Fn(&str) -> String) -> Difference {
    let report = text(value, "report");
    Difference {
        code: text(value, "code"),
        title: text(value, "title"),
        remedy: text(value, "remedy"),
        subject: text(value, "subject"),
        to: address(&report),
        report,
        month: text(value, "month"),
        minor: number(value, "minor"),
        currency: text(value, "currency"),
        detail: text(value, "detail"),
    }
}

fn exclusion(value: &Value, address: impl Fn(&str) -> String) -> Exclusion {
    let report = text(value, "report");
    Exclusion {
        to: address(&report),
        report,
        expense: text(value, "expense"),
        minor: value["minor"].as_i64(),
        currency: text(value, "currency"),
        reason: text(value, "reason"),
    }
}
