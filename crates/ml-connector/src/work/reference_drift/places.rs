//! Where a mapping refers to accounts, values and journals, in the words of the flow file. Pure.

use std::collections::HashMap;

use accounting::Dimension;
use accounting::mapping::{Mapping, Missing, Offset, OffsetDimensions, ValueSource};

use super::reference::Reference;

/// Places that are listed for one reference; more are counted.
const SHOWN: usize = 50;

/// Every reference of a mapping, by what it refers to.
pub(super) struct Places {
    accounts: HashMap<String, Vec<String>>,
    values: HashMap<(Dimension, String), Vec<String>>,
    journals: HashMap<String, Vec<String>>,
}

impl Places {
    pub fn of(mapping: &Mapping) -> Self {
        let mut places = Self { accounts: HashMap::new(), values: HashMap::new(), journals: HashMap::new() };
        for (category, account) in &mapping.accounts.categories {
            places.account(account, format!("categories: {}", category.trim()));
        }
        for (index, rule) in mapping.accounts.rules.iter().enumerate() {
            places.account(&rule.account, format!("rules: rule {}", index + 1));
        }
        if let Some(suspense) = &mapping.accounts.suspense {
            places.account(suspense, "suspense_account".to_owned());
        }
        for (fund, offset) in &mapping.offsets.by_fund_source {
            places.offset(&format!("offsets.{fund}"), offset);
        }
        for (dimension, rule) in &mapping.dimensions {
            let at = format!("dimensions.{dimension}");
            for (text, id) in &rule.values {
                places.value(dimension, id, format!("{at}.values: {}", text.trim()));
            }
            for source in std::iter::once(&rule.from).chain(&rule.fallback) {
                if let ValueSource::Constant(id) = source {
                    places.value(dimension, id, format!("{at}: constant"));
                }
            }
        }
        for (fund, symbol) in &mapping.posting.journal {
            let at = format!("posting.journal.{fund}");
            places.journals.entry(symbol.trim().to_owned()).or_default().push(at);
        }
        places
    }

    fn offset(&mut self, at: &str, offset: &Offset) {
        self.account(&offset.account, at.to_owned());
        let tables = [
            ("cards", &offset.cards),
            ("cardholders", &offset.cardholders),
            ("feeds", &offset.feeds),
            ("kinds", &offset.kinds),
        ];
        for (name, table) in tables {
            for (text, account) in table {
                self.account(account, format!("{at}.{name}: {}", text.trim()));
            }
        }
        if let OffsetDimensions::Chosen(chosen) = &offset.dimensions {
            for (dimension, id) in chosen {
                self.value(dimension, id, format!("{at}.dimensions"));
            }
        }
    }

    fn account(&mut self, number: &str, place: String) {
        self.accounts.entry(number.trim().to_owned()).or_default().push(place);
    }

    fn value(&mut self, dimension: &Dimension, id: &str, place: String) {
        self.values.entry((dimension.clone(), id.trim().to_owned())).or_default().push(place);
    }

    /// Where the mapping refers to it. An account that newly requires a dimension which every line has is no concern.
    pub fn of_reference(&self, reference: &Reference, mapping: &Mapping) -> Vec<String> {
        let found = match reference {
            Reference::Account(number) => self.accounts.get(number),
            Reference::Requirement(number, dimension) => {
                let rule = mapping.dimensions.get(dimension);
                let always = rule.is_some_and(|rule| rule.missing == Missing::Hold);
                self.accounts.get(number).filter(|_| !always)
            }
            Reference::Value(dimension, id) => self.values.get(&(dimension.clone(), id.clone())),
            Reference::InUse(dimension) => {
                let used = mapping.dimensions.contains_key(dimension);
                return used.then(|| format!("dimensions.{dimension}")).into_iter().collect();
            }
            Reference::Journal(symbol) => self.journals.get(symbol),
            Reference::Books(..) => None,
        };
        let Some(found) = found else { return Vec::new() };
        let mut shown: Vec<String> = found.iter().take(SHOWN).cloned().collect();
        if found.len() > SHOWN {
            shown.push(format!("and {} more", found.len() - SHOWN));
        }
        shown
    }
}
