//! A customer's rules, in the trade's words: what is selected, where each expense is booked, and how an entry looks.
//! A flow file is one way to write them down; this is what they mean.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::amount::Amount;
use crate::dimension::Dimension;
use crate::entry::EntryState;
use crate::report::{FundSource, ReportState};
use crate::template::Template;

/// All rules of one flow, at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Version, counted from 1; written on every line's reason.
    pub version: u32,
    /// What is taken from the source.
    pub selection: Selection,
    /// Which account an expense is booked to.
    pub accounts: AccountRules,
    /// Where each dimension comes from.
    pub dimensions: BTreeMap<Dimension, DimensionRule>,
    /// The other side of the entry.
    pub offsets: Offsets,
    /// How entries are cut, dated and worded.
    pub posting: PostingRules,
}

/// What is taken from the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Workspaces by id; `None` takes all.
    pub policies: Option<BTreeSet<String>>,
    /// States in which a report's expenses are taken, by fund source. A fund source that is absent is not posted.
    pub states: BTreeMap<FundSource, BTreeSet<ReportState>>,
    /// Reports approved before this day are left alone (submitted, where the workspace has no approval).
    pub cut_over: Date,
    /// Periods before it that are taken all the same, both days included: a person asked for them.
    pub backfills: Vec<(Date, Date)>,
    /// Expenses that are left out, each with the condition as its reason.
    pub skip: Vec<Condition>,
    /// What becomes of expenses of zero.
    pub zero_amounts: ZeroAmounts,
}

/// What becomes of an expense of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZeroAmounts {
    /// Left out, with an audit line that says so.
    #[default]
    Skip,
    /// Holds the report.
    Block,
}

/// A condition on an expense; parts that are absent hold always, parts that are present must all hold. Texts are
/// compared trimmed and without case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Category.
    pub category: Option<String>,
    /// Tag by level, 1 first.
    pub tags: BTreeMap<u8, String>,
    /// Workspace, by id or name.
    pub policy: Option<String>,
    /// Fund source.
    pub fund_source: Option<FundSource>,
    /// Entity.
    pub entity: Option<String>,
    /// Card, by last four digits, name or feed.
    pub card: Option<String>,
    /// Employee, by e-mail, id or name.
    pub employee: Option<String>,
    /// Fields of the report.
    pub fields: BTreeMap<String, String>,
    /// Smallest amount, inclusive.
    pub amount_at_least: Option<Amount>,
    /// Largest amount, inclusive.
    pub amount_at_most: Option<Amount>,
}

/// Which account an expense is booked to: the most specific rule, then the category's, then the suspense account
/// where the customer named one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountRules {
    /// Account by category, keyed by the category as typed.
    pub categories: BTreeMap<String, String>,
    /// Conditional rules, in the order shown.
    pub rules: Vec<AccountRule>,
    /// Whether the GL code that the source keeps beside a category may stand in for a missing mapping.
    pub use_source_codes: bool,
    /// Where unmapped expenses go, only where the customer named it; every use is a visible badge.
    pub suspense: Option<String>,
}

/// A conditional rule: the most specific one that holds wins (more parts first), order breaks ties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRule {
    /// When it holds.
    pub when: Condition,
    /// Where it books.
    pub account: String,
}

/// Where a dimension's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionRule {
    /// First place to look.
    pub from: ValueSource,
    /// How the found text becomes a value.
    pub matching: Matching,
    /// Values by the text found, keyed as typed.
    pub values: BTreeMap<String, String>,
    /// Further places, in order.
    pub fallback: Vec<ValueSource>,
    /// What happens when all of them give nothing.
    pub missing: Missing,
}

/// A place where a dimension's value may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueSource {
    /// Tag level, 1 first.
    Tag(u8),
    /// Field of the report.
    ReportField(String),
    /// Category.
    Category,
    /// Workspace, by name or id.
    Policy,
    /// The employee: the destination's employee record, found by the employee's id or e-mail (for the employee
    /// dimension its id, for department and location what the record implies).
    Employee,
    /// Card, by last four, name or feed.
    Card,
    /// Always this value.
    Constant(String),
}

/// How a text from the source becomes a value's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Matching {
    /// By the table alone.
    #[default]
    Table,
    /// By the table; else the text's GL code or the text itself is the id.
    Id,
    /// By the table; else the text is the name of exactly one active value.
    Name,
}

/// What happens when a dimension finds no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// The report is held.
    #[default]
    Hold,
    /// The line goes without.
    Blank,
}

/// The other side of the entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offsets {
    /// By fund source; `other` follows `company_card` unless given.
    pub by_fund_source: BTreeMap<FundSource, Offset>,
}

/// An offset account with its exceptions; the first that fits wins: card, cardholder, feed, kind, default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offset {
    /// The account.
    pub account: String,
    /// By a card's last four digits or name.
    pub cards: BTreeMap<String, String>,
    /// By the employee's e-mail.
    pub cardholders: BTreeMap<String, String>,
    /// By bank or feed.
    pub feeds: BTreeMap<String, String>,
    /// By the source's kind of expense (mileage, per diem, ...).
    pub kinds: BTreeMap<String, String>,
    /// Which dimensions the offset line names.
    pub dimensions: OffsetDimensions,
}

/// Which dimensions an offset line names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OffsetDimensions {
    /// The location, plus what the account requires (taken from the debits where they agree, the employee from the
    /// employee record).
    #[default]
    Required,
    /// Those of the debit line; with one credit for several debits, those on which all agree.
    Copy,
    /// These.
    Chosen(BTreeMap<Dimension, String>),
}

/// How entries are cut, dated and worded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingRules {
    /// Journal by fund source; `other` follows `company_card` unless given.
    pub journal: BTreeMap<FundSource, String>,
    /// Which date an entry carries.
    pub date: PostingDate,
    /// What happens when that date is in closed books.
    pub closed_period: ClosedPeriod,
    /// What happens when that date is in the future.
    pub future: Future,
    /// Posted, or draft for a second approval in the ledger.
    pub state: EntryState,
    /// What goes into one entry.
    pub group: Group,
    /// One line an expense, or a sum.
    pub lines: Lines,
    /// How the offset lines are cut.
    pub credit_lines: CreditLines,
    /// Most lines an entry may have; longer ones are cut into balanced parts.
    pub max_lines: usize,
    /// Wording of an entry's title.
    pub title: Template,
    /// Wording of a line's memo.
    pub memo: Template,
    /// Wording of a line's document number; the entry's reference unless the customer says otherwise, so that an
    /// entry is found again even where the company's rules rewrite its header.
    pub document: Template,
    /// Entries above this amount are held.
    pub ceiling_entry: Option<Amount>,
    /// How far the sum of the lines and the report's stated total may differ, in minor units.
    pub rounding_tolerance_minor: i64,
}

/// Which date an entry carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PostingDate {
    /// Day of approval; the day of submission, visibly, for workspaces without approval.
    #[default]
    Approved,
    /// Day of the last expense.
    LastExpense,
    /// Day of submission.
    Submitted,
    /// Day of translation.
    Export,
    /// Each expense's own day: one entry a day.
    Expense,
    /// Day of reimbursement.
    Reimbursed,
    /// Day on which the card transaction was posted: one entry a day.
    CardPosted,
}

/// What happens when an entry's date is in closed books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClosedPeriod {
    /// The report is held.
    #[default]
    Hold,
    /// The first open day.
    NextOpenDay,
    /// The first day of the first month that is wholly open.
    NextOpenPeriod,
    /// A draft with the original date.
    Draft,
}

/// What happens when an entry's date is in the future.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Future {
    /// The report is held.
    #[default]
    Hold,
    /// It is posted as dated.
    Allow,
}

/// What goes into one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Group {
    /// One entry for each report and fund source.
    #[default]
    ReportAndFundSource,
    /// One entry a report.
    Report,
    /// One entry an expense.
    Expense,
}

/// How the expense side is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lines {
    /// One line an expense.
    #[default]
    PerExpense,
    /// One line for each account and set of dimensions.
    Summarised,
}

/// How the offset side is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CreditLines {
    /// One for each offset account (and entity).
    #[default]
    PerReport,
    /// One for each expense, mirroring it.
    PerExpense,
    /// One for each employee.
    PerEmployee,
    /// One for each card.
    PerCard,
}
