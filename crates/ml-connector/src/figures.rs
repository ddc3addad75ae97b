//! What a process counts while it works: requests to vendors and how long they took, passes, problems by code, the lag
//! of its loop. Numbers and codes only, in atomics that cost next to nothing. It knows neither who is counted nor who
//! reads it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use accounting::Code;

/// Upper bounds of the vendors' answers, in microseconds.
pub const ANSWER_US: &[u64] = &[
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
    600_000_000,
];
/// Upper bounds of the loop's lag, in microseconds.
pub const LAG_US: &[u64] =
    &[1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 5_000_000];

/// How a request to a vendor ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// An answer, good as far as HTTP goes.
    Answered,
    /// Refused: 4xx.
    Refused,
    /// Refused for want of pace: 429.
    Limited,
    /// A fault of the vendor's: 5xx.
    Fault,
    /// Nothing was sent.
    NotSent,
    /// Time ran out.
    TimedOut,
    /// The connection broke.
    Broken,
}

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// Expensify, anything.
    Expensify,
    /// Intacct, something that changes nothing.
    IntacctRead,
    /// Intacct, entries.
    IntacctCreate,
}

/// The figures of a process.
#[derive(Debug)]
pub struct Figures {
    requests: [[AtomicU64; Ending::ALL.len()]; Asked::ALL.len()],
    answers: [Histogram; Asked::ALL.len()],
    lag: Histogram,
    problems: Mutex<BTreeMap<Code, u64>>,
    /// Passes ended.
    pub passes: Counter,
    /// Of these, the ones that failed.
    pub failed: Counter,
    /// Reports read from the source.
    pub read: Counter,
    /// Entries sent.
    pub sent: Counter,
    /// Reports of which every entry got into the ledger.
    pub posted: Counter,
    /// Times that a request waited for its budget.
    pub budget_waits: Counter,
    /// How long they waited, in milliseconds.
    pub budget_wait_ms: Counter,
    under_way: AtomicI64,
    turned_ms: AtomicI64,
    anchored_ms: AtomicI64,
}

/// Only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

/// How often something took no longer than each of some bounds.
#[derive(Debug)]
pub struct Histogram {
    bounds_us: &'static [u64],
    counts: Vec<AtomicU64>,
    sum_us: AtomicU64,
    longest_us: AtomicU64,
}

impl Ending {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Answered, Self::Refused, Self::Limited, Self::Fault, Self::NotSent, Self::TimedOut, Self::Broken];

    /// What an HTTP status says.
    pub const fn of_status(status: u16) -> Self {
        match status {
            429 => Self::Limited,
            400..=499 => Self::Refused,
            500.. => Self::Fault,
            _ => Self::Answered,
        }
    }

    /// Its name as a label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Limited => "rate_limited",
            Self::Fault => "fault",
            Self::NotSent => "not_sent",
            Self::TimedOut => "timed_out",
            Self::Broken => "broken",
        }
    }
}

impl Asked {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Expensify, Self::IntacctRead, Self::IntacctCreate];

    /// The system and the kind, as labels.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Expensify => ("expensify", "read"),
            Self::IntacctRead => ("intacct", "read"),
            Self::IntacctCreate => ("intacct", "create"),
        }
    }
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            requests: Default::default(),
            answers: Asked::ALL.map(|_| Histogram::new(ANSWER_US)),
            lag: Histogram::new(LAG_US),
            problems: Mutex::default(),
            passes: Counter::default(),
            failed: Counter::default(),
            read: Counter::default(),
            sent: Counter::default(),
            posted: Counter::default(),
            budget_waits: Counter::default(),
            budget_wait_ms: Counter::default(),
            under_way: AtomicI64::new(0),
            turned_ms: AtomicI64::new(0),
            anchored_ms: AtomicI64::new(0),
        }
    }
}

impl Figures {
    /// A request to a vendor ended.
    pub fn asked(&self, asked: Asked, ending: Ending, took: Duration) {
        self.requests[asked as usize][ending as usize].fetch_add(1, Ordering::Relaxed);
        self.answers[asked as usize].add(took);
    }

    /// How many requests of this kind ended so.
    pub fn requests(&self, asked: Asked, ending: Ending) -> u64 {
        self.requests[asked as usize][ending as usize].load(Ordering::Relaxed)
    }

    /// How long requests of this kind took.
    pub const fn answers(&self, asked: Asked) -> &Histogram {
        &self.answers[asked as usize]
    }

    /// How late the loop was each time.
    pub const fn lag(&self) -> &Histogram {
        &self.lag
    }

    /// A problem was met.
    pub fn problem(&self, code: Code) {
        *self.problems.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
    }

    /// Problems met, by code.
    pub fn problems(&self) -> BTreeMap<Code, u64> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A pass begins, or with `-1` ends.
    pub fn under_way(&self, change: i64) -> i64 {
        self.under_way.fetch_add(change, Ordering::Relaxed).saturating_add(change)
    }

    /// The worker's loop came round at this time, in epoch milliseconds.
    pub fn turned(&self, at_ms: i64) {
        self.turned_ms.store(at_ms, Ordering::Relaxed);
    }

    /// The audit's anchor was written at this time, in epoch milliseconds.
    pub fn anchored(&self, at_ms: i64) {
        self.anchored_ms.store(at_ms, Ordering::Relaxed);
    }

    /// When the audit's anchor was last written, in epoch milliseconds; 0 where it never was.
    pub fn anchored_ms(&self) -> i64 {
        self.anchored_ms.load(Ordering::Relaxed)
    }

    /// When the worker's loop last came round, in epoch milliseconds; 0 where there is no worker.
    pub fn turned_ms(&self) -> i64 {
        self.turned_ms.load(Ordering::Relaxed)
    }
}

impl Counter {
    /// Counts on.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How far it is.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Histogram {
    fn new(bounds_us: &'static [u64]) -> Self {
        let counts = (0..=bounds_us.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds_us, counts, sum_us: AtomicU64::new(0), longest_us: AtomicU64::new(0) }
    }

    /// Something took so long.
    pub fn add(&self, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = self.bounds_us.partition_point(|bound_us| *bound_us < took_us);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(took_us, Ordering::Relaxed);
        self.longest_us.fetch_max(took_us, Ordering::Relaxed);
    }

    /// How often it took no longer than each bound (microseconds), and how often at all.
    pub fn cumulated(&self) -> (Vec<(u64, u64)>, u64) {
        let mut count = 0;
        let mut next = |index: usize| {
            count += self.counts[index].load(Ordering::Relaxed);
            count
        };
        let bounded = self.bounds_us.iter().enumerate().map(|(index, bound_us)| (*bound_us, next(index))).collect();
        let all = next(self.bounds_us.len());
        (bounded, all)
    }

    /// All of it together, in microseconds.
    pub fn sum_us(&self) -> u64 {
        self.sum_us.load(Ordering::Relaxed)
    }

    /// The longest, in microseconds.
    pub fn longest_us(&self) -> u64 {
        self.longest_us.load(Ordering::Relaxed)
    }
}
