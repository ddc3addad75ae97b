//! What a request to the Integration Server carries and what goes back, free of any HTTP library.
//!
//! The listener turns its own types into these and back. Nothing here opens a socket or reads a clock.

use super::Chunks;
use bytes::Bytes;

/// A request as it came in, before any of it is understood.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// HTTP method; `GET` and `POST` are answered alike.
    pub method: String,
    /// The query string as received, without the leading `?`; empty when there is none.
    pub query: String,
    /// The `Content-Type` header; empty when there is none.
    pub content_type: String,
    /// The body as received.
    pub body: Bytes,
}

/// The answer: nearly always HTTP 200, whatever the envelope inside says.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Value of the `Content-Type` header.
    pub content_type: &'static str,
    /// What follows the headers.
    pub body: Body,
}

/// The bytes of an answer.
#[derive(Debug)]
pub enum Body {
    /// All of it at once.
    Bytes(Bytes),
    /// A download that is rendered while it is sent; draw it on a blocking thread, since each chunk costs CPU time.
    Chunks(Chunks),
}

impl Body {
    /// The whole body in memory, for tests and small files.
    pub fn collect(self) -> Bytes {
        match self {
            Body::Bytes(bytes) => bytes,
            Body::Chunks(chunks) => {
                let mut whole = Vec::new();
                for chunk in chunks {
                    whole.extend_from_slice(&chunk);
                }
                whole.into()
            }
        }
    }
}
