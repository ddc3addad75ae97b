//! Answers in the vendor's envelopes: nearly all of them HTTP 200, the code inside.

use super::{Body, Reply};
use bytes::Bytes;
use serde_json::{Value, json};

const TEXT: &str = "text/plain;charset=utf-8";

/// Why a request is refused: the envelope's code and message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `responseCode`.
    pub code: u16,
    /// `responseMessage`.
    pub message: String,
    /// HTTP status; 200 nearly always (observed).
    pub status: u16,
}

impl Refusal {
    /// A refusal under HTTP 200.
    pub fn new(code: u16, message: impl Into<String>) -> Self {
        Refusal { code, message: message.into(), status: 200 }
    }

    /// Code 410: the request is malformed (documented).
    pub fn invalid(message: impl Into<String>) -> Self {
        Refusal::new(410, message)
    }

    /// Code 410 for a parameter that is not there (documented text).
    pub fn missing(name: &str) -> Self {
        Refusal::invalid(format!("Required parameter '{name}' is missing"))
    }

    /// Code 410 for a parameter that makes no sense (documented text).
    pub fn malformed(name: &str) -> Self {
        Refusal::invalid(format!("Argument '{name}' is missing or malformed"))
    }

    /// Code 404 for a file that is not there (inferred).
    pub fn no_file() -> Self {
        Refusal::new(404, "File not found")
    }

    /// The answer: JSON under a content type that does not say so (observed).
    pub fn into_reply(self) -> Reply {
        let envelope = json!({"responseMessage": self.message, "responseCode": self.code});
        Reply { status: self.status, ..text(envelope.to_string()) }
    }
}

/// Plain text under HTTP 200.
pub fn text(text: String) -> Reply {
    Reply { status: 200, content_type: TEXT, body: Body::Bytes(Bytes::from(text)) }
}

/// JSON of a reading job.
pub fn json(value: &Value) -> Reply {
    Reply { content_type: "application/json", ..text(value.to_string()) }
}
