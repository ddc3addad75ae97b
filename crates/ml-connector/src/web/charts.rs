//! What the ledger accepts, as it was last read: accounts and dimension values to choose from, and what was withdrawn
//! that a mapping still refers to. The ledger itself is not asked: a `refresh` does that.

use std::collections::BTreeMap;

use accounting::Dimension;
use axum::extract::State as Shared;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::flows::{FlowPlace, flow_id, stored_flow};
use super::moment::Moment;
use super::page::{Cursors, Page, Paging};
use super::problem::Refusal;
use super::request::{Asked, Place};
use super::state::State;
use crate::store::{CustomerStore, ReferenceDrift, Right, StoredChart};
use crate::work::plan::newest_chart;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(show_chart))
        .routes(routes!(search_accounts))
        .routes(routes!(search_values))
        .routes(routes!(list_reference_drifts))
}

/// A chart in figures.
#[derive(Serialize, ToSchema)]
pub(super) struct ChartAnswer {
    /// The company at the destination.
    company: String,
    /// Hash of what it holds.
    sha256: String,
    /// When it was first read so.
    first_taken_at: Moment,
    /// When it was last read so.
    taken_at: Moment,
    /// How many accounts.
    accounts: usize,
    /// How many values of each dimension in use.
    dimensions: BTreeMap<String, usize>,
    /// The journals.
    journals: Vec<NamedAnswer>,
    /// Last day of the closed books.
    closed_through: Option<String>,
    /// The company's base currency.
    base_currency: Option<String>,
    /// Whether lines must name the location of an entity.
    multi_entity: bool,
}

/// An account, a dimension value or a journal.
#[derive(Serialize, ToSchema)]
pub(super) struct NamedAnswer {
    /// What a line names.
    id: String,
    /// Its title.
    name: String,
    /// What is inactive refuses postings.
    active: bool,
    /// Dimensions that every line on the account must name.
    requires: Vec<String>,
    /// What the value implies of other dimensions.
    implies: BTreeMap<String, String>,
}

/// Something withdrawn from the ledger that a mapping or a waiting report refers to.
#[derive(Serialize, ToSchema)]
pub(super) struct ReferenceDriftAnswer {
    /// Its id.
    id: String,
    /// `inactive`, `gone`, `requires`, `closed` or `not_in_use`.
    kind: String,
    /// To what, such as `account 6410`.
    reference: String,
    /// In one sentence.
    detail: String,
    /// Where the mapping refers to it.
    places: Vec<String>,
    /// Waiting reports that it will hold.
    reports: u64,
    /// Their money by currency, in minor units.
    money_minor: BTreeMap<String, i64>,
    /// Some of their ids.
    sample: Vec<String>,
    /// Version of the mapping it was found with.
    mapping_version: u32,
    /// When it was found first.
    opened_at: Moment,
    /// When mapping or chart had healed; null while it is open.
    cleared_at: Option<Moment>,
}

impl From<ReferenceDrift> for ReferenceDriftAnswer {
    fn from(drift: ReferenceDrift) -> Self {
        let found = drift.found;
        Self {
            id: drift.id,
            kind: found.kind,
            reference: found.reference,
            detail: found.detail,
            places: found.places,
            reports: found.reports,
            money_minor: found.money,
            sample: found.sample,
            mapping_version: found.mapping_version,
            opened_at: Moment(drift.opened_ms),
            cleared_at: drift.cleared_ms.map(Moment),
        }
    }
}

/// Which accounts or values are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChartSearch {
    /// Beginning of the id, or of a word of the title; capitals do not matter.
    #[serde(default)]
    starts_with: String,
    /// Only those that take postings, or only those that do not.
    active: Option<bool>,
    /// `next` of the page before.
    #[serde(default)]
    after: String,
    /// Rows of the page: 50 unless given, 200 at most.
    limit: Option<u32>,
}

/// Which dimension of which flow's chart.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct DimensionPlace {
    /// The customer's id.
    customer: String,
    /// The flow's id.
    flow: String,
    /// The dimension, such as `department` or `custom.NAME`.
    dimension: String,
}

/// The newest chart of a flow, with its company.
pub(super) async fn chart_of(
    state: &State,
    caller: &Caller,
    customer: &str,
    flow: &str,
) -> Result<(CustomerStore, String, StoredChart), Refusal> {
    let (customer, _) = caller.customer(state, customer, Right::View).await?;
    let (_, flow) = stored_flow(&customer, flow).await?;
    let (company, chart) = newest_chart(&customer, &flow).await?;
    let unread = || Refusal::conflict("The ledger's chart was never read; ask for `refresh`.");
    Ok((customer, company, chart.ok_or_else(unread)?))
}

/// Show the chart that a flow works with, in figures
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/chart", operation_id = "show_chart", tag = "Charts",
    params(FlowPlace), responses((status = 200, description = "The newest chart", body = ChartAnswer)))]
async fn show_chart(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
) -> Result<axum::Json<ChartAnswer>, Refusal> {
    let (_, company, stored) = chart_of(&state, &caller, &place.customer, &place.flow).await?;
    let chart = stored.chart;
    let journals = chart.journals.into_values();
    Ok(axum::Json(ChartAnswer {
        company,
        sha256: HEXLOWER.encode(&stored.sha256),
        first_taken_at: Moment(stored.first_taken_ms),
        taken_at: Moment(stored.taken_ms),
        accounts: chart.accounts.len(),
        dimensions: chart.values.iter().map(|(dimension, values)| (dimension.to_string(), values.len())).collect(),
        journals: journals.map(|journal| named(journal.symbol, journal.title, journal.active)).collect(),
        closed_through: chart.closed_through.map(|day| day.to_string()),
        base_currency: chart.base_currency.map(|currency| currency.to_string()),
        multi_entity: chart.multi_entity,
    }))
}

fn named(id: String, name: String, active: bool) -> NamedAnswer {
    NamedAnswer { id, name, active, requires: Vec::new(), implies: BTreeMap::new() }
}

/// Search the accounts of a flow's chart, by number
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/chart/accounts", operation_id = "search_accounts",
    tag = "Charts", params(FlowPlace, ChartSearch),
    responses((status = 200, description = "A page of accounts", body = Page<NamedAnswer>)))]
async fn search_accounts(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Asked(asked): Asked<ChartSearch>,
) -> Result<axum::Json<Page<NamedAnswer>>, Refusal> {
    let (customer, company, stored) = chart_of(&state, &caller, &place.customer, &place.flow).await?;
    let cursors = Cursors::new(&customer, "accounts", &company);
    let rows = stored.chart.accounts.into_values().map(|account| NamedAnswer {
        requires: account.requires.iter().map(Dimension::to_string).collect(),
        ..named(account.number, account.title, account.active)
    });
    search(&cursors, asked, rows)
}

/// Search the values of a dimension of a flow's chart, by id
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/chart/dimensions/{dimension}",
    operation_id = "search_values", tag = "Charts", params(DimensionPlace, ChartSearch),
    responses((status = 200, description = "A page of values", body = Page<NamedAnswer>)))]
async fn search_values(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<DimensionPlace>,
    Asked(asked): Asked<ChartSearch>,
) -> Result<axum::Json<Page<NamedAnswer>>, Refusal> {
    let (customer, company, mut stored) = chart_of(&state, &caller, &place.customer, &place.flow).await?;
    let values = Dimension::parse(&place.dimension).and_then(|dimension| stored.chart.values.remove(&dimension));
    let values = values.ok_or_else(Refusal::not_found)?;
    let cursors = Cursors::new(&customer, "values", &format!("{company} {}", place.dimension));
    let rows = values.into_values().map(|value| NamedAnswer {
        implies: value.implies.iter().map(|(dimension, id)| (dimension.to_string(), id.clone())).collect(),
        ..named(value.id, value.name, value.active)
    });
    search(&cursors, asked, rows)
}

/// A page of what fits; the rows come in the order of their ids.
fn search(
    cursors: &Cursors,
    asked: ChartSearch,
    rows: impl Iterator<Item = NamedAnswer>,
) -> Result<axum::Json<Page<NamedAnswer>>, Refusal> {
    let paging = Paging::of(asked.after, asked.limit);
    let after = cursors.after(&paging)?.unwrap_or_default();
    let sought = asked.starts_with.trim().to_lowercase();
    let begins = |text: &str| text.to_lowercase().starts_with(&sought);
    let fits = |row: &NamedAnswer| {
        asked.active.is_none_or(|active| row.active == active)
            && (begins(&row.id) || begins(&row.name) || row.name.split_whitespace().any(begins))
    };
    let rows = rows.filter(|row| row.id > after && fits(row));
    let rows = rows.take(usize::try_from(paging.rows()).unwrap_or(1)).collect();
    Ok(axum::Json(cursors.cut(&paging, rows, |row: &NamedAnswer| row.id.clone(), |row| row)))
}

/// List what the ledger withdrew that a flow's mapping or waiting reports refer to, the newest first
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/reference_drifts",
    operation_id = "list_reference_drifts", tag = "Charts", params(FlowPlace, Paging),
    responses((status = 200, description = "A page of notices", body = Page<ReferenceDriftAnswer>)))]
async fn list_reference_drifts(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Asked(paging): Asked<Paging>,
) -> Result<axum::Json<Page<ReferenceDriftAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let cursors = Cursors::new(&customer, "reference_drifts", flow.id.as_str());
    let before = cursors.after(&paging)?;
    let rows = customer.reference_drifts(&flow.id, before.as_deref(), paging.rows()).await?;
    Ok(axum::Json(cursors.cut(&paging, rows, |row| row.id.clone(), ReferenceDriftAnswer::from)))
}
