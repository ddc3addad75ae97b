//! Whether a flow takes a report at all, and which of its expenses.

use jiff::civil::Date;

use super::problems::Problems;
use crate::mapping::Selection;
use crate::problem::Code;
use crate::report::{ExpenseReport, FundSource, ReportState};

/// The day a report became final, and whether submission stands in for approval (workspaces that have none).
pub(super) fn final_day(report: &ExpenseReport) -> (Option<Date>, bool) {
    match report.state {
        ReportState::Archived => (report.submitted, true),
        _ => (report.approved, false),
    }
}

/// Why the whole report is left alone; `None` where at least part of it is taken.
pub(super) fn leave_out(report: &ExpenseReport, selection: &Selection, problems: &mut Problems) -> Option<String> {
    let policies = selection.policies.as_ref();
    if policies.is_some_and(|policies| !policies.contains(report.policy_id.trim())) {
        return Some(format!("workspace \"{}\" is not among those of the flow", report.policy_name));
    }
    let is_taken = |fund| takes(selection, fund, report.state);
    let none_taken = match report.expenses.as_slice() {
        [] => !FundSource::ALL.into_iter().any(is_taken),
        expenses => !expenses.iter().any(|expense| is_taken(expense.fund_source())),
    };
    if none_taken {
        return Some(format!("reports in state {} are not taken", report.state.name()));
    }
    let (day, submitted) = final_day(report);
    let word = if submitted { "submitted" } else { "approved" };
    match day {
        Some(day) if day < selection.cut_over && !is_backfilled(selection, day) => {
            Some(format!("{word} on {day}, before the cut-over on {}", selection.cut_over))
        }
        Some(_) => None,
        None => {
            let detail = format!("the report is {} and carries no day on which it was {word}", report.state.name());
            problems.of_report(Code::ApprovalDateMissing, word, detail);
            None
        }
    }
}

fn is_backfilled(selection: &Selection, day: Date) -> bool {
    selection.backfills.iter().any(|(from, to)| (*from..=*to).contains(&day))
}

/// Whether expenses of `fund` are taken in `state`. Expenses of another fund source follow the company card unless
/// the selection names them.
pub(super) fn takes(selection: &Selection, fund: FundSource, state: ReportState) -> bool {
    super::by_fund(&selection.states, fund).is_some_and(|(_, states)| states.contains(&state))
}
