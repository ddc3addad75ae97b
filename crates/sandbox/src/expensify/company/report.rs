//! An expense report as the company's people see it: what a template may print is in `template`, not here.
//!
//! Amounts are `i64` in hundredths of their currency, for every currency, as the vendor sends them (inferred).

use crate::world::EmployeeFact;
use jiff::civil::{Date, DateTime};
use std::collections::BTreeSet;
use std::sync::Arc;

use super::policy::Policy;

/// Where a report is in its life (documented state words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Draft.
    Open,
    /// Awaiting approval.
    Submitted,
    /// Approved.
    Approved,
    /// Paid.
    Reimbursed,
    /// Closed, in a workspace without approval.
    Archived,
}

impl State {
    /// All of them, in the order of a report's life.
    pub const ALL: [State; 5] = [State::Open, State::Submitted, State::Approved, State::Reimbursed, State::Archived];

    /// The word that `reportState` takes.
    pub fn api(self) -> &'static str {
        match self {
            State::Open => "OPEN",
            State::Submitted => "SUBMITTED",
            State::Approved => "APPROVED",
            State::Reimbursed => "REIMBURSED",
            State::Archived => "ARCHIVED",
        }
    }

    /// The classic label, which `status` prints (documented for the UI's formula; assumed for templates).
    pub fn classic(self) -> &'static str {
        match self {
            State::Open => "Open",
            State::Submitted => "Processing",
            State::Approved => "Approved",
            State::Reimbursed => "Reimbursed",
            State::Archived => "Closed",
        }
    }

    /// The newer label, which `displayStatus` prints (third-party clients).
    pub fn display(self) -> &'static str {
        match self {
            State::Open => "Draft",
            State::Submitted => "Outstanding",
            State::Approved => "Approved",
            State::Reimbursed => "Paid",
            State::Archived => "Done",
        }
    }
}

/// What decides whether a report is selected; cheap to make, even a hundred thousand times.
#[derive(Debug, Clone)]
pub struct Head {
    /// Number of the report.
    pub number: u32,
    /// State.
    pub state: State,
    /// Workspace.
    pub policy: &'static Policy,
    /// Number of the submitting employee.
    pub submitter: usize,
    /// When it was begun.
    pub created: DateTime,
    /// When it was submitted.
    pub submitted: Option<DateTime>,
    /// When it was approved, the last time.
    pub approved: Option<DateTime>,
    /// When it was paid.
    pub reimbursed: Option<DateTime>,
    /// Export labels it carries.
    pub labels: BTreeSet<String>,
}

/// One entry of the report's history.
#[derive(Debug, Clone)]
pub struct Action {
    /// Who.
    pub email: String,
    /// What; the vendor's words are undocumented.
    pub action: &'static str,
    /// When.
    pub created: DateTime,
    /// In words.
    pub message: String,
}

/// An expense report with everything in it.
#[derive(Debug, Clone)]
pub struct Report {
    /// State, dates, workspace, submitter.
    pub head: Head,
    /// Base-62 id.
    pub id: String,
    /// Base-10 id.
    pub old_id: u64,
    /// Title.
    pub name: String,
    /// Who submits.
    pub submitter: EmployeeFact,
    /// Who approves.
    pub manager: EmployeeFact,
    /// Values of the workspace's report fields: name as typed by its administrator, value.
    pub fields: Vec<(&'static str, String)>,
    /// Id of the latest reimbursement.
    pub entry_id: Option<u64>,
    /// History and comments.
    pub history: Vec<Action>,
    /// The expenses.
    pub expenses: Vec<Arc<Expense>>,
}

impl Report {
    /// Sum of the effective amounts, in hundredths of the workspace's currency.
    pub fn total_hundredths(&self) -> i64 {
        let currency = self.head.policy.currency;
        self.expenses.iter().map(|expense| expense.effective_hundredths(currency)).sum()
    }
}

/// A payment card.
#[derive(Debug, Clone)]
pub struct Card {
    /// The bank that feeds it.
    pub bank: &'static str,
    /// Id.
    pub id: u64,
    /// Name given to it by the administrator.
    pub name: String,
    /// Masked number; only the last four digits say anything.
    pub number: String,
}

/// A distance.
#[derive(Debug, Clone)]
pub struct Units {
    /// How many, in hundredths of the unit.
    pub count_hundredths: i64,
    /// Price of one unit, in tenths of a hundredth.
    pub rate_thousandths: i64,
}

/// Tax named on an expense.
#[derive(Debug, Clone)]
pub struct Tax {
    /// Contained in the amount, in hundredths.
    pub amount_hundredths: i64,
    /// Name of the tax.
    pub name: &'static str,
    /// Rate as shown, with a percent sign.
    pub rate: &'static str,
    /// Id of the rate.
    pub code: &'static str,
}

/// One expense.
#[derive(Debug, Clone)]
pub struct Expense {
    /// 19 digits.
    pub transaction_id: String,
    /// `cash`, `card` or `distance`; the vendor's own words are undocumented.
    pub kind: &'static str,
    /// Date of the expense.
    pub created: Date,
    /// When it was entered.
    pub inserted: DateTime,
    /// Merchant on the receipt.
    pub merchant: String,
    /// Merchant as corrected.
    pub modified_merchant: Option<String>,
    /// Date as corrected.
    pub modified_created: Option<Date>,
    /// Currency on the receipt.
    pub currency: &'static str,
    /// Amount on the receipt.
    pub amount_hundredths: i64,
    /// Amount as corrected, in the same currency; zero is a value.
    pub modified_hundredths: Option<i64>,
    /// Amount in the report's currency.
    pub converted_hundredths: Option<i64>,
    /// Rate into the report's currency, in millionths.
    pub rate_millionths: Option<i64>,
    /// Category by name.
    pub category: String,
    /// Tags by level; an empty level is an empty string.
    pub tags: Vec<String>,
    /// What the employee wrote.
    pub comment: String,
    /// Owed to the employee.
    pub reimbursable: bool,
    /// To be charged to a customer.
    pub billable: bool,
    /// Paid with.
    pub card: Option<Card>,
    /// Receipt's id.
    pub receipt_id: Option<u64>,
    /// Merchant category code.
    pub mcc: &'static str,
    /// Distance.
    pub units: Option<Units>,
    /// Tax.
    pub tax: Option<Tax>,
    /// E-mail and name of those who took part.
    pub attendees: Vec<(String, String)>,
}

impl Expense {
    /// What the expense comes to in the report's `currency`: corrected before original where the currencies are the
    /// same, else converted; nothing where no conversion is known.
    pub fn effective_hundredths(&self, currency: &str) -> i64 {
        if self.currency == currency {
            self.modified_hundredths.unwrap_or(self.amount_hundredths)
        } else {
            self.converted_hundredths.unwrap_or(0)
        }
    }

    /// The tags as one text: levels joined by colons, a colon inside a name escaped, empty levels at the end left out.
    pub fn joined_tag(&self) -> String {
        let used = self.tags.iter().rposition(|tag| !tag.is_empty()).map_or(0, |last| last + 1);
        self.tags[..used].iter().map(|tag| tag.replace(':', "\\:")).collect::<Vec<_>>().join(":")
    }
}
