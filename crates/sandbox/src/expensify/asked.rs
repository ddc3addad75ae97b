//! A request, read once: what it asks for, who it says it is, and the template that came with it.
//!
//! It never fails: what is wrong with a request is answered by the model.

use super::Request;
use super::job::Kind;
use super::lax_json;
use super::parameters::Parameters;
use serde_json::Value;

/// A request as the model answers it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The job description: absent, not readable with the reason, or as JSON.
    pub(super) job: Option<Result<Value, String>>,
    pub(super) kind: Kind,
    pub(super) template: Option<String>,
    /// Whether a value came without percent-encoding.
    pub(super) raw: bool,
}

impl Asked {
    /// Reads a request.
    pub fn read(request: &Request) -> Self {
        let parameters = Parameters::of(request);
        let description = parameters.request_job_description.as_deref();
        let job = description.map(lax_json::parse);
        let kind = job.as_ref().and_then(|job| job.as_ref().ok()).map_or(Kind::Unknown, Kind::of);
        Asked { job, kind, template: parameters.template, raw: parameters.raw }
    }

    /// The job, for fault rules: `export`, `download`, `get`, `write` for every job that would change something, or
    /// `unknown`.
    pub fn job_name(&self) -> &'static str {
        self.kind.name()
    }

    /// The `partnerUserID` that it names, right or wrong.
    pub fn partner_user_id(&self) -> Option<&str> {
        let job = self.job.as_ref()?.as_ref().ok()?;
        job.get("credentials")?.get("partnerUserID")?.as_str()
    }
}
