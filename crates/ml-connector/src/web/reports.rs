//! Reports: where each stands, and the whole history of one in a single answer. Lists of them are in `report_lists`.

use accounting::ExpenseReport;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::flows::{FlowPlace, flow_id};
use super::moment::Moment;
use super::page::Page;
use super::problem::Refusal;
use super::request::Place;
use super::state::State;
use crate::store::{Hold, InboxReport, ReportHistory, ReportTotal, Right, StoredFlow};
use crate::work::summary::problem_json;
use crate::work::told::{Told, history_json, source_of, tell};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(sum_up_reports)).routes(routes!(show_report))
}

/// A report.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportAnswer {
    /// The flow that reads it.
    flow: String,
    /// Its id at the source.
    report_id: String,
    /// The number that people quote.
    number: Option<String>,
    /// Its name.
    name: String,
    /// Who spent the money.
    employee: String,
    /// Where it stands here.
    state: &'static str,
    /// Where it stands at its source.
    source_state: String,
    /// Day it was approved.
    approved_on: Option<String>,
    /// Currency in which it is settled.
    currency: Option<String>,
    /// Total at the source, in minor units.
    total_minor: Option<i64>,
    /// What of it is or would be posted.
    amount_minor: Option<i64>,
    /// What of it was left out.
    skipped_minor: Option<i64>,
    /// What stands in the way, each with its remedy.
    problems: Vec<Value>,
    /// Why a person keeps it back; null where nobody does.
    hold: Option<HoldAnswer>,
    /// When it was first seen.
    first_seen_at: Moment,
    /// When it last changed here.
    changed_at: Moment,
}

/// Why a report is kept back.
#[derive(Serialize, ToSchema)]
pub(super) struct HoldAnswer {
    /// Why.
    reason: String,
    /// Who said so.
    actor: String,
    /// Since when.
    since_at: Moment,
}

impl From<Hold> for HoldAnswer {
    fn from(hold: Hold) -> Self {
        Self { reason: hold.reason, actor: hold.actor, since_at: Moment(hold.at_ms) }
    }
}

impl ReportAnswer {
    /// With the hold that stands over it.
    pub(super) fn with_hold(report: InboxReport, hold: Option<Hold>) -> Self {
        Self { hold: hold.map(HoldAnswer::from), ..Self::from(report) }
    }
}

impl From<InboxReport> for ReportAnswer {
    fn from(report: InboxReport) -> Self {
        Self {
            flow: report.flow.to_string(),
            report_id: report.report_id,
            number: report.number,
            name: report.name,
            employee: report.employee,
            state: report.state.name(),
            source_state: report.source_state.name().to_owned(),
            approved_on: report.approved_on.map(|day| day.to_string()),
            currency: report.currency,
            total_minor: report.total_minor,
            amount_minor: report.amount_minor,
            skipped_minor: report.skipped_minor,
            problems: report.problems.iter().map(problem_json).collect(),
            hold: None,
            first_seen_at: Moment(report.first_seen_ms),
            changed_at: Moment(report.changed_ms),
        }
    }
}

/// Reports of one state and currency together.
#[derive(Serialize, ToSchema)]
pub(super) struct TotalAnswer {
    /// The state.
    state: &'static str,
    /// The currency; null where a report has none.
    currency: Option<String>,
    /// How many.
    reports: u64,
    /// Their totals at the source, in minor units.
    total_minor: i64,
    /// What of them is or would be posted.
    amount_minor: i64,
    /// What of them was left out.
    skipped_minor: i64,
}

impl From<ReportTotal> for TotalAnswer {
    fn from(total: ReportTotal) -> Self {
        Self {
            state: total.state.name(),
            currency: total.currency,
            reports: total.reports,
            total_minor: total.source_minor,
            amount_minor: total.amount_minor,
            skipped_minor: total.skipped_minor,
        }
    }
}

/// Which report of which flow.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ReportPlace {
    /// The customer's id.
    pub(super) customer: String,
    /// The flow's id.
    pub(super) flow: String,
    /// The report's id at the source.
    pub(super) report: String,
}

/// Sum up a flow's reports, by state and currency
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/totals", operation_id = "sum_up_reports",
    tag = "Reports", params(FlowPlace),
    responses((status = 200, description = "Every state that has reports", body = Page<TotalAnswer>)))]
async fn sum_up_reports(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
) -> Result<axum::Json<Page<TotalAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let items = customer.report_totals(&flow.id).await?.into_iter().map(TotalAnswer::from).collect();
    Ok(axum::Json(Page { items, next: None }))
}

/// Show everything on record of one report
///
/// Where it stands and why, its expenses, what keeps it back, its cases, its entries with what was decided about their
/// bytes and the reason of every line, every attempt with what was sent and what came
/// back (secrets masked), and the audit of all of it.
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/reports/{report}", operation_id = "show_report",
    tag = "Reports", params(ReportPlace),
    responses((status = 200, description = "The report's history", body = Value)))]
async fn show_report(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<ReportPlace>,
) -> Result<axum::Json<Value>, Refusal> {
    let WholeReport { flow, history, told, source } = whole_of(&state, &caller, &place, true).await?;
    Ok(axum::Json(history_json(&flow.name, &history, &told, source.as_ref())))
}

/// Everything on record of a report.
pub(super) struct WholeReport {
    /// The flow that reads it.
    pub(super) flow: StoredFlow,
    /// What is on record, apart from its entries.
    pub(super) history: ReportHistory,
    /// Its entries.
    pub(super) told: Vec<Told>,
    /// The report as its source gave it last.
    pub(super) source: Option<ExpenseReport>,
}

/// The same without the audit, which no index of reports leads into.
pub(super) async fn facts_of(state: &State, caller: &Caller, place: &ReportPlace) -> Result<WholeReport, Refusal> {
    whole_of(state, caller, place, false).await
}

async fn whole_of(state: &State, caller: &Caller, place: &ReportPlace, audited: bool) -> Result<WholeReport, Refusal> {
    let (customer, _) = caller.customer(state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let history = match audited {
        true => customer.report_history(&flow.id, &place.report).await?,
        false => customer.report_facts(&flow.id, &place.report).await?,
    };
    let history = history.ok_or_else(Refusal::not_found)?;
    let source = source_of(&customer, &history.report).await?;
    let (history, told) = tell(&customer, history).await?;
    Ok(WholeReport { flow, history, told, source })
}
