//! The trace of every change: append-only, gapless for each customer, each entry chained to the one before it by
//! SHA-256, so that an edit, a gap or a swap is found and named. Entries are made by [`Tx::commit`](super::Tx::commit)
//! alone; no secret and no document stands in them.
//!
//! The hash of an entry is SHA-256 over these fields in this order, each preceded by its length in bytes as a 64-bit
//! big-endian number: the letters `mlc-audit-1`, the customer's id, the sequence number from 1 and the time in epoch
//! milliseconds (8 bytes, big-endian, each), actor, action, subject, the detail's JSON text as stored, and the 32
//! bytes of the previous hash, which are zero before the first entry. An export has one JSON object a line with these
//! fields and both hashes in hexadecimal; [`verify_export`](super::verify_export) checks it without a database.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::rows::{OWN, Rows, batches};
use super::sql::{self, Row};
use super::tx::Tx;

pub(super) const HEAD: &str = "SELECT seq, hash FROM audit WHERE customer_id = $1 ORDER BY seq DESC LIMIT 1";
pub(super) const NEWEST_MS: &str = "SELECT at_ms FROM audit WHERE customer_id = $1 ORDER BY seq DESC LIMIT 1";
pub(super) const LIST: &str = "SELECT seq, at_ms, actor, action, subject, detail, prev_hash, hash FROM audit \
     WHERE customer_id = $1 AND seq > $2 AND (CAST($4 AS TEXT) IS NULL OR action = $4) \
     AND (CAST($5 AS TEXT) IS NULL OR actor = $5) AND (CAST($6 AS TEXT) IS NULL OR subject = $6) \
     ORDER BY seq LIMIT $3";
/// The newest first, within a stretch of the chain: what is asked for may be rare, and a page must end.
pub(super) const LIST_BACK: &str = "SELECT seq, at_ms, actor, action, subject, detail, prev_hash, hash FROM audit \
     WHERE customer_id = $1 AND seq < $2 AND seq >= $7 AND (CAST($4 AS TEXT) IS NULL OR action = $4) \
     AND (CAST($5 AS TEXT) IS NULL OR actor = $5) AND (CAST($6 AS TEXT) IS NULL OR subject = $6) \
     ORDER BY seq DESC LIMIT $3";
/// Subjects have no index: each commit would then write as many pages as it has entries, wherever the subjects lie.
/// To ask what happened to one is rare, and may walk through the chain.
pub(super) static OF_SUBJECTS: Rows = Rows::new(
    "SELECT seq, at_ms, actor, action, subject, detail, prev_hash, hash FROM audit \
     WHERE customer_id = ? AND subject IN (",
    &[OWN],
    ") ORDER BY seq",
);
pub(super) static APPEND: Rows = Rows::new(
    "INSERT INTO audit (customer_id, at_ms, seq, actor, action, subject, detail, prev_hash, hash) VALUES ",
    &[OWN; 9],
    "",
);

/// Entries that one page of the newest looks through at most.
const STRETCH: i64 = 20_000;

/// Hash before the first entry, in hexadecimal.
pub(super) const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Something that changed: one posting, setting or right.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    /// Who did it: a person, or a part of this service.
    pub actor: String,
    /// What was done, such as `posting.frozen`.
    pub action: &'static str,
    /// To what: a reference, a report's id, a setting's name.
    pub subject: String,
    /// Figures, before and after.
    pub detail: serde_json::Value,
}

impl AuditEvent {
    /// An event.
    pub fn new(
        actor: impl Into<String>,
        action: &'static str,
        subject: impl Into<String>,
        detail: serde_json::Value,
    ) -> Self {
        Self { actor: actor.into(), action, subject: subject.into(), detail }
    }
}

/// A stored entry of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Position from 1, without gaps.
    pub seq: i64,
    /// When, in epoch milliseconds.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// JSON text, as hashed.
    pub detail: String,
    /// Hash of the entry before, in hexadecimal.
    pub prev_hash: String,
    /// Hash of this entry, in hexadecimal.
    pub hash: String,
}

/// Which entries to list; everything where nothing is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this subject alone.
    pub subject: Option<String>,
    /// Of this action alone.
    pub action: Option<String>,
    /// By this actor alone.
    pub actor: Option<String>,
}

impl CustomerStore {
    /// At most `limit` entries after the sequence number `after`, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn list_audit(
        &self,
        filter: &AuditFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let reading = failed("reading the audit");
        let listing = sql::query(LIST)
            .bind(self.id().as_str())
            .bind(after)
            .bind(i64::from(limit))
            .bind(&filter.action)
            .bind(&filter.actor)
            .bind(&filter.subject);
        let rows = listing.fetch_all(self.reader()).await.map_err(&reading)?;
        rows.iter().map(|row| read(row).map_err(&reading)).collect()
    }

    /// At most `limit` entries before the sequence number `before` (`None`: all), the newest first; and where to go on,
    /// where there may be more. A page may be shorter than what follows: it looks through 20,000 entries at most.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn list_audit_back(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<(Vec<AuditEntry>, Option<i64>), StoreError> {
        let reading = failed("reading the audit");
        let before = match before {
            Some(before) => before,
            None => self.audit_head().await?.map_or(1, |(seq, _)| seq.saturating_add(1)),
        };
        let first = before.saturating_sub(STRETCH).max(1);
        let listing = sql::query(LIST_BACK)
            .bind(self.id().as_str())
            .bind(before)
            .bind(i64::from(limit))
            .bind(&filter.action)
            .bind(&filter.actor)
            .bind(&filter.subject)
            .bind(first);
        let rows = listing.fetch_all(self.reader()).await.map_err(&reading)?;
        let entries = rows.iter().map(read).collect::<Result<Vec<_>, _>>().map_err(&reading)?;
        let is_full = entries.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        let next = if is_full { entries.last().map(|entry| entry.seq) } else { Some(first) };
        Ok((entries, next.filter(|next| *next > 1)))
    }

    /// Sequence number and hash of the newest entry; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn audit_head(&self) -> Result<Option<(i64, String)>, StoreError> {
        let finding = sql::query_as(HEAD).bind(self.id().as_str()).fetch_optional(self.reader());
        finding.await.map_err(failed("reading the head of the audit"))
    }

    /// The hash of one entry; `None` where it is not there.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn audit_hash(&self, seq: i64) -> Result<Option<String>, StoreError> {
        let entry = self.list_audit(&AuditFilter::default(), seq.saturating_sub(1), 1).await?.pop();
        Ok(entry.filter(|entry| entry.seq == seq).map(|entry| entry.hash))
    }

    /// All entries whose subject is one of `subjects`, oldest first.
    pub(super) async fn audit_of(&self, subjects: &[&str]) -> Result<Vec<AuditEntry>, StoreError> {
        let reading = failed("reading the audit");
        let mut entries = Vec::new();
        for batch in batches(subjects) {
            let mut listing = sql::query(OF_SUBJECTS.text(batch.len())).bind(self.id().as_str());
            for subject in batch {
                listing = listing.bind(*subject);
            }
            let rows = listing.fetch_all(self.reader()).await.map_err(&reading)?;
            entries.extend(rows.iter().map(read).collect::<Result<Vec<_>, _>>().map_err(&reading)?);
        }
        entries.sort_by_key(|entry: &AuditEntry| entry.seq);
        Ok(entries)
    }
}

/// Adds the events to the customer's chain.
pub(super) async fn append(tx: &mut Tx, at_ms: i64, events: &[AuditEvent]) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let appending = failed("adding to the audit");
    let customer = tx.customer_id().clone();
    let head = sql::query_as::<(i64, String)>(HEAD).bind(customer.as_str());
    let head = head.fetch_optional(tx.connection()).await.map_err(&appending)?;
    let (mut seq, mut prev_hash) = head.unwrap_or((0, NO_HASH.to_owned()));
    for batch in batches(events) {
        let mut adding = sql::query(APPEND.text(batch.len()));
        for event in batch {
            seq += 1;
            let detail = event.detail.to_string();
            let hash = hash(&Hashed {
                customer: customer.as_str(),
                seq,
                at_ms,
                actor: &event.actor,
                action: event.action,
                subject: &event.subject,
                detail: &detail,
                prev_hash: &prev_hash,
            });
            adding = adding
                .bind(customer.as_str())
                .bind(at_ms)
                .bind(seq)
                .bind(&event.actor)
                .bind(event.action)
                .bind(&event.subject)
                .bind(detail);
            adding = adding.bind(std::mem::replace(&mut prev_hash, hash.clone())).bind(hash);
        }
        adding.execute(tx.connection()).await.map_err(&appending)?;
    }
    Ok(())
}

/// What an entry's hash covers.
pub(super) struct Hashed<'a> {
    pub(super) customer: &'a str,
    pub(super) seq: i64,
    pub(super) at_ms: i64,
    pub(super) actor: &'a str,
    pub(super) action: &'a str,
    pub(super) subject: &'a str,
    pub(super) detail: &'a str,
    pub(super) prev_hash: &'a str,
}

/// The hash in hexadecimal; see the head of this file for its form.
pub(super) fn hash(entry: &Hashed<'_>) -> String {
    let mut hasher = Sha256::new();
    // A previous hash that is no hexadecimal cannot be ours; it then hashes as itself, and matches nothing.
    let prev_hash = HEXLOWER.decode(entry.prev_hash.as_bytes()).unwrap_or_else(|_| entry.prev_hash.into());
    let (seq, at_ms) = (entry.seq.to_be_bytes(), entry.at_ms.to_be_bytes());
    let fields: [&[u8]; 9] = [
        b"mlc-audit-1",
        entry.customer.as_bytes(),
        &seq,
        &at_ms,
        entry.actor.as_bytes(),
        entry.action.as_bytes(),
        entry.subject.as_bytes(),
        entry.detail.as_bytes(),
        &prev_hash,
    ];
    for field in fields {
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field);
    }
    HEXLOWER.encode(&hasher.finalize())
}

fn read(row: &Row) -> Result<AuditEntry, sqlx::Error> {
    Ok(AuditEntry {
        seq: row.try_get(0)?,
        at_ms: row.try_get(1)?,
        actor: row.try_get(2)?,
        action: row.try_get(3)?,
        subject: row.try_get(4)?,
        detail: row.try_get(5)?,
        prev_hash: row.try_get(6)?,
        hash: row.try_get(7)?,
    })
}
