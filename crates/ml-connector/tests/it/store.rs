//! The store, on real database files and in memory. Nothing here reaches a network.

mod audit;
mod audit_forged;
mod boards;
mod cases;
mod cut_off;
pub mod facts;
mod held;
mod inbox;
mod isolation;
mod lanes;
mod opening;
mod plans;
mod postgres;
mod postings;
mod report_lists;
mod secrets;
mod server;
mod settings;
mod young;
