//! The XML gateway over HTTP: the edge's refusals, the faults around the model, and the time that work takes.

use super::companies::Company;
use super::connection::Cut;
use super::{Shared, body, gone, lock, now_ms};
use crate::faults::{Action, Rule, Vendor};
use crate::intacct::{self, Injected, Reply, Request};
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http;
use axum::response::Response;
use std::sync::Arc;
use std::time::Duration;

const BODY_MAX: usize = 64 << 20;

/// What becomes of one request.
enum Outcome {
    Answer(Response),
    Cut,
    Hang,
}

/// Answers one HTTP request.
pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: http::Request<Body>,
) -> Response {
    let (parts, request_body) = request.into_parts();
    let content_type = parts.headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let Ok(bytes) = axum::body::to_bytes(request_body, BODY_MAX).await else {
        return body::gateway(Reply::edge(413, "GW-0011", "Invalid Request"));
    };
    let lenient = lock(&shared.companies.first().intacct).assumptions().any_content_type;
    if parts.method != http::Method::POST {
        return body::gateway(Reply::edge(405, "GW-0011", "Invalid Request"));
    }
    if !lenient && !is_xml(content_type) {
        return body::gateway(Reply::edge(415, "GW-0011", "Invalid Request"));
    }
    // In a task of its own: the vendor goes on working when the client leaves.
    let work = tokio::spawn(work(shared.clone(), bytes));
    match work.await {
        Ok(Outcome::Answer(response)) => response,
        Ok(Outcome::Hang) => {
            gone(&mut shared.stop.clone()).await;
            nothing(&cut)
        }
        Ok(Outcome::Cut) | Err(_) => nothing(&cut),
    }
}

fn is_xml(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or("").trim();
    ["application/xml", "text/xml", "x-intacct-xml-request"].iter().any(|k| kind.eq_ignore_ascii_case(k))
}

fn nothing(cut: &Cut) -> Response {
    cut.cut();
    body::whole(503, "text/plain", Body::empty())
}

async fn work(shared: Arc<Shared>, bytes: Bytes) -> Outcome {
    let request = intacct::read(&bytes);
    let company = shared.companies.of_gateway(&request);
    lock(&company.intacct).count(&request);
    let names = request.names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let decision = shared.companies.decide(&company, Vendor::Intacct, &names, &bytes);
    tokio::time::sleep(Duration::from_millis(decision.latency_ms)).await;
    let (limit, queue) = {
        let model = lock(&company.intacct);
        (model.assumptions().concurrency, model.assumptions().over_concurrency_waits)
    };
    let Some(_slot) = company.gate.enter(limit, queue).await else {
        lock(&company.intacct).count_refused();
        return Outcome::Answer(body::gateway(Reply::rate_limited(429)));
    };
    suffer(&shared, &company, &bytes, &request, &decision.rule.unwrap_or_default()).await
}

async fn suffer(
    shared: &Arc<Shared>,
    company: &Arc<Company>,
    bytes: &Bytes,
    request: &Request<'_>,
    rule: &Rule,
) -> Outcome {
    let usual = Injected::default();
    match rule.action {
        Action::DropBeforeCommit => return Outcome::Cut,
        Action::HangBeforeCommit => return Outcome::Hang,
        Action::LateCommit => {
            let (shared, company) = (shared.clone(), company.clone());
            let (bytes, delay_ms) = (bytes.clone(), rule.delay_ms);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(delay_ms)).await;
                run(&shared, &company, &intacct::read(&bytes), usual).await;
            });
            return Outcome::Cut;
        }
        Action::ExpiredSession => lock(&company.intacct).forget_session_of(request),
        Action::DuplicateDelivery => drop(run(shared, company, request, usual).await),
        _ => {}
    }
    if let Some(refusal) = refusal(rule) {
        if rule.commit {
            run(shared, company, request, usual).await;
        }
        return Outcome::Answer(refusal);
    }
    let reply = run(shared, company, request, injected(rule.action)).await;
    match rule.action {
        Action::DropAfterCommit => Outcome::Cut,
        Action::HangAfterCommit => Outcome::Hang,
        Action::Truncate => Outcome::Answer(body::truncated(reply.status, reply.content_type, reply.body, rule.bytes)),
        _ => Outcome::Answer(body::gateway(reply)),
    }
}

/// Answers that do not depend on the request.
fn refusal(rule: &Rule) -> Option<Response> {
    Some(match rule.action {
        Action::Http500 => body::whole(500, "text/plain", Body::empty()),
        Action::Http502 => body::whole(502, "text/plain", Body::empty()),
        Action::Http503Html => body::html(503, "Service Unavailable"),
        Action::Http524 => body::html(524, "A timeout occurred"),
        Action::Html200 => body::html(200, "Please sign in to the network"),
        Action::Empty200 => body::whole(200, "text/xml; charset=UTF-8", Body::empty()),
        Action::GatewayError => body::gateway(Reply::edge(500, "GW-0001", "Unable to process request")),
        Action::RateLimit429 => body::gateway(Reply::rate_limited(429)),
        Action::RateLimit200 => body::gateway(Reply::rate_limited(200)),
        Action::Edge401 => body::gateway(Reply::edge(
            401,
            "XMLGW_JPP0002",
            "Sign-in information is incorrect. Please check your request.",
        )),
        Action::Offline => body::gateway(Reply::offline()),
        _ => return None,
    })
}

fn injected(action: Action) -> Injected {
    Injected {
        closed_period: action == Action::ClosedPeriod,
        omit_recordno: action == Action::OmitRecordno,
        foreign_controlid: action == Action::ForeignControlid,
        missing_result: action == Action::MissingResult,
        duplicate_result: action == Action::DuplicateResult,
        malformed: action == Action::MalformedXml,
        doctype: action == Action::Doctype,
    }
}

/// Runs one delivery of a request. The check for repeated control ids happens on arrival, the work at its end, so
/// that two copies can overlap as they do at the vendor.
async fn run(shared: &Shared, company: &Company, request: &Request<'_>, injected: Injected) -> Reply {
    let (per_function_ms, serial) = shared.companies.create_pace(company);
    let creates = request.creates();
    let _lane = if serial && creates > 0 { Some(company.create_lane.lock().await) } else { None };
    let ticket = lock(&company.intacct).begin(now_ms(), request);
    let work_ms = per_function_ms.saturating_mul(creates as u64);
    if work_ms > 0 {
        tokio::time::sleep(Duration::from_millis(work_ms)).await;
    }
    lock(&company.intacct).finish(now_ms(), request, ticket, injected)
}
