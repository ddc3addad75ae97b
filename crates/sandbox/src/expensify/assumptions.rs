//! The switches for what nobody outside the vendor knows: each one names the evidence for its default.
//!
//! A switch changes how the sandbox answers, never what the company's data are.

use serde::{Deserialize, Serialize};

/// How a file that is not rendered yet answers a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotReady {
    /// HTTP 200 and no byte.
    #[default]
    Empty,
    /// An envelope with code 404.
    NotFound,
    /// An envelope with code 410.
    Gone,
}

/// How a request over the rate limit is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateLimit {
    /// HTTP 429 with an envelope of code 429.
    #[default]
    Http429,
    /// HTTP 200 with an envelope of code 429.
    Body429,
    /// No limit at all.
    Off,
}

/// What an absent value prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingValues {
    /// Nothing, as in FreeMarker's classic-compatible mode; the documentation's own samples need it (inferred).
    #[default]
    Lenient,
    /// An absent value fails the template, as FreeMarker does by default.
    Strict,
    /// As strict, but every known field without a value is an empty text.
    EmptyText,
}

/// What `${report.status}` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusWords {
    /// `Approved`, `Processing`, ...: documented for the formulas of the web interface.
    #[default]
    Classic,
    /// `APPROVED`, `SUBMITTED`, ...: seen by one third-party client.
    Api,
}

/// Everything about the vendor that is assumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Assumptions {
    /// Time between the export's answer and the file being there.
    pub file_delay_ms: u64,
    /// Answer to a download before that.
    pub not_ready: NotReady,
    /// Rate limiting: 5 requests in 10 s and 20 in 60 s (documented); the form of the refusal is assumed.
    pub rate_limit: RateLimit,
    /// Whether the limits hold for all requests of one address as well as for those of one credential: nothing is
    /// public about it.
    pub limits_by_address: bool,
    /// Whether `approvedAfter` includes its own day: documentation old and new contradict each other.
    pub approved_after_inclusive: bool,
    /// What a template prints for a value that is not there.
    pub missing_values: MissingValues,
    /// Words of a report's status.
    pub status_words: StatusWords,
    /// Reports rendered in one go; 0 renders all in one. The existence of `addHeader` implies batches (inferred).
    pub batch_reports: usize,
    /// A range of dates over a year is refused (documented; whether enforced, and with what words, is unknown).
    pub one_year_rule: bool,
    /// A template that fails is refused at once; else its message ends up in the file (unknown).
    pub refuse_broken_template: bool,
    /// Every second export lists its reports backwards: their order is undocumented.
    pub reorder: bool,
    /// Refuse unknown keys instead of ignoring them with a diagnostic (ignoring is inferred).
    pub strict_keys: bool,
}

impl Default for Assumptions {
    fn default() -> Self {
        Assumptions {
            file_delay_ms: 0,
            not_ready: NotReady::default(),
            rate_limit: RateLimit::default(),
            limits_by_address: false,
            approved_after_inclusive: true,
            missing_values: MissingValues::default(),
            status_words: StatusWords::default(),
            batch_reports: 100,
            one_year_rule: true,
            refuse_broken_template: true,
            reorder: false,
            strict_keys: false,
        }
    }
}
