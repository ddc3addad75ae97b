//! What the store holds of a flow, added up for showing: reports by state, money by currency, and what is held with how
//! to fix it.

use std::collections::BTreeMap;

use accounting::Problem;
use accounting::problem::Owner;
use serde_json::{Value, json};

use super::output::{Failure, clean, heading, money, table};
use crate::store::{InboxReport, InboxState, ReportTotal};
use crate::work::start::Opened;

/// Reports and money of a flow.
pub struct Books {
    totals: Vec<ReportTotal>,
    held: Vec<InboxReport>,
}

/// Money of one currency, in minor units. The source is what the reports state; the others are what became of it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Money {
    /// Totals that the reports state.
    pub source: i64,
    /// In the ledger.
    pub posted: i64,
    /// Held, or not known yet.
    pub held: i64,
    /// Left out.
    pub skipped: i64,
    /// Ready and not sent.
    pub ready: i64,
}

impl Books {
    /// Adds up; at most `limit` held reports are listed.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn read(opened: &Opened, limit: u32) -> Result<Self, Failure> {
        let totals = opened.customer.report_totals(&opened.flow_id).await?;
        let states =
            [InboxState::Held, InboxState::Rejected, InboxState::Unknown, InboxState::Conflict, InboxState::Drift];
        let mut held = opened.customer.reports_in(&opened.flow_id, &states, None, limit).await?;
        for report in held.iter_mut().filter(|report| report.problems.is_empty()) {
            let postings = opened.customer.postings_of(&opened.flow_id, &report.report_id).await?;
            report.problems = postings.into_iter().filter_map(|posting| posting.problem).collect();
        }
        // What is ready and shows a problem waits at a gate.
        let ready = opened.customer.reports_in(&opened.flow_id, &[InboxState::Ready], None, limit).await?;
        held.extend(ready.into_iter().filter(|report| !report.problems.is_empty()));
        Ok(Self { totals, held })
    }

    /// Reports in any of these states.
    pub fn count(&self, states: &[InboxState]) -> u64 {
        self.totals.iter().filter(|total| states.contains(&total.state)).map(|total| total.reports).sum()
    }

    /// Whether a person is needed.
    pub fn needs_attention(&self) -> bool {
        let asks = |problem: &Problem| problem.code.owner() == Owner::Approver;
        let waits = self.held.iter().flat_map(|report| &report.problems).any(asks);
        waits || self.totals.iter().any(|total| is_stuck(total.state) && total.reports > 0)
    }

    /// Money by currency.
    pub fn money(&self) -> BTreeMap<String, Money> {
        let mut by_currency: BTreeMap<String, Money> = BTreeMap::new();
        for total in &self.totals {
            let Some(currency) = &total.currency else { continue };
            let money = by_currency.entry(currency.clone()).or_default();
            money.source += total.source_minor;
            money.skipped += total.skipped_minor;
            match total.state {
                InboxState::Posted => money.posted += total.amount_minor,
                InboxState::Seen | InboxState::Ready | InboxState::Sent => money.ready += total.amount_minor,
                InboxState::Skipped => {}
                _ => money.held += total.amount_minor,
            }
        }
        by_currency
    }

    /// Counts by state.
    pub fn reports_json(&self) -> Value {
        let mut counts: BTreeMap<&str, u64> = InboxState::ALL.iter().map(|state| (state.name(), 0)).collect();
        for total in &self.totals {
            *counts.entry(total.state.name()).or_default() += total.reports;
        }
        json!(counts)
    }

    /// Money by currency, for machines.
    pub fn money_json(&self) -> Value {
        self.money()
            .iter()
            .map(|(currency, money)| {
                json!({
                    "currency": currency,
                    "source_minor": money.source,
                    "posted_minor": money.posted,
                    "held_minor": money.held,
                    "skipped_minor": money.skipped,
                    "ready_minor": money.ready,
                })
            })
            .collect()
    }

    /// What is held, for machines.
    pub fn held_json(&self) -> Value {
        self.held
            .iter()
            .map(|report| {
                let problems: Vec<Value> = report.problems.iter().map(super::output::problem_json).collect();
                json!({
                    "report_id": report.report_id,
                    "number": report.number,
                    "employee": report.employee,
                    "state": report.state.name(),
                    "amount_minor": report.amount_minor,
                    "currency": report.currency,
                    "problems": problems,
                })
            })
            .collect()
    }

    /// Counts and money by state.
    pub fn states_table(&self) -> String {
        let rows = self.totals.iter().map(|total| {
            let currency = total.currency.clone().unwrap_or_else(|| "-".to_owned());
            let amount = if total.state == InboxState::Skipped { total.skipped_minor } else { total.amount_minor };
            vec![total.state.name().to_owned(), total.reports.to_string(), money(amount, &currency), currency]
        });
        table(&["state", "reports", "amount", ""], &[1, 2], rows)
    }

    /// The tie-out.
    pub fn money_table(&self) -> String {
        let rows = self.money().into_iter().map(|(currency, sums)| {
            let open = sums.source - sums.posted - sums.held - sums.skipped - sums.ready;
            let show = |minor| money(minor, &currency);
            vec![
                currency.clone(),
                show(sums.source),
                show(sums.posted),
                show(sums.held),
                show(sums.skipped),
                show(sums.ready),
                show(open),
            ]
        });
        let header = ["", "approved", "posted", "held", "skipped", "not sent", "unexplained"];
        table(&header, &[1, 2, 3, 4, 5, 6], rows)
    }

    /// What is held, by cause: one block a cause with the reports it blocks.
    pub fn held_text(&self) -> String {
        if self.held.is_empty() {
            return String::new();
        }
        let mut causes: BTreeMap<(u16, &str), (&Problem, Vec<&InboxReport>)> = BTreeMap::new();
        for report in &self.held {
            for problem in &report.problems {
                let cause = causes.entry((problem.code.number(), &problem.value)).or_insert((problem, Vec::new()));
                if cause.1.last().is_none_or(|last| last.report_id != report.report_id) {
                    cause.1.push(report);
                }
            }
        }
        let mut text = heading("Held, by cause");
        for (problem, reports) in causes.values() {
            let value =
                if problem.value.is_empty() { String::new() } else { format!(" \"{}\"", clean(&problem.value)) };
            text.push_str(&format!("{} {}{value}\n", problem.code, problem.code.title()));
            text.push_str(&format!("  {}\n", clean(&problem.detail)));
            text.push_str(&format!("  fix:     {} ({})\n", problem.code.remedy(), problem.code.owner().name()));
            let shown: Vec<String> = reports.iter().take(4).map(|report| named(report)).collect();
            let more = reports.len().saturating_sub(shown.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            text.push_str(&format!("  reports: {}{more}\n", shown.join("; ")));
        }
        text
    }
}

fn named(report: &InboxReport) -> String {
    let currency = report.currency.clone().unwrap_or_default();
    let amount = report.amount_minor.map(|minor| format!(" {} {currency}", money(minor, &currency)));
    format!("{} {}{}", report.report_id, clean(&report.employee), amount.unwrap_or_default())
}

const fn is_stuck(state: InboxState) -> bool {
    matches!(
        state,
        InboxState::Held | InboxState::Rejected | InboxState::Unknown | InboxState::Conflict | InboxState::Drift
    )
}
