//! Single sign-on by OpenID Connect: the code flow with PKCE, a nonce and a state. A provider vouches for an e-mail
//! address; who may come in is decided here alone: it takes a person with that address, who is not shut out. Nobody is
//! made by signing on.
//!
//! What the flow remembers between its two steps stands in a sealed cookie of ten minutes, so that any process of the
//! installation can take the second step.

mod claims;
mod keys;
mod provider;

use axum::Extension;
use axum::Router;
use axum::extract::State as Shared;
use axum::http::header::{CONTENT_TYPE, COOKIE, HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use data_encoding::BASE64URL_NOPAD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use accounting::problem::Code;

use super::listen::WebError;
use super::peer::Peer;
use super::problem::Refusal;
use super::request::Asked;
use super::sessions;
use super::state::State;
use crate::flow::SecretRef;
use crate::settings::Oidc;
use crate::store::{AuditEvent, Fresh};
use provider::Provider;

/// How long a person may take at the provider, in milliseconds.
const FLOW_MS: i64 = 600_000;
const NONCE_LENGTH: usize = 24;
const CONTEXT: &[u8] = b"ml-connector sign-on";
const DONE: &str = "/sign-in/oidc/done";

/// A provider that people may sign on with.
pub(super) struct SignOn {
    provider: Provider,
    seal: Zeroizing<[u8; 32]>,
}

/// What is remembered while a person is at the provider.
#[derive(Serialize, Deserialize)]
struct Flow {
    state: String,
    nonce: String,
    verifier: String,
    until_ms: i64,
}

/// What the provider sends the browser back with. Providers add members of their own.
#[derive(Deserialize)]
struct Back {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

pub(super) fn routes() -> Router<State> {
    Router::new().route("/sign-in/oidc", get(begin)).route(DONE, get(done))
}

impl SignOn {
    /// The provider of the settings, where they name one. Nothing is asked of it yet.
    ///
    /// # Errors
    /// [`WebError::Setting`], [`WebError::Secret`].
    pub fn new(settings: &Oidc, installation: &str) -> Result<Option<Self>, WebError> {
        if settings.issuer.is_empty() {
            return Ok(None);
        }
        let setting = |key, value: &str| WebError::Setting { key, value: value.to_owned() };
        if settings.client_id.is_empty() {
            return Err(setting("oidc.client_id", ""));
        }
        let reference = match settings.client_secret.split_once(':') {
            Some(("env", name)) => SecretRef::Env(name.to_owned()),
            Some(("file", path)) => SecretRef::File(path.into()),
            _ => return Err(WebError::Setting { key: "oidc.client_secret", value: "***".to_owned() }),
        };
        let secret = reference.read().map_err(|source| WebError::Secret { key: "oidc.client_secret", source })?;
        let seal = Sha256::new()
            .chain_update(CONTEXT)
            .chain_update(installation)
            .chain_update(b"\0")
            .chain_update(secret.expose_secret());
        let seal = Zeroizing::new(seal.finalize().into());
        let provider = Provider::new(&settings.issuer, &settings.client_id, secret)
            .ok_or_else(|| setting("oidc.issuer", &settings.issuer))?;
        Ok(Some(Self { provider, seal }))
    }

    fn seal(&self, flow: &Flow) -> Option<String> {
        let mut nonce = [0_u8; NONCE_LENGTH];
        getrandom::fill(&mut nonce).ok()?;
        let text = serde_json::to_vec(flow).ok()?;
        let cipher = XChaCha20Poly1305::new(&Key::from(*self.seal));
        let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: &text, aad: CONTEXT }).ok()?;
        Some(BASE64URL_NOPAD.encode(&[nonce.as_slice(), &sealed].concat()))
    }

    fn open(&self, sealed: &str) -> Option<Flow> {
        let bytes = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_LENGTH>()?;
        let cipher = XChaCha20Poly1305::new(&Key::from(*self.seal));
        let text = cipher.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: CONTEXT }).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

/// Leads the browser to the provider.
async fn begin(Shared(state): Shared<State>, Extension(peer): Extension<Peer>) -> Result<Response, Refusal> {
    let sign_on = state.sign_on().ok_or_else(Refusal::not_found)?;
    let random = || Ok::<_, Refusal>(Fresh::make("")?.text.expose_secret().to_owned());
    let at_ms = state.clock.now_ms();
    let flow =
        Flow { state: random()?, nonce: random()?, verifier: random()?, until_ms: at_ms.saturating_add(FLOW_MS) };
    let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(flow.verifier.as_bytes()));
    let redirect = format!("{}{DONE}", state.base_url());
    let to = sign_on.provider.authorization_url(&redirect, &flow.state, &flow.nonce, &challenge, at_ms).await?;
    let sealed = sign_on.seal(&flow).ok_or_else(|| failed("The flow could not be begun."))?;
    let to = HeaderValue::from_str(&to).map_err(|_| failed("The provider's address cannot be used."))?;
    let cookie = flow_cookie(&peer, &sealed, FLOW_MS / 1_000);
    Ok((StatusCode::SEE_OTHER, [(LOCATION, to), (SET_COOKIE, cookie)]).into_response())
}

/// Takes the browser back from the provider.
async fn done(
    Shared(state): Shared<State>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Asked(back): Asked<Back>,
) -> Result<Response, Refusal> {
    let sign_on = state.sign_on().ok_or_else(Refusal::not_found)?;
    let at_ms = state.clock.now_ms();
    let flow = cookie(&headers, &peer).and_then(|sealed| sign_on.open(&sealed));
    let flow = flow.filter(|flow| flow.until_ms > at_ms && back.state.as_deref() == Some(&flow.state));
    let flow = flow.ok_or_else(|| failed("It was not begun by this browser within the last ten minutes."))?;
    if back.error.is_some() || back.iss.as_deref().is_some_and(|issuer| issuer != sign_on.provider.issuer()) {
        return Err(failed("The provider refused, or another one answered."));
    }
    let code = back.code.ok_or_else(|| failed("The provider gave no code."))?;
    let redirect = format!("{}{DONE}", state.base_url());
    let token = sign_on.provider.exchange(&code, &flow.verifier, &redirect, at_ms).await?;
    let claims = sign_on.provider.claims(&token, &flow.nonce, at_ms).await?;
    let email = claims.verified_email().ok_or_else(|| failed("The provider does not vouch for an e-mail address."))?;
    let user = state.store.user_by_email(&email).await?;
    let Some(user) = user.filter(|user| user.disabled_ms.is_none()) else {
        return Err(failed("Nobody here who may sign in has the e-mail address that the provider vouches for."));
    };
    let mut tx = state.store.installation_chain(at_ms).await?.begin().await?;
    let id = sessions::begin(&state, &mut tx, &user, at_ms).await?;
    let detail = json!({ "by": user.name, "address": peer.subject(), "sign_on": sign_on.provider.issuer() });
    tx.commit(at_ms, vec![AuditEvent::new(user.id.as_str(), "session.began", user.id.as_str(), detail)]).await?;
    let mut response = sessions::with_cookie(&state, &peer, Some(&id), page());
    response.headers_mut().append(SET_COOKIE, flow_cookie(&peer, "", 0));
    Ok(response)
}

/// A redirect that began at another site would not carry the session's cookie; a page of our own does.
fn page() -> Response {
    let html = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" \
        content=\"0;url=/\"><title>Signed in</title></head><body><p><a href=\"/\">Go on</a></p></body></html>";
    ([(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], html).into_response()
}

fn cookie_name(peer: &Peer) -> &'static str {
    if peer.secure { "__Host-ml-connector-sign-on" } else { "ml-connector-sign-on" }
}

/// Lax, because the browser comes back from another site.
fn flow_cookie(peer: &Peer, sealed: &str, seconds: i64) -> HeaderValue {
    let attribute = if peer.secure { "; Secure" } else { "" };
    let name = cookie_name(peer);
    let text = format!("{name}={sealed}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{attribute}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn cookie(headers: &HeaderMap, peer: &Peer) -> Option<String> {
    let name = cookie_name(peer);
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let mut found = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(other, _)| *other == name);
    found.next().map(|(_, value)| value.to_owned())
}

/// Why nobody was signed on.
fn failed(detail: &'static str) -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, Code::SignOnFailed, detail)
}

/// The provider does not answer, or not as the standard says.
fn provider_failed(doing: &'static str, detail: &'static str) -> Refusal {
    tracing::warn!(said = doing, "the identity provider cannot be used");
    Refusal::new(StatusCode::BAD_GATEWAY, Code::SignOnFailed, detail)
}

/// A secret that is sent to the provider.
type ClientSecret = SecretString;
