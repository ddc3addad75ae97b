//! The company whose expense reports the server holds: made from a seed, changed by edits.
//!
//! Nothing is held but the edits: a report is a pure function of (seed, number), so a company of a hundred thousand
//! reports costs no memory. Cloning shares; an export keeps its snapshot that way.

mod dice;
mod expenses;
mod fill;
mod heads;
mod ids;
mod policy;
mod report;
mod texts;

pub use dice::mix;
pub use ids::Ids;
pub use policy::{POLICIES, Policy, REPORT_FIELDS, TagSetup, category_gl_code, field_key, tag_gl_code, tags_of_level};
pub use report::{Action, Card, Expense, Head, Report, State};

use super::Options;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The company.
#[derive(Debug, Clone)]
pub struct Company {
    options: Arc<Options>,
    /// Reports that differ from what the seed makes: as they are now, or `None` where deleted.
    edited: BTreeMap<u32, Option<Arc<Report>>>,
    /// How many numbers are given out: the generated reports, then the added ones.
    count: u32,
}

impl Company {
    /// The company of `options`, unedited.
    pub fn new(options: Options) -> Self {
        let count = u32::try_from(options.reports).unwrap_or(u32::MAX);
        Company { options: Arc::new(options), edited: BTreeMap::new(), count }
    }

    /// What it was made from.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The numbering of its ids.
    pub fn ids(&self) -> Ids {
        Ids::new(self.options.seed)
    }

    /// Numbers of all reports, deleted ones among them.
    pub fn numbers(&self) -> std::ops::Range<u32> {
        0..self.count
    }

    /// The head of report `n`; `None` where it is deleted or never was.
    pub fn head(&self, n: u32) -> Option<Head> {
        match self.edited.get(&n) {
            Some(report) => report.as_ref().map(|report| report.head.clone()),
            None => (n < self.count).then(|| self.generated_head(n)),
        }
    }

    /// Report `n` in full; `None` where it is deleted or never was.
    pub fn report(&self, n: u32) -> Option<Arc<Report>> {
        match self.edited.get(&n) {
            Some(report) => report.clone(),
            None => (n < self.count).then(|| Arc::new(self.generated(n))),
        }
    }

    /// The report that an id in either base names.
    pub fn report_by_id(&self, id: &str) -> Option<Arc<Report>> {
        self.report(self.ids().number(id)?)
    }

    /// Whether report `n` is as the seed made it and can be posted with a sensible mapping.
    pub fn is_clean(&self, n: u32) -> bool {
        !self.edited.contains_key(&n) && heads::flaw(n, self.is_scale()).is_none()
    }

    /// Keeps `report` in place of what it was.
    pub fn put(&mut self, report: Report) {
        self.edited.insert(report.head.number, Some(Arc::new(report)));
    }

    /// Forgets report `n`.
    pub fn delete(&mut self, n: u32) {
        self.edited.insert(n, None);
    }

    /// A new report, clean, in the main workspace, number and all; not yet in the company until it is `put`.
    pub fn draft(&mut self) -> Report {
        let n = self.count;
        self.count += 1;
        fill::generate(self.options.seed, self.generated_head(n), None, self.options.expenses_per_report)
    }

    fn is_scale(&self) -> bool {
        self.options.expenses_per_report.is_some()
    }

    fn generated_head(&self, n: u32) -> Head {
        heads::generate(self.options.seed, n, self.options.today, self.is_scale())
    }

    fn generated(&self, n: u32) -> Report {
        let flaw = heads::flaw(n, self.is_scale());
        fill::generate(self.options.seed, self.generated_head(n), flaw, self.options.expenses_per_report)
    }
}
