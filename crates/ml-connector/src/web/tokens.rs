//! Tokens of the API. A person makes them for themselves, within their own rights; a token cannot make another one.

use axum::extract::State as Shared;
use axum::http::StatusCode;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{By, Caller};
use super::moment::Moment;
use super::page::{Page, Paging};
use super::problem::Refusal;
use super::request::{Asked, Body, Place};
use super::state::State;
use super::users::person_name;
use crate::store::{CustomerId, NewToken, Right, Token, TokenId};

const DAY_MS: i64 = 24 * 3_600_000;
/// Most customers that one token names, and most days that one may live.
const CUSTOMERS: usize = 1_000;
const DAYS: u32 = 3_650;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_tokens, create_token)).routes(routes!(revoke_token))
}

/// A token, without its text.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenAnswer {
    /// Its id.
    pub(super) id: String,
    /// What it is for.
    pub(super) name: String,
    /// How its text begins.
    pub(super) prefix: String,
    /// For which customers it acts.
    pub(super) customers: Vec<String>,
    /// What it may do at most; never more than its owner may.
    pub(super) rights: Vec<&'static str>,
    /// When it was made.
    pub(super) created_at: Moment,
    /// From when on it works no more.
    pub(super) expires_at: Option<Moment>,
    /// When it was last used, to five minutes.
    pub(super) used_at: Option<Moment>,
    /// Since when it is revoked.
    pub(super) revoked_at: Option<Moment>,
}

impl TokenAnswer {
    fn of(token: Token) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name,
            prefix: token.prefix,
            customers: token.customers.iter().map(ToString::to_string).collect(),
            rights: token.rights.into_iter().map(Right::name).collect(),
            created_at: Moment(token.created_ms),
            expires_at: token.expires_ms.map(Moment),
            used_at: token.used_ms.map(Moment),
            revoked_at: token.revoked_ms.map(Moment),
        }
    }
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct NewTokenAnswer {
    /// The token's text. It is shown this once.
    pub(super) token: String,
    /// What is known of it from now on.
    pub(super) details: TokenAnswer,
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenBody {
    /// What it is for.
    pub(super) name: String,
    /// The ids of the customers it acts for.
    #[serde(default)]
    pub(super) customers: Vec<String>,
    /// `view`, `operate`, `map`, `approve`, `administer`, `audit`, `install`.
    pub(super) rights: Vec<String>,
    /// After how many days it lapses; it does not where this is absent.
    pub(super) expires_days: Option<u32>,
}

/// List one's own tokens
#[utoipa::path(get, path = "/tokens", operation_id = "list_tokens", tag = "Tokens", params(Paging),
    responses((status = 200, description = "A page of tokens, revoked ones among them", body = Page<TokenAnswer>)))]
pub(super) async fn list_tokens(
    Shared(state): Shared<State>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<axum::Json<Page<TokenAnswer>>, Refusal> {
    caller.session()?;
    let rows = state.store.tokens(&caller.user().id, &paging.after, paging.rows()).await?;
    Ok(axum::Json(Page::cut(&paging, rows, |token| token.id.to_string(), TokenAnswer::of)))
}

/// Make a token
///
/// It acts for its owner, for the named customers and with the named rights, and at no time further than its owner
/// could.
#[utoipa::path(post, path = "/tokens", operation_id = "create_token", tag = "Tokens", request_body = TokenBody,
    responses((status = 201, description = "The token, shown this once", body = NewTokenAnswer)))]
pub(super) async fn create_token(
    Shared(state): Shared<State>,
    caller: Caller,
    Body(asked): Body<TokenBody>,
) -> Result<(StatusCode, axum::Json<NewTokenAnswer>), Refusal> {
    caller.session()?;
    let name = person_name(&asked.name)?;
    let mut rights = Vec::new();
    for (index, name) in asked.rights.iter().enumerate() {
        let names = Right::ALL.map(Right::name).join(", ");
        let field = format!("rights[{index}]");
        let right =
            Right::parse(name).ok_or_else(|| Refusal::invalid(&field, format!("A right is one of {names}.")))?;
        if !rights.contains(&right) {
            rights.push(right);
        }
    }
    if rights.is_empty() {
        return Err(Refusal::invalid("rights", "A token needs at least one right."));
    }
    let customers = scope(&state, &caller, &asked.customers, &rights).await?;
    let at_ms = state.clock.now_ms();
    let expires_ms = match asked.expires_days {
        Some(days) if !(1..=DAYS).contains(&days) => {
            return Err(Refusal::invalid("expires_days", format!("A token lives 1 to {DAYS} days.")));
        }
        days => days.map(|days| at_ms.saturating_add(i64::from(days) * DAY_MS)),
    };
    let new = NewToken { user: &caller.user().id, name: &name, customers: &customers, rights: &rights, expires_ms };
    let mut tx = state.store.installation_chain(at_ms).await?.begin().await?;
    let (token, fresh) = tx.create_token(&new, at_ms).await?;
    let detail = json!({
        "name": name,
        "prefix": token.prefix,
        "customers": asked.customers,
        "rights": rights.iter().map(|right| right.name()).collect::<Vec<_>>(),
        "expires_ms": expires_ms,
    });
    let event = caller.actor().event("token.created", token.id.as_str(), detail);
    tx.commit(at_ms, vec![event]).await?;
    let token_text = fresh.text.expose_secret().to_owned();
    Ok((StatusCode::CREATED, axum::Json(NewTokenAnswer { token: token_text, details: TokenAnswer::of(token) })))
}

/// Revoke a token
///
/// One's own; the installation's administrator may revoke anybody's, and a token itself.
#[utoipa::path(delete, path = "/tokens/{token}", operation_id = "revoke_token", tag = "Tokens",
    params(("token" = String, Path, description = "The token's id")),
    responses((status = 204, description = "It works no more")))]
pub(super) async fn revoke_token(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(token): Place<String>,
) -> Result<StatusCode, Refusal> {
    let id = TokenId::parse(&token).ok_or_else(Refusal::not_found)?;
    let token = state.store.token(&id).await?;
    let may = match caller.by() {
        By::Session { .. } => token.user == caller.user().id || caller.may_install(),
        By::Token(shown) => shown.id == id,
    };
    if !may {
        return Err(Refusal::not_found());
    }
    let at_ms = state.clock.now_ms();
    let mut tx = state.store.installation_chain(at_ms).await?.begin().await?;
    if tx.revoke_token(&id, at_ms).await? {
        let detail = json!({ "name": token.name, "prefix": token.prefix, "owner": token.user.as_str() });
        tx.commit(at_ms, vec![caller.actor().event("token.revoked", id.as_str(), detail)]).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The customers of a token, each with what its owner can do there now: a token for nothing is a mistake.
async fn scope(state: &State, caller: &Caller, asked: &[String], rights: &[Right]) -> Result<Vec<CustomerId>, Refusal> {
    if asked.len() > CUSTOMERS {
        return Err(Refusal::invalid("customers", format!("A token names at most {CUSTOMERS} customers.")));
    }
    if rights.contains(&Right::Install) {
        caller.install()?;
    }
    let of_customers: Vec<Right> = rights.iter().copied().filter(|right| *right != Right::Install).collect();
    if asked.is_empty() != of_customers.is_empty() {
        return Err(Refusal::invalid("customers", "Rights for customers need the customers, and customers a right."));
    }
    let mut customers = Vec::new();
    for id in asked {
        for right in &of_customers {
            let (customer, _) = caller.customer(state, id, *right).await?;
            if !customers.contains(customer.id()) {
                customers.push(customer.id().clone());
            }
        }
    }
    Ok(customers)
}
