//! The operator's settings: the compiled-in defaults, a file over them, single values over that. Nothing of a
//! customer's is here, and no secret: only references to where one is kept.

mod observe;

use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

pub use observe::{Audit, Log, LogFormat, LogLevel, Metrics, Telemetry};

/// The defaults, which are also the manual.
pub const DEFAULTS: &str = include_str!("../../../config.default.toml");

/// All settings. `config.default.toml` explains each.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where everything is remembered.
    pub database: Database,
    /// Where the master key is.
    pub secrets: Secrets,
    /// The source's client.
    pub expensify: Expensify,
    /// The destination's client.
    pub intacct: Intacct,
    /// The posting protocol.
    pub posting: Posting,
    /// The chart.
    pub ledger: Ledger,
    /// The service.
    pub service: Service,
    /// The mail server.
    pub smtp: Smtp,
    /// Its log.
    pub log: Log,
    /// Its metrics.
    pub metrics: Metrics,
    /// The traces of its work.
    pub telemetry: Telemetry,
    /// The anchor of its audit.
    pub audit: Audit,
    /// The API and its pages.
    pub web: Web,
    /// Single sign-on.
    pub oidc: Oidc,
}

/// `[database]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://USER@HOST/DATABASE`.
    pub url: String,
    /// Connections of one process to a server.
    pub connections: u32,
}

/// `[secrets]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// `env:NAME` or `file:PATH`.
    pub master_key: String,
    /// Keys that may open what the master key does not, in the same form: the one before it, or the one after.
    pub other_master_keys: Vec<String>,
}

/// `[expensify]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expensify {
    /// Requests in any 10 seconds.
    pub requests_in_10_seconds: u32,
    /// Requests in any 60 seconds.
    pub requests_in_60_seconds: u32,
    /// Seconds for one answer.
    pub timeout_seconds: u64,
    /// Name of the address that requests leave from, where the limits count by address too; else empty.
    pub outgoing_address: String,
}

/// `[intacct]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intacct {
    /// Seconds for one read.
    pub read_timeout_seconds: u64,
    /// Seconds for one request that posts.
    pub create_timeout_seconds: u64,
    /// Minutes a session lives at most.
    pub session_minutes: u64,
    /// Whether `showadditionalerrorinfo` is sent.
    pub additional_error_info: bool,
}

/// `[posting]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    /// Entries a request.
    pub batch_entries: usize,
    /// Seconds before an absent entry may be sent again.
    pub settle_seconds: u64,
    /// Seconds between two looks that count.
    pub look_gap_seconds: u64,
    /// Seconds after an unclear answer at which to look.
    pub look_at_seconds: Vec<u64>,
    /// Hours within which an entry may be sent again.
    pub resend_hours: u64,
    /// Seconds of a lane's lease.
    pub lease_seconds: u64,
}

/// `[ledger]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Seconds a chart stays fresh.
    pub chart_seconds: u64,
}

/// `[service]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Flows that one process works on at once.
    pub flows_at_once: u32,
    /// Milliseconds between two looks at what is due.
    pub tick_ms: u64,
    /// Seconds that a process which is told to stop may take to end what is under way.
    pub drain_seconds: u64,
    /// Seconds since the source last showed a report within which it may be posted without being read again.
    pub shown_seconds: u64,
}

/// `[web]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    /// `ADDRESS:PORT`.
    pub listen: String,
    /// How people reach it, such as `https://books.example.com`; empty for the address it listens on.
    pub public_url: String,
    /// Addresses or networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<String>,
    /// Whether it may be reached by others without encryption.
    pub insecure: bool,
    /// Hours after which an unused session ends.
    pub session_idle_hours: u32,
    /// Days after which any session ends.
    pub session_days: u32,
    /// Seconds one request may take.
    pub request_seconds: u64,
}

/// `[oidc]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The provider's issuer, exactly as it writes it; empty for none.
    pub issuer: String,
    /// How the provider knows this service.
    pub client_id: String,
    /// `env:NAME` or `file:PATH` of the secret that goes with it.
    pub client_secret: String,
}

/// `[smtp]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// The mail server; empty where no mail is sent.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// `starttls`, `tls`, or `none`.
    pub security: String,
    /// Who signs in there; empty for nobody.
    pub user: String,
    /// `env:NAME` or `file:PATH`.
    pub password: String,
    /// Whom messages are from.
    pub from: String,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings file {path}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A text is no TOML, or a key or type is wrong.
    #[error("{origin}: {message}")]
    Invalid {
        /// Which file or option.
        origin: String,
        /// What is wrong, with line and column.
        message: String,
    },
    /// A value out of its range.
    #[error("{key} is {value}; it must be {allowed}")]
    Range {
        /// Which setting.
        key: &'static str,
        /// Its value.
        value: u64,
        /// What is allowed.
        allowed: &'static str,
    },
}

impl Settings {
    /// The defaults, then `file`, then each `key=value`.
    ///
    /// # Errors
    /// [`SettingsError`] naming the file or option.
    pub fn load(file: Option<&Path>, overrides: &[String]) -> Result<Self, SettingsError> {
        let mut table = parse("config.default.toml", DEFAULTS)?;
        if let Some(path) = file {
            let origin = path.display().to_string();
            let text =
                std::fs::read_to_string(path).map_err(|source| SettingsError::File { path: origin.clone(), source })?;
            merge(&mut table, parse(&origin, &text)?);
            check(&origin, &table)?;
        }
        for option in overrides {
            let origin = format!("--set {option}");
            let line = option.split_once('=').map(|(key, value)| match value.parse::<Value>() {
                Ok(_) => option.clone(),
                Err(_) => format!("{key}={value:?}"),
            });
            merge(&mut table, parse(&origin, &line.unwrap_or_else(|| option.clone()))?);
            check(&origin, &table)?;
        }
        let settings = check("settings", &table)?;
        settings.ranges()?;
        Ok(settings)
    }

    fn ranges(&self) -> Result<(), SettingsError> {
        let posting = &self.posting;
        let batch = posting.batch_entries as u64;
        if !(1..=100).contains(&batch) {
            return Err(SettingsError::Range { key: "posting.batch_entries", value: batch, allowed: "1 to 100" });
        }
        // A lease is renewed three times as often as it runs out; whoever takes over what was being sent waits for the
        // settle time, which must outlast the request.
        if !(3..=3_600).contains(&posting.lease_seconds) {
            let allowed = "3 to 3600";
            return Err(SettingsError::Range { key: "posting.lease_seconds", value: posting.lease_seconds, allowed });
        }
        let connections = u64::from(self.database.connections);
        if !(2..=100).contains(&connections) {
            return Err(SettingsError::Range { key: "database.connections", value: connections, allowed: "2 to 100" });
        }
        let minutes = self.audit.anchor_minutes;
        if !(1..=1_440).contains(&minutes) {
            return Err(SettingsError::Range { key: "audit.anchor_minutes", value: minutes, allowed: "1 to 1440" });
        }
        let minutes = self.intacct.session_minutes;
        if !(5..=50).contains(&minutes) {
            return Err(SettingsError::Range { key: "intacct.session_minutes", value: minutes, allowed: "5 to 50" });
        }
        self.telemetry.check()?;
        self.web.ranges()
    }
}

impl Web {
    fn ranges(&self) -> Result<(), SettingsError> {
        let values = [
            ("web.session_idle_hours", u64::from(self.session_idle_hours), 1, 24 * 7, "1 to 168"),
            ("web.session_days", u64::from(self.session_days), 1, 90, "1 to 90"),
            ("web.request_seconds", self.request_seconds, 5, 300, "5 to 300"),
        ];
        for (key, value, least, most, allowed) in values {
            if !(least..=most).contains(&value) {
                return Err(SettingsError::Range { key, value, allowed });
            }
        }
        Ok(())
    }
}

fn parse(origin: &str, text: &str) -> Result<Table, SettingsError> {
    text.parse::<Table>()
        .map_err(|error| SettingsError::Invalid { origin: origin.to_owned(), message: error.to_string() })
}

fn check(origin: &str, table: &Table) -> Result<Settings, SettingsError> {
    Settings::deserialize(Value::Table(table.clone()))
        .map_err(|error| SettingsError::Invalid { origin: origin.to_owned(), message: error.to_string() })
}

fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}
