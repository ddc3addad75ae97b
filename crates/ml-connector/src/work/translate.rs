//! Translates what waits: skipped, held with all its problems, or made into entries whose exact bytes are frozen in
//! the same commit. Nothing is sent here.

use accounting::translate::{Held, Plan, PlannedEntry, Setting, Skip, SkippedExpense, Translator};
use accounting::{Amount, Code, Problem, Translation};
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::{Receiver, Sender};

use super::poll::Waiting;
use super::progress::Step;
use super::refresh::ChartInUse;
use super::{ACTOR, Work, WorkError};
use crate::flow::Mode;
use crate::store::{AuditEvent, InboxState, NewPosting, ReportChange, Tx};
use crate::systems::Destination;
use crate::work::post::{Entry, ReportEntries};

/// What became of one report.
struct Outcome {
    waiting: Waiting,
    generation: u8,
    state: InboxState,
    problems: Vec<Problem>,
    skipped: Vec<SkippedExpense>,
    amount: Option<Amount>,
    rendered: Vec<Rendered>,
}

/// An entry with its exact bytes.
struct Rendered {
    planned: PlannedEntry,
    payload: Bytes,
    sha256: [u8; 32],
}

impl<S, D: Destination> Work<'_, S, D> {
    /// Translates batches as they come, and passes on what was frozen.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn translate(
        &self,
        chart: &ChartInUse,
        from: &mut Receiver<Vec<Waiting>>,
        to: &Sender<Vec<ReportEntries>>,
    ) -> Result<(), WorkError> {
        let translator = Translator::new(&self.flow.mapping, &chart.chart);
        while let Some(batch) = from.recv().await {
            let outcomes: Vec<Outcome> = batch.into_iter().map(|waiting| self.outcome(&translator, waiting)).collect();
            let frozen = self.keep(chart, outcomes).await?;
            if !frozen.is_empty() {
                self.progress.tell(Step::Frozen(frozen.iter().map(|report| report.entries.len()).sum()));
                let _ = to.send(frozen).await;
            }
        }
        Ok(())
    }

    fn outcome(&self, translator: &Translator<'_>, waiting: Waiting) -> Outcome {
        // Content that changed after an entry was frozen or posted is for a person; nothing is made of it here.
        let (state_before, generation) = waiting.known.map_or((None, 0), |(state, g)| (Some(state), g));
        let drifted = state_before.is_some_and(|state| {
            matches!(state, InboxState::Sent | InboxState::Posted | InboxState::Unknown | InboxState::Conflict)
        });
        let mut outcome = Outcome {
            generation,
            state: InboxState::Held,
            problems: Vec::new(),
            skipped: Vec::new(),
            amount: None,
            rendered: Vec::new(),
            waiting,
        };
        if drifted {
            let detail = "the report's content is not what was frozen for posting";
            outcome.state = InboxState::Drift;
            outcome.problems = vec![Problem::of_report(Code::ContentChanged, "", detail)];
            return outcome;
        }
        let report = &outcome.waiting.report;
        let setting = Setting {
            today: self.clock.today(),
            company: self.destination.company().to_owned(),
            generation,
            run: self.run.to_string(),
        };
        match translator.translate(report, &setting) {
            Translation::Skipped(Skip { reason, amount, expenses }) => {
                outcome.state = InboxState::Skipped;
                outcome.skipped = if expenses.is_empty() { vec![whole_report(reason, amount)] } else { expenses };
                outcome.amount = amount.map(|amount| Amount::new(0, amount.currency));
            }
            Translation::Held(Held { problems, amount, skipped }) => {
                outcome.problems = problems;
                outcome.amount = amount;
                outcome.skipped = skipped;
            }
            Translation::Ready(Plan { entries, skipped, amount }) => {
                outcome.state = InboxState::Ready;
                outcome.amount = Some(amount);
                outcome.skipped = skipped;
                match entries.into_iter().map(|planned| self.render(planned)).collect() {
                    Ok(rendered) => outcome.rendered = rendered,
                    Err(problem) => {
                        outcome.state = InboxState::Held;
                        outcome.problems = vec![problem];
                    }
                }
            }
        }
        outcome
    }

    fn render(&self, planned: PlannedEntry) -> Result<Rendered, Problem> {
        let payload = Bytes::from(self.destination.render(&planned)?);
        let sha256 = Sha256::digest(&payload).into();
        Ok(Rendered { planned, payload, sha256 })
    }

    /// One commit of what became of a batch.
    async fn keep(&self, chart: &ChartInUse, outcomes: Vec<Outcome>) -> Result<Vec<ReportEntries>, WorkError> {
        if outcomes.is_empty() {
            return Ok(Vec::new());
        }
        let at_ms = self.clock.now_ms();
        let mut events = Vec::new();
        for outcome in &outcomes {
            events.extend(self.events(outcome).await?);
        }
        let posts = self.flow.mode == Mode::Post;
        let mut tx = self.customer.begin().await?;
        let changes: Vec<ReportChange<'_>> = outcomes.iter().map(|outcome| self.change(outcome)).collect();
        tx.set_report_states(&self.flow_id, &changes, at_ms).await?;
        if posts {
            self.freeze(&mut tx, chart, &outcomes, at_ms).await?;
        }
        if events.is_empty() {
            tx.commit_untraced(at_ms).await?;
        } else {
            tx.commit(at_ms, events).await?;
        }
        if !posts {
            return Ok(Vec::new());
        }
        let ready = outcomes.into_iter().filter(|outcome| outcome.state == InboxState::Ready);
        Ok(ready.map(into_entries).collect())
    }

    async fn freeze(&self, tx: &mut Tx, chart: &ChartInUse, outcomes: &[Outcome], at_ms: i64) -> Result<(), WorkError> {
        let postings: Vec<NewPosting<'_>> = outcomes
            .iter()
            .flat_map(|outcome| {
                let entries = u32::try_from(outcome.rendered.len()).unwrap_or(u32::MAX);
                outcome.rendered.iter().map(move |rendered| NewPosting {
                    planned: &rendered.planned,
                    entries,
                    content_hash: &outcome.waiting.content_hash,
                    mapping_version: self.flow.mapping.version,
                    chart_sha256: &chart.sha256,
                    payload: &rendered.payload,
                    payload_sha256: &rendered.sha256,
                })
            })
            .collect();
        tx.freeze(&self.flow_id, &postings, at_ms).await?;
        Ok(())
    }

    fn change<'o>(&self, outcome: &'o Outcome) -> ReportChange<'o> {
        let skipped = outcome.skipped.iter().filter_map(|skipped| skipped.amount);
        ReportChange {
            report_id: &outcome.waiting.report.id,
            content_hash: &outcome.waiting.content_hash,
            state: outcome.state,
            problems: &outcome.problems,
            skipped: &outcome.skipped,
            amount_minor: outcome.amount.map(|amount| amount.minor),
            skipped_minor: Some(skipped.map(|amount| amount.minor).sum()),
            mapping_version: self.flow.mapping.version,
            generation: outcome.generation,
        }
    }

    /// The audit events of an outcome: none where a report stands as it stood, with the same problems.
    async fn events(&self, outcome: &Outcome) -> Result<Vec<AuditEvent>, WorkError> {
        let id = &outcome.waiting.report.id;
        if let Some((state, _)) = outcome.waiting.known
            && state == outcome.state
            && !(state == InboxState::Ready && self.flow.mode == Mode::Post)
            && let Some(stored) = self.customer.report(&self.flow_id, id).await?
            && stored.problems == outcome.problems
        {
            return Ok(Vec::new());
        }
        let detail = match outcome.state {
            InboxState::Held | InboxState::Drift => json!({ "problems": problems(&outcome.problems) }),
            InboxState::Skipped => json!({ "expenses": skipped(&outcome.skipped) }),
            _ if self.flow.mode == Mode::Post => {
                let frozen = outcome.rendered.iter().map(|rendered| self.frozen_event(id, rendered));
                let mut events: Vec<AuditEvent> = frozen.collect();
                if !outcome.skipped.is_empty() {
                    let detail = json!({ "expenses": skipped(&outcome.skipped) });
                    events.push(AuditEvent::new(ACTOR, "expenses.skipped", id.as_str(), detail));
                }
                return Ok(events);
            }
            _ => json!({ "entries": outcome.rendered.len(), "expenses_skipped": skipped(&outcome.skipped) }),
        };
        let action = match outcome.state {
            InboxState::Held => "report.held",
            InboxState::Drift => "report.drifted",
            InboxState::Skipped => "report.skipped",
            _ => "report.ready",
        };
        Ok(vec![AuditEvent::new(ACTOR, action, id.as_str(), detail)])
    }

    fn frozen_event(&self, report: &str, rendered: &Rendered) -> AuditEvent {
        let Rendered { planned, sha256, .. } = rendered;
        let detail = json!({
            "report": report,
            "sha256": data_encoding::HEXLOWER.encode(sha256),
            "mapping": self.flow.mapping.version,
            "date": planned.entry.header().date.to_string(),
            "total": planned.entry.total().to_string(),
            "lines": planned.entry.lines().len(),
        });
        AuditEvent::new(ACTOR, "posting.frozen", planned.reference.as_str(), detail)
    }
}

fn into_entries(outcome: Outcome) -> ReportEntries {
    let entries = outcome.rendered.into_iter().map(|rendered| Entry {
        currency: rendered.planned.entry.currency(),
        reference: rendered.planned.reference,
        journal: rendered.planned.entry.header().journal.clone(),
        date: rendered.planned.entry.header().date,
        payload: rendered.payload,
        sha256: rendered.sha256,
        machine: accounting::posting::Posting::frozen(),
    });
    ReportEntries { report_id: outcome.waiting.report.id, entries: entries.collect() }
}

fn whole_report(reason: String, amount: Option<Amount>) -> SkippedExpense {
    let fund_source = accounting::FundSource::Other;
    SkippedExpense { expense: String::new(), fund_source, amount, reason }
}

fn problems(problems: &[Problem]) -> Vec<Value> {
    let shown = problems.iter().map(|problem| {
        json!({
            "code": problem.code.to_string(),
            "value": problem.value,
            "expense": problem.expense,
            "detail": problem.detail,
        })
    });
    shown.collect()
}

fn skipped(skipped: &[SkippedExpense]) -> Vec<Value> {
    let shown = skipped.iter().map(|expense| {
        json!({
            "expense": expense.expense,
            "amount": expense.amount.map(|amount| amount.to_string()),
            "reason": expense.reason,
        })
    });
    shown.collect()
}
