//! Flows: their documents, versions and times, and pausing. A document comes in through one door: it is read as a flow
//! file is, may name sealed secrets alone, and becomes a new version or is refused with all its mistakes.

use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use accounting::Code;

use super::caller::{Actor, Caller};
use super::flow_times::TimesAnswer;
use super::moment::Moment;
use super::page::Page;
use super::problem::Refusal;
use super::request::{Body, Place};
use super::state::State;
use crate::flow::{Flow, FlowError, Mode, SecretRef};
use crate::store::{CustomerStore, FlowId, Right, StoreError, StoredFlow};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list_flows, create_flow))
        .routes(routes!(show_flow))
        .routes(routes!(change_flow))
        .routes(routes!(pause_flow))
        .routes(routes!(resume_flow))
}

/// A flow.
#[derive(Serialize, ToSchema)]
pub(super) struct FlowAnswer {
    /// Its id.
    pub(super) id: String,
    /// Its name, unique for the customer.
    pub(super) name: String,
    /// Version of its document, from 1.
    pub(super) version: u32,
    /// When that version was made.
    pub(super) changed_at: Moment,
    /// `rehearsal` or `post`; null where the document can no longer be read.
    pub(super) mode: Option<&'static str>,
    /// When it last did what.
    pub(super) times: TimesAnswer,
}

/// A flow with its document.
#[derive(Serialize, ToSchema)]
pub(super) struct FlowDocument {
    #[serde(flatten)]
    pub(super) flow: FlowAnswer,
    /// The document, as it was written (TOML).
    pub(super) document: String,
}

/// A flow's document.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFlow {
    /// The document (TOML); its `customer` is the customer's name.
    pub(super) document: String,
}

/// A change of a flow's document.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FlowChange {
    /// The whole document (TOML).
    pub(super) document: String,
    /// The version that it was made from; the change is refused where another has come since.
    pub(super) expected_version: u32,
    /// Why, for the audit.
    #[serde(default)]
    pub(super) reason: String,
}

/// Why something is done, for the audit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// Why.
    #[serde(default)]
    pub(super) reason: String,
}

/// Which flow of which customer.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct FlowPlace {
    /// The customer's id.
    pub(super) customer: String,
    /// The flow's id.
    pub(super) flow: String,
}

/// Which version of which flow.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct VersionPlace {
    /// The customer's id.
    pub(super) customer: String,
    /// The flow's id.
    pub(super) flow: String,
    /// The version, from 1.
    pub(super) version: u32,
}

/// A flow's id; what is none is not found.
pub(super) fn flow_id(text: &str) -> Result<FlowId, Refusal> {
    FlowId::parse(text).ok_or_else(Refusal::not_found)
}

/// A flow of this customer, with its document as it reads.
///
/// # Errors
/// A refusal where there is none, or its document can no longer be read.
pub(super) async fn stored_flow(customer: &CustomerStore, flow: &str) -> Result<(StoredFlow, Flow), Refusal> {
    let stored = customer.flow(&flow_id(flow)?).await?;
    let flow = Flow::parse(&stored.document, "document", None).map_err(|error| mistakes(&error))?;
    Ok((stored, flow))
}

pub(super) async fn answer(customer: &CustomerStore, stored: &StoredFlow) -> Result<FlowAnswer, Refusal> {
    let times = customer.flow_times(&stored.id).await?.into();
    let mode = Flow::parse(&stored.document, "", None).ok().map(|flow| match flow.mode {
        Mode::Rehearsal => "rehearsal",
        Mode::Post => "post",
    });
    let StoredFlow { id, name, version, created_ms, .. } = stored;
    Ok(FlowAnswer {
        id: id.to_string(),
        name: name.clone(),
        version: *version,
        changed_at: Moment(*created_ms),
        mode,
        times,
    })
}

/// List flows
#[utoipa::path(get, path = "/customers/{customer}/flows", operation_id = "list_flows", tag = "Flows",
    params(("customer" = String, Path, description = "The customer's id")),
    responses((status = 200, description = "All flows, by name", body = Page<FlowAnswer>)))]
pub(super) async fn list_flows(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
) -> Result<axum::Json<Page<FlowAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::View).await?;
    let mut items = Vec::new();
    for stored in customer.flows().await? {
        items.push(answer(&customer, &stored).await?);
    }
    Ok(axum::Json(Page { items, next: None }))
}

/// Make a flow
#[utoipa::path(post, path = "/customers/{customer}/flows", operation_id = "create_flow", tag = "Flows",
    params(("customer" = String, Path, description = "The customer's id")), request_body = NewFlow,
    responses((status = 201, description = "Made", body = FlowDocument)))]
pub(super) async fn create_flow(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
    Body(asked): Body<NewFlow>,
) -> Result<(StatusCode, axum::Json<FlowDocument>), Refusal> {
    let (customer, actor) = caller.customer(&state, &customer, Right::Map).await?;
    let flow = readable(&customer, &asked.document, None).await?;
    if customer.flows().await?.iter().any(|stored| stored.name == flow.name) {
        return Err(Refusal::conflict(format!("There is a flow called \"{}\" already; change that one.", flow.name)));
    }
    let author = caller.user().id.as_str();
    let stored = keep(&state, &customer, (author, &actor), &flow, (None, "")).await?;
    Ok((StatusCode::CREATED, axum::Json(stored)))
}

/// Show a flow with its document
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}", operation_id = "show_flow", tag = "Flows",
    params(FlowPlace), responses((status = 200, description = "The flow", body = FlowDocument)))]
pub(super) async fn show_flow(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
) -> Result<axum::Json<FlowDocument>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let stored = customer.flow(&flow_id(&place.flow)?).await?;
    let flow = answer(&customer, &stored).await?;
    Ok(axum::Json(FlowDocument { flow, document: stored.document }))
}

/// Change a flow's document
///
/// It becomes a new version; what is held is translated again by itself. Ask `foretell_flow` first what it would change.
#[utoipa::path(put, path = "/customers/{customer}/flows/{flow}/document", operation_id = "change_flow", tag = "Flows",
    params(FlowPlace), request_body = FlowChange,
    responses((status = 200, description = "As it is now", body = FlowDocument)))]
pub(super) async fn change_flow(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Body(asked): Body<FlowChange>,
) -> Result<axum::Json<FlowDocument>, Refusal> {
    let (customer, actor) = caller.customer(&state, &place.customer, Right::Map).await?;
    let before = customer.flow(&flow_id(&place.flow)?).await?;
    let flow = readable(&customer, &asked.document, Some(&before)).await?;
    if flow.name != before.name {
        let detail = format!("The flow is called \"{}\"; another name would be another flow.", before.name);
        return Err(Refusal::invalid("document", detail));
    }
    check_version(&before, asked.expected_version)?;
    let author = caller.user().id.as_str();
    let kept = (Some(asked.expected_version), asked.reason.as_str());
    Ok(axum::Json(keep(&state, &customer, (author, &actor), &flow, kept).await?))
}

/// Pause a flow's posting
///
/// Reading, mapping and validating go on.
#[utoipa::path(post, path = "/customers/{customer}/flows/{flow}/pause", operation_id = "pause_flow", tag = "Flows",
    params(FlowPlace), request_body = Reason,
    responses((status = 200, description = "As it is now", body = FlowDocument)))]
pub(super) async fn pause_flow(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Body(asked): Body<Reason>,
) -> Result<axum::Json<FlowDocument>, Refusal> {
    set_paused(&state, &caller, &place, &asked, true).await
}

/// Let a paused flow post again
#[utoipa::path(post, path = "/customers/{customer}/flows/{flow}/resume", operation_id = "resume_flow", tag = "Flows",
    params(FlowPlace), request_body = Reason,
    responses((status = 200, description = "As it is now", body = FlowDocument)))]
pub(super) async fn resume_flow(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Body(asked): Body<Reason>,
) -> Result<axum::Json<FlowDocument>, Refusal> {
    set_paused(&state, &caller, &place, &asked, false).await
}

async fn set_paused(
    state: &State,
    caller: &Caller,
    place: &FlowPlace,
    asked: &Reason,
    paused: bool,
) -> Result<axum::Json<FlowDocument>, Refusal> {
    let (customer, actor) = caller.customer(state, &place.customer, Right::Operate).await?;
    let stored = customer.flow(&flow_id(&place.flow)?).await?;
    let at_ms = state.clock.now_ms();
    if customer.flow_times(&stored.id).await?.paused_ms.is_some() != paused {
        let mut tx = customer.begin().await?;
        tx.pause_flow(&stored.id, paused.then_some(at_ms)).await?;
        tx.await_flow(&stored.id, at_ms).await?;
        let action = if paused { "flow.paused" } else { "flow.resumed" };
        let event = actor.event(action, stored.id.as_str(), json!({ "reason": asked.reason }));
        tx.commit(at_ms, vec![event]).await?;
    }
    let flow = answer(&customer, &stored).await?;
    Ok(axum::Json(FlowDocument { flow, document: stored.document }))
}

/// A document that this customer may have, or all that is wrong with it. What came over the network must not read this
/// machine's files or environment: it may name only such of them as a stored version `before` names at the same place.
pub(super) async fn readable(
    customer: &CustomerStore,
    document: &str,
    before: Option<&StoredFlow>,
) -> Result<Flow, Refusal> {
    let flow = Flow::parse(document, "document", None).map_err(|error| mistakes(&error))?;
    let name = customer.customer().await?.name;
    if flow.customer != name {
        return Err(Refusal::invalid("document", format!("Its `customer` must be \"{name}\".")));
    }
    let before = before.and_then(|before| Flow::parse(&before.document, "", None).ok());
    let known = before.as_ref().map(Flow::references).unwrap_or_default();
    let allowed = |named: &(&str, &SecretRef)| matches!(named.1, SecretRef::Sealed(_)) || known.contains(named);
    if let Some((key, _)) = flow.references().into_iter().find(|named| !allowed(named)) {
        let detail = format!("`{key}` must be \"sealed\" or \"sealed:NAME\": put the secret here first.");
        return Err(Refusal::invalid("document", detail));
    }
    Ok(flow)
}

/// Refuses a change that was made to another version than the newest.
pub(super) fn check_version(stored: &StoredFlow, expected: u32) -> Result<(), Refusal> {
    if stored.version == expected {
        return Ok(());
    }
    let detail = format!("Version {} has come since; make the change to that one.", stored.version);
    Err(Refusal::conflict(detail).with("version", json!(stored.version)))
}

/// All mistakes of a document, each with its place.
pub(super) fn mistakes(error: &FlowError) -> Refusal {
    let all: Vec<Value> = error
        .problems
        .iter()
        .map(|mistake| {
            json!({
                "line": mistake.line, "column": mistake.column, "key": mistake.path,
                "detail": mistake.message, "remedy": mistake.remedy,
            })
        })
        .collect();
    let detail = format!("The document has {} mistakes.", all.len());
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, Code::FlowInvalid, detail).with("mistakes", json!(all))
}

/// Keeps a document, as the version after the one it was made from where that is given. Its author is the person,
/// whichever token it came with: nobody approves what he made himself.
pub(super) async fn keep(
    state: &State,
    customer: &CustomerStore,
    (author, actor): (&str, &Actor),
    flow: &Flow,
    (expected, reason): (Option<u32>, &str),
) -> Result<FlowDocument, Refusal> {
    let at_ms = state.clock.now_ms();
    let mut tx = customer.begin().await?;
    let version = match tx.put_flow(&flow.name, &flow.document, author, at_ms).await {
        Err(StoreError::Stale { .. }) => return Err(Refusal::conflict("Another version has come meanwhile.")),
        kept => kept?,
    };
    if version.new {
        if expected.is_some_and(|expected| version.version != expected + 1) {
            return Err(Refusal::conflict("Another version has come meanwhile."));
        }
        tx.await_flow(&version.id, at_ms).await?;
        let sha256 = data_encoding::HEXLOWER.encode(&flow.sha256);
        let detail = json!({ "version": version.version, "sha256": sha256, "reason": reason });
        tx.commit(at_ms, vec![actor.event("flow.changed", version.id.as_str(), detail)]).await?;
    } else {
        drop(tx);
    }
    let stored = customer.flow(&version.id).await?;
    let flow = answer(customer, &stored).await?;
    Ok(FlowDocument { flow, document: stored.document })
}
