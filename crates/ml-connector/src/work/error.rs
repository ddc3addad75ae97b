//! Why work stopped.

use accounting::posting::IllegalMove;
use accounting::{Code, Problem};

use crate::store::StoreError;
use crate::systems::Fault;

/// An error that ends a piece of work. What is wrong with one report is a problem, not an error.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The store did not do what was asked.
    #[error("the database failed")]
    Store(#[source] StoreError),
    /// A vendor's system did not.
    #[error("{}", .0.detail)]
    Fault(#[source] Fault),
    /// The posting protocol was about to be broken. A defect: nothing was sent.
    #[error("posting {reference} was about to break the protocol")]
    Protocol {
        /// Which posting.
        reference: String,
        /// What was not allowed.
        #[source]
        source: IllegalMove,
    },
    /// Another run or worker is sending to the company.
    #[error("another run holds the lane of {company}")]
    LaneBusy {
        /// The company at the destination.
        company: String,
    },
    /// The audit's anchor was not written.
    #[error("writing the anchor {}", path.display())]
    Anchor {
        /// The file.
        path: std::path::PathBuf,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// A setting or a file does not allow the work.
    #[error("{detail}")]
    Refused {
        /// Which problem.
        code: Code,
        /// What was seen.
        detail: String,
    },
}

impl WorkError {
    /// The problem to show.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Store(error) => Problem::of_report(error.code().unwrap_or(Code::DatabaseDamaged), "", said(error)),
            Self::Fault(fault) => fault.problem(),
            Self::LaneBusy { .. } => Problem::of_report(Code::DatabaseBusy, "", self.to_string()),
            Self::Protocol { .. } => Problem::of_report(Code::DatabaseDamaged, "", said(self)),
            Self::Anchor { .. } => Problem::of_report(Code::AnchorUnwritten, "", said(self)),
            Self::Refused { code, detail } => Problem::of_report(*code, "", detail.clone()),
        }
    }
}

impl From<StoreError> for WorkError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Fault> for WorkError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// An error with its causes, in one line.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        // Some causes say again what their effect quoted of them.
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}
