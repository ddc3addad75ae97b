//! `secret`: credentials sealed in the database, for flows that say "sealed". A secret is read from standard input and
//! never shown.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use zeroize::Zeroizing;

use super::Common;
use super::output::{Failure, print_json, print_text, table};
use crate::clock::Clock;
use crate::store::{Access, AuditEvent, CustomerStore, MasterKey};
use crate::work::ACTOR;
use crate::work::start::open_store;

/// Options of `secret`.
#[derive(Debug, Args)]
#[command(after_help = "Needs the master key that [secrets] of the settings names.\n\n\
    Examples:\n  ml-connector secret new-key > master.key\n  \
    printf %s \"$PASSWORD\" | ml-connector secret set destination.intacct.user_password")]
pub struct Secret {
    #[command(subcommand)]
    command: Command,
    /// The customer whose secret it is
    #[arg(long, default_value = "default", global = true)]
    customer: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Seal what comes on standard input under this name: the key at which a flow says "sealed"
    Set {
        /// Such as destination.intacct.user_password
        name: String,
    },
    /// Names, versions and fingerprints; never a value
    List,
    /// Erase the versions that were replaced, of every name
    EraseOld,
    /// Print a new master key
    NewKey,
}

impl Secret {
    /// Does what was asked.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        if let Command::NewKey = self.command {
            print_text(&format!("{}\n", MasterKey::generate()?.to_text().expose_secret()));
            return Ok(ExitCode::SUCCESS);
        }
        let clock = Clock::system(TimeZone::UTC);
        let store = open_store(&common.settings()?, Access::Write, &clock).await?;
        let customer = store.create_customer(&self.customer, ACTOR, clock.now_ms()).await?;
        if let Command::EraseOld = self.command {
            let erased = erase_old(&customer, clock.now_ms()).await?;
            print_text(&format!("{erased} replaced versions were erased\n"));
        } else if let Command::Set { name } = &self.command {
            let mut text = Zeroizing::new(String::new());
            std::io::stdin().read_to_string(&mut text)?;
            let value = text.strip_suffix('\n').unwrap_or(&text);
            if value.is_empty() {
                return Err(Failure::Plain("standard input is empty; nothing was sealed".to_owned()));
            }
            let at_ms = clock.now_ms();
            let mut tx = customer.begin().await?;
            let version = tx.seal_secret(name, &SecretString::from(value.to_owned()), ACTOR, at_ms).await?;
            let event = AuditEvent::new(ACTOR, "secret.sealed", name.as_str(), json!({ "version": version }));
            tx.commit(at_ms, vec![event]).await?;
            print_text(&format!("{name} is sealed as version {version}\n"));
        } else {
            let secrets = customer.secrets().await?;
            if common.json {
                let list: Vec<_> = secrets
                    .iter()
                    .map(|info| {
                        json!({
                            "name": info.name, "version": info.version, "fingerprint": info.fingerprint,
                            "changed_ms": info.changed_ms, "changed_by": info.author,
                        })
                    })
                    .collect();
                print_json(&json!({ "secrets": list }));
            } else {
                let rows = secrets.iter().map(|info| {
                    let changed = jiff::Timestamp::from_millisecond(info.changed_ms).map(|at| at.to_string());
                    let by = info.author.clone().unwrap_or_default();
                    vec![
                        info.name.clone(),
                        info.version.to_string(),
                        info.fingerprint.clone(),
                        changed.unwrap_or_default(),
                        by,
                    ]
                });
                print_text(&table(&["name", "version", "fingerprint", "changed", "by"], &[1], rows));
            }
        }
        drop(customer);
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

async fn erase_old(customer: &CustomerStore, at_ms: i64) -> Result<usize, Failure> {
    let secrets = customer.secrets().await?;
    let newest: BTreeMap<&str, i64> = secrets.iter().map(|info| (info.name.as_str(), info.version)).collect();
    let old = secrets.iter().filter(|info| newest[info.name.as_str()] != info.version).count();
    if old == 0 {
        return Ok(0);
    }
    let mut tx = customer.begin().await?;
    let mut events = Vec::new();
    for (name, version) in newest.into_iter().filter(|(_, version)| *version > 1) {
        tx.erase_older_secrets(name, version).await?;
        events.push(AuditEvent::new(ACTOR, "secret.old_erased", name, json!({ "before": version })));
    }
    tx.commit(at_ms, events).await?;
    Ok(old)
}
