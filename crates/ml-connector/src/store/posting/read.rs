//! Reading postings: pages of those in a state, those of a report, their bytes and lines, and sums.

use accounting::amount::{Amount, Currency};
use accounting::identity::{Kind, PostingKey, Reference, family_prefix};
use accounting::posting::Posting;
use accounting::problem::Problem;
use jiff::civil::Date;

use super::parse_scope;
use crate::store::chart::parse_hash;
use crate::store::chart_document::parse_date;
use crate::store::customer::CustomerStore;
use crate::store::error::{StoreError, failed};
use crate::store::flow::flow_id;
use crate::store::ids::FlowId;
use crate::store::lines::{self, StoredLine};
use crate::store::problems::problems_from_json;
use crate::store::report::small;
use crate::store::rows::{OWN, Rows, batches};
use crate::store::sql::{self, Row};

macro_rules! columns {
    () => {
        "SELECT posting_no, company, reference, flow_id, report_id, scope, generation, part, entries, content_hash, \
         mapping_version, chart_sha256, posting_date, original_date, journal, currency, total_minor, amount_minor, \
         line_count, payload_sha256, machine, problem, frozen_ms, changed_ms, fence, kind FROM postings \
         WHERE customer_id = $1 "
    };
}

pub(in crate::store) const FIND_NO: &str =
    "SELECT posting_no FROM postings WHERE customer_id = $1 AND company = $2 AND reference = $3";
pub(in crate::store) const IN_STATE: &str =
    concat!(columns!(), "AND company = $2 AND state = $3 AND posting_no > $4 ORDER BY posting_no LIMIT $5");
pub(in crate::store) const HAS_IN_STATE: &str = "SELECT posting_no FROM postings \
     WHERE state = $3 AND company = $2 AND customer_id = $1 AND flow_id = $4 LIMIT 1";
pub(in crate::store) const OF_REPORT: &str = concat!(
    columns!(),
    "AND report_no = (SELECT report_no FROM reports WHERE customer_id = $1 AND flow_id = $2 AND report_id = $3) \
     ORDER BY generation, reference"
);
pub(in crate::store) static PAYLOADS: Rows = Rows::new(
    "SELECT p.reference, y.payload FROM postings p JOIN payloads y ON y.posting_no = p.posting_no \
     WHERE p.customer_id = ? AND p.company = ? AND p.reference IN (",
    &[OWN],
    ")",
);
pub(in crate::store) const LINES: &str = "SELECT y.lines FROM postings p JOIN payloads y \
     ON y.posting_no = p.posting_no WHERE p.customer_id = $1 AND p.company = $2 AND p.reference = $3";
pub(in crate::store) const TOTALS: &str = "SELECT state, currency, COUNT(*), CAST(SUM(total_minor) AS BIGINT), \
     CAST(SUM(amount_minor) AS BIGINT) FROM postings WHERE customer_id = $1 AND company = $2 \
     GROUP BY state, currency ORDER BY state, currency";

pub(in crate::store) const OTHER_FLOW: &str = "SELECT f.name FROM postings p JOIN flows f \
     ON f.customer_id = p.customer_id AND f.id = p.flow_id WHERE p.customer_id = $1 AND p.company = $2 \
     AND p.reference >= $3 AND p.reference < $4 AND p.flow_id <> $5 LIMIT 1";

/// A posting as it is stored, without its bytes and lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPosting {
    /// Which entry of which report.
    pub key: PostingKey,
    /// Its reference.
    pub reference: Reference,
    /// The flow that made it.
    pub flow: FlowId,
    /// How many entries its report makes.
    pub entries: u32,
    /// The report's content that it was made of.
    pub content_hash: [u8; 32],
    /// Version of the flow's document that it was made by.
    pub mapping_version: u32,
    /// The chart that it was made with.
    pub chart_sha256: [u8; 32],
    /// Posting date.
    pub posting_date: Date,
    /// The date before a closed period moved it.
    pub original_date: Option<Date>,
    /// Journal.
    pub journal: String,
    /// Sum of the debits, which is that of the credits.
    pub total: Amount,
    /// Net amount of its expenses.
    pub amount: Amount,
    /// Count of its lines.
    pub line_count: u32,
    /// Hash of the bytes to be sent.
    pub payload_sha256: [u8; 32],
    /// The machine.
    pub machine: Posting,
    /// What to show with it.
    pub problem: Option<Problem>,
    /// When it was frozen, in epoch milliseconds.
    pub frozen_ms: i64,
    /// When it last moved, in epoch milliseconds.
    pub changed_ms: i64,
    /// Fence of the lease under which it last moved; 0 before the first.
    pub fence: i64,
}

/// Postings of one state and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingTotal {
    /// Name of the state.
    pub state: String,
    /// The currency.
    pub currency: String,
    /// How many.
    pub postings: u64,
    /// Sum of their debits in minor units.
    pub total_minor: i64,
    /// Net amount of their expenses in minor units.
    pub amount_minor: i64,
}

impl CustomerStore {
    /// At most `limit` postings at a company in one of `states` (names as the machine's states have them) that were
    /// frozen after the posting `after`, in the order in which they were frozen.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no posting `after`; [`StoreError::Statement`], [`StoreError::Stored`]; so for all below.
    pub async fn postings_in(
        &self,
        company: &str,
        states: &[&str],
        after: Option<&Reference>,
        limit: u32,
    ) -> Result<Vec<StoredPosting>, StoreError> {
        let after = self.posting_no(company, after).await?;
        let mut postings = Vec::new();
        for state in states {
            let reading = sql::query(IN_STATE).bind(self.id().as_str()).bind(company).bind(*state);
            let reading = reading.bind(after).bind(i64::from(limit)).fetch_all(self.reader());
            postings.extend(reading.await.map_err(failed("reading postings"))?);
        }
        // Each state came in the order of numbers, so the merged page is complete up to its last one.
        postings.sort_by_key(|row| row.try_get::<i64>(0).unwrap_or(i64::MAX));
        postings.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        postings.iter().map(read).collect()
    }

    /// The number of the posting that a page follows; 0 for the first page.
    pub(super) async fn posting_no(&self, company: &str, reference: Option<&Reference>) -> Result<i64, StoreError> {
        let Some(reference) = reference else { return Ok(0) };
        let finding = sql::query_scalar(FIND_NO).bind(self.id().as_str()).bind(company).bind(reference.as_str());
        let found = finding.fetch_optional(self.reader()).await.map_err(failed("looking up a posting"))?;
        found.ok_or_else(|| StoreError::NotFound { what: "posting", id: reference.to_string() })
    }

    /// Whether a flow has entries that wait to be sent, were refused, or whose outcome is not known.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn has_open_postings(&self, company: &str, flow: &FlowId) -> Result<bool, StoreError> {
        for state in ["frozen", "sending", "unknown", "absent", "rejected"] {
            let finding = sql::query_scalar::<i64>(HAS_IN_STATE).bind(self.id().as_str()).bind(company).bind(state);
            let found = finding.bind(flow.as_str()).fetch_optional(self.reader()).await;
            if found.map_err(failed("looking for open postings"))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All postings of a report, the oldest generation first.
    ///
    /// # Errors
    /// See [`CustomerStore::postings_in`].
    pub async fn postings_of(&self, flow: &FlowId, report_id: &str) -> Result<Vec<StoredPosting>, StoreError> {
        let reading = sql::query(OF_REPORT).bind(self.id().as_str()).bind(flow.as_str()).bind(report_id);
        let rows = reading.fetch_all(self.reader()).await.map_err(failed("reading a report's postings"))?;
        rows.iter().map(read).collect()
    }

    /// The name of another flow of this customer that has postings of a report at a company.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn other_flow_of(
        &self,
        company: &str,
        report_id: &str,
        flow: &FlowId,
    ) -> Result<Option<String>, StoreError> {
        let family = family_prefix(company, report_id);
        // References go on with letters and digits, which all sort before a tilde.
        let after = format!("{family}~");
        let finding = sql::query_scalar(OTHER_FLOW).bind(self.id().as_str()).bind(company);
        let finding = finding.bind(&family).bind(after).bind(flow.as_str());
        finding.fetch_optional(self.reader()).await.map_err(failed("looking for another flow's postings"))
    }

    /// The frozen bytes of postings, in no order.
    ///
    /// # Errors
    /// See [`CustomerStore::postings_in`].
    pub async fn payloads(
        &self,
        company: &str,
        references: &[&Reference],
    ) -> Result<Vec<(Reference, Vec<u8>)>, StoreError> {
        let mut payloads = Vec::with_capacity(references.len());
        for batch in batches(references) {
            let mut reading = sql::query_as::<(String, Vec<u8>)>(PAYLOADS.text(batch.len()));
            reading = reading.bind(self.id().as_str()).bind(company);
            for reference in batch {
                reading = reading.bind(reference.as_str());
            }
            let rows = reading.fetch_all(self.reader()).await.map_err(failed("reading postings' bytes"))?;
            for (reference, payload) in rows {
                payloads.push((parse_reference(reference)?, payload));
            }
        }
        Ok(payloads)
    }

    /// The lines of a posting, each with its reason.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Json`]; see [`CustomerStore::postings_in`].
    pub async fn posting_lines(&self, company: &str, reference: &Reference) -> Result<Vec<StoredLine>, StoreError> {
        let finding = sql::query_scalar::<String>(LINES);
        let finding = finding.bind(self.id().as_str()).bind(company).bind(reference.as_str());
        let found = finding.fetch_optional(self.reader()).await.map_err(failed("reading a posting's lines"))?;
        lines::from_json(&found.ok_or_else(|| StoreError::NotFound { what: "posting", id: reference.to_string() })?)
    }

    /// Counts and money of the postings at a company, by state and currency.
    ///
    /// # Errors
    /// See [`CustomerStore::postings_in`].
    pub async fn posting_totals(&self, company: &str) -> Result<Vec<PostingTotal>, StoreError> {
        let totalling = sql::query_as::<(String, String, i64, i64, i64)>(TOTALS);
        let totalling = totalling.bind(self.id().as_str()).bind(company).fetch_all(self.reader());
        let rows = totalling.await.map_err(failed("adding up postings"))?;
        let read = |(state, currency, postings, total_minor, amount_minor): (String, String, i64, i64, i64)| {
            let postings = u64::try_from(postings).unwrap_or(0);
            PostingTotal { state, currency, postings, total_minor, amount_minor }
        };
        Ok(rows.into_iter().map(read).collect())
    }
}

pub(super) fn read(row: &Row) -> Result<StoredPosting, StoreError> {
    let reading = failed("reading a posting");
    let reference = parse_reference(row.try_get(2).map_err(&reading)?)?;
    let stored = |what| StoreError::Stored { what, id: reference.to_string() };
    let currency: &str = row.try_get(15).map_err(&reading)?;
    let currency = Currency::parse(currency).map_err(|_| stored("currency"))?;
    let problem = problems_from_json(row.try_get(21).map_err(&reading)?)?.pop();
    Ok(StoredPosting {
        key: PostingKey {
            company: row.try_get(1).map_err(&reading)?,
            report: row.try_get(4).map_err(&reading)?,
            scope: parse_scope(row.try_get(5).map_err(&reading)?).ok_or_else(|| stored("scope"))?,
            kind: Kind::parse(row.try_get(25).map_err(&reading)?).ok_or_else(|| stored("kind"))?,
            generation: small(row.try_get(6).map_err(&reading)?, "generation")?,
            part: small(row.try_get(7).map_err(&reading)?, "part")?,
        },
        flow: flow_id(row.try_get(3).map_err(&reading)?)?,
        entries: small(row.try_get(8).map_err(&reading)?, "count of entries")?,
        content_hash: parse_hash(row.try_get(9).map_err(&reading)?)?,
        mapping_version: small(row.try_get(10).map_err(&reading)?, "mapping version")?,
        chart_sha256: parse_hash(row.try_get(11).map_err(&reading)?)?,
        posting_date: parse_date(row.try_get(12).map_err(&reading)?)?,
        original_date: row.try_get::<Option<&str>>(13).map_err(&reading)?.map(parse_date).transpose()?,
        journal: row.try_get(14).map_err(&reading)?,
        total: Amount::new(row.try_get(16).map_err(&reading)?, currency),
        amount: Amount::new(row.try_get(17).map_err(&reading)?, currency),
        line_count: small(row.try_get(18).map_err(&reading)?, "count of lines")?,
        payload_sha256: parse_hash(row.try_get(19).map_err(&reading)?)?,
        machine: Posting::decode(row.try_get(20).map_err(&reading)?).map_err(|_| stored("state"))?,
        problem,
        frozen_ms: row.try_get(22).map_err(&reading)?,
        changed_ms: row.try_get(23).map_err(&reading)?,
        fence: row.try_get(24).map_err(&reading)?,
        reference,
    })
}

pub(super) fn parse_reference(text: String) -> Result<Reference, StoreError> {
    Reference::parse(&text).ok_or(StoreError::Stored { what: "reference", id: text })
}
