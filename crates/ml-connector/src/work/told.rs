//! All that is on record of one report, for machines: the command line and the API tell it in the same words. It reads
//! the store and decides nothing.

use accounting::amount::SourceAmount;
use accounting::report::{Expense, ExpenseReport};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::summary::problem_json;
use crate::store::{
    Approval, Attempt, Case, CustomerStore, Hold, InboxReport, PostingHistory, ReportHistory, Request, StoreError,
    StoredLine, standing,
};
use crate::systems::expensify::report_of;

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

/// The report as its source gave it last; `None` where the bytes cannot be read any more.
///
/// # Errors
/// Those of the store.
pub async fn source_of(customer: &CustomerStore, report: &InboxReport) -> Result<Option<ExpenseReport>, StoreError> {
    let raw = customer.raw_report(&report.report_id, &report.content_hash).await?;
    Ok(raw.and_then(|raw| report_of(&raw).ok()))
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

/// The whole history. `source` is what [`source_of`] gives.
pub fn history_json(flow: &str, history: &ReportHistory, postings: &[Told], source: Option<&ExpenseReport>) -> Value {
    let report = &history.report;
    let expenses = source.map(|source| &source.expenses).into_iter().flatten();
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
        "source_url": source.and_then(|source| source.url.as_deref()),
        "expenses": expenses.map(expense_json).collect::<Vec<_>>(),
        "hold": history.hold.as_ref().map(hold_json),
        "handled": history.handled.as_ref().map(hold_json),
        "cases": history.cases.iter().map(case_json).collect::<Vec<_>>(),
        "postings": postings.iter().map(|told| posting_json(told, &history.approvals)).collect::<Vec<_>>(),
        "audit": history.audit.iter().map(|entry| json!({
            "seq": entry.seq, "at": time_text(entry.at_ms), "action": entry.action, "subject": entry.subject,
            "detail": serde_json::from_str::<Value>(&entry.detail).unwrap_or(Value::Null),
        })).collect::<Vec<_>>(),
    })
}

fn expense_json(expense: &Expense) -> Value {
    let amount = |amount: Option<SourceAmount>| amount.map(SourceAmount::decimals);
    json!({
        "expense": expense.id,
        "date": expense.date.map(|date| date.to_string()),
        "merchant": expense.merchant,
        "category": expense.category,
        "tags": expense.tags.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(),
        "comment": expense.comment,
        "fund_source": expense.fund_source().name(),
        "currency": expense.currency,
        "original": amount(expense.original),
        "edited": amount(expense.modified),
        "converted": amount(expense.converted),
        "receipt_url": expense.receipt_url,
    })
}

fn hold_json(hold: &Hold) -> Value {
    json!({ "reason": hold.reason, "by": hold.actor, "since": time_text(hold.at_ms) })
}

fn case_json(case: &Case) -> Value {
    json!({
        "case": case.id.as_str(),
        "kind": case.kind.name(),
        "state": case.state.name(),
        "code": case.code.to_string(),
        "title": case.code.title(),
        "decision": case.decision.map(|decision| decision.name()),
        "decided_by": case.decided_by,
        "note": case.note,
        "outcome": case.outcome,
        "opened": time_text(case.opened_ms),
        "changed": time_text(case.changed_ms),
    })
}

/// A decision, and whether it counts for the bytes as they are now.
fn decision_json(approval: &Approval, counts: bool) -> Value {
    json!({
        "decision": approval.decision.name(),
        "by": approval.actor,
        "at": time_text(approval.at_ms),
        "note": approval.note,
        "payload_sha256": HEXLOWER.encode(&approval.payload_sha256),
        "counts": counts,
    })
}

fn posting_json(told: &Told, approvals: &[Approval]) -> Value {
    let PostingHistory { posting, lines, attempts, .. } = &told.history;
    let decided: Vec<Approval> =
        approvals.iter().filter(|approval| approval.reference == posting.reference).cloned().collect();
    let in_force: Vec<i64> = standing(&decided, &posting.payload_sha256).iter().map(|one| one.number).collect();
    let decisions = decided.iter().map(|one| decision_json(one, in_force.contains(&one.number)));
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
        "decisions": decisions.collect::<Vec<_>>(),
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
