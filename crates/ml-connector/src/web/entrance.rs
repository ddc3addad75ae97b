//! The two pages that a one-time link leads to. The secret stands after the `#`, so that no server, proxy or log on the
//! way is sent it; the page's own script sends it on, and takes it out of the browser's history.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::api::PREFIX;
use super::state::State;

/// The page's own script and style, and requests to this service alone.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; \
form-action 'none'; frame-ancestors 'none'";
const SCRIPT: &str = include_str!("entrance.js");
const PASSWORDS: &str = "<p><label>Password, at least 12 characters<br><input name=\"password\" type=\"password\" \
minlength=\"12\" maxlength=\"128\" autocomplete=\"new-password\" required></label></p><p><label>The same again<br>\
<input name=\"again\" type=\"password\" autocomplete=\"new-password\" required></label></p>";
const PERSON: &str = "<p><label>E-mail, to sign in with<br><input name=\"email\" type=\"email\" \
autocomplete=\"username\" required></label></p><p><label>Name<br><input name=\"name\" maxlength=\"200\" \
autocomplete=\"name\" required></label></p>";

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/link", get(async || page("Set your password", "password", "")))
        .route("/administrator", get(async || page("Become the first administrator", "administrator", PERSON)))
        .route("/entrance.js", get(script))
}

fn page(title: &str, operation: &str, more: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><link rel=\"stylesheet\" href=\"/page.css\"><script \
         src=\"/entrance.js\" defer></script></head><body><main><h1>{title}</h1><form \
         data-to=\"{PREFIX}/{operation}\">{more}{PASSWORDS}<p><button>{title}</button></p></form><output \
         role=\"status\"></output><noscript>This page needs its script; or send the same to the \
         API.</noscript></main></body></html>"
    );
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers.map(|(name, value)| (name, HeaderValue::from_static(value))), html).into_response()
}

async fn script() -> Response {
    let headers = [(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "max-age=3600")];
    (headers.map(|(name, value)| (name, HeaderValue::from_static(value))), SCRIPT).into_response()
}
