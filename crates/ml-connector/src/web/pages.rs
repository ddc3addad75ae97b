//! The pages: the same views as the API's, shown to a person. A page reads through the operations of the API and acts
//! through them, so that nothing can be done here that the API would refuse; it never calls a vendor.
//!
//! A page is a handler beside its template (`pages/NAME.rs`, `pages/NAME.html`) that begins with a [`Visit`]; a form
//! comes in as [`form::Fields`], which proves that this session's page sent it, and ends in a redirect.

mod approvals;
mod asked;
mod assets;
mod audit;
mod called;
mod cases;
mod change_review;
mod connections;
mod everybody;
mod flow_settings;
mod flow_versions;
mod flows;
mod form;
mod frame;
mod home;
mod impact;
mod inbox;
mod live;
mod mapping;
mod mapping_review;
mod mapping_rules;
mod me;
mod mending;
mod notices;
mod people;
mod propose;
mod query;
mod reconciliation;
mod refused;
mod rehearsal;
mod report;
mod reports;
mod sign_in;
mod start;
mod tokens;
mod visit;
mod wall;
mod welcome;
mod words;

use axum::Router;

use super::state::State;

pub(super) use refused::{refused, wants_page};

/// All pages, and what they load.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .merge(assets::routes())
        .merge(sign_in::routes())
        .merge(welcome::routes())
        .merge(live::routes())
        .merge(reports::routes())
        .merge(report::routes())
        .merge(inbox::routes())
        .merge(approvals::routes())
        .merge(cases::routes())
        .merge(home::routes())
        .merge(wall::routes())
        .merge(audit::routes())
        .merge(notices::routes())
        .merge(reconciliation::routes())
        .merge(people::routes())
        .merge(everybody::routes())
        .merge(tokens::routes())
        .merge(me::routes())
        .merge(start::routes())
        .merge(propose::routes())
        .merge(connections::routes())
        .merge(rehearsal::routes())
        .merge(flows::routes())
        .merge(asked::routes())
        .merge(mapping::routes())
        .merge(mapping_rules::routes())
        .merge(flow_settings::routes())
        .merge(flow_versions::routes())
}
