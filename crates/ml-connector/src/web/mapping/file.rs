//! A table of a mapping as a file for a spreadsheet, out and in. What goes out can be filled in and comes back in: the
//! first two columns are the table, the others help the person who fills it in and are passed over.

use axum::extract::State as Shared;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::change::{Chosen, MappingKept, keep_rows, unchangeable};
use super::rows::read;
use super::shown::status;
use super::{TablePlace, table};
use crate::flow::table::RowChange;
use crate::store::Right;
use crate::web::caller::Caller;
use crate::web::download::{Csv, attachment};
use crate::web::flows::{check_version, stored_flow};
use crate::web::problem::Refusal;
use crate::web::request::{Asked, LargeBody, Place, wrong_type};
use crate::web::state::State;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(export_mapping_table, import_mapping_table))
}

/// How a file is taken in.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FileAsked {
    /// The version that the file was made from, without which it is not taken; it is refused where another has come
    /// since.
    expected_version: Option<u32>,
    /// Whether rows that the file does not have are taken out; they stay unless this is `true`.
    #[serde(default)]
    replace: bool,
    /// Keep targets that the ledger refuses or does not have.
    #[serde(default)]
    unchecked: bool,
    /// Why, for the audit.
    #[serde(default)]
    reason: String,
}

/// Download a table of a flow's mapping as CSV, with the texts that lead nowhere yet
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/mapping/tables/{table}/csv",
    operation_id = "export_mapping_table", tag = "Mapping", params(TablePlace),
    responses((status = 200, description = "A row for each text; the second column is where it leads",
        content_type = "text/csv", body = String)))]
async fn export_mapping_table(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<TablePlace>,
) -> Result<Response, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let (stored, flow) = stored_flow(&customer, &place.flow).await?;
    let chart = state.charts().of(&customer, &flow).await?;
    let table = table(&place.table)?;
    let mut found = read(&customer, &stored.id, &flow, chart.as_ref(), &table).await?;
    let mut rows = std::mem::take(&mut found.rows);
    rows.sort_by_cached_key(|row| (row.source.to_lowercase(), row.key.clone()));
    let held = table.rows_in(&flow.mapping);
    let [source, target] = table.header();
    let mut csv = Csv::new(&[source, target, "status", "code", "expenses", "money_minor", "last_on"]);
    for row in rows {
        // What leads somewhere by its code or name is no row of the table.
        let in_table = held.keys().any(|text| text.trim() == row.source);
        let money: Vec<String> = row.money.iter().map(|(currency, minor)| format!("{minor} {currency}")).collect();
        let status = status(&found, &row).to_owned();
        let target = row.target.filter(|_| in_table).unwrap_or_default();
        let code = row.code.unwrap_or_default();
        let last_on = row.last_on.unwrap_or_default();
        csv.row([row.source, target, status, code, row.expenses.to_string(), money.join("; "), last_on]);
    }
    attachment("text/csv; charset=utf-8", &format!("{}.csv", table.name()), csv.into_bytes())
}

/// Take in a table of a flow's mapping as CSV
///
/// The first two columns are read, in UTF-8; a row without a target says nothing. It becomes a new version, or is refused
/// with every mistake and its line.
#[utoipa::path(put, path = "/customers/{customer}/flows/{flow}/mapping/tables/{table}/csv",
    operation_id = "import_mapping_table", tag = "Mapping", params(TablePlace, FileAsked),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "What was kept", body = MappingKept)))]
async fn import_mapping_table(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<TablePlace>,
    Asked(asked): Asked<FileAsked>,
    body: LargeBody,
) -> Result<axum::Json<MappingKept>, Refusal> {
    let (customer, actor) = caller.customer(&state, &place.customer, Right::Map).await?;
    let table = table(&place.table)?;
    let (stored, flow) = stored_flow(&customer, &place.flow).await?;
    if body.content_type != "text/csv" {
        return Err(wrong_type("text/csv"));
    }
    let expected = asked.expected_version.ok_or_else(|| Refusal::invalid("expected_version", "It must be given."))?;
    check_version(&stored, expected)?;
    let rows = table.filled_rows(&body.bytes).map_err(|error| unchangeable(&error))?;
    let gone = table.rows_in(&flow.mapping).keys().filter(|_| asked.replace).cloned().collect::<Vec<_>>();
    let has =
        |text: &String| rows.keys().any(|row| accounting::translate::fold(row) == accounting::translate::fold(text));
    let removals: Vec<String> = gone.into_iter().filter(|text| !has(text)).collect();
    let row = |text: String, target| RowChange { table: table.clone(), text, target };
    let mut changes: Vec<RowChange> = removals.into_iter().map(|text| row(text, None)).collect();
    changes.extend(rows.into_iter().map(|(text, target)| row(text, Some(target))));
    let chosen = Chosen { changes, unchecked: asked.unchecked, reason: &asked.reason };
    let author = caller.user().id.as_str();
    Ok(axum::Json(keep_rows(&state, &customer, (author, &actor), (&stored, &flow), chosen).await?))
}
