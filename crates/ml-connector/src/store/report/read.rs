//! Reading the inbox: what is known of reports, pages of those in a state, and one with all its versions.

use accounting::problem::Problem;
use accounting::report::ReportState;
use accounting::translate::SkippedExpense;
use jiff::civil::Date;

use super::InboxState;
use crate::store::chart::parse_hash;
use crate::store::chart_document::parse_date;
use crate::store::customer::CustomerStore;
use crate::store::error::{StoreError, failed};
use crate::store::flow::flow_id;
use crate::store::ids::{CustomerId, FlowId, RunId};
use crate::store::problems::{problems_from_json, skipped_from_json};
use crate::store::rows::{OWN, Rows, batches};
use crate::store::sql::{self, Row, Target};

macro_rules! columns {
    () => {
        "SELECT report_no, flow_id, report_id, number, name, employee, policy_id, source_state, currency, total_minor, \
         content_hash, state, problems, skipped, amount_minor, skipped_minor, mapping_version, generation, \
         approved_on, run_id, first_seen_ms, seen_ms, changed_ms FROM reports WHERE customer_id = $1 "
    };
}

pub(in crate::store) static KNOWN: Rows = Rows::new(
    "SELECT report_no, report_id, content_hash, state, generation, source_state FROM reports \
     WHERE customer_id = ? AND flow_id = ? AND report_id IN (",
    &[OWN],
    ")",
);
pub(in crate::store) const FIND: &str = concat!(columns!(), "AND flow_id = $2 AND report_id = $3");
pub(in crate::store) const FIND_NO: &str =
    "SELECT report_no FROM reports WHERE customer_id = $1 AND flow_id = $2 AND report_id = $3";
pub(in crate::store) const IN_STATE: &str =
    concat!(columns!(), "AND flow_id = $2 AND state = $3 AND report_no > $4 ORDER BY report_no LIMIT $5");
/// Posted or drifted reports that their source has not shown since a time: those approved from a day on, those without
/// a day of approval that came from a time on, and all that drifted.
pub(in crate::store) const UNSEEN: &str = concat!(
    columns!(),
    "AND flow_id = $2 AND state = $3 AND seen_ms < $4 AND report_no > $5 AND (state = 'drift' OR approved_on >= $6 \
     OR (approved_on IS NULL AND first_seen_ms >= $7)) ORDER BY report_no LIMIT $8"
);
pub(in crate::store) const RAW_IN_STATE: &str = "SELECT r.report_id, r.content_hash, r.generation, v.raw \
     FROM reports r JOIN report_versions v ON v.report_no = r.report_no AND v.content_hash = r.content_hash \
     WHERE r.customer_id = $1 AND r.flow_id = $2 AND r.state = $3 AND r.report_no > $4 \
     ORDER BY r.report_no LIMIT $5";
pub(in crate::store) const FIND_RAW: &str = "SELECT v.raw FROM reports r JOIN report_versions v \
     ON v.report_no = r.report_no WHERE r.customer_id = $1 AND r.report_id = $2 AND v.content_hash = $3 LIMIT 1";
pub(in crate::store) const VERSIONS: &str = "SELECT v.content_hash, MIN(v.seen_ms) FROM reports r \
     JOIN report_versions v ON v.report_no = r.report_no WHERE r.customer_id = $1 AND r.report_id = $2 \
     GROUP BY v.content_hash ORDER BY 2, 1";
pub(in crate::store) const TOTALS: &str = "SELECT state, currency, COUNT(*), \
     CAST(SUM(CASE WHEN amount_minor IS NULL THEN COALESCE(total_minor, 0) ELSE amount_minor END) AS BIGINT), \
     CAST(SUM(COALESCE(skipped_minor, 0)) AS BIGINT), \
     CAST(SUM(COALESCE(total_minor, COALESCE(amount_minor, 0) + COALESCE(skipped_minor, 0))) AS BIGINT) \
     FROM reports WHERE customer_id = $1 AND flow_id = $2 GROUP BY state, currency ORDER BY state, currency";

/// What a poll needs to know of a report that it meets again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownReport {
    pub(super) report_no: i64,
    /// Its id.
    pub report_id: String,
    /// Hash of the content last seen.
    pub content_hash: [u8; 32],
    /// Where it stands.
    pub state: InboxState,
    /// Generation of its postings.
    pub generation: u8,
    /// Where it stood at its source.
    pub source_state: ReportState,
}

/// A report in the inbox, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxReport {
    /// The flow that reads it.
    pub flow: FlowId,
    /// The source's id.
    pub report_id: String,
    /// The number people quote.
    pub number: Option<String>,
    /// Its name.
    pub name: String,
    /// Who spent the money, as shown.
    pub employee: String,
    /// Id of its workspace.
    pub policy_id: String,
    /// Where it stands at the source.
    pub source_state: ReportState,
    /// Currency in which it is settled.
    pub currency: Option<String>,
    /// Total that the source states, in minor units.
    pub total_minor: Option<i64>,
    /// Hash of the content last seen.
    pub content_hash: [u8; 32],
    /// Where it stands with us.
    pub state: InboxState,
    /// What stands in the way.
    pub problems: Vec<Problem>,
    /// Expenses left out.
    pub skipped: Vec<SkippedExpense>,
    /// Net amount of what is or would be posted, in minor units.
    pub amount_minor: Option<i64>,
    /// Net amount of what was left out, in minor units.
    pub skipped_minor: Option<i64>,
    /// Version of the flow's document last applied.
    pub mapping_version: Option<u32>,
    /// Generation of its postings.
    pub generation: u8,
    /// Day it was approved.
    pub approved_on: Option<Date>,
    /// The run that last brought new content.
    pub run: RunId,
    /// First seen, in epoch milliseconds.
    pub first_seen_ms: i64,
    /// Last seen, in epoch milliseconds.
    pub seen_ms: i64,
    /// Last changed here, in epoch milliseconds.
    pub changed_ms: i64,
}

/// Which reports count as not seen again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unseen {
    /// Last shown before this time, in epoch milliseconds.
    pub seen_before_ms: i64,
    /// Approved on this day or later.
    pub approved_from: Date,
    /// Or, without a day of approval, first seen from this time on, in epoch milliseconds.
    pub first_seen_from_ms: i64,
}

/// The bytes of a report's present content, for translation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawReport {
    /// Its id.
    pub report_id: String,
    /// Hash of this content.
    pub content_hash: [u8; 32],
    /// Generation of its postings.
    pub generation: u8,
    /// The bytes it came as.
    pub raw: Vec<u8>,
}

/// One content of a report, as it was first seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportVersion {
    /// Hash of the content.
    pub content_hash: [u8; 32],
    /// When it was first seen, in epoch milliseconds.
    pub seen_ms: i64,
}

/// Reports of one state and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTotal {
    /// The state.
    pub state: InboxState,
    /// The currency; `None` for reports that name none.
    pub currency: Option<String>,
    /// How many reports.
    pub reports: u64,
    /// Their money in minor units: what is or would be posted, else what the source states.
    pub amount_minor: i64,
    /// Money of expenses left out of them, in minor units.
    pub skipped_minor: i64,
    /// Totals that they state, in minor units; what is known of them where they state none.
    pub source_minor: i64,
}

impl CustomerStore {
    /// What is known of those of `ids` that were ever seen, in no order.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`]; so for all below.
    pub async fn known_reports(&self, flow: &FlowId, ids: &[&str]) -> Result<Vec<KnownReport>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for batch in batches(ids) {
            found.extend(known(self.reader(), self.id(), flow, batch).await?);
        }
        Ok(found)
    }

    /// At most `limit` reports in one of `states` that came after the report with the id `after`, in the order in
    /// which they first came.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where `after` was never seen; see [`CustomerStore::known_reports`].
    pub async fn reports_in(
        &self,
        flow: &FlowId,
        states: &[InboxState],
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<InboxReport>, StoreError> {
        let after = self.number_of(flow, after).await?;
        let mut reports = Vec::new();
        for state in states {
            let reading = sql::query(IN_STATE).bind(self.id().as_str()).bind(flow.as_str()).bind(state.name());
            let reading = reading.bind(after).bind(i64::from(limit)).fetch_all(self.reader());
            reports.extend(reading.await.map_err(failed("reading reports"))?);
        }
        // Each state came in the order of numbers, so the merged page is complete up to its last one.
        reports.sort_by_key(|row| row.try_get::<i64>(0).unwrap_or(i64::MAX));
        reports.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        reports.iter().map(read).collect()
    }

    /// At most `limit` reports in `state` that their source has not shown since `seen_before_ms`, after the report
    /// `after`: those approved on or after `approved_from`, those without a day of approval that first came since
    /// `first_seen_from_ms`, and all where the state is drift.
    ///
    /// # Errors
    /// See [`CustomerStore::reports_in`].
    pub async fn reports_unseen(
        &self,
        flow: &FlowId,
        state: InboxState,
        unseen: &Unseen,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<InboxReport>, StoreError> {
        let after = self.number_of(flow, after).await?;
        let reading = sql::query(UNSEEN)
            .bind(self.id().as_str())
            .bind(flow.as_str())
            .bind(state.name())
            .bind(unseen.seen_before_ms)
            .bind(after)
            .bind(unseen.approved_from.to_string())
            .bind(unseen.first_seen_from_ms)
            .bind(i64::from(limit));
        let rows = reading.fetch_all(self.reader()).await.map_err(failed("reading reports not seen again"))?;
        rows.iter().map(read).collect()
    }

    /// At most `limit` reports in `state` with their bytes, paged as [`CustomerStore::reports_in`] does.
    ///
    /// # Errors
    /// See [`CustomerStore::reports_in`].
    pub async fn raw_reports_in(
        &self,
        flow: &FlowId,
        state: InboxState,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<RawReport>, StoreError> {
        let after = self.number_of(flow, after).await?;
        let doing = failed("reading reports' bytes");
        let reading = sql::query(RAW_IN_STATE).bind(self.id().as_str()).bind(flow.as_str()).bind(state.name());
        let reading = reading.bind(after).bind(i64::from(limit)).fetch_all(self.reader());
        let read_raw = |row: &Row| {
            Ok(RawReport {
                report_id: row.try_get(0).map_err(&doing)?,
                content_hash: parse_hash(row.try_get(1).map_err(&doing)?)?,
                generation: small(row.try_get(2).map_err(&doing)?, "generation")?,
                raw: row.try_get(3).map_err(&doing)?,
            })
        };
        reading.await.map_err(&doing)?.iter().map(read_raw).collect()
    }

    /// The number of the report that a page follows; 0 for the first page.
    async fn number_of(&self, flow: &FlowId, report_id: Option<&str>) -> Result<i64, StoreError> {
        let Some(report_id) = report_id else { return Ok(0) };
        let finding = sql::query_scalar(FIND_NO).bind(self.id().as_str()).bind(flow.as_str()).bind(report_id);
        let found = finding.fetch_optional(self.reader()).await.map_err(failed("looking up a report"))?;
        found.ok_or_else(|| StoreError::NotFound { what: "report", id: report_id.to_owned() })
    }

    /// One report, if it was ever seen.
    ///
    /// # Errors
    /// See [`CustomerStore::known_reports`].
    pub async fn report(&self, flow: &FlowId, report_id: &str) -> Result<Option<InboxReport>, StoreError> {
        let finding = sql::query(FIND).bind(self.id().as_str()).bind(flow.as_str()).bind(report_id);
        let row = finding.fetch_optional(self.reader()).await.map_err(failed("reading a report"))?;
        row.as_ref().map(read).transpose()
    }

    /// The bytes of one content of a report.
    ///
    /// # Errors
    /// See [`CustomerStore::known_reports`].
    pub async fn raw_report(&self, report_id: &str, content_hash: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        let hex = data_encoding::HEXLOWER.encode(content_hash);
        let finding = sql::query_scalar(FIND_RAW).bind(self.id().as_str()).bind(report_id).bind(hex);
        finding.fetch_optional(self.reader()).await.map_err(failed("reading a report's bytes"))
    }

    /// Every content that a report ever had, in the order it was seen.
    ///
    /// # Errors
    /// See [`CustomerStore::known_reports`].
    pub async fn report_versions(&self, report_id: &str) -> Result<Vec<ReportVersion>, StoreError> {
        let listing = sql::query_as::<(String, i64)>(VERSIONS).bind(self.id().as_str()).bind(report_id);
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing a report's versions"))?;
        let read = |(hash, seen_ms): (String, i64)| Ok(ReportVersion { content_hash: parse_hash(&hash)?, seen_ms });
        rows.into_iter().map(read).collect()
    }

    /// Counts and money by state and currency.
    ///
    /// # Errors
    /// See [`CustomerStore::known_reports`].
    pub async fn report_totals(&self, flow: &FlowId) -> Result<Vec<ReportTotal>, StoreError> {
        let totalling = sql::query_as::<TotalRow>(TOTALS);
        let totalling = totalling.bind(self.id().as_str()).bind(flow.as_str()).fetch_all(self.reader());
        let rows = totalling.await.map_err(failed("adding up reports"))?;
        let read = |(state, currency, reports, amount_minor, skipped_minor, source_minor): TotalRow| {
            let reports = u64::try_from(reports).unwrap_or(0);
            let state = parse_state(&state)?;
            Ok(ReportTotal { state, currency, reports, amount_minor, skipped_minor, source_minor })
        };
        rows.into_iter().map(read).collect()
    }
}

type TotalRow = (String, Option<String>, i64, i64, i64, i64);

/// At most 50 reports, inside or outside of a transaction.
pub(super) async fn known(
    target: Target<'_>,
    customer: &CustomerId,
    flow: &FlowId,
    ids: &[&str],
) -> Result<Vec<KnownReport>, StoreError> {
    let mut found = Vec::new();
    let mut finding = sql::query_as::<(i64, String, String, String, i64, String)>(KNOWN.text(ids.len()));
    finding = finding.bind(customer.as_str()).bind(flow.as_str());
    for id in ids {
        finding = finding.bind(*id);
    }
    let rows = finding.fetch_all(target).await.map_err(failed("looking up reports"))?;
    for (report_no, report_id, hash, state, generation, source_state) in rows {
        let (content_hash, state, generation) =
            (parse_hash(&hash)?, parse_state(&state)?, small(generation, "generation")?);
        let source_state =
            ReportState::parse(&source_state).ok_or_else(|| unreadable("source state", &source_state))?;
        found.push(KnownReport { report_no, report_id, content_hash, state, generation, source_state });
    }
    Ok(found)
}

pub(super) fn read(row: &Row) -> Result<InboxReport, StoreError> {
    let reading = failed("reading a report");
    let source_state: &str = row.try_get(7).map_err(&reading)?;
    let run: &str = row.try_get(19).map_err(&reading)?;
    Ok(InboxReport {
        flow: flow_id(row.try_get(1).map_err(&reading)?)?,
        report_id: row.try_get(2).map_err(&reading)?,
        number: row.try_get(3).map_err(&reading)?,
        name: row.try_get(4).map_err(&reading)?,
        employee: row.try_get(5).map_err(&reading)?,
        policy_id: row.try_get(6).map_err(&reading)?,
        source_state: ReportState::parse(source_state).ok_or_else(|| unreadable("source state", source_state))?,
        currency: row.try_get(8).map_err(&reading)?,
        total_minor: row.try_get(9).map_err(&reading)?,
        content_hash: parse_hash(row.try_get(10).map_err(&reading)?)?,
        state: parse_state(row.try_get(11).map_err(&reading)?)?,
        problems: problems_from_json(row.try_get(12).map_err(&reading)?)?,
        skipped: skipped_from_json(row.try_get(13).map_err(&reading)?)?,
        amount_minor: row.try_get(14).map_err(&reading)?,
        skipped_minor: row.try_get(15).map_err(&reading)?,
        mapping_version: row
            .try_get::<Option<i64>>(16)
            .map_err(&reading)?
            .map(|version| small(version, "mapping version"))
            .transpose()?,
        generation: small(row.try_get(17).map_err(&reading)?, "generation")?,
        approved_on: row.try_get::<Option<&str>>(18).map_err(&reading)?.map(parse_date).transpose()?,
        run: RunId::parse(run).ok_or_else(|| unreadable("run", run))?,
        first_seen_ms: row.try_get(20).map_err(&reading)?,
        seen_ms: row.try_get(21).map_err(&reading)?,
        changed_ms: row.try_get(22).map_err(&reading)?,
    })
}

fn parse_state(name: &str) -> Result<InboxState, StoreError> {
    InboxState::parse(name).ok_or_else(|| unreadable("state", name))
}

/// A stored number that must fit a smaller type.
pub(in crate::store) fn small<T: TryFrom<i64>>(value: i64, what: &'static str) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| StoreError::Stored { what, id: value.to_string() })
}

fn unreadable(what: &'static str, id: &str) -> StoreError {
    StoreError::Stored { what, id: id.to_owned() }
}
