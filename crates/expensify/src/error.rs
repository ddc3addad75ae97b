//! What can go wrong, told apart as far as the caller can act on it. No variant may carry a credential or a body.

use std::fmt;
use std::time::Duration;

use crate::job::JobName;
use crate::record::RecordError;

/// A refusal in Expensify's own words: the envelope's code (it wins over the HTTP status) and message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The job that was refused.
    pub job: JobName,
    /// Status of the HTTP reply; 200 under most refusals \[observed\].
    pub http_status: u16,
    /// `responseCode` of the envelope, or the status an HTML page names; absent where neither was readable.
    pub code: Option<i64>,
    /// `responseMessage`, cut to a sane length, control characters and credentials taken out; may be empty.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job `{}`: ", self.job)?;
        match self.code {
            Some(code) => write!(f, "{code}")?,
            None => write!(f, "HTTP {}", self.http_status)?,
        }
        if self.message.is_empty() { Ok(()) } else { write!(f, " {}", self.message) }
    }
}

/// An error of the client. [`Error::is_retryable`] says whether the same call may work later.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings are unusable; nothing was sent.
    #[error("the Expensify client cannot be set up: {what}")]
    Setup {
        /// What is wrong, for an operator.
        what: String,
        /// The library's reason, where there is one.
        #[source]
        source: Option<reqwest::Error>,
    },
    /// The query breaks a rule of the vendor's; nothing was sent.
    #[error("the report query is not one Expensify accepts: {what}")]
    Query {
        /// Which rule.
        what: String,
    },
    /// No connection: name not found, refused, or TLS not agreed. The vendor saw nothing.
    #[error("Expensify could not be reached for job `{job}`")]
    Unreachable {
        /// What was being asked.
        job: JobName,
        /// The transport's reason.
        #[source]
        source: reqwest::Error,
    },
    /// No answer, or no more of it, in time.
    #[error("Expensify did not answer job `{job}` within {} ms", .waited.as_millis())]
    Timeout {
        /// What was being asked.
        job: JobName,
        /// The limit that was reached.
        waited: Duration,
    },
    /// The connection broke after the request was on its way and before any answer.
    #[error("the connection to Expensify broke during job `{job}`")]
    Transport {
        /// What was being asked.
        job: JobName,
        /// The transport's reason.
        #[source]
        source: reqwest::Error,
    },
    /// The credentials are wrong or absent.
    #[error("Expensify does not accept the credentials ({0})")]
    Authentication(Refusal),
    /// The credentials are good, but not for this.
    #[error("Expensify does not permit this ({0})")]
    Permission(Refusal),
    /// Too many requests.
    #[error("Expensify asks for fewer requests ({refusal})")]
    RateLimited {
        /// The vendor's words.
        refusal: Refusal,
        /// `Retry-After`, where it was sent (often it is not).
        retry_after: Option<Duration>,
    },
    /// The request is malformed in the vendor's eyes, or names an unknown policy.
    #[error("Expensify calls the request invalid ({0})")]
    Validation(Refusal),
    /// The thing asked for does not exist (a policy, for instance).
    #[error("Expensify does not know what was asked for ({0})")]
    NotFound(Refusal),
    /// The exported file did not appear in time, or is gone. A new export is the remedy.
    #[error("the exported file {file} was not there after {attempts} attempts")]
    FileNotReady {
        /// Name of the file.
        file: String,
        /// Downloads tried.
        attempts: u32,
        /// The last refusal; `None` where the last reply was empty.
        refusal: Option<Refusal>,
    },
    /// A fault on the vendor's side: 5xx, code 666, or an HTML error page.
    #[error("Expensify failed ({0})")]
    ServerFault(Refusal),
    /// The reply is none of the known shapes.
    #[error("Expensify's reply to job `{job}` (HTTP {http_status}) is not understood: {what}")]
    UnexpectedReply {
        /// What was being asked.
        job: JobName,
        /// Status of the HTTP reply.
        http_status: u16,
        /// What is odd about it, without its content.
        what: String,
        /// The parser's reason, where there is one.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// The export was answered with a file name we refuse to use.
    #[error("Expensify named the exported file in a way that is not accepted: {shown}")]
    HostileFileName {
        /// The name, escaped and cut.
        shown: String,
    },
    /// A reply is larger than the settings allow.
    #[error("Expensify's reply to job `{job}` is larger than {limit_bytes} bytes")]
    TooLarge {
        /// What was being asked.
        job: JobName,
        /// The limit.
        limit_bytes: u64,
    },
    /// The file ended early; what was read before is sound, but it is not all. Ends the stream.
    #[error("the export file is cut short in line {line}: {what}")]
    Truncated {
        /// Line the end was met in, from 1.
        line: u64,
        /// How we know.
        what: &'static str,
        /// The transport's reason, where the connection broke.
        #[source]
        source: Option<reqwest::Error>,
    },
    /// The file does not start a batch with our header: it is not made by our template. Ends the stream.
    #[error("the export file has no header where one belongs, in line {line}")]
    MissingHeader {
        /// Line, from 1.
        line: u64,
    },
    /// One report could not be read. The stream goes on: call `next` again.
    #[error("line {line} of the export file holds a report that cannot be read")]
    Record {
        /// Line, from 1.
        line: u64,
        /// Which report, which field, why.
        #[source]
        source: RecordError,
    },
}

impl Error {
    /// Whether the same call may work later without anybody changing anything. The client itself never retries.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::Transport { .. }
            | Self::RateLimited { .. }
            | Self::FileNotReady { .. }
            | Self::Truncated { .. } => true,
            // 666 is the vendor's code for "your rules clash": the same request clashes again.
            Self::ServerFault(refusal) => refusal.code != Some(666),
            _ => false,
        }
    }
}
