//! The memory of control ids behind `uniqueid`: what was executed, what still runs, and what a repeat is told.
//!
//! How the vendor's memory behaves is not public; every rule here hangs on a switch of the assumptions.

use super::assumptions::{Assumptions, DuplicateReply};
use super::error::GatewayError;
use std::collections::HashMap;

/// What is known of a control id when its function arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The function takes no part in the memory.
    Free,
    /// Nothing: it runs, and is remembered.
    Fresh,
    /// It ran; this was its data.
    Ran(String),
    /// A copy runs now.
    Running,
}

#[derive(Debug)]
struct Kept {
    at_ms: u64,
    data: Box<str>,
}

/// Control ids, by the attribute of each function. (Their scope is assumed: the company.)
#[derive(Debug, Default)]
pub(super) struct Memory {
    ran: HashMap<Box<str>, Kept>,
    running: HashMap<Box<str>, usize>,
    pub refused: u64,
}

/// Whether a function of that name takes part.
pub(super) fn takes_part(function: &str, assumptions: &Assumptions) -> bool {
    let writes = function.starts_with("create") || function.starts_with("delete") || function == "update";
    (writes || assumptions.reads_use_memory) && function != "getAPISession"
}

impl Memory {
    /// Looks an id up as its function arrives.
    pub fn arrive(&mut self, now_ms: u64, id: &str, assumptions: &Assumptions) -> Verdict {
        let alive = |kept: &Kept| assumptions.retention_ms.is_none_or(|ms| now_ms < kept.at_ms.saturating_add(ms));
        if let Some(kept) = self.ran.get(id).filter(|k| alive(k)) {
            self.refused += 1;
            return Verdict::Ran(kept.data.to_string());
        }
        if assumptions.checks_in_flight && self.running.contains_key(id) {
            self.refused += 1;
            return Verdict::Running;
        }
        *self.running.entry(id.into()).or_default() += 1;
        Verdict::Fresh
    }

    /// Notes the end of a function that was [`Verdict::Fresh`]; `data` is what it answered, `None` where it failed.
    pub fn leave(&mut self, now_ms: u64, id: &str, data: Option<&str>, assumptions: &Assumptions) {
        if let Some(count) = self.running.get_mut(id) {
            *count -= 1;
            if *count == 0 {
                self.running.remove(id);
            }
        }
        if data.is_some() || assumptions.failed_burns_key {
            self.ran.insert(id.into(), Kept { at_ms: now_ms, data: data.unwrap_or("").into() });
        }
    }
}

/// What a repeat is told.
pub(super) enum Repeat {
    /// The function succeeds with this data.
    Success(Option<String>),
    /// The function fails.
    Failure(GatewayError),
    /// The request fails.
    Control(GatewayError),
}

/// The answer to a function whose id is not fresh.
pub(super) fn repeat(verdict: Verdict, id: &str, assumptions: &Assumptions) -> Repeat {
    let error = || {
        let text = assumptions.duplicate_text.replace("{controlid}", id);
        GatewayError::new(assumptions.duplicate_errorno.clone(), text)
    };
    match (assumptions.dup_reply, verdict) {
        (DuplicateReply::ControlError, _) => Repeat::Control(error()),
        (DuplicateReply::OriginalSuccess, Verdict::Ran(data)) if !data.is_empty() => Repeat::Success(Some(data)),
        (DuplicateReply::SuccessWithoutRecordno, Verdict::Ran(data)) if !data.is_empty() => Repeat::Success(None),
        _ => Repeat::Failure(error()),
    }
}
