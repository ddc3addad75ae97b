//! Reconciles a period: approved at the source = planned = acknowledged = in the ledger now. It reads both systems anew,
//! holds one page of each at a time beside the ids it has met, and changes nothing but its own result and the cases of
//! differences. A system that cannot be read to the end proves nothing, and the result says so.

use std::collections::{BTreeMap, HashSet};

use accounting::identity::{Reference, Scope};
use accounting::posting::State;
use accounting::tie_out::{Finding, Key, Month, PostingFacts, Progress, Sums, TieOut};
use accounting::{Code, Currency, Date, Dimension, Problem};
use jiff::ToSpan;
use serde_json::{Value, json};

use super::granting::{Grant, period};
use super::refresh::ChartInUse;
use super::{ACTOR, Work, WorkError};
use crate::store::{AuditEvent, Reconciliation, ReconciliationState, StoredLine, StoredPosting};
use crate::systems::{Destination, Source};

mod cases;
mod ledger;
pub mod shown;
mod source;

/// Most differences and exclusions that are kept one by one; all are counted.
const KEPT: usize = 1_000;
/// Postings read in one page.
const PAGE: u32 = 200;

/// A difference that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What kind.
    pub finding: Finding,
    /// Its row.
    pub key: Key,
    /// The reference or the report it is about.
    pub subject: String,
    /// The entry's number in the ledger, where there is one.
    pub record_no: Option<String>,
    /// The report, where it is known.
    pub report_id: Option<String>,
    /// By how much, in minor units; 0 where money is not what differs.
    pub minor: i128,
    /// What was seen, in one sentence.
    pub detail: String,
}

/// An expense, or a whole report, that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// The report.
    pub report_id: String,
    /// The expense; empty for the whole report.
    pub expense: String,
    /// Its amount in minor units of `currency`, where it has one.
    pub minor: Option<i64>,
    /// Its currency.
    pub currency: String,
    /// Why.
    pub reason: String,
}

/// What a reconciliation has found so far.
pub struct Reconciled {
    /// First day of posting.
    pub from: Date,
    /// Last day of posting.
    pub to: Date,
    /// The rows.
    pub tie_out: TieOut,
    /// Differences that nobody has accepted, the first of them.
    pub differences: Vec<Difference>,
    /// How many there are.
    pub difference_count: u64,
    /// Differences that were accepted.
    pub accepted_count: u64,
    /// What was left out, the first of it.
    pub exclusions: Vec<Exclusion>,
    /// By reason and currency: how many, and their sum.
    pub exclusion_sums: BTreeMap<(String, String), (u64, i128)>,
    /// Reports whose currency, or expenses whose amount, is unknown: they are held, and in no sum.
    pub unvalued: u64,
    /// What kept a system from being read to the end.
    pub problems: Vec<Problem>,
    /// Causes of the differences, accepted ones included.
    causes: HashSet<String>,
    reports_seen: HashSet<String>,
    postings_seen: HashSet<Reference>,
    records_known: HashSet<String>,
    whole: bool,
}

impl Reconciled {
    fn new(from: Date, to: Date, whole: bool) -> Self {
        Self {
            from,
            to,
            tie_out: TieOut::default(),
            differences: Vec::new(),
            difference_count: 0,
            accepted_count: 0,
            exclusions: Vec::new(),
            exclusion_sums: BTreeMap::new(),
            unvalued: 0,
            problems: Vec::new(),
            causes: HashSet::new(),
            reports_seen: HashSet::new(),
            postings_seen: HashSet::new(),
            records_known: HashSet::new(),
            whole,
        }
    }

    /// How it ended.
    pub fn state(&self) -> ReconciliationState {
        if !self.problems.is_empty() {
            ReconciliationState::Incomplete
        } else if self.difference_count == 0 && self.tie_out.ties() {
            ReconciliationState::Ties
        } else {
            ReconciliationState::Differs
        }
    }

    /// Whether a row is of the period. Rows are months: those that the period touches.
    fn has(&self, key: &Key) -> bool {
        (Month::of(self.from)..=Month::of(self.to)).contains(&key.month)
    }

    fn exclude(&mut self, exclusion: Exclusion) {
        let sum = self.exclusion_sums.entry((exclusion.reason.clone(), exclusion.currency.clone())).or_insert((0, 0));
        sum.0 += 1;
        sum.1 += i128::from(exclusion.minor.unwrap_or(0));
        if self.exclusions.len() < KEPT {
            self.exclusions.push(exclusion);
        }
    }
}

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// Reconciles the months that the days `from` and `to` lie in, keeps the result, and opens a case for each new
    /// difference.
    ///
    /// # Errors
    /// Those of the store. A fault of a system ends the reading and makes the result incomplete.
    pub async fn reconcile(&self, chart: &ChartInUse, from: Date, to: Date) -> Result<Reconciled, WorkError> {
        let began_ms = self.clock.now_ms();
        let whole = self.flow.mapping.posting.group == accounting::mapping::Group::Report;
        let mut found = Reconciled::new(from.first_of_month(), to.last_of_month(), whole);
        let read = async {
            Box::pin(self.read_source(chart, &mut found)).await?;
            Box::pin(self.read_ledger(chart, &mut found)).await
        };
        match read.await {
            Ok(()) => {}
            Err(WorkError::Fault(fault)) => found.problems.push(fault.problem()),
            Err(error) => return Err(error),
        }
        if found.problems.is_empty() {
            self.close_gone_differences(&found).await?;
        }
        self.keep_reconciled(&found, began_ms).await?;
        Ok(found)
    }

    /// Reconciles by itself, outside of any pass: the lane is held meanwhile, so that nothing moves in between.
    ///
    /// # Errors
    /// [`WorkError::LaneBusy`]; the fault of the ledger where its chart cannot be read; those of the store.
    pub async fn reconcile_once(&self, from: Date, to: Date) -> Result<Reconciled, WorkError> {
        let lane = self.claim().await?;
        let work = async {
            let chart = self.refresh().await?;
            Box::pin(self.reconcile(&chart, from, to)).await
        };
        let result = self.keeping(&lane, work).await;
        self.customer.store().release_lane(lane.into_lease()).await?;
        result
    }

    /// A person's wish to reconcile: from and to where they are given, else as every night.
    ///
    /// # Errors
    /// See [`Work::reconcile`].
    pub async fn grant_reconcile(&self, grant: &Grant<'_>, detail: &Value) -> Result<Value, WorkError> {
        let given = detail.get("from").is_some() || detail.get("to").is_some();
        let (from, to) = if given { period(detail)? } else { self.reconciled_period() };
        let found = Box::pin(self.reconcile(grant.chart, from, to)).await?;
        Ok(json!({
            "state": found.state().name(),
            "from": found.from.to_string(),
            "to": found.to.to_string(),
            "differences": found.difference_count,
        }))
    }

    /// The period of a nightly reconciliation: this month and the one before.
    pub fn reconciled_period(&self) -> (Date, Date) {
        let today = self.clock.today();
        let before = today.first_of_month().checked_sub(1.month()).unwrap_or(today);
        (before.max(self.flow.mapping.selection.cut_over.first_of_month()).min(today), today)
    }

    async fn keep_reconciled(&self, found: &Reconciled, began_ms: i64) -> Result<(), WorkError> {
        let ended_ms = self.clock.now_ms();
        let made = Reconciliation {
            id: self.customer.store().ids().reconciliation(began_ms)?,
            flow: self.flow_id.clone(),
            from: found.from,
            to: found.to,
            state: found.state(),
            document: found.to_json(),
            differences: found.difference_count,
            began_ms,
            ended_ms,
        };
        let detail = json!({
            "reconciliation": made.id.as_str(),
            "from": made.from.to_string(),
            "to": made.to.to_string(),
            "state": made.state.name(),
            "differences": made.differences,
        });
        let mut tx = self.customer.begin().await?;
        tx.add_reconciliation(&made).await?;
        let event = AuditEvent::new(ACTOR, "flow.reconciled", self.flow_id.as_str(), detail);
        tx.commit(ended_ms, vec![event]).await?;
        Ok(())
    }

    /// A posting as it is tied out; `lines` tell its entity in a company that has several.
    fn posting_facts(
        &self,
        chart: &ChartInUse,
        posting: &StoredPosting,
        newest: u8,
        lines: Option<&[StoredLine]>,
    ) -> PostingFacts {
        let replaced = posting.key.generation < newest && !posting.key.kind.is_reversal();
        let progress = match &posting.machine.state {
            State::Posted { .. } => Progress::Acknowledged,
            State::Reversed { .. } => Progress::Reversed,
            State::Held { code: Code::ContentChanged | Code::HandledElsewhere } => Progress::Withdrawn,
            _ if replaced => Progress::Withdrawn,
            _ => Progress::Waiting,
        };
        PostingFacts {
            key: self.row_of(chart, posting, lines),
            kind: posting.key.kind,
            amount_minor: posting.amount.minor,
            progress,
        }
    }

    /// The row of a posting.
    fn row_of(&self, chart: &ChartInUse, posting: &StoredPosting, lines: Option<&[StoredLine]>) -> Key {
        let (month, scope) = (Month::of(posting.posting_date), posting.key.scope);
        let location = lines.and_then(|lines| lines.iter().find_map(|line| line.dimensions.get("location")));
        let entity = location.and_then(|id| chart.chart.value(&Dimension::Location, id)).map(|location| {
            let implied = location.implies.get(&Dimension::Location);
            implied.unwrap_or(&location.id).clone()
        });
        let entity = entity.unwrap_or_else(|| self.destination.entity().to_owned());
        Key { month, entity, currency: posting.total.currency, scope }
    }

    fn row_at(&self, date: Date, currency: Currency, scope: Scope) -> Key {
        Key { month: Month::of(date), entity: self.destination.entity().to_owned(), currency, scope }
    }

    /// Notes a difference, with a case where it is new. Money that a person accepted counts as explained, by `explain`.
    async fn note_difference(
        &self,
        found: &mut Reconciled,
        difference: Difference,
        explain: fn(i128) -> Sums,
    ) -> Result<(), WorkError> {
        if !found.has(&difference.key) {
            return Ok(());
        }
        found.causes.insert(cases::cause_of(&difference));
        let open = found.difference_count < KEPT as u64;
        if self.is_difference_accepted(&difference, open).await? {
            found.accepted_count += 1;
            found.tie_out.add(&difference.key, &explain(difference.minor));
            return Ok(());
        }
        found.difference_count += 1;
        if found.differences.len() < KEPT {
            found.differences.push(difference);
        }
        Ok(())
    }
}

/// Counted as explained at the source.
fn at_source(minor: i128) -> Sums {
    Sums { explained: minor, ..Sums::default() }
}

/// Counted as explained in the ledger.
fn in_ledger(minor: i128) -> Sums {
    Sums { ledger_explained: minor, ..Sums::default() }
}

/// A figure for machines: a number where it fits one, else its digits.
fn figure(minor: i128) -> Value {
    i64::try_from(minor).map_or_else(|_| json!(minor.to_string()), |minor| json!(minor))
}
