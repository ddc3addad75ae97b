//! The states of a posting as a pure machine: events in, next state out. It knows no clock, no store, no vendor and
//! no wire; what it is told it believes, so whoever calls it must tell the truth. `posting/machine.rs` holds the
//! table of moves.
//!
//! **Times** are epoch milliseconds of the service's clock and come in with each event. Waits (settling, the resend
//! window) are differences of such times: a clock that is set back only lengthens them, a clock that leaps forward
//! would shorten them. The caller therefore advances its times by a monotonic clock while it runs, and stops posting
//! where its clock and the destination's differ too much.

mod batch;
mod due;
mod event;
mod machine;
mod memory;
mod rules;
mod state;
mod stored;

pub use batch::{Reply, events};
pub use due::Due;
pub use event::{Event, Finding, Observation, RejectClass, Verdict};
pub use memory::{IllegalMove, Looks, Posting, Proof};
pub use rules::Rules;
pub use state::{Learned, State};
pub use stored::DecodeError;
