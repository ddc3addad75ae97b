//! Which account an expense is booked to: the most specific rule, the category's row, the source's own GL code where
//! the customer allows it, the suspense account where the customer named one. Else it is a problem.

use std::sync::Arc;

use super::condition::Case;
use super::lookup::{filled, fold};
use super::rules::Translator;
use crate::chart::{Account, Chart};
use crate::problem::Code;

/// What stands in the way: code, offending value, what was seen.
pub(super) type Obstacle = (Code, String, String);

/// An account with its reason.
#[derive(Debug, Clone)]
pub(super) struct Booking<'t> {
    pub account: &'t Account,
    pub reason: Arc<str>,
    /// Set where the account stands in for a missing mapping.
    pub badge: Option<Arc<str>>,
}

/// The account of an expense.
pub(super) fn allocate<'t>(translator: &'t Translator<'_>, case: &Case<'t>) -> Result<Booking<'t>, Obstacle> {
    if let Some(rule) = translator.rules.iter().find(|rule| rule.when.holds(case)) {
        return book(translator.chart, rule.account, &rule.reason, None);
    }
    let category = filled(case.expense.category.as_deref());
    let category = category.filter(|category| fold(category) != "uncategorized");
    if let Some(row) = category.and_then(|category| translator.categories.get(category)) {
        return book(translator.chart, row.target, &row.reason, None);
    }
    let accounts = &translator.mapping.accounts;
    let version = translator.mapping.version;
    let code = filled(case.expense.category_code.as_deref()).filter(|_| accounts.use_source_codes);
    if let (Some(code), Some(category)) = (code, category) {
        let reason = format!("GL code beside category \"{category}\" (mapping {version})").into();
        return book(translator.chart, code.trim(), &reason, None);
    }
    let obstacle = match category {
        Some(category) => {
            let doubt = translator.categories.doubt(category);
            (Code::CategoryUnmapped, category.to_owned(), format!("category \"{category}\" has no account{doubt}"))
        }
        None => {
            let text = filled(case.expense.category.as_deref());
            let detail =
                text.map_or("the expense has no category".to_owned(), |text| format!("the category is \"{text}\""));
            (Code::CategoryMissing, text.unwrap_or("").to_owned(), detail)
        }
    };
    match filled(accounts.suspense.as_deref()) {
        Some(suspense) => {
            let badge = format!("suspense account {}: {}", suspense.trim(), obstacle.2).into();
            book(
                translator.chart,
                suspense.trim(),
                &format!("suspense account (mapping {version})").into(),
                Some(badge),
            )
        }
        None => Err(obstacle),
    }
}

/// The account `number` where the destination takes postings to it.
pub(super) fn book<'t>(
    chart: &'t Chart,
    number: &str,
    reason: &Arc<str>,
    badge: Option<Arc<str>>,
) -> Result<Booking<'t>, Obstacle> {
    match chart.accounts.get(number) {
        Some(account) if account.active => Ok(Booking { account, reason: reason.clone(), badge }),
        Some(_) => {
            let detail = format!("account {number} is inactive; it comes from {reason}");
            Err((Code::AccountInactive, number.to_owned(), detail))
        }
        None => {
            let detail = format!("account {number} does not exist; it comes from {reason}");
            Err((Code::AccountUnknown, number.to_owned(), detail))
        }
    }
}
