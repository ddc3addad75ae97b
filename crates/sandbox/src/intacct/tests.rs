//! The gateway model, call by call.

mod create;
mod envelope;
mod kit;
mod memory;
mod objects;
mod query;
mod shapes;
