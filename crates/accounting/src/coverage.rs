//! Where a mapping's table leads a text, and whether the destination takes that: what the mapping's pages show for every
//! row. It decides as a translation does, for one text without the rest of its expense.

use std::collections::{BTreeMap, HashMap};

use crate::chart::Chart;
use crate::dimension::Dimension;
use crate::mapping::{Mapping, Matching};
use crate::translate::{filled, fold};

/// What the destination says of where a text leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// To something that takes postings.
    Mapped,
    /// Nowhere.
    Unmapped,
    /// To something inactive.
    Inactive,
    /// To something that the destination does not have.
    Unknown,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mapped, Self::Unmapped, Self::Inactive, Self::Unknown];

    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mapped => "mapped",
            Self::Unmapped => "unmapped",
            Self::Inactive => "inactive",
            Self::Unknown => "unknown",
        }
    }
}

/// By what a text leads somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// A row of the table.
    Table,
    /// The GL code that the source keeps beside it.
    SourceCode,
    /// The text itself is the id.
    Id,
    /// The text is the name of one active value.
    Name,
}

impl Through {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::SourceCode => "gl_code",
            Self::Id => "id",
            Self::Name => "name",
        }
    }
}

/// Where a text leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Led {
    /// Whether the destination takes it.
    pub standing: Standing,
    /// An account's number or a value's id.
    pub target: Option<String>,
    /// By what.
    pub through: Option<Through>,
}

/// What the texts of a table lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Accounts.
    Account,
    /// Values of a dimension.
    Value(Dimension),
}

/// What may be chosen as a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'c> {
    /// An account's number or a value's id.
    pub id: &'c str,
    /// Its title.
    pub name: &'c str,
    /// Inactive targets refuse postings.
    pub active: bool,
}

impl Kind {
    /// The target with this id.
    pub fn target<'c>(&self, chart: &'c Chart, id: &str) -> Option<Target<'c>> {
        match self {
            Self::Account => chart.accounts.get(id).map(account),
            Self::Value(dimension) => chart.value(dimension, id).map(value),
        }
    }

    /// All targets, by their ids.
    pub fn targets<'c>(&self, chart: &'c Chart) -> Box<dyn Iterator<Item = Target<'c>> + 'c> {
        match self {
            Self::Account => Box::new(chart.accounts.values().map(account)),
            Self::Value(dimension) => {
                Box::new(chart.values.get(dimension).into_iter().flat_map(BTreeMap::values).map(value))
            }
        }
    }
}

fn account(account: &crate::chart::Account) -> Target<'_> {
    Target { id: &account.number, name: &account.title, active: account.active }
}

fn value(value: &crate::chart::Value) -> Target<'_> {
    Target { id: &value.id, name: &value.name, active: value.active }
}

/// One table of a mapping beside a chart.
#[derive(Debug)]
pub struct Coverage<'a> {
    chart: &'a Chart,
    kind: Kind,
    /// Targets by folded text.
    rows: HashMap<String, &'a str>,
    use_source_codes: bool,
    matching: Matching,
    /// Ids by folded name; `None` where several active values have it.
    names: HashMap<String, Option<&'a str>>,
}

impl<'a> Coverage<'a> {
    /// The table `rows` of `mapping`, which leads to `kind`. GL codes stand in only for categories, ids and names only
    /// where the dimension's rule says so.
    pub fn new(
        mapping: &'a Mapping,
        chart: &'a Chart,
        kind: Kind,
        rows: &'a BTreeMap<String, String>,
        is_categories: bool,
    ) -> Self {
        let matching = match &kind {
            Kind::Account => Matching::Table,
            Kind::Value(dimension) => mapping.dimensions.get(dimension).map(|rule| rule.matching).unwrap_or_default(),
        };
        let names = if matching == Matching::Name { names(chart, &kind) } else { HashMap::new() };
        let rows = rows.iter().map(|(text, target)| (fold(text).into_owned(), target.trim())).collect();
        let use_source_codes = is_categories && mapping.accounts.use_source_codes;
        Self { chart, kind, rows, use_source_codes, matching, names }
    }

    /// Where a text leads, with the source's GL code beside it.
    pub fn of(&self, text: &str, code: Option<&str>) -> Led {
        let folded = fold(text);
        let code = filled(code).map(str::trim);
        let known = |id: &str| self.kind.target(self.chart, id).is_some();
        let found = match self.rows.get(folded.as_ref()) {
            Some(target) => Some((*target, Through::Table)),
            None if self.use_source_codes && folded != "uncategorized" => code.map(|code| (code, Through::SourceCode)),
            None => match self.matching {
                Matching::Table => None,
                Matching::Id => {
                    let by_code = code.filter(|code| known(code)).map(|code| (code, Through::SourceCode));
                    by_code.or_else(|| Some(text.trim()).filter(|id| known(id)).map(|id| (id, Through::Id)))
                }
                Matching::Name => self.names.get(folded.as_ref()).copied().flatten().map(|id| (id, Through::Name)),
            },
        };
        let standing = match found {
            None => Standing::Unmapped,
            Some((id, _)) => match self.kind.target(self.chart, id) {
                Some(target) if target.active => Standing::Mapped,
                Some(_) => Standing::Inactive,
                None => Standing::Unknown,
            },
        };
        let (target, through) = found.map(|(id, through)| (id.to_owned(), through)).unzip();
        Led { standing, target, through }
    }
}

/// As a translation matches names: exactly one active value, else one inactive value, which is then refused.
fn names<'a>(chart: &'a Chart, kind: &Kind) -> HashMap<String, Option<&'a str>> {
    let mut all: HashMap<String, Vec<(&'a str, bool)>> = HashMap::new();
    let Kind::Value(dimension) = kind else { return HashMap::new() };
    for value in chart.values.get(dimension).into_iter().flat_map(BTreeMap::values) {
        let aliases = value.aliases.iter().map(String::as_str).filter(|text| !text.trim().is_empty());
        for text in std::iter::once(value.name.as_str()).chain(aliases) {
            let named = all.entry(fold(text).into_owned()).or_default();
            if named.last().is_none_or(|(id, _)| *id != value.id) {
                named.push((&value.id, value.active));
            }
        }
    }
    let one = |named: Vec<(&'a str, bool)>| {
        let mut active = named.iter().filter(|(_, active)| *active);
        match (active.next(), active.next()) {
            (Some((id, _)), None) => Some(*id),
            (None, _) => named.first().map(|(id, _)| *id),
            _ => None,
        }
    };
    all.into_iter().map(|(name, named)| (name, one(named))).collect()
}
