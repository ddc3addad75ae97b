//! Who has which role for a customer. Each change stands in the customer's audit and in the installation's, and ends
//! the sessions of the person it concerns.

use accounting::problem::Code;
use axum::Extension;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::moment::Moment;
use super::page::{Cursors, Page, Paging};
use super::peer::Peer;
use super::problem::Refusal;
use super::request::{Asked, Body, Place};
use super::sessions;
use super::state::State;
use crate::store::{Granted, NamedGrant, Right, Role, User, UserId};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_grants, create_grant)).routes(routes!(delete_grant))
}

/// A role of a person.
#[derive(Serialize, ToSchema)]
pub(super) struct GrantAnswer {
    /// The person's id.
    pub(super) user: String,
    /// What they are called.
    pub(super) name: String,
    /// The address they sign in with.
    pub(super) email: String,
    /// `viewer`, `operator`, `mapper`, `approver`, `admin` or `auditor`.
    pub(super) role: &'static str,
    /// Who gave it.
    pub(super) granted_by: String,
    /// When.
    pub(super) created_at: Moment,
}

/// A role to be given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantBody {
    /// The person's id.
    pub(super) user: String,
    /// `viewer`, `operator`, `mapper`, `approver`, `admin` or `auditor`.
    pub(super) role: String,
}

/// List who has which role for a customer
#[utoipa::path(get, path = "/customers/{customer}/grants", operation_id = "list_grants", tag = "People",
    params(("customer" = String, Path, description = "The customer's id"), Paging),
    responses((status = 200, description = "A page of roles", body = Page<GrantAnswer>)))]
pub(super) async fn list_grants(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
    Asked(paging): Asked<Paging>,
) -> Result<axum::Json<Page<GrantAnswer>>, Refusal> {
    // An auditor sees them too, and so does an admin.
    let customer = match caller.people_of(&state, &customer).await {
        Ok((customer, _)) => customer,
        Err(_) => caller.customer(&state, &customer, Right::Audit).await?.0,
    };
    let cursors = Cursors::new(&customer, "grants", "");
    let after = cursors.after(&paging)?.unwrap_or_default();
    let after = after.split_once(' ').unwrap_or((&after, ""));
    let rows = customer.grants(after, paging.rows()).await?;
    let key = |row: &NamedGrant| format!("{} {}", row.grant.user, row.grant.role.name());
    let item = |row: NamedGrant| GrantAnswer {
        user: row.grant.user.to_string(),
        name: row.name,
        email: row.email,
        role: row.grant.role.name(),
        granted_by: row.grant.granted_by,
        created_at: Moment(row.grant.created_ms),
    };
    Ok(axum::Json(cursors.cut(&paging, rows, key, item)))
}

/// Give a role
///
/// Mapper and admin do not go together with approver, nor auditor with anything that changes something. The person's
/// sessions end; one's own goes on under a new cookie.
#[utoipa::path(post, path = "/customers/{customer}/grants", operation_id = "create_grant", tag = "People",
    params(("customer" = String, Path, description = "The customer's id")), request_body = GrantBody,
    responses((status = 201, description = "Given", body = GrantAnswer),
        (status = 200, description = "They had it before", body = GrantAnswer)))]
pub(super) async fn create_grant(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    caller: Caller,
    Place(customer): Place<String>,
    Body(asked): Body<GrantBody>,
) -> Result<Response, Refusal> {
    let (door, actor) = caller.people_of(&state, &customer).await?;
    let role = role(&asked.role).ok_or_else(|| {
        let names = Role::ALL.map(Role::name).join(", ");
        Refusal::invalid("role", format!("A role is one of {names}."))
    })?;
    let user = known_user(&state, &caller, &asked.user).await?;
    let at_ms = state.clock.now_ms();
    let mut tx = door.begin_both(at_ms).await?;
    let status = match tx.grant(&user.id, role, &actor.id, at_ms).await? {
        Granted::New => StatusCode::CREATED,
        Granted::Held => StatusCode::OK,
        Granted::Conflict(held) => return Err(conflict(held, role)),
        Granted::OfAdministrator => return Err(administrator_approves()),
    };
    let answer = GrantAnswer {
        user: user.id.to_string(),
        name: user.name.clone(),
        email: user.email.clone(),
        role: role.name(),
        granted_by: actor.id.clone(),
        created_at: Moment(at_ms),
    };
    if status == StatusCode::OK {
        return Ok((status, axum::Json(answer)).into_response());
    }
    let own = user.id == caller.user().id;
    tx.end_sessions(&user.id).await?;
    let session = match own && caller.session().is_ok() {
        true => Some(sessions::begin(&state, &mut tx, &user, at_ms).await?),
        false => None,
    };
    let detail = json!({ "customer": door.id().as_str(), "role": role.name(), "name": user.name, "to_oneself": own });
    let event = actor.event("grant.given", user.id.as_str(), detail);
    tx.commit_both(at_ms, vec![event.clone()], vec![event]).await?;
    let answer = (status, axum::Json(answer));
    Ok(match session {
        Some(id) => sessions::with_cookie(&state, &peer, Some(&id), answer),
        None => answer.into_response(),
    })
}

/// Take a role away
///
/// The person's sessions end; one's own goes on under a new cookie.
#[utoipa::path(delete, path = "/customers/{customer}/grants/{user}/{role}", operation_id = "delete_grant",
    tag = "People", params(("customer" = String, Path, description = "The customer's id"),
        ("user" = String, Path, description = "The person's id"), ("role" = String, Path, description = "The role")),
    responses((status = 204, description = "Taken away")))]
pub(super) async fn delete_grant(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    caller: Caller,
    Place((customer, user, role)): Place<(String, String, String)>,
) -> Result<Response, Refusal> {
    let (door, actor) = caller.people_of(&state, &customer).await?;
    let role = self::role(&role).ok_or_else(Refusal::not_found)?;
    let user = UserId::parse(&user).ok_or_else(Refusal::not_found)?;
    let at_ms = state.clock.now_ms();
    let mut tx = door.begin_both(at_ms).await?;
    if !tx.revoke(&user, role).await? {
        return Err(Refusal::not_found());
    }
    let own = user == caller.user().id;
    tx.end_sessions(&user).await?;
    let session = match own && caller.session().is_ok() {
        true => Some(sessions::begin(&state, &mut tx, caller.user(), at_ms).await?),
        false => None,
    };
    let detail = json!({ "customer": door.id().as_str(), "role": role.name(), "from_oneself": own });
    let event = actor.event("grant.taken", user.as_str(), detail);
    tx.commit_both(at_ms, vec![event.clone()], vec![event]).await?;
    Ok(match session {
        Some(id) => sessions::with_cookie(&state, &peer, Some(&id), StatusCode::NO_CONTENT),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// A person to whom the caller may give a role: anybody for the installation's administrator, for a customer's admin
/// only who belongs to, or has a role for, a customer of theirs already.
async fn known_user(state: &State, caller: &Caller, id: &str) -> Result<User, Refusal> {
    let unknown = || Refusal::invalid("user", "There is no such person, or none that you may know of.");
    let id = UserId::parse(id).ok_or_else(unknown)?;
    let (user, grants) = match state.store.user(&id).await {
        Ok(user) => (user, state.store.grants_of(&id).await?),
        Err(crate::store::StoreError::NotFound { .. }) => return Err(unknown()),
        Err(error) => return Err(error.into()),
    };
    let administered = caller.administered();
    let near = user.home.iter().chain(grants.iter().map(|grant| &grant.customer));
    if caller.may_install() || user.id == caller.user().id || near.into_iter().any(|id| administered.contains(id)) {
        return if user.disabled_ms.is_none() { Ok(user) } else { Err(Refusal::conflict("This person is shut out.")) };
    }
    Err(unknown())
}

fn role(name: &str) -> Option<Role> {
    Role::parse(name)
}

fn conflict(held: Role, wanted: Role) -> Refusal {
    let detail = format!("They are {} here already, which does not go together with {}.", held.name(), wanted.name());
    Refusal::new(StatusCode::CONFLICT, Code::RolesConflict, detail)
}

/// Who can make users must not approve what they could have made somebody map.
pub(super) fn administrator_approves() -> Refusal {
    let detail = "An administrator of the installation must not be approver.";
    Refusal::new(StatusCode::CONFLICT, Code::RolesConflict, detail)
}
