//! Reports as they are translated again: those that were held under another mapping or chart, and those of a period for
//! comparing two mappings. It reads bytes and marks; it translates nothing.

use std::collections::HashSet;

use accounting::problem::{Code, Problem};
use accounting::report::ReportState;
use data_encoding::HEXLOWER;

use super::cause;
use super::chart::parse_hash;
use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::ids::FlowId;
use super::problems::{problems_from_json, problems_to_json};
use super::report::{InboxState, small};
use super::rows::{Rows, TEXT, batches};
use super::sql::{self, Row};
use super::tx::Tx;

/// Each part is one step into an index that holds nothing but held reports.
pub(super) const ANY_STALE: &str = "SELECT CAST(1 AS BIGINT) WHERE \
     EXISTS (SELECT 1 FROM reports WHERE customer_id = $1 AND flow_id = $2 AND state = 'held' \
     AND mapping_version < $3) \
     OR EXISTS (SELECT 1 FROM reports WHERE customer_id = $1 AND flow_id = $2 AND state = 'held' \
     AND mapping_version > $3) \
     OR EXISTS (SELECT 1 FROM reports WHERE customer_id = $1 AND flow_id = $2 AND state = 'held' \
     AND mapping_version = $3 AND chart_sha256 < $4) \
     OR EXISTS (SELECT 1 FROM reports WHERE customer_id = $1 AND flow_id = $2 AND state = 'held' \
     AND mapping_version = $3 AND chart_sha256 > $4)";
/// What a rehearsal found ready has no entry yet; what has one was frozen, and is not translated again from here.
pub(super) const ANY_REHEARSED: &str = "SELECT CAST(1 AS BIGINT) WHERE EXISTS (SELECT 1 FROM reports r \
     WHERE r.state = 'ready' AND r.customer_id = $1 AND r.flow_id = $2 \
     AND (r.mapping_version <> $3 OR r.chart_sha256 <> $4) \
     AND NOT EXISTS (SELECT 1 FROM postings p WHERE p.report_no = r.report_no))";
pub(super) const UNTRANSLATED_PAGE: &str = "SELECT r.report_no, r.report_id, r.content_hash, r.generation, r.source_state, \
     r.problems, r.seen_ms, v.raw FROM reports r \
     JOIN report_versions v ON v.report_no = r.report_no AND v.content_hash = r.content_hash \
     WHERE r.state = $1 AND r.customer_id = $2 AND r.flow_id = $3 AND r.report_no > $4 \
     AND (r.state = 'seen' OR r.mapping_version <> $5 OR r.chart_sha256 <> $6) \
     AND (r.state <> 'ready' OR NOT EXISTS (SELECT 1 FROM postings p WHERE p.report_no = r.report_no)) \
     ORDER BY r.report_no LIMIT $7";
pub(super) const STORED_PAGE: &str = "SELECT r.report_no, r.report_id, r.source_state, r.generation, \
     r.problems, v.raw FROM reports r \
     JOIN report_versions v ON v.report_no = r.report_no AND v.content_hash = r.content_hash \
     WHERE r.state = $1 AND r.customer_id = $2 AND r.flow_id = $3 AND r.report_no > $4 \
     AND (r.approved_on >= $5 OR (r.approved_on IS NULL AND r.first_seen_ms >= $6)) \
     ORDER BY r.report_no LIMIT $7";
/// What may be in whichever state stands in the assignment: an index of states would be the longer way to a report.
pub(super) static RESTAMP: Rows = Rows::new(
    "WITH v (report_id) AS (VALUES ",
    &[TEXT],
    ") UPDATE reports SET mapping_version = ?, chart_sha256 = ? FROM v WHERE reports.report_id = v.report_id \
     AND reports.flow_id = ? AND reports.customer_id = ?",
);
pub(super) static RELEASE: Rows = Rows::new(
    "WITH v (report_id) AS (VALUES ",
    &[TEXT],
    ") UPDATE reports SET problems = CASE WHEN reports.state <> 'ready' THEN problems END, changed_ms = ? FROM v \
     WHERE reports.report_id = v.report_id AND reports.flow_id = ? AND reports.customer_id = ?",
);
pub(super) static GATE: Rows = Rows::new(
    "WITH v (report_id) AS (VALUES ",
    &[TEXT],
    ") UPDATE reports SET problems = CASE WHEN reports.state = 'ready' THEN CAST(? AS TEXT) ELSE problems END, \
     changed_ms = ? FROM v WHERE reports.report_id = v.report_id AND reports.flow_id = ? \
     AND reports.customer_id = ?",
);

/// A report that waits to be translated, or translated again, with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntranslatedReport {
    /// Where the next page goes on.
    pub cursor: i64,
    /// Its id.
    pub report_id: String,
    /// Hash of its content.
    pub content_hash: [u8; 32],
    /// Generation of its postings.
    pub generation: u8,
    /// Where it stands at its source; the bytes may be older.
    pub source_state: ReportState,
    /// What holds it.
    pub problems: Vec<Problem>,
    /// When its source last showed it, in epoch milliseconds.
    pub seen_ms: i64,
    /// The bytes it came as.
    pub raw: Vec<u8>,
}

/// A report of a period with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReport {
    /// Where the next page goes on.
    pub cursor: i64,
    /// Its id.
    pub report_id: String,
    /// Where it stands at its source; the bytes may be older.
    pub source_state: ReportState,
    /// Generation of its postings.
    pub generation: u8,
    /// What holds it.
    pub problems: Vec<Problem>,
    /// The bytes it came as.
    pub raw: Vec<u8>,
}

/// Which reports a person releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// All that wait.
    All,
    /// Those of one cause, by its id.
    Cause(String),
    /// These; of them, those that wait.
    Reports(Vec<String>),
}

impl CustomerStore {
    /// Whether anything held was last translated with another mapping or another chart. A few steps into an index.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`]; so for all below.
    pub async fn any_stale(&self, flow: &FlowId, mapping_version: u32, chart: &[u8; 32]) -> Result<bool, StoreError> {
        let asking = sql::query_scalar::<i64>(ANY_STALE)
            .bind(self.id().as_str())
            .bind(flow.as_str())
            .bind(i64::from(mapping_version))
            .bind(HEXLOWER.encode(chart));
        let found = asking.fetch_optional(self.reader()).await.map_err(failed("looking for what may be released"))?;
        Ok(found.is_some())
    }

    /// Whether a rehearsal found anything ready with another mapping or another chart.
    ///
    /// # Errors
    /// See [`CustomerStore::any_stale`].
    pub async fn any_rehearsed(
        &self,
        flow: &FlowId,
        mapping_version: u32,
        chart: &[u8; 32],
    ) -> Result<bool, StoreError> {
        let asking = sql::query_scalar::<i64>(ANY_REHEARSED)
            .bind(self.id().as_str())
            .bind(flow.as_str())
            .bind(i64::from(mapping_version))
            .bind(HEXLOWER.encode(chart));
        let found = asking.fetch_optional(self.reader()).await.map_err(failed("looking for what was rehearsed"))?;
        Ok(found.is_some())
    }

    /// At most `limit` reports after `cursor` (0 first), with their bytes: in [`InboxState::Seen`] all, in
    /// [`InboxState::Held`] those that were last translated with another mapping or another chart, and in
    /// [`InboxState::Ready`] those of them that have no entry: a rehearsal found them ready.
    ///
    /// # Errors
    /// See [`CustomerStore::any_stale`]; [`StoreError::Json`].
    pub async fn untranslated_reports(
        &self,
        flow: &FlowId,
        state: InboxState,
        (mapping_version, chart): (u32, &[u8; 32]),
        cursor: i64,
        limit: u32,
    ) -> Result<Vec<UntranslatedReport>, StoreError> {
        let doing = failed("reading reports that wait to be translated");
        let reading = sql::query(UNTRANSLATED_PAGE)
            .bind(state.name())
            .bind(self.id().as_str())
            .bind(flow.as_str())
            .bind(cursor)
            .bind(i64::from(mapping_version))
            .bind(HEXLOWER.encode(chart))
            .bind(i64::from(limit));
        let rows = reading.fetch_all(self.reader()).await.map_err(&doing)?;
        let read = |row: &Row| {
            Ok(UntranslatedReport {
                cursor: row.try_get(0).map_err(&doing)?,
                report_id: row.try_get(1).map_err(&doing)?,
                content_hash: parse_hash(row.try_get(2).map_err(&doing)?)?,
                generation: small(row.try_get(3).map_err(&doing)?, "generation")?,
                source_state: source_state(row.try_get(4).map_err(&doing)?)?,
                problems: problems_from_json(row.try_get(5).map_err(&doing)?)?,
                seen_ms: row.try_get(6).map_err(&doing)?,
                raw: row.try_get(7).map_err(&doing)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// At most `limit` reports in `state` after `cursor` (0 first) that were approved since `from` (`YYYY-MM-DD`), or
    /// first seen since `from_ms` where they name no day of approval.
    ///
    /// # Errors
    /// See [`CustomerStore::any_stale`].
    pub async fn stored_reports(
        &self,
        flow: &FlowId,
        state: InboxState,
        (from, from_ms): (&str, i64),
        cursor: i64,
        limit: u32,
    ) -> Result<Vec<StoredReport>, StoreError> {
        let doing = failed("reading stored reports");
        let reading = sql::query(STORED_PAGE)
            .bind(state.name())
            .bind(self.id().as_str())
            .bind(flow.as_str())
            .bind(cursor)
            .bind(from)
            .bind(from_ms)
            .bind(i64::from(limit));
        let rows = reading.fetch_all(self.reader()).await.map_err(&doing)?;
        let read = |row: &Row| {
            Ok(StoredReport {
                cursor: row.try_get(0).map_err(&doing)?,
                report_id: row.try_get(1).map_err(&doing)?,
                source_state: source_state(row.try_get(2).map_err(&doing)?)?,
                generation: small(row.try_get(3).map_err(&doing)?, "generation")?,
                problems: problems_from_json(row.try_get(4).map_err(&doing)?)?,
                raw: row.try_get(5).map_err(&doing)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

impl Tx {
    /// Notes that this mapping and chart change nothing for these held reports.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn restamp(
        &mut self,
        flow: &FlowId,
        reports: &[&str],
        mapping_version: u32,
        chart: &[u8; 32],
    ) -> Result<(), StoreError> {
        let customer = self.customer_id().clone();
        for batch in batches(reports) {
            let mut stamping = sql::query(RESTAMP.text(batch.len()));
            for report_id in batch {
                stamping = stamping.bind(*report_id);
            }
            let stamping = stamping.bind(i64::from(mapping_version)).bind(HEXLOWER.encode(chart));
            let stamping = stamping.bind(flow.as_str()).bind(customer.as_str());
            stamping.execute(self.connection()).await.map_err(failed("marking held reports"))?;
        }
        Ok(())
    }

    /// Lets ready reports wait at a gate that `problem` names.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Json`].
    pub async fn gate(
        &mut self,
        flow: &FlowId,
        reports: &[&str],
        problem: &Problem,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let customer = self.customer_id().clone();
        let text = problems_to_json(std::slice::from_ref(problem))?;
        for batch in batches(reports) {
            let mut gating = sql::query(GATE.text(batch.len()));
            for report_id in batch {
                gating = gating.bind(*report_id);
            }
            let gating = gating.bind(text.clone()).bind(at_ms).bind(flow.as_str()).bind(customer.as_str());
            gating.execute(self.connection()).await.map_err(failed("letting reports wait at a gate"))?;
        }
        self.put_gate_causes(flow, reports, problem).await
    }

    /// Lets reports go on that wait at the gate of `code`; gives their ids.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn release(
        &mut self,
        flow: &FlowId,
        code: Code,
        which: &Release,
        at_ms: i64,
    ) -> Result<Vec<String>, StoreError> {
        let customer = self.customer_id().clone();
        let cause = match which {
            Release::Cause(cause) => Some(cause.as_str()),
            Release::All | Release::Reports(_) => None,
        };
        let mut released = cause::waiting(self.connection(), customer.as_str(), flow, code, cause).await?;
        if let Release::Reports(chosen) = which {
            let chosen: HashSet<&String> = chosen.iter().collect();
            released.retain(|report_id| chosen.contains(report_id));
        }
        for batch in batches(&released) {
            let mut releasing = sql::query(RELEASE.text(batch.len()));
            for report_id in batch {
                releasing = releasing.bind(report_id);
            }
            let releasing = releasing.bind(at_ms).bind(flow.as_str()).bind(customer.as_str());
            releasing.execute(self.connection()).await.map_err(failed("releasing reports"))?;
        }
        let ids: Vec<&str> = released.iter().map(String::as_str).collect();
        self.forget_causes(flow, &ids).await?;
        Ok(released)
    }
}

fn source_state(name: &str) -> Result<ReportState, StoreError> {
    ReportState::parse(name).ok_or_else(|| StoreError::Stored { what: "source state", id: name.to_owned() })
}
