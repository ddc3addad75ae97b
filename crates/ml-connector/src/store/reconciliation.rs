//! Reconciliations: what was compared, when, and what came of it. The document is the work's; nothing is added up here.

use jiff::civil::Date;
use serde_json::Value;

use super::chart_document::parse_date;
use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::flow::flow_id;
use super::ids::{FlowId, ReconciliationId};
use super::sql::{self, Row};
use super::tx::Tx;

macro_rules! columns {
    () => {
        "SELECT id, flow_id, from_date, to_date, state, document, differences, began_ms, ended_ms \
         FROM reconciliations WHERE customer_id = $1 "
    };
}

pub(super) const ADD: &str = "INSERT INTO reconciliations (customer_id, id, flow_id, from_date, to_date, state, \
     document, differences, began_ms, ended_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
pub(super) const FIND: &str = concat!(columns!(), "AND id = $2");
/// An empty text stands for "any"; the newest come first.
pub(super) const LIST: &str =
    concat!(columns!(), "AND ($2 = '' OR flow_id = $2) AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4");

/// How a reconciliation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReconciliationState {
    /// Everything ties out, or is explained.
    Ties,
    /// There are differences.
    Differs,
    /// A system could not be read to the end: nothing is proven.
    Incomplete,
}

/// A reconciliation that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconciliation {
    /// Its id.
    pub id: ReconciliationId,
    /// The flow.
    pub flow: FlowId,
    /// First posting date.
    pub from: Date,
    /// Last posting date.
    pub to: Date,
    /// How it ended.
    pub state: ReconciliationState,
    /// Rows, differences and exclusions.
    pub document: Value,
    /// How many differences.
    pub differences: u64,
    /// When it began, in epoch milliseconds.
    pub began_ms: i64,
    /// When it ended, in epoch milliseconds.
    pub ended_ms: i64,
}

impl ReconciliationState {
    const ALL: [Self; 3] = [Self::Ties, Self::Differs, Self::Incomplete];

    /// The name under which it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ties => "ties",
            Self::Differs => "differs",
            Self::Incomplete => "incomplete",
        }
    }

    /// Reads back the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl Tx {
    /// Keeps what a reconciliation found.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn add_reconciliation(&mut self, made: &Reconciliation) -> Result<(), StoreError> {
        let adding = sql::query(ADD)
            .bind(self.customer_id().as_str())
            .bind(made.id.as_str())
            .bind(made.flow.as_str())
            .bind(made.from.to_string())
            .bind(made.to.to_string())
            .bind(made.state.name())
            .bind(made.document.to_string())
            .bind(i64::try_from(made.differences).unwrap_or(i64::MAX))
            .bind(made.began_ms)
            .bind(made.ended_ms);
        adding.execute(self.connection()).await.map_err(failed("keeping a reconciliation"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// A reconciliation.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn reconciliation(&self, id: &ReconciliationId) -> Result<Reconciliation, StoreError> {
        let finding = sql::query(FIND).bind(self.id().as_str()).bind(id.as_str());
        let row = finding.fetch_optional(self.reader()).await.map_err(failed("reading a reconciliation"))?;
        read(&row.ok_or_else(|| StoreError::NotFound { what: "reconciliation", id: id.to_string() })?)
    }

    /// At most `limit` reconciliations, the newest first, that were made before the one `before`.
    ///
    /// # Errors
    /// See [`CustomerStore::reconciliation`].
    pub async fn reconciliations(
        &self,
        flow: Option<&FlowId>,
        before: Option<&ReconciliationId>,
        limit: u32,
    ) -> Result<Vec<Reconciliation>, StoreError> {
        let listing = sql::query(LIST)
            .bind(self.id().as_str())
            .bind(flow.map_or("", FlowId::as_str))
            .bind(before.map_or("", ReconciliationId::as_str))
            .bind(i64::from(limit));
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing reconciliations"))?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<Reconciliation, StoreError> {
    let reading = failed("reading a reconciliation");
    let id: String = row.try_get(0).map_err(&reading)?;
    let stored = |what| StoreError::Stored { what, id: id.clone() };
    let document: &str = row.try_get(5).map_err(&reading)?;
    Ok(Reconciliation {
        id: ReconciliationId::parse(&id).ok_or_else(|| stored("id"))?,
        flow: flow_id(row.try_get(1).map_err(&reading)?)?,
        from: parse_date(row.try_get(2).map_err(&reading)?)?,
        to: parse_date(row.try_get(3).map_err(&reading)?)?,
        state: ReconciliationState::parse(row.try_get(4).map_err(&reading)?).ok_or_else(|| stored("state"))?,
        document: serde_json::from_str(document)
            .map_err(|source| StoreError::Json { what: "a reconciliation", source })?,
        differences: u64::try_from(row.try_get::<i64>(6).map_err(&reading)?).unwrap_or(0),
        began_ms: row.try_get(7).map_err(&reading)?,
        ended_ms: row.try_get(8).map_err(&reading)?,
    })
}
