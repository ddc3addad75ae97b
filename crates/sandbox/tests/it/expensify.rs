//! The Expensify side of the sandbox through its public model, as the listener uses it. No sockets here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

mod company;
mod edits;
mod errors;
mod filters;
mod golden;
mod harness;
mod traffic;
