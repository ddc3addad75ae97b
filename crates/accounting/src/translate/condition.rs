//! Conditions on an expense, folded once and compared for every expense without a copy.

use std::fmt::Write;

use super::lookup::{field, filled, fold, same};
use crate::amount::Amount;
use crate::chart::Value;
use crate::mapping::Condition;
use crate::report::{Expense, ExpenseReport, FundSource};

/// What a condition looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'r> {
    pub report: &'r ExpenseReport,
    pub expense: &'r Expense,
    pub fund: FundSource,
    /// Effective amount in the report's currency.
    pub amount: Option<Amount>,
    /// The destination's record of the employee.
    pub employee: Option<&'r Value>,
    /// The location value that stands for the entity, where the expense leads to one.
    pub entity: Option<&'r Value>,
}

/// A condition made ready.
#[derive(Debug)]
pub(super) struct Matcher<'a> {
    condition: &'a Condition,
    category: Option<String>,
    tags: Vec<(u8, String)>,
    policy: Option<String>,
    entity: Option<String>,
    card: Option<String>,
    employee: Option<String>,
    fields: Vec<(&'a str, String)>,
    /// How many parts are present: the more, the more specific.
    pub parts: usize,
}

impl<'a> Matcher<'a> {
    pub fn new(condition: &'a Condition) -> Self {
        let folded = |text: &Option<String>| text.as_deref().map(|text| fold(text).into_owned());
        let texts = [&condition.category, &condition.policy, &condition.entity, &condition.card, &condition.employee];
        let amounts = [&condition.amount_at_least, &condition.amount_at_most];
        let single = texts.iter().filter(|part| part.is_some()).count()
            + amounts.iter().filter(|part| part.is_some()).count()
            + usize::from(condition.fund_source.is_some());
        Self {
            condition,
            category: folded(&condition.category),
            tags: condition.tags.iter().map(|(level, tag)| (*level, fold(tag).into_owned())).collect(),
            policy: folded(&condition.policy),
            entity: folded(&condition.entity),
            card: folded(&condition.card),
            employee: folded(&condition.employee),
            fields: condition.fields.iter().map(|(name, text)| (name.as_str(), fold(text).into_owned())).collect(),
            parts: single + condition.tags.len() + condition.fields.len(),
        }
    }

    /// Whether the condition looks at the entity.
    pub const fn needs_entity(&self) -> bool {
        self.entity.is_some()
    }

    /// Whether every part that is present holds.
    pub fn holds(&self, case: &Case<'_>) -> bool {
        let Case { report, expense, .. } = case;
        let any = |wanted: &Option<String>, texts: &[Option<&str>]| match wanted {
            None => true,
            Some(wanted) => texts.iter().flatten().any(|text| same(wanted, text)),
        };
        let card = |wanted: &Option<String>| {
            wanted.is_none()
                || expense.card.as_ref().is_some_and(|card| {
                    any(
                        wanted,
                        &[
                            filled(card.last_four.as_deref()),
                            filled(card.name.as_deref()),
                            filled(card.feed.as_deref()),
                        ],
                    )
                })
        };
        let person = &report.employee;
        any(&self.category, &[Some(expense.category.as_deref().unwrap_or(""))])
            && self.condition.fund_source.is_none_or(|fund| fund == case.fund)
            && self.tags.iter().all(|(level, wanted)| same(wanted, tag(expense, *level)))
            && any(&self.policy, &[Some(&report.policy_id), Some(&report.policy_name)])
            && card(&self.card)
            && any(&self.employee, &[Some(&person.email), person.id.as_deref(), Some(&person.name)])
            && any(&self.entity, &[case.entity.map(|value| &*value.id), case.entity.map(|value| &*value.name)])
            && self.fields.iter().all(|(name, wanted)| same(wanted, field(&report.fields, name).unwrap_or("")))
            && self.amount_holds(case.amount)
    }

    /// Amounts are compared in one currency only: a bound in another currency never holds.
    fn amount_holds(&self, amount: Option<Amount>) -> bool {
        let bound = |bound: Option<Amount>, holds: fn(i64, i64) -> bool| match (bound, amount) {
            (None, _) => true,
            (Some(bound), Some(amount)) => bound.currency == amount.currency && holds(amount.minor, bound.minor),
            (Some(_), None) => false,
        };
        bound(self.condition.amount_at_least, |amount, least| amount >= least)
            && bound(self.condition.amount_at_most, |amount, most| amount <= most)
    }

    /// The condition in words, as typed.
    pub fn describe(&self) -> String {
        let condition = self.condition;
        let mut parts: Vec<String> = Vec::with_capacity(self.parts);
        let mut add = |name: &str, text: &Option<String>| {
            if let Some(text) = text {
                parts.push(format!("{name} \"{text}\""));
            }
        };
        add("category", &condition.category);
        for (level, tag) in &condition.tags {
            add(&format!("tag {level}"), &Some(tag.clone()));
        }
        add("workspace", &condition.policy);
        add("entity", &condition.entity);
        add("card", &condition.card);
        add("employee", &condition.employee);
        for (name, text) in &condition.fields {
            add(&format!("field {name}"), &Some(text.clone()));
        }
        parts.extend(condition.fund_source.map(|fund| format!("fund source {fund}")));
        parts.extend(condition.amount_at_least.map(|amount| format!("amount at least {amount}")));
        parts.extend(condition.amount_at_most.map(|amount| format!("amount at most {amount}")));
        let mut words = String::new();
        for (index, part) in parts.iter().enumerate() {
            let _ = write!(words, "{}{part}", if index == 0 { "" } else { " and " });
        }
        if words.is_empty() { "every expense".to_owned() } else { words }
    }
}

/// The name of the expense's tag at `level`, 1 first; empty where it has none.
pub(super) fn tag(expense: &Expense, level: u8) -> &str {
    let index = usize::from(level).checked_sub(1);
    index.and_then(|index| expense.tags.get(index)).map_or("", |tag| &tag.name)
}
