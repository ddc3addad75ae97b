//! The sandbox over HTTP, as a client meets it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test says so by failing")]

mod companies;
mod expensify;
mod faults;
mod intacct;
mod totals;
mod wire;
