//! The mapping of a flow as a grid: what reports carry, where it leads, and what is at stake. It is a plain form; the
//! script adds keys, ranges and pasting. What was entered is first shown as changes with what they would do.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::get;

use super::form::Fields;
use super::frame::Frame;
use super::mapping_review::review;
use super::refused::show;
use super::visit::{Visit, go};
use crate::flow::table::MappingTable;
use crate::web::flows::{FlowPlace, stored_flow};
use crate::web::mapping::{
    Beside, MappingAnswer, MappingChangeAnswer, MappingRow, RowsAsked, RowsChange, TableAnswer, WantedRow,
    change_mapping, list_mapping_changes, overview, page, read,
};
use crate::web::page::Paging;
use crate::web::problem::Refusal;
use crate::web::request::{Asked, Body, Place};
use crate::web::state::State;

/// Targets that are offered as a list; more are looked up while somebody types.
const OFFERED: usize = 400;
/// Rows of a page.
const ROWS: u32 = 50;
/// Changes shown below the grid.
const CHANGES: u32 = 10;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/c/{customer}/mapping", get(first))
        .route("/c/{customer}/flows/{flow}/mapping", get(grid).post(entered))
}

#[derive(askama::Template)]
#[template(path = "mapping.html")]
struct Grid {
    frame: Frame,
    /// Address of the page without its query.
    here: String,
    flow: String,
    flow_name: String,
    /// Other flows of the customer, by address and name.
    others: Vec<(String, String)>,
    mapping: MappingAnswer,
    table: String,
    title: String,
    leads_to: &'static str,
    has_default: bool,
    cut: bool,
    /// How many rows fit the filter.
    count: u64,
    rows: Vec<MappingRow>,
    asked: RowsAsked,
    /// The query that comes back to this view.
    query: String,
    first: String,
    next: String,
    /// Targets to choose from; empty where there are too many.
    offered: Vec<(String, String)>,
    /// Where targets are looked up.
    lookup: String,
    changes: Vec<MappingChangeAnswer>,
    statuses: [(&'static str, &'static str); 9],
    sorts: [(&'static str, &'static str); 4],
}

impl Grid {
    fn covered(&self, table: &TableAnswer) -> Vec<(String, String, i64)> {
        covered(&table.money_minor, &table.uncovered_minor)
    }

    /// A name as a part of an address.
    fn encoded(&self, name: &str) -> String {
        form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
    }

    /// The title of an exception, without what all of them begin with.
    fn exception(&self, title: &str) -> String {
        title.strip_prefix("Offset of ").unwrap_or(title).to_owned()
    }

    fn parts(&self) -> [(&'static str, &'static str); 10] {
        super::mapping_rules::PARTS
    }

    fn is_offered(&self) -> bool {
        !self.offered.is_empty()
    }
}

/// The filters in the words of the page.
fn statuses() -> [(&'static str, &'static str); 9] {
    [
        ("", "All"),
        ("attention", "Needs a decision"),
        ("unmapped", "Unmapped"),
        ("inactive", "Target is inactive"),
        ("unknown", "Target is not in Intacct"),
        ("mapped", "Mapped"),
        ("never_used", "Never used"),
        ("changed", "Changed in 30 days"),
        ("default", "Goes to the usual account"),
    ]
}

const fn sorts() -> [(&'static str, &'static str); 4] {
    [("money", "Money, the most first"), ("name", "Name"), ("used", "Times used"), ("recent", "Last used")]
}

/// Share of the money that leads somewhere, by currency: the currency, the share in words, and what is open.
fn covered(money: &BTreeMap<String, i64>, open: &BTreeMap<String, i64>) -> Vec<(String, String, i64)> {
    let share = |(currency, total): (&String, &i64)| {
        let open_minor = open.get(currency).copied().unwrap_or(0);
        let (total, missing) = (i128::from(*total).abs(), i128::from(open_minor).abs());
        if total == 0 {
            return None;
        }
        // Tenths of a percent, rounded down: nothing counts as whole that is not.
        let tenths = (total - missing).max(0) * 1_000 / total;
        Some((currency.clone(), format!("{}.{} %", tenths / 10, tenths % 10), open_minor))
    };
    money.iter().filter_map(share).collect()
}

/// The first flow's mapping.
async fn first(visit: Visit) -> Result<Response, Refusal> {
    Ok(match visit.customer.flows().await?.first() {
        Some(flow) => go(&visit.frame.at(&format!("/flows/{}/mapping", flow.id))),
        None => go(&visit.frame.at("/start")),
    })
}

async fn grid(visit: Visit, Asked(query): Asked<Query>) -> Result<Response, Refusal> {
    Ok(show(&made(visit, query).await?))
}

/// What the address asks for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub(super) struct Query {
    #[serde(default)]
    table: String,
    #[serde(default)]
    search: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    #[expect(dead_code, reason = "the frame says it")]
    done: String,
}

impl Query {
    /// The same view, without its place in the list.
    fn words(&self) -> String {
        let mut words = form_urlencoded::Serializer::new(String::new());
        let parts = [("table", &self.table), ("search", &self.search), ("status", &self.status), ("sort", &self.sort)];
        for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
            words.append_pair(name, value);
        }
        words.finish()
    }
}

async fn made(visit: Visit, query: Query) -> Result<Grid, Refusal> {
    let (stored, flow) = stored_flow(&visit.customer, visit.place("flow")).await?;
    let here = visit.frame.at(&format!("/flows/{}/mapping", stored.id));
    let mapping = overview(&visit.state, &visit.customer, &stored, &flow).await?;
    let name = if query.table.is_empty() { "categories" } else { query.table.as_str() };
    let table = MappingTable::parse(name).ok_or_else(Refusal::not_found)?;
    let chart = visit.state.charts().of(&visit.customer, &flow).await?;
    let found = read(&visit.customer, &stored.id, &flow, chart.as_ref(), &table).await?;
    let asked = RowsAsked {
        search: query.search.clone(),
        status: query.status.clone(),
        sort: query.sort.clone(),
        after: query.after.clone(),
        limit: Some(ROWS),
    };
    let beside = Beside { state: &visit.state, customer: &visit.customer, flow_id: &stored.id, chart: chart.as_ref() };
    let ((count, found), rows) = page(&beside, found, &asked).await?;
    let words = query.words();
    let next = rows.next.map(|next| format!("{here}?{words}&after={next}")).unwrap_or_default();
    let first = if query.after.is_empty() { String::new() } else { format!("{here}?{words}") };
    let targets = chart.iter().flat_map(|known| found.kind.targets(&known.chart)).filter(|target| target.active);
    let mut offered: Vec<(String, String)> =
        targets.take(OFFERED + 1).map(|target| (target.id.to_owned(), target.name.to_owned())).collect();
    if offered.len() > OFFERED {
        offered.clear();
    }
    let lookup = match &table {
        MappingTable::Values(dimension) => format!("dimensions/{dimension}"),
        _ => "accounts".to_owned(),
    };
    let lookup = format!("/api/v1/customers/{}/flows/{}/chart/{lookup}", visit.customer.id(), stored.id);
    let place = FlowPlace { customer: visit.customer_id(), flow: stored.id.to_string() };
    let paging = Paging::of(String::new(), Some(CHANGES));
    let changes =
        list_mapping_changes(Shared(visit.state.clone()), visit.caller.clone(), Place(place), Asked(paging)).await?;
    let flows = visit.customer.flows().await?.into_iter().filter(|other| other.id != stored.id);
    let others = flows.map(|other| (visit.frame.at(&format!("/flows/{}/mapping", other.id)), other.name)).collect();
    Ok(Grid {
        here,
        flow: stored.id.to_string(),
        flow_name: stored.name,
        others,
        table: table.name(),
        title: crate::web::mapping::title(&table),
        leads_to: if matches!(table, MappingTable::Values(_)) { "value" } else { "account" },
        has_default: found.has_default,
        cut: found.cut,
        count: count as u64,
        rows: rows.items,
        asked,
        query: words,
        first,
        next,
        offered,
        lookup,
        changes: changes.0.items,
        statuses: statuses(),
        sorts: sorts(),
        mapping,
        frame: visit.frame,
    })
}

/// What was entered: shown first with what it would do, or kept.
async fn entered(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let changes = wanted(&fields);
    let version = fields.parsed::<u32>("version")?;
    let back = fields.text("back").to_owned();
    if changes.is_empty() || fields.text("do") != "keep" {
        return review(visit, changes, version, back, None).await;
    }
    let place = FlowPlace { customer: visit.customer_id(), flow: visit.place("flow").to_owned() };
    let body = RowsChange {
        expected_version: version,
        changes: changes.clone(),
        unchecked: fields.ticked("unchecked"),
        reason: fields.text("reason").to_owned(),
    };
    let kept = change_mapping(Shared(visit.state.clone()), visit.caller.clone(), Place(place), Body(body)).await;
    match kept {
        Ok(_) => {
            let here = visit.frame.at(&format!("/flows/{}/mapping", visit.place("flow")));
            let gap = if back.is_empty() { "" } else { "&" };
            Ok(go(&format!("{here}?{back}{gap}done=saved")))
        }
        Err(refusal) if refusal.status().is_server_error() => Err(refusal),
        Err(refusal) => review(visit, changes, version, back, Some(refusal)).await,
    }
}

/// The rows that a person changed: cells of the grid, proposals that were ticked, and lines that were pasted.
fn wanted(fields: &Fields) -> Vec<WantedRow> {
    let table = fields.text("table").to_owned();
    let row = |table: &str, source: &str, target: &str| WantedRow {
        table: table.to_owned(),
        source: source.to_owned(),
        target: Some(target.to_owned()).filter(|target| !target.is_empty()),
    };
    let mut changes: Vec<WantedRow> = Vec::new();
    for (source, target) in fields.beginning("target:") {
        let was = fields.text(&format!("was:{source}")).to_owned();
        let taken = fields.text(&format!("take:{source}")).to_owned();
        // A cell may hold what the list offers: the id, then its title.
        let typed = target.trim();
        let target = if typed == was && !taken.is_empty() { taken.as_str() } else { typed };
        if target != was {
            changes.push(row(&table, source, target));
        }
    }
    for (place, target) in fields.beginning("change:") {
        if let Some((table, source)) = place.split_once(':') {
            changes.push(row(table, source, target.trim()));
        }
    }
    for line in fields.raw("pasted").lines().filter(|line| !line.trim().is_empty()) {
        // A spreadsheet's cells are parted by tabs; a file's by semicolons or commas.
        let parted = ['\t', ';', ','].into_iter().find_map(|sign| line.split_once(sign));
        let (source, target) = parted.unwrap_or((line, ""));
        let target = target.split(['\t', ';']).next().unwrap_or_default();
        let plain = |text: &str| text.trim().trim_matches('"').to_owned();
        if !plain(target).is_empty() {
            changes.push(row(&table, &plain(source), &plain(target)));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{covered, sorts, statuses};
    use crate::web::mapping::{SORTS, STATUSES};

    #[test]
    fn nothing_counts_as_whole_that_is_not() {
        let money = BTreeMap::from([("USD".to_owned(), 100_000), ("EUR".to_owned(), 0), ("JPY".to_owned(), 7)]);
        let open = BTreeMap::from([("USD".to_owned(), 1)]);
        let shown = covered(&money, &open);
        let words: Vec<(&str, &str)> =
            shown.iter().map(|(currency, share, _)| (currency.as_str(), share.as_str())).collect();
        assert_eq!(words, [("JPY", "100.0 %"), ("USD", "99.9 %")]);
    }

    #[test]
    fn the_page_offers_every_filter_and_order() {
        assert!(STATUSES.iter().all(|name| statuses().iter().any(|(offered, _)| offered == name)));
        assert!(SORTS.iter().all(|name| sorts().iter().any(|(offered, _)| offered == name)));
    }
}
