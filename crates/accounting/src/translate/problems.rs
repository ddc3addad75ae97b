//! All problems of one report, as they are met.

use std::collections::HashSet;

use crate::problem::{Code, Problem};
use crate::report::Expense;

/// Problems with the place of their expense: those of the whole report come first.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<(usize, Problem)>,
}

impl Problems {
    /// Adds a problem of the whole report.
    pub fn of_report(&mut self, code: Code, value: impl Into<String>, detail: impl Into<String>) {
        self.found.push((0, Problem::of_report(code, value, detail)));
    }

    /// Adds a problem of the expense at `position` (0 first).
    pub fn of_expense(
        &mut self,
        position: usize,
        expense: &Expense,
        code: Code,
        value: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.found.push((position + 1, Problem::of_expense(code, &expense.id, value, detail)));
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many were added so far.
    pub const fn count(&self) -> usize {
        self.found.len()
    }

    /// By expense in the report's order, then by code and value, each once.
    pub fn finish(mut self) -> Vec<Problem> {
        self.found.sort();
        let mut seen = HashSet::with_capacity(self.found.len());
        let all = self.found.into_iter().map(|(_, problem)| problem);
        all.filter(|problem| seen.insert(problem.clone())).collect()
    }
}
