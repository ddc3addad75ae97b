//! Reconciliations as they were made: listed, shown whole, and as a table for a spreadsheet. Nothing is compared here:
//! `ask` for a new one.

use axum::extract::State as Shared;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::approvals::named_flow;
use super::caller::Caller;
use super::download::{Csv, attachment};
use super::moment::Moment;
use super::page::{Cursors, Page, Paging};
use super::problem::Refusal;
use super::request::{Asked, Place};
use super::state::State;
use crate::store::{Reconciliation, ReconciliationId, Right};

/// Columns of the table: members of a row of the document, in this order.
const COLUMNS: [&str; 17] = [
    "month",
    "entity",
    "currency",
    "fund_source",
    "reports",
    "entries",
    "source_minor",
    "excluded_minor",
    "held_minor",
    "explained_minor",
    "planned_minor",
    "waiting_minor",
    "acknowledged_minor",
    "corrections_minor",
    "ledger_minor",
    "ledger_explained_minor",
    "unexplained_minor",
];

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list_reconciliations))
        .routes(routes!(show_reconciliation))
        .routes(routes!(download_reconciliation))
}

/// A reconciliation.
#[derive(Serialize, ToSchema)]
pub(super) struct ReconciliationAnswer {
    /// Its id.
    pub(super) id: String,
    /// The flow.
    pub(super) flow: String,
    /// First posting date.
    pub(super) from: String,
    /// Last posting date.
    pub(super) to: String,
    /// `ties`, `differs`, or `incomplete` where a system could not be read to the end.
    pub(super) state: &'static str,
    /// How many differences.
    pub(super) differences: u64,
    /// When it began.
    pub(super) began_at: Moment,
    /// When it ended.
    pub(super) ended_at: Moment,
}

/// A reconciliation with what it found.
#[derive(Serialize, ToSchema)]
pub(super) struct ReconciliationDocument {
    #[serde(flatten)]
    pub(super) reconciliation: ReconciliationAnswer,
    /// Rows by month, entity, currency and fund source; differences; exclusions. Amounts in minor units.
    pub(super) document: Value,
}

impl From<&Reconciliation> for ReconciliationAnswer {
    fn from(made: &Reconciliation) -> Self {
        Self {
            id: made.id.to_string(),
            flow: made.flow.to_string(),
            from: made.from.to_string(),
            to: made.to.to_string(),
            state: made.state.name(),
            differences: made.differences,
            began_at: Moment(made.began_ms),
            ended_at: Moment(made.ended_ms),
        }
    }
}

/// Which reconciliations are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReconciliationPaging {
    /// Of this flow alone.
    pub(super) flow: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    pub(super) after: String,
    /// Rows of the page: 50 unless given, 200 at most.
    pub(super) limit: Option<u32>,
}

/// Which reconciliation of which customer.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ReconciliationPlace {
    /// The customer's id.
    pub(super) customer: String,
    /// The reconciliation's id.
    pub(super) reconciliation: String,
}

/// List reconciliations, the newest first
#[utoipa::path(get, path = "/customers/{customer}/reconciliations", operation_id = "list_reconciliations",
    tag = "Reconciliations",
    params(("customer" = String, Path, description = "The customer's id"), ReconciliationPaging),
    responses((status = 200, description = "A page of reconciliations", body = Page<ReconciliationAnswer>)))]
pub(super) async fn list_reconciliations(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
    Asked(asked): Asked<ReconciliationPaging>,
) -> Result<axum::Json<Page<ReconciliationAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::View).await?;
    let flow = named_flow(&customer, asked.flow.as_deref()).await?;
    let paging = Paging::of(asked.after, asked.limit);
    let cursors = Cursors::new(&customer, "reconciliations", "");
    let before = cursors.after_as(&paging, ReconciliationId::parse)?;
    let rows = customer.reconciliations(flow.as_ref(), before.as_ref(), paging.rows()).await?;
    Ok(axum::Json(cursors.cut(&paging, rows, |row| row.id.to_string(), |row| ReconciliationAnswer::from(&row))))
}

async fn found(state: &State, caller: &Caller, place: &ReconciliationPlace) -> Result<Reconciliation, Refusal> {
    let (customer, _) = caller.customer(state, &place.customer, Right::View).await?;
    let id = ReconciliationId::parse(&place.reconciliation).ok_or_else(Refusal::not_found)?;
    Ok(customer.reconciliation(&id).await?)
}

/// Show a reconciliation with its rows and differences
#[utoipa::path(get, path = "/customers/{customer}/reconciliations/{reconciliation}",
    operation_id = "show_reconciliation", tag = "Reconciliations", params(ReconciliationPlace),
    responses((status = 200, description = "The reconciliation", body = ReconciliationDocument)))]
pub(super) async fn show_reconciliation(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<ReconciliationPlace>,
) -> Result<axum::Json<ReconciliationDocument>, Refusal> {
    let made = found(&state, &caller, &place).await?;
    let reconciliation = ReconciliationAnswer::from(&made);
    Ok(axum::Json(ReconciliationDocument { reconciliation, document: made.document }))
}

/// Download the rows of a reconciliation as CSV, amounts in minor units
#[utoipa::path(get, path = "/customers/{customer}/reconciliations/{reconciliation}/csv",
    operation_id = "download_reconciliation", tag = "Reconciliations", params(ReconciliationPlace),
    responses((status = 200, description = "A row for each month, entity, currency and fund source",
        content_type = "text/csv", body = String)))]
async fn download_reconciliation(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<ReconciliationPlace>,
) -> Result<Response, Refusal> {
    let made = found(&state, &caller, &place).await?;
    let mut csv = Csv::new(&COLUMNS);
    for row in made.document["rows"].as_array().into_iter().flatten() {
        csv.row(COLUMNS.iter().map(|column| match &row[*column] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        }));
    }
    attachment("text/csv; charset=utf-8", &format!("reconciliation-{}-{}.csv", made.from, made.to), csv.into_bytes())
}
