//! Messages as people look at them: over all flows of a customer, by where they stand, and one sent once more. Writing
//! and delivering them stands in `notice`.

use super::CustomerStore;
use super::error::{StoreError, failed};
use super::flow::flow_id;
use super::ids::{FlowId, MessageId};
use super::notice::{Message, read_message};
use super::sql::{self, Row};
use super::tx::Tx;

macro_rules! columns {
    () => {
        "SELECT id, receiver, class, subject, body, created_ms, attempts, next_ms, sent_ms, error, flow_id \
         FROM messages WHERE customer_id = $1 "
    };
}

/// An empty text stands for any flow.
pub(super) const LIST: &str = concat!(
    columns!(),
    "AND id < $2 AND (CAST($3 AS TEXT) = '' OR flow_id = $3) AND (CAST($4 AS TEXT) = '' OR sent_ms IS NOT NULL) \
     ORDER BY id DESC LIMIT $5"
);
/// A few among many, so they have an index of their own.
pub(super) const UNSENT: &str = concat!(
    columns!(),
    "AND id < $2 AND sent_ms IS NULL AND (CAST($3 AS TEXT) = '' OR flow_id = $3) \
     AND (CASE WHEN next_ms IS NULL THEN 'given_up' WHEN attempts = 0 THEN 'waiting' ELSE 'failing' END) = $4 \
     ORDER BY id DESC LIMIT $5"
);
pub(super) const FIND: &str = concat!(columns!(), "AND id = $2");
pub(super) const HASTEN: &str =
    "UPDATE messages SET next_ms = $1 WHERE customer_id = $2 AND id = $3 AND next_ms IS NOT NULL";
pub(super) const COPY: &str = "INSERT INTO messages (customer_id, id, flow_id, receiver, class, subject, body, \
     created_ms, attempts, next_ms) SELECT customer_id, CAST($1 AS TEXT), flow_id, receiver, class, subject, body, \
     CAST($2 AS BIGINT), 0, CAST($2 AS BIGINT) FROM messages WHERE customer_id = $3 AND id = $4";

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    /// Not tried yet.
    Waiting,
    /// Tried without success, and to be tried again.
    Failing,
    /// Taken by its receiver.
    Sent,
    /// Tried for too long.
    GivenUp,
}

impl MessageState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Failing, Self::Sent, Self::GivenUp];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Failing => "failing",
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
        }
    }

    /// Reads back the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A message with its flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// The flow that it is about.
    pub flow: FlowId,
    /// The message.
    pub message: Message,
}

impl Message {
    /// Where it stands.
    pub const fn state(&self) -> MessageState {
        match (self.sent_ms, self.next_ms, self.attempts) {
            (Some(_), ..) => MessageState::Sent,
            (None, None, _) => MessageState::GivenUp,
            (None, Some(_), 0) => MessageState::Waiting,
            (None, Some(_), _) => MessageState::Failing,
        }
    }
}

impl Tx {
    /// Sends a message once more: one that is on its way at once, one that was sent or given up as a new one. The id
    /// under which it goes. Its flow is due then.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Statement`], [`StoreError::Random`].
    pub async fn send_again(&mut self, sent: &StoredMessage, at_ms: i64) -> Result<MessageId, StoreError> {
        let customer = self.customer_id().clone();
        let sending = failed("sending a message again");
        let old = &sent.message.id;
        let hastening = sql::query(HASTEN).bind(at_ms).bind(customer.as_str()).bind(old.as_str());
        let hastened = hastening.execute(self.connection()).await.map_err(&sending)?;
        let id = if hastened.rows_affected() == 1 {
            old.clone()
        } else {
            let id = self.customer().store().ids().message(at_ms)?;
            let copying = sql::query(COPY).bind(id.as_str()).bind(at_ms).bind(customer.as_str()).bind(old.as_str());
            let copied = copying.execute(self.connection()).await.map_err(&sending)?;
            if copied.rows_affected() == 0 {
                return Err(StoreError::NotFound { what: "message", id: old.to_string() });
            }
            id
        };
        self.await_flow(&sent.flow, at_ms).await?;
        Ok(id)
    }
}

impl CustomerStore {
    /// At most `limit` messages before the id `before`, the newest first; of one flow and in one state where that is
    /// given.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`]; so for the next.
    pub async fn all_messages(
        &self,
        flow: Option<&FlowId>,
        state: Option<MessageState>,
        before: Option<&MessageId>,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let unsent = state.is_some_and(|state| state != MessageState::Sent);
        let listing = sql::query(if unsent { UNSENT } else { LIST })
            .bind(self.id().as_str())
            .bind(before.map_or("~", MessageId::as_str))
            .bind(flow.map_or("", FlowId::as_str))
            .bind(state.map_or("", MessageState::name))
            .bind(i64::from(limit));
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing messages"))?;
        rows.iter().map(read).collect()
    }

    /// A message.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; see [`CustomerStore::all_messages`].
    pub async fn message(&self, id: &MessageId) -> Result<StoredMessage, StoreError> {
        let finding = sql::query(FIND).bind(self.id().as_str()).bind(id.as_str());
        let row = finding.fetch_optional(self.reader()).await.map_err(failed("reading a message"))?;
        read(&row.ok_or_else(|| StoreError::NotFound { what: "message", id: id.to_string() })?)
    }
}

fn read(row: &Row) -> Result<StoredMessage, StoreError> {
    let flow = flow_id(row.try_get(10).map_err(failed("reading a message"))?)?;
    Ok(StoredMessage { flow, message: read_message(row)? })
}
