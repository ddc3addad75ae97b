//! What a process does beside its passes, as long as it runs: it measures how late its loop is, and notes the heads of
//! the audit chains where the operator wants them. Neither holds up any work, and neither failing stops it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::anchor::Anchor;
use crate::clock::Clock;
use crate::figures::Figures;
use crate::settings::Settings;
use crate::store::Store;

/// How often the loop's lag is measured.
const BEAT: Duration = Duration::from_millis(50);

/// Goes on until `stop`.
pub async fn keep(store: &Store, settings: &Settings, clock: &Clock, figures: &Arc<Figures>, stop: impl Future) {
    let anchoring = async {
        match Anchor::of(settings, store, clock) {
            Some(anchor) => anchor.keep(figures).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = stop => {}
        () = measure_lag(figures) => {}
        () = anchoring => {}
    }
}

/// A loop that is busy wakes its sleepers late.
async fn measure_lag(figures: &Figures) {
    loop {
        let due = Instant::now() + BEAT;
        tokio::time::sleep_until(due).await;
        figures.lag().add(due.elapsed());
    }
}
