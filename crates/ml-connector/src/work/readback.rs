//! Reads the ledger for entries of ours: before a first send, and whenever an outcome is unknown. What is found there
//! is compared line by line with what was frozen; it is taken over only if it is the same.

use std::collections::{BTreeMap, BTreeSet};

use accounting::posting::{Event, Finding, State};
use accounting::{Amount, Code, Currency, Direction, Problem};
use serde_json::json;
use tracing::{Instrument as _, info_span};

use super::entry::{Entry, ReportEntries, audit_action, change, entry as stored_entry, moved};
use super::lane::Lane;
use super::progress::Step;
use super::supersede::newest_of;
use super::way::Steps;
use super::{ACTOR, Work, WorkError};
use crate::store::{AuditEvent, InboxState, PostingChange, StoredLine, StoredPosting};
use crate::systems::{Destination, Found, LedgerEntry, LedgerLine, plain_decimals};

impl<S: Sync, D: Destination> Work<'_, S, D> {
    /// Looks for the entries of a group, tells each machine what was found, and commits what that changed. The number
    /// of reports that turned out to be in the ledger.
    ///
    /// # Errors
    /// The fault of the ledger: nothing was learned. Those of the store.
    pub async fn look(&self, lane: &Lane, group: &mut [ReportEntries]) -> Result<u64, WorkError> {
        let entries = group.iter().map(|report| report.entries.len()).sum::<usize>();
        self.read_back(lane, group).instrument(info_span!("look", entries)).await
    }

    async fn read_back(&self, lane: &Lane, group: &mut [ReportEntries]) -> Result<u64, WorkError> {
        let steps = Steps::look(group);
        let journals: BTreeSet<String> =
            group.iter().flat_map(|report| &report.entries).map(|entry| entry.journal.clone()).collect();
        let mut controls = BTreeMap::new();
        for journal in journals {
            if let Some(record_no) = self.control(&journal).await? {
                controls.insert(journal, record_no);
            }
        }
        let families: BTreeSet<String> = group
            .iter()
            .flat_map(|report| &report.entries)
            .map(|entry| entry.reference.family_prefix().to_owned())
            .collect();
        let families: Vec<String> = families.into_iter().collect();
        let control_nos: Vec<String> = controls.values().cloned().collect();
        let at_ms = self.clock.now_ms();
        let found = self.destination.find(&families, &control_nos).await?;
        let seen: BTreeSet<&String> =
            controls.iter().filter(|(_, no)| found.controls_seen.contains(*no)).map(|(journal, _)| journal).collect();
        for journal in controls.keys().filter(|journal| !seen.contains(journal)) {
            self.replace_control(journal).await?;
        }
        let record_nos: Vec<String> = found.entries.iter().map(|entry| entry.record_no.clone()).collect();
        let lines = if record_nos.is_empty() { BTreeMap::new() } else { self.destination.lines(&record_nos).await? };
        let mut changed = BTreeSet::new();
        for report in &mut *group {
            let strangers = self.strangers(report, &found).await?;
            for entry in &mut report.entries {
                let controlled = seen.contains(&entry.journal);
                let finding = self.finding(entry, &found, &lines, &strangers, controlled).await?;
                let before = entry.machine.state.clone();
                entry.machine = self.looked(entry, at_ms, finding).await?;
                // Looks into a doubt count towards its end, so they are kept even where they settle nothing.
                let doubted = matches!(before, State::Unknown | State::Rejected { .. } | State::Held { .. });
                if entry.machine.state != before || doubted {
                    changed.insert(entry.reference.to_string());
                }
            }
        }
        steps.stand_as(group);
        self.keep_looks(lane, group, &changed, at_ms).await
    }

    async fn looked(
        &self,
        entry: &Entry,
        at_ms: i64,
        finding: Finding,
    ) -> Result<accounting::posting::Posting, WorkError> {
        // Only an attempt can have been observed; most postings are looked for before their first one.
        if entry.machine.attempts == 0 {
            return moved(entry, Event::Looked { at_ms, finding, observations: 0 }, self);
        }
        let observed = self.customer.observations_of(&entry.reference, entry.machine.observations).await?;
        let mut next = entry.machine.clone();
        for seen in observed {
            let event = Event::Observed { at_ms: seen.at_ms, observation: seen.observation };
            let told = Entry { machine: next, ..copy(entry) };
            next = moved(&told, event, self)?;
        }
        let told = Entry { machine: next, ..copy(entry) };
        let observations = told.machine.observations;
        moved(&told, Event::Looked { at_ms, finding, observations }, self)
    }

    /// Entries of the report's family that this database does not know: another installation's, or a lost database's.
    async fn strangers(&self, report: &ReportEntries, found: &Found) -> Result<Vec<LedgerEntry>, WorkError> {
        let Some(first) = report.entries.first() else { return Ok(Vec::new()) };
        let family = first.reference.family_prefix();
        let of_family: Vec<&LedgerEntry> =
            found.entries.iter().filter(|entry| entry.reference.starts_with(family)).collect();
        if of_family.is_empty() {
            return Ok(Vec::new());
        }
        let known = self.customer.postings_of(&self.flow_id, &report.report_id).await?;
        let newest = known.iter().map(|posting| posting.key.generation).max();
        // An entry of an older generation that we never knew as posted may not be there: it is somebody else's.
        let expected =
            |posting: &StoredPosting| Some(posting.key.generation) == newest || posting.machine.state.is_final();
        let is_known = |entry: &&LedgerEntry| {
            known.iter().any(|posting| posting.reference.as_str() == entry.reference && expected(posting))
        };
        Ok(of_family.into_iter().filter(|entry| !is_known(entry)).cloned().collect())
    }

    async fn finding(
        &self,
        entry: &Entry,
        found: &Found,
        lines: &BTreeMap<String, Vec<LedgerLine>>,
        strangers: &[LedgerEntry],
        positive_control: bool,
    ) -> Result<Finding, WorkError> {
        let hits: Vec<&LedgerEntry> =
            found.entries.iter().filter(|hit| hit.reference == entry.reference.as_str()).collect();
        Ok(match (hits.as_slice(), strangers) {
            ([], []) => Finding::None { positive_control },
            ([], [stranger, ..]) => Finding::One { record_no: stranger.record_no.clone(), equal: false },
            ([hit], _) => {
                let frozen = self.customer.posting_lines(self.destination.company(), &entry.reference).await?;
                let there = lines.get(&hit.record_no).map(Vec::as_slice).unwrap_or_default();
                let same_header = hit.journal == entry.journal && hit.date.is_none_or(|date| date == entry.date);
                let equal = same_header && equal_lines(entry.currency, &frozen, there);
                Finding::One { record_no: hit.record_no.clone(), equal }
            }
            (many, _) => Finding::Many { record_nos: many.iter().map(|hit| hit.record_no.clone()).collect() },
        })
    }

    /// Where a report stands by all its entries, of which some may not be in the group.
    pub(super) async fn state_of(&self, report: &ReportEntries) -> Result<InboxState, WorkError> {
        let stored = newest_of(self.customer.postings_of(&self.flow_id, &report.report_id).await?);
        let is_here = |posting: &StoredPosting| report.entries.iter().any(|entry| entry.reference == posting.reference);
        let others = stored.into_iter().filter(|posting| !is_here(posting));
        let mut entries: Vec<Entry> = report.entries.iter().map(copy).collect();
        entries.extend(others.map(|posting| stored_entry(posting, bytes::Bytes::new())));
        Ok(ReportEntries { report_id: report.report_id.clone(), entries, shown_ms: 0 }.state())
    }

    /// One commit of what a look changed.
    async fn keep_looks(
        &self,
        lane: &Lane,
        group: &[ReportEntries],
        changed: &BTreeSet<String>,
        at_ms: i64,
    ) -> Result<u64, WorkError> {
        let is_changed = |entry: &&Entry| changed.contains(entry.reference.as_str());
        if changed.is_empty() {
            return Ok(0);
        }
        let lease = lane.lease().await;
        let moved: Vec<&Entry> = group.iter().flat_map(|report| &report.entries).filter(is_changed).collect();
        let problems: Vec<Option<Problem>> = moved.iter().map(|entry| problem(entry)).collect();
        let changes: Vec<PostingChange<'_>> = moved
            .iter()
            .zip(&problems)
            .map(|(entry, problem)| PostingChange { problem: problem.as_ref(), ..change(entry) })
            .collect();
        let mut reports: Vec<(&str, InboxState)> = Vec::new();
        for report in group.iter().filter(|report| report.entries.iter().any(|entry| is_changed(&entry))) {
            reports.push((report.report_id.as_str(), self.state_of(report).await?));
        }
        let mut tx = self.customer.begin().await?;
        tx.save_postings(&lease, self.destination.company(), &changes, at_ms).await?;
        tx.move_reports(&self.flow_id, &reports, at_ms).await?;
        let events = moved.iter().map(|entry| {
            let state = &entry.machine.state;
            let detail = json!({
                "learned": "read back from the ledger",
                "state": state.name(),
                "record_no": state.record_no(),
                "looks": entry.machine.looks.made,
            });
            AuditEvent::new(ACTOR, audit_action(state), entry.reference.as_str(), detail)
        });
        tx.commit(at_ms, events.collect()).await?;
        let settled = moved.iter().filter(|entry| entry.machine.state.is_final()).count();
        self.progress.tell(Step::Settled(settled));
        Ok(reports.iter().filter(|(_, state)| *state == InboxState::Posted).count() as u64)
    }
}

fn copy(entry: &Entry) -> Entry {
    Entry {
        reference: entry.reference.clone(),
        journal: entry.journal.clone(),
        date: entry.date,
        payload: entry.payload.clone(),
        sha256: entry.sha256,
        currency: entry.currency,
        machine: entry.machine.clone(),
        problem: entry.problem.clone(),
    }
}

/// What to show with a posting that a look has moved.
fn problem(entry: &Entry) -> Option<Problem> {
    let (value, detail) = match &entry.machine.state {
        State::Conflict { record_no } => {
            (record_no.clone(), format!("the ledger's entry {record_no} is not what was frozen"))
        }
        State::Duplicate { record_nos } => {
            let all = record_nos.join(", ");
            (all.clone(), format!("the ledger holds {all}"))
        }
        State::Held { code: Code::OutcomeUndecidable } => {
            (entry.reference.to_string(), "it was not found, and nothing else proves that it would be".to_owned())
        }
        // A look that settled nothing leaves what was said before.
        state => return entry.problem.clone().filter(|problem| state.code() == Some(problem.code)),
    };
    entry.machine.state.code().map(|code| Problem::of_report(code, value, detail))
}

/// Whether the ledger's lines are the frozen ones, in any order. What the ledger adds by itself, such as the customer
/// of a project, is no difference; what it lacks or changed is one.
pub fn equal_lines(currency: Currency, frozen: &[StoredLine], there: &[LedgerLine]) -> bool {
    let mut left: Vec<&LedgerLine> = there.iter().collect();
    frozen.len() == there.len()
        && frozen.iter().all(|line| {
            let position = left.iter().position(|candidate| equal_line(currency, line, candidate));
            position.map(|position| left.swap_remove(position)).is_some()
        })
}

fn equal_line(currency: Currency, frozen: &StoredLine, there: &LedgerLine) -> bool {
    let direction = if there.direction == Direction::Credit { "credit" } else { "debit" };
    let amount = plain_decimals(&Amount::new(frozen.amount_minor, currency).decimals());
    let same_currency = there.currency.as_deref().is_none_or(|code| code == currency.code());
    let of_dimension = |name: &str| accounting::Dimension::parse(name).and_then(|d| there.dimensions.get(&d).cloned());
    frozen.account == there.account
        && frozen.direction == direction
        && amount == there.amount
        && same_currency
        && frozen.dimensions.iter().all(|(name, value)| {
            // The company's own dimensions are not read back.
            name.starts_with("custom.") || of_dimension(name).as_ref() == Some(value)
        })
}
