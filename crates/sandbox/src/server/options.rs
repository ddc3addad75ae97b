//! How a sandbox is set up: its companies, their sizes, and what is assumed of the vendors.
//!
//! Only values; nothing is started here.

use crate::{expensify, faults::Faults, intacct};
use std::net::{Ipv4Addr, SocketAddr};

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The same seed gives the same company.
    pub seed: u64,
    /// Number of companies at each vendor, at least one. A company costs nothing before somebody calls it.
    pub companies: usize,
    /// Number of expense reports of company 0.
    pub reports: usize,
    /// Number of expense reports of every other company; as many as company 0 when absent. A company without reports
    /// is idle.
    pub reports_each: Option<usize>,
    /// Number of expense reports of single companies, which goes before the two above: company and reports.
    pub reports_of: Vec<(usize, usize)>,
    /// Scale mode: every report is clean and has exactly so many expenses.
    pub expenses_per_report: Option<usize>,
    /// The endpoint that sign-in answers name; the sandbox's own URL when absent. The vendor's own client libraries
    /// accept hosts under `intacct.com` only.
    pub intacct_endpoint: Option<String>,
    /// What goes wrong from the start.
    pub faults: Faults,
    /// The company's today; the real one when absent.
    pub today: Option<jiff::civil::Date>,
    /// The company has entities, each of which must balance.
    pub multi_entity: bool,
    /// The company books in several currencies.
    pub multi_currency: bool,
    /// So many more rows of every reference object, for paging.
    pub extra_rows: usize,
    /// Life of an Intacct session without a call, in milliseconds.
    pub session_ms: u64,
    /// What is assumed of Intacct.
    pub intacct_assumptions: intacct::Assumptions,
    /// What is assumed of Expensify.
    pub expensify_assumptions: expensify::Assumptions,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            companies: 1,
            reports: 300,
            reports_each: None,
            reports_of: Vec::new(),
            expenses_per_report: None,
            intacct_endpoint: None,
            faults: Faults::default(),
            today: None,
            multi_entity: false,
            multi_currency: false,
            extra_rows: 0,
            session_ms: 8 * 3_600_000,
            intacct_assumptions: intacct::Assumptions::default(),
            expensify_assumptions: expensify::Assumptions::default(),
        }
    }
}

impl Options {
    /// Number of expense reports of company `number`.
    pub(super) fn reports_of(&self, number: usize) -> usize {
        let own = self.reports_of.iter().rev().find(|(company, _)| *company == number);
        match own {
            Some((_, reports)) => *reports,
            None if number == 0 => self.reports,
            None => self.reports_each.unwrap_or(self.reports),
        }
    }
}
