//! How bytes reach the gateway: over HTTP, or to a function in the same process.
//!
//! Carries bytes and says what happened to them. It reads no XML and repeats nothing.

mod http;
mod resolve;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::config::Config;
use crate::error::{Cause, Error};

/// A request to send.
#[derive(Clone)]
pub struct Outgoing {
    /// Where to.
    pub url: String,
    /// The envelope. Holds credentials.
    pub body: Bytes,
    /// What kind of request it is.
    pub kind: RequestKind,
    /// The time for all of it, connecting included.
    pub timeout: Duration,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, body, kind, timeout } = self;
        out.debug_struct("Outgoing")
            .field("url", url)
            .field("body_bytes", &body.len())
            .field("kind", kind)
            .field("timeout", timeout)
            .finish()
    }
}

/// Kinds of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// Changes nothing; connections are kept for the next.
    Read,
    /// Changes something; gets a connection of its own.
    Create,
}

/// An HTTP answer.
#[derive(Clone)]
pub struct Incoming {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, where given in seconds.
    pub retry_after: Option<Duration>,
    /// The whole body, decompressed.
    pub body: Bytes,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Incoming").field("status", &self.status).field("body_bytes", &self.body.len()).finish()
    }
}

/// Why there is no whole HTTP answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Not a byte of the request was written.
    #[error("not sent ({kind})")]
    NotSent {
        /// At which step it failed.
        kind: UnreachableKind,
        /// What the network said.
        #[source]
        cause: Cause,
    },
    /// Time ran out; anything may have been written.
    #[error("timed out")]
    Timeout(Partial),
    /// The connection broke; anything may have been written.
    #[error("the connection broke")]
    Broken {
        /// What the network said.
        #[source]
        cause: Cause,
        /// What had arrived.
        partial: Partial,
    },
    /// The answer is larger than the limit.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit, in bytes after decompression.
        limit_bytes: usize,
        /// What had arrived.
        partial: Partial,
    },
}

/// What had arrived of an answer.
#[derive(Debug, Clone, Default)]
pub struct Partial {
    /// HTTP status, where it had.
    pub status: Option<u16>,
    /// The beginning of the body.
    pub body: Bytes,
}

/// Steps before the first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnreachableKind {
    /// The name did not resolve, or to an address that may not be called.
    #[error("name resolution")]
    Name,
    /// TCP.
    #[error("connecting")]
    Connect,
    /// TLS: handshake or certificate.
    #[error("TLS")]
    Tls,
    /// The request could not be built.
    #[error("building the request")]
    Request,
}

/// What an exchange comes to, in time.
pub type Exchanging<'a> = Pin<Box<dyn Future<Output = Result<Incoming, SendError>> + Send + 'a>>;

/// Another way to reach a gateway: a simulation's, in the same process.
pub trait Exchange: Send + Sync {
    /// Sends a request and waits for its answer. Keeping to `timeout` is the client's business, not this function's.
    fn exchange(&self, request: Outgoing) -> Exchanging<'_>;
}

/// How an exchange with the gateway ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// An answer came, with this HTTP status.
    Answered(u16),
    /// Not a byte was written.
    NotSent,
    /// Time ran out.
    TimedOut,
    /// The connection broke, or the answer was too large.
    Broken,
}

/// Told of each exchange: its kind, how it ended, and how long it took. It learns nothing of what was said.
pub type Watcher = Arc<dyn Fn(RequestKind, End, Duration) + Send + Sync>;

/// How bytes reach the gateway.
#[derive(Clone)]
pub struct Transport {
    form: Form,
    watcher: Option<Watcher>,
}

#[derive(Clone)]
enum Form {
    Http(http::Http),
    InProcess(Arc<dyn Exchange>),
}

impl Transport {
    /// Over HTTP.
    ///
    /// # Errors
    /// [`Error::Setup`] where the TLS set-up fails.
    pub fn http(config: &Config) -> Result<Self, Error> {
        Ok(Self { form: Form::Http(http::Http::new(config)?), watcher: None })
    }

    /// To a function in the same process. Time still runs on tokio's clock.
    pub fn in_process(exchange: Arc<dyn Exchange>) -> Self {
        Self { form: Form::InProcess(exchange), watcher: None }
    }

    /// The same, and somebody is told of each exchange.
    #[must_use]
    pub fn watched(self, watcher: Watcher) -> Self {
        Self { watcher: Some(watcher), ..self }
    }

    pub(crate) async fn send(&self, request: Outgoing) -> Result<Incoming, SendError> {
        let (kind, began) = (request.kind, tokio::time::Instant::now());
        let outcome = self.carry(request).await;
        if let Some(watcher) = &self.watcher {
            let end = match &outcome {
                Ok(incoming) => End::Answered(incoming.status),
                Err(SendError::NotSent { .. }) => End::NotSent,
                Err(SendError::Timeout(_)) => End::TimedOut,
                Err(SendError::Broken { .. } | SendError::TooLarge { .. }) => End::Broken,
            };
            watcher(kind, end, began.elapsed());
        }
        outcome
    }

    async fn carry(&self, request: Outgoing) -> Result<Incoming, SendError> {
        match &self.form {
            Form::Http(http) => http.send(request).await,
            Form::InProcess(exchange) => {
                let timeout = request.timeout;
                match tokio::time::timeout(timeout, exchange.exchange(request)).await {
                    Ok(outcome) => outcome,
                    Err(_) => Err(SendError::Timeout(Partial::default())),
                }
            }
        }
    }
}
