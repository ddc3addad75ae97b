//! The reading jobs about workspaces and cards: `policyList`, `policy`, `domainCardList`.
//!
//! Answers only what was asked for; the shapes are the documented ones.

use super::company::{POLICIES, Policy, REPORT_FIELDS, TagSetup, tags_of_level};
use super::envelope::Refusal;
use crate::world::{CATEGORIES, EMPLOYEES, employee};
use serde_json::{Map, Value, json};

/// Answers a `get` job.
///
/// # Errors
/// The envelope with which the vendor refuses it.
pub fn answer(job: &Value) -> Result<Value, Refusal> {
    let input = job
        .get("inputSettings")
        .filter(|value| value.is_object())
        .ok_or_else(|| Refusal::malformed("inputSettings"))?;
    if let Some(email) = input.get("userEmail").and_then(Value::as_str)
        && !email.ends_with("@example.com")
    {
        return Err(Refusal::new(500, format!("Not authorized to authenticate as user {email}")));
    }
    match input.get("type").and_then(Value::as_str) {
        Some("policyList") => Ok(policy_list()),
        Some("policy") => policy_info(input),
        Some("domainCardList") => card_list(input),
        _ => Err(Refusal::malformed("type")),
    }
}

fn policy_list() -> Value {
    let entry = |policy: &&Policy| {
        json!({
            "id": policy.id,
            "name": policy.name,
            "owner": employee(0).email,
            "role": "admin",
            "outputCurrency": policy.currency,
            "type": policy.kind,
        })
    };
    json!({"policyList": POLICIES.iter().map(entry).collect::<Vec<_>>(), "responseCode": 200})
}

fn policy_info(input: &Value) -> Result<Value, Refusal> {
    let ids = strings(input.get("policyIDList").ok_or_else(|| Refusal::missing("policyIDList"))?);
    if ids.is_empty() {
        return Err(Refusal::missing("policyIDList"));
    }
    let fields = strings(input.get("fields").ok_or_else(|| Refusal::missing("fields"))?);
    let mut info = Map::new();
    for id in &ids {
        let policy =
            POLICIES.iter().find(|policy| policy.id == id).ok_or_else(|| Refusal::invalid("Policy not found"))?;
        let mut sections = Map::new();
        for field in &fields {
            sections.insert(field.clone(), section(policy, field).ok_or_else(|| Refusal::malformed("fields"))?);
        }
        info.insert(id.clone(), Value::Object(sections));
    }
    Ok(json!({"responseCode": 200, "policyInfo": info}))
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_string).collect(),
        Value::String(text) => {
            text.split(',').map(|part| part.trim().to_string()).filter(|part| !part.is_empty()).collect()
        }
        _ => Vec::new(),
    }
}

fn section(policy: &Policy, field: &str) -> Option<Value> {
    match field {
        "categories" => Some(categories()),
        "tags" => Some(tags(policy)),
        "reportFields" => {
            let field =
                |(name, kind, values): &(&str, &str, &[&str])| json!({"name": name, "type": kind, "values": values});
            Some(REPORT_FIELDS.iter().map(field).collect())
        }
        "tax" if policy.tax => Some(json!({
            "name": "Sales tax",
            "default": "id_TAX_RATE_1",
            "rates": [{"name": "NY Sales Tax", "rate": 8.875, "rateID": "id_TAX_RATE_1"}],
        })),
        "tax" => Some(json!({})),
        "employees" => Some(employees()),
        _ => None,
    }
}

fn categories() -> Value {
    let category = |fact: &crate::world::CategoryFact| {
        let mut entry =
            json!({"name": fact.name, "enabled": fact.name != "Legacy Travel", "areCommentsRequired": false});
        if !fact.gl_code.is_empty() {
            entry["glCode"] = json!(fact.gl_code);
        }
        if fact.name == "Meals & Entertainment" {
            entry["commentHint"] = json!("Who was there?");
            entry["maxExpenseAmount"] = json!(30_000);
        }
        entry
    };
    CATEGORIES.iter().map(category).collect()
}

/// Flat tags are a list of tags, levelled ones a list of levels (documented and observed).
fn tags(policy: &Policy) -> Value {
    let level = |level: usize| -> Vec<Value> {
        let tag = |(name, code, active): (&str, &str, bool)| json!({"name": name, "enabled": active, "glCode": code});
        tags_of_level(level).into_iter().map(tag).collect()
    };
    match policy.tags {
        TagSetup::Flat => json!(level(0)),
        TagSetup::TwoLevels => json!([{"name": "Department", "tags": level(0)}, {"name": "Project", "tags": level(1)}]),
    }
}

fn employees() -> Value {
    let entry = |n: usize| {
        let person = employee(n);
        json!({
            "email": person.email,
            "role": if n == 0 { "admin" } else { "user" },
            "submitsTo": employee(n + 1).email,
            "employeeID": person.id,
            "customField1": person.id,
            "customField2": person.location,
        })
    };
    (0..EMPLOYEES).map(entry).collect()
}

fn card_list(input: &Value) -> Result<Value, Refusal> {
    match input.get("domain").and_then(Value::as_str) {
        Some("example.com") => {}
        Some(_) => return Err(Refusal::new(403, "Not authorized for this domain")),
        None => return Err(Refusal::missing("domain")),
    }
    let card = |n: usize| {
        let person = employee(n);
        let last_four = if n < 5 { 1_234 } else { 2_000 + n };
        json!({
            "bank": "Example Card Bank",
            "cardID": if n < 5 { 700_001 } else { 710_000 + n },
            "cardName": if n < 5 { "Executive Card - 1234".to_string() } else { format!("Company Card - {last_four}") },
            "cardNumber": format!("4790XXXXXXXX{last_four}"),
            "email": person.email,
            "externalEmployeeID": person.id,
            "created": "2024-01-15 09:00:00",
            "lastImport": "",
            "lastImportResult": "",
            "reimbursable": false,
            "scrapeMinDate": "",
        })
    };
    Ok(json!({"domainCardList": (0..EMPLOYEES).map(card).collect::<Vec<_>>(), "responseCode": 200}))
}
