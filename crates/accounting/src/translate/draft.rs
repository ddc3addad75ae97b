//! One expense on its way into an entry: its amount, account, dimensions and offset, or the problems instead. All of
//! it is borrowed; texts are made only for the lines of an entry that will stand.

use std::sync::Arc;

use super::account::{self, Booking};
use super::condition::Case;
use super::dimension::{self, Coded, Coding};
use super::offset::{self, Owed};
use super::problems::Problems;
use super::rules::Translator;
use crate::amount::Amount;
use crate::dimension::Dimension;
use crate::problem::Code;
use crate::report::{Expense, FundSource};

/// An expense on its way into an entry.
#[derive(Debug)]
pub(super) struct Draft<'t> {
    /// Place in the report, 0 first.
    pub position: usize,
    pub expense: &'t Expense,
    pub fund: FundSource,
    pub amount: Option<Amount>,
    /// In the order of the dimensions.
    pub values: Vec<Coded<'t>>,
    pub badges: Vec<Arc<str>>,
    /// Account and offset, where the expense has no problem at all.
    pub booked: Option<(Booking<'t>, Owed<'t>)>,
}

impl<'t> Draft<'t> {
    /// Minor units, negative for a refund; 0 where the amount is a problem.
    pub fn minor(&self) -> i64 {
        self.amount.map_or(0, |amount| amount.minor)
    }

    pub fn value(&self, dimension: &Dimension) -> Option<&Coded<'t>> {
        self.values.iter().find(|coded| coded.dimension == dimension)
    }
}

/// Books one expense, and notes whatever stands in its way.
pub(super) fn draft<'t>(
    translator: &'t Translator<'_>,
    case: &Case<'t>,
    position: usize,
    problems: &mut Problems,
) -> Draft<'t> {
    let before = problems.count();
    let expense = case.expense;
    let mut note = |(code, value, detail)| problems.of_expense(position, expense, code, value, detail);
    let booking = account::allocate(translator, case).map_err(&mut note).ok();
    let Coding { values, mut badges, obstacles, failed } = dimension::code(translator, case);
    obstacles.into_iter().for_each(&mut note);
    if let Some(booking) = &booking {
        badges.extend(booking.badge.clone());
        let account = booking.account;
        let has = |wanted: &Dimension| values.iter().any(|coded| coded.dimension == wanted) || failed.contains(&wanted);
        for wanted in account.requires.iter().filter(|wanted| !has(wanted)) {
            let detail = format!("account {} {} requires {wanted}", account.number, account.title);
            note((Code::DimensionRequired, wanted.to_string(), detail));
        }
        let by_account = account.requires.contains(&Dimension::Location);
        if translator.chart.multi_entity && !by_account && !has(&Dimension::Location) {
            let detail = "every line must name a location, because the company has several entities";
            note((Code::DimensionRequired, Dimension::Location.to_string(), detail.to_owned()));
        }
    }
    let owed =
        offset::account(translator, case).map_err(|(code, value, detail)| problems.of_report(code, value, detail));
    let is_whole = problems.count() == before && case.amount.is_some();
    let booked = booking.zip(owed.ok()).filter(|_| is_whole);
    Draft { position, expense, fund: case.fund, amount: case.amount, values, badges, booked }
}
