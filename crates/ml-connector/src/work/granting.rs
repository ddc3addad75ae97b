//! Wishes of a person that need the flow's systems: each is granted in a pass, under the company's lane, and answered.
//! A wish that fails is answered with its problem; it is not tried again by itself.

use std::collections::BTreeMap;

use accounting::{Code, Date};
use serde_json::{Value, json};

use super::hand::BACKFILL_CURSOR;
use super::lane::Lane;
use super::refresh::ChartInUse;
use super::summary::problem_json;
use super::{Work, WorkError};
use crate::store::{AuditEvent, Wanted, WantedKind};
use crate::systems::{Arrival, Arrivals, Destination, Source};

/// What a wish is granted with.
pub struct Grant<'g> {
    /// The company's lane.
    pub lane: &'g Lane,
    /// The chart in use.
    pub chart: &'g ChartInUse,
}

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// Grants what is asked, one after the other, oldest first.
    ///
    /// # Errors
    /// Those of the store. What keeps a wish from being granted is its answer.
    pub async fn grant_all(&self, grant: &Grant<'_>, asked: &[Wanted]) -> Result<(), WorkError> {
        for wanted in asked.iter().filter(|wanted| !is_of_the_pass(wanted.kind)) {
            let at_ms = self.clock.now_ms();
            let mut tx = self.customer.begin().await?;
            tx.begin_wanted(&wanted.id, at_ms).await?;
            tx.commit_untraced(at_ms).await?;
            let (failed, outcome) = match self.grant(grant, wanted).await {
                Ok(outcome) => (false, outcome),
                Err(WorkError::Store(error)) => return Err(WorkError::Store(error)),
                Err(error) => (true, problem_json(&error.problem())),
            };
            self.answer(wanted, failed, &outcome).await?;
        }
        Ok(())
    }

    /// Answers what the pass itself has done.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn answer_all(&self, asked: &[Wanted], failed: bool, outcome: &Value) -> Result<(), WorkError> {
        for wanted in asked.iter().filter(|wanted| is_of_the_pass(wanted.kind)) {
            self.answer(wanted, failed, outcome).await?;
        }
        Ok(())
    }

    async fn answer(&self, wanted: &Wanted, failed: bool, outcome: &Value) -> Result<(), WorkError> {
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await?;
        tx.end_wanted(&wanted.id, failed, outcome, at_ms).await?;
        let detail = json!({ "wanted": wanted.id.as_str(), "kind": wanted.kind.name(), "failed": failed });
        let event = AuditEvent::new(super::ACTOR, "flow.answered", self.flow_id.as_str(), detail);
        tx.commit(at_ms, vec![event]).await?;
        Ok(())
    }

    async fn grant(&self, grant: &Grant<'_>, wanted: &Wanted) -> Result<Value, WorkError> {
        match wanted.kind {
            WantedKind::Agreement => Box::pin(self.agreement(grant.chart)).await,
            WantedKind::Reconcile => self.grant_reconcile(grant, &wanted.detail).await,
            WantedKind::ApplyDecision => self.grant_decision(grant, &wanted.detail).await,
            WantedKind::HandOver => Box::pin(self.check_hand_over(true)).await,
            WantedKind::BackfillCount => self.count_period(period(&wanted.detail)?).await,
            WantedKind::Release => self.grant_release(wanted).await,
            other => Err(WorkError::Refused {
                code: Code::FlowInvalid,
                detail: format!("'{}' cannot be asked for here", other.name()),
            }),
        }
    }

    /// What a period holds at the source, and how much of it is new; nothing is kept.
    async fn count_period(&self, (from, to): (Date, Date)) -> Result<Value, WorkError> {
        let wanted = self.wanted_period(from, to);
        let mut arrivals = self.source.read(&wanted);
        let (mut reports, mut known, mut unreadable) = (0_u64, 0_u64, 0_u64);
        let mut totals: BTreeMap<String, i64> = BTreeMap::new();
        while let Some(arrival) = arrivals.next().await? {
            let Arrival::Report(incoming) = arrival else {
                unreadable += 1;
                continue;
            };
            reports += 1;
            let report = &incoming.report;
            known += u64::from(self.customer.report(&self.flow_id, &report.id).await?.is_some());
            let currency = report.currency.as_deref().and_then(|code| accounting::Currency::parse(code).ok());
            let total = report.total.zip(currency).and_then(|(total, currency)| total.to_amount(currency).ok());
            if let Some(total) = total {
                let sum = totals.entry(total.currency.to_string()).or_default();
                *sum = sum.saturating_add(total.minor);
            }
        }
        Ok(json!({
            "from": from.to_string(), "to": to.to_string(), "reports": reports, "already_known": known,
            "unreadable": unreadable, "total_minor": totals,
        }))
    }

    /// Takes a period before the cut-over as well, from now on.
    ///
    /// # Errors
    /// [`WorkError::Refused`] for a period that is none; those of the store.
    pub async fn keep_backfill(&self, wanted: &Wanted) -> Result<(Date, Date), WorkError> {
        let (from, to) = period(&wanted.detail)?;
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await?;
        let name = format!("{BACKFILL_CURSOR}{}", wanted.id);
        tx.put_cursor(&self.flow_id, &name, &format!("{from}..{to}"), at_ms).await?;
        let detail = json!({ "from": from.to_string(), "to": to.to_string(), "wanted": wanted.id.as_str() });
        let event = AuditEvent::new(wanted.asked_by.as_str(), "flow.backfilled", self.flow_id.as_str(), detail);
        tx.commit(at_ms, vec![event]).await?;
        Ok((from, to))
    }
}

/// Whether the pass does it by what its duties say.
const fn is_of_the_pass(kind: WantedKind) -> bool {
    matches!(kind, WantedKind::Poll | WantedKind::Refresh | WantedKind::Sweep | WantedKind::Backfill | WantedKind::Ping)
}

/// `from` and `to` of a wish, both included.
///
/// # Errors
/// [`WorkError::Refused`] for what is no period.
pub fn period(detail: &Value) -> Result<(Date, Date), WorkError> {
    let day = |key: &str| detail[key].as_str().and_then(|text| text.parse::<Date>().ok());
    match day("from").zip(day("to")) {
        Some((from, to)) if from <= to => Ok((from, to)),
        _ => Err(WorkError::Refused {
            code: Code::FlowInvalid,
            detail: "a period needs `from` and `to`, two days such as 2026-01-31, in this order".to_owned(),
        }),
    }
}
