//! The settings of what an operator sees of the running service: its log, its metrics, the anchor of its
//! audit. Nothing here changes what is posted.

use serde::Deserialize;

use super::SettingsError;

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

/// `[telemetry]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Where an OpenTelemetry collector takes traces over HTTP, such as `http://127.0.0.1:4318`; empty for nowhere.
    pub otlp_endpoint: String,
}

impl Telemetry {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let rest = self.otlp_endpoint.strip_prefix("http://").or_else(|| self.otlp_endpoint.strip_prefix("https://"));
        // A name and a password would stand in a file that is no secret.
        if self.otlp_endpoint.is_empty() || rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['@', '?', '#']))
        {
            return Ok(());
        }
        let message = "it must be empty or such as http://127.0.0.1:4318, without a name, a password or a query";
        Err(SettingsError::Invalid { origin: "telemetry.otlp_endpoint".to_owned(), message: message.to_owned() })
    }
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
