//! Tells the shapes of a short reply apart: envelope, file name, HTML page, anything else. It must not look at the
//! content type, which discriminates nothing, and must not trust HTTP 200, under which most errors arrive.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::credentials::Credentials;
use crate::error::{Error, Refusal};
use crate::job::JobName;

/// A whole short reply.
pub(crate) struct Reply {
    pub(crate) job: JobName,
    pub(crate) http_status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// What a reply without an error holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    /// Nothing but blanks, under HTTP 200.
    Blank,
    /// A JSON object with response code 200.
    Json(&'a str),
    /// One line of text under HTTP 200.
    Line(&'a str),
}

/// The part of an envelope all jobs share.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    #[serde(default)]
    response_code: Value,
    #[serde(default)]
    response_message: Value,
}

impl Reply {
    /// The content, or the error the reply stands for.
    pub(crate) fn content(&self, credentials: &Credentials) -> Result<Content<'_>, Error> {
        let Ok(body) = std::str::from_utf8(&self.body) else {
            return if self.http_status == 200 {
                Err(self.unexpected("not UTF-8", None))
            } else {
                Err(self.refused(None, String::new()))
            };
        };
        let body = body.trim_start_matches('\u{feff}').trim();
        if body.starts_with('{') {
            return self.envelope(body, credentials);
        }
        if let Some((code, message)) = page_status(body) {
            return Err(self.refused(Some(code), clean(message, credentials)));
        }
        if self.http_status != 200 {
            let message = if body.starts_with('<') { "an HTML page" } else { body };
            return Err(self.refused(None, clean(message, credentials)));
        }
        if body.is_empty() {
            Ok(Content::Blank)
        } else if body.starts_with('<') {
            Err(Error::ServerFault(self.refusal(None, "an HTML page".to_owned())))
        } else if body.chars().any(char::is_control) {
            Err(self.unexpected("several lines of text", None))
        } else {
            Ok(Content::Line(body))
        }
    }

    fn envelope<'a>(&self, body: &'a str, credentials: &Credentials) -> Result<Content<'a>, Error> {
        let envelope: Envelope = match serde_json::from_str(body) {
            Ok(envelope) => envelope,
            Err(_) if self.http_status != 200 => return Err(self.refused(None, String::new())),
            Err(cause) => return Err(self.unexpected("a damaged JSON object", Some(cause))),
        };
        let code = match &envelope.response_code {
            Value::Number(code) => code.as_i64(),
            Value::String(code) => code.trim().parse().ok(),
            _ => None,
        };
        let message = envelope.response_message.as_str().unwrap_or_default();
        match code {
            Some(200) => Ok(Content::Json(body)),
            None if self.http_status == 200 => Err(self.unexpected("a JSON object without a response code", None)),
            code => Err(self.refused(code, clean(message, credentials))),
        }
    }

    pub(crate) fn unexpected(&self, what: &str, source: Option<serde_json::Error>) -> Error {
        Error::UnexpectedReply { job: self.job, http_status: self.http_status, what: what.to_owned(), source }
    }

    fn refusal(&self, code: Option<i64>, message: String) -> Refusal {
        Refusal { job: self.job, http_status: self.http_status, code, message }
    }

    /// One code has several meanings: 404 is a wrong credential or a missing thing, 500 a fault, a refused permission
    /// or a missing parameter. Hence code and message together \[observed and documented, see each text\].
    fn refused(&self, code: Option<i64>, message: String) -> Error {
        let says = |text: &str| message.to_ascii_lowercase().contains(text);
        let authentication =
            says("authentication error") || says("no authentication method specified") || says("invalid credentials");
        let rate_limited = says("too many requests") || says("rate-limited");
        let permission = says("not authorized");
        let invalid = says("required parameter")
            || says("missing or malformed")
            || says("requestjobdescription")
            || says("jsonobject")
            || says("not found in csv header");
        let refusal = self.refusal(code, message.clone());
        match code.unwrap_or(i64::from(self.http_status)) {
            429 => Error::RateLimited { refusal, retry_after: self.retry_after },
            _ if rate_limited => Error::RateLimited { refusal, retry_after: self.retry_after },
            401 => Error::Authentication(refusal),
            400..=599 if authentication => Error::Authentication(refusal),
            400..=599 if permission => Error::Permission(refusal),
            403 => Error::Permission(refusal),
            404 => Error::NotFound(refusal),
            408 => Error::ServerFault(refusal),
            400..=499 => Error::Validation(refusal),
            500..=599 if invalid => Error::Validation(refusal),
            500..=599 | 666 => Error::ServerFault(refusal),
            300..=399 => self.unexpected("a redirect, which is not followed", None),
            other => self.unexpected(&format!("response code {other}"), None),
        }
    }
}

/// The status a legacy error page names: `HTTP Status 500 - JSONObject…`, `403 - Invalid Credentials`.
fn page_status(body: &str) -> Option<(i64, &str)> {
    // Such a page says it early; a tag name or an id further down is not a status.
    let end = body.char_indices().nth(2048).map_or(body.len(), |(at, _)| at);
    let start = &body[..end];
    start.match_indices(" - ").find_map(|(at, separator)| {
        let before = &start[..at];
        let code = before.get(before.len().checked_sub(3)?..)?;
        let alone = !before[..before.len() - 3].ends_with(|c: char| c.is_ascii_alphanumeric());
        if !alone || !matches!(code.as_bytes(), [b'4' | b'5', b'0'..=b'9', b'0'..=b'9']) {
            return None;
        }
        let message = start[at + separator.len()..].split(['<', '\n', '\r']).next().unwrap_or_default();
        Some((code.parse().ok()?, message.trim()))
    })
}

/// The vendor's text made fit to be shown and logged: one line, cut, without our credentials.
fn clean(message: &str, credentials: &Credentials) -> String {
    const MOST_CHARS: usize = 300;
    // Blotted before the cut, so that no half of a secret survives it.
    let blotted = credentials.blot(message);
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let mut cut: String = blotted.chars().take(MOST_CHARS).map(shown).collect();
    if blotted.chars().nth(MOST_CHARS).is_some() {
        cut.push('…');
    }
    cut
}
