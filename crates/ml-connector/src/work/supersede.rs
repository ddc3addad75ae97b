//! What may be made of a report that already has postings: nothing, if they are what would be made again; a new
//! generation, if nothing of the old one is booked or under way; else a person decides. The old bytes are never changed.

use accounting::posting::{Due, Event, Posting, State};
use accounting::{Code, Problem};
use serde_json::json;

use super::entry::entry;
use super::entry::{Entry, ReportEntries, audit_action, change, moved};
use super::lane::Lane;
use super::{ACTOR, Work, WorkError};
use crate::store::{AuditEvent, InboxState, PostingChange, StoredPosting};
use crate::systems::Destination;

/// How a report's postings stand to what was just made of it.
#[derive(Debug)]
pub enum Standing {
    /// They are the same, or not to be touched: the report stands where they stand.
    Keep(InboxState),
    /// They stand, and there is more to post: a fund source that was not taken before.
    Extend,
    /// Nothing of them is booked or under way: they are withdrawn, and this generation may follow.
    Replace {
        /// The generation that may follow.
        generation: u8,
    },
    /// Something of them is booked or may be: a person decides.
    Drift,
}

impl<S: Sync, D: Destination> Work<'_, S, D> {
    /// Compares the newest generation of a report's postings with the hashes that would be frozen now, in order;
    /// withdraws or releases them accordingly.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn standing(
        &self,
        lane: &Lane,
        existing: Vec<StoredPosting>,
        made: Option<&[[u8; 32]]>,
    ) -> Result<Standing, WorkError> {
        let newest = existing.iter().map(|posting| posting.key.generation).max().unwrap_or_default();
        let latest: Vec<StoredPosting> =
            existing.into_iter().filter(|posting| posting.key.generation == newest).collect();
        // What this very run has frozen is on its way; a change that came meanwhile is for the next run.
        let on_its_way = latest.iter().any(|posting| posting.frozen_ms >= self.began_ms);
        let same = made.is_some_and(|made| {
            made.len() == latest.len() && latest.iter().all(|posting| made.contains(&posting.payload_sha256))
        });
        let withdrawn = latest.iter().any(|posting| is_withdrawn(&posting.machine));
        if on_its_way || (same && !withdrawn) {
            return self.keep_postings(lane, latest).await.map(Standing::Keep);
        }
        let stand = latest.iter().all(|posting| matches!(posting.machine.state, State::Posted { .. }));
        let within = made.is_some_and(|made| latest.iter().all(|posting| made.contains(&posting.payload_sha256)));
        if stand && within {
            return Ok(Standing::Extend);
        }
        if !latest.iter().all(|posting| self.may_be_replaced(&posting.machine)) {
            return Ok(Standing::Drift);
        }
        self.withdraw(lane, latest).await?;
        Ok(Standing::Replace { generation: newest.saturating_add(1) })
    }

    fn may_be_replaced(&self, machine: &Posting) -> bool {
        let never_sent = machine.attempts == 0 && matches!(machine.state, State::Frozen);
        never_sent || is_withdrawn(machine) || machine.is_replaceable()
    }

    /// Lets refused entries go on with the same bytes: what refused them may have been mended in the ledger. The
    /// machine holds what is refused again and again.
    async fn keep_postings(&self, lane: &Lane, latest: Vec<StoredPosting>) -> Result<InboxState, WorkError> {
        let now_ms = self.clock.now_ms();
        let mut report = ReportEntries { report_id: String::new(), entries: Vec::new() };
        let mut released = Vec::new();
        for posting in latest {
            let mut kept = entry(posting, bytes::Bytes::new());
            let refused = matches!(kept.machine.state, State::Rejected { .. });
            if refused && !matches!(kept.machine.due(now_ms, &self.rules), Due::LookAt(_)) {
                kept.machine = moved(&kept, Event::Released { at_ms: now_ms }, self)?;
                released.push(report.entries.len());
            }
            report.entries.push(kept);
        }
        let moved: Vec<&Entry> = released.iter().map(|index| &report.entries[*index]).collect();
        self.save(lane, &moved, "posting.released", None).await?;
        Ok(report.state())
    }

    async fn withdraw(&self, lane: &Lane, latest: Vec<StoredPosting>) -> Result<(), WorkError> {
        let mut withdrawn = Vec::new();
        for posting in latest {
            let mut old = entry(posting, bytes::Bytes::new());
            if matches!(old.machine.state, State::Frozen | State::Absent | State::Rejected { .. }) {
                old.machine = moved(&old, Event::Withheld { code: Code::ContentChanged }, self)?;
                withdrawn.push(old);
            }
        }
        let detail = "the report or the mapping changed before anything of it was booked";
        let problem = Problem::of_report(Code::ContentChanged, "", detail);
        self.save(lane, &withdrawn.iter().collect::<Vec<_>>(), "posting.withdrawn", Some(&problem)).await
    }

    async fn save(
        &self,
        lane: &Lane,
        entries: &[&Entry],
        action: &'static str,
        problem: Option<&Problem>,
    ) -> Result<(), WorkError> {
        if entries.is_empty() {
            return Ok(());
        }
        let at_ms = self.clock.now_ms();
        let lease = lane.lease().await;
        let changes: Vec<PostingChange<'_>> =
            entries.iter().map(|entry| PostingChange { problem, ..change(entry) }).collect();
        let mut tx = self.customer.begin().await?;
        tx.save_postings(&lease, self.destination.company(), &changes, at_ms).await?;
        let events = entries.iter().map(|entry| {
            let state = &entry.machine.state;
            let detail = json!({ "state": state.name(), "reached": audit_action(state) });
            AuditEvent::new(ACTOR, action, entry.reference.as_str(), detail)
        });
        tx.commit(at_ms, events.collect()).await?;
        Ok(())
    }
}

fn is_withdrawn(machine: &Posting) -> bool {
    matches!(machine.state, State::Held { code: Code::ContentChanged })
}
