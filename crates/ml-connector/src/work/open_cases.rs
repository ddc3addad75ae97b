//! Opens a case for everything that a person must decide, from what is stored: reports that drifted, entries that
//! differ, stand twice or cannot be proven. Safe to repeat: a cause opens one case; a case whose cause is gone is closed.

use accounting::posting::State;
use accounting::{Code, ExpenseReport, Problem};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::refresh::ChartInUse;
use super::{ACTOR, Work, WorkError};
use crate::store::{
    AuditEvent, Case, CaseFilter, CaseId, CaseKind, CaseState, Decision, InboxReport, InboxState, NewCase,
    StoredPosting,
};
use crate::systems::{Destination, Source};

mod drift;

pub use drift::Drifted;

/// Rows read in one page.
const PAGE: u32 = 200;

/// Postings that stand in the ledger for a report's content, as far as is known.
pub fn live(postings: &[StoredPosting]) -> Vec<StoredPosting> {
    let stands = |posting: &&StoredPosting| {
        !posting.key.kind.is_reversal() && matches!(posting.machine.state, State::Posted { .. })
    };
    postings.iter().filter(stands).cloned().collect()
}

/// Tells one drift from every other: its kind, the content that was seen, and what stands in the ledger.
pub fn cause(kind: CaseKind, content_hash: &[u8; 32], live: &[StoredPosting]) -> String {
    let mut parts = vec![kind.name().to_owned(), data_encoding::HEXLOWER.encode(content_hash)];
    parts.extend(live.iter().map(|posting| posting.reference.to_string()));
    short_hash(&parts)
}

/// 32 hexadecimal digits over parts that hold no line break.
pub fn short_hash(parts: &[String]) -> String {
    let hash = Sha256::digest(parts.join("\n").as_bytes());
    data_encoding::HEXLOWER.encode(&hash)[..32].to_owned()
}

/// The cause with the number of times that it came back after a case of it was closed.
fn numbered(cause: String, kind: CaseKind, subject: &str, cases: &[Case]) -> String {
    let same = |case: &&Case| case.kind == kind && case.subject == subject && is_of(case, &cause);
    let closed = cases.iter().filter(same).filter(|case| case.state == CaseState::Done).count();
    if closed == 0 { cause } else { format!("{cause}-{closed}") }
}

/// Whether a case is of this cause, whichever time it came.
pub fn is_of(case: &Case, cause: &str) -> bool {
    case.cause.split('-').next() == Some(cause)
}

impl<S, D> Work<'_, S, D> {
    /// What kind of drift a posted report's present state at its source is.
    pub(super) fn drift_kind(&self, report: &ExpenseReport) -> CaseKind {
        let taken = self.flow.mapping.selection.states.values().any(|states| states.contains(&report.state));
        if taken { CaseKind::DriftChanged } else { CaseKind::DriftUnapproved }
    }

    /// The problem to show with it.
    pub(super) fn drift_problem(&self, report: &ExpenseReport) -> Problem {
        match self.drift_kind(report) {
            CaseKind::DriftUnapproved => {
                let detail = format!("the report was posted and is {} at its source now", report.state.name());
                Problem::of_report(Code::ReportUnapproved, report.state.name(), detail)
            }
            _ => {
                let detail = "the report's content is not what was frozen for posting";
                Problem::of_report(Code::ContentChanged, "", detail)
            }
        }
    }

    /// Whether a person accepted this drift as it is.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn is_accepted(&self, report_id: &str, cause: &str) -> Result<bool, WorkError> {
        let cases = self.customer.cases_of(&self.flow_id, report_id).await?;
        let accepted = |case: &Case| {
            case.state == CaseState::Done && case.decision == Some(Decision::Accept) && is_of(case, cause)
        };
        Ok(cases.iter().any(accepted))
    }
}

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// Opens what is to be decided, and closes what is no longer so.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open_cases(&self, chart: &ChartInUse) -> Result<(), WorkError> {
        self.close_settled().await?;
        let mut after: Option<String> = None;
        loop {
            let drifted = [InboxState::Drift];
            let page = self.customer.reports_in(&self.flow_id, &drifted, after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.report_id.clone());
            for report in &page {
                self.open_drift(chart, report).await?;
            }
        }
        self.open_postings().await
    }

    async fn open_drift(&self, chart: &ChartInUse, report: &InboxReport) -> Result<(), WorkError> {
        let postings = self.customer.postings_of(&self.flow_id, &report.report_id).await?;
        let live = live(&postings);
        // What is still on its way is settled first.
        if live.is_empty() || postings.iter().any(|posting| is_under_way(&posting.machine.state)) {
            return Ok(());
        }
        let kind = self.kind_of(report);
        let cases = self.customer.cases_of(&self.flow_id, &report.report_id).await?;
        let base = cause(kind, &report.content_hash, &live);
        if cases.iter().any(|case| case.state != CaseState::Done && is_of(case, &base)) {
            return Ok(());
        }
        let cause = numbered(base, kind, &report.report_id, &cases);
        let drifted = self.drifted(chart, report, &live).await?;
        let at_ms = self.clock.now_ms();
        let detail = drifted.shown(report, &live);
        let proposals = drifted.proposals();
        let case = NewCase {
            flow: &self.flow_id,
            kind,
            subject: &report.report_id,
            report_id: Some(&report.report_id),
            cause: &cause,
            code: drifted.code(),
            detail: &detail,
            proposals: &proposals,
        };
        let mut tx = self.customer.begin().await?;
        if drifted.is_nothing() {
            let note = "nothing that is booked differs";
            let Some(id) = tx.record_case(&case, Decision::Accept, ACTOR, note, at_ms).await? else { return Ok(()) };
            tx.keep_reports(&self.flow_id, &[(&report.report_id, InboxState::Posted)], at_ms).await?;
            let detail = json!({ "report": report.report_id, "decision": "accept", "note": note });
            tx.commit(at_ms, vec![AuditEvent::new(ACTOR, "case.decided", id.as_str(), detail)]).await?;
            return Ok(());
        }
        let opened = tx.open_case(&case, at_ms).await?;
        self.keep_opened(tx, &case, opened, at_ms).await
    }

    /// What kind of drift a report in the inbox is.
    pub(super) fn kind_of(&self, report: &InboxReport) -> CaseKind {
        let taken = self.flow.mapping.selection.states.values().any(|states| states.contains(&report.source_state));
        if report.problems.iter().any(|problem| problem.code == Code::ReportDeleted) {
            CaseKind::DriftDeleted
        } else if taken {
            CaseKind::DriftChanged
        } else {
            CaseKind::DriftUnapproved
        }
    }

    async fn open_postings(&self) -> Result<(), WorkError> {
        let mut after = None;
        loop {
            let states = ["conflict", "duplicate", "held"];
            let page = self.customer.postings_in(self.destination.company(), &states, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.reference.clone());
            for posting in page.iter().filter(|posting| posting.flow == self.flow_id) {
                if let Some(kind) = posting_kind(&posting.machine.state, posting) {
                    self.open_posting(kind, posting).await?;
                }
            }
        }
    }

    async fn open_posting(&self, kind: CaseKind, posting: &StoredPosting) -> Result<(), WorkError> {
        let subject = posting.reference.as_str();
        let cases = self.customer.cases_of(&self.flow_id, &posting.key.report).await?;
        let open = |case: &Case| case.state != CaseState::Done && case.kind == kind && case.subject == subject;
        if cases.iter().any(open) {
            return Ok(());
        }
        let base = short_hash(&[kind.name().to_owned(), subject.to_owned()]);
        let cause = numbered(base, kind, subject, &cases);
        let detail = self.shown_posting(posting).await?;
        let case = NewCase {
            flow: &self.flow_id,
            kind,
            subject,
            report_id: Some(&posting.key.report),
            cause: &cause,
            code: posting.machine.state.code().unwrap_or(Code::LedgerRejected),
            detail: &detail,
            proposals: posting_proposals(kind, posting),
        };
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await?;
        let opened = tx.open_case(&case, at_ms).await?;
        self.keep_opened(tx, &case, opened, at_ms).await
    }

    pub(super) async fn keep_opened(
        &self,
        tx: crate::store::Tx,
        case: &NewCase<'_>,
        opened: Option<CaseId>,
        at_ms: i64,
    ) -> Result<(), WorkError> {
        let Some(id) = opened else { return Ok(()) };
        let proposals: Vec<&str> = case.proposals.iter().map(|decision| decision.name()).collect();
        let detail = json!({ "kind": case.kind.name(), "subject": case.subject, "proposals": proposals });
        tx.commit(at_ms, vec![AuditEvent::new(ACTOR, "case.opened", id.as_str(), detail)]).await?;
        Ok(())
    }

    async fn shown_posting(&self, posting: &StoredPosting) -> Result<Value, WorkError> {
        let lines = self.customer.posting_lines(self.destination.company(), &posting.reference).await?;
        let there: Vec<String> = match &posting.machine.state {
            State::Conflict { record_no } => vec![record_no.clone()],
            State::Duplicate { record_nos } => record_nos.clone(),
            _ => Vec::new(),
        };
        Ok(json!({
            "report": posting.key.report,
            "reference": posting.reference.as_str(),
            "journal": posting.journal,
            "date": posting.posting_date.to_string(),
            "total_minor": posting.total.minor,
            "currency": posting.total.currency.code(),
            "record_nos": there,
            "detail": posting.problem.as_ref().map(|problem| problem.detail.clone()),
            "lines": lines.iter().take(drift::LINES_SHOWN).map(drift::frozen_line).collect::<Vec<_>>(),
        }))
    }

    /// Closes open cases whose cause is gone.
    async fn close_settled(&self) -> Result<(), WorkError> {
        let filter = CaseFilter { state: Some(CaseState::Open), kind: None, flow: Some(self.flow_id.clone()) };
        let mut before = None;
        loop {
            let page = self.customer.cases(&filter, before.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            before = Some(last.id.clone());
            for case in &page {
                if let Some(why) = self.settled_by_itself(case).await? {
                    self.close(case, json!({ "closed": why }), "case.closed").await?;
                }
            }
        }
    }

    async fn settled_by_itself(&self, case: &Case) -> Result<Option<&'static str>, WorkError> {
        let Some(report_id) = &case.report_id else { return Ok(None) };
        let postings = self.customer.postings_of(&self.flow_id, report_id).await?;
        if case.kind.is_drift() {
            let report = self.customer.report(&self.flow_id, report_id).await?;
            let Some(report) = report.filter(|report| report.state == InboxState::Drift) else {
                return Ok(Some("the report stands as it was posted"));
            };
            let now = cause(self.kind_of(&report), &report.content_hash, &live(&postings));
            return Ok((!is_of(case, &now)).then_some("the report changed once more"));
        }
        if matches!(case.kind, CaseKind::Difference | CaseKind::Handled) {
            return Ok(None);
        }
        let posting = postings.iter().find(|posting| posting.reference.as_str() == case.subject);
        let kind = posting.and_then(|posting| posting_kind(&posting.machine.state, posting));
        Ok((kind != Some(case.kind)).then_some("the entry's outcome is known"))
    }

    /// Ends a case.
    pub(super) async fn close(&self, case: &Case, outcome: Value, action: &'static str) -> Result<(), WorkError> {
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await?;
        tx.move_case(case, CaseState::Done, &outcome, at_ms).await?;
        let detail = json!({ "kind": case.kind.name(), "subject": case.subject, "outcome": outcome });
        tx.commit(at_ms, vec![AuditEvent::new(ACTOR, action, case.id.as_str(), detail)]).await?;
        Ok(())
    }
}

const fn is_under_way(state: &State) -> bool {
    matches!(state, State::Sending | State::Unknown | State::Absent)
}

fn posting_kind(state: &State, posting: &StoredPosting) -> Option<CaseKind> {
    match state {
        State::Conflict { .. } => Some(CaseKind::Conflict),
        State::Duplicate { .. } => Some(CaseKind::Duplicate),
        State::Held { code: Code::OutcomeUndecidable } => Some(CaseKind::Undecidable),
        State::Held { code: Code::HandledElsewhere | Code::ContentChanged } => None,
        State::Held { .. } if posting.machine.failure.is_some() => Some(CaseKind::Refused),
        _ => None,
    }
}

/// What can be decided about an entry. A correction is part of another decision, so it cannot end as booked elsewhere.
fn posting_proposals(kind: CaseKind, posting: &StoredPosting) -> &'static [Decision] {
    use Decision::{ConsentResend, LookAgain, MarkHandled, Release, Vouch};
    let is_correction = posting.key.kind != accounting::identity::Kind::Entry;
    match (kind, is_correction) {
        (CaseKind::Undecidable, false) => &[Vouch, ConsentResend, LookAgain, MarkHandled],
        (CaseKind::Undecidable, true) => &[Vouch, ConsentResend, LookAgain],
        (CaseKind::Refused, false) => &[Release, MarkHandled],
        (CaseKind::Refused, true) => &[Release, Vouch],
        (_, false) => &[Vouch, LookAgain, MarkHandled],
        (_, true) => &[Vouch, LookAgain],
    }
}
