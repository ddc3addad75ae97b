//! Settles what is in doubt: reads the ledger for every posting whose look is due, and gathers what may be sent now.
//! An outcome is never assumed.

use std::collections::HashMap;

use accounting::Code;
use accounting::identity::{Kind, Reference};
use accounting::posting::{Due, Event, RejectClass, State};
use serde_json::json;

use super::entry::{Entry, ReportEntries, change, entry, moved};
use super::lane::Lane;
use super::supersede::newest_of;
use super::{ACTOR, Work, WorkError};
use crate::store::{AuditEvent, InboxState, StoredPosting};
use crate::systems::Destination;

/// Postings read in one page, and looked for in one request.
const PAGE: u32 = 50;

/// What is left to do.
#[derive(Debug, Default)]
pub struct Pending {
    /// Outcomes that are unknown, or proven absent and not sent again yet.
    pub in_doubt: usize,
    /// When the next look or attempt is due (epoch milliseconds), if anything waits.
    pub next_ms: Option<i64>,
    /// Whether something moved, so that there may be more to do at once.
    pub moved: bool,
}

impl Pending {
    fn wait_until(&mut self, at_ms: i64) {
        self.next_ms = Some(self.next_ms.map_or(at_ms, |known_ms| known_ms.min(at_ms)));
    }
}

impl<S: Sync, D: Destination> Work<'_, S, D> {
    /// One pass over everything in doubt.
    ///
    /// # Errors
    /// The fault of the ledger, and those of the store.
    pub async fn resolve(&self, lane: &Lane) -> Result<Pending, WorkError> {
        let mut pending = Pending::default();
        let states = ["unknown", "rejected", "absent"];
        let mut after = None;
        loop {
            let page = self.customer.postings_in(self.destination.company(), &states, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(pending) };
            after = Some(last.reference.clone());
            let own = page.into_iter().filter(|posting| posting.flow == self.flow_id);
            let mut due: Vec<ReportEntries> = Vec::new();
            for posting in own {
                self.sort(posting, &mut due, &mut pending, lane).await?;
            }
            if due.is_empty() {
                continue;
            }
            self.look(lane, &mut due).await?;
            pending.moved = true;
            let now_ms = self.clock.now_ms();
            for entry in due.iter().flat_map(|report| &report.entries) {
                self.note(entry, now_ms, &mut pending);
            }
        }
    }

    /// Puts a posting where it belongs: among those to look for now, or among those to wait for.
    async fn sort(
        &self,
        posting: StoredPosting,
        due: &mut Vec<ReportEntries>,
        pending: &mut Pending,
        lane: &Lane,
    ) -> Result<(), WorkError> {
        let now_ms = self.clock.now_ms();
        let report_id = posting.key.report.clone();
        let mut entry = entry(posting, bytes::Bytes::new());
        // A refusal for an unrecognised cause may be that of a second copy, while the first one stands: one look at
        // once tells most of the time.
        let may_be_copy = matches!(entry.machine.state, State::Rejected { .. }) && entry.machine.looks.made == 0;
        match entry.machine.due(now_ms, &self.rules) {
            Due::LookAt(at_ms) if at_ms <= now_ms || may_be_copy => match due.last_mut() {
                Some(report) if report.report_id == report_id => report.entries.push(entry),
                _ => due.push(ReportEntries { report_id, entries: vec![entry], shown_ms: 0 }),
            },
            Due::Release => {
                entry.machine = moved(&entry, Event::Released { at_ms: now_ms }, self)?;
                let lease = lane.lease().await;
                let mut tx = self.customer.begin().await?;
                tx.save_postings(&lease, self.destination.company(), &[change(&entry)], now_ms).await?;
                let detail = json!({ "state": entry.machine.state.name() });
                let event = AuditEvent::new(ACTOR, "posting.released", entry.reference.as_str(), detail);
                tx.commit(now_ms, vec![event]).await?;
                pending.moved = true;
            }
            _ => self.note(&entry, now_ms, pending),
        }
        Ok(())
    }

    fn note(&self, entry: &Entry, now_ms: i64, pending: &mut Pending) {
        match entry.machine.due(now_ms, &self.rules) {
            Due::LookAt(at_ms) | Due::Later(at_ms) => match entry.machine.state {
                State::Unknown | State::Absent => {
                    pending.in_doubt += 1;
                    pending.wait_until(at_ms);
                }
                State::Rejected { class: RejectClass::RateLimit, .. } => {
                    pending.in_doubt += 1;
                    pending.wait_until(at_ms);
                }
                // A refusal that a person mends is checked once more in a later run.
                _ => {}
            },
            Due::LookFirst | Due::Send => pending.moved = true,
            Due::Release | Due::Nothing | Due::Person(_) => {}
        }
    }

    /// A page of entries that may be sent once more, or were frozen by an earlier run and not sent: whole reports only,
    /// and only as the source showed them since `shown_since_ms`.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn left_over(
        &self,
        after: &mut Option<String>,
        shown_since_ms: i64,
    ) -> Result<Vec<ReportEntries>, WorkError> {
        let company = self.destination.company();
        let from = after.as_deref().and_then(Reference::parse);
        let page = self.customer.postings_in(company, &["frozen", "absent"], from.as_ref(), PAGE).await?;
        let Some(last) = page.last() else {
            *after = None;
            return Ok(Vec::new());
        };
        *after = Some(last.reference.to_string());
        let now_ms = self.clock.now_ms();
        let mut reports: Vec<ReportEntries> = Vec::new();
        // Corrections go out by a person's decision, whatever the source shows.
        let is_own = |posting: &StoredPosting| posting.flow == self.flow_id && posting.key.kind == Kind::Entry;
        for posting in page.into_iter().filter(is_own) {
            if let Some(report) = self.whole_report(&posting, now_ms, shown_since_ms).await? {
                reports.push(report);
            }
        }
        let entries = || reports.iter().flat_map(|report| &report.entries);
        let references: Vec<&Reference> = entries().map(|entry| &entry.reference).collect();
        let payloads: HashMap<Reference, Vec<u8>> =
            self.customer.payloads(company, &references).await?.into_iter().collect();
        for entry in reports.iter_mut().flat_map(|report| &mut report.entries) {
            entry.payload = payloads.get(&entry.reference).cloned().unwrap_or_default().into();
        }
        Ok(reports)
    }

    /// The unsettled entries of a posting's report, without their bytes, if all of them may be sent: all go together,
    /// or none. They are given for the first of them alone, wherever a page ends. What the ledger rolled back beside a
    /// refused sibling goes with it.
    async fn whole_report(
        &self,
        posting: &StoredPosting,
        now_ms: i64,
        shown_since_ms: i64,
    ) -> Result<Option<ReportEntries>, WorkError> {
        let Some(report) = self.customer.report(&self.flow_id, &posting.key.report).await? else { return Ok(None) };
        // Changed, taken back or gone: what was frozen is not what was approved. Not shown lately: nobody knows.
        let stands = matches!(report.state, InboxState::Ready | InboxState::Unknown | InboxState::Rejected);
        let taken = self.flow.mapping.selection.states.values().any(|states| states.contains(&report.source_state));
        let shown = report.seen_ms >= shown_since_ms && report.content_hash == posting.content_hash;
        let waits = report.problems.iter().any(|problem| problem.code == Code::WaitsForRelease);
        if !(stands && taken && shown) || (waits && report.state == InboxState::Ready) {
            return Ok(None);
        }
        let mut entries = Vec::new();
        let mut first = None;
        let mut all = self.customer.postings_of(&self.flow_id, &posting.key.report).await?;
        all.retain(|sibling| sibling.key.kind == Kind::Entry);
        for sibling in newest_of(all) {
            if sibling.machine.state.is_final() {
                continue;
            }
            let mut entry = entry(sibling, bytes::Bytes::new());
            if matches!(entry.machine.state, State::Rejected { class: RejectClass::Sibling, .. }) {
                entry.machine = moved(&entry, Event::Released { at_ms: now_ms }, self)?;
            } else {
                first.get_or_insert_with(|| entry.reference.clone());
            }
            if !matches!(entry.machine.due(now_ms, &self.rules), Due::LookFirst | Due::Send) {
                return Ok(None);
            }
            entries.push(entry);
        }
        let report_id = posting.key.report.clone();
        let whole = ReportEntries { report_id, entries, shown_ms: report.seen_ms };
        Ok((first.as_ref() == Some(&posting.reference)).then_some(whole))
    }
}
