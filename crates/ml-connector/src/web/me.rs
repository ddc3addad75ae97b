//! The caller's own account.

use axum::Extension;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{By, Caller};
use super::hasher::Password;
use super::peer::Peer;
use super::problem::Refusal;
use super::request::Body;
use super::sessions::{self, Attempt};
use super::state::State;
use super::users::UserAnswer;
use crate::store::{CustomerId, Grant};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(show_me)).routes(routes!(change_password))
}

/// The caller, with what it may do.
#[derive(Serialize, ToSchema)]
pub(super) struct MeAnswer {
    /// The person.
    user: UserAnswer,
    /// The token that was shown; null where a person signed in.
    token: Option<String>,
    /// For each customer, what this caller may do.
    customers: Vec<CustomerRights>,
    /// Whether this caller may administer the installation.
    may_install: bool,
}

/// What a caller may do for a customer.
#[derive(Serialize, ToSchema)]
pub(super) struct CustomerRights {
    /// The customer's id.
    customer: String,
    /// The person's roles.
    roles: Vec<&'static str>,
    /// The rights of this caller: of a token, those it has been given.
    rights: Vec<&'static str>,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// The password until now.
    pub(super) current: Password,
    /// The new one.
    pub(super) password: Password,
}

/// Show who is asking, and what they may do
#[utoipa::path(get, path = "/me", operation_id = "show_me", tag = "Signing in",
    responses((status = 200, description = "The caller", body = MeAnswer)))]
pub(super) async fn show_me(caller: Caller) -> axum::Json<MeAnswer> {
    let mut ids: Vec<CustomerId> = caller.grants().iter().map(|grant| grant.customer.clone()).collect();
    ids.dedup();
    let customers = ids.iter().filter(|id| !caller.rights(id).is_empty()).map(|id| CustomerRights {
        customer: id.to_string(),
        roles: roles(caller.grants(), id),
        rights: caller.rights(id).into_iter().map(crate::store::Right::name).collect(),
    });
    let token = match caller.by() {
        By::Session { .. } => None,
        By::Token(token) => Some(token.id.to_string()),
    };
    axum::Json(MeAnswer {
        user: UserAnswer::of(caller.user().clone()),
        token,
        customers: customers.collect(),
        may_install: caller.may_install(),
    })
}

/// Change one's own password
///
/// Every session of the person ends; this one goes on under a new cookie.
#[utoipa::path(post, path = "/me/password", operation_id = "change_password", tag = "Signing in",
    request_body = NewPassword, responses((status = 204, description = "Changed")))]
pub(super) async fn change_password(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    caller: Caller,
    Body(asked): Body<NewPassword>,
) -> Result<Response, Refusal> {
    caller.session()?;
    asked.current.check_length()?;
    let user = caller.user();
    asked.password.check_new(&user.email)?;
    let attempt = Attempt::count(&state, &user.email, &peer).await?;
    let stored = state.store.password_of(&user.id).await?;
    if !state.hasher().verify(&asked.current, stored.and_then(|stored| stored.hash)).await? {
        return Err(sessions::refused());
    }
    attempt.clear(&state).await?;
    let hash = state.hasher().hash(&asked.password).await?;
    let at_ms = state.clock.now_ms();
    let mut tx = state.store.installation_chain(at_ms).await?.begin().await?;
    if !tx.set_password(&user.id, &hash, at_ms).await? {
        return Err(Refusal::not_signed_in());
    }
    let ended = tx.end_sessions(&user.id).await?;
    let id = sessions::begin(&state, &mut tx, user, at_ms).await?;
    let event = caller.actor().event("password.set", user.id.as_str(), json!({ "sessions_ended": ended }));
    tx.commit(at_ms, vec![event]).await?;
    Ok(sessions::with_cookie(&state, &peer, Some(&id), StatusCode::NO_CONTENT))
}

/// The names of the roles for one customer.
pub(super) fn roles(grants: &[Grant], customer: &CustomerId) -> Vec<&'static str> {
    grants.iter().filter(|grant| grant.customer == *customer).map(|grant| grant.role.name()).collect()
}
