//! The service at work: a worker over a store, against the sandbox of both vendors. Every wait ends on a condition, and
//! is bounded.

pub mod desk;
mod notices;
mod passes;
