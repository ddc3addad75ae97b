//! The fields of a form. They are taken only with the token that this session's pages carry, so that no other site's
//! page, and no page of an earlier session, can cause a change.

use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, Request};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};

use super::super::caller::Caller;
use super::super::problem::Refusal;
use super::super::request::{BODY_BYTES, content_type, read, wrong_type};
use super::super::state::State;

/// The field that carries the token.
pub(in crate::web) const TOKEN: &str = "form_token";
/// How a form without files is sent.
pub(in crate::web) const KIND: &str = "application/x-www-form-urlencoded";

/// The fields of a form that this session's own page sent.
#[derive(Clone, Default)]
pub(in crate::web) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the fields, whoever sent them.
    pub(super) async fn read(request: Request) -> Result<Self, Refusal> {
        if content_type(request.headers()) != KIND {
            return Err(wrong_type(KIND));
        }
        let bytes = read(request, BODY_BYTES).await?;
        Ok(Self(form_urlencoded::parse(&bytes).map(|(name, value)| (name.into(), value.into())).collect()))
    }

    /// What was entered, without spaces around it; empty where the field is not there.
    pub(in crate::web) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// What was entered, to the letter.
    pub(in crate::web) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// Every value of a field that may stand in the form several times.
    pub(in crate::web) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.trim())
    }

    /// Every field whose name begins so, with the rest of its name.
    pub(in crate::web) fn beginning<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(start)?, value.as_str())))
    }

    /// Whether a box is ticked.
    pub(in crate::web) fn ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// A field as a number or an id.
    ///
    /// # Errors
    /// A refusal that names the field.
    pub(in crate::web) fn parsed<T: FromStr>(&self, name: &str) -> Result<T, Refusal> {
        let invalid = |_| Refusal::invalid(name, format!("'{}' cannot be taken here.", self.text(name)));
        self.text(name).parse().map_err(invalid)
    }
}

/// The token that a caller's forms carry: worthless without the session's cookie, and gone with the session.
pub(in crate::web) fn token(caller: &Caller) -> String {
    proof(caller.seal())
}

/// A token made of a secret that the browser holds in a cookie.
pub(super) fn proof(secret: &[u8]) -> String {
    let hash = Sha256::new().chain_update(b"ml-connector form\0").chain_update(secret).finalize();
    BASE64URL_NOPAD.encode(&hash)
}

/// A form that does not carry the token of the session, or of the browser.
pub(super) fn stale() -> Refusal {
    let detail = "This form belongs to a session that ended; open the page again and repeat it.";
    Refusal::new(axum::http::StatusCode::FORBIDDEN, accounting::problem::Code::OtherOrigin, detail)
}

impl FromRequest<State> for Fields {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &State) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, state).await?;
        let fields = Self::read(Request::from_parts(parts, body)).await?;
        // Both sides are hashes: how long the comparison takes tells nothing of use.
        if fields.raw(TOKEN) == token(&caller) { Ok(fields) } else { Err(stale()) }
    }
}
