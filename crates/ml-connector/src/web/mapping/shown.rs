//! A page of rows with all that is shown beside them: the target's name, proposals with their evidence, who changed the
//! row last, and which reports it holds up. Worked out for the rows of a page alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use accounting::Code;
use accounting::Dimension;
use accounting::coverage::{Kind, Standing};
use accounting::suggest::{Evidence, Suggestion};
use accounting::translate::fold;
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::{Row, Table};
use crate::flow::Flow;
use crate::flow::table::MappingTable;
use crate::store::{CustomerStore, FlowId, MappingChange, cause_id};
use crate::web::flow_versions::author_name;
use crate::web::known_charts::KnownChart;
use crate::web::moment::Moment;
use crate::web::problem::Refusal;
use crate::web::state::State;

/// Proposals for a row.
const PROPOSALS: usize = 3;

/// A row of a mapping's table.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct MappingRow {
    /// The text of the source.
    pub(in crate::web) source: String,
    /// The GL code, id or name that Expensify keeps beside it.
    pub(in crate::web) code: Option<String>,
    /// Where it leads: an account's number or a value's id.
    pub(in crate::web) target: Option<String>,
    /// The target's title; null where the ledger does not have it.
    pub(in crate::web) target_name: Option<String>,
    /// Dimensions that every line on the target must name.
    pub(in crate::web) requires: Vec<String>,
    /// By what it leads there: `table`, `gl_code`, `id` or `name`.
    pub(in crate::web) through: Option<&'static str>,
    /// `mapped`, `unmapped`, `default` (it goes to the fund source's own account), `inactive` or `unknown`.
    pub(in crate::web) status: &'static str,
    /// Expenses that carried it.
    pub(in crate::web) expenses: u64,
    /// Their money by currency, in minor units.
    pub(in crate::web) money_minor: BTreeMap<String, i64>,
    /// Latest day of a report that carried it.
    pub(in crate::web) last_on: Option<String>,
    /// What it could lead to, the surest first.
    pub(in crate::web) suggestions: Vec<SuggestionAnswer>,
    /// Its last change; null where it is as the first version had it.
    pub(in crate::web) changed: Option<ChangeAnswer>,
    /// Reports that wait for it.
    pub(in crate::web) holds: HoldsAnswer,
}

/// A proposal.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct SuggestionAnswer {
    /// The target.
    pub(in crate::web) target: String,
    /// Its title.
    pub(in crate::web) target_name: String,
    /// How sure it is, 0 to 100.
    pub(in crate::web) score: u8,
    /// Why, in words.
    pub(in crate::web) evidence: Vec<String>,
}

/// The last change of a row.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct ChangeAnswer {
    /// The version that brought it.
    pub(in crate::web) version: u32,
    /// When.
    pub(in crate::web) changed_at: Moment,
    /// Who made it.
    pub(in crate::web) by: String,
    /// Where the row led before; null where it was new.
    pub(in crate::web) before: Option<String>,
}

/// Reports that wait for a row.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(in crate::web) struct HoldsAnswer {
    /// How many.
    pub(in crate::web) reports: u64,
    /// Their money by currency, in minor units.
    pub(in crate::web) money_minor: BTreeMap<String, i64>,
}

/// What a page's rows are shown with.
pub(in crate::web) struct Beside<'a> {
    pub(in crate::web) state: &'a State,
    pub(in crate::web) customer: &'a CustomerStore,
    pub(in crate::web) flow_id: &'a FlowId,
    pub(in crate::web) chart: Option<&'a Arc<KnownChart>>,
}

impl Beside<'_> {
    /// The rows of a page of `table`.
    ///
    /// # Errors
    /// What the store says.
    pub(in crate::web) async fn show(&self, table: &Table, rows: Vec<Row>) -> Result<Vec<MappingRow>, Refusal> {
        let keys: Vec<String> = rows.iter().map(|row| row.key.clone()).collect();
        let changes = self.customer.changes_of_rows(self.flow_id, &table.table.name(), &keys).await?;
        let mut newest: BTreeMap<String, MappingChange> = BTreeMap::new();
        for change in changes {
            newest.entry(change.key.clone()).or_insert(change);
        }
        let mut holds = self.holds(table, &rows).await?;
        let history = self.history(table, &rows).await?;
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            let changed = match newest.remove(&row.key) {
                None => None,
                Some(change) => Some(ChangeAnswer {
                    version: change.version,
                    changed_at: Moment(change.changed_ms),
                    by: author_name(self.state, &change.author).await?,
                    before: change.before,
                }),
            };
            let holds = holds.remove(&row.key).unwrap_or_default();
            shown.push(self.row(table, row, &history, (changed, holds)));
        }
        Ok(shown)
    }

    fn row(
        &self,
        table: &Table,
        row: Row,
        history: &BTreeMap<String, BTreeMap<String, u32>>,
        (changed, holds): (Option<ChangeAnswer>, HoldsAnswer),
    ) -> MappingRow {
        let target = self.chart.zip(row.target.as_deref());
        let target = target.and_then(|(known, id)| table.kind.target(&known.chart, id.trim()));
        let target_name = target.map(|target| target.name.to_owned());
        let suggestions = self.suggestions(table, &row, history.get(fold(&row.source).as_ref()));
        MappingRow {
            status: status(table, &row),
            requires: self.requires(&table.kind, row.target.as_deref()),
            through: row.through.map(accounting::coverage::Through::name),
            target_name,
            suggestions,
            changed,
            holds,
            source: row.source,
            code: row.code,
            target: row.target,
            expenses: row.expenses,
            money_minor: row.money,
            last_on: row.last_on,
        }
    }

    /// Dimensions that an account asks for.
    fn requires(&self, kind: &Kind, target: Option<&str>) -> Vec<String> {
        let (Kind::Account, Some(known), Some(number)) = (kind, self.chart, target) else { return Vec::new() };
        let account = known.chart.accounts.get(number.trim());
        account.into_iter().flat_map(|account| &account.requires).map(Dimension::to_string).collect()
    }

    /// Proposals for a row that leads nowhere, or to what the ledger refuses.
    fn suggestions(&self, table: &Table, row: &Row, history: Option<&BTreeMap<String, u32>>) -> Vec<SuggestionAnswer> {
        let (Some(known), false) = (self.chart, table.has_default || row.standing == Standing::Mapped) else {
            return Vec::new();
        };
        let nothing = BTreeMap::new();
        let catalogue = known.catalogue(&table.kind);
        let found = catalogue.suggest(&row.source, row.code.as_deref(), history.unwrap_or(&nothing), PROPOSALS);
        let answer = |suggestion: Suggestion| {
            let target = table.kind.target(&known.chart, &suggestion.id);
            SuggestionAnswer {
                target_name: target.map(|target| target.name.to_owned()).unwrap_or_default(),
                evidence: suggestion.evidence.iter().map(words).collect(),
                score: suggestion.score,
                target: suggestion.id,
            }
        };
        found.into_iter().map(answer).collect()
    }

    /// Where the texts of these rows lead in the customer's other flows, by text and target.
    async fn history(&self, table: &Table, rows: &[Row]) -> Result<BTreeMap<String, BTreeMap<String, u32>>, Refusal> {
        let mut found: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
        if rows.iter().all(|row| row.standing == Standing::Mapped) {
            return Ok(found);
        }
        for stored in self.customer.flows().await?.into_iter().filter(|stored| stored.id != *self.flow_id) {
            let Ok(other) = Flow::parse(&stored.document, "", None) else { continue };
            for (text, target) in table.table.rows_in(&other.mapping).iter() {
                let targets = found.entry(fold(text).into_owned()).or_default();
                *targets.entry(target.trim().to_owned()).or_default() += 1;
            }
        }
        Ok(found)
    }

    /// What waits for rows that lead nowhere or to what is refused, by their keys.
    async fn holds(&self, table: &Table, rows: &[Row]) -> Result<BTreeMap<String, HoldsAnswer>, Refusal> {
        let open = rows.iter().filter(|row| row.standing != Standing::Mapped);
        let causes: Vec<(String, String)> =
            open.filter_map(|row| Some((cause_of(table, row)?, row.key.clone()))).collect();
        let ids: Vec<String> = causes.iter().map(|(cause, _)| cause.clone()).collect();
        let totals = self.customer.held_by_causes(self.flow_id, &ids).await?;
        let mut found: BTreeMap<String, HoldsAnswer> = BTreeMap::new();
        for total in totals {
            for (_, key) in causes.iter().filter(|(cause, _)| *cause == total.cause) {
                let holds = found.entry(key.clone()).or_default();
                holds.reports += total.reports;
                if let Some(currency) = &total.currency {
                    *holds.money_minor.entry(currency.clone()).or_default() += total.amount_minor;
                }
            }
        }
        Ok(found)
    }
}

/// The cause that reports wait for where a row does not lead to what the ledger takes.
fn cause_of(table: &Table, row: &Row) -> Option<String> {
    let target = || row.target.as_deref().unwrap_or_default().trim().to_owned();
    let (code, value) = match (&table.kind, row.standing) {
        (_, Standing::Mapped) => return None,
        (Kind::Account, Standing::Unmapped) if table.table == MappingTable::Categories => {
            (Code::CategoryUnmapped, row.source.clone())
        }
        (Kind::Account, Standing::Unmapped) => return None,
        (Kind::Account, Standing::Inactive) => (Code::AccountInactive, target()),
        (Kind::Account, Standing::Unknown) => (Code::AccountUnknown, target()),
        (Kind::Value(dimension), Standing::Unmapped) => {
            (Code::DimensionUnmapped, format!("{dimension}: {}", row.source))
        }
        (Kind::Value(dimension), Standing::Inactive) => (Code::DimensionInactive, format!("{dimension}: {}", target())),
        (Kind::Value(dimension), Standing::Unknown) => (Code::DimensionUnknown, format!("{dimension}: {}", target())),
    };
    Some(cause_id(code, &value))
}

/// A row's status in a word.
pub(in crate::web) fn status(table: &Table, row: &Row) -> &'static str {
    match row.standing {
        Standing::Unmapped if table.has_default => "default",
        standing => standing.name(),
    }
}

/// Evidence in words.
fn words(evidence: &Evidence) -> String {
    match evidence {
        Evidence::SourceCode => "the GL code kept in Expensify".to_owned(),
        Evidence::History(1) => "mapped so in another flow".to_owned(),
        Evidence::History(flows) => format!("mapped so in {flows} other flows"),
        Evidence::Name(100) => "the same name".to_owned(),
        Evidence::Name(alike) => format!("names alike to {alike} %"),
    }
}
