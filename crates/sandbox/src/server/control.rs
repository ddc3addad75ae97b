//! The sandbox's own doors: its state, its faults, and what people do in the two products.
//!
//! No vendor has these; clients under test must not use them.

use super::{Shared, body, lock};
use crate::faults::{Faults, FaultsError, Script};
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::Response;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

fn answer(status: u16, value: &Value) -> Response {
    body::whole(status, "application/json", format!("{value}\n"))
}

pub(super) fn state_of(shared: &Shared, with_ledger: bool) -> Value {
    let intacct = lock(&shared.intacct).state(with_ledger);
    let expensify = lock(&shared.expensify).state();
    json!({"intacct": intacct, "expensify": expensify})
}

/// `GET /_state`; `?ledger=0` leaves the entries out.
pub(super) async fn state(State(shared): State<Arc<Shared>>, Query(query): Query<HashMap<String, String>>) -> Response {
    let with_ledger = query.get("ledger").is_none_or(|v| v != "0");
    answer(200, &state_of(&shared, with_ledger))
}

fn faults_of(shared: &Shared) -> Value {
    let faults = serde_json::to_value(lock(&shared.script).faults()).unwrap_or_default();
    let assumptions = serde_json::to_value(lock(&shared.intacct).assumptions()).unwrap_or_default();
    let expensify = serde_json::to_value(lock(&shared.expensify).assumptions()).unwrap_or_default();
    json!({"faults": faults, "assumptions": assumptions, "expensify_assumptions": expensify})
}

/// `GET /_faults`: what is in force.
pub(super) async fn faults(State(shared): State<Arc<Shared>>) -> Response {
    answer(200, &faults_of(&shared))
}

/// `DELETE /_faults`: nothing goes wrong any more; assumptions stay.
pub(super) async fn clear_faults(State(shared): State<Arc<Shared>>) -> Response {
    *lock(&shared.script) = Script::default();
    answer(200, &faults_of(&shared))
}

/// `POST /_faults`: a list of rules or an object of faults replaces all faults; `assumptions` and
/// `expensify_assumptions` beside them (or alone) change the switches that they name.
pub(super) async fn set_faults(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match apply(&shared, &body) {
        Ok(()) => answer(200, &faults_of(&shared)),
        Err(e) => answer(400, &json!({"what": e.what, "where": e.place, "remedy": e.remedy})),
    }
}

/// Reads everything before changing anything, so that a wrong request changes nothing.
fn apply(shared: &Shared, body: &[u8]) -> Result<(), FaultsError> {
    let mut value: Value = serde_json::from_slice(body).map_err(|e| FaultsError {
        what: format!("this is not JSON ({e})"),
        place: format!("line {}, column {}", e.line(), e.column()),
        remedy: "send {\"rules\":[…]}, a list of rules, or {\"assumptions\":{…}}".into(),
    })?;
    let mut take = |key: &str| value.as_object_mut().and_then(|o| o.remove(key));
    let (ours, theirs) = (take("assumptions"), take("expensify_assumptions"));
    let only_switches = (ours.is_some() || theirs.is_some()) && value.as_object().is_some_and(Map::is_empty);
    let faults = if only_switches { None } else { Some(Faults::from_value(value)?) };
    let ours = ours.map(|change| merged(lock(&shared.intacct).assumptions(), change, "assumptions")).transpose()?;
    let theirs = theirs
        .map(|change| merged(lock(&shared.expensify).assumptions(), change, "expensify_assumptions"))
        .transpose()?;
    if let Some(faults) = faults {
        *lock(&shared.script) = Script::new(faults);
    }
    if let Some(assumptions) = ours {
        lock(&shared.intacct).set_assumptions(assumptions);
    }
    if let Some(assumptions) = theirs {
        lock(&shared.expensify).set_assumptions(assumptions);
    }
    Ok(())
}

fn merged<T: serde::Serialize + serde::de::DeserializeOwned>(
    current: &T,
    change: Value,
    place: &str,
) -> Result<T, FaultsError> {
    let error = |what: String| FaultsError {
        what,
        place: place.to_owned(),
        remedy: "see GET /_faults for every switch and its present value".into(),
    };
    let Value::Object(change) = change else { return Err(error("switches are an object".into())) };
    let mut whole = serde_json::to_value(current).map_err(|e| error(e.to_string()))?;
    if let Some(object) = whole.as_object_mut() {
        object.extend(change);
    }
    serde_json::from_value(whole).map_err(|e| error(e.to_string()))
}

/// `POST /_edit`: what a person does in one of the two products; `"vendor"` says in which, Expensify when absent.
pub(super) async fn edit(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let command: Value = match serde_json::from_slice(&body) {
        Ok(command) => command,
        Err(e) => return answer(400, &json!({"error": format!("this is not JSON ({e})")})),
    };
    match edit_model(&shared, command) {
        Ok(value) => answer(200, &value),
        Err(error) => answer(400, &json!({"error": error})),
    }
}

pub(super) fn edit_model(shared: &Shared, mut command: Value) -> Result<Value, String> {
    let vendor = command.as_object_mut().and_then(|o| o.remove("vendor"));
    match vendor.as_ref().and_then(Value::as_str) {
        None | Some("expensify") => lock(&shared.expensify).edit(command),
        Some("intacct") => lock(&shared.intacct).edit(super::now_ms(), &command),
        Some(other) => Err(format!("no vendor {other}; say intacct or expensify")),
    }
}
