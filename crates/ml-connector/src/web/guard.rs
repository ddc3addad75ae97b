//! What happens around every request, whichever handler it has: an id, a deadline, who asks, where from, and the form
//! and headers of the answer. A handler that was begun is finished, even where the caller has gone away: half a change
//! is never left because a connection broke.

use std::time::{Duration, Instant};

use accounting::problem::Code;
use axum::extract::{MatchedPath, Request};
use axum::http::header::ALLOW;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument as _;

use super::listen::PeerAddress;
use super::peer::Peer;
use super::problem::Refusal;
use super::state::State;
use super::{headers, idempotency, identify, origin, pages};

/// Guards one request.
pub(super) async fn guard(
    axum::extract::State(state): axum::extract::State<State>,
    mut request: Request,
    next: Next,
) -> Response {
    let at_ms = state.clock.now_ms();
    let id = state.store.ids().unique(at_ms).unwrap_or_else(|_| "none".to_owned());
    let address = request.extensions().get::<axum::extract::ConnectInfo<PeerAddress>>().map(|info| info.0.0.ip());
    let unknown = std::net::IpAddr::from([0, 0, 0, 0]);
    let peer = Peer::of(&state, address.unwrap_or(unknown), request.headers());
    request.extensions_mut().insert(peer);
    let method = request.method().clone();
    let page = pages::wants_page(request.uri(), request.headers()).then(|| request.uri().clone());
    let pages_state = state.clone();
    let deadline = Duration::from_secs(state.settings.web.request_seconds);
    // Whatever is logged on the way carries the request's id.
    let span = tracing::error_span!("request", request = id);
    let began = Instant::now();
    let work = tokio::spawn(checked(state, request, next).instrument(span.clone()));
    let response = match tokio::time::timeout(deadline, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => span.in_scope(|| Refusal::failed("a request", &error)).into_response(),
        Err(_) => {
            let detail = format!("It was not done within {} seconds.", deadline.as_secs());
            Refusal::new(StatusCode::GATEWAY_TIMEOUT, Code::RequestSlow, detail).into_response()
        }
    };
    let mut response = match response.extensions().get::<Refusal>() {
        Some(refusal) => {
            let mut rendered = match &page {
                Some(uri) => pages::refused(&pages_state, &method, uri, refusal),
                None => refusal.render(&id, response.headers().get(ALLOW).cloned()),
            };
            rendered.extensions_mut().extend(response.extensions().clone());
            rendered
        }
        None => response,
    };
    headers::complete(&mut response, &id, peer.secure);
    let route = response.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    if method.is_safe() && status < 500 {
        tracing::debug!(request = id, %method, route, status, took_ms, "answered");
    } else {
        tracing::info!(request = id, %method, route, status, took_ms, "answered");
    }
    response
}

/// Lets the answer say which route it had: a path itself may hold anything, so it is not logged.
pub(super) async fn routed(route: MatchedPath, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(route);
    response
}

async fn checked(state: State, request: Request, next: Next) -> Response {
    match admitted(&state, request, next).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn admitted(state: &State, mut request: Request, next: Next) -> Result<Response, Refusal> {
    let headers = request.headers().clone();
    origin::check_host(state, &headers)?;
    let secure = request.extensions().get::<Peer>().is_some_and(|peer| peer.secure);
    let identity = identify::identify(state, &headers, secure).await?;
    if !identity.by_token() {
        origin::check(state, request.method(), request.uri(), &headers, identity.has_cookie)?;
    }
    let caller = identity.caller.as_ref().ok().cloned();
    request.extensions_mut().insert(identity);
    match caller {
        Some(caller) if !request.method().is_safe() => idempotency::run(state, &caller, request, next).await,
        _ => Ok(next.run(request).await),
    }
}

/// Where no route has this address.
pub(super) async fn nothing_here() -> Refusal {
    Refusal::not_found()
}

/// Where a route has this address and not this method. The router adds which it has.
pub(super) async fn no_such_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let detail = "The Allow header names the methods of this address.";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, Code::MethodUnknown, detail).into_response()
}
