//! `report`: everything on record of one report: where it stands and why, its entries with the reason of every line,
//! every attempt with what was sent and what came back.

use std::process::ExitCode;

use clap::Args;
use data_encoding::HEXLOWER;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Common;
use super::output::{Failure, clean, heading, money, print_json, print_text, problem_json, problem_text, table};
use crate::clock::Clock;
use crate::store::{Access, Attempt, CustomerStore, PostingHistory, ReportHistory, Request, StoredLine, StoredPosting};
use crate::work::start::open_store;

/// Options of `report`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ml-connector report R00bCluvcO4T\n  ml-connector report R00bCluvcO4T --raw\n  \
    ml-connector report R00bCluvcO4T --json")]
pub struct Report {
    /// The report's id at Expensify
    #[arg(value_name = "ID")]
    id: String,
    /// The customer whose report it is
    #[arg(long, default_value = "default")]
    customer: String,
    /// Show requests and replies too, with secrets masked
    #[arg(long)]
    raw: bool,
}

/// A posting's history with what was sent in each attempt.
struct Shown {
    history: PostingHistory,
    bodies: Vec<String>,
}

impl Report {
    /// Looks it up in every flow of the customer, and shows it.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let store = open_store(&common.settings()?, Access::Read, &Clock::system(TimeZone::UTC)).await?;
        let customer = store.customer_named(&self.customer).await?;
        let customer =
            customer.ok_or_else(|| Failure::Plain(format!("there is no customer named '{}'", self.customer)))?;
        let mut found = false;
        for flow in customer.flows().await? {
            let Some(history) = customer.report_history(&flow.id, &self.id).await? else { continue };
            found = true;
            let (report, postings) = with_bodies(&customer, history).await?;
            if common.json {
                print_json(&as_json(&flow.name, &report, &postings));
            } else {
                print_text(&as_text(&flow.name, &report, &postings, self.raw));
            }
        }
        if found {
            Ok(ExitCode::SUCCESS)
        } else {
            Err(Failure::Plain(format!("no flow has read a report {}", self.id)))
        }
    }
}

async fn with_bodies(
    customer: &CustomerStore,
    mut history: ReportHistory,
) -> Result<(ReportHistory, Vec<Shown>), Failure> {
    let mut shown = Vec::new();
    for posting in std::mem::take(&mut history.postings) {
        let reference = &posting.posting.reference;
        let payload = customer.payloads(&posting.posting.key.company, &[reference]).await?.pop();
        let payload = payload.map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let bodies = posting.attempts.iter().map(|(attempt, request)| body(attempt, request, &payload)).collect();
        shown.push(Shown { history: posting, bodies });
    }
    Ok((history, shown))
}

/// The request as it was sent, with the functions of other reports left out.
fn body(attempt: &Attempt, request: &Request, payload: &str) -> String {
    let function = format!("<function controlid=\"{}\">{payload}</function>", attempt.control_id);
    match request.masked_head.find("</content>") {
        Some(at) => {
            let (head, tail) = request.masked_head.split_at(at);
            format!("{head}{function}{tail}")
        }
        None => function,
    }
}

fn as_json(flow: &str, history: &ReportHistory, postings: &[Shown]) -> Value {
    let report = &history.report;
    json!({
        "flow": flow,
        "report_id": report.report_id,
        "number": report.number,
        "name": report.name,
        "employee": report.employee,
        "state": report.state.name(),
        "source_state": report.source_state.name(),
        "approved": report.approved_on.map(|date| date.to_string()),
        "currency": report.currency,
        "total_minor": report.total_minor,
        "amount_minor": report.amount_minor,
        "skipped_minor": report.skipped_minor,
        "mapping_version": report.mapping_version,
        "versions": history.versions.iter().map(|version| json!({
            "content": HEXLOWER.encode(&version.content_hash), "seen": time(version.seen_ms),
        })).collect::<Vec<_>>(),
        "problems": report.problems.iter().map(problem_json).collect::<Vec<_>>(),
        "skipped": report.skipped.iter().map(|skipped| json!({
            "expense": skipped.expense,
            "amount_minor": skipped.amount.map(|amount| amount.minor),
            "reason": skipped.reason,
        })).collect::<Vec<_>>(),
        "postings": postings.iter().map(posting_json).collect::<Vec<_>>(),
        "audit": history.audit.iter().map(|entry| json!({
            "seq": entry.seq, "at": time(entry.at_ms), "action": entry.action, "subject": entry.subject,
            "detail": serde_json::from_str::<Value>(&entry.detail).unwrap_or(Value::Null),
        })).collect::<Vec<_>>(),
    })
}

fn posting_json(shown: &Shown) -> Value {
    let PostingHistory { posting, lines, attempts, .. } = &shown.history;
    json!({
        "reference": posting.reference.as_str(),
        "state": posting.machine.state.name(),
        "record_no": posting.machine.state.record_no(),
        "journal": posting.journal,
        "date": posting.posting_date.to_string(),
        "original_date": posting.original_date.map(|date| date.to_string()),
        "currency": posting.total.currency.code(),
        "total_minor": posting.total.minor,
        "payload_sha256": HEXLOWER.encode(&posting.payload_sha256),
        "mapping_version": posting.mapping_version,
        "problem": posting.problem.as_ref().map(problem_json),
        "lines": lines.iter().map(line_json).collect::<Vec<_>>(),
        "attempts": attempts.iter().zip(&shown.bodies).map(attempt_json).collect::<Vec<_>>(),
    })
}

fn line_json(line: &StoredLine) -> Value {
    json!({
        "direction": line.direction,
        "amount_minor": line.amount_minor,
        "account": line.account,
        "dimensions": line.dimensions,
        "memo": line.memo,
        "document": line.document,
        "expenses": line.expenses,
        "account_reason": line.account_reason,
        "dimension_reasons": line.dimension_reasons,
        "badges": line.badges,
    })
}

fn attempt_json(((attempt, request), body): (&(Attempt, Request), &String)) -> Value {
    json!({
        "n": attempt.n,
        "request_id": request.id.as_str(),
        "control_id": attempt.control_id,
        "started": time(attempt.started_ms),
        "ended": attempt.ended_ms.map(time),
        "outcome": attempt.outcome,
        "detail": attempt.detail,
        "http_status": request.http_status,
        "request": body,
        "reply": request.reply.as_ref().map(|reply| String::from_utf8_lossy(reply).into_owned()),
    })
}

fn as_text(flow: &str, history: &ReportHistory, postings: &[Shown], raw: bool) -> String {
    let report = &history.report;
    let mut text = heading(&format!("{} {} ({})", report.report_id, clean(&report.name), clean(&report.employee)));
    text.push_str(&format!("flow:     {flow}\nstate:    {}", report.state.name()));
    text.push_str(&format!(" (at Expensify: {})\n", report.source_state.name()));
    if let (Some(minor), Some(currency)) = (report.total_minor, &report.currency) {
        text.push_str(&format!("total:    {} {currency}\n", money(minor, currency)));
    }
    report.problems.iter().for_each(|problem| text.push_str(&clean(&problem_text(problem))));
    for skipped in &report.skipped {
        let amount = skipped.amount.map(|amount| format!(" {amount}")).unwrap_or_default();
        text.push_str(&format!("left out: {}{amount}: {}\n", skipped.expense, clean(&skipped.reason)));
    }
    postings.iter().for_each(|shown| text.push_str(&posting_text(shown, raw)));
    text.push_str(&heading("Audit"));
    let rows = history
        .audit
        .iter()
        .map(|entry| vec![entry.seq.to_string(), time(entry.at_ms), entry.action.clone(), entry.subject.clone()]);
    text.push_str(&table(&["seq", "when (UTC)", "what", "of"], &[0], rows));
    text
}

fn posting_text(shown: &Shown, raw: bool) -> String {
    let PostingHistory { posting, lines, attempts, .. } = &shown.history;
    let mut text = heading(&posting_title(posting));
    if let Some(problem) = &posting.problem {
        text.push_str(&clean(&problem_text(problem)));
    }
    let code = posting.total.currency.code().to_owned();
    let rows = lines.iter().map(|line| {
        let amount = money(line.amount_minor, &code);
        let (debit, credit) = if line.direction == "debit" { (amount, String::new()) } else { (String::new(), amount) };
        let dimensions: Vec<String> = line.dimensions.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let mut why = vec![line.account_reason.clone()];
        why.extend(line.dimension_reasons.iter().map(|(name, reason)| format!("{name}: {reason}")));
        why.extend(line.badges.iter().map(|badge| format!("! {badge}")));
        vec![debit, credit, line.account.clone(), dimensions.join(", "), line.memo.clone(), why.join("; ")]
    });
    text.push_str(&table(&["debit", "credit", "account", "dimensions", "memo", "why"], &[0, 1], rows));
    for ((attempt, request), body) in attempts.iter().zip(&shown.bodies) {
        let outcome = attempt.outcome.as_deref().unwrap_or("not known");
        let detail = attempt.detail.as_deref().filter(|detail| !detail.is_empty());
        let detail = detail.map(|detail| format!(": {}", clean(detail))).unwrap_or_default();
        text.push_str(&format!("attempt {} at {}: {outcome}{detail}\n", attempt.n, time(attempt.started_ms)));
        if raw {
            let reply = request.reply.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            text.push_str(&format!("  sent:     {}\n  answered: {}\n", clean(body), clean(&reply)));
        }
    }
    text
}

fn posting_title(posting: &StoredPosting) -> String {
    let state = &posting.machine.state;
    let record = state.record_no().map(|record_no| format!(" as record {record_no}")).unwrap_or_default();
    format!("{} {} {}: {}{record}", posting.reference, posting.journal, posting.posting_date, state.name())
}

fn time(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map(|at| at.to_string()).unwrap_or_default()
}
