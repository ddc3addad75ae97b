//! What a person should do next, over all flows of a customer: what fails before what waits, then by money and age. Made
//! of counted figures; nothing is added up here.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use accounting::{Code, Currency};
use serde::Serialize;
use utoipa::ToSchema;

use super::moment::Moment;
use super::problem::Refusal;
use crate::store::{Board, BoardWait, CustomerStore, FlowTimes, InboxState, StoredFlow};

const DAY_MS: i64 = 86_400_000;

/// Something to do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct ToDo {
    /// `connection` (passes fail), `cause` (something to mend), `approval` (something to agree to) or `case` (something
    /// to decide).
    pub(super) kind: &'static str,
    /// The flow.
    pub(super) flow: String,
    /// Its name.
    pub(super) flow_name: String,
    /// The cause's id, of a cause; what the cases are about, of cases.
    pub(super) id: Option<String>,
    /// The problem's code.
    pub(super) code: String,
    /// What it is, in the trade's words.
    pub(super) title: &'static str,
    /// The offending value, where there is one.
    pub(super) value: String,
    /// What was seen.
    pub(super) detail: String,
    /// What mends it.
    pub(super) remedy: &'static str,
    /// Who can mend it.
    pub(super) owner: &'static str,
    /// How many reports, or cases.
    pub(super) count: u64,
    /// Their money by currency, in minor units.
    pub(super) money_minor: BTreeMap<String, i64>,
    /// Since when the oldest of it waits.
    pub(super) since: Moment,
}

impl ToDo {
    fn of(flow: &StoredFlow, kind: &'static str, code: Code, since_ms: i64) -> Self {
        Self {
            kind,
            flow: flow.id.to_string(),
            flow_name: flow.name.clone(),
            id: None,
            code: code.to_string(),
            title: code.title(),
            value: String::new(),
            detail: String::new(),
            remedy: code.remedy(),
            owner: code.owner().name(),
            count: 0,
            money_minor: BTreeMap::new(),
            since: Moment(since_ms),
        }
    }

    /// What fails comes first, since it holds up all the rest; then the most money for the longest time. Amounts of
    /// different currencies are compared by their figures, since nothing is converted here.
    fn weight(&self, now_ms: i64) -> (bool, i128) {
        let money = self.money_minor.iter().map(|(currency, minor)| thousandths(currency, *minor)).max().unwrap_or(0);
        let days = i128::from(now_ms.saturating_sub(self.since.0).max(0) / DAY_MS) + 1;
        (self.kind == "connection", (money + i128::from(self.count)) * days)
    }
}

/// Sorts by urgency and keeps the first `most`. How many were left out.
pub(super) fn sort(all: &mut Vec<ToDo>, now_ms: i64, most: usize) -> usize {
    all.sort_by_key(|to_do| Reverse(to_do.weight(now_ms)));
    let left_out = all.len().saturating_sub(most);
    all.truncate(most);
    left_out
}

/// What a flow asks for.
///
/// # Errors
/// Those of the store.
pub(super) async fn of_flow(
    customer: &CustomerStore,
    flow: &StoredFlow,
    times: &FlowTimes,
    board: &Board,
) -> Result<Vec<ToDo>, Refusal> {
    let mut all = Vec::new();
    if times.failures > 0 {
        all.extend(failing(customer, flow).await?);
    }
    let decides_drift = board.cases.iter().any(|case| case.kind.starts_with("drift"));
    for cause in &board.causes {
        // What a drift asks for is the decision of its case.
        if cause.state == InboxState::Drift.name() && decides_drift {
            continue;
        }
        let Some(code) = Code::from_number(cause.code) else { continue };
        let to_do = ToDo::of(flow, "cause", code, cause.oldest_ms);
        all.push(ToDo {
            id: Some(cause.id.clone()),
            value: cause.value.clone(),
            detail: cause.detail.clone(),
            count: cause.reports,
            money_minor: cause.money.clone(),
            ..to_do
        });
    }
    let waits = [("approval", &board.gates), ("case", &board.cases)];
    for (kind, waits) in waits {
        all.extend(waits.iter().filter_map(|wait| of_wait(flow, kind, wait)));
    }
    Ok(all)
}

fn of_wait(flow: &StoredFlow, kind: &'static str, wait: &BoardWait) -> Option<ToDo> {
    let to_do = ToDo::of(flow, kind, Code::from_number(wait.code)?, wait.oldest_ms);
    let id = (!wait.kind.is_empty()).then(|| wait.kind.clone());
    Some(ToDo { id, count: wait.count, money_minor: wait.money.clone(), ..to_do })
}

/// Why the last pass failed.
async fn failing(customer: &CustomerStore, flow: &StoredFlow) -> Result<Option<ToDo>, Refusal> {
    let Some(pass) = customer.passes(&flow.id, None, 1).await?.pop() else { return Ok(None) };
    let problem = &pass.summary["problems"][0];
    let text = |member: &str| problem[member].as_str().unwrap_or_default().to_owned();
    let number = problem["code"].as_str().and_then(|code| code.strip_prefix("MLC-")?.parse().ok());
    let Some(code) = number.and_then(Code::from_number) else { return Ok(None) };
    let to_do = ToDo::of(flow, "connection", code, pass.ended_ms);
    Ok(Some(ToDo { value: text("value"), detail: text("detail"), ..to_do }))
}

/// Comparable figures of any currency: thousandths of its unit.
fn thousandths(currency: &str, minor: i64) -> i128 {
    let exponent = Currency::parse(currency).map_or(2, Currency::exponent);
    (exponent..3).fold(i128::from(minor.unsigned_abs()), |figure, _| figure * 10)
}

#[cfg(test)]
mod tests {
    use super::thousandths;

    #[test]
    fn currencies_are_compared_by_their_units() {
        assert_eq!(thousandths("USD", 12_34), 12_340);
        assert_eq!(thousandths("JPY", 12), 12_000);
        assert_eq!(thousandths("KWD", -12_345), 12_345);
        assert_eq!(thousandths("?", 1_00), 1_000);
    }
}
