//! The Expensify side: one Integration Server over one seeded company, as a pure model.
//!
//! No clock, no socket, no file: time comes in as milliseconds, a request as [`Request`]. It shares no code with
//! the client that the sandbox exists to test.

mod assumptions;
mod model;
mod wire;

pub use assumptions::{Assumptions, MissingValues, NotReady, RateLimit};
pub use model::{Credentials, Model, Options, job_of};
pub use wire::{Body, Chunks, Reply, Request};
