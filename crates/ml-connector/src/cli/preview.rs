//! `preview`: the exact journal lines with the reason for each, and the hash of what a post would send.

use std::path::PathBuf;
use std::process::ExitCode;

use accounting::entry::{Direction, Line};
use accounting::translate::{PlannedEntry, SkippedExpense};
use accounting::{Problem, Translation};
use clap::Args;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::Common;
use super::output::{Failure, clean, heading, money, print_json, print_text, problem_json, table};
use crate::flow::Flow;
use crate::work::preview::{Preview as Previewed, preview};
use crate::work::start::Peek;

/// Options of `preview`.
#[derive(Debug, Args)]
#[command(after_help = "Reads only: nothing is posted and nothing is kept. With --json one object a line.\n\n\
    Examples:\n  ml-connector preview expenses.toml --report R00bCluvcO4T\n  \
    ml-connector preview expenses.toml --json | head -1")]
pub struct Preview {
    /// The flow file
    #[arg(value_name = "FLOW.toml")]
    flow: PathBuf,
    /// Just this report, by its id, whatever its state
    #[arg(long, value_name = "ID")]
    report: Option<String>,
}

impl Preview {
    /// Reads and shows.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let flow = Flow::load(&self.flow)?;
        common.warn();
        let peek = Peek::open(flow, &common.settings()?, &common.endpoints()).await?;
        let as_machine = common.json;
        let show = |previewed: Previewed| {
            if as_machine { print_json(&as_json(&previewed)) } else { print_text(&as_text(&previewed)) }
        };
        let unreadable = |report: Option<String>, problem: Problem| {
            if as_machine {
                print_json(
                    &json!({ "report_id": report, "state": "unreadable", "problems": [problem_json(&problem)] }),
                );
            } else {
                print_text(&format!("{}\n", clean(&problem.to_string())));
            }
        };
        let count = preview(&peek, self.report.as_deref(), show, unreadable).await?;
        match self.report {
            Some(id) if count == 0 => Err(Failure::Plain(format!("Expensify shows no report {id}"))),
            _ => Ok(ExitCode::SUCCESS),
        }
    }
}

fn as_json(previewed: &Previewed) -> Value {
    let report = &previewed.report;
    let mut object = json!({
        "report_id": report.id,
        "number": report.number,
        "name": report.name,
        "employee": report.employee.name,
        "approved": report.approved.map(|date| date.to_string()),
    });
    let rest = match &previewed.translation {
        Translation::Skipped(skip) => json!({
            "state": "skipped", "reason": skip.reason, "skipped": skip.expenses.iter().map(skipped_json).collect::<Vec<_>>(),
        }),
        Translation::Held(held) => json!({
            "state": "held",
            "problems": held.problems.iter().map(problem_json).collect::<Vec<_>>(),
            "skipped": held.skipped.iter().map(skipped_json).collect::<Vec<_>>(),
        }),
        Translation::Ready(plan) => json!({
            "state": "ready",
            "amount_minor": plan.amount.minor,
            "currency": plan.amount.currency.code(),
            "entries": plan.entries.iter().zip(&previewed.sha256).map(entry_json).collect::<Vec<_>>(),
            "skipped": plan.skipped.iter().map(skipped_json).collect::<Vec<_>>(),
        }),
    };
    if let (Value::Object(object), Value::Object(rest)) = (&mut object, rest) {
        object.extend(rest);
    }
    object
}

fn entry_json((planned, sha256): (&PlannedEntry, &Result<[u8; 32], Problem>)) -> Value {
    let header = planned.entry.header();
    json!({
        "reference": planned.reference.as_str(),
        "journal": header.journal,
        "date": header.date.to_string(),
        "original_date": header.original_date.map(|date| date.to_string()),
        "title": header.title,
        "currency": planned.entry.currency().code(),
        "total_minor": planned.entry.total().minor,
        "payload_sha256": sha256.as_ref().ok().map(|hash| HEXLOWER.encode(hash)),
        "problem": sha256.as_ref().err().map(problem_json),
        "lines": planned.entry.lines().iter().map(line_json).collect::<Vec<_>>(),
    })
}

fn line_json(line: &Line) -> Value {
    let dimensions: serde_json::Map<String, Value> =
        line.dimensions.iter().map(|(dimension, value)| (dimension.to_string(), json!(value))).collect();
    let reasons: serde_json::Map<String, Value> =
        line.reason.dimensions.iter().map(|(dimension, why)| (dimension.to_string(), json!(&**why))).collect();
    json!({
        "direction": direction(line.direction),
        "amount_minor": line.amount.minor,
        "account": line.account,
        "dimensions": dimensions,
        "memo": line.memo,
        "document": line.document,
        "expenses": line.expenses,
        "account_reason": &*line.reason.account,
        "dimension_reasons": reasons,
        "badges": line.reason.badges.iter().map(|badge| json!(&**badge)).collect::<Vec<_>>(),
    })
}

fn skipped_json(skipped: &SkippedExpense) -> Value {
    json!({
        "expense": skipped.expense,
        "fund_source": skipped.fund_source.name(),
        "amount_minor": skipped.amount.map(|amount| amount.minor),
        "reason": skipped.reason,
    })
}

fn as_text(previewed: &Previewed) -> String {
    let report = &previewed.report;
    let approved = report.approved.map(|date| format!(", approved {date}")).unwrap_or_default();
    let title = format!("{} {} ({}{approved})", report.id, clean(&report.name), clean(&report.employee.name));
    let mut text = heading(&title);
    match &previewed.translation {
        Translation::Skipped(skip) => text.push_str(&format!("left out: {}\n", skip.reason)),
        Translation::Held(held) => {
            text.push_str("held: nothing of it would be posted\n");
            for problem in &held.problems {
                let expense = problem.expense.as_deref().map(|id| format!(" [expense {id}]")).unwrap_or_default();
                text.push_str(&format!("  {}{expense}\n", clean(&problem.to_string())));
                text.push_str(&format!("    fix: {}\n", problem.code.remedy()));
            }
        }
        Translation::Ready(plan) => {
            for (planned, sha256) in plan.entries.iter().zip(&previewed.sha256) {
                text.push_str(&entry_text(planned, sha256));
            }
            for skipped in &plan.skipped {
                text.push_str(&format!("left out: expense {}: {}\n", skipped.expense, skipped.reason));
            }
        }
    }
    text
}

fn entry_text(planned: &PlannedEntry, sha256: &Result<[u8; 32], Problem>) -> String {
    let header = planned.entry.header();
    let currency = planned.entry.currency();
    let hash = match sha256 {
        Ok(hash) => HEXLOWER.encode(hash),
        Err(problem) => problem.to_string(),
    };
    let mut text = format!(
        "{} {}  {}  {}\n  payload sha256 {hash}\n",
        header.journal,
        header.date,
        planned.reference,
        clean(&header.title)
    );
    let rows = planned.entry.lines().iter().map(|line| {
        let amount = money(line.amount.minor, currency.code());
        let (debit, credit) = match line.direction {
            Direction::Debit => (amount, String::new()),
            Direction::Credit => (String::new(), amount),
        };
        let dimensions: Vec<String> = line.dimensions.iter().map(|(d, value)| format!("{d} {value}")).collect();
        let mut why = vec![line.reason.account.to_string()];
        why.extend(line.reason.dimensions.iter().map(|(dimension, why)| format!("{dimension}: {why}")));
        why.extend(line.reason.badges.iter().map(|badge| format!("! {badge}")));
        vec![debit, credit, line.account.clone(), dimensions.join(", "), line.memo.clone(), why.join("; ")]
    });
    text.push_str(&table(&["debit", "credit", "account", "dimensions", "memo", "why"], &[0, 1], rows));
    text
}

const fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Debit => "debit",
        Direction::Credit => "credit",
    }
}
