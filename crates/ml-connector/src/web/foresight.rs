//! What would be: what a document would do to stored reports, how two versions of it differ, and when its schedules
//! fire. Nothing is kept and no vendor is asked.

use axum::extract::State as Shared;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use accounting::Date;

use super::caller::Caller;
use super::flows::{FlowPlace, VersionPlace, flow_id, readable, stored_flow};
use super::mapping::{RowAnswer, rows_between};
use super::problem::Refusal;
use super::request::{Asked, Body, Place};
use super::state::State;
use crate::flow::{Difference, Flow, differences};
use crate::store::{CustomerStore, Right};
use crate::work::plan::plan;
use crate::work::upcoming::Upcoming;
use crate::work::what_if::MONTHS;

/// Times of each schedule that are shown where nobody says otherwise, and at most.
const TIMES: u32 = 5;
const TIMES_MAX: u32 = 100;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(foretell_flow))
        .routes(routes!(compare_flow_versions))
        .routes(routes!(preview_schedule))
}

/// A document that is not kept yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Proposed {
    /// The whole document (TOML).
    document: String,
    /// How many months to look back: 3 unless given, 36 at most.
    months: Option<u32>,
}

/// What keeping a document would do.
#[derive(Serialize, ToSchema)]
pub(super) struct Foretold {
    /// Version that it is compared with.
    version: u32,
    /// `same` or `changed`.
    change: &'static str,
    /// Keys that differ; none where only comments or layout do.
    pub(super) differences: Vec<DifferenceAnswer>,
    /// Reports released, newly held, booked otherwise and so on, in counts and money; null where it is not told.
    pub(super) what_if: Option<Value>,
    /// Why that is not told.
    pub(super) untold: Option<String>,
}

/// One key that differs.
#[derive(Serialize, ToSchema)]
pub(super) struct DifferenceAnswer {
    /// Which key.
    pub(super) key: String,
    /// What stood there; null where the key is new.
    pub(super) before: Option<String>,
    /// What stands there; null where the key is gone.
    pub(super) after: Option<String>,
}

impl From<Difference> for DifferenceAnswer {
    fn from(Difference { key, before, after }: Difference) -> Self {
        Self { key, before, after }
    }
}

/// How two versions differ.
#[derive(Serialize, ToSchema)]
pub(super) struct Compared {
    /// The older version.
    pub(super) from: u32,
    /// The version asked for.
    to: u32,
    /// Keys that differ.
    pub(super) differences: Vec<DifferenceAnswer>,
    /// Rows of the mapping's tables that differ.
    pub(super) rows: Vec<RowAnswer>,
}

/// Which version it is compared with.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ComparedWith {
    /// The older version; the one before unless given.
    pub(super) from: Option<u32>,
}

/// From when, and how many times.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ScheduleAsked {
    /// From the beginning of this day on, such as 2026-01-31; from now on unless given.
    from: Option<String>,
    /// Times of each schedule: 5 unless given, 100 at most.
    count: Option<u32>,
}

/// Ask what a changed document would do
///
/// It is translated over the stored reports of the last months beside the stored version; nothing is kept.
#[utoipa::path(post, path = "/customers/{customer}/flows/{flow}/what_if", operation_id = "foretell_flow", tag = "Flows",
    params(FlowPlace), request_body = Proposed,
    responses((status = 200, description = "What it would do", body = Foretold)))]
async fn foretell_flow(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Body(asked): Body<Proposed>,
) -> Result<axum::Json<Foretold>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::Map).await?;
    let stored = customer.flow(&flow_id(&place.flow)?).await?;
    let flow = readable(&customer, &asked.document, Some(&stored)).await?;
    if flow.name != stored.name {
        let detail = format!("The flow is called \"{}\"; another name would be another flow.", stored.name);
        return Err(Refusal::invalid("document", detail));
    }
    Ok(axum::Json(foretold(&state, &customer, &flow, asked.months).await?))
}

/// What keeping this document would do; one such comparison runs for a customer at a time.
///
/// # Errors
/// A refusal where one runs already, or what the store says.
pub(super) async fn foretold(
    state: &State,
    customer: &CustomerStore,
    flow: &Flow,
    months: Option<u32>,
) -> Result<Foretold, Refusal> {
    let _turn = state.comparisons().begin(customer.id())?;
    let planned = plan(customer, flow, months.unwrap_or(MONTHS), state.clock.now_ms()).await?;
    Ok(Foretold {
        version: planned.version,
        change: planned.change.name(),
        differences: planned.differences.into_iter().map(DifferenceAnswer::from).collect(),
        what_if: planned.what_if.map(|found| json!(found)),
        untold: planned.untold,
    })
}

/// Compare two versions of a flow's document, key by key
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/versions/{version}/differences",
    operation_id = "compare_flow_versions", tag = "Flows", params(VersionPlace, ComparedWith),
    responses((status = 200, description = "What differs", body = Compared)))]
pub(super) async fn compare_flow_versions(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<VersionPlace>,
    Asked(asked): Asked<ComparedWith>,
) -> Result<axum::Json<Compared>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = flow_id(&place.flow)?;
    let after = customer.flow_version(&flow, place.version).await?;
    let from = asked.from.unwrap_or(place.version.saturating_sub(1));
    let before = match from {
        // Before the first there was nothing.
        0 => String::new(),
        from => customer.flow_version(&flow, from).await?.document,
    };
    let found = differences(&before, &after.document).into_iter().map(DifferenceAnswer::from).collect();
    let rows = rows_between(&before, &after.document);
    Ok(axum::Json(Compared { from, to: place.version, differences: found, rows }))
}

/// Preview a flow's schedules
///
/// The next times of each, in the flow's zone, the times in which nothing is posted, and what the clock's shifts do.
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/schedule", operation_id = "preview_schedule",
    tag = "Flows", params(FlowPlace, ScheduleAsked),
    responses((status = 200, description = "What comes", body = Value)))]
async fn preview_schedule(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Asked(asked): Asked<ScheduleAsked>,
) -> Result<axum::Json<Value>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let (_, flow) = stored_flow(&customer, &place.flow).await?;
    let zone = flow.schedule.zone.clone();
    // What fires at the very beginning of the day belongs to it.
    let begin = |day: Date| day.to_zoned(zone).ok()?.timestamp().checked_sub(1.nanosecond()).ok();
    let now = Timestamp::from_millisecond(state.clock.now_ms()).unwrap_or(Timestamp::UNIX_EPOCH);
    let no_day = || Refusal::invalid("from", "It is no day such as 2026-01-31.");
    let from = match asked.from.as_deref() {
        None => now,
        Some(day) => day.parse().ok().and_then(begin).ok_or_else(no_day)?,
    };
    let count = usize::try_from(asked.count.unwrap_or(TIMES).clamp(1, TIMES_MAX)).unwrap_or(1);
    Ok(axum::Json(Upcoming::of(&flow, from, count).to_json()))
}
