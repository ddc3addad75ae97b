//! The rows of one table: what the document maps, what reports carried, and what the ledger says of each target. Read
//! from few rows each, however many reports there are; nothing here is worded.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use accounting::Mapping;
use accounting::coverage::{Coverage, Kind, Standing, Through};
use accounting::translate::fold;
use accounting::uses::Place;

use crate::flow::Flow;
use crate::flow::table::{ExceptionBy, MappingTable};
use crate::store::{CustomerStore, FlowId, MappingUse, text_key};
use crate::web::known_charts::KnownChart;
use crate::web::problem::Refusal;

/// Texts of one place that are read; a table with more is shown in part, and says so.
const TEXTS_MOST: u32 = 20_000;

/// A row.
#[derive(Debug, Clone)]
pub(in crate::web) struct Row {
    /// The same for texts that differ only in case or in white space around them.
    pub(in crate::web) key: String,
    /// The text of the source.
    pub(in crate::web) source: String,
    /// The GL code, id or name that the source keeps beside it.
    pub(in crate::web) code: Option<String>,
    /// Where it leads.
    pub(in crate::web) target: Option<String>,
    /// By what.
    pub(in crate::web) through: Option<Through>,
    /// What the ledger says.
    pub(in crate::web) standing: Standing,
    /// Expenses that have it.
    pub(in crate::web) expenses: u64,
    /// Their money by currency, in minor units.
    pub(in crate::web) money: BTreeMap<String, i64>,
    /// Latest day of a report with it.
    pub(in crate::web) last_on: Option<String>,
}

impl Row {
    /// The money to sort by: that of the currency with the most, whatever its sign.
    pub(in crate::web) fn stake(&self) -> u64 {
        self.money.values().map(|minor| minor.unsigned_abs()).max().unwrap_or(0)
    }

    /// Whether a person should look at it: it is used, and leads nowhere or to what the ledger refuses.
    pub(in crate::web) fn needs_attention(&self) -> bool {
        self.expenses > 0 && self.standing != Standing::Mapped
    }
}

/// A table with its rows, in no order.
pub(in crate::web) struct Table {
    pub(in crate::web) table: MappingTable,
    pub(in crate::web) kind: Kind,
    pub(in crate::web) rows: Vec<Row>,
    /// There are more texts than were read.
    pub(in crate::web) cut: bool,
    /// Whether a text without a row goes to an account of its own anyhow.
    pub(in crate::web) has_default: bool,
}

/// What a table's rows lead to.
pub(in crate::web) fn kind_of(table: &MappingTable) -> Kind {
    match table {
        MappingTable::Values(dimension) => Kind::Value(dimension.clone()),
        MappingTable::Categories | MappingTable::Offsets | MappingTable::Exceptions(..) => Kind::Account,
    }
}

/// Where a table's texts come from.
pub(in crate::web) fn places_of(table: &MappingTable, mapping: &Mapping) -> Vec<Place> {
    match table {
        MappingTable::Categories => vec![Place::Category],
        MappingTable::Values(dimension) => {
            let rule = mapping.dimensions.get(dimension);
            let sources = rule.into_iter().flat_map(|rule| std::iter::once(&rule.from).chain(&rule.fallback));
            let mut places: Vec<Place> = sources.flat_map(Place::of_source).collect();
            places.dedup();
            places
        }
        MappingTable::Offsets => Vec::new(),
        MappingTable::Exceptions(_, ExceptionBy::Cards) => vec![Place::Card],
        MappingTable::Exceptions(_, ExceptionBy::Cardholders) => vec![Place::Cardholder],
        MappingTable::Exceptions(_, ExceptionBy::Feeds) => vec![Place::Feed],
        MappingTable::Exceptions(_, ExceptionBy::Kinds) => vec![Place::Kind],
    }
}

/// The rows of a table.
///
/// # Errors
/// What the store says; a refusal where the mapping has no such table.
pub(in crate::web) async fn read(
    customer: &CustomerStore,
    flow_id: &FlowId,
    flow: &Flow,
    chart: Option<&Arc<KnownChart>>,
    table: &MappingTable,
) -> Result<Table, Refusal> {
    let mapping = &flow.mapping;
    if !MappingTable::possible(mapping).contains(table) {
        return Err(Refusal::not_found());
    }
    let mut uses = Vec::new();
    let mut cut = false;
    for place in places_of(table, mapping) {
        let found = customer.mapping_uses(flow_id, &place.to_string(), TEXTS_MOST).await?;
        cut |= found.len() >= usize::try_from(TEXTS_MOST).unwrap_or(usize::MAX);
        uses.extend(found.into_iter().map(|found| (place.clone(), found)));
    }
    let nothing = accounting::Chart::default();
    let (known, chart) = (chart.is_some(), chart.map_or(&nothing, |known| &known.chart));
    let kind = kind_of(table);
    let held = table.rows_in(mapping);
    let coverage = Coverage::new(mapping, chart, kind.clone(), &held, *table == MappingTable::Categories);
    let mut rows = merge(&held, uses, *table == MappingTable::Categories);
    for row in &mut rows {
        let led = coverage.of(&row.source, row.code.as_deref());
        row.target = led.target;
        row.through = led.through;
        // Without a chart nothing is known against a target.
        row.standing = if !known && row.target.is_some() { Standing::Mapped } else { led.standing };
    }
    let has_default = matches!(table, MappingTable::Exceptions(..));
    Ok(Table { table: table.clone(), kind, rows, cut, has_default })
}

/// One row for each text: those of the document, and those that reports carried.
fn merge(held: &BTreeMap<String, String>, uses: Vec<(Place, MappingUse)>, is_categories: bool) -> Vec<Row> {
    let mut rows: Vec<Row> = held.keys().map(|text| row(text_key(&fold(text)), text.trim())).collect();
    let mut by_key: HashMap<String, usize> = rows.iter().enumerate().map(|(at, row)| (row.key.clone(), at)).collect();
    for (place, found) in uses {
        // What cannot be mapped is no row: it is a missing category.
        if is_categories && fold(&found.text) == "uncategorized" {
            continue;
        }
        // A workspace may be mapped by its id and a card by its name.
        let beside = found.beside.as_deref().filter(|_| matches!(place, Place::Policy | Place::Card));
        let beside = beside.map(|beside| text_key(&fold(beside)));
        let by_beside = || beside.as_ref().and_then(|key| by_key.get(key)).copied();
        let at = by_key.get(&found.key).copied().or_else(by_beside).unwrap_or_else(|| {
            rows.push(row(found.key.clone(), &found.text));
            rows.len() - 1
        });
        by_key.entry(found.key).or_insert(at);
        let Some(row) = rows.get_mut(at) else { continue };
        row.code = found.beside.or(row.code.take());
        row.expenses = row.expenses.saturating_add(found.expenses);
        if !found.currency.is_empty() {
            let sum = row.money.entry(found.currency).or_default();
            *sum = sum.saturating_add(found.amount_minor);
        }
        row.last_on = found.last_on.max(row.last_on.take());
    }
    rows
}

fn row(key: String, source: &str) -> Row {
    Row {
        key,
        source: source.to_owned(),
        code: None,
        target: None,
        through: None,
        standing: Standing::Unmapped,
        expenses: 0,
        money: BTreeMap::new(),
        last_on: None,
    }
}
