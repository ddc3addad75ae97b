//! Examines an installation as an experienced operator would: the database, the keys, the files, the audit, the flows,
//! the work, and what the vendors' limits allow. It reads only; what is wrong comes with a code, and so with a remedy.

mod capacity;
mod database;
mod files;
mod findings;
mod flows;
mod network;

use std::path::Path;

use crate::clock::Clock;
use crate::settings::Settings;
use crate::systems::connect::Endpoints;

use findings::Findings;

pub use super::ping::{Check, Verdict};

/// What to examine, and how.
pub struct Doctor<'a> {
    /// The operator's settings.
    pub settings: &'a Settings,
    /// The file they came from, if any.
    pub settings_file: Option<&'a Path>,
    /// The vendors' addresses.
    pub endpoints: &'a Endpoints,
    /// What time it is.
    pub clock: &'a Clock,
    /// Ask the vendors as well.
    pub online: bool,
    /// Read every page of the database and every entry of the audit, however long it takes.
    pub thorough: bool,
}

impl Doctor<'_> {
    /// Every finding, in the order in which they depend on each other.
    pub async fn examine(&self) -> Vec<Check> {
        let mut findings = Findings::default();
        files::examine(self, &mut findings);
        network::examine(self, &mut findings);
        match database::open(self, &mut findings).await {
            Some(store) => {
                database::examine(self, &store, &mut findings).await;
                let demand = flows::examine(self, &store, &mut findings).await;
                capacity::examine(self, &store, &demand, &mut findings).await;
                store.close().await;
            }
            None => findings.unchecked(&[
                ("database", "condition"),
                ("keys", "master key"),
                ("audit", "chains"),
                ("flows", "documents"),
                ("work", "what is due"),
            ]),
        }
        findings.list
    }
}
