//! `backup` and `restore`: a checked copy of a database file, and putting one back. For PostgreSQL they say which of its
//! own tools do it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use accounting::{Code, Problem};
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::json;

use super::Common;
use super::output::{Failure, print_json, print_text};
use crate::clock::Clock;
use crate::store::{Access, Checked, StoreError, back_up, restore};
use crate::work::start::{open_store, place};

/// How PostgreSQL does it.
const OF_SERVER: &str = "for a copy: pg_dump --format=custom --file=ml-connector.dump DATABASE; to put it back into an \
    empty database, with every process of this program stopped: pg_restore --no-owner --role=ml_connector \
    --dbname=DATABASE ml-connector.dump, and then ml-connector restore --mark; for any point in time: pg_basebackup with \
    continuous archiving, where the new timeline is noticed by itself";

/// Options of `backup`.
#[derive(Debug, Args)]
#[command(
    after_help = "The copy holds no master key: keep that apart. For PostgreSQL use pg_dump or continuous archiving.\n\n\
    Example:\n  ml-connector backup --to /backup/ml-connector-$(date +%F).db"
)]
pub struct Backup {
    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// Options of `restore`.
#[derive(Debug, Args)]
#[command(
    after_help = "Stop the service first. After the start, nothing is posted before the ledger was read for what was \
    posted since the backup.\n\n\
    Example:\n  ml-connector restore --from /backup/ml-connector-2026-11-01.db --replace"
)]
pub struct Restore {
    /// The copy, as backup wrote it
    #[arg(long, value_name = "FILE", required_unless_present = "mark")]
    from: Option<PathBuf>,
    /// Take the place of a database that is there; it is kept beside the new one
    #[arg(long)]
    replace: bool,
    /// The database was put back by other tools, such as pg_restore: only mark it as restored
    #[arg(long, conflicts_with_all = ["from", "replace"])]
    mark: bool,
}

impl Backup {
    /// Copies and checks.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let place = place(&common.settings()?)?;
        let at_ms = Clock::system(TimeZone::UTC).now_ms();
        let checked = back_up(&place, &self.to, at_ms).await.map_err(explained)?;
        if common.json {
            print_json(&as_json(&self.to, &checked));
        } else {
            print_text(&format!("{} written and checked: {}\n", self.to.display(), as_text(&checked)));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Restore {
    /// Checks and puts back.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let Some(from) = &self.from else { return mark(common).await };
        let place = place(&common.settings()?)?;
        let at_ms = Clock::system(TimeZone::UTC).now_ms();
        let (checked, kept) = restore(from, &place, self.replace, at_ms).await.map_err(explained)?;
        if common.json {
            let mut shown = as_json(from, &checked);
            shown["kept"] = json!(kept.map(|kept| kept.display().to_string()));
            print_json(&shown);
        } else {
            let kept =
                kept.map(|kept| format!("The old database is kept as {}.\n", kept.display())).unwrap_or_default();
            print_text(&format!(
                "{place} is restored: {}\n{kept}The next start reads the ledger for what was posted since the backup, and \
                 posts nothing before that.\n",
                as_text(&checked)
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn mark(common: &Common) -> Result<ExitCode, Failure> {
    let clock = Clock::system(TimeZone::UTC);
    let store = open_store(&common.settings()?, Access::Write, &clock).await?;
    let marked = store.mark_restored(clock.now_ms()).await;
    store.close().await;
    marked?;
    print_text("Marked as restored: nothing is posted before the ledger was read for what was posted since.\n");
    Ok(ExitCode::SUCCESS)
}

fn as_text(checked: &Checked) -> String {
    let audit = match checked.audit {
        Some((chains, entries)) => format!("{entries} audit entries in {chains} chains hold together"),
        None => "the audit is of an older schema and was not verified".to_owned(),
    };
    format!("{} bytes, schema {}; {audit}", checked.bytes, checked.schema)
}

fn as_json(file: &Path, checked: &Checked) -> serde_json::Value {
    json!({
        "file": file.display().to_string(),
        "bytes": checked.bytes,
        "schema": checked.schema,
        "audit_chains": checked.audit.map(|(chains, _)| chains),
        "audit_entries": checked.audit.map(|(_, entries)| entries),
    })
}

/// With the commands that do it on a server.
fn explained(error: StoreError) -> Failure {
    match error {
        StoreError::OfServer => Failure::Problem(Box::new(Problem::of_report(Code::BackupByServer, "", OF_SERVER))),
        error => error.into(),
    }
}
