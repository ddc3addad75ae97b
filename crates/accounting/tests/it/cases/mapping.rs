//! Reads a mapping: one line a setting; a value of `-` removes what stood there.

use std::collections::BTreeMap;

use accounting::mapping::*;
use accounting::report::ReportState;
use accounting::template::Template;
use accounting::{Amount, Currency, Dimension, EntryState, FundSource, Mapping};

use super::{lines, list};

/// A mapping that says nothing yet, with every default in place.
pub fn empty() -> Mapping {
    let template = |text| Template::parse(text).unwrap();
    Mapping {
        version: 3,
        selection: Selection {
            policies: None,
            states: BTreeMap::new(),
            cut_over: "2026-01-01".parse().unwrap(),
            backfills: Vec::new(),
            skip: Vec::new(),
            zero_amounts: ZeroAmounts::Skip,
        },
        accounts: AccountRules::default(),
        dimensions: BTreeMap::new(),
        offsets: Offsets::default(),
        posting: PostingRules {
            journal: BTreeMap::new(),
            date: PostingDate::default(),
            closed_period: ClosedPeriod::default(),
            future: Future::default(),
            state: EntryState::Posted,
            group: Group::default(),
            lines: Lines::default(),
            credit_lines: CreditLines::default(),
            max_lines: 500,
            title: template("Expensify {report_number} {employee_name} {approved}"),
            memo: template("{employee_name} - {merchant} - {category} - {comment}"),
            document: template("{key}"),
            ceiling_entry: None,
            rounding_tolerance_minor: 1,
        },
    }
}

/// Applies the lines of `text`.
pub fn apply(mapping: &mut Mapping, text: &str) {
    for (key, value) in lines(text) {
        let known = selection(&mut mapping.selection, key, value)
            || accounts(&mut mapping.accounts, key, value)
            || dimension(&mut mapping.dimensions, key, value)
            || offset(&mut mapping.offsets, key, value)
            || posting(&mut mapping.posting, key, value);
        assert!(known, "unknown line '{key}: {value}'");
    }
}

fn selection(selection: &mut Selection, key: &str, value: &str) -> bool {
    match key {
        "workspaces" => selection.policies = (value != "all").then(|| list(value).map(str::to_owned).collect()),
        "cut-over" => selection.cut_over = value.parse().unwrap(),
        "zero amounts" => {
            selection.zero_amounts = if value == "block" { ZeroAmounts::Block } else { ZeroAmounts::Skip }
        }
        "skip" => selection.skip.push(condition(value)),
        _ => {
            let Some(fund) = key.strip_prefix("states ") else { return false };
            let states = list(value).map(|name| ReportState::parse(name).unwrap()).collect();
            selection.states.insert(FundSource::parse(fund).unwrap(), states);
        }
    }
    true
}

fn accounts(accounts: &mut AccountRules, key: &str, value: &str) -> bool {
    match key {
        "suspense" => accounts.suspense = Some(value.to_owned()),
        "use source codes" => accounts.use_source_codes = value == "yes",
        _ => {
            if let Some(category) = key.strip_prefix("category ") {
                put(&mut accounts.categories, category, value);
            } else if let Some(when) = key.strip_prefix("rule ") {
                accounts.rules.push(AccountRule { when: condition(when), account: value.to_owned() });
            } else {
                return false;
            }
        }
    }
    true
}

fn put(rows: &mut BTreeMap<String, String>, key: &str, value: &str) {
    match value {
        "-" => rows.remove(key),
        value => rows.insert(key.to_owned(), value.to_owned()),
    };
}

/// `category = Meals; tag 1 = Sales; amount at least = 100.00 USD`; `everything` for a condition without parts.
fn condition(text: &str) -> Condition {
    let mut condition = Condition::default();
    for part in text.split(';').filter(|part| part.trim() != "everything") {
        let (name, value) = part.split_once('=').unwrap_or_else(|| panic!("'{part}' is no condition"));
        let (name, text) = (name.trim(), value.trim().to_owned());
        let amount = || {
            let (figure, currency) = text.split_once(' ').unwrap();
            Some(Amount::parse(figure, Currency::parse(currency).unwrap()).unwrap())
        };
        match name {
            "category" => condition.category = Some(text),
            "workspace" => condition.policy = Some(text),
            "fund source" => condition.fund_source = FundSource::parse(&text),
            "entity" => condition.entity = Some(text),
            "card" => condition.card = Some(text),
            "employee" => condition.employee = Some(text),
            "amount at least" => condition.amount_at_least = amount(),
            "amount at most" => condition.amount_at_most = amount(),
            name => {
                if let Some(level) = name.strip_prefix("tag ") {
                    condition.tags.insert(level.parse().unwrap(), text);
                } else if let Some(field) = name.strip_prefix("field ") {
                    condition.fields.insert(field.to_owned(), text);
                } else {
                    panic!("unknown condition '{name}'");
                }
            }
        }
    }
    condition
}

/// `dimension NAME: from tag 1; match id; fallback employee, constant 100; missing blank`, `value NAME TEXT: id`.
fn dimension(dimensions: &mut BTreeMap<Dimension, DimensionRule>, key: &str, value: &str) -> bool {
    if let Some(rest) = key.strip_prefix("value ") {
        let (name, text) = rest.split_once(' ').unwrap();
        put(&mut dimensions.get_mut(&Dimension::parse(name).unwrap()).unwrap().values, text, value);
        return true;
    }
    let Some(name) = key.strip_prefix("dimension ") else { return false };
    let dimension = Dimension::parse(name).unwrap();
    if value == "-" {
        dimensions.remove(&dimension);
        return true;
    }
    let values = dimensions.get(&dimension).map(|rule| rule.values.clone()).unwrap_or_default();
    let mut rule = DimensionRule {
        from: ValueSource::Category,
        matching: Matching::Table,
        values,
        fallback: Vec::new(),
        missing: Missing::Hold,
    };
    for part in value.split(';').map(str::trim) {
        match part.split_once(' ').unwrap_or((part, "")) {
            ("from", text) => rule.from = source(text),
            ("match", "id") => rule.matching = Matching::Id,
            ("match", "name") => rule.matching = Matching::Name,
            ("fallback", text) => rule.fallback = list(text).map(source).collect(),
            ("missing", "blank") => rule.missing = Missing::Blank,
            _ => panic!("unknown part '{part}'"),
        }
    }
    dimensions.insert(dimension, rule);
    true
}

fn source(text: &str) -> ValueSource {
    match text.split_once(' ').unwrap_or((text, "")) {
        ("tag", level) => ValueSource::Tag(level.parse().unwrap()),
        ("field", name) => ValueSource::ReportField(name.to_owned()),
        ("constant", id) => ValueSource::Constant(id.to_owned()),
        ("category", _) => ValueSource::Category,
        ("workspace", _) => ValueSource::Policy,
        ("employee", _) => ValueSource::Employee,
        ("card", _) => ValueSource::Card,
        _ => panic!("unknown source '{text}'"),
    }
}

/// `offset FUND: account`, `offset FUND card TEXT: account` (cardholder, feed, kind), `offset FUND dimensions: ...`.
fn offset(offsets: &mut Offsets, key: &str, value: &str) -> bool {
    let Some(rest) = key.strip_prefix("offset ") else { return false };
    let (fund, what) = rest.split_once(' ').unwrap_or((rest, ""));
    let fund = FundSource::parse(fund).unwrap();
    if what.is_empty() && value == "-" {
        offsets.by_fund_source.remove(&fund);
        return true;
    }
    let offset = offsets.by_fund_source.entry(fund).or_default();
    match what.split_once(' ').unwrap_or((what, "")) {
        ("", _) => offset.account = value.to_owned(),
        ("card", text) => put(&mut offset.cards, text, value),
        ("cardholder", text) => put(&mut offset.cardholders, text, value),
        ("feed", text) => put(&mut offset.feeds, text, value),
        ("kind", text) => put(&mut offset.kinds, text, value),
        ("dimensions", _) => {
            offset.dimensions = match value {
                "required" => OffsetDimensions::Required,
                "copy" => OffsetDimensions::Copy,
                chosen => OffsetDimensions::Chosen(
                    list(chosen)
                        .map(|pair| pair.split_once('=').unwrap())
                        .map(|(name, id)| (Dimension::parse(name).unwrap(), id.to_owned()))
                        .collect(),
                ),
            }
        }
        _ => return false,
    }
    true
}

fn posting(posting: &mut PostingRules, key: &str, value: &str) -> bool {
    let template = || Template::parse(value).unwrap_or_else(|error| panic!("{error}"));
    match (key, value) {
        ("date", "approved") => posting.date = PostingDate::Approved,
        ("date", "last expense") => posting.date = PostingDate::LastExpense,
        ("date", "submitted") => posting.date = PostingDate::Submitted,
        ("date", "export") => posting.date = PostingDate::Export,
        ("date", "expense") => posting.date = PostingDate::Expense,
        ("date", "reimbursed") => posting.date = PostingDate::Reimbursed,
        ("date", "card posted") => posting.date = PostingDate::CardPosted,
        ("closed period", "hold") => posting.closed_period = ClosedPeriod::Hold,
        ("closed period", "next open day") => posting.closed_period = ClosedPeriod::NextOpenDay,
        ("closed period", "next open period") => posting.closed_period = ClosedPeriod::NextOpenPeriod,
        ("closed period", "draft") => posting.closed_period = ClosedPeriod::Draft,
        ("future", "allow") => posting.future = Future::Allow,
        ("state", "draft") => posting.state = EntryState::Draft,
        ("group", "report") => posting.group = Group::Report,
        ("group", "expense") => posting.group = Group::Expense,
        ("lines", "summarised") => posting.lines = Lines::Summarised,
        ("credit lines", "per expense") => posting.credit_lines = CreditLines::PerExpense,
        ("credit lines", "per employee") => posting.credit_lines = CreditLines::PerEmployee,
        ("credit lines", "per card") => posting.credit_lines = CreditLines::PerCard,
        ("max lines", count) => posting.max_lines = count.parse().unwrap(),
        ("title", _) => posting.title = template(),
        ("memo", _) => posting.memo = template(),
        ("document", _) => posting.document = template(),
        ("tolerance", minor) => posting.rounding_tolerance_minor = minor.parse().unwrap(),
        ("ceiling", text) => {
            let (figure, currency) = text.split_once(' ').unwrap();
            posting.ceiling_entry = Some(Amount::parse(figure, Currency::parse(currency).unwrap()).unwrap());
        }
        (key, symbol) => {
            let Some(fund) = key.strip_prefix("journal ").and_then(FundSource::parse) else { return false };
            match symbol {
                "-" => posting.journal.remove(&fund),
                symbol => posting.journal.insert(fund, symbol.to_owned()),
            };
        }
    }
    true
}
