//! Sends frozen entries: read back first, commit SENDING, then the socket, then the outcome. Four stages run beside each
//! other, so that one posting request is always under way while the next batch is looked up and the last is recorded;
//! never two requests that post.

use std::collections::BTreeMap;

use accounting::identity::Reference;
use accounting::posting::{Due, Event, IllegalMove, Posting, Reply, State, Verdict};
use accounting::{Currency, Date, Problem};
use bytes::Bytes;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::progress::Step;
use super::summary::Summary;
use super::{ACTOR, Work, WorkError};
use crate::store::{
    AttemptEnd, AuditEvent, InboxState, Lease, NewAttempt, NewRequest, PostingChange, RequestEnd, RequestId,
};
use crate::systems::{Destination, Outgoing, Sent};

/// Consecutive requests without a clear answer after which the lane rests until the next run.
const UNCLEAR_LIMIT: u32 = 3;

/// The entries of one report.
#[derive(Debug)]
pub struct ReportEntries {
    /// The report.
    pub report_id: String,
    /// Its entries that are to be sent.
    pub entries: Vec<Entry>,
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
}

/// Reports whose entries go in one request.
#[derive(Debug)]
struct Request {
    reports: Vec<ReportEntries>,
    all_or_none: bool,
}

/// A request that was made, and what came of it.
struct Done {
    request: Request,
    id: RequestId,
    sent: Sent,
    started_ms: i64,
    ended_ms: i64,
}

/// A company's lane while this run holds it.
pub struct Lane {
    lease: Mutex<Lease>,
    /// What stops the lane.
    stopped: std::sync::atomic::AtomicBool,
    unclear: std::sync::atomic::AtomicU32,
}

impl Lane {
    /// The lane under this lease.
    pub fn new(lease: Lease) -> Self {
        Self { lease: Mutex::new(lease), stopped: false.into(), unclear: 0.into() }
    }

    /// Whether nothing more may be sent in this run.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Lets sending be tried again after a wait.
    pub fn rest(&self) {
        self.stopped.store(false, std::sync::atomic::Ordering::Relaxed);
        self.unclear.store(0, std::sync::atomic::Ordering::Relaxed);
    }

    fn stop(&self) {
        self.stopped.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// Gives the lane back.
    pub fn into_lease(self) -> Lease {
        self.lease.into_inner()
    }

    /// The lease as it stands.
    pub async fn lease(&self) -> Lease {
        self.lease.lock().await.clone()
    }
}

impl<S: Sync, D: Destination> Work<'_, S, D> {
    /// Sends what comes, until there is nothing more or the lane stops. Entries that were not sent stay frozen.
    ///
    /// # Errors
    /// Those of the store, and a move that the protocol does not allow.
    pub async fn post(&self, lane: &Lane, from: Receiver<Vec<ReportEntries>>) -> Result<Summary, WorkError> {
        let (to_look, looks) = channel(1);
        let (to_send, sends) = channel(1);
        let (to_record, records) = channel(1);
        let faults = Mutex::new(Vec::new());
        // Each stage ends when the one before it does, so a request under way is always recorded.
        let (assembled, adopted, sent, posted) = tokio::join!(
            self.assemble(from, to_look),
            self.look_first(lane, looks, to_send, &faults),
            self.send_all(lane, sends, to_record),
            self.record_all(lane, records, &faults),
        );
        assembled?;
        let mut summary = Summary { posted: adopted? + posted?, sent: sent?, ..Summary::default() };
        for fault in faults.into_inner() {
            summary.fault(&fault);
        }
        Ok(summary)
    }

    /// Packs reports into groups of as many entries as a request may hold.
    async fn assemble(
        &self,
        mut from: Receiver<Vec<ReportEntries>>,
        to: Sender<Vec<ReportEntries>>,
    ) -> Result<(), WorkError> {
        let limit = self.settings.posting.batch_entries;
        let (mut group, mut entries) = (Vec::new(), 0);
        while let Some(reports) = from.recv().await {
            for report in reports {
                if entries > 0 && entries + report.entries.len() > limit {
                    let _ = to.send(std::mem::take(&mut group)).await;
                    entries = 0;
                }
                entries += report.entries.len();
                group.push(report);
            }
        }
        if !group.is_empty() {
            let _ = to.send(group).await;
        }
        Ok(())
    }

    /// Reads the ledger before anything is sent; what is found there is taken over or stops the lane.
    async fn look_first(
        &self,
        lane: &Lane,
        mut from: Receiver<Vec<ReportEntries>>,
        to: Sender<Request>,
        faults: &Mutex<Vec<crate::systems::Fault>>,
    ) -> Result<u64, WorkError> {
        let mut adopted = 0;
        while let Some(mut group) = from.recv().await {
            if lane.is_stopped() {
                continue;
            }
            match self.look(lane, &mut group).await {
                Ok(found) => adopted += found,
                Err(WorkError::Fault(fault)) => {
                    lane.stop();
                    faults.lock().await.push(fault);
                    continue;
                }
                Err(error) => return Err(error),
            }
            for request in requests(group) {
                let _ = to.send(request).await;
            }
        }
        Ok(adopted)
    }

    async fn send_all(&self, lane: &Lane, mut from: Receiver<Request>, to: Sender<Done>) -> Result<u64, WorkError> {
        let mut count = 0;
        while let Some(mut request) = from.recv().await {
            if lane.is_stopped() {
                continue;
            }
            let id = self.customer.store().ids().request(self.clock.now_ms())?;
            let started_ms = self.commit_sending(lane, &id, &mut request).await?;
            let outgoing: Vec<Outgoing> = entries(&request)
                .map(|entry| Outgoing { control_id: self.control_id(entry), payload: entry.payload.clone() })
                .collect();
            count += outgoing.len() as u64;
            let sent = self.destination.send(id.as_str(), &outgoing, request.all_or_none).await;
            self.may_go_on(lane, &sent);
            let ended_ms = self.clock.now_ms();
            let _ = to.send(Done { request, id, sent, started_ms, ended_ms }).await;
        }
        Ok(count)
    }

    /// Stops the lane where going on would only do harm: refused credentials, or nothing but unclear answers.
    fn may_go_on(&self, lane: &Lane, sent: &Sent) {
        use std::sync::atomic::Ordering::Relaxed;
        let unclear = matches!(sent.answer, Reply::Unclear | Reply::NotSent);
        let in_a_row = if unclear { lane.unclear.fetch_add(1, Relaxed) + 1 } else { 0 };
        lane.unclear.store(in_a_row, Relaxed);
        let refused = sent.stop.as_ref().is_some_and(|fault| !fault.retryable);
        let limited = matches!(sent.answer, Reply::Refused { class: accounting::posting::RejectClass::RateLimit, .. });
        if refused || limited || in_a_row >= UNCLEAR_LIMIT {
            lane.stop();
        }
    }

    /// Commits the attempt and the state SENDING, before the first byte leaves.
    async fn commit_sending(&self, lane: &Lane, id: &RequestId, request: &mut Request) -> Result<i64, WorkError> {
        let company = self.destination.company();
        let mut lease = lane.lease.lock().await;
        let at_ms = self.clock.now_ms();
        let lease_ms = i64::try_from(self.settings.posting.lease_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
        if lease.until_ms.saturating_sub(at_ms) < lease_ms / 2 {
            self.customer.store().renew_lane(&mut lease, at_ms, lease_ms).await?;
        }
        let (head, tail) = self.destination.masked_envelope(id.as_str(), request.all_or_none);
        let control_ids: Vec<String> = entries(request).map(|entry| self.control_id(entry)).collect();
        let mut tx = self.customer.begin().await?;
        let references: Vec<Reference> = entries(request).map(|entry| entry.reference.clone()).collect();
        let observed = tx.count_observations(&references.iter().collect::<Vec<_>>()).await?;
        for (entry, observations) in entries_mut(request).zip(observed) {
            // The bytes are those that were frozen, or nothing leaves.
            let same = Sha256::digest(&entry.payload).as_slice() == entry.sha256;
            let event = Event::SendingCommitted { at_ms, observations };
            entry.machine = moved(entry, event, self)?;
            if !same {
                return Err(WorkError::Refused {
                    code: accounting::Code::DatabaseDamaged,
                    detail: format!("the bytes of {} are not those that were frozen", entry.reference),
                });
            }
        }
        let changes: Vec<PostingChange<'_>> = entries(request).map(change).collect();
        tx.save_postings(&lease, company, &changes, at_ms).await?;
        let masked = format!("{head}{tail}");
        tx.add_request(&NewRequest {
            id,
            company,
            kind: "create",
            control_id: id.as_str(),
            masked_head: &masked,
            sent_ms: at_ms,
        })
        .await?;
        let attempts: Vec<NewAttempt<'_>> = entries(request)
            .zip(&control_ids)
            .map(|(entry, control_id)| NewAttempt {
                reference: &entry.reference,
                n: entry.machine.attempts,
                control_id,
                payload_sha256: &entry.sha256,
            })
            .collect();
        tx.add_attempts(&lease, id, &attempts, at_ms).await?;
        let named: Vec<&str> = entries(request).map(|entry| entry.reference.as_str()).collect();
        let detail = json!({ "references": named, "all_or_none": request.all_or_none });
        tx.commit(at_ms, vec![AuditEvent::new(ACTOR, "request.sending", id.as_str(), detail)]).await?;
        Ok(at_ms)
    }

    fn control_id(&self, entry: &Entry) -> String {
        entry.reference.control_id(self.destination.company(), entry.machine.salt)
    }

    async fn record_all(
        &self,
        lane: &Lane,
        mut from: Receiver<Done>,
        faults: &Mutex<Vec<crate::systems::Fault>>,
    ) -> Result<u64, WorkError> {
        let mut posted = 0;
        while let Some(mut done) = from.recv().await {
            if let Some(fault) = done.sent.stop.take() {
                faults.lock().await.push(fault);
            }
            posted += self.record(lane, done).await?;
        }
        Ok(posted)
    }

    /// One commit of what came of a request.
    async fn record(&self, lane: &Lane, mut done: Done) -> Result<u64, WorkError> {
        let keys: Vec<String> = entries(&done.request).map(|entry| self.control_id(entry)).collect();
        let events = accounting::posting::events(&keys, done.request.all_or_none, &done.sent.answer, done.ended_ms);
        let mut ends = Vec::with_capacity(keys.len());
        let mut problems: BTreeMap<String, Problem> = BTreeMap::new();
        for ((entry, key), event) in entries_mut(&mut done.request).zip(&keys).zip(events) {
            let outcome = outcome(&event);
            let n = entry.machine.attempts;
            entry.machine = moved(entry, event, self)?;
            let detail = done.sent.details.get(key).or_else(|| done.sent.details.get("")).cloned().unwrap_or_default();
            if let Some(code) = entry.machine.state.code() {
                problems.insert(entry.reference.to_string(), Problem::of_report(code, "", detail.clone()));
            }
            // A new session or a pause cures it: the same bytes go on.
            if entry.machine.due(done.ended_ms, &self.rules) == Due::Release {
                entry.machine = moved(entry, Event::Released { at_ms: done.ended_ms }, self)?;
            }
            ends.push((entry.reference.clone(), n, outcome, detail));
        }
        let lease = lane.lease().await;
        let at_ms = done.ended_ms;
        let mut tx = self.customer.begin().await?;
        let company = self.destination.company();
        let changes: Vec<PostingChange<'_>> = entries(&done.request)
            .map(|entry| PostingChange { problem: problems.get(entry.reference.as_str()), ..change(entry) })
            .collect();
        tx.save_postings(&lease, company, &changes, at_ms).await?;
        tx.finish_request(
            &done.id,
            &RequestEnd {
                ended_ms: at_ms,
                outcome: &done.sent.outcome,
                http_status: done.sent.http_status,
                reply: Some(done.sent.reply.as_bytes()),
            },
        )
        .await?;
        let attempt_ends: Vec<AttemptEnd<'_>> = ends
            .iter()
            .map(|(reference, n, outcome, detail)| AttemptEnd { reference, n: *n, outcome, detail })
            .collect();
        tx.finish_attempts(&attempt_ends, at_ms).await?;
        let moves: Vec<(&str, InboxState)> =
            done.request.reports.iter().map(|report| (report.report_id.as_str(), report.state())).collect();
        tx.move_reports(&self.flow_id, &moves, at_ms).await?;
        let events = ends
            .iter()
            .zip(entries(&done.request))
            .map(|((reference, n, outcome, detail), entry)| {
                let detail = json!({
                    "request": done.id.as_str(),
                    "attempt": n,
                    "outcome": outcome,
                    "state": entry.machine.state.name(),
                    "record_no": entry.machine.state.record_no(),
                    "detail": detail,
                    "started_ms": done.started_ms,
                });
                AuditEvent::new(ACTOR, audit_action(&entry.machine.state), reference.as_str(), detail)
            })
            .collect();
        tx.commit(at_ms, events).await?;
        self.progress.tell(Step::Settled(ends.len()));
        Ok(moves.iter().filter(|(_, state)| *state == InboxState::Posted).count() as u64)
    }
}

impl ReportEntries {
    /// Where the report stands, by its entries.
    pub fn state(&self) -> InboxState {
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

fn outcome(event: &Event) -> &'static str {
    match event {
        Event::NotSent { .. } => "not sent",
        Event::Answered { verdict: Verdict::Posted { .. }, .. } => "posted",
        Event::Answered { verdict: Verdict::Rejected { .. }, .. } => "rejected",
        Event::Answered { verdict: Verdict::MaybeRepeated, .. } => "perhaps repeated",
        _ => "unclear",
    }
}

/// Cuts a group into requests: reports of one entry together, each report of several by itself and as a whole.
/// Entries that were found in the ledger are done and go nowhere.
fn requests(group: Vec<ReportEntries>) -> Vec<Request> {
    let mut single = Request { reports: Vec::new(), all_or_none: false };
    let mut requests = Vec::new();
    for mut report in group {
        report.entries.retain(|entry| matches!(entry.machine.state, State::Frozen | State::Absent));
        match report.entries.len() {
            0 => {}
            1 => single.reports.push(report),
            _ => requests.push(Request { reports: vec![report], all_or_none: true }),
        }
    }
    if !single.reports.is_empty() {
        requests.push(single);
    }
    requests
}

fn entries(request: &Request) -> impl Iterator<Item = &Entry> {
    request.reports.iter().flat_map(|report| &report.entries)
}

fn entries_mut(request: &mut Request) -> impl Iterator<Item = &mut Entry> {
    request.reports.iter_mut().flat_map(|report| &mut report.entries)
}
