//! What a report that came in turned out to be: new, changed, or seen before. It writes nothing.

use std::collections::{HashMap, HashSet};

use super::{InboxState, KnownReport, NewReport};

/// The content of a report before it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// Number of the report in the inbox.
    pub report_no: i64,
    /// Hash of that content.
    pub content_hash: [u8; 32],
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
        /// What it was.
        before: Before,
    },
    /// Seen before, the same.
    Unchanged {
        /// Where it stands.
        state: InboxState,
        /// Generation of its postings.
        generation: u8,
        /// Whether it moved on at its source, such as from approved to reimbursed.
        moved: bool,
    },
    /// The same report comes again later in the same batch; that one counts.
    Superseded,
}

/// What each report of a batch is, from the last to the first, so that of two with one id the later counts.
pub(super) fn arrivals_of(batch: &[NewReport], known: &HashMap<String, KnownReport>) -> Vec<Arrival> {
    let mut later = HashSet::new();
    let arrival = |report: &NewReport| match known.get(&report.report_id) {
        Some(known) if known.content_hash == report.content_hash => {
            let moved = known.source_state != report.source_state;
            Arrival::Unchanged { state: known.state, generation: known.generation, moved }
        }
        Some(known) => Arrival::Changed {
            state: known.state,
            generation: known.generation,
            before: Before { report_no: known.report_no, content_hash: known.content_hash },
        },
        None => Arrival::New,
    };
    let mut arrivals: Vec<Arrival> = batch
        .iter()
        .rev()
        .map(|report| if later.insert(report.report_id.as_str()) { arrival(report) } else { Arrival::Superseded })
        .collect();
    arrivals.reverse();
    arrivals
}
