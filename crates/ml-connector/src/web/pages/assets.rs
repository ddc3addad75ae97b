//! The one stylesheet and the one script of the pages. Their addresses change with their contents, so a browser may
//! keep them for ever.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::web::state::State;

/// Parts of the stylesheet: the ground first, then one for each kind of page.
const STYLE: &str = concat!(
    include_str!("style/ground.css"),
    include_str!("style/frame.css"),
    include_str!("style/parts.css"),
    include_str!("style/reports.css"),
    include_str!("style/board.css"),
    include_str!("style/start.css"),
    include_str!("style/mapping.css"),
);
/// Parts of the script, each a block of its own.
const SCRIPT: &str = concat!(
    include_str!("script/live.js"),
    include_str!("script/entrance.js"),
    include_str!("script/reports.js"),
    include_str!("script/mapping.js"),
);
/// A mark in the colours of the pages, so that no browser asks for one in vain.
const ICON: &str = include_str!("icon.svg");

static STYLE_PATH: LazyLock<String> = LazyLock::new(|| address("pages.css", STYLE));
static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| address("pages.js", SCRIPT));

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/assets/{hash}/pages.css", get(async || answer("text/css; charset=utf-8", STYLE)))
        .route("/assets/{hash}/pages.js", get(async || answer("text/javascript; charset=utf-8", SCRIPT)))
        .route("/favicon.ico", get(async || answer("image/svg+xml", ICON)))
}

/// Where the stylesheet is.
pub(super) fn style() -> &'static str {
    &STYLE_PATH
}

/// Where the script is.
pub(super) fn script() -> &'static str {
    &SCRIPT_PATH
}

fn address(name: &str, text: &str) -> String {
    let hash = HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    format!("/assets/{}/{name}", hash.get(..16).unwrap_or_default())
}

fn answer(content_type: &'static str, text: &'static str) -> Response {
    let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers.map(|(name, value)| (name, HeaderValue::from_static(value))), text).into_response()
}
