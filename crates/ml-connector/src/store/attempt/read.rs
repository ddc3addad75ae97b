//! Reading requests, attempts and observations.

use accounting::identity::Reference;
use accounting::posting::Observation;

use crate::store::chart::parse_hash;
use crate::store::customer::CustomerStore;
use crate::store::error::{StoreError, failed};
use crate::store::ids::RequestId;
use crate::store::report::small;
use crate::store::rows::{OWN, Rows};
use crate::store::sql::{self, Row};

pub(in crate::store) const REQUEST: &str = "SELECT company, kind, control_id, masked_head, sent_ms, ended_ms, \
     outcome, http_status, reply FROM requests WHERE customer_id = $1 AND id = $2";
pub(in crate::store) const ATTEMPTS: &str = "SELECT a.n, a.request_id, a.fence, a.control_id, a.payload_sha256, \
     a.started_ms, a.ended_ms, a.outcome, a.detail FROM postings p JOIN attempts a ON a.posting_no = p.posting_no \
     WHERE p.customer_id = $1 AND p.reference = $2 ORDER BY a.n";
pub(in crate::store) const OBSERVATIONS: &str = "SELECT n, request_id, fence, kind, record_no, detail, at_ms \
     FROM observations WHERE customer_id = $1 AND reference = $2 AND n > $3 ORDER BY n";
pub(in crate::store) static COUNT_OBSERVATIONS: Rows = Rows::new(
    "SELECT reference, COUNT(*) FROM observations WHERE customer_id = ? AND reference IN (",
    &[OWN],
    ") GROUP BY reference",
);

/// A request, as it was made and as it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// The company at the destination, or the account at the source.
    pub company: String,
    /// What it was for.
    pub kind: String,
    /// The id that its reply had to echo.
    pub control_id: String,
    /// The request without payloads and secrets.
    pub masked_head: String,
    /// When it was sent, in epoch milliseconds.
    pub sent_ms: i64,
    /// When it ended, in epoch milliseconds; `None` where that was never learned.
    pub ended_ms: Option<i64>,
    /// How it ended.
    pub outcome: Option<String>,
    /// Status of the reply.
    pub http_status: Option<u16>,
    /// The reply with secrets masked, perhaps cut.
    pub reply: Option<Vec<u8>>,
}

/// An attempt to post an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its number, from 1.
    pub n: u32,
    /// The request that carried it.
    pub request: RequestId,
    /// Fence of the lease it was made under.
    pub fence: i64,
    /// The idempotency key it was sent under.
    pub control_id: String,
    /// Hash of the bytes it sent.
    pub payload_sha256: [u8; 32],
    /// When it began, in epoch milliseconds.
    pub started_ms: i64,
    /// When it ended, in epoch milliseconds; `None` where that was never learned.
    pub ended_ms: Option<i64>,
    /// How it ended.
    pub outcome: Option<String>,
    /// The vendor's numbers and words.
    pub detail: Option<String>,
}

/// Something a worker saw after it had lost its lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObservation {
    /// Its number, from 1.
    pub n: u32,
    /// In which request.
    pub request: Option<RequestId>,
    /// The fence that was lost.
    pub fence: i64,
    /// What was seen.
    pub observation: Observation,
    /// The vendor's numbers and words.
    pub detail: String,
    /// When, in epoch milliseconds.
    pub at_ms: i64,
}

impl CustomerStore {
    /// One request.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn request(&self, id: &RequestId) -> Result<Request, StoreError> {
        let reading = failed("reading a request");
        let finding = sql::query(REQUEST).bind(self.id().as_str()).bind(id.as_str());
        let row = finding.fetch_optional(self.reader()).await.map_err(&reading)?;
        let row = row.ok_or_else(|| StoreError::NotFound { what: "request", id: id.to_string() })?;
        let status: Option<i64> = row.try_get(7).map_err(&reading)?;
        Ok(Request {
            id: id.clone(),
            company: row.try_get(0).map_err(&reading)?,
            kind: row.try_get(1).map_err(&reading)?,
            control_id: row.try_get(2).map_err(&reading)?,
            masked_head: row.try_get(3).map_err(&reading)?,
            sent_ms: row.try_get(4).map_err(&reading)?,
            ended_ms: row.try_get(5).map_err(&reading)?,
            outcome: row.try_get(6).map_err(&reading)?,
            http_status: status.map(|status| small(status, "HTTP status")).transpose()?,
            reply: row.try_get(8).map_err(&reading)?,
        })
    }

    /// The attempts of a posting, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn attempts_of(&self, reference: &Reference) -> Result<Vec<Attempt>, StoreError> {
        let listing = sql::query(ATTEMPTS).bind(self.id().as_str()).bind(reference.as_str());
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("reading attempts"))?;
        rows.iter().map(read_attempt).collect()
    }

    /// The observations of a posting that follow number `after`, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn observations_of(
        &self,
        reference: &Reference,
        after: u32,
    ) -> Result<Vec<StoredObservation>, StoreError> {
        let listing = sql::query(OBSERVATIONS).bind(self.id().as_str()).bind(reference.as_str());
        let listing = listing.bind(i64::from(after)).fetch_all(self.reader());
        listing.await.map_err(failed("reading observations"))?.iter().map(read_observation).collect()
    }
}

fn read_attempt(row: &Row) -> Result<Attempt, StoreError> {
    let reading = failed("reading an attempt");
    Ok(Attempt {
        n: small(row.try_get(0).map_err(&reading)?, "number of an attempt")?,
        request: parse_request(row.try_get(1).map_err(&reading)?)?,
        fence: row.try_get(2).map_err(&reading)?,
        control_id: row.try_get(3).map_err(&reading)?,
        payload_sha256: parse_hash(row.try_get(4).map_err(&reading)?)?,
        started_ms: row.try_get(5).map_err(&reading)?,
        ended_ms: row.try_get(6).map_err(&reading)?,
        outcome: row.try_get(7).map_err(&reading)?,
        detail: row.try_get(8).map_err(&reading)?,
    })
}

fn read_observation(row: &Row) -> Result<StoredObservation, StoreError> {
    let reading = failed("reading an observation");
    let kind: &str = row.try_get(3).map_err(&reading)?;
    let record_no: Option<String> = row.try_get(4).map_err(&reading)?;
    let observation = match (kind, record_no) {
        (POSTED, Some(record_no)) => Observation::Posted { record_no },
        (NOT_APPLIED, None) => Observation::NotApplied,
        (UNCLEAR, None) => Observation::Unclear,
        _ => return Err(StoreError::Stored { what: "observation", id: kind.to_owned() }),
    };
    Ok(StoredObservation {
        n: small(row.try_get(0).map_err(&reading)?, "number of an observation")?,
        request: row.try_get::<Option<&str>>(1).map_err(&reading)?.map(parse_request).transpose()?,
        fence: row.try_get(2).map_err(&reading)?,
        observation,
        detail: row.try_get(5).map_err(&reading)?,
        at_ms: row.try_get(6).map_err(&reading)?,
    })
}

const POSTED: &str = "posted";
const NOT_APPLIED: &str = "not_applied";
const UNCLEAR: &str = "unclear";

/// An observation's stored kind, and the number of the entry it tells of.
pub(super) fn write_observation(observation: &Observation) -> (&'static str, Option<&str>) {
    match observation {
        Observation::Posted { record_no } => (POSTED, Some(record_no)),
        Observation::NotApplied => (NOT_APPLIED, None),
        Observation::Unclear => (UNCLEAR, None),
    }
}

fn parse_request(id: &str) -> Result<RequestId, StoreError> {
    RequestId::parse(id).ok_or_else(|| StoreError::Stored { what: "request", id: id.to_owned() })
}
