//! Speaks to the model as a client would: builds the requests, reads the answers.

use jiff::civil::date;
use sandbox::expensify::{Assumptions, Model, Options, RateLimit, Reply, Request};
use serde_json::{Value, json};

/// Prints one report a line: id, state, number of expenses.
pub const LINES: &str =
    "<#list reports as report>${report.reportID} ${report.state} ${report.transactionList?size}\n</#list>";

/// A server of `reports` reports, and a clock for it.
pub struct Server {
    pub model: Model,
    pub now_ms: u64,
}

pub fn options(reports: usize) -> Options {
    Options { seed: 1, reports, expenses_per_report: None, today: date(2026, 11, 24) }
}

/// Assumptions without rate limits, for tests that are about something else.
pub fn unlimited() -> Assumptions {
    Assumptions { rate_limit: RateLimit::Off, ..Assumptions::default() }
}

pub fn server(reports: usize, assumptions: Assumptions) -> Server {
    Server { model: Model::new(options(reports), assumptions), now_ms: 1_000_000 }
}

/// Percent-encoding of everything that is not a letter or digit.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

pub fn text(reply: Reply) -> String {
    String::from_utf8(reply.body.collect().to_vec()).unwrap()
}

/// Code and message of an envelope.
pub fn envelope(text: &str) -> (i64, String) {
    let envelope: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("no envelope: {text}"));
    (envelope["responseCode"].as_i64().unwrap(), envelope["responseMessage"].as_str().unwrap_or_default().to_string())
}

impl Server {
    pub fn form(&mut self, form: String) -> Reply {
        let content_type = "application/x-www-form-urlencoded".to_string();
        let request =
            Request { method: "POST".into(), query: String::new(), content_type, body: form.into_bytes().into() };
        self.model.handle(self.now_ms, request)
    }

    /// Sends a job with the right credentials put in.
    pub fn job(&mut self, mut job: Value, template: Option<&str>) -> Reply {
        let pair = self.model.credentials();
        job["credentials"] =
            json!({"partnerUserID": pair.partner_user_id, "partnerUserSecret": pair.partner_user_secret});
        let template = template.map(|template| format!("&template={}", encoded(template))).unwrap_or_default();
        self.form(format!("requestJobDescription={}{template}", encoded(&job.to_string())))
    }

    pub fn export(&mut self, job: Value, template: &str) -> String {
        text(self.job(job, Some(template)))
    }

    pub fn download(&mut self, name: &str) -> String {
        text(self.job(json!({"type": "download", "fileName": name, "fileSystem": "integrationServer"}), None))
    }

    /// Exports and downloads.
    pub fn fetch(&mut self, job: Value, template: &str) -> String {
        let name = self.export(job, template);
        assert!(!name.starts_with('{'), "refused: {name}");
        self.download(&name)
    }

    /// Ids of the reports that a job selects.
    pub fn ids(&mut self, job: Value) -> Vec<String> {
        let lines = self.fetch(job, LINES);
        lines.lines().map(|line| line.split(' ').next().unwrap_or_default().to_string()).collect()
    }
}

/// An export job with these input settings.
pub fn export_job(input: Value) -> Value {
    let mut input = input;
    input["type"] = json!("combinedReportData");
    json!({
        "type": "file",
        "onReceive": {"immediateResponse": ["returnRandomFileName"]},
        "inputSettings": input,
        "outputSettings": {"fileExtension": "json"},
    })
}

/// An export job of approved and paid reports, whenever approved.
pub fn approved_job() -> Value {
    export_job(json!({"reportState": "APPROVED,REIMBURSED", "filters": {"approvedAfter": "2026-01-01"}}))
}
