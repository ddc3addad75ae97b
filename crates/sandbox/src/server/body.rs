//! Answers as HTTP: whole, page by page, and the broken ones.

use crate::intacct;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::stream;
use std::io;

/// A whole answer.
pub(super) fn whole(status: u16, content_type: &str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

/// A gateway answer.
pub(super) fn gateway(reply: intacct::Reply) -> Response {
    whole(reply.status, reply.content_type, reply.body)
}

/// A page of HTML, as edges, captive portals and maintenance windows show.
pub(super) fn html(status: u16, sentence: &str) -> Response {
    let page =
        format!("<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>{sentence}</h1></body></html>");
    whole(status, "text/html; charset=UTF-8", page)
}

/// The first `keep` bytes of a body whose full length is announced; then the connection breaks.
pub(super) fn truncated(status: u16, content_type: &str, body: Bytes, keep: usize) -> Response {
    let length = body.len();
    let head = body.slice(..keep.min(length));
    let steps = stream::unfold(0_u8, move |step| {
        let head = head.clone();
        async move {
            // The pause between the two steps lets what was written leave the buffer.
            match step {
                0 => Some((Ok(head), 1)),
                1 => {
                    tokio::task::yield_now().await;
                    Some((Err(io::Error::from(io::ErrorKind::ConnectionAborted)), 2))
                }
                _ => None,
            }
        }
    });
    let mut response = whole(status, content_type, Body::from_stream(steps));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}
