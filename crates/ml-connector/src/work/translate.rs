//! Translates what waits: skipped, held with all its problems, or made into entries whose exact bytes are frozen in
//! the same commit. Nothing is sent here.

use accounting::identity::Reference;
use accounting::translate::{Held, Plan, PlannedEntry, Setting, Skip, SkippedExpense, Translator};
use accounting::{Amount, Code, Problem, Translation};
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::{Receiver, Sender};
use tracing::{Instrument as _, info_span};

use super::open_cases::{cause, live};
use super::poll::Waiting;
use super::progress::Step;
use super::refresh::ChartInUse;
use super::{ACTOR, Work, WorkError};
use crate::flow::Mode;
use crate::store::{AuditEvent, InboxState, NewPosting, ReportChange, Tx};
use crate::systems::Destination;
use crate::work::entry::{Entry, ReportEntries};
use crate::work::lane::Lane;
use crate::work::supersede::{Made, Standing};
use crate::work::way::Steps;
use rehearsed::rehearsed;

mod handled;
mod mended;
mod rehearsed;

/// What became of one report.
struct Outcome {
    waiting: Waiting,
    generation: u8,
    state: InboxState,
    /// The report's postings stand as they are; it only takes their state.
    keep: bool,
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

impl Rendered {
    fn made(&self) -> Made {
        let PlannedEntry { key, reference, .. } = &self.planned;
        Made { reference: reference.clone(), scope: key.scope, sha256: self.sha256 }
    }
}

impl<S: Sync, D: Destination> Work<'_, S, D> {
    /// Translates a batch at hand and those that come, and passes on what was frozen.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn translate(
        &self,
        lane: Option<&Lane>,
        chart: &ChartInUse,
        mut first: Option<Vec<Waiting>>,
        mut from: Receiver<Vec<Waiting>>,
        to: &Sender<Vec<ReportEntries>>,
    ) -> Result<(), WorkError> {
        let translator = Translator::new(&self.flow.mapping, &chart.chart);
        let has_other_flows = self.customer.flows().await?.len() > 1;
        loop {
            let next = match first.take() {
                Some(batch) => Some(batch),
                None => from.recv().await,
            };
            let Some(batch) = next else { return Ok(()) };
            let span = info_span!("translate", reports = batch.len());
            let translating = self.translate_batch(&translator, lane, chart, has_other_flows, batch);
            let (_, frozen) = translating.instrument(span).await?;
            if !frozen.is_empty() {
                let _ = to.send(frozen).await;
            }
        }
    }

    /// Translates one batch and keeps what came of it: how many reports are right, and the entries that were frozen.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn translate_batch(
        &self,
        translator: &Translator<'_>,
        lane: Option<&Lane>,
        chart: &ChartInUse,
        has_other_flows: bool,
        batch: Vec<Waiting>,
    ) -> Result<(usize, Vec<ReportEntries>), WorkError> {
        let steps = Steps::translate(&batch);
        let mut outcomes = Vec::with_capacity(batch.len());
        let ids: Vec<&str> = batch.iter().map(|waiting| waiting.report.id.as_str()).collect();
        let handled = self.handled(&ids).await?;
        for waiting in batch {
            // One thread does everything: a reply of the ledger must not wait for a whole batch.
            tokio::task::yield_now().await;
            if let Some(reason) = handled.get(&waiting.report.id) {
                outcomes.push(Box::pin(self.left_alone(translator, lane, waiting, reason)).await?);
                continue;
            }
            let generation = waiting.known.map_or(0, |(_, generation)| generation);
            let outcome = self.outcome(translator, waiting, generation);
            let outcome = self.beside_postings(translator, lane, outcome).await?;
            let outcome = if has_other_flows { self.beside_other_flows(outcome).await? } else { outcome };
            outcomes.push(self.await_release(outcome).await?);
        }
        let ready = outcomes.iter().filter(|outcome| outcome.state == InboxState::Ready).count();
        steps.stand(outcomes.iter().map(|outcome| outcome.state.name()));
        let frozen = self.keep(chart, outcomes).await?;
        if !frozen.is_empty() {
            self.progress.tell(Step::Frozen(frozen.iter().map(|report| report.entries.len()).sum()));
        }
        Ok((ready, frozen))
    }

    /// A report that has postings already is not frozen again unless they may be replaced.
    async fn beside_postings(
        &self,
        translator: &Translator<'_>,
        lane: Option<&Lane>,
        outcome: Outcome,
    ) -> Result<Outcome, WorkError> {
        if outcome.waiting.known.is_none() {
            return Ok(outcome);
        }
        let existing = self.customer.postings_of(&self.flow_id, &outcome.waiting.report.id).await?;
        let Some(newest) = existing.iter().map(|posting| posting.key.generation).max() else { return Ok(outcome) };
        let frozen: Vec<Reference> = existing.iter().map(|posting| posting.reference.clone()).collect();
        // The same generation gives the same references, so that bytes can be compared.
        let outcome = self.outcome(translator, outcome.waiting, newest);
        let made: Vec<Made> = outcome.rendered.iter().map(Rendered::made).collect();
        let made = (outcome.state == InboxState::Ready).then_some(made.as_slice());
        let content_hash = outcome.waiting.content_hash;
        let cause = cause(self.drift_kind(&outcome.waiting.report), &content_hash, &live(&existing));
        let standing = match lane {
            Some(lane) => self.standing(lane, existing, made, &content_hash).await?,
            None => rehearsed(existing, made, &outcome.waiting),
        };
        let standing = match standing {
            Standing::Drift if self.is_accepted(&outcome.waiting.report.id, &cause).await? => {
                Standing::Keep(InboxState::Posted)
            }
            other => other,
        };
        Ok(match standing {
            Standing::Keep(state) => Outcome { state, keep: true, ..outcome },
            Standing::Extend => {
                let more = |made: &Rendered| !frozen.contains(&made.planned.reference);
                let rendered = outcome.rendered.into_iter().filter(more).collect();
                Outcome { rendered, ..outcome }
            }
            Standing::Replace { generation } if outcome.state == InboxState::Ready => {
                self.outcome(translator, outcome.waiting, generation)
            }
            Standing::Replace { .. } => outcome,
            Standing::Drift => {
                let problems = vec![self.drift_problem(&outcome.waiting.report)];
                Outcome { state: InboxState::Drift, problems, rendered: Vec::new(), ..outcome }
            }
        })
    }

    /// A report of which another flow has postings is not posted a second time by this one: the ledger may not show yet
    /// what that one sent.
    async fn beside_other_flows(&self, outcome: Outcome) -> Result<Outcome, WorkError> {
        if outcome.keep || outcome.rendered.is_empty() {
            return Ok(outcome);
        }
        let id = &outcome.waiting.report.id;
        let Some(name) = self.customer.other_flow_of(self.destination.company(), id, &self.flow_id).await? else {
            return Ok(outcome);
        };
        let detail = "another flow in this database has entries of this report; was the flow renamed?";
        let problems = vec![Problem::of_report(Code::PostedElsewhere, name, detail)];
        Ok(Outcome { state: InboxState::Held, problems, rendered: Vec::new(), ..outcome })
    }

    fn outcome(&self, translator: &Translator<'_>, waiting: Waiting, generation: u8) -> Outcome {
        let mut outcome = Outcome {
            generation,
            state: InboxState::Held,
            keep: false,
            problems: Vec::new(),
            skipped: Vec::new(),
            amount: None,
            rendered: Vec::new(),
            waiting,
        };
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
        for outcome in outcomes.iter().filter(|outcome| !outcome.keep) {
            events.extend(self.events(outcome).await?);
        }
        let posts = self.flow.mode == Mode::Post;
        let mut tx = self.customer.begin().await?;
        let (kept, outcomes): (Vec<Outcome>, Vec<Outcome>) = outcomes.into_iter().partition(|outcome| outcome.keep);
        let stays = |outcome: &&Outcome| outcome.state != InboxState::Drift;
        let standing = kept.iter().filter(stays).map(|outcome| (outcome.waiting.report.id.as_str(), outcome.state));
        tx.keep_reports(&self.flow_id, &standing.collect::<Vec<_>>(), at_ms).await?;
        self.keep_waiting(&mut tx, &kept, at_ms).await?;
        let changes: Vec<ReportChange<'_>> = outcomes.iter().map(|outcome| self.change(chart, outcome)).collect();
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
        let ready = outcomes.into_iter().filter(Outcome::may_leave);
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

    fn change<'o>(&self, chart: &'o ChartInUse, outcome: &'o Outcome) -> ReportChange<'o> {
        let mut skipped = outcome.skipped.iter().filter_map(|skipped| skipped.amount);
        ReportChange {
            report_id: &outcome.waiting.report.id,
            content_hash: &outcome.waiting.content_hash,
            state: outcome.state,
            problems: &outcome.problems,
            skipped: &outcome.skipped,
            amount_minor: outcome.amount.map(|amount| amount.minor),
            skipped_minor: skipped.try_fold(0_i64, |sum, amount| sum.checked_add(amount.minor)),
            mapping_version: self.flow.mapping.version,
            chart_sha256: Some(&chart.sha256),
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
                let mut events: Vec<AuditEvent> = frozen.chain(outcome.waits_event()).collect();
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
        problem: None,
    });
    let shown_ms = outcome.waiting.shown_ms;
    ReportEntries { report_id: outcome.waiting.report.id, entries: entries.collect(), shown_ms }
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
