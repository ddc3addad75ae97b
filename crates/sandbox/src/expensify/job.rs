//! What kind of job a request asks for, and whether it would change anything.
//!
//! Only classification: whether the job is well-formed is the job's own business.

use serde_json::Value;

/// The kinds of jobs, as the sandbox tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `file`: the report exporter.
    Export,
    /// `download`.
    Download,
    /// `get`.
    Get,
    /// A type that changes something, or starts a reconciliation.
    Write,
    /// Anything else, or unreadable.
    Unknown,
}

/// Job types that write; `reconciliation` is none of the connector's business either.
const WRITING: [&str; 4] = ["create", "update", "reconciliation", "reportStatus"];

impl Kind {
    /// The kind of a job description.
    pub fn of(job: &Value) -> Kind {
        match job.get("type").and_then(Value::as_str) {
            Some("file") => Kind::Export,
            Some("download") => Kind::Download,
            Some("get") => Kind::Get,
            Some(name) if WRITING.contains(&name) => Kind::Write,
            _ => Kind::Unknown,
        }
    }

    /// Its name in fault rules and in the state.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Export => "export",
            Kind::Download => "download",
            Kind::Get => "get",
            Kind::Write => "write",
            Kind::Unknown => "unknown",
        }
    }
}

/// Why a reading client must never have sent this job; `None` where it may.
pub fn violation(job: &Value) -> Option<String> {
    let name = job.get("type").and_then(Value::as_str).unwrap_or_default();
    if Kind::of(job) == Kind::Write {
        return Some(format!("job type {name}"));
    }
    job.get("onFinish").map(|_| "onFinish in a job".into())
}
