//! The Intacct side: one company behind the XML gateway, as a pure model.
//!
//! No clock, no socket, no file: time comes in as milliseconds, a request as bytes. It shares no code with the client
//! that the sandbox exists to test.

mod assumptions;
mod books;
mod by_hand;
mod edit;
mod entry;
mod envelope;
mod error;
mod filter;
mod functions;
mod memory;
mod model;
mod money;
mod names;
mod objects;
mod predicate;
mod respond;
mod rows;
mod seed;
mod select;
mod session;
mod sql;
mod state;
#[cfg(test)]
mod tests;
mod totals;
mod when;
mod xml;

pub use assumptions::{Assumptions, DuplicateReply, TooLong, Unordered};
pub use model::{Address, Credentials, FirstBooks, Injected, Model, Options, Reply, Request, Samples, Ticket, read};
pub use totals::{Doubled, Totals};
pub use when::utc_date;
