//! Reads the source into the inbox. Whatever arrives is committed before anything is made of it; a report seen before
//! with the same content is noted and left alone, unless it still waits.

use std::collections::BTreeSet;

use accounting::report::ReportState;
use accounting::{Code, Currency, Date, ExpenseReport, Problem};
use serde_json::json;
use tokio::sync::mpsc::Sender;
use tracing::{Instrument as _, info_span};

use super::notify::ARRIVED_CURSOR;
use super::progress::Step;
use super::summary::Summary;
use super::way::Steps;
use super::{ACTOR, Work, WorkError};
use crate::store::{Arrival as Put, AuditEvent, InboxState, NewReport, ReportChange};
use crate::systems::{Arrival, Arrivals, Incoming, Source, Wanted};

/// Reports written to the inbox in one commit, and translated in the next.
const BATCH: usize = 100;

/// A report in the inbox that waits to be translated.
#[derive(Debug)]
pub struct Waiting {
    /// The report.
    pub report: ExpenseReport,
    /// Hash of its content.
    pub content_hash: [u8; 32],
    /// When the source last showed it, in epoch milliseconds.
    pub shown_ms: i64,
    /// Where it stood before, and with what generation; `None` for one that is new.
    pub known: Option<(InboxState, u8)>,
}

/// What became of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Whole,
    Broken,
}

impl<S: Source, D> Work<'_, S, D> {
    /// Reads all reports since the cut-over, in every state that the flow takes, and passes on those that wait to be
    /// translated.
    ///
    /// # Errors
    /// Those of the store. A fault of the source ends the reading and is part of the summary; what was read stays.
    pub async fn poll(&self, to: &Sender<Vec<Waiting>>, summary: &mut Summary) -> Result<(), WorkError> {
        let from = self.flow.mapping.selection.cut_over;
        self.poll_period(from, self.clock.today(), to, summary).await.map(|_| ())
    }

    /// Reads the reports of a period, and passes on those that wait to be translated. Whether all of it was read.
    ///
    /// # Errors
    /// As [`Work::poll`].
    pub async fn poll_period(
        &self,
        from: Date,
        until: Date,
        to: &Sender<Vec<Waiting>>,
        summary: &mut Summary,
    ) -> Result<bool, WorkError> {
        Ok(matches!(self.read(&self.wanted_period(from, until), to, summary).await?, Ended::Whole))
    }

    /// The reports of a period that the flow may take.
    pub fn wanted_period(&self, from: Date, to: Date) -> Wanted {
        let selection = &self.flow.mapping.selection;
        let states: BTreeSet<ReportState> = selection.states.values().flatten().copied().collect();
        Wanted::Period {
            from,
            to,
            states: states.into_iter().collect(),
            policies: selection.policies.iter().flatten().cloned().collect(),
        }
    }

    /// Reads reports again by their ids, and holds those that do not come.
    ///
    /// # Errors
    /// As [`Work::poll`].
    pub async fn reread(&self, ids: &[String], summary: &mut Summary) -> Result<(), WorkError> {
        // What changed waits in the inbox for the next pass.
        let (to_nobody, _) = tokio::sync::mpsc::channel(1);
        for ids in ids.chunks(500) {
            let asked_ms = self.clock.now_ms();
            if let Ended::Broken = self.read(&Wanted::Reports(ids.to_vec()), &to_nobody, summary).await? {
                return Ok(());
            }
            self.hold_vanished(ids, asked_ms).await?;
        }
        Ok(())
    }

    /// Reads reports again that wait and were not among those just polled: taken back, deleted, or outside the period.
    ///
    /// # Errors
    /// As [`Work::poll`].
    pub async fn confirm(
        &self,
        since_ms: i64,
        to: &Sender<Vec<Waiting>>,
        summary: &mut Summary,
    ) -> Result<(), WorkError> {
        let mut after: Option<String> = None;
        loop {
            let states = [InboxState::Seen, InboxState::Held, InboxState::Ready, InboxState::Rejected];
            let page = self.customer.reports_in(&self.flow_id, &states, after.as_deref(), 500).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.report_id.clone());
            let stale: Vec<String> =
                page.into_iter().filter(|report| report.seen_ms < since_ms).map(|report| report.report_id).collect();
            if stale.is_empty() {
                continue;
            }
            if let Ended::Broken = self.read(&Wanted::Reports(stale.clone()), to, summary).await? {
                return Ok(());
            }
            self.hold_vanished(&stale, since_ms).await?;
        }
    }

    /// Holds what was asked for by id and did not come.
    async fn hold_vanished(&self, asked: &[String], since_ms: i64) -> Result<(), WorkError> {
        for id in asked {
            let Some(report) = self.customer.report(&self.flow_id, id).await? else { continue };
            let detail = "Expensify no longer shows the report";
            let problems = vec![Problem::of_report(Code::NoLongerApproved, "", detail)];
            if report.seen_ms >= since_ms || report.problems == problems {
                continue;
            }
            let at_ms = self.clock.now_ms();
            let mut tx = self.customer.begin().await?;
            let change = ReportChange {
                report_id: id,
                content_hash: &report.content_hash,
                state: InboxState::Held,
                problems: &problems,
                skipped: &report.skipped,
                amount_minor: report.amount_minor,
                skipped_minor: report.skipped_minor,
                mapping_version: self.flow.mapping.version,
                chart_sha256: None,
                generation: report.generation,
            };
            tx.set_report_states(&self.flow_id, &[change], at_ms).await?;
            let detail = json!({ "problems": [{ "code": Code::NoLongerApproved.to_string(), "detail": detail }] });
            tx.commit(at_ms, vec![AuditEvent::new(ACTOR, "report.held", id.as_str(), detail)]).await?;
        }
        Ok(())
    }

    /// Reads what is wanted into the inbox, and passes on what waits to be translated.
    pub(super) async fn read(
        &self,
        wanted: &Wanted,
        to: &Sender<Vec<Waiting>>,
        summary: &mut Summary,
    ) -> Result<Ended, WorkError> {
        let before = summary.read + summary.unchanged;
        let span = info_span!("poll", reports = tracing::field::Empty);
        let ended = self.read_to_its_end(wanted, to, summary).instrument(span.clone()).await?;
        span.record("reports", summary.read + summary.unchanged - before);
        Ok(ended)
    }

    async fn read_to_its_end(
        &self,
        wanted: &Wanted,
        to: &Sender<Vec<Waiting>>,
        summary: &mut Summary,
    ) -> Result<Ended, WorkError> {
        let mut arrivals = self.source.read(wanted);
        let mut batch = Vec::with_capacity(BATCH);
        let ended = loop {
            // One thread does everything: a reply of the ledger must not wait for a whole chunk of reports.
            tokio::task::yield_now().await;
            match arrivals.next().await {
                Ok(Some(Arrival::Report(incoming))) => batch.push(*incoming),
                Ok(Some(Arrival::Unreadable { report, problem })) => summary.unreadable(report, problem),
                Ok(None) => break Ended::Whole,
                Err(fault) => {
                    summary.fault(&fault);
                    break Ended::Broken;
                }
            }
            if batch.len() == BATCH {
                self.store(std::mem::take(&mut batch), to, summary).await?;
            }
        };
        self.store(batch, to, summary).await?;
        Ok(ended)
    }

    /// One commit of the inbox.
    async fn store(
        &self,
        batch: Vec<Incoming>,
        to: &Sender<Vec<Waiting>>,
        summary: &mut Summary,
    ) -> Result<(), WorkError> {
        if batch.is_empty() {
            return Ok(());
        }
        let count = batch.len();
        let at_ms = self.clock.now_ms();
        let (rows, reports): (Vec<NewReport>, Vec<ExpenseReport>) = batch.into_iter().map(new_report).unzip();
        let mut tx = self.customer.begin().await?;
        let (places, _) = self.counted_places(&mut tx).await?;
        let arrivals = tx.put_reports(&self.flow_id, &self.run, &rows, at_ms).await?;
        self.count_uses(&mut tx, &places, reports.iter().zip(&arrivals)).await?;
        let mut events = Vec::new();
        let mut waiting = Vec::with_capacity(count);
        for ((row, report), put) in rows.iter().zip(reports).zip(arrivals) {
            let known = match put {
                Put::Superseded => continue,
                Put::New => {
                    events.push(event("report.read", row));
                    None
                }
                Put::Changed { state, generation, .. } => {
                    events.push(event("report.changed", row));
                    Some((state, generation))
                }
                Put::Unchanged { state, generation, moved } => {
                    // A fund source may be taken only now that the report has moved on.
                    let takes_more = moved && state == InboxState::Posted;
                    if !waits(state) && !takes_more {
                        summary.unchanged += 1;
                        continue;
                    }
                    Some((state, generation))
                }
            };
            waiting.push(Waiting { report, content_hash: row.content_hash, shown_ms: at_ms, known });
        }
        let steps = Steps::read(events.iter().map(|event| event.subject.as_str()));
        if events.is_empty() {
            tx.commit_untraced(at_ms).await?;
        } else {
            tx.put_cursor(&self.flow_id, ARRIVED_CURSOR, &at_ms.to_string(), at_ms).await?;
            tx.commit(at_ms, events).await?;
        }
        drop(steps);
        summary.read += count as u64;
        self.progress.tell(Step::Read(count));
        // The other end is gone only when its own error already ended the run.
        let _ = to.send(waiting).await;
        Ok(())
    }
}

/// Whether a report in this state is translated again although its content is the same: the mapping, the chart or
/// its state at the source may have changed.
pub const fn waits(state: InboxState) -> bool {
    matches!(
        state,
        InboxState::Seen
            | InboxState::Held
            | InboxState::Ready
            | InboxState::Skipped
            | InboxState::Rejected
            | InboxState::Drift
    )
}

fn event(action: &'static str, row: &NewReport) -> AuditEvent {
    let detail = json!({
        "content": data_encoding::HEXLOWER.encode(&row.content_hash),
        "state": row.source_state.name(),
        "total_minor": row.total_minor,
        "currency": row.currency,
    });
    AuditEvent::new(ACTOR, action, row.report_id.as_str(), detail)
}

fn new_report(incoming: Incoming) -> (NewReport, ExpenseReport) {
    let Incoming { raw, report } = incoming;
    let currency = report.currency.as_deref().and_then(|code| Currency::parse(code).ok());
    let total = report.total.zip(currency).and_then(|(total, currency)| total.to_amount(currency).ok());
    let row = NewReport {
        report_id: report.id.clone(),
        number: report.number.clone(),
        name: report.name.clone(),
        employee: if report.employee.name.is_empty() {
            report.employee.email.clone()
        } else {
            report.employee.name.clone()
        },
        policy_id: report.policy_id.clone(),
        source_state: report.state,
        currency: currency.map(|currency| currency.code().to_owned()),
        total_minor: total.map(|total| total.minor),
        content_hash: report.content_hash(),
        approved_on: report.approved,
        raw,
    };
    (row, report)
}
