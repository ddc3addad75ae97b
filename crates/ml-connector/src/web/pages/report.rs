//! One report: its expenses beside the lines that they became, what stands in its way, what people said of it, and
//! everything that was sent and answered. What a person does here goes through the operations of the API.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};
use data_encoding::HEXLOWER;

use super::super::causes::{self, Handled};
use super::super::holds::{self, Held};
use super::super::problem::Refusal;
use super::super::reports::{ReportPlace, WholeReport, facts_of};
use super::super::request::{Body, Place};
use super::super::state::State;
use super::called::Called;
use super::form::Fields;
use super::frame::Frame;
use super::refused::{Told as Refused, show};
use super::reports::report_address;
use super::visit::{Visit, go};
use crate::store::{InboxState, UserId};
use crate::work::told::Told;

mod story;
mod view;

use story::Event;
use view::{Cause, Entry, Expense, Totals};

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/c/{customer}/flows/{flow}/reports/{report}", get(report))
        .route("/c/{customer}/flows/{flow}/reports/{report}/hold", post(hold))
        .route("/c/{customer}/flows/{flow}/reports/{report}/let-go", post(let_go))
        .route("/c/{customer}/flows/{flow}/reports/{report}/handled", post(handled))
        .route("/c/{customer}/flows/{flow}/reports/{report}/take-back", post(take_back))
}

#[derive(askama::Template)]
#[template(path = "report.html")]
struct Page {
    frame: Frame,
    told: Option<Refused>,
    typed: String,
    flow: (String, String),
    here: String,
    id: String,
    number: String,
    name: String,
    employee: String,
    state: &'static str,
    source_state: &'static str,
    approved: String,
    workspace: String,
    expensify: String,
    first_seen_ms: i64,
    seen_ms: i64,
    mark: Option<Mark>,
    handled: Option<Mark>,
    problems: Vec<Cause>,
    totals: Option<Totals>,
    expenses: Vec<Expense>,
    unread: bool,
    entries: Vec<Entry>,
    earlier: Vec<Entry>,
    cases: Vec<CaseLink>,
    story: Vec<Event>,
    may_hold: bool,
    may_handle: bool,
    may_take_back: bool,
    waits_for_approval: bool,
    /// Entries with their fingerprints that the person may approve or refuse here.
    to_approve: Vec<(String, String)>,
    /// It is not done yet, so that another run may move it.
    may_run: bool,
}

/// What a person said of the report: why, who, and since when.
struct Mark {
    reason: String,
    by: String,
    since_ms: i64,
}

struct CaseLink {
    to: String,
    title: &'static str,
    state: &'static str,
}

async fn report(visit: Visit) -> Result<Response, Refusal> {
    let page = page(visit, None, String::new()).await?;
    Ok(show(&page))
}

fn place(visit: &Visit) -> ReportPlace {
    ReportPlace {
        customer: visit.customer_id(),
        flow: visit.place("flow").to_owned(),
        report: visit.place("report").to_owned(),
    }
}

async fn page(visit: Visit, told: Option<Refused>, typed: String) -> Result<Page, Refusal> {
    let whole = facts_of(&visit.state, &visit.caller, &place(&visit)).await?;
    let names = names(&visit, &whole).await?;
    let called = Called::of(&visit, &whole.flow).await;
    let name = |actor: &str| names.get(actor).cloned().unwrap_or_else(|| actor.to_owned());
    let WholeReport { flow, history, told: postings, source } = &whole;
    let report = &history.report;
    let mark =
        |hold: &crate::store::Hold| Mark { reason: hold.reason.clone(), by: name(&hold.actor), since_ms: hold.at_ms };
    let newest = postings.iter().map(|told| told.history.posting.key.generation).max();
    let (now, before): (Vec<_>, Vec<_>) =
        postings.iter().partition(|told| Some(told.history.posting.key.generation) == newest);
    let expenses = view::expenses(source.as_ref(), report, &now);
    let entry = |told: &&Told| view::entry(told, &history.approvals, &expenses, &name, &called);
    let cause = |problem| view::cause(&visit.frame, flow.id.as_str(), problem, &expenses);
    let operates = visit.frame.operates();
    let asked = report.problems.iter().any(|problem| matches!(problem.code.number(), 142 | 143));
    let in_ledger =
        [InboxState::Posted, InboxState::Sent, InboxState::Unknown, InboxState::Conflict, InboxState::Drift];
    let cases = history.cases.iter().rev().map(|case| CaseLink {
        to: visit.frame.at(&format!("/cases/{}", case.id)),
        title: case.code.title(),
        state: case.state.name(),
    });
    Ok(Page {
        told,
        typed,
        flow: (flow.id.to_string(), flow.name.clone()),
        here: report_address(&visit.frame, flow.id.as_str(), &report.report_id),
        id: report.report_id.clone(),
        number: report.number.clone().unwrap_or_else(|| report.report_id.clone()),
        name: report.name.clone(),
        employee: report.employee.clone(),
        state: report.state.name(),
        source_state: view::source_words(report.source_state),
        approved: report.approved_on.map(|day| day.to_string()).unwrap_or_default(),
        workspace: source.as_ref().map(|source| source.policy_name.clone()).unwrap_or_default(),
        expensify: view::expensify_address(&report.report_id),
        first_seen_ms: report.first_seen_ms,
        seen_ms: report.seen_ms,
        mark: history.hold.as_ref().map(mark),
        handled: history.handled.as_ref().map(mark),
        problems: report.problems.iter().map(cause).collect(),
        totals: view::totals(report, &now),
        unread: source.is_none(),
        entries: now.iter().map(entry).collect(),
        earlier: before.iter().rev().map(entry).collect(),
        cases: cases.collect(),
        story: story::of(history, postings, &name),
        may_hold: operates && history.hold.is_none() && report.state != InboxState::Posted,
        may_handle: operates && history.handled.is_none() && !in_ledger.contains(&report.state),
        may_take_back: operates && history.handled.is_some(),
        waits_for_approval: report.problems.iter().any(|problem| matches!(problem.code.number(), 142 | 143 | 146)),
        to_approve: if asked && visit.frame.approves() { frozen(&now) } else { Vec::new() },
        may_run: operates && !matches!(report.state, InboxState::Posted | InboxState::Skipped),
        expenses,
        frame: among_reports(visit.frame),
    })
}

/// Entries that are made and were not sent, each with the fingerprint of what is sent.
fn frozen(entries: &[&Told]) -> Vec<(String, String)> {
    let postings = entries.iter().map(|told| &told.history.posting);
    let frozen = postings.filter(|posting| posting.machine.state.name() == "frozen");
    frozen.map(|posting| (posting.reference.to_string(), HEXLOWER.encode(&posting.payload_sha256))).collect()
}

/// The frame of a page that is found among the reports, whatever its address begins with.
fn among_reports(mut frame: Frame) -> Frame {
    let reports = frame.at("/reports");
    frame.links.iter_mut().for_each(|link| link.here = link.to == reports);
    frame
}

/// What the people who did something are called.
async fn names(visit: &Visit, whole: &WholeReport) -> Result<BTreeMap<String, String>, Refusal> {
    let history = &whole.history;
    let marks = [&history.hold, &history.handled].into_iter().flatten().map(|mark| mark.actor.as_str());
    let decided = history.approvals.iter().map(|approval| approval.actor.as_str());
    let cases = history.cases.iter().filter_map(|case| case.decided_by.as_deref());
    people(visit, marks.chain(decided).chain(cases).collect()).await
}

/// What people are called, by their ids; who is not known is left out.
pub(super) async fn people(visit: &Visit, actors: Vec<&str>) -> Result<BTreeMap<String, String>, Refusal> {
    let ids: std::collections::BTreeSet<&str> = actors.into_iter().collect();
    let mut names = BTreeMap::new();
    for id in ids.into_iter().take(50) {
        let Some(user) = UserId::parse(id) else { continue };
        if let Ok(user) = visit.state.store.user(&user).await {
            names.insert(id.to_owned(), user.name);
        }
    }
    Ok(names)
}

/// After an act: back to the report, or the report once more with what was refused and what was typed.
async fn after<T>(visit: Visit, done: &str, acted: Result<T, Refusal>, typed: &str) -> Result<Response, Refusal> {
    match acted {
        Ok(_) => {
            let here = report_address(&visit.frame, visit.place("flow"), visit.place("report"));
            Ok(go(&format!("{here}?done={done}")))
        }
        Err(refusal) if matches!(refusal.status().as_u16(), 400 | 409 | 422) => {
            let mut response = show(&page(visit, Some(Refused::from(&refusal)), typed.to_owned()).await?);
            *response.status_mut() = refusal.status();
            Ok(response)
        }
        Err(refusal) => Err(refusal),
    }
}

async fn hold(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let (shared, at) = (Shared(visit.state.clone()), Place(place(&visit)));
    let body = Body(Held { reason: fields.text("reason").to_owned() });
    let acted = holds::hold_report(shared, visit.caller.clone(), at, body).await;
    after(visit, "held", acted, fields.text("reason")).await
}

async fn let_go(visit: Visit, _fields: Fields) -> Result<Response, Refusal> {
    let (shared, at) = (Shared(visit.state.clone()), Place(place(&visit)));
    let acted = holds::release_hold(shared, visit.caller.clone(), at).await;
    after(visit, "released", acted, "").await
}

async fn handled(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let (shared, at) = (Shared(visit.state.clone()), Place(place(&visit)));
    let body = Body(Handled { reason: fields.text("reason").to_owned() });
    let acted = causes::mark_handled(shared, visit.caller.clone(), at, body).await;
    after(visit, "handled", acted, fields.text("reason")).await
}

async fn take_back(visit: Visit, _fields: Fields) -> Result<Response, Refusal> {
    let (shared, at) = (Shared(visit.state.clone()), Place(place(&visit)));
    let acted = causes::take_back(shared, visit.caller.clone(), at).await;
    after(visit, "taken_back", acted, "").await
}
