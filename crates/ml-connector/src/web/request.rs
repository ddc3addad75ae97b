//! What a handler takes out of a request: its JSON body, its query and the ids in its path. Each refuses what it cannot
//! take with the field, line and column; none of them has a size without a limit.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::json;

use accounting::problem::Code;

use super::problem::Refusal;
use super::state::State;

/// Most bytes of a body.
pub const BODY_BYTES: usize = 1 << 20;
/// Most bytes of a body where a route says so.
pub const LARGE_BODY_BYTES: usize = 5 << 20;

/// A JSON body of at most a mebibyte.
pub struct Body<T>(pub T);

/// A body of any kind of at most [`LARGE_BODY_BYTES`], with its content type without parameters.
pub struct LargeBody {
    /// In lower case, such as `text/csv`; empty where the request names none.
    pub content_type: String,
    /// What was sent.
    pub bytes: Bytes,
}

/// The query.
pub struct Asked<T>(pub T);

/// What stands in the path's places.
pub struct Place<T>(pub T);

impl<T: DeserializeOwned> FromRequest<State> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &State) -> Result<Self, Refusal> {
        let content_type = content_type(request.headers());
        if content_type != "application/json" && !is_json_suffix(&content_type) {
            return Err(wrong_type("application/json"));
        }
        let bytes = read(request, BODY_BYTES).await?;
        axum::Json::<T>::from_bytes(&bytes).map(|json| Self(json.0)).map_err(|rejection| unread(&rejection))
    }
}

impl FromRequest<State> for LargeBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &State) -> Result<Self, Refusal> {
        let content_type = content_type(request.headers());
        Ok(Self { content_type, bytes: read(request, LARGE_BODY_BYTES).await? })
    }
}

impl<T: DeserializeOwned> FromRequestParts<State> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        match axum::extract::Query::<T>::try_from_uri(&parts.uri) {
            Ok(query) => Ok(Self(query.0)),
            Err(rejection) => {
                Err(Refusal::invalid("", format!("The query cannot be taken: {}.", cause_of(&rejection))))
            }
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<State> for Place<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        // A path that is no text names nothing.
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_| Refusal::not_found())
    }
}

/// The body, or the refusal of one that is longer than `limit` bytes.
pub(super) async fn read(request: Request, limit: usize) -> Result<Bytes, Refusal> {
    let announced = request.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    axum::body::to_bytes(request.into_body(), limit).await.map_err(|error| {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            if error.to_string() == "length limit exceeded" {
                return too_large(limit);
            }
            cause = error.source();
        }
        Refusal::invalid("", "The body ended before its end.")
    })
}

fn too_large(limit: usize) -> Refusal {
    let detail = format!("The body may have at most {limit} bytes here.");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, Code::RequestTooLarge, detail)
}

/// The kind of the body, in lower case and without parameters.
pub(super) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_json_suffix(content_type: &str) -> bool {
    content_type.starts_with("application/") && content_type.ends_with("+json")
}

/// A body of another kind than this address takes.
pub(super) fn wrong_type(expected: &str) -> Refusal {
    let detail = format!("This address takes {expected}.");
    Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::ContentTypeWrong, detail)
}

/// Names the field, and where in the text it is.
fn unread(rejection: &JsonRejection) -> Refusal {
    // What serde says, after the path where the path is not the whole document.
    let said = cause_of(rejection);
    let (said, place) = match said.rsplit_once(" at line ") {
        Some((said, place)) => (said, place.split_once(" column ")),
        None => (said.as_str(), None),
    };
    let (path, said) = match said.split_once(": ") {
        Some((path, said)) if is_path(path) => (path, said),
        _ => ("", said),
    };
    let named = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|said_of| said.strip_prefix(said_of));
    let field = named.and_then(|rest| rest.split('`').next()).map_or_else(
        || path.to_owned(),
        |name| match path {
            "" | "." => name.to_owned(),
            // The path of an unknown field ends with the field itself.
            path if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
            path => format!("{path}.{name}"),
        },
    );
    let refusal = Refusal::invalid(&field, format!("The body cannot be taken: {said}."));
    match place.and_then(|(line, column)| Some((line.parse::<u64>().ok()?, column.parse::<u64>().ok()?))) {
        Some((line, column)) => refusal.with("line", json!(line)).with("column", json!(column)),
        None => refusal,
    }
}

/// `a.b[3].c`, as distinct from a sentence.
fn is_path(text: &str) -> bool {
    text.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '[' | ']' | '-' | '?'))
}

/// What the parser itself said.
fn cause_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        // The innermost error has lost the path.
        if source.source().is_none() && error.to_string().ends_with(&source.to_string()) {
            break;
        }
        error = source;
    }
    error.to_string()
}
