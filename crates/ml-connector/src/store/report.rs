//! The inbox: every version of every report that a source gave, append-only, and where each report stands. Reading is
//! in `report/read.rs`. Nothing here judges a report.

use std::collections::{HashMap, HashSet};

use accounting::problem::Problem;
use accounting::report::ReportState;
use accounting::translate::SkippedExpense;
use data_encoding::HEXLOWER;
use jiff::civil::Date;

use super::error::{StoreError, failed};
use super::ids::{FlowId, RunId};
use super::problems::{problems_to_json, skipped_to_json};
use super::rows::{Column, Rows, batches};
use super::tx::Tx;

mod read;
mod state;

pub(super) use read::{FIND, FIND_RAW, IN_STATE, KNOWN, RAW_IN_STATE, TOTALS, VERSIONS, small};
pub use read::{InboxReport, KnownReport, RawReport, ReportTotal, ReportVersion};
pub use state::InboxState;

pub(super) static ADD_VERSIONS: Rows = Rows::new(
    "INSERT INTO report_versions (customer_id, report_id, content_hash, raw, seen_ms) VALUES ",
    2,
    &[Column::Shared(1), Column::Own, Column::Own, Column::Own, Column::Shared(2)],
    " ON CONFLICT (customer_id, report_id, content_hash) DO NOTHING",
);
/// A changed report is translated anew, unless an entry of it is frozen, sent or beyond: its state then tells the
/// truth about the ledger and stays.
pub(super) static PUT: Rows = Rows::new(
    "INSERT INTO reports (customer_id, flow_id, run_id, first_seen_ms, seen_ms, changed_ms, generation, report_id, \
     number, name, employee, policy_id, source_state, currency, total_minor, content_hash, approved_on, state) VALUES ",
    5,
    &[
        Column::Shared(1),
        Column::Shared(2),
        Column::Shared(3),
        Column::Shared(4),
        Column::Shared(4),
        Column::Shared(4),
        Column::Shared(5),
        Column::Own,
        Column::Own,
        Column::Own,
        Column::Own,
        Column::Own,
        Column::Own,
        Column::Own,
        Column::Own,
        Column::Own,
        Column::Own,
        Column::Own,
    ],
    " ON CONFLICT (customer_id, flow_id, report_id) DO UPDATE SET run_id = excluded.run_id, \
     seen_ms = excluded.seen_ms, changed_ms = excluded.changed_ms, number = excluded.number, name = excluded.name, \
     employee = excluded.employee, policy_id = excluded.policy_id, source_state = excluded.source_state, \
     currency = excluded.currency, total_minor = excluded.total_minor, content_hash = excluded.content_hash, \
     approved_on = excluded.approved_on, \
     state = CASE WHEN reports.state IN ('seen', 'held', 'ready', 'skipped', 'rejected') THEN excluded.state \
     ELSE reports.state END, \
     problems = CASE WHEN reports.state IN ('seen', 'held', 'ready', 'skipped', 'rejected') THEN NULL \
     ELSE reports.problems END, \
     amount_minor = CASE WHEN reports.state IN ('seen', 'held', 'ready', 'skipped', 'rejected') THEN NULL \
     ELSE reports.amount_minor END",
);
pub(super) static TOUCH: Rows = Rows::new(
    "WITH v (report_id, source_state) AS (VALUES ",
    3,
    &[Column::Text, Column::Text],
    ") UPDATE reports SET seen_ms = $3, source_state = v.source_state FROM v \
     WHERE reports.customer_id = $1 AND reports.flow_id = $2 AND reports.report_id = v.report_id",
);
pub(super) static SET_STATES: Rows = Rows::new(
    "WITH v (report_id, content_hash, state, problems, skipped, amount_minor, skipped_minor, mapping_version, \
     generation) AS (VALUES ",
    3,
    &[
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Int,
        Column::Int,
        Column::Int,
        Column::Int,
    ],
    ") UPDATE reports SET state = v.state, problems = v.problems, skipped = v.skipped, \
     amount_minor = v.amount_minor, skipped_minor = v.skipped_minor, mapping_version = v.mapping_version, \
     generation = v.generation, changed_ms = $3 FROM v WHERE reports.customer_id = $1 AND reports.flow_id = $2 \
     AND reports.report_id = v.report_id AND reports.content_hash = v.content_hash",
);
pub(super) static MOVE: Rows = Rows::new(
    "WITH v (report_id, state) AS (VALUES ",
    3,
    &[Column::Text, Column::Text],
    ") UPDATE reports SET state = v.state, changed_ms = $3 FROM v WHERE reports.customer_id = $1 \
     AND reports.flow_id = $2 AND reports.report_id = v.report_id",
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

/// What a report that came in turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Never seen before.
    New,
    /// Seen before with other content.
    Changed {
        /// Where it stood before. Where an entry is frozen, sent or posted it still stands there, and this is a drift.
        state: InboxState,
        /// Generation of its postings.
        generation: u8,
    },
    /// Seen before, the same.
    Unchanged {
        /// Where it stands.
        state: InboxState,
        /// Generation of its postings.
        generation: u8,
    },
    /// The same report comes again later in the same batch; that one counts.
    Superseded,
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
            let found = self.arrivals_of(flow, batch).await?;
            let of = |wanted: fn(&Arrival) -> bool| -> Vec<&NewReport> {
                batch.iter().zip(&found).filter(|(_, arrival)| wanted(arrival)).map(|(report, _)| report).collect()
            };
            let fresh = of(|arrival| matches!(arrival, Arrival::New | Arrival::Changed { .. }));
            self.add_versions(&fresh, at_ms).await?;
            self.upsert(flow, run, &fresh, at_ms).await?;
            let unchanged = of(|arrival| matches!(arrival, Arrival::Unchanged { .. }));
            let unchanged: Vec<_> = unchanged.iter().map(|r| (r.report_id.as_str(), r.source_state)).collect();
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
            let customer = self.customer_id().as_str();
            let mut touching = sqlx::query(TOUCH.text(batch.len())).bind(customer).bind(flow.as_str()).bind(at_ms);
            for (report_id, source_state) in batch {
                touching = touching.bind(*report_id).bind(source_state.name());
            }
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
            let customer = self.customer_id().as_str();
            let mut setting = sqlx::query(SET_STATES.text(batch.len())).bind(customer).bind(flow.as_str()).bind(at_ms);
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
                    .bind(i64::from(change.generation));
            }
            let set = setting.execute(self.connection()).await.map_err(failed("setting reports' states"))?;
            if set.rows_affected() != batch.len() as u64 {
                return Err(StoreError::Stale { what: "report" });
            }
        }
        Ok(())
    }

    /// Moves reports to where their postings have brought them.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn move_reports(
        &mut self,
        flow: &FlowId,
        moves: &[(&str, InboxState)],
        at_ms: i64,
    ) -> Result<(), StoreError> {
        for batch in batches(moves) {
            let customer = self.customer_id().as_str();
            let mut moving = sqlx::query(MOVE.text(batch.len())).bind(customer).bind(flow.as_str()).bind(at_ms);
            for (report_id, state) in batch {
                moving = moving.bind(*report_id).bind(state.name());
            }
            moving.execute(self.connection()).await.map_err(failed("moving reports"))?;
        }
        Ok(())
    }

    async fn arrivals_of(&mut self, flow: &FlowId, batch: &[NewReport]) -> Result<Vec<Arrival>, StoreError> {
        let ids: Vec<&str> = batch.iter().map(|report| report.report_id.as_str()).collect();
        let customer = self.customer_id().clone();
        let known = read::known(self.connection(), &customer, flow, &ids).await?;
        let known: HashMap<&str, &KnownReport> = known.iter().map(|known| (known.report_id.as_str(), known)).collect();
        let mut later = HashSet::new();
        let mut arrivals: Vec<Arrival> = batch
            .iter()
            .rev()
            .map(|report| match known.get(report.report_id.as_str()) {
                _ if !later.insert(report.report_id.as_str()) => Arrival::Superseded,
                None => Arrival::New,
                Some(known) if known.content_hash == report.content_hash => {
                    Arrival::Unchanged { state: known.state, generation: known.generation }
                }
                Some(known) => Arrival::Changed { state: known.state, generation: known.generation },
            })
            .collect();
        arrivals.reverse();
        Ok(arrivals)
    }

    async fn add_versions(&mut self, reports: &[&NewReport], at_ms: i64) -> Result<(), StoreError> {
        for batch in batches(reports) {
            let mut adding = sqlx::query(ADD_VERSIONS.text(batch.len())).bind(self.customer_id().as_str()).bind(at_ms);
            for report in batch {
                adding = adding.bind(&report.report_id).bind(HEXLOWER.encode(&report.content_hash)).bind(&report.raw);
            }
            adding.execute(self.connection()).await.map_err(failed("keeping reports' bytes"))?;
        }
        Ok(())
    }

    async fn upsert(
        &mut self,
        flow: &FlowId,
        run: &RunId,
        reports: &[&NewReport],
        at_ms: i64,
    ) -> Result<(), StoreError> {
        for batch in batches(reports) {
            let mut putting = sqlx::query(PUT.text(batch.len()))
                .bind(self.customer_id().as_str())
                .bind(flow.as_str())
                .bind(run.as_str())
                .bind(at_ms)
                .bind(0_i64);
            for report in batch {
                putting = putting
                    .bind(&report.report_id)
                    .bind(&report.number)
                    .bind(&report.name)
                    .bind(&report.employee)
                    .bind(&report.policy_id)
                    .bind(report.source_state.name())
                    .bind(&report.currency)
                    .bind(report.total_minor)
                    .bind(HEXLOWER.encode(&report.content_hash))
                    .bind(report.approved_on.map(|date| date.to_string()))
                    .bind(InboxState::Seen.name());
            }
            putting.execute(self.connection()).await.map_err(failed("putting reports into the inbox"))?;
        }
        Ok(())
    }
}
