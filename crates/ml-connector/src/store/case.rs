//! Cases: what a person must decide, once a cause. They are opened and carried out by the work, decided by persons;
//! whether a decision makes sense in the ledger is the work's business, not decided here.

use accounting::Code;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::AuditEvent;
use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::ids::{CaseId, FlowId};
use super::sql;
use super::tx::Tx;

mod kind;
mod read;

pub use kind::{CaseKind, CaseState, Decision};
pub use read::{Case, CaseFilter};
pub(super) use read::{FIND, FIND_CAUSE, LIST, OF_REPORT};

pub(super) const OPEN: &str = "INSERT INTO cases (customer_id, id, flow_id, kind, subject, report_id, cause, state, \
     code, detail, proposals, decision, note, decided_by, opened_ms, changed_ms) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
     ON CONFLICT (customer_id, flow_id, kind, subject, cause) DO NOTHING";
pub(super) const DECIDE: &str = "UPDATE cases SET state = $1, decision = $2, record_no = $3, decided_by = $4, \
     decided_ms = $5, note = $6, consents = $7, changed_ms = $5 \
     WHERE customer_id = $8 AND id = $9 AND state = 'open' AND cause = $10 AND COALESCE(consents, '') = $11";
pub(super) const MOVE: &str = "UPDATE cases SET state = $1, outcome = $2, changed_ms = $3 \
     WHERE customer_id = $4 AND id = $5 AND state = $6";
pub(super) const REOPEN: &str = "UPDATE cases SET state = 'open', outcome = $1, decision = NULL, record_no = NULL, \
     consents = NULL, changed_ms = $2 WHERE customer_id = $3 AND id = $4 AND state = 'decided'";

/// A case to be opened.
#[derive(Debug, Clone)]
pub struct NewCase<'a> {
    /// The flow.
    pub flow: &'a FlowId,
    /// What it is about.
    pub kind: CaseKind,
    /// The report's id or the reference.
    pub subject: &'a str,
    /// The report, where there is one.
    pub report_id: Option<&'a str>,
    /// Tells this cause from every other of the same kind and subject.
    pub cause: &'a str,
    /// The problem under which a person finds cause and remedy.
    pub code: Code,
    /// What was found, for showing: the differing lines, the record numbers.
    pub detail: &'a Value,
    /// What can be decided.
    pub proposals: &'a [Decision],
}

/// What a person decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What.
    pub decision: Option<Decision>,
    /// The entry's number at the destination, for [`Decision::Vouch`].
    pub record_no: Option<String>,
    /// Why.
    pub note: String,
}

/// One person's consent, where several must give theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Who.
    pub actor: String,
    /// When, in epoch milliseconds.
    pub at_ms: i64,
}

impl Tx {
    /// Opens a case, unless one of the same cause was ever opened. Its id where it is new; then the commit owes an
    /// audit event.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Random`], [`StoreError::Json`].
    pub async fn open_case(&mut self, case: &NewCase<'_>, at_ms: i64) -> Result<Option<CaseId>, StoreError> {
        self.add_case(case, CaseState::Open, None, at_ms).await
    }

    /// Puts a case on record that needs no decision any more, with what was decided, by whom and why; once a cause.
    ///
    /// # Errors
    /// See [`Tx::open_case`].
    pub async fn record_case(
        &mut self,
        case: &NewCase<'_>,
        decision: Decision,
        actor: &str,
        note: &str,
        at_ms: i64,
    ) -> Result<Option<CaseId>, StoreError> {
        self.add_case(case, CaseState::Done, Some((decision, actor, note)), at_ms).await
    }

    async fn add_case(
        &mut self,
        case: &NewCase<'_>,
        state: CaseState,
        decided: Option<(Decision, &str, &str)>,
        at_ms: i64,
    ) -> Result<Option<CaseId>, StoreError> {
        let id = self.customer().store().ids().case(at_ms)?;
        let proposals: Vec<&str> = case.proposals.iter().map(|decision| decision.name()).collect();
        let opening = sql::query(OPEN)
            .bind(self.customer_id().as_str())
            .bind(id.as_str())
            .bind(case.flow.as_str())
            .bind(case.kind.name())
            .bind(case.subject)
            .bind(case.report_id)
            .bind(case.cause)
            .bind(state.name())
            .bind(i64::from(case.code.number()))
            .bind(case.detail.to_string())
            .bind(json!(proposals).to_string())
            .bind(decided.map(|(decision, ..)| decision.name()))
            .bind(decided.map(|(.., note)| note))
            .bind(decided.map(|(_, actor, _)| actor))
            .bind(at_ms)
            .bind(at_ms);
        let opened = opening.execute(self.connection()).await.map_err(failed("opening a case"))?;
        Ok((opened.rows_affected() == 1).then_some(id))
    }

    /// Moves a case on with what was done so far, from the state in which it was read.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where it has moved meanwhile: drop the transaction. [`StoreError::Statement`].
    pub async fn move_case(
        &mut self,
        case: &Case,
        state: CaseState,
        outcome: &Value,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let moving = sql::query(MOVE).bind(state.name()).bind(outcome.to_string()).bind(at_ms);
        let moving = moving.bind(self.customer_id().as_str()).bind(case.id.as_str()).bind(case.state.name());
        let moved = moving.execute(self.connection()).await.map_err(failed("moving a case"))?;
        one(moved.rows_affected())
    }

    /// Asks again: what was decided could not be carried out, and the outcome says why.
    ///
    /// # Errors
    /// See [`Tx::move_case`].
    pub async fn reopen_case(&mut self, case: &Case, outcome: &Value, at_ms: i64) -> Result<(), StoreError> {
        let reopening = sql::query(REOPEN).bind(outcome.to_string()).bind(at_ms);
        let reopening = reopening.bind(self.customer_id().as_str()).bind(case.id.as_str());
        let reopened = reopening.execute(self.connection()).await.map_err(failed("asking a case again"))?;
        one(reopened.rows_affected())
    }
}

impl CustomerStore {
    /// Decides a case, as a person saw it: `cause` is the one that was shown. Deciding the same again changes nothing.
    /// Where several persons must agree, the first one's consent is kept and the case stays open.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Stale`] where the case is not the one that was shown;
    /// [`StoreError::Refused`] with the reason where the decision is not among the proposals, says too little, or is a
    /// second one by the same person; [`StoreError::Statement`].
    pub async fn decide(
        &self,
        id: &CaseId,
        cause: &str,
        verdict: &Verdict,
        actor: &str,
        at_ms: i64,
    ) -> Result<Case, StoreError> {
        let case = self.case(id).await?;
        if case.cause != cause {
            return Err(StoreError::Stale { what: "case" });
        }
        let decision = check(&case, verdict)?;
        if case.state != CaseState::Open {
            let same = case.decision == Some(decision) && case.record_no == verdict.record_no;
            return if same { Ok(case) } else { Err(refused("the case is decided already")) };
        }
        let mut consents = if case.decision == Some(decision) { case.consents.clone() } else { Vec::new() };
        if consents.iter().any(|consent| consent.actor == actor) {
            return Err(refused("another person must agree; you have consented already"));
        }
        consents.push(Consent { actor: actor.to_owned(), at_ms });
        let state = if consents.len() < decision.persons() { CaseState::Open } else { CaseState::Decided };
        let before = consents_text(&case.consents)?;
        let mut tx = self.begin().await?;
        let deciding = sql::query(DECIDE)
            .bind(state.name())
            .bind(decision.name())
            .bind(verdict.record_no.clone())
            .bind(actor)
            .bind(at_ms)
            .bind(verdict.note.trim())
            .bind(consents_text(&consents)?)
            .bind(self.id().as_str())
            .bind(id.as_str())
            .bind(cause)
            .bind(before);
        let decided = deciding.execute(tx.connection()).await.map_err(failed("deciding a case"))?;
        one(decided.rows_affected())?;
        let action = if state == CaseState::Open { "case.consented" } else { "case.decided" };
        let detail = json!({
            "kind": case.kind.name(),
            "subject": case.subject,
            "decision": decision.name(),
            "record_no": verdict.record_no,
            "note": verdict.note.trim(),
        });
        tx.commit(at_ms, vec![AuditEvent::new(actor, action, id.as_str(), detail)]).await?;
        self.case(id).await
    }
}

fn check(case: &Case, verdict: &Verdict) -> Result<Decision, StoreError> {
    let decision = verdict.decision.ok_or_else(|| refused("nothing was decided"))?;
    if !case.proposals.contains(&decision) {
        let offered: Vec<&str> = case.proposals.iter().map(|decision| decision.name()).collect();
        let offered = if offered.is_empty() { "nothing".to_owned() } else { offered.join(", ") };
        return Err(refused(&format!("{} cannot be decided here; it can be: {offered}", decision.name())));
    }
    if decision.needs_note() && verdict.note.trim().is_empty() {
        return Err(refused(&format!("{} needs a note that says why", decision.name())));
    }
    let names_one = verdict.record_no.as_ref().is_some_and(|number| !number.trim().is_empty());
    if (decision == Decision::Vouch) != names_one {
        let why = if names_one { "takes no record number" } else { "needs the record number of the entry" };
        return Err(refused(&format!("{} {why}", decision.name())));
    }
    Ok(decision)
}

/// As it is stored; no consents are no text.
fn consents_text(consents: &[Consent]) -> Result<String, StoreError> {
    if consents.is_empty() {
        return Ok(String::new());
    }
    serde_json::to_string(consents).map_err(|source| StoreError::Json { what: "consents", source })
}

fn refused(why: &str) -> StoreError {
    StoreError::Refused { why: why.to_owned() }
}

fn one(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Stale { what: "case" }) }
}
