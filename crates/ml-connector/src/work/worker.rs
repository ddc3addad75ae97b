//! The worker: takes flows that are due, makes a pass over each, and gives them back with the time at which they are due
//! next. Any number of workers on any number of hosts share one database; in one process many flows are worked on
//! beside each other, so that a large one holds up nobody. It decides nothing about money.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use accounting::Code;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::{Instrument as _, info_span};

use super::demonstration::Demonstrations;
use super::duties::{duties, retry_ms};
use super::hand::Hand;
use super::summary::{Summary, problem_json};
use super::{WorkError, board};
use crate::clock::Clock;
use crate::figures::Figures;
use crate::settings::Settings;
use crate::store::{ClaimedFlow, CustomerStore, FlowTimes, RunId, Store, StoredPass, Wanted};
use crate::systems::connect::Endpoints;
use crate::systems::shared::Shared;

/// How long a flow is claimed at once at most, in milliseconds; renewed three times as often.
const CLAIM_MS: i64 = 30_000;
/// Wishes that one pass takes on.
const WISHES: u32 = 50;

/// What the flows of one process are worked on with.
pub struct Worker {
    pub(super) store: Store,
    pub(super) settings: Settings,
    pub(super) shared: Shared,
    pub(super) clock: Clock,
    owner: String,
    woken: Notify,
    pub(super) figures: Arc<Figures>,
    /// Set when the process is told to stop: no pass sends anything more then.
    pub(super) ending: Arc<AtomicBool>,
    demonstrations: OnceLock<Arc<Demonstrations>>,
    /// What the demonstrations share, in place of `shared`.
    stage: OnceLock<Shared>,
}

impl Worker {
    /// A worker over this store. Nothing is claimed yet.
    ///
    /// # Errors
    /// A fault where an endpoint is not allowed; those of the store.
    pub fn new(store: Store, settings: Settings, endpoints: &Endpoints, clock: Clock) -> Result<Arc<Self>, WorkError> {
        let figures = Arc::new(Figures::default());
        let shared = Shared::new(settings.clone(), endpoints.clone(), &figures)?;
        let owner = store.ids().unique(clock.now_ms())?;
        let woken = Notify::new();
        let (demonstrations, stage) = (OnceLock::new(), OnceLock::new());
        Ok(Arc::new(Self {
            store,
            settings,
            shared,
            clock,
            owner,
            woken,
            figures,
            ending: Arc::default(),
            demonstrations,
            stage,
        }))
    }

    /// Has it work on demonstrations as well.
    pub fn demonstrate(&self, demonstrations: &Arc<Demonstrations>) {
        // There is one for the life of the process.
        let _ = self.demonstrations.set(Arc::clone(demonstrations));
    }

    /// What the customer's flows are worked on with: its vendors', or the sandbox's for a demonstration.
    ///
    /// # Errors
    /// A refusal of a demonstration whose sandbox is gone; those of the store.
    pub(super) async fn shared_of(&self, customer: &CustomerStore) -> Result<&Shared, WorkError> {
        let Some(run) = customer.record().await?.demonstration else {
            return Ok(&self.shared);
        };
        let endpoints = self.demonstrations.get().and_then(|demonstrations| demonstrations.endpoints(&run));
        let endpoints = endpoints.ok_or_else(|| WorkError::Refused {
            code: Code::DemonstrationOver,
            detail: "The sandbox of this demonstration has ended.".to_owned(),
        })?;
        let shared = match self.stage.get() {
            Some(shared) => return Ok(shared),
            None => Shared::new(self.settings.clone(), endpoints, &self.figures)?,
        };
        Ok(self.stage.get_or_init(|| shared))
    }

    /// How it signs what it has taken on.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// How long it claims a flow: never longer than a company's lane, so that whoever takes the lane over of a process
    /// that died can have the flow by then.
    fn claim_ms(&self) -> i64 {
        let lease_ms = self.settings.posting.lease_seconds.saturating_mul(1_000);
        CLAIM_MS.min(i64::try_from(lease_ms).unwrap_or(CLAIM_MS))
    }

    /// Has it look at once at what is due.
    pub fn wake(&self) {
        self.woken.notify_one();
    }

    /// What it did so far.
    pub const fn figures(&self) -> &Arc<Figures> {
        &self.figures
    }

    /// Works until `stop` comes, and then ends what is under way, as long as the settings allow: a request that has
    /// left is always recorded. Whether everything ended in that time.
    pub async fn work(self: &Arc<Self>, stop: impl Future<Output = ()>) -> bool {
        let mut stop = pin!(stop);
        let mut passes = JoinSet::new();
        loop {
            while passes.try_join_next().is_some() {}
            self.figures.turned(self.clock.now_ms());
            let free =
                self.settings.service.flows_at_once.saturating_sub(u32::try_from(passes.len()).unwrap_or(u32::MAX));
            let claimed = self.claim(free).await;
            let any = !claimed.is_empty();
            for claim in claimed {
                let worker = Arc::clone(self);
                passes.spawn(async move { worker.attend(claim).await });
            }
            let full = passes.len() >= usize::try_from(self.settings.service.flows_at_once).unwrap_or(usize::MAX);
            let tick = Duration::from_millis(if any && !full { 1 } else { self.settings.service.tick_ms.max(10) });
            tokio::select! {
                () = &mut stop => break,
                () = self.woken.notified() => {}
                _ = passes.join_next(), if full => {}
                () = tokio::time::sleep(tick) => {}
            }
        }
        self.ending.store(true, Ordering::Relaxed);
        let draining = async { while passes.join_next().await.is_some() {} };
        tokio::time::timeout(Duration::from_secs(self.settings.service.drain_seconds), draining).await.is_ok()
    }

    async fn claim(&self, free: u32) -> Vec<ClaimedFlow> {
        if free == 0 {
            return Vec::new();
        }
        let claiming = self.store.claim_due_flows(&self.owner, self.clock.now_ms(), self.claim_ms(), free);
        claiming.await.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "what is due cannot be read");
            Vec::new()
        })
    }

    /// One pass over a flow, from its claim to giving it back.
    async fn attend(&self, claim: ClaimedFlow) {
        self.figures.under_way(1);
        let began_ms = self.clock.now_ms();
        let passed = match self.store.ids().run(began_ms) {
            Ok(run) => {
                let span = info_span!("pass", customer = %claim.customer, flow = %claim.flow, run = %run);
                self.pass_and_give_back(&claim, &run, began_ms).instrument(span).await
            }
            Err(error) => Err(error.into()),
        };
        let done = passed.unwrap_or_else(|error| {
            // The claim ends by itself, and the flow is tried again.
            tracing::error!(flow = %claim.flow, error = &error as &dyn std::error::Error, "a flow was not given back");
            false
        });
        self.figures.under_way(-1);
        self.figures.passes.add(1);
        self.figures.failed.add(u64::from(!done));
    }

    /// Whether the pass did all that it was to do.
    async fn pass_and_give_back(&self, claim: &ClaimedFlow, run: &RunId, began_ms: i64) -> Result<bool, WorkError> {
        let customer = self.store.customer(&claim.customer).await?;
        let asked = customer.open_wanted(&claim.flow, WISHES).await?;
        let passing = Box::pin(self.make_pass(claim, &customer, run, &asked, began_ms));
        let Done { times, summary, worked, books } = match self.keeping(claim, &customer, passing).await {
            Ok(done) => done,
            Err(error) => {
                let problem = error.problem();
                tracing::warn!(flow = %claim.flow, problem = %problem.code, "a pass failed");
                refuse(&customer, &asked, &problem, self.clock.now_ms()).await?;
                let failures = claim.times.failures + 1;
                let next_ms = self.clock.now_ms().saturating_add(retry_ms(&claim.flow, failures));
                let times = FlowTimes { failures, next_ms, ..claim.times };
                Done { times, summary: Summary::failed(problem), worked: true, books: None }
            }
        };
        self.count(&summary);
        // An idle pass after one that failed changes what is shown as well.
        let counts = worked || !asked.is_empty() || summary.is_notable() || times.failures != claim.times.failures;
        let board = if counts { board::try_count(&customer, &claim.flow, books, &self.clock).await } else { None };
        let failing = (summary.faults > 0).then(|| summary.problems.first().map(|problem| problem.code)).flatten();
        let at_ms = self.clock.now_ms();
        let mut tx = customer.begin().await?;
        if !tx.finish_flow(claim, &times, began_ms, at_ms).await? {
            tracing::warn!(flow = %claim.flow, "another worker had taken the flow over");
        }
        if !asked.is_empty() || summary.is_notable() {
            let pass = StoredPass { run: run.clone(), began_ms, ended_ms: at_ms, summary: summary.to_json() };
            tx.add_pass(&claim.flow, &pass).await?;
        }
        if let Some(board) = &board {
            tx.put_board(&claim.flow, board, failing).await?;
        }
        tx.commit_untraced(at_ms).await?;
        Ok(summary.faults == 0)
    }

    fn count(&self, summary: &Summary) {
        self.figures.read.add(summary.read);
        self.figures.sent.add(summary.sent);
        self.figures.posted.add(summary.posted);
        summary.problems.iter().for_each(|problem| self.figures.problem(problem.code));
    }

    async fn make_pass(
        &self,
        claim: &ClaimedFlow,
        customer: &CustomerStore,
        run: &RunId,
        asked: &[Wanted],
        began_ms: i64,
    ) -> Result<Done, WorkError> {
        let hand = Hand::take(self, customer, &claim.flow, run, asked, began_ms).await?;
        let (duties, scheduled_ms) = duties(&hand.flow, &claim.flow, &claim.times, asked, began_ms);
        let passed = hand.pass(duties, asked).await?;
        let now_ms = self.clock.now_ms();
        // Where something failed, what is due stays due: not at once, and later each time.
        let failures = if passed.summary.faults > 0 { claim.times.failures + 1 } else { 0 };
        let next_ms = match failures {
            // What this process left undone, the next one goes on with at once.
            0 if self.ending.load(Ordering::Relaxed) => now_ms,
            0 => [Some(scheduled_ms), passed.next_ms].into_iter().flatten().min().unwrap_or(scheduled_ms),
            failures => now_ms.saturating_add(retry_ms(&claim.flow, failures)),
        };
        let at = |done: bool, before: Option<i64>| if done { Some(began_ms) } else { before };
        let before = &claim.times;
        let times = FlowTimes {
            polled_ms: at(passed.polled, before.polled_ms),
            refreshed_ms: at(passed.refreshed, before.refreshed_ms),
            swept_ms: at(passed.swept, before.swept_ms),
            reconciled_ms: at(passed.reconciled, before.reconciled_ms),
            recovered_ms: before.recovered_ms,
            paused_ms: before.paused_ms,
            failures,
            next_ms,
        };
        Ok(Done { times, summary: passed.summary, worked: passed.worked, books: passed.books })
    }

    /// Keeps the claim while the pass goes on. One that was lost only means that another worker may begin a pass; the
    /// company's lane keeps the two apart. What a page shows is counted meanwhile, so that a long pass is seen to go on.
    async fn keeping<T>(&self, claim: &ClaimedFlow, customer: &CustomerStore, work: impl Future<Output = T>) -> T {
        // Beside the work, not in its way: a database that does not answer must not hold up what needs none.
        tokio::select! {
            done = work => done,
            never = self.keep_claim(claim, customer) => match never {},
        }
    }

    async fn keep_claim(&self, claim: &ClaimedFlow, customer: &CustomerStore) -> Infallible {
        let mut counting = JoinSet::new();
        let claim_ms = self.claim_ms();
        loop {
            tokio::time::sleep(Duration::from_millis(claim_ms.unsigned_abs() / 3)).await;
            let renewed = self.store.renew_flow(claim, self.clock.now_ms(), claim_ms).await;
            if !matches!(renewed, Ok(true)) {
                tracing::warn!(flow = %claim.flow, "the claim on a flow was not lengthened");
            }
            while counting.try_join_next().is_some() {}
            if counting.is_empty() {
                counting.spawn(board::keep(customer.clone(), claim.flow.clone(), self.clock.clone()));
            }
        }
    }
}

/// What a pass over a flow left behind.
struct Done {
    times: FlowTimes,
    summary: Summary,
    /// Whether figures may have changed.
    worked: bool,
    /// Last day of the closed books, where the chart was looked at.
    books: Option<Option<accounting::Date>>,
}

/// A wish that cannot be granted is answered, and not tried for ever.
async fn refuse(
    customer: &CustomerStore,
    asked: &[Wanted],
    problem: &accounting::Problem,
    at_ms: i64,
) -> Result<(), WorkError> {
    if asked.is_empty() {
        return Ok(());
    }
    let mut tx = customer.begin().await?;
    for wanted in asked {
        tx.end_wanted(&wanted.id, true, &problem_json(problem), at_ms).await?;
    }
    tx.commit_untraced(at_ms).await?;
    Ok(())
}
