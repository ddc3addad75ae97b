//! Postings: our record of putting one entry into the ledger. What is sent and why is frozen once and never changes;
//! the machine's state changes under the lane's lease alone. Reading is in `posting/read.rs`.

use accounting::identity::{Reference, Scope};
use accounting::posting::Posting;
use accounting::problem::Problem;
use accounting::report::FundSource;
use accounting::translate::PlannedEntry;
use data_encoding::HEXLOWER;

use super::error::{StoreError, failed};
use super::ids::FlowId;
use super::lane::Lease;
use super::lines;
use super::problems::problems_to_json;
use super::rows::{OWN, Rows, TEXT, batches};
use super::sql;
use super::tx::Tx;

mod batch;
mod left;
mod read;

pub(super) use batch::{DATED, LINES_OF, NAMED, OF_REPORTS};
pub(super) use left::LEFT;
pub(super) use read::{FIND_NO, HAS_IN_STATE, IN_STATE, LINES, OF_REPORT, OTHER_FLOW, PAYLOADS, TOTALS};
pub use read::{PostingTotal, StoredPosting};

pub(super) static FREEZE: Rows = Rows::new(
    "INSERT INTO postings (posting_no, report_no, customer_id, flow_id, frozen_ms, changed_ms, machine, company, \
     reference, report_id, scope, kind, generation, part, entries, content_hash, mapping_version, chart_sha256, \
     posting_date, original_date, journal, currency, total_minor, amount_minor, line_count, payload_sha256, state, \
     fence) VALUES ",
    &[
        OWN, REPORT_NO, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN, OWN,
        OWN, OWN, OWN, OWN, OWN, "'frozen'", "0",
    ],
    " ON CONFLICT (reference, company, customer_id) DO NOTHING",
);
const REPORT_NO: &str = "(SELECT report_no FROM reports WHERE report_id = ? AND flow_id = ? AND customer_id = ?)";
pub(super) static ADD_PAYLOADS: Rows =
    Rows::new("INSERT INTO payloads (posting_no, customer_id, payload, lines) VALUES ", &[OWN; 4], "");
pub(super) static SAVE: Rows = Rows::new(
    "WITH v (reference, state, machine, problem, record_no) AS (VALUES ",
    &[TEXT; 5],
    ") UPDATE postings SET state = v.state, machine = v.machine, problem = v.problem, record_no = v.record_no, \
     changed_ms = ?, posted_ms = CASE WHEN v.state = 'posted' THEN COALESCE(postings.posted_ms, ?) \
     ELSE postings.posted_ms END, fence = ? FROM v WHERE postings.reference = v.reference AND postings.company = ? \
     AND postings.customer_id = ? AND postings.fence <= ?",
);

/// An entry to be frozen.
#[derive(Debug, Clone, Copy)]
pub struct NewPosting<'a> {
    /// The entry with its key and reference.
    pub planned: &'a PlannedEntry,
    /// How many entries the report makes; they are posted together or not at all.
    pub entries: u32,
    /// The report's content that it was made of.
    pub content_hash: &'a [u8; 32],
    /// Version of the flow's document that it was made by.
    pub mapping_version: u32,
    /// The chart that it was made with.
    pub chart_sha256: &'a [u8; 32],
    /// The bytes to be sent, without credentials.
    pub payload: &'a [u8],
    /// Their hash.
    pub payload_sha256: &'a [u8; 32],
}

/// A posting that moved.
#[derive(Debug, Clone, Copy)]
pub struct PostingChange<'a> {
    /// Which posting.
    pub reference: &'a Reference,
    /// The machine after the move.
    pub machine: &'a Posting,
    /// What to show with it.
    pub problem: Option<&'a Problem>,
}

impl Tx {
    /// Freezes entries. From here on their bytes never change.
    ///
    /// # Errors
    /// [`StoreError::PostingExists`] where one of them is frozen already: drop the transaction.
    /// [`StoreError::Statement`], also where a report is not in the inbox, [`StoreError::Json`].
    pub async fn freeze(&mut self, flow: &FlowId, postings: &[NewPosting<'_>], at_ms: i64) -> Result<(), StoreError> {
        let machine = Posting::frozen().encode();
        for batch in batches(postings) {
            let first_no = self.take_numbers("postings", batch.len()).await?;
            let mut freezing = sql::query(FREEZE.text(batch.len()));
            for (posting_no, posting) in (first_no..).zip(batch) {
                let customer = self.customer_id().as_str();
                let PlannedEntry { key, reference, entry, amount, .. } = posting.planned;
                freezing = freezing
                    .bind(posting_no)
                    .bind(&key.report)
                    .bind(flow.as_str())
                    .bind(customer)
                    .bind(customer)
                    .bind(flow.as_str())
                    .bind(at_ms)
                    .bind(at_ms)
                    .bind(&machine)
                    .bind(&key.company)
                    .bind(reference.as_str())
                    .bind(&key.report)
                    .bind(scope_name(key.scope))
                    .bind(key.kind.name())
                    .bind(i64::from(key.generation))
                    .bind(i64::from(key.part))
                    .bind(i64::from(posting.entries))
                    .bind(HEXLOWER.encode(posting.content_hash))
                    .bind(i64::from(posting.mapping_version))
                    .bind(HEXLOWER.encode(posting.chart_sha256))
                    .bind(entry.header().date.to_string())
                    .bind(entry.header().original_date.map(|date| date.to_string()))
                    .bind(&entry.header().journal)
                    .bind(entry.currency().code())
                    .bind(entry.total().minor)
                    .bind(amount.minor)
                    .bind(i64::try_from(entry.lines().len()).unwrap_or(i64::MAX))
                    .bind(HEXLOWER.encode(posting.payload_sha256));
            }
            let frozen = freezing.execute(self.connection()).await.map_err(failed("freezing postings"))?;
            if frozen.rows_affected() != batch.len() as u64 {
                return Err(self.existing(batch, first_no).await?);
            }
            self.add_payloads(batch, first_no).await?;
        }
        Ok(())
    }

    async fn add_payloads(&mut self, batch: &[NewPosting<'_>], first_no: i64) -> Result<(), StoreError> {
        let customer = self.customer_id().as_str();
        let mut adding = sql::query(ADD_PAYLOADS.text(batch.len()));
        for (posting_no, posting) in (first_no..).zip(batch) {
            adding = adding.bind(posting_no).bind(customer).bind(posting.payload);
            adding = adding.bind(lines::to_json(posting.planned.entry.lines())?);
        }
        adding.execute(self.connection()).await.map_err(failed("keeping postings' bytes"))?;
        Ok(())
    }

    /// Keeps moves of the machine, under the lease of the company's lane.
    ///
    /// # Errors
    /// [`StoreError::FenceLost`] where the lane has another owner by now; [`StoreError::NotFound`] where a posting
    /// does not exist; then drop the transaction. [`StoreError::Statement`], [`StoreError::Json`].
    pub async fn save_postings(
        &mut self,
        lease: &Lease,
        company: &str,
        changes: &[PostingChange<'_>],
        at_ms: i64,
    ) -> Result<(), StoreError> {
        self.prove(lease).await?;
        for batch in batches(changes) {
            let mut saving = sql::query(SAVE.text(batch.len()));
            for change in batch {
                let problem = change.problem.map(std::slice::from_ref).unwrap_or_default();
                saving = saving
                    .bind(change.reference.as_str())
                    .bind(change.machine.state.name())
                    .bind(change.machine.encode())
                    .bind(problems_to_json(problem)?)
                    .bind(change.machine.state.record_no());
            }
            let saving = saving.bind(at_ms).bind(at_ms).bind(lease.fence).bind(company);
            let saving = saving.bind(self.customer_id().as_str()).bind(lease.fence);
            let saved = saving.execute(self.connection()).await.map_err(failed("saving postings"))?;
            if saved.rows_affected() != batch.len() as u64 {
                let id = batch.iter().map(|change| change.reference.as_str()).collect::<Vec<_>>().join(" or ");
                return Err(StoreError::NotFound { what: "posting", id });
            }
        }
        Ok(())
    }

    /// The error that names the first of a batch that was there before the numbers of this batch.
    async fn existing(&mut self, batch: &[NewPosting<'_>], first_no: i64) -> Result<StoreError, StoreError> {
        let customer = self.customer_id().clone();
        let own = first_no..first_no.saturating_add(i64::try_from(batch.len()).unwrap_or(i64::MAX));
        for posting in batch {
            let PlannedEntry { key, reference, .. } = posting.planned;
            let finding = sql::query_scalar::<i64>(FIND_NO);
            let finding = finding.bind(customer.as_str()).bind(&key.company).bind(reference.as_str());
            let found = finding.fetch_optional(self.connection()).await.map_err(failed("looking up a posting"))?;
            if found.is_some_and(|posting_no| !own.contains(&posting_no)) {
                return Ok(StoreError::PostingExists { reference: reference.to_string() });
            }
        }
        Ok(StoreError::PostingExists { reference: "that stands twice in one batch".to_owned() })
    }
}

const WHOLE_REPORT: &str = "whole_report";

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Fund(fund_source) => fund_source.name(),
        Scope::WholeReport => WHOLE_REPORT,
    }
}

fn parse_scope(name: &str) -> Option<Scope> {
    if name == WHOLE_REPORT { Some(Scope::WholeReport) } else { FundSource::parse(name).map(Scope::Fund) }
}
