//! `report`: everything on record of one report: where it stands and why, its entries with the reason of every line,
//! every attempt with what was sent and what came back.

use std::process::ExitCode;

use clap::Args;
use jiff::tz::TimeZone;

use super::Common;
use super::output::{Failure, clean, heading, money, print_json, print_text, problem_text, table};
use crate::clock::Clock;
use crate::store::{Access, PostingHistory, ReportHistory, StoredPosting};
use crate::work::start::open_store;
use crate::work::told::{Told, history_json, source_of, tell, time_text};

/// Options of `report`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ml-connector report R00bCluvcO4T\n  ml-connector report R00bCluvcO4T --raw\n  \
    ml-connector report R00bCluvcO4T --json")]
pub struct Report {
    /// The report's id at Expensify
    #[arg(value_name = "ID")]
    id: String,
    /// The customer whose report it is
    #[arg(long, default_value = "default")]
    customer: String,
    /// Show requests and replies too, with secrets masked
    #[arg(long)]
    raw: bool,
}

impl Report {
    /// Looks it up in every flow of the customer, and shows it.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let store = open_store(&common.settings()?, Access::Read, &Clock::system(TimeZone::UTC)).await?;
        let customer = store.customer_named(&self.customer).await?;
        let customer =
            customer.ok_or_else(|| Failure::Plain(format!("there is no customer named '{}'", self.customer)))?;
        let mut found = false;
        for flow in customer.flows().await? {
            let Some(history) = customer.report_history(&flow.id, &self.id).await? else { continue };
            found = true;
            let (report, postings) = tell(&customer, history).await?;
            if common.json {
                let source = source_of(&customer, &report.report).await?;
                print_json(&history_json(&flow.name, &report, &postings, source.as_ref()));
            } else {
                print_text(&as_text(&flow.name, &report, &postings, self.raw));
            }
        }
        if found {
            Ok(ExitCode::SUCCESS)
        } else {
            Err(Failure::Plain(format!("no flow has read a report {}", self.id)))
        }
    }
}

fn as_text(flow: &str, history: &ReportHistory, postings: &[Told], raw: bool) -> String {
    let report = &history.report;
    let mut text = heading(&format!("{} {} ({})", report.report_id, clean(&report.name), clean(&report.employee)));
    text.push_str(&format!("flow:     {flow}\nstate:    {}", report.state.name()));
    text.push_str(&format!(" (at Expensify: {})\n", report.source_state.name()));
    if let (Some(minor), Some(currency)) = (report.total_minor, &report.currency) {
        text.push_str(&format!("total:    {} {currency}\n", money(minor, currency)));
    }
    report.problems.iter().for_each(|problem| text.push_str(&clean(&problem_text(problem))));
    for (what, mark) in [("kept back", &history.hold), ("handled", &history.handled)] {
        if let Some(mark) = mark {
            let since = time_text(mark.at_ms);
            text.push_str(&format!("{what}: {} ({} at {since})\n", clean(&mark.reason), mark.actor));
        }
    }
    for skipped in &report.skipped {
        let amount = skipped.amount.map(|amount| format!(" {amount}")).unwrap_or_default();
        text.push_str(&format!("left out: {}{amount}: {}\n", skipped.expense, clean(&skipped.reason)));
    }
    postings.iter().for_each(|told| text.push_str(&posting_text(told, raw)));
    text.push_str(&heading("Audit"));
    let rows = history
        .audit
        .iter()
        .map(|entry| vec![entry.seq.to_string(), time_text(entry.at_ms), entry.action.clone(), entry.subject.clone()]);
    text.push_str(&table(&["seq", "when (UTC)", "what", "of"], &[0], rows));
    text
}

fn posting_text(told: &Told, raw: bool) -> String {
    let PostingHistory { posting, lines, attempts, .. } = &told.history;
    let mut text = heading(&posting_title(posting));
    if let Some(problem) = &posting.problem {
        text.push_str(&clean(&problem_text(problem)));
    }
    let code = posting.total.currency.code().to_owned();
    let rows = lines.iter().map(|line| {
        let amount = money(line.amount_minor, &code);
        let (debit, credit) = if line.direction == "debit" { (amount, String::new()) } else { (String::new(), amount) };
        let dimensions: Vec<String> = line.dimensions.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let mut why = vec![line.account_reason.clone()];
        why.extend(line.dimension_reasons.iter().map(|(name, reason)| format!("{name}: {reason}")));
        why.extend(line.badges.iter().map(|badge| format!("! {badge}")));
        vec![debit, credit, line.account.clone(), dimensions.join(", "), line.memo.clone(), why.join("; ")]
    });
    text.push_str(&table(&["debit", "credit", "account", "dimensions", "memo", "why"], &[0, 1], rows));
    for ((attempt, request), body) in attempts.iter().zip(&told.bodies) {
        let outcome = attempt.outcome.as_deref().unwrap_or("not known");
        let detail = attempt.detail.as_deref().filter(|detail| !detail.is_empty());
        let detail = detail.map(|detail| format!(": {}", clean(detail))).unwrap_or_default();
        text.push_str(&format!("attempt {} at {}: {outcome}{detail}\n", attempt.n, time_text(attempt.started_ms)));
        if raw {
            let reply = request.reply.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            text.push_str(&format!("  sent:     {}\n  answered: {}\n", clean(body), clean(&reply)));
        }
    }
    text
}

fn posting_title(posting: &StoredPosting) -> String {
    let state = &posting.machine.state;
    let record = state.record_no().map(|record_no| format!(" as record {record_no}")).unwrap_or_default();
    format!("{} {} {}: {}{record}", posting.reference, posting.journal, posting.posting_date, state.name())
}
