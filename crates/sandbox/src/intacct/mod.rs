//! The Intacct side: one company behind the XML gateway, as a pure model.
//!
//! No clock, no socket, no file: time comes in as milliseconds, a request as bytes. It shares no code with the client
//! that the sandbox exists to test.

mod assumptions;
mod error;
mod model;
mod when;
mod xml;

pub use assumptions::{Assumptions, DuplicateReply, TooLong, Unordered};
pub use model::{Credentials, Injected, Model, Options, Reply, Request, Samples, Ticket, read};
pub use when::utc_date;
