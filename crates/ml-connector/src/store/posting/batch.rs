//! Reading many postings at once: those of a period, of reports, by reference, and their lines. Each answer holds one
//! page; nothing is added up here.

use accounting::identity::Reference;
use jiff::civil::Date;

use super::read::{StoredPosting, parse_reference, read};
use crate::store::customer::CustomerStore;
use crate::store::error::{StoreError, failed};
use crate::store::ids::FlowId;
use crate::store::lines::{self, StoredLine};
use crate::store::rows::{OWN, Rows, batches};
use crate::store::sql;

macro_rules! columns {
    () => {
        "SELECT posting_no, company, reference, flow_id, report_id, scope, generation, part, entries, content_hash, \
         mapping_version, chart_sha256, posting_date, original_date, journal, currency, total_minor, amount_minor, \
         line_count, payload_sha256, machine, problem, frozen_ms, changed_ms, fence, kind FROM postings "
    };
}

pub(in crate::store) const DATED: &str = concat!(
    columns!(),
    "WHERE flow_id = $1 AND customer_id = $2 AND posting_date >= $3 AND posting_date <= $4 \
     AND (posting_date > $5 OR (posting_date = $5 AND posting_no > $6)) ORDER BY posting_date, posting_no LIMIT $7"
);
pub(in crate::store) static NAMED: Rows =
    Rows::new(concat!(columns!(), "WHERE customer_id = ? AND company = ? AND reference IN ("), &[OWN], ")");
pub(in crate::store) static OF_REPORTS: Rows = Rows::new(
    concat!(
        columns!(),
        "WHERE customer_id = ? AND report_no IN (SELECT report_no FROM reports WHERE customer_id = ? AND flow_id = ? \
         AND report_id IN ("
    ),
    &[OWN],
    ")) ORDER BY posting_no",
);
pub(in crate::store) static LINES_OF: Rows = Rows::new(
    "SELECT p.reference, y.lines FROM postings p JOIN payloads y ON y.posting_no = p.posting_no \
     WHERE p.customer_id = ? AND p.company = ? AND p.reference IN (",
    &[OWN],
    ")",
);

impl CustomerStore {
    /// At most `limit` postings of a flow that are dated between two days, both included, behind the posting `after`,
    /// by date.
    ///
    /// # Errors
    /// See [`CustomerStore::postings_in`]; so for all below.
    pub async fn postings_dated(
        &self,
        flow: &FlowId,
        (from, to): (Date, Date),
        after: Option<&StoredPosting>,
        limit: u32,
    ) -> Result<Vec<StoredPosting>, StoreError> {
        let after_no = match after {
            Some(posting) => self.posting_no(&posting.key.company, Some(&posting.reference)).await?,
            None => 0,
        };
        let after_date = after.map_or_else(String::new, |posting| posting.posting_date.to_string());
        let reading = sql::query(DATED)
            .bind(flow.as_str())
            .bind(self.id().as_str())
            .bind(from.to_string())
            .bind(to.to_string())
            .bind(after_date)
            .bind(after_no)
            .bind(i64::from(limit));
        let rows = reading.fetch_all(self.reader()).await.map_err(failed("reading the postings of a period"))?;
        rows.iter().map(read).collect()
    }

    /// The postings with these references at a company, whichever flow made them, in no order.
    ///
    /// # Errors
    /// See [`CustomerStore::postings_in`].
    pub async fn postings_named(&self, company: &str, references: &[&str]) -> Result<Vec<StoredPosting>, StoreError> {
        let mut postings = Vec::with_capacity(references.len());
        for batch in batches(references) {
            let mut reading = sql::query(NAMED.text(batch.len())).bind(self.id().as_str()).bind(company);
            for reference in batch {
                reading = reading.bind(*reference);
            }
            let rows = reading.fetch_all(self.reader()).await.map_err(failed("reading postings by reference"))?;
            for row in &rows {
                postings.push(read(row)?);
            }
        }
        Ok(postings)
    }

    /// All postings of these reports, those of one report in the order in which they were frozen.
    ///
    /// # Errors
    /// See [`CustomerStore::postings_in`].
    pub async fn postings_of_reports(&self, flow: &FlowId, ids: &[&str]) -> Result<Vec<StoredPosting>, StoreError> {
        let mut postings = Vec::with_capacity(ids.len());
        for batch in batches(ids) {
            let customer = self.id().as_str();
            let mut reading = sql::query(OF_REPORTS.text(batch.len()));
            reading = reading.bind(customer).bind(customer).bind(flow.as_str());
            for id in batch {
                reading = reading.bind(*id);
            }
            let rows = reading.fetch_all(self.reader()).await.map_err(failed("reading reports' postings"))?;
            for row in &rows {
                postings.push(read(row)?);
            }
        }
        Ok(postings)
    }

    /// The lines of postings, in no order.
    ///
    /// # Errors
    /// See [`CustomerStore::postings_in`].
    pub async fn lines_of(
        &self,
        company: &str,
        references: &[&Reference],
    ) -> Result<Vec<(Reference, Vec<StoredLine>)>, StoreError> {
        let mut all = Vec::with_capacity(references.len());
        for batch in batches(references) {
            let mut reading = sql::query_as::<(String, String)>(LINES_OF.text(batch.len()));
            reading = reading.bind(self.id().as_str()).bind(company);
            for reference in batch {
                reading = reading.bind(reference.as_str());
            }
            let rows = reading.fetch_all(self.reader()).await.map_err(failed("reading postings' lines"))?;
            for (reference, text) in rows {
                all.push((parse_reference(reference)?, lines::from_json(&text)?));
            }
        }
        Ok(all)
    }
}
