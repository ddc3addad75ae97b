//! What this service asks of the systems at both ends, in its own words. One adapter a vendor translates between
//! these words and the vendor's client, and alone turns the client's facts into verdicts. No adapter decides what is
//! posted, and none touches the store.

pub mod connect;
pub mod expensify;
pub mod intacct;
pub mod shared;

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::future::Future;

use accounting::posting::Reply;
use accounting::translate::PlannedEntry;
use accounting::{Chart, Code, Date, Dimension, Direction, ExpenseReport, Problem, ReportState};
use bytes::Bytes;

/// A system did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{code} {}: {detail}", code.title())]
pub struct Fault {
    /// Which kind; its remedy is in the table.
    pub code: Code,
    /// What was seen.
    pub detail: String,
    /// Whether the same request may work later without anybody's help.
    pub retryable: bool,
    /// The cause below, for the log.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Fault {
    /// As a problem to show.
    pub fn problem(&self) -> Problem {
        Problem::of_report(self.code, "", self.detail.clone())
    }
}

/// Which reports are wanted of a source.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Those in these states whose approval (or submission, where there is none) lies between two days, both included.
    Period {
        /// First day.
        from: Date,
        /// Last day: today.
        to: Date,
        /// States.
        states: Vec<ReportState>,
        /// Workspaces; empty for all.
        policies: Vec<String>,
    },
    /// These, in whatever state they are now.
    Reports(Vec<String>),
}

/// One report as it arrived.
#[derive(Debug)]
pub struct Incoming {
    /// The exact bytes, for the inbox.
    pub raw: Vec<u8>,
    /// What they say.
    pub report: ExpenseReport,
}

/// What a source's stream yields.
#[derive(Debug)]
pub enum Arrival {
    /// A report.
    Report(Box<Incoming>),
    /// A record that is no report; the stream goes on behind it.
    Unreadable {
        /// The report's id, where it could be read.
        report: Option<String>,
        /// What is wrong.
        problem: Problem,
    },
}

/// A system that holds expense reports. Strictly read-only: nothing here could change one.
pub trait Source: Sync {
    /// Reports as they arrive, never more than one held at a time.
    type Arrivals: Arrivals;

    /// Begins to read.
    fn read(&self, wanted: &Wanted) -> Self::Arrivals;

    /// Reads again what `Incoming::raw` held.
    fn report_of(&self, raw: &[u8]) -> Result<ExpenseReport, Problem>;

    /// Requests made so far.
    fn requests(&self) -> u64;
}

/// Reports as they arrive.
pub trait Arrivals: Send {
    /// The next one; `None` at the end. After an error there is nothing more.
    fn next(&mut self) -> impl Future<Output = Result<Option<Arrival>, Fault>> + Send;
}

/// An entry that the ledger shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The ledger's own number of it.
    pub record_no: String,
    /// Reference as it came back.
    pub reference: String,
    /// Journal symbol.
    pub journal: String,
    /// Posting date, where it was readable.
    pub date: Option<Date>,
    /// The ledger's word for its state.
    pub state: String,
    /// Its title.
    pub title: String,
}

/// A line that the ledger shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LedgerLine {
    /// Account number.
    pub account: String,
    /// Side.
    pub direction: Direction,
    /// Amount as decimals without trailing zeros.
    pub amount: String,
    /// Currency, where the ledger tells.
    pub currency: Option<String>,
    /// Dimension values that are set.
    pub dimensions: BTreeMap<Dimension, String>,
    /// Memo.
    pub memo: String,
    /// Document number.
    pub document: String,
}

/// The document number of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerDocument {
    /// The ledger's number of the line.
    pub line_no: String,
    /// The ledger's number of its entry.
    pub record_no: String,
    /// Document number.
    pub document: String,
}

/// What a search by reference brought.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Entries of the families asked for.
    pub entries: Vec<LedgerEntry>,
    /// Which of the entries given as positive controls were among the rows.
    pub controls_seen: Vec<String>,
}

/// An entry on its way out.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Idempotency key.
    pub control_id: String,
    /// The frozen bytes.
    pub payload: Bytes,
}

/// What came of one request that carried several entries.
#[derive(Debug)]
pub struct Sent {
    /// How it ended, entry by entry.
    pub answer: Reply<String>,
    /// The words to show for each entry that did not succeed, by control id; the key of the empty text speaks of the
    /// whole request.
    pub details: BTreeMap<String, String>,
    /// The reply as received, secrets masked, at most 64 KiB.
    pub reply: String,
    /// HTTP status, where there was one.
    pub http_status: Option<u16>,
    /// The outcome of the whole in a word or a sentence.
    pub outcome: String,
    /// What stops this company's lane: wrong credentials, a rate limit.
    pub stop: Option<Fault>,
}

/// A ledger.
pub trait Destination: Sync {
    /// The company there; part of every identity.
    fn company(&self) -> &str;

    /// Reads everything an allocation is validated against.
    fn read_chart(&self) -> impl Future<Output = Result<Chart, Fault>> + Send;

    /// The exact bytes of an entry. Pure: the same entry gives the same bytes.
    ///
    /// # Errors
    /// The problem, where a text or an amount cannot be written.
    fn render(&self, planned: &PlannedEntry) -> Result<Vec<u8>, Problem>;

    /// What stands before and after the entries in a request, secrets masked.
    fn masked_envelope(&self, request_id: &str, all_or_none: bool) -> (String, String);

    /// The entity worked in; empty at the top level.
    fn entity(&self) -> &str;

    /// All entries whose reference begins with one of `families`, and which of the control entries are seen with them.
    fn find(&self, families: &[String], controls: &[String]) -> impl Future<Output = Result<Found, Fault>> + Send;

    /// One page of the entries of all journals that are dated between two days, both included: those behind the record
    /// number `after`. The last page is empty.
    fn entries_between(
        &self,
        from: Date,
        to: Date,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Vec<LedgerEntry>, Fault>> + Send;

    /// As [`Destination::entries_between`], but only entries whose reference begins with `prefix`.
    fn referenced_between(
        &self,
        prefix: &str,
        from: Date,
        to: Date,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Vec<LedgerEntry>, Fault>> + Send;

    /// One page of the lines dated between two days, both included, whose document number begins with `prefix`: those
    /// behind the line number `after`. The last page is empty.
    fn documents_between(
        &self,
        prefix: &str,
        from: Date,
        to: Date,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Vec<LedgerDocument>, Fault>> + Send;

    /// The ledger's clock, in milliseconds since 1970, where it tells.
    fn time_ms(&self) -> impl Future<Output = Result<Option<i64>, Fault>> + Send;

    /// The newest entry of a journal, as a positive control.
    fn any_entry(&self, journal: &str) -> impl Future<Output = Result<Option<String>, Fault>> + Send;

    /// The lines of entries, by record number.
    fn lines(
        &self,
        record_nos: &[String],
    ) -> impl Future<Output = Result<BTreeMap<String, Vec<LedgerLine>>, Fault>> + Send;

    /// Sends entries in one request; with `all_or_none` in one transaction. Never repeats by itself.
    fn send(&self, request_id: &str, entries: &[Outgoing], all_or_none: bool) -> impl Future<Output = Sent> + Send;

    /// Requests made so far.
    fn requests(&self) -> u64;
}

/// Decimals without trailing zeros, so that `12.5` and `12.50` are the same amount.
pub fn plain_decimals(text: &str) -> String {
    let text = text.trim().trim_start_matches('+');
    match text.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        None => text.to_owned(),
    }
}
