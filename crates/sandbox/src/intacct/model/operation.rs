//! One operation: its functions one by one, repeats answered from the memory, and the roll-back of a transaction.

use super::Model;
use crate::intacct::envelope::{Control, Function, Operation};
use crate::intacct::error::{self, GatewayError};
use crate::intacct::functions::{Call, Outcome};
use crate::intacct::memory::{self, Repeat, Verdict};
use crate::intacct::model::Injected;
use crate::intacct::respond::{Result as Answered, Status};
use crate::intacct::session::Caller;

/// What an operation is run with.
pub(super) struct Run<'r, 'a> {
    pub control: &'r Control,
    pub operation: &'r Operation<'a>,
    pub injected: Injected,
    pub now_ms: u64,
}

/// What came of it.
pub(super) enum Ran {
    Results(Vec<Answered>),
    /// A body without envelope, with its content type.
    Bare(&'static str, String),
}

impl Model {
    pub(super) fn run(
        &mut self,
        run: &Run<'_, '_>,
        caller: &Caller,
        verdicts: Vec<Verdict>,
    ) -> Result<Ran, GatewayError> {
        let functions = &run.operation.functions;
        // A repeat that fails the whole request is found before anything runs.
        for (function, verdict) in functions.iter().zip(&verdicts) {
            if matches!(verdict, Verdict::Ran(_) | Verdict::Running)
                && let Repeat::Control(error) = memory::repeat(verdict.clone(), &function.control_id, &self.assumptions)
            {
                self.leave_all(run, &verdicts);
                return Err(error);
            }
        }
        if run.operation.transaction {
            self.books.start_transaction();
        }
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut kept = Vec::new();
        for (function, verdict) in functions.iter().zip(verdicts) {
            let fresh = verdict == Verdict::Fresh;
            let failed_before = run.operation.transaction && outcomes.last().is_some_and(|o| !o.errors.is_empty());
            let outcome = if failed_before { Outcome::default() } else { self.one(run, caller, function, verdict) };
            kept.push(fresh);
            if !run.operation.transaction && fresh {
                self.leave(run, function, Some(&outcome));
            }
            let stop = run.operation.transaction && !outcome.errors.is_empty();
            if let Some((content_type, body)) = outcome.bare {
                self.books.commit();
                return Ok(Ran::Bare(content_type, body));
            }
            outcomes.push(outcome);
            if stop {
                break;
            }
        }
        let results = if run.operation.transaction {
            self.end_transaction(run, outcomes, &kept)
        } else {
            functions.iter().zip(outcomes).map(|(f, o)| result(f, o)).collect()
        };
        Ok(Ran::Results(spoil(results, run.injected)))
    }

    fn one(&mut self, run: &Run<'_, '_>, caller: &Caller, function: &Function<'_>, verdict: Verdict) -> Outcome {
        let id = &function.control_id;
        if matches!(verdict, Verdict::Ran(_) | Verdict::Running) {
            return match memory::repeat(verdict, id, &self.assumptions) {
                Repeat::Success(Some(data)) => Outcome::data(data),
                Repeat::Success(None) => Outcome::default(),
                Repeat::Failure(error) | Repeat::Control(error) => error.into(),
            };
        }
        let entity = caller.entity(&mut self.books);
        let mut call = Call {
            books: &mut self.books,
            sessions: &mut self.sessions,
            cursors: &mut self.cursors,
            assumptions: &self.assumptions,
            endpoint: &self.options.endpoint,
            injected: run.injected,
            now_ms: run.now_ms,
            entity,
            pretty: run.control.pretty,
            control_id: id,
        };
        call.run(&function.body)
    }

    /// Notes the end of a fresh function; without an outcome it never ran.
    fn leave(&mut self, run: &Run<'_, '_>, function: &Function<'_>, outcome: Option<&Outcome>) {
        let data = outcome.filter(|o| o.errors.is_empty()).map(|o| o.data.as_deref().unwrap_or(""));
        // Reads are remembered without their rows.
        let data = data.map(|d| if function.body.name.starts_with("create") { d } else { "" });
        self.memory.leave(run.now_ms, &function.control_id, data, &self.assumptions);
    }

    fn leave_all(&mut self, run: &Run<'_, '_>, verdicts: &[Verdict]) {
        for (function, verdict) in run.operation.functions.iter().zip(verdicts) {
            if *verdict == Verdict::Fresh {
                self.memory.leave(run.now_ms, &function.control_id, None, &self.assumptions);
            }
        }
    }

    /// Ends a transaction: all functions stand, or none does. The culprit is a `failure`, its siblings are `aborted`;
    /// a function that stands alone was seen to be `aborted` itself.
    fn end_transaction(&mut self, run: &Run<'_, '_>, outcomes: Vec<Outcome>, fresh: &[bool]) -> Vec<Answered> {
        let functions = &run.operation.functions;
        let failed = outcomes.iter().any(|o| !o.errors.is_empty());
        if failed {
            self.books.roll_back();
        } else {
            self.books.commit();
        }
        let mut outcomes = outcomes.into_iter();
        let mut results = Vec::new();
        for (place, function) in functions.iter().enumerate() {
            let mut outcome = outcomes.next().unwrap_or_default();
            let culprit = !outcome.errors.is_empty();
            if failed {
                outcome.data = None;
                outcome.key = None;
                outcome.list = None;
                outcome.errors.push(error::rolled_back());
            }
            // Functions after the culprit never ran; their ids arrived all the same.
            if fresh.get(place).copied().unwrap_or(true) {
                self.leave(run, function, Some(&outcome));
            }
            let mut answered = result(function, outcome);
            if failed && (!culprit || functions.len() == 1) {
                answered.status = Status::Aborted;
            }
            results.push(answered);
        }
        results
    }
}

fn result(function: &Function<'_>, outcome: Outcome) -> Answered {
    Answered {
        status: if outcome.errors.is_empty() { Status::Success } else { Status::Failure },
        function: function.body.name.to_owned(),
        control_id: function.control_id.clone(),
        list: outcome.list,
        key: outcome.key,
        data: outcome.data,
        errors: outcome.errors,
    }
}

/// Results as a fault wants them.
fn spoil(mut results: Vec<Answered>, injected: Injected) -> Vec<Answered> {
    if injected.foreign_controlid
        && let Some(last) = results.last_mut()
    {
        last.control_id = "00000000-0000-4000-8000-000000000000".into();
    }
    if injected.duplicate_result {
        results.extend(results.last().cloned());
    }
    if injected.missing_result {
        results.pop();
    }
    results
}
