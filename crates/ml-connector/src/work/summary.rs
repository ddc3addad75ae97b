//! What a run did, in figures and in the problems it met. Counts only; the money is added up from the store.

use accounting::Problem;
use serde_json::{Value, json};

use crate::systems::Fault;

/// Most unreadable records and faults that are kept for showing; all are counted.
const KEPT: usize = 100;

/// What a run did.
#[derive(Debug, Default)]
pub struct Summary {
    /// Reports read from the source.
    pub read: u64,
    /// Of these, the ones seen before with the same content that needed nothing.
    pub unchanged: u64,
    /// Reports of which every entry got into the ledger in this run.
    pub posted: u64,
    /// Entries that were sent.
    pub sent: u64,
    /// Records of the source that could not be read.
    pub unreadable: u64,
    /// Faults that ended a part of the work.
    pub faults: u64,
    /// What stood in the way of the run itself, and the unreadable records.
    pub problems: Vec<Problem>,
}

impl Summary {
    /// Notes a record that is no report.
    pub fn unreadable(&mut self, report: Option<String>, mut problem: Problem) {
        self.unreadable += 1;
        if let Some(report) = report {
            problem.value = report;
        }
        self.keep(problem);
    }

    /// Notes a fault of a vendor's system.
    pub fn fault(&mut self, fault: &Fault) {
        self.faults += 1;
        self.keep(fault.problem());
    }

    /// Of work that could not be done at all.
    pub fn failed(problem: Problem) -> Self {
        Self { faults: 1, problems: vec![problem], ..Self::default() }
    }

    /// Whether it is worth writing down.
    pub fn is_notable(&self) -> bool {
        self.read > self.unchanged || self.posted > 0 || self.sent > 0 || !self.problems.is_empty()
    }

    /// For whoever asks what a pass did.
    pub fn to_json(&self) -> Value {
        json!({
            "read": self.read,
            "unchanged": self.unchanged,
            "posted": self.posted,
            "sent": self.sent,
            "unreadable": self.unreadable,
            "faults": self.faults,
            "problems": self.problems.iter().map(problem_json).collect::<Vec<_>>(),
        })
    }

    fn keep(&mut self, problem: Problem) {
        if self.problems.len() < KEPT && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Adds what another part of the run did.
    pub fn add(&mut self, other: Self) {
        self.read += other.read;
        self.unchanged += other.unchanged;
        self.posted += other.posted;
        self.sent += other.sent;
        self.unreadable += other.unreadable;
        self.faults += other.faults;
        other.problems.into_iter().for_each(|problem| self.keep(problem));
    }
}

/// A problem with everything that a person needs to end it.
pub fn problem_json(problem: &Problem) -> Value {
    json!({
        "code": problem.code.to_string(),
        "title": problem.code.title(),
        "value": problem.value,
        "expense": problem.expense,
        "detail": problem.detail,
        "cause": problem.code.cause(),
        "remedy": problem.code.remedy(),
        "owner": problem.code.owner().name(),
    })
}
