//! What can go wrong with a read or a login, in the gateway's terms.
//!
//! A variant says what happened; the cause is its source. No secret is ever part of one. Creates do not use this
//! type: they have [`CreateReply`](crate::CreateReply).

use std::sync::Arc;
use std::time::Duration;

use crate::envelope::EnvelopeError;
use crate::facts::{GatewayError, Mismatch};
use crate::query::QueryError;
use crate::reply::Malformed;
use crate::transport::UnreachableKind;

/// A shared cause: errors of a login are told to every task that waited for it.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// Why a read or a login failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The HTTP client could not be built.
    #[error("could not set up the HTTP client")]
    Setup(#[source] Cause),
    /// The request breaks a rule of the envelope; it was not sent.
    #[error("the request can not be sent")]
    InvalidRequest(#[source] EnvelopeError),
    /// The query can not be written; it was not sent.
    #[error("the query on {object} can not be written")]
    InvalidQuery {
        /// The object queried.
        object: String,
        /// What is wrong with it.
        #[source]
        cause: QueryError,
    },
    /// The URL to call breaks the endpoint rule; nothing was sent to it.
    #[error("the endpoint {endpoint:?} is refused: {reason}")]
    EndpointRefused {
        /// The URL.
        endpoint: String,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// The gateway could not be reached; nothing was sent.
    #[error("could not reach the gateway ({kind})")]
    Unreachable {
        /// At which step.
        kind: UnreachableKind,
        /// What the network said.
        #[source]
        cause: Cause,
    },
    /// No complete answer in time.
    #[error("no complete answer within {limit_ms} ms")]
    Timeout {
        /// The limit, in milliseconds.
        limit_ms: u64,
    },
    /// The connection broke after sending had begun.
    #[error("the connection broke")]
    Broken(#[source] Cause),
    /// The answer is larger than the limit.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit, in bytes after decompression.
        limit_bytes: usize,
    },
    /// A redirect; not followed.
    #[error("the gateway redirected to another address (HTTP {http_status})")]
    Redirected {
        /// HTTP status.
        http_status: u16,
    },
    /// Too many requests: HTTP 429, `GW-0010`, or the text in a 200 \[D, F\].
    #[error("rate limited (HTTP {http_status})")]
    RateLimited {
        /// HTTP status.
        http_status: u16,
        /// `Retry-After`.
        retry_after: Option<Duration>,
        /// What the gateway said.
        errors: Vec<GatewayError>,
    },
    /// The gateway is off or ill: `GW-0001`, a 5xx, "Temporarily Off-line".
    #[error("the gateway is unavailable (HTTP {http_status})")]
    Unavailable {
        /// HTTP status.
        http_status: u16,
        /// What the gateway said, where it said it in XML.
        errors: Vec<GatewayError>,
    },
    /// The gateway refused sender, login, session or subscription.
    #[error("refused: {refusal}{}", said(.errors))]
    Refused {
        /// Which of them.
        refusal: Refusal,
        /// What the gateway said.
        errors: Vec<GatewayError>,
    },
    /// Another failure on the control or authentication level: nothing ran.
    #[error("the gateway refused the request (HTTP {http_status}){}", said(.errors))]
    Request {
        /// Where it was refused.
        level: Level,
        /// HTTP status.
        http_status: u16,
        /// What the gateway said.
        errors: Vec<GatewayError>,
    },
    /// The user's role lacks a right on the object (`PL04000005` \[F\]).
    #[error("no permission to {function} {object}")]
    Permission {
        /// The function.
        function: String,
        /// The object, empty where the function has none.
        object: String,
        /// What the gateway said.
        errors: Vec<GatewayError>,
    },
    /// The company has no such object.
    #[error("no object {object}")]
    UnknownObject {
        /// The object.
        object: String,
        /// What the gateway said.
        errors: Vec<GatewayError>,
    },
    /// The query names fields that can not be queried; one such field fails the whole query \[F\].
    #[error("fields of {object} can not be queried")]
    UnknownFields {
        /// The object.
        object: String,
        /// What the gateway said.
        errors: Vec<GatewayError>,
    },
    /// The function failed otherwise.
    #[error("{function} {object} failed{}", said(.errors))]
    Function {
        /// The function.
        function: String,
        /// The object, empty where the function has none.
        object: String,
        /// What the gateway said, most specific first.
        errors: Vec<GatewayError>,
    },
    /// The body is an HTML page.
    #[error("the answer is an HTML page (HTTP {http_status})")]
    Html {
        /// HTTP status.
        http_status: u16,
        /// Its beginning, secrets masked.
        excerpt: String,
    },
    /// The body is neither XML nor HTML.
    #[error("the answer is not XML (HTTP {http_status})")]
    NotXml {
        /// HTTP status.
        http_status: u16,
        /// Its beginning, secrets masked.
        excerpt: String,
    },
    /// The body is not the XML a gateway answer must be.
    #[error("the answer is malformed (HTTP {http_status})")]
    Malformed {
        /// HTTP status.
        http_status: u16,
        /// What is wrong with it.
        #[source]
        cause: Malformed,
        /// Its beginning, secrets masked.
        excerpt: String,
    },
    /// The answer is well-formed and belongs to another request.
    #[error("the answer is not to this request: {mismatch}")]
    Foreign {
        /// How it differs.
        mismatch: Mismatch,
    },
    /// The data lacks something the function always answers.
    #[error("the answer to {function} lacks {what}")]
    Incomplete {
        /// The function.
        function: String,
        /// What is missing.
        what: String,
    },
    /// Rows moved between pages while they were read: what was handed out so far is not the whole. Read again.
    #[error("rows of {object} moved between pages")]
    PagesShifted {
        /// The object.
        object: String,
        /// Rows read.
        rows: u64,
        /// Rows the gateway had promised.
        promised: u64,
    },
}

/// The level of a failure above the functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The control block: the request as such, the sender, the gateway's edge.
    Control,
    /// The authentication: company, user, session.
    Authentication,
}

/// Which credential or right was refused. `XL03000006` means any of these: level and text tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Sender id or its password.
    #[error("sender id or password")]
    Sender,
    /// The edge's refusal, HTTP 401 `XMLGW_JPP0002`: "sign-in information", without saying whose \[S\].
    #[error("sign-in at the gateway's edge")]
    Edge,
    /// Company, user or password, or the entity of the login \[S, F\].
    #[error("company, user or password")]
    Login,
    /// The sender is not on the company's Web Services authorization list \[D\].
    #[error("sender not authorised by the company")]
    SenderNotAuthorised,
    /// The company has no Web Services subscription \[D\].
    #[error("Web Services subscription is off")]
    SubscriptionOff,
    /// The session is unknown or has expired \[F\].
    #[error("invalid session")]
    Session,
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::Broken(_)
            | Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::Html { .. }
            | Self::NotXml { .. }
            | Self::Malformed { .. }
            | Self::Foreign { .. }
            | Self::PagesShifted { .. } => true,
            Self::Refused { refusal, .. } => *refusal == Refusal::Session,
            _ => false,
        }
    }

    /// What the gateway said, where it said anything.
    pub fn gateway_errors(&self) -> &[GatewayError] {
        match self {
            Self::RateLimited { errors, .. }
            | Self::Unavailable { errors, .. }
            | Self::Refused { errors, .. }
            | Self::Request { errors, .. }
            | Self::Permission { errors, .. }
            | Self::UnknownObject { errors, .. }
            | Self::UnknownFields { errors, .. }
            | Self::Function { errors, .. } => errors,
            _ => &[],
        }
    }
}

/// The first error's number and text, for a message.
fn said(errors: &[GatewayError]) -> String {
    errors.first().map(|error| format!(": {} {}", error.errorno, error.text())).unwrap_or_default()
}
