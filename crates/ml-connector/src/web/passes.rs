//! What a flow's worker has done, pass by pass. A pass that found nothing to do leaves no row.

use axum::extract::State as Shared;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::flows::{FlowPlace, flow_id};
use super::moment::Moment;
use super::page::{Cursors, Page, Paging};
use super::problem::Refusal;
use super::request::{Asked, Place};
use super::state::State;
use crate::store::{Right, RunId, StoredPass};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_passes))
}

/// A pass that did something, or failed.
#[derive(Serialize, ToSchema)]
pub(super) struct PassAnswer {
    /// Its id.
    id: String,
    /// When it began.
    began_at: Moment,
    /// When it ended.
    ended_at: Moment,
    /// What it read, posted and sent, and what stood in its way.
    summary: Value,
}

impl From<StoredPass> for PassAnswer {
    fn from(pass: StoredPass) -> Self {
        let (began_at, ended_at) = (Moment(pass.began_ms), Moment(pass.ended_ms));
        Self { id: pass.run.to_string(), began_at, ended_at, summary: pass.summary }
    }
}

/// List a flow's passes, the newest first
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/passes", operation_id = "list_passes", tag = "Flows",
    params(FlowPlace, Paging), responses((status = 200, description = "A page of passes", body = Page<PassAnswer>)))]
async fn list_passes(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Asked(paging): Asked<Paging>,
) -> Result<axum::Json<Page<PassAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let cursors = Cursors::new(&customer, "passes", flow.id.as_str());
    let before = cursors.after_as(&paging, RunId::parse)?;
    let rows = customer.passes(&flow.id, before.as_ref(), paging.rows()).await?;
    Ok(axum::Json(cursors.cut(&paging, rows, |row| row.run.to_string(), PassAnswer::from)))
}
