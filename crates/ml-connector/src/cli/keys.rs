//! `keys`: makes a master key, puts another one in its place, and says under which key the customers' data keys lie.
//! It never prints a key.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use accounting::{Code, Problem};
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use secrecy::ExposeSecret;
use serde_json::json;

use super::output::{Failure, print_json, print_text};
use super::{Common, EXIT_ATTENTION};
use crate::clock::Clock;
use crate::store::{Access, DataKeys, MasterKey};
use crate::work::ACTOR;
use crate::work::master_key::given_key;
use crate::work::start::open_store;

/// Options of `keys`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ml-connector keys generate --out /etc/ml-connector/master.key\n  \
    ml-connector keys rotate --new file:/etc/ml-connector/master-2.key\n  ml-connector keys status")]
pub struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a new master key into a new file that only its owner can read
    Generate {
        /// The file; it must not exist yet
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Seal every customer's data key under another master key; may be broken off and run again
    #[command(after_help = "SQLite: stop the service first. PostgreSQL: first name the new key in \
        secrets.other_master_keys of every process and restart them one after the other; they go on working meanwhile.\n\
        Afterwards make the new key secrets.master_key everywhere, and keep the old one with the backups made under it.")]
    Rotate {
        /// The new key: env:NAME or file:PATH
        #[arg(long, value_name = "REFERENCE")]
        new: String,
    },
    /// How many data keys lie under the master key, under another one, under none that is known
    Status,
}

impl Keys {
    /// Does what was asked.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Generate { out } => generate(&out),
            Command::Rotate { new } => rotate(common, &new).await,
            Command::Status => status(common).await,
        }
    }
}

fn generate(out: &Path) -> Result<ExitCode, Failure> {
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(out);
    let mut file = opened.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::Problem(Box::new(Problem::of_report(
            Code::FileInTheWay,
            out.display().to_string(),
            "no key was made",
        ))),
        _ => Failure::Plain(format!("{}: {error}", out.display())),
    })?;
    let key = MasterKey::generate()?;
    file.write_all(format!("{}\n", key.to_text().expose_secret()).as_bytes())?;
    file.sync_all()?;
    print_text(&format!(
        "A new master key is in {}. Keep a copy of it apart from the database and its backups: without it no sealed \
         secret can be opened.\n",
        out.display()
    ));
    Ok(ExitCode::SUCCESS)
}

async fn rotate(common: &Common, new: &str) -> Result<ExitCode, Failure> {
    let settings = common.settings()?;
    let new_key = given_key(new)?;
    let mut known = settings.clone();
    // What an earlier try has moved lies under the new key.
    known.secrets.other_master_keys.push(new.to_owned());
    let clock = Clock::system(TimeZone::UTC);
    let store = open_store(&known, Access::Write, &clock).await?;
    let moved = store.rewrap(&new_key, ACTOR, clock.now_ms()).await;
    store.close().await;
    let moved = moved?;
    if common.json {
        print_json(&json!({ "sealed_again": moved, "master_key": new }));
    } else {
        print_text(&format!(
            "{moved} data keys were sealed again; all lie under the new key now. Make it secrets.master_key = {new:?} of \
             every process, and take the old one away from them. Backups made before this still need the old one.\n"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn status(common: &Common) -> Result<ExitCode, Failure> {
    let clock = Clock::system(TimeZone::UTC);
    let store = open_store(&common.settings()?, Access::Read, &clock).await?;
    let DataKeys { under_master, under_others, under_none } = store.data_keys().await?;
    store.close().await;
    if common.json {
        let keys = json!({ "under_master": under_master, "under_others": under_others, "under_none": under_none });
        print_json(&keys);
    } else {
        print_text(&format!(
            "under the master key: {under_master}\nunder another key:    {under_others}\nunder no known key:   {under_none}\n"
        ));
    }
    Ok(if under_others + under_none == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_ATTENTION) })
}
