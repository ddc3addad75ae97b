//! What an identity token says, and whether it was said to us, now, for this sign-on (OpenID Connect Core 1.0, section
//! 3.1.3.7).

use serde::Deserialize;

use super::keys::KeySet;

/// How far the provider's clock may be off, and how old a token may be, in seconds.
const SKEW_SECONDS: i64 = 60;
const AGE_SECONDS: i64 = 600;

/// What is expected of a token.
pub(super) struct Expected<'a> {
    /// Who must have made it.
    pub issuer: &'a str,
    /// For whom.
    pub client_id: &'a str,
    /// For which sign-on.
    pub nonce: &'a str,
    /// Now, in epoch milliseconds.
    pub at_ms: i64,
}

/// What a token says, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    email: Option<String>,
    email_verified: Option<Said>,
}

/// One receiver, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Some providers say it in words.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Said {
    Flag(bool),
    Word(String),
}

impl Claims {
    /// The address that the provider has verified, in the form that accounts have.
    pub fn verified_email(&self) -> Option<String> {
        let verified = match self.email_verified.as_ref()? {
            Said::Flag(flag) => *flag,
            Said::Word(word) => word == "true",
        };
        let email = self.email.as_ref().filter(|_| verified)?;
        super::super::sessions::email(email).ok()
    }
}

/// Checks a token.
///
/// # Errors
/// What does not hold.
pub(super) fn check(token: &str, keys: &KeySet, expected: &Expected<'_>) -> Result<Claims, &'static str> {
    let text = keys.verified(token)?;
    let claims: Claims = serde_json::from_slice(&text).map_err(|_| "the claims have another form")?;
    let now_seconds = expected.at_ms.div_euclid(1_000);
    let for_us = match &claims.aud {
        Audience::One(one) => one == expected.client_id,
        Audience::Many(many) => {
            many.iter().any(|one| one == expected.client_id) && (many.len() == 1 || claims.azp.is_some())
        }
    };
    let asked_by_us = claims.azp.as_deref().is_none_or(|party| party == expected.client_id);
    let checks = [
        (claims.iss == expected.issuer, "another issuer made the token"),
        (for_us && asked_by_us, "the token is for somebody else"),
        (claims.exp > now_seconds.saturating_sub(SKEW_SECONDS), "the token has lapsed"),
        (claims.iat <= now_seconds.saturating_add(SKEW_SECONDS), "the token is of the future"),
        (claims.iat >= now_seconds.saturating_sub(AGE_SECONDS), "the token is old"),
        (claims.nonce.as_deref() == Some(expected.nonce), "the token is of another sign-on"),
    ];
    match checks.into_iter().find(|(holds, _)| !holds) {
        Some((_, why)) => Err(why),
        None => Ok(claims),
    }
}
