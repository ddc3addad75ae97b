//! Which expenses share an entry, and what stands above it: journal, date and state.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;

use super::draft::Draft;
use super::problems::Problems;
use super::rules::Translator;
use super::select::final_day;
use super::{Setting, by_fund};
use crate::entry::EntryState;
use crate::identity::Scope;
use crate::mapping::{ClosedPeriod, Future, Group, PostingDate};
use crate::problem::Code;
use crate::report::ExpenseReport;

/// Expenses that share an entry.
#[derive(Debug)]
pub(super) struct Shared {
    pub scope: Scope,
    /// Their own day, where entries are cut by day and they have one.
    day: Option<Date>,
    /// Indices of the drafts, in the report's order.
    pub members: Vec<usize>,
}

/// What stands above an entry.
#[derive(Debug)]
pub(super) struct Heading {
    pub journal: String,
    pub date: Date,
    pub original_date: Option<Date>,
    pub state: EntryState,
    pub badges: Vec<Arc<str>>,
}

/// Cuts the drafts into entries: by fund source, then by expense or day where the mapping says so.
pub(super) fn share(translator: &Translator<'_>, drafts: &[Draft<'_>], problems: &mut Problems) -> Vec<Shared> {
    let rules = &translator.mapping.posting;
    let mut keyed = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.iter().enumerate() {
        let scope = if rules.group == Group::Report { Scope::WholeReport } else { Scope::Fund(draft.fund) };
        let own = (rules.group == Group::Expense).then_some(index);
        let (day, by_day) = match rules.date {
            PostingDate::Expense => (draft.expense.date, true),
            PostingDate::CardPosted => (draft.expense.card_posted, true),
            _ => (None, false),
        };
        if by_day && day.is_none() {
            let what = if rules.date == PostingDate::Expense { "day" } else { "day on which the card posted it" };
            let detail = format!("the expense has no {what}");
            problems.of_expense(draft.position, draft.expense, Code::PostingDateMissing, "", detail);
        }
        keyed.push(((scope, own, day), index));
    }
    keyed.sort();
    let shares = keyed.chunk_by(|(a, _), (b, _)| a == b).map(|chunk| {
        let (scope, _, day) = chunk.first().map_or((Scope::WholeReport, None, None), |(key, _)| *key);
        Shared { scope, day, members: chunk.iter().map(|(_, index)| *index).collect() }
    });
    shares.collect()
}

/// The heading of an entry; `None` where a problem stands in its way.
pub(super) fn heading(
    translator: &Translator<'_>,
    report: &ExpenseReport,
    setting: &Setting,
    shared: &Shared,
    drafts: &[Draft<'_>],
    problems: &mut Problems,
) -> Option<Heading> {
    let rules = &translator.mapping.posting;
    let mut badges = Vec::new();
    let journal = journal(translator, shared, drafts, &mut badges, problems);
    let wanted = wanted_date(rules.date, report, setting, shared, drafts, &mut badges, problems);
    let wanted = wanted?;
    let (mut date, mut state) = (wanted, rules.state);
    if let Some(closed) = translator.chart.closed_through.filter(|closed| wanted <= *closed) {
        match moved(rules.closed_period, closed) {
            Moved::To(open) => {
                date = open;
                badges.push(format!("date moved from {wanted} to {open}: books are closed through {closed}").into());
            }
            Moved::Draft => {
                state = EntryState::Draft;
                badges.push(format!("draft: {wanted} is closed, books are closed through {closed}").into());
            }
            Moved::Nowhere => {
                let detail = format!("the posting date is {wanted}, books are closed through {closed}");
                // The month is the cause: one card for all reports of it, whatever their day.
                let month = format!("{:04}-{:02}", wanted.year(), wanted.month());
                problems.of_report(Code::PeriodClosed, month, detail);
            }
        }
    }
    if date > setting.today && rules.future == Future::Hold {
        let detail = format!("the posting date is {date}, today is {}", setting.today);
        problems.of_report(Code::DateInFuture, date.to_string(), detail);
    }
    let original_date = (date != wanted).then_some(wanted);
    Some(Heading { journal: journal?, date, original_date, state, badges })
}

enum Moved {
    To(Date),
    Draft,
    Nowhere,
}

fn moved(rule: ClosedPeriod, closed: Date) -> Moved {
    let first_open = closed.tomorrow().ok();
    let to = match rule {
        ClosedPeriod::Hold => None,
        ClosedPeriod::Draft => return Moved::Draft,
        ClosedPeriod::NextOpenDay => first_open,
        ClosedPeriod::NextOpenPeriod => first_open.and_then(|open| match open.day() {
            1 => Some(open),
            _ => open.last_of_month().tomorrow().ok(),
        }),
    };
    to.map_or(Moved::Nowhere, Moved::To)
}

fn wanted_date(
    rule: PostingDate,
    report: &ExpenseReport,
    setting: &Setting,
    shared: &Shared,
    drafts: &[Draft<'_>],
    badges: &mut Vec<Arc<str>>,
    problems: &mut Problems,
) -> Option<Date> {
    let (date, what) = match rule {
        PostingDate::Export => (Some(setting.today), ""),
        PostingDate::Submitted => (report.submitted, "submission"),
        PostingDate::Reimbursed => (report.reimbursed, "reimbursement"),
        PostingDate::Approved => match final_day(report) {
            // Where the day is missing, selection has noted it.
            (day, false) => return day,
            (day, true) => {
                badges.extend(day.map(|day| format!("submitted on {day}, which stands in for the approval").into()));
                return day;
            }
        },
        // Whose day is missing is noted by expense.
        PostingDate::Expense | PostingDate::CardPosted => return shared.day,
        PostingDate::LastExpense => return last_day(shared, drafts, problems),
    };
    if date.is_none() {
        problems.of_report(Code::PostingDateMissing, what, format!("the report has no day of {what}"));
    }
    date
}

fn last_day(shared: &Shared, drafts: &[Draft<'_>], problems: &mut Problems) -> Option<Date> {
    let members = || shared.members.iter().filter_map(|index| drafts.get(*index));
    for draft in members().filter(|draft| draft.expense.date.is_none()) {
        let detail = "the expense has no day, so the last one is not known";
        problems.of_expense(draft.position, draft.expense, Code::PostingDateMissing, "", detail);
    }
    members().map(|draft| draft.expense.date).collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// The journal of the fund source; for a whole report that of the first fund source in it, visibly.
fn journal(
    translator: &Translator<'_>,
    shared: &Shared,
    drafts: &[Draft<'_>],
    badges: &mut Vec<Arc<str>>,
    problems: &mut Problems,
) -> Option<String> {
    let funds: BTreeSet<_> = shared.members.iter().filter_map(|index| drafts.get(*index)).map(|it| it.fund).collect();
    let mut journals = Vec::new();
    for fund in funds {
        match by_fund(&translator.mapping.posting.journal, fund) {
            Some((_, symbol)) if !symbol.trim().is_empty() => journals.push((fund, symbol.trim())),
            _ => {
                let detail = format!("{fund} expenses have no journal");
                problems.of_report(Code::JournalUnmapped, fund.to_string(), detail);
            }
        }
    }
    let (first, symbol) = journals.first().copied()?;
    if let Some((other, their)) = journals.iter().find(|(_, their)| *their != symbol) {
        badges.push(format!("journal {symbol} of {first}; alone, {other} would go to {their}").into());
    }
    match translator.chart.journals.get(symbol) {
        Some(journal) if journal.active => return Some(symbol.to_owned()),
        Some(_) => problems.of_report(Code::JournalUnknown, symbol, format!("journal {symbol} is inactive")),
        None => problems.of_report(Code::JournalUnknown, symbol, format!("journal {symbol} does not exist")),
    }
    None
}
