//! Whether the process lives, and whether it is ready: one word for anybody, what is up and what is down for callers
//! with rights. These routes stand outside of the guard, so that they answer while everything else waits.

use std::time::Duration;

use axum::extract::{RawQuery, State as Shared};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use super::operator::{Far, is_operator};
use super::state::State;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// A worker's loop that has not come round for so long stands still.
const STILL_MS: i64 = 60_000;

/// `/healthz` and `/readyz`.
pub(super) fn routes() -> Router<State> {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz))
}

async fn healthz() -> Response {
    word(StatusCode::OK, "up")
}

async fn readyz(
    Shared(state): Shared<State>,
    far: Option<Extension<Far>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let found = look(&state).await;
    let status = if found.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let in_detail = query.is_some_and(|query| query == "detail=json");
    if in_detail && is_operator(&state, far.map(|far| far.0), &headers).await {
        return (status, [(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(found.detail)).into_response();
    }
    word(status, if found.ready { "up" } else { "down" })
}

struct Found {
    ready: bool,
    detail: Value,
}

async fn look(state: &State) -> Found {
    let asked = tokio::time::timeout(PATIENCE, state.store.schema_now()).await;
    let schema = asked.ok().and_then(Result::ok);
    let (found, known) = schema.unwrap_or_default();
    let (database, fits) = (schema.is_some(), schema.is_some() && found == known);
    let turned_ms = state.figures.turned_ms();
    let age_ms = state.clock.now_ms().saturating_sub(turned_ms);
    let worker = turned_ms == 0 || age_ms < STILL_MS;
    let draining = state.is_draining();
    let up = |is: bool| if is { "up" } else { "down" };
    let loop_is = if turned_ms == 0 { "none" } else { up(worker) };
    Found {
        ready: database && fits && worker && !draining,
        detail: json!({
            "database": up(database),
            "schema": if fits { json!(found) } else { json!("wrong") },
            "worker": loop_is,
            "draining": draining,
        }),
    }
}

fn word(status: StatusCode, word: &'static str) -> Response {
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")]
        .map(|(name, value)| (name, HeaderValue::from_static(value)));
    (status, headers, format!("{word}\n")).into_response()
}
