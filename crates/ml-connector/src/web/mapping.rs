//! A flow's mapping as people look at it: its tables as rows with what they are used for, proposals, changes of single
//! rows, files, and who changed what. The flow's document stays the one truth: rows are read from it, and a change of
//! rows becomes a new version of it.

use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::flows::{FlowPlace, stored_flow};
use super::problem::Refusal;
use super::request::Place;
use super::state::State;
use crate::flow::table::MappingTable;
use crate::store::Right;

mod change;
mod file;
mod history;
mod listed;
mod overview;
mod rows;
mod rules;
mod shown;

pub(super) use change::{RowsChange, change_mapping, changed, read as rows_wanted};
pub(super) use history::{MappingChangeAnswer, RowAnswer, list_mapping_changes, rows_between};
pub(super) use listed::{RowsAsked, list_mapping_rows, page};
#[cfg(test)]
pub(super) use listed::{SORTS, STATUSES};
pub(super) use overview::{MappingAnswer, TableAnswer, overview, title};
pub(super) use rows::{kind_of, read};
pub(super) use rules::{RulesChange, WantedRule, change_mapping_rules, changed_rules};
pub(super) use shown::{Beside, MappingRow};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(show_mapping))
        .merge(listed::routes())
        .merge(change::routes())
        .merge(file::routes())
        .merge(history::routes())
        .merge(rules::routes())
}

/// Which table of which flow's mapping.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct TablePlace {
    /// The customer's id.
    pub(super) customer: String,
    /// The flow's id.
    pub(super) flow: String,
    /// The table: `categories`, a dimension such as `department`, `offsets`, or such as `offsets.company_card.cards`.
    pub(super) table: String,
}

/// A row as it is wanted.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedRow {
    /// The table.
    pub(super) table: String,
    /// The text of the source.
    pub(super) source: String,
    /// An account's number or a value's id; null takes the row out.
    pub(super) target: Option<String>,
}

/// A table by its name.
fn table(name: &str) -> Result<MappingTable, Refusal> {
    MappingTable::parse(name).ok_or_else(Refusal::not_found)
}

/// Show a flow's mapping: its tables with how much of the money they cover, its rules in the order in which they are
/// looked at, and its offsets
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/mapping", operation_id = "show_mapping",
    tag = "Mapping", params(FlowPlace), responses((status = 200, description = "The mapping", body = MappingAnswer)))]
async fn show_mapping(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
) -> Result<axum::Json<MappingAnswer>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let (stored, flow) = stored_flow(&customer, &place.flow).await?;
    Ok(axum::Json(overview(&state, &customer, &stored, &flow).await?))
}
