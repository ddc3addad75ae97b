//! The sandbox over HTTP, as a client meets it.

mod expensify;
mod faults;
mod intacct;
mod wire;
