//! Notices that the ledger withdrew something that a mapping or a waiting report refers to: open until the mapping or
//! the chart heals. It compares no charts.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;

use super::chart::parse_hash;
use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::ids::FlowId;
use super::report::small;
use super::sql::{self, Row};
use super::tx::Tx;

macro_rules! columns {
    () => {
        "SELECT id, kind, reference, detail, places, reports, money, sample, mapping_version, chart_sha256, \
         opened_ms, cleared_ms FROM reference_drifts WHERE customer_id = $1 AND flow_id = $2 "
    };
}

pub(super) const OPEN: &str = concat!(columns!(), "AND cleared_ms IS NULL ORDER BY id");
pub(super) const LIST: &str = concat!(columns!(), "AND id < $3 ORDER BY id DESC LIMIT $4");
pub(super) const PUT: &str = "INSERT INTO reference_drifts (customer_id, flow_id, id, kind, reference, detail, places, \
     reports, money, sample, mapping_version, chart_sha256, opened_ms) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
pub(super) const KEEP: &str = "UPDATE reference_drifts SET places = $1, reports = $2, money = $3, sample = $4, \
     mapping_version = $5, chart_sha256 = $6 WHERE customer_id = $7 AND flow_id = $8 AND id = $9";
pub(super) const CLEAR: &str = "UPDATE reference_drifts SET cleared_ms = $1 WHERE customer_id = $2 AND flow_id = $3 \
     AND id = $4 AND cleared_ms IS NULL";

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReferenceDrift {
    /// What happened: `inactive`, `gone`, `requires`, `closed`, `not_in_use`.
    pub kind: String,
    /// To what, such as `account 6410` or `department 200`.
    pub reference: String,
    /// In one sentence.
    pub detail: String,
    /// Where the mapping refers to it, such as `categories: Airfare`.
    pub places: Vec<String>,
    /// Waiting reports that it will hold.
    pub reports: u64,
    /// Their money by currency, in minor units.
    pub money: BTreeMap<String, i64>,
    /// Some of their ids.
    pub sample: Vec<String>,
    /// Version of the mapping it was found with.
    pub mapping_version: u32,
    /// Hash of the chart it was found with.
    pub chart_sha256: [u8; 32],
}

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceDrift {
    /// Its id; ids of later notices are larger.
    pub id: String,
    /// What was last found.
    pub found: NewReferenceDrift,
    /// When it was found first, in epoch milliseconds.
    pub opened_ms: i64,
    /// When mapping or chart had healed, in epoch milliseconds.
    pub cleared_ms: Option<i64>,
}

impl Tx {
    /// Opens a notice; gives its id.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Random`], [`StoreError::Json`].
    pub async fn open_reference_drift(
        &mut self,
        flow: &FlowId,
        found: &NewReferenceDrift,
        at_ms: i64,
    ) -> Result<String, StoreError> {
        let id = format!("ref_{}", self.customer().store().ids().unique(at_ms)?);
        let putting = sql::query(PUT)
            .bind(self.customer_id().as_str())
            .bind(flow.as_str())
            .bind(&id)
            .bind(&found.kind)
            .bind(&found.reference)
            .bind(&found.detail)
            .bind(to_json(&found.places)?)
            .bind(i64::try_from(found.reports).unwrap_or(i64::MAX))
            .bind(to_json(&found.money)?)
            .bind(to_json(&found.sample)?)
            .bind(i64::from(found.mapping_version))
            .bind(HEXLOWER.encode(&found.chart_sha256))
            .bind(at_ms);
        putting.execute(self.connection()).await.map_err(failed("opening a notice"))?;
        Ok(id)
    }

    /// Brings an open notice up to date.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Json`].
    pub async fn keep_reference_drift(
        &mut self,
        flow: &FlowId,
        id: &str,
        found: &NewReferenceDrift,
    ) -> Result<(), StoreError> {
        let keeping = sql::query(KEEP)
            .bind(to_json(&found.places)?)
            .bind(i64::try_from(found.reports).unwrap_or(i64::MAX))
            .bind(to_json(&found.money)?)
            .bind(to_json(&found.sample)?)
            .bind(i64::from(found.mapping_version))
            .bind(HEXLOWER.encode(&found.chart_sha256))
            .bind(self.customer_id().as_str())
            .bind(flow.as_str())
            .bind(id);
        keeping.execute(self.connection()).await.map_err(failed("bringing a notice up to date"))?;
        Ok(())
    }

    /// Ends a notice.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn clear_reference_drift(&mut self, flow: &FlowId, id: &str, at_ms: i64) -> Result<(), StoreError> {
        let customer = self.customer_id().clone();
        let clearing = sql::query(CLEAR).bind(at_ms).bind(customer.as_str()).bind(flow.as_str()).bind(id);
        clearing.execute(self.connection()).await.map_err(failed("ending a notice"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// The open notices of a flow, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`], [`StoreError::Json`].
    pub async fn open_reference_drifts(&self, flow: &FlowId) -> Result<Vec<ReferenceDrift>, StoreError> {
        let listing = sql::query(OPEN).bind(self.id().as_str()).bind(flow.as_str()).fetch_all(self.reader());
        listing.await.map_err(failed("listing the open notices"))?.iter().map(read).collect()
    }

    /// The notices of a flow before the id `before` (`None`: all), the newest first, at most `limit`.
    ///
    /// # Errors
    /// See [`CustomerStore::open_reference_drifts`].
    pub async fn reference_drifts(
        &self,
        flow: &FlowId,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ReferenceDrift>, StoreError> {
        let listing = sql::query(LIST).bind(self.id().as_str()).bind(flow.as_str());
        let listing = listing.bind(before.unwrap_or("~")).bind(i64::from(limit)).fetch_all(self.reader());
        listing.await.map_err(failed("listing the notices"))?.iter().map(read).collect()
    }
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Json { what: "a notice", source })
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Json { what: "a stored notice", source })
}

fn read(row: &Row) -> Result<ReferenceDrift, StoreError> {
    let reading = failed("reading a notice");
    let text = |column| row.try_get::<&str>(column).map_err(&reading);
    Ok(ReferenceDrift {
        id: text(0)?.to_owned(),
        found: NewReferenceDrift {
            kind: text(1)?.to_owned(),
            reference: text(2)?.to_owned(),
            detail: text(3)?.to_owned(),
            places: from_json(text(4)?)?,
            reports: u64::try_from(row.try_get::<i64>(5).map_err(&reading)?).unwrap_or(0),
            money: from_json(text(6)?)?,
            sample: from_json(text(7)?)?,
            mapping_version: small(row.try_get(8).map_err(&reading)?, "mapping version")?,
            chart_sha256: parse_hash(text(9)?)?,
        },
        opened_ms: row.try_get(10).map_err(&reading)?,
        cleared_ms: row.try_get(11).map_err(&reading)?,
    })
}
