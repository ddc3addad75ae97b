//! Signing in and out. A wrong password, an unknown address and a disabled account are told apart by nothing: not by
//! the words, and not by the work.

use accounting::problem::Code;
use axum::Extension;
use axum::extract::State as Shared;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{By, Caller};
use super::hasher::Password;
use super::identify::{cookie, lifetimes_ms, set_cookie};
use super::moment::Moment;
use super::peer::Peer;
use super::problem::Refusal;
use super::request::Body;
use super::state::State;
use crate::store::{AuditEvent, Fresh, Pace, Tx, User, credential_sha256};

/// Longest address, in bytes: that of RFC 5321.
const EMAIL_BYTES: usize = 254;
/// Of one account: short waits, so that somebody who guesses cannot keep its owner out.
const ACCOUNT: Pace = Pace { free: 5, first_ms: 1_000, cap_ms: 10_000 };
/// From one address: many people may share it, but one who guesses soon waits long.
const ADDRESS: Pace = Pace { free: 20, first_ms: 1_000, cap_ms: 900_000 };

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(sign_in, show_session, sign_out))
}

/// Who wants in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The address of the account.
    pub(super) email: String,
    /// Its password.
    pub(super) password: Password,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionAnswer {
    /// The id of the person.
    user: String,
    /// When the session began.
    created_at: Moment,
    /// When it ends at the latest.
    expires_at: Moment,
}

/// Begin a session
///
/// The answer sets a cookie; an earlier session of the same browser ends.
#[utoipa::path(post, path = "/session", operation_id = "sign_in", tag = "Signing in", security(()),
    request_body = SignIn, responses((status = 201, description = "Signed in", body = SessionAnswer)))]
pub(super) async fn sign_in(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Body(asked): Body<SignIn>,
) -> Result<Response, Refusal> {
    asked.password.check_length()?;
    let email = email(&asked.email)?;
    let attempt = Attempt::count(&state, &email, &peer).await?;
    let stored = state.store.password_by_email(&email).await?;
    let (user, hash, disabled) = match stored {
        Some(stored) => (Some(stored.user), stored.hash, stored.disabled),
        None => (None, None, true),
    };
    let fits = state.hasher().verify(&asked.password, hash).await?;
    let Some(user) = user.filter(|_| fits && !disabled) else {
        return Err(refused());
    };
    attempt.clear(&state).await?;
    let user = state.store.user(&user).await?;
    let at_ms = state.clock.now_ms();
    let mut tx = state.store.installation_chain(at_ms).await?.begin().await?;
    if let Some(old) = cookie(&headers, peer.secure) {
        tx.end_session(&credential_sha256(old.expose_secret())).await?;
    }
    let id = begin(&state, &mut tx, &user, at_ms).await?;
    let detail = json!({ "by": user.name, "address": peer.subject() });
    tx.commit(at_ms, vec![AuditEvent::new(user.id.as_str(), "session.began", user.id.as_str(), detail)]).await?;
    Ok(with_cookie(&state, &peer, Some(&id), (StatusCode::CREATED, axum::Json(answer(&state, &user, at_ms)))))
}

/// Show the session that this request belongs to
#[utoipa::path(get, path = "/session", operation_id = "show_session", tag = "Signing in",
    responses((status = 200, description = "The session", body = SessionAnswer)))]
pub(super) async fn show_session(
    Shared(state): Shared<State>,
    caller: Caller,
) -> Result<axum::Json<SessionAnswer>, Refusal> {
    match caller.by() {
        By::Session { created_ms, .. } => Ok(axum::Json(answer(&state, caller.user(), *created_ms))),
        By::Token(_) => Err(Refusal::not_found()),
    }
}

/// End the session that this request belongs to
#[utoipa::path(delete, path = "/session", operation_id = "sign_out", tag = "Signing in",
    responses((status = 204, description = "Signed out")))]
pub(super) async fn sign_out(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let at_ms = state.clock.now_ms();
    let session = caller.session()?;
    let mut tx = state.store.installation_chain(at_ms).await?.begin().await?;
    if tx.end_session(session).await? {
        let event = caller.actor().event("session.ended", caller.user().id.as_str(), json!({}));
        tx.commit(at_ms, vec![event]).await?;
    }
    Ok(with_cookie(&state, &peer, None, StatusCode::NO_CONTENT))
}

/// A new session within a transaction; its id is for the cookie alone.
pub(super) async fn begin(state: &State, tx: &mut Tx, user: &User, at_ms: i64) -> Result<SecretString, Refusal> {
    let fresh = Fresh::make("")?;
    let forget_ms = at_ms.saturating_sub(lifetimes_ms(state).0);
    tx.begin_session(&fresh.sha256, &user.id, forget_ms, at_ms).await?;
    Ok(fresh.text)
}

/// An answer that sets the session's cookie, or without an id takes it away.
pub(super) fn with_cookie(
    state: &State,
    peer: &Peer,
    id: Option<&SecretString>,
    answer: impl IntoResponse,
) -> Response {
    let mut response = answer.into_response();
    if let Some(cookie) = set_cookie(state, peer.secure, id) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

fn answer(state: &State, user: &User, created_ms: i64) -> SessionAnswer {
    let expires_ms = created_ms.saturating_add(lifetimes_ms(state).1);
    SessionAnswer { user: user.id.to_string(), created_at: Moment(created_ms), expires_at: Moment(expires_ms) }
}

/// An address as accounts have it.
///
/// # Errors
/// A refusal of what is no address.
pub(super) fn email(text: &str) -> Result<String, Refusal> {
    let email = text.trim().to_lowercase();
    let plain = !email.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    let parts = email.split_once('@').filter(|(local, host)| !local.is_empty() && !host.is_empty());
    let whole = parts.is_some_and(|(_, host)| !host.contains('@'));
    if plain && whole && email.len() <= EMAIL_BYTES {
        return Ok(email);
    }
    Err(Refusal::invalid("email", "This is no e-mail address."))
}

/// An attempt to prove a password, counted before it is looked at.
pub(super) struct Attempt {
    account: String,
    address: String,
}

impl Attempt {
    /// Counts it.
    ///
    /// # Errors
    /// A refusal while the account or the address has to wait.
    pub async fn count(state: &State, account: &str, peer: &Peer) -> Result<Self, Refusal> {
        let account = credential_sha256(&format!("account {account}"));
        let address = credential_sha256(&format!("address {}", peer.subject()));
        let subjects = [(address.as_str(), ADDRESS), (account.as_str(), ACCOUNT)];
        match state.store.count_attempt(&subjects, state.clock.now_ms()).await? {
            None => Ok(Self { account, address }),
            Some(wait_ms) => {
                let seconds = u64::try_from(wait_ms).unwrap_or(0).div_ceil(1_000);
                let detail = "Signing in failed too often; wait before the next attempt.";
                let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, Code::TooManyAttempts, detail);
                Err(refusal.retry_after_seconds(seconds))
            }
        }
    }

    /// It turned out well.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn clear(&self, state: &State) -> Result<(), Refusal> {
        Ok(state.store.clear_attempts(&self.account, &self.address).await?)
    }
}

/// The one answer to every sign-in that failed.
pub(super) fn refused() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, Code::SignInRefused, "No account has this e-mail and this password.")
}
