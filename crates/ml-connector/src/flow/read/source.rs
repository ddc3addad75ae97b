//! `[source]` and `[selection]`: the account at Expensify, and what is taken from it.

use std::collections::BTreeSet;

use accounting::mapping::{Condition, ZeroAmounts};
use accounting::{Date, FundSource, ReportState};

use super::{FUND_SOURCES, States, condition, reference};
use crate::flow::document::quoted;
use crate::flow::keys;
use crate::flow::reader::{Item, Section, Text};
use crate::flow::settings::{ExpensifySource, Source};

/// What `[source.expensify]` says.
pub(super) struct SourceRead {
    pub(super) account: Source,
    pub(super) policies: Option<BTreeSet<String>>,
    /// A fund source with no states is not taken.
    pub(super) states: States,
    pub(super) cut_over: Date,
    pub(super) skip: Vec<Condition>,
}

pub(super) fn read(section: &Section<'_>) -> Option<SourceRead> {
    let section = section.required_section("expensify", &keys::EXPENSIFY)?;
    let partner_user_id = reference::identifier(&section, "partner_user_id");
    let partner_user_secret = reference::secret(&section, "partner_user_secret");
    let policies = section.get("policies").and_then(|item| policies(&item));
    let states = states(&section.section_or_empty("states", &keys::STATES));
    let cut_over = section.required_text("cut_over").and_then(|text| day(&text));
    let skip = section.list("skip").iter().filter_map(condition::read).collect();
    let account = ExpensifySource { partner_user_id: partner_user_id?, partner_user_secret: partner_user_secret? };
    Some(SourceRead { account: Source::Expensify(account), policies, states, cut_over: cut_over?, skip })
}

pub(super) fn zero_amounts(section: &Section<'_>) -> ZeroAmounts {
    section.word("zero_amounts", &[("skip", ZeroAmounts::Skip), ("block", ZeroAmounts::Block)])
}

/// `"all"`, or a list of ids that names at least one.
fn policies(item: &Item<'_>) -> Option<BTreeSet<String>> {
    if let Some(text) = item.value.as_str() {
        if text != "all" {
            item.at.refuse(
                format!("{} is no value of `{}`", quoted(text), item.at.path),
                "write \"all\", or a list of ids such as [\"B1A2C3D4E5F60708\"]",
            );
        }
        return None;
    }
    let ids: BTreeSet<String> = item.list()?.iter().filter_map(Item::text).map(|text| text.trimmed()).collect();
    if ids.is_empty() {
        item.at.refuse(format!("`{}` names no workspace", item.at.path), "write \"all\", or at least one id");
    }
    Some(ids)
}

fn states(section: &Section<'_>) -> States {
    let default = || BTreeSet::from([ReportState::Approved, ReportState::Reimbursed]);
    let mut states = States::new();
    for (name, fund_source) in FUND_SOURCES {
        let given = section.get(name).map(|item| state_list(&item));
        let company_card = states.get(&FundSource::CompanyCard).cloned();
        let taken = match fund_source {
            FundSource::Other => given.or(company_card),
            FundSource::Reimbursable | FundSource::CompanyCard => given,
        };
        states.insert(fund_source, taken.unwrap_or_else(default));
    }
    states
}

fn state_list(item: &Item<'_>) -> BTreeSet<ReportState> {
    let words = [ReportState::Approved, ReportState::Reimbursed, ReportState::Archived].map(|s| (s.name(), s));
    let state = |text: Text<'_>| match ReportState::parse(text.value) {
        Some(early @ (ReportState::Open | ReportState::Submitted)) => {
            text.at.refuse(
                format!("reports in state {} are not approved, so they are never posted", early.name()),
                "take it out of the list",
            );
            None
        }
        _ => text.word(&words),
    };
    item.list().unwrap_or_default().iter().filter_map(Item::text).filter_map(state).collect()
}

/// A day such as `2026-11-01`.
pub(super) fn day(text: &Text<'_>) -> Option<Date> {
    let day = parse_day(text.value);
    if day.is_none() {
        text.at.refuse(format!("{} is no day", quoted(text.value)), "write it like \"2026-11-01\"");
    }
    day
}

/// One spelling only: four digits, two, two.
pub(super) fn parse_day(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|day| day.to_string() == text)
}
