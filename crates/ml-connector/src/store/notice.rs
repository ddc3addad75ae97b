//! What people were told, and the messages on their way to them: one for each cause, however many reports it holds.
//! Receivers' addresses are not here; they stand in the flow's document.

use std::collections::BTreeMap;

use super::CustomerStore;
use super::error::{StoreError, failed};
use super::ids::{FlowId, MessageId};
use super::sql::{self, Row};
use super::tx::Tx;

pub(super) const PUT: &str = "INSERT INTO notices (customer_id, flow_id, class, cause, title, opened_ms, told_ms, \
     reports, money) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8) ON CONFLICT (customer_id, flow_id, class, cause) \
     DO UPDATE SET told_ms = excluded.told_ms, reports = excluded.reports, money = excluded.money";
pub(super) const CLEAR: &str =
    "DELETE FROM notices WHERE customer_id = $1 AND flow_id = $2 AND class = $3 AND cause = $4";
pub(super) const OPEN: &str = "SELECT class, cause, title, opened_ms, told_ms, reports, money FROM notices \
     WHERE customer_id = $1 AND flow_id = $2 ORDER BY class, cause";
pub(super) const ADD: &str = "INSERT INTO messages (customer_id, id, flow_id, receiver, class, subject, body, \
     created_ms, attempts, next_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $8)";
pub(super) const DUE: &str = "SELECT id, receiver, class, subject, body, created_ms, attempts, next_ms, sent_ms, error \
     FROM messages WHERE customer_id = $1 AND flow_id = $2 AND next_ms <= $3 ORDER BY next_ms, id LIMIT $4";
pub(super) const NEXT: &str = "SELECT MIN(next_ms) FROM messages WHERE customer_id = $1 AND flow_id = $2";
pub(super) const LIST: &str = "SELECT id, receiver, class, subject, body, created_ms, attempts, next_ms, sent_ms, error \
     FROM messages WHERE customer_id = $1 AND flow_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4";
pub(super) const TRIED: &str = "UPDATE messages SET attempts = attempts + 1, next_ms = $1, sent_ms = $2, error = $3 \
     WHERE customer_id = $4 AND id = $5";

/// A cause that somebody was told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its class, such as `held`.
    pub class: String,
    /// Tells causes of a class apart.
    pub cause: String,
    /// What it is, in words.
    pub title: String,
    /// When it was first told, in epoch milliseconds.
    pub opened_ms: i64,
    /// When it was last told.
    pub told_ms: i64,
    /// How many reports it held when it was last told.
    pub reports: u64,
    /// Their money by currency, in minor units.
    pub money: BTreeMap<String, i64>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The receiver's place among those of the flow's document, from 0, and what it is: `0 mail`.
    pub receiver: String,
    /// Its class.
    pub class: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// When it was written, in epoch milliseconds.
    pub created_ms: i64,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next; `None` where it was sent or given up.
    pub next_ms: Option<i64>,
    /// When it was sent.
    pub sent_ms: Option<i64>,
    /// What came of the last attempt, where it failed.
    pub error: Option<String>,
}

impl Tx {
    /// Notes that somebody was told of a cause.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Json`].
    pub async fn put_notice(&mut self, flow: &FlowId, notice: &Notice, at_ms: i64) -> Result<(), StoreError> {
        let money = serde_json::to_string(&notice.money);
        let money = money.map_err(|source| StoreError::Json { what: "a notice's money", source })?;
        let putting = sql::query(PUT)
            .bind(self.customer_id().as_str())
            .bind(flow.as_str())
            .bind(&notice.class)
            .bind(&notice.cause)
            .bind(&notice.title)
            .bind(at_ms)
            .bind(i64::try_from(notice.reports).unwrap_or(i64::MAX))
            .bind(money);
        putting.execute(self.connection()).await.map_err(failed("keeping a notice"))?;
        Ok(())
    }

    /// Forgets a cause that is gone.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn clear_notice(&mut self, flow: &FlowId, class: &str, cause: &str) -> Result<(), StoreError> {
        let clearing = sql::query(CLEAR).bind(self.customer_id().as_str()).bind(flow.as_str()).bind(class).bind(cause);
        clearing.execute(self.connection()).await.map_err(failed("clearing a notice"))?;
        Ok(())
    }

    /// Puts a message on its way.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Random`].
    pub async fn add_message(
        &mut self,
        flow: &FlowId,
        receiver: &str,
        class: &str,
        (subject, body): (&str, &str),
        at_ms: i64,
    ) -> Result<MessageId, StoreError> {
        let id = self.customer().store().ids().message(at_ms)?;
        let adding = sql::query(ADD)
            .bind(self.customer_id().as_str())
            .bind(id.as_str())
            .bind(flow.as_str())
            .bind(receiver)
            .bind(class)
            .bind(subject)
            .bind(body)
            .bind(at_ms);
        adding.execute(self.connection()).await.map_err(failed("keeping a message"))?;
        Ok(id)
    }

    /// Notes an attempt to deliver: sent, to be tried again at `next_ms`, or, with neither, given up.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn tried_message(
        &mut self,
        id: &MessageId,
        sent_ms: Option<i64>,
        next_ms: Option<i64>,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        let noting = sql::query(TRIED).bind(next_ms).bind(sent_ms).bind(error.map(str::to_owned));
        let noting = noting.bind(self.customer_id().as_str()).bind(id.as_str());
        noting.execute(self.connection()).await.map_err(failed("noting a delivery"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// The causes that somebody was told of and that are not gone.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Json`].
    pub async fn notices(&self, flow: &FlowId) -> Result<Vec<Notice>, StoreError> {
        let listing = sql::query(OPEN).bind(self.id().as_str()).bind(flow.as_str()).fetch_all(self.reader());
        listing.await.map_err(failed("reading notices"))?.iter().map(read_notice).collect()
    }

    /// Messages of a flow that are to be tried now.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn due_messages(&self, flow: &FlowId, at_ms: i64, limit: u32) -> Result<Vec<Message>, StoreError> {
        let listing = sql::query(DUE).bind(self.id().as_str()).bind(flow.as_str()).bind(at_ms).bind(i64::from(limit));
        listing.fetch_all(self.reader()).await.map_err(failed("reading messages"))?.iter().map(read_message).collect()
    }

    /// When the next message of a flow is to be tried, if any is on its way.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn next_message_ms(&self, flow: &FlowId) -> Result<Option<i64>, StoreError> {
        let finding = sql::query_scalar::<Option<i64>>(NEXT).bind(self.id().as_str()).bind(flow.as_str());
        finding.fetch_one(self.reader()).await.map_err(failed("reading when a message is due"))
    }

    /// Messages of a flow, the newest first, before the id `before`.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn messages(
        &self,
        flow: &FlowId,
        before: Option<&MessageId>,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let before = before.map_or("~", MessageId::as_str);
        let listing = sql::query(LIST).bind(self.id().as_str()).bind(flow.as_str()).bind(before);
        let rows = listing.bind(i64::from(limit)).fetch_all(self.reader()).await;
        rows.map_err(failed("listing messages"))?.iter().map(read_message).collect()
    }
}

fn read_notice(row: &Row) -> Result<Notice, StoreError> {
    let reading = failed("reading a notice");
    let money: &str = row.try_get(6).map_err(&reading)?;
    let money = serde_json::from_str(money);
    Ok(Notice {
        class: row.try_get(0).map_err(&reading)?,
        cause: row.try_get(1).map_err(&reading)?,
        title: row.try_get(2).map_err(&reading)?,
        opened_ms: row.try_get(3).map_err(&reading)?,
        told_ms: row.try_get(4).map_err(&reading)?,
        reports: u64::try_from(row.try_get::<i64>(5).map_err(&reading)?).unwrap_or(0),
        money: money.map_err(|source| StoreError::Json { what: "a notice's money", source })?,
    })
}

pub(super) fn read_message(row: &Row) -> Result<Message, StoreError> {
    let reading = failed("reading a message");
    let id: &str = row.try_get(0).map_err(&reading)?;
    Ok(Message {
        id: MessageId::parse(id).ok_or_else(|| StoreError::Stored { what: "id of a message", id: id.to_owned() })?,
        receiver: row.try_get(1).map_err(&reading)?,
        class: row.try_get(2).map_err(&reading)?,
        subject: row.try_get(3).map_err(&reading)?,
        body: row.try_get(4).map_err(&reading)?,
        created_ms: row.try_get(5).map_err(&reading)?,
        attempts: row.try_get(6).map_err(&reading)?,
        next_ms: row.try_get(7).map_err(&reading)?,
        sent_ms: row.try_get(8).map_err(&reading)?,
        error: row.try_get(9).map_err(&reading)?,
    })
}
