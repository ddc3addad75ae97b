//! The source's side of a reconciliation: every approved report of the period, and every report that is posted in it,
//! as the source shows them now, beside what is on record of them here.

use std::collections::{BTreeMap, HashMap};

use accounting::tie_out::{Finding, Key, Month, ReportFacts, Standing, scope_of, source_amounts};
use accounting::translate::{Setting, SkippedExpense, Translator};
use accounting::{Currency, Date, ExpenseReport, ReportState, Translation};

use super::{Difference, Exclusion, PAGE, Reconciled, at_source};
use crate::store::{CaseKind, InboxReport, InboxState, StoredLine, StoredPosting};
use crate::systems::{Arrival, Arrivals, Destination, Source, Wanted};
use crate::work::open_cases::{cause, live};
use crate::work::refresh::ChartInUse;
use crate::work::{Work, WorkError};

/// Reports looked up in one go.
const BATCH: usize = 100;
/// Reports asked for by id in one read.
const IDS: usize = 500;
/// How long an entry may wait for its acknowledgement before that is a difference.
const WAIT_MS: i64 = 24 * 3_600 * 1_000;

/// A report as the source shows it, if it does, with what is on record of it.
struct Met {
    id: String,
    fresh: Option<ExpenseReport>,
    known: Option<InboxReport>,
    postings: Vec<StoredPosting>,
}

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// Reads the source's side.
    pub(super) async fn read_source(&self, chart: &ChartInUse, found: &mut Reconciled) -> Result<(), WorkError> {
        let selection = &self.flow.mapping.selection;
        let from = found.from.max(selection.cut_over);
        let to = found.to.min(self.clock.today());
        if from <= to {
            self.read_wanted(chart, found, &self.wanted_period(from, to)).await?;
        }
        let mut after: Option<StoredPosting> = None;
        let mut ids: Vec<String> = Vec::new();
        loop {
            let period = (found.from, found.to);
            let page = self.customer.postings_dated(&self.flow_id, period, after.as_ref(), PAGE).await?;
            for posting in &page {
                let id = &posting.key.report;
                if !found.reports_seen.contains(id) && ids.last() != Some(id) {
                    ids.push(id.clone());
                }
            }
            after = page.into_iter().next_back();
            if after.is_none() || ids.len() >= IDS {
                ids.sort();
                ids.dedup();
                for some in ids.chunks(IDS) {
                    self.read_ids(chart, found, some).await?;
                }
                ids.clear();
            }
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Reports that are posted in the period and were approved outside of it; what does not come is gone at the source.
    async fn read_ids(&self, chart: &ChartInUse, found: &mut Reconciled, ids: &[String]) -> Result<(), WorkError> {
        if ids.is_empty() {
            return Ok(());
        }
        self.read_wanted(chart, found, &Wanted::Reports(ids.to_vec())).await?;
        let gone: Vec<(String, Option<ExpenseReport>)> =
            ids.iter().filter(|id| !found.reports_seen.contains(*id)).map(|id| (id.clone(), None)).collect();
        self.meet(chart, found, gone).await
    }

    async fn read_wanted(&self, chart: &ChartInUse, found: &mut Reconciled, wanted: &Wanted) -> Result<(), WorkError> {
        let mut arrivals = self.source.read(wanted);
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(arrival) = arrivals.next().await? {
            match arrival {
                Arrival::Report(incoming) => batch.push((incoming.report.id.clone(), Some(incoming.report))),
                Arrival::Unreadable { .. } => found.unvalued += 1,
            }
            if batch.len() == BATCH {
                self.meet(chart, found, std::mem::take(&mut batch)).await?;
            }
        }
        self.meet(chart, found, batch).await
    }

    async fn meet(
        &self,
        chart: &ChartInUse,
        found: &mut Reconciled,
        mut batch: Vec<(String, Option<ExpenseReport>)>,
    ) -> Result<(), WorkError> {
        batch.retain(|(id, _)| found.reports_seen.insert(id.clone()));
        let ids: Vec<&str> = batch.iter().map(|(id, _)| id.as_str()).collect();
        let known = self.customer.reports_named(&self.flow_id, &ids).await?;
        let mut known: HashMap<String, InboxReport> =
            known.into_iter().map(|report| (report.report_id.clone(), report)).collect();
        let mut postings: HashMap<String, Vec<StoredPosting>> = HashMap::new();
        for posting in self.customer.postings_of_reports(&self.flow_id, &ids).await? {
            postings.entry(posting.key.report.clone()).or_default().push(posting);
        }
        let lines = self.lines_for_entities(chart, postings.values().flatten()).await?;
        for (id, fresh) in batch {
            let met = Met { fresh, known: known.remove(&id), postings: postings.remove(&id).unwrap_or_default(), id };
            self.tie_report(chart, found, met, &lines).await?;
        }
        Ok(())
    }

    /// The lines of postings, where they are needed to tell the entity.
    pub(super) async fn lines_for_entities<'p>(
        &self,
        chart: &ChartInUse,
        postings: impl Iterator<Item = &'p StoredPosting>,
    ) -> Result<HashMap<String, Vec<StoredLine>>, WorkError> {
        if !chart.chart.multi_entity {
            return Ok(HashMap::new());
        }
        let references: Vec<_> = postings.map(|posting| &posting.reference).collect();
        let lines = self.customer.lines_of(self.destination.company(), &references).await?;
        Ok(lines.into_iter().map(|(reference, lines)| (reference.to_string(), lines)).collect())
    }

    async fn tie_report(
        &self,
        chart: &ChartInUse,
        found: &mut Reconciled,
        met: Met,
        lines: &HashMap<String, Vec<StoredLine>>,
    ) -> Result<(), WorkError> {
        let Some(currency) = met.currency() else {
            found.unvalued += 1;
            return Ok(());
        };
        let whole =
            found.whole || met.postings.iter().any(|it| it.key.scope == accounting::identity::Scope::WholeReport);
        let approved = met.fresh.as_ref().filter(|fresh| self.takes(fresh));
        let (source, without) = match approved.map(|fresh| source_amounts(fresh, whole)) {
            Some(Some((_, amounts, without))) => (amounts, without),
            _ => (BTreeMap::new(), 0),
        };
        found.unvalued += without as u64;
        let day = met.day().unwrap_or_else(|| self.clock.today());
        let place = self.row_at(day, currency, scope_of(accounting::FundSource::Reimbursable, whole));
        let skipped = match &met.known {
            Some(known) => known.skipped.clone(),
            None => Vec::new(),
        };
        let mut facts = ReportFacts {
            source,
            excluded: excluded(&skipped, whole),
            standing: standing(met.known.as_ref()),
            explained: false,
            place,
            postings: Vec::new(),
        };
        let mut never_read = false;
        let mut reasons = skipped;
        if met.known.is_none() {
            match self.left_out(chart, met.fresh.as_ref()) {
                Some(skipped) => {
                    facts.standing = Standing::Excluded;
                    reasons = skipped;
                }
                // What was approved today may still be on its way.
                None if day >= self.clock.today() => facts.standing = Standing::Held,
                None => {
                    facts.standing = Standing::Planned;
                    never_read = true;
                }
            }
        }
        let newest = met.postings.iter().filter(|it| !it.key.kind.is_reversal()).map(|it| it.key.generation).max();
        for posting in &met.postings {
            let lines = lines.get(posting.reference.as_str()).map(Vec::as_slice);
            facts.postings.push(self.posting_facts(chart, posting, newest.unwrap_or(0), lines));
        }
        if found.has(&facts.place) || facts.postings.iter().any(|posting| found.has(&posting.key)) {
            note_exclusions(found, &met.id, currency, &reasons);
        }
        self.tie(found, &met, facts, never_read).await?;
        self.note_waiting(chart, found, &met, newest.unwrap_or(0), lines).await
    }

    async fn tie(
        &self,
        found: &mut Reconciled,
        met: &Met,
        mut facts: ReportFacts,
        never_read: bool,
    ) -> Result<(), WorkError> {
        let (first, last) = (Month::of(found.from), Month::of(found.to));
        let in_period = move |key: &Key| (first..=last).contains(&key.month);
        let mut probe = accounting::tie_out::TieOut::default();
        if !probe.add_report(&facts, in_period).is_empty() {
            facts.explained = self.is_drift_accepted(met).await?;
        }
        for (key, minor) in found.tie_out.add_report(&facts, in_period) {
            let (finding, detail) = match &met.fresh {
                None => (Finding::GoneAtSource, "the source no longer shows the posted report".to_owned()),
                Some(fresh) if !self.takes(fresh) => {
                    (Finding::SourceDiffers, format!("the posted report is {} at its source now", fresh.state.name()))
                }
                Some(_) if never_read => {
                    (Finding::NeverRead, "the source shows the report, and nothing read it".into())
                }
                Some(_) => {
                    let words = "the source shows another amount than was planned, left out and held";
                    (Finding::SourceDiffers, words.to_owned())
                }
            };
            let difference = Difference {
                finding,
                key,
                subject: met.id.clone(),
                record_no: None,
                report_id: Some(met.id.clone()),
                minor,
                detail,
            };
            self.note_difference(found, difference, at_source).await?;
        }
        Ok(())
    }

    /// Entries that wait for their acknowledgement for long, and at no gate that says why.
    async fn note_waiting(
        &self,
        chart: &ChartInUse,
        found: &mut Reconciled,
        met: &Met,
        newest: u8,
        lines: &HashMap<String, Vec<StoredLine>>,
    ) -> Result<(), WorkError> {
        let long_ago_ms = self.clock.now_ms().saturating_sub(WAIT_MS);
        for posting in &met.postings {
            let lines = lines.get(posting.reference.as_str()).map(Vec::as_slice);
            let facts = self.posting_facts(chart, posting, newest, lines);
            if facts.progress != accounting::tie_out::Progress::Waiting || posting.frozen_ms > long_ago_ms {
                continue;
            }
            let gates = self.customer.gates_of(&self.flow_id, &[met.id.as_str()]).await?;
            if gates.get(&met.id).is_some_and(|shown| shown.gate.is_some()) {
                continue;
            }
            let difference = Difference {
                finding: Finding::WaitsLong,
                key: facts.key,
                subject: posting.reference.to_string(),
                record_no: None,
                report_id: Some(met.id.clone()),
                minor: 0,
                detail: format!("the entry is {} for more than a day", posting.machine.state.name()),
            };
            self.note_difference(found, difference, at_source).await?;
        }
        Ok(())
    }

    /// Whether the flow takes a report in its state at all.
    fn takes(&self, report: &ExpenseReport) -> bool {
        self.flow.mapping.selection.states.values().any(|states| states.contains(&report.state))
    }

    /// Why the flow would leave out a report that was never read; `None` where it would take it.
    fn left_out(&self, chart: &ChartInUse, fresh: Option<&ExpenseReport>) -> Option<Vec<SkippedExpense>> {
        let setting = Setting {
            today: self.clock.today(),
            company: self.destination.company().to_owned(),
            generation: 0,
            run: self.run.to_string(),
        };
        match Translator::new(&self.flow.mapping, &chart.chart).translate(fresh?, &setting) {
            Translation::Skipped(skip) if skip.expenses.is_empty() => Some(vec![SkippedExpense {
                expense: String::new(),
                fund_source: accounting::FundSource::Other,
                amount: skip.amount,
                reason: skip.reason,
            }]),
            Translation::Skipped(skip) => Some(skip.expenses),
            _ => None,
        }
    }

    async fn is_drift_accepted(&self, met: &Met) -> Result<bool, WorkError> {
        let live = live(&met.postings);
        let (kind, hash) = match (&met.fresh, &met.known) {
            (Some(fresh), _) => (self.drift_kind(fresh), fresh.content_hash()),
            (None, Some(known)) => (CaseKind::DriftDeleted, known.content_hash),
            (None, None) => return Ok(false),
        };
        self.is_accepted(&met.id, &cause(kind, &hash, &live)).await
    }
}

impl Met {
    fn currency(&self) -> Option<Currency> {
        let named = |code: &Option<String>| code.as_deref().and_then(|code| Currency::parse(code).ok());
        let fresh = self.fresh.as_ref().and_then(|fresh| named(&fresh.currency));
        let posted = || self.postings.first().map(|posting| posting.total.currency);
        fresh.or_else(posted).or_else(|| self.known.as_ref().and_then(|known| named(&known.currency)))
    }

    /// The day on which the report became final.
    fn day(&self) -> Option<Date> {
        let fresh = self.fresh.as_ref().and_then(|fresh| match fresh.state {
            ReportState::Archived => fresh.submitted,
            _ => fresh.approved,
        });
        fresh.or_else(|| self.known.as_ref().and_then(|known| known.approved_on))
    }
}

fn standing(known: Option<&InboxReport>) -> Standing {
    match known.map(|known| known.state) {
        Some(InboxState::Skipped) => Standing::Excluded,
        Some(InboxState::Posted | InboxState::Drift) => Standing::Planned,
        _ => Standing::Held,
    }
}

fn excluded(skipped: &[SkippedExpense], whole: bool) -> BTreeMap<accounting::identity::Scope, i64> {
    let mut sums = BTreeMap::new();
    for (fund, amount) in skipped.iter().filter_map(|expense| Some((expense.fund_source, expense.amount?))) {
        let sum: &mut i64 = sums.entry(scope_of(fund, whole)).or_default();
        *sum = sum.saturating_add(amount.minor);
    }
    sums
}

fn note_exclusions(found: &mut Reconciled, report_id: &str, currency: Currency, skipped: &[SkippedExpense]) {
    for expense in skipped {
        found.exclude(Exclusion {
            report_id: report_id.to_owned(),
            expense: expense.expense.clone(),
            minor: expense.amount.map(|amount| amount.minor),
            currency: currency.code().to_owned(),
            reason: expense.reason.clone(),
        });
    }
}
