//! A company at work: the sandbox of both vendors, a flow, a database file, and runs of the service. It only sets up
//! and looks; every story says itself what must come of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;

use accounting::posting::Rules;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use ml_connector::clock::Clock;
use ml_connector::flow::Flow;
use ml_connector::settings::Settings;
use ml_connector::store::{AuditEntry, AuditFilter, InboxReport, InboxState, StoredLine, StoredPosting};
use ml_connector::systems::connect::Endpoints;
use ml_connector::work::WorkError;
use ml_connector::work::progress::Silent;
use ml_connector::work::start::Opened;
use ml_connector::work::summary::Summary;
use sandbox::expensify::{Assumptions, RateLimit};
use sandbox::{Faults, Options, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::databases::{self, TestDatabase};

/// The flow that new users start from.
const EXAMPLE: &str = include_str!("../../../../../examples/flows/expenses.toml");

/// Runs after which everything has settled; on a machine that has nothing else to do it takes one or two.
const RUNS: usize = 60;

/// A company with everything it needs.
pub struct Office {
    pub sandbox: Sandbox,
    pub folder: TempDir,
    pub database: TestDatabase,
    /// The flow document; change it with [`Office::edit_flow`].
    pub flow: String,
    pub settings: Settings,
    pub endpoints: Endpoints,
    /// Waits of the protocol, short enough for a test.
    pub rules: Rules,
}

/// What a run did, and what the books held after it.
#[derive(Debug)]
pub struct Outcome {
    pub result: Result<Summary, WorkError>,
    pub reports: BTreeMap<String, InboxReport>,
    pub postings: Vec<StoredPosting>,
    /// Frozen lines by reference.
    pub lines: BTreeMap<String, Vec<StoredLine>>,
    pub audit: Vec<AuditEntry>,
}

/// Options of a company whose reports are all clean, each with `expenses` expenses of one fund source.
pub fn clean(reports: usize, expenses: usize) -> Options {
    Options { reports, expenses_per_report: Some(expenses), ..Options::default() }
}

/// Options of a company as companies are, with everything that goes wrong in one.
pub fn lifelike(reports: usize) -> Options {
    Options { reports, ..Options::default() }
}

impl Office {
    /// Starts the company. Expensify's rate limit is off, so that a test need not wait for it.
    pub async fn open(options: Options) -> Self {
        Self::open_on(databases::sqlite(), options).await
    }

    /// Starts the company with its books in this database.
    pub async fn open_on(database: TestDatabase, mut options: Options) -> Self {
        options.expensify_assumptions = Assumptions { rate_limit: RateLimit::Off, ..options.expensify_assumptions };
        let sandbox = sandbox::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::load(None, &[]).unwrap();
        settings.database.url.clone_from(&database.url);
        settings.expensify.requests_in_10_seconds = 0;
        settings.expensify.requests_in_60_seconds = 0;
        settings.posting.batch_entries = 4;
        let endpoints =
            Endpoints { expensify: Some(sandbox.expensify_url.clone()), intacct: Some(sandbox.intacct_url.clone()) };
        let rules = Rules {
            settle_ms: 400,
            look_gap_ms: 150,
            looks_ms: vec![50, 150, 300, 450, 600],
            retry_ms: 50,
            ..Rules::default()
        };
        let flow = flow_text(&sandbox, &folder);
        Self { sandbox, folder, database, flow, settings, endpoints, rules }
    }

    /// Replaces a piece of the flow document that must be there.
    pub fn edit_flow(&mut self, from: &str, to: &str) {
        assert!(self.flow.contains(from), "the flow does not say {from}");
        self.flow = self.flow.replace(from, to);
    }

    /// Sets the faults in force; an empty list ends them.
    pub fn faults(&self, rules: Value) {
        self.sandbox.set_faults(Faults::from_value(rules).unwrap());
    }

    /// What a person does in Expensify.
    pub fn in_expensify(&self, command: Value) -> Value {
        self.sandbox.edit(command).unwrap()
    }

    /// What a person does in Intacct.
    pub fn in_intacct(&self, mut command: Value) -> Value {
        command["vendor"] = json!("intacct");
        self.sandbox.edit(command).unwrap()
    }

    /// The company's id at Intacct.
    pub fn company(&self) -> &str {
        &self.sandbox.credentials.intacct.company_id
    }

    /// Where the file of its database is.
    pub fn database(&self) -> PathBuf {
        self.database.url.strip_prefix("sqlite:").unwrap().into()
    }

    /// Runs once, to the end of every wait. A story has many runs, and their futures are large.
    pub fn run(&self) -> Pin<Box<dyn Future<Output = Outcome> + '_>> {
        Box::pin(self.run_once())
    }

    async fn run_once(&self) -> Outcome {
        let flow = Flow::parse(&self.flow, "flow.toml", None).unwrap_or_else(|error| panic!("{error}"));
        let opened = Opened::open(flow, self.settings.clone(), &self.endpoints).await.unwrap();
        let mut work = opened.work(&Silent);
        work.rules = self.rules.clone();
        // Several companies may work beside each other in one test: their futures are large.
        let result = Box::pin(work.run(true)).await;
        let outcome = look(&opened, self.company(), result).await;
        opened.close().await.unwrap();
        outcome
    }

    /// Runs until nothing is in doubt or waits to be sent; a bound instead of for ever.
    pub async fn run_until_settled(&self) -> Outcome {
        let open = [InboxState::Unknown, InboxState::Ready, InboxState::Seen, InboxState::Sent, InboxState::Rejected];
        self.run_until_none_is(&open).await
    }

    /// Runs until no outcome is unknown. A run's own patience is a time, of which a busy machine has less; this one is
    /// counted in runs, each of which reads the ledger.
    pub async fn run_past_doubt(&self) -> Outcome {
        self.run_until_none_is(&[InboxState::Unknown]).await
    }

    async fn run_until_none_is(&self, open: &[InboxState]) -> Outcome {
        for _ in 0..RUNS {
            let outcome = self.run().await;
            if outcome.result.is_ok() && outcome.count(open) == 0 {
                return outcome;
            }
        }
        panic!("still not settled after {RUNS} runs");
    }
}

/// What the books hold.
pub async fn look(opened: &Opened, company: &str, result: Result<Summary, WorkError>) -> Outcome {
    let customer = &opened.customer;
    let reports = customer.reports_in(&opened.flow_id, &InboxState::ALL, None, 100_000).await.unwrap();
    let mut postings = Vec::new();
    let mut lines = BTreeMap::new();
    for report in &reports {
        postings.extend(customer.postings_of(&opened.flow_id, &report.report_id).await.unwrap());
    }
    for posting in &postings {
        let of_posting = customer.posting_lines(company, &posting.reference).await.unwrap();
        lines.insert(posting.reference.to_string(), of_posting);
    }
    let audit = customer.list_audit(&AuditFilter::default(), 0, 1_000_000).await.unwrap();
    let reports = reports.into_iter().map(|report| (report.report_id.clone(), report)).collect();
    Outcome { result, reports, postings, lines, audit }
}

impl Outcome {
    /// The summary of a run that did its work.
    pub fn summary(&self) -> &Summary {
        self.result.as_ref().unwrap_or_else(|error| panic!("the run failed: {}", error.problem()))
    }

    /// Reports in any of these states.
    pub fn count(&self, states: &[InboxState]) -> usize {
        self.reports.values().filter(|report| states.contains(&report.state)).count()
    }

    /// Codes of what stood in the way of the run itself.
    pub fn run_codes(&self) -> Vec<String> {
        match &self.result {
            Ok(summary) => summary.problems.iter().map(|problem| problem.code.to_string()).collect(),
            Err(error) => vec![error.problem().code.to_string()],
        }
    }

    /// Codes of the problems of a report.
    pub fn codes_of(&self, report: &str) -> Vec<String> {
        self.reports[report].problems.iter().map(|problem| problem.code.to_string()).collect()
    }

    /// Audit entries of one action.
    pub fn audited(&self, action: &str) -> Vec<&AuditEntry> {
        self.audit.iter().filter(|entry| entry.action == action).collect()
    }
}

/// The example flow, posting, with the sandbox's credentials.
fn flow_text(sandbox: &Sandbox, folder: &TempDir) -> String {
    let credentials = &sandbox.credentials;
    let file = |name: &str, value: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, value).unwrap();
        format!("\"file:{}\"", path.display())
    };
    let quoted = |value: &str| format!("\"{value}\"");
    let (expensify, intacct) = (&credentials.expensify, &credentials.intacct);
    let today = Clock::system(TimeZone::UTC).today();
    let cut_over = today.checked_sub(200.days()).unwrap();
    let mut text = EXAMPLE.to_owned();
    for (from, to) in [
        ("\"env:EXPENSIFY_PARTNER_USER_ID\"", quoted(&expensify.partner_user_id)),
        ("\"env:EXPENSIFY_PARTNER_USER_SECRET\"", file("partner_secret", &expensify.partner_user_secret)),
        ("\"env:INTACCT_SENDER_ID\"", quoted(&intacct.sender_id)),
        ("\"env:INTACCT_SENDER_PASSWORD\"", file("sender_password", &intacct.sender_password)),
        ("\"env:INTACCT_COMPANY_ID\"", quoted(&intacct.company_id)),
        ("\"env:INTACCT_USER_ID\"", quoted(&intacct.user_id)),
        ("\"env:INTACCT_USER_PASSWORD\"", file("user_password", &intacct.user_password)),
        ("mode = \"rehearsal\"", "mode = \"post\"".to_owned()),
        // Stories of the hand-over ask for it.
        ("hand_over = \"ask\"", "hand_over = \"off\"".to_owned()),
        ("cut_over = \"2026-09-01\"", format!("cut_over = \"{cut_over}\"")),
    ] {
        assert!(text.contains(from), "the example no longer says {from}");
        text = text.replace(from, &to);
    }
    text
}
