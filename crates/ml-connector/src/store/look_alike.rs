//! Ledger entries that look like reports about to be posted, and what a person says they are. Nothing is compared here.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::error::{StoreError, failed};
use super::flow::flow_id;
use super::ids::FlowId;
use super::rows::{OWN, Rows, batches};
use super::sql::{self, Row};
use super::tx::Tx;
use super::{AuditEvent, CustomerStore};

pub(super) const PUT: &str = "INSERT INTO look_alikes (customer_id, flow_id, report_id, company, record_no, score, \
     evidence, entry, found_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
     ON CONFLICT (customer_id, flow_id, report_id, company, record_no) \
     DO UPDATE SET score = excluded.score, evidence = excluded.evidence, entry = excluded.entry";
pub(super) const ANSWER: &str = "UPDATE look_alikes SET answer = $1, answered_by = $2, note = $3, answered_ms = $4 \
     WHERE customer_id = $5 AND flow_id = $6 AND report_id = $7";
pub(super) const OF_REPORT: &str = "SELECT flow_id, report_id, company, record_no, score, evidence, entry, found_ms, \
     answer, answered_by, note, answered_ms FROM look_alikes WHERE customer_id = $1 AND flow_id = $2 \
     AND report_id = $3 ORDER BY score DESC, record_no LIMIT 200";
pub(super) const LIST: &str = "SELECT flow_id, report_id, company, record_no, score, evidence, entry, found_ms, \
     answer, answered_by, note, answered_ms FROM look_alikes WHERE customer_id = $1 AND flow_id = $2 \
     AND (report_id, company, record_no) > ($3, $4, $5) AND (CAST($6 AS BIGINT) = 0 OR answer IS NULL) \
     ORDER BY report_id, company, record_no LIMIT $7";
pub(super) static UNANSWERED: Rows = Rows::new(
    "SELECT report_id, record_no, evidence FROM look_alikes \
     WHERE customer_id = ? AND flow_id = ? AND answer IS NULL AND report_id IN (",
    &[OWN],
    ") ORDER BY score",
);
pub(super) const COUNT_OPEN: &str = "SELECT COUNT(DISTINCT report_id) FROM look_alikes \
     WHERE customer_id = $1 AND flow_id = $2 AND answer IS NULL";
/// What a person says of a report and the entries that look like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is booked: leave it alone.
    Same,
    /// The entries are others: post it.
    Another,
}

impl Answer {
    /// Its word in the database and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Another => "another",
        }
    }

    /// The answer with this word.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Same, Self::Another].into_iter().find(|answer| answer.name() == name)
    }
}

/// A ledger entry that looks like a report.
#[derive(Debug, Clone, PartialEq)]
pub struct LookAlike {
    /// The flow.
    pub flow: FlowId,
    /// The report.
    pub report_id: String,
    /// The company at the destination.
    pub company: String,
    /// The ledger's number of the entry.
    pub record_no: String,
    /// How much speaks for it; the threshold and the weights stand where it is found.
    pub score: i64,
    /// What speaks for it, in words.
    pub evidence: Vec<String>,
    /// The entry as it was read: title, journal, date, reference, state, total.
    pub entry: Value,
    /// When it was found, in epoch milliseconds.
    pub found_ms: i64,
    /// What a person says.
    pub answer: Option<Answer>,
    /// Who.
    pub answered_by: Option<String>,
    /// Why.
    pub note: Option<String>,
    /// When, in epoch milliseconds.
    pub answered_ms: Option<i64>,
}

impl Tx {
    /// Keeps an entry that looks like a report. An answer that was given stays.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn put_look_alike(&mut self, found: &LookAlike) -> Result<(), StoreError> {
        let putting = sql::query(PUT)
            .bind(self.customer_id().as_str())
            .bind(found.flow.as_str())
            .bind(&found.report_id)
            .bind(&found.company)
            .bind(&found.record_no)
            .bind(found.score)
            .bind(json!(found.evidence).to_string())
            .bind(found.entry.to_string())
            .bind(found.found_ms);
        putting.execute(self.connection()).await.map_err(failed("keeping a look-alike"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// Answers for a report and all entries that look like it: the same, and it is left alone; another one, and it is
    /// posted. A later answer replaces the earlier one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where nothing looks like the report; [`StoreError::Statement`].
    pub async fn answer_look_alikes(
        &self,
        flow: &FlowId,
        report_id: &str,
        answer: Answer,
        actor: &str,
        note: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let answering = sql::query(ANSWER)
            .bind(answer.name())
            .bind(actor)
            .bind(note)
            .bind(at_ms)
            .bind(self.id().as_str())
            .bind(flow.as_str())
            .bind(report_id);
        let answered = answering.execute(tx.connection()).await.map_err(failed("answering a look-alike"))?;
        if answered.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "look-alike of report", id: report_id.to_owned() });
        }
        match answer {
            Answer::Same => {
                let reason = if note.is_empty() { "booked before the hand-over" } else { note };
                tx.handle_elsewhere(flow, report_id, reason, actor, at_ms).await?;
            }
            Answer::Another => tx.take_back(flow, report_id).await?,
        }
        tx.await_flow(flow, at_ms).await?;
        let detail = json!({ "flow": flow.as_str(), "answer": answer.name(), "note": note });
        tx.commit(at_ms, vec![AuditEvent::new(actor, "look_alike.answered", report_id, detail)]).await
    }

    /// The entries that look like a report, the likeliest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`], [`StoreError::Json`]; so for all below.
    pub async fn look_alikes_of(&self, flow: &FlowId, report_id: &str) -> Result<Vec<LookAlike>, StoreError> {
        let listing = sql::query(OF_REPORT).bind(self.id().as_str()).bind(flow.as_str()).bind(report_id);
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("reading look-alikes"))?;
        rows.iter().map(read).collect()
    }

    /// At most `limit` look-alikes of a flow after another, by report; with `open` those without an answer.
    ///
    /// # Errors
    /// See [`CustomerStore::look_alikes_of`].
    pub async fn list_look_alikes(
        &self,
        flow: &FlowId,
        open: bool,
        after: Option<&LookAlike>,
        limit: u32,
    ) -> Result<Vec<LookAlike>, StoreError> {
        let listing = sql::query(LIST)
            .bind(self.id().as_str())
            .bind(flow.as_str())
            .bind(after.map_or("", |after| after.report_id.as_str()))
            .bind(after.map_or("", |after| after.company.as_str()))
            .bind(after.map_or("", |after| after.record_no.as_str()))
            .bind(i64::from(open))
            .bind(i64::from(limit));
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing look-alikes"))?;
        rows.iter().map(read).collect()
    }

    /// Of these reports, those with a look-alike that nobody has answered for: its number and evidence.
    ///
    /// # Errors
    /// See [`CustomerStore::look_alikes_of`].
    pub async fn unanswered(
        &self,
        flow: &FlowId,
        ids: &[&str],
    ) -> Result<HashMap<String, (String, Vec<String>)>, StoreError> {
        let mut found = HashMap::new();
        for batch in batches(ids) {
            let mut reading = sql::query_as::<(String, String, String)>(UNANSWERED.text(batch.len()));
            reading = reading.bind(self.id().as_str()).bind(flow.as_str());
            for id in batch {
                reading = reading.bind(*id);
            }
            for (report_id, record_no, evidence) in
                reading.fetch_all(self.reader()).await.map_err(failed("reading look-alikes"))?
            {
                found.insert(report_id, (record_no, from_json(&evidence)?));
            }
        }
        Ok(found)
    }

    /// How many reports of a flow have a look-alike that nobody has answered for.
    ///
    /// # Errors
    /// See [`CustomerStore::look_alikes_of`].
    pub async fn count_unanswered(&self, flow: &FlowId) -> Result<u64, StoreError> {
        let counting = sql::query_scalar::<i64>(COUNT_OPEN).bind(self.id().as_str()).bind(flow.as_str());
        let count = counting.fetch_one(self.reader()).await.map_err(failed("counting look-alikes"))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Json { what: "a stored hand-over check", source })
}

fn read(row: &Row) -> Result<LookAlike, StoreError> {
    let reading = failed("reading a look-alike");
    let answer: Option<&str> = row.try_get(8).map_err(&reading)?;
    let unknown = |answer: &str| StoreError::Stored { what: "answer", id: answer.to_owned() };
    Ok(LookAlike {
        flow: flow_id(row.try_get(0).map_err(&reading)?)?,
        report_id: row.try_get(1).map_err(&reading)?,
        company: row.try_get(2).map_err(&reading)?,
        record_no: row.try_get(3).map_err(&reading)?,
        score: row.try_get(4).map_err(&reading)?,
        evidence: from_json(row.try_get(5).map_err(&reading)?)?,
        entry: from_json(row.try_get(6).map_err(&reading)?)?,
        found_ms: row.try_get(7).map_err(&reading)?,
        answer: answer.map(|word| Answer::parse(word).ok_or_else(|| unknown(word))).transpose()?,
        answered_by: row.try_get(9).map_err(&reading)?,
        note: row.try_get(10).map_err(&reading)?,
        answered_ms: row.try_get(11).map_err(&reading)?,
    })
}
