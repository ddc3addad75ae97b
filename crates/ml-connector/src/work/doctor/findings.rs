//! The findings as they are made.

use accounting::{Code, Problem};

use super::{Check, Verdict};
use crate::work::WorkError;

/// Findings so far.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) list: Vec<Check>,
}

impl Findings {
    pub(super) fn good(&mut self, system: &'static str, name: impl Into<String>, detail: impl Into<String>) {
        self.add(system, name, Verdict::Good, detail, None);
    }

    pub(super) fn look(
        &mut self,
        system: &'static str,
        name: impl Into<String>,
        detail: impl Into<String>,
        code: Code,
    ) {
        self.add(system, name, Verdict::Look, detail, Some(code));
    }

    /// Something to know that is no problem.
    pub(super) fn notice(&mut self, system: &'static str, name: &str, detail: &str) {
        self.add(system, name, Verdict::Look, detail, None);
    }

    pub(super) fn bad(&mut self, system: &'static str, name: impl Into<String>, detail: impl Into<String>, code: Code) {
        self.add(system, name, Verdict::Bad, detail, Some(code));
    }

    /// What an error says.
    pub(super) fn failed(&mut self, system: &'static str, name: &str, error: impl Into<WorkError>) {
        let Problem { code, detail, .. } = error.into().problem();
        self.bad(system, name, detail, code);
    }

    pub(super) fn unchecked(&mut self, names: &[(&'static str, &str)]) {
        for (system, name) in names {
            self.add(system, *name, Verdict::Unchecked, "something before it does not work", None);
        }
    }

    /// Could not be found out; that by itself is no problem.
    pub(super) fn unknown(&mut self, system: &'static str, name: &str, detail: impl Into<String>) {
        self.add(system, name, Verdict::Unchecked, detail, None);
    }

    fn add(
        &mut self,
        system: &'static str,
        name: impl Into<String>,
        verdict: Verdict,
        detail: impl Into<String>,
        code: Option<Code>,
    ) {
        self.list.push(Check { system, name: name.into(), verdict, detail: detail.into(), code });
    }
}
