//! The rows of a table as a list: filtered, sorted by the money at stake, and paged.

use axum::extract::State as Shared;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::rows::{Row, Table, read};
use super::shown::{Beside, MappingRow, status};
use super::{TablePlace, table};
use crate::store::Right;
use crate::web::caller::Caller;
use crate::web::flows::stored_flow;
use crate::web::page::{Cursors, Page, Paging};
use crate::web::problem::Refusal;
use crate::web::request::{Asked, Place};
use crate::web::state::State;

/// How long a changed row counts as changed.
const CHANGED_MS: i64 = 30 * 24 * 3_600 * 1_000;

/// The filters by status that there are.
pub(in crate::web) const STATUSES: [&str; 8] =
    ["attention", "unmapped", "mapped", "inactive", "unknown", "default", "never_used", "changed"];
/// What rows may be sorted by.
pub(in crate::web) const SORTS: [&str; 4] = ["money", "name", "used", "recent"];

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list_mapping_rows))
}

/// Which rows are asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct RowsAsked {
    /// A part of the text, the code, or the target's id or name; capitals do not matter.
    #[serde(default)]
    pub(in crate::web) search: String,
    /// `attention` (used, and unmapped or to what the ledger refuses), `unmapped`, `mapped`, `inactive`, `unknown`,
    /// `default`, `never_used`, or `changed` (within 30 days); all unless given.
    #[serde(default)]
    pub(in crate::web) status: String,
    /// `money` (what needs a decision first, then the most; the usual), `name`, `used` or `recent`.
    #[serde(default)]
    pub(in crate::web) sort: String,
    /// `next` of the page before.
    #[serde(default)]
    pub(in crate::web) after: String,
    /// Rows of the page: 50 unless given, 200 at most.
    pub(in crate::web) limit: Option<u32>,
}

/// List the rows of a table of a flow's mapping
///
/// Each with what it is used for, whether the ledger takes its target, proposals with their evidence, who changed it
/// last, and what it holds up.
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/mapping/tables/{table}",
    operation_id = "list_mapping_rows", tag = "Mapping", params(TablePlace, RowsAsked),
    responses((status = 200, description = "A page of rows", body = Page<MappingRow>)))]
pub(in crate::web) async fn list_mapping_rows(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<TablePlace>,
    Asked(asked): Asked<RowsAsked>,
) -> Result<axum::Json<Page<MappingRow>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let (stored, flow) = stored_flow(&customer, &place.flow).await?;
    let chart = state.charts().of(&customer, &flow).await?;
    let found = read(&customer, &stored.id, &flow, chart.as_ref(), &table(&place.table)?).await?;
    let beside = Beside { state: &state, customer: &customer, flow_id: &stored.id, chart: chart.as_ref() };
    Ok(axum::Json(page(&beside, found, &asked).await?.1))
}

/// The rows that fit, cut to a page; and how many fit in all, with the table they are of.
///
/// # Errors
/// A refusal of a filter or a sort that there is not, or of a foreign cursor; what the store says.
pub(in crate::web) async fn page(
    beside: &Beside<'_>,
    mut found: Table,
    asked: &RowsAsked,
) -> Result<((usize, Table), Page<MappingRow>), Refusal> {
    let sort = if asked.sort.is_empty() { "money" } else { asked.sort.as_str() };
    if !SORTS.contains(&sort) {
        return Err(unknown("sort", &SORTS));
    }
    let mut rows = std::mem::take(&mut found.rows);
    let fits = filter(beside, &found, asked).await?;
    rows.retain(|row| fits(row));
    let count = rows.len();
    // The key of a row's place: what it is sorted by, then its text.
    let mut keyed: Vec<(String, Row)> =
        rows.into_iter().map(|row| (place_of(sort, &row, found.has_default), row)).collect();
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    let paging = Paging::of(asked.after.clone(), asked.limit);
    let list = json!([found.table.name(), sort, asked.status, asked.search]).to_string();
    let cursors = Cursors::new(beside.customer, "mapping", &format!("{} {list}", beside.flow_id));
    let after = cursors.after(&paging)?;
    keyed.retain(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    keyed.truncate(usize::try_from(paging.rows()).unwrap_or(1));
    let page = cursors.cut(&paging, keyed, |(key, _)| key.clone(), |(_, row)| row);
    let items = beside.show(&found, page.items).await?;
    Ok(((count, found), Page { items, next: page.next }))
}

/// What a row is sorted by, as a text that sorts so.
fn place_of(sort: &str, row: &Row, has_default: bool) -> String {
    let name = row.source.to_lowercase();
    match sort {
        // What needs a decision holds money up; the rest follows.
        "money" => {
            let after = u8::from(!row.needs_attention() || has_default);
            let (stake, expenses) = (u64::MAX - row.stake(), u64::MAX - row.expenses);
            format!("{after} {stake:020} {expenses:020} {name} {}", row.key)
        }
        "used" => format!("{:020} {name} {}", u64::MAX - row.expenses, row.key),
        // Later days first: each digit is turned round.
        "recent" => {
            let day = row.last_on.as_deref().unwrap_or("0000-00-00");
            let turn = |c: char| c.to_digit(10).and_then(|digit| char::from_digit(9 - digit, 10)).unwrap_or(c);
            let turned: String = day.chars().map(turn).collect();
            format!("{turned} {name} {}", row.key)
        }
        _ => format!("{name} {}", row.key),
    }
}

async fn filter(
    beside: &Beside<'_>,
    found: &Table,
    asked: &RowsAsked,
) -> Result<impl Fn(&Row) -> bool + use<>, Refusal> {
    if !asked.status.is_empty() && !STATUSES.contains(&asked.status.as_str()) {
        return Err(unknown("status", &STATUSES));
    }
    let changed = if asked.status == "changed" {
        let since_ms = beside.state.clock.now_ms().saturating_sub(CHANGED_MS);
        beside.customer.rows_changed_since(beside.flow_id, &found.table.name(), since_ms).await?
    } else {
        Vec::new()
    };
    let sought = asked.search.trim().to_lowercase();
    let wanted = asked.status.clone();
    let chart = beside.chart.cloned();
    let (kind, has_default) = (found.kind.clone(), found.has_default);
    let whole = Table { table: found.table.clone(), kind: kind.clone(), rows: Vec::new(), cut: false, has_default };
    Ok(move |row: &Row| {
        let fits = match wanted.as_str() {
            "" => true,
            "attention" => row.needs_attention() && status(&whole, row) != "default",
            "never_used" => row.expenses == 0,
            "changed" => changed.contains(&row.key),
            other => status(&whole, row) == other,
        };
        let has = |text: &str| text.to_lowercase().contains(&sought);
        let name = || {
            let target = chart.as_ref().zip(row.target.as_deref());
            target.and_then(|(known, id)| kind.target(&known.chart, id)).is_some_and(|target| has(target.name))
        };
        let said = || [row.code.as_deref(), row.target.as_deref()].into_iter().flatten().any(has);
        fits && (sought.is_empty() || has(&row.source) || said() || name())
    })
}

fn unknown(field: &str, known: &[&str]) -> Refusal {
    Refusal::invalid(field, format!("It must be one of {}.", known.join(", ")))
}
