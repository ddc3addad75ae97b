//! Corrects what stands in the ledger: takes entries back and posts the new content after that, or posts one entry of
//! the net difference. Each is frozen, looked for, sent and recorded like any entry; before the first of them the ledger
//! is read, so that nothing is corrected that is not there as it was posted.

use accounting::FundSource;
use accounting::drift::{difference_entries, reversal_entry};
use accounting::identity::{Kind, PostingKey, Scope};
use accounting::posting::{Event, State};
use accounting::translate::{PlannedEntry, SkippedExpense};
use serde_json::{Value, json};
use tokio::sync::mpsc::channel;

use super::decide::{Progress, posted_change};
use super::entry::{Entry, change, entry, moved};
use super::lane::Lane;
use super::open_cases::live;
use super::refresh::ChartInUse;
use super::summary::Summary;
use super::{ACTOR, Work, WorkError};
use crate::store::{AuditEvent, Case, CaseState, InboxReport, InboxState, ReportChange, StoredPosting};
use crate::systems::{Destination, Source, Wanted};

const REVERSED: &str = "reversed";

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// Takes back what stands of a report, then lets the report go its way as it is now: posted anew, or left out.
    pub(super) async fn take_back(
        &self,
        lane: &Lane,
        chart: &ChartInUse,
        case: &Case,
        report: &InboxReport,
        repost: bool,
        summary: &mut Summary,
    ) -> Result<Progress, WorkError> {
        if stage(case) != REVERSED {
            let postings = self.customer.postings_of(&self.flow_id, &report.report_id).await?;
            let live = live(&postings);
            if stage(case).is_empty() {
                if live.is_empty() || !self.is_current(case, report, &live) {
                    return Ok(Progress::Superseded("the report changed once more"));
                }
                if let Some(why) = self.freeze_reversals(chart, case, report, &live, repost).await? {
                    return Ok(Progress::NotPossible(why));
                }
            }
            Box::pin(self.post_corrections(lane, &report.report_id, summary)).await?;
            if !self.reversed(lane, case, report).await? {
                return Ok(Progress::Waiting);
            }
        }
        Box::pin(self.after_reversal(lane, chart, report, summary)).await
    }

    /// Freezes what takes each of these entries back; why not, where it is not possible.
    async fn freeze_reversals(
        &self,
        chart: &ChartInUse,
        case: &Case,
        report: &InboxReport,
        live: &[StoredPosting],
        repost: bool,
    ) -> Result<Option<String>, WorkError> {
        if repost {
            let drifted = self.drifted(chart, report, live).await?;
            if !drifted.can_repost {
                let problems = drifted.problems.iter().map(|problem| format!("{}: {}", problem.code, problem.detail));
                let problems = problems.collect::<Vec<_>>().join("; ");
                return Ok(Some(format!("the new content cannot be posted: {problems}")));
            }
        }
        if let Some(why) = self.unlike_ledger(live, true).await? {
            return Ok(Some(why));
        }
        let mut planned = Vec::with_capacity(live.len());
        for posting in live {
            let Some(key) = posting.key.reversal() else { continue };
            let Ok(reference) = key.reference() else { return Ok(Some("no reference is left".to_owned())) };
            let lines = self.frozen_lines(posting).await?;
            let label = format!("Reversal of {}", posting.reference);
            let place = (posting.journal.clone(), posting.posting_date);
            let correction = self.correction(chart, report, label, place, reference.as_str());
            let entry = match reversal_entry(&lines, &correction) {
                Ok(entry) => entry,
                Err(error) => return Ok(Some(format!("{}: {error}", posting.reference))),
            };
            let amount = accounting::Amount::new(posting.amount.minor.saturating_neg(), posting.amount.currency);
            planned.push((PlannedEntry { key, reference, entry, amount }, posting.content_hash));
        }
        self.freeze_corrections(chart, case, &planned, "reversing").await
    }

    /// Marks the entries as taken back once the ledger shows what took them back. Whether it does.
    async fn reversed(&self, lane: &Lane, case: &Case, report: &InboxReport) -> Result<bool, WorkError> {
        let postings = self.customer.postings_of(&self.flow_id, &report.report_id).await?;
        let mut taken: Vec<(Entry, String)> = Vec::new();
        let mut proofs = Vec::new();
        for posting in live(&postings) {
            let key = posting.key.reversal();
            let Some(reversal) = postings.iter().find(|other| Some(&other.key) == key.as_ref()) else { continue };
            let State::Posted { record_no, .. } = &reversal.machine.state else { return Ok(false) };
            let mut back = entry(posting, bytes::Bytes::new());
            back.machine = moved(&back, Event::Reversed { by: record_no.clone() }, self)?;
            taken.push((back, reversal.reference.to_string()));
            proofs.push(reversal.clone());
        }
        if taken.is_empty() || self.unlike_ledger(&proofs, false).await?.is_some() {
            return Ok(false);
        }
        let at_ms = self.clock.now_ms();
        let lease = lane.lease().await;
        let mut tx = self.customer.begin().await?;
        let changes: Vec<_> = taken.iter().map(|(back, _)| change(back)).collect();
        tx.save_postings(&lease, self.destination.company(), &changes, at_ms).await?;
        tx.keep_reports(&self.flow_id, &[(report.report_id.as_str(), InboxState::Seen)], at_ms).await?;
        let references: Vec<&str> = taken.iter().map(|(_, by)| by.as_str()).collect();
        let current = self.customer.case(&case.id).await?;
        let outcome = json!({ "stage": REVERSED, "references": references });
        tx.move_case(&current, CaseState::Decided, &outcome, at_ms).await?;
        let events = taken.iter().map(|(back, by)| {
            let detail = json!({ "by": by, "case": case.id.as_str(), "record_no": back.machine.state.record_no() });
            AuditEvent::new(ACTOR, "posting.reversed", back.reference.as_str(), detail)
        });
        tx.commit(at_ms, events.collect()).await?;
        Ok(true)
    }

    /// Reads the report once more and lets it go its way.
    async fn after_reversal(
        &self,
        lane: &Lane,
        chart: &ChartInUse,
        report: &InboxReport,
        summary: &mut Summary,
    ) -> Result<Progress, WorkError> {
        let id = &report.report_id;
        let now = self.customer.report(&self.flow_id, id).await?;
        if now.is_some_and(|now| matches!(now.state, InboxState::Seen | InboxState::Drift)) {
            let asked_ms = self.clock.now_ms();
            let (to_translate, waiting) = channel(1);
            let (to_post, groups) = channel(1);
            let mut reading = Summary::default();
            let (read, translated, posted) = tokio::join!(
                Box::pin(async {
                    let to_translate = to_translate;
                    self.read(&Wanted::Reports(vec![id.clone()]), &to_translate, &mut reading).await
                }),
                Box::pin(async {
                    let to_post = to_post;
                    self.translate(Some(lane), chart, None, waiting, &to_post).await
                }),
                Box::pin(self.post(lane, groups)),
            );
            translated?;
            summary.add(posted?);
            summary.add(reading);
            if read? == super::poll::Ended::Broken {
                return Ok(Progress::Waiting);
            }
            self.leave_out_vanished(id, asked_ms).await?;
        }
        let Some(now) = self.customer.report(&self.flow_id, id).await? else { return Ok(Progress::Waiting) };
        Ok(match now.state {
            InboxState::Posted => Progress::Done(json!({ "stage": "reposted", "report": "posted" })),
            InboxState::Held | InboxState::Skipped => {
                let codes: Vec<String> = now.problems.iter().map(|problem| problem.code.to_string()).collect();
                Progress::Done(json!({ "stage": REVERSED, "report": now.state.name(), "problems": codes }))
            }
            _ => Progress::Waiting,
        })
    }

    /// A report that is gone at its source, and of which nothing stands any more, is left out.
    async fn leave_out_vanished(&self, id: &str, asked_ms: i64) -> Result<(), WorkError> {
        let Some(report) = self.customer.report(&self.flow_id, id).await? else { return Ok(()) };
        if report.state != InboxState::Seen || report.seen_ms >= asked_ms {
            return Ok(());
        }
        let reason = "the report is gone at its source, and its entry was taken back".to_owned();
        let left_out =
            [SkippedExpense { expense: String::new(), fund_source: FundSource::Other, amount: None, reason }];
        let change = ReportChange {
            state: InboxState::Skipped,
            skipped: &left_out,
            skipped_minor: None,
            ..posted_change(&report, 0)
        };
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await?;
        tx.set_report_states(&self.flow_id, &[change], at_ms).await?;
        let detail = json!({ "expenses": left_out.iter().map(|it| &it.reason).collect::<Vec<_>>() });
        tx.commit(at_ms, vec![AuditEvent::new(ACTOR, "report.skipped", id, detail)]).await?;
        Ok(())
    }

    /// Posts the net difference between what stands and what the new content makes.
    pub(super) async fn post_difference(
        &self,
        lane: &Lane,
        chart: &ChartInUse,
        case: &Case,
        report: &InboxReport,
        summary: &mut Summary,
    ) -> Result<Progress, WorkError> {
        if stage(case).is_empty() {
            let postings = self.customer.postings_of(&self.flow_id, &report.report_id).await?;
            let live = live(&postings);
            if live.is_empty() || !self.is_current(case, report, &live) {
                return Ok(Progress::Superseded("the report changed once more"));
            }
            if let Some(why) = self.freeze_difference(chart, case, report, &live).await? {
                return Ok(Progress::NotPossible(why));
            }
        }
        Box::pin(self.post_corrections(lane, &report.report_id, summary)).await?;
        let case = self.customer.case(&case.id).await?;
        let named = references(&case);
        let postings = self.customer.postings_of(&self.flow_id, &report.report_id).await?;
        let made: Vec<StoredPosting> = postings
            .iter()
            .filter(|posting| named.iter().any(|name| posting.reference.as_str() == name))
            .cloned()
            .collect();
        let stands = made.iter().all(|posting| matches!(posting.machine.state, State::Posted { .. }));
        if !stands || made.is_empty() || self.unlike_ledger(&made, false).await?.is_some() {
            return Ok(Progress::Waiting);
        }
        let outcome = json!({ "stage": "difference_posted", "references": named });
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await?;
        // Content that changed once more is a drift of its own.
        if made.iter().all(|posting| posting.content_hash == report.content_hash) {
            let amount = live(&postings).iter().map(|it| it.amount.minor).fold(0, i64::saturating_add);
            tx.set_report_states(&self.flow_id, &[posted_change(report, amount)], at_ms).await?;
        }
        let detail = json!({ "case": case.id.as_str(), "references": named });
        let event = AuditEvent::new(ACTOR, "report.corrected", report.report_id.as_str(), detail);
        self.end(tx, &case, outcome, vec![event], at_ms).await
    }

    async fn freeze_difference(
        &self,
        chart: &ChartInUse,
        case: &Case,
        report: &InboxReport,
        live: &[StoredPosting],
    ) -> Result<Option<String>, WorkError> {
        let drifted = self.drifted(chart, report, live).await?;
        let (Some(diff), Some(plan)) = (&drifted.diff, &drifted.plan) else {
            return Ok(Some("the new content does not validate against the ledger as it is now".to_owned()));
        };
        if let Some(why) = self.unlike_ledger(live, true).await? {
            return Ok(Some(why));
        }
        let newest = live.iter().map(|posting| posting.key.generation).max().unwrap_or(0);
        let key_of = |scope: Scope| PostingKey {
            company: self.destination.company().to_owned(),
            report: report.report_id.clone(),
            scope,
            kind: Kind::Difference,
            generation: newest.saturating_add(1),
            part: 0,
        };
        // The new content says when and where; where it has nothing of a scope any more, what stands does.
        let place_of = |scope: Scope| {
            let asked = plan.entries.iter().find(|planned| planned.key.scope == scope);
            let asked = asked.map(|planned| planned.entry.header());
            let asked = asked.map(|header| (header.journal.clone(), header.original_date.unwrap_or(header.date)));
            let standing = live.iter().find(|posting| posting.key.scope == scope);
            asked.or_else(|| standing.map(|posting| (posting.journal.clone(), posting.posting_date)))
        };
        let label = format!("Difference of {}", report.number.as_deref().unwrap_or(&report.report_id));
        let correction = |scope: Scope| {
            let reference = key_of(scope).reference().ok()?;
            Some(self.correction(chart, report, label.clone(), place_of(scope)?, reference.as_str()))
        };
        let entries = match difference_entries(diff, correction) {
            Ok(Some(entries)) => entries,
            Ok(None) => return Ok(Some("there is no difference that one entry could make up for".to_owned())),
            Err(error) => return Ok(Some(error.to_string())),
        };
        let planned = entries.into_iter().filter_map(|(scope, (entry, amount))| {
            let key = key_of(scope);
            let reference = key.reference().ok()?;
            Some((PlannedEntry { key, reference, entry, amount }, report.content_hash))
        });
        self.freeze_corrections(chart, case, &planned.collect::<Vec<_>>(), "difference").await
    }
}

fn stage(case: &Case) -> &str {
    case.outcome.as_ref().and_then(|outcome| outcome.get("stage")).and_then(Value::as_str).unwrap_or_default()
}

fn references(case: &Case) -> Vec<String> {
    let named = case.outcome.as_ref().and_then(|outcome| outcome.get("references")).and_then(Value::as_array);
    named.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
