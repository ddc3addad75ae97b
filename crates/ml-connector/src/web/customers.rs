//! Customers themselves: their names. What belongs to a customer is the business of other resources.

use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::me::roles;
use super::moment::Moment;
use super::page::{Page, Paging};
use super::problem::Refusal;
use super::request::{Asked, Body, Place};
use super::state::State;
use super::users::person_name;
use crate::store::{Customer, Right};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list_customers, create_customer))
        .routes(routes!(show_customer, change_customer))
}

/// A customer.
#[derive(Serialize, ToSchema)]
pub(super) struct CustomerAnswer {
    /// Its id.
    pub(super) id: String,
    /// Its name, unique within the installation.
    pub(super) name: String,
    /// When it was made.
    pub(super) created_at: Moment,
    /// Whether the built-in sandbox stands in for both vendors.
    pub(super) demonstration: bool,
    /// The caller's roles for it.
    pub(super) roles: Vec<&'static str>,
}

impl CustomerAnswer {
    pub(super) fn of(caller: &Caller, customer: Customer) -> Self {
        let roles = roles(caller.grants(), &customer.id);
        let Customer { id, name, created_ms, demonstration } = customer;
        let demonstration = demonstration.is_some();
        Self { id: id.to_string(), name, created_at: Moment(created_ms), demonstration, roles }
    }
}

/// A customer's name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerBody {
    /// Unique within the installation.
    pub(super) name: String,
}

/// List customers
///
/// All of them for the installation's administrator; for others those they have a role for.
#[utoipa::path(get, path = "/customers", operation_id = "list_customers", tag = "Customers", params(Paging),
    responses((status = 200, description = "A page of customers", body = Page<CustomerAnswer>)))]
pub(super) async fn list_customers(
    Shared(state): Shared<State>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<axum::Json<Page<CustomerAnswer>>, Refusal> {
    let all = caller.may_install();
    let of = (!all).then_some(&caller.user().id);
    let rows = state.store.customer_page(of, &paging.after, paging.rows()).await?;
    let mut page = Page::cut(
        &paging,
        rows,
        |customer| customer.id.to_string(),
        |customer| {
            let shown = all || !caller.rights(&customer.id).is_empty();
            shown.then(|| CustomerAnswer::of(&caller, customer))
        },
    );
    // What a token does not cover is left out of its page.
    let items = std::mem::take(&mut page.items).into_iter().flatten().collect();
    Ok(axum::Json(Page { items, next: page.next }))
}

/// Make a customer
#[utoipa::path(post, path = "/customers", operation_id = "create_customer", tag = "Customers",
    request_body = CustomerBody, responses((status = 201, description = "Made", body = CustomerAnswer)))]
pub(super) async fn create_customer(
    Shared(state): Shared<State>,
    caller: Caller,
    Body(asked): Body<CustomerBody>,
) -> Result<(StatusCode, axum::Json<CustomerAnswer>), Refusal> {
    caller.install()?;
    let name = person_name(&asked.name)?;
    let at_ms = state.clock.now_ms();
    let actor = caller.actor();
    let detail = actor.event("customer.created", "", json!({ "name": name })).detail;
    let customer = state.store.new_customer(&name, &actor.id, detail, at_ms).await?;
    let customer = Customer { id: customer.id().clone(), name, created_ms: at_ms, demonstration: None };
    Ok((StatusCode::CREATED, axum::Json(CustomerAnswer::of(&caller, customer))))
}

/// Show a customer
#[utoipa::path(get, path = "/customers/{customer}", operation_id = "show_customer", tag = "Customers",
    params(("customer" = String, Path, description = "The customer's id")),
    responses((status = 200, description = "The customer", body = CustomerAnswer)))]
pub(super) async fn show_customer(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
) -> Result<axum::Json<CustomerAnswer>, Refusal> {
    let (customer, _) = if caller.may_install() {
        caller.people_of(&state, &customer).await?
    } else {
        caller.customer(&state, &customer, Right::View).await?
    };
    Ok(axum::Json(CustomerAnswer::of(&caller, customer.customer().await?)))
}

/// Rename a customer
///
/// Its flow files name it: they need the new name as well.
#[utoipa::path(patch, path = "/customers/{customer}", operation_id = "change_customer", tag = "Customers",
    params(("customer" = String, Path, description = "The customer's id")), request_body = CustomerBody,
    responses((status = 200, description = "As it is now", body = CustomerAnswer)))]
pub(super) async fn change_customer(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
    Body(asked): Body<CustomerBody>,
) -> Result<axum::Json<CustomerAnswer>, Refusal> {
    let (customer, actor) = caller.people_of(&state, &customer).await?;
    let name = person_name(&asked.name)?;
    let before = customer.customer().await?;
    let at_ms = state.clock.now_ms();
    let mut tx = customer.begin_both(at_ms).await?;
    tx.rename_customer(&name).await?;
    let detail = json!({ "name": { "before": before.name, "after": name } });
    let event = actor.event("customer.changed", customer.id().as_str(), detail);
    tx.commit_both(at_ms, vec![event.clone()], vec![event]).await?;
    Ok(axum::Json(CustomerAnswer::of(&caller, Customer { name, ..before })))
}
