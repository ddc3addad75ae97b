//! Requests to vendors, the attempts they carried, and what a worker saw after it had lost its lease. A request is kept
//! as its masked head beside the frozen payloads, so that what was sent can be put together again; no credential and no
//! session is in either.

use accounting::identity::Reference;
use accounting::posting::Observation;
use data_encoding::HEXLOWER;

use super::error::{StoreError, failed};
use super::ids::RequestId;
use super::lane::Lease;
use super::rows::{INT, OWN, Rows, TEXT, batches};
use super::sql;
use super::tx::Tx;

mod read;

pub(super) use read::{ATTEMPTS, COUNT_OBSERVATIONS, OBSERVATIONS, REQUEST};
pub use read::{Attempt, Request, StoredObservation};

pub(super) const ADD_REQUEST: &str = "INSERT INTO requests (customer_id, id, company, kind, control_id, masked_head, \
     sent_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub(super) const FINISH_REQUEST: &str = "UPDATE requests SET ended_ms = $1, outcome = $2, http_status = $3, \
     reply = $4 WHERE customer_id = $5 AND id = $6";
pub(super) static ADD_ATTEMPTS: Rows = Rows::new(
    "INSERT INTO attempts (customer_id, request_id, fence, started_ms, posting_no, n, control_id, payload_sha256) \
     VALUES ",
    &[OWN, OWN, OWN, OWN, POSTING_NO, OWN, OWN, OWN],
    "",
);
const POSTING_NO: &str = "(SELECT posting_no FROM postings WHERE reference = ? AND customer_id = ?)";
pub(super) static FINISH_ATTEMPTS: Rows = Rows::new(
    "WITH v (reference, n, outcome, detail) AS (VALUES ",
    &[TEXT, INT, TEXT, TEXT],
    ") UPDATE attempts SET outcome = v.outcome, detail = v.detail, ended_ms = ? FROM v JOIN postings p \
     ON p.reference = v.reference AND p.customer_id = ? \
     WHERE attempts.posting_no = p.posting_no AND attempts.n = v.n",
);
pub(super) const ADD_OBSERVATION: &str = "INSERT INTO observations (customer_id, reference, n, request_id, fence, \
     kind, record_no, detail, at_ms) SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), COALESCE(MAX(n), 0) + 1, \
     CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT), \
     CAST($8 AS BIGINT) FROM observations WHERE customer_id = $1 AND reference = $2";

/// Longest reply that is kept, in bytes; what is longer is cut.
pub const REPLY_LIMIT: usize = 64 * 1024;

/// A request about to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewRequest<'a> {
    /// Its id.
    pub id: &'a RequestId,
    /// The company at the destination, or the account at the source.
    pub company: &'a str,
    /// What it is for, such as `create` or `read back`.
    pub kind: &'a str,
    /// The id that its reply must echo.
    pub control_id: &'a str,
    /// The request without payloads and secrets.
    pub masked_head: &'a str,
    /// When, in epoch milliseconds.
    pub sent_ms: i64,
}

/// How a request ended.
#[derive(Debug, Clone, Copy)]
pub struct RequestEnd<'a> {
    /// When, in epoch milliseconds.
    pub ended_ms: i64,
    /// How, in a word or two.
    pub outcome: &'a str,
    /// Status of the reply, where there was one.
    pub http_status: Option<u16>,
    /// The reply with secrets masked; kept up to [`REPLY_LIMIT`].
    pub reply: Option<&'a [u8]>,
}

/// An attempt about to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewAttempt<'a> {
    /// Of which posting.
    pub reference: &'a Reference,
    /// Its number, from 1.
    pub n: u32,
    /// The idempotency key it is sent under.
    pub control_id: &'a str,
    /// Hash of the bytes it sends.
    pub payload_sha256: &'a [u8; 32],
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy)]
pub struct AttemptEnd<'a> {
    /// Of which posting.
    pub reference: &'a Reference,
    /// Its number.
    pub n: u32,
    /// How, in a word or two.
    pub outcome: &'a str,
    /// The vendor's numbers and words; empty where there are none.
    pub detail: &'a str,
}

/// Something a worker saw of an attempt after it had lost its lease.
#[derive(Debug, Clone, Copy)]
pub struct NewObservation<'a> {
    /// Of which posting.
    pub reference: &'a Reference,
    /// In which request.
    pub request: Option<&'a RequestId>,
    /// The fence that was lost.
    pub fence: i64,
    /// What was seen.
    pub observation: &'a Observation,
    /// The vendor's numbers and words; empty where there are none.
    pub detail: &'a str,
    /// When the reply came or the attempt ended, in epoch milliseconds.
    pub at_ms: i64,
}

impl Tx {
    /// Keeps a request before its first byte leaves.
    ///
    /// # Errors
    /// [`StoreError::Statement`]; so for all below.
    pub async fn add_request(&mut self, request: &NewRequest<'_>) -> Result<(), StoreError> {
        let adding = sql::query(ADD_REQUEST)
            .bind(self.customer_id().as_str())
            .bind(request.id.as_str())
            .bind(request.company)
            .bind(request.kind)
            .bind(request.control_id)
            .bind(request.masked_head)
            .bind(request.sent_ms);
        adding.execute(self.connection()).await.map_err(failed("keeping a request"))?;
        Ok(())
    }

    /// Keeps how a request ended. Needs no lease: a late reply is evidence, whoever holds the lane.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; see [`Tx::add_request`].
    pub async fn finish_request(&mut self, id: &RequestId, end: &RequestEnd<'_>) -> Result<(), StoreError> {
        let reply = end.reply.map(|reply| &reply[..reply.len().min(REPLY_LIMIT)]);
        let finishing = sql::query(FINISH_REQUEST)
            .bind(end.ended_ms)
            .bind(end.outcome)
            .bind(end.http_status.map(i64::from))
            .bind(reply)
            .bind(self.customer_id().as_str())
            .bind(id.as_str());
        let finished = finishing.execute(self.connection()).await.map_err(failed("keeping a reply"))?;
        if finished.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "request", id: id.to_string() });
        }
        Ok(())
    }

    /// Keeps the attempts that a request is about to make, under the lane's lease.
    ///
    /// # Errors
    /// [`StoreError::FenceLost`]; see [`Tx::add_request`].
    pub async fn add_attempts(
        &mut self,
        lease: &Lease,
        request: &RequestId,
        attempts: &[NewAttempt<'_>],
        started_ms: i64,
    ) -> Result<(), StoreError> {
        self.prove(lease).await?;
        for batch in batches(attempts) {
            let customer = self.customer_id().as_str();
            let mut adding = sql::query(ADD_ATTEMPTS.text(batch.len()));
            for attempt in batch {
                adding = adding.bind(customer).bind(request.as_str()).bind(lease.fence).bind(started_ms);
                adding = adding.bind(attempt.reference.as_str()).bind(customer);
                adding = adding.bind(i64::from(attempt.n)).bind(attempt.control_id);
                adding = adding.bind(HEXLOWER.encode(attempt.payload_sha256));
            }
            adding.execute(self.connection()).await.map_err(failed("keeping attempts"))?;
        }
        Ok(())
    }

    /// Keeps how attempts ended. Needs no lease: see [`Tx::finish_request`].
    ///
    /// # Errors
    /// See [`Tx::add_request`].
    pub async fn finish_attempts(&mut self, ends: &[AttemptEnd<'_>], ended_ms: i64) -> Result<(), StoreError> {
        for batch in batches(ends) {
            let mut finishing = sql::query(FINISH_ATTEMPTS.text(batch.len()));
            for end in batch {
                finishing = finishing.bind(end.reference.as_str()).bind(i64::from(end.n));
                finishing = finishing.bind(end.outcome).bind(end.detail);
            }
            let finishing = finishing.bind(ended_ms).bind(self.customer_id().as_str());
            finishing.execute(self.connection()).await.map_err(failed("keeping attempts' outcomes"))?;
        }
        Ok(())
    }

    /// Adds an observation. Needs no lease: that is its point.
    ///
    /// # Errors
    /// See [`Tx::add_request`].
    pub async fn add_observation(&mut self, seen: &NewObservation<'_>) -> Result<(), StoreError> {
        let (kind, record_no) = read::write_observation(seen.observation);
        let adding = sql::query(ADD_OBSERVATION)
            .bind(self.customer_id().as_str())
            .bind(seen.reference.as_str())
            .bind(seen.request.map(RequestId::as_str))
            .bind(seen.fence)
            .bind(kind)
            .bind(record_no)
            .bind(seen.detail)
            .bind(seen.at_ms);
        adding.execute(self.connection()).await.map_err(failed("adding an observation"))?;
        Ok(())
    }

    /// How many observations are stored of each posting, within this transaction: the machine must have read them
    /// all before it sends or calls anything absent. In the order of `references`.
    ///
    /// # Errors
    /// See [`Tx::add_request`].
    pub async fn count_observations(&mut self, references: &[&Reference]) -> Result<Vec<u32>, StoreError> {
        let customer = self.customer_id().clone();
        let mut counts = vec![0; references.len()];
        let mut offset = 0;
        for batch in batches(references) {
            let mut counting = sql::query_as::<(String, i64)>(COUNT_OBSERVATIONS.text(batch.len()));
            counting = counting.bind(customer.as_str());
            for reference in batch {
                counting = counting.bind(reference.as_str());
            }
            let found = counting.fetch_all(self.connection()).await.map_err(failed("counting observations"))?;
            for (text, count) in found {
                for (index, _) in batch.iter().enumerate().filter(|(_, reference)| reference.as_str() == text) {
                    counts[offset + index] = u32::try_from(count).unwrap_or(u32::MAX);
                }
            }
            offset += batch.len();
        }
        Ok(counts)
    }
}
