//! The figures of the posting protocol. All are settings; the machine must not know others.

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Waits and limits of the posting machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How long after its last byte a request may still take effect: 20 minutes, the destination's own limit of 15
    /// (documented) and 5 of margin (assumed). Nothing is called absent before.
    pub settle_ms: i64,
    /// How far apart the two looks must be that prove absence: 60 seconds, the time after which a committed entry
    /// is assumed to be visible.
    pub look_gap_ms: i64,
    /// When to look for an entry of unknown outcome, after the doubt began; then again and again after the last of
    /// these.
    pub looks_ms: Vec<i64>,
    /// How long after its first doubtful attempt a control id may be sent again: 24 hours, half of what the
    /// destination is assumed to remember.
    pub resend_ms: i64,
    /// How long a doubt may last before a person is asked: 24 hours.
    pub doubt_ms: i64,
    /// How old the look before a send may be: 5 minutes.
    pub preflight_ms: i64,
    /// Most attempts within [`Rules::attempts_window_ms`], those left out of which no byte was sent.
    pub max_attempts: usize,
    /// 24 hours.
    pub attempts_window_ms: i64,
    /// After how many refusals of the same class, rate limits left out, a posting is held: 3.
    pub poison_failures: u32,
    /// First pause after a rate limit, doubled with each further one up to an hour.
    pub retry_ms: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            settle_ms: 20 * MINUTE_MS,
            look_gap_ms: MINUTE_MS,
            looks_ms: [1, 2, 5, 10, 20].map(|minutes| minutes * MINUTE_MS).to_vec(),
            resend_ms: 24 * HOUR_MS,
            doubt_ms: 24 * HOUR_MS,
            preflight_ms: 5 * MINUTE_MS,
            max_attempts: 8,
            attempts_window_ms: 24 * HOUR_MS,
            poison_failures: 3,
            retry_ms: MINUTE_MS,
        }
    }
}

impl Rules {
    /// When the next look is due, after `made` looks since the doubt began at `since_ms`, the latest at `last_ms`.
    pub(super) fn next_look_ms(&self, made: u32, since_ms: i64, last_ms: Option<i64>) -> i64 {
        let planned = usize::try_from(made).ok().and_then(|made| self.looks_ms.get(made));
        match planned {
            Some(after_ms) => since_ms.saturating_add(*after_ms),
            None => last_ms.unwrap_or(since_ms).saturating_add(self.look_pause_ms(made)),
        }
    }

    /// The growing pause after `made` looks that could prove nothing.
    pub(super) fn look_pause_ms(&self, made: u32) -> i64 {
        let at = usize::try_from(made).unwrap_or(usize::MAX).saturating_sub(1);
        self.looks_ms.get(at).or(self.looks_ms.last()).copied().unwrap_or(self.look_gap_ms)
    }

    /// The pause after `failures` rate limits in a row.
    pub(super) fn retry_pause_ms(&self, failures: u32) -> i64 {
        let doublings = failures.saturating_sub(1).min(20);
        self.retry_ms.saturating_mul(1 << doublings).min(HOUR_MS.max(self.retry_ms))
    }
}
