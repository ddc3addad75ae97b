//! What a drift amounts to: the new content translated with the mapping of the posting, compared line by line with what
//! stands in the ledger, and what can be decided about it. Nothing is changed here.

use std::collections::BTreeSet;

use accounting::drift::{BookedLine, Change, Diff, NetLine};
use accounting::translate::{Held, Plan, PlannedEntry, Setting, Translator};
use accounting::{Chart, Code, Date, Direction, ExpenseReport, Mapping, Problem, Side, Translation};
use serde_json::{Value, json};

use super::{Work, WorkError};
use crate::flow::Flow;
use crate::store::{CaseKind, Decision, InboxReport, StoreError, StoredLine, StoredPosting};
use crate::systems::{Destination, Source};
use crate::work::refresh::ChartInUse;

/// Most lines of a case that are kept for showing; the count of all is.
pub(super) const LINES_SHOWN: usize = 1_000;

/// What a drift amounts to.
pub struct Drifted {
    /// What kind.
    pub kind: CaseKind,
    /// What differs; `None` where the new content makes no entries with the mapping of the posting.
    pub diff: Option<Diff>,
    /// The entries of the new content with the mapping of the posting, where they hold in the ledger as it is now.
    pub plan: Option<Plan>,
    /// What stands in the way of the new content.
    pub problems: Vec<Problem>,
    /// Whether the new content could be posted by today's mapping.
    pub can_repost: bool,
    /// Dates and journals, where the new content asks for other ones.
    pub moved: Option<(Vec<String>, Vec<String>)>,
}

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// Works out what a drift amounts to.
    ///
    /// # Errors
    /// Those of the store; a stored mapping or report that can no longer be read.
    pub async fn drifted(
        &self,
        chart: &ChartInUse,
        report: &InboxReport,
        live: &[StoredPosting],
    ) -> Result<Drifted, WorkError> {
        let kind = self.kind_of(report);
        let old = self.booked(live).await?;
        let mut drifted =
            Drifted { kind, diff: None, plan: None, problems: Vec::new(), can_repost: false, moved: None };
        if kind != CaseKind::DriftChanged {
            drifted.diff = Some(Diff::between(old, Vec::new()));
            return Ok(drifted);
        }
        let content = self.content_of(report).await?;
        let mapping = self.mapping_of(live).await?;
        let generation = live.iter().map(|posting| posting.key.generation).max().unwrap_or(0).saturating_add(1);
        let translated = self.translated(&content, &mapping, &chart.chart, generation);
        let planned = match translated {
            Translation::Ready(plan) => {
                drifted.plan = Some(plan.clone());
                Some(plan.entries)
            }
            Translation::Skipped(_) => Some(Vec::new()),
            Translation::Held(Held { problems, .. }) => {
                drifted.problems = problems;
                self.as_then(&content, &mapping, live, generation).await?
            }
        };
        if let Some(entries) = planned {
            drifted.moved = moved(live, &entries);
            drifted.diff = Some(Diff::between(old, booked_lines(&entries)));
        }
        let today = self.translated(&content, &self.flow.mapping, &chart.chart, generation);
        drifted.can_repost = matches!(today, Translation::Ready(_));
        if let (Translation::Held(held), true) = (today, drifted.problems.is_empty()) {
            drifted.problems = held.problems;
        }
        Ok(drifted)
    }

    /// The entries as they would have been with the chart of the posting: books may be closed by now, values inactive.
    async fn as_then(
        &self,
        content: &ExpenseReport,
        mapping: &Mapping,
        live: &[StoredPosting],
        generation: u8,
    ) -> Result<Option<Vec<PlannedEntry>>, WorkError> {
        let Some(posting) = live.last() else { return Ok(None) };
        let company = self.destination.company();
        let Some(then) = self.customer.chart(company, &posting.chart_sha256).await? else { return Ok(None) };
        Ok(match self.translated(content, mapping, &then.chart, generation) {
            Translation::Ready(plan) => Some(plan.entries),
            Translation::Skipped(_) => Some(Vec::new()),
            Translation::Held(_) => None,
        })
    }

    fn translated(&self, content: &ExpenseReport, mapping: &Mapping, chart: &Chart, generation: u8) -> Translation {
        let setting = Setting {
            today: self.clock.today(),
            company: self.destination.company().to_owned(),
            generation,
            run: self.run.to_string(),
        };
        Translator::new(mapping, chart).translate(content, &setting)
    }

    /// A report's present content.
    ///
    /// # Errors
    /// Those of the store, and content that can no longer be read.
    pub async fn content_of(&self, report: &InboxReport) -> Result<ExpenseReport, WorkError> {
        let raw = self.customer.raw_report(&report.report_id, &report.content_hash).await?;
        let missing = || StoreError::NotFound { what: "content of report", id: report.report_id.clone() };
        let mut content = self.source.report_of(&raw.ok_or_else(missing)?).map_err(|problem| WorkError::Refused {
            code: problem.code,
            detail: format!("the stored report {} cannot be read: {}", report.report_id, problem.detail),
        })?;
        // Payment does not change the content, so the stored bytes may be those from before it.
        content.state = report.source_state;
        Ok(content)
    }

    /// The mapping by which postings were made, the newest where there were several.
    async fn mapping_of(&self, live: &[StoredPosting]) -> Result<Mapping, WorkError> {
        let version = live.iter().map(|posting| posting.mapping_version).max();
        let Some(version) = version.filter(|version| *version != self.flow.mapping.version) else {
            return Ok(self.flow.mapping.clone());
        };
        let stored = self.customer.flow_version(&self.flow_id, version).await?;
        let origin = format!("{} version {version}", stored.name);
        let flow = Flow::parse(&stored.document, &origin, None);
        let flow = flow.map_err(|error| WorkError::Refused { code: Code::FlowInvalid, detail: error.to_string() })?;
        Ok(flow.with_version(version).mapping)
    }

    /// The lines that stand in the ledger, as they were frozen.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn booked(&self, live: &[StoredPosting]) -> Result<Vec<BookedLine>, WorkError> {
        let mut booked = Vec::new();
        for posting in live {
            let lines = self.frozen_lines(posting).await?;
            booked.extend(lines.iter().map(|line| BookedLine::of(posting.key.scope, line)));
        }
        Ok(booked)
    }

    /// The frozen lines of a posting, in the core's words.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn frozen_lines(&self, posting: &StoredPosting) -> Result<Vec<accounting::Line>, WorkError> {
        let stored = self.customer.posting_lines(&posting.key.company, &posting.reference).await?;
        let lines = stored.iter().map(|line| line.to_line(posting.total.currency)).collect::<Option<Vec<_>>>();
        let unreadable = || StoreError::Stored { what: "lines", id: posting.reference.to_string() };
        Ok(lines.ok_or_else(unreadable)?)
    }
}

impl Drifted {
    /// What can be decided.
    pub fn proposals(&self) -> Vec<Decision> {
        let mut proposals = vec![if self.can_repost { Decision::ReverseAndRepost } else { Decision::Reverse }];
        if self.plan.is_some() && self.diff.as_ref().is_some_and(Diff::is_postable) {
            proposals.push(Decision::PostDifference);
        }
        proposals.push(Decision::Accept);
        proposals
    }

    /// Whether nothing that is booked differs.
    pub fn is_nothing(&self) -> bool {
        let same = self.diff.as_ref().is_some_and(Diff::is_empty) && self.moved.is_none();
        same && self.kind == CaseKind::DriftChanged
    }

    /// The code of the case.
    pub const fn code(&self) -> Code {
        match self.kind {
            CaseKind::DriftDeleted => Code::ReportDeleted,
            CaseKind::DriftUnapproved => Code::ReportUnapproved,
            _ => Code::ContentChanged,
        }
    }

    /// For showing.
    pub fn shown(&self, report: &InboxReport, live: &[StoredPosting]) -> Value {
        let changes = self.diff.as_ref().map(|diff| diff.changes.as_slice()).unwrap_or_default();
        let net = self.diff.as_ref().and_then(|diff| diff.net.as_ref());
        let net: Vec<Value> = net.into_iter().flat_map(|net| net.values().flatten()).map(net_line).collect();
        let ledger = live.iter().map(|posting| {
            json!({
                "reference": posting.reference.as_str(),
                "record_no": posting.machine.state.record_no(),
                "date": posting.posting_date.to_string(),
                "journal": posting.journal,
                "amount_minor": posting.amount.minor,
            })
        });
        json!({
            "report": report.report_id,
            "number": report.number,
            "employee": report.employee,
            "source_state": report.source_state.name(),
            "currency": report.currency,
            "posted_minor": live.iter().map(|posting| posting.amount.minor).fold(0, i64::saturating_add),
            "new_minor": self.plan.as_ref().map(|plan| plan.amount.minor),
            "ledger": ledger.collect::<Vec<_>>(),
            "lines": changes.iter().take(LINES_SHOWN).map(change).collect::<Vec<_>>(),
            "lines_count": changes.len(),
            "net": net,
            "moved": self.moved.as_ref().map(|(from, to)| json!({ "from": from, "to": to })),
            "problems": self.problems.iter().map(problem).collect::<Vec<_>>(),
        })
    }
}

fn booked_lines(entries: &[PlannedEntry]) -> Vec<BookedLine> {
    let of_entry = |planned: &PlannedEntry| {
        let scope = planned.key.scope;
        planned.entry.lines().iter().map(|line| BookedLine::of(scope, line)).collect::<Vec<_>>()
    };
    entries.iter().flat_map(of_entry).collect()
}

/// Where dates or journals are others than those that stand, before closed books moved any.
fn moved(live: &[StoredPosting], entries: &[PlannedEntry]) -> Option<(Vec<String>, Vec<String>)> {
    let text = |journal: &str, date: Date| format!("{journal} {date}");
    let stands: BTreeSet<String> = live
        .iter()
        .map(|posting| text(&posting.journal, posting.original_date.unwrap_or(posting.posting_date)))
        .collect();
    let asked: BTreeSet<String> = entries
        .iter()
        .map(|planned| planned.entry.header())
        .map(|header| text(&header.journal, header.original_date.unwrap_or(header.date)))
        .collect();
    let same = asked.is_subset(&stands);
    (!same).then(|| (stands.into_iter().collect(), asked.into_iter().collect()))
}

fn change(change: &Change) -> Value {
    match change {
        Change::Added(line) => json!({ "change": "added", "new": booked_line(line) }),
        Change::Removed(line) => json!({ "change": "removed", "old": booked_line(line) }),
        Change::Changed { old, new } => {
            json!({ "change": "changed", "old": booked_line(old), "new": booked_line(new) })
        }
    }
}

fn booked_line(line: &BookedLine) -> Value {
    let dimensions = line.dimensions.iter().map(|(name, value)| (name.to_string(), json!(value)));
    json!({
        "side": side(line.side),
        "direction": if line.direction == Direction::Debit { "debit" } else { "credit" },
        "amount_minor": line.amount.minor,
        "account": line.account,
        "dimensions": dimensions.collect::<serde_json::Map<_, _>>(),
        "memo": line.memo,
        "expenses": line.expenses,
    })
}

/// A frozen line for showing.
pub(super) fn frozen_line(line: &StoredLine) -> Value {
    json!({
        "side": line.side,
        "direction": line.direction,
        "amount_minor": line.amount_minor,
        "account": line.account,
        "dimensions": line.dimensions,
        "memo": line.memo,
    })
}

fn net_line(line: &NetLine) -> Value {
    let dimensions = line.dimensions.iter().map(|(name, value)| (name.to_string(), json!(value)));
    json!({
        "side": side(line.side),
        "account": line.account,
        "dimensions": dimensions.collect::<serde_json::Map<_, _>>(),
        "minor": line.minor,
    })
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Expense => "expense",
        Side::Offset => "offset",
    }
}

fn problem(problem: &Problem) -> Value {
    json!({ "code": problem.code.to_string(), "value": problem.value, "detail": problem.detail })
}
