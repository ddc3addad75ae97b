//! An approved expense report as its source tells it, before any rule of the customer's is applied.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;

use crate::amount::SourceAmount;

mod content;

/// Where a report stands at its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportState {
    /// Being written.
    Open,
    /// Waiting for approval.
    Submitted,
    /// Approved.
    Approved,
    /// Approved and paid.
    Reimbursed,
    /// Closed without approval, in workspaces that have none.
    Archived,
}

impl ReportState {
    /// The state called `name` in flow files (upper case).
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "OPEN" => Self::Open,
            "SUBMITTED" => Self::Submitted,
            "APPROVED" => Self::Approved,
            "REIMBURSED" => Self::Reimbursed,
            "ARCHIVED" => Self::Archived,
            _ => return None,
        })
    }

    /// The name in flow files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Submitted => "SUBMITTED",
            Self::Approved => "APPROVED",
            Self::Reimbursed => "REIMBURSED",
            Self::Archived => "ARCHIVED",
        }
    }
}

/// Whose money an expense was paid with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FundSource {
    /// The employee's: the company owes it back.
    Reimbursable,
    /// A card of the company.
    CompanyCard,
    /// Neither: treated as a company card unless the mapping says otherwise.
    Other,
}

impl FundSource {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Reimbursable, Self::CompanyCard, Self::Other];

    /// The name in flow files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reimbursable => "reimbursable",
            Self::CompanyCard => "company_card",
            Self::Other => "other",
        }
    }

    /// The fund source called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}

impl fmt::Display for FundSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A person named in a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Full name as the source shows it; empty where it shows none.
    pub name: String,
    /// E-mail.
    pub email: String,
    /// The employee id or payroll id kept at the source.
    pub id: Option<String>,
}

/// One level of an expense's tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tag {
    /// Name with its exact spelling; empty where the level was left blank.
    pub name: String,
    /// GL code kept beside the tag at the source.
    pub code: Option<String>,
}

/// The card an expense was paid with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Card {
    /// Last four digits.
    pub last_four: Option<String>,
    /// Name of the card.
    pub name: Option<String>,
    /// Bank or feed that reported the transaction.
    pub feed: Option<String>,
}

/// One line of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expense {
    /// The source's id of the line.
    pub id: String,
    /// The source's word for its kind (a distance, a per diem, ...), where it tells.
    pub kind: Option<String>,
    /// Amount on the receipt, in `currency`.
    pub original: Option<SourceAmount>,
    /// Amount after an edit, in `currency`. Present and zero counts as present.
    pub modified: Option<SourceAmount>,
    /// Amount in the report's currency.
    pub converted: Option<SourceAmount>,
    /// Currency of the receipt.
    pub currency: Option<String>,
    /// Exchange rate as the source printed it.
    pub rate: Option<String>,
    /// Day of the expense.
    pub date: Option<Date>,
    /// Day on which the card transaction was posted.
    pub card_posted: Option<Date>,
    /// Merchant, as edited where it was edited.
    pub merchant: Option<String>,
    /// Merchant before the edit.
    pub original_merchant: Option<String>,
    /// Category with its exact spelling.
    pub category: Option<String>,
    /// GL code kept beside the category at the source.
    pub category_code: Option<String>,
    /// Tag levels by position, level 1 first.
    pub tags: Vec<Tag>,
    /// The employee's note.
    pub comment: Option<String>,
    /// Whether the source says that the employee is to be paid back.
    pub reimbursable: Option<bool>,
    /// Whether it is to be billed to a customer.
    pub billable: bool,
    /// The card, where the source names one.
    pub card: Option<Card>,
    /// Link to the receipt; shown, never fetched.
    pub receipt_url: Option<String>,
}

impl Expense {
    /// Whose money it was: the employee's where the source says so; else a card's where a bank or card is named.
    pub fn fund_source(&self) -> FundSource {
        match (self.reimbursable, &self.card) {
            (Some(true), _) => FundSource::Reimbursable,
            (_, Some(_)) => FundSource::CompanyCard,
            _ => FundSource::Other,
        }
    }
}

/// An expense report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpenseReport {
    /// The source's stable id.
    pub id: String,
    /// The number people quote.
    pub number: Option<String>,
    /// Its name.
    pub name: String,
    /// Id of the workspace it belongs to.
    pub policy_id: String,
    /// Name of that workspace.
    pub policy_name: String,
    /// Who spent the money.
    pub employee: Person,
    /// Who the employee reports to.
    pub manager: Option<Person>,
    /// Who approved it last.
    pub approver: Option<Person>,
    /// Where it stands.
    pub state: ReportState,
    /// Currency in which the report is settled.
    pub currency: Option<String>,
    /// Total as the source states it, in `currency`.
    pub total: Option<SourceAmount>,
    /// Link to it; shown, never fetched.
    pub url: Option<String>,
    /// Day it was begun.
    pub created: Option<Date>,
    /// Day it was submitted.
    pub submitted: Option<Date>,
    /// Day it was approved.
    pub approved: Option<Date>,
    /// Day it was paid.
    pub reimbursed: Option<Date>,
    /// Fields of the report by name.
    pub fields: BTreeMap<String, String>,
    /// Its lines.
    pub expenses: Vec<Expense>,
}
