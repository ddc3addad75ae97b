//! One pass over a flow in the service: whatever is due of reading, translating, posting, settling and looking after.
//! It looks at the stored state, acts, and is safe to repeat and safe to kill at any point; it never waits for time to
//! pass. An idle flow asks its source once and its ledger nothing.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use accounting::Date;
use jiff::ToSpan;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::granting::Grant;
use super::lane::Lane;
use super::poll::Waiting;
use super::summary::Summary;
use super::{Work, WorkError};
use crate::flow::Mode;
use crate::store::{StoreError, Wanted, WantedKind};
use crate::systems::{Destination, Source};

/// Days before the cursor that each poll reads again: what was approved late, or reached the vendor's search late.
const OVERLAP_DAYS: i32 = 3;
/// Days that a sweep reads again at least.
const SWEEP_DAYS: i32 = 45;
/// Name of the cursor that says through which day the source was read as a whole.
pub const POLL_CURSOR: &str = "poll";
/// How soon to try again where another worker has the company's lane: the lane of one that died is taken over within
/// two seconds of the end of its lease.
const BUSY_MS: i64 = 1_000;

/// What a pass is to do beside what its state asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Duties {
    /// Read the source from the cursor on.
    pub poll: bool,
    /// Read the last weeks of the source again.
    pub sweep: bool,
    /// Read the destination's chart.
    pub refresh: bool,
    /// Tie out.
    pub reconcile: bool,
    /// Something else needs the ledger: a wish of a person's.
    pub ledger: bool,
}

/// What came of a pass.
#[derive(Debug, Default)]
pub struct Passed {
    /// What it did.
    pub summary: Summary,
    /// The source was read as a whole.
    pub polled: bool,
    /// The chart was read.
    pub refreshed: bool,
    /// The sweep, and what follows it, is done.
    pub swept: bool,
    /// The tie-out is done.
    pub reconciled: bool,
    /// The ledger was looked at: figures of the flow may have changed.
    pub worked: bool,
    /// Last day of the closed books, where the chart was looked at.
    pub books: Option<Option<Date>>,
    /// Another worker has the company's lane: what needs the ledger was left.
    pub busy: bool,
    /// When there is more to do, in epoch milliseconds, apart from the schedules.
    pub next_ms: Option<i64>,
}

impl Passed {
    fn wait_until(&mut self, at_ms: i64) {
        self.next_ms = Some(self.next_ms.map_or(at_ms, |known_ms| known_ms.min(at_ms)));
    }
}

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// One pass, with what was `asked` for.
    ///
    /// # Errors
    /// What kept the pass from doing its work at all. Faults that ended a part of it are in the summary.
    pub async fn pass(&self, duties: Duties, asked: &[Wanted]) -> Result<Passed, WorkError> {
        let (to_translate, waiting) = channel(1);
        let reading = self.read_due(duties, asked, to_translate);
        let working = Box::pin(self.work_through(duties, asked, waiting));
        let (read, worked) = tokio::join!(reading, working);
        let (summary, whole) = read?;
        let mut passed = worked?;
        passed.summary.add(summary);
        passed.polled = whole && (duties.poll || duties.sweep);
        passed.swept &= whole;
        if !passed.busy {
            self.answer_all(asked, passed.summary.faults > 0, &passed.summary.to_json()).await?;
        }
        Ok(passed)
    }

    /// Reads what the duties asks for into the inbox, and moves the cursor where all of it was there.
    async fn read_due(
        &self,
        duties: Duties,
        asked: &[Wanted],
        to: Sender<Vec<Waiting>>,
    ) -> Result<(Summary, bool), WorkError> {
        let mut summary = Summary::default();
        for wanted in asked.iter().filter(|wanted| wanted.kind == WantedKind::Backfill) {
            let (from, until) = self.keep_backfill(wanted).await?;
            self.poll_period(from, until, &to, &mut summary).await?;
        }
        if !duties.poll && !duties.sweep {
            return Ok((summary, false));
        }
        let today = self.clock.today();
        let from = self.read_from(duties.sweep, today).await?;
        let began_ms = self.clock.now_ms();
        let mut whole = self.poll_period(from, today, &to, &mut summary).await?;
        if duties.sweep && whole {
            whole = self.watch(began_ms, &to, &mut summary).await?;
        }
        if whole {
            let mut tx = self.customer.begin().await?;
            let at_ms = self.clock.now_ms();
            tx.put_cursor(&self.flow_id, POLL_CURSOR, &today.to_string(), at_ms).await?;
            tx.commit_untraced(at_ms).await?;
        }
        Ok((summary, whole))
    }

    /// The first day to read: everything since the cut-over, until that was done once.
    async fn read_from(&self, sweep: bool, today: Date) -> Result<Date, WorkError> {
        let cut_over = self.flow.mapping.selection.cut_over;
        let cursor = self.customer.cursor(&self.flow_id, POLL_CURSOR).await?;
        let Some(read_to) = cursor.and_then(|day| day.parse::<Date>().ok()) else { return Ok(cut_over) };
        let back = |day: Date, days: i32| day.checked_sub(days.days()).unwrap_or(cut_over);
        let by_cursor = back(read_to, OVERLAP_DAYS);
        let from = if sweep { by_cursor.min(back(today, self.sweep_days())) } else { by_cursor };
        Ok(from.max(cut_over).min(today))
    }

    /// Days that a sweep reads again: at least those that posted reports are watched for.
    fn sweep_days(&self) -> i32 {
        i32::from(self.flow.control.watch_days).max(SWEEP_DAYS)
    }

    /// Everything that needs the ledger, where anything does.
    async fn work_through(
        &self,
        duties: Duties,
        asked: &[Wanted],
        mut waiting: Receiver<Vec<Waiting>>,
    ) -> Result<Passed, WorkError> {
        let mut passed = Passed::default();
        let due = duties.refresh || duties.reconcile || duties.sweep || duties.ledger;
        let needed = due || self.has_work_left().await?;
        let first = if needed { None } else { next_batch(&mut waiting).await };
        if !needed && first.is_none() {
            return Ok(passed);
        }
        let lane = match self.claim().await {
            Ok(lane) => lane,
            Err(WorkError::LaneBusy { .. }) => {
                // What was read waits in the inbox.
                while next_batch(&mut waiting).await.is_some() {}
                passed.busy = true;
                passed.wait_until(self.clock.now_ms().saturating_add(BUSY_MS));
                return Ok(passed);
            }
            Err(error) => return Err(error),
        };
        passed.worked = true;
        let begun = Begun { duties, asked, first, waiting };
        let working = self.with_ledger(&lane, begun, &mut passed);
        let result = self.keeping(&lane, working).await;
        self.customer.store().release_lane(lane.into_lease()).await?;
        result.map(|()| passed)
    }

    async fn with_ledger(&self, lane: &Lane, begun: Begun<'_>, passed: &mut Passed) -> Result<(), WorkError> {
        let Begun { duties, asked, first, waiting } = begun;
        let posts = self.flow.mode == Mode::Post;
        if posts {
            Box::pin(self.recover(lane)).await?;
            self.check_clock().await?;
        }
        let chart_ms = i64::from(self.flow.schedule.chart_max_age_hours) * 3_600_000;
        let (chart, read) = self.chart_within(if duties.refresh { 0 } else { chart_ms }).await?;
        passed.refreshed = read;
        passed.books = Some(chart.chart.closed_through);
        Box::pin(self.watch_references(&chart)).await?;
        let (to_post, groups) = channel(1);
        let translating = async {
            // Dropped at the end, so that the last stage knows that nothing more comes.
            let to_post = to_post;
            Box::pin(self.translate(posts.then_some(lane), &chart, first, waiting, &to_post)).await
        };
        let posting = async { if posts { Box::pin(self.post(lane, groups)).await } else { Ok(drained(groups).await) } };
        let (translated, posted) = tokio::join!(translating, posting);
        translated?;
        passed.summary.add(posted?);
        Box::pin(self.retranslate(posts.then_some(lane), &chart)).await?;
        Box::pin(self.grant_all(&Grant { lane, chart: &chart }, asked)).await?;
        if posts {
            Box::pin(self.hand_over(&mut passed.summary)).await?;
            Box::pin(self.confirm_leaving(&mut passed.summary)).await?;
            let mut pending = Box::pin(self.settle(lane, false, &mut passed.summary)).await?;
            if Box::pin(self.decisions(lane, &chart, &mut passed.summary)).await? {
                pending = Box::pin(self.settle(lane, false, &mut passed.summary)).await?;
            }
            if let Some(next_ms) = pending {
                passed.wait_until(next_ms);
            }
            if let Some(opens_ms) = self.gate_opens_ms().await? {
                passed.wait_until(opens_ms);
            }
            if self.has_decisions().await? {
                passed.wait_until(self.clock.now_ms().saturating_add(self.rules.look_gap_ms));
            }
            Box::pin(self.open_cases(&chart)).await?;
        }
        if self.count_stored_uses().await? {
            passed.wait_until(self.clock.now_ms());
        }
        passed.swept = duties.sweep;
        if duties.reconcile {
            let (from, to) = self.reconciled_period();
            let found = Box::pin(self.reconcile(&chart, from, to)).await?;
            passed.reconciled = found.problems.is_empty();
            found.problems.into_iter().for_each(|problem| passed.summary.add(Summary::failed(problem)));
        }
        Ok(())
    }

    /// Reads again, at the source, what may leave now and was not shown lately: what was approved must still be so.
    async fn confirm_leaving(&self, summary: &mut Summary) -> Result<(), WorkError> {
        let mut stale = Vec::new();
        let mut after = None;
        loop {
            let reports = self.left_over(&mut after, 0).await?;
            let old: Vec<_> = reports.into_iter().filter(|report| report.shown_ms < self.shown_since_ms).collect();
            // What waits at a gate need not be asked for again and again.
            let may_leave = Box::pin(self.may_leave(&old)).await?;
            stale.extend(old.into_iter().zip(may_leave).filter(|(_, may)| *may).map(|(report, _)| report.report_id));
            if after.is_none() {
                break;
            }
        }
        self.reread(&stale, summary).await
    }

    /// Keeps the lane's lease while the work goes on. A lane that was lost lets nothing more be sent; what is under way
    /// ends, and is kept as an observation.
    pub async fn keeping<T>(&self, lane: &Lane, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            never = self.keep_lane(lane) => match never {},
        }
    }

    async fn keep_lane(&self, lane: &Lane) -> Infallible {
        let lease_ms = self.lease_ms();
        let third = Duration::from_millis(u64::try_from(lease_ms / 3).unwrap_or(1_000).max(100));
        loop {
            tokio::time::sleep(third).await;
            let kept = lane.keep(self.customer.store(), self.clock.now_ms(), lease_ms).await;
            if let Err(StoreError::FenceLost { .. }) = kept {
                lane.stop();
            }
        }
    }

    /// Whether something of this flow waits to be sent or settled.
    async fn has_work_left(&self) -> Result<bool, WorkError> {
        let company = self.destination.company();
        let open = self.customer.has_open_postings(company, &self.flow_id).await?;
        let open = open || self.has_decisions().await?;
        Ok(open || self.waits_for_translation().await? || self.references_moved().await?)
    }
}

/// What a pass has found out before it needs the ledger.
struct Begun<'a> {
    duties: Duties,
    asked: &'a [Wanted],
    first: Option<Vec<Waiting>>,
    waiting: Receiver<Vec<Waiting>>,
}

/// A batch that holds something.
async fn next_batch(waiting: &mut Receiver<Vec<Waiting>>) -> Option<Vec<Waiting>> {
    loop {
        let batch = waiting.recv().await?;
        if !batch.is_empty() {
            return Some(batch);
        }
    }
}

/// Takes what nobody posts.
async fn drained<T>(mut from: Receiver<T>) -> Summary {
    while from.recv().await.is_some() {}
    Summary::default()
}
