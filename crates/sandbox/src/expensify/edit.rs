//! What the company's people do to their reports, as commands for stories and tests.
//!
//! Each command is one JSON object with an `action`; most name a `report` by either of its ids. Nothing here checks
//! whether the vendor's pages would allow it at that moment: its own help texts contradict each other.

use super::company::{Action, Company, Expense, Report, State};
use super::template::time_text;
use jiff::civil::DateTime;
use serde_json::{Value, json};
use std::sync::Arc;

/// Carries out `command`.
///
/// # Errors
/// A sentence that says what is wrong with the command.
pub fn apply(company: &mut Company, command: &Value) -> Result<Value, String> {
    let action = text(command, "action").ok_or("an edit needs an \"action\"")?;
    match action {
        "add" => return add(company, command),
        "list" => return list(company, command),
        _ => {}
    }
    let id = text(command, "report").ok_or("this edit needs a \"report\": one of its two ids")?;
    let found = company.report_by_id(id).ok_or_else(|| format!("there is no report {id}"))?;
    let mut report = Report::clone(&found);
    match action {
        "show" => return Ok(show(&report)),
        "delete" => {
            company.delete(report.head.number);
            return Ok(json!({"deleted": report.id}));
        }
        "unapprove" => unapprove(&mut report),
        "approve" => approve(&mut report, moment(company, command)?),
        "reimburse" => reimburse(&mut report, moment(company, command)?),
        "recode" => recode(&mut report, command)?,
        "mark_exported" => {
            report.head.labels.insert(text(command, "label").ok_or("\"mark_exported\" needs a \"label\"")?.to_string());
        }
        other => {
            return Err(format!(
                "there is no action {other:?}; there are add, approve, delete, list, mark_exported, recode, reimburse, show and unapprove"
            ));
        }
    }
    let shown = show(&report);
    company.put(report);
    Ok(shown)
}

fn text<'a>(command: &'a Value, name: &str) -> Option<&'a str> {
    command.get(name).and_then(Value::as_str)
}

/// The command's `at`, or noon of the company's today.
fn moment(company: &Company, command: &Value) -> Result<DateTime, String> {
    match text(command, "at") {
        None => Ok(company.options().today.at(12, 0, 0, 0)),
        Some(at) => at.parse().map_err(|_| format!("\"at\" is not a time such as 2026-11-20 09:30:00: {at:?}")),
    }
}

fn record(report: &mut Report, action: &'static str, created: DateTime) {
    let email = report.manager.email.clone();
    report.history.push(Action { email, action, created, message: format!("{} this report", action.to_lowercase()) });
}

fn unapprove(report: &mut Report) {
    let at = report.head.approved.unwrap_or(report.head.created);
    report.head.state = State::Submitted;
    report.head.approved = None;
    report.head.reimbursed = None;
    report.entry_id = None;
    record(report, "UNAPPROVED", at);
}

fn approve(report: &mut Report, at: DateTime) {
    report.head.state = State::Approved;
    report.head.submitted.get_or_insert(at);
    report.head.approved = Some(at);
    report.head.reimbursed = None;
    record(report, "APPROVED", at);
}

fn reimburse(report: &mut Report, at: DateTime) {
    report.head.state = State::Reimbursed;
    report.head.submitted.get_or_insert(at);
    report.head.approved.get_or_insert(at);
    report.head.reimbursed = Some(at);
    report.entry_id = Some(60_000_000 + u64::from(report.head.number));
    record(report, "REIMBURSED", at);
}

/// Changes one expense, the first unless `transaction` names another: category, tags, comment, merchant, amount.
fn recode(report: &mut Report, command: &Value) -> Result<(), String> {
    let wanted = text(command, "transaction");
    let position = |expense: &Arc<Expense>| wanted.is_none_or(|id| expense.transaction_id == id);
    let index = report.expenses.iter().position(position).ok_or("the report has no such transaction")?;
    let mut expense = Expense::clone(&report.expenses[index]);
    if let Some(category) = text(command, "category") {
        expense.category = category.to_string();
    }
    if let Some(comment) = text(command, "comment") {
        expense.comment = comment.to_string();
    }
    if let Some(merchant) = text(command, "merchant") {
        expense.modified_merchant = Some(merchant.to_string());
    }
    if let Some(tags) = command.get("tags").and_then(Value::as_array) {
        expense.tags = tags.iter().map(|tag| tag.as_str().unwrap_or_default().to_string()).collect();
    } else if let Some(tag) = text(command, "tag") {
        expense.tags = vec![tag.to_string()];
    }
    if let Some(amount) = command.get("amount") {
        let hundredths = amount.as_i64().ok_or("\"amount\" is a whole number of hundredths")?;
        expense.modified_hundredths = Some(hundredths);
        if let Some(rate) = expense.rate_millionths {
            expense.converted_hundredths = Some((hundredths.saturating_mul(rate) + 500_000) / 1_000_000);
        }
    }
    report.expenses[index] = Arc::new(expense);
    Ok(())
}

/// A new clean report, approved at `at` unless `state` says otherwise.
fn add(company: &mut Company, command: &Value) -> Result<Value, String> {
    let state = match text(command, "state") {
        None => State::Approved,
        Some(word) => state(word)?,
    };
    let at = moment(company, command)?;
    let mut report = company.draft();
    report.head.state = State::Open;
    report.head.created = at;
    report.head.submitted = (state != State::Open).then_some(at);
    report.head.approved = None;
    report.head.reimbursed = None;
    report.history.truncate(1);
    match state {
        State::Approved => approve(&mut report, at),
        State::Reimbursed => reimburse(&mut report, at),
        other => report.head.state = other,
    }
    let shown = show(&report);
    company.put(report);
    Ok(shown)
}

fn state(word: &str) -> Result<State, String> {
    State::ALL.into_iter().find(|state| state.api() == word).ok_or_else(|| format!("there is no state {word:?}"))
}

/// Ids of the reports, of one state if the command names it.
fn list(company: &Company, command: &Value) -> Result<Value, String> {
    let wanted = text(command, "state").map(state).transpose()?;
    let heads = company.numbers().filter_map(|n| company.head(n));
    let entries = heads.filter(|head| wanted.is_none_or(|state| head.state == state)).map(|head| {
        json!({
            "report": company.ids().report_id(head.number),
            "state": head.state.api(),
            "policy": head.policy.id,
            "clean": company.is_clean(head.number),
        })
    });
    Ok(Value::Array(entries.take(1_000).collect()))
}

/// A report as plain JSON: what a test compares with.
fn show(report: &Report) -> Value {
    let currency = report.head.policy.currency;
    let expense = |expense: &Arc<Expense>| {
        json!({
            "transaction": expense.transaction_id,
            "category": expense.category,
            "tags": expense.tags,
            "comment": expense.comment,
            "merchant": expense.merchant,
            "currency": expense.currency,
            "reimbursable": expense.reimbursable,
            "effective_hundredths": expense.effective_hundredths(currency),
        })
    };
    json!({
        "report": report.id,
        "old_report": report.old_id.to_string(),
        "state": report.head.state.api(),
        "policy": report.head.policy.id,
        "submitted": report.head.submitted.map(time_text),
        "approved": report.head.approved.map(time_text),
        "reimbursed": report.head.reimbursed.map(time_text),
        "currency": currency,
        "total_hundredths": report.total_hundredths(),
        "expenses": report.expenses.iter().map(expense).collect::<Vec<_>>(),
    })
}
