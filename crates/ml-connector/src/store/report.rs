//! The inbox: every version of every report that a source gave, append-only, and where each report stands. Reading is
//! in `report/read.rs`. Nothing here judges a report.

use std::collections::HashMap;

use accounting::problem::Problem;
use accounting::report::ReportState;
use accounting::translate::SkippedExpense;
use data_encoding::HEXLOWER;
use jiff::civil::Date;

use super::error::{StoreError, failed};
use super::ids::{FlowId, RunId};
use super::problems::{problems_to_json, skipped_to_json};
use super::rows::{INT, OWN, Rows, TEXT, batches};
use super::sql::{self, Query, Row};
use super::tx::Tx;

mod arrival;
mod find;
mod named;
mod read;
mod state;

use arrival::arrivals_of;
pub use arrival::{Arrival, Before};
pub(super) use find::{APPROVED_DOWN, APPROVED_UP, BY_NUMBER, FIRST_DOWN, FIRST_UP, MONEY_DOWN, MONEY_UP, NUMBERED};
pub use find::{FoundReports, ReportFilter, ReportKey, ReportOrder, ReportSort};
pub(super) use named::NAMED;
pub(super) use read::{FIND, FIND_NO, FIND_RAW, IN_STATE, KNOWN, RAW_IN_STATE, TOTALS, UNSEEN, VERSIONS, small};
pub use read::{InboxReport, KnownReport, RawReport, ReportTotal, ReportVersion, Unseen};
pub use state::InboxState;

pub(super) static ADD: Rows = Rows::new(
    "INSERT INTO reports (report_no, customer_id, flow_id, run_id, first_seen_ms, seen_ms, changed_ms, report_id, \
     number, name, employee, policy_id, source_state, currency, total_minor, content_hash, approved_on, state, \
     generation) VALUES ",
    &[OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, "'seen'", "0"],
    "",
);
/// A changed report is translated anew, unless an entry of it is frozen, sent or beyond: its state then tells the
/// truth about the ledger and stays.
pub(super) static CHANGE: Rows = Rows::new(
    "WITH v (report_no, number, name, employee, policy_id, source_state, currency, total_minor, content_hash, \
     approved_on) AS (VALUES ",
    &[INT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, INT, TEXT, TEXT],
    ") UPDATE reports SET number = v.number, name = v.name, employee = v.employee, policy_id = v.policy_id, \
     source_state = v.source_state, currency = v.currency, total_minor = v.total_minor, \
     content_hash = v.content_hash, approved_on = v.approved_on, run_id = ?, seen_ms = ?, changed_ms = ?, \
     state = CASE WHEN state IN ('seen', 'held', 'ready', 'skipped', 'rejected') THEN 'seen' ELSE state END, \
     problems = CASE WHEN state IN ('seen', 'held', 'ready', 'skipped', 'rejected') THEN NULL ELSE problems END, \
     amount_minor = CASE WHEN state IN ('seen', 'held', 'ready', 'skipped', 'rejected') THEN NULL \
     ELSE amount_minor END FROM v WHERE reports.report_no = v.report_no AND reports.customer_id = ?",
);
pub(super) static ADD_VERSIONS: Rows = Rows::new(
    "INSERT INTO report_versions (report_no, customer_id, content_hash, raw, seen_ms) VALUES ",
    &[OWN; 5],
    " ON CONFLICT (report_no, content_hash) DO NOTHING",
);
pub(super) static TOUCH: Rows = Rows::new(
    "WITH v (report_id, source_state) AS (VALUES ",
    &[TEXT, TEXT],
    ") UPDATE reports SET seen_ms = ?, source_state = v.source_state FROM v \
     WHERE reports.report_id = v.report_id AND reports.flow_id = ? AND reports.customer_id = ?",
);
pub(super) static SET_STATES: Rows = Rows::new(
    "WITH v (report_id, content_hash, state, problems, skipped, amount_minor, skipped_minor, mapping_version, \
     generation, chart_sha256) AS (VALUES ",
    &[TEXT, TEXT, TEXT, TEXT, TEXT, INT, INT, INT, INT, TEXT],
    ") UPDATE reports SET state = v.state, problems = v.problems, skipped = v.skipped, \
     amount_minor = v.amount_minor, skipped_minor = v.skipped_minor, mapping_version = v.mapping_version, \
     generation = v.generation, chart_sha256 = v.chart_sha256, changed_ms = ? FROM v \
     WHERE reports.report_id = v.report_id AND reports.flow_id = ? AND reports.customer_id = ? \
     AND reports.content_hash = v.content_hash",
);
/// What becomes of its postings does not undo that a report changed: only a new translation can.
pub(super) static MOVE: Rows = Rows::new(
    "WITH v (report_id, state) AS (VALUES ",
    &[TEXT, TEXT],
    ") UPDATE reports SET state = v.state, changed_ms = ? FROM v WHERE reports.report_id = v.report_id \
     AND reports.flow_id = ? AND reports.customer_id = ? AND (reports.state <> 'drift' OR v.state = 'conflict')",
);
/// A report that stays ready keeps the problem that names the gate it waits at.
pub(super) static KEEP: Rows = Rows::new(
    "WITH v (report_id, state) AS (VALUES ",
    &[TEXT, TEXT],
    ") UPDATE reports SET state = v.state, problems = CASE WHEN reports.state = 'ready' AND v.state = 'ready' \
     THEN problems END, changed_ms = ? FROM v \
     WHERE reports.report_id = v.report_id AND reports.flow_id = ? AND reports.customer_id = ?",
);

/// A report as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReport {
    /// The source's stable id.
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
    /// Total that the source states, in minor units of `currency`, where it is exact.
    pub total_minor: Option<i64>,
    /// Hash of what matters for posting.
    pub content_hash: [u8; 32],
    /// Day it was approved.
    pub approved_on: Option<Date>,
    /// The bytes it came as.
    pub raw: Vec<u8>,
}

/// What a translation made of a report.
#[derive(Debug, Clone, Copy)]
pub struct ReportChange<'a> {
    /// Which report.
    pub report_id: &'a str,
    /// The content that was translated. A report that changed meanwhile is refused.
    pub content_hash: &'a [u8; 32],
    /// Where it stands now.
    pub state: InboxState,
    /// All that is wrong with it.
    pub problems: &'a [Problem],
    /// Expenses left out.
    pub skipped: &'a [SkippedExpense],
    /// Net amount of what is or would be posted, in minor units of the report's currency.
    pub amount_minor: Option<i64>,
    /// Net amount of what was left out.
    pub skipped_minor: Option<i64>,
    /// Version of the flow's document that was applied.
    pub mapping_version: u32,
    /// Hash of the chart that was applied; `None` where none was.
    pub chart_sha256: Option<&'a [u8; 32]>,
    /// Generation of its postings.
    pub generation: u8,
}

impl Tx {
    /// Puts reports into the inbox: their bytes where this content is new, and where they stand. The answers are in
    /// the order of the reports.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn put_reports(
        &mut self,
        flow: &FlowId,
        run: &RunId,
        reports: &[NewReport],
        at_ms: i64,
    ) -> Result<Vec<Arrival>, StoreError> {
        let mut arrivals = Vec::with_capacity(reports.len());
        for batch in batches(reports) {
            let known = self.known(flow, batch).await?;
            let found = arrivals_of(batch, &known);
            let of = |wanted: fn(&Arrival) -> bool| {
                batch.iter().zip(&found).filter(move |(_, arrival)| wanted(arrival)).map(|(report, _)| report)
            };
            let new: Vec<&NewReport> = of(|arrival| *arrival == Arrival::New).collect();
            let mut fresh = self.add(flow, run, &new, at_ms).await?;
            let changed = of(|arrival| matches!(arrival, Arrival::Changed { .. }));
            let changed = changed.filter_map(|report| Some((known.get(report.report_id.as_str())?.report_no, report)));
            let changed: Vec<_> = changed.collect();
            self.change(run, &changed, at_ms).await?;
            fresh.extend(changed);
            self.add_versions(&fresh, at_ms).await?;
            let unchanged = of(|arrival| matches!(arrival, Arrival::Unchanged { .. }));
            let unchanged: Vec<_> = unchanged.map(|r| (r.report_id.as_str(), r.source_state)).collect();
            self.touch_seen(flow, &unchanged, at_ms).await?;
            arrivals.extend(found);
        }
        Ok(arrivals)
    }

    /// Notes that reports were seen again, unchanged, in these states at their source.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn touch_seen(
        &mut self,
        flow: &FlowId,
        reports: &[(&str, ReportState)],
        at_ms: i64,
    ) -> Result<(), StoreError> {
        for batch in batches(reports) {
            let mut touching = sql::query(TOUCH.text(batch.len()));
            for (report_id, source_state) in batch {
                touching = touching.bind(*report_id).bind(source_state.name());
            }
            let touching = touching.bind(at_ms).bind(flow.as_str()).bind(self.customer_id().as_str());
            touching.execute(self.connection()).await.map_err(failed("noting reports seen again"))?;
        }
        Ok(())
    }

    /// Keeps what a translation made of reports.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where a report's content changed meanwhile: drop the transaction and read again.
    /// [`StoreError::Statement`], [`StoreError::Json`].
    pub async fn set_report_states(
        &mut self,
        flow: &FlowId,
        changes: &[ReportChange<'_>],
        at_ms: i64,
    ) -> Result<(), StoreError> {
        for batch in batches(changes) {
            let mut setting = sql::query(SET_STATES.text(batch.len()));
            for change in batch {
                setting = setting
                    .bind(change.report_id)
                    .bind(HEXLOWER.encode(change.content_hash))
                    .bind(change.state.name())
                    .bind(problems_to_json(change.problems)?)
                    .bind(skipped_to_json(change.skipped)?)
                    .bind(change.amount_minor)
                    .bind(change.skipped_minor)
                    .bind(i64::from(change.mapping_version))
                    .bind(i64::from(change.generation))
                    .bind(change.chart_sha256.map(|sha256| HEXLOWER.encode(sha256)).unwrap_or_default());
            }
            let setting = setting.bind(at_ms).bind(flow.as_str()).bind(self.customer_id().as_str());
            let set = setting.execute(self.connection()).await.map_err(failed("setting reports' states"))?;
            if set.rows_affected() != batch.len() as u64 {
                return Err(StoreError::Stale { what: "report" });
            }
        }
        self.put_causes(flow, changes).await
    }

    /// Moves reports to where their postings have brought them. One that drifted stays so, unless it is worse.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn move_reports(
        &mut self,
        flow: &FlowId,
        moves: &[(&str, InboxState)],
        at_ms: i64,
    ) -> Result<(), StoreError> {
        self.put_states(&MOVE, flow, moves, at_ms).await
    }

    /// Lets reports stand where their postings stand: a translation found nothing else to make of them.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn keep_reports(
        &mut self,
        flow: &FlowId,
        kept: &[(&str, InboxState)],
        at_ms: i64,
    ) -> Result<(), StoreError> {
        self.put_states(&KEEP, flow, kept, at_ms).await
    }

    async fn put_states(
        &mut self,
        statement: &'static Rows,
        flow: &FlowId,
        moves: &[(&str, InboxState)],
        at_ms: i64,
    ) -> Result<(), StoreError> {
        for batch in batches(moves) {
            let mut moving = sql::query(statement.text(batch.len()));
            for (report_id, state) in batch {
                moving = moving.bind(*report_id).bind(state.name());
            }
            let moving = moving.bind(at_ms).bind(flow.as_str()).bind(self.customer_id().as_str());
            moving.execute(self.connection()).await.map_err(failed("moving reports"))?;
        }
        Ok(())
    }

    async fn known(&mut self, flow: &FlowId, batch: &[NewReport]) -> Result<HashMap<String, KnownReport>, StoreError> {
        let ids: Vec<&str> = batch.iter().map(|report| report.report_id.as_str()).collect();
        let customer = self.customer_id().clone();
        let known = read::known(self.connection(), &customer, flow, &ids).await?;
        Ok(known.into_iter().map(|known| (known.report_id.clone(), known)).collect())
    }

    /// Adds reports that were never seen; gives each with its number.
    async fn add<'r>(
        &mut self,
        flow: &FlowId,
        run: &RunId,
        reports: &[&'r NewReport],
        at_ms: i64,
    ) -> Result<Vec<(i64, &'r NewReport)>, StoreError> {
        let first = self.take_numbers("reports", reports.len()).await?;
        let numbered: Vec<(i64, &NewReport)> = (first..).zip(reports.iter().copied()).collect();
        for batch in batches(&numbered) {
            let customer = self.customer_id().as_str();
            let mut adding = sql::query(ADD.text(batch.len()));
            for (report_no, report) in batch {
                adding = adding.bind(*report_no).bind(customer).bind(flow.as_str()).bind(run.as_str());
                adding = adding.bind(at_ms).bind(at_ms).bind(at_ms).bind(&report.report_id);
                adding = bind_content(adding, report);
            }
            adding.execute(self.connection()).await.map_err(failed("adding reports to the inbox"))?;
        }
        Ok(numbered)
    }

    async fn change(&mut self, run: &RunId, reports: &[(i64, &NewReport)], at_ms: i64) -> Result<(), StoreError> {
        for batch in batches(reports) {
            let mut changing = sql::query(CHANGE.text(batch.len()));
            for (report_no, report) in batch {
                changing = bind_content(changing.bind(*report_no), report);
            }
            let changing = changing.bind(run.as_str()).bind(at_ms).bind(at_ms).bind(self.customer_id().as_str());
            changing.execute(self.connection()).await.map_err(failed("changing reports in the inbox"))?;
        }
        Ok(())
    }

    async fn add_versions(&mut self, reports: &[(i64, &NewReport)], at_ms: i64) -> Result<(), StoreError> {
        for batch in batches(reports) {
            let customer = self.customer_id().as_str();
            let mut adding = sql::query(ADD_VERSIONS.text(batch.len()));
            for (report_no, report) in batch {
                adding = adding.bind(*report_no).bind(customer).bind(HEXLOWER.encode(&report.content_hash));
                adding = adding.bind(&report.raw).bind(at_ms);
            }
            adding.execute(self.connection()).await.map_err(failed("keeping reports' bytes"))?;
        }
        Ok(())
    }
}

/// The columns from the number that people quote to the day of approval.
fn bind_content(binding: Query<Row>, report: &NewReport) -> Query<Row> {
    binding
        .bind(report.number.clone())
        .bind(report.name.clone())
        .bind(report.employee.clone())
        .bind(report.policy_id.clone())
        .bind(report.source_state.name())
        .bind(report.currency.clone())
        .bind(report.total_minor)
        .bind(HEXLOWER.encode(&report.content_hash))
        .bind(report.approved_on.map(|date| date.to_string()))
}
