//! The sandbox over HTTP, as a client meets it.

mod intacct;
