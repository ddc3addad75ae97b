//! Which gate each report waits at before its first byte, and what is counted for the gates: what went out today, how
//! many of a flow's postings are in the ledger. It keeps what was found; it opens and shuts no gate.

use std::collections::HashMap;

use accounting::identity::Reference;
use accounting::problem::{Code, Problem};

use super::CustomerStore;
use super::error::{StoreError, failed};
use super::flow::flow_id;
use super::ids::FlowId;
use super::problems::problems_to_json;
use super::report::small;
use super::rows::{OWN, Rows, batches};
use super::sql::{self, Row};
use super::tx::Tx;

pub(super) static OF_REPORTS: Rows = Rows::new(
    "SELECT r.report_id, r.state, r.problems, r.first_seen_ms, r.approved_on, g.gate, g.detail FROM reports r LEFT JOIN gates g \
     ON g.customer_id = r.customer_id AND g.flow_id = r.flow_id AND g.report_id = r.report_id \
     WHERE r.customer_id = ? AND r.flow_id = ? AND r.report_id IN (",
    &[OWN],
    ")",
);
pub(super) static FACTS: Rows = Rows::new(
    "SELECT reference, currency, total_minor, mapping_version, state FROM postings \
     WHERE customer_id = ? AND company = ? AND reference IN (",
    &[OWN],
    ")",
);
pub(super) const PUT: &str = "INSERT INTO gates (customer_id, flow_id, report_id, gate, detail, entries, currency, \
     total_minor, since_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
     ON CONFLICT (customer_id, flow_id, report_id) DO UPDATE SET \
     since_ms = CASE WHEN gates.gate = excluded.gate THEN gates.since_ms ELSE excluded.since_ms END, \
     gate = excluded.gate, detail = excluded.detail, entries = excluded.entries, currency = excluded.currency, \
     total_minor = excluded.total_minor";
pub(super) const OPEN: &str = "DELETE FROM gates WHERE customer_id = $1 AND flow_id = $2 AND report_id = $3";
pub(super) const SHOW: &str = "UPDATE reports SET problems = $1 WHERE customer_id = $2 AND flow_id = $3 \
     AND report_id = $4 AND state IN ('ready', 'unknown')";
pub(super) const ANY: &str = "SELECT report_id FROM gates WHERE customer_id = $1 AND flow_id = $2 LIMIT 1";
pub(super) const UNCOVERED: &str = "SELECT report_id FROM reports WHERE customer_id = $1 AND flow_id = $2 \
     AND state = 'ready' AND first_seen_ms > $3 AND approved_on <= $4 LIMIT 1";
pub(super) const REJECTION: &str = "SELECT approval_no FROM approvals WHERE customer_id = $1 AND flow_id = $2 \
     AND decision = 'reject' LIMIT 1";
pub(super) const PAUSED: &str = "SELECT paused_ms FROM flow_times WHERE flow_id = $1 AND customer_id = $2";
pub(super) const SENT_SINCE: &str = "SELECT p.currency, CAST(SUM(p.total_minor) AS BIGINT) FROM postings p \
     WHERE p.customer_id = $1 AND p.flow_id = $2 \
     AND p.state IN ('sending', 'unknown', 'absent', 'posted', 'conflict', 'duplicate') \
     AND p.posting_no IN (SELECT a.posting_no FROM attempts a WHERE a.customer_id = $1 AND a.started_ms >= $3) \
     GROUP BY p.currency";
pub(super) const COUNT_POSTED: &str = "SELECT COUNT(*) FROM (SELECT posting_no FROM postings \
     WHERE customer_id = $1 AND company = $2 AND flow_id = $3 AND state = 'posted' LIMIT $4) AS first_few";
pub(super) const LIST: &str = "SELECT g.flow_id, g.report_id, r.number, r.name, r.employee, g.gate, g.detail, \
     g.entries, g.currency, g.total_minor, g.since_ms FROM gates g JOIN reports r \
     ON r.report_id = g.report_id AND r.flow_id = g.flow_id AND r.customer_id = g.customer_id \
     WHERE g.customer_id = $1 AND (g.flow_id, g.report_id) > ($2, $3) AND r.state NOT IN ('seen', 'held', 'skipped') \
     AND (CAST($4 AS TEXT) IS NULL OR g.flow_id = $4) AND (CAST($5 AS BIGINT) IS NULL OR g.gate = $5) \
     ORDER BY g.flow_id, g.report_id LIMIT $6";
pub(super) const TOTALS: &str = "SELECT g.flow_id, g.gate, g.currency, COUNT(*), CAST(SUM(g.total_minor) AS BIGINT), \
     MIN(g.since_ms) FROM gates g JOIN reports r \
     ON r.report_id = g.report_id AND r.flow_id = g.flow_id AND r.customer_id = g.customer_id \
     WHERE g.customer_id = $1 AND r.state NOT IN ('seen', 'held', 'skipped') \
     GROUP BY g.flow_id, g.gate, g.currency ORDER BY g.flow_id, g.gate, g.currency";

/// What is shown of a report at present.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GateShown {
    /// The gate it waits at, with its detail.
    pub gate: Option<(Code, String)>,
    /// Whether the report itself says so, too.
    pub is_told: bool,
    /// When the report first came, in epoch milliseconds.
    pub first_seen_ms: i64,
    /// Day it was approved.
    pub approved_on: Option<String>,
}

/// What the gates ask of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryFacts {
    /// Currency of its lines.
    pub currency: String,
    /// Sum of its debits in minor units.
    pub total_minor: i64,
    /// Version of the flow's document that made it.
    pub mapping_version: u32,
    /// Whether it was ever sent from here, as far as its state tells.
    pub sent: bool,
}

/// A report that waits.
#[derive(Debug, Clone, Copy)]
pub struct GateShut<'a> {
    /// Which report.
    pub report_id: &'a str,
    /// The problem to show; its code is the gate.
    pub problem: &'a Problem,
    /// How many entries wait.
    pub entries: usize,
    /// Their currency.
    pub currency: &'a str,
    /// Sum of their debits in minor units.
    pub total_minor: i64,
}

/// A report that waits, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingReport {
    /// The flow.
    pub flow: FlowId,
    /// The report.
    pub report_id: String,
    /// The number people quote.
    pub number: Option<String>,
    /// Its name.
    pub name: String,
    /// Who spent the money.
    pub employee: String,
    /// The gate.
    pub gate: Code,
    /// What was seen.
    pub detail: String,
    /// Entries that wait.
    pub entries: u32,
    /// Their currency.
    pub currency: String,
    /// Sum of their debits in minor units.
    pub total_minor: i64,
    /// Since when, in epoch milliseconds.
    pub since_ms: i64,
}

/// Reports that wait at one gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingTotal {
    /// The flow.
    pub flow: FlowId,
    /// The gate.
    pub gate: Code,
    /// The currency.
    pub currency: String,
    /// How many reports.
    pub reports: u64,
    /// Their money in minor units.
    pub total_minor: i64,
    /// Since when the oldest waits, in epoch milliseconds.
    pub oldest_ms: i64,
}

impl Tx {
    /// Notes that a report waits at a gate, and shows it with the report.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Json`].
    pub async fn shut_gate(&mut self, flow: &FlowId, shut: &GateShut<'_>, at_ms: i64) -> Result<(), StoreError> {
        let putting = sql::query(PUT)
            .bind(self.customer_id().as_str())
            .bind(flow.as_str())
            .bind(shut.report_id)
            .bind(i64::from(shut.problem.code.number()))
            .bind(&shut.problem.detail)
            .bind(i64::try_from(shut.entries).unwrap_or(i64::MAX))
            .bind(shut.currency)
            .bind(shut.total_minor)
            .bind(at_ms);
        putting.execute(self.connection()).await.map_err(failed("noting a gate"))?;
        self.show_gate(flow, shut.report_id, Some(shut.problem)).await
    }

    /// Notes that a report waits at no gate any more.
    ///
    /// # Errors
    /// See [`Tx::shut_gate`].
    pub async fn open_gate(&mut self, flow: &FlowId, report_id: &str) -> Result<(), StoreError> {
        let opening = sql::query(OPEN).bind(self.customer_id().as_str()).bind(flow.as_str()).bind(report_id);
        opening.execute(self.connection()).await.map_err(failed("opening a gate"))?;
        self.show_gate(flow, report_id, None).await
    }

    async fn show_gate(&mut self, flow: &FlowId, report_id: &str, problem: Option<&Problem>) -> Result<(), StoreError> {
        let problems = problems_to_json(problem.map(std::slice::from_ref).unwrap_or_default())?;
        let showing = sql::query(SHOW).bind(problems).bind(self.customer_id().as_str()).bind(flow.as_str());
        showing.bind(report_id).execute(self.connection()).await.map_err(failed("showing a gate"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// What is shown of reports at present; those never seen are left out.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`]; so for all below.
    pub async fn gates_of(&self, flow: &FlowId, ids: &[&str]) -> Result<HashMap<String, GateShown>, StoreError> {
        let mut found = HashMap::with_capacity(ids.len());
        for batch in batches(ids) {
            let mut reading = sql::query_as::<GateRow>(OF_REPORTS.text(batch.len()));
            reading = reading.bind(self.id().as_str()).bind(flow.as_str());
            for id in batch {
                reading = reading.bind(*id);
            }
            let rows = reading.fetch_all(self.reader()).await.map_err(failed("reading gates"))?;
            for (report_id, state, problems, first_seen_ms, approved_on, gate, detail) in rows {
                let told = super::problems::problems_from_json(problems.as_deref())?;
                let gate = gate.map(code).transpose()?.zip(detail);
                // A report that stands elsewhere shows why it does; only its correction waits at the gate.
                let tells = matches!(state.as_str(), "ready" | "unknown");
                let is_told = gate.as_ref().is_some_and(|(code, detail)| {
                    !tells || told.first().is_some_and(|told| told.code == *code && told.detail == *detail)
                });
                found.insert(report_id, GateShown { gate, is_told, first_seen_ms, approved_on });
            }
        }
        Ok(found)
    }

    /// What the gates ask of entries.
    ///
    /// # Errors
    /// See [`CustomerStore::gates_of`].
    pub async fn entry_facts(
        &self,
        company: &str,
        references: &[&Reference],
    ) -> Result<HashMap<String, EntryFacts>, StoreError> {
        let mut found = HashMap::with_capacity(references.len());
        for batch in batches(references) {
            let mut reading = sql::query_as::<(String, String, i64, i64, String)>(FACTS.text(batch.len()));
            reading = reading.bind(self.id().as_str()).bind(company);
            for reference in batch {
                reading = reading.bind(reference.as_str());
            }
            let rows = reading.fetch_all(self.reader()).await.map_err(failed("reading postings' totals"))?;
            for (reference, currency, total_minor, version, state) in rows {
                let mapping_version = small(version, "mapping version")?;
                let sent = !matches!(state.as_str(), "frozen" | "held");
                found.insert(reference, EntryFacts { currency, total_minor, mapping_version, sent });
            }
        }
        Ok(found)
    }

    /// Whether any report of a flow waits at a gate.
    ///
    /// # Errors
    /// See [`CustomerStore::gates_of`].
    pub async fn any_gate(&self, flow: &FlowId) -> Result<bool, StoreError> {
        let finding = sql::query_scalar::<String>(ANY).bind(self.id().as_str()).bind(flow.as_str());
        Ok(finding.fetch_optional(self.reader()).await.map_err(failed("looking for gates"))?.is_some())
    }

    /// Whether a report is ready that first came after `since_ms` and was approved by the day `through`.
    ///
    /// # Errors
    /// See [`CustomerStore::gates_of`].
    pub async fn any_uncovered(&self, flow: &FlowId, since_ms: i64, through: &str) -> Result<bool, StoreError> {
        let finding = sql::query_scalar::<String>(UNCOVERED).bind(self.id().as_str()).bind(flow.as_str());
        let finding = finding.bind(since_ms).bind(through).fetch_optional(self.reader());
        Ok(finding.await.map_err(failed("looking for late reports"))?.is_some())
    }

    /// Whether anything of a flow was ever rejected.
    ///
    /// # Errors
    /// See [`CustomerStore::gates_of`].
    pub async fn any_rejection(&self, flow: &FlowId) -> Result<bool, StoreError> {
        let finding = sql::query_scalar::<i64>(REJECTION).bind(self.id().as_str()).bind(flow.as_str());
        Ok(finding.fetch_optional(self.reader()).await.map_err(failed("looking for rejections"))?.is_some())
    }

    /// Since when posting of a flow is paused, in epoch milliseconds, if it is.
    ///
    /// # Errors
    /// See [`CustomerStore::gates_of`].
    pub async fn paused_since_ms(&self, flow: &FlowId) -> Result<Option<i64>, StoreError> {
        let finding = sql::query_scalar::<Option<i64>>(PAUSED).bind(flow.as_str()).bind(self.id().as_str());
        Ok(finding.fetch_optional(self.reader()).await.map_err(failed("reading a pause"))?.flatten())
    }

    /// Debits of a flow's entries that were sent since a time and are, or may be, in the ledger, in minor units by
    /// currency.
    ///
    /// # Errors
    /// See [`CustomerStore::gates_of`].
    pub async fn sent_since(&self, flow: &FlowId, since_ms: i64) -> Result<HashMap<String, i64>, StoreError> {
        let adding = sql::query_as::<(String, i64)>(SENT_SINCE).bind(self.id().as_str()).bind(flow.as_str());
        let rows = adding.bind(since_ms).fetch_all(self.reader()).await;
        Ok(rows.map_err(failed("adding up what was sent"))?.into_iter().collect())
    }

    /// How many of a flow's entries are in the ledger, counted up to `limit`.
    ///
    /// # Errors
    /// See [`CustomerStore::gates_of`].
    pub async fn count_posted(&self, company: &str, flow: &FlowId, limit: u32) -> Result<u32, StoreError> {
        let counting = sql::query_scalar::<i64>(COUNT_POSTED).bind(self.id().as_str()).bind(company);
        let counting = counting.bind(flow.as_str()).bind(i64::from(limit));
        small(counting.fetch_one(self.reader()).await.map_err(failed("counting postings"))?, "count of postings")
    }

    /// Who wrote a version of a flow's document, where it is known.
    ///
    /// # Errors
    /// See [`CustomerStore::gates_of`].
    pub async fn flow_author(&self, flow: &FlowId, version: u32) -> Result<Option<String>, StoreError> {
        let finding = sql::query_scalar::<Option<String>>(super::flow::AUTHOR).bind(self.id().as_str());
        let finding = finding.bind(flow.as_str()).bind(i64::from(version));
        Ok(finding.fetch_optional(self.reader()).await.map_err(failed("reading a flow's author"))?.flatten())
    }

    /// At most `limit` reports that wait at a gate, after a flow and report, in the order of both.
    ///
    /// # Errors
    /// See [`CustomerStore::gates_of`].
    pub async fn list_waiting(
        &self,
        flow: Option<&FlowId>,
        gate: Option<Code>,
        after: Option<(&FlowId, &str)>,
        limit: u32,
    ) -> Result<Vec<WaitingReport>, StoreError> {
        let listing = sql::query(LIST)
            .bind(self.id().as_str())
            .bind(after.map_or("", |(flow, _)| flow.as_str()))
            .bind(after.map_or("", |(_, report)| report))
            .bind(flow.map(FlowId::as_str))
            .bind(gate.map(|gate| i64::from(gate.number())))
            .bind(i64::from(limit));
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing what waits"))?;
        rows.iter().map(read).collect()
    }

    /// Counts and money of what waits, by flow, gate and currency.
    ///
    /// # Errors
    /// See [`CustomerStore::gates_of`].
    pub async fn waiting_totals(&self) -> Result<Vec<WaitingTotal>, StoreError> {
        let adding = sql::query_as::<(String, i64, String, i64, i64, i64)>(TOTALS).bind(self.id().as_str());
        let rows = adding.fetch_all(self.reader()).await.map_err(failed("adding up what waits"))?;
        let total = |(flow, gate, currency, reports, total_minor, oldest_ms): (String, i64, String, i64, i64, i64)| {
            let (flow, gate) = (flow_id(flow)?, code(gate)?);
            let reports = u64::try_from(reports).unwrap_or(0);
            Ok(WaitingTotal { flow, gate, currency, reports, total_minor, oldest_ms })
        };
        rows.into_iter().map(total).collect()
    }
}

type GateRow = (String, String, Option<String>, i64, Option<String>, Option<i64>, Option<String>);

fn code(number: i64) -> Result<Code, StoreError> {
    let found = u16::try_from(number).ok().and_then(Code::from_number);
    found.ok_or_else(|| StoreError::Stored { what: "problem code", id: number.to_string() })
}

fn read(row: &Row) -> Result<WaitingReport, StoreError> {
    let reading = failed("reading what waits");
    Ok(WaitingReport {
        flow: flow_id(row.try_get(0).map_err(&reading)?)?,
        report_id: row.try_get(1).map_err(&reading)?,
        number: row.try_get(2).map_err(&reading)?,
        name: row.try_get(3).map_err(&reading)?,
        employee: row.try_get(4).map_err(&reading)?,
        gate: code(row.try_get(5).map_err(&reading)?)?,
        detail: row.try_get(6).map_err(&reading)?,
        entries: small(row.try_get(7).map_err(&reading)?, "count of entries")?,
        currency: row.try_get(8).map_err(&reading)?,
        total_minor: row.try_get(9).map_err(&reading)?,
        since_ms: row.try_get(10).map_err(&reading)?,
    })
}
