//! Frozen entries on their way, and how they move: what the stages of posting hand to each other.

use accounting::identity::Reference;
use accounting::posting::{Event, IllegalMove, Posting, State};
use accounting::{Code, Currency, Date, Problem};
use bytes::Bytes;

use super::{Work, WorkError};
use crate::store::{InboxState, PostingChange, StoredPosting};

/// The entries of one report.
#[derive(Debug)]
pub struct ReportEntries {
    /// The report.
    pub report_id: String,
    /// Its entries that are to be sent.
    pub entries: Vec<Entry>,
    /// When the source last showed it, in epoch milliseconds.
    pub shown_ms: i64,
}

/// A frozen entry.
#[derive(Debug)]
pub struct Entry {
    /// Its reference.
    pub reference: Reference,
    /// Its journal.
    pub journal: String,
    /// Its posting date.
    pub date: Date,
    /// The bytes.
    pub payload: Bytes,
    /// Their hash, as it was frozen.
    pub sha256: [u8; 32],
    /// Currency of its lines.
    pub currency: Currency,
    /// Where it stands.
    pub machine: Posting,
    /// What was last shown with it.
    pub problem: Option<Problem>,
}

impl ReportEntries {
    /// Where the report stands, by its entries.
    pub fn state(&self) -> InboxState {
        let handled = |entry: &Entry| entry.machine.state == State::Held { code: Code::HandledElsewhere };
        let any_handled = self.entries.iter().any(handled);
        if any_handled && self.entries.iter().all(|entry| handled(entry) || entry.machine.state.is_final()) {
            return if self.entries.iter().all(handled) { InboxState::Skipped } else { InboxState::Posted };
        }
        let any = |wanted: fn(&State) -> bool| self.entries.iter().any(|entry| wanted(&entry.machine.state));
        if any(|state| matches!(state, State::Conflict { .. } | State::Duplicate { .. })) {
            InboxState::Conflict
        } else if any(|state| matches!(state, State::Unknown | State::Sending | State::Absent)) {
            InboxState::Unknown
        } else if any(|state| matches!(state, State::Rejected { .. } | State::Held { .. })) {
            InboxState::Rejected
        } else if any(|state| matches!(state, State::Frozen)) {
            InboxState::Ready
        } else {
            InboxState::Posted
        }
    }
}

/// The machine after an event.
///
/// # Errors
/// [`WorkError::Protocol`] for a move that is not allowed.
pub fn moved<S, D>(entry: &Entry, event: Event, work: &Work<'_, S, D>) -> Result<Posting, WorkError> {
    let broken = |source: IllegalMove| WorkError::Protocol { reference: entry.reference.to_string(), source };
    entry.machine.on(event, &work.rules).map_err(broken)
}

/// A posting's change without a problem.
pub fn change(entry: &Entry) -> PostingChange<'_> {
    PostingChange { reference: &entry.reference, machine: &entry.machine, problem: None }
}

/// The audit's word for a state that was reached.
pub const fn audit_action(state: &State) -> &'static str {
    match state {
        State::Posted { .. } => "posting.posted",
        State::Rejected { .. } => "posting.rejected",
        State::Held { .. } => "posting.held",
        State::Unknown => "posting.unknown",
        State::Absent => "posting.absent",
        State::Conflict { .. } => "posting.conflict",
        State::Duplicate { .. } => "posting.duplicate",
        State::Reversed { .. } => "posting.reversed",
        State::Frozen => "posting.not_sent",
        State::Sending => "posting.sending",
    }
}

/// A stored posting as an entry; without its bytes where nothing is to be sent.
pub fn entry(posting: StoredPosting, payload: Bytes) -> Entry {
    Entry {
        currency: posting.total.currency,
        reference: posting.reference,
        journal: posting.journal,
        date: posting.posting_date,
        payload,
        sha256: posting.payload_sha256,
        machine: posting.machine,
        problem: posting.problem,
    }
}
