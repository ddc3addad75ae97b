//! Reports that were held and are right now, in a flow that does not release such reports by itself: they are frozen
//! and wait until a person lets them go.

use accounting::{Code, Problem};
use serde_json::json;

use super::Outcome;
use crate::flow::Mode;
use crate::store::{AuditEvent, InboxState, Tx};
use crate::work::{ACTOR, Work, WorkError};

impl<S: Sync, D: Sync> Work<'_, S, D> {
    /// Lets a report that was held wait for its release, under the cause that held it.
    pub(super) async fn await_release(&self, mut outcome: Outcome) -> Result<Outcome, WorkError> {
        let control = &self.flow.control;
        if control.auto_release || self.flow.mode != Mode::Post || outcome.state != InboxState::Ready {
            return Ok(outcome);
        }
        let Some((known, _)) = outcome.waiting.known else { return Ok(outcome) };
        let former = self.customer.first_cause(&self.flow_id, &outcome.waiting.report.id).await?;
        let waits = Code::WaitsForRelease;
        let value = match former {
            // It waits already, whatever became of its content since.
            Some((code, value)) if code == waits => value,
            Some((code, value)) if matches!(known, InboxState::Held | InboxState::Seen) => {
                if value.is_empty() {
                    code.to_string()
                } else {
                    format!("{code} {value}")
                }
            }
            _ => return Ok(outcome),
        };
        let detail = "what held the report is mended, and the flow does not release such reports by itself";
        outcome.problems = vec![Problem::of_report(waits, value, detail)];
        Ok(outcome)
    }

    /// Postings that stand as they are wait as well.
    pub(super) async fn keep_waiting(&self, tx: &mut Tx, kept: &[Outcome], at_ms: i64) -> Result<(), WorkError> {
        for outcome in kept.iter().filter(|outcome| outcome.state == InboxState::Ready) {
            if let Some(problem) = outcome.problems.iter().find(|problem| problem.code == Code::WaitsForRelease) {
                tx.gate(&self.flow_id, &[outcome.waiting.report.id.as_str()], problem, at_ms).await?;
            }
        }
        Ok(())
    }
}

impl Outcome {
    /// Whether its entries may be sent as far as translating knows.
    pub(super) fn may_leave(&self) -> bool {
        self.state == InboxState::Ready && self.problems.is_empty()
    }

    /// What the audit is told of a report that begins to wait.
    pub(super) fn waits_event(&self) -> Option<AuditEvent> {
        let problem = self.problems.first().filter(|problem| problem.code == Code::WaitsForRelease)?;
        let detail = json!({ "code": problem.code.to_string(), "mended": problem.value });
        Some(AuditEvent::new(ACTOR, "report.waits", self.waiting.report.id.as_str(), detail))
    }
}
