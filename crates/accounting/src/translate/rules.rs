//! The mapping and the chart made ready for many reports: tables folded, rules in the order of their precedence,
//! reasons worded once. Nothing of a report is known here.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::condition::Matcher;
use super::lookup::{Table, fold};
use crate::chart::{Chart, Value};
use crate::dimension::Dimension;
use crate::mapping::{AccountRule, DimensionRule, Mapping, Matching, Offset, ValueSource};
use crate::report::{FundSource, Person};

/// A mapping and a chart made ready for many reports.
#[derive(Debug)]
pub struct Translator<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) chart: &'a Chart,
    /// Skip rules with their reasons.
    pub(super) skip: Vec<(Matcher<'a>, String)>,
    /// Conditional rules, the most specific first.
    pub(super) rules: Vec<Rule<'a>>,
    pub(super) categories: Table<'a>,
    pub(super) dimensions: Vec<DimensionSource<'a>>,
    pub(super) offsets: BTreeMap<FundSource, OffsetSource<'a>>,
    /// Whether any condition looks at the entity, so that the location is worked out first.
    pub(super) needs_entity: bool,
    employees: HashMap<String, Option<&'a Value>>,
}

/// A conditional rule made ready.
#[derive(Debug)]
pub(super) struct Rule<'a> {
    pub when: Matcher<'a>,
    pub account: &'a str,
    pub reason: Arc<str>,
}

/// A dimension's rule made ready.
#[derive(Debug)]
pub(super) struct DimensionSource<'a> {
    pub dimension: &'a Dimension,
    pub rule: &'a DimensionRule,
    /// `rule.from`, then the fallbacks.
    pub chain: Vec<Place<'a>>,
    /// Says that the line goes without because nothing stood at the first place.
    pub blank: Arc<str>,
    pub table: Table<'a>,
    /// Values by name, where the rule matches names.
    pub names: HashMap<String, Vec<&'a Value>>,
    /// The destination's values; `None` where it does not use the dimension.
    pub values: Option<&'a BTreeMap<String, Value>>,
}

/// A place where a value may stand.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub source: &'a ValueSource,
    /// In words.
    pub name: String,
    /// Set on a fallback: says that it was used.
    pub badge: Option<Arc<str>>,
}

/// An offset made ready.
#[derive(Debug)]
pub(super) struct OffsetSource<'a> {
    pub offset: &'a Offset,
    pub cards: Table<'a>,
    pub cardholders: Table<'a>,
    pub feeds: Table<'a>,
    pub kinds: Table<'a>,
    pub reason: Arc<str>,
}

impl<'a> Translator<'a> {
    /// Prepares `mapping` and `chart`. Worth doing once for many reports.
    pub fn new(mapping: &'a Mapping, chart: &'a Chart) -> Self {
        let version = mapping.version;
        let skip: Vec<_> = mapping.selection.skip.iter().map(Matcher::new).collect();
        let rules = account_rules(mapping);
        Self {
            mapping,
            chart,
            needs_entity: skip.iter().chain(rules.iter().map(|rule| &rule.when)).any(Matcher::needs_entity),
            skip: skip
                .into_iter()
                .map(|when| {
                    let reason = format!("skip rule: {}", when.describe());
                    (when, reason)
                })
                .collect(),
            rules,
            categories: Table::new(&mapping.accounts.categories, |category| {
                format!("category \"{category}\" (mapping {version})")
            }),
            dimensions: mapping.dimensions.iter().map(|(name, rule)| dimension(name, rule, chart, version)).collect(),
            offsets: mapping
                .offsets
                .by_fund_source
                .iter()
                .map(|(fund, it)| (*fund, offset(*fund, it, version)))
                .collect(),
            employees: employees(chart),
        }
    }

    /// Rules in the order in which they are looked at: place in the document (0 first), parts of the condition, and the
    /// condition in words.
    pub fn precedence(rules: &[AccountRule]) -> Vec<(usize, usize, String)> {
        let each = rules.iter().enumerate().map(|(index, rule)| {
            let when = Matcher::new(&rule.when);
            (index, when.parts, when.describe())
        });
        let mut ordered: Vec<_> = each.collect();
        ordered.sort_by_key(|(_, parts, _)| std::cmp::Reverse(*parts));
        ordered
    }

    /// The destination's record of a person, found by id, else by e-mail; none where two records fit.
    pub(super) fn employee(&self, person: &Person) -> Option<&'a Value> {
        let keys = [person.id.as_deref(), Some(person.email.as_str())];
        keys.into_iter().flatten().find_map(|key| self.employees.get(fold(key).as_ref()).copied().flatten())
    }
}

/// Most parts first; among equals, the order shown.
fn account_rules(mapping: &Mapping) -> Vec<Rule<'_>> {
    let each = mapping.accounts.rules.iter().enumerate().map(|(index, rule)| {
        let when = Matcher::new(&rule.when);
        let reason = format!("rule {}: {} (mapping {})", index + 1, when.describe(), mapping.version).into();
        Rule { when, account: rule.account.trim(), reason }
    });
    let mut rules: Vec<_> = each.collect();
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.when.parts));
    rules
}

fn dimension<'a>(name: &'a Dimension, rule: &'a DimensionRule, chart: &'a Chart, version: u32) -> DimensionSource<'a> {
    let values = chart.values.get(name);
    let mut names: HashMap<String, Vec<&Value>> = HashMap::new();
    if rule.matching == Matching::Name {
        for value in values.into_iter().flat_map(BTreeMap::values) {
            for text in std::iter::once(value.name.as_str()).chain(alternatives(value)) {
                let named = names.entry(fold(text).into_owned()).or_default();
                if named.last().is_none_or(|last| last.id != value.id) {
                    named.push(value);
                }
            }
        }
    }
    let chain = std::iter::once(&rule.from).chain(&rule.fallback).enumerate();
    let place = |(index, source)| {
        let text = describe(source);
        let badge = (index > 0).then(|| format!("{name} by fallback: {text}").into());
        Place { source, name: text, badge }
    };
    DimensionSource {
        dimension: name,
        rule,
        chain: chain.map(place).collect(),
        blank: format!("{name} left blank: {} gives nothing", describe(&rule.from)).into(),
        table: Table::new(&rule.values, |text| format!("\"{text}\" in the table of {name} (mapping {version})")),
        names,
        values,
    }
}

fn describe(source: &ValueSource) -> String {
    match source {
        ValueSource::Tag(level) => format!("tag {level}"),
        ValueSource::ReportField(name) => format!("field {name}"),
        ValueSource::Category => "category".to_owned(),
        ValueSource::Policy => "workspace".to_owned(),
        ValueSource::Employee => "employee record".to_owned(),
        ValueSource::Card => "card".to_owned(),
        ValueSource::Constant(_) => "constant".to_owned(),
    }
}

fn offset(fund: FundSource, offset: &Offset, version: u32) -> OffsetSource<'_> {
    let table = |rows, what: &'static str| {
        Table::new(rows, move |key| format!("offset of {fund}: {what} \"{key}\" (mapping {version})"))
    };
    OffsetSource {
        offset,
        cards: table(&offset.cards, "card"),
        cardholders: table(&offset.cardholders, "cardholder"),
        feeds: table(&offset.feeds, "feed"),
        kinds: table(&offset.kinds, "kind"),
        reason: format!("offset of {fund} (mapping {version})").into(),
    }
}

/// Other texts by which a value is known.
fn alternatives(value: &Value) -> impl Iterator<Item = &str> {
    let texts = value.aliases.iter().map(String::as_str);
    texts.filter(|text| !text.trim().is_empty())
}

/// Employee records by folded id and e-mail. An id wins over an e-mail of the same text; an e-mail of two records
/// leads to the active one, and to none where both are active.
fn employees(chart: &Chart) -> HashMap<String, Option<&Value>> {
    let records = || chart.values.get(&Dimension::Employee).into_iter().flat_map(BTreeMap::values);
    let mut found: HashMap<String, Option<&Value>> = HashMap::new();
    let known_by = |record| alternatives(record).map(move |text| (text, record));
    for (text, record) in records().flat_map(known_by) {
        let entry = found.entry(fold(text).into_owned()).or_insert(Some(record));
        *entry = match *entry {
            Some(before) if before.id == record.id => Some(record),
            Some(before) if before.active && record.active => None,
            Some(before) if before.active => Some(before),
            Some(_) => Some(record),
            None => None,
        };
    }
    for record in records() {
        found.insert(fold(&record.id).into_owned(), Some(record));
    }
    found
}
