//! Sends frozen entries: read back first, commit SENDING, then the socket, then the outcome. Four stages run beside each
//! other, so that one posting request is always under way while the next batch is looked up and the last is recorded;
//! never two requests that post.

use std::collections::BTreeMap;

use accounting::Code;
use accounting::identity::Reference;
use accounting::posting::{Due, Event, Reply};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tracing::{Instrument as _, info_span};

use super::entry::{Entry, ReportEntries, change, moved};
use super::lane::Lane;
use super::record::Done;
use super::summary::Summary;
use super::way::Steps;
use super::{ACTOR, Work, WorkError};
use crate::store::{AuditEvent, Lease, Leaving, NewAttempt, NewRequest, PostingChange, RequestId, Tx};
use crate::systems::{Destination, Fault, Outgoing, Sent};

/// Reports whose entries go in one request.
#[derive(Debug)]
pub struct Request {
    /// The reports.
    pub reports: Vec<ReportEntries>,
    /// Whether they stand or fall together.
    pub all_or_none: bool,
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
        // Boxed: together they are larger than a thread's stack likes. Each stage ends when the one before it does, so a request under way is always recorded.
        let (assembled, adopted, sent, posted) = tokio::join!(
            Box::pin(self.assemble(lane, from, to_look)),
            Box::pin(self.look_first(lane, looks, to_send, &faults)),
            Box::pin(self.send_all(lane, sends, to_record)),
            Box::pin(self.record_all(lane, records, &faults)),
        );
        assembled?;
        let mut summary = Summary { posted: adopted? + posted?, sent: sent?, ..Summary::default() };
        for fault in faults.into_inner() {
            summary.fault(&fault);
        }
        Ok(summary)
    }

    /// Lets in what may leave now, and packs it into groups of as many entries as a request may hold.
    async fn assemble(
        &self,
        lane: &Lane,
        mut from: Receiver<Vec<ReportEntries>>,
        to: Sender<Vec<ReportEntries>>,
    ) -> Result<(), WorkError> {
        let limit = self.settings.posting.batch_entries;
        let (mut group, mut entries) = (Vec::new(), 0);
        let mut admission = None;
        while let Some(reports) = from.recv().await {
            // What was not shown lately is read again at the source before it goes; it stays frozen until then.
            let fresh = reports.into_iter().filter(|report| report.shown_ms >= self.shown_since_ms).collect();
            let admission = match &mut admission {
                Some(admission) => admission,
                None => admission.insert(Box::pin(self.admission()).await?),
            };
            for report in Box::pin(self.admit(lane, admission, fresh)).await? {
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
        faults: &Mutex<Vec<Fault>>,
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
            for request in self.requests(group) {
                let _ = to.send(request).await;
            }
        }
        Ok(adopted)
    }

    /// Sends one request after the other. While one is under way the next is made ready, its SENDING committed, so that
    /// it can leave the moment the answer is there; a process killed in between has at most that one more in doubt.
    async fn send_all(&self, lane: &Lane, mut from: Receiver<Request>, to: Sender<Done>) -> Result<u64, WorkError> {
        let mut count = 0;
        let mut next = self.make_ready(lane, &mut from).await?;
        while let Some(ready) = next.take() {
            if lane.is_stopped() {
                let _ = to.send(self.unsent(ready)).await;
                next = self.make_ready(lane, &mut from).await?;
                continue;
            }
            self.hold(lane).await?;
            count += ready.request.entries().count() as u64;
            let sending = async {
                let done = self.send_one(lane, ready).await;
                let _ = to.send(done).await;
            };
            let ((), ahead) = tokio::join!(sending, self.make_ready(lane, &mut from));
            next = ahead?;
        }
        Ok(count)
    }

    /// The next request that may leave, with SENDING committed; none when there is no more, or the lane has stopped.
    async fn make_ready(&self, lane: &Lane, from: &mut Receiver<Request>) -> Result<Option<Ready>, WorkError> {
        while let Some(mut request) = from.recv().await {
            if lane.is_stopped() || !self.is_sendable(lane, &mut request).await? {
                continue;
            }
            let id = self.customer.store().ids().request(self.clock.now_ms())?;
            if let Some(started_ms) = self.commit_sending(lane, &id, &mut request).await? {
                return Ok(Some(Ready { request, id, started_ms }));
            }
        }
        Ok(None)
    }

    async fn send_one(&self, lane: &Lane, ready: Ready) -> Done {
        let Ready { request, id, started_ms } = ready;
        let outgoing: Vec<Outgoing> = request
            .entries()
            .map(|entry| Outgoing { control_id: self.control_id(entry), payload: entry.payload.clone() })
            .collect();
        let span = info_span!("send", request = %id, entries = outgoing.len());
        let steps = span.in_scope(|| Steps::send(&request.reports, id.as_str()));
        let sent = self.destination.send(id.as_str(), &outgoing, request.all_or_none).instrument(span).await;
        drop(steps);
        lane.learn(&sent);
        Done { request, id, sent, started_ms, ended_ms: self.clock.now_ms() }
    }

    /// A request that was ready when the lane stopped: no byte of it left.
    fn unsent(&self, ready: Ready) -> Done {
        let Ready { request, id, started_ms } = ready;
        let outcome = "not sent: the lane had stopped".to_owned();
        let sent = Sent {
            answer: Reply::NotSent,
            details: BTreeMap::new(),
            reply: String::new(),
            http_status: None,
            outcome,
            stop: None,
        };
        Done { request, id, sent, started_ms, ended_ms: self.clock.now_ms() }
    }

    /// The lane's lease, with enough of it left for a request.
    async fn hold(&self, lane: &Lane) -> Result<Lease, WorkError> {
        Ok(lane.keep(self.customer.store(), self.clock.now_ms(), self.lease_ms()).await?)
    }

    /// Cuts a group into requests: reports of one entry together, each report of several by itself and as a whole.
    /// Entries that were found in the ledger are done and go nowhere; nor does a report with any entry that may not be
    /// sent.
    fn requests(&self, group: Vec<ReportEntries>) -> Vec<Request> {
        let now_ms = self.clock.now_ms();
        let mut single = Request { reports: Vec::new(), all_or_none: false };
        let mut requests = Vec::new();
        for mut report in group {
            report.entries.retain(|entry| !entry.machine.state.is_final());
            let ready = report.entries.iter().all(|entry| entry.machine.due(now_ms, &self.rules) == Due::Send);
            match report.entries.len() {
                _ if !ready => {}
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

    /// Whether a request may leave now. One that waited long for its turn is looked up once more.
    async fn is_sendable(&self, lane: &Lane, request: &mut Request) -> Result<bool, WorkError> {
        let is_due = |entry: &Entry, now_ms| entry.machine.due(now_ms, &self.rules) == Due::Send;
        let now_ms = self.clock.now_ms();
        if request.entries().all(|entry| is_due(entry, now_ms)) {
            return Ok(true);
        }
        match self.look(lane, &mut request.reports).await {
            Ok(_) => {}
            // Nothing was sent: the entries stay frozen for the next run.
            Err(WorkError::Fault(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
        let now_ms = self.clock.now_ms();
        request.reports.retain(|report| report.entries.iter().all(|entry| is_due(entry, now_ms)));
        Ok(!request.reports.is_empty())
    }

    /// Commits the attempt and the state SENDING, before the first byte leaves; `None` where nothing of the request may
    /// leave any more.
    async fn commit_sending(
        &self,
        lane: &Lane,
        id: &RequestId,
        request: &mut Request,
    ) -> Result<Option<i64>, WorkError> {
        let company = self.destination.company();
        let at_ms = self.clock.now_ms();
        let lease = self.hold(lane).await?;
        let (head, tail) = self.destination.masked_envelope(id.as_str(), request.all_or_none);
        let mut tx = self.customer.begin().await?;
        self.without_stopped(&mut tx, request).await?;
        if request.reports.is_empty() {
            return Ok(None);
        }
        let control_ids: Vec<String> = request.entries().map(|entry| self.control_id(entry)).collect();
        let references: Vec<Reference> = request.entries().map(|entry| entry.reference.clone()).collect();
        let observed = tx.count_observations(&references.iter().collect::<Vec<_>>()).await?;
        for (entry, observations) in request.entries_mut().zip(observed) {
            // The bytes are those that were frozen, or nothing leaves.
            let same = Sha256::digest(&entry.payload).as_slice() == entry.sha256;
            let event = Event::SendingCommitted { at_ms, observations };
            entry.machine = moved(entry, event, self)?;
            if !same {
                return Err(WorkError::Refused {
                    code: Code::DatabaseDamaged,
                    detail: format!("the bytes of {} are not those that were frozen", entry.reference),
                });
            }
        }
        let changes: Vec<PostingChange<'_>> = request.entries().map(change).collect();
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
        let attempts: Vec<NewAttempt<'_>> = request
            .entries()
            .zip(&control_ids)
            .map(|(entry, control_id)| NewAttempt {
                reference: &entry.reference,
                n: entry.machine.attempts,
                control_id,
                payload_sha256: &entry.sha256,
            })
            .collect();
        tx.add_attempts(&lease, id, &attempts, at_ms).await?;
        let named: Vec<&str> = request.entries().map(|entry| entry.reference.as_str()).collect();
        let detail = json!({ "references": named, "all_or_none": request.all_or_none });
        tx.commit(at_ms, vec![AuditEvent::new(ACTOR, "request.sending", id.as_str(), detail)]).await?;
        Ok(Some(at_ms))
    }

    /// Takes those reports out that a person has stopped since they were admitted: they stay as they are, and the next
    /// pass shows the gate they wait at.
    async fn without_stopped(&self, tx: &mut Tx, request: &mut Request) -> Result<(), WorkError> {
        let leaving: Vec<Leaving<'_>> = request
            .reports
            .iter()
            .map(|report| Leaving {
                report_id: &report.report_id,
                entries: report.entries.iter().map(|entry| (&entry.reference, &entry.sha256)).collect(),
            })
            .collect();
        let stopped = tx.stopped(&self.flow_id, &leaving).await?;
        request.reports.retain(|report| !stopped.contains(&report.report_id));
        Ok(())
    }

    /// The idempotency key of an entry.
    pub fn control_id(&self, entry: &Entry) -> String {
        entry.reference.control_id(self.destination.company(), entry.machine.salt)
    }
}

/// A request with SENDING committed, whose first byte has not left.
struct Ready {
    request: Request,
    id: RequestId,
    started_ms: i64,
}

impl Request {
    /// Its entries.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.reports.iter().flat_map(|report| &report.entries)
    }

    /// Its entries, to be moved.
    pub fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.reports.iter_mut().flat_map(|report| &mut report.entries)
    }
}
