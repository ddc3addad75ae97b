//! The other side of an entry: to which account an expense is owed, and which dimensions that line names.

use std::sync::Arc;

use super::account::{Booking, Obstacle, book};
use super::by_fund;
use super::condition::Case;
use super::dimension::{Coded, entity_of, refusal};
use super::draft::Draft;
use super::lookup::filled;
use super::problems::Problems;
use super::rules::Translator;
use crate::chart::{Account, Value};
use crate::dimension::Dimension;
use crate::mapping::OffsetDimensions;
use crate::problem::Code;
use crate::report::ExpenseReport;

/// An offset account, and which dimensions its line names.
#[derive(Debug, Clone)]
pub(super) struct Owed<'t> {
    pub booking: Booking<'t>,
    pub dimensions: &'t OffsetDimensions,
}

/// The offset account of an expense: by card, cardholder, feed, kind, else the fund source's.
pub(super) fn account<'t>(translator: &'t Translator<'_>, case: &Case<'t>) -> Result<Owed<'t>, Obstacle> {
    let fund = case.fund;
    let unmapped = || (Code::OffsetUnmapped, fund.to_string(), format!("{fund} expenses have no offset account"));
    let (_, source) = by_fund(&translator.offsets, fund).ok_or_else(unmapped)?;
    let card = case.expense.card.as_ref();
    let texts = [
        (&source.cards, card.and_then(|card| card.last_four.as_deref())),
        (&source.cards, card.and_then(|card| card.name.as_deref())),
        (&source.cardholders, Some(case.report.employee.email.as_str())),
        (&source.feeds, card.and_then(|card| card.feed.as_deref())),
        (&source.kinds, case.expense.kind.as_deref()),
    ];
    let row = texts.into_iter().find_map(|(table, text)| table.get(filled(text)?));
    let booking = match row {
        Some(row) => book(translator.chart, row.target, &row.reason, None)?,
        None => {
            let number = filled(Some(&source.offset.account)).ok_or_else(unmapped)?;
            book(translator.chart, number.trim(), &source.reason, None)?
        }
    };
    Ok(Owed { booking, dimensions: &source.offset.dimensions })
}

/// The dimensions of an offset line that stands for `drafts`, and what its account lacks of them.
pub(super) fn dimensions<'t>(
    translator: &'t Translator<'_>,
    report: &'t ExpenseReport,
    owed: &Owed<'t>,
    drafts: &[&Draft<'t>],
    problems: &mut Problems,
) -> Vec<Coded<'t>> {
    let account = owed.booking.account;
    let mut values: Vec<Coded<'t>> = match owed.dimensions {
        OffsetDimensions::Required => {
            let others = account.requires.iter().filter(|dimension| **dimension != Dimension::Location);
            let others =
                others.filter_map(|dimension| agreed(drafts, dimension).or_else(|| own(translator, report, dimension)));
            others.collect()
        }
        OffsetDimensions::Copy => {
            let first = drafts.first().map_or(&[][..], |draft| &draft.values);
            let others = first.iter().filter(|coded| *coded.dimension != Dimension::Location);
            others.filter_map(|coded| agreed(drafts, coded.dimension)).collect()
        }
        OffsetDimensions::Chosen(chosen) => {
            let each = chosen.iter().filter_map(|(dimension, id)| choose(translator, dimension, id, problems));
            each.collect()
        }
    };
    let takes_location = match owed.dimensions {
        OffsetDimensions::Chosen(chosen) => translator.chart.multi_entity && !chosen.contains_key(&Dimension::Location),
        _ => true,
    };
    values.extend(if takes_location { location(translator, drafts) } else { None });
    values.sort_by(|a, b| a.dimension.cmp(b.dimension));
    check(translator, account, owed, &values, problems);
    values
}

/// The value on which all drafts agree.
fn agreed<'t>(drafts: &[&Draft<'t>], dimension: &Dimension) -> Option<Coded<'t>> {
    let (first, others) = drafts.split_first()?;
    let coded = first.value(dimension)?;
    let all = others.iter().all(|draft| draft.value(dimension).is_some_and(|other| other.value.id == coded.value.id));
    all.then(|| match others {
        [] => coded.clone(),
        _ => Coded { reason: "as on all expenses".into(), ..coded.clone() },
    })
}

/// The employee, where an account asks for one that the expenses do not name.
fn own<'t>(translator: &'t Translator<'_>, report: &'t ExpenseReport, dimension: &'t Dimension) -> Option<Coded<'t>> {
    let record = (*dimension == Dimension::Employee).then(|| translator.employee(&report.employee)).flatten()?;
    let reason = format!("employee record {}", record.id).into();
    record.active.then_some(Coded { dimension, value: record, reason })
}

/// The location of all drafts; where they have several of one entity, that entity's own.
fn location<'t>(translator: &'t Translator<'_>, drafts: &[&Draft<'t>]) -> Option<Coded<'t>> {
    if let Some(coded) = agreed(drafts, &Dimension::Location) {
        return Some(coded);
    }
    let mut entity: Option<&'t Value> = None;
    for draft in drafts {
        let own = entity_of(translator.chart, draft.value(&Dimension::Location)?.value);
        if entity.is_some_and(|entity| entity.id != own.id) {
            return None;
        }
        entity = Some(own);
    }
    let value = entity.filter(|entity| entity.active)?;
    let reason: Arc<str> = format!("the entity {} of all expenses", value.id).into();
    Some(Coded { dimension: &Dimension::Location, value, reason })
}

fn choose<'t>(
    translator: &'t Translator<'_>,
    dimension: &'t Dimension,
    id: &str,
    problems: &mut Problems,
) -> Option<Coded<'t>> {
    let reason: Arc<str> = format!("the choice for the offset (mapping {})", translator.mapping.version).into();
    match translator.chart.value(dimension, id.trim()) {
        Some(value) if value.active => Some(Coded { dimension, value, reason }),
        refused => {
            let (code, value, detail) = refusal(dimension, id.trim(), refused, &reason);
            problems.of_report(code, value, detail);
            None
        }
    }
}

fn check(
    translator: &Translator<'_>,
    account: &Account,
    owed: &Owed<'_>,
    values: &[Coded<'_>],
    problems: &mut Problems,
) {
    let location = Some(&Dimension::Location).filter(|_| translator.chart.multi_entity);
    let by_entity = location.filter(|location| !account.requires.contains(location));
    let chosen = matches!(owed.dimensions, OffsetDimensions::Chosen(_));
    for wanted in account.requires.iter().chain(by_entity) {
        let refused = matches!(owed.dimensions, OffsetDimensions::Chosen(chosen) if chosen.contains_key(wanted));
        if refused || values.iter().any(|coded| coded.dimension == wanted) {
            continue;
        }
        let why = if chosen { "is not among those chosen" } else { "the expenses do not agree on one" };
        let detail = format!("offset account {} {} requires {wanted}: {why}", account.number, account.title);
        problems.of_report(Code::DimensionRequired, wanted.to_string(), detail);
    }
}
