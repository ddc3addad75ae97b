//! Who may see the figures of the installation without signing in as a person: whoever asks from this machine itself, or
//! shows the token of the operator's file, or one of an instance administrator.

use std::net::IpAddr;

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};

use super::identify;
use super::listen::PeerAddress;
use super::origin::is_loopback_host;
use super::state::State;

/// The far end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Far(IpAddr);

/// Notes the far end, for routes outside of the guard.
pub(super) async fn note_far(mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(address)) = request.extensions().get::<ConnectInfo<PeerAddress>>() {
        let far = Far(address.0.ip());
        request.extensions_mut().insert(far);
    }
    next.run(request).await
}

/// Whether the caller may see the figures.
pub(super) async fn is_operator(state: &State, far: Option<Far>, headers: &HeaderMap) -> bool {
    if far.is_some_and(|far| is_this_machine(far.0, headers)) {
        return true;
    }
    if !headers.contains_key(AUTHORIZATION) {
        return false;
    }
    if shows_token_of_file(state, headers).await {
        return true;
    }
    let identity = identify::identify(state, headers, true).await;
    identity.is_ok_and(|identity| identity.by_token() && identity.caller.is_ok_and(|caller| caller.may_install()))
}

/// A proxy on this machine connects from here as well; it says for whom. A page of another site that has its name lead
/// here names itself as the host.
fn is_this_machine(far: IpAddr, headers: &HeaderMap) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"].iter().any(|name| headers.contains_key(*name));
    far.to_canonical().is_loopback() && !forwarded && is_loopback_host(headers)
}

async fn shows_token_of_file(state: &State, headers: &HeaderMap) -> bool {
    let file = &state.settings.metrics.token_file;
    if file.is_empty() {
        return false;
    }
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(shown) = shown.map(str::trim).filter(|shown| !shown.is_empty()) else { return false };
    let Ok(kept) = tokio::fs::read_to_string(file).await else {
        tracing::warn!("the file that metrics.token_file names cannot be read");
        return false;
    };
    // Of equal length and unlike what was sent: how far they agree tells nothing.
    !kept.trim().is_empty() && Sha256::digest(shown) == Sha256::digest(kept.trim())
}
