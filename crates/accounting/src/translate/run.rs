//! One report through all steps, straight: selection, amounts, expenses, entries. No step stops at the first problem;
//! whether there are any is asked once, at the end.

use std::sync::Arc;

use super::condition::Case;
use super::draft::{Draft, draft};
use super::effective::{Effective, effective};
use super::heading::{Heading, Shared, heading, share};
use super::lines::{Page, lines};
use super::problems::Problems;
use super::rules::Translator;
use super::text::{Ending, text};
use super::{Held, Plan, PlannedEntry, Setting, Skip, SkippedExpense, Translation, dimension, parts, select};
use crate::amount::{Amount, Currency};
use crate::dimension::Dimension;
use crate::entry::{Header, JournalEntry};
use crate::identity::{Kind, PostingKey, Scope};
use crate::mapping::ZeroAmounts;
use crate::problem::Code;
use crate::report::ExpenseReport;
use crate::template::Facts;

impl Translator<'_> {
    /// Translates one report. Pure: the same arguments give the same entries, to the byte.
    pub fn translate(&self, report: &ExpenseReport, setting: &Setting) -> Translation {
        let mut problems = Problems::default();
        if let Some(reason) = select::leave_out(report, &self.mapping.selection, &mut problems) {
            return Translation::Skipped(Skip { reason, amount: stated(report), expenses: Vec::new() });
        }
        for unused in self.dimensions.iter().filter(|source| source.values.is_none()) {
            let detail = format!("the mapping sets {}, which the ledger does not use", unused.dimension);
            problems.of_report(Code::DimensionNotInUse, unused.dimension.to_string(), detail);
        }
        let tolerance = self.mapping.posting.rounding_tolerance_minor;
        let money = effective(report, self.chart.base_currency, tolerance, &mut problems);
        let mut skipped = Vec::new();
        let drafts = self.drafts(report, &money, &mut skipped, &mut problems);
        let entries = self.entries(report, setting, &money, &drafts, &mut problems);
        conclude(&money, &drafts, entries, skipped, problems)
    }

    /// Books every expense that is taken; the others go to `skipped`.
    fn drafts<'t>(
        &'t self,
        report: &'t ExpenseReport,
        money: &Effective,
        skipped: &mut Vec<SkippedExpense>,
        problems: &mut Problems,
    ) -> Vec<Draft<'t>> {
        let employee = self.employee(&report.employee);
        let mut drafts = Vec::with_capacity(report.expenses.len());
        for (position, (expense, amount)) in report.expenses.iter().zip(&money.amounts).enumerate() {
            let (amount, fund) = (*amount, expense.fund_source());
            let mut case = Case { report, expense, fund, amount, employee, entity: None };
            if self.needs_entity {
                case.entity = dimension::entity(self, &case);
            }
            if let Some(reason) = self.skip_reason(&case) {
                skipped.push(SkippedExpense { expense: expense.id.clone(), fund_source: fund, amount, reason });
                continue;
            }
            let mut draft = draft(self, &case, position, problems);
            if amount.is_some_and(|amount| amount.minor == 0) {
                problems.of_expense(position, expense, Code::ZeroAmount, "", "the expense amounts to zero");
                draft.booked = None;
            }
            drafts.push(draft);
        }
        drafts
    }

    fn skip_reason(&self, case: &Case<'_>) -> Option<String> {
        let selection = &self.mapping.selection;
        let state = case.report.state;
        if !select::takes(selection, case.fund, state) {
            return Some(format!("{} expenses are not taken in state {}", case.fund, state.name()));
        }
        if let Some((_, reason)) = self.skip.iter().find(|(when, _)| when.holds(case)) {
            return Some(reason.clone());
        }
        let is_zero = case.amount.is_some_and(|amount| amount.minor == 0);
        (is_zero && selection.zero_amounts == ZeroAmounts::Skip).then(|| "the expense amounts to zero".to_owned())
    }

    fn entries(
        &self,
        report: &ExpenseReport,
        setting: &Setting,
        money: &Effective,
        drafts: &[Draft<'_>],
        problems: &mut Problems,
    ) -> Vec<PlannedEntry> {
        let mut entries: Vec<PlannedEntry> = Vec::new();
        for shared in share(self, drafts, problems) {
            let heading = heading(self, report, setting, &shared, drafts, problems);
            let one_entity = self.check_entities(&shared, drafts, problems);
            self.check_ceiling(&shared, drafts, money.currency, problems);
            let is_whole = shared.members.iter().all(|index| drafts.get(*index).is_some_and(|it| it.booked.is_some()));
            let (Some(mut heading), Some(currency), true) = (heading, money.currency, is_whole && one_entity) else {
                continue;
            };
            heading.badges.extend(money.rounding.map(|difference| {
                format!("the expenses differ from the report's total by {difference}, within the tolerance").into()
            }));
            let all = parts::parts(drafts, &shared.members, &self.mapping.posting);
            for (index, part) in all.iter().enumerate() {
                let before = entries.iter().filter(|entry| entry.key.scope == shared.scope).count();
                let paper = Paper { report, setting, currency, heading: &heading, part: index + 1, of: all.len() };
                entries.extend(self.entry(&paper, shared.scope, before, drafts, part, problems));
            }
        }
        entries
    }

    /// One entry, or one part of a long one; `before` entries of its scope come before it.
    fn entry(
        &self,
        paper: &Paper<'_>,
        scope: Scope,
        before: usize,
        drafts: &[Draft<'_>],
        part: &[usize],
        problems: &mut Problems,
    ) -> Option<PlannedEntry> {
        let Paper { report, setting, currency, heading, .. } = *paper;
        let number = u16::try_from(before).unwrap_or(u16::MAX);
        let (company, generation) = (setting.company.clone(), setting.generation);
        let (report_id, kind) = (report.id.clone(), Kind::Entry);
        let key = PostingKey { company, report: report_id, scope, kind, generation, part: number };
        let reference = match key.reference() {
            Ok(reference) => reference,
            Err(error) => {
                problems.of_report(Code::TooManyParts, "", error.to_string());
                return None;
            }
        };
        let amount = Amount::new(parts::net(drafts, part), currency);
        let mut badges = heading.badges.clone();
        if paper.of > 1 {
            badges.push(format!("part {} of {} of a long entry", paper.part, paper.of).into());
        }
        let dated = Ending::dated(heading.original_date);
        let title = self.title(paper, drafts, part, &dated, reference.as_str(), &mut badges);
        let page = Page {
            translator: self,
            report,
            currency,
            key: reference.as_str(),
            run: &setting.run,
            ending: &dated,
            badges: &badges,
        };
        let lines = lines(&page, drafts, part, problems);
        let Heading { journal, date, original_date, state, .. } = heading;
        let header =
            Header { journal: journal.clone(), date: *date, original_date: *original_date, title, state: *state };
        match JournalEntry::new(header, lines) {
            Ok(entry) => Some(PlannedEntry { key, reference, entry, amount }),
            Err(error) => {
                problems.of_report(Code::UnbalancedEntry, reference.as_str(), error.to_string());
                None
            }
        }
    }

    fn title(
        &self,
        paper: &Paper<'_>,
        drafts: &[Draft<'_>],
        part: &[usize],
        dated: &Ending,
        key: &str,
        badges: &mut Vec<Arc<str>>,
    ) -> String {
        let expense = match part {
            [only] => drafts.get(*only).map(|draft| draft.expense),
            _ => None,
        };
        let amount = Some(Amount::new(parts::net(drafts, part), paper.currency));
        let facts = Facts { report: paper.report, expense, amount, key, run: &paper.setting.run };
        let ending = dated.part(paper.part, paper.of);
        let template = &self.mapping.posting.title;
        let title = text("title", template, &facts, &ending, self.chart.lengths.title, badges);
        if !title.trim().is_empty() {
            return title;
        }
        badges.push("the title is blank: the reference stands in".into());
        key.to_owned()
    }

    /// Entries between entities are not made: whether all lines are of one.
    fn check_entities(&self, shared: &Shared, drafts: &[Draft<'_>], problems: &mut Problems) -> bool {
        if !self.chart.multi_entity {
            return true;
        }
        let members = shared.members.iter().filter_map(|index| drafts.get(*index));
        let locations = members.filter_map(|draft| draft.value(&Dimension::Location));
        let mut entities: Vec<&str> =
            locations.map(|coded| dimension::entity_of(self.chart, coded.value).id.as_str()).collect();
        entities.sort_unstable();
        entities.dedup();
        if entities.len() > 1 {
            let value = entities.join(", ");
            let detail = format!("the lines of one entry belong to the entities {value}");
            problems.of_report(Code::EntityAmbiguous, value, detail);
        }
        entities.len() <= 1
    }

    /// Compared with the larger of what is spent and what is refunded, so that netting hides nothing.
    fn check_ceiling(
        &self,
        shared: &Shared,
        drafts: &[Draft<'_>],
        currency: Option<Currency>,
        problems: &mut Problems,
    ) {
        let (Some(ceiling), Some(currency)) = (self.mapping.posting.ceiling_entry, currency) else { return };
        let minors = || shared.members.iter().filter_map(|index| drafts.get(*index)).map(Draft::minor);
        let spent = minors().filter(|minor| *minor > 0).fold(0_i64, i64::saturating_add);
        let refunded = minors().filter(|minor| *minor < 0).fold(0_i64, i64::saturating_add).saturating_neg();
        let total = Amount::new(spent.max(refunded), currency);
        if ceiling.currency != currency {
            let detail = format!("the entry's {total} cannot be compared with the ceiling of {ceiling}");
            problems.of_report(Code::AboveCeiling, total.to_string(), detail);
        } else if total.minor > ceiling.minor {
            let detail = format!("the entry's {total} is above the ceiling of {ceiling}");
            problems.of_report(Code::AboveCeiling, total.to_string(), detail);
        }
    }
}

/// What an entry is written on: the same for all parts but for the part's number.
struct Paper<'p> {
    report: &'p ExpenseReport,
    setting: &'p Setting,
    currency: Currency,
    heading: &'p Heading,
    part: usize,
    of: usize,
}

/// The total as the report states it, where it is exact.
fn stated(report: &ExpenseReport) -> Option<Amount> {
    report.total?.to_amount(Currency::parse(report.currency.as_deref()?).ok()?).ok()
}

/// Held where there is any problem; else skipped where nothing is left; else ready.
fn conclude(
    money: &Effective,
    drafts: &[Draft<'_>],
    entries: Vec<PlannedEntry>,
    skipped: Vec<SkippedExpense>,
    problems: Problems,
) -> Translation {
    let sum = |minors: &mut dyn Iterator<Item = i64>| minors.fold(0_i64, i64::saturating_add);
    let any_known = drafts.is_empty() || drafts.iter().any(|draft| draft.amount.is_some());
    let currency = money.currency.filter(|_| any_known);
    let taken = currency.map(|currency| Amount::new(sum(&mut drafts.iter().map(Draft::minor)), currency));
    let left_out = sum(&mut skipped.iter().flat_map(|expense| expense.amount).map(|amount| amount.minor));
    if !problems.is_empty() {
        let held = money.total.and_then(|total| Some(Amount::new(total.minor.checked_sub(left_out)?, total.currency)));
        return Translation::Held(Held { problems: problems.finish(), amount: held.or(taken), skipped });
    }
    match taken.filter(|_| !entries.is_empty()) {
        Some(amount) => Translation::Ready(Plan { entries, skipped, amount }),
        None => {
            let reason = if skipped.is_empty() { "the report has no expenses" } else { "every expense is left out" };
            let amount = money.total.or(money.currency.map(|currency| Amount::new(left_out, currency)));
            Translation::Skipped(Skip { reason: reason.to_owned(), amount, expenses: skipped })
        }
    }
}
