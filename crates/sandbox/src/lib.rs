//! Both vendors simulated: a pure model of each and an HTTP face over it. Shares no code with the clients.
//!
//! [`intacct`] and [`expensify`] are pure: requests, time and faults come in as arguments. [`server`] is the only
//! file tree that opens a socket or reads the clock; [`faults`] decides what goes wrong, and when.
//!
//! One listener has the doors of both vendors, `POST /ia/xml/xmlgw.phtml` and
//! `/Integration-Server/ExpensifyIntegrations`, and the sandbox's own:
//!
//! - `GET /_state` (`?ledger=0` without the entries): what came in and what is booked.
//! - `GET /_state/all` (`?each=1`, `?approved=1`): sums over all companies, and what stands in their books twice.
//! - `GET`, `POST`, `DELETE /_faults`: what goes wrong. `[{"on":"create","nth":1,"action":"drop_after_commit"}]` cuts
//!   the first create's connection after it was booked; `{"latency_ms":50}` slows all requests down;
//!   `{"assumptions":{"failed_burns_key":true}}` changes how Intacct behaves where nobody knows how it does. All keys
//!   are those of [`Faults`], [`Rule`], [`intacct::Assumptions`] and (as `expensify_assumptions`)
//!   [`expensify::Assumptions`].
//! - `POST /_edit`: what people do in the two products, see [`intacct::Model::edit`] and [`expensify::Model::edit`].
//! - `GET /_credentials`: what a company's connector signs in with; for programs on the same machine.
//!
//! A sandbox can hold many companies ([`Options::companies`]), each with its own credentials, reports, books, limits
//! and counters at both vendors. A company is made when it is called for the first time. All four doors take a
//! `company`, by its number or by its id at either vendor; without one, `/_faults` is about all companies and the
//! others about company 0.

pub mod expensify;
pub mod faults;
mod identity;
pub mod intacct;
pub mod server;
pub mod world;

pub use faults::{Action, Faults, Rule, Vendor};
pub use server::{Credentials, Options, PartnerCredentials, Samples, Sandbox, start};
