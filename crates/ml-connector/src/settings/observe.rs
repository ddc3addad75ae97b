//! The settings of what an operator sees of the running service: its log, its metrics, the anchor of its
//! audit. Nothing here changes what is posted.

use serde::Deserialize;

/// `[log]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// The least level that is written.
    pub level: LogLevel,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person.
    Text,
    /// One JSON object a line.
    Json,
}

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What needs an operator.
    Error,
    /// What went wrong and is tried again.
    Warn,
    /// Start, stop, and what was done.
    Info,
    /// Each pass.
    Debug,
}

/// `[metrics]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// A file with the bearer token for callers from elsewhere than this machine; empty for none.
    pub token_file: String,
}

/// `[audit]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Where the heads of the chains are noted; empty for nowhere.
    pub anchor_file: String,
    /// Minutes between two notes.
    pub anchor_minutes: u64,
}
