//! What the first page of a customer shows of a flow: money by where it stands, posted and held day by day, the causes
//! that hold most. It is counted when a pass did something and kept whole, so that a page reads one row a flow however
//! much is stored. Counting is in `board/count.rs`; nothing is decided by these figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::flow::flow_id;
use super::flow_figures::Waiting;
use super::ids::FlowId;
use super::sql;
use super::tx::Tx;

mod count;

pub use count::DayBounds;
pub(super) use count::{CASES, GATES, MONTHS, POSTED_BETWEEN, STANDING, UNMAPPED};

/// What was counted earlier never takes the place of what was counted later.
pub(super) const PUT: &str = "INSERT INTO boards (customer_id, flow_id, counted_ms, document) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (customer_id, flow_id) DO UPDATE SET counted_ms = excluded.counted_ms, document = excluded.document \
     WHERE boards.counted_ms <= excluded.counted_ms";
pub(super) const FIND: &str = "SELECT document FROM boards WHERE customer_id = $1 AND flow_id = $2";
pub(super) const LIST: &str = "SELECT flow_id, document FROM boards WHERE customer_id = $1 ORDER BY flow_id";

pub(super) const COUNTED: &str = "SELECT MAX(counted_ms) FROM boards WHERE customer_id = $1";

/// A count and its money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// How many.
    pub count: u64,
    /// Their money in minor units.
    pub minor: i64,
}

impl Sum {
    /// Adds another one.
    pub const fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.minor = self.minor.saturating_add(other.minor);
    }
}

/// Reports of one currency, by where they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// Read, translated or under way, and not in the ledger yet.
    pub waiting: Sum,
    /// Held by a problem of translation.
    pub held: Sum,
    /// That the ledger refused or contradicts.
    pub refused: Sum,
    /// That changed at the source after they were frozen or posted.
    pub drifted: Sum,
    /// Of unknown outcome.
    pub unknown: Sum,
    /// Of those that are held: because the mapping lacks something or leads nowhere.
    pub unmapped: Sum,
}

/// What happened on one day, by currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BoardDay {
    /// Entries that got into the ledger on this day.
    pub posted: BTreeMap<String, Sum>,
    /// Reports held or refused when it was last counted on this day; `None` where it was not.
    pub held: Option<BTreeMap<String, Sum>>,
}

/// A cause that holds reports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardCause {
    /// Its id.
    pub id: String,
    /// Number of its problem.
    pub code: u16,
    /// The offending value.
    pub value: String,
    /// What was seen.
    pub detail: String,
    /// Where its reports stand.
    pub state: String,
    /// How many.
    pub reports: u64,
    /// Their money by currency, in minor units.
    pub money: BTreeMap<String, i64>,
    /// When the first of them came, in epoch milliseconds.
    pub oldest_ms: i64,
}

/// Something that waits for a person: a gate, or cases of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardWait {
    /// The kind of the cases; empty for a gate.
    pub kind: String,
    /// Number of its problem.
    pub code: u16,
    /// How many.
    pub count: u64,
    /// Their money by currency, in minor units.
    pub money: BTreeMap<String, i64>,
    /// Since when the oldest waits, in epoch milliseconds.
    pub oldest_ms: i64,
}

/// The figures of a flow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Board {
    /// When they were counted, in epoch milliseconds.
    pub counted_ms: i64,
    /// Where reports stand, by currency; under an empty text those that name none.
    pub standing: BTreeMap<String, Standing>,
    /// Entries in the ledger by month of their posting date, such as `2026-11`, and currency: the last two months and
    /// later.
    pub months: BTreeMap<String, BTreeMap<String, Sum>>,
    /// By day in the flow's time zone, such as `2026-11-24`: the last 31.
    pub days: BTreeMap<String, BoardDay>,
    /// The causes that hold most, at most [`Board::CAUSES`].
    pub causes: Vec<BoardCause>,
    /// How many causes there are.
    pub all_causes: u64,
    /// Reports that wait at a gate for a person.
    pub gates: Vec<BoardWait>,
    /// Open cases.
    pub cases: Vec<BoardWait>,
    /// Last day of the closed books, where the ledger told.
    pub closed_through: Option<String>,
    /// What was counted of the states, for the figures across customers.
    #[serde(skip)]
    pub(super) states: Waiting,
    /// Since when the oldest of what waits for anybody does, in epoch milliseconds.
    #[serde(skip)]
    pub(super) waits_ms: Option<i64>,
}

impl Board {
    /// Causes that are kept.
    pub const CAUSES: usize = 40;
    /// Days that are kept.
    pub const DAYS: usize = 31;
}

impl Tx {
    /// Keeps a flow's board, unless a later one is kept. The figures across customers stay as they are: for counts in
    /// the midst of a pass.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Json`].
    pub async fn put_board_meanwhile(&mut self, flow: &FlowId, board: &Board) -> Result<(), StoreError> {
        let document = serde_json::to_string(board);
        let document = document.map_err(|source| StoreError::Json { what: "a flow's figures", source })?;
        let putting = sql::query(PUT).bind(self.customer_id().as_str()).bind(flow.as_str());
        let putting = putting.bind(board.counted_ms).bind(document);
        putting.execute(self.connection()).await.map_err(failed("keeping a flow's figures"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// A flow's board, if one was ever counted.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Json`]; so for the next.
    pub async fn board(&self, flow: &FlowId) -> Result<Option<Board>, StoreError> {
        let finding = sql::query_scalar::<String>(FIND).bind(self.id().as_str()).bind(flow.as_str());
        let found = finding.fetch_optional(self.reader()).await.map_err(failed("reading a flow's figures"))?;
        found.as_deref().map(read).transpose()
    }

    /// When any flow was last counted, in epoch milliseconds; 0 for never.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn boards_counted_ms(&self) -> Result<i64, StoreError> {
        let finding = sql::query_scalar::<Option<i64>>(COUNTED).bind(self.id().as_str());
        let found = finding.fetch_one(self.reader()).await.map_err(failed("reading when flows were counted"))?;
        Ok(found.unwrap_or(0))
    }

    /// The boards of all flows.
    ///
    /// # Errors
    /// See [`CustomerStore::board`]; [`StoreError::Stored`].
    pub async fn boards(&self) -> Result<Vec<(FlowId, Board)>, StoreError> {
        let listing = sql::query_as::<(String, String)>(LIST).bind(self.id().as_str());
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("reading the flows' figures"))?;
        rows.into_iter().map(|(flow, document)| Ok((flow_id(flow)?, read(&document)?))).collect()
    }
}

fn read(document: &str) -> Result<Board, StoreError> {
    serde_json::from_str(document).map_err(|source| StoreError::Json { what: "a flow's figures", source })
}
