//! People: made and changed by the installation's administrator, and by a customer's admin where the person is that
//! customer's alone. Who may give a person a way in could become that person, so it takes more than sharing a customer.

use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use secrecy::ExposeSecret as _;

use super::caller::Caller;
use super::moment::Moment;
use super::page::{Page, Paging};
use super::problem::Refusal;
use super::request::{Asked, Body, Place};
use super::sessions;
use super::state::State;
use crate::store::{LINK_MS, NewUser, Role, User, UserChange, UserId};

/// Longest name, in letters.
const NAME_LETTERS: usize = 200;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list_users, create_user))
        .routes(routes!(show_user, change_user))
        .routes(routes!(create_link))
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserAnswer {
    /// Their id.
    pub id: String,
    /// The address they sign in with.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Whether they administer the installation.
    pub administrator: bool,
    /// The customer whose admin made them, if one did.
    pub home: Option<String>,
    /// Whether they have set a password.
    pub has_password: bool,
    /// Since when they are shut out.
    pub disabled_at: Option<Moment>,
    /// When they were made.
    pub created_at: Moment,
}

impl UserAnswer {
    pub fn of(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email,
            name: user.name,
            administrator: user.administrator,
            home: user.home.map(|home| home.to_string()),
            has_password: user.has_password,
            disabled_at: user.disabled_ms.map(Moment),
            created_at: Moment(user.created_ms),
        }
    }
}

/// A person to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUserBody {
    /// The address to sign in with.
    pub(super) email: String,
    /// What they are called.
    pub(super) name: String,
    /// Whether they will administer the installation; only its administrator may say so.
    #[serde(default)]
    pub(super) administrator: bool,
    /// The customer they belong to: needed unless the installation's administrator makes them.
    pub(super) customer: Option<String>,
}

/// What is to change of a person; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChangeBody {
    /// What they are called.
    pub(super) name: Option<String>,
    /// Whether they are shut out: their sessions, tokens and links end at once.
    pub(super) disabled: Option<bool>,
    /// Whether they administer the installation; only its administrator may say so.
    pub(super) administrator: Option<bool>,
}

/// A link that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkAnswer {
    /// The address to open. It is shown this once; an older link of the person works no more.
    pub(super) link: String,
    /// When it lapses.
    pub(super) expires_at: Moment,
}

/// List people
///
/// All of them for the installation's administrator; for a customer's admin those who belong to, or have a role for, a
/// customer that the admin administers.
#[utoipa::path(get, path = "/users", operation_id = "list_users", tag = "People", params(Paging),
    responses((status = 200, description = "A page of people", body = Page<UserAnswer>)))]
pub(super) async fn list_users(
    Shared(state): Shared<State>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<axum::Json<Page<UserAnswer>>, Refusal> {
    let seen_by = if caller.may_install() {
        None
    } else {
        let own = caller.grants().iter().filter(|grant| grant.role == Role::Admin).count();
        // A token that covers some of its owner's customers would be shown people of the others.
        if own == 0 || caller.administered().len() != own {
            return Err(Refusal::not_allowed("This takes the role admin, and no token that covers less than it."));
        }
        Some(&caller.user().id)
    };
    let rows = state.store.users(seen_by, &paging.after, paging.rows()).await?;
    Ok(axum::Json(Page::cut(&paging, rows, |user| user.id.to_string(), UserAnswer::of)))
}

/// Make a person
///
/// They have no role and no way in yet: give a role at the customer, and make a link.
#[utoipa::path(post, path = "/users", operation_id = "create_user", tag = "People", request_body = NewUserBody,
    responses((status = 201, description = "Made", body = UserAnswer)))]
pub(super) async fn create_user(
    Shared(state): Shared<State>,
    caller: Caller,
    Body(asked): Body<NewUserBody>,
) -> Result<(StatusCode, axum::Json<UserAnswer>), Refusal> {
    if asked.administrator || asked.customer.is_none() {
        caller.install()?;
    }
    let home = match &asked.customer {
        Some(customer) => Some(caller.people_of(&state, customer).await?.0),
        None => None,
    };
    let email = sessions::email(&asked.email)?;
    let name = person_name(&asked.name)?;
    let at_ms = state.clock.now_ms();
    let new = NewUser {
        email: &email,
        name: &name,
        administrator: asked.administrator,
        home: home.as_ref().map(crate::store::CustomerStore::id),
    };
    let detail = json!({ "name": name, "email": email, "administrator": new.administrator, "home": asked.customer });
    let mut tx = match &home {
        Some(home) => home.begin_both(at_ms).await?,
        None => state.store.installation_chain(at_ms).await?.begin().await?,
    };
    let user = tx.create_user(&new, at_ms).await?;
    let event = caller.actor().event("user.created", user.id.as_str(), detail);
    match home {
        Some(_) => tx.commit_both(at_ms, vec![event.clone()], vec![event]).await?,
        None => tx.commit(at_ms, vec![event]).await?,
    }
    Ok((StatusCode::CREATED, axum::Json(UserAnswer::of(user))))
}

/// Show a person
#[utoipa::path(get, path = "/users/{user}", operation_id = "show_user", tag = "People",
    params(("user" = String, Path, description = "The person's id")),
    responses((status = 200, description = "The person", body = UserAnswer)))]
pub(super) async fn show_user(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(user): Place<String>,
) -> Result<axum::Json<UserAnswer>, Refusal> {
    let (user, _) = seen(&state, &caller, &user).await?;
    Ok(axum::Json(UserAnswer::of(user)))
}

/// Change a person's name, or shut them out
#[utoipa::path(patch, path = "/users/{user}", operation_id = "change_user", tag = "People",
    params(("user" = String, Path, description = "The person's id")), request_body = UserChangeBody,
    responses((status = 200, description = "As they are now", body = UserAnswer)))]
pub(super) async fn change_user(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(user): Place<String>,
    Body(asked): Body<UserChangeBody>,
) -> Result<axum::Json<UserAnswer>, Refusal> {
    let (user, power) = seen(&state, &caller, &user).await?;
    if asked.administrator.is_some() {
        caller.install()?;
    }
    let own_name = user.id == caller.user().id && asked.disabled.is_none();
    if !(power == Power::Manages || own_name && caller.session().is_ok()) {
        return Err(Refusal::not_allowed("This person has roles beyond yours; ask the installation's administrator."));
    }
    let name = asked.name.as_deref().map(person_name).transpose()?;
    if asked.administrator == Some(true) {
        let grants = state.store.grants_of(&user.id).await?;
        if grants.iter().any(|grant| grant.role == Role::Approver) {
            return Err(super::grants::administrator_approves());
        }
    }
    let at_ms = state.clock.now_ms();
    let change = UserChange { name: name.as_deref(), administrator: asked.administrator, disabled: asked.disabled };
    let mut tx = state.store.installation_chain(at_ms).await?.begin().await?;
    let changed = tx.change_user(&user.id, &change, at_ms).await?;
    let mut detail = Map::new();
    if changed.name != user.name {
        detail.insert("name".to_owned(), json!({ "before": user.name, "after": changed.name }));
    }
    if asked.disabled == Some(true) {
        tx.end_links(&user.id).await?;
        let (sessions, tokens) = (tx.end_sessions(&user.id).await?, tx.revoke_tokens(&user.id, at_ms).await?);
        detail.insert("disabled".to_owned(), json!({ "sessions_ended": sessions, "tokens_revoked": tokens }));
    } else if asked.disabled == Some(false) {
        detail.insert("enabled".to_owned(), json!(true));
    }
    if changed.administrator != user.administrator {
        tx.end_sessions(&user.id).await?;
        detail.insert("administrator".to_owned(), json!(changed.administrator));
    }
    let event = caller.actor().event("user.changed", user.id.as_str(), detail.into());
    tx.commit(at_ms, vec![event]).await?;
    Ok(axum::Json(UserAnswer::of(changed)))
}

/// Make a link with which a person sets a password
///
/// It works once, for 24 hours, and an older link of the person works no more. Hand it over in person or by a way that
/// only that person reads.
#[utoipa::path(post, path = "/users/{user}/link", operation_id = "create_link", tag = "People",
    params(("user" = String, Path, description = "The person's id")),
    responses((status = 201, description = "The link, shown this once", body = LinkAnswer)))]
pub(super) async fn create_link(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(user): Place<String>,
) -> Result<(StatusCode, axum::Json<LinkAnswer>), Refusal> {
    caller.session()?;
    let (user, power) = seen(&state, &caller, &user).await?;
    if power != Power::Manages {
        return Err(Refusal::not_allowed("This person has roles beyond yours; ask the installation's administrator."));
    }
    if user.disabled_ms.is_some() {
        return Err(Refusal::conflict("This person is shut out; let them in first."));
    }
    let at_ms = state.clock.now_ms();
    let mut tx = state.store.installation_chain(at_ms).await?.begin().await?;
    let secret = tx.create_link(&user.id, at_ms).await?;
    let expires_ms = at_ms.saturating_add(LINK_MS);
    let event = caller.actor().event("link.created", user.id.as_str(), json!({ "expires_ms": expires_ms }));
    tx.commit(at_ms, vec![event]).await?;
    let link = format!("{}/link#{}", state.base_url(), secret.expose_secret());
    Ok((StatusCode::CREATED, axum::Json(LinkAnswer { link, expires_at: Moment(expires_ms) })))
}

/// What a caller can do with a person that they see.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Power {
    /// See them.
    Sees,
    /// Change them, and give them a way in.
    Manages,
}

/// A person that the caller may see; another one does not exist for it.
async fn seen(state: &State, caller: &Caller, id: &str) -> Result<(User, Power), Refusal> {
    let id = UserId::parse(id).ok_or_else(Refusal::not_found)?;
    let administered = caller.administered();
    let own = id == caller.user().id;
    if !own && administered.is_empty() && !caller.may_install() {
        return Err(Refusal::not_found());
    }
    let user = state.store.user(&id).await?;
    if caller.may_install() {
        return Ok((user, Power::Manages));
    }
    let grants = state.store.grants_of(&id).await?;
    let is_home = user.home.as_ref().is_some_and(|home| administered.contains(home));
    let within = grants.iter().all(|grant| administered.contains(&grant.customer));
    let shares = grants.iter().any(|grant| administered.contains(&grant.customer));
    if is_home && within && !user.administrator {
        return Ok((user, Power::Manages));
    }
    if own || is_home || shares { Ok((user, Power::Sees)) } else { Err(Refusal::not_found()) }
}

/// A name that a person or a customer can have.
///
/// # Errors
/// A refusal of one that is empty, too long, or would be shown as something else than it is.
pub(super) fn person_name(text: &str) -> Result<String, Refusal> {
    let name = text.trim();
    let hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
    };
    if name.is_empty() || name.chars().count() > NAME_LETTERS || name.chars().any(hidden) {
        let detail = format!("A name has 1 to {NAME_LETTERS} letters, none of them invisible.");
        return Err(Refusal::invalid("name", detail));
    }
    Ok(name.to_owned())
}
