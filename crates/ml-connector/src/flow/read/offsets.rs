//! `[offsets]`: the other side of the entries.

use std::collections::BTreeMap;

use accounting::FundSource;
use accounting::mapping::{Offset, OffsetDimensions, Offsets};

use super::{FUND_SOURCES, States, dimensions, is_selected, refuse_unmapped, text_table};
use crate::flow::keys;
use crate::flow::reader::{Item, Section};

pub(super) fn read(section: &Section<'_>, states: Option<&States>) -> Offsets {
    let mut by_fund_source = BTreeMap::new();
    for (name, fund_source) in FUND_SOURCES {
        match section.get(name) {
            Some(item) => by_fund_source.extend(offset(&item).map(|offset| (fund_source, offset))),
            // `other` follows `company_card`, so it is never missed here.
            None if fund_source != FundSource::Other && is_selected(states, fund_source) => {
                refuse_unmapped(section, fund_source);
            }
            None => {}
        }
    }
    Offsets { by_fund_source }
}

fn offset(item: &Item<'_>) -> Option<Offset> {
    let section = item.section(&keys::OFFSET)?;
    let account = section.required_text("account");
    let table = |key: &str| section.get(key).map(|item| text_table(&item)).unwrap_or_default();
    let offset = Offset {
        account: String::new(),
        cards: table("cards"),
        cardholders: table("cardholders"),
        feeds: table("feeds"),
        kinds: table("kinds"),
        dimensions: section.get("dimensions").map(|item| offset_dimensions(&item)).unwrap_or_default(),
    };
    Some(Offset { account: account?.trimmed(), ..offset })
}

/// A word, or a table of dimensions.
fn offset_dimensions(item: &Item<'_>) -> OffsetDimensions {
    if !item.value.is_table() {
        let words = [("required", false), ("copy", true)];
        let copy = item.text().and_then(|text| text.word(&words)).unwrap_or_default();
        return if copy { OffsetDimensions::Copy } else { OffsetDimensions::Required };
    }
    let chosen = item.entries().unwrap_or_default().into_iter().filter_map(|(key, value)| {
        let (dimension, value) = (dimensions::dimension(&key), value.text());
        Some((dimension?, value?.trimmed()))
    });
    OffsetDimensions::Chosen(chosen.collect())
}
