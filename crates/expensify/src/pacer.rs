//! Keeps a credential within Expensify's rate limits. It must not know what the requests are for.
//!
//! Why not a GCRA limiter (a "leaky bucket"): it refills while it is being emptied. A bucket of 5 refilled at 5 in 10 s
//! lets 5 requests go at once and then one every 2 s, so 9 or 10 fall into the first 10 s. The vendor counts what fell
//! into the last 10 s. We therefore count the same way, with the times of the last requests.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// At most so many requests within any stretch of so long; all of them hold at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pairs of (requests, length of the stretch).
    pub windows: Vec<(usize, Duration)>,
    /// Added to each length: the vendor counts when requests arrive, not when we send them.
    pub margin: Duration,
}

impl Default for Limits {
    /// 5 in 10 s and 20 in 60 s \[documented\].
    fn default() -> Self {
        let windows = vec![(5, Duration::from_secs(10)), (20, Duration::from_secs(60))];
        Self { windows, margin: Duration::from_millis(250) }
    }
}

impl Limits {
    /// No limit at all, for a sandbox that has none.
    pub fn none() -> Self {
        Self { windows: Vec::new(), margin: Duration::ZERO }
    }

    fn longest(&self) -> Duration {
        self.windows.iter().map(|(_, length)| *length + self.margin).max().unwrap_or_default()
    }

    /// When the next request may go, given the past ones (oldest first); `now` if at once.
    fn next_at(&self, past: &VecDeque<Instant>, now: Instant) -> Instant {
        let free_at = |(count, length): &(usize, Duration)| {
            let nth_last = past.len().checked_sub((*count).max(1))?;
            Some(past[nth_last] + *length + self.margin)
        };
        self.windows.iter().filter_map(free_at).fold(now, Instant::max)
    }
}

/// Somebody else with a say in the pace: other processes may use the same credential, or the same address.
pub trait Gate: Send + Sync {
    /// Waits until a request may go, and counts it.
    fn take(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The pace of one credential. Clones share it, so all clients of a credential must be given clones of one pacer.
#[derive(Clone)]
pub struct Pacer {
    shared: Arc<Shared>,
}

impl fmt::Debug for Pacer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pacer").field("limits", &self.shared.limits).finish_non_exhaustive()
    }
}

struct Shared {
    limits: Limits,
    gate: Option<Box<dyn Gate>>,
    /// One waiter at a time, in order of arrival; `past` is never locked across a wait.
    turn: tokio::sync::Mutex<()>,
    past: Mutex<VecDeque<Instant>>,
}

impl Pacer {
    /// A pacer with no past.
    pub fn new(limits: Limits) -> Self {
        Self::with(limits, None)
    }

    /// A pacer that asks somebody else, and knows no limit itself.
    pub fn gated(gate: Box<dyn Gate>) -> Self {
        Self::with(Limits::none(), Some(gate))
    }

    fn with(limits: Limits, gate: Option<Box<dyn Gate>>) -> Self {
        let shared = Shared { limits, gate, turn: tokio::sync::Mutex::new(()), past: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Waits until a request may go, and counts it. Dropped before it is ready, it has counted nothing.
    pub async fn take(&self) {
        let _turn = self.shared.turn.lock().await;
        if let Some(gate) = &self.shared.gate {
            gate.take().await;
        }
        while let Err(free_at) = self.try_take(Instant::now()) {
            tokio::time::sleep_until(free_at).await;
        }
    }

    fn try_take(&self, now: Instant) -> Result<(), Instant> {
        let mut past = self.past();
        let free_at = self.shared.limits.next_at(&past, now);
        if free_at > now {
            return Err(free_at);
        }
        self.forget_old(&mut past, now);
        past.push_back(now);
        Ok(())
    }

    /// Takes over requests made before, by their ages: those of another process, kept by the caller.
    pub fn seed(&self, ages: &[Duration]) {
        let now = Instant::now();
        let mut past = self.past();
        // An age from before the machine started has no instant; counting it as new errs on the slow side.
        past.extend(ages.iter().map(|age| now.checked_sub(*age).unwrap_or(now)));
        past.make_contiguous().sort();
        self.forget_old(&mut past, now);
    }

    /// Ages of the requests that still count, oldest first; what [`Pacer::seed`] takes.
    pub fn recent(&self) -> Vec<Duration> {
        let now = Instant::now();
        let mut past = self.past();
        self.forget_old(&mut past, now);
        past.iter().map(|at| now.saturating_duration_since(*at)).collect()
    }

    fn forget_old(&self, past: &mut VecDeque<Instant>, now: Instant) {
        let longest = self.shared.limits.longest();
        while past.front().is_some_and(|at| now.saturating_duration_since(*at) >= longest) {
            past.pop_front();
        }
    }

    fn past(&self) -> MutexGuard<'_, VecDeque<Instant>> {
        // Nothing panics while it is locked; a poisoned list of times is as good as any.
        self.shared.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
