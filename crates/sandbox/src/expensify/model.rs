//! The Integration Server itself: takes a request and the time, gives the answer.
//!
//! It only checks the credentials, dispatches and keeps count; what a job does is in the job's own file.

use super::asked::Asked;
use super::company::{Company, State, mix};
use super::envelope::{self, Refusal};
use super::files::{Chunks, File, Files};
use super::job::{Kind, violation};
use super::limits::Limiter;
use super::sheets::Sheets;
use super::template::{Rules, TemplateError};
use super::{Assumptions, Body, NotReady, Options, RateLimit, Reply, Request, edit, export, policies};
use crate::identity::Identity;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Notes kept for the state; enough for any test, bounded for a long demonstration.
const NOTES_KEPT: usize = 1_000;
/// Reports on which a template is tried before a file is promised.
const TRIED_REPORTS: usize = 25;

/// The one pair of credentials that the server takes from its company. It protects nothing, and is still not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `partnerUserID`.
    pub partner_user_id: String,
    /// `partnerUserSecret`; made for the sandbox, protects nothing.
    pub partner_user_secret: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// The Integration Server with its company.
#[derive(Debug)]
pub struct Model {
    pub(super) company: Arc<Company>,
    credentials: Credentials,
    assumptions: Assumptions,
    sheets: Arc<Sheets>,
    limiter: Limiter,
    pub(super) over_budget: u64,
    pub(super) over_address: u64,
    files: Files,
    exports: u64,
    requests: BTreeMap<&'static str, u64>,
    pub(super) violations: VecDeque<Value>,
    diagnostics: VecDeque<Value>,
}

impl Model {
    /// A server with a company made from `options`.
    pub fn new(options: Options, assumptions: Assumptions) -> Self {
        let credentials = Identity::of(options.seed, 0).expensify;
        Self::of_company(options, credentials, assumptions, Arc::default())
    }

    /// A server with one company among several, which share the templates read so far.
    pub fn of_company(
        options: Options,
        credentials: Credentials,
        assumptions: Assumptions,
        sheets: Arc<Sheets>,
    ) -> Self {
        Model {
            company: Arc::new(Company::new(options)),
            credentials,
            assumptions,
            sheets,
            limiter: Limiter::default(),
            over_budget: 0,
            over_address: 0,
            files: Files::default(),
            exports: 0,
            requests: BTreeMap::new(),
            violations: VecDeque::new(),
            diagnostics: VecDeque::new(),
        }
    }

    /// Answers one request that arrived at `now_ms` (any epoch, never running backwards).
    pub fn handle(&mut self, now_ms: u64, request: Request) -> Reply {
        self.answer(now_ms, &Asked::read(&request), false)
    }

    /// The same for a request that was read already, and that came over what its address is allowed, or not.
    pub fn answer(&mut self, now_ms: u64, asked: &Asked, over_address: bool) -> Reply {
        self.count("total");
        self.count(asked.kind.name());
        let over_budget = !self.limiter.admit(now_ms);
        self.over_budget += u64::from(over_budget);
        self.over_address += u64::from(over_address);
        if (over_budget || over_address)
            && let Some(refusal) = self.too_many()
        {
            return refusal;
        }
        if asked.raw {
            self.note("a parameter is not percent-encoded: its +, & and % are at risk".into());
        }
        let answer = match &asked.job {
            None => Err(Refusal::new(500, "requestJobDescription is missing")),
            Some(Err(mistake)) => Err(Refusal::new(500, format!("JSONObject: {mistake}"))),
            Some(Ok(job)) => self.job(now_ms, asked.kind, job, asked.template.as_deref()),
        };
        answer.unwrap_or_else(|refusal| {
            self.count("refused");
            refusal.into_reply()
        })
    }

    /// The refusal of a request over the limits; `None` where none are in force, and only the count is kept.
    fn too_many(&mut self) -> Option<Reply> {
        let status = match self.assumptions.rate_limit {
            RateLimit::Off => return None,
            RateLimit::Http429 => 429,
            RateLimit::Body429 => 200,
        };
        self.count("rate_limited");
        let refusal = Refusal::new(429, "Too many requests. Please try again later");
        Some(Refusal { status, ..refusal }.into_reply())
    }

    fn job(&mut self, now_ms: u64, kind: Kind, job: &Value, template: Option<&str>) -> Result<Reply, Refusal> {
        if let Some(why) = violation(job) {
            keep(&mut self.violations, json!({"at_ms": now_ms, "why": why}));
        }
        self.authenticate(job)?;
        match kind {
            Kind::Export => self.export(now_ms, job, template),
            Kind::Download => self.download(now_ms, job),
            Kind::Get => policies::answer(job).map(|answer| envelope::json(&answer)),
            Kind::Write => Err(Refusal::new(403, "The sandbox is read-only: this job would change the company")),
            Kind::Unknown if job.get("type").is_none() => Err(Refusal::malformed("type")),
            Kind::Unknown => Err(Refusal::new(403, "Unknown job type")),
        }
    }

    /// Absent credentials are 403, a wrong pair is 404 (both observed).
    fn authenticate(&self, job: &Value) -> Result<(), Refusal> {
        let given = |name: &str| job.get("credentials").and_then(|pair| pair.get(name)).and_then(Value::as_str);
        let (Some(id), Some(secret)) = (given("partnerUserID"), given("partnerUserSecret")) else {
            return Err(Refusal::new(403, "No authentication method specified"));
        };
        let right = &self.credentials;
        if id == right.partner_user_id && secret == right.partner_user_secret {
            return Ok(());
        }
        Err(Refusal::new(404, "Authentication error"))
    }

    fn export(&mut self, now_ms: u64, job: &Value, template: Option<&str>) -> Result<Reply, Refusal> {
        let template = template.filter(|text| !text.trim().is_empty()).ok_or_else(|| Refusal::missing("template"))?;
        let mut request = export::read(&self.company, job, &self.assumptions)?;
        for key in &request.ignored {
            self.note(format!("ignored: {key}"));
        }
        self.exports += 1;
        if self.assumptions.reorder && self.exports.is_multiple_of(2) {
            request.numbers.reverse();
        }
        let rules =
            Rules { missing_values: self.assumptions.missing_values, status_words: self.assumptions.status_words };
        let broken = |error: TemplateError| Refusal::new(500, error.to_string());
        let sheet = self.sheets.sheet(template, rules).map_err(broken)?;
        if self.assumptions.refuse_broken_template {
            let tried = &request.numbers[..request.numbers.len().min(TRIED_REPORTS)];
            sheet.render(&self.company, tried, true).map_err(broken)?;
        }
        let file = Arc::new(File {
            company: self.company.clone(),
            numbers: request.numbers,
            sheet,
            batch_reports: self.assumptions.batch_reports,
            ready_at_ms: now_ms.saturating_add(self.assumptions.file_delay_ms),
        });
        let stem = format!("{}{}", request.basename, self.unique());
        let names: Vec<String> = request.extensions.iter().map(|extension| format!("{stem}.{extension}")).collect();
        for name in &names {
            self.files.keep(name.clone(), file.clone());
        }
        Ok(envelope::text(names.join(",")))
    }

    fn download(&mut self, now_ms: u64, job: &Value) -> Result<Reply, Refusal> {
        let name = job.get("fileName").and_then(Value::as_str).ok_or_else(|| Refusal::missing("fileName"))?;
        // Left out, it means the exporter's own files (inferred: older documentation has no such key).
        let system = job.get("fileSystem").and_then(Value::as_str).unwrap_or("integrationServer");
        if system != "integrationServer" && system != "reconciliation" {
            return Err(Refusal::malformed("fileSystem"));
        }
        let found = if system == "integrationServer" { self.files.get(name) } else { None };
        let file = found.ok_or_else(Refusal::no_file)?;
        if now_ms < file.ready_at_ms {
            return match self.assumptions.not_ready {
                NotReady::Empty => Ok(envelope::text(String::new())),
                NotReady::NotFound => Err(Refusal::no_file()),
                NotReady::Gone => Err(Refusal::invalid("File is not available")),
            };
        }
        let body = Body::Chunks(Chunks::new(file));
        Ok(Reply { status: 200, content_type: "application/octet-stream", body })
    }

    /// The look of a random UUID, the same in every run.
    fn unique(&self) -> String {
        let high = mix(self.company.options().seed ^ mix(self.exports));
        let low = mix(high);
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0x0FFF,
            0x8000 | ((low >> 48) & 0x3FFF),
            low & 0xFFFF_FFFF_FFFF
        )
    }

    /// Requests by job, with every job that there is.
    pub(super) fn requests(&self) -> BTreeMap<&'static str, u64> {
        let mut requests = self.requests.clone();
        for name in ["total", "export", "download", "get", "write", "unknown", "rate_limited", "refused"] {
            requests.entry(name).or_default();
        }
        requests
    }

    fn count(&mut self, what: &'static str) {
        *self.requests.entry(what).or_default() += 1;
    }

    fn note(&mut self, text: String) {
        keep(&mut self.diagnostics, Value::String(text));
    }

    /// What came in so far: `requests` by job, `over_budget` (how many came over the two rate limits, whether they were
    /// refused for it or not), `over_address` (the same for the limits of an address, where there are any), `violations` (jobs that a reading client never sends), `diagnostics`
    /// (what the vendor ignores in silence), `files`, and `reports` by state.
    pub fn state(&self) -> Value {
        let mut reports: BTreeMap<&str, u64> = BTreeMap::new();
        for head in self.company.numbers().filter_map(|n| self.company.head(n)) {
            *reports.entry(head.state.api()).or_default() += 1;
        }
        json!({
            "requests": self.requests(),
            "violations": self.violations,
            "diagnostics": self.diagnostics,
            "over_budget": self.over_budget,
            "over_address": self.over_address,
            "files": self.files.len(),
            "reports": reports,
        })
    }

    /// The pair that [`Model::handle`] accepts.
    pub fn credentials(&self) -> Credentials {
        self.credentials.clone()
    }

    /// A report that is approved and clean; empty where the company has none.
    pub fn sample_report_id(&self) -> String {
        let company = &self.company;
        let suits =
            |n: &u32| company.is_clean(*n) && company.head(*n).is_some_and(|head| head.state == State::Approved);
        company.numbers().find(suits).map_or_else(String::new, |n| company.ids().report_id(n))
    }

    /// The switches in force.
    pub fn assumptions(&self) -> &Assumptions {
        &self.assumptions
    }

    /// Changes the switches from now on.
    pub fn set_assumptions(&mut self, assumptions: Assumptions) {
        self.assumptions = assumptions;
    }

    /// Changes the company's reports as its people would, for stories: `{"action": ..., "report": id, ...}` with the
    /// actions `add` (`state`, `at`), `approve` (`at`), `unapprove`, `reimburse` (`at`), `delete`, `recode`
    /// (`transaction`, `category`, `tag` or `tags`, `comment`, `merchant`, `amount`), `mark_exported` (`label`),
    /// and to look: `show`, `list` (`state`). Gives the report as it is afterwards.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the command.
    pub fn edit(&mut self, command: Value) -> Result<Value, String> {
        edit::apply(Arc::make_mut(&mut self.company), &command)
    }
}

fn keep(notes: &mut VecDeque<Value>, note: Value) {
    if notes.len() >= NOTES_KEPT {
        notes.pop_front();
    }
    notes.push_back(note);
}
