//! The Integration Server itself: takes a request and the time, gives the answer.
//!
//! It only dispatches; what a job does is in the job's own file.

use super::{Assumptions, Body, Reply, Request};
use bytes::Bytes;
use serde_json::{Value, json};

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

/// The one pair of credentials that the sandbox takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `partnerUserID`.
    pub partner_user_id: String,
    /// `partnerUserSecret`; made for the sandbox, protects nothing.
    pub partner_user_secret: String,
}

/// The Integration Server with its company.
#[derive(Debug)]
pub struct Model {
    options: Options,
    assumptions: Assumptions,
}

impl Model {
    /// A server with a company made from `options`.
    pub fn new(options: Options, assumptions: Assumptions) -> Self {
        Model { options, assumptions }
    }

    /// Answers one request that arrived at `now_ms` (any epoch, never running backwards).
    pub fn handle(&mut self, _now_ms: u64, _request: Request) -> Reply {
        Reply { status: 200, content_type: "text/plain;charset=utf-8", body: Body::Bytes(Bytes::new()) }
    }

    /// What came in so far: requests by job, violations, diagnostics, files.
    pub fn state(&self) -> Value {
        json!({"requests": {"total": 0}, "violations": []})
    }

    /// The pair that [`Model::handle`] accepts.
    pub fn credentials(&self) -> Credentials {
        Credentials {
            partner_user_id: "aa_sandbox_example_com".into(),
            partner_user_secret: format!("sandbox-{:016x}", self.options.seed),
        }
    }

    /// A report that is approved and clean.
    pub fn sample_report_id(&self) -> String {
        String::new()
    }

    /// The switches in force.
    pub fn assumptions(&self) -> &Assumptions {
        &self.assumptions
    }

    /// Changes the switches from now on.
    pub fn set_assumptions(&mut self, assumptions: Assumptions) {
        self.assumptions = assumptions;
    }

    /// Changes the company's reports as its people would, for stories: see the crate's documentation of `_edit`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the command.
    pub fn edit(&mut self, _command: Value) -> Result<Value, String> {
        Err("no such action".into())
    }
}

/// The job a request asks for, for fault rules: `export`, `download`, `get`, another type's name as `write`, or
/// `unknown` where it cannot be read.
pub fn job_of(_request: &Request) -> &'static str {
    "unknown"
}
