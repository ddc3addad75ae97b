//! `Idempotency-Key`: a request that changes something may be sent again, and nothing happens twice. Only what was done
//! is kept; a refused request changed nothing, so its key is free again.

use accounting::problem::Code;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use axum::middleware::Next;
use axum::response::Response;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::caller::Caller;
use super::problem::Refusal;
use super::request::{LARGE_BODY_BYTES, read};
use super::state::State;
use crate::store::{Claimed, KeyedRequest};

const KEY: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Most letters of a key.
const KEY_LETTERS: usize = 255;
/// A request that is still without a reply after so long, in milliseconds beyond its deadline, ended without one.
const LOST_MS: i64 = 60_000;

/// The head of a kept reply; the body follows after a line's end.
#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    content_type: Option<String>,
    location: Option<String>,
}

/// Does the request, or gives the reply of the first time.
pub(super) async fn run(state: &State, caller: &Caller, request: Request, next: Next) -> Result<Response, Refusal> {
    let Some(key) = key(&request)? else {
        return Ok(next.run(request).await);
    };
    let (parts, body) = request.into_parts();
    let body = read(Request::from_parts(parts.clone(), body), LARGE_BODY_BYTES).await?;
    let mut hash = Sha256::new();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    for part in [parts.method.as_str().as_bytes(), target.as_bytes(), &body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let seal = Sha256::new().chain_update(caller.seal()).chain_update(key.as_bytes()).finalize();
    let keyed = KeyedRequest {
        caller: caller.actor().id,
        key_sha256: HEXLOWER.encode(&Sha256::digest(key.as_bytes())),
        request_sha256: HEXLOWER.encode(&hash.finalize()),
        seal: Zeroizing::new(seal.into()),
    };
    let at_ms = state.clock.now_ms();
    match state.store.claim_key(&keyed, at_ms).await? {
        Claimed::New => done(state, &keyed, next.run(Request::from_parts(parts, Body::from(body))).await).await,
        Claimed::Done(reply) => again(&reply),
        Claimed::Running(since_ms) => Err(running(state, at_ms.saturating_sub(since_ms))),
        Claimed::Reused => {
            let detail = "This key came before with another method, address or body.";
            Err(Refusal::new(StatusCode::CONFLICT, Code::KeyReused, detail))
        }
        Claimed::Unreadable => Err(Refusal::conflict(
            "It was done before, under another session or token of yours, and its reply can only be read with that.",
        )),
    }
}

fn key(request: &Request) -> Result<Option<String>, Refusal> {
    let mut values = request.headers().get_all(KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value
        .to_str()
        .ok()
        .filter(|text| (1..=KEY_LETTERS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()));
    match text.filter(|_| values.next().is_none()) {
        Some(text) => Ok(Some(text.to_owned())),
        None => {
            let detail = format!("It is one text of 1 to {KEY_LETTERS} visible ASCII letters, such as a UUID.");
            Err(Refusal::invalid("Idempotency-Key", detail))
        }
    }
}

fn running(state: &State, for_ms: i64) -> Refusal {
    let deadline_ms = i64::try_from(state.settings.web.request_seconds).unwrap_or(i64::MAX).saturating_mul(1_000);
    if for_ms < deadline_ms.saturating_add(LOST_MS) {
        let detail = "The first request with this key is under way.";
        return Refusal::new(StatusCode::CONFLICT, Code::RequestRunning, detail).retry_after_seconds(2);
    }
    // Whether it was done is not known, so it must not be done again.
    let detail = "The first request with this key ended without a reply. Read what it was to change.";
    Refusal::new(StatusCode::CONFLICT, Code::RequestRunning, detail)
}

/// Keeps the reply of what was done. Where that fails the key stays taken: to do it twice would be worse.
async fn done(state: &State, keyed: &KeyedRequest, response: Response) -> Result<Response, Refusal> {
    let status = response.status();
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        // It may have been done: the key stays taken.
        return Ok(response);
    }
    if status.is_client_error() || status.is_server_error() {
        if let Err(error) = state.store.release_key(keyed).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a request's key was not given back");
        }
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, LARGE_BODY_BYTES).await;
    let body = body.map_err(|error| Refusal::failed("keeping a reply", &error))?;
    let text = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok().map(str::to_owned));
    let head = Head { status: parts.status.as_u16(), content_type: text(CONTENT_TYPE), location: text(LOCATION) };
    let mut reply = serde_json::to_vec(&head).map_err(|error| Refusal::failed("keeping a reply", &error))?;
    reply.push(b'\n');
    reply.extend_from_slice(&body);
    if let Err(error) = state.store.keep_reply(keyed, &reply).await {
        tracing::error!(error = &error as &dyn std::error::Error, "a reply was not kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn again(reply: &[u8]) -> Result<Response, Refusal> {
    let (head, body) = reply.iter().position(|byte| *byte == b'\n').map_or((reply, &[][..]), |at| {
        let (head, body) = reply.split_at(at);
        (head, &body[1..])
    });
    let unread = |error: &(dyn std::error::Error + 'static)| Refusal::failed("reading a kept reply", error);
    let head: Head = serde_json::from_slice(head).map_err(|error| unread(&error))?;
    let mut response = Response::new(Body::from(body.to_vec()));
    *response.status_mut() = StatusCode::from_u16(head.status).map_err(|error| unread(&error))?;
    for (name, value) in [(CONTENT_TYPE, head.content_type), (LOCATION, head.location)] {
        if let Some(value) = value {
            let value = HeaderValue::from_str(&value).map_err(|error| unread(&error))?;
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
