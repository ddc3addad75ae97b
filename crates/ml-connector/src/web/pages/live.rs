//! The stream that tells an open page that something changed. It says no more than that; the page is then read again,
//! with the rights of whoever reads it.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream;

use super::super::problem::Refusal;
use super::super::state::State;
use super::visit::Visit;
use crate::store::{CustomerStore, StoreError};

/// How often it is looked whether something changed.
const LOOK: Duration = Duration::from_secs(1);
/// Looks between two signs of life, well below the time after which an idle connection is closed.
const QUIET_LOOKS: u32 = 15;
/// Looks of one stream. The browser opens the next by itself, and its session is then looked at again.
const LOOKS: u32 = 300;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/c/{customer}/live", get(live))
}

/// Tells of changes of a customer.
async fn live(visit: Visit) -> Result<Response, Refusal> {
    let seen = mark(&visit.customer).await?;
    let began = Watch { state: visit.state, customer: visit.customer, seen, looks: 0 };
    let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"retry: 2000\n\n"))]);
    let changes = stream::unfold(began, |watch| async move { watch.next().await });
    let mut response = Body::from_stream(futures_util::StreamExt::chain(first, changes)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(response)
}

struct Watch {
    state: State,
    customer: CustomerStore,
    seen: (i64, i64, i64),
    looks: u32,
}

impl Watch {
    /// What to send next; nothing where the stream ends.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let mut quiet = 0;
        while self.looks < LOOKS && !self.state.is_draining() {
            tokio::time::sleep(LOOK).await;
            self.looks += 1;
            quiet += 1;
            let now = mark(&self.customer).await.ok()?;
            if now != self.seen {
                self.seen = now;
                return Some((Ok(Bytes::from_static(b"event: change\ndata: {}\n\n")), self));
            }
            if quiet == QUIET_LOOKS {
                return Some((Ok(Bytes::from_static(b": still here\n\n")), self));
            }
        }
        None
    }
}

/// Moves whenever something of the customer changed: the length of its audit, the answers to what was asked, and the
/// counted figures.
async fn mark(customer: &CustomerStore) -> Result<(i64, i64, i64), StoreError> {
    let head = customer.audit_head().await?.map_or(0, |(seq, _)| seq);
    Ok((head, customer.wanted_moved_ms().await?, customer.boards_counted_ms().await?))
}
