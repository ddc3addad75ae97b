//! Tests of the core from outside, one binary.
#![allow(clippy::unwrap_used, clippy::panic)]

mod amount;
mod cases;
mod content;
mod drift;
mod generate;
mod posting;
mod proposing;
mod schedule;
mod template;
mod tie_out;
mod translation;
