//! Both vendors simulated: a pure model of each and an HTTP face over it. Shares no code with the clients.
//!
//! [`intacct`] and [`expensify`] are pure: requests, time and faults come in as arguments. [`server`] is the only
//! file tree that opens a socket or reads the clock; [`faults`] decides what goes wrong, and when.
//!
//! One listener has the doors of both vendors, `POST /ia/xml/xmlgw.phtml` and
//! `/Integration-Server/ExpensifyIntegrations`, and the sandbox's own:
//!
//! - `GET /_state` (`?ledger=0` without the entries): what came in and what is booked.
//! - `GET`, `POST`, `DELETE /_faults`: what goes wrong. `[{"on":"create","nth":1,"action":"drop_after_commit"}]` cuts
//!   the first create's connection after it was booked; `{"latency_ms":50}` slows all requests down;
//!   `{"assumptions":{"failed_burns_key":true}}` changes how Intacct behaves where nobody knows how it does. All keys
//!   are those of [`Faults`], [`Rule`], [`intacct::Assumptions`] and (as `expensify_assumptions`)
//!   [`expensify::Assumptions`].
//! - `POST /_edit`: what people do in the two products, see [`intacct::Model::edit`] and [`expensify::Model::edit`].

pub mod expensify;
pub mod faults;
pub mod intacct;
pub mod server;
pub mod world;

pub use faults::{Action, Faults, Rule, Vendor};
pub use server::{Options, Samples, Sandbox, start};
