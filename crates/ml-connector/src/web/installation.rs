//! The audit of the installation itself: people, roles, customers and tokens. A customer's own audit is not here.

use axum::extract::State as Shared;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::moment::Moment;
use super::page::{Page, Paging};
use super::problem::Refusal;
use super::request::Asked;
use super::state::State;
use crate::store::AuditFilter;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_installation_audit))
}

/// An entry of the installation's audit.
#[derive(Serialize, ToSchema)]
pub(super) struct InstallationEntry {
    /// Its place in the chain, from 1 and without gaps.
    seq: i64,
    /// When it was written.
    at: Moment,
    /// Who did it: the id of a person or token, or a part of this service.
    actor: String,
    /// What was done.
    action: String,
    /// To what.
    subject: String,
    /// Names, and before and after.
    detail: Value,
    /// The hash of the entry, which covers the one before it.
    hash: String,
}

/// List what changed about people, roles, customers and tokens
///
/// Oldest first.
#[utoipa::path(get, path = "/audit", operation_id = "list_installation_audit", tag = "People", params(Paging),
    responses((status = 200, description = "A page of entries", body = Page<InstallationEntry>)))]
async fn list_installation_audit(
    Shared(state): Shared<State>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<axum::Json<Page<InstallationEntry>>, Refusal> {
    caller.install()?;
    let after = match paging.after.as_str() {
        "" => 0,
        text => text.parse().map_err(|_| Refusal::invalid("after", "It is the `next` of a page before."))?,
    };
    let chain = state.store.installation_chain(state.clock.now_ms()).await?;
    let rows = chain.list_audit(&AuditFilter::default(), after, paging.rows()).await?;
    let page = Page::cut(
        &paging,
        rows,
        |entry| entry.seq.to_string(),
        |entry| InstallationEntry {
            seq: entry.seq,
            at: Moment(entry.at_ms),
            actor: entry.actor,
            action: entry.action,
            subject: entry.subject,
            detail: serde_json::from_str(&entry.detail).unwrap_or(Value::String(entry.detail)),
            hash: entry.hash,
        },
    );
    Ok(axum::Json(page))
}
