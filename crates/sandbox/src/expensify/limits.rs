//! The two rate limits: 5 requests in any 10 seconds and 20 in any 60 (documented).
//!
//! Every answered request counts, downloads too. Whether refused ones count as well is unknown; here they do not.

use std::collections::VecDeque;

const SHORT: (u64, usize) = (10_000, 5);
const LONG: (u64, usize) = (60_000, 20);

/// The requests of the last minute.
#[derive(Debug, Default)]
pub struct Limiter {
    accepted_ms: VecDeque<u64>,
}

impl Limiter {
    /// Whether a request at `now_ms` is within both limits; if so, it counts from now on.
    pub fn admit(&mut self, now_ms: u64) -> bool {
        while self.accepted_ms.front().is_some_and(|then| then.saturating_add(LONG.0) <= now_ms) {
            self.accepted_ms.pop_front();
        }
        let recent = self.accepted_ms.iter().filter(|then| then.saturating_add(SHORT.0) > now_ms).count();
        let admitted = recent < SHORT.1 && self.accepted_ms.len() < LONG.1;
        if admitted {
            self.accepted_ms.push_back(now_ms);
        }
        admitted
    }
}
