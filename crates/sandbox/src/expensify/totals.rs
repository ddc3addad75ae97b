//! Counts of what came in, and sums over the approved reports, for a look at many companies at once.
//!
//! Reports are made one after the other and not kept.

use super::Model;
use super::company::{Company, State};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The company as it was at one moment.
#[derive(Debug)]
pub struct Snapshot(Arc<Company>);

/// What one approved or paid report comes to.
#[derive(Debug, Clone, Copy)]
pub struct Approved {
    /// Number of its expenses.
    pub expenses: u64,
    /// Sum of their amounts, in hundredths of `currency`.
    pub total_hundredths: i64,
    /// The workspace's currency.
    pub currency: &'static str,
}

impl Snapshot {
    /// Every approved and every paid report.
    pub fn approved(&self) -> impl Iterator<Item = Approved> + '_ {
        let company = &self.0;
        let heads = company.numbers().filter_map(|n| company.head(n));
        let approved = heads.filter(|head| matches!(head.state, State::Approved | State::Reimbursed));
        approved.filter_map(|head| company.report(head.number)).map(|report| Approved {
            expenses: report.expenses.len() as u64,
            total_hundredths: report.total_hundredths(),
            currency: report.head.policy.currency,
        })
    }
}

impl Model {
    /// The company as it is now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.company.clone())
    }

    /// Requests by job, `over_budget`, `over_address`, and the number of `violations` that are kept.
    pub fn totals(&self) -> BTreeMap<&'static str, u64> {
        let mut totals = self.requests();
        totals.insert("over_budget", self.over_budget);
        totals.insert("over_address", self.over_address);
        totals.insert("violations", self.violations.len() as u64);
        totals
    }
}
