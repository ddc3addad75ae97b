//! Reports: where each stands, and the whole history of one in a single answer.

use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::flows::{FlowPlace, flow_id};
use super::moment::Moment;
use super::page::{Cursors, Page, Paging};
use super::problem::Refusal;
use super::request::{Asked, Place};
use super::state::State;
use crate::store::{InboxReport, InboxState, ReportTotal, Right};
use crate::work::summary::problem_json;
use crate::work::told::{history_json, tell};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_reports)).routes(routes!(sum_up_reports)).routes(routes!(show_report))
}

/// A report.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportAnswer {
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
    /// When it was first seen.
    first_seen_at: Moment,
    /// When it last changed here.
    changed_at: Moment,
}

impl From<InboxReport> for ReportAnswer {
    fn from(report: InboxReport) -> Self {
        Self {
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

/// Which reports are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportPaging {
    /// States, separated by commas; all unless given.
    states: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    after: String,
    /// Rows of the page: 50 unless given, 200 at most.
    limit: Option<u32>,
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

/// List reports, the first seen first
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/reports", operation_id = "list_reports",
    tag = "Reports", params(FlowPlace, ReportPaging),
    responses((status = 200, description = "A page of reports", body = Page<ReportAnswer>)))]
async fn list_reports(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Asked(asked): Asked<ReportPaging>,
) -> Result<axum::Json<Page<ReportAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let unknown = |name: &str| Refusal::invalid("states", format!("'{name}' is no state of a report."));
    let states = match &asked.states {
        None => InboxState::ALL.to_vec(),
        Some(names) => {
            let states = names.split(',').map(|name| InboxState::parse(name.trim()).ok_or_else(|| unknown(name)));
            states.collect::<Result<Vec<_>, _>>()?
        }
    };
    let paging = Paging::of(asked.after, asked.limit);
    let cursors = Cursors::new(&customer, "reports", flow.id.as_str());
    let after = cursors.after(&paging)?;
    let rows = customer.reports_in(&flow.id, &states, after.as_deref(), paging.rows()).await?;
    Ok(axum::Json(cursors.cut(&paging, rows, |row| row.report_id.clone(), ReportAnswer::from)))
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
/// Where it stands and why, its entries with the reason of every line, every attempt with what was sent and what came
/// back (secrets masked), and the audit of all of it.
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/reports/{report}", operation_id = "show_report",
    tag = "Reports", params(ReportPlace),
    responses((status = 200, description = "The report's history", body = Value)))]
async fn show_report(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<ReportPlace>,
) -> Result<axum::Json<Value>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let history = customer.report_history(&flow.id, &place.report).await?.ok_or_else(Refusal::not_found)?;
    let (history, told) = tell(&customer, history).await?;
    Ok(axum::Json(history_json(&flow.name, &history, &told)))
}
