//! Tests of the client from outside: against a gateway in the same process, and over real sockets.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod chart;
mod endpoint;
mod gateway;
mod http;
mod reading;
mod rendering;
mod replies;
mod requests;
mod secrets;
mod sessions;
mod socket;
mod truncation;
