//! The gateway model, call by call.

mod create;
mod envelope;
mod hostile;
mod kit;
mod memory;
mod objects;
mod query;
mod shapes;
