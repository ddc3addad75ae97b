//! How many requests one company runs at once, and whether more of them wait or are refused.

use super::lock;
use std::sync::Mutex;
use tokio::sync::Notify;

/// Counts the requests that run.
#[derive(Debug, Default)]
pub(super) struct Gate {
    running: Mutex<usize>,
    freed: Notify,
}

/// One slot, free again when dropped.
#[derive(Debug)]
pub(super) struct Slot<'a>(&'a Gate);

impl Gate {
    /// Takes a slot: at once where fewer than `limit` run; else `None`, or, when `queue` says so, waits for one.
    pub(super) async fn enter(&self, limit: Option<usize>, queue: bool) -> Option<Slot<'_>> {
        loop {
            let freed = self.freed.notified();
            {
                let mut running = lock(&self.running);
                if limit.is_none_or(|limit| *running < limit) {
                    *running += 1;
                    return Some(Slot(self));
                }
            }
            if !queue {
                return None;
            }
            freed.await;
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *lock(&self.0.running) -= 1;
        self.0.freed.notify_one();
    }
}
