//! The hand-over check: before a flow's first post the ledger is read for entries that look like the reports about to
//! be posted, booked by hand, by another connector, or by another installation of this one. The largest danger of
//! posting twice is the day of the switch. It finds and keeps; what is posted is decided where entries are admitted.

use std::collections::HashMap;

use accounting::{Code, Currency, Date, Problem};
use jiff::ToSpan;
use serde_json::{Value, json};

use super::likeness::{Candidate, Candidates, Likeness};
use super::summary::Summary;
use super::walk::{Walk, Walked, Whose};
use super::{ACTOR, Work, WorkError};
use crate::flow::{HandOver as HandOverRule, Mode};
use crate::store::{AuditEvent, GateShut, HandOver, InboxReport, InboxState, LookAlike};
use crate::systems::{Destination, Fault};

/// Days before the cut-over from which on the ledger is read.
const BEFORE_DAYS: i32 = 60;
/// Days around the reports of a later check.
const AROUND_DAYS: i32 = 5;
/// Days after the first check in which reports that come late are looked for as well.
const AFTER_DAYS: i32 = 7;
/// Look-alikes that are kept of one report; more only say that it is not told from others.
const KEPT: usize = 20;
/// References of another installation that are named.
const NAMED: usize = 20;

/// How a flow stands to its hand-over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// No check is asked for, or the flow has been posting since before there was one.
    Free,
    /// The ledger has not been read yet.
    Unchecked,
    /// The ledger was read.
    Checked {
        /// Nothing was found, or a person has confirmed.
        passed: bool,
        /// What was read by then is covered.
        checked_ms: i64,
        /// Reports approved by this day are looked for even when they come later.
        through: String,
    },
}

impl Standing {
    /// Whether the ledger was read for a report that first came at a time and was approved on a day.
    pub fn covers(&self, first_seen_ms: i64, approved_on: Option<&str>) -> bool {
        match self {
            Self::Free => true,
            Self::Unchecked => false,
            Self::Checked { checked_ms, through, .. } => {
                first_seen_ms <= *checked_ms || approved_on.is_none_or(|day| day > through.as_str())
            }
        }
    }
}

/// What a check found, in figures.
#[derive(Debug, Default)]
struct Tally {
    others: u64,
    named: Vec<String>,
    of_report: HashMap<usize, usize>,
    found: u64,
}

impl<S: Sync, D: Destination> Work<'_, S, D> {
    /// How the flow stands to its hand-over.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn hand_over_standing(&self) -> Result<Standing, WorkError> {
        if self.flow.control.hand_over == HandOverRule::Off {
            return Ok(Standing::Free);
        }
        let checks = self.customer.hand_overs(&self.flow_id).await?;
        if let Some(check) = checks.iter().find(|check| self.is_of_this(check)) {
            let through = check.result["through"].as_str().unwrap_or_default().to_owned();
            return Ok(Standing::Checked { passed: check.passed, checked_ms: check.checked_ms, through });
        }
        let posting = checks.is_empty() && self.customer.count_posted(self.company(), &self.flow_id, 1).await? > 0;
        Ok(if posting { Standing::Free } else { Standing::Unchecked })
    }

    /// Checks what is ready and was not looked for yet. Where the ledger cannot be read, it waits and says why.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn hand_over(&self, summary: &mut Summary) -> Result<(), WorkError> {
        if self.flow.mode != Mode::Post {
            return Ok(());
        }
        let due = match self.hand_over_standing().await? {
            Standing::Free => false,
            Standing::Unchecked => {
                !self.customer.reports_in(&self.flow_id, &[InboxState::Ready], None, 1).await?.is_empty()
            }
            Standing::Checked { checked_ms, through, .. } => {
                self.customer.any_uncovered(&self.flow_id, checked_ms, &through).await?
            }
        };
        if !due {
            return Ok(());
        }
        match Box::pin(self.check_hand_over(false)).await {
            Ok(_) => Ok(()),
            Err(WorkError::Fault(fault)) => {
                summary.fault(&fault);
                self.wait_for_check(&fault).await
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the ledger and keeps what looks like a report: for all reports that are not posted yet, or, in a flow that
    /// was checked before and unless `all` is asked for, for those that came since. The figures of what was found.
    ///
    /// # Errors
    /// The fault of the ledger: the check then counts for nothing. Those of the store.
    pub async fn check_hand_over(&self, all: bool) -> Result<Value, WorkError> {
        let before = self.customer.hand_overs(&self.flow_id).await?;
        let before = before.into_iter().find(|check| self.is_of_this(check));
        let at_ms = self.clock.now_ms();
        let since_ms = before.as_ref().filter(|_| !all).map(|check| check.checked_ms);
        let candidates = Candidates::new(self.candidates(&ABOUT_TO_BE_POSTED, since_ms).await?);
        let (from, to) = self.period(&candidates, since_ms.is_some());
        let base = self.customer.latest_chart(self.company()).await?.and_then(|stored| stored.chart.base_currency);
        let mut tally = Tally::default();
        let mut walk = Walk::new(from, to);
        while let Some(page) = self.walk(&mut walk, |whose| whose == Whose::Foreign).await? {
            self.look_through(&page, &candidates, base, &mut tally, at_ms).await?;
        }
        let through = before.as_ref().and_then(|check| check.result["through"].as_str().map(str::to_owned));
        let last = self.clock.today().checked_add(AFTER_DAYS.days()).unwrap_or(to).to_string();
        let clear = tally.found == 0 && tally.others == 0;
        let result = json!({
            "from": from.to_string(),
            "to": to.to_string(),
            "through": through.unwrap_or(last),
            "entries_read": walk.read,
            "reports_compared": candidates.all().len(),
            "reports_with_look_alikes": tally.of_report.len(),
            "look_alikes": tally.found,
            "other_installation": tally.others,
            "other_references": tally.named,
        });
        let passed = before.as_ref().map_or(clear, |check| check.passed || (all && clear));
        let check = HandOver {
            company: self.company().to_owned(),
            journals: self.journals(),
            passed,
            checked_ms: at_ms,
            result: result.clone(),
            confirmed_by: None,
            note: None,
            confirmed_ms: None,
        };
        let mut tx = self.customer.begin().await?;
        tx.put_hand_over(&self.flow_id, &check).await?;
        let detail = json!({ "passed": passed, "result": result });
        tx.commit(at_ms, vec![AuditEvent::new(ACTOR, "hand_over.checked", self.flow_id.as_str(), detail)]).await?;
        Ok(result)
    }

    /// Keeps what a page of the ledger holds of look-alikes.
    async fn look_through(
        &self,
        page: &[Walked],
        candidates: &Candidates,
        base: Option<Currency>,
        tally: &mut Tally,
        at_ms: i64,
    ) -> Result<(), WorkError> {
        let mut found = Vec::new();
        for walked in page {
            // One thread does everything: other flows go on meanwhile.
            tokio::task::yield_now().await;
            match walked.whose {
                Whose::Ours => {}
                // The same report has the same family everywhere: it is found by the look before a send, and taken over
                // or told. What a person has to know is that there is another installation.
                Whose::OtherInstallation => {
                    tally.others += 1;
                    if tally.named.len() < NAMED {
                        tally.named.push(walked.entry.reference.clone());
                    }
                }
                Whose::Foreign => {
                    for likeness in candidates.like(&walked.booked(base)) {
                        let of_report = tally.of_report.entry(likeness.candidate).or_default();
                        if *of_report < KEPT {
                            *of_report += 1;
                            tally.found += 1;
                            found.push(self.look_alike(walked, &likeness, candidates, base, at_ms));
                        }
                    }
                }
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        let mut tx = self.customer.begin().await?;
        for look_alike in &found {
            tx.put_look_alike(look_alike).await?;
        }
        let events = found.iter().map(|found| {
            let detail = json!({ "entry": found.record_no, "score": found.score, "evidence": found.evidence });
            AuditEvent::new(ACTOR, "look_alike.found", found.report_id.as_str(), detail)
        });
        tx.commit(at_ms, events.collect()).await?;
        Ok(())
    }

    fn look_alike(
        &self,
        walked: &Walked,
        likeness: &Likeness,
        candidates: &Candidates,
        base: Option<Currency>,
        at_ms: i64,
    ) -> LookAlike {
        LookAlike {
            flow: self.flow_id.clone(),
            report_id: candidates.all()[likeness.candidate].report_id.clone(),
            company: self.company().to_owned(),
            record_no: walked.entry.record_no.clone(),
            score: likeness.score,
            evidence: likeness.evidence.iter().map(|sign| (*sign).to_owned()).collect(),
            entry: walked.shown(base),
            found_ms: at_ms,
            answer: None,
            answered_by: None,
            note: None,
            answered_ms: None,
        }
    }

    /// The reports in `states` that first came after `since_ms`, as they are compared with the ledger's entries.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn candidates(
        &self,
        states: &[InboxState],
        since_ms: Option<i64>,
    ) -> Result<Vec<Candidate>, WorkError> {
        let mut all = Vec::new();
        let mut places = HashMap::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.customer.reports_in(&self.flow_id, states, after.as_deref(), 500).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.report_id.clone());
            let late =
                page.into_iter().filter(|report| since_ms.is_none_or(|since_ms| report.first_seen_ms > since_ms));
            for candidate in late.filter_map(candidate) {
                places.insert(candidate.report_id.clone(), all.len());
                all.push(candidate);
            }
        }
        let mut after = None;
        loop {
            let page = self.customer.postings_in(self.company(), &["frozen"], after.as_ref(), 500).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = Some(last.reference.clone());
            for posting in page.into_iter().filter(|posting| posting.flow == self.flow_id) {
                if let Some(candidate) = places.get(&posting.key.report).and_then(|place: &usize| all.get_mut(*place)) {
                    candidate.totals_minor.push(posting.total.minor);
                    candidate.dates.push(posting.posting_date);
                }
            }
        }
    }

    /// The days of the ledger that are read: for a later check only those around its reports.
    fn period(&self, candidates: &Candidates, later: bool) -> (Date, Date) {
        let today = self.clock.today();
        let dates = || candidates.all().iter().flat_map(|candidate| candidate.dates.iter().copied());
        let back = |day: Date, days: i32| day.checked_sub(days.days()).unwrap_or(day);
        let on = |day: Date, days: i32| day.checked_add(days.days()).unwrap_or(day);
        let whole = back(self.flow.mapping.selection.cut_over, BEFORE_DAYS);
        let from = dates().min().filter(|_| later).map_or(whole, |first| back(first, AROUND_DAYS));
        (from, on(dates().max().unwrap_or(today).max(today), AROUND_DAYS))
    }

    /// Nothing goes out while the ledger could not be read, and each report says so.
    async fn wait_for_check(&self, fault: &Fault) -> Result<(), WorkError> {
        let detail = format!("the ledger could not be read for what was booked already: {}", fault.detail);
        let problem = Problem::of_report(Code::HandOverUnconfirmed, "", detail);
        let mut after: Option<String> = None;
        loop {
            let page = self.customer.reports_in(&self.flow_id, &[InboxState::Ready], after.as_deref(), 200).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.report_id.clone());
            let untold: Vec<&InboxReport> =
                page.iter().filter(|report| report.problems.first() != Some(&problem)).collect();
            if untold.is_empty() {
                continue;
            }
            let at_ms = self.clock.now_ms();
            let mut tx = self.customer.begin().await?;
            for report in &untold {
                let currency = report.currency.as_deref().unwrap_or_default();
                let total_minor = report.amount_minor.unwrap_or_default();
                let shut =
                    GateShut { report_id: &report.report_id, problem: &problem, entries: 1, currency, total_minor };
                tx.shut_gate(&self.flow_id, &shut, at_ms).await?;
            }
            let events = untold.iter().map(|report| {
                let detail = json!({ "gate": problem.code.to_string(), "detail": problem.detail });
                AuditEvent::new(ACTOR, "report.waits", report.report_id.as_str(), detail)
            });
            tx.commit(at_ms, events.collect()).await?;
        }
    }

    fn is_of_this(&self, check: &HandOver) -> bool {
        check.company == self.company() && check.journals == self.journals()
    }

    fn company(&self) -> &str {
        self.destination.company()
    }

    /// The journals that the flow posts to, each once, with commas between.
    fn journals(&self) -> String {
        let mut journals: Vec<&str> = self.flow.mapping.posting.journal.values().map(String::as_str).collect();
        journals.sort_unstable();
        journals.dedup();
        journals.join(",")
    }
}

/// States of reports that may be posted one day.
const ABOUT_TO_BE_POSTED: [InboxState; 4] =
    [InboxState::Seen, InboxState::Held, InboxState::Ready, InboxState::Rejected];

fn candidate(report: InboxReport) -> Option<Candidate> {
    let currency = report.currency?;
    let totals = [report.total_minor, report.amount_minor];
    Some(Candidate {
        report_id: report.report_id,
        number: report.number,
        name: report.name,
        employee: report.employee,
        currency,
        totals_minor: totals.into_iter().flatten().collect(),
        dates: report.approved_on.into_iter().collect(),
    })
}
