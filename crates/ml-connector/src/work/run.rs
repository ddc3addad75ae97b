//! One run of one flow: recover, read, translate, post, and settle what is in doubt. Safe to repeat and safe to kill at
//! any point.

use std::time::Duration;

use accounting::posting::Event;
use accounting::{Code, Problem};
use serde_json::json;
use tokio::sync::mpsc::{Sender, channel};
use tracing::{Instrument as _, info_span};

use super::entry::{ReportEntries, change, entry, moved};
use super::lane::Lane;
use super::poll::Waiting;
use super::progress::Step;
use super::summary::Summary;
use super::{ACTOR, Work, WorkError, board};
use crate::flow::Mode;
use crate::store::{AuditEvent, PostingChange};
use crate::systems::{Destination, Source};

/// Clocks that differ by more than this make times meaningless.
const SKEW_LIMIT_MS: i64 = 5 * 60 * 1_000;
/// Passes over what is in doubt without a wait; a bound, not a figure anybody should meet.
const PASSES: usize = 20;

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// Runs the flow once. With `wait` it stays until unknown outcomes have settled.
    ///
    /// # Errors
    /// What kept the run from doing its work at all. Faults that ended a part of it are in the summary.
    pub async fn run(&self, wait: bool) -> Result<Summary, WorkError> {
        let (customer, flow, run) = (self.customer.id(), &self.flow_id, &self.run);
        let span = info_span!("run", customer = %customer, flow = %flow, run = %run);
        Box::pin(self.run_once(wait)).instrument(span).await
    }

    async fn run_once(&self, wait: bool) -> Result<Summary, WorkError> {
        if self.flow.mode == Mode::Rehearsal {
            return Box::pin(self.rehearse()).await;
        }
        let lane = self.claim().await?;
        let result = self.keeping(&lane, Box::pin(self.run_in(&lane, wait))).await;
        self.customer.store().release_lane(lane.into_lease()).await?;
        result
    }

    async fn rehearse(&self) -> Result<Summary, WorkError> {
        let (to_translate, waiting) = channel(4);
        let (to_post, _nobody) = channel(1);
        let (polled, translated) = tokio::join!(self.read_all(to_translate), async {
            let chart = self.refresh().await?;
            self.translate(None, &chart, None, waiting, &to_post).await
        });
        translated?;
        polled
    }

    async fn run_in(&self, lane: &Lane, wait: bool) -> Result<Summary, WorkError> {
        Box::pin(self.recover(lane)).await?;
        let (to_translate, waiting) = channel(1);
        let (to_post, groups) = channel(1);
        let (polled, translated, posted) = tokio::join!(
            Box::pin(self.read_all(to_translate)),
            Box::pin(async {
                // Dropped at the end, so that the last stage knows that nothing more comes.
                let to_post = to_post;
                self.check_clock().await?;
                let chart = self.refresh().await?;
                self.translate(Some(lane), &chart, None, waiting, &to_post).await?;
                Ok::<_, WorkError>(chart)
            }),
            Box::pin(self.post(lane, groups)),
        );
        let chart = translated?;
        let mut summary = polled?;
        summary.add(posted?);
        Box::pin(self.hand_over(&mut summary)).await?;
        Box::pin(self.settle(lane, wait, &mut summary)).await?;
        // What a decision sends may have to settle before its next step.
        for _ in 0..PASSES {
            if !Box::pin(self.decisions(lane, &chart, &mut summary)).await? {
                break;
            }
            Box::pin(self.settle(lane, wait, &mut summary)).await?;
        }
        Box::pin(self.open_cases(&chart)).await?;
        // A run ends; what is left is counted in by the next one.
        self.count_stored_uses().await?;
        if summary.faults == 0 {
            board::keep_whole(self.customer, &self.flow_id, chart.chart.closed_through, self.clock).await;
        }
        Ok(summary)
    }

    async fn read_all(&self, to: Sender<Vec<Waiting>>) -> Result<Summary, WorkError> {
        let mut summary = Summary::default();
        let began_ms = self.clock.now_ms();
        self.poll(&to, &mut summary).await?;
        self.confirm(began_ms, &to, &mut summary).await?;
        Ok(summary)
    }

    /// Sends what is frozen, or absent and due, from earlier runs or passes.
    async fn post_left_over(&self, lane: &Lane) -> Result<Summary, WorkError> {
        let (to_post, groups) = channel(2);
        let feed = async {
            let to_post = to_post;
            let mut after = None;
            loop {
                let reports = self.left_over(&mut after, self.shown_since_ms).await?;
                if !reports.is_empty() {
                    let _ = to_post.send(reports).await;
                }
                if after.is_none() {
                    return Ok::<_, WorkError>(());
                }
            }
        };
        let (fed, posted) = tokio::join!(feed, self.post(lane, groups));
        fed?;
        posted
    }

    /// Looks at what is in doubt and sends what may be sent, until nothing is due; with `wait`, until all has settled.
    pub(super) async fn settle(
        &self,
        lane: &Lane,
        wait: bool,
        summary: &mut Summary,
    ) -> Result<Option<i64>, WorkError> {
        let began_ms = self.clock.now_ms();
        let patience_ms = self.rules.settle_ms.saturating_add(self.rules.look_gap_ms.saturating_mul(3));
        let mut passes = 0;
        // What translating released, and what earlier runs left and the source has shown again, goes out in this run.
        let mut released = true;
        loop {
            let pending = match Box::pin(self.resolve(lane)).await {
                Ok(pending) => pending,
                Err(WorkError::Fault(fault)) => {
                    summary.fault(&fault);
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            if (pending.moved || std::mem::take(&mut released)) && passes < PASSES && !lane.is_stopped() {
                passes += 1;
                let posted = Box::pin(self.post_left_over(lane)).await?;
                let any = posted.sent > 0;
                summary.add(posted);
                if any {
                    // What was posted may open a gate for the rest.
                    released = true;
                    continue;
                }
            }
            let now_ms = self.clock.now_ms();
            let Some(next_ms) = pending.next_ms.filter(|_| wait && pending.in_doubt > 0) else {
                return Ok(pending.next_ms);
            };
            if now_ms.saturating_sub(began_ms) > patience_ms {
                return Ok(Some(next_ms));
            }
            lane.rest();
            passes = 0;
            self.progress.tell(Step::Waiting { until_ms: next_ms, unknown: pending.in_doubt });
            let wait_ms = u64::try_from(next_ms.saturating_sub(now_ms)).unwrap_or(0).max(50);
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            self.progress.tell(Step::Going);
        }
    }

    pub(super) async fn claim(&self) -> Result<Lane, WorkError> {
        let store = self.customer.store();
        let lane = format!("intacct:{}", self.destination.company());
        let at_ms = self.clock.now_ms();
        let claimed = store.claim_lane(&lane, self.run.as_str(), at_ms, self.lease_ms()).await?;
        let busy = || WorkError::LaneBusy { company: self.destination.company().to_owned() };
        claimed.map(|lease| Lane::new(lease, &self.ending)).ok_or_else(busy)
    }

    /// What an earlier process left in SENDING has an unknown outcome; what a restored database believes is in doubt,
    /// unless this flow has learned since the restore. When every flow has, the database is trusted again.
    pub(super) async fn recover(&self, lane: &Lane) -> Result<(), WorkError> {
        self.doubt(lane, &["sending"], "posting.unknown", |at_ms| Event::Restarted { at_ms }).await?;
        let store = self.customer.store();
        let Some(restored) = store.restored(self.clock.now_ms()).await? else { return Ok(()) };
        let restored_ms = restored.noticed_ms;
        let recovered_ms = self.customer.flow_times(&self.flow_id).await?.recovered_ms;
        if recovered_ms.is_none_or(|recovered_ms| recovered_ms < restored_ms) {
            let states = ["frozen", "rejected", "unknown", "absent", "held"];
            self.doubt(lane, &states, "posting.restored", |at_ms| Event::Restored { at_ms }).await?;
            let at_ms = self.clock.now_ms();
            let mut tx = self.customer.begin().await?;
            tx.recovered_flow(&self.flow_id, at_ms.max(restored_ms)).await?;
            tx.commit_untraced(at_ms).await?;
        }
        if store.unrecovered_flows(restored_ms).await? == 0 {
            store.trust_restored(self.clock.now_ms()).await?;
        }
        Ok(())
    }

    async fn doubt(
        &self,
        lane: &Lane,
        states: &[&str],
        action: &'static str,
        event: fn(i64) -> Event,
    ) -> Result<(), WorkError> {
        let company = self.destination.company();
        let mut after = None;
        loop {
            let page = self.customer.postings_in(company, states, after.as_ref(), 50).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.reference.clone());
            let at_ms = self.clock.now_ms();
            let lease = lane.lease().await;
            let mut reports = Vec::new();
            for posting in page {
                let flow = posting.flow.clone();
                let report_id = posting.key.report.clone();
                let mut entry = entry(posting, bytes::Bytes::new());
                entry.machine = moved(&entry, event(at_ms), self)?;
                reports.push((flow, ReportEntries { report_id, entries: vec![entry], shown_ms: 0 }));
            }
            let mut tx = self.customer.begin().await?;
            let entries = || reports.iter().flat_map(|(_, report)| &report.entries);
            let left = "an earlier run ended before its outcome was on record";
            let problem = Problem::of_report(Code::OutcomeUnknown, "", left);
            let changes = entries().map(|entry| PostingChange { problem: Some(&problem), ..change(entry) });
            tx.save_postings(&lease, company, &changes.collect::<Vec<_>>(), at_ms).await?;
            for (flow, report) in &reports {
                tx.move_reports(flow, &[(report.report_id.as_str(), report.state())], at_ms).await?;
            }
            let events = entries().map(|entry| {
                let detail = json!({ "state": entry.machine.state.name(), "learned": "at the start of a run" });
                AuditEvent::new(ACTOR, action, entry.reference.as_str(), detail)
            });
            tx.commit(at_ms, events.collect()).await?;
        }
    }

    /// Refuses to post while this machine's clock and the ledger's differ.
    pub(super) async fn check_clock(&self) -> Result<(), WorkError> {
        let Some(there_ms) = self.destination.time_ms().await? else { return Ok(()) };
        let skew_ms = self.clock.now_ms().saturating_sub(there_ms);
        if skew_ms.saturating_abs() <= SKEW_LIMIT_MS {
            return Ok(());
        }
        let detail = format!("this machine's clock differs from Intacct's by {} seconds", skew_ms / 1_000);
        Err(WorkError::Refused { code: Code::ClockSkew, detail })
    }
}
