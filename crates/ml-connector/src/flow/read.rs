//! From a TOML tree to a [`Flow`]: one file for each part of the document. Every part is read to its end before any
//! missing piece stops the whole, so that all mistakes are found at once.

mod accounts;
mod condition;
mod control;
pub(super) mod csv;
mod destination;
mod dimensions;
mod notify;
mod offsets;
mod posting;
mod reference;
mod schedule;
mod source;
mod syntax;

use std::collections::{BTreeMap, BTreeSet};

use accounting::mapping::{Mapping, Selection};
use accounting::{Amount, Currency, FundSource, ReportState};
use sha2::{Digest as _, Sha256};
use toml::de::DeTable;

use super::document::{Document, quoted};
use super::keys;
use super::reader::{Item, Place, Section, Text};
use super::{Flow, Mode};

pub use notify::web_address;

/// The fund sources by their names in the document.
const FUND_SOURCES: [(&str, FundSource); 3] = [
    ("reimbursable", FundSource::Reimbursable),
    ("company_card", FundSource::CompanyCard),
    ("other", FundSource::Other),
];

/// States by fund source, once read.
type States = BTreeMap<FundSource, BTreeSet<ReportState>>;

/// Reads the document; `None` means that mistakes were noted in it.
pub(super) fn flow(doc: &Document<'_>) -> Option<Flow> {
    let tree = syntax::parse(doc)?;
    let flow = tables(doc, tree.get_ref());
    flow.filter(|_| doc.is_faultless())
}

fn tables<'d>(doc: &'d Document<'d>, table: &'d DeTable<'d>) -> Option<Flow> {
    let at = Place { doc, path: String::new(), span: 0..0 };
    let root = Section::open(at, &keys::ROOT, table);
    let name = root.required_text("name");
    let customer = root.get("customer").map_or_else(|| Some("default".to_owned()), |item| customer(&item));
    let mode = root.word("mode", &[("rehearsal", Mode::Rehearsal), ("post", Mode::Post)]);
    let selection = root.section_or_empty("selection", &keys::SELECTION);
    let zero_amounts = source::zero_amounts(&selection);
    let source = root.required_section("source", &keys::SOURCE).and_then(|section| source::read(&section));
    let destination = root.required_section("destination", &keys::DESTINATION);
    let destination = destination.and_then(|section| destination::read(&section));
    let schedule = schedule::read(&root.section_or_empty("schedule", &keys::SCHEDULE));
    let control = control::read(&root.section_or_empty("control", &keys::CONTROL));
    let notify: Vec<_> = root.list("notify").iter().map(notify::read).collect();
    let states = source.as_ref().map(|source| &source.states);
    let posting = root.required_section("posting", &keys::POSTING);
    let posting = posting.and_then(|section| posting::read(&section, states));
    let offsets = root.required_section("offsets", &keys::OFFSETS);
    let offsets = offsets.map(|section| offsets::read(&section, states));
    let accounts = accounts::read(&root);
    let dimensions = root.get("dimensions").map(|item| dimensions::read(&item)).unwrap_or_default();

    let source = source?;
    let selection = Selection {
        policies: source.policies,
        states: source.states.into_iter().filter(|(_, states)| !states.is_empty()).collect(),
        cut_over: source.cut_over,
        backfills: Vec::new(),
        skip: source.skip,
        zero_amounts,
    };
    let mapping = Mapping { version: 0, selection, accounts, dimensions, offsets: offsets?, posting: posting? };
    let document = doc.stored_text();
    Some(Flow {
        name: name?.trimmed(),
        customer: customer?,
        mode,
        source: source.account,
        destination: destination?,
        schedule: schedule?,
        control: control?,
        notify: notify.into_iter().collect::<Option<_>>()?,
        mapping,
        sha256: Sha256::digest(document.as_bytes()).into(),
        document,
    })
}

/// A customer's name is part of paths and addresses, so it is kept short and plain.
fn customer(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let plain = text.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if !plain || text.value.len() > 64 {
        text.at.refuse(
            format!("{} is no name of a customer", quoted(text.value)),
            "use up to 64 letters, digits, '-', '_' and '.'",
        );
        return None;
    }
    Some(text.value.to_owned())
}

/// Whether a fund source's expenses are taken at all.
fn is_selected(states: Option<&States>, fund_source: FundSource) -> bool {
    states.is_none_or(|states| states.get(&fund_source).is_some_and(|states| !states.is_empty()))
}

/// Notes that a table by fund source lacks one whose expenses are taken.
fn refuse_unmapped(section: &Section<'_>, fund_source: FundSource) {
    let remedy = format!(
        "expenses of this fund source are taken: give it, or set states = {{ {fund_source} = [] }} in \
         [source.expensify]"
    );
    section.refuse_absence(fund_source.name(), &remedy);
}

/// A table of texts by texts that the source spells: blank and doubled keys are refused.
fn text_table(item: &Item<'_>) -> BTreeMap<String, String> {
    let mut table = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for (key, value) in item.entries().unwrap_or_default() {
        insert(&mut table, &mut seen, &key, &value);
    }
    table
}

/// Adds a row, unless its key is blank or stands there already in another spelling.
fn insert<'d>(
    table: &mut BTreeMap<String, String>,
    seen: &mut BTreeMap<String, String>,
    key: &Text<'d>,
    value: &Item<'d>,
) {
    let Some(value) = value.text() else { return };
    if key.value.trim().is_empty() {
        key.at.refuse("a blank text cannot be mapped", "take the line out; what is blank is missing");
    } else if let Some(first) = seen.insert(comparable(key.value), key.value.to_owned()) {
        key.at.refuse(
            format!("{} stands here twice, the first time as {}", quoted(key.value), quoted(&first)),
            "upper and lower case and white space around a text do not tell it apart: keep one of them",
        );
    } else {
        table.insert(key.value.to_owned(), value.trimmed());
    }
}

/// How texts of the source are compared.
fn comparable(text: &str) -> String {
    text.trim().to_lowercase()
}

/// An amount at `key`, or `"none"`; below `least_minor` it makes no sense. As the default says where the key is absent.
fn limit(section: &Section<'_>, key: &str, least_minor: i64) -> Option<Amount> {
    let Some(item) = section.get(key) else {
        let (figure, code) = section.default_text(key).split_once(' ')?;
        return Amount::parse(figure, Currency::parse(code).ok()?).ok();
    };
    let text = item.text()?;
    if text.value == "none" {
        return None;
    }
    let limit = amount(&text)?;
    if limit.minor < least_minor {
        let least = if least_minor > 0 { "above zero" } else { "zero or more" };
        text.at.refuse(format!("`{}` must be {least}", text.at.path), "write \"none\" to have no limit");
    }
    Some(limit)
}

/// An amount with its currency, such as `100.00 USD`.
fn amount(text: &Text<'_>) -> Option<Amount> {
    let words: Vec<&str> = text.value.split_whitespace().collect();
    let parsed = match words.as_slice() {
        [figure, code] => Currency::parse(code).and_then(|currency| Amount::parse(figure, currency)),
        _ => {
            text.at.refuse(
                format!("{} is no amount with a currency", quoted(text.value)),
                "write it like \"100.00 USD\", without thousands separators",
            );
            return None;
        }
    };
    match parsed {
        Ok(amount) => Some(amount),
        Err(error) => {
            text.at.refuse(error.to_string(), "write it like \"100.00 USD\", without thousands separators");
            None
        }
    }
}
