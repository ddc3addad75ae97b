//! Both vendors simulated: a pure model of each and an HTTP face over it. Shares no code with the clients.
//!
//! [`intacct`] and [`expensify`] are pure: requests, time and faults come in as arguments. [`server`] is the only
//! file tree that opens a socket or reads the clock; [`faults`] decides what goes wrong, and when.

pub mod expensify;
pub mod faults;
pub mod intacct;
pub mod server;
pub mod world;

pub use faults::{Action, Faults, Rule, Vendor};
pub use server::{Options, Samples, Sandbox, start};
