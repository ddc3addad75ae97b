//! Tells before anything fails that the ledger withdrew what a mapping or a waiting report refers to: an account, a
//! value, a journal, a period, or that an account newly requires a dimension. A notice stays open until the mapping or
//! the chart heals. It holds nothing itself: translating does that.

use std::collections::BTreeMap;

use accounting::translate::{Setting, Translator};
use accounting::{Chart, Code, Translation};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::refresh::ChartInUse;
use super::{ACTOR, Work, WorkError};
use crate::store::{AuditEvent, InboxState, NewReferenceDrift, ReferenceDrift};
use crate::systems::{Destination, Source};

mod places;
mod reference;

use places::Places;
use reference::{Reference, withdrawn};

/// Name of the cursor that says with which mapping and chart references were last compared.
const CURSOR: &str = "references";
/// States in which a report waits.
const WAITING: [InboxState; 3] = [InboxState::Seen, InboxState::Ready, InboxState::Held];
/// Reports read at once.
const PAGE: u32 = 50;
/// Ids of reports that are kept with a notice.
const SAMPLE: usize = 20;

/// Something withdrawn, with what rests on it.
struct Finding {
    reference: Reference,
    /// The notice that is open already.
    open: Option<ReferenceDrift>,
    places: Vec<String>,
    reports: u64,
    money: BTreeMap<String, i64>,
    sample: Vec<String>,
}

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// Compares the chart in use with the one that was compared last, and the open notices with both. Where neither
    /// mapping nor chart changed it reads one cursor and ends.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn watch_references(&self, chart: &ChartInUse) -> Result<(), WorkError> {
        let stamp = self.stamp(&chart.sha256);
        let last = self.customer.cursor(&self.flow_id, CURSOR).await?;
        if last.as_deref() == Some(stamp.as_str()) {
            return Ok(());
        }
        let mut findings = self.withdrawn_since(last.as_deref(), &chart.chart).await?;
        for open in self.customer.open_reference_drifts(&self.flow_id).await? {
            let Some(reference) = Reference::parse(&open.found.reference) else { continue };
            findings.retain(|finding| finding.reference != reference);
            findings.push(Finding::of(reference, Some(open)));
        }
        let places = Places::of(&self.flow.mapping);
        for finding in &mut findings {
            finding.places = places.of_reference(&finding.reference, &self.flow.mapping);
        }
        if findings.iter().any(|finding| !finding.reference.is_healed(&chart.chart)) {
            self.weigh(&mut findings, chart).await?;
        }
        self.keep_notices(findings, chart, &stamp).await
    }

    /// Whether [`Work::watch_references`] would compare anything; reads hashes only.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn references_moved(&self) -> Result<bool, WorkError> {
        let connection = self.destination.company();
        let Some(sha256) = self.customer.latest_chart_sha256(connection).await? else { return Ok(false) };
        let last = self.customer.cursor(&self.flow_id, CURSOR).await?;
        Ok(last.is_some_and(|last| last != self.stamp(&sha256)))
    }

    fn stamp(&self, chart: &[u8; 32]) -> String {
        format!("{}:{}", self.flow.mapping.version, HEXLOWER.encode(chart))
    }

    /// What the chart has lost since the one that was compared last; nothing where there was none.
    async fn withdrawn_since(&self, last: Option<&str>, chart: &Chart) -> Result<Vec<Finding>, WorkError> {
        let hash = last.and_then(|last| last.split_once(':')).and_then(|(_, hex)| HEXLOWER.decode(hex.as_bytes()).ok());
        let hash: Option<[u8; 32]> = hash.and_then(|hash| hash.try_into().ok());
        let Some(hash) = hash else { return Ok(Vec::new()) };
        let before = self.customer.chart(self.destination.company(), &hash).await?;
        let lost = before.map(|before| withdrawn(&before.chart, chart)).unwrap_or_default();
        Ok(lost.into_iter().map(|reference| Finding::of(reference, None)).collect())
    }

    /// Counts the waiting reports that rest on the findings, by translating them with the chart in use.
    async fn weigh(&self, findings: &mut [Finding], chart: &ChartInUse) -> Result<(), WorkError> {
        let translator = Translator::new(&self.flow.mapping, &chart.chart);
        for state in WAITING {
            let mut cursor = 0;
            loop {
                let page = self.customer.stored_reports(&self.flow_id, state, ("", 0), cursor, PAGE).await?;
                let Some(last) = page.last() else { break };
                cursor = last.cursor;
                for stored in &page {
                    tokio::task::yield_now().await;
                    let Ok(mut report) = self.source.report_of(&stored.raw) else { continue };
                    report.state = stored.source_state;
                    let setting = Setting {
                        today: self.clock.today(),
                        company: self.destination.company().to_owned(),
                        generation: stored.generation,
                        run: self.run.to_string(),
                    };
                    let Translation::Held(held) = translator.translate(&report, &setting) else { continue };
                    for finding in findings.iter_mut() {
                        if held.problems.iter().any(|problem| finding.reference.is_meant_by(problem)) {
                            finding.count(&stored.report_id, held.amount);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    async fn keep_notices(&self, findings: Vec<Finding>, chart: &ChartInUse, stamp: &str) -> Result<(), WorkError> {
        let at_ms = self.clock.now_ms();
        let mut events = Vec::new();
        let mut tx = self.customer.begin().await?;
        for finding in findings {
            let healed = finding.reference.is_healed(&chart.chart);
            let rests = !finding.places.is_empty() || finding.reports > 0;
            let found = self.notice(&finding, chart);
            match finding.open {
                Some(open) if healed || !rests => {
                    tx.clear_reference_drift(&self.flow_id, &open.id, at_ms).await?;
                    let why = if healed { "the ledger takes it again" } else { "nothing refers to it any more" };
                    events.push(event("reference.restored", &found, json!({ "why": why, "notice": open.id })));
                }
                Some(open) => tx.keep_reference_drift(&self.flow_id, &open.id, &found).await?,
                None if rests && !healed => {
                    let id = tx.open_reference_drift(&self.flow_id, &found, at_ms).await?;
                    let detail = json!({
                        "code": Code::ReferenceDrift.to_string(),
                        "notice": id,
                        "detail": found.detail,
                        "places": found.places,
                        "reports": found.reports,
                        "money_minor": found.money,
                    });
                    events.push(event("reference.withdrawn", &found, detail));
                }
                None => {}
            }
        }
        tx.put_cursor(&self.flow_id, CURSOR, stamp, at_ms).await?;
        if events.is_empty() {
            tx.commit_untraced(at_ms).await?;
        } else {
            tx.commit(at_ms, events).await?;
        }
        Ok(())
    }

    fn notice(&self, finding: &Finding, chart: &ChartInUse) -> NewReferenceDrift {
        let kind = finding.reference.kind(&chart.chart);
        NewReferenceDrift {
            kind: finding.open.as_ref().map_or_else(|| kind.to_owned(), |open| open.found.kind.clone()),
            reference: finding.reference.to_string(),
            detail: finding
                .open
                .as_ref()
                .map_or_else(|| finding.reference.told(kind), |open| open.found.detail.clone()),
            places: finding.places.clone(),
            reports: finding.reports,
            money: finding.money.clone(),
            sample: finding.sample.clone(),
            mapping_version: self.flow.mapping.version,
            chart_sha256: chart.sha256,
        }
    }
}

fn event(action: &'static str, found: &NewReferenceDrift, detail: Value) -> AuditEvent {
    AuditEvent::new(ACTOR, action, found.reference.as_str(), detail)
}

impl Finding {
    fn of(reference: Reference, open: Option<ReferenceDrift>) -> Self {
        let (places, sample) = (Vec::new(), Vec::new());
        Self { reference, open, places, reports: 0, money: BTreeMap::new(), sample }
    }

    fn count(&mut self, report_id: &str, amount: Option<accounting::Amount>) {
        self.reports += 1;
        if let Some(amount) = amount {
            let sum = self.money.entry(amount.currency.to_string()).or_default();
            *sum = sum.saturating_add(amount.minor);
        }
        if self.sample.len() < SAMPLE {
            self.sample.push(report_id.to_owned());
        }
    }
}
