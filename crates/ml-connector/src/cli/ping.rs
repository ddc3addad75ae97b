//! `ping`: everything a flow needs, one verdict each.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Common;
use super::output::{Failure, colour, print_json, print_text, table};
use crate::flow::Flow;
use crate::work::ping::{Check, Verdict, checks_json, ping};
use crate::work::start::Peek;

/// Options of `ping`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads only. Exit code 1 if anything does not work.\n\nExample:\n  ml-connector ping expenses.toml"
)]
pub struct Ping {
    /// The flow file
    #[arg(value_name = "FLOW.toml")]
    flow: PathBuf,
}

impl Ping {
    /// Checks and shows.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let flow = Flow::load(&self.flow)?;
        common.warn();
        let peek = Peek::open(flow, &common.settings()?, &common.endpoints()).await?;
        let checks = ping(&peek).await;
        if common.json {
            print_json(&checks_json(&checks));
        } else {
            print_text(&as_text(&checks));
        }
        let bad = checks.iter().any(|check| check.verdict == Verdict::Bad);
        Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// A table of all of them, and below it cause and remedy of what does not work or wants a look.
pub(super) fn as_text(checks: &[Check]) -> String {
    let rows = checks
        .iter()
        .map(|check| vec![mark(check.verdict), check.system.to_owned(), check.name.clone(), check.detail.clone()]);
    let mut text = table(&["", "system", "check", ""], &[], rows);
    let mut told = BTreeSet::new();
    let bad = checks.iter().filter(|check| check.verdict != Verdict::Good);
    let bad = bad.filter(|check| check.code.is_some_and(|code| told.insert(code)));
    for (check, code) in bad.filter_map(|check| Some((check, check.code?))) {
        text.push_str(&format!(
            "\n{} {}: {}\n  cause:  {}\n  remedy: {} ({})\n",
            code,
            check.name,
            code.title(),
            code.cause(),
            code.remedy(),
            code.owner().name()
        ));
    }
    text
}

fn mark(verdict: Verdict) -> String {
    let word = verdict.word();
    if !colour() {
        return word.to_owned();
    }
    let code = match verdict {
        Verdict::Good => 32,
        Verdict::Look => 33,
        Verdict::Bad => 31,
        Verdict::Unchecked => 90,
    };
    format!("\u{1b}[{code}m{word}\u{1b}[0m")
}
