//! The pace at which a source may be asked, held by the store for all workers of all hosts. A budget is kept for each
//! credential and, where the operator says so, for the address that requests leave from.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::figures::Figures;
use crate::settings::Settings;
use crate::store::{BudgetWindow, Store};

/// Added to each window: the vendor counts when requests arrive, not when we send them.
const MARGIN_MS: i64 = 250;
/// How long to wait where the store cannot say whether a request may go: nothing goes unnoted.
const STORE_WAIT: Duration = Duration::from_secs(2);

/// The budgets that requests of one credential count towards.
pub struct Pace {
    store: Store,
    clock: Clock,
    fingerprints: Vec<String>,
    windows: Vec<BudgetWindow>,
    figures: Arc<Figures>,
}

impl Pace {
    /// The pace of a credential, with its waits counted in `figures`.
    pub fn new(
        store: &Store,
        clock: &Clock,
        settings: &Settings,
        figures: &Arc<Figures>,
        partner_user_id: &str,
    ) -> Self {
        let mut fingerprints = vec![fingerprint(partner_user_id)];
        if !settings.expensify.outgoing_address.is_empty() {
            fingerprints.push(format!("expensify-address:{}", settings.expensify.outgoing_address));
        }
        // Always in the same order, so that two who ask for the same budgets never wait for each other.
        fingerprints.sort();
        let window = |requests: u32, seconds: i64| {
            (usize::try_from(requests).unwrap_or(usize::MAX), seconds * 1_000 + MARGIN_MS)
        };
        let windows = [
            window(settings.expensify.requests_in_10_seconds, 10),
            window(settings.expensify.requests_in_60_seconds, 60),
        ];
        let windows = windows.into_iter().filter(|(requests, _)| *requests > 0).collect();
        let figures = Arc::clone(figures);
        Self { store: store.clone(), clock: clock.clone(), fingerprints, windows, figures }
    }

    async fn wait(&self) {
        while !self.windows.is_empty() {
            let taken = self.store.take_budget(&self.fingerprints, &self.windows, self.clock.now_ms()).await;
            let pause = match taken {
                Ok(None) => return,
                Ok(Some(wait_ms)) => Duration::from_millis(wait_ms.unsigned_abs().max(10)),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a vendor's budget cannot be read");
                    STORE_WAIT
                }
            };
            self.figures.budget_waits.add(1);
            self.figures.budget_wait_ms.add(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
            tokio::time::sleep(pause).await;
        }
    }
}

impl expensify::Gate for Pace {
    fn take(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.wait())
    }
}

/// Names an Expensify credential in the budgets without telling it.
pub fn fingerprint(partner_user_id: &str) -> String {
    let hash = Sha256::digest(partner_user_id.as_bytes());
    format!("expensify:{}", &HEXLOWER.encode(&hash)[..16])
}
