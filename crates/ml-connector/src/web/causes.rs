//! Causes: what holds reports, one row for everything that a person can mend, with the money behind it; letting mended
//! reports go; and taking a report out of our hands that is booked elsewhere.

use std::collections::BTreeMap;

use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::flows::{FlowPlace, flow_id};
use super::moment::Moment;
use super::page::{Cursors, Page, Paging};
use super::problem::Refusal;
use super::reports::{ReportAnswer, ReportPlace};
use super::request::{Asked, Body, Place};
use super::state::State;
use crate::store::{Cause, CauseReport, InboxState, Release, Right};
use crate::work::release::release;

/// Most reports that one request may name.
const NAMED: usize = 1_000;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list_causes))
        .routes(routes!(list_cause_reports))
        .routes(routes!(release_reports))
        .routes(routes!(mark_handled, take_back))
}

/// One thing that a person can mend, with all that it holds.
#[derive(Serialize, ToSchema)]
pub(super) struct CauseAnswer {
    /// Its id.
    id: String,
    /// The problem's code.
    code: String,
    /// What it is, in the trade's words.
    title: &'static str,
    /// The offending value, such as a category's name.
    value: String,
    /// What was seen on one of the reports.
    detail: String,
    /// How it comes about.
    cause: &'static str,
    /// What mends it.
    remedy: &'static str,
    /// Who can mend it.
    owner: &'static str,
    /// Where its reports stand: `held`, `ready` (translated, and waiting at a gate) or `drift`.
    state: &'static str,
    /// How many reports; one with several causes counts at each.
    reports: u64,
    /// How many expenses.
    expenses: u64,
    /// Money of its reports by currency, in minor units.
    money_minor: BTreeMap<String, i64>,
    /// When the first of them came.
    oldest_at: Moment,
}

impl From<Cause> for CauseAnswer {
    fn from(cause: Cause) -> Self {
        Self {
            code: cause.code.to_string(),
            title: cause.code.title(),
            cause: cause.code.cause(),
            remedy: cause.code.remedy(),
            owner: cause.code.owner().name(),
            id: cause.id,
            value: cause.value,
            detail: cause.detail,
            state: cause.state.name(),
            reports: cause.reports,
            expenses: cause.expenses,
            money_minor: cause.money,
            oldest_at: Moment(cause.oldest_ms),
        }
    }
}

/// A report that waits for a cause.
#[derive(Serialize, ToSchema)]
pub(super) struct CauseReportAnswer {
    /// Its id.
    report_id: String,
    /// Who spent the money.
    employee: String,
    /// Where it stands.
    state: &'static str,
    /// Currency in which it is settled.
    currency: Option<String>,
    /// Its money, in minor units.
    amount_minor: Option<i64>,
    /// How many of its expenses have the cause.
    expenses: u64,
    /// When it came.
    first_seen_at: Moment,
}

impl From<CauseReport> for CauseReportAnswer {
    fn from(report: CauseReport) -> Self {
        Self {
            report_id: report.report_id,
            employee: report.employee,
            state: report.state.name(),
            currency: report.currency,
            amount_minor: report.amount_minor,
            expenses: report.expenses,
            first_seen_at: Moment(report.first_seen_ms),
        }
    }
}

/// Which reports are let go: one of the three.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Released {
    /// All that wait for it.
    #[serde(default)]
    pub(super) all: bool,
    /// Those of this cause.
    pub(super) cause: Option<String>,
    /// These, as far as they wait.
    pub(super) reports: Option<Vec<String>>,
    /// Why, for the audit.
    #[serde(default)]
    pub(super) note: String,
}

/// What was let go.
#[derive(Serialize, ToSchema)]
pub(super) struct ReleasedAnswer {
    /// How many reports.
    released: usize,
    /// Their ids, a thousand at most.
    reports: Vec<String>,
}

/// Why a report is taken out of our hands.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Handled {
    /// Why: where it is booked.
    pub(super) reason: String,
}

/// Which cause of which flow.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct CausePlace {
    /// The customer's id.
    customer: String,
    /// The flow's id.
    flow: String,
    /// The cause's id.
    cause: String,
}

/// List what holds reports, by cause
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/causes", operation_id = "list_causes", tag = "Causes",
    params(FlowPlace), responses((status = 200, description = "All of them, by code", body = Page<CauseAnswer>)))]
async fn list_causes(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
) -> Result<axum::Json<Page<CauseAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let items = customer.held_causes(&flow.id).await?.into_iter().map(CauseAnswer::from).collect();
    Ok(axum::Json(Page { items, next: None }))
}

/// List the reports of a cause
///
/// Of a cause that holds nothing, or never was, the list is empty.
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/causes/{cause}/reports",
    operation_id = "list_cause_reports", tag = "Causes", params(CausePlace, Paging),
    responses((status = 200, description = "A page of reports", body = Page<CauseReportAnswer>)))]
async fn list_cause_reports(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<CausePlace>,
    Asked(paging): Asked<Paging>,
) -> Result<axum::Json<Page<CauseReportAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let cursors = Cursors::new(&customer, "cause", &format!("{} {}", flow.id, place.cause));
    let after = cursors.after(&paging)?;
    let rows = customer.cause_reports(&flow.id, &place.cause, after.as_deref(), paging.rows()).await?;
    Ok(axum::Json(cursors.cut(&paging, rows, |row| row.report_id.clone(), CauseReportAnswer::from)))
}

/// Let mended reports go
///
/// What does not wait for a release is passed over, so asking twice does no more than asking once. The flow's worker
/// asks the source again and sends them.
#[utoipa::path(post, path = "/customers/{customer}/flows/{flow}/release", operation_id = "release_reports",
    tag = "Causes", params(FlowPlace), request_body = Released,
    responses((status = 200, description = "Let go", body = ReleasedAnswer)))]
pub(super) async fn release_reports(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Body(asked): Body<Released>,
) -> Result<axum::Json<ReleasedAnswer>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::Operate).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let which = match (asked.all, asked.cause, asked.reports) {
        (true, None, None) => Release::All,
        (false, Some(cause), None) => Release::Cause(cause),
        (false, None, Some(reports)) if reports.len() <= NAMED => Release::Reports(reports),
        (false, None, Some(_)) => return Err(Refusal::invalid("reports", "It may name 1000 reports at most.")),
        _ => return Err(Refusal::invalid("", "It takes one of `all`, `cause` and `reports`.")),
    };
    let (person, at_ms) = (caller.user().id.as_str(), state.clock.now_ms());
    let mut reports = release(&customer, &flow.id, &which, person, &asked.note, at_ms).await?;
    let released = reports.len();
    reports.truncate(NAMED);
    Ok(axum::Json(ReleasedAnswer { released, reports }))
}

/// Mark a report as handled elsewhere
///
/// Nothing of it will be posted. What is in the ledger, or under way to it, is decided by its case instead.
#[utoipa::path(put, path = "/customers/{customer}/flows/{flow}/reports/{report}/handled",
    operation_id = "mark_handled", tag = "Reports", params(ReportPlace), request_body = Handled,
    responses((status = 200, description = "The flow's worker sets it aside", body = ReportAnswer)))]
pub(super) async fn mark_handled(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<ReportPlace>,
    Body(asked): Body<Handled>,
) -> Result<axum::Json<ReportAnswer>, Refusal> {
    handle(&state, &caller, &place, Some(asked.reason.trim())).await
}

/// Take a report back that was marked as handled elsewhere
#[utoipa::path(delete, path = "/customers/{customer}/flows/{flow}/reports/{report}/handled",
    operation_id = "take_back", tag = "Reports", params(ReportPlace),
    responses((status = 200, description = "The flow's worker translates it again", body = ReportAnswer)))]
pub(super) async fn take_back(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<ReportPlace>,
) -> Result<axum::Json<ReportAnswer>, Refusal> {
    handle(&state, &caller, &place, None).await
}

async fn handle(
    state: &State,
    caller: &Caller,
    place: &ReportPlace,
    reason: Option<&str>,
) -> Result<axum::Json<ReportAnswer>, Refusal> {
    let (customer, actor) = caller.customer(state, &place.customer, Right::Operate).await?;
    if reason.is_some_and(|reason| !(1..=1_000).contains(&reason.len())) {
        return Err(Refusal::invalid("reason", "This needs a reason of at most 1000 bytes."));
    }
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let report = customer.report(&flow.id, &place.report).await?.ok_or_else(Refusal::not_found)?;
    let in_ledger =
        [InboxState::Posted, InboxState::Sent, InboxState::Unknown, InboxState::Conflict, InboxState::Drift];
    if reason.is_some() && in_ledger.contains(&report.state) {
        let detail = format!("The report is {}: something of it is, or may be, in the ledger.", report.state.name());
        return Err(Refusal::conflict(detail));
    }
    let at_ms = state.clock.now_ms();
    let mut tx = customer.begin().await?;
    let event = match reason {
        Some(reason) => {
            // Asked once more where nothing can come in between: an entry may have left while the report was read.
            if let Some((reference, stands)) = tx.entries_left(&flow.id, &report.report_id).await?.first() {
                return Err(Refusal::conflict(format!("Entry {reference} is {stands}: its case decides about it.")));
            }
            tx.handle_elsewhere(&flow.id, &report.report_id, reason, caller.user().id.as_str(), at_ms).await?;
            let detail = json!({ "flow": flow.id.as_str(), "reason": reason });
            actor.event("report.handled_elsewhere", report.report_id.as_str(), detail)
        }
        None => {
            tx.take_back(&flow.id, &report.report_id).await?;
            actor.event("report.taken_back", report.report_id.as_str(), json!({ "flow": flow.id.as_str() }))
        }
    };
    tx.translate_again(&flow.id, &report.report_id, at_ms).await?;
    tx.await_flow(&flow.id, at_ms).await?;
    tx.commit(at_ms, vec![event]).await?;
    let report = customer.report(&flow.id, &place.report).await?.ok_or_else(Refusal::not_found)?;
    Ok(axum::Json(report.into()))
}
