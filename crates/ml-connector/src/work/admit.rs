//! The gates before the first byte of a posting. Reports come in frozen; those that may leave now come out, and each of
//! the others stays frozen, ready, and shows one problem that names the gate it waits at. The gates stand in this order:
//! those that need a person come before those that time opens.
//!
//! | gate | opens when |
//! |---|---|
//! | 147 kept back | the person who may operate releases the hold |
//! | 146 rejected | somebody lifts the rejection, or other bytes take the place |
//! | 145 looks already booked | a person says that it is another one |
//! | 144 hand-over | the ledger was read and nothing was found, or a person confirms |
//! | 143 approval | enough persons approve these bytes who wrote neither the mapping nor the flow's newest version |
//! | 142 review | one person approves these bytes, or the flow's first postings are in the ledger |
//! | 140 pause | the flow is resumed, the blackout or freeze ends |
//! | 141 ceiling of the day | there is room on another day |
//!
//! Nothing is sent here and no vendor is called.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use accounting::identity::Reference;
use accounting::{Amount, Code, Problem};
use serde_json::json;

use super::entry::ReportEntries;
use super::hand_over::Standing;
use super::lane::Lane;
use super::{ACTOR, Work, WorkError};
use crate::store::{Approval, AuditEvent, EntryFacts, GateShown, GateShut, Hold, Judgement, standing};
use crate::systems::Destination;

/// What holds for the whole flow while entries are admitted, and what was counted.
#[derive(Debug)]
pub struct Admission {
    hand_over: Standing,
    look_alikes: bool,
    rejections: bool,
    holds: bool,
    closed: Option<Problem>,
    ceiling: Option<Amount>,
    sent_minor: i64,
    reviewed: bool,
    newest_author: Option<String>,
    authors: HashMap<u32, Option<String>>,
    any_gate: bool,
}

/// What becomes of a report now.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Go,
    Wait(Problem),
    /// The ledger is read for it later in this run.
    Later,
}

/// What is known of the reports of one group.
struct Known {
    shown: HashMap<String, GateShown>,
    facts: HashMap<String, EntryFacts>,
    approvals: HashMap<Reference, Vec<Approval>>,
    unanswered: HashMap<String, (String, Vec<String>)>,
    holds: BTreeMap<String, Hold>,
}

impl<S: Sync, D: Destination> Work<'_, S, D> {
    /// What holds for the whole flow at this moment.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn admission(&self) -> Result<Admission, WorkError> {
        let control = &self.flow.control;
        let company = self.destination.company();
        let first = u32::from(control.review_first);
        let sent_minor = match control.ceiling_day {
            Some(ceiling) => {
                let sent = self.customer.sent_since(&self.flow_id, self.clock.day_began_ms()).await?;
                sent.get(ceiling.currency.code()).copied().unwrap_or_default()
            }
            None => 0,
        };
        Ok(Admission {
            hand_over: self.hand_over_standing().await?,
            look_alikes: self.customer.count_unanswered(&self.flow_id).await? > 0,
            rejections: self.customer.any_rejection(&self.flow_id).await?,
            holds: self.customer.any_hold(&self.flow_id).await?,
            closed: self.closed().await?,
            ceiling: control.ceiling_day,
            sent_minor,
            reviewed: first == 0 || self.customer.count_posted(company, &self.flow_id, first).await? >= first,
            newest_author: self.customer.flow_author(&self.flow_id, self.flow.mapping.version).await?,
            authors: HashMap::new(),
            any_gate: self.customer.any_gate(&self.flow_id).await?,
        })
    }

    /// Those of the reports that may leave now. Of the others each shows what it waits for; that is kept, and told in
    /// the audit, when it changes.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn admit(
        &self,
        lane: &Lane,
        admission: &mut Admission,
        reports: Vec<ReportEntries>,
    ) -> Result<Vec<ReportEntries>, WorkError> {
        if reports.is_empty() {
            return Ok(reports);
        }
        let reports = Box::pin(self.without_handled(lane, reports)).await?;
        if self.is_open(admission) {
            return Ok(reports);
        }
        let known = self.known(admission, &reports).await?;
        let mut verdicts = Vec::with_capacity(reports.len());
        for report in &reports {
            verdicts.push(self.verdict(admission, report, &known, true).await?);
        }
        self.keep_gates(&reports, &verdicts, &known).await?;
        admission.any_gate |= verdicts.iter().any(|verdict| matches!(verdict, Verdict::Wait(_)));
        Ok(reports.into_iter().zip(verdicts).filter(|(_, v)| *v == Verdict::Go).map(|(report, _)| report).collect())
    }

    /// Whether each of the reports might leave now: what waits need not be read again at its source, and shows its gate.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn may_leave(&self, reports: &[ReportEntries]) -> Result<Vec<bool>, WorkError> {
        if reports.is_empty() {
            return Ok(Vec::new());
        }
        let mut admission = self.admission().await?;
        if self.is_open(&admission) {
            return Ok(vec![true; reports.len()]);
        }
        let known = self.known(&admission, reports).await?;
        let mut verdicts = Vec::with_capacity(reports.len());
        for report in reports {
            let verdict = self.verdict(&mut admission, report, &known, false).await?;
            // A gate opens when the report is admitted, not before.
            verdicts.push(if verdict == Verdict::Go { Verdict::Later } else { verdict });
        }
        self.keep_gates(reports, &verdicts, &known).await?;
        Ok(verdicts.iter().map(|verdict| *verdict == Verdict::Later).collect())
    }

    /// When time alone may open a gate that something waits at (epoch milliseconds).
    ///
    /// # Errors
    /// Those of the store.
    pub async fn gate_opens_ms(&self) -> Result<Option<i64>, WorkError> {
        let waits = async |gate| -> Result<bool, WorkError> {
            Ok(!self.customer.list_waiting(Some(&self.flow_id), Some(gate), None, 1).await?.is_empty())
        };
        let mut opens_ms = Vec::new();
        if waits(Code::CeilingOfDay).await? {
            opens_ms.push(self.clock.day_ends_ms());
        }
        if waits(Code::PostingPaused).await?
            && let Err(closed) = self.flow.schedule.may_post_at(self.clock.now())
        {
            opens_ms.push(closed.until.as_millisecond());
        }
        Ok(opens_ms.into_iter().min())
    }

    /// Nothing is asked of any entry, and none waits.
    fn is_open(&self, admission: &Admission) -> bool {
        let control = &self.flow.control;
        let free = admission.hand_over == Standing::Free
            && !admission.look_alikes
            && !admission.rejections
            && !admission.holds;
        let unasked = !control.two_person && control.approve_above.is_none() && admission.reviewed;
        free && unasked && admission.closed.is_none() && admission.ceiling.is_none() && !admission.any_gate
    }

    /// What closes the whole flow now: a pause, or, in unattended work, its schedule.
    async fn closed(&self) -> Result<Option<Problem>, WorkError> {
        let closed = |detail: String| Ok(Some(Problem::of_report(Code::PostingPaused, "", detail)));
        if self.customer.paused_since_ms(&self.flow_id).await?.is_some() {
            return closed("posting of this flow is paused until somebody resumes it".to_owned());
        }
        match self.flow.schedule.may_post_at(self.clock.now()) {
            Err(shut) if self.unattended => closed(format!("posting is paused until {}", self.clock.local(shut.until))),
            _ => Ok(None),
        }
    }

    async fn known(&self, admission: &Admission, reports: &[ReportEntries]) -> Result<Known, WorkError> {
        let ids: Vec<&str> = reports.iter().map(|report| report.report_id.as_str()).collect();
        let entries = || reports.iter().flat_map(|report| &report.entries);
        let references: Vec<&Reference> = entries().map(|entry| &entry.reference).collect();
        let control = &self.flow.control;
        let asks = admission.rejections || !admission.reviewed || control.two_person || control.approve_above.is_some();
        Ok(Known {
            shown: self.customer.gates_of(&self.flow_id, &ids).await?,
            facts: self.customer.entry_facts(self.destination.company(), &references).await?,
            approvals: if asks { self.customer.approvals_of(&references).await? } else { HashMap::new() },
            unanswered: match admission.look_alikes {
                true => self.customer.unanswered(&self.flow_id, &ids).await?,
                false => HashMap::new(),
            },
            holds: if admission.holds { self.customer.holds(&self.flow_id, &ids).await? } else { BTreeMap::new() },
        })
    }

    /// What becomes of a report. One that goes counts towards the ceiling where `counts`.
    async fn verdict(
        &self,
        admission: &mut Admission,
        report: &ReportEntries,
        known: &Known,
        counts: bool,
    ) -> Result<Verdict, WorkError> {
        let id = report.report_id.as_str();
        if let Some(hold) = known.holds.get(id) {
            let detail = format!("{}: {}", hold.actor, hold.reason);
            return Ok(Verdict::Wait(Problem::of_report(Code::HeldByPerson, "", detail)));
        }
        if let Some(rejected) = rejection(report, known) {
            return Ok(Verdict::Wait(rejected));
        }
        if let Some((record_no, evidence)) = known.unanswered.get(id) {
            let detail = format!("entry {record_no} of the ledger {}", evidence.join(", "));
            return Ok(Verdict::Wait(Problem::of_report(Code::LooksBooked, record_no.clone(), detail)));
        }
        let shown = known.shown.get(id);
        let first_seen_ms = shown.map_or(i64::MAX, |shown| shown.first_seen_ms);
        if !admission.hand_over.covers(first_seen_ms, shown.and_then(|shown| shown.approved_on.as_deref())) {
            return Ok(Verdict::Later);
        }
        if let Standing::Checked { passed: false, .. } = admission.hand_over {
            let detail = "the hand-over check has found entries in the ledger, and nobody has confirmed it yet";
            return Ok(Verdict::Wait(Problem::of_report(Code::HandOverUnconfirmed, "", detail)));
        }
        if let Some(asked) = self.approval_asked(admission, report, known).await? {
            return Ok(Verdict::Wait(asked));
        }
        if let Some(closed) = &admission.closed {
            return Ok(Verdict::Wait(closed.clone()));
        }
        let Some(ceiling) = admission.ceiling else { return Ok(Verdict::Go) };
        match room(ceiling, admission.sent_minor, report, known) {
            Ok(sent_minor) => {
                if counts {
                    admission.sent_minor = sent_minor;
                }
                Ok(Verdict::Go)
            }
            Err(problem) => Ok(Verdict::Wait(problem)),
        }
    }

    /// The approval that an entry of the report still needs.
    async fn approval_asked(
        &self,
        admission: &mut Admission,
        report: &ReportEntries,
        known: &Known,
    ) -> Result<Option<Problem>, WorkError> {
        let control = &self.flow.control;
        let mut review = None;
        for entry in &report.entries {
            let facts = known.facts.get(entry.reference.as_str());
            let above = control.approve_above.is_some_and(|limit| {
                // What cannot be compared with the limit is looked at.
                facts.is_none_or(|facts| facts.currency != limit.currency.code() || facts.total_minor > limit.minor)
            });
            let needed = if control.two_person { 2 } else { usize::from(above) };
            let in_force = known.approvals.get(&entry.reference).map(|all| standing(all, &entry.sha256));
            let approvers: BTreeSet<&str> = in_force.iter().flatten().map(|approval| approval.actor.as_str()).collect();
            if needed > 0 {
                let author = match facts {
                    Some(facts) => self.author(admission, facts.mapping_version).await?,
                    None => None,
                };
                let authors = [author.as_deref(), admission.newest_author.as_deref()];
                let others = approvers.iter().filter(|actor| !authors.contains(&Some(actor))).count();
                if others < needed {
                    let detail = format!("{others} of {needed} approvals are given for entry {}", entry.reference);
                    return Ok(Some(Problem::of_report(Code::ApprovalAwaited, "", detail)));
                }
            }
            if !admission.reviewed && approvers.is_empty() {
                let detail = format!("the first {} postings of the flow are reviewed", control.review_first);
                review.get_or_insert_with(|| Problem::of_report(Code::ReviewAwaited, "", detail));
            }
        }
        Ok(review)
    }

    async fn author(&self, admission: &mut Admission, version: u32) -> Result<Option<String>, WorkError> {
        if let Some(author) = admission.authors.get(&version) {
            return Ok(author.clone());
        }
        let author = self.customer.flow_author(&self.flow_id, version).await?;
        admission.authors.insert(version, author.clone());
        Ok(author)
    }

    /// One commit of the gates that changed.
    async fn keep_gates(
        &self,
        reports: &[ReportEntries],
        verdicts: &[Verdict],
        known: &Known,
    ) -> Result<(), WorkError> {
        let none = GateShown::default();
        let (mut shut, mut open, mut events) = (Vec::new(), Vec::new(), Vec::new());
        for (report, verdict) in reports.iter().zip(verdicts) {
            let id = report.report_id.as_str();
            let shown = known.shown.get(id).unwrap_or(&none);
            match verdict {
                Verdict::Wait(problem) => {
                    let same = shown.gate.as_ref() == Some(&(problem.code, problem.detail.clone()));
                    if same && shown.is_told {
                        continue;
                    }
                    if shown.gate.as_ref().is_none_or(|(code, _)| *code != problem.code) {
                        let detail = json!({ "gate": problem.code.to_string(), "detail": problem.detail });
                        events.push(AuditEvent::new(ACTOR, "report.waits", id, detail));
                    }
                    shut.push((report, problem));
                }
                Verdict::Go if shown.gate.is_some() => {
                    open.push(id);
                    let detail = json!({ "gate": shown.gate.as_ref().map(|(code, _)| code.to_string()) });
                    events.push(AuditEvent::new(ACTOR, "report.admitted", id, detail));
                }
                Verdict::Go | Verdict::Later => {}
            }
        }
        if shut.is_empty() && open.is_empty() {
            return Ok(());
        }
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await?;
        for (report, problem) in shut {
            let facts = || report.entries.iter().filter_map(|entry| known.facts.get(entry.reference.as_str()));
            let gate = GateShut {
                report_id: &report.report_id,
                problem,
                entries: report.entries.len(),
                currency: facts().next().map_or("", |facts| facts.currency.as_str()),
                total_minor: facts().fold(0_i64, |sum, facts| sum.saturating_add(facts.total_minor)),
            };
            tx.shut_gate(&self.flow_id, &gate, at_ms).await?;
        }
        for id in open {
            tx.open_gate(&self.flow_id, id).await?;
        }
        if events.is_empty() {
            // The same gate in other words: nothing was decided.
            tx.commit_untraced(at_ms).await?;
        } else {
            tx.commit(at_ms, events).await?;
        }
        Ok(())
    }
}

/// The rejection that stands against an entry of the report.
fn rejection(report: &ReportEntries, known: &Known) -> Option<Problem> {
    report.entries.iter().find_map(|entry| {
        let in_force = standing(known.approvals.get(&entry.reference)?, &entry.sha256);
        let last = in_force.last().filter(|last| last.decision == Judgement::Reject)?;
        let detail = format!("{}: {}", last.actor, last.note);
        Some(Problem::of_report(Code::PostingRejected, entry.reference.as_str(), detail))
    })
}

/// What would have gone out today with the report, where there is room for it.
fn room(ceiling: Amount, sent_minor: i64, report: &ReportEntries, known: &Known) -> Result<i64, Problem> {
    let refused = |detail: String| Err(Problem::of_report(Code::CeilingOfDay, "", detail));
    // An entry that was sent before is among what is counted already.
    let fresh = report.entries.iter().filter(|entry| entry.machine.attempts == 0);
    let mut total = Some(0_i64);
    for facts in fresh.map(|entry| known.facts.get(entry.reference.as_str())) {
        match facts {
            Some(facts) if facts.currency == ceiling.currency.code() => {
                total = total.and_then(|sum| sum.checked_add(facts.total_minor));
            }
            _ => return refused(format!("its currency cannot be compared with the ceiling of {ceiling} a day")),
        }
    }
    match total.and_then(|total| sent_minor.checked_add(total)) {
        Some(sum) if sum <= ceiling.minor => Ok(sum),
        _ if total.is_some_and(|total| total > ceiling.minor) => {
            refused(format!("it is by itself above the ceiling of {ceiling} a day: raise that to post it"))
        }
        _ => refused(format!("the ceiling of {ceiling} a day leaves no room for it today")),
    }
}
