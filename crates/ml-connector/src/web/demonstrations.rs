//! Demonstration customers: made in one step, with the built-in sandbox in place of both vendors, so that anyone can
//! try everything. Nothing else can be reached from them.

use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::customers::{CustomerAnswer, CustomerBody};
use super::problem::Refusal;
use super::request::Body;
use super::state::State;
use super::users::person_name;
use crate::flow::{FIRST, Flow, NewValue, with_values};
use crate::store::WantedKind;

/// Days before today from which a demonstration takes reports.
const DAYS: i64 = 200;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(create_demonstration))
}

/// Make a demonstration customer
///
/// The built-in sandbox stands in for both vendors; it lives in the memory of this process. The customer has its
/// credentials and a flow in rehearsal, which is being read. Give somebody a role for it with `create_grant`.
#[utoipa::path(post, path = "/demonstrations", operation_id = "create_demonstration", tag = "Customers",
    request_body = CustomerBody, responses((status = 201, description = "Made", body = CustomerAnswer)))]
pub(super) async fn create_demonstration(
    Shared(state): Shared<State>,
    caller: Caller,
    Body(asked): Body<CustomerBody>,
) -> Result<(StatusCode, axum::Json<CustomerAnswer>), Refusal> {
    caller.install()?;
    let name = person_name(&asked.name)?;
    let none = || Refusal::conflict("No worker runs in this process; demonstrations are made where one does.");
    let demonstrations = state.demonstrations().ok_or_else(none)?;
    let at_ms = state.clock.now_ms();
    let first = state.clock.today().checked_sub(jiff::Span::new().days(DAYS)).unwrap_or(state.clock.today());
    // A demonstration's only person could approve nothing: nobody approves what he made himself.
    let values = [
        ("customer", NewValue::Text(&name)),
        ("source.expensify.cut_over", NewValue::Text(&first.to_string())),
        ("control.review_first", NewValue::Number(0)),
    ];
    let document = with_values(FIRST, &values).map_err(|why| Refusal::invalid("name", why))?;
    let flow = Flow::parse(&document, "document", None).map_err(|error| Refusal::failed("a first flow", &error))?;
    let (run, login) = demonstrations.next_company()?;
    let actor = caller.actor();
    let detail = actor.event("customer.created", "", json!({ "name": name, "demonstration": true })).detail;
    let customer = state.store.new_customer(&name, &actor.id, detail, at_ms).await?;
    let mut tx = customer.begin().await?;
    tx.mark_demonstration(run).await?;
    let mut events = Vec::new();
    for (secret, value) in &login {
        let version = tx.seal_secret(secret, value, &actor.id, at_ms).await?;
        events.push(actor.event("secret.sealed", *secret, json!({ "version": version })));
    }
    let kept = tx.put_flow(&flow.name, &flow.document, caller.user().id.as_str(), at_ms).await?;
    tx.await_flow(&kept.id, at_ms).await?;
    events.push(actor.event("flow.changed", kept.id.as_str(), json!({ "version": kept.version, "reason": "" })));
    for kind in [WantedKind::Ping, WantedKind::Refresh, WantedKind::Poll] {
        let (_, event) = tx.want(&kept.id, kind, &Value::Object(serde_json::Map::new()), &actor.id, at_ms).await?;
        events.push(actor.event(event.action, event.subject, event.detail));
    }
    tx.commit(at_ms, events).await?;
    Ok((StatusCode::CREATED, axum::Json(CustomerAnswer::of(&caller, customer.customer().await?))))
}
