//! Integration tests of the service, one module a subject.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers included")]

mod attack;
mod browse;
mod capabilities;
mod commands;
mod crowds;
mod databases;
mod flow;
mod flow_docs;
mod flow_errors;
mod flow_secrets;
mod flow_stored;
mod flow_tables;
mod flow_when;
mod kills;
mod operate;
mod pages;
mod program;
mod service;
mod store;
mod stories;
mod structure;
mod web;
