//! What a person asked a flow's worker to do: a row that the worker takes, does, and answers. It is the one way in
//! which the API reaches a vendor's system.

use super::error::{StoreError, failed};
use super::ids::{FlowId, WantedId};
use super::sql::{self, Row};
use super::tx::Tx;
use super::{AuditEvent, CustomerStore};

pub(super) const ADD: &str = "INSERT INTO wanted (customer_id, id, flow_id, kind, detail, asked_by, asked_ms, failed) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, 0)";
pub(super) const OPEN: &str = "SELECT id, flow_id, kind, detail, asked_by, asked_ms, began_ms, ended_ms, failed, \
     outcome FROM wanted WHERE customer_id = $1 AND flow_id = $2 AND ended_ms IS NULL ORDER BY id LIMIT $3";
pub(super) const LIST: &str = "SELECT id, flow_id, kind, detail, asked_by, asked_ms, began_ms, ended_ms, failed, \
     outcome FROM wanted WHERE customer_id = $1 AND flow_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4";
pub(super) const FIND: &str = "SELECT id, flow_id, kind, detail, asked_by, asked_ms, began_ms, ended_ms, failed, \
     outcome FROM wanted WHERE customer_id = $1 AND id = $2";
/// Of the newest wishes, so that it costs the same however many there were.
pub(super) const NEWEST_MS: &str = "SELECT COALESCE(MAX(n.at_ms), 0) FROM (SELECT \
     COALESCE(ended_ms, began_ms, asked_ms) AS at_ms FROM wanted WHERE customer_id = $1 ORDER BY id DESC LIMIT 20) n";
pub(super) const BEGIN: &str = "UPDATE wanted SET began_ms = $1 WHERE customer_id = $2 AND id = $3";
pub(super) const END: &str = "UPDATE wanted SET ended_ms = $1, failed = $2, outcome = $3 \
     WHERE customer_id = $4 AND id = $5 AND ended_ms IS NULL";

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedKind {
    /// Read the source now.
    Poll,
    /// Read the destination's chart now.
    Refresh,
    /// Read the last weeks of the source again now.
    Sweep,
    /// Take reports of a period before the cut-over as well.
    Backfill,
    /// Count what such a period holds, and keep nothing.
    BackfillCount,
    /// Ask both systems whether the flow would work.
    Ping,
    /// Look for entries that somebody booked already.
    HandOver,
    /// Compare what would be posted with what was booked.
    Agreement,
    /// Tie out.
    Reconcile,
    /// Let reports go that were mended.
    Release,
    /// Carry out what a person decided in a case.
    ApplyDecision,
}

impl WantedKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Poll,
        Self::Refresh,
        Self::Sweep,
        Self::Backfill,
        Self::BackfillCount,
        Self::Ping,
        Self::HandOver,
        Self::Agreement,
        Self::Reconcile,
        Self::Release,
        Self::ApplyDecision,
    ];

    /// Its word in the database and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Refresh => "refresh",
            Self::Sweep => "sweep",
            Self::Backfill => "backfill",
            Self::BackfillCount => "backfill_count",
            Self::Ping => "ping",
            Self::HandOver => "hand_over",
            Self::Agreement => "agreement",
            Self::Reconcile => "reconcile",
            Self::Release => "release",
            Self::ApplyDecision => "apply_decision",
        }
    }

    /// The kind with this word.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A wish.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Its id.
    pub id: WantedId,
    /// Of which flow.
    pub flow: FlowId,
    /// What.
    pub kind: WantedKind,
    /// With what.
    pub detail: serde_json::Value,
    /// Who asked.
    pub asked_by: String,
    /// When, in epoch milliseconds.
    pub asked_ms: i64,
    /// When a worker began.
    pub began_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// Whether it ended without doing it.
    pub failed: bool,
    /// What came of it.
    pub outcome: Option<serde_json::Value>,
}

impl Tx {
    /// Asks, and makes the flow due. The commit owes the audit event that is returned.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Random`].
    pub async fn want(
        &mut self,
        flow: &FlowId,
        kind: WantedKind,
        detail: &serde_json::Value,
        asked_by: &str,
        at_ms: i64,
    ) -> Result<(WantedId, AuditEvent), StoreError> {
        let id = self.customer().store().ids().wanted(at_ms)?;
        let adding = sql::query(ADD)
            .bind(self.customer_id().as_str())
            .bind(id.as_str())
            .bind(flow.as_str())
            .bind(kind.name())
            .bind(detail.to_string())
            .bind(asked_by)
            .bind(at_ms);
        adding.execute(self.connection()).await.map_err(failed("keeping a wish"))?;
        self.await_flow(flow, at_ms).await?;
        let told = serde_json::json!({ "wanted": id.as_str(), "kind": kind.name(), "detail": detail });
        Ok((id, AuditEvent::new(asked_by, "flow.asked", flow.as_str(), told)))
    }

    /// Notes that a worker has begun.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn begin_wanted(&mut self, id: &WantedId, at_ms: i64) -> Result<(), StoreError> {
        let beginning = sql::query(BEGIN).bind(at_ms).bind(self.customer_id().as_str()).bind(id.as_str());
        beginning.execute(self.connection()).await.map_err(failed("beginning a wish"))?;
        Ok(())
    }

    /// Keeps what came of a wish.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn end_wanted(
        &mut self,
        id: &WantedId,
        failed_to: bool,
        outcome: &serde_json::Value,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let ending = sql::query(END)
            .bind(at_ms)
            .bind(i64::from(failed_to))
            .bind(outcome.to_string())
            .bind(self.customer_id().as_str())
            .bind(id.as_str());
        ending.execute(self.connection()).await.map_err(failed("ending a wish"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// What is asked of a flow and not done, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`], [`StoreError::Json`].
    pub async fn open_wanted(&self, flow: &FlowId, limit: u32) -> Result<Vec<Wanted>, StoreError> {
        let listing = sql::query(OPEN).bind(self.id().as_str()).bind(flow.as_str()).bind(i64::from(limit));
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("reading what is asked for"))?;
        rows.iter().map(read).collect()
    }

    /// What was asked of a flow, newest first, before the id `before`.
    ///
    /// # Errors
    /// See [`CustomerStore::open_wanted`].
    pub async fn list_wanted(
        &self,
        flow: &FlowId,
        before: Option<&WantedId>,
        limit: u32,
    ) -> Result<Vec<Wanted>, StoreError> {
        let before = before.map_or("~", WantedId::as_str);
        let listing = sql::query(LIST).bind(self.id().as_str()).bind(flow.as_str()).bind(before);
        let rows = listing.bind(i64::from(limit)).fetch_all(self.reader()).await;
        rows.map_err(failed("listing what was asked for"))?.iter().map(read).collect()
    }

    /// When the newest wishes last moved, in epoch milliseconds; 0 while there is none.
    ///
    /// # Errors
    /// See [`CustomerStore::open_wanted`].
    pub async fn wanted_moved_ms(&self) -> Result<i64, StoreError> {
        let asking = sql::query_scalar::<i64>(NEWEST_MS).bind(self.id().as_str());
        asking.fetch_one(self.reader()).await.map_err(failed("reading when wishes moved"))
    }

    /// A wish, if there is one of this id.
    ///
    /// # Errors
    /// See [`CustomerStore::open_wanted`].
    pub async fn wanted(&self, id: &WantedId) -> Result<Option<Wanted>, StoreError> {
        let finding = sql::query(FIND).bind(self.id().as_str()).bind(id.as_str());
        let row = finding.fetch_optional(self.reader()).await.map_err(failed("reading a wish"))?;
        row.as_ref().map(read).transpose()
    }
}

fn read(row: &Row) -> Result<Wanted, StoreError> {
    let reading = failed("reading a wish");
    let text = |column| row.try_get::<&str>(column).map_err(&reading);
    let json =
        |text: &str| serde_json::from_str(text).map_err(|source| StoreError::Json { what: "a stored wish", source });
    let (id, flow, kind) = (text(0)?, text(1)?, text(2)?);
    let stored = |what, id: &str| StoreError::Stored { what, id: id.to_owned() };
    Ok(Wanted {
        id: WantedId::parse(id).ok_or_else(|| stored("id", id))?,
        flow: FlowId::parse(flow).ok_or_else(|| stored("flow", flow))?,
        kind: WantedKind::parse(kind).ok_or_else(|| stored("kind of a wish", kind))?,
        detail: json(text(3)?)?,
        asked_by: text(4)?.to_owned(),
        asked_ms: row.try_get(5).map_err(&reading)?,
        began_ms: row.try_get(6).map_err(&reading)?,
        ended_ms: row.try_get(7).map_err(&reading)?,
        failed: row.try_get::<i64>(8).map_err(&reading)? != 0,
        outcome: row.try_get::<Option<&str>>(9).map_err(&reading)?.map(json).transpose()?,
    })
}
