//! How many requests one company runs at once, whether more of them wait or are refused, and how many there were.

use super::lock;
use std::sync::Mutex;
use tokio::sync::Notify;

/// Counts the requests that run.
#[derive(Debug, Default)]
pub(super) struct Gate {
    count: Mutex<Count>,
    freed: Notify,
}

/// What a gate has seen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    running: usize,
    /// The most that ever ran at once.
    pub most: usize,
    /// Requests that came when all slots were taken, whether they were refused or waited.
    pub over_budget: u64,
}

/// One slot, free again when dropped.
#[derive(Debug)]
pub(super) struct Slot<'a>(&'a Gate);

impl Gate {
    /// Takes a slot: at once where fewer than `limit` run; else `None`, or, when `queue` says so, waits for one.
    pub(super) async fn enter(&self, limit: Option<usize>, queue: bool) -> Option<Slot<'_>> {
        let mut waited = false;
        loop {
            let freed = self.freed.notified();
            {
                let mut count = lock(&self.count);
                if limit.is_none_or(|limit| count.running < limit) {
                    count.running += 1;
                    count.most = count.most.max(count.running);
                    return Some(Slot(self));
                }
                count.over_budget += u64::from(!waited);
                waited = true;
            }
            if !queue {
                return None;
            }
            freed.await;
        }
    }

    /// What it has seen so far.
    pub(super) fn count(&self) -> Count {
        *lock(&self.count)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        lock(&self.0.count).running -= 1;
        self.0.freed.notify_one();
    }
}
