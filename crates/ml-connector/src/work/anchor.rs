//! The anchor of the audit: a file, best on another disk, to which the newest hash of each customer's chain is added
//! from time to time. Whoever cuts off the end of a chain, or puts an older database in place, then differs from the
//! file. It is only ever added to; one JSON object a line: time, installation, customer, sequence number, hash.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::WorkError;
use crate::clock::Clock;
use crate::figures::Figures;
use crate::settings::Settings;
use crate::store::{CustomerId, CustomerStore, Store, StoreError};

/// Notes the heads of the chains.
pub struct Anchor {
    path: PathBuf,
    every: Duration,
    store: Store,
    clock: Clock,
}

/// What an anchor file proves of a database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Anchored {
    /// Notes of this installation, each found in its chain.
    pub notes: u64,
    /// Chains that they are of.
    pub chains: u64,
    /// Notes of other installations, which say nothing of this one.
    pub foreign: u64,
    /// Lines that were broken off, as a power loss leaves one; or that somebody spoiled.
    pub torn: u64,
}

#[derive(Serialize, Deserialize)]
struct Note {
    at_ms: i64,
    installation: String,
    customer: String,
    seq: i64,
    hash: String,
}

impl Anchor {
    /// As the settings want it; `None` where they want none.
    pub fn of(settings: &Settings, store: &Store, clock: &Clock) -> Option<Self> {
        let audit = &settings.audit;
        if audit.anchor_file.is_empty() {
            return None;
        }
        let every = Duration::from_secs(audit.anchor_minutes.saturating_mul(60));
        Some(Self { path: audit.anchor_file.clone().into(), every, store: store.clone(), clock: clock.clone() })
    }

    /// Notes now and then, for ever. What fails is logged, counted, and tried again the next time.
    pub async fn keep(&self, figures: &Figures) {
        let mut known = BTreeMap::new();
        loop {
            match self.note(&mut known).await {
                Ok(_) => figures.anchored(self.clock.now_ms()),
                Err(error) => {
                    figures.problem(error.problem().code);
                    tracing::error!(error = &error as &dyn std::error::Error, "the audit's anchor was not written");
                }
            }
            tokio::time::sleep(self.every).await;
        }
    }

    /// Adds the heads that moved since `known`, and returns how many those were. What was written is on the disk then.
    ///
    /// # Errors
    /// [`StoreError::File`] where the file cannot be written; those of the store.
    pub async fn note(&self, known: &mut BTreeMap<CustomerId, i64>) -> Result<u64, WorkError> {
        let mut moved = Vec::new();
        let mut lines = String::new();
        for chain in self.store.audit_chains().await? {
            let Some((seq, hash)) = chain.audit_head().await? else { continue };
            if known.get(chain.id()) == Some(&seq) {
                continue;
            }
            let installation = self.store.installation().id.clone();
            let note = Note { at_ms: self.clock.now_ms(), installation, customer: chain.id().to_string(), seq, hash };
            let line = serde_json::to_string(&note);
            lines.push_str(&line.map_err(|source| StoreError::Json { what: "a note of the anchor", source })?);
            lines.push('\n');
            moved.push((chain.id().clone(), seq));
        }
        if !lines.is_empty() {
            let path = self.path.clone();
            let written = tokio::task::spawn_blocking(move || append(&path, lines.as_bytes())).await;
            let written = written.unwrap_or_else(|error| Err(std::io::Error::other(error)));
            written.map_err(|source| WorkError::Anchor { path: self.path.clone(), source })?;
        }
        let count = moved.len() as u64;
        known.extend(moved);
        Ok(count)
    }
}

fn append(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().read(true).append(true).create(true).mode(0o640).open(path)?;
    // A line that was broken off stays alone.
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last)?;
    }
    if last != [b'\n'] {
        file.write_all(b"\n")?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// Looks up every note of an anchor file in the chains, which must hold together by themselves.
///
/// # Errors
/// [`StoreError::AuditCut`] for the first note that its chain does not hold, [`StoreError::Export`] where the file cannot
/// be read; those of the store.
pub async fn verify(store: &Store, anchor: impl BufRead) -> Result<Anchored, WorkError> {
    let mut anchored = Anchored::default();
    let chains = store.audit_chains().await?;
    let chains: BTreeMap<&str, &CustomerStore> = chains.iter().map(|chain| (chain.id().as_str(), chain)).collect();
    let mut seen = BTreeSet::new();
    for line in anchor.lines() {
        let line = line.map_err(|source| StoreError::Export { source })?;
        let Ok(note) = serde_json::from_str::<Note>(&line) else {
            anchored.torn += 1;
            continue;
        };
        if note.installation != store.installation().id {
            anchored.foreign += 1;
            continue;
        }
        let cut = || StoreError::AuditCut { customer: note.customer.clone(), seq: note.seq };
        let chain = chains.get(note.customer.as_str()).ok_or_else(cut)?;
        if chain.audit_hash(note.seq).await?.as_ref() != Some(&note.hash) {
            return Err(cut().into());
        }
        anchored.notes += 1;
        if seen.insert(chain.id().clone()) {
            anchored.chains += 1;
        }
    }
    Ok(anchored)
}
