//! Flows and their versions: a document that changed makes a new version, the same document never does. A version's
//! number is the mapping's version everywhere. Cursors stand here too: how far a flow has read its source.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::ids::FlowId;
use super::sql::{self, Row};
use super::tx::Tx;

pub(super) const FIND_BY_NAME: &str = "SELECT f.id, f.version, v.sha256 FROM flows f JOIN flow_versions v \
     ON v.customer_id = f.customer_id AND v.flow_id = f.id AND v.version = f.version \
     WHERE f.customer_id = $1 AND f.name = $2";
pub(super) const CREATE: &str =
    "INSERT INTO flows (customer_id, id, name, version, changed_ms) VALUES ($1, $2, $3, $4, $5)";
pub(super) const MOVE: &str = "UPDATE flows SET version = $1, changed_ms = $2 WHERE customer_id = $3 AND id = $4 \
     AND version = $1 - 1";
pub(super) const ADD_VERSION: &str = "INSERT INTO flow_versions (customer_id, flow_id, version, document, sha256, \
     created_ms, author) VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub(super) const AUTHOR: &str =
    "SELECT author FROM flow_versions WHERE customer_id = $1 AND flow_id = $2 AND version = $3";
pub(super) const LIST: &str = "SELECT f.id, f.name, v.version, v.document, v.created_ms FROM flows f \
     JOIN flow_versions v ON v.customer_id = f.customer_id AND v.flow_id = f.id AND v.version = f.version \
     WHERE f.customer_id = $1 ORDER BY f.name";
pub(super) const FIND_VERSION: &str = "SELECT f.id, f.name, v.version, v.document, v.created_ms FROM flows f \
     JOIN flow_versions v ON v.customer_id = f.customer_id AND v.flow_id = f.id \
     WHERE f.customer_id = $1 AND f.id = $2 AND v.version = $3";
pub(super) const VERSIONS: &str = "SELECT version, sha256, created_ms, author FROM flow_versions \
     WHERE customer_id = $1 AND flow_id = $2 AND version < $3 ORDER BY version DESC LIMIT $4";
pub(super) const FIND_NEWEST: &str = "SELECT f.id, f.name, v.version, v.document, v.created_ms FROM flows f \
     JOIN flow_versions v ON v.customer_id = f.customer_id AND v.flow_id = f.id AND v.version = f.version \
     WHERE f.customer_id = $1 AND f.id = $2";
pub(super) const PUT_CURSOR: &str = "INSERT INTO cursors (customer_id, flow_id, name, position, moved_ms) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (customer_id, flow_id, name) \
     DO UPDATE SET position = excluded.position, moved_ms = excluded.moved_ms";
pub(super) const CURSORS: &str =
    "SELECT name, position FROM cursors WHERE customer_id = $1 AND flow_id = $2 ORDER BY name";
pub(super) const FIND_CURSOR: &str =
    "SELECT position FROM cursors WHERE customer_id = $1 AND flow_id = $2 AND name = $3";

/// A flow with one version of its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFlow {
    /// Its id.
    pub id: FlowId,
    /// Its name, unique for the customer.
    pub name: String,
    /// Version of the document, from 1.
    pub version: u32,
    /// The document as it was written.
    pub document: String,
    /// When the version was made, in epoch milliseconds.
    pub created_ms: i64,
}

/// One version of a flow's document, without the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowVersionInfo {
    /// Version, from 1.
    pub version: u32,
    /// SHA-256 of the document, in hexadecimal.
    pub sha256: String,
    /// When it was made, in epoch milliseconds.
    pub created_ms: i64,
    /// Who made it; `None` for versions of before that was kept.
    pub author: Option<String>,
}

/// Which version a document became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowVersion {
    /// The flow.
    pub id: FlowId,
    /// Version of the document, from 1.
    pub version: u32,
    /// Whether the document made this version now; then the commit owes an audit event.
    pub new: bool,
}

impl Tx {
    /// Keeps the document of the flow called `name`: as a new version where it differs from the newest one. Its
    /// author may not approve what that version makes.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where somebody else made a version meanwhile; [`StoreError::Statement`],
    /// [`StoreError::Random`], [`StoreError::Stored`].
    pub async fn put_flow(
        &mut self,
        name: &str,
        document: &str,
        author: &str,
        at_ms: i64,
    ) -> Result<FlowVersion, StoreError> {
        let keeping = failed("keeping a flow's document");
        let customer = self.customer_id().clone();
        let sha256 = HEXLOWER.encode(&Sha256::digest(document.as_bytes()));
        let finding = sql::query_as::<(String, i64, String)>(FIND_BY_NAME).bind(customer.as_str()).bind(name);
        let found = finding.fetch_optional(self.connection()).await.map_err(&keeping)?;
        let mut before = None;
        let (id, version) = match found {
            Some((id, version, newest)) if newest == sha256 => {
                return Ok(FlowVersion { id: flow_id(id)?, version: version_number(version)?, new: false });
            }
            Some((id, version, _)) => {
                let moving = sql::query(MOVE).bind(version + 1).bind(at_ms).bind(customer.as_str()).bind(&id);
                let moved = moving.execute(self.connection()).await.map_err(&keeping)?;
                if moved.rows_affected() == 0 {
                    return Err(StoreError::Stale { what: "flow" });
                }
                let reading = sql::query(FIND_VERSION).bind(customer.as_str()).bind(&id).bind(version);
                let row = reading.fetch_optional(self.connection()).await.map_err(&keeping)?;
                before = row.as_ref().map(read).transpose()?.map(|stored| stored.document);
                (flow_id(id)?, version + 1)
            }
            None => {
                let id = self.customer().store().ids().flow(at_ms)?;
                let creating = sql::query(CREATE).bind(customer.as_str()).bind(id.as_str()).bind(name);
                let creating = creating.bind(1_i64).bind(at_ms);
                creating.execute(self.connection()).await.map_err(&keeping)?;
                (id, 1)
            }
        };
        let adding = sql::query(ADD_VERSION)
            .bind(customer.as_str())
            .bind(id.as_str())
            .bind(version)
            .bind(document)
            .bind(sha256)
            .bind(at_ms)
            .bind(author);
        adding.execute(self.connection()).await.map_err(&keeping)?;
        if let Some(before) = before {
            self.put_mapping_changes((&id, version), (&before, document), author, at_ms).await?;
        }
        self.await_flow(&id, at_ms).await?;
        Ok(FlowVersion { id, version: version_number(version)?, new: true })
    }

    /// Moves a cursor of a flow.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn put_cursor(
        &mut self,
        flow: &FlowId,
        name: &str,
        position: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let putting = sql::query(PUT_CURSOR)
            .bind(self.customer_id().as_str())
            .bind(flow.as_str())
            .bind(name)
            .bind(position)
            .bind(at_ms);
        putting.execute(self.connection()).await.map_err(failed("moving a cursor"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// The flows with their newest versions, by name.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn flows(&self) -> Result<Vec<StoredFlow>, StoreError> {
        let listing = sql::query(LIST).bind(self.id().as_str()).fetch_all(self.reader());
        listing.await.map_err(failed("listing the flows"))?.iter().map(read).collect()
    }

    /// A flow with its newest version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn flow(&self, flow: &FlowId) -> Result<StoredFlow, StoreError> {
        let finding = sql::query(FIND_NEWEST).bind(self.id().as_str()).bind(flow.as_str());
        let row = finding.fetch_optional(self.reader()).await.map_err(failed("reading a flow"))?;
        read(&row.ok_or_else(|| StoreError::NotFound { what: "flow", id: flow.to_string() })?)
    }

    /// A flow with an older version.
    ///
    /// # Errors
    /// See [`CustomerStore::flow`].
    pub async fn flow_version(&self, flow: &FlowId, version: u32) -> Result<StoredFlow, StoreError> {
        let finding = sql::query(FIND_VERSION).bind(self.id().as_str()).bind(flow.as_str()).bind(i64::from(version));
        let row = finding.fetch_optional(self.reader()).await.map_err(failed("reading a flow's version"))?;
        read(&row.ok_or_else(|| StoreError::NotFound { what: "flow version", id: format!("{flow} {version}") })?)
    }

    /// The versions of a flow's document before `before` (`None`: all), the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn flow_versions(
        &self,
        flow: &FlowId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<FlowVersionInfo>, StoreError> {
        let listing =
            sql::query_as::<(i64, String, i64, Option<String>)>(VERSIONS).bind(self.id().as_str()).bind(flow.as_str());
        let listing = listing.bind(before.map_or(i64::MAX, i64::from)).bind(i64::from(limit));
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing a flow's versions"))?;
        let read = |(version, sha256, created_ms, author)| {
            Ok(FlowVersionInfo { version: version_number(version)?, sha256, created_ms, author })
        };
        rows.into_iter().map(read).collect()
    }

    /// All cursors of a flow with where they stand.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn cursors(&self, flow: &FlowId) -> Result<Vec<(String, String)>, StoreError> {
        let listing = sql::query_as(CURSORS).bind(self.id().as_str()).bind(flow.as_str());
        listing.fetch_all(self.reader()).await.map_err(failed("reading cursors"))
    }

    /// Where a cursor of a flow stands, if it was ever moved.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn cursor(&self, flow: &FlowId, name: &str) -> Result<Option<String>, StoreError> {
        let finding = sql::query_scalar(FIND_CURSOR).bind(self.id().as_str()).bind(flow.as_str()).bind(name);
        finding.fetch_optional(self.reader()).await.map_err(failed("reading a cursor"))
    }
}

fn read(row: &Row) -> Result<StoredFlow, StoreError> {
    let reading = failed("reading a flow");
    Ok(StoredFlow {
        id: flow_id(row.try_get(0).map_err(&reading)?)?,
        name: row.try_get(1).map_err(&reading)?,
        version: version_number(row.try_get(2).map_err(&reading)?)?,
        document: row.try_get(3).map_err(&reading)?,
        created_ms: row.try_get(4).map_err(&reading)?,
    })
}

pub(super) fn flow_id(id: String) -> Result<FlowId, StoreError> {
    FlowId::parse(&id).ok_or(StoreError::Stored { what: "flow", id })
}

fn version_number(version: i64) -> Result<u32, StoreError> {
    u32::try_from(version).map_err(|_| StoreError::Stored { what: "flow version", id: version.to_string() })
}
