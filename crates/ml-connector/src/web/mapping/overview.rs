//! A mapping at a glance: each table with how many texts lead where and how much money is not covered, the rules in the
//! order in which they are looked at, and where each dimension looks.

use std::collections::BTreeMap;

use accounting::coverage::Standing;
use accounting::mapping::{Matching, Missing, ValueSource};
use accounting::translate::Translator;
use accounting::{Chart, Dimension, Mapping};
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::{Table, read};
use crate::flow::Flow;
use crate::flow::table::MappingTable;
use crate::store::{CustomerStore, StoredFlow};
use crate::web::problem::Refusal;
use crate::web::state::State;

/// A flow's mapping.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct MappingAnswer {
    /// Version of the flow's document.
    pub(in crate::web) version: u32,
    /// Whether the ledger's chart was ever read; without it nothing is known against a target.
    pub(in crate::web) chart_known: bool,
    /// Its tables.
    pub(in crate::web) tables: Vec<TableAnswer>,
    /// Its rules for accounts, in the order in which they are looked at: the most specific first.
    pub(in crate::web) rules: Vec<RuleAnswer>,
    /// Whether the GL code that Expensify keeps beside a category stands in for a missing row.
    pub(in crate::web) use_source_codes: bool,
    /// Where unmapped expenses go, if the customer named such an account.
    pub(in crate::web) suspense_account: Option<String>,
}

/// A table of a mapping.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct TableAnswer {
    /// Its name in this API.
    pub(in crate::web) table: String,
    /// In words.
    pub(in crate::web) title: String,
    /// `account` or `value`: what its rows lead to.
    pub(in crate::web) leads_to: &'static str,
    /// The dimension, where they lead to values.
    pub(in crate::web) dimension: Option<String>,
    /// Where a dimension looks, in order; the first is its source, the others are fallbacks.
    pub(in crate::web) looks_at: Vec<String>,
    /// How texts are matched: `table`, `id` or `name`; null for accounts.
    pub(in crate::web) matching: Option<&'static str>,
    /// What happens without a value: `hold` or `blank`; null for accounts.
    pub(in crate::web) missing: Option<&'static str>,
    /// Whether a text without a row goes to the fund source's own account.
    pub(in crate::web) has_default: bool,
    /// How many texts.
    pub(in crate::web) rows: u64,
    /// How many lead nowhere though reports carry them.
    pub(in crate::web) unmapped: u64,
    /// How many lead to something that the ledger refuses though reports carry them.
    pub(in crate::web) refused: u64,
    /// Money of all texts by currency, in minor units.
    pub(in crate::web) money_minor: BTreeMap<String, i64>,
    /// Money of those that lead nowhere or to what is refused, by currency, in minor units.
    pub(in crate::web) uncovered_minor: BTreeMap<String, i64>,
    /// Whether there are more texts than are counted here.
    pub(in crate::web) cut: bool,
}

/// A rule for accounts.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct RuleAnswer {
    /// Its place among those that are looked at, from 1.
    pub(in crate::web) place: usize,
    /// Its place in the document, from 1.
    pub(in crate::web) number: usize,
    /// When it holds, in words.
    pub(in crate::web) when: String,
    /// How many parts its condition has: more go first.
    pub(in crate::web) parts: usize,
    /// Where it books.
    pub(in crate::web) account: String,
    /// The account's title, where it is known.
    pub(in crate::web) account_title: Option<String>,
    /// Whether the ledger takes postings to it; null where the chart is not known.
    pub(in crate::web) account_active: Option<bool>,
}

/// The whole mapping of a flow.
///
/// # Errors
/// What the store says.
pub(in crate::web) async fn overview(
    state: &State,
    customer: &CustomerStore,
    stored: &StoredFlow,
    flow: &Flow,
) -> Result<MappingAnswer, Refusal> {
    let known = state.charts().of(customer, flow).await?;
    let mut tables = Vec::new();
    for table in MappingTable::possible(&flow.mapping) {
        let found = read(customer, &stored.id, flow, known.as_ref(), &table).await?;
        if found.rows.is_empty() && found.has_default {
            continue;
        }
        tables.push(summed(&found, &flow.mapping));
    }
    let chart = known.as_ref().map(|known| &known.chart);
    Ok(MappingAnswer {
        version: stored.version,
        chart_known: chart.is_some(),
        tables,
        rules: rules(&flow.mapping, chart),
        use_source_codes: flow.mapping.accounts.use_source_codes,
        suspense_account: flow.mapping.accounts.suspense.clone(),
    })
}

/// A table with its sums.
pub(in crate::web) fn summed(found: &Table, mapping: &Mapping) -> TableAnswer {
    let dimension = match &found.table {
        MappingTable::Values(dimension) => Some(dimension),
        _ => None,
    };
    let rule = dimension.and_then(|dimension| mapping.dimensions.get(dimension));
    let mut money_minor = BTreeMap::new();
    let mut uncovered_minor = BTreeMap::new();
    let (mut unmapped, mut refused) = (0, 0);
    for row in &found.rows {
        add(&mut money_minor, &row.money);
        let is_default = found.has_default && row.standing == Standing::Unmapped;
        if is_default || !row.needs_attention() {
            continue;
        }
        add(&mut uncovered_minor, &row.money);
        if row.standing == Standing::Unmapped { unmapped += 1 } else { refused += 1 }
    }
    TableAnswer {
        table: found.table.name(),
        title: title(&found.table),
        leads_to: if dimension.is_some() { "value" } else { "account" },
        dimension: dimension.map(Dimension::to_string),
        looks_at: rule
            .map(|rule| std::iter::once(&rule.from).chain(&rule.fallback).map(place_words).collect())
            .unwrap_or_default(),
        matching: rule.map(|rule| match rule.matching {
            Matching::Table => "table",
            Matching::Id => "id",
            Matching::Name => "name",
        }),
        missing: rule.map(|rule| match rule.missing {
            Missing::Hold => "hold",
            Missing::Blank => "blank",
        }),
        has_default: found.has_default,
        rows: found.rows.len() as u64,
        unmapped,
        refused,
        money_minor,
        uncovered_minor,
        cut: found.cut,
    }
}

fn add(sum: &mut BTreeMap<String, i64>, money: &BTreeMap<String, i64>) {
    for (currency, minor) in money {
        let total = sum.entry(currency.clone()).or_default();
        *total = total.saturating_add(*minor);
    }
}

/// A table in words.
pub(in crate::web) fn title(table: &MappingTable) -> String {
    match table {
        MappingTable::Categories => "Accounts by category".to_owned(),
        MappingTable::Values(dimension) => format!("Values of {dimension}"),
        MappingTable::Offsets => "Offset accounts".to_owned(),
        MappingTable::Exceptions(fund, by) => format!("Offset of {} by {}", fund.name().replace('_', " "), by.name()),
    }
}

/// A place to look for a value, in words.
fn place_words(source: &ValueSource) -> String {
    match source {
        ValueSource::Tag(level) => format!("tag {level}"),
        ValueSource::ReportField(name) => format!("report field {name}"),
        ValueSource::Category => "category".to_owned(),
        ValueSource::Policy => "workspace".to_owned(),
        ValueSource::Employee => "employee record".to_owned(),
        ValueSource::Card => "card".to_owned(),
        ValueSource::Constant(id) => format!("always {id}"),
    }
}

/// The rules in the order in which a translation looks at them.
fn rules(mapping: &Mapping, chart: Option<&Chart>) -> Vec<RuleAnswer> {
    let in_order = Translator::precedence(&mapping.accounts.rules);
    let answer = |(place, (index, parts, when)): (usize, (usize, usize, String))| {
        let account = mapping.accounts.rules.get(index).map(|rule| rule.account.clone()).unwrap_or_default();
        let known = chart.and_then(|chart| chart.accounts.get(account.trim()));
        RuleAnswer {
            place: place + 1,
            number: index + 1,
            when,
            parts,
            account_title: known.map(|account| account.title.clone()),
            account_active: chart.map(|_| known.is_some_and(|account| account.active)),
            account,
        }
    };
    in_order.into_iter().enumerate().map(answer).collect()
}
