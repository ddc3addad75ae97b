//! `audit`: what happened, whether the chain of it is whole, and a copy that can be verified elsewhere.

use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::output::{Failure, clean, print_json, print_text, table};
use super::{Common, EXIT_ATTENTION};
use crate::clock::Clock;
use crate::store::{Access, AuditEntry, AuditFilter, CustomerStore, StoreError, verify_export};
use crate::work::anchor::{Anchored, verify};
use crate::work::start::open_store;

/// Options of `audit`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ml-connector audit list --subject R00bCluvcO4T\n  ml-connector audit verify\n  \
    ml-connector audit export --out audit.jsonl\n  ml-connector audit verify --file audit.jsonl\n  \
    ml-connector audit verify --anchor /mnt/other/anchor.jsonl")]
pub struct Audit {
    #[command(subcommand)]
    command: Command,
    /// The customer whose audit it is
    #[arg(long, default_value = "default", global = true)]
    customer: String,
    /// The installation's own audit instead: people, roles, customers and tokens
    #[arg(long, global = true, conflicts_with = "customer")]
    installation: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Entries, oldest first
    List {
        /// Only of this report or reference
        #[arg(long)]
        subject: Option<String>,
        /// Only this action, such as posting.posted
        #[arg(long)]
        action: Option<String>,
        /// Only entries after this sequence number
        #[arg(long, default_value_t = 0)]
        after: i64,
        /// At most so many
        #[arg(long, default_value_t = 200)]
        limit: u32,
    },
    /// Check that no entry was changed, removed or added
    Verify {
        /// An exported file instead of the database
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// The anchor file, for every customer: finds a chain whose end was cut off
        #[arg(long, value_name = "FILE", conflicts_with = "file")]
        anchor: Option<PathBuf>,
    },
    /// Write every entry with its hash, one JSON object a line
    Export {
        /// Where to; standard output when absent
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

impl Audit {
    /// Does what was asked.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        if let Command::Verify { anchor: Some(path), .. } = &self.command {
            return verify_anchor(common, path).await;
        }
        if let Command::Verify { file: Some(path), .. } = &self.command {
            let file = File::open(path).map_err(|error| Failure::Plain(format!("{}: {error}", path.display())))?;
            let verified = verify_export(BufReader::new(file))?;
            return Ok(show_verified(common, verified.entries, verified.head_seq, &verified.head_hash));
        }
        let settings = common.settings()?;
        let store = open_store(&settings, Access::Read, &Clock::system(TimeZone::UTC)).await?;
        let customer = match self.installation {
            true => store.known_installation_chain().await?,
            false => store.customer_named(&self.customer).await?,
        };
        let customer = customer.ok_or_else(|| match self.installation {
            true => Failure::Plain("nothing about people, roles, customers or tokens has happened yet".to_owned()),
            false => Failure::Plain(format!("there is no customer named '{}'", self.customer)),
        })?;
        match self.command {
            Command::List { subject, action, after, limit } => {
                let filter = AuditFilter { subject, action, actor: None };
                list(common, &customer, &filter, after, limit).await
            }
            Command::Verify { .. } => {
                let verified = customer.verify_audit(true).await?;
                Ok(show_verified(common, verified.entries, verified.head_seq, &verified.head_hash))
            }
            Command::Export { out } => export(&customer, out).await,
        }
    }
}

async fn list(
    common: &Common,
    customer: &CustomerStore,
    filter: &AuditFilter,
    after: i64,
    limit: u32,
) -> Result<ExitCode, Failure> {
    let entries = customer.list_audit(filter, after, limit.min(10_000)).await?;
    if common.json {
        entries.iter().for_each(|entry| print_json(&as_json(entry)));
        return Ok(ExitCode::SUCCESS);
    }
    let rows = entries.iter().map(|entry| {
        vec![
            entry.seq.to_string(),
            time(entry.at_ms),
            entry.action.clone(),
            entry.subject.clone(),
            short(&entry.detail),
        ]
    });
    print_text(&table(&["seq", "when (UTC)", "what", "of", "detail"], &[0], rows));
    if entries.len() == usize::try_from(limit).unwrap_or(usize::MAX)
        && let Some(last) = entries.last()
    {
        print_text(&format!("more: --after {}\n", last.seq));
    }
    Ok(ExitCode::SUCCESS)
}

async fn export(customer: &CustomerStore, out: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let mut writer: Box<dyn Write + Send> = match &out {
        Some(path) => {
            let file = File::create(path).map_err(|error| Failure::Plain(format!("{}: {error}", path.display())))?;
            Box::new(BufWriter::new(file))
        }
        None => Box::new(BufWriter::new(std::io::stdout())),
    };
    let exported = match customer.export_audit(&mut *writer).await {
        Ok(entries) => writer.flush().map(|()| entries),
        Err(StoreError::Export { source }) => Err(source),
        Err(error) => return Err(error.into()),
    };
    let entries = match exported {
        Ok(entries) => entries,
        // A reader that went away has seen what it wanted.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
        Err(error) => return Err(Failure::Plain(format!("the export was not written: {error}"))),
    };
    if out.is_some() {
        print_text(&format!("{entries} entries written\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Every chain by itself, and every note of the anchor in its chain.
async fn verify_anchor(common: &Common, path: &Path) -> Result<ExitCode, Failure> {
    let file = File::open(path).map_err(|error| Failure::Plain(format!("{}: {error}", path.display())))?;
    let store = open_store(&common.settings()?, Access::Read, &Clock::system(TimeZone::UTC)).await?;
    for chain in store.audit_chains().await? {
        chain.verify_audit(true).await?;
    }
    let Anchored { notes, chains, foreign, torn } = verify(&store, BufReader::new(file)).await?;
    if common.json {
        print_json(&json!({ "verified": true, "notes": notes, "chains": chains, "foreign": foreign, "torn": torn }));
    } else {
        print_text(&format!("The chains are whole and hold all {notes} notes of the anchor, of {chains} chains.\n"));
        if foreign > 0 {
            print_text(&format!("{foreign} notes are of other installations.\n"));
        }
    }
    if torn > 0 && !common.json {
        print_text(&format!("{torn} lines are broken off or spoiled; they prove nothing.\n"));
    }
    Ok(if torn == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_ATTENTION) })
}

fn show_verified(common: &Common, entries: u64, head_seq: i64, head_hash: &str) -> ExitCode {
    if common.json {
        print_json(&json!({ "verified": true, "entries": entries, "head_seq": head_seq, "head_hash": head_hash }));
    } else {
        print_text(&format!("The chain is whole: {entries} entries, the newest is {head_seq}.\nhead {head_hash}\n"));
    }
    ExitCode::SUCCESS
}

fn as_json(entry: &AuditEntry) -> Value {
    json!({
        "seq": entry.seq,
        "at": time(entry.at_ms),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": serde_json::from_str::<Value>(&entry.detail).unwrap_or(Value::Null),
        "prev_hash": entry.prev_hash,
        "hash": entry.hash,
    })
}

fn time(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map(|at| at.to_string()).unwrap_or_default()
}

fn short(detail: &str) -> String {
    let detail = clean(detail);
    if detail.chars().count() > 120 { format!("{}...", detail.chars().take(117).collect::<String>()) } else { detail }
}
