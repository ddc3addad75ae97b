//! A visit of a person to a page: who it is, of which customer, and the frame that the page stands in.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::Response;

use super::super::caller::{By, Caller};
use super::super::problem::Refusal;
use super::super::state::State;
use super::frame::Frame;
use crate::store::{CustomerStore, Right};

/// A visit to a page of a customer. It takes the right to view; a page asks for more where it needs it.
pub(in crate::web) struct Visit {
    /// The service.
    pub state: State,
    /// Who came.
    pub caller: Caller,
    /// The customer's data.
    pub customer: CustomerStore,
    /// What stands around the page.
    pub frame: Frame,
    places: Vec<(String, String)>,
}

/// A visit to a page of no customer.
pub(in crate::web) struct Arrival {
    /// The service.
    pub state: State,
    /// Who came.
    pub caller: Caller,
    /// What stands around the page.
    pub frame: Frame,
}

impl Visit {
    /// A place in the page's address; empty where there is none of this name.
    pub(in crate::web) fn place(&self, name: &str) -> &str {
        self.places.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// The customer's id, as the operations of the API take it.
    pub(in crate::web) fn customer_id(&self) -> String {
        self.customer.id().to_string()
    }
}

impl FromRequestParts<State> for Visit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let caller = person(parts, state).await?;
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Refusal::not_found())?;
        let places: Vec<(String, String)> =
            params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let id = places.iter().find(|(name, _)| name == "customer").map_or("", |(_, id)| id);
        let (customer, _) = caller.customer(state, id, Right::View).await?;
        let frame = Frame::of_customer(state, &caller, &customer, &parts.uri).await?;
        Ok(Self { state: state.clone(), caller, customer, frame, places })
    }
}

impl FromRequestParts<State> for Arrival {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let caller = person(parts, state).await?;
        let frame = Frame::of_nobody(state, &caller, &parts.uri).await?;
        Ok(Self { state: state.clone(), caller, frame })
    }
}

/// Pages are for people who signed in; a token has the API.
async fn person(parts: &mut Parts, state: &State) -> Result<Caller, Refusal> {
    let caller = Caller::from_request_parts(parts, state).await?;
    match caller.by() {
        By::Session { .. } => Ok(caller),
        By::Token(_) => Err(Refusal::not_allowed("Pages are for people who signed in; a token uses the API.")),
    }
}

/// After a form: where the person goes on.
pub(in crate::web) fn go(to: &str) -> Response {
    use axum::http::header::{HeaderValue, LOCATION};
    use axum::response::IntoResponse as _;
    let mut response = axum::http::StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, location);
    response
}

/// A path of this service; anything else would lead people elsewhere.
pub(super) fn own_path(to: &str) -> Option<&str> {
    (to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n'])).then_some(to)
}
