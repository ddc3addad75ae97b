//! What holds reports, by cause: one row for each report and cause, written with each translation, so that the inbox of
//! causes is a sum over an index however many lines are held. Reports without problems write nothing here.

use std::collections::BTreeMap;

use accounting::problem::{Code, Problem};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::ids::FlowId;
use super::report::{InboxState, ReportChange};
use super::rows::{OWN, Rows, batches};
use super::sql::{self, Target};
use super::tx::Tx;

pub(super) static FORGET: Rows =
    Rows::new("DELETE FROM report_problems WHERE customer_id = ? AND flow_id = ? AND report_id IN (", &[OWN], ")");
pub(super) static ADD: Rows = Rows::new(
    "INSERT INTO report_problems (customer_id, flow_id, report_id, cause, code, value, expenses, detail) VALUES ",
    &[OWN; 8],
    " ON CONFLICT (report_id, flow_id, customer_id, cause) DO NOTHING",
);
/// Rows may stay behind where a report left its state without a translation; the state tells.
pub(super) const LIST: &str = "SELECT p.cause, p.code, MIN(p.value), MIN(p.detail), r.state, r.currency, COUNT(*), \
     CAST(SUM(p.expenses) AS BIGINT), \
     CAST(SUM(CASE WHEN r.amount_minor IS NULL THEN COALESCE(r.total_minor, 0) ELSE r.amount_minor END) AS BIGINT), MIN(r.first_seen_ms) \
     FROM report_problems p JOIN reports r ON r.report_id = p.report_id AND r.flow_id = p.flow_id \
     AND r.customer_id = p.customer_id WHERE p.customer_id = $1 AND p.flow_id = $2 AND p.expenses > 0 \
     AND r.state IN ('held', 'ready', 'drift') AND r.problems IS NOT NULL \
     GROUP BY p.cause, p.code, r.state, r.currency ORDER BY p.code, p.cause, r.state, r.currency";
pub(super) const REPORTS: &str = "SELECT p.report_id, r.employee, r.state, r.currency, \
     COALESCE(r.amount_minor, r.total_minor), p.expenses, r.first_seen_ms \
     FROM report_problems p JOIN reports r ON r.report_id = p.report_id AND r.flow_id = p.flow_id \
     AND r.customer_id = p.customer_id WHERE p.customer_id = $1 AND p.flow_id = $2 AND p.cause = $3 \
     AND p.report_id > $4 AND r.state IN ('held', 'ready', 'drift') AND r.problems IS NOT NULL \
     ORDER BY p.report_id LIMIT $5";
/// Reports that are ready and wait at the gate of this code, of one cause or, with an empty text, of all.
pub(super) const WAITING: &str = "SELECT p.report_id FROM report_problems p JOIN reports r \
     ON r.report_id = p.report_id AND r.flow_id = p.flow_id AND r.customer_id = p.customer_id \
     WHERE p.customer_id = $1 AND p.flow_id = $2 AND p.code = $3 AND r.state = 'ready' \
     AND r.problems IS NOT NULL AND (CAST($4 AS TEXT) = '' OR p.cause = $4)";

/// What waits for some causes alone, however much waits for others.
pub(super) static HELD_BY: Rows = Rows::new(
    "SELECT p.cause, r.currency, COUNT(*), \
     CAST(SUM(CASE WHEN r.amount_minor IS NULL THEN COALESCE(r.total_minor, 0) ELSE r.amount_minor END) AS BIGINT) \
     FROM report_problems p JOIN reports r ON r.report_id = p.report_id AND r.flow_id = p.flow_id \
     AND r.customer_id = p.customer_id WHERE p.customer_id = ? AND p.flow_id = ? AND r.state = 'held' \
     AND r.problems IS NOT NULL AND p.cause IN (",
    &[OWN],
    ") GROUP BY p.cause, r.currency ORDER BY p.cause, r.currency",
);

pub(super) const FIRST: &str = "SELECT code, value FROM report_problems WHERE customer_id = $1 AND flow_id = $2 \
     AND report_id = $3 ORDER BY code DESC, value LIMIT 1";

/// One thing that a person can mend, with all that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Its id: the same for the same code and value.
    pub id: String,
    /// Which problem; title, remedy and who can mend it stand in the table of codes.
    pub code: Code,
    /// The offending value, such as a category's name.
    pub value: String,
    /// What was seen on one of the reports.
    pub detail: String,
    /// Where its reports stand: held, ready (translated, and waiting at a gate) or drift.
    pub state: InboxState,
    /// How many reports. One with several causes counts at each of them.
    pub reports: u64,
    /// How many expenses, the report itself counting as one where it names none.
    pub expenses: u64,
    /// Money of its reports by currency, in minor units; a report without a currency is not in it.
    pub money: BTreeMap<String, i64>,
    /// When the first of its reports came, in epoch milliseconds.
    pub oldest_ms: i64,
}

/// What waits for one cause, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldByCause {
    /// The cause's id.
    pub cause: String,
    /// The currency; `None` for reports that name none.
    pub currency: Option<String>,
    /// How many reports.
    pub reports: u64,
    /// Their money in minor units.
    pub amount_minor: i64,
}

/// A report that waits for a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseReport {
    /// Its id.
    pub report_id: String,
    /// Who spent the money, as shown.
    pub employee: String,
    /// Where it stands.
    pub state: InboxState,
    /// Currency in which it is settled.
    pub currency: Option<String>,
    /// Its money in minor units.
    pub amount_minor: Option<i64>,
    /// How many of its expenses have the cause.
    pub expenses: u64,
    /// When it came, in epoch milliseconds.
    pub first_seen_ms: i64,
}

/// The id of a cause.
pub fn cause_id(code: Code, value: &str) -> String {
    let hash = HEXLOWER.encode(&Sha256::digest(value.as_bytes()));
    format!("{}-{}", code.number(), hash.get(..16).unwrap_or_default())
}

struct Row<'a> {
    report_id: &'a str,
    cause: String,
    first: &'a Problem,
    expenses: i64,
}

impl Tx {
    /// Replaces the causes of reports by those of their translation.
    pub(super) async fn put_causes(&mut self, flow: &FlowId, changes: &[ReportChange<'_>]) -> Result<(), StoreError> {
        let ids: Vec<&str> = changes.iter().map(|change| change.report_id).collect();
        self.forget_causes(flow, &ids).await?;
        self.add_causes(flow, &changes.iter().flat_map(rows_of).collect::<Vec<_>>()).await
    }

    /// Replaces the causes of reports by the gate that they wait at.
    pub(super) async fn put_gate_causes(
        &mut self,
        flow: &FlowId,
        reports: &[&str],
        problem: &Problem,
    ) -> Result<(), StoreError> {
        self.forget_causes(flow, reports).await?;
        let cause = cause_id(problem.code, &problem.value);
        let row = |report_id| Row { report_id, cause: cause.clone(), first: problem, expenses: 1 };
        self.add_causes(flow, &reports.iter().copied().map(row).collect::<Vec<_>>()).await
    }

    /// Reports that nothing holds any more.
    pub(super) async fn forget_causes(&mut self, flow: &FlowId, reports: &[&str]) -> Result<(), StoreError> {
        let customer = self.customer_id().clone();
        for batch in batches(reports) {
            let mut forgetting = sql::query(FORGET.text(batch.len())).bind(customer.as_str()).bind(flow.as_str());
            for report_id in batch {
                forgetting = forgetting.bind(*report_id);
            }
            forgetting.execute(self.connection()).await.map_err(failed("forgetting reports' causes"))?;
        }
        Ok(())
    }

    async fn add_causes(&mut self, flow: &FlowId, rows: &[Row<'_>]) -> Result<(), StoreError> {
        let customer = self.customer_id().clone();
        for batch in batches(rows) {
            let mut adding = sql::query(ADD.text(batch.len()));
            for row in batch {
                adding = adding.bind(customer.as_str()).bind(flow.as_str()).bind(row.report_id).bind(&row.cause);
                adding = adding.bind(i64::from(row.first.code.number())).bind(&row.first.value).bind(row.expenses);
                adding = adding.bind(&row.first.detail);
            }
            adding.execute(self.connection()).await.map_err(failed("keeping reports' causes"))?;
        }
        Ok(())
    }
}

impl CustomerStore {
    /// Everything that holds reports of a flow, by code and value.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`]; so for all below.
    pub async fn held_causes(&self, flow: &FlowId) -> Result<Vec<Cause>, StoreError> {
        let reading = failed("adding up what holds reports");
        let listing = sql::query(LIST).bind(self.id().as_str()).bind(flow.as_str());
        let mut causes: Vec<Cause> = Vec::new();
        for row in listing.fetch_all(self.reader()).await.map_err(&reading)? {
            let state = parse_state(row.try_get(4).map_err(&reading)?)?;
            let id: String = row.try_get(0).map_err(&reading)?;
            let currency: Option<String> = row.try_get(5).map_err(&reading)?;
            let count = |column| row.try_get::<i64>(column).map(|count| u64::try_from(count).unwrap_or(0));
            let (reports, expenses) = (count(6).map_err(&reading)?, count(7).map_err(&reading)?);
            let amount_minor: i64 = row.try_get(8).map_err(&reading)?;
            let oldest_ms: i64 = row.try_get(9).map_err(&reading)?;
            let mut cause = match causes.pop_if(|last| last.id == id && last.state == state) {
                Some(cause) => cause,
                None => Cause {
                    id,
                    code: parse_code(row.try_get(1).map_err(&reading)?)?,
                    value: row.try_get(2).map_err(&reading)?,
                    detail: row.try_get(3).map_err(&reading)?,
                    state,
                    reports: 0,
                    expenses: 0,
                    money: BTreeMap::new(),
                    oldest_ms,
                },
            };
            cause.reports += reports;
            cause.expenses += expenses;
            cause.oldest_ms = cause.oldest_ms.min(oldest_ms);
            if let Some(currency) = currency {
                cause.money.insert(currency, amount_minor);
            }
            causes.push(cause);
        }
        Ok(causes)
    }

    /// What is held for these causes, by cause and currency.
    ///
    /// # Errors
    /// See [`CustomerStore::held_causes`].
    pub async fn held_by_causes(&self, flow: &FlowId, causes: &[String]) -> Result<Vec<HeldByCause>, StoreError> {
        let mut found = Vec::new();
        for batch in batches(causes) {
            let mut listing = sql::query_as::<(String, Option<String>, i64, i64)>(HELD_BY.text(batch.len()));
            listing = listing.bind(self.id().as_str()).bind(flow.as_str());
            for cause in batch {
                listing = listing.bind(cause.as_str());
            }
            let rows = listing.fetch_all(self.reader()).await.map_err(failed("adding up what causes hold"))?;
            found.extend(rows.into_iter().map(|(cause, currency, reports, amount_minor)| HeldByCause {
                cause,
                currency,
                reports: u64::try_from(reports).unwrap_or(0),
                amount_minor,
            }));
        }
        Ok(found)
    }

    /// The cause with the highest code that a report was last held for, whatever became of it since.
    ///
    /// # Errors
    /// See [`CustomerStore::held_causes`].
    pub async fn first_cause(&self, flow: &FlowId, report_id: &str) -> Result<Option<(Code, String)>, StoreError> {
        let finding = sql::query_as::<(i64, String)>(FIRST).bind(self.id().as_str()).bind(flow.as_str());
        let found = finding.bind(report_id).fetch_optional(self.reader()).await;
        let found = found.map_err(failed("reading a report's cause"))?;
        found.map(|(code, value)| Ok((parse_code(code)?, value))).transpose()
    }

    /// At most `limit` reports of a cause with ids after `after`, by their ids.
    ///
    /// # Errors
    /// See [`CustomerStore::held_causes`].
    pub async fn cause_reports(
        &self,
        flow: &FlowId,
        cause: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<CauseReport>, StoreError> {
        let listing = sql::query_as::<(String, String, String, Option<String>, Option<i64>, i64, i64)>(REPORTS)
            .bind(self.id().as_str())
            .bind(flow.as_str())
            .bind(cause)
            .bind(after.unwrap_or_default())
            .bind(i64::from(limit));
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing the reports of a cause"))?;
        let read = |(report_id, employee, state, currency, amount_minor, expenses, first_seen_ms)| {
            let state = parse_state(state)?;
            let expenses = u64::try_from(expenses).unwrap_or(0);
            Ok(CauseReport { report_id, employee, state, currency, amount_minor, expenses, first_seen_ms })
        };
        rows.into_iter().map(read).collect()
    }
}

/// Ready reports that wait at the gate of `code`; of one cause, or of all.
pub(super) async fn waiting(
    target: Target<'_>,
    customer: &str,
    flow: &FlowId,
    code: Code,
    cause: Option<&str>,
) -> Result<Vec<String>, StoreError> {
    let listing = sql::query_scalar(WAITING).bind(customer).bind(flow.as_str()).bind(i64::from(code.number()));
    let listing = listing.bind(cause.unwrap_or_default());
    listing.fetch_all(target).await.map_err(failed("listing what waits at a gate"))
}

fn rows_of<'a>(change: &ReportChange<'a>) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    for problem in change.problems {
        let same = |row: &&mut Row<'a>| row.first.code == problem.code && row.first.value == problem.value;
        match rows.iter_mut().find(same) {
            Some(row) => row.expenses += 1,
            None => rows.push(Row {
                report_id: change.report_id,
                cause: cause_id(problem.code, &problem.value),
                first: problem,
                expenses: 1,
            }),
        }
    }
    rows
}

fn parse_code(number: i64) -> Result<Code, StoreError> {
    let code = u16::try_from(number).ok().and_then(Code::from_number);
    code.ok_or_else(|| StoreError::Stored { what: "problem code", id: number.to_string() })
}

fn parse_state(name: String) -> Result<InboxState, StoreError> {
    InboxState::parse(&name).ok_or(StoreError::Stored { what: "state", id: name })
}
