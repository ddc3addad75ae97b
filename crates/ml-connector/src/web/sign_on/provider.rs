//! The provider over HTTP: its description, its keys, and the exchange of a code for a token. Addresses come from the
//! operator's setting and the description found there; all of them are encrypted, and no redirect is followed.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use super::super::problem::Refusal;
use super::claims::{self, Claims};
use super::keys::KeySet;
use super::{ClientSecret, failed, provider_failed};

/// For how long description and keys are used before they are read again, and how soon an unknown key may cause that,
/// in milliseconds.
const FRESH_MS: i64 = 3_600_000;
const AGAIN_MS: i64 = 60_000;
/// Most bytes of an answer.
const ANSWER_BYTES: usize = 1 << 20;
const TIMEOUT: Duration = Duration::from_secs(10);

/// A provider.
pub(super) struct Provider {
    issuer: String,
    client_id: String,
    secret: ClientSecret,
    http: Client,
    known: Mutex<Option<Arc<Known>>>,
}

/// What was read of it.
struct Known {
    description: Description,
    keys: KeySet,
    read_ms: i64,
}

/// OpenID Connect Discovery 1.0, as far as it matters here.
#[derive(Deserialize)]
struct Description {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// What the token endpoint answers.
#[derive(Deserialize)]
struct Exchanged {
    id_token: String,
}

impl Provider {
    /// A provider at an encrypted address, or on this machine.
    pub fn new(issuer: &str, client_id: &str, secret: ClientSecret) -> Option<Self> {
        if !is_safe(issuer) {
            return None;
        }
        // Another part of the process may have installed a provider first; one is as good as the other.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http =
            Client::builder().redirect(Policy::none()).no_proxy().referer(false).timeout(TIMEOUT).build().ok()?;
        Some(Self { issuer: issuer.to_owned(), client_id: client_id.to_owned(), secret, http, known: Mutex::new(None) })
    }

    /// Who it is, exactly as the settings say.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where the browser is sent.
    pub async fn authorization_url(
        &self,
        redirect: &str,
        state: &str,
        nonce: &str,
        challenge: &str,
        at_ms: i64,
    ) -> Result<String, Refusal> {
        let known = self.known(at_ms).await?;
        let mut url = Url::parse(&known.description.authorization_endpoint)
            .map_err(|_| provider_failed("reading the description", "The provider's address cannot be used."))?;
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", redirect),
            ("scope", "openid email profile"),
            ("state", state),
            ("nonce", nonce),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ]);
        Ok(url.into())
    }

    /// The identity token for a code.
    pub async fn exchange(&self, code: &str, verifier: &str, redirect: &str, at_ms: i64) -> Result<String, Refusal> {
        let known = self.known(at_ms).await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
            ("client_id", self.client_id.as_str()),
        ];
        let methods = &known.description.token_endpoint_auth_methods_supported;
        // The standard's default where the description names none.
        let basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        let mut request = self.http.post(&known.description.token_endpoint);
        if basic {
            let pair = format!("{}:{}", encoded(&self.client_id), encoded(self.secret.expose_secret()));
            request = request.header("authorization", format!("Basic {}", BASE64.encode(pair.as_bytes())));
        } else {
            form.push(("client_secret", self.secret.expose_secret()));
        }
        let exchanged: Exchanged = answer(request.form(&form))
            .await
            .map_err(|doing| provider_failed(doing, "The provider did not exchange the code; begin again."))?;
        Ok(exchanged.id_token)
    }

    /// What a token says, once its signature and everything in it was checked.
    pub async fn claims(&self, token: &str, nonce: &str, at_ms: i64) -> Result<Claims, Refusal> {
        let expected = claims::Expected { issuer: &self.issuer, client_id: &self.client_id, nonce, at_ms };
        let mut known = self.known(at_ms).await?;
        if !known.keys.has_key_of(token) && known.read_ms.saturating_add(AGAIN_MS) <= at_ms {
            known = self.read(at_ms).await?;
        }
        claims::check(token, &known.keys, &expected).map_err(|why| {
            tracing::warn!(said = why, "an identity token was refused");
            failed("The provider's answer does not hold.")
        })
    }

    async fn known(&self, at_ms: i64) -> Result<Arc<Known>, Refusal> {
        let known = self.known.lock().await.clone();
        match known.filter(|known| known.read_ms.saturating_add(FRESH_MS) > at_ms) {
            Some(known) => Ok(known),
            None => self.read(at_ms).await,
        }
    }

    async fn read(&self, at_ms: i64) -> Result<Arc<Known>, Refusal> {
        let detail = "The provider's description cannot be read.";
        // Held meanwhile, so that many who come at once make one request.
        let mut slot = self.known.lock().await;
        if let Some(known) = slot.as_ref().filter(|known| known.read_ms.saturating_add(AGAIN_MS) > at_ms) {
            return Ok(Arc::clone(known));
        }
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let description: Description =
            answer(self.http.get(url)).await.map_err(|doing| provider_failed(doing, detail))?;
        let addresses = [&description.authorization_endpoint, &description.token_endpoint, &description.jwks_uri];
        if description.issuer != self.issuer || !addresses.into_iter().all(|address| is_safe(address)) {
            return Err(provider_failed("checking the description", detail));
        }
        let keys: KeySet =
            answer(self.http.get(&description.jwks_uri)).await.map_err(|doing| provider_failed(doing, detail))?;
        let known = Arc::new(Known { description, keys, read_ms: at_ms });
        *slot = Some(Arc::clone(&known));
        Ok(known)
    }
}

/// Asks, and reads a JSON answer; else what could not be done.
async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, &'static str> {
    let mut response = request.send().await.map_err(|_| "reaching the identity provider")?;
    if !response.status().is_success() {
        return Err("asking the identity provider, which refused");
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| "reading the identity provider's answer")? {
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Err("reading the identity provider's answer, which is too long");
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| "understanding the identity provider's answer")
}

/// Encrypted, or on this machine itself; without a name and password.
fn is_safe(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let own = url.host_str().is_some_and(|host| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    });
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    plain && (url.scheme() == "https" || url.scheme() == "http" && own)
}

/// As RFC 6749, section 2.3.1 wants it within the header.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
