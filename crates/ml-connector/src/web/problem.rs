//! How a request is refused: a status, a code of the table of problems, and one sentence. It is written as RFC 9457
//! `application/problem+json` by [`Refusal::render`] alone, so that no handler can answer in another way. No secret and
//! no cause from inside stands in it; those go to the log under the request's id.

use std::borrow::Cow;
use std::error::Error;

use accounting::problem::Code;
use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::store::StoreError;
use crate::work::WorkError;

/// Why a request is not answered as asked.
#[derive(Debug, Clone)]
pub struct Refusal {
    status: StatusCode,
    code: Code,
    detail: Cow<'static, str>,
    more: Map<String, Value>,
    headers: Box<HeaderMap>,
}

impl Refusal {
    /// A refusal with this status, code and sentence.
    pub fn new(status: StatusCode, code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), more: Map::new(), headers: Box::default() }
    }

    /// Neither a session nor a token, or one that ended.
    pub fn not_signed_in() -> Self {
        let detail = "This needs a session or a token that is valid now.";
        Self::new(StatusCode::UNAUTHORIZED, Code::NotSignedIn, detail)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// Signed in, known here, and without the right.
    pub fn not_allowed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, Code::NotAllowed, detail)
    }

    /// Nothing, or nothing that the caller may know of: the two look the same.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::NotFound, "Nothing has this address, or you have no role for it.")
    }

    /// A field of the request that cannot be taken.
    pub fn invalid(field: &str, detail: impl Into<Cow<'static, str>>) -> Self {
        let refusal = Self::new(StatusCode::BAD_REQUEST, Code::RequestInvalid, detail);
        if field.is_empty() { refusal } else { refusal.with("field", json!(field)) }
    }

    /// It does not fit what is there now.
    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, Code::StateConflict, detail)
    }

    /// Something went wrong inside. The cause goes to the log.
    pub fn failed(doing: &'static str, cause: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = cause, said = doing, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::ServiceFailed, "It was not done.")
    }

    /// Another member of the answer.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// Another header of the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// When it makes sense to ask again, in whole seconds.
    #[must_use]
    pub fn retry_after_seconds(self, seconds: u64) -> Self {
        self.with("retry_after_seconds", json!(seconds)).with_header(RETRY_AFTER, seconds.into())
    }

    /// A further member of the answer, where it has one of this name.
    pub(super) fn member(&self, name: &str) -> Option<&Value> {
        self.more.get(name)
    }

    /// The code.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The field that cannot be taken; empty where it is about none.
    pub fn field(&self) -> &str {
        self.more.get("field").and_then(Value::as_str).unwrap_or_default()
    }

    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer with its body. `request` is the request's id; `allow` is what a router says of methods.
    pub(super) fn render(&self, request: &str, allow: Option<HeaderValue>) -> Response {
        let mut body = json!({
            "type": format!("/problems/{}", self.code),
            "title": self.code.title(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code.to_string(),
            "remedy": self.code.remedy(),
            "who": self.code.owner().name(),
            "instance": format!("urn:ml-connector:request:{request}"),
        });
        if let Some(members) = body.as_object_mut() {
            members.extend(self.more.clone());
        }
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = self.status;
        response.headers_mut().extend((*self.headers).clone());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(allow) = allow {
            response.headers_mut().insert(ALLOW, allow);
        }
        response
    }
}

impl IntoResponse for Refusal {
    /// The status and the refusal itself; `guard` writes the body.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound { .. } => Self::not_found(),
            StoreError::Taken { what } => Self::conflict(format!("There is such a {what} already.")),
            StoreError::LastAdministrator => Self::conflict("Nobody else could administer the installation."),
            StoreError::Stale { what } => Self::conflict(format!("The {what} changed meanwhile; read it again.")),
            StoreError::Refused { why } => Self::conflict(why.clone()),
            StoreError::NoteMissing => Self::invalid("note", "This needs a note that says why."),
            StoreError::OwnChange { .. } => {
                Self::not_allowed("Whoever wrote the mapping that made an entry may not approve it.")
            }
            _ => match error.code() {
                None => Self::failed("a request", &error),
                Some(code) => {
                    tracing::error!(error = &error as &dyn Error, %code, "a request failed");
                    Self::new(StatusCode::SERVICE_UNAVAILABLE, code, "It was not done.").retry_after_seconds(5)
                }
            },
        }
    }
}

impl From<WorkError> for Refusal {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Store(error) => error.into(),
            WorkError::Refused { code, detail } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail),
            other => Self::failed("a request", &other),
        }
    }
}
