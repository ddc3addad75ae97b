//! A refusal as a page: what was refused, why and the remedy. Who is not signed in is led to the door, and back.

use axum::body::Body;
use axum::http::header::{ACCEPT, HeaderMap};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::super::api::PREFIX;
use super::super::problem::Refusal;
use super::super::state::State;
use super::frame::Frame;
use super::visit::go;

/// A refusal in words.
#[derive(Clone)]
pub(in crate::web) struct Told {
    /// What it is.
    pub title: String,
    /// What is the matter here.
    pub detail: String,
    /// What helps.
    pub remedy: String,
    /// Its code.
    pub code: String,
}

impl From<&Refusal> for Told {
    fn from(refusal: &Refusal) -> Self {
        let code = refusal.code();
        Self {
            title: code.title().trim_end_matches('.').to_owned(),
            detail: refusal.detail().to_owned(),
            remedy: code.remedy().to_owned(),
            code: code.to_string(),
        }
    }
}

#[derive(askama::Template)]
#[template(path = "refused.html")]
struct Refused {
    frame: Frame,
    told: Told,
    /// Where a person who may not stay can go.
    home: &'static str,
}

/// Whether whoever asks reads pages: then a refusal is one as well.
pub(in crate::web) fn wants_page(uri: &Uri, headers: &HeaderMap) -> bool {
    let accepts = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accepts.contains("text/html") && !uri.path().starts_with(PREFIX)
}

/// The page of a refusal.
pub(in crate::web) fn refused(state: &State, method: &Method, uri: &Uri, refusal: &Refusal) -> Response {
    if refusal.status() == StatusCode::UNAUTHORIZED && method.is_safe() {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let to: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
        return go(&format!("/sign-in?to={to}"));
    }
    let page = Refused { frame: Frame::bare(state, String::new()), told: refusal.into(), home: "/" };
    let mut response = show(&page);
    *response.status_mut() = refusal.status();
    response
}

/// A page's answer.
pub(in crate::web) fn show(page: &impl askama::Template) -> Response {
    match page.render() {
        Ok(text) => page_answer(text),
        Err(error) => Refusal::failed("a page", &error).into_response(),
    }
}

fn page_answer(text: String) -> Response {
    use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
    let mut response = Response::new(Body::from(text));
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The pages' own style, script, pictures and forms; nothing inline, and nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
