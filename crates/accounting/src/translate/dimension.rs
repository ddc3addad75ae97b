//! Which value each dimension of an expense has: from its source by the table, by id or by name; else from the
//! fallbacks in order; else from what another value implies; else the report is held or the line goes without.
//!
//! A value that the mapping leads to and the destination refuses is a problem, and never skipped for a fallback.

use std::sync::Arc;

use super::account::Obstacle;
use super::condition::Case;
use super::lookup::{field, filled, fold};
use super::rules::{DimensionSource, Place, Translator};
use crate::chart::{Chart, Value};
use crate::dimension::Dimension;
use crate::mapping::{Matching, Missing, ValueSource};
use crate::problem::Code;
use crate::report::{Expense, ExpenseReport};

/// A dimension's value with its reason.
#[derive(Debug, Clone)]
pub(super) struct Coded<'t> {
    pub dimension: &'t Dimension,
    pub value: &'t Value,
    pub reason: Arc<str>,
}

/// All dimensions of an expense.
#[derive(Debug, Default)]
pub(super) struct Coding<'t> {
    /// In the order of the dimensions.
    pub values: Vec<Coded<'t>>,
    pub badges: Vec<Arc<str>>,
    pub obstacles: Vec<Obstacle>,
    /// Dimensions with an obstacle: their absence is no second problem.
    pub failed: Vec<&'t Dimension>,
}

/// What the chain of one dimension came to.
enum Found<'t> {
    Value(Coded<'t>, Option<Arc<str>>),
    Refused(Obstacle),
    /// Nothing; with the first text that was met and led nowhere.
    Nothing(Option<&'t str>),
}

/// The values of all dimensions that the mapping names, and those they imply.
pub(super) fn code<'t>(translator: &'t Translator<'_>, case: &Case<'t>) -> Coding<'t> {
    let mut coding = Coding { values: Vec::with_capacity(translator.dimensions.len() + 1), ..Coding::default() };
    let mut open: Vec<(&DimensionSource<'_>, Option<&str>)> = Vec::new();
    for source in translator.dimensions.iter().filter(|source| source.values.is_some()) {
        match find(translator, source, case) {
            Found::Value(coded, badge) => {
                coding.values.push(coded);
                coding.badges.extend(badge);
            }
            Found::Refused(obstacle) => {
                coding.failed.push(source.dimension);
                coding.obstacles.push(obstacle);
            }
            Found::Nothing(text) => open.push((source, text)),
        }
    }
    derive(translator.chart, translator.mapping.version, &mut coding);
    for (source, text) in open {
        let derived = coding.values.iter().any(|coded| coded.dimension == source.dimension);
        if !derived && !coding.failed.contains(&source.dimension) {
            missing(source, text, || stranger(source, case), &mut coding);
        }
    }
    coding
}

/// The location of an expense alone, as conditions on the entity need it.
pub(super) fn entity<'t>(translator: &'t Translator<'_>, case: &Case<'t>) -> Option<&'t Value> {
    let location = translator.dimensions.iter().find(|source| *source.dimension == Dimension::Location)?;
    match find(translator, location, case) {
        Found::Value(coded, _) => Some(entity_of(translator.chart, coded.value)),
        _ => None,
    }
}

/// The location that stands for the entity of `location`: the one it implies, else itself.
pub(super) fn entity_of<'t>(chart: &'t Chart, location: &'t Value) -> &'t Value {
    let implied = location.implies.get(&Dimension::Location);
    implied.and_then(|id| chart.value(&Dimension::Location, id)).unwrap_or(location)
}

fn find<'t>(translator: &'t Translator<'_>, source: &'t DimensionSource<'_>, case: &Case<'t>) -> Found<'t> {
    let version = translator.mapping.version;
    let mut unmatched = None;
    for Place { source: place, name, badge } in &source.chain {
        let hit = match place {
            ValueSource::Constant(id) => {
                Some(accept(source, id, || format!("constant {id} (mapping {version})").into()))
            }
            ValueSource::Employee => case.employee.and_then(|record| {
                let id = match source.dimension {
                    Dimension::Employee => Some(&record.id),
                    other => record.implies.get(other),
                };
                id.map(|id| accept(source, id, || format!("employee record {} (mapping {version})", record.id).into()))
            }),
            place => {
                let texts = texts(place, case.report, case.expense);
                unmatched = unmatched.or(texts.iter().flatten().map(|(text, _)| *text).next());
                by_text(source, name, version, &texts)
            }
        };
        match hit {
            Some(Ok(coded)) => return Found::Value(coded, badge.clone()),
            Some(Err(obstacle)) => return Found::Refused(obstacle),
            None => {}
        }
    }
    Found::Nothing(unmatched)
}

type Texts<'t> = [Option<(&'t str, Option<&'t str>)>; 3];

/// The texts that stand at a place, each with the GL code beside it; blank ones left out.
fn texts<'t>(place: &'t ValueSource, report: &'t ExpenseReport, expense: &'t Expense) -> Texts<'t> {
    let plain = |text: Option<&'t str>| filled(text).map(|text| (text, None));
    match place {
        ValueSource::Tag(level) => {
            let tag = usize::from(*level).checked_sub(1).and_then(|index| expense.tags.get(index));
            let tag = tag.and_then(|tag| Some((filled(Some(&tag.name))?, filled(tag.code.as_deref()))));
            [tag, None, None]
        }
        ValueSource::Category => {
            let category = filled(expense.category.as_deref()).filter(|category| fold(category) != "uncategorized");
            [category.map(|category| (category, filled(expense.category_code.as_deref()))), None, None]
        }
        ValueSource::ReportField(name) => [plain(field(&report.fields, name)), None, None],
        ValueSource::Policy => [plain(Some(&report.policy_name)), plain(Some(&report.policy_id)), None],
        ValueSource::Card => match &expense.card {
            Some(card) => [plain(card.last_four.as_deref()), plain(card.name.as_deref()), plain(card.feed.as_deref())],
            None => [None; 3],
        },
        ValueSource::Employee | ValueSource::Constant(_) => [None; 3],
    }
}

/// By the table, then as the rule matches texts.
fn by_text<'t>(
    source: &'t DimensionSource<'_>,
    name: &str,
    version: u32,
    texts: &Texts<'t>,
) -> Option<Result<Coded<'t>, Obstacle>> {
    if let Some(row) = texts.iter().flatten().find_map(|(text, _)| source.table.get(text)) {
        return Some(accept(source, row.target, || row.reason.clone()));
    }
    let values = source.values?;
    let matched = |how: &str, text: &str| format!("{name} \"{text}\" by its {how} (mapping {version})").into();
    match source.rule.matching {
        Matching::Table => None,
        Matching::Id => texts.iter().flatten().find_map(|(text, code)| {
            let is_value = |id: &&str| values.contains_key(id.trim());
            let by_code = code.filter(is_value).map(|code| accept(source, code, || matched("GL code", text)));
            by_code.or_else(|| Some(*text).filter(is_value).map(|id| accept(source, id, || matched("id", text))))
        }),
        Matching::Name => texts.iter().flatten().find_map(|(text, _)| {
            let named = source.names.get(fold(text).as_ref())?;
            let mut active = named.iter().filter(|value| value.active);
            match (active.next(), active.next(), named.first()) {
                (Some(value), None, _) => Some(accept(source, &value.id, || matched("name", text))),
                (None, _, Some(value)) => Some(accept(source, &value.id, || matched("name", text))),
                _ => None,
            }
        }),
    }
}

/// The value `id`, where the destination takes it.
fn accept<'t>(
    source: &'t DimensionSource<'_>,
    id: &str,
    reason: impl FnOnce() -> Arc<str>,
) -> Result<Coded<'t>, Obstacle> {
    let value = source.values.and_then(|values| values.get(id.trim()));
    match value {
        Some(value) if value.active => Ok(Coded { dimension: source.dimension, value, reason: reason() }),
        _ => Err(refusal(source.dimension, id.trim(), value, &reason())),
    }
}

/// Why a value is refused: it does not exist, or is inactive.
pub(super) fn refusal(dimension: &Dimension, id: &str, value: Option<&Value>, reason: &str) -> Obstacle {
    let (code, what) = match value {
        Some(_) => (Code::DimensionInactive, "is inactive"),
        None => (Code::DimensionUnknown, "does not exist"),
    };
    (code, format!("{dimension}: {id}"), format!("{dimension} {id} {what}; it comes from {reason}"))
}

/// Values that imply others, from the finer to the coarser.
const IMPLYING: [Dimension; 4] = [Dimension::CostType, Dimension::Task, Dimension::Project, Dimension::Contract];

/// Adds what the values imply: a task its project, a project its customer. A customer that was set besides stands,
/// with a badge; a task of another project is a conflict that no ledger takes.
fn derive<'t>(chart: &'t Chart, version: u32, coding: &mut Coding<'t>) {
    for implying in &IMPLYING {
        let Some(value) = coding.values.iter().find(|coded| coded.dimension == implying).map(|coded| coded.value)
        else {
            continue;
        };
        for (dimension, id) in &value.implies {
            let Some(values) = chart.values.get(dimension) else { continue };
            let by = format!("{implying} {}", value.id);
            let at = coding.values.binary_search_by(|coded| coded.dimension.cmp(dimension));
            match at.map(|at| coding.values.get(at)) {
                Ok(Some(coded)) if coded.value.id == *id => {}
                Ok(Some(coded)) if *dimension == Dimension::Customer => {
                    let set = &coded.value.id;
                    coding.badges.push(format!("customer {set} stands, although {by} belongs to customer {id}").into());
                }
                Ok(Some(coded)) => {
                    let detail = format!("{by} belongs to {dimension} {id}, the line names {}", coded.value.id);
                    coding.obstacles.push((Code::DimensionConflict, by, detail));
                }
                Ok(None) => {}
                Err(at) => match values.get(id) {
                    Some(derived) if derived.active => {
                        coding.badges.push(format!("{dimension} {id} derived from {by}").into());
                        let reason = format!("implied by {by} (mapping {version})").into();
                        coding.values.insert(at, Coded { dimension, value: derived, reason });
                    }
                    refused => {
                        coding.obstacles.push(refusal(dimension, id, refused, &by));
                        coding.failed.push(dimension);
                    }
                },
            }
        }
    }
}

/// The employee's e-mail, where a rule asks the employee's record and the destination has none.
fn stranger(source: &DimensionSource<'_>, case: &Case<'_>) -> String {
    let asks = source.chain.iter().any(|place| *place.source == ValueSource::Employee);
    match asks && case.employee.is_none() {
        true => format!("; no employee record fits {}", case.report.employee.email),
        false => String::new(),
    }
}

/// Nothing gave a value: the report is held, or the line goes without, visibly.
fn missing<'t>(
    source: &'t DimensionSource<'_>,
    text: Option<&str>,
    stranger: impl FnOnce() -> String,
    coding: &mut Coding<'t>,
) {
    let dimension = source.dimension;
    let place = source.chain.first().map_or("", |place| &place.name);
    let (code, value, detail) = match (source.rule.missing, text) {
        (Missing::Blank, None) => return coding.badges.push(source.blank.clone()),
        (Missing::Blank, Some(text)) => {
            return coding.badges.push(format!("{dimension} left blank: \"{text}\" is not mapped").into());
        }
        (Missing::Hold, None) => {
            let detail = format!("{place} gives nothing and no fallback gave a value for {dimension}");
            (Code::DimensionMissing, dimension.to_string(), detail)
        }
        (Missing::Hold, Some(text)) => {
            let doubt = source.table.doubt(text);
            let detail = format!("\"{text}\" has no counterpart for {dimension}, and no fallback gave a value{doubt}");
            (Code::DimensionUnmapped, format!("{dimension}: {text}"), detail)
        }
    };
    coding.obstacles.push((code, value, detail + &stranger()));
    coding.failed.push(dimension);
}
