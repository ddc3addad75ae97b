//! What a change of a flow's document would do to the reports of the last months: what it would release, hold, leave
//! out or book otherwise, from stored data alone. It calls no vendor and writes nothing; what is in the ledger is never
//! altered by a new mapping, and is counted apart.

use std::collections::BTreeMap;

use accounting::translate::{Held, Setting, Translator};
use accounting::{Chart, Code, Date, ExpenseReport, Problem, Translation};
use jiff::ToSpan;
use jiff::tz::TimeZone;

use super::WorkError;
use crate::flow::Flow;
use crate::store::{CustomerStore, FlowId, InboxState, StoredReport};

mod compare;
mod effect;

use compare::{Change, Fine, compare};
pub use effect::{AccountMove, BySide, DimensionMove, HeadingMove, Tally, WhatIf, WouldHold};

/// Months that are looked back at where nobody says otherwise.
pub const MONTHS: u32 = 3;
/// Most months that are looked back at.
pub const MONTHS_MAX: u32 = 36;
/// Reports read at once.
const PAGE: u32 = 50;
/// States of which something is, or may be, in the ledger.
const IN_LEDGER: [InboxState; 5] =
    [InboxState::Posted, InboxState::Sent, InboxState::Unknown, InboxState::Conflict, InboxState::Drift];

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The flow as it is.
    pub old: &'a Flow,
    /// The flow as it would be.
    pub new: &'a Flow,
    /// What the ledger accepts, as last read.
    pub chart: &'a Chart,
    /// The company there.
    pub company: &'a str,
    /// Today, in the customer's zone.
    pub today: Date,
    /// How many months to look back, at most [`MONTHS_MAX`].
    pub months: u32,
}

/// Compares the two documents over the stored reports of the last months. Streaming: one page of reports is in memory
/// at a time.
///
/// # Errors
/// Those of the store.
pub async fn what_if(
    customer: &CustomerStore,
    flow: &FlowId,
    question: &Question<'_>,
    report_of: impl Fn(&[u8]) -> Result<ExpenseReport, Problem>,
) -> Result<WhatIf, WorkError> {
    let months = question.months.clamp(1, MONTHS_MAX);
    let from = question.today.checked_sub(i64::from(months).months()).unwrap_or(question.today);
    let from_ms = from.to_zoned(TimeZone::UTC).map_or(0, |start| start.timestamp().as_millisecond());
    let day = from.to_string();
    // A month that was closed since holds nothing that is posted already.
    let open = Chart { closed_through: None, ..question.chart.clone() };
    let (old_fine, new_fine) = (Fine::of(&question.old.mapping), Fine::of(&question.new.mapping));
    let judge = |chart| Judge {
        old: Translator::new(&question.old.mapping, chart),
        new: Translator::new(&question.new.mapping, chart),
        old_fine: old_fine.translator(chart),
        new_fine: new_fine.translator(chart),
    };
    let (waiting, in_ledger) = (judge(question.chart), judge(&open));
    let mut found = WhatIf::since(from);
    for state in InboxState::ALL {
        let is_in_ledger = IN_LEDGER.contains(&state);
        let judge = if is_in_ledger { &in_ledger } else { &waiting };
        let mut cursor = 0;
        loop {
            let page = customer.stored_reports(flow, state, (&day, from_ms), cursor, PAGE).await?;
            let Some(last) = page.last() else { break };
            cursor = last.cursor;
            for stored in &page {
                // Other work of this thread must not wait for a whole comparison.
                tokio::task::yield_now().await;
                match report_of(&stored.raw) {
                    Ok(report) => judge.weigh(stored, report, question, is_in_ledger, &mut found),
                    Err(_) => found.unreadable += 1,
                }
            }
        }
    }
    Ok(found)
}

/// Whether a problem may go away by another mapping or another chart. The others need the source, the ledger, or a
/// person.
pub const fn is_mendable(code: Code) -> bool {
    matches!(code.number(), 101..=128 | 131..=139)
}

struct Judge<'a> {
    old: Translator<'a>,
    new: Translator<'a>,
    old_fine: Translator<'a>,
    new_fine: Translator<'a>,
}

impl Judge<'_> {
    fn weigh(
        &self,
        stored: &StoredReport,
        mut report: ExpenseReport,
        question: &Question<'_>,
        in_ledger: bool,
        found: &mut WhatIf,
    ) {
        // The bytes are those of its content; it may have moved on at the source since.
        report.state = stored.source_state;
        let setting = Setting {
            today: question.today,
            company: question.company.to_owned(),
            generation: stored.generation,
            run: "what-if".to_owned(),
        };
        found.reports += 1;
        let stuck = stored.problems.iter().any(|problem| !is_mendable(problem.code));
        let old = self.old.translate(&report, &setting);
        let new = self.new.translate(&report, &setting);
        let money = money(&new).or_else(|| money(&old));
        match (&old, &new) {
            _ if stuck && !in_ledger => found.unchanged.add(in_ledger, money),
            (Translation::Held(_), Translation::Ready(_)) => found.released.add(in_ledger, money),
            (Translation::Ready(_), Translation::Held(held)) => {
                found.newly_held.add(in_ledger, money);
                found.would_hold(causes(held), money);
            }
            (Translation::Held(_), Translation::Held(_)) => found.still_held.add(in_ledger, money),
            (Translation::Ready(_), Translation::Skipped(_)) => found.left_out.add(in_ledger, money),
            (Translation::Skipped(_), Translation::Ready(_)) => found.newly_taken.add(in_ledger, money),
            (Translation::Ready(before), Translation::Ready(after)) => {
                let fine = || {
                    let old = self.old_fine.translate(&report, &setting);
                    (old, self.new_fine.translate(&report, &setting))
                };
                match compare(before, after, fine) {
                    Change::None => found.unchanged.add(in_ledger, money),
                    Change::Wording => found.reworded.add(in_ledger, money),
                    Change::Booking(changes) => {
                        found.altered.add(in_ledger, money);
                        found.take(&changes);
                    }
                }
            }
            _ => found.unchanged.add(in_ledger, money),
        }
    }
}

fn money(translation: &Translation) -> Option<accounting::Amount> {
    match translation {
        Translation::Held(held) => held.amount,
        Translation::Ready(plan) => Some(plan.amount),
        Translation::Skipped(skip) => skip.amount,
    }
}

/// Each cause once, with what was seen first.
fn causes(held: &Held) -> BTreeMap<(Code, &str), &str> {
    let mut causes = BTreeMap::new();
    for problem in &held.problems {
        causes.entry((problem.code, problem.value.as_str())).or_insert(problem.detail.as_str());
    }
    causes
}
