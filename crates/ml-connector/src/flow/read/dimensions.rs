//! `[dimensions.NAME]`: where each dimension comes from.

use std::collections::BTreeMap;

use accounting::Dimension;
use accounting::mapping::{DimensionRule, Matching, Missing, ValueSource};

use super::text_table;
use crate::flow::document::quoted;
use crate::flow::keys::{self, TAG_LEVELS};
use crate::flow::nearest::nearest;
use crate::flow::reader::{Item, Text};

pub(super) fn read(item: &Item<'_>) -> BTreeMap<Dimension, DimensionRule> {
    let mut rules = BTreeMap::new();
    for (key, item) in item.entries().unwrap_or_default() {
        if let Some(dimension) = dimension(&key) {
            rules.extend(rule(&item).map(|rule| (dimension, rule)));
        }
    }
    rules
}

/// The dimension that a key names.
pub(super) fn dimension(key: &Text<'_>) -> Option<Dimension> {
    let dimension = Dimension::parse(key.value);
    if dimension.is_none() {
        let known: Vec<String> = Dimension::standard().map(|dimension| dimension.to_string()).collect();
        let hint = nearest(key.value, known.iter().map(String::as_str));
        let remedy = match hint {
            _ if key.value == "custom" => "put the name into quotes: \"custom.NAME\"".to_owned(),
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("known are {}; one of the company's own is \"custom.NAME\", in quotes", known.join(", ")),
        };
        key.at.refuse(format!("unknown dimension `{}`", key.value), remedy);
    }
    dimension
}

fn rule(item: &Item<'_>) -> Option<DimensionRule> {
    let section = item.section(&keys::DIMENSION)?;
    let from = section.required_text("from");
    let rule = DimensionRule {
        from: from.as_ref().and_then(value_source).unwrap_or(ValueSource::Employee),
        matching: section.word("match", &[("table", Matching::Table), ("id", Matching::Id), ("name", Matching::Name)]),
        values: section.get("values").map(|item| text_table(&item)).unwrap_or_default(),
        fallback: section.list("fallback").iter().filter_map(|item| value_source(&item.text()?)).collect(),
        missing: section.word("missing", &[("hold", Missing::Hold), ("blank", Missing::Blank)]),
    };
    let looks_up = |source: &ValueSource| !matches!(source, ValueSource::Employee | ValueSource::Constant(_));
    let without_table = rule.matching == Matching::Table && section.get("values").is_none();
    if let Some(from) =
        from.filter(|_| without_table && std::iter::once(&rule.from).chain(&rule.fallback).any(looks_up))
    {
        from.at.refuse(
            format!("`{}` looks texts up in its `values`, and has none", section.at.path),
            "give `values`, or set match = \"id\" or match = \"name\"",
        );
    }
    Some(rule)
}

fn value_source(text: &Text<'_>) -> Option<ValueSource> {
    let source = parse(text.value.trim());
    if source.is_none() {
        let forms = ["tag 1", "report_field:NAME", "category", "policy", "employee", "card", "constant:VALUE"];
        let hint = nearest(text.value, forms).map(|form| format!("did you mean \"{form}\"? ")).unwrap_or_default();
        text.at.refuse(
            format!("{} is no place to look for a value", quoted(text.value)),
            format!("{hint}allowed: \"tag 1\" to \"tag {TAG_LEVELS}\", \"{}\"", forms[1..].join("\", \"")),
        );
    }
    source
}

fn parse(text: &str) -> Option<ValueSource> {
    let named = |name: &str| Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    match text {
        "category" => return Some(ValueSource::Category),
        "policy" => return Some(ValueSource::Policy),
        "employee" => return Some(ValueSource::Employee),
        "card" => return Some(ValueSource::Card),
        _ => {}
    }
    match text.split_once(':') {
        Some(("report_field", name)) => named(name).map(ValueSource::ReportField),
        Some(("constant", value)) => named(value).map(ValueSource::Constant),
        Some(_) => None,
        None => {
            let level: u8 = text.strip_prefix("tag ")?.parse().ok()?;
            (1..=TAG_LEVELS).contains(&level).then_some(ValueSource::Tag(level))
        }
    }
}
