//! How often each text that a mapping leads from was seen, and with how much money, so that a page of a mapping reads
//! texts and never reports. Counted as reports come in; a place that a mapping newly asks for is counted over the stored
//! reports bit by bit. It says nothing of where a text leads.

use accounting::uses::Count;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::ids::FlowId;
use super::rows::{OWN, Rows, batches};
use super::sql;
use super::tx::Tx;

pub(super) static COUNT: Rows = Rows::new(
    "INSERT INTO mapping_uses (customer_id, flow_id, place, text_key, currency, source_text, beside, expenses, \
     amount_minor, last_on) VALUES ",
    &[OWN; 10],
    " ON CONFLICT (customer_id, flow_id, place, text_key, currency) DO UPDATE SET \
     source_text = excluded.source_text, beside = COALESCE(excluded.beside, mapping_uses.beside), \
     expenses = mapping_uses.expenses + excluded.expenses, \
     amount_minor = mapping_uses.amount_minor + excluded.amount_minor, \
     last_on = CASE WHEN mapping_uses.last_on IS NULL OR excluded.last_on > mapping_uses.last_on \
     THEN excluded.last_on ELSE mapping_uses.last_on END",
);
pub(super) const OF_PLACE: &str = "SELECT text_key, source_text, beside, currency, expenses, amount_minor, last_on \
     FROM mapping_uses WHERE customer_id = $1 AND flow_id = $2 AND place = $3 AND expenses > 0 \
     ORDER BY text_key, currency LIMIT $4";
pub(super) const PLACES: &str = "SELECT place, through_no, until_no FROM mapping_places \
     WHERE customer_id = $1 AND flow_id = $2 ORDER BY place";
pub(super) const ADD_PLACE: &str = "INSERT INTO mapping_places (customer_id, flow_id, place, through_no, until_no) \
     VALUES ($1, $2, $3, 0, $4)";
pub(super) const MOVE_PLACE: &str = "UPDATE mapping_places SET through_no = $1 \
     WHERE customer_id = $2 AND flow_id = $3 AND place = $4";
pub(super) const STORED: &str = "SELECT r.report_no, v.raw FROM reports r \
     JOIN report_versions v ON v.report_no = r.report_no AND v.content_hash = r.content_hash \
     WHERE r.customer_id = $1 AND r.flow_id = $2 AND r.report_no > $3 AND r.report_no <= $4 \
     ORDER BY r.report_no LIMIT $5";
pub(super) const RAW: &str = "SELECT raw FROM report_versions WHERE report_no = $1 AND content_hash = $2 \
     AND customer_id = $3";

/// A text as reports carry it, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingUse {
    /// The same for texts that differ only in case or in white space around them.
    pub key: String,
    /// The text as it was last spelled.
    pub text: String,
    /// What stood beside it: a GL code, an id or a name.
    pub beside: Option<String>,
    /// Currency of the reports; empty where they have none.
    pub currency: String,
    /// Expenses that have it.
    pub expenses: u64,
    /// What they amount to, in minor units.
    pub amount_minor: i64,
    /// Latest day of a report with it.
    pub last_on: Option<String>,
}

/// A place that is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedPlace {
    /// Its name, or `*` for those that are always counted.
    pub place: String,
    /// Number of the report through which those of before are counted.
    pub through_no: i64,
    /// A number that no report of before has or exceeds.
    pub until_no: i64,
}

impl CountedPlace {
    /// Whether the report with this number is counted already.
    pub const fn has(&self, report_no: i64) -> bool {
        report_no <= self.through_no || report_no > self.until_no
    }
}

/// The key of a text, folded, in the tables of uses and changes.
pub fn text_key(folded: &str) -> String {
    let hash = HEXLOWER.encode(&Sha256::digest(folded.as_bytes()));
    hash.get(..32).unwrap_or_default().to_owned()
}

impl Tx {
    /// Adds what was counted.
    ///
    /// # Errors
    /// [`StoreError::Statement`]; so for all below.
    pub async fn count_mapping_uses(&mut self, flow: &FlowId, count: &Count) -> Result<(), StoreError> {
        let moved = count.found.iter().filter(|(_, found)| found.expenses != 0 || found.amount_minor != 0);
        let rows: Vec<_> = moved.collect();
        let customer = self.customer_id().clone();
        for batch in batches(&rows) {
            let mut counting = sql::query(COUNT.text(batch.len()));
            for (key, found) in batch {
                let currency = key.currency.map(|currency| currency.to_string()).unwrap_or_default();
                counting = counting.bind(customer.as_str()).bind(flow.as_str()).bind(key.place.to_string());
                counting = counting.bind(text_key(&key.folded)).bind(currency).bind(&found.text);
                counting = counting.bind(found.beside.as_deref()).bind(found.expenses).bind(found.amount_minor);
                counting = counting.bind(found.last_on.map(|day| day.to_string()));
            }
            counting.execute(self.connection()).await.map_err(failed("counting a mapping's texts"))?;
        }
        Ok(())
    }

    /// The places that are counted for a flow.
    ///
    /// # Errors
    /// See [`Tx::count_mapping_uses`].
    pub async fn counted_places(&mut self, flow: &FlowId) -> Result<Vec<CountedPlace>, StoreError> {
        let customer = self.customer_id().clone();
        let listing = sql::query_as::<(String, i64, i64)>(PLACES).bind(customer.as_str()).bind(flow.as_str());
        let rows = listing.fetch_all(self.connection()).await.map_err(failed("listing the places counted"))?;
        let read = |(place, through_no, until_no)| CountedPlace { place, through_no, until_no };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Counts further places from now on; reports that are there already are to be counted in.
    ///
    /// # Errors
    /// See [`Tx::count_mapping_uses`].
    pub async fn count_places(&mut self, flow: &FlowId, places: &[String]) -> Result<Vec<CountedPlace>, StoreError> {
        let customer = self.customer_id().clone();
        // Reports that are there have smaller numbers, and those to come larger ones.
        let until_no = self.take_numbers("reports", 1).await?;
        let mut added = Vec::with_capacity(places.len());
        for place in places {
            let adding = sql::query(ADD_PLACE).bind(customer.as_str()).bind(flow.as_str()).bind(place.as_str());
            adding.bind(until_no).execute(self.connection()).await.map_err(failed("counting a place"))?;
            added.push(CountedPlace { place: place.clone(), through_no: 0, until_no });
        }
        Ok(added)
    }

    /// Notes that reports of before are counted through this number.
    ///
    /// # Errors
    /// See [`Tx::count_mapping_uses`].
    pub async fn counted_through(
        &mut self,
        flow: &FlowId,
        place: &CountedPlace,
        through_no: i64,
    ) -> Result<(), StoreError> {
        let customer = self.customer_id().clone();
        let moving = sql::query(MOVE_PLACE).bind(through_no).bind(customer.as_str()).bind(flow.as_str());
        let moving = moving.bind(place.place.as_str());
        moving.execute(self.connection()).await.map_err(failed("counting a place"))?;
        Ok(())
    }

    /// The bytes of at most `limit` reports with numbers after `after` and up to `until`, by their numbers.
    ///
    /// # Errors
    /// See [`Tx::count_mapping_uses`].
    pub async fn stored_between(
        &mut self,
        flow: &FlowId,
        (after, until): (i64, i64),
        limit: u32,
    ) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let customer = self.customer_id().clone();
        let listing = sql::query_as::<(i64, Vec<u8>)>(STORED).bind(customer.as_str()).bind(flow.as_str());
        let listing = listing.bind(after).bind(until).bind(i64::from(limit));
        listing.fetch_all(self.connection()).await.map_err(failed("reading reports to count"))
    }

    /// The bytes of one content of a report, by the report's number.
    ///
    /// # Errors
    /// See [`Tx::count_mapping_uses`].
    pub async fn content_of(&mut self, report_no: i64, content_hash: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        let customer = self.customer_id().clone();
        let finding = sql::query_scalar::<Vec<u8>>(RAW).bind(report_no).bind(HEXLOWER.encode(content_hash));
        let finding = finding.bind(customer.as_str());
        finding.fetch_optional(self.connection()).await.map_err(failed("reading a report's bytes"))
    }
}

impl CustomerStore {
    /// At most `limit` texts of a place that reports carry, by their keys.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn mapping_uses(&self, flow: &FlowId, place: &str, limit: u32) -> Result<Vec<MappingUse>, StoreError> {
        type Row = (String, String, Option<String>, String, i64, i64, Option<String>);
        let listing = sql::query_as::<Row>(OF_PLACE).bind(self.id().as_str()).bind(flow.as_str()).bind(place);
        let listing = listing.bind(i64::from(limit)).fetch_all(self.reader());
        let read = |(key, text, beside, currency, expenses, amount_minor, last_on): Row| MappingUse {
            key,
            text,
            beside,
            currency,
            expenses: u64::try_from(expenses).unwrap_or(0),
            amount_minor,
            last_on,
        };
        Ok(listing.await.map_err(failed("reading a mapping's texts"))?.into_iter().map(read).collect())
    }
}
