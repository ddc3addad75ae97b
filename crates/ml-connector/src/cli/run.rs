//! `run`: one flow, once, headless.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::books::Books;
use super::cost::cost;
use super::output::{Failure, heading, print_json, print_text, problem_text};
use super::watch::Watch;
use super::{Common, EXIT_ATTENTION};
use crate::flow::{Flow, Mode};
use crate::work::start::Opened;
use crate::work::summary::Summary;

/// Options of `run`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads every report approved since the flow's cut-over; one that is posted and unchanged is left \
    alone.\nSafe to repeat and to kill: an entry whose outcome is unknown is looked for in Intacct before anything is \
    sent again.\n\nExamples:\n  ml-connector run expenses.toml\n  \
    ml-connector run expenses.toml --database sqlite:/var/lib/ml-connector/books.db --json"
)]
pub struct Run {
    /// The flow file
    #[arg(value_name = "FLOW.toml")]
    flow: PathBuf,
    /// Do not wait for unknown outcomes to settle; the next run goes on from there
    #[arg(long)]
    no_wait: bool,
}

impl Run {
    /// Runs the flow and shows what came of it.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let flow = Flow::load(&self.flow)?;
        let opened = common.open(flow).await?;
        let watch = Watch::new(common.json);
        let result = opened.work(&watch).run(!self.no_wait).await;
        watch.end();
        let summary = match result {
            Ok(summary) => summary,
            Err(error) => {
                opened.close().await?;
                return Err(error.into());
            }
        };
        let books = Books::read(&opened, 1_000).await?;
        if common.json {
            print_json(&json(&opened, &summary, &books));
        } else {
            print_text(&text(&opened, &summary, &books));
        }
        let attention = summary.unreadable > 0 || !summary.problems.is_empty() || books.needs_attention();
        opened.close().await?;
        Ok(if attention { ExitCode::from(EXIT_ATTENTION) } else { ExitCode::SUCCESS })
    }
}

fn json(opened: &Opened, summary: &Summary, books: &Books) -> serde_json::Value {
    use crate::systems::{Destination, Source};
    serde_json::json!({
        "run": opened.run.as_str(),
        "flow": opened.flow.name,
        "mode": if opened.flow.mode == Mode::Post { "post" } else { "rehearsal" },
        "read": summary.read,
        "unchanged": summary.unchanged,
        "posted": summary.posted,
        "unreadable": summary.unreadable,
        "entries_sent": summary.sent,
        "requests": { "expensify": opened.source.requests(), "intacct": opened.destination.requests() },
        "problems": summary.problems.iter().map(super::output::problem_json).collect::<Vec<_>>(),
        "reports": books.reports_json(),
        "money": books.money_json(),
        "held": books.held_json(),
        "cost": cost(&opened.store),
    })
}

fn text(opened: &Opened, summary: &Summary, books: &Books) -> String {
    let mode = if opened.flow.mode == Mode::Post { "" } else { " (rehearsal: nothing was sent)" };
    let mut text = format!(
        "{}{mode}\n{} reports read, {} of them unchanged; {} posted in this run.\n",
        opened.flow.name, summary.read, summary.unchanged, summary.posted
    );
    text.push_str(&heading("All reports of this flow"));
    text.push_str(&books.states_table());
    text.push_str(&heading("Money"));
    text.push_str(&books.money_table());
    text.push_str(&books.held_text());
    if !summary.problems.is_empty() {
        text.push_str(&heading("What stood in the way of the run"));
        summary.problems.iter().for_each(|problem| text.push_str(&problem_text(problem)));
    }
    text
}
