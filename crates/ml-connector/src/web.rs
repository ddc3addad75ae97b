//! The service's face: who is asking, what they may, and how they are answered. It reads through `store` and acts
//! through `work`; it never calls a vendor, and no handler reaches a customer's data but through [`Caller::customer`].
//!
//! Every answer that is not a success is a [`Refusal`], written as `application/problem+json` in one place; every
//! request passes the same checks in `guard` before a handler sees it.

mod api;
mod approvals;
mod audit;
mod caller;
mod cases;
mod causes;
mod chart_changes;
mod charts;
mod customers;
mod dashboard;
mod demonstrations;
mod do_next;
mod download;
mod flow_cache;
mod flow_settings;
mod flow_times;
mod flow_versions;
mod flows;
mod foresight;
mod grants;
mod guard;
mod hand_over;
mod hasher;
mod headers;
mod health;
mod holds;
mod idempotency;
mod identify;
mod installation;
mod known_charts;
mod links;
mod listen;
mod mapping;
mod me;
mod messages;
mod metrics;
mod moment;
mod operations;
mod operator;
mod origin;
mod page;
mod pages;
mod passes;
mod peer;
mod problem;
mod reconciliations;
mod reference;
mod report_lists;
mod reports;
mod request;
mod running;
mod secrets;
mod sessions;
mod sign_on;
mod state;
mod tokens;
mod users;
mod wall;
mod wishes;

pub use api::router;
pub use caller::{Actor, Caller};
pub use listen::{WebError, bind, serve, serve_operator};
pub use moment::Moment;
pub use operations::{Operation, Parameter, operations};
pub use page::{Page, Paging};
pub use problem::Refusal;
pub use request::{Asked, Body, LARGE_BODY_BYTES, LargeBody, Place};
pub use state::State;

pub use crate::store::{Right, Role};
