//! A company's lane: the right to send to it, held under a lease by one run at a time, and what the run has learned that
//! should stop it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use accounting::posting::{RejectClass, Reply};
use tokio::sync::Mutex;

use crate::store::{Lease, Store, StoreError};
use crate::systems::Sent;

/// Consecutive requests without a clear answer after which the lane rests until the next run.
const UNCLEAR_LIMIT: u32 = 3;

/// A company's lane while this run holds it.
pub struct Lane {
    lease: Mutex<Lease>,
    /// What stops the lane.
    stopped: AtomicBool,
    unclear: AtomicU32,
    /// What stops every lane of the process.
    ending: Arc<AtomicBool>,
}

impl Lane {
    /// The lane under this lease; it stops for good where `ending` is set.
    pub fn new(lease: Lease, ending: &Arc<AtomicBool>) -> Self {
        Self { lease: Mutex::new(lease), stopped: false.into(), unclear: 0.into(), ending: Arc::clone(ending) }
    }

    /// Whether nothing more may be sent in this run.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || self.ending.load(Ordering::Relaxed)
    }

    /// Lets sending be tried again after a wait.
    pub fn rest(&self) {
        self.stopped.store(false, Ordering::Relaxed);
        self.unclear.store(0, Ordering::Relaxed);
    }

    /// Lets nothing more be sent in this run.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Gives the lane back.
    pub fn into_lease(self) -> Lease {
        self.lease.into_inner()
    }

    /// The lease, renewed where less than half of it is left: what follows may take as long as a request may.
    ///
    /// # Errors
    /// Those of the store; the lane may have been taken over.
    pub async fn keep(&self, store: &Store, at_ms: i64, lease_ms: i64) -> Result<Lease, StoreError> {
        let mut lease = self.lease.lock().await;
        if lease.left().as_millis() < u128::from(lease_ms.unsigned_abs() / 2) {
            store.renew_lane(&mut lease, at_ms, lease_ms).await?;
        }
        Ok(lease.clone())
    }

    /// The lease as it stands.
    pub async fn lease(&self) -> Lease {
        self.lease.lock().await.clone()
    }

    /// Stops the lane where going on would only do harm: refused credentials, a rate limit, or nothing but unclear
    /// answers.
    pub fn learn(&self, sent: &Sent) {
        let unclear = matches!(sent.answer, Reply::Unclear | Reply::NotSent);
        let in_a_row = if unclear { self.unclear.fetch_add(1, Ordering::Relaxed) + 1 } else { 0 };
        self.unclear.store(in_a_row, Ordering::Relaxed);
        let refused = sent.stop.as_ref().is_some_and(|fault| !fault.retryable);
        let limited = matches!(sent.answer, Reply::Refused { class: RejectClass::RateLimit, .. });
        if refused || limited || in_a_row >= UNCLEAR_LIMIT {
            self.stop();
        }
    }
}
