//! What a person asks a flow's worker to do, and what came of it. The API asks no vendor itself: a worker does, under
//! the flow's lanes, and its answer is read here.

use axum::extract::State as Shared;
use axum::http::StatusCode;
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
use super::request::{Asked, Body, Place};
use super::state::State;
use crate::store::{Right, Wanted, WantedId, WantedKind};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_wishes, ask)).routes(routes!(show_wish))
}

/// A wish.
#[derive(Serialize, ToSchema)]
pub(super) struct WishAnswer {
    /// Its id.
    pub(super) id: String,
    /// The flow.
    pub(super) flow: String,
    /// What is asked.
    pub(super) kind: &'static str,
    /// With what.
    pub(super) detail: Value,
    /// Who asked.
    pub(super) asked_by: String,
    /// When.
    pub(super) asked_at: Moment,
    /// When a worker began.
    pub(super) began_at: Option<Moment>,
    /// When it was answered; null while it is not.
    pub(super) ended_at: Option<Moment>,
    /// Whether it could not be done; `outcome` is then the problem.
    pub(super) failed: bool,
    /// What came of it.
    pub(super) outcome: Option<Value>,
}

impl From<Wanted> for WishAnswer {
    fn from(wanted: Wanted) -> Self {
        Self {
            id: wanted.id.to_string(),
            flow: wanted.flow.to_string(),
            kind: wanted.kind.name(),
            detail: wanted.detail,
            asked_by: wanted.asked_by,
            asked_at: Moment(wanted.asked_ms),
            began_at: wanted.began_ms.map(Moment),
            ended_at: wanted.ended_ms.map(Moment),
            failed: wanted.failed,
            outcome: wanted.outcome,
        }
    }
}

/// What to do.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// `poll`, `refresh`, `sweep`, `backfill`, `backfill_count`, `ping`, `hand_over`, `agreement`, `reconcile` or
    /// `release`.
    pub(super) kind: String,
    /// First day of the period, such as 2026-01-31; for `backfill`, `backfill_count`, `agreement` and `reconcile`.
    pub(super) from: Option<String>,
    /// Last day of the period.
    pub(super) to: Option<String>,
    /// For `release`: the id of a cause, else everything that was mended and waits.
    pub(super) cause: Option<String>,
}

/// Which wish of which customer.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct WishPlace {
    /// The customer's id.
    pub(super) customer: String,
    /// The wish's id.
    pub(super) wish: String,
}

/// Ask a flow's worker for something
///
/// The answer is the wish; it is done within seconds, or when the flow's lane is free. Read it with `show_wish`.
#[utoipa::path(post, path = "/customers/{customer}/flows/{flow}/wishes", operation_id = "ask", tag = "Wishes",
    params(FlowPlace), request_body = Wish,
    responses((status = 202, description = "Asked", body = WishAnswer)))]
pub(super) async fn ask(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Body(asked): Body<Wish>,
) -> Result<(StatusCode, axum::Json<WishAnswer>), Refusal> {
    let (customer, actor) = caller.customer(&state, &place.customer, Right::Operate).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let kind = WantedKind::parse(&asked.kind).filter(|kind| *kind != WantedKind::ApplyDecision);
    let kind = kind.ok_or_else(|| Refusal::invalid("kind", "Nothing of this kind can be asked for."))?;
    let mut detail = serde_json::Map::new();
    for (name, day) in [("from", &asked.from), ("to", &asked.to)] {
        if let Some(day) = day {
            let parsed: Result<accounting::Date, _> = day.parse();
            parsed.map_err(|_| Refusal::invalid(name, "It is no day such as 2026-01-31."))?;
            detail.insert(name.to_owned(), Value::from(day.as_str()));
        }
    }
    let needs_period = matches!(kind, WantedKind::Backfill | WantedKind::BackfillCount);
    if needs_period && detail.len() < 2 {
        return Err(Refusal::invalid("from", "This needs `from` and `to`, two days such as 2026-01-31."));
    }
    match asked.cause {
        Some(_) if kind != WantedKind::Release => {
            return Err(Refusal::invalid("cause", "Only a release names a cause."));
        }
        Some(cause) => drop(detail.insert("cause".to_owned(), Value::from(cause))),
        None if kind == WantedKind::Release => drop(detail.insert("all".to_owned(), Value::from(true))),
        None => {}
    }
    let at_ms = state.clock.now_ms();
    let mut tx = customer.begin().await?;
    let (id, event) = tx.want(&flow.id, kind, &Value::Object(detail), &actor.id, at_ms).await?;
    tx.commit(at_ms, vec![actor.event(event.action, event.subject, event.detail)]).await?;
    let wish = customer.wanted(&id).await?.ok_or_else(Refusal::not_found)?;
    Ok((StatusCode::ACCEPTED, axum::Json(wish.into())))
}

/// List what was asked of a flow, the newest first
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/wishes", operation_id = "list_wishes", tag = "Wishes",
    params(FlowPlace, Paging), responses((status = 200, description = "A page of wishes", body = Page<WishAnswer>)))]
pub(super) async fn list_wishes(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Asked(paging): Asked<Paging>,
) -> Result<axum::Json<Page<WishAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let cursors = Cursors::new(&customer, "wishes", flow.id.as_str());
    let before = cursors.after_as(&paging, WantedId::parse)?;
    let rows = customer.list_wanted(&flow.id, before.as_ref(), paging.rows()).await?;
    Ok(axum::Json(cursors.cut(&paging, rows, |wanted| wanted.id.to_string(), WishAnswer::from)))
}

/// Show a wish and its answer
#[utoipa::path(get, path = "/customers/{customer}/wishes/{wish}", operation_id = "show_wish", tag = "Wishes",
    params(WishPlace), responses((status = 200, description = "The wish", body = WishAnswer)))]
pub(super) async fn show_wish(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<WishPlace>,
) -> Result<axum::Json<WishAnswer>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let id = WantedId::parse(&place.wish).ok_or_else(Refusal::not_found)?;
    let wish = customer.wanted(&id).await?.ok_or_else(Refusal::not_found)?;
    Ok(axum::Json(wish.into()))
}
