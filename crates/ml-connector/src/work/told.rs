//! All that is on record of one report, for machines: the command line and the API tell it in the same words. It reads
//! the store and decides nothing.

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::summary::problem_json;
use crate::store::{Attempt, CustomerStore, PostingHistory, ReportHistory, Request, StoreError, StoredLine};

/// A posting with the requests that carried it, as they were sent.
pub struct Told {
    /// The posting.
    pub history: PostingHistory,
    /// One request for each attempt, secrets masked.
    pub bodies: Vec<String>,
}

/// Puts the requests of a history together again.
///
/// # Errors
/// Those of the store.
pub async fn tell(
    customer: &CustomerStore,
    mut history: ReportHistory,
) -> Result<(ReportHistory, Vec<Told>), StoreError> {
    let mut told = Vec::new();
    for posting in std::mem::take(&mut history.postings) {
        let reference = &posting.posting.reference;
        let payload = customer.payloads(&posting.posting.key.company, &[reference]).await?.pop();
        let payload = payload.map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let bodies = posting.attempts.iter().map(|(attempt, request)| body(attempt, request, &payload)).collect();
        told.push(Told { history: posting, bodies });
    }
    Ok((history, told))
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

/// The whole history.
pub fn history_json(flow: &str, history: &ReportHistory, postings: &[Told]) -> Value {
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
            "content": HEXLOWER.encode(&version.content_hash), "seen": time_text(version.seen_ms),
        })).collect::<Vec<_>>(),
        "problems": report.problems.iter().map(problem_json).collect::<Vec<_>>(),
        "skipped": report.skipped.iter().map(|skipped| json!({
            "expense": skipped.expense,
            "amount_minor": skipped.amount.map(|amount| amount.minor),
            "reason": skipped.reason,
        })).collect::<Vec<_>>(),
        "postings": postings.iter().map(posting_json).collect::<Vec<_>>(),
        "audit": history.audit.iter().map(|entry| json!({
            "seq": entry.seq, "at": time_text(entry.at_ms), "action": entry.action, "subject": entry.subject,
            "detail": serde_json::from_str::<Value>(&entry.detail).unwrap_or(Value::Null),
        })).collect::<Vec<_>>(),
    })
}

fn posting_json(told: &Told) -> Value {
    let PostingHistory { posting, lines, attempts, .. } = &told.history;
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
        "attempts": attempts.iter().zip(&told.bodies).map(attempt_json).collect::<Vec<_>>(),
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
        "started": time_text(attempt.started_ms),
        "ended": attempt.ended_ms.map(time_text),
        "outcome": attempt.outcome,
        "detail": attempt.detail,
        "http_status": request.http_status,
        "request": body,
        "reply": request.reply.as_ref().map(|reply| String::from_utf8_lossy(reply).into_owned()),
    })
}

/// A time as RFC 3339.
pub fn time_text(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map(|at| at.to_string()).unwrap_or_default()
}
