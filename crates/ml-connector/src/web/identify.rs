//! Who asks: the session of a cookie, or the token of an `Authorization` header. A token that is not valid is not made
//! good by a cookie beside it.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::caller::{By, Caller};
use super::problem::Refusal;
use super::state::State;
use crate::store::{StoreError, TOKEN_PREFIX, credential_sha256};

const HOUR_MS: i64 = 3_600_000;
/// The cookie's name where the browser came encrypted: it then belongs to this host alone, whatever others set.
const SECURE_COOKIE: &str = "__Host-ml-connector";
/// The cookie's name on this machine itself.
const PLAIN_COOKIE: &str = "ml-connector";

/// What a request says of its sender.
#[derive(Clone)]
pub(super) struct Identity {
    /// Who it is, or why nobody.
    pub caller: Result<Caller, Refusal>,
    /// Whether a session's cookie came along, valid or not.
    pub has_cookie: bool,
    token: bool,
}

impl Identity {
    /// Whether a token was shown, valid or not.
    pub const fn by_token(&self) -> bool {
        self.token
    }
}

/// Finds out who asks.
pub(super) async fn identify(state: &State, headers: &HeaderMap, secure: bool) -> Result<Identity, Refusal> {
    let has_cookie = cookie(headers, secure).is_some();
    if headers.contains_key(AUTHORIZATION) {
        let caller = match bearer(headers) {
            Some(text) => by_token(state, &text).await?,
            None => None,
        };
        return Ok(Identity { caller: caller.ok_or_else(Refusal::not_signed_in), has_cookie, token: true });
    }
    let caller = match cookie(headers, secure) {
        Some(text) => by_session(state, &text).await?,
        None => None,
    };
    Ok(Identity { caller: caller.ok_or_else(Refusal::not_signed_in), has_cookie, token: false })
}

async fn by_token(state: &State, text: &SecretString) -> Result<Option<Caller>, Refusal> {
    if !text.expose_secret().starts_with(TOKEN_PREFIX) {
        return Ok(None);
    }
    let at_ms = state.clock.now_ms();
    let Some(token) = state.store.token_by_sha256(&credential_sha256(text.expose_secret())).await? else {
        return Ok(None);
    };
    if token.revoked_ms.is_some() || token.expires_ms.is_some_and(|expires_ms| expires_ms <= at_ms) {
        return Ok(None);
    }
    let user = state.store.user(&token.user).await?;
    if user.disabled_ms.is_some() {
        return Ok(None);
    }
    note(state.store.use_token(&token.id, at_ms).await);
    let grants = state.store.grants_of(&user.id).await?;
    Ok(Some(Caller::new(user, grants, By::Token(Box::new(token)), text)))
}

async fn by_session(state: &State, text: &SecretString) -> Result<Option<Caller>, Refusal> {
    let at_ms = state.clock.now_ms();
    let sha256 = credential_sha256(text.expose_secret());
    let Some(session) = state.store.session(&sha256).await? else {
        return Ok(None);
    };
    let (idle_ms, whole_ms) = lifetimes_ms(state);
    if at_ms >= session.seen_ms.saturating_add(idle_ms) || at_ms >= session.created_ms.saturating_add(whole_ms) {
        return Ok(None);
    }
    let user = state.store.user(&session.user).await?;
    if user.disabled_ms.is_some() {
        return Ok(None);
    }
    note(state.store.see_session(&sha256, at_ms).await);
    let grants = state.store.grants_of(&user.id).await?;
    let by = By::Session { sha256, created_ms: session.created_ms };
    Ok(Some(Caller::new(user, grants, by, text)))
}

/// How long a session lives unused, and at most, in milliseconds.
pub(super) fn lifetimes_ms(state: &State) -> (i64, i64) {
    let web = &state.settings.web;
    (i64::from(web.session_idle_hours) * HOUR_MS, i64::from(web.session_days) * 24 * HOUR_MS)
}

/// A time of last use that could not be noted is no reason to turn anybody away.
fn note(noted: Result<(), StoreError>) {
    if let Err(error) = noted {
        tracing::warn!(error = &error as &dyn std::error::Error, "a time of last use was not noted");
    }
}

fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let text = values.next()?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let one = values.next().is_none() && scheme.eq_ignore_ascii_case("bearer");
    one.then(|| SecretString::from(token.trim()))
}

/// The session's id, where the request carries one.
pub(super) fn cookie(headers: &HeaderMap, secure: bool) -> Option<SecretString> {
    cookie_named(headers, if secure { SECURE_COOKIE } else { PLAIN_COOKIE }).map(SecretString::from)
}

/// The value of the first cookie of this name.
pub(super) fn cookie_named<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let mut values = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(found, _)| *found == name);
    values.next().map(|(_, value)| value)
}

/// The cookie of a session that began, or, without an id, the end of one.
pub(super) fn set_cookie(state: &State, secure: bool, id: Option<&SecretString>) -> Option<HeaderValue> {
    let (name, attribute) = if secure { (SECURE_COOKIE, "; Secure") } else { (PLAIN_COOKIE, "") };
    let (value, seconds) = match id {
        Some(id) => (id.expose_secret(), lifetimes_ms(state).1 / 1_000),
        None => ("", 0),
    };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{attribute}");
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}
