//! Reading cases: one, a page of them, those of a report.

use accounting::Code;
use serde_json::Value;

use super::{CaseKind, CaseState, Consent, Decision};
use crate::store::customer::CustomerStore;
use crate::store::error::{StoreError, failed};
use crate::store::flow::flow_id;
use crate::store::ids::{CaseId, FlowId};
use crate::store::report::small;
use crate::store::sql::{self, Row};

macro_rules! columns {
    () => {
        "SELECT id, flow_id, kind, subject, report_id, cause, state, code, detail, proposals, decision, record_no, \
         decided_by, decided_ms, note, consents, outcome, opened_ms, changed_ms FROM cases WHERE customer_id = $1 "
    };
}

pub(in crate::store) const FIND: &str = concat!(columns!(), "AND id = $2");
pub(in crate::store) const FIND_CAUSE: &str =
    concat!(columns!(), "AND flow_id = $2 AND kind = $3 AND subject = $4 AND cause = $5");
/// An empty text stands for "any"; the newest come first.
pub(in crate::store) const LIST: &str = concat!(
    columns!(),
    "AND ($2 = '' OR state = $2) AND ($3 = '' OR kind = $3) AND ($4 = '' OR flow_id = $4) \
     AND ($5 = '' OR id < $5) ORDER BY id DESC LIMIT $6"
);
pub(in crate::store) const OF_REPORT: &str = concat!(columns!(), "AND flow_id = $2 AND report_id = $3 ORDER BY id");

/// A case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// The flow.
    pub flow: FlowId,
    /// What it is about.
    pub kind: CaseKind,
    /// The report's id or the reference.
    pub subject: String,
    /// The report, where there is one.
    pub report_id: Option<String>,
    /// Tells this cause from every other; whoever decides gives it back.
    pub cause: String,
    /// Where it stands.
    pub state: CaseState,
    /// The problem, with cause and remedy.
    pub code: Code,
    /// What was found.
    pub detail: Value,
    /// What can be decided.
    pub proposals: Vec<Decision>,
    /// What was decided.
    pub decision: Option<Decision>,
    /// The entry's number that was vouched for.
    pub record_no: Option<String>,
    /// Who decided, last where several had to.
    pub decided_by: Option<String>,
    /// When, in epoch milliseconds.
    pub decided_ms: Option<i64>,
    /// Why.
    pub note: Option<String>,
    /// Who agreed.
    pub consents: Vec<Consent>,
    /// What was done about it, or why that was not possible.
    pub outcome: Option<Value>,
    /// When it was opened, in epoch milliseconds.
    pub opened_ms: i64,
    /// When it last moved, in epoch milliseconds.
    pub changed_ms: i64,
}

/// Which cases are wanted; `None` is any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// Where they stand.
    pub state: Option<CaseState>,
    /// What they are about.
    pub kind: Option<CaseKind>,
    /// Of which flow.
    pub flow: Option<FlowId>,
}

impl CustomerStore {
    /// A case.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn case(&self, id: &CaseId) -> Result<Case, StoreError> {
        let finding = sql::query(FIND).bind(self.id().as_str()).bind(id.as_str());
        let row = finding.fetch_optional(self.reader()).await.map_err(failed("reading a case"))?;
        read(&row.ok_or_else(|| StoreError::NotFound { what: "case", id: id.to_string() })?)
    }

    /// The case of a cause, if one was ever opened.
    ///
    /// # Errors
    /// See [`CustomerStore::case`].
    pub async fn case_of(
        &self,
        flow: &FlowId,
        kind: CaseKind,
        subject: &str,
        cause: &str,
    ) -> Result<Option<Case>, StoreError> {
        let finding = sql::query(FIND_CAUSE).bind(self.id().as_str()).bind(flow.as_str());
        let finding = finding.bind(kind.name()).bind(subject).bind(cause);
        let row = finding.fetch_optional(self.reader()).await.map_err(failed("reading a case"))?;
        row.as_ref().map(read).transpose()
    }

    /// At most `limit` cases, the newest first, that were opened before the case `before`.
    ///
    /// # Errors
    /// See [`CustomerStore::case`].
    pub async fn cases(
        &self,
        filter: &CaseFilter,
        before: Option<&CaseId>,
        limit: u32,
    ) -> Result<Vec<Case>, StoreError> {
        let listing = sql::query(LIST)
            .bind(self.id().as_str())
            .bind(filter.state.map_or("", CaseState::name))
            .bind(filter.kind.map_or("", CaseKind::name))
            .bind(filter.flow.as_ref().map_or("", FlowId::as_str))
            .bind(before.map_or("", CaseId::as_str))
            .bind(i64::from(limit));
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing cases"))?;
        rows.iter().map(read).collect()
    }

    /// All cases of a report, the oldest first.
    ///
    /// # Errors
    /// See [`CustomerStore::case`].
    pub async fn cases_of(&self, flow: &FlowId, report_id: &str) -> Result<Vec<Case>, StoreError> {
        let listing = sql::query(OF_REPORT).bind(self.id().as_str()).bind(flow.as_str()).bind(report_id);
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing a report's cases"))?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<Case, StoreError> {
    let reading = failed("reading a case");
    let text = |column| row.try_get::<String>(column).map_err(&reading);
    let maybe = |column| row.try_get::<Option<String>>(column).map_err(&reading);
    let id = text(0)?;
    let stored = |what| StoreError::Stored { what, id: id.clone() };
    let json = |text: String| serde_json::from_str(&text).map_err(|source| StoreError::Json { what: "a case", source });
    let named = |names: Vec<String>| names.iter().map(|name| Decision::parse(name)).collect::<Option<Vec<_>>>();
    let proposals: Vec<String> = serde_json::from_str(&text(9)?)
        .map_err(|source| StoreError::Json { what: "the proposals of a case", source })?;
    let consents = maybe(15)?.filter(|text| !text.is_empty());
    let consents = consents.map(|text| serde_json::from_str::<Vec<Consent>>(&text)).transpose();
    Ok(Case {
        id: CaseId::parse(&id).ok_or_else(|| stored("id"))?,
        flow: flow_id(text(1)?)?,
        kind: CaseKind::parse(&text(2)?).ok_or_else(|| stored("kind"))?,
        subject: text(3)?,
        report_id: maybe(4)?,
        cause: text(5)?,
        state: CaseState::parse(&text(6)?).ok_or_else(|| stored("state"))?,
        code: Code::from_number(small(row.try_get(7).map_err(&reading)?, "problem code")?)
            .ok_or_else(|| stored("problem code"))?,
        detail: json(text(8)?)?,
        proposals: named(proposals).ok_or_else(|| stored("proposals"))?,
        decision: match maybe(10)? {
            Some(name) => Some(Decision::parse(&name).ok_or_else(|| stored("decision"))?),
            None => None,
        },
        record_no: maybe(11)?,
        decided_by: maybe(12)?,
        decided_ms: row.try_get(13).map_err(&reading)?,
        note: maybe(14)?,
        consents: consents.map_err(|source| StoreError::Json { what: "consents", source })?.unwrap_or_default(),
        outcome: maybe(16)?.map(json).transpose()?,
        opened_ms: row.try_get(17).map_err(&reading)?,
        changed_ms: row.try_get(18).map_err(&reading)?,
    })
}
