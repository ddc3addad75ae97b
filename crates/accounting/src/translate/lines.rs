//! From the expenses of one part to the lines of its entry, each with its texts and its full reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::dimension::Coded;
use super::draft::Draft;
use super::offset;
use super::parts::{self, Bucket};
use super::problems::Problems;
use super::rules::Translator;
use super::text::{Ending, text};
use crate::amount::{Amount, Currency};
use crate::entry::{Direction, Line, Reason, Side};
use crate::report::ExpenseReport;
use crate::template::Facts;

/// What the lines of a part need beside its expenses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'t> {
    pub translator: &'t Translator<'t>,
    pub report: &'t ExpenseReport,
    pub currency: Currency,
    /// The entry's reference.
    pub key: &'t str,
    pub run: &'t str,
    pub ending: &'t Ending,
    /// What stands out about the whole entry; each line says it.
    pub badges: &'t [Arc<str>],
}

/// The lines of a part: expenses first, then offsets.
pub(super) fn lines<'t>(
    page: &Page<'t>,
    drafts: &'t [Draft<'t>],
    part: &[usize],
    problems: &mut Problems,
) -> Vec<Line> {
    let rules = &page.translator.mapping.posting;
    let expense_side = parts::expense_lines(drafts, part, rules.lines);
    let offset_side = parts::offset_lines(drafts, &expense_side, rules.credit_lines);
    let mut lines = Vec::with_capacity(expense_side.len() + offset_side.len());
    lines.extend(expense_side.iter().filter_map(|bucket| expense_line(page, drafts, bucket)));
    for bucket in &offset_side {
        lines.extend(offset_line(page, drafts, bucket, problems));
    }
    lines
}

fn of_bucket<'d, 't>(drafts: &'d [Draft<'t>], bucket: &Bucket) -> Vec<&'d Draft<'t>> {
    bucket.iter().filter_map(|index| drafts.get(*index)).collect()
}

fn expense_line<'t>(page: &Page<'t>, drafts: &'t [Draft<'t>], bucket: &Bucket) -> Option<Line> {
    let members = of_bucket(drafts, bucket);
    let (first, _) = members.split_first()?;
    let (booking, _) = first.booked.as_ref()?;
    let mut badges: Vec<Arc<str>> = Vec::new();
    members.iter().flat_map(|draft| &draft.badges).for_each(|badge| add(&mut badges, badge));
    let reasons = members.iter().filter_map(|draft| Some(&draft.booked.as_ref()?.0.reason));
    let account = (booking.account.number.as_str(), join(reasons));
    let values = first.values.iter().map(|coded| {
        let reasons = members.iter().filter_map(|draft| Some(&draft.value(coded.dimension)?.reason));
        Coded { reason: join(reasons), ..*coded }
    });
    Some(line(page, Side::Expense, &members, parts::net(drafts, bucket), account, values, badges))
}

fn offset_line<'t>(page: &Page<'t>, drafts: &'t [Draft<'t>], bucket: &Bucket, problems: &mut Problems) -> Option<Line> {
    let members = of_bucket(drafts, bucket);
    let (first, _) = members.split_first()?;
    let (_, owed) = first.booked.as_ref()?;
    let values = offset::dimensions(page.translator, page.report, owed, &members, problems);
    let reasons = members.iter().filter_map(|draft| Some(&draft.booked.as_ref()?.1.booking.reason));
    let account = (owed.booking.account.number.as_str(), join(reasons));
    let net = parts::net(drafts, bucket);
    Some(line(page, Side::Offset, &members, net, account, values.into_iter(), Vec::new()))
}

/// A line of either side. A positive net is a debit of the expense side and a credit of the offset side.
fn line<'t>(
    page: &Page<'t>,
    side: Side,
    members: &[&Draft<'t>],
    net: i64,
    (account, reason): (&str, Arc<str>),
    values: impl Iterator<Item = Coded<'t>>,
    mut badges: Vec<Arc<str>>,
) -> Line {
    let expense = match members {
        [only] => Some(only.expense),
        _ => None,
    };
    let amount = Amount::new(net, page.currency);
    let facts = Facts { report: page.report, expense, amount: Some(amount), key: page.key, run: page.run };
    let (rules, lengths) = (&page.translator.mapping.posting, &page.translator.chart.lengths);
    let memo = text("memo", &rules.memo, &facts, page.ending, lengths.memo, &mut badges);
    let document = text("document number", &rules.document, &facts, &Ending::default(), lengths.document, &mut badges);
    badges.extend_from_slice(page.badges);
    let (mut dimensions, mut reasons) = (BTreeMap::new(), BTreeMap::new());
    for coded in values {
        dimensions.insert(coded.dimension.clone(), coded.value.id.clone());
        reasons.insert(coded.dimension.clone(), coded.reason);
    }
    Line {
        side,
        direction: if (net > 0) == (side == Side::Expense) { Direction::Debit } else { Direction::Credit },
        amount: Amount::new(net.saturating_abs(), page.currency),
        account: account.to_owned(),
        dimensions,
        memo,
        document,
        expenses: members.iter().map(|draft| draft.expense.id.clone()).collect(),
        reason: Reason { account: reason, dimensions: reasons, badges },
    }
}

fn add(badges: &mut Vec<Arc<str>>, badge: &Arc<str>) {
    if !badges.contains(badge) {
        badges.push(badge.clone());
    }
}

/// One reason, or the different ones in the order of their expenses.
fn join<'r>(reasons: impl Iterator<Item = &'r Arc<str>>) -> Arc<str> {
    let mut different: Vec<&Arc<str>> = Vec::new();
    for reason in reasons {
        if !different.contains(&reason) {
            different.push(reason);
        }
    }
    match different.as_slice() {
        [only] => Arc::clone(only),
        many => many.iter().map(|reason| &***reason).collect::<Vec<_>>().join("; ").into(),
    }
}
