//! Taking what is sure of the proposals for a whole mapping at once, in the first steps. What is less sure is left to a
//! person, row by row.

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::post;

use super::super::flows::{FlowPlace, stored_flow};
use super::super::mapping::{self, RowsAsked, RowsChange, TablePlace, WantedRow};
use super::super::problem::Refusal;
use super::super::request::{Asked, Body, Place};
use super::super::state::State;
use super::form::Fields;
use super::visit::{Visit, go};

/// Least score, of 100, of a proposal that is taken without looking at it: that of the grid's button as well.
const SURE: u8 = 80;
/// Pages of a table that are looked through; a longer one is for the grid.
const PAGES: usize = 50;
const ROWS: u32 = 200;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/c/{customer}/start/propose", post(propose))
}

/// Takes the surest proposal of every row that leads nowhere yet.
async fn propose(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let flow = fields.text("flow").to_owned();
    let (stored, read) = stored_flow(&visit.customer, &flow).await?;
    let overview = mapping::overview(&visit.state, &visit.customer, &stored, &read).await?;
    let mut changes = Vec::new();
    for table in overview.tables.into_iter().filter(|table| table.unmapped > 0) {
        changes.extend(sure(&visit, &flow, &table.table).await?);
    }
    if !changes.is_empty() {
        let reason = "sure proposals, taken in the first steps".to_owned();
        let change = RowsChange { expected_version: fields.parsed("version")?, changes, unchecked: false, reason };
        let place = FlowPlace { customer: visit.customer_id(), flow };
        let shared = Shared(visit.state.clone());
        let _ = mapping::change_mapping(shared, visit.caller.clone(), Place(place), Body(change)).await?;
    }
    Ok(go(&visit.frame.at("/start?done=proposed#map")))
}

/// The sure proposals of one table.
async fn sure(visit: &Visit, flow: &str, table: &str) -> Result<Vec<WantedRow>, Refusal> {
    let mut wanted = Vec::new();
    let mut after = String::new();
    for _ in 0..PAGES {
        let place = TablePlace { customer: visit.customer_id(), flow: flow.to_owned(), table: table.to_owned() };
        let asked = RowsAsked { status: "unmapped".to_owned(), limit: Some(ROWS), after, ..RowsAsked::default() };
        let (shared, caller) = (Shared(visit.state.clone()), visit.caller.clone());
        let page = mapping::list_mapping_rows(shared, caller, Place(place), Asked(asked)).await?.0;
        for row in page.items {
            let best = row.suggestions.into_iter().next().filter(|best| best.score >= SURE);
            let row = |target| WantedRow { table: table.to_owned(), source: row.source, target: Some(target) };
            wanted.extend(best.map(|best| row(best.target)));
        }
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    Ok(wanted)
}
