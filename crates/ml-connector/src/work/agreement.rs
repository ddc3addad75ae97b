//! How far what a flow would post agrees with what the ledger holds of the same reports, booked by hand or by another
//! program: the proof of a rehearsal. Reports are matched with entries as in the hand-over check, then line by line by
//! account, side, amount and dimensions. Figures are counts and ten-thousandths; nothing is posted or changed.

use std::collections::{BTreeMap, HashMap, HashSet};

use accounting::identity::family_prefix;
use accounting::translate::{Plan, Setting, Translator};
use accounting::{Currency, Date, ExpenseReport, Translation};
use jiff::ToSpan;
use serde_json::{Value, json};

use super::likeness::{Candidate, Candidates, Likeness};
use super::refresh::ChartInUse;
use super::walk::{Walk, Walked, Whose};
use super::{ACTOR, Work, WorkError};
use crate::store::{AuditEvent, InboxState};
use crate::systems::{Destination, Source};

mod compare;

use compare::{Comparison, Side};

/// Reports translated at a time.
const PAGE: u32 = 50;
/// Days around the reports in which their entries are looked for.
const AROUND_DAYS: i32 = 10;
/// Entries that are kept for one report until it is clear whose they are.
const KEPT: usize = 4;
/// Disagreements that are listed; all are counted.
const LISTED: usize = 200;
/// Score of an entry that carries the report's own reference: another installation posted it.
const OWN_REFERENCE: i64 = 1_000;

/// An entry that may be the report's.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Match {
    candidate: usize,
    record_no: String,
    score: i64,
    same_total: bool,
}

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// Compares what is ready with the ledger, keeps the figures and gives them back.
    ///
    /// # Errors
    /// The fault of the ledger; those of the store.
    pub async fn agreement(&self, chart: &ChartInUse) -> Result<Value, WorkError> {
        let translator = Translator::new(&self.flow.mapping, &chart.chart);
        let base = chart.chart.base_currency;
        let candidates = self.planned_candidates(&translator).await?;
        let candidates = Candidates::new(candidates);
        let (from, to) = period(&candidates, self.clock.today());
        let mut walk = Walk::new(from, to);
        let entries_of = assign(self.match_entries(&mut walk, &candidates, base).await?);
        let mut comparison = Comparison::default();
        self.compare_all(&translator, &candidates, &entries_of, base, &mut comparison).await?;
        let at_ms = self.clock.now_ms();
        let result = comparison.figures(json!({
            "from": from.to_string(),
            "to": to.to_string(),
            "entries_read": walk.read,
            "mapping_version": self.flow.mapping.version,
        }));
        let mut told = result.clone();
        if let Some(told) = told.as_object_mut() {
            told.remove("disagreements");
        }
        let event = AuditEvent::new(ACTOR, "agreement.taken", self.flow_id.as_str(), told);
        self.customer.add_agreement(&self.flow_id, &result, event, at_ms).await?;
        Ok(result)
    }

    /// What is ready, as it is compared with the ledger's entries.
    async fn planned_candidates(&self, translator: &Translator<'_>) -> Result<Vec<Candidate>, WorkError> {
        let mut all = Vec::new();
        let mut after = None;
        while let Some(page) = self.planned(translator, &mut after).await? {
            for (report, plan) in page {
                let totals = plan.entries.iter().map(|planned| planned.entry.total().minor);
                all.push(Candidate {
                    totals_minor: totals.chain([plan.amount.minor]).collect(),
                    dates: plan.entries.iter().map(|planned| planned.entry.header().date).collect(),
                    currency: plan.amount.currency.code().to_owned(),
                    employee: if report.employee.name.is_empty() {
                        report.employee.email
                    } else {
                        report.employee.name
                    },
                    report_id: report.id,
                    number: report.number,
                    name: report.name,
                });
            }
        }
        Ok(all)
    }

    /// The next page of what is ready, with what would be posted of it now; `None` at the end.
    async fn planned(
        &self,
        translator: &Translator<'_>,
        after: &mut Option<String>,
    ) -> Result<Option<Vec<(ExpenseReport, Plan)>>, WorkError> {
        let page = self.customer.raw_reports_in(&self.flow_id, InboxState::Ready, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        *after = Some(last.report_id.clone());
        let ids: Vec<&str> = page.iter().map(|raw| raw.report_id.as_str()).collect();
        let known = self.customer.known_reports(&self.flow_id, &ids).await?;
        let states: HashMap<&str, _> =
            known.iter().map(|known| (known.report_id.as_str(), known.source_state)).collect();
        let mut planned = Vec::with_capacity(page.len());
        for raw in &page {
            // One thread does everything: other flows go on meanwhile.
            tokio::task::yield_now().await;
            let Ok(mut report) = self.source.report_of(&raw.raw) else { continue };
            if let Some(state) = states.get(raw.report_id.as_str()) {
                report.state = *state;
            }
            let setting = Setting {
                today: self.clock.today(),
                company: self.destination.company().to_owned(),
                generation: raw.generation,
                run: self.run.to_string(),
            };
            if let Translation::Ready(plan) = translator.translate(&report, &setting) {
                planned.push((report, plan));
            }
        }
        Ok(Some(planned))
    }

    /// Walks through the ledger and keeps which entries may be which report's.
    async fn match_entries(
        &self,
        walk: &mut Walk,
        candidates: &Candidates,
        base: Option<Currency>,
    ) -> Result<Vec<Match>, WorkError> {
        let company = self.destination.company();
        let families: HashMap<String, usize> = candidates
            .all()
            .iter()
            .enumerate()
            .map(|(place, candidate)| (family_prefix(company, &candidate.report_id), place))
            .collect();
        let mut kept: HashMap<usize, Vec<Match>> = HashMap::new();
        while let Some(page) = self.walk(walk, |whose| whose != Whose::Ours).await? {
            for walked in &page {
                tokio::task::yield_now().await;
                for likeness in likenesses(walked, candidates, &families, base) {
                    let one = Match {
                        candidate: likeness.candidate,
                        record_no: walked.entry.record_no.clone(),
                        score: likeness.score,
                        same_total: likeness.same_total,
                    };
                    keep_strongest(kept.entry(one.candidate).or_default(), one);
                }
            }
        }
        Ok(kept.into_values().flatten().collect())
    }

    /// Compares each report with the entries that are its own.
    async fn compare_all(
        &self,
        translator: &Translator<'_>,
        candidates: &Candidates,
        entries_of: &HashMap<usize, Vec<String>>,
        base: Option<Currency>,
        comparison: &mut Comparison,
    ) -> Result<(), WorkError> {
        let places: HashMap<&str, usize> = candidates
            .all()
            .iter()
            .enumerate()
            .map(|(place, candidate)| (candidate.report_id.as_str(), place))
            .collect();
        let mut after = None;
        while let Some(page) = self.planned(translator, &mut after).await? {
            let of = |report: &ExpenseReport| places.get(report.id.as_str()).and_then(|place| entries_of.get(place));
            let wanted: Vec<String> = page.iter().filter_map(|(report, _)| of(report)).flatten().cloned().collect();
            let mut lines = match wanted.is_empty() {
                true => BTreeMap::new(),
                false => self.destination.lines(&wanted).await?,
            };
            for (report, plan) in &page {
                let record_nos = of(report).map(Vec::as_slice).unwrap_or_default();
                let there = record_nos.iter().flat_map(|no| lines.remove(no).unwrap_or_default()).collect();
                comparison.add(report, plan, Side { record_nos, lines: there, base }, LISTED);
            }
        }
        Ok(())
    }
}

/// The reports that an entry may be of. One with a reference of ours is of its own report and no other.
fn likenesses(
    walked: &Walked,
    candidates: &Candidates,
    families: &HashMap<String, usize>,
    base: Option<Currency>,
) -> Vec<Likeness> {
    match walked.whose {
        Whose::Ours => Vec::new(),
        Whose::Foreign => candidates.like(&walked.booked(base)),
        Whose::OtherInstallation => {
            let family = walked.entry.reference.get(..16).unwrap_or_default();
            let own = families.get(family).map(|candidate| Likeness {
                candidate: *candidate,
                score: OWN_REFERENCE,
                evidence: Vec::new(),
                same_total: true,
            });
            own.into_iter().collect()
        }
    }
}

fn strength(one: &Match) -> (bool, i64) {
    (one.same_total, one.score)
}

fn keep_strongest(known: &mut Vec<Match>, one: Match) {
    known.push(one);
    known.sort_by_key(|known| std::cmp::Reverse(strength(known)));
    known.truncate(KEPT);
}

/// Gives each entry to the report that it looks like most, and to no other. A report takes all entries that have an
/// amount of its own, else the one that speaks most for itself.
fn assign(mut matches: Vec<Match>) -> HashMap<usize, Vec<String>> {
    matches.sort_by(|one, other| {
        let by_strength = strength(other).cmp(&strength(one));
        by_strength.then(one.candidate.cmp(&other.candidate)).then(one.record_no.cmp(&other.record_no))
    });
    let mut taken = HashSet::new();
    let mut entries_of: HashMap<usize, Vec<String>> = HashMap::new();
    for one in matches {
        let own = entries_of.get(&one.candidate);
        if own.is_some() && !one.same_total || taken.contains(&one.record_no) {
            continue;
        }
        taken.insert(one.record_no.clone());
        entries_of.entry(one.candidate).or_default().push(one.record_no);
    }
    entries_of
}

/// The days of the ledger around the reports.
fn period(candidates: &Candidates, today: Date) -> (Date, Date) {
    let dates = || candidates.all().iter().flat_map(|candidate| candidate.dates.iter().copied());
    let first = dates().min().unwrap_or(today);
    let last = dates().max().unwrap_or(today);
    let from = first.checked_sub(AROUND_DAYS.days()).unwrap_or(first);
    (from, last.checked_add(AROUND_DAYS.days()).unwrap_or(last))
}
