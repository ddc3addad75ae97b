//! What an answer said, as plain values.
//!
//! Facts only: nothing here decides whether a posting stands, and nothing here holds a secret.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::reply::Malformed;
use crate::transport::UnreachableKind;

/// A session, without its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFacts {
    /// The URL this session must be used at.
    pub endpoint: String,
    /// When the gateway said it would end (`sessiontimeout`).
    pub timeout: Option<Timestamp>,
    /// The gateway's clock at the login (`sessiontimestamp`).
    pub timestamp: Option<Timestamp>,
    /// Entity of the session; `None` at the top level.
    pub locationid: Option<String>,
    /// Counts the logins of this client and entity; a changed number is a new session.
    pub generation: u64,
}

/// One function of a create request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateFunction {
    /// The `controlid` attribute of `<function>`: the key the vendor's de-duplication looks at \[D\]. 1 to 256
    /// characters.
    pub control_id: String,
    /// Exactly one `<create>…</create>` element without attributes, as rendered and frozen before.
    pub payload: Bytes,
}

/// What came of one create request.
#[derive(Debug)]
pub enum CreateReply {
    /// No byte of the body was written.
    NotSent(NotSentCause),
    /// Bytes may have left, and no complete, strictly shaped answer to this very request came back.
    Unclear(Unclear),
    /// A complete answer to this request.
    Answered(Answer),
}

/// Why nothing was sent.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotSentCause {
    /// The gateway could not be reached.
    #[error("could not reach the gateway ({kind})")]
    Unreachable {
        /// At which step.
        kind: UnreachableKind,
        /// What the network said.
        #[source]
        cause: crate::error::Cause,
    },
    /// There was no session to send it in.
    #[error("no session to send the request in")]
    NoSession(#[source] Box<crate::Error>),
    /// No slot or session came free within `create_start`.
    #[error("no slot or session within {waited_ms} ms")]
    Waited {
        /// How long was waited, in milliseconds.
        waited_ms: u64,
    },
    /// The request breaks a rule of the envelope; sending it was not tried.
    #[error("the request can not be sent")]
    Invalid(#[source] crate::envelope::EnvelopeError),
}

/// An answer that proves nothing, and what little is known of it.
#[derive(Debug, Clone)]
pub struct Unclear {
    /// Why it proves nothing.
    pub why: UnclearCause,
    /// HTTP status, where one arrived.
    pub http_status: Option<u16>,
    /// What arrived of the body, secrets masked, at most 64 KiB.
    pub body_excerpt: String,
}

/// Why an answer proves nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum UnclearCause {
    /// No complete answer in time.
    #[error("no complete answer in time")]
    Timeout,
    /// The connection broke after sending had begun.
    #[error("the connection broke")]
    Broken(#[source] crate::error::Cause),
    /// The answer is larger than the limit.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit, in bytes after decompression.
        limit_bytes: usize,
    },
    /// A redirect; not followed.
    #[error("the gateway redirected to another address")]
    Redirected,
    /// The body is an HTML page.
    #[error("the answer is an HTML page")]
    Html,
    /// The body is neither XML nor HTML, or empty.
    #[error("the answer is not XML")]
    NotXml,
    /// The body is not the XML a gateway answer must be.
    #[error("the answer is malformed")]
    Malformed(#[source] Malformed),
    /// The answer is well-formed and belongs to another request.
    #[error("the answer is not to this request: {0}")]
    Foreign(Mismatch),
    /// A complete answer whose HTTP status contradicts it (a result under a 5xx, for example).
    #[error("the HTTP status contradicts the answer")]
    StatusContradicts,
}

/// How an answer fails to match its request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another request's control id.
    #[error("control id {found:?}")]
    ControlId {
        /// What was echoed.
        found: String,
    },
    /// Control succeeded without echoing a control id.
    #[error("control id not echoed")]
    NoControlId,
    /// Control and authentication succeeded, and there is no result for this function.
    #[error("no result for function {control_id:?}")]
    MissingResult {
        /// The function that lacks one.
        control_id: String,
    },
    /// A result for a function that was not asked for, or out of order, or a second one.
    #[error("unexpected result for function {control_id:?}")]
    UnexpectedResult {
        /// What the result says it answers.
        control_id: String,
    },
    /// A result names another function than the one sent.
    #[error("result of {function:?} for function {control_id:?}")]
    OtherFunction {
        /// The control id.
        control_id: String,
        /// The function named.
        function: String,
    },
}

/// A complete, strictly shaped answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub http_status: u16,
    /// `Retry-After`, where sent in seconds.
    pub retry_after: Option<Duration>,
    /// Status of the control block.
    pub control: Status,
    /// Whether the answer echoed this request's control id. `false` only where control failed: some control failures
    /// and all answers of the gateway's edge echo none \[D\].
    pub control_id_echoed: bool,
    /// Status of the authentication, absent where control failed.
    pub authentication: Option<Status>,
    /// Errors of the control or authentication level.
    pub errors: Vec<GatewayError>,
    /// Errors of the control or authentication level that this client can name.
    pub refusal: Option<crate::error::Refusal>,
    /// Entity the request ran in, as echoed; `None` at the top level or where it is not told.
    pub location_id: Option<String>,
    /// `sessiontimestamp`: the gateway's clock.
    pub session_timestamp: Option<Timestamp>,
    /// `sessiontimeout`.
    pub session_timeout: Option<Timestamp>,
    /// One answer for each function sent, in the order sent; empty where control or authentication failed.
    pub functions: Vec<FunctionAnswer>,
    /// The body, secrets masked, at most 64 KiB.
    pub body: String,
}

/// `success` or not, on the control and authentication level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// `success`.
    Success,
    /// `failure`.
    Failure,
    /// Any other word.
    Other(String),
}

/// What became of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionAnswer {
    /// Control id of the function.
    pub control_id: String,
    /// Its name, as the gateway echoes it (`create`).
    pub function: String,
    /// Status.
    pub status: ResultStatus,
    /// `RECORDNO` of each object answered.
    pub record_nos: Vec<String>,
    /// The `count` of `<data>`. A failure may carry a count above zero: what was created before it failed \[F\].
    pub count: Option<u64>,
    /// The `<key>` of a legacy function.
    pub key: Option<String>,
    /// Errors, most specific first.
    pub errors: Vec<GatewayError>,
}

/// Status of a function's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResultStatus {
    /// `success`.
    Success,
    /// `failure`.
    Failure,
    /// `aborted`: rolled back with its transaction.
    Aborted,
    /// Any other word.
    Other(String),
}

/// One `<error>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GatewayError {
    /// `errorno`; not always a code (`Query Failed` was seen \[S, F\]).
    pub errorno: String,
    /// `errorid` of `additionalinfo` (`GL-0493`): the stable code.
    pub errorid: Option<String>,
    /// `category` of `additionalinfo`.
    pub category: Option<String>,
    /// `description`.
    pub description: String,
    /// `description2`, the support id taken out.
    pub description2: String,
    /// `correction`.
    pub correction: String,
    /// The support id found in a text, decoded.
    pub support_id: Option<String>,
    /// `messageid`s of `additionalinfo`, in their order.
    pub message_ids: Vec<String>,
    /// Placeholders of `additionalinfo`: name and value.
    pub placeholders: Vec<(String, String)>,
}

impl GatewayError {
    /// Description, second description and correction, those that are there, joined by spaces.
    pub fn text(&self) -> String {
        let parts = [&self.description, &self.description2, &self.correction];
        parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}
