//! Keeping a report back, and letting it go again. A hold keeps what has not left from leaving; it takes nothing back,
//! and what is of unknown outcome is settled in spite of it.

use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::flows::flow_id;
use super::problem::Refusal;
use super::reports::{ReportAnswer, ReportPlace};
use super::request::{Body, Place};
use super::state::State;
use crate::store::{InboxState, Right};

/// Most bytes of a reason.
const REASON_BYTES: usize = 1_000;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(hold_report, release_hold))
}

/// Why a report is kept back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Held {
    /// Why, for whoever asks later.
    pub(super) reason: String,
}

/// A report that is kept back.
#[derive(Serialize, ToSchema)]
pub(super) struct HeldAnswer {
    /// The report.
    report: ReportAnswer,
    /// Entries that the hold came too late for: they are in the ledger, on their way, or of unknown outcome.
    left: Vec<LeftAnswer>,
}

/// An entry that has left.
#[derive(Serialize, ToSchema)]
pub(super) struct LeftAnswer {
    /// Its reference.
    reference: String,
    /// Where it stands.
    state: String,
}

/// Keep a report back
///
/// Nothing of it is sent until the hold is released; holding it again replaces the reason. What has left already is
/// named in the answer and goes its way: its outcome is settled, whatever it is.
#[utoipa::path(put, path = "/customers/{customer}/flows/{flow}/reports/{report}/hold", operation_id = "hold_report",
    tag = "Reports", params(ReportPlace), request_body = Held,
    responses((status = 200, description = "Kept back", body = HeldAnswer)))]
pub(super) async fn hold_report(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<ReportPlace>,
    Body(asked): Body<Held>,
) -> Result<axum::Json<HeldAnswer>, Refusal> {
    let (customer, actor) = caller.customer(&state, &place.customer, Right::Operate).await?;
    let reason = asked.reason.trim();
    if !(1..=REASON_BYTES).contains(&reason.len()) {
        return Err(Refusal::invalid("reason", format!("This needs a reason of at most {REASON_BYTES} bytes.")));
    }
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let report = customer.report(&flow.id, &place.report).await?.ok_or_else(Refusal::not_found)?;
    if report.state == InboxState::Posted {
        return Err(Refusal::conflict("All of the report is in the ledger: there is nothing to keep back."));
    }
    let at_ms = state.clock.now_ms();
    let person = caller.user().id.as_str();
    let mut tx = customer.begin().await?;
    tx.put_hold(&flow.id, &report.report_id, reason, person, at_ms).await?;
    let left = tx.entries_left(&flow.id, &report.report_id).await?;
    tx.await_flow(&flow.id, at_ms).await?;
    let detail = json!({
        "flow": flow.id.as_str(),
        "reason": reason,
        "left": left.iter().map(|(reference, _)| reference.as_str()).collect::<Vec<_>>(),
    });
    tx.commit(at_ms, vec![actor.event("report.kept_back", report.report_id.as_str(), detail)]).await?;
    let hold = customer.holds(&flow.id, &[report.report_id.as_str()]).await?.remove(&report.report_id);
    let left = left.into_iter().map(|(reference, state)| LeftAnswer { reference: reference.to_string(), state });
    Ok(axum::Json(HeldAnswer { report: ReportAnswer::with_hold(report, hold), left: left.collect() }))
}

/// Let a report go that was kept back
///
/// The flow's worker looks at it anew: other gates, such as an approval, still count.
#[utoipa::path(delete, path = "/customers/{customer}/flows/{flow}/reports/{report}/hold",
    operation_id = "release_hold", tag = "Reports", params(ReportPlace),
    responses((status = 200, description = "Let go", body = ReportAnswer)))]
pub(super) async fn release_hold(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<ReportPlace>,
) -> Result<axum::Json<ReportAnswer>, Refusal> {
    let (customer, actor) = caller.customer(&state, &place.customer, Right::Operate).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let report = customer.report(&flow.id, &place.report).await?.ok_or_else(Refusal::not_found)?;
    let at_ms = state.clock.now_ms();
    let mut tx = customer.begin().await?;
    if !tx.lift_hold(&flow.id, &report.report_id).await? {
        return Err(Refusal::conflict("Nobody keeps this report back."));
    }
    tx.await_flow(&flow.id, at_ms).await?;
    let event = actor.event("report.let_go", report.report_id.as_str(), json!({ "flow": flow.id.as_str() }));
    tx.commit(at_ms, vec![event]).await?;
    Ok(axum::Json(report.into()))
}
