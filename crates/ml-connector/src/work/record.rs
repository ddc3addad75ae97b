//! Records what came of a request: the reply, each entry's move, and where its report stands now, in one commit.

use accounting::Problem;
use accounting::identity::Reference;
use accounting::posting::{Due, Event, Observation, RejectClass, Reply, Verdict};
use serde_json::json;
use tokio::sync::Mutex;
use tokio::sync::mpsc::Receiver;
use tracing::{Instrument as _, info_span};

use super::entry::{audit_action, change, moved};
use super::lane::Lane;
use super::post::Request;
use super::progress::Step;
use super::way::Steps;
use super::{ACTOR, Work, WorkError};
use crate::store::{
    AttemptEnd, AuditEvent, InboxState, NewObservation, PostingChange, RequestEnd, RequestId, StoreError, Tx,
};
use crate::systems::{Destination, Fault, Sent};

/// A request that was made, and what came of it.
pub struct Done {
    /// The request.
    pub request: Request,
    /// Its id.
    pub id: RequestId,
    /// What came of it.
    pub sent: Sent,
    /// When SENDING was committed, in epoch milliseconds.
    pub started_ms: i64,
    /// When the answer was there, in epoch milliseconds.
    pub ended_ms: i64,
}

impl<S: Sync, D: Destination> Work<'_, S, D> {
    /// Records requests as they end. The number of reports that are posted with them.
    ///
    /// # Errors
    /// Those of the store, and a move that the protocol does not allow.
    pub async fn record_all(
        &self,
        lane: &Lane,
        mut from: Receiver<Done>,
        faults: &Mutex<Vec<Fault>>,
    ) -> Result<u64, WorkError> {
        let mut posted = 0;
        while let Some(mut done) = from.recv().await {
            // A session that ran out is renewed at once; that is nobody's problem.
            let renewed = matches!(done.sent.answer, Reply::Refused { class: RejectClass::Session, .. });
            if let Some(fault) = done.sent.stop.take().filter(|_| !renewed) {
                faults.lock().await.push(fault);
            }
            let span = info_span!("record", request = %done.id, entries = done.request.entries().count());
            posted += self.record(lane, done).instrument(span).await?;
        }
        Ok(posted)
    }

    /// One commit of what came of a request. A run that has lost its lane by then changes nothing: what it saw is kept
    /// as an observation, which the next owner must read before it acts.
    async fn record(&self, lane: &Lane, mut done: Done) -> Result<u64, WorkError> {
        let steps = Steps::record(&done.request.reports, done.id.as_str());
        let keys: Vec<String> = done.request.entries().map(|entry| self.control_id(entry)).collect();
        let events = accounting::posting::events(&keys, done.request.all_or_none, &done.sent.answer, done.ended_ms);
        let mut ends = Vec::with_capacity(keys.len());
        for ((entry, key), event) in done.request.entries_mut().zip(&keys).zip(&events) {
            let n = entry.machine.attempts;
            entry.machine = moved(entry, event.clone(), self)?;
            let said = done.sent.details.get(key).or_else(|| done.sent.details.get(""));
            let detail = said.cloned().unwrap_or_default();
            let problem = entry.machine.state.code().map(|code| Problem::of_report(code, "", detail.clone()));
            // A new session or a pause cures it: the same bytes go on.
            if entry.machine.due(done.ended_ms, &self.rules) == Due::Release {
                entry.machine = moved(entry, Event::Released { at_ms: done.ended_ms }, self)?;
            }
            ends.push(End { reference: entry.reference.clone(), n, outcome: outcome(event), detail, problem });
        }
        steps.stand_as(&done.request.reports);
        match self.keep_outcome(lane, &done, &ends).await {
            Err(WorkError::Store(StoreError::FenceLost { .. })) => {
                self.observe(lane, &done, &ends, &events).await?;
                Ok(0)
            }
            kept => kept,
        }
    }

    async fn keep_outcome(&self, lane: &Lane, done: &Done, ends: &[End]) -> Result<u64, WorkError> {
        let lease = lane.lease().await;
        let at_ms = done.ended_ms;
        let changes: Vec<PostingChange<'_>> = done
            .request
            .entries()
            .zip(ends)
            .map(|(entry, end)| PostingChange { problem: end.problem.as_ref(), ..change(entry) })
            .collect();
        let reports = &done.request.reports;
        let moves: Vec<(&str, InboxState)> =
            reports.iter().map(|report| (report.report_id.as_str(), report.state())).collect();
        let mut tx = self.customer.begin().await?;
        tx.save_postings(&lease, self.destination.company(), &changes, at_ms).await?;
        finish(&mut tx, done, ends).await?;
        tx.move_reports(&self.flow_id, &moves, at_ms).await?;
        let events = ends.iter().zip(done.request.entries()).map(|(end, entry)| {
            let state = &entry.machine.state;
            let detail = json!({
                "request": done.id.as_str(),
                "attempt": end.n,
                "outcome": end.outcome,
                "state": state.name(),
                "record_no": state.record_no(),
                "detail": end.detail,
                "started_ms": done.started_ms,
            });
            AuditEvent::new(ACTOR, audit_action(state), end.reference.as_str(), detail)
        });
        tx.commit(at_ms, events.collect()).await?;
        self.progress.tell(Step::Settled(ends.len()));
        Ok(moves.iter().filter(|(_, state)| *state == InboxState::Posted).count() as u64)
    }

    async fn observe(&self, lane: &Lane, done: &Done, ends: &[End], events: &[Event]) -> Result<(), WorkError> {
        let lease = lane.lease().await;
        let mut tx = self.customer.begin().await?;
        finish(&mut tx, done, ends).await?;
        for (end, event) in ends.iter().zip(events) {
            let seen = match event {
                Event::Answered { verdict: Verdict::Posted { record_no }, .. } => {
                    Observation::Posted { record_no: record_no.clone() }
                }
                Event::NotSent { .. } | Event::Answered { verdict: Verdict::Rejected { .. }, .. } => {
                    Observation::NotApplied
                }
                _ => Observation::Unclear,
            };
            tx.add_observation(&NewObservation {
                reference: &end.reference,
                request: Some(&done.id),
                fence: lease.fence,
                observation: &seen,
                detail: &end.detail,
                at_ms: done.ended_ms,
            })
            .await?;
        }
        let events = ends.iter().map(|end| {
            let detail = json!({ "request": done.id.as_str(), "outcome": end.outcome, "fence": lease.fence });
            AuditEvent::new(ACTOR, "posting.observed", end.reference.as_str(), detail)
        });
        tx.commit(done.ended_ms, events.collect()).await?;
        Ok(())
    }
}

/// How one entry's attempt ended.
struct End {
    reference: Reference,
    n: u32,
    outcome: &'static str,
    detail: String,
    problem: Option<Problem>,
}

/// Keeps the reply and how the attempts ended.
async fn finish(tx: &mut Tx, done: &Done, ends: &[End]) -> Result<(), WorkError> {
    let end = RequestEnd {
        ended_ms: done.ended_ms,
        outcome: &done.sent.outcome,
        http_status: done.sent.http_status,
        reply: Some(done.sent.reply.as_bytes()),
    };
    tx.finish_request(&done.id, &end).await?;
    let attempts: Vec<AttemptEnd<'_>> = ends
        .iter()
        .map(|end| AttemptEnd { reference: &end.reference, n: end.n, outcome: end.outcome, detail: &end.detail })
        .collect();
    tx.finish_attempts(&attempts, done.ended_ms).await?;
    Ok(())
}

fn outcome(event: &Event) -> &'static str {
    match event {
        Event::NotSent { .. } => "not sent",
        Event::Answered { verdict: Verdict::Posted { .. }, .. } => "posted",
        Event::Answered { verdict: Verdict::Rejected { .. }, .. } => "rejected",
        Event::Answered { verdict: Verdict::MaybeRepeated, .. } => "perhaps repeated",
        _ => "unclear",
    }
}
