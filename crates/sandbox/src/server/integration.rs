//! The Integration Server over HTTP: faults around the model, downloads drawn while they are sent.

use super::companies::Company;
use super::connection::Cut;
use super::{Shared, body, gone, lock, now_ms};
use crate::expensify::{Asked, Body as ModelBody, Reply, Request};
use crate::faults::{Action, Decision, Vendor};
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http;
use axum::response::Response;
use futures_util::stream;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

const BODY_MAX: usize = 64 << 20;

/// Answers `GET` and `POST`.
pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: http::Request<Body>,
) -> Response {
    let (parts, request_body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(request_body, BODY_MAX).await else {
        return body::whole(413, "text/plain", Body::empty());
    };
    let content_type = parts.headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let request = Request {
        method: parts.method.to_string(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        content_type: content_type.unwrap_or_default().to_owned(),
        body: bytes,
    };
    let asked = Asked::read(&request);
    let company = shared.companies.of_integration(&asked);
    let decision = shared.companies.decide(&company, Vendor::Expensify, &[asked.job_name()], &request.body);
    tokio::time::sleep(Duration::from_millis(decision.latency_ms)).await;
    match suffer(&shared, &company, &cut, &asked, &decision) {
        Some(response) => response,
        None => {
            gone(&mut shared.stop.clone()).await;
            cut.cut();
            body::whole(503, "text/plain", Body::empty())
        }
    }
}

/// The answer, or `None` for none ever. Exports change nothing, so "before" and "after commit" differ only in what
/// the model counts.
fn suffer(shared: &Shared, company: &Company, cut: &Cut, asked: &Asked, decision: &Decision) -> Option<Response> {
    let rule = decision.rule.clone().unwrap_or_default();
    let handle = || {
        let now_ms = now_ms();
        let over_address = shared.companies.is_over_address(cut.peer(), now_ms);
        lock(&company.expensify).answer(now_ms, asked, over_address)
    };
    let limited = r#"{"responseMessage":"Too many requests. Please try again later","responseCode":429}"#;
    let broken = |status: u16, sentence: &str| match status {
        500 | 502 => body::whole(status, "text/plain", Body::empty()),
        _ => body::html(status, sentence),
    };
    if rule.commit || matches!(rule.action, Action::DropAfterCommit | Action::HangAfterCommit) {
        drop(handle());
    }
    Some(match rule.action {
        Action::DropBeforeCommit | Action::DropAfterCommit | Action::LateCommit => {
            cut.cut();
            body::whole(503, "text/plain", Body::empty())
        }
        Action::HangBeforeCommit | Action::HangAfterCommit => return None,
        Action::Http500 | Action::GatewayError => broken(500, ""),
        Action::Http502 => broken(502, ""),
        Action::Http503Html | Action::Offline => broken(503, "Service Unavailable"),
        Action::Http524 => broken(524, "A timeout occurred"),
        Action::Html200 => broken(200, "We will be right back"),
        Action::Empty200 => body::whole(200, "text/plain;charset=utf-8", Body::empty()),
        Action::RateLimit429 => body::whole(429, "text/plain;charset=utf-8", limited),
        Action::RateLimit200 => body::whole(200, "text/plain;charset=utf-8", limited),
        Action::Truncate => {
            let reply = handle();
            body::truncated(reply.status, reply.content_type, reply.body.collect(), rule.bytes)
        }
        Action::DuplicateDelivery => {
            drop(handle());
            sent(handle())
        }
        _ => sent(handle()),
    })
}

fn sent(reply: Reply) -> Response {
    match reply.body {
        ModelBody::Bytes(bytes) => body::whole(reply.status, reply.content_type, bytes),
        // An idle poll is not worth a thread.
        ModelBody::Chunks(chunks) if chunks.is_idle() => {
            body::whole(reply.status, reply.content_type, ModelBody::Chunks(chunks).collect())
        }
        ModelBody::Chunks(chunks) => {
            // Few chunks in hand: rendering overlaps with sending, and memory stays bounded.
            let (sender, receiver) = mpsc::channel::<Bytes>(2);
            tokio::task::spawn_blocking(move || {
                for chunk in chunks {
                    if sender.blocking_send(chunk).is_err() {
                        break; // the client left
                    }
                }
            });
            let chunks = stream::unfold(receiver, |mut receiver| async move {
                receiver.recv().await.map(|chunk| (Ok::<_, std::io::Error>(chunk), receiver))
            });
            body::whole(reply.status, reply.content_type, Body::from_stream(chunks))
        }
    }
}
