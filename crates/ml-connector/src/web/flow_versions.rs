//! The versions of a flow's document: who made which when, how each reads, and how to come back to one. Nothing is ever
//! taken back: an older document becomes the newest version once more.

use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::flows::{FlowDocument, FlowPlace, VersionPlace, answer, check_version, flow_id, keep, readable};
use super::moment::Moment;
use super::page::{Cursors, Page, Paging};
use super::problem::Refusal;
use super::request::{Asked, Body, Place};
use super::state::State;
use crate::store::{Right, UserId};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list_flow_versions))
        .routes(routes!(show_flow_version))
        .routes(routes!(restore_flow_version))
}

/// A version of a flow's document.
#[derive(Serialize, ToSchema)]
pub(super) struct VersionAnswer {
    /// From 1.
    pub(super) version: u32,
    /// Hash of the document.
    sha256: String,
    /// When it was made.
    pub(super) created_at: Moment,
    /// Who made it; null for versions of before that was kept.
    pub(super) by: Option<String>,
}

/// Coming back to an older version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Restoration {
    /// The newest version; it is refused where another has come since.
    pub(super) expected_version: u32,
    /// Why, for the audit.
    #[serde(default)]
    pub(super) reason: String,
}

/// What an author is called: a person by name, whatever else as it was kept.
pub(super) async fn author_name(state: &State, author: &str) -> Result<String, Refusal> {
    let Some(id) = UserId::parse(author) else { return Ok(author.to_owned()) };
    Ok(state.store.user(&id).await?.name)
}

/// List the versions of a flow's document, the newest first
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/versions", operation_id = "list_flow_versions",
    tag = "Flows", params(FlowPlace, Paging),
    responses((status = 200, description = "A page of versions", body = Page<VersionAnswer>)))]
pub(super) async fn list_flow_versions(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Asked(paging): Asked<Paging>,
) -> Result<axum::Json<Page<VersionAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let cursors = Cursors::new(&customer, "versions", flow.id.as_str());
    let before = cursors.after_as(&paging, |key| key.parse().ok())?;
    let rows = customer.flow_versions(&flow.id, before, paging.rows()).await?;
    let page = cursors.cut(&paging, rows, |row| row.version.to_string(), |row| row);
    let mut items = Vec::with_capacity(page.items.len());
    for info in page.items {
        let by = match &info.author {
            Some(author) => Some(author_name(&state, author).await?),
            None => None,
        };
        let created_at = Moment(info.created_ms);
        items.push(VersionAnswer { version: info.version, sha256: info.sha256, created_at, by });
    }
    Ok(axum::Json(Page { items, next: page.next }))
}

/// Show a version of a flow's document
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/versions/{version}", operation_id = "show_flow_version",
    tag = "Flows", params(VersionPlace),
    responses((status = 200, description = "The version", body = FlowDocument)))]
pub(super) async fn show_flow_version(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<VersionPlace>,
) -> Result<axum::Json<FlowDocument>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let stored = customer.flow_version(&flow_id(&place.flow)?, place.version).await?;
    let flow = answer(&customer, &stored).await?;
    Ok(axum::Json(FlowDocument { flow, document: stored.document }))
}

/// Come back to an older version of a flow's document
///
/// It becomes a new version, and nothing of the history is lost. Ask `compare_flow_versions` first how the two differ.
#[utoipa::path(post, path = "/customers/{customer}/flows/{flow}/versions/{version}/restore",
    operation_id = "restore_flow_version", tag = "Flows", params(VersionPlace), request_body = Restoration,
    responses((status = 200, description = "As it is now", body = FlowDocument)))]
pub(super) async fn restore_flow_version(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<VersionPlace>,
    Body(asked): Body<Restoration>,
) -> Result<axum::Json<FlowDocument>, Refusal> {
    let (customer, actor) = caller.customer(&state, &place.customer, Right::Map).await?;
    let newest = customer.flow(&flow_id(&place.flow)?).await?;
    check_version(&newest, asked.expected_version)?;
    let older = customer.flow_version(&newest.id, place.version).await?;
    let flow = readable(&customer, &older.document, Some(&older)).await?;
    let reason = match asked.reason.trim() {
        "" => format!("back to version {}", older.version),
        reason => format!("back to version {}: {reason}", older.version),
    };
    let author = caller.user().id.as_str();
    let kept = (Some(asked.expected_version), reason.as_str());
    Ok(axum::Json(keep(&state, &customer, (author, &actor), &flow, kept).await?))
}
