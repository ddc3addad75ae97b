//! Where a person arrives: led to their customer, to the list of several, or to making the first one.

use axum::Extension;
use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::get;

use super::super::caller::Caller;
use super::super::customers::{self, CustomerBody};
use super::super::demonstrations;
use super::super::grants::{self, GrantBody};
use super::super::links::FOUNDER;
use super::super::peer::Peer;
use super::super::problem::Refusal;
use super::super::request::{Body, Place};
use super::super::state::State;
use super::form::Fields;
use super::frame::Frame;
use super::refused::{Told, show};
use super::sign_in::moved;
use super::visit::{Arrival, go};

pub(super) fn routes() -> Router<State> {
    Router::new().route("/", get(arrive)).route("/new", get(new).post(make))
}

#[derive(askama::Template)]
#[template(path = "new.html")]
struct New {
    frame: Frame,
    told: Option<Told>,
    name: String,
    first: bool,
    /// A demonstration can be made here.
    demonstrates: bool,
}

/// One customer is opened; several are listed; the first one is made.
async fn arrive(arrival: Arrival) -> Result<Response, Refusal> {
    let Arrival { state, caller, frame } = arrival;
    let query = if frame.query.is_empty() { String::new() } else { format!("?{}", frame.query) };
    let installs = caller.may_install();
    let of = (!installs).then_some(&caller.user().id);
    let customers = state.store.customer_page(of, "", 2).await?;
    Ok(match customers.as_slice() {
        [] if installs => go(&format!("/new{query}")),
        [only] if !caller.rights(&only.id).is_empty() => go(&format!("/c/{}{query}", only.id)),
        _ => go(&format!("/wall{query}")),
    })
}

async fn new(arrival: Arrival) -> Result<Response, Refusal> {
    arrival.caller.install()?;
    let first = arrival.state.store.customer_page(None, "", 1).await?.is_empty();
    let demonstrates = arrival.state.demonstrations().is_some();
    Ok(show(&New { frame: arrival.frame, told: None, name: String::new(), first, demonstrates }))
}

/// Makes a customer, whose founder may then set it up.
async fn make(arrival: Arrival, Extension(peer): Extension<Peer>, fields: Fields) -> Result<Response, Refusal> {
    let Arrival { state, caller, frame } = arrival;
    let body = Body(CustomerBody { name: fields.text("name").to_owned() });
    let shared = Shared(state.clone());
    let made = match fields.ticked("demonstration") {
        true => demonstrations::create_demonstration(shared, caller.clone(), body).await,
        false => customers::create_customer(shared, caller.clone(), body).await,
    };
    let made = match made {
        Ok((_, axum::Json(made))) => made,
        Err(refusal) if refusal.status().is_server_error() => return Err(refusal),
        Err(refusal) => {
            let told = Some(Told::from(&refusal));
            let (name, demonstrates) = (fields.text("name").to_owned(), state.demonstrations().is_some());
            let mut page = show(&New { frame, told, name, first: false, demonstrates });
            *page.status_mut() = refusal.status();
            return Ok(page);
        }
    };
    found(&state, &caller, peer, &made.id, &format!("/c/{}/start", made.id)).await
}

/// Gives the founder their roles; a change of roles ends a session, and the last answer has the new one.
pub(super) async fn found(
    state: &State,
    caller: &Caller,
    peer: Peer,
    customer: &str,
    to: &str,
) -> Result<Response, Refusal> {
    let mut response = go(to);
    for role in FOUNDER {
        let body = GrantBody { user: caller.user().id.to_string(), role: role.name().to_owned() };
        let (shared, place) = (Shared(state.clone()), Place(customer.to_owned()));
        let given = grants::create_grant(shared, Extension(peer), caller.clone(), place, Body(body)).await?;
        response = moved(&given, to);
    }
    Ok(response)
}
