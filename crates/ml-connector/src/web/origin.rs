//! Whether a request that changes something was meant by who sent it. A browser sends a session's cookie along with
//! whatever a page of another site asks for; it also says where the request comes from, and that is looked at here.
//! A token is never sent by itself, so it needs none of this.

use accounting::problem::Code;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode, Uri};

use super::api::PREFIX;
use super::problem::Refusal;
use super::request::{content_type, wrong_type};
use super::state::State;

/// The kinds of body that a form of another site can send without asking.
const FORMS: [&str; 3] = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];

/// Where nothing says how people reach the service, it is reached as this machine alone: a name that some other
/// server made to lead here is refused.
pub(super) fn check_host(state: &State, headers: &HeaderMap) -> Result<(), Refusal> {
    let web = &state.settings.web;
    if !web.public_url.is_empty() || web.insecure {
        return Ok(());
    }
    match headers.get(HOST).map(|host| host.to_str().unwrap_or_default()) {
        Some(host) if !is_loopback(host) => {
            let detail = "This service is reached as localhost; web.public_url sets another name.";
            Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, Code::OtherOrigin, detail))
        }
        _ => Ok(()),
    }
}

/// Refuses a change that another site's page may have caused. `cookie` says whether a session's cookie came along.
///
/// The pages take forms, each with a token that another site does not know; the API takes none.
pub(super) fn check(
    state: &State,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    cookie: bool,
) -> Result<(), Refusal> {
    if method.is_safe() {
        return Ok(());
    }
    let refused = |detail: &'static str| Err(Refusal::new(StatusCode::FORBIDDEN, Code::OtherOrigin, detail));
    let site = headers.get("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin") {
        return refused("The browser says that another site asked for this.");
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    let origin = origins.next();
    if origin.is_some_and(|origin| !is_own(state, headers, origin.to_str().unwrap_or_default()))
        || origins.next().is_some()
    {
        return refused("The Origin header names another site.");
    }
    if !cookie {
        return Ok(());
    }
    if site.is_none() && origin.is_none() {
        return refused("A session's cookie needs a Sec-Fetch-Site or Origin header beside it; a token does not.");
    }
    if uri.path().starts_with(PREFIX) && FORMS.contains(&content_type(headers).as_str()) {
        return Err(wrong_type("JSON, and no form"));
    }
    Ok(())
}

fn is_own(state: &State, headers: &HeaderMap, origin: &str) -> bool {
    let public = state.settings.web.public_url.trim_end_matches('/');
    if !public.is_empty() {
        return origin.eq_ignore_ascii_case(public);
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let own = origin.strip_prefix("http://");
    host.zip(own).is_some_and(|(host, own)| host.eq_ignore_ascii_case(own))
}

/// Whether a request names this machine itself as the host it asks.
pub(super) fn is_loopback_host(headers: &HeaderMap) -> bool {
    headers.get(HOST).is_some_and(|host| is_loopback(host.to_str().unwrap_or_default()))
}

/// `localhost`, `127.x.x.x` or `[::1]`, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
