//! Conditions on an expense: elements of `skip`, and `when` of a rule.

use std::collections::BTreeMap;

use accounting::Amount;
use accounting::mapping::Condition;

use super::{FUND_SOURCES, amount, text_table};
use crate::flow::keys;
use crate::flow::reader::{Item, Section};

pub(super) fn read(item: &Item<'_>) -> Option<Condition> {
    let section = item.section(&keys::CONDITION)?;
    if section.names().next().is_none() {
        item.at.refuse("the condition is empty and would hold for every expense", "name at least one part");
        return None;
    }
    let text = |key: &str| section.get(key).and_then(|item| item.text()).map(|text| text.trimmed());
    let condition = Condition {
        category: text("category"),
        tags: tags(&section),
        policy: text("policy"),
        fund_source: section.get("fund_source").and_then(|item| item.text()?.word(&FUND_SOURCES)),
        entity: text("entity"),
        card: text("card"),
        employee: text("employee"),
        fields: section.get("fields").map(|item| text_table(&item)).unwrap_or_default(),
        amount_at_least: bound(&section, "amount_at_least"),
        amount_at_most: bound(&section, "amount_at_most"),
    };
    if let (Some(least), Some(most)) = (condition.amount_at_least, condition.amount_at_most) {
        if least.currency != most.currency {
            item.at.refuse("the two amounts have different currencies and can never both hold", "use one currency");
        } else if least.minor > most.minor {
            item.at.refuse("amount_at_least is above amount_at_most, so this can never hold", "exchange them");
        }
    }
    Some(condition)
}

fn tags(section: &Section<'_>) -> BTreeMap<u8, String> {
    let tag = |name: &str| Some((keys::tag_level(name)?, section.get(name)?.text()?.trimmed()));
    section.names().filter_map(tag).collect()
}

fn bound(section: &Section<'_>, key: &str) -> Option<Amount> {
    amount(&section.get(key)?.text()?)
}
