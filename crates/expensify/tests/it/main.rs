//! Integration tests of the client: its template in a real engine, and its wire against a scripted server. They talk
//! to 127.0.0.1 only.
#![allow(clippy::unwrap_used, clippy::panic)]

mod compression;
mod download;
mod engine;
mod jobs;
mod policies;
mod refusals;
mod server;
mod template;
mod volume;
