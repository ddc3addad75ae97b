//! `[posting]`: how entries are cut, dated and worded.

use std::collections::BTreeMap;

use accounting::amount::SourceAmount;
use accounting::mapping::{ClosedPeriod, CreditLines, Future, Group, Lines, PostingDate, PostingRules};
use accounting::template::Template;
use accounting::{EntryState, FundSource};

use super::{FUND_SOURCES, States, is_selected, limit, refuse_unmapped};
use crate::flow::document::quoted;
use crate::flow::keys;
use crate::flow::reader::{Item, Section};

const DATES: [(&str, PostingDate); 7] = [
    ("approved", PostingDate::Approved),
    ("last_expense", PostingDate::LastExpense),
    ("submitted", PostingDate::Submitted),
    ("export", PostingDate::Export),
    ("expense", PostingDate::Expense),
    ("reimbursed", PostingDate::Reimbursed),
    ("card_posted", PostingDate::CardPosted),
];
const CLOSED_PERIODS: [(&str, ClosedPeriod); 4] = [
    ("hold", ClosedPeriod::Hold),
    ("next_open_day", ClosedPeriod::NextOpenDay),
    ("next_open_period", ClosedPeriod::NextOpenPeriod),
    ("draft", ClosedPeriod::Draft),
];
const GROUPS: [(&str, Group); 3] =
    [("report_and_fund_source", Group::ReportAndFundSource), ("report", Group::Report), ("expense", Group::Expense)];
const CREDIT_LINES: [(&str, CreditLines); 4] = [
    ("per_report", CreditLines::PerReport),
    ("per_expense", CreditLines::PerExpense),
    ("per_employee", CreditLines::PerEmployee),
    ("per_card", CreditLines::PerCard),
];

pub(super) fn read(section: &Section<'_>, states: Option<&States>) -> Option<PostingRules> {
    let journal = section.required("journal").map(|item| journals(&item, states));
    let (title, memo, document) =
        (template(section, "title"), template(section, "memo"), template(section, "document"));
    let max_lines = section.get("max_lines").map_or(Some(500), |item| item.integer(2..501));
    let ceiling_entry = limit(section, "ceiling_entry", 1);
    let rounding_tolerance_minor = tolerance(section);
    Some(PostingRules {
        date: section.word("date", &DATES),
        closed_period: section.word("closed_period", &CLOSED_PERIODS),
        future: section.word("future", &[("hold", Future::Hold), ("allow", Future::Allow)]),
        state: section.word("state", &[("posted", EntryState::Posted), ("draft", EntryState::Draft)]),
        group: group(section),
        lines: section.word("lines", &[("per_expense", Lines::PerExpense), ("summarised", Lines::Summarised)]),
        credit_lines: section.word("credit_lines", &CREDIT_LINES),
        max_lines: usize::from(max_lines?),
        journal: journal?,
        title: title?,
        memo: memo?,
        document: document?,
        ceiling_entry,
        rounding_tolerance_minor,
    })
}

/// One symbol for all, or one by fund source.
fn journals(item: &Item<'_>, states: Option<&States>) -> BTreeMap<FundSource, String> {
    if !item.value.is_table() {
        let symbol = item.text().map(|text| text.trimmed());
        let both = [FundSource::Reimbursable, FundSource::CompanyCard];
        return symbol.map(|symbol| both.map(|fund_source| (fund_source, symbol.clone())).into()).unwrap_or_default();
    }
    let mut journals = BTreeMap::new();
    let Some(section) = item.section(&keys::JOURNAL) else { return journals };
    for (name, fund_source) in FUND_SOURCES {
        match section.get(name) {
            Some(item) => journals.extend(item.text().map(|text| (fund_source, text.trimmed()))),
            // `other` follows `company_card`, so it is never missed here.
            None if fund_source != FundSource::Other && is_selected(states, fund_source) => {
                refuse_unmapped(&section, fund_source);
            }
            None => {}
        }
    }
    journals
}

/// Entries over several reports are refused with the reason, because other connectors offer them.
fn group(section: &Section<'_>) -> Group {
    let Some(text) = section.get("group").and_then(|item| item.text()) else { return Group::default() };
    if matches!(text.value, "employee_and_period" | "run") {
        text.at.refuse(
            format!("{} would put several reports into one entry", quoted(text.value)),
            "such an entry could not be found again by a report's key, so it could be posted twice; \
             allowed: \"report_and_fund_source\", \"report\", \"expense\"",
        );
        return Group::default();
    }
    text.word(&GROUPS).unwrap_or_default()
}

fn template(section: &Section<'_>, key: &str) -> Option<Template> {
    let Some(item) = section.get(key) else { return Template::parse(section.default_text(key)).ok() };
    let text = item.text()?;
    match Template::parse(text.value) {
        Ok(template) => Some(template),
        Err(error) => {
            let inside = text.value;
            let start: usize = inside.chars().take(error.position.saturating_sub(1)).map(char::len_utf8).sum();
            let word = inside.get(start..).unwrap_or_default();
            let length = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
            let at = text.part(start..start + length);
            at.refuse(format!("`{}`: {}", at.path, error.message), "");
            None
        }
    }
}

/// Hundredths as minor units, whatever the report's currency turns out to be.
fn tolerance(section: &Section<'_>) -> i64 {
    let Some(text) = section.get("rounding_tolerance").and_then(|item| item.text()) else { return 1 };
    let hundredths = SourceAmount::parse(text.value).ok().and_then(|figure| {
        let missing_places = 2_u32.checked_sub(u32::from(figure.scale))?;
        figure.units.checked_mul(10_i64.checked_pow(missing_places)?)
    });
    let tolerance = hundredths.filter(|hundredths| (0..=100).contains(hundredths));
    if tolerance.is_none() {
        text.at.refuse(
            format!("{} is no tolerance", quoted(text.value)),
            "write hundredths from \"0.00\" to \"1.00\", without a currency",
        );
    }
    tolerance.unwrap_or(1)
}
