//! Readings of the ledger's chart, and how two of them differ.

use std::collections::{BTreeMap, BTreeSet};

use accounting::{Chart, Dimension};
use axum::extract::State as Shared;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::charts::chart_of;
use super::flows::{FlowPlace, stored_flow};
use super::moment::Moment;
use super::page::Page;
use super::problem::Refusal;
use super::request::{Asked, Place};
use super::state::State;
use crate::store::{ChartInfo, CustomerStore, Right, StoredChart};
use crate::work::plan::newest_chart;

/// Most differences of two charts that are named.
const NAMED: usize = 1_000;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_charts)).routes(routes!(compare_charts))
}

/// A reading of the chart.
#[derive(Serialize, ToSchema)]
pub(super) struct ReadingAnswer {
    /// Hash of what it holds.
    sha256: String,
    /// When it was first read so.
    first_taken_at: Moment,
    /// When it was last read so.
    taken_at: Moment,
}

impl From<ChartInfo> for ReadingAnswer {
    fn from(info: ChartInfo) -> Self {
        Self {
            sha256: HEXLOWER.encode(&info.sha256),
            first_taken_at: Moment(info.first_taken_ms),
            taken_at: Moment(info.taken_ms),
        }
    }
}

/// How two charts differ.
#[derive(Serialize, ToSchema)]
pub(super) struct ChartsCompared {
    /// The older chart.
    from: String,
    /// The newer one.
    to: String,
    /// What differs, a thousand at most.
    changes: Vec<ChartChange>,
    /// How many more there are.
    more: usize,
}

/// One difference of two charts.
#[derive(Serialize, ToSchema)]
pub(super) struct ChartChange {
    /// `account`, `journal`, the dimension's name, or `closed_through`.
    what: String,
    /// Its id.
    id: String,
    /// What it was; null where it is new.
    before: Option<String>,
    /// What it is; null where it is gone.
    after: Option<String>,
}

/// Which charts are compared.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChartsAsked {
    /// Hash of the older chart; the one before unless given.
    from: Option<String>,
    /// Hash of the newer chart; the newest unless given.
    to: Option<String>,
}

/// List the readings of a flow's chart that differ, the newest first
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/charts", operation_id = "list_charts", tag = "Charts",
    params(FlowPlace), responses((status = 200, description = "The last 200", body = Page<ReadingAnswer>)))]
async fn list_charts(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
) -> Result<axum::Json<Page<ReadingAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let (_, flow) = stored_flow(&customer, &place.flow).await?;
    let (company, _) = newest_chart(&customer, &flow).await?;
    let items = customer.charts(&company).await?.into_iter().map(ReadingAnswer::from).collect();
    Ok(axum::Json(Page { items, next: None }))
}

/// Compare two readings of a flow's chart
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/charts/differences", operation_id = "compare_charts",
    tag = "Charts", params(FlowPlace, ChartsAsked),
    responses((status = 200, description = "What differs", body = ChartsCompared)))]
async fn compare_charts(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Asked(asked): Asked<ChartsAsked>,
) -> Result<axum::Json<ChartsCompared>, Refusal> {
    let (customer, company, newest) = chart_of(&state, &caller, &place.customer, &place.flow).await?;
    let to = match asked.to.as_deref() {
        None => newest,
        Some(hash) => reading(&customer, &company, "to", hash).await?,
    };
    let from = match asked.from.as_deref() {
        Some(hash) => reading(&customer, &company, "from", hash).await?,
        None => {
            let all = customer.charts(&company).await?;
            let before = all.iter().skip_while(|info| info.sha256 != to.sha256).nth(1);
            let none = || Refusal::conflict("There is no earlier reading that differs.");
            let before = before.ok_or_else(none)?;
            customer.chart(&company, &before.sha256).await?.ok_or_else(Refusal::not_found)?
        }
    };
    let mut changes = changes(&from.chart, &to.chart);
    let more = changes.len().saturating_sub(NAMED);
    changes.truncate(NAMED);
    let (from, to) = (HEXLOWER.encode(&from.sha256), HEXLOWER.encode(&to.sha256));
    Ok(axum::Json(ChartsCompared { from, to, changes, more }))
}

async fn reading(customer: &CustomerStore, company: &str, field: &str, hash: &str) -> Result<StoredChart, Refusal> {
    let sha256: Option<[u8; 32]> =
        HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    let sha256 = sha256.ok_or_else(|| Refusal::invalid(field, "It is no SHA-256 of 64 digits."))?;
    customer.chart(company, &sha256).await?.ok_or_else(Refusal::not_found)
}

fn changes(from: &Chart, to: &Chart) -> Vec<ChartChange> {
    let (before, after) = (flat(from), flat(to));
    let keys: BTreeSet<&(String, String)> = before.keys().chain(after.keys()).collect();
    let change = |key: &&(String, String)| {
        let (old, new) = (before.get(*key).cloned(), after.get(*key).cloned());
        let (what, id) = (*key).clone();
        (old != new).then_some(ChartChange { what, id, before: old, after: new })
    };
    keys.iter().filter_map(change).collect()
}

/// Everything in a chart in words, by what it is and its id.
fn flat(chart: &Chart) -> BTreeMap<(String, String), String> {
    let shown = |name: &str, active: bool| if active { name.to_owned() } else { format!("{name} (inactive)") };
    let mut all = BTreeMap::new();
    for account in chart.accounts.values() {
        let requires: Vec<String> = account.requires.iter().map(Dimension::to_string).collect();
        let mut text = shown(&account.title, account.active);
        if !requires.is_empty() {
            text.push_str(&format!(" (requires {})", requires.join(", ")));
        }
        all.insert(("account".to_owned(), account.number.clone()), text);
    }
    for (dimension, values) in &chart.values {
        for value in values.values() {
            all.insert((dimension.to_string(), value.id.clone()), shown(&value.name, value.active));
        }
    }
    for journal in chart.journals.values() {
        all.insert(("journal".to_owned(), journal.symbol.clone()), shown(&journal.title, journal.active));
    }
    if let Some(day) = chart.closed_through {
        all.insert(("closed_through".to_owned(), String::new()), day.to_string());
    }
    all
}
