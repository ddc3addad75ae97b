//! The audit of a customer: listed, verified, and exported line by line.

use axum::body::Body;
use axum::extract::State as Shared;
use axum::response::Response;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::download::attachment_of;
use super::moment::Moment;
use super::page::{Cursors, Page, Paging};
use super::problem::Refusal;
use super::request::{Asked, Place};
use super::state::State;
use crate::store::{AuditEntry, AuditFilter, Right, StoreError};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_audit)).routes(routes!(verify_audit)).routes(routes!(export_audit))
}

/// An entry of the audit.
#[derive(Serialize, ToSchema)]
pub(super) struct EntryAnswer {
    /// Position from 1, without gaps.
    pub(super) seq: i64,
    /// When.
    pub(super) at: Moment,
    /// Who.
    pub(super) actor: String,
    /// What.
    pub(super) action: String,
    /// To what.
    pub(super) subject: String,
    /// Figures, before and after.
    pub(super) detail: Value,
    /// Hash of the entry, in hexadecimal.
    pub(super) hash: String,
}

impl From<AuditEntry> for EntryAnswer {
    fn from(entry: AuditEntry) -> Self {
        let detail = serde_json::from_str(&entry.detail).unwrap_or(Value::Null);
        let AuditEntry { seq, at_ms, actor, action, subject, hash, .. } = entry;
        Self { seq, at: Moment(at_ms), actor, action, subject, detail, hash }
    }
}

/// A chain that holds together.
#[derive(Serialize, ToSchema)]
pub(super) struct VerifiedAnswer {
    /// Entries checked.
    pub(super) entries: u64,
    /// Number of the newest.
    pub(super) head_seq: i64,
    /// Its hash: worth keeping elsewhere, since it vouches for all before it.
    pub(super) head_hash: String,
}

/// Which entries are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditPaging {
    /// Of this subject alone, such as a report's id.
    pub(super) subject: Option<String>,
    /// Of this action alone, such as `posting.posted`.
    pub(super) action: Option<String>,
    /// By this actor alone.
    pub(super) actor: Option<String>,
    /// The newest first. A page then looks through 20,000 entries at most and may be short, or empty, while `next` says
    /// that there is more.
    #[serde(default)]
    pub(super) newest: bool,
    /// `next` of the page before.
    #[serde(default)]
    pub(super) after: String,
    /// Rows of the page: 50 unless given, 200 at most.
    pub(super) limit: Option<u32>,
}

/// List the audit, the oldest first unless `newest` says otherwise
#[utoipa::path(get, path = "/customers/{customer}/audit", operation_id = "list_audit", tag = "Audit",
    params(("customer" = String, Path, description = "The customer's id"), AuditPaging),
    responses((status = 200, description = "A page of entries", body = Page<EntryAnswer>)))]
pub(super) async fn list_audit(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
    Asked(asked): Asked<AuditPaging>,
) -> Result<axum::Json<Page<EntryAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::Audit).await?;
    let paging = Paging::of(asked.after, asked.limit);
    let cursors = Cursors::new(&customer, "audit", if asked.newest { "newest" } else { "" });
    let after = cursors.after_as(&paging, |key| key.parse().ok())?;
    let filter = AuditFilter { subject: asked.subject, action: asked.action, actor: asked.actor };
    if asked.newest {
        let (rows, next) = customer.list_audit_back(&filter, after, paging.rows() - 1).await?;
        let next = next.map(|next| cursors.write(&next.to_string()));
        return Ok(axum::Json(Page { items: rows.into_iter().map(EntryAnswer::from).collect(), next }));
    }
    let rows = customer.list_audit(&filter, after.unwrap_or(0), paging.rows()).await?;
    Ok(axum::Json(cursors.cut(&paging, rows, |entry| entry.seq.to_string(), EntryAnswer::from)))
}

/// Verify the audit from its beginning
#[utoipa::path(get, path = "/customers/{customer}/audit/verified", operation_id = "verify_audit", tag = "Audit",
    params(("customer" = String, Path, description = "The customer's id")),
    responses((status = 200, description = "The chain holds", body = VerifiedAnswer)))]
pub(super) async fn verify_audit(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
) -> Result<axum::Json<VerifiedAnswer>, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::Audit).await?;
    let verified = customer.verify_audit(true).await?;
    let answer =
        VerifiedAnswer { entries: verified.entries, head_seq: verified.head_seq, head_hash: verified.head_hash };
    Ok(axum::Json(answer))
}

/// Export the audit, one JSON object a line
///
/// `ml-connector audit verify --file` checks it without a database. It ends with the entry that was the newest when it
/// began, and is read as it is sent.
#[utoipa::path(get, path = "/customers/{customer}/audit/export", operation_id = "export_audit", tag = "Audit",
    params(("customer" = String, Path, description = "The customer's id")),
    responses((status = 200, description = "The whole chain", content_type = "application/x-ndjson", body = String)))]
async fn export_audit(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
) -> Result<Response, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::Audit).await?;
    let name = format!("audit-{}.ndjson", customer.id());
    let head = customer.audit_head().await?.map_or(0, |(seq, _)| seq);
    let pages = stream::try_unfold((customer, 0), move |(customer, after)| async move {
        let page = customer.export_audit_page(after, head).await;
        // The answer has begun: all that is left is to break it off, so that nobody takes it for the whole.
        let page = page.inspect_err(|error| {
            tracing::error!(error = error as &dyn std::error::Error, "an export of the audit was broken off");
        });
        Ok::<_, StoreError>(page?.map(|(lines, last)| (lines, (customer, last))))
    });
    attachment_of("application/x-ndjson", &name, Body::from_stream(pages))
}
