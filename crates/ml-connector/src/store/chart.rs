//! Snapshots of what a destination accepts. A chart that did not change only moves its time; one that did is kept
//! beside the older ones, for they say why something was booked as it was.

use accounting::chart::Chart;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use sha2::{Digest, Sha256};

use super::chart_document::{from_json, to_json};
use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::sql;
use super::tx::Tx;

pub(super) const TOUCH: &str = "UPDATE charts SET taken_ms = $1 WHERE customer_id = $2 AND connection = $3 \
     AND sha256 = $4";
pub(super) const ADD: &str = "INSERT INTO charts (customer_id, connection, sha256, document, first_taken_ms, \
     taken_ms) VALUES ($1, $2, $3, $4, $5, $5)";
pub(super) const NEWEST: &str = "SELECT sha256, document, first_taken_ms, taken_ms FROM charts \
     WHERE customer_id = $1 AND connection = $2 ORDER BY taken_ms DESC, first_taken_ms DESC LIMIT 1";
pub(super) const NEWEST_HASH: &str = "SELECT sha256 FROM charts \
     WHERE customer_id = $1 AND connection = $2 ORDER BY taken_ms DESC, first_taken_ms DESC LIMIT 1";
pub(super) const LIST: &str = "SELECT sha256, first_taken_ms, taken_ms FROM charts \
     WHERE customer_id = $1 AND connection = $2 ORDER BY taken_ms DESC, first_taken_ms DESC LIMIT 200";
pub(super) const FIND: &str = "SELECT sha256, document, first_taken_ms, taken_ms FROM charts \
     WHERE customer_id = $1 AND connection = $2 AND sha256 = $3";

/// A chart with its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChart {
    /// The chart.
    pub chart: Chart,
    /// Hash of its JSON form.
    pub sha256: [u8; 32],
    /// When it was first read so, in epoch milliseconds.
    pub first_taken_ms: i64,
    /// When it was last read so, in epoch milliseconds.
    pub taken_ms: i64,
}

/// When a chart was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChartInfo {
    /// Hash of its JSON form.
    pub sha256: [u8; 32],
    /// When it was first read so, in epoch milliseconds.
    pub first_taken_ms: i64,
    /// When it was last read so, in epoch milliseconds.
    pub taken_ms: i64,
}

impl Tx {
    /// Keeps a chart just read over a connection; returns its hash, and whether it differs from all kept before.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Json`].
    pub async fn put_chart(
        &mut self,
        connection: &str,
        chart: &Chart,
        at_ms: i64,
    ) -> Result<([u8; 32], bool), StoreError> {
        let keeping = failed("keeping a chart");
        let document = to_json(chart)?;
        let sha256: [u8; 32] = Sha256::digest(document.as_bytes()).into();
        let hex = HEXLOWER.encode(&sha256);
        let customer = self.customer_id().clone();
        let touching = sql::query(TOUCH).bind(at_ms).bind(customer.as_str()).bind(connection).bind(&hex);
        let touched = touching.execute(self.connection()).await.map_err(&keeping)?.rows_affected();
        if touched == 0 {
            let adding = sql::query(ADD).bind(customer.as_str()).bind(connection).bind(&hex);
            adding.bind(document).bind(at_ms).execute(self.connection()).await.map_err(&keeping)?;
        }
        Ok((sha256, touched == 0))
    }
}

impl CustomerStore {
    /// The chart last read over a connection.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Json`], [`StoreError::Stored`].
    pub async fn latest_chart(&self, connection: &str) -> Result<Option<StoredChart>, StoreError> {
        let finding = sql::query_as::<ChartRow>(NEWEST).bind(self.id().as_str()).bind(connection);
        finding.fetch_optional(self.reader()).await.map_err(failed("reading a chart"))?.map(read).transpose()
    }

    /// The hash of the chart last read over a connection, without the chart.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn latest_chart_sha256(&self, connection: &str) -> Result<Option<[u8; 32]>, StoreError> {
        let finding = sql::query_scalar::<String>(NEWEST_HASH).bind(self.id().as_str()).bind(connection);
        let found = finding.fetch_optional(self.reader()).await.map_err(failed("reading a chart's hash"))?;
        found.as_deref().map(parse_hash).transpose()
    }

    /// The newest charts read over a connection, at most 200, without what stands in them.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn charts(&self, connection: &str) -> Result<Vec<ChartInfo>, StoreError> {
        let listing = sql::query_as::<(String, i64, i64)>(LIST).bind(self.id().as_str()).bind(connection);
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing charts"))?;
        let read = |(sha256, first_taken_ms, taken_ms): (String, i64, i64)| {
            Ok(ChartInfo { sha256: parse_hash(&sha256)?, first_taken_ms, taken_ms })
        };
        rows.into_iter().map(read).collect()
    }

    /// The chart with this hash, for whoever asks why something was booked.
    ///
    /// # Errors
    /// See [`CustomerStore::latest_chart`].
    pub async fn chart(&self, connection: &str, sha256: &[u8; 32]) -> Result<Option<StoredChart>, StoreError> {
        let hex = HEXLOWER.encode(sha256);
        let finding = sql::query_as::<ChartRow>(FIND).bind(self.id().as_str()).bind(connection).bind(hex);
        finding.fetch_optional(self.reader()).await.map_err(failed("reading a chart"))?.map(read).transpose()
    }
}

type ChartRow = (String, String, i64, i64);

fn read((sha256, document, first_taken_ms, taken_ms): ChartRow) -> Result<StoredChart, StoreError> {
    Ok(StoredChart { chart: from_json(&document)?, sha256: parse_hash(&sha256)?, first_taken_ms, taken_ms })
}

/// A stored hash.
pub(super) fn parse_hash(hex: &str) -> Result<[u8; 32], StoreError> {
    let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| StoreError::Stored { what: "hash", id: hex.to_owned() })
}
