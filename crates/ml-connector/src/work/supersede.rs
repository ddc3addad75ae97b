//! What may be made of a report that already has postings: nothing, if they are what would be made again; a new
//! generation, if nothing of the old one is booked or under way; else a person decides. The old bytes are never changed.

use accounting::identity::{Kind, Reference, Scope};
use accounting::posting::{Due, Event, Posting, State};
use accounting::{Code, Problem};
use serde_json::json;

use super::entry::entry;
use super::entry::{Entry, ReportEntries, audit_action, change, moved};
use super::lane::Lane;
use super::{ACTOR, Work, WorkError};
use crate::store::{AuditEvent, InboxState, PostingChange, StoredPosting};
use crate::systems::Destination;

/// An entry as it would be frozen now.
#[derive(Debug)]
pub struct Made {
    /// Its reference.
    pub reference: Reference,
    /// What it stands for within the report.
    pub scope: Scope,
    /// Hash of its bytes.
    pub sha256: [u8; 32],
}

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
    /// Compares the newest generation of a report's postings with what would be frozen now of this content; withdraws
    /// or releases them accordingly.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn standing(
        &self,
        lane: &Lane,
        existing: Vec<StoredPosting>,
        made: Option<&[Made]>,
        content_hash: &[u8; 32],
    ) -> Result<Standing, WorkError> {
        let (reversals, content): (Vec<_>, Vec<_>) =
            existing.into_iter().partition(|posting| posting.key.kind.is_reversal());
        if let Some(standing) = corrected(&reversals, &content, made, content_hash) {
            return Ok(standing);
        }
        let latest = newest_of(content);
        let newest = latest.iter().map(|posting| posting.key.generation).max().unwrap_or_default();
        // What this very run has frozen is on its way; a change that came meanwhile is for the next run.
        let on_its_way = latest.iter().any(|posting| posting.frozen_ms >= self.began_ms);
        let withdrawn = latest.iter().any(|posting| is_withdrawn(&posting.machine));
        if on_its_way || (is_same(&latest, made) && !withdrawn) {
            return self.keep_postings(lane, latest).await.map(Standing::Keep);
        }
        if latest.iter().all(|posting| matches!(posting.machine.state, State::Posted { .. })) {
            return Ok(self.beside_posted(&latest, made.unwrap_or_default(), content_hash));
        }
        if !latest.iter().all(|posting| self.may_be_replaced(&posting.machine)) {
            return Ok(Standing::Drift);
        }
        self.withdraw(lane, latest).await?;
        Ok(Standing::Replace { generation: newest.saturating_add(1) })
    }

    /// What is booked stays as it is: a mapping or a chart that changed since is no drift, only other content is. There
    /// may be more to post of a fund source that is taken later than another.
    fn beside_posted(&self, posted: &[StoredPosting], made: &[Made], content_hash: &[u8; 32]) -> Standing {
        let unchanged = posted.iter().all(|posting| posting.content_hash == *content_hash);
        let same_bytes = posted.iter().all(|posting| made.iter().any(|made| made.sha256 == posting.payload_sha256));
        let same_entries = posted.iter().all(|posting| made.iter().any(|made| made.reference == posting.reference));
        let mut takings = self.flow.mapping.selection.states.values();
        let first = takings.next();
        let alike = takings.all(|states| Some(states) == first);
        if same_bytes || (unchanged && same_entries && !alike) {
            let more = made.len() > posted.len();
            return if more { Standing::Extend } else { Standing::Keep(InboxState::Posted) };
        }
        if unchanged && alike { Standing::Keep(InboxState::Posted) } else { Standing::Drift }
    }

    fn may_be_replaced(&self, machine: &Posting) -> bool {
        let never_sent = machine.attempts == 0 && matches!(machine.state, State::Frozen);
        never_sent || is_withdrawn(machine) || machine.is_replaceable()
    }

    /// Lets refused entries go on with the same bytes: what refused them may have been mended in the ledger. The
    /// machine holds what is refused again and again; that is tried again once a day.
    async fn keep_postings(&self, lane: &Lane, latest: Vec<StoredPosting>) -> Result<InboxState, WorkError> {
        let now_ms = self.clock.now_ms();
        let mut report = ReportEntries { report_id: String::new(), entries: Vec::new(), shown_ms: 0 };
        let mut released = Vec::new();
        for posting in latest {
            let changed_ms = posting.changed_ms;
            let mut kept = entry(posting, bytes::Bytes::new());
            let rested = now_ms.saturating_sub(changed_ms) >= self.rules.attempts_window_ms;
            let refused = match kept.machine.state {
                State::Rejected { .. } => true,
                State::Held { .. } => rested && kept.machine.is_replaceable(),
                _ => false,
            };
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

/// How a report stands whose postings a person had corrected: taken back, made up for by a difference, or closed as
/// booked elsewhere. `None` where nothing of the kind was done.
fn corrected(
    reversals: &[StoredPosting],
    content: &[StoredPosting],
    made: Option<&[Made]>,
    content_hash: &[u8; 32],
) -> Option<Standing> {
    let newest = content.iter().map(|posting| posting.key.generation).max()?;
    let latest = || content.iter().filter(|posting| posting.key.generation == newest);
    if latest().any(|posting| is_handled(&posting.machine)) {
        let any_posted = content.iter().any(|posting| matches!(posting.machine.state, State::Posted { .. }));
        return Some(Standing::Keep(if any_posted { InboxState::Posted } else { InboxState::Skipped }));
    }
    if latest().all(|posting| matches!(posting.machine.state, State::Reversed { .. })) {
        return Some(Standing::Replace { generation: newest.saturating_add(1) });
    }
    let taken_back = |reversal: &StoredPosting| {
        let is_target = |posting: &&StoredPosting| posting.key.reversal().as_ref() == Some(&reversal.key);
        content.iter().find(is_target).is_some_and(|it| matches!(it.machine.state, State::Reversed { .. }))
    };
    if !reversals.iter().all(taken_back) {
        return Some(Standing::Drift);
    }
    if latest().any(|posting| posting.key.kind == Kind::Difference) {
        let settled = latest().all(|posting| matches!(posting.machine.state, State::Posted { .. }));
        let unchanged = latest().all(|posting| posting.content_hash == *content_hash);
        let covered = |made: &Made| content.iter().any(|posting| posting.key.scope == made.scope);
        let complete = made.unwrap_or_default().iter().all(covered);
        let stands = settled && unchanged && complete;
        return Some(if stands { Standing::Keep(InboxState::Posted) } else { Standing::Drift });
    }
    None
}

fn is_handled(machine: &Posting) -> bool {
    matches!(machine.state, State::Held { code: Code::HandledElsewhere })
}

/// The postings of the newest generation.
pub fn newest_of(mut existing: Vec<StoredPosting>) -> Vec<StoredPosting> {
    let newest = existing.iter().map(|posting| posting.key.generation).max().unwrap_or_default();
    existing.retain(|posting| posting.key.generation == newest);
    existing
}

/// Whether exactly these bytes would be frozen again.
pub fn is_same(latest: &[StoredPosting], made: Option<&[Made]>) -> bool {
    made.is_some_and(|made| {
        let again = |posting: &StoredPosting| made.iter().any(|made| made.sha256 == posting.payload_sha256);
        made.len() == latest.len() && latest.iter().all(again)
    })
}

fn is_withdrawn(machine: &Posting) -> bool {
    matches!(machine.state, State::Held { code: Code::ContentChanged })
}
