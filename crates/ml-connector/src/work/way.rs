//! Spans of single reports: one for each step of a report's way, in a trace of its own that begins with its first read
//! and goes on over passes, processes and hosts. They hold ids and references and cost nothing unless somebody
//! receives traces; the log leaves them out.

use tracing::{Span, field, info_span};

use super::entry::{Entry, ReportEntries};
use super::poll::Waiting;

/// Steps of reports that end together.
pub struct Steps(Vec<Span>);

impl Steps {
    /// Reports as they are kept in the inbox.
    pub fn read<'r>(reports: impl Iterator<Item = &'r str>) -> Self {
        Self(reports.map(|report| info_span!(target: "ml_connector::way", "report.read", report)).collect())
    }

    /// Reports as they are translated.
    pub fn translate(batch: &[Waiting]) -> Self {
        let step = |waiting: &Waiting| {
            let report = waiting.report.id.as_str();
            info_span!(target: "ml_connector::way", "report.translate", report, state = field::Empty)
        };
        Self(batch.iter().map(step).collect())
    }

    /// Entries as the ledger is read for them.
    pub fn look(reports: &[ReportEntries]) -> Self {
        of_entries(
            reports,
            |report, reference| info_span!(target: "ml_connector::way", "report.look", report, reference, state = field::Empty),
        )
    }

    /// Entries as they are sent.
    pub fn send(reports: &[ReportEntries], request: &str) -> Self {
        of_entries(
            reports,
            |report, reference| info_span!(target: "ml_connector::way", "report.send", report, reference, request),
        )
    }

    /// Entries as what came of them is recorded.
    pub fn record(reports: &[ReportEntries], request: &str) -> Self {
        of_entries(reports, |report, reference| {
            let state = field::Empty;
            info_span!(target: "ml_connector::way", "report.record", report, reference, request, state)
        })
    }

    /// Where they stand now, in the order in which they were given.
    pub fn stand<'s>(&self, states: impl Iterator<Item = &'s str>) {
        for (span, state) in self.0.iter().zip(states) {
            span.record("state", state);
        }
    }

    /// Where the entries of these reports stand now.
    pub fn stand_as(&self, reports: &[ReportEntries]) {
        let entries = reports.iter().flat_map(|report| &report.entries);
        self.stand(entries.map(|entry: &Entry| entry.machine.state.name()));
    }
}

fn of_entries(reports: &[ReportEntries], step: impl Fn(&str, &str) -> Span) -> Steps {
    let entries = reports.iter().flat_map(|report| report.entries.iter().map(move |entry| (report, entry)));
    Steps(entries.map(|(report, entry)| step(&report.report_id, entry.reference.as_str())).collect())
}
