//! The sandbox over HTTP, as a client meets it.

mod faults;
mod intacct;
mod wire;
