//! One's own page: who one is, which roles one has, and another password.

use axum::Extension;
use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::get;

use super::super::hasher::Password;
use super::super::me::{self, NewPassword, roles};
use super::super::peer::Peer;
use super::super::problem::Refusal;
use super::super::request::Body;
use super::super::state::State;
use super::form::Fields;
use super::frame::Frame;
use super::refused::{Told, show};
use super::sign_in::moved;
use super::visit::Arrival;

/// Customers that are named.
const CUSTOMERS: u32 = 200;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/me", get(mine).post(change))
}

#[derive(askama::Template)]
#[template(path = "me.html")]
struct Me {
    frame: Frame,
    told: Option<Told>,
    email: String,
    customers: Vec<(String, String, Vec<&'static str>)>,
}

async fn mine(arrival: Arrival) -> Result<Response, Refusal> {
    Ok(show(&page(arrival, None).await?))
}

async fn page(arrival: Arrival, told: Option<Told>) -> Result<Me, Refusal> {
    let Arrival { state, caller, frame } = arrival;
    let customers = state.store.customer_page(Some(&caller.user().id), "", CUSTOMERS).await?;
    let one = |customer: crate::store::Customer| {
        (format!("/c/{}", customer.id), customer.name, roles(caller.grants(), &customer.id))
    };
    Ok(Me { told, email: caller.user().email.clone(), customers: customers.into_iter().map(one).collect(), frame })
}

async fn change(arrival: Arrival, Extension(peer): Extension<Peer>, fields: Fields) -> Result<Response, Refusal> {
    let entered = |name: &str| Password::entered(fields.raw(name));
    let changing = if fields.raw("password") == fields.raw("again") {
        let body = NewPassword { current: entered("current"), password: entered("password") };
        me::change_password(Shared(arrival.state.clone()), Extension(peer), arrival.caller.clone(), Body(body)).await
    } else {
        Err(Refusal::invalid("again", "The new password was not entered twice alike."))
    };
    match changing {
        Ok(changed) => Ok(moved(&changed, "/me?done=password")),
        Err(refusal) if refusal.status().is_server_error() => Err(refusal),
        Err(refusal) => {
            // Who entered another password is signed in all the same, so this is no way to the door.
            let status = match refusal.status() {
                axum::http::StatusCode::UNAUTHORIZED => axum::http::StatusCode::BAD_REQUEST,
                status => status,
            };
            let mut response = show(&page(arrival, Some(Told::from(&refusal))).await?);
            *response.status_mut() = status;
            Ok(response)
        }
    }
}
