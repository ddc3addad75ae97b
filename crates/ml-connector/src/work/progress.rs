//! How far a run is, for whoever watches. Nothing depends on what is told here.

/// Told of each step of a run.
pub trait Progress: Send + Sync {
    /// Something was done.
    fn tell(&self, step: Step);
}

/// A step of a run.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// The ledger's chart is being read.
    Refreshing,
    /// Reports were read from the source.
    Read(usize),
    /// Entries were frozen: as many more are to be sent.
    Frozen(usize),
    /// Entries got their outcome.
    Settled(usize),
    /// Nothing can be done before this time (epoch milliseconds); so many outcomes are unknown.
    Waiting {
        /// Until when.
        until_ms: i64,
        /// Unknown outcomes.
        unknown: usize,
    },
    /// The wait is over.
    Going,
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn tell(&self, _step: Step) {}
}
