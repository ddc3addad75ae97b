//! Who changed which row of a mapping when, and what two versions differ in row by row.

use axum::extract::State as Shared;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::flow::Flow;
use crate::flow::table::{TableChange, changed_rows};
use crate::store::{MappingChange, Right};
use crate::web::caller::Caller;
use crate::web::flow_versions::author_name;
use crate::web::flows::{FlowPlace, flow_id};
use crate::web::moment::Moment;
use crate::web::page::{Cursors, Page, Paging};
use crate::web::problem::Refusal;
use crate::web::request::{Asked, Place};
use crate::web::state::State;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_mapping_changes))
}

/// A row that changed.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct RowAnswer {
    /// The table.
    pub(in crate::web) table: String,
    /// The text of the source.
    pub(in crate::web) source: String,
    /// Where it led; null where the row is new.
    pub(in crate::web) before: Option<String>,
    /// Where it leads; null where the row was taken out.
    pub(in crate::web) after: Option<String>,
}

impl From<TableChange> for RowAnswer {
    fn from(change: TableChange) -> Self {
        Self { table: change.table.name(), source: change.text, before: change.before, after: change.after }
    }
}

/// A change of a row, with who made it.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct MappingChangeAnswer {
    /// The version that brought it.
    pub(in crate::web) version: u32,
    /// When.
    pub(in crate::web) changed_at: Moment,
    /// Who made the version.
    pub(in crate::web) by: String,
    #[serde(flatten)]
    pub(in crate::web) row: RowAnswer,
}

/// The rows that two documents differ in; none where one of them cannot be read as a flow.
pub(in crate::web) fn rows_between(before: &str, after: &str) -> Vec<RowAnswer> {
    let (Ok(before), Ok(after)) = (Flow::parse(before, "", None), Flow::parse(after, "", None)) else {
        return Vec::new();
    };
    changed_rows(&before.mapping, &after.mapping).into_iter().map(RowAnswer::from).collect()
}

/// List the changes of a flow's mapping, row by row, the newest first
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/mapping/changes", operation_id = "list_mapping_changes",
    tag = "Mapping", params(FlowPlace, Paging),
    responses((status = 200, description = "A page of changes", body = Page<MappingChangeAnswer>)))]
pub(in crate::web) async fn list_mapping_changes(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Asked(paging): Asked<Paging>,
) -> Result<axum::Json<Page<MappingChangeAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?;
    let cursors = Cursors::new(&customer, "mapping_changes", flow.id.as_str());
    let after = cursors.after_as(&paging, |key| {
        let mut parts = key.splitn(3, ' ');
        Some((parts.next()?.parse::<u32>().ok()?, parts.next()?.to_owned(), parts.next()?.to_owned()))
    })?;
    // A dimension's name may hold spaces, a key does not; so the key goes first.
    let after = after.as_ref().map(|(version, key, table)| (*version, table.as_str(), key.as_str()));
    let rows = customer.mapping_changes(&flow.id, after, paging.rows()).await?;
    let place = |row: &MappingChange| format!("{} {} {}", row.version, row.key, row.table);
    let page = cursors.cut(&paging, rows, place, |row| row);
    let mut items = Vec::with_capacity(page.items.len());
    for change in page.items {
        items.push(MappingChangeAnswer {
            version: change.version,
            changed_at: Moment(change.changed_ms),
            by: author_name(&state, &change.author).await?,
            row: RowAnswer { table: change.table, source: change.text, before: change.before, after: change.after },
        });
    }
    Ok(axum::Json(Page { items, next: page.next }))
}
