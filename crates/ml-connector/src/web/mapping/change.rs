//! Changes of single rows: what they would do, and keeping them as a new version of the flow's document. A change was
//! made to one version; where another has come since it is refused, and nothing is merged by guessing.

use accounting::Code;
use accounting::coverage::Target;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::history::RowAnswer;
use super::rows::kind_of;
use super::{WantedRow, table};
use crate::flow::Flow;
use crate::flow::table::{RowChange, TableError, changed_rows, with_changes};
use crate::store::{CustomerStore, Right, StoredFlow};
use crate::web::caller::{Actor, Caller};
use crate::web::flows::{FlowPlace, check_version, keep, readable, stored_flow};
use crate::web::foresight::{Foretold, foretold};
use crate::web::problem::Refusal;
use crate::web::request::{Body, Place};
use crate::web::state::State;

/// Rows changed at once, at most.
const CHANGES_MOST: usize = 20_000;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(change_mapping)).routes(routes!(foretell_mapping))
}

/// Changes of rows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct RowsChange {
    /// The version that they were made from; they are refused where another has come since.
    pub(in crate::web) expected_version: u32,
    /// The rows, each as it is wanted.
    pub(in crate::web) changes: Vec<WantedRow>,
    /// Keep targets that the ledger refuses or does not have: what they lead to will be held.
    #[serde(default)]
    pub(in crate::web) unchecked: bool,
    /// Why, for the audit.
    #[serde(default)]
    pub(in crate::web) reason: String,
}

/// Changes of rows that are not kept yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RowsProposed {
    /// The rows, each as it would be.
    changes: Vec<WantedRow>,
    /// How many months to look back: 3 unless given, 36 at most.
    months: Option<u32>,
}

/// What was kept.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct MappingKept {
    /// The newest version.
    pub(in crate::web) version: u32,
    /// The rows that changed; none where all was so already.
    pub(in crate::web) changes: Vec<RowAnswer>,
}

/// Change rows of a flow's mapping
///
/// They become a new version of the flow's document, with its comments and all else as it was; what is held is translated
/// again by itself. Ask `foretell_mapping` first what it would release and what it would change.
#[utoipa::path(post, path = "/customers/{customer}/flows/{flow}/mapping/changes", operation_id = "change_mapping",
    tag = "Mapping", params(FlowPlace), request_body = RowsChange,
    responses((status = 200, description = "What was kept", body = MappingKept)))]
pub(in crate::web) async fn change_mapping(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Body(asked): Body<RowsChange>,
) -> Result<axum::Json<MappingKept>, Refusal> {
    let (customer, actor) = caller.customer(&state, &place.customer, Right::Map).await?;
    let changes = read(&asked.changes)?;
    let (stored, flow) = stored_flow(&customer, &place.flow).await?;
    check_version(&stored, asked.expected_version)?;
    let chosen = Chosen { changes, unchecked: asked.unchecked, reason: &asked.reason };
    let author = caller.user().id.as_str();
    Ok(axum::Json(keep_rows(&state, &customer, (author, &actor), (&stored, &flow), chosen).await?))
}

/// Ask what changed rows would do
///
/// They are translated over the stored reports of the last months beside the stored version; nothing is kept.
#[utoipa::path(post, path = "/customers/{customer}/flows/{flow}/mapping/what_if", operation_id = "foretell_mapping",
    tag = "Mapping", params(FlowPlace), request_body = RowsProposed,
    responses((status = 200, description = "What they would do", body = Foretold)))]
async fn foretell_mapping(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Body(asked): Body<RowsProposed>,
) -> Result<axum::Json<Foretold>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::Map).await?;
    let changes = read(&asked.changes)?;
    let (stored, flow) = stored_flow(&customer, &place.flow).await?;
    let changed = changed(&customer, (&stored, &flow), &changes).await?;
    Ok(axum::Json(foretold(&state, &customer, &changed, asked.months).await?))
}

/// Rows that a person chose.
pub(in crate::web) struct Chosen<'a> {
    pub(in crate::web) changes: Vec<RowChange>,
    /// Targets are not looked up in the chart.
    pub(in crate::web) unchecked: bool,
    /// Why, for the audit.
    pub(in crate::web) reason: &'a str,
}

/// The changes of a request.
///
/// # Errors
/// A refusal of a table that there is not, or of too many changes.
pub(in crate::web) fn read(changes: &[WantedRow]) -> Result<Vec<RowChange>, Refusal> {
    if changes.len() > CHANGES_MOST {
        return Err(Refusal::invalid("changes", format!("At most {CHANGES_MOST} rows can be changed at once.")));
    }
    let row = |change: &WantedRow| {
        let no_table = |_| Refusal::invalid("changes", format!("There is no table \"{}\".", shortened(&change.table)));
        let table = table(&change.table).map_err(no_table)?;
        Ok(RowChange { table, text: change.source.clone(), target: change.target.clone() })
    };
    changes.iter().map(row).collect()
}

/// The flow with these rows changed.
///
/// # Errors
/// A refusal with every change that cannot be made.
pub(in crate::web) async fn changed(
    customer: &CustomerStore,
    (stored, flow): (&StoredFlow, &Flow),
    changes: &[RowChange],
) -> Result<Flow, Refusal> {
    let document = with_changes(flow, changes).map_err(|error| unchangeable(&error))?;
    readable(customer, &document, Some(stored)).await
}

/// Keeps changed rows as the version after the one they were made from.
///
/// # Errors
/// A refusal of what cannot be changed, of targets that the ledger does not take, or where another version came.
pub(in crate::web) async fn keep_rows(
    state: &State,
    customer: &CustomerStore,
    by: (&str, &Actor),
    (stored, flow): (&StoredFlow, &Flow),
    chosen: Chosen<'_>,
) -> Result<MappingKept, Refusal> {
    let after = changed(customer, (stored, flow), &chosen.changes).await?;
    let made = changed_rows(&flow.mapping, &after.mapping);
    if !chosen.unchecked {
        let known = state.charts().of(customer, flow).await?;
        let refused: Vec<String> = made
            .iter()
            .filter_map(|change| {
                let id = change.after.as_deref()?;
                let target = kind_of(&change.table).target(&known.as_ref()?.chart, id);
                let why = match target {
                    Some(Target { active: true, .. }) => return None,
                    Some(_) => "is inactive in the ledger",
                    None => "is not in the ledger",
                };
                Some(format!("{}, \"{}\": {id} {why}", change.table.name(), shortened(&change.text)))
            })
            .collect();
        if !refused.is_empty() {
            return Err(Refusal::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                Code::RequestInvalid,
                format!("{} targets are not taken by the ledger; with `unchecked` they are kept.", refused.len()),
            )
            .with("field", json!("changes"))
            .with("mistakes", json!(refused.iter().take(100).collect::<Vec<_>>())));
        }
    }
    if made.is_empty() {
        return Ok(MappingKept { version: stored.version, changes: Vec::new() });
    }
    let kept = keep(state, customer, by, &after, (Some(stored.version), chosen.reason)).await?;
    Ok(MappingKept { version: kept.flow.version, changes: made.into_iter().map(RowAnswer::from).collect() })
}

/// What of a table cannot be changed, or of a file not be read: all mistakes with their lines.
pub(super) fn unchangeable(error: &TableError) -> Refusal {
    let shown = error.problems.iter().take(100).map(|(line, said)| json!({ "line": line, "detail": said }));
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, Code::TableUnreadable, sentence(error))
        .with("mistakes", json!(shown.collect::<Vec<_>>()))
}

fn sentence(error: &TableError) -> String {
    match error.problems.as_slice() {
        [(0, said)] => format!("It was not taken: {said}."),
        [(line, said)] => format!("It was not taken: {line}: {said}."),
        all => format!("It was not taken: it has {} mistakes.", all.len()),
    }
}

/// What was sent, short enough for a sentence.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
