//! The proof of the audit chain: in the database, from its start or its last checkpoint, and of an export without one.
//! It reads a thousand entries at a time and changes nothing but the checkpoint.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{BufRead, Write};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::Store;
use super::audit::{AuditEntry, AuditFilter, Hashed, NO_HASH, hash};
use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::rows::{OWN, Rows, batches};
use super::sql;

pub(super) const FIND_CHECKPOINT: &str = "SELECT seq, hash FROM audit_checkpoints WHERE customer_id = $1";
pub(super) const CHECKPOINTS: &str = "SELECT customer_id, seq, hash FROM audit_checkpoints WHERE seq > 0";
/// Of two processes that verify at once, the one that came further counts.
pub(super) static PUT_CHECKPOINTS: Rows = Rows::new(
    "INSERT INTO audit_checkpoints (customer_id, seq, hash, verified_ms) VALUES ",
    &[OWN; 4],
    " ON CONFLICT (customer_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, \
     verified_ms = excluded.verified_ms WHERE audit_checkpoints.seq < excluded.seq",
);

/// Entries read at a time.
const PAGE: u32 = 1_000;
/// Chains verified beside each other when a store is opened.
const CHAINS_AT_ONCE: usize = 4;

/// A chain that holds together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Entries checked.
    pub entries: u64,
    /// Sequence number of the newest entry; 0 where there is none.
    pub head_seq: i64,
    /// Its hash in hexadecimal; worth keeping elsewhere, since it vouches for all before it.
    pub head_hash: String,
}

/// A line of an export.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    customer: Cow<'a, str>,
    seq: i64,
    at_ms: i64,
    actor: String,
    action: String,
    subject: String,
    detail: String,
    prev_hash: String,
    hash: String,
}

impl CustomerStore {
    /// Verifies the chain: all of it, or what follows the last checkpoint, whose own entry must still be there.
    ///
    /// # Errors
    /// [`StoreError::AuditBroken`] with the first entry that is wrong or missing; [`StoreError::Statement`].
    pub async fn verify_audit(&self, from_start: bool) -> Result<Verified, StoreError> {
        let mut checkpoint = None;
        if !from_start {
            let finding = sql::query_as::<(i64, String)>(FIND_CHECKPOINT).bind(self.id().as_str());
            let found = finding.fetch_optional(self.reader()).await.map_err(failed("reading an audit checkpoint"))?;
            checkpoint = found.filter(|(seq, _)| *seq > 0);
        }
        self.verify_from(checkpoint).await
    }

    /// Starts at the entry of the checkpoint: it must be there, with the hash that was noted, and hash to it.
    async fn verify_from(&self, checkpoint: Option<(i64, String)>) -> Result<Verified, StoreError> {
        let mut walk = Walk::new(self.id().as_str());
        let after = checkpoint.as_ref().map_or(0, |(seq, _)| seq - 1);
        let mut page = self.list_audit(&AuditFilter::default(), after, PAGE).await?;
        if let Some((seq, hash)) = checkpoint {
            let entry = page.first().filter(|entry| entry.seq == seq && entry.hash == hash);
            let entry = entry.ok_or_else(|| StoreError::AuditBroken { customer: self.id().to_string(), seq })?;
            walk.seq = seq - 1;
            walk.hash.clone_from(&entry.prev_hash);
        }
        loop {
            page.iter().try_for_each(|entry| walk.step(entry))?;
            if page.len() < PAGE as usize {
                return Ok(walk.verified());
            }
            page = self.list_audit(&AuditFilter::default(), walk.seq, PAGE).await?;
        }
    }

    /// Writes the whole chain, one JSON object a line.
    ///
    /// # Errors
    /// [`StoreError::Export`], [`StoreError::Json`], [`StoreError::Statement`].
    pub async fn export_audit(&self, writer: &mut (dyn Write + Send)) -> Result<u64, StoreError> {
        let exporting = |source| StoreError::Export { source };
        let (mut written, mut after) = (0, 0);
        while let Some((lines, last)) = self.export_audit_page(after, i64::MAX).await? {
            writer.write_all(lines.as_bytes()).map_err(exporting)?;
            written += last.abs_diff(after);
            after = last;
        }
        writer.flush().map_err(exporting)?;
        Ok(written)
    }

    /// The next lines of an export: at most a thousand entries after `after` up to `head`, one JSON object a line, and
    /// the number of the last; `None` after the last.
    ///
    /// # Errors
    /// [`StoreError::Json`], [`StoreError::Statement`].
    pub async fn export_audit_page(&self, after: i64, head: i64) -> Result<Option<(String, i64)>, StoreError> {
        let page = self.list_audit(&AuditFilter::default(), after, PAGE).await?;
        let mut lines = String::new();
        let mut last = None;
        for entry in page.into_iter().filter(|entry| entry.seq <= head) {
            last = Some(entry.seq);
            let line = Line {
                customer: self.id().as_str().into(),
                seq: entry.seq,
                at_ms: entry.at_ms,
                actor: entry.actor,
                action: entry.action,
                subject: entry.subject,
                detail: entry.detail,
                prev_hash: entry.prev_hash,
                hash: entry.hash,
            };
            let text = serde_json::to_string(&line);
            lines.push_str(&text.map_err(|source| StoreError::Json { what: "an audit entry", source })?);
            lines.push('\n');
        }
        Ok(last.map(|last| (lines, last)))
    }
}

impl Store {
    /// The door to every audit chain: of all customers, and of the installation itself. For looking at their audit, and
    /// nothing else.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn audit_chains(&self) -> Result<Vec<CustomerStore>, StoreError> {
        Ok(self.chains().await?.into_iter().map(|chain| self.door(chain.id)).collect())
    }

    /// Verifies every customer's chain from its checkpoint, and moves the checkpoint to its end.
    pub(super) async fn verify_since_checkpoints(&self, at_ms: i64) -> Result<(), StoreError> {
        let reading = sql::query_as::<(String, i64, String)>(CHECKPOINTS).fetch_all(self.0.database.reader(""));
        let known = reading.await.map_err(failed("reading the audit checkpoints"))?;
        let known: HashMap<String, (i64, String)> =
            known.into_iter().map(|(id, seq, hash)| (id, (seq, hash))).collect();
        let verifying = self.chains().await?.into_iter().map(|customer| {
            let checkpoint = known.get(customer.id.as_str()).cloned();
            let customer = self.door(customer.id);
            async move {
                let from = checkpoint.as_ref().map_or(0, |(seq, _)| *seq);
                let verified = customer.verify_from(checkpoint).await?;
                Ok((verified.head_seq > from).then_some((customer, verified)))
            }
        });
        let verified: Vec<Option<_>> =
            stream::iter(verifying).buffer_unordered(CHAINS_AT_ONCE).try_collect::<Vec<_>>().await?;
        let mut moved: Vec<(CustomerStore, Verified)> = verified.into_iter().flatten().collect();
        // Processes that start at once must take the rows in one order.
        moved.sort_by(|(one, _), (other, _)| one.id().cmp(other.id()));
        self.put_checkpoints(&moved, at_ms).await
    }

    async fn put_checkpoints(&self, verified: &[(CustomerStore, Verified)], at_ms: i64) -> Result<(), StoreError> {
        let noting = failed("noting the audit checkpoints");
        let mut tx = self.0.database.begin("").await.map_err(&noting)?;
        for batch in batches(verified) {
            let mut putting = sql::query(PUT_CHECKPOINTS.text(batch.len()));
            for (customer, verified) in batch {
                putting = putting.bind(customer.id().as_str()).bind(verified.head_seq);
                putting = putting.bind(&verified.head_hash).bind(at_ms);
            }
            putting.execute(tx.target()).await.map_err(&noting)?;
        }
        tx.commit().await.map_err(&noting)
    }
}

/// Verifies an export line by line, without a database. It must begin with entry 1 and hold one customer.
///
/// # Errors
/// [`StoreError::AuditBroken`] with the first entry that is wrong or missing, [`StoreError::Json`] for a line of
/// another form, [`StoreError::Export`] where it cannot be read.
pub fn verify_export(export: impl BufRead) -> Result<Verified, StoreError> {
    let mut customer = String::new();
    let mut position = (0, NO_HASH.to_owned());
    let mut entries = 0;
    for line in export.lines() {
        let line = line.map_err(|source| StoreError::Export { source })?;
        let line: Line<'_> =
            serde_json::from_str(&line).map_err(|source| StoreError::Json { what: "an audit entry", source })?;
        if entries == 0 {
            customer = line.customer.clone().into_owned();
        }
        let mut walk = Walk { customer: &customer, entries, seq: position.0, hash: position.1 };
        if line.customer != customer {
            return Err(walk.broken(line.seq));
        }
        walk.step(&AuditEntry {
            seq: line.seq,
            at_ms: line.at_ms,
            actor: line.actor,
            action: line.action,
            subject: line.subject,
            detail: line.detail,
            prev_hash: line.prev_hash,
            hash: line.hash,
        })?;
        entries = walk.entries;
        position = (walk.seq, walk.hash);
    }
    Ok(Verified { entries, head_seq: position.0, head_hash: position.1 })
}

/// A walk along a chain: where it stands, and the hash that the next entry must follow.
struct Walk<'a> {
    customer: &'a str,
    entries: u64,
    seq: i64,
    hash: String,
}

impl<'a> Walk<'a> {
    fn new(customer: &'a str) -> Self {
        Self { customer, entries: 0, seq: 0, hash: NO_HASH.to_owned() }
    }

    fn step(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let expected = self.seq + 1;
        let hashed = hash(&Hashed {
            customer: self.customer,
            seq: entry.seq,
            at_ms: entry.at_ms,
            actor: &entry.actor,
            action: &entry.action,
            subject: &entry.subject,
            detail: &entry.detail,
            prev_hash: &entry.prev_hash,
        });
        if entry.seq != expected || entry.prev_hash != self.hash || entry.hash != hashed {
            return Err(self.broken(expected));
        }
        self.entries += 1;
        self.seq = expected;
        self.hash = hashed;
        Ok(())
    }

    fn broken(&self, seq: i64) -> StoreError {
        StoreError::AuditBroken { customer: self.customer.to_owned(), seq }
    }

    fn verified(self) -> Verified {
        Verified { entries: self.entries, head_seq: self.seq, head_hash: self.hash }
    }
}
