//! What a template may print of a report: the vendor's field names (documented, and seen in third-party clients).
//!
//! A field that has no value is absent here; what an absent value prints is decided elsewhere.

use super::field::Field;
use super::time_text;
use crate::expensify::StatusWords;
use crate::expensify::company::{Report, State, field_key};
use crate::world::EmployeeFact;

/// Every field name with a simple value.
pub const NAMES: &[&str] = &[
    "accountEmail",
    "accountID",
    "approved",
    "created",
    "currency",
    "displayStatus",
    "employeeCustomField1",
    "employeeCustomField2",
    "entryID",
    "isACHReimbursed",
    "managerEmail",
    "managerID",
    "managerPayrollID",
    "managerUserID",
    "oldReportID",
    "policyID",
    "policyName",
    "reimbursed",
    "reportID",
    "reportName",
    "state",
    "status",
    "submitted",
    "submitterEmail",
    "submitterPayrollID",
    "submitterUserID",
    "total",
];

/// Fields that hold more than one value; `transactionList` is made by the caller.
pub const NESTED: &[&str] = &["actionList", "approvers", "customField", "manager", "submitter", "transactionList"];

/// The value of field `name` of `report`, except `transactionList`.
pub fn get(report: &Report, words: StatusWords, name: &str) -> Option<Field> {
    let head = &report.head;
    match name {
        "reportID" => Some(Field::text(report.id.as_str())),
        "oldReportID" => Some(Field::text(report.old_id.to_string())),
        "reportName" => Some(Field::text(report.name.as_str())),
        "policyID" => Some(Field::text(head.policy.id)),
        "policyName" => Some(Field::text(head.policy.name)),
        "currency" => Some(Field::text(head.policy.currency)),
        "total" => Some(Field::Number(report.total_hundredths())),
        "state" => Some(Field::text(head.state.api())),
        "status" => Some(Field::text(match words {
            StatusWords::Classic => head.state.classic(),
            StatusWords::Api => head.state.api(),
        })),
        "displayStatus" => Some(Field::text(head.state.display())),
        "created" => Some(Field::text(time_text(head.created))),
        "submitted" => head.submitted.map(|time| Field::text(time_text(time))),
        "approved" => head.approved.map(|time| Field::text(time_text(time))),
        "reimbursed" => head.reimbursed.map(|time| Field::text(time_text(time))),
        "entryID" => report.entry_id.map(|id| Field::text(id.to_string())),
        "isACHReimbursed" => Some(Field::Flag(report.entry_id.is_some_and(|id| id % 2 == 0))),
        "customField" => {
            let fields = report.fields.iter().filter(|(_, value)| !value.is_empty());
            Some(Field::Hash(fields.map(|(name, value)| (field_key(name), Field::text(value.as_str()))).collect()))
        }
        "actionList" => Some(actions(report)),
        "approvers" => Some(approvers(report)),
        _ => submitter(report, name).or_else(|| manager(report, name)),
    }
}

fn account_id(person: &EmployeeFact) -> String {
    let number: u64 = person.id.trim_start_matches('E').parse().unwrap_or(0);
    (10_400_000 + number * 37).to_string()
}

fn names(person: &EmployeeFact) -> Field {
    Field::hash([
        ("firstName", Field::text(person.first)),
        ("lastName", Field::text(person.last)),
        ("fullName", Field::text(format!("{} {}", person.first, person.last))),
    ])
}

fn submitter(report: &Report, name: &str) -> Option<Field> {
    let person = &report.submitter;
    match name {
        "accountEmail" | "submitterEmail" => Some(Field::text(person.email.as_str())),
        "accountID" => Some(Field::Text(account_id(person))),
        "submitter" => Some(names(person)),
        "submitterUserID" | "submitterPayrollID" | "employeeCustomField1" => Some(Field::text(person.id.as_str())),
        "employeeCustomField2" => Some(Field::text(person.location)),
        _ => None,
    }
}

/// The last approver; while the report waits, who will approve. Nobody where nothing is to be approved.
fn manager(report: &Report, name: &str) -> Option<Field> {
    if report.head.policy.submit_and_close || report.head.state == State::Open {
        return None;
    }
    let person = &report.manager;
    match name {
        "managerEmail" => Some(Field::text(person.email.as_str())),
        "managerID" => Some(Field::Text(account_id(person))),
        "managerUserID" | "managerPayrollID" => Some(Field::text(person.id.as_str())),
        "manager" => Some(names(person)),
        _ => None,
    }
}

fn approvers(report: &Report) -> Field {
    let Some(approved) = report.head.approved else { return Field::List(Vec::new()) };
    let person = &report.manager;
    Field::List(vec![Field::hash([
        ("email", Field::text(person.email.as_str())),
        ("date", Field::text(time_text(approved))),
        ("firstName", Field::text(person.first)),
        ("lastName", Field::text(person.last)),
        ("fullName", Field::text(format!("{} {}", person.first, person.last))),
        ("employeeUserID", Field::text(person.id.as_str())),
        ("employeePayrollID", Field::text(person.id.as_str())),
    ])])
}

fn actions(report: &Report) -> Field {
    let action = |action: &crate::expensify::company::Action| {
        Field::hash([
            ("action", Field::text(action.action)),
            ("accountEmail", Field::text(action.email.as_str())),
            ("created", Field::text(time_text(action.created))),
            ("details", Field::hash([("message", Field::text(action.message.as_str()))])),
        ])
    };
    Field::List(report.history.iter().map(action).collect())
}
