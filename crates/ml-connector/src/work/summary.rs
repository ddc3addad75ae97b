//! What a run did, in figures and in the problems it met. Counts only; the money is added up from the store.

use accounting::Problem;

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
        self.keep(fault.problem());
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
        other.problems.into_iter().for_each(|problem| self.keep(problem));
    }
}
