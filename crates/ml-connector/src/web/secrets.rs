//! Credentials of a customer: put once, sealed, and never shown again. What may be shown is their name, when they
//! changed and a fingerprint.

use axum::extract::State as Shared;
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::moment::Moment;
use super::page::Page;
use super::problem::Refusal;
use super::request::{Body, Place};
use super::state::State;
use crate::store::{Right, SecretInfo};

/// Longest name and value, in bytes.
const NAME: usize = 128;
const VALUE: usize = 4_096;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_secrets)).routes(routes!(put_secret, erase_old_secrets))
}

/// What may be shown of a sealed secret.
#[derive(Serialize, ToSchema)]
pub(super) struct SecretAnswer {
    /// Its name, as flows refer to it: `sealed:NAME`.
    pub(super) name: String,
    /// Counts up with each change.
    pub(super) version: i64,
    /// Tells whether two values are the same; worthless elsewhere.
    pub(super) fingerprint: String,
    /// When it was sealed.
    pub(super) changed_at: Moment,
    /// Who sealed it: the id of a person or a token, or the command line; null where that was not kept.
    pub(super) changed_by: Option<String>,
}

impl From<SecretInfo> for SecretAnswer {
    fn from(info: SecretInfo) -> Self {
        let SecretInfo { name, version, fingerprint, changed_ms, author } = info;
        Self { name, version, fingerprint, changed_at: Moment(changed_ms), changed_by: author }
    }
}

/// A secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSecret {
    /// The value; it is sealed and never shown again.
    #[schema(value_type = String)]
    #[serde(deserialize_with = "secret")]
    pub(super) value: SecretString,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// Which secret of which customer.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct SecretPlace {
    /// The customer's id.
    pub(super) customer: String,
    /// The secret's name.
    pub(super) secret: String,
}

/// List sealed secrets, every version that is kept
#[utoipa::path(get, path = "/customers/{customer}/secrets", operation_id = "list_secrets", tag = "Connections",
    params(("customer" = String, Path, description = "The customer's id")),
    responses((status = 200, description = "All of them, by name", body = Page<SecretAnswer>)))]
pub(super) async fn list_secrets(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
) -> Result<axum::Json<Page<SecretAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::Operate).await?;
    let items = customer.secrets().await?.into_iter().map(SecretAnswer::from).collect();
    Ok(axum::Json(Page { items, next: None }))
}

/// Seal a secret, or a new version of one
#[utoipa::path(put, path = "/customers/{customer}/secrets/{secret}", operation_id = "put_secret", tag = "Connections",
    params(SecretPlace), request_body = NewSecret,
    responses((status = 200, description = "Sealed", body = SecretAnswer)))]
pub(super) async fn put_secret(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<SecretPlace>,
    Body(asked): Body<NewSecret>,
) -> Result<axum::Json<SecretAnswer>, Refusal> {
    let (customer, actor) = caller.customer(&state, &place.customer, Right::Administer).await?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if place.secret.is_empty() || place.secret.len() > NAME || !place.secret.bytes().all(plain) {
        return Err(Refusal::invalid("secret", "A name has 1 to 128 letters, digits, dots, hyphens and underscores."));
    }
    let length = asked.value.expose_secret().len();
    if !(1..=VALUE).contains(&length) {
        return Err(Refusal::invalid("value", "A secret has 1 to 4096 bytes."));
    }
    let at_ms = state.clock.now_ms();
    let mut tx = customer.begin().await?;
    let version = tx.seal_secret(&place.secret, &asked.value, &actor.id, at_ms).await?;
    let detail = json!({ "version": version });
    tx.commit(at_ms, vec![actor.event("secret.sealed", place.secret.as_str(), detail)]).await?;
    let sealed =
        customer.secrets().await?.into_iter().find(|info| info.name == place.secret && info.version == version);
    sealed.map(|info| axum::Json(info.into())).ok_or_else(Refusal::not_found)
}

/// Erase the older versions of a secret, once nothing uses them
#[utoipa::path(delete, path = "/customers/{customer}/secrets/{secret}", operation_id = "erase_old_secrets",
    tag = "Connections", params(SecretPlace), responses((status = 204, description = "Only the newest is kept")))]
pub(super) async fn erase_old_secrets(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<SecretPlace>,
) -> Result<StatusCode, Refusal> {
    let (customer, actor) = caller.customer(&state, &place.customer, Right::Administer).await?;
    let versions = customer.secrets().await?.into_iter().filter(|info| info.name == place.secret);
    let newest = versions.map(|info| info.version).max().ok_or_else(Refusal::not_found)?;
    let at_ms = state.clock.now_ms();
    let mut tx = customer.begin().await?;
    tx.erase_older_secrets(&place.secret, newest).await?;
    let detail = json!({ "kept": newest });
    tx.commit(at_ms, vec![actor.event("secret.erased", place.secret.as_str(), detail)]).await?;
    Ok(StatusCode::NO_CONTENT)
}
