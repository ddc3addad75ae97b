//! `reconcile`: ties out a flow against both systems as they are now, and names every difference. It sends nothing.

use std::path::PathBuf;
use std::process::ExitCode;

use accounting::Date;
use clap::Args;

use super::output::{Failure, clean, heading, money, print_json, print_text, problem_text, table};
use super::watch::Watch;
use super::{Common, EXIT_ATTENTION};
use crate::flow::Flow;
use crate::store::ReconciliationState;
use crate::work::reconcile::Reconciled;
use crate::work::reconcile::shown::scope_name;
use crate::work::start::Opened;

/// Differences shown one by one on a terminal.
const SHOWN: usize = 50;

/// Options of `reconcile`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads the period anew from Expensify and Intacct and compares: approved = planned = acknowledged = in \
    the ledger now,\nby month of posting, entity, currency and fund source. Sends nothing. Exit code 3 where anything is \
    unexplained.\n\nExamples:\n  ml-connector reconcile expenses.toml\n  \
    ml-connector reconcile expenses.toml --from 2026-10-01 --to 2026-10-31 --json"
)]
pub struct Reconcile {
    /// The flow file
    #[arg(value_name = "FLOW.toml")]
    flow: PathBuf,
    /// First day of posting; its whole month is taken. The flow's cut-over where it is not given
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Last day of posting; its whole month is taken. Today where it is not given
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
}

impl Reconcile {
    /// Ties out and shows what came of it.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let flow = Flow::load(&self.flow)?;
        let opened = common.open(flow).await?;
        let from = self.from.unwrap_or(opened.flow.mapping.selection.cut_over);
        let to = self.to.unwrap_or_else(|| opened.clock.today());
        if from > to {
            opened.close().await?;
            return Err(Failure::Plain(format!("--from {from} is after --to {to}")));
        }
        let watch = Watch::new(common.json);
        let result = opened.work(&watch).reconcile_once(from, to).await;
        watch.end();
        let found = match result {
            Ok(found) => found,
            Err(error) => {
                opened.close().await?;
                return Err(error.into());
            }
        };
        if common.json {
            print_json(&found.to_json());
        } else {
            print_text(&text(&opened, &found));
        }
        opened.close().await?;
        let ties = found.state() == ReconciliationState::Ties;
        Ok(if ties { ExitCode::SUCCESS } else { ExitCode::from(EXIT_ATTENTION) })
    }
}

fn text(opened: &Opened, found: &Reconciled) -> String {
    let mut text = format!("{}: {} to {}\n", opened.flow.name, found.from, found.to);
    text.push_str(&heading("Tie-out by month of posting"));
    text.push_str(&rows(found));
    if !found.exclusion_sums.is_empty() {
        text.push_str(&heading("Left out, by reason"));
        text.push_str(&exclusions(found));
    }
    if found.unvalued > 0 {
        text.push_str(&format!("\n{} reports or expenses have no exact amount and are in no sum.\n", found.unvalued));
    }
    if found.difference_count > 0 {
        text.push_str(&heading(&format!("Differences: {}", found.difference_count)));
        text.push_str(&differences(found));
    }
    if found.accepted_count > 0 {
        text.push_str(&format!("\n{} differences were accepted by a person.\n", found.accepted_count));
    }
    for problem in &found.problems {
        text.push_str(&problem_text(problem));
    }
    text.push_str(match found.state() {
        ReconciliationState::Ties => "\nEverything ties out.\n",
        ReconciliationState::Differs => "\nIt does not tie out.\n",
        ReconciliationState::Incomplete => "\nNot all of it could be read: nothing is proven.\n",
    });
    text
}

fn rows(found: &Reconciled) -> String {
    let header = [
        "month",
        "entity",
        "fund source",
        "",
        "approved",
        "left out",
        "held",
        "planned",
        "waiting",
        "acknowledged",
        "corrected",
        "ledger",
        "accepted",
        "unexplained",
    ];
    let rows = found.tie_out.rows.iter().map(|(key, sums)| {
        let currency = key.currency.code();
        let show = |minor: i128| i64::try_from(minor).map_or_else(|_| minor.to_string(), |it| money(it, currency));
        vec![
            key.month.to_string(),
            key.entity.clone(),
            scope_name(key.scope).to_owned(),
            currency.to_owned(),
            show(sums.source),
            show(sums.excluded),
            show(sums.held),
            show(sums.planned),
            show(sums.waiting),
            show(sums.acknowledged),
            show(sums.corrections),
            show(sums.ledger),
            show(sums.explained + sums.ledger_explained),
            show(sums.unexplained()),
        ]
    });
    table(&header, &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13], rows)
}

fn exclusions(found: &Reconciled) -> String {
    let rows = found.exclusion_sums.iter().map(|((reason, currency), (count, minor))| {
        let amount = i64::try_from(*minor).map_or_else(|_| minor.to_string(), |it| money(it, currency));
        vec![reason.clone(), count.to_string(), amount, currency.clone()]
    });
    table(&["reason", "count", "amount", ""], &[1, 2], rows)
}

fn differences(found: &Reconciled) -> String {
    let mut text = String::new();
    for difference in found.differences.iter().take(SHOWN) {
        let code = difference.finding.code();
        let currency = difference.key.currency.code();
        let amount =
            i64::try_from(difference.minor).map_or_else(|_| difference.minor.to_string(), |it| money(it, currency));
        text.push_str(&format!("{code} {}: {} {amount} {currency}\n", code.title(), clean(&difference.subject)));
        text.push_str(&format!(
            "  {}\n  fix: {} ({})\n",
            clean(&difference.detail),
            code.remedy(),
            code.owner().name()
        ));
    }
    let more = found.difference_count.saturating_sub(SHOWN as u64);
    if more > 0 {
        text.push_str(&format!("and {more} more; all are shown with --json or as cases\n"));
    }
    text
}
