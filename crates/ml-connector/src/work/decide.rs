//! Carries out what persons decided, under the company's lane: level-triggered, safe to repeat, safe to kill at any
//! point. Nothing goes around the protocol: an entry is vouched for, released or closed by the machine's own moves, and a
//! correction is a frozen posting like any other.

use accounting::identity::Kind;
use accounting::posting::{Event, IllegalMove, State};
use accounting::translate::SkippedExpense;
use accounting::{Code, Problem};
use serde_json::{Value, json};

use super::entry::{Entry, ReportEntries, audit_action, change, entry};
use super::granting::Grant;
use super::lane::Lane;
use super::open_cases::{cause, is_of, live};
use super::refresh::ChartInUse;
use super::summary::Summary;
use super::supersede::newest_of;
use super::{ACTOR, Work, WorkError};
use crate::flow::Mode;
use crate::store::{
    AuditEvent, Case, CaseFilter, CaseId, CaseKind, CaseState, Decision, InboxReport, InboxState, NewCase,
    PostingChange, ReportChange, StoredPosting, Tx,
};
use crate::systems::{Destination, Source};

/// Cases read in one page.
const PAGE: u32 = 200;

/// How far carrying out a decision has come.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Progress {
    /// It is carried out, and kept with its outcome.
    Kept,
    /// It is carried out.
    Done(Value),
    /// It goes on in a later pass.
    Waiting,
    /// It cannot be, as things stand: a person is asked again.
    NotPossible(String),
    /// What it was about has changed since.
    Superseded(&'static str),
}

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// Carries out what was decided, the oldest case first. Whether anything was done or sent.
    ///
    /// # Errors
    /// Those of the store, and a move that the protocol does not allow. A fault of a system ends it and is part of the
    /// summary; the rest goes on in a later pass.
    pub async fn decisions(&self, lane: &Lane, chart: &ChartInUse, summary: &mut Summary) -> Result<bool, WorkError> {
        let sent_before = summary.sent;
        let mut any = false;
        for case in self.decided().await? {
            if lane.is_stopped() {
                break;
            }
            // Large futures: on the heap, so that a pass stays small for the many cases in which nothing was decided.
            match Box::pin(self.carry_out(lane, chart, &case, summary)).await {
                Ok(progress) => any |= self.keep_progress(&case, progress).await?,
                Err(WorkError::Fault(fault)) => {
                    summary.fault(&fault);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(any || summary.sent > sent_before)
    }

    /// A person's wish that a decision be carried out now; tells how far it has come.
    ///
    /// # Errors
    /// [`WorkError::Refused`] where the wish names no case; see [`Work::decisions`].
    pub async fn grant_decision(&self, grant: &Grant<'_>, detail: &Value) -> Result<Value, WorkError> {
        let named = detail["case"].as_str().and_then(CaseId::parse);
        let unnamed = "the wish names no `case`, such as case_…".to_owned();
        let id = named.ok_or(WorkError::Refused { code: Code::DecisionFailed, detail: unnamed })?;
        let mut summary = Summary::default();
        if self.flow.mode == Mode::Post {
            Box::pin(self.decisions(grant.lane, grant.chart, &mut summary)).await?;
        }
        let case = self.customer.case(&id).await?;
        Ok(json!({ "case": id.as_str(), "state": case.state.name(), "outcome": case.outcome }))
    }

    /// Whether something was decided that is not carried out yet.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn has_decisions(&self) -> Result<bool, WorkError> {
        Ok(!self.customer.cases(&self.decided_filter(), None, 1).await?.is_empty())
    }

    fn decided_filter(&self) -> CaseFilter {
        CaseFilter { state: Some(CaseState::Decided), kind: None, flow: Some(self.flow_id.clone()) }
    }

    async fn decided(&self) -> Result<Vec<Case>, WorkError> {
        let mut all: Vec<Case> = Vec::new();
        loop {
            let before = all.last().map(|case| case.id.clone());
            let page = self.customer.cases(&self.decided_filter(), before.as_ref(), PAGE).await?;
            if page.is_empty() {
                all.reverse();
                return Ok(all);
            }
            all.extend(page);
        }
    }

    async fn keep_progress(&self, case: &Case, progress: Progress) -> Result<bool, WorkError> {
        match progress {
            Progress::Waiting => return Ok(false),
            Progress::Kept => {}
            Progress::Done(outcome) => self.close(case, outcome, "case.done").await?,
            Progress::Superseded(why) => self.close(case, json!({ "closed": why }), "case.closed").await?,
            Progress::NotPossible(why) => {
                let outcome = json!({ "code": Code::DecisionFailed.to_string(), "why": why });
                let at_ms = self.clock.now_ms();
                let mut tx = self.customer.begin().await?;
                tx.reopen_case(case, &outcome, at_ms).await?;
                tx.commit(at_ms, vec![AuditEvent::new(ACTOR, "case.reopened", case.id.as_str(), outcome)]).await?;
            }
        }
        Ok(true)
    }

    async fn carry_out(
        &self,
        lane: &Lane,
        chart: &ChartInUse,
        case: &Case,
        summary: &mut Summary,
    ) -> Result<Progress, WorkError> {
        let Some(decision) = case.decision else { return Ok(Progress::Superseded("nothing was decided")) };
        if case.kind == CaseKind::Difference {
            return Ok(Progress::Done(json!({ "accepted": true })));
        }
        if !case.kind.is_drift() {
            return Box::pin(self.decide_posting(lane, case, decision)).await;
        }
        let report_id = case.report_id.as_deref().unwrap_or(&case.subject);
        let Some(report) = self.customer.report(&self.flow_id, report_id).await? else {
            return Ok(Progress::Superseded("the report is not here"));
        };
        match decision {
            Decision::ReverseAndRepost => Box::pin(self.take_back(lane, chart, case, &report, true, summary)).await,
            Decision::Reverse => Box::pin(self.take_back(lane, chart, case, &report, false, summary)).await,
            Decision::PostDifference => Box::pin(self.post_difference(lane, chart, case, &report, summary)).await,
            _ => Box::pin(self.accept(case, &report)).await,
        }
    }

    /// The report counts as posted, with its difference explained.
    async fn accept(&self, case: &Case, report: &InboxReport) -> Result<Progress, WorkError> {
        let postings = self.customer.postings_of(&self.flow_id, &report.report_id).await?;
        let live = live(&postings);
        if report.state != InboxState::Drift || !is_of_now(case, report, &live) {
            return Ok(Progress::Superseded("the report changed once more"));
        }
        let amount = live.iter().map(|posting| posting.amount.minor).fold(0, i64::saturating_add);
        let change = posted_change(report, amount);
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await?;
        tx.set_report_states(&self.flow_id, &[change], at_ms).await?;
        let detail = json!({ "state": "posted", "explained": case.note, "by": case.decided_by });
        let event = AuditEvent::new(ACTOR, "report.accepted", report.report_id.as_str(), detail);
        self.end(tx, case, json!({ "accepted": true }), vec![event], at_ms).await
    }

    /// Ends a case in the commit that did what was decided.
    pub(super) async fn end(
        &self,
        mut tx: Tx,
        case: &Case,
        outcome: Value,
        mut events: Vec<AuditEvent>,
        at_ms: i64,
    ) -> Result<Progress, WorkError> {
        tx.move_case(case, CaseState::Done, &outcome, at_ms).await?;
        let detail = json!({ "kind": case.kind.name(), "subject": case.subject, "outcome": outcome });
        events.push(AuditEvent::new(ACTOR, "case.done", case.id.as_str(), detail));
        tx.commit(at_ms, events).await?;
        Ok(Progress::Kept)
    }

    async fn decide_posting(&self, lane: &Lane, case: &Case, decision: Decision) -> Result<Progress, WorkError> {
        let Some(report_id) = case.report_id.as_deref() else { return Ok(Progress::Superseded("no report")) };
        let postings = self.customer.postings_of(&self.flow_id, report_id).await?;
        let found = postings.iter().find(|posting| posting.reference.as_str() == case.subject);
        let Some(posting) = found.filter(|posting| stands_as(case.kind, &posting.machine.state)) else {
            return Ok(Progress::Superseded("the entry's outcome is known"));
        };
        let at_ms = self.clock.now_ms();
        let event = match decision {
            Decision::MarkHandled => {
                return Box::pin(self.mark_handled(lane, case, report_id, &postings)).await;
            }
            Decision::Vouch => {
                let record_no = case.record_no.clone().unwrap_or_default();
                let lines = self.destination.lines(std::slice::from_ref(&record_no)).await?;
                if lines.get(&record_no).is_none_or(Vec::is_empty) {
                    return Ok(Progress::NotPossible(format!("the ledger shows no entry {record_no}")));
                }
                Event::Vouched { record_no }
            }
            Decision::ConsentResend => Event::Consented { at_ms },
            _ => Event::Released { at_ms },
        };
        let mut moved = entry(posting.clone(), bytes::Bytes::new());
        moved.machine = match moved.machine.on(event, &self.rules) {
            Ok(next) => next,
            Err(IllegalMove::NotSettled) => return Ok(Progress::Waiting),
            Err(error) => return Ok(Progress::NotPossible(error.to_string())),
        };
        let state = moved.machine.state.name();
        let detail = json!({ "decision": decision.name(), "by": case.decided_by, "state": state, "note": case.note });
        let event = AuditEvent::new(ACTOR, audit_action(&moved.machine.state), case.subject.as_str(), detail);
        let outcome = json!({ "state": state, "record_no": moved.machine.state.record_no() });
        let report = ReportEntries { report_id: report_id.to_owned(), entries: vec![moved], shown_ms: 0 };
        let stands = self.state_of(&report).await?;
        let lease = lane.lease().await;
        let mut tx = self.customer.begin().await?;
        let changes: Vec<PostingChange<'_>> = report.entries.iter().map(change).collect();
        tx.save_postings(&lease, self.destination.company(), &changes, at_ms).await?;
        tx.move_reports(&self.flow_id, &[(report_id, stands)], at_ms).await?;
        self.end(tx, case, outcome, vec![event], at_ms).await
    }

    /// Nothing of the report will be posted; it is left out, and the reason stays with it.
    async fn mark_handled(
        &self,
        lane: &Lane,
        case: &Case,
        report_id: &str,
        postings: &[StoredPosting],
    ) -> Result<Progress, WorkError> {
        let Some(report) = self.customer.report(&self.flow_id, report_id).await? else {
            return Ok(Progress::Superseded("the report is not here"));
        };
        let content = postings.iter().filter(|posting| posting.key.kind == Kind::Entry).cloned().collect();
        let mut skipped = report.skipped.clone();
        let mut closed: Vec<Entry> = Vec::new();
        let mut posted_minor = 0_i64;
        for posting in newest_of(content) {
            if posting.machine.state.is_final() {
                posted_minor = posted_minor.saturating_add(posting.amount.minor);
                continue;
            }
            skipped.push(handled_elsewhere(&posting, case));
            let mut kept = entry(posting, bytes::Bytes::new());
            kept.machine = match kept.machine.on(Event::Withheld { code: Code::HandledElsewhere }, &self.rules) {
                Ok(next) => next,
                Err(error) => return Ok(Progress::NotPossible(format!("{}: {error}", kept.reference))),
            };
            closed.push(kept);
        }
        let state = if posted_minor == 0 { InboxState::Skipped } else { InboxState::Posted };
        let left_out = skipped.iter().filter_map(|expense| expense.amount);
        let skipped_minor = left_out.map(|amount| amount.minor).fold(0, i64::saturating_add);
        let change_of_report = ReportChange {
            skipped: &skipped,
            skipped_minor: Some(skipped_minor),
            state,
            ..posted_change(&report, posted_minor)
        };
        let why = case.note.clone().unwrap_or_default();
        let problem = Problem::of_report(Code::HandledElsewhere, "", why.clone());
        let changes = closed.iter().map(|entry| PostingChange { problem: Some(&problem), ..change(entry) });
        let events = closed.iter().map(|entry| {
            let detail = json!({ "state": "held", "by": case.decided_by, "why": why });
            AuditEvent::new(ACTOR, "posting.handled", entry.reference.as_str(), detail)
        });
        let at_ms = self.clock.now_ms();
        let lease = lane.lease().await;
        let mut tx = self.customer.begin().await?;
        tx.save_postings(&lease, self.destination.company(), &changes.collect::<Vec<_>>(), at_ms).await?;
        tx.set_report_states(&self.flow_id, &[change_of_report], at_ms).await?;
        self.record_handled(&mut tx, case, report_id, at_ms).await?;
        self.end(tx, case, json!({ "report": state.name() }), events.collect(), at_ms).await
    }

    /// The register of reports that were handled elsewhere holds one row a report.
    async fn record_handled(&self, tx: &mut Tx, case: &Case, report_id: &str, at_ms: i64) -> Result<(), WorkError> {
        let detail = json!({ "report": report_id, "case": case.id.as_str() });
        let handled = NewCase {
            flow: &self.flow_id,
            kind: CaseKind::Handled,
            subject: report_id,
            report_id: Some(report_id),
            cause: case.id.as_str(),
            code: Code::HandledElsewhere,
            detail: &detail,
            proposals: &[],
        };
        let (by, why) = (case.decided_by.as_deref().unwrap_or(ACTOR), case.note.as_deref().unwrap_or_default());
        tx.record_case(&handled, Decision::MarkHandled, by, why, at_ms).await?;
        Ok(())
    }

    /// Whether the case is still about the report as it is.
    pub(super) fn is_current(&self, case: &Case, report: &InboxReport, live: &[StoredPosting]) -> bool {
        report.state == InboxState::Drift && self.kind_of(report) == case.kind && is_of_now(case, report, live)
    }
}

fn is_of_now(case: &Case, report: &InboxReport, live: &[StoredPosting]) -> bool {
    is_of(case, &cause(case.kind, &report.content_hash, live))
}

/// The report as posted with this amount, and as it was in everything else.
pub(super) fn posted_change(report: &InboxReport, amount_minor: i64) -> ReportChange<'_> {
    ReportChange {
        report_id: &report.report_id,
        content_hash: &report.content_hash,
        state: InboxState::Posted,
        problems: &[],
        skipped: &report.skipped,
        amount_minor: Some(amount_minor),
        skipped_minor: report.skipped_minor,
        mapping_version: report.mapping_version.unwrap_or(0),
        chart_sha256: None,
        generation: report.generation,
    }
}

fn handled_elsewhere(posting: &StoredPosting, case: &Case) -> SkippedExpense {
    use accounting::FundSource;
    use accounting::identity::Scope;
    let fund_source = match posting.key.scope {
        Scope::Fund(fund) => fund,
        Scope::WholeReport => FundSource::Other,
    };
    let why = case.note.as_deref().unwrap_or_default();
    SkippedExpense {
        expense: String::new(),
        fund_source,
        amount: Some(posting.amount),
        reason: format!("handled elsewhere: {why}"),
    }
}

fn stands_as(kind: CaseKind, state: &State) -> bool {
    match kind {
        CaseKind::Conflict => matches!(state, State::Conflict { .. }),
        CaseKind::Duplicate => matches!(state, State::Duplicate { .. }),
        CaseKind::Undecidable => matches!(state, State::Held { code: Code::OutcomeUndecidable }),
        _ => matches!(state, State::Held { .. } | State::Rejected { .. }),
    }
}
