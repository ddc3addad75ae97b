//! What a report carries of the texts that a mapping's tables lead from: each with how many expenses have it and what
//! they amount to. It judges nothing; a text without a row in any table counts like the others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;

use crate::amount::Currency;
use crate::mapping::{Mapping, ValueSource};
use crate::report::{Expense, ExpenseReport};
use crate::translate::{amounts_of, field, filled, fold};

/// Where a text stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Category of an expense.
    Category,
    /// Tag of an expense by its level, 1 first.
    Tag(u8),
    /// Field of the report.
    ReportField(String),
    /// Workspace: its name, with its id beside it.
    Policy,
    /// Card: its last four digits, with its name beside them.
    Card,
    /// Bank or feed.
    Feed,
    /// The source's kind of expense.
    Kind,
    /// E-mail of the employee.
    Cardholder,
}

impl Place {
    /// The place called `name`, as `Display` writes it.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "category" => Self::Category,
            "policy" => Self::Policy,
            "card" => Self::Card,
            "feed" => Self::Feed,
            "kind" => Self::Kind,
            "cardholder" => Self::Cardholder,
            _ => match name.strip_prefix("report_field:") {
                Some(name) => Self::ReportField(name.to_owned()),
                None => Self::Tag(name.strip_prefix("tag ")?.parse().ok()?),
            },
        })
    }

    /// Whether its texts are few enough to be counted before any table asks for them.
    pub const fn is_always_counted(&self) -> bool {
        !matches!(self, Self::ReportField(_) | Self::Cardholder)
    }

    /// The places that a mapping asks for beyond those that are always counted.
    pub fn asked_by(mapping: &Mapping) -> BTreeSet<Self> {
        let chains = mapping.dimensions.values().flat_map(|rule| std::iter::once(&rule.from).chain(&rule.fallback));
        let mut places: BTreeSet<Self> = chains.flat_map(Self::of_source).collect();
        if mapping.offsets.by_fund_source.values().any(|offset| !offset.cardholders.is_empty()) {
            places.insert(Self::Cardholder);
        }
        places.retain(|place| !place.is_always_counted());
        places
    }

    /// Where a dimension's source finds its texts; none where it looks none up.
    pub fn of_source(source: &ValueSource) -> Vec<Self> {
        match source {
            ValueSource::Tag(level) => vec![Self::Tag(*level)],
            ValueSource::ReportField(name) => vec![Self::ReportField(name.clone())],
            ValueSource::Category => vec![Self::Category],
            ValueSource::Policy => vec![Self::Policy],
            ValueSource::Card => vec![Self::Card, Self::Feed],
            ValueSource::Employee | ValueSource::Constant(_) => Vec::new(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Category => f.write_str("category"),
            Self::Tag(level) => write!(f, "tag {level}"),
            Self::ReportField(name) => write!(f, "report_field:{name}"),
            Self::Policy => f.write_str("policy"),
            Self::Card => f.write_str("card"),
            Self::Feed => f.write_str("feed"),
            Self::Kind => f.write_str("kind"),
            Self::Cardholder => f.write_str("cardholder"),
        }
    }
}

/// A text at a place; what differs in case or in white space around it is the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Where it stands.
    pub place: Place,
    /// The text folded.
    pub folded: String,
    /// Currency of the report; `None` where it has none.
    pub currency: Option<Currency>,
}

/// What of a report has a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Use {
    /// The text as spelled.
    pub text: String,
    /// What stands beside it: the source's GL code of a category or tag, the id of a workspace, the name of a card.
    pub beside: Option<String>,
    /// Expenses that have it.
    pub expenses: i64,
    /// What they amount to, in minor units; an expense without an exact amount counts for nothing.
    pub amount_minor: i64,
    /// Latest day of the reports: of approval, else of submission, else the day they were begun.
    pub last_on: Option<Date>,
}

/// Which places are counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Those that are always counted.
    pub always: bool,
    /// Those that a mapping asks for besides.
    pub asked: BTreeSet<Place>,
}

impl Counted {
    fn has(&self, place: &Place) -> bool {
        if place.is_always_counted() { self.always } else { self.asked.contains(place) }
    }
}

/// Counts texts over reports.
#[derive(Debug, Default)]
pub struct Count {
    /// What was counted.
    pub found: BTreeMap<Key, Use>,
}

impl Count {
    /// Counts a report in (`times` 1) or out (`times` -1).
    pub fn add(&mut self, report: &ExpenseReport, times: i64, counted: &Counted) {
        let (currency, amounts) = amounts_of(report);
        let day = report.approved.or(report.submitted).or(report.created);
        let fields = counted.asked.iter().filter_map(|place| match place {
            Place::ReportField(name) => Some((place, field(&report.fields, name)?)),
            _ => None,
        });
        let fields: Vec<(&Place, &str)> = fields.collect();
        for (expense, amount) in report.expenses.iter().zip(amounts) {
            let minor = amount.map_or(0, |amount| amount.minor).saturating_mul(times);
            let of_expense = texts(report, expense).filter(|(place, ..)| counted.has(place));
            let of_report = fields.iter().map(|(place, text)| ((*place).clone(), Some(*text), None));
            for (place, text, beside) in of_expense.chain(of_report) {
                let Some(text) = filled(text) else { continue };
                let found = self.found.entry(Key { place, folded: fold(text).into_owned(), currency }).or_default();
                text.trim().clone_into(&mut found.text);
                if let Some(beside) = filled(beside) {
                    found.beside = Some(beside.trim().to_owned());
                }
                found.expenses = found.expenses.saturating_add(times);
                found.amount_minor = found.amount_minor.saturating_add(minor);
                found.last_on = found.last_on.max(day);
            }
        }
    }
}

type Text<'r> = (Place, Option<&'r str>, Option<&'r str>);

fn texts<'r>(report: &'r ExpenseReport, expense: &'r Expense) -> impl Iterator<Item = Text<'r>> {
    let card = expense.card.as_ref();
    let last_four = card.and_then(|card| filled(card.last_four.as_deref()));
    let name = card.and_then(|card| filled(card.name.as_deref()));
    let tags = (1_u8..).zip(&expense.tags);
    let plain = [
        (Place::Category, expense.category.as_deref(), expense.category_code.as_deref()),
        (Place::Policy, Some(report.policy_name.as_str()), Some(report.policy_id.as_str())),
        (Place::Card, last_four.or(name), name),
        (Place::Feed, card.and_then(|card| card.feed.as_deref()), None),
        (Place::Kind, expense.kind.as_deref(), None),
        (Place::Cardholder, Some(report.employee.email.as_str()), Some(report.employee.name.as_str())),
    ];
    let tags = tags.map(|(level, tag)| (Place::Tag(level), Some(tag.name.as_str()), tag.code.as_deref()));
    plain.into_iter().chain(tags)
}
