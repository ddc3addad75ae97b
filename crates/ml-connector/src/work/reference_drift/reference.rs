//! What a chart can withdraw, how two charts are compared for it, and which problem of a report means it. Pure.

use std::collections::BTreeMap;
use std::fmt;

use accounting::chart::Value;
use accounting::{Chart, Code, Date, Dimension, Problem};

/// Something that a mapping or a report may refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    /// An account that lines may be posted to.
    Account(String),
    /// A dimension that an account did not require before.
    Requirement(String, Dimension),
    /// A value of a dimension.
    Value(Dimension, String),
    /// A dimension as such.
    InUse(Dimension),
    /// A journal.
    Journal(String),
    /// Books that were open: after the first day, through the second.
    Books(Option<Date>, Date),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(number) => write!(f, "account {number}"),
            Self::Requirement(number, dimension) => write!(f, "requirement {dimension} {number}"),
            Self::Value(dimension, id) => write!(f, "{dimension} {id}"),
            Self::InUse(dimension) => write!(f, "dimension {dimension}"),
            Self::Journal(symbol) => write!(f, "journal {symbol}"),
            Self::Books(None, through) => write!(f, "books {through}"),
            Self::Books(Some(after), through) => write!(f, "books {after} {through}"),
        }
    }
}

impl Reference {
    /// Reads back what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ')?;
        Some(match kind {
            "account" => Self::Account(rest.to_owned()),
            "requirement" => {
                let (dimension, number) = rest.split_once(' ')?;
                Self::Requirement(number.to_owned(), Dimension::parse(dimension)?)
            }
            "dimension" => Self::InUse(Dimension::parse(rest)?),
            "journal" => Self::Journal(rest.to_owned()),
            "books" => match rest.split_once(' ') {
                Some((after, through)) => Self::Books(Some(after.parse().ok()?), through.parse().ok()?),
                None => Self::Books(None, rest.parse().ok()?),
            },
            dimension => Self::Value(Dimension::parse(dimension)?, rest.to_owned()),
        })
    }

    /// Whether the chart takes it.
    pub fn is_healed(&self, chart: &Chart) -> bool {
        match self {
            Self::Account(number) => chart.accounts.get(number).is_some_and(|account| account.active),
            Self::Requirement(number, dimension) => {
                chart.accounts.get(number).is_none_or(|account| !account.requires.contains(dimension))
            }
            Self::Value(dimension, id) => chart.value(dimension, id).is_some_and(|value| value.active),
            Self::InUse(dimension) => chart.values.contains_key(dimension),
            Self::Journal(symbol) => chart.journals.get(symbol).is_some_and(|journal| journal.active),
            Self::Books(_, through) => chart.closed_through.is_none_or(|closed| closed < *through),
        }
    }

    /// What happened to it.
    pub fn kind(&self, chart: &Chart) -> &'static str {
        let still_there = match self {
            Self::Account(number) => chart.accounts.contains_key(number),
            Self::Value(dimension, id) => chart.value(dimension, id).is_some(),
            Self::Journal(symbol) => chart.journals.contains_key(symbol),
            Self::Requirement(..) => return "requires",
            Self::InUse(_) => return "not_in_use",
            Self::Books(..) => return "closed",
        };
        if still_there { "inactive" } else { "gone" }
    }

    /// What happened, in one sentence.
    pub fn told(&self, kind: &str) -> String {
        let became = if kind == "gone" { "takes postings no more: it is gone" } else { "became inactive" };
        match self {
            Self::Requirement(number, dimension) => format!("account {number} now requires {dimension}"),
            Self::InUse(dimension) => format!("{dimension} is no longer in use in the ledger"),
            Self::Books(_, through) => format!("books were closed through {through}"),
            other => format!("{other} {became}"),
        }
    }

    /// Whether a report's problem comes of it.
    pub fn is_meant_by(&self, problem: &Problem) -> bool {
        let value = problem.value.as_str();
        match (self, problem.code) {
            (Self::Account(number), Code::AccountInactive | Code::AccountUnknown) => value == number,
            (Self::Requirement(number, dimension), Code::DimensionRequired) => {
                value == dimension.to_string() && problem.detail.contains(&format!("account {number} "))
            }
            (Self::Value(dimension, id), Code::DimensionInactive | Code::DimensionUnknown) => {
                value == format!("{dimension}: {id}")
            }
            (Self::InUse(dimension), Code::DimensionNotInUse) => value == dimension.to_string(),
            (Self::Journal(symbol), Code::JournalUnknown) => value == symbol,
            (Self::Books(after, through), Code::PeriodClosed) => {
                let month = |date: &Date| format!("{:04}-{:02}", date.year(), date.month());
                after.as_ref().is_none_or(|after| value > month(after).as_str()) && value <= month(through).as_str()
            }
            _ => false,
        }
    }
}

/// What the newer chart no longer takes of the older one.
pub(super) fn withdrawn(old: &Chart, new: &Chart) -> Vec<Reference> {
    let mut lost = Vec::new();
    for (number, before) in old.accounts.iter().filter(|(_, account)| account.active) {
        let Some(after) = new.accounts.get(number).filter(|account| account.active) else {
            lost.push(Reference::Account(number.clone()));
            continue;
        };
        let newly = after.requires.difference(&before.requires);
        lost.extend(newly.map(|dimension| Reference::Requirement(number.clone(), dimension.clone())));
    }
    let none = BTreeMap::new();
    for (dimension, before) in &old.values {
        let after: &BTreeMap<String, Value> = match new.values.get(dimension) {
            Some(after) => after,
            None => {
                lost.push(Reference::InUse(dimension.clone()));
                &none
            }
        };
        let gone = before.iter().filter(|(id, value)| value.active && !after.get(*id).is_some_and(|now| now.active));
        lost.extend(gone.map(|(id, _)| Reference::Value(dimension.clone(), id.clone())));
    }
    let active = |chart: &Chart, symbol: &String| chart.journals.get(symbol).is_some_and(|journal| journal.active);
    let journals = old.journals.keys().filter(|symbol| active(old, symbol) && !active(new, symbol));
    lost.extend(journals.map(|symbol| Reference::Journal(symbol.clone())));
    if let Some(through) = new.closed_through.filter(|through| old.closed_through.is_none_or(|old| old < *through)) {
        lost.push(Reference::Books(old.closed_through, through));
    }
    lost
}
