//! Writes what became of a report as a controller reads it: the lines as a table, then the reason of each.

use std::fmt::Write;

use accounting::translate::{PlannedEntry, SkippedExpense};
use accounting::{Direction, EntryState, Line, Translation};

/// The outcome in words.
pub(super) fn translation(translation: &Translation) -> String {
    let mut out = String::new();
    let amount = |amount: Option<accounting::Amount>| amount.map_or("?".to_owned(), |amount| amount.to_string());
    match translation {
        Translation::Skipped(skip) => {
            let _ = writeln!(out, "SKIPPED {}: {}", amount(skip.amount), skip.reason);
            skipped(&mut out, &skip.expenses);
        }
        Translation::Held(held) => {
            let _ = writeln!(out, "HELD {}", amount(held.amount));
            for problem in &held.problems {
                let place = problem.expense.as_deref().map_or("report".to_owned(), |id| format!("expense {id}"));
                let _ = writeln!(out, "  {} {place} [{}]: {}", problem.code, problem.value, problem.detail);
            }
            skipped(&mut out, &held.skipped);
        }
        Translation::Ready(plan) => {
            let _ = writeln!(out, "READY {}", plan.amount);
            plan.entries.iter().for_each(|entry| self::entry(&mut out, entry));
            skipped(&mut out, &plan.skipped);
        }
    }
    out
}

fn skipped(out: &mut String, expenses: &[SkippedExpense]) {
    for expense in expenses {
        let amount = expense.amount.map_or("?".to_owned(), |amount| amount.to_string());
        let _ = writeln!(out, "left out: {} {amount} {}: {}", expense.expense, expense.fund_source, expense.reason);
    }
}

fn entry(out: &mut String, planned: &PlannedEntry) {
    let header = planned.entry.header();
    let state = if header.state == EntryState::Draft { " draft" } else { "" };
    let moved = header.original_date.map_or(String::new(), |date| format!(" (was {date})"));
    let _ = writeln!(out, "\n{} in {} on {}{moved}{state}", planned.reference, header.journal, header.date);
    let _ = writeln!(out, "  \"{}\"", header.title);
    let rows: Vec<[String; 6]> = planned.entry.lines().iter().map(row).collect();
    let heads = ["", "debit", "credit", "account", "dimensions", "memo"].map(str::to_owned);
    let all = || std::iter::once(&heads).chain(&rows);
    let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    for row in all() {
        let mut line = String::new();
        for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = match index {
                1 | 2 => write!(line, "{cell:>width$}  "),
                _ => write!(line, "{cell:<width$}  "),
            };
        }
        let _ = writeln!(out, "  {}", line.trim_end());
    }
    planned.entry.lines().iter().enumerate().for_each(|(index, line)| reason(out, index + 1, line, planned));
}

fn row(line: &Line) -> [String; 6] {
    let amount = line.amount.decimals();
    let (debit, credit) = match line.direction {
        Direction::Debit => (amount, String::new()),
        Direction::Credit => (String::new(), amount),
    };
    let dimensions: Vec<String> = line.dimensions.iter().map(|(name, id)| format!("{name} {id}")).collect();
    [line.expenses.join(" "), debit, credit, line.account.clone(), dimensions.join(", "), line.memo.clone()]
}

fn reason(out: &mut String, number: usize, line: &Line, planned: &PlannedEntry) {
    let _ = writeln!(out, "  line {number} {:?}", line.side);
    let _ = writeln!(out, "    {}: {}", line.account, line.reason.account);
    for (name, reason) in &line.reason.dimensions {
        let _ = writeln!(out, "    {name}: {reason}");
    }
    if line.document != planned.reference.as_str() {
        let _ = writeln!(out, "    document \"{}\"", line.document);
    }
    for badge in &line.reason.badges {
        let _ = writeln!(out, "    ! {badge}");
    }
}
