//! `migrate`: the steps that bring a database to this program's schema, shown or applied. They only go forward; a
//! database of a newer program is refused. Every start for writing does the same by itself.

use std::process::ExitCode;

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::json;

use super::output::{Failure, print_json, print_text};
use super::{Common, EXIT_ATTENTION};
use crate::clock::Clock;
use crate::store::{Access, SchemaState, StoreError};
use crate::work::start::{open_store, place};

/// Options of `migrate`.
#[derive(Debug, Args)]
#[command(after_help = "Exit code 3 with --dry-run: steps are pending.\n\n\
    Examples:\n  ml-connector migrate --dry-run\n  ml-connector migrate")]
pub struct Migrate {
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
}

impl Migrate {
    /// Shows or applies the steps.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let settings = common.settings()?;
        let place = place(&settings)?;
        let SchemaState { found, known, pending } = place.schema().await?;
        if found > known {
            return Err(StoreError::SchemaNewer { found, known }.into());
        }
        let apply = !self.dry_run && !pending.is_empty();
        if apply {
            open_store(&settings, Access::Write, &Clock::system(TimeZone::UTC)).await?.close().await;
        }
        if common.json {
            let steps: Vec<_> =
                pending.iter().map(|(version, name)| json!({ "step": version, "name": name })).collect();
            print_json(&json!({ "found": found, "known": known, "steps": steps, "applied": apply }));
        } else if pending.is_empty() {
            print_text(&format!("{place} has schema {found}; nothing is to be done\n"));
        } else {
            let done = if apply { "applied" } else { "pending" };
            let steps = pending.iter().map(|(version, name)| format!("  {done} {version:>3}  {name}\n"));
            print_text(&format!("{place}: from schema {found} to {known}\n{}", steps.collect::<String>()));
        }
        let waits = self.dry_run && !pending.is_empty();
        Ok(if waits { ExitCode::from(EXIT_ATTENTION) } else { ExitCode::SUCCESS })
    }
}
