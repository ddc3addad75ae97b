//! What an expense amounts to in the report's currency, and whether the expenses add up to what the report states.
//!
//! The expense's currency is the report's: the amount as edited, else as on the receipt; a converted amount there is
//! stale and ignored. It differs: the converted amount. Present and zero counts as present.

use std::collections::HashSet;

use super::problems::Problems;
use crate::amount::{Amount, AmountError, Currency, SourceAmount};
use crate::problem::Code;
use crate::report::{Expense, ExpenseReport};

/// The money of a report.
#[derive(Debug)]
pub(super) struct Effective {
    /// The report's currency, where it is known.
    pub currency: Option<Currency>,
    /// Amounts in the order of the expenses; `None` where one has none, which is a problem already noted.
    pub amounts: Vec<Option<Amount>>,
    /// The stated total, where it is exact.
    pub total: Option<Amount>,
    /// What the expenses add up to beyond the stated total, where that is within the tolerance and not nothing.
    pub rounding: Option<Amount>,
}

/// Works out all amounts of `report`; `base` is the destination's currency, where it is known.
pub(super) fn effective(
    report: &ExpenseReport,
    base: Option<Currency>,
    tolerance_minor: i64,
    problems: &mut Problems,
) -> Effective {
    let currency = currency(report, base, problems);
    let mut amounts: Vec<Option<Amount>> = match currency {
        Some(currency) => {
            let each = report.expenses.iter().enumerate();
            each.map(|(position, expense)| amount(position, expense, currency, problems)).collect()
        }
        None => vec![None; report.expenses.len()],
    };
    let total = match (report.total, currency) {
        (Some(total), Some(currency)) => total
            .to_amount(currency)
            .map_err(|error| problems.of_report(code(&error), "total", format!("the report's total: {error}")))
            .ok(),
        _ => None,
    };
    check_ids(report, problems);
    if !fit_together(&amounts) {
        problems.of_report(Code::AmountOutOfRange, "", "the amounts of the expenses together are out of range");
        amounts.fill(None);
    }
    let rounding = check_sum(&amounts, total, tolerance_minor, problems);
    Effective { currency, amounts, total, rounding }
}

fn currency(report: &ExpenseReport, base: Option<Currency>, problems: &mut Problems) -> Option<Currency> {
    let text = report.currency.as_deref().unwrap_or("");
    let Ok(currency) = Currency::parse(text) else {
        problems.of_report(Code::CurrencyUnknown, text, format!("the report's currency is '{text}'"));
        return None;
    };
    if let Some(base) = base.filter(|base| *base != currency) {
        let detail = format!("the report is in {currency}, the company keeps its books in {base}");
        problems.of_report(Code::CurrencyNotBase, currency.code(), detail);
    }
    Some(currency)
}

fn amount(position: usize, expense: &Expense, currency: Currency, problems: &mut Problems) -> Option<Amount> {
    let text = expense.currency.as_deref().unwrap_or("").trim();
    let is_same = text.eq_ignore_ascii_case(currency.code());
    if !is_same && Currency::parse(text).is_err() {
        let detail = format!("the expense's currency is '{text}'");
        problems.of_expense(position, expense, Code::CurrencyUnknown, text, detail);
        return None;
    }
    let figure: Option<SourceAmount> = if is_same { expense.modified.or(expense.original) } else { expense.converted };
    let Some(figure) = figure else {
        let detail = match is_same {
            true => format!("the expense has neither an original nor a modified amount in {currency}"),
            false => format!("the expense is in {text} and has no amount converted to {currency}"),
        };
        problems.of_expense(position, expense, Code::AmountMissing, currency.code(), detail);
        return None;
    };
    figure
        .to_amount(currency)
        .map_err(|error| problems.of_expense(position, expense, code(&error), "", error.to_string()))
        .ok()
}

const fn code(error: &AmountError) -> Code {
    match error {
        AmountError::OutOfRange => Code::AmountOutOfRange,
        _ => Code::AmountNotExact,
    }
}

/// An id that is blank or stands twice would make a line that nobody can find again.
fn check_ids(report: &ExpenseReport, problems: &mut Problems) {
    if report.id.trim().is_empty() {
        problems.of_report(Code::ReportUnreadable, "id", "the report has no id");
    }
    let mut seen = HashSet::with_capacity(report.expenses.len());
    for (position, expense) in report.expenses.iter().enumerate() {
        if expense.id.trim().is_empty() {
            let detail = format!("expense {} of the report has no id", position + 1);
            problems.of_expense(position, expense, Code::ReportUnreadable, "id", detail);
        } else if !seen.insert(expense.id.as_str()) {
            let detail = format!("expense {} has the id of an expense before it", position + 1);
            problems.of_expense(position, expense, Code::ExpenseDuplicated, &expense.id, detail);
        }
    }
}

/// The sum of the magnitudes must fit as well: then every sum that lines make of the amounts fits.
fn fit_together(amounts: &[Option<Amount>]) -> bool {
    let magnitudes = amounts.iter().flatten().map(|amount| i128::from(amount.minor.unsigned_abs()));
    i64::try_from(magnitudes.sum::<i128>()).is_ok()
}

/// What the expenses add up to beyond the total, where it is not nothing.
fn check_sum(
    amounts: &[Option<Amount>],
    total: Option<Amount>,
    tolerance_minor: i64,
    problems: &mut Problems,
) -> Option<Amount> {
    let total = total?;
    let minors = amounts.iter().map(|amount| amount.map(|amount| amount.minor));
    let sum: i64 = minors.sum::<Option<i64>>()?;
    let difference = i128::from(sum) - i128::from(total.minor);
    if difference.abs() > i128::from(tolerance_minor.max(0)) {
        let sum = Amount::new(sum, total.currency);
        let detail = format!("the expenses add up to {sum}, the report states {total}");
        problems.of_report(Code::TotalMismatch, total.to_string(), detail);
        return None;
    }
    i64::try_from(difference).ok().filter(|minor| *minor != 0).map(|minor| Amount::new(minor, total.currency))
}
