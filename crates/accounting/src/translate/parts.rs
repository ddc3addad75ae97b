//! How the expenses of one entry are cut into lines, and a long entry into parts that each balance by themselves.
//!
//! An entry is cut by expenses, never through one: each part gets offset lines of its own for the expenses in it.

use std::collections::{HashMap, HashSet};

use super::draft::Draft;
use crate::dimension::Dimension;
use crate::mapping::{CreditLines, Lines, OffsetDimensions, PostingRules};

/// What expenses on one line of the expense side have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum ExpenseKey<'d> {
    Own(usize),
    Coded(&'d str, Vec<(&'d Dimension, &'d str)>),
}

/// What expenses on one offset line have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OffsetKey<'d> {
    account: &'d str,
    dimensions: &'d OffsetDimensions,
    mirrors: Option<usize>,
    card: &'d str,
}

/// Expenses that share a line.
pub(super) type Bucket = Vec<usize>;

fn expense_key<'d>(drafts: &'d [Draft<'_>], index: usize, lines: Lines) -> Option<ExpenseKey<'d>> {
    let draft = drafts.get(index)?;
    let (booking, _) = draft.booked.as_ref()?;
    Some(match lines {
        Lines::PerExpense => ExpenseKey::Own(index),
        Lines::Summarised => {
            let values = draft.values.iter().map(|coded| (coded.dimension, coded.value.id.as_str()));
            ExpenseKey::Coded(&booking.account.number, values.collect())
        }
    })
}

/// Cuts `members` into parts of at most `rules.max_lines` lines (two at least, for less makes no entry).
pub(super) fn parts(drafts: &[Draft<'_>], members: &[usize], rules: &PostingRules) -> Vec<Bucket> {
    let most = rules.max_lines.max(2);
    if members.len().saturating_mul(2) <= most {
        return vec![members.to_vec()];
    }
    let mut parts: Vec<Bucket> = Vec::new();
    let (mut expense_lines, mut offset_lines) = (HashSet::new(), HashSet::new());
    for index in members {
        let (Some(draft), Some(key)) = (drafts.get(*index), expense_key(drafts, *index, rules.lines)) else { continue };
        let Some((_, owed)) = &draft.booked else { continue };
        // Counted by sign as well, because lines that net to nothing are kept apart; so a part is never too long.
        let key = (key, draft.minor() < 0);
        let mirrored = Some(key.clone()).filter(|_| rules.credit_lines == CreditLines::PerExpense);
        let offset = (owed.booking.account.number.as_str(), draft.fund, mirrored, card(draft, rules.credit_lines));
        let more = usize::from(!expense_lines.contains(&key)) + usize::from(!offset_lines.contains(&offset));
        if parts.is_empty() || expense_lines.len() + offset_lines.len() + more > most {
            parts.push(Vec::new());
            expense_lines.clear();
            offset_lines.clear();
        }
        expense_lines.insert(key);
        offset_lines.insert(offset);
        if let Some(part) = parts.last_mut() {
            part.push(*index);
        }
    }
    parts
}

/// The lines of the expense side: one an expense, or one for each account and set of dimensions. Expenses that would
/// net to nothing on one line get a line for each sign, so that none of them vanishes from the ledger.
pub(super) fn expense_lines(drafts: &[Draft<'_>], part: &[usize], lines: Lines) -> Vec<Bucket> {
    if lines == Lines::PerExpense {
        return part.iter().map(|index| vec![*index]).collect();
    }
    let mut keys: HashMap<ExpenseKey<'_>, usize> = HashMap::new();
    let mut buckets: Vec<Bucket> = Vec::new();
    for index in part {
        let Some(key) = expense_key(drafts, *index, lines) else { continue };
        let at = *keys.entry(key).or_insert(buckets.len());
        match buckets.get_mut(at) {
            Some(bucket) => bucket.push(*index),
            None => buckets.push(vec![*index]),
        }
    }
    let is_refund = |index: &usize| drafts.get(*index).is_some_and(|draft| draft.minor() < 0);
    let apart = |bucket: Bucket| match net(drafts, &bucket) {
        0 => {
            let (refunds, others): (Bucket, Bucket) = bucket.into_iter().partition(is_refund);
            vec![others, refunds]
        }
        _ => vec![bucket],
    };
    buckets.into_iter().flat_map(apart).collect()
}

/// The lines of the offset side; one that nets to nothing is left out, and the entry balances without it.
pub(super) fn offset_lines(drafts: &[Draft<'_>], expense_lines: &[Bucket], style: CreditLines) -> Vec<Bucket> {
    let mut buckets: Vec<(OffsetKey<'_>, Bucket)> = Vec::new();
    for (line, bucket) in expense_lines.iter().enumerate() {
        for index in bucket {
            let Some(draft) = drafts.get(*index) else { continue };
            let Some((_, owed)) = &draft.booked else { continue };
            let key = OffsetKey {
                account: &owed.booking.account.number,
                dimensions: owed.dimensions,
                mirrors: (style == CreditLines::PerExpense).then_some(line),
                card: card(draft, style),
            };
            match buckets.iter_mut().rev().find(|(other, _)| *other == key) {
                Some((_, bucket)) => bucket.push(*index),
                None => buckets.push((key, vec![*index])),
            }
        }
    }
    let mut buckets: Vec<Bucket> = buckets.into_iter().map(|(_, bucket)| bucket).collect();
    buckets.retain(|bucket| net(drafts, bucket) != 0);
    buckets.iter_mut().for_each(|bucket| bucket.sort_unstable());
    buckets
}

/// Sum of a bucket in minor units. The magnitudes of a report fit together, so this does not overflow.
pub(super) fn net(drafts: &[Draft<'_>], bucket: &[usize]) -> i64 {
    bucket.iter().filter_map(|index| drafts.get(*index)).fold(0, |sum: i64, draft| sum.saturating_add(draft.minor()))
}

/// The card that an offset line is for; a report has one employee, so a line for each employee is one for the report.
fn card<'d>(draft: &Draft<'d>, style: CreditLines) -> &'d str {
    let card = draft.expense.card.as_ref().filter(|_| style == CreditLines::PerCard);
    let name = card.and_then(|card| card.last_four.as_deref().or(card.name.as_deref()).or(card.feed.as_deref()));
    name.unwrap_or("")
}
