//! The Expensify side: one Integration Server over one seeded company, as a pure model.
//!
//! No clock, no socket, no file: time comes in as milliseconds, a request as [`Request`]. It shares no code with
//! the client that the sandbox exists to test.

mod asked;
mod assumptions;
mod company;
mod edit;
mod envelope;
mod export;
mod files;
mod job;
mod keys;
mod lax_json;
mod limits;
mod model;
mod parameters;
mod policies;
mod sheets;
mod template;
mod totals;
mod wire;

pub use asked::Asked;
pub use assumptions::{Assumptions, MissingValues, NotReady, RateLimit, StatusWords};
pub use company::mix;
pub use files::Chunks;
pub use limits::Limiter;
pub use model::{Credentials, Model};
pub use sheets::Sheets;
pub use totals::{Approved, Snapshot};
pub use wire::{Body, Reply, Request};

/// What the seeded company looks like.
#[derive(Debug, Clone)]
pub struct Options {
    /// The same seed gives the same company, to the last id.
    pub seed: u64,
    /// Number of expense reports.
    pub reports: usize,
    /// With a number: every report is clean, approved, reimbursable, and has exactly so many expenses.
    pub expenses_per_report: Option<usize>,
    /// The company's today: report dates lie before it.
    pub today: jiff::civil::Date,
}

impl Default for Options {
    fn default() -> Self {
        Options { seed: 1, reports: 300, expenses_per_report: None, today: jiff::civil::date(2026, 11, 24) }
    }
}
