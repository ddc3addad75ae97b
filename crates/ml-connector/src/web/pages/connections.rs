//! Connections: the credentials of both systems, when they changed and by whom, whether both answer, and putting new
//! ones in their place. A value is never shown.

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::get;
use secrecy::SecretString;

use super::super::problem::Refusal;
use super::super::request::{Body, Place};
use super::super::secrets::{self, NewSecret, SecretPlace};
use super::super::state::State;
use super::asked::{self, Pinged};
use super::form::Fields;
use super::frame::Frame;
use super::refused::{Told, show};
use super::visit::{Visit, go};

pub(super) fn routes() -> Router<State> {
    Router::new().route("/c/{customer}/connections", get(connections).post(seal))
}

#[derive(askama::Template)]
#[template(path = "connections.html")]
struct Connections {
    frame: Frame,
    told: Option<Told>,
    flows: Vec<Connected>,
    secrets: Vec<Sealed>,
}

/// A flow's two systems.
struct Connected {
    id: String,
    name: String,
    pinged: Option<Pinged>,
}

/// A sealed credential.
struct Sealed {
    name: String,
    version: i64,
    fingerprint: String,
    changed_ms: i64,
    by: String,
}

async fn connections(visit: Visit) -> Result<Response, Refusal> {
    page(&visit, None).await
}

async fn page(visit: &Visit, told: Option<&Refusal>) -> Result<Response, Refusal> {
    let mut flows = Vec::new();
    for stored in visit.customer.flows().await? {
        let pinged = asked::newest_ping(&visit.customer, &stored.id).await?;
        flows.push(Connected { id: stored.id.to_string(), name: stored.name, pinged });
    }
    let mut sealed: Vec<Sealed> = Vec::new();
    if visit.frame.operates() {
        let (shared, place) = (Shared(visit.state.clone()), Place(visit.customer_id()));
        let listed = secrets::list_secrets(shared, visit.caller.clone(), place).await?;
        for secret in listed.0.items {
            let one = Sealed {
                name: secret.name,
                version: secret.version,
                fingerprint: secret.fingerprint,
                changed_ms: secret.changed_at.0,
                by: secret.changed_by.unwrap_or_default(),
            };
            // The newest version of each is the one in use.
            match sealed.iter_mut().find(|known| known.name == one.name) {
                Some(known) if known.version < one.version => *known = one,
                Some(_) => {}
                None => sealed.push(one),
            }
        }
        for one in &mut sealed {
            one.by = person(visit, &one.by).await;
        }
    }
    let page = Connections { frame: visit.frame.clone(), told: told.map(Told::from), flows, secrets: sealed };
    let mut response = show(&page);
    if let Some(refusal) = told {
        *response.status_mut() = refusal.status();
    }
    Ok(response)
}

/// The name of a person by their id; what is no person stands as it is.
async fn person(visit: &Visit, id: &str) -> String {
    match crate::store::UserId::parse(id) {
        Some(user) => visit.state.store.user(&user).await.map_or_else(|_| id.to_owned(), |user| user.name),
        None => id.to_owned(),
    }
}

/// Seals a new value, and has both systems asked with it.
async fn seal(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let place = SecretPlace { customer: visit.customer_id(), secret: fields.text("name").to_owned() };
    let body = NewSecret { value: SecretString::from(fields.raw("value")) };
    let (shared, caller) = (Shared(visit.state.clone()), visit.caller.clone());
    match secrets::put_secret(shared, caller, Place(place), Body(body)).await {
        Ok(_) => Ok(go(&visit.frame.at("/connections?done=sealed"))),
        Err(refusal) if refusal.status().is_server_error() => Err(refusal),
        Err(refusal) => page(&visit, Some(&refusal)).await,
    }
}
