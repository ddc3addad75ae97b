//! From an expense report, a mapping and a chart to journal entries, or to ALL the problems that stand in the way.

use std::collections::BTreeMap;

use jiff::civil::Date;

mod account;
mod condition;
mod dimension;
mod draft;
mod effective;
mod heading;
mod lines;
mod lookup;
mod offset;
mod parts;
mod problems;
mod rules;
mod run;
mod select;
mod text;

pub use lookup::fold;
pub(crate) use lookup::{field, filled};
pub use rules::Translator;

use crate::amount::{Amount, Currency};
use crate::chart::Chart;
use crate::entry::JournalEntry;
use crate::identity::{PostingKey, Reference};
use crate::mapping::Mapping;
use crate::problem::Problem;
use crate::report::{ExpenseReport, FundSource};

/// What a translation depends on beside report, mapping and chart.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Today in the customer's zone.
    pub today: Date,
    /// The company at the destination; part of every key.
    pub company: String,
    /// Generation of the report's postings.
    pub generation: u8,
    /// Id of the run, for the `{run}` token.
    pub run: String,
}

/// What becomes of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Translation {
    /// The flow does not take it, or every expense of it is skipped; nothing is posted and nothing is held.
    Skipped(Skip),
    /// Nothing of it may be posted, for all these reasons.
    Held(Held),
    /// It can be posted.
    Ready(Plan),
}

/// Why a report is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Why, in one sentence.
    pub reason: String,
    /// Its money, where its currency is known.
    pub amount: Option<Amount>,
    /// Expenses left out, each with its reason; empty where `reason` speaks for the whole report.
    pub expenses: Vec<SkippedExpense>,
}

/// All problems of a report, in a stable order without repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// At least one.
    pub problems: Vec<Problem>,
    /// The money that is held, where its currency is known; skipped expenses are not in it.
    pub amount: Option<Amount>,
    /// Expenses left out.
    pub skipped: Vec<SkippedExpense>,
}

/// The entries of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// At least one; they are posted together or not at all.
    pub entries: Vec<PlannedEntry>,
    /// Expenses left out.
    pub skipped: Vec<SkippedExpense>,
    /// Net amount of the expenses in `entries`: what the source holds for them.
    pub amount: Amount,
}

/// An entry with its identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEntry {
    /// Which entry of which report.
    pub key: PostingKey,
    /// The reference made of it.
    pub reference: Reference,
    /// The entry.
    pub entry: JournalEntry,
    /// Net amount of its expenses.
    pub amount: Amount,
}

/// An expense that is left out, with the reason kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedExpense {
    /// Its id.
    pub expense: String,
    /// Its fund source.
    pub fund_source: FundSource,
    /// Its amount, where it has an exact one.
    pub amount: Option<Amount>,
    /// Why, in one sentence.
    pub reason: String,
}

/// Translates one report. For many reports, one [`Translator`] is quicker.
pub fn translate(report: &ExpenseReport, mapping: &Mapping, chart: &Chart, setting: &Setting) -> Translation {
    Translator::new(mapping, chart).translate(report, setting)
}

/// The report's currency, and what each expense amounts to in it; `None` where it has no exact amount.
pub(crate) fn amounts_of(report: &ExpenseReport) -> (Option<Currency>, Vec<Option<Amount>>) {
    let mut problems = problems::Problems::default();
    let money = effective::effective(report, None, i64::MAX, &mut problems);
    (money.currency, money.amounts)
}

/// What is set for `fund`, and for which fund source it was set: another fund source follows the company card unless
/// it has something of its own.
fn by_fund<V>(set: &BTreeMap<FundSource, V>, fund: FundSource) -> Option<(FundSource, &V)> {
    let follows = if fund == FundSource::Other { FundSource::CompanyCard } else { fund };
    [fund, follows].into_iter().find_map(|fund| Some((fund, set.get(&fund)?)))
}
