//! The ways in that need no session: a link to set a password, and the link of the first administrator.

use accounting::problem::Code;
use axum::Extension;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::hasher::Password;
use super::peer::Peer;
use super::problem::Refusal;
use super::request::Body;
use super::sessions;
use super::state::State;
use super::users::{UserAnswer, person_name};
use crate::store::{AuditEvent, NewUser, Role, User};

/// What somebody needs who sets a customer up: to keep connections, to map, and to run.
pub(super) const FOUNDER: [Role; 3] = [Role::Admin, Role::Mapper, Role::Operator];
/// Customers that the first person is given at most.
const ADOPTED: u32 = 50;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(set_password)).routes(routes!(create_first_administrator))
}

/// A link, and what it is to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetPassword {
    /// The secret of the link: what stands after its `#`.
    pub(super) link: String,
    /// The new password.
    pub(super) password: Password,
}

/// The link of the first administrator, and who that is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstAdministrator {
    /// The secret of the link: what stands after its `#`.
    pub(super) link: String,
    /// The address to sign in with.
    pub(super) email: String,
    /// What the person is called.
    pub(super) name: String,
    /// The password.
    pub(super) password: Password,
}

/// Set a password through a link
///
/// The link works once. Every session of the person ends.
#[utoipa::path(post, path = "/password", operation_id = "set_password", tag = "Signing in", security(()),
    request_body = SetPassword, responses((status = 204, description = "Set; sign in with it")))]
pub(super) async fn set_password(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    Body(asked): Body<SetPassword>,
) -> Result<StatusCode, Refusal> {
    let at_ms = state.clock.now_ms();
    // Looked at before any work is done, and used up after it.
    let known = state.store.link_user(&asked.link, at_ms).await?.ok_or_else(spent)?;
    let user = state.store.user(&known).await?;
    asked.password.check_new(&user.email)?;
    let hash = state.hasher().hash(&asked.password).await?;
    let mut tx = state.store.installation_chain(at_ms).await?.begin().await?;
    let used = tx.spend_link(&asked.link, at_ms).await?;
    if used.as_ref() != Some(&user.id) || !tx.set_password(&user.id, &hash, at_ms).await? {
        return Err(spent());
    }
    let ended = tx.end_sessions(&user.id).await?;
    let detail = json!({ "by": user.name, "address": peer.subject(), "link": true, "sessions_ended": ended });
    tx.commit(at_ms, vec![AuditEvent::new(user.id.as_str(), "password.set", user.id.as_str(), detail)]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make the first administrator
///
/// Takes the link that the service prints when it starts and nobody can administer it. Customers that nobody has a role
/// for yet are theirs to set up.
#[utoipa::path(post, path = "/administrator", operation_id = "create_first_administrator", tag = "Signing in",
    security(()), request_body = FirstAdministrator,
    responses((status = 201, description = "Made; sign in with the password", body = UserAnswer)))]
pub(super) async fn create_first_administrator(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    Body(asked): Body<FirstAdministrator>,
) -> Result<(StatusCode, axum::Json<UserAnswer>), Refusal> {
    let at_ms = state.clock.now_ms();
    if !state.store.is_first_link(&asked.link, at_ms).await? {
        return Err(spent());
    }
    let email = sessions::email(&asked.email)?;
    let name = person_name(&asked.name)?;
    asked.password.check_new(&email)?;
    let hash = state.hasher().hash(&asked.password).await?;
    let mut tx = state.store.installation_chain(at_ms).await?.begin().await?;
    if !tx.spend_first_link(&asked.link, at_ms).await? {
        return Err(spent());
    }
    let new = NewUser { email: &email, name: &name, administrator: true, home: None };
    let mut user = tx.create_user(&new, at_ms).await?;
    user.has_password = tx.set_password(&user.id, &hash, at_ms).await?;
    let detail = json!({ "by": name, "email": email, "administrator": true, "address": peer.subject() });
    tx.commit(at_ms, vec![AuditEvent::new(user.id.as_str(), "user.created", user.id.as_str(), detail)]).await?;
    adopt(&state, &user, at_ms).await?;
    Ok((StatusCode::CREATED, axum::Json(UserAnswer::of(user))))
}

/// Customers that the command line made before there were people have nobody: the first person sets them up.
async fn adopt(state: &State, user: &User, at_ms: i64) -> Result<(), Refusal> {
    for customer in state.store.customer_page(None, "", ADOPTED).await? {
        let door = state.store.customer(&customer.id).await?;
        if !door.grants(("", ""), 1).await?.is_empty() {
            continue;
        }
        let mut tx = door.begin_both(at_ms).await?;
        let mut events = Vec::new();
        for role in FOUNDER {
            tx.grant(&user.id, role, user.id.as_str(), at_ms).await?;
            let detail = json!({ "customer": customer.id.as_str(), "role": role.name(), "name": user.name, "by": user.name, "to_oneself": true });
            events.push(AuditEvent::new(user.id.as_str(), "grant.given", user.id.as_str(), detail));
        }
        tx.commit_both(at_ms, events.clone(), events).await?;
    }
    Ok(())
}

fn spent() -> Refusal {
    Refusal::new(StatusCode::GONE, Code::LinkSpent, "This link was used, replaced or has lapsed, or never was one.")
}
