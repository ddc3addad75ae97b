//! Fix once, release all: what is held is translated again from the stored bytes as soon as the mapping or the chart is
//! another one, and so is what an earlier pass left untranslated, and what a rehearsal found ready: a flow that begins
//! to post takes it all. The source is not asked here, and nothing is sent: what is right now is frozen, and leaves once
//! the source has shown it again.

use accounting::translate::Translator;
use accounting::{ExpenseReport, Problem};
use tracing::{Instrument as _, info_span};

use super::lane::Lane;
use super::poll::Waiting;
use super::refresh::ChartInUse;
use super::what_if::is_mendable;
use super::{Work, WorkError};
use crate::store::{InboxState, UntranslatedReport};
use crate::systems::{Destination, Source};

/// Reports translated in one commit.
const PAGE: u32 = 50;

/// What came of translating again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retranslated {
    /// Reports that were translated.
    pub reports: u64,
    /// Of these, the ones that are right now.
    pub ready: u64,
}

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// Translates what waits for it: reports left as they came, and held or rehearsed ones that were last translated with
    /// another mapping or chart. Where nothing changed it asks one index and ends.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn retranslate(&self, lane: Option<&Lane>, chart: &ChartInUse) -> Result<Retranslated, WorkError> {
        let mut done = Retranslated::default();
        let version = self.flow.mapping.version;
        let any_seen = self.any_seen().await?;
        let any_stale = self.customer.any_stale(&self.flow_id, version, &chart.sha256).await?;
        let any_rehearsed = self.customer.any_rehearsed(&self.flow_id, version, &chart.sha256).await?;
        if !any_seen && !any_stale && !any_rehearsed {
            return Ok(done);
        }
        let translator = Translator::new(&self.flow.mapping, &chart.chart);
        let has_other_flows = self.customer.flows().await?.len() > 1;
        let states = [(InboxState::Seen, any_seen), (InboxState::Held, any_stale), (InboxState::Ready, any_rehearsed)];
        for (state, _) in states.into_iter().filter(|(_, any)| *any) {
            let mut cursor = 0;
            loop {
                let with = (version, &chart.sha256);
                let page = self.customer.untranslated_reports(&self.flow_id, state, with, cursor, PAGE).await?;
                let Some(last) = page.last() else { break };
                cursor = last.cursor;
                let batch = self.readable(state, page, chart).await?;
                done.reports += batch.len() as u64;
                let span = info_span!("translate", reports = batch.len());
                let translating = self.translate_batch(&translator, lane, chart, has_other_flows, batch);
                let (ready, _) = translating.instrument(span).await?;
                done.ready += ready as u64;
            }
        }
        Ok(done)
    }

    /// Whether [`Work::retranslate`] would find anything to do; asks indexes only.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn waits_for_translation(&self) -> Result<bool, WorkError> {
        if self.any_seen().await? {
            return Ok(true);
        }
        let connection = self.destination.company();
        let Some(sha256) = self.customer.latest_chart_sha256(connection).await? else { return Ok(false) };
        let version = self.flow.mapping.version;
        Ok(self.customer.any_stale(&self.flow_id, version, &sha256).await?
            || self.customer.any_rehearsed(&self.flow_id, version, &sha256).await?)
    }

    async fn any_seen(&self) -> Result<bool, WorkError> {
        Ok(!self.customer.reports_in(&self.flow_id, &[InboxState::Seen], None, 1).await?.is_empty())
    }

    /// The reports of a page that another mapping or chart may mend; the others are marked as looked at.
    async fn readable(
        &self,
        state: InboxState,
        page: Vec<UntranslatedReport>,
        chart: &ChartInUse,
    ) -> Result<Vec<Waiting>, WorkError> {
        let mut waiting = Vec::with_capacity(page.len());
        let mut others = Vec::new();
        for report in page {
            match self.report_again(&report) {
                Ok(again) if report.problems.iter().all(|problem| is_mendable(problem.code)) => waiting.push(Waiting {
                    report: again,
                    content_hash: report.content_hash,
                    shown_ms: report.seen_ms,
                    known: Some((state, report.generation)),
                }),
                _ => others.push(report.report_id),
            }
        }
        if !others.is_empty() && state != InboxState::Seen {
            let ids: Vec<&str> = others.iter().map(String::as_str).collect();
            let mut tx = self.customer.begin().await?;
            tx.restamp(&self.flow_id, &ids, self.flow.mapping.version, &chart.sha256).await?;
            tx.commit_untraced(self.clock.now_ms()).await?;
        }
        Ok(waiting)
    }

    /// The report of stored bytes, where it stands at its source now: its content hash does not tell that apart.
    fn report_again(&self, stored: &UntranslatedReport) -> Result<ExpenseReport, Problem> {
        let mut report = self.source.report_of(&stored.raw)?;
        report.state = stored.source_state;
        Ok(report)
    }
}
