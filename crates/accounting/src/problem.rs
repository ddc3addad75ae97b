//! Why something is held or refused: a stable code with its title, cause and remedy, and where it was found.

use std::fmt;

mod table;

pub use table::{Code, Owner};

/// Something a person has to decide or mend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Problem {
    /// Which kind.
    pub code: Code,
    /// The offending value with its exact spelling, such as a category's name; empty where none applies.
    pub value: String,
    /// The expense it was found on; `None` for the whole report or beyond.
    pub expense: Option<String>,
    /// What was seen, in one sentence with the figures.
    pub detail: String,
}

impl Problem {
    /// A problem of the whole report.
    pub fn of_report(code: Code, value: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, value: value.into(), expense: None, detail: detail.into() }
    }

    /// A problem of one expense.
    pub fn of_expense(
        code: Code,
        expense: impl Into<String>,
        value: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self { code, value: value.into(), expense: Some(expense.into()), detail: detail.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.code.title(), self.detail)
    }
}
