//! A flow in hand: what a worker needs for one pass, opened from the store. Nothing is sent to a vendor here.

use std::sync::Arc;

use accounting::Date;

use super::deliver::Delivery;
use super::notify::Told;
use super::pace::Pace;
use super::pass::{Duties, Passed};
use super::progress::Silent;
use super::start::{Peek, credentials};
use super::summary::Summary;
use super::worker::Worker;
use super::{Work, WorkError, rules};
use crate::clock::Clock;
use crate::flow::Flow;
use crate::store::{CustomerStore, FlowId, RunId, Wanted, WantedKind};
use crate::systems::expensify::Expensify;
use crate::systems::intacct::Intacct;

/// Name of a cursor that says that a period before the cut-over is taken as well.
pub const BACKFILL_CURSOR: &str = "backfill:";

/// A flow with its two systems.
pub struct Hand<'w> {
    worker: &'w Worker,
    customer: &'w CustomerStore,
    flow_id: FlowId,
    /// This pass.
    run: RunId,
    /// The flow, at its stored version.
    pub flow: Flow,
    source: Expensify,
    destination: Intacct,
    clock: Clock,
    began_ms: i64,
}

impl<'w> Hand<'w> {
    /// Opens the newest version of a flow, and its credentials.
    ///
    /// # Errors
    /// What is missing or wrong, with its code.
    pub async fn take(
        worker: &'w Worker,
        customer: &'w CustomerStore,
        flow_id: &FlowId,
        run: &RunId,
        asked: &[Wanted],
        began_ms: i64,
    ) -> Result<Self, WorkError> {
        let stored = customer.flow(flow_id).await?;
        let parsed = Flow::parse(&stored.document, &stored.name, None);
        let invalid = |error: crate::flow::FlowError| WorkError::Refused {
            code: accounting::Code::FlowInvalid,
            detail: error.to_string(),
        };
        let mut flow = parsed.map_err(invalid)?.with_version(stored.version);
        flow.mapping.selection.backfills = backfills(customer, flow_id, asked).await?;
        let clock = Clock::system(flow.schedule.zone.clone());
        let credentials = credentials(&flow, Some(customer)).await?;
        let pace =
            Pace::new(&worker.store, &worker.clock, &worker.settings, &worker.figures, &credentials.partner_user_id);
        let shared = worker.shared_of(customer).await?;
        let source = shared.source(&credentials, Box::new(pace));
        let destination = shared.destination(&credentials, began_ms)?;
        Ok(Self {
            worker,
            customer,
            flow_id: flow_id.clone(),
            run: run.clone(),
            flow,
            source,
            destination,
            clock,
            began_ms,
        })
    }

    /// The pass.
    ///
    /// # Errors
    /// What kept it from being made at all.
    pub async fn pass(&self, duties: Duties, asked: &[Wanted]) -> Result<Passed, WorkError> {
        let work = self.work();
        self.ping_if_asked(asked).await?;
        let result = work.pass(duties, asked).await;
        let failed = result.as_ref().err().map(|error| Summary::failed(error.problem()));
        let summary = result.as_ref().ok().map(|passed| &passed.summary).or(failed.as_ref());
        let deliver_ms = match summary {
            Some(summary) => self.tell(summary).await?,
            None => None,
        };
        let mut passed = result?;
        passed.next_ms = [passed.next_ms, deliver_ms].into_iter().flatten().min();
        Ok(passed)
    }

    /// Tells people what needs them, and delivers what is due of it. When something is to be delivered next.
    async fn tell(&self, summary: &Summary) -> Result<Option<i64>, WorkError> {
        if self.flow.notify.is_empty() {
            return Ok(None);
        }
        let (settings, at_ms) = (&self.worker.settings, self.clock.now_ms());
        let url = match settings.web.public_url.trim_end_matches('/') {
            "" => format!("http://{}", settings.web.listen),
            url => url.to_owned(),
        };
        let told = Told { customer: self.customer, flow: &self.flow, flow_id: &self.flow_id, url: &url, at_ms };
        told.write(summary).await?;
        let delivery = Delivery {
            customer: self.customer,
            flow: &self.flow,
            flow_id: &self.flow_id,
            smtp: &settings.smtp,
            loopback: self.worker.shared.is_test(),
        };
        delivery.deliver(at_ms).await
    }

    fn work(&self) -> Work<'_, Expensify, Intacct> {
        let settings = &self.worker.settings;
        let shown_ms = i64::try_from(settings.service.shown_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
        Work {
            customer: self.customer,
            flow: &self.flow,
            flow_id: self.flow_id.clone(),
            run: self.run.clone(),
            began_ms: self.began_ms,
            shown_since_ms: self.began_ms.saturating_sub(shown_ms),
            unattended: true,
            ending: Arc::clone(&self.worker.ending),
            source: &self.source,
            destination: &self.destination,
            clock: &self.clock,
            settings,
            rules: rules(settings),
            progress: &Silent,
        }
    }

    /// Whoever asks for a ping wants the credentials tried, refused before or not.
    async fn ping_if_asked(&self, asked: &[Wanted]) -> Result<(), WorkError> {
        for wanted in asked.iter().filter(|wanted| wanted.kind == WantedKind::Ping) {
            self.destination.client().forget_failure();
            let peek = Peek {
                flow: self.flow.clone(),
                source: self.source.clone(),
                destination: self.destination.clone(),
                clock: self.clock.clone(),
            };
            let checks = super::ping::ping(&peek).await;
            let outcome = super::ping::checks_json(&checks);
            let at_ms = self.clock.now_ms();
            let mut tx = self.customer.begin().await?;
            tx.end_wanted(&wanted.id, false, &outcome, at_ms).await?;
            tx.commit_untraced(at_ms).await?;
        }
        Ok(())
    }
}

/// Periods before the cut-over that a person asked for, before or now.
async fn backfills(customer: &CustomerStore, flow: &FlowId, asked: &[Wanted]) -> Result<Vec<(Date, Date)>, WorkError> {
    let cursors = customer.cursors(flow).await?;
    let period = |(name, position): &(String, String)| {
        name.strip_prefix(BACKFILL_CURSOR)?;
        let (from, to) = position.split_once("..")?;
        Some((from.parse().ok()?, to.parse().ok()?))
    };
    let now = asked.iter().filter(|wanted| wanted.kind == WantedKind::Backfill);
    let now = now.filter_map(|wanted| super::granting::period(&wanted.detail).ok());
    Ok(cursors.iter().filter_map(period).chain(now).collect())
}
