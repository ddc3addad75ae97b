//! What each version of a flow changed in the tables of its mapping, row by row: who changed what when. Written in the
//! commit that makes the version, from the two documents; a first version changes nothing, it is where rows begin.

use crate::flow::Flow;
use crate::flow::table::{TableChange, changed_rows};

use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::ids::FlowId;
use super::mapping_use::text_key;
use super::report::small;
use super::rows::{OWN, Rows, batches};
use super::sql::{self, Row};
use super::tx::Tx;

macro_rules! columns {
    () => {
        "SELECT table_name, text_key, version, source_text, old_target, new_target, author, changed_ms \
         FROM mapping_changes WHERE customer_id = "
    };
}

pub(super) static ADD: Rows = Rows::new(
    "INSERT INTO mapping_changes (customer_id, flow_id, table_name, text_key, version, source_text, old_target, \
     new_target, author, changed_ms) VALUES ",
    &[OWN; 10],
    "",
);
/// Every change of some rows, the newest first.
pub(super) static OF_ROWS: Rows = Rows::new(
    concat!(columns!(), "? AND flow_id = ? AND table_name = ? AND text_key IN ("),
    &[OWN],
    ") ORDER BY text_key, version DESC",
);
/// Every change of a flow's tables, the newest first, after a version, table and row.
pub(super) const LIST: &str = concat!(
    columns!(),
    "$1 AND flow_id = $2 AND (version, table_name, text_key) < ($3, $4, $5) \
     ORDER BY version DESC, table_name DESC, text_key DESC LIMIT $6"
);
/// Rows of a table that changed since a time.
pub(super) const SINCE: &str = "SELECT DISTINCT text_key FROM mapping_changes WHERE customer_id = $1 AND flow_id = $2 \
     AND table_name = $3 AND changed_ms >= $4";

/// A change of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingChange {
    /// Which table, such as `categories`.
    pub table: String,
    /// Key of the row's text.
    pub key: String,
    /// The version that brought it.
    pub version: u32,
    /// The text of the source.
    pub text: String,
    /// Where it led; `None` where the row is new.
    pub before: Option<String>,
    /// Where it leads; `None` where the row was taken out.
    pub after: Option<String>,
    /// Who made the version.
    pub author: String,
    /// When, in epoch milliseconds.
    pub changed_ms: i64,
}

impl Tx {
    /// Keeps what a version changes in the rows of a mapping's tables. A document that cannot be read as a flow has no
    /// tables.
    pub(super) async fn put_mapping_changes(
        &mut self,
        (flow, version): (&FlowId, i64),
        (before, after): (&str, &str),
        author: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let (Ok(before), Ok(after)) = (Flow::parse(before, "", None), Flow::parse(after, "", None)) else {
            return Ok(());
        };
        let changes: Vec<TableChange> = changed_rows(&before.mapping, &after.mapping);
        let customer = self.customer_id().clone();
        for batch in batches(&changes) {
            let mut adding = sql::query(ADD.text(batch.len()));
            for change in batch {
                adding = adding.bind(customer.as_str()).bind(flow.as_str()).bind(change.table.name());
                adding = adding.bind(text_key(&accounting::translate::fold(&change.text))).bind(version);
                adding = adding.bind(&change.text).bind(change.before.as_deref()).bind(change.after.as_deref());
                adding = adding.bind(author).bind(at_ms);
            }
            adding.execute(self.connection()).await.map_err(failed("keeping what a mapping's version changes"))?;
        }
        Ok(())
    }
}

impl CustomerStore {
    /// Every change of these rows of a table, each row's newest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`]; so for all below.
    pub async fn changes_of_rows(
        &self,
        flow: &FlowId,
        table: &str,
        keys: &[String],
    ) -> Result<Vec<MappingChange>, StoreError> {
        let mut found = Vec::new();
        for batch in batches(keys) {
            let mut listing = sql::query(OF_ROWS.text(batch.len()));
            listing = listing.bind(self.id().as_str()).bind(flow.as_str()).bind(table);
            for key in batch {
                listing = listing.bind(key.as_str());
            }
            let rows = listing.fetch_all(self.reader()).await.map_err(failed("reading who changed a mapping"))?;
            for row in &rows {
                found.push(read(row)?);
            }
        }
        Ok(found)
    }

    /// At most `limit` changes of a flow's tables after this one (version, table, key), the newest first.
    ///
    /// # Errors
    /// See [`CustomerStore::changes_of_rows`].
    pub async fn mapping_changes(
        &self,
        flow: &FlowId,
        after: Option<(u32, &str, &str)>,
        limit: u32,
    ) -> Result<Vec<MappingChange>, StoreError> {
        let (version, table, key) =
            after.map_or((i64::MAX, "", ""), |(version, table, key)| (i64::from(version), table, key));
        let listing = sql::query(LIST).bind(self.id().as_str()).bind(flow.as_str()).bind(version).bind(table);
        let listing = listing.bind(key).bind(i64::from(limit)).fetch_all(self.reader());
        listing.await.map_err(failed("listing changes of a mapping"))?.iter().map(read).collect()
    }

    /// Keys of the rows of a table that changed since this time (epoch milliseconds).
    ///
    /// # Errors
    /// See [`CustomerStore::changes_of_rows`].
    pub async fn rows_changed_since(
        &self,
        flow: &FlowId,
        table: &str,
        since_ms: i64,
    ) -> Result<Vec<String>, StoreError> {
        let listing = sql::query_scalar(SINCE).bind(self.id().as_str()).bind(flow.as_str()).bind(table);
        listing.bind(since_ms).fetch_all(self.reader()).await.map_err(failed("reading what changed of a mapping"))
    }
}

fn read(row: &Row) -> Result<MappingChange, StoreError> {
    let reading = failed("reading a change of a mapping");
    Ok(MappingChange {
        table: row.try_get(0).map_err(&reading)?,
        key: row.try_get(1).map_err(&reading)?,
        version: small(row.try_get(2).map_err(&reading)?, "flow version")?,
        text: row.try_get(3).map_err(&reading)?,
        before: row.try_get(4).map_err(&reading)?,
        after: row.try_get(5).map_err(&reading)?,
        author: row.try_get(6).map_err(&reading)?,
        changed_ms: row.try_get(7).map_err(&reading)?,
    })
}
