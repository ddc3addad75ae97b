//! The sandbox's own doors: its state, its faults, its credentials, and what people do in the two products.
//!
//! No vendor has these; clients under test must not use them.

use super::companies::Company;
use super::connection::Cut;
use super::{Shared, body, lock};
use crate::faults::{Faults, FaultsError};
use crate::identity;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Query, State};
use axum::response::Response;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// What stands behind the question mark.
type Asked = Query<HashMap<String, String>>;

pub(super) fn answer(status: u16, value: &Value) -> Response {
    body::whole(status, "application/json", format!("{value}\n"))
}

/// The number of the company that a text (its number, its id at Intacct, its `partnerUserID`) or a number names.
fn number(shared: &Shared, name: &Value) -> Result<usize, String> {
    let number = match name {
        Value::String(text) => identity::number_of(text),
        other => other.as_u64().and_then(|n| usize::try_from(n).ok()),
    };
    number.filter(|number| *number < shared.companies.count()).ok_or_else(|| {
        let last = shared.companies.count() - 1;
        format!("there is no company {name}; name one by its number, 0 to {last}, or by its id at a vendor")
    })
}

fn number_in(shared: &Shared, query: &HashMap<String, String>) -> Result<Option<usize>, String> {
    query.get("company").map(|name| number(shared, &json!(name))).transpose()
}

/// The company that a request is about: named behind the question mark, or by the key `company` of its object, which
/// is taken out.
fn company(shared: &Shared, body: &mut Value, named: Option<usize>) -> Result<Option<Arc<Company>>, String> {
    let key = body.as_object_mut().and_then(|object| object.remove("company"));
    let number = match named {
        None => key.map(|name| number(shared, &name)).transpose()?,
        Some(_) => named,
    };
    Ok(number.and_then(|number| shared.companies.company(number)))
}

pub(super) fn state_of(company: &Company, with_ledger: bool) -> Value {
    let mut intacct = lock(&company.intacct).state(with_ledger);
    let gate = company.gate.count();
    intacct["most_at_once"] = json!(gate.most);
    intacct["over_budget"] = json!(gate.over_budget);
    let expensify = lock(&company.expensify).state();
    json!({"company": company.number, "intacct": intacct, "expensify": expensify})
}

/// `GET /_state`; `?company=` says of which company, `?ledger=0` leaves the entries out.
pub(super) async fn state(State(shared): State<Arc<Shared>>, Query(query): Asked) -> Response {
    let with_ledger = query.get("ledger").is_none_or(|v| v != "0");
    match number_in(&shared, &query).map(|number| shared.companies.seen(number.unwrap_or(0))) {
        Ok(Some(company)) => answer(200, &state_of(&company, with_ledger)),
        Ok(None) => answer(404, &json!({"error": "there is no such company"})),
        Err(error) => answer(404, &json!({"error": error})),
    }
}

/// `GET /_credentials?company=`: both vendors' credentials of a company and values for a first try. They are given to
/// programs on this machine only.
pub(super) async fn credentials(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Cut>,
    Query(query): Asked,
) -> Response {
    if !connection.is_loopback() {
        return answer(403, &json!({"error": "credentials are given to programs on the sandbox's own machine only"}));
    }
    let number = match number_in(&shared, &query) {
        Ok(number) => number.unwrap_or(0),
        Err(error) => return answer(404, &json!({"error": error})),
    };
    let samples = shared.companies.seen(number).map(|company| super::samples_of(&company));
    let credentials = shared.companies.credentials_of(number);
    answer(200, &json!({"company": number, "credentials": credentials, "samples": samples}))
}

fn faults_of(shared: &Shared, company: Option<&Company>) -> Value {
    let faults = serde_json::to_value(shared.companies.faults_in_force(company)).unwrap_or_default();
    let (intacct, expensify) = assumed(shared, company);
    let intacct = serde_json::to_value(intacct).unwrap_or_default();
    let expensify = serde_json::to_value(expensify).unwrap_or_default();
    json!({"faults": faults, "assumptions": intacct, "expensify_assumptions": expensify})
}

fn assumed(shared: &Shared, company: Option<&Company>) -> (crate::intacct::Assumptions, crate::expensify::Assumptions) {
    match company {
        None => shared.companies.assumed(),
        Some(company) => {
            let intacct = lock(&company.intacct).assumptions().clone();
            (intacct, lock(&company.expensify).assumptions().clone())
        }
    }
}

/// `GET /_faults`: what is in force, in all companies or in one.
pub(super) async fn faults(State(shared): State<Arc<Shared>>, Query(query): Asked) -> Response {
    match number_in(&shared, &query) {
        Ok(number) => answer(200, &faults_of(&shared, number.and_then(|n| shared.companies.seen(n)).as_deref())),
        Err(error) => answer(404, &json!({"error": error})),
    }
}

/// `DELETE /_faults`: nothing goes wrong any more; assumptions stay. Of one company, its own faults end and it
/// suffers again what all do.
pub(super) async fn clear_faults(State(shared): State<Arc<Shared>>, Query(query): Asked) -> Response {
    let number = match number_in(&shared, &query) {
        Ok(number) => number,
        Err(error) => return answer(404, &json!({"error": error})),
    };
    let company = number.and_then(|number| shared.companies.company(number));
    match &company {
        Some(company) => company.set_faults(None),
        None => {
            shared.companies.set_faults(Faults::default());
            shared.companies.called().iter().for_each(|company| company.set_faults(None));
        }
    }
    answer(200, &faults_of(&shared, company.as_deref()))
}

/// `POST /_faults`: a list of rules or an object of faults replaces all faults; `assumptions` and
/// `expensify_assumptions` beside them (or alone) change the switches that they name. With `company` (behind the
/// question mark, or as a key) all of that is about one company, which then has faults of its own.
pub(super) async fn set_faults(State(shared): State<Arc<Shared>>, Query(query): Asked, body: Bytes) -> Response {
    match number_in(&shared, &query).map_err(no_company).and_then(|number| apply(&shared, number, &body)) {
        Ok(company) => answer(200, &faults_of(&shared, company.as_deref())),
        Err(e) => answer(400, &json!({"what": e.what, "where": e.place, "remedy": e.remedy})),
    }
}

fn no_company(what: String) -> FaultsError {
    FaultsError { what, place: "company".into(), remedy: "leave `company` out to mean all companies".into() }
}

/// Reads everything before changing anything, so that a wrong request changes nothing.
fn apply(shared: &Shared, number: Option<usize>, body: &[u8]) -> Result<Option<Arc<Company>>, FaultsError> {
    let mut value: Value = serde_json::from_slice(body).map_err(|e| FaultsError {
        what: format!("this is not JSON ({e})"),
        place: format!("line {}, column {}", e.line(), e.column()),
        remedy: "send {\"rules\":[…]}, a list of rules, or {\"assumptions\":{…}}".into(),
    })?;
    let company = company(shared, &mut value, number).map_err(no_company)?;
    let mut take = |key: &str| value.as_object_mut().and_then(|o| o.remove(key));
    let (ours, theirs) = (take("assumptions"), take("expensify_assumptions"));
    let only_switches = (ours.is_some() || theirs.is_some()) && value.as_object().is_some_and(Map::is_empty);
    let faults = if only_switches { None } else { Some(Faults::from_value(value)?) };
    let (intacct, expensify) = assumed(shared, company.as_deref());
    let ours = ours.map(|change| merged(&intacct, change, "assumptions")).transpose()?;
    let theirs = theirs.map(|change| merged(&expensify, change, "expensify_assumptions")).transpose()?;
    match (faults, &company) {
        (Some(faults), None) => shared.companies.set_faults(faults),
        (Some(faults), Some(company)) => company.set_faults(Some(faults)),
        (None, _) => {}
    }
    match (ours, &company) {
        (Some(assumptions), None) => shared.companies.set_intacct_assumptions(assumptions),
        (Some(assumptions), Some(company)) => lock(&company.intacct).set_assumptions(assumptions),
        (None, _) => {}
    }
    match (theirs, &company) {
        (Some(assumptions), None) => shared.companies.set_expensify_assumptions(assumptions),
        (Some(assumptions), Some(company)) => lock(&company.expensify).set_assumptions(assumptions),
        (None, _) => {}
    }
    Ok(company)
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

/// `POST /_edit`: what a person does in one of the two products; `"vendor"` says in which, Expensify when absent, and
/// `"company"` in which company, company 0 when absent.
pub(super) async fn edit(State(shared): State<Arc<Shared>>, Query(query): Asked, body: Bytes) -> Response {
    let command: Value = match serde_json::from_slice(&body) {
        Ok(command) => command,
        Err(e) => return answer(400, &json!({"error": format!("this is not JSON ({e})")})),
    };
    match number_in(&shared, &query).and_then(|number| edit_model(&shared, command, number)) {
        Ok(value) => answer(200, &value),
        Err(error) => answer(400, &json!({"error": error})),
    }
}

pub(super) fn edit_model(shared: &Shared, mut command: Value, number: Option<usize>) -> Result<Value, String> {
    let company = company(shared, &mut command, number)?.unwrap_or_else(|| shared.companies.first());
    let vendor = command.as_object_mut().and_then(|o| o.remove("vendor"));
    match vendor.as_ref().and_then(Value::as_str) {
        None | Some("expensify") => lock(&company.expensify).edit(command),
        Some("intacct") => lock(&company.intacct).edit(super::now_ms(), &command),
        Some(other) => Err(format!("no vendor {other}; say intacct or expensify")),
    }
}
