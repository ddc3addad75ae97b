//! Looking for entries that may already stand in the ledger, and reading their lines.
//!
//! What was found is told; what it proves is for the caller to say.

use std::collections::{BTreeSet, HashSet};

use jiff::civil::Date;

use crate::chart::{FieldList, Reading, read_rows};
use crate::client::Client;
use crate::error::Error;
use crate::query::{Filter, Order, Query, QueryError};
use crate::reply::Row;

/// References looked for in one request.
const REFERENCES_A_REQUEST: usize = 100;
/// Entries whose lines are read in one request.
const ENTRIES_A_REQUEST: usize = 200;

/// Header fields read back. All are in the vendor's sample of a `GLBATCH` record \[D\].
const BATCH_FIELDS: [&str; 8] =
    ["RECORDNO", "BATCHNO", "BATCH_TITLE", "JOURNAL", "BATCH_DATE", "REFERENCENO", "STATE", "MODULE"];

/// Line fields read back by default; those the company can not query are left out and named in the answer.
pub const LINE_FIELDS: &[&str] = &[
    "AMOUNT",
    "CURRENCY",
    "DEPARTMENT",
    "LOCATION",
    "PROJECTID",
    "TASKID",
    "COSTTYPEID",
    "CUSTOMERID",
    "VENDORID",
    "EMPLOYEEID",
    "ITEMID",
    "CLASSID",
    "CONTRACTID",
    "WAREHOUSEID",
    "DESCRIPTION",
    "DOCUMENT",
    "ENTRY_DATE",
];

const LINE_KEYS: &[&str] = &["RECORDNO", "BATCHNO", "LINE_NO", "ACCOUNTNO", "TR_TYPE", "TRX_AMOUNT"];

/// Which entries to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReferenceSearch {
    /// Beginnings of `REFERENCENO`. May hold no `%` or `_`.
    pub prefixes: Vec<String>,
    /// Whole `REFERENCENO`s.
    pub references: Vec<String>,
    /// Only in this journal; `None` for all.
    pub journal: Option<String>,
    /// `RECORDNO`s of entries that this session is known to see: the positive controls. They are looked for in the same
    /// request, so that not seeing one shows that the search was blind in its journal.
    pub control_record_nos: Vec<String>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReferenceHits {
    /// Entries whose reference was looked for, by `RECORDNO`.
    pub batches: Vec<BatchFact>,
    /// Those of the positive controls that were seen in every request.
    pub controls_seen: Vec<String>,
}

/// An entry's header as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchFact {
    /// `RECORDNO`: its key.
    pub record_no: String,
    /// `BATCHNO`: its visible number.
    pub batch_no: String,
    /// `BATCH_TITLE`.
    pub batch_title: String,
    /// `JOURNAL`.
    pub journal: String,
    /// `BATCH_DATE`, as written (mm/dd/yyyy).
    pub batch_date: String,
    /// `REFERENCENO`.
    pub reference_no: String,
    /// `STATE`, as labelled (`Posted`).
    pub state: String,
    /// `MODULE` (`2.GL`).
    pub module: String,
}

/// A line as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLine {
    /// `RECORDNO` of the line.
    pub record_no: String,
    /// `BATCHNO`: the entry's `RECORDNO`.
    pub batch_no: String,
    /// `LINE_NO`.
    pub line_no: String,
    /// `ACCOUNTNO`.
    pub account_no: String,
    /// `TR_TYPE`: 1 or -1.
    pub tr_type: String,
    /// `TRX_AMOUNT`, as written.
    pub trx_amount: String,
    /// Every field read, these and the others.
    pub row: Row,
}

/// Which document number a line carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFact {
    /// `RECORDNO` of the line.
    pub record_no: String,
    /// `BATCHNO`: the entry's `RECORDNO`.
    pub batch_no: String,
    /// `DOCUMENT`.
    pub document: String,
}

impl Client {
    /// Entries by reference, private entities included, in as few requests as it takes.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::InvalidQuery`] for a prefix with a wildcard in it or a search for nothing.
    pub async fn find_by_reference(&self, search: &ReferenceSearch) -> Result<ReferenceHits, Error> {
        let mut hits = ReferenceHits { batches: Vec::new(), controls_seen: search.control_record_nos.clone() };
        let mut known = HashSet::new();
        for filter in reference_filters(search)? {
            let query = Query::new("GLBATCH", BATCH_FIELDS).filter(filter).show_private();
            let mut seen = BTreeSet::new();
            let batches = &mut hits.batches;
            self.query_all(&query, |row| {
                let batch = batch_fact(&row);
                if search.control_record_nos.contains(&batch.record_no) {
                    seen.insert(batch.record_no.clone());
                }
                if is_wanted(search, &batch.reference_no) && known.insert(batch.record_no.clone()) {
                    batches.push(batch);
                }
            })
            .await?;
            hits.controls_seen.retain(|control| seen.contains(control));
        }
        Ok(hits)
    }

    /// One page of the entries of all journals whose `BATCH_DATE` lies between two days (both included), ordered by
    /// `RECORDNO`: those behind `after`, at most `limit` (2,000). A page that is not full is the last one. Pages begin
    /// behind a number and not behind a count, so that an entry made or deleted meanwhile shifts none.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn entries_between(
        &self,
        from: Date,
        to: Date,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<BatchFact>, Error> {
        let within = between("BATCH_DATE", from, to, after);
        let query = Query::new("GLBATCH", BATCH_FIELDS);
        Ok(self.page(query, within, limit).await?.iter().map(batch_fact).collect())
    }

    /// As [`Client::entries_between`], but only entries whose `REFERENCENO` begins with `prefix`, which may hold no `%`
    /// or `_`.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::InvalidQuery`] for a prefix with a wildcard.
    pub async fn referenced_between(
        &self,
        prefix: &str,
        from: Date,
        to: Date,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<BatchFact>, Error> {
        let mut within = between("BATCH_DATE", from, to, after);
        within.push(begins("GLBATCH", "REFERENCENO", prefix)?);
        let query = Query::new("GLBATCH", BATCH_FIELDS);
        Ok(self.page(query, within, limit).await?.iter().map(batch_fact).collect())
    }

    /// One page of the lines dated between two days (both included, by `ENTRY_DATE`) whose `DOCUMENT` begins with
    /// `prefix`, ordered by `RECORDNO`: those behind `after`, at most `limit` (2,000). A copy of an entry keeps the
    /// document numbers of its lines even where its `REFERENCENO` was left out.
    ///
    /// # Errors
    /// See [`Client::referenced_between`].
    pub async fn documents_between(
        &self,
        prefix: &str,
        from: Date,
        to: Date,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<DocumentFact>, Error> {
        let mut within = between("ENTRY_DATE", from, to, after);
        within.push(begins("GLENTRY", "DOCUMENT", prefix)?);
        let query = Query::new("GLENTRY", ["RECORDNO", "BATCHNO", "DOCUMENT"]);
        Ok(self.page(query, within, limit).await?.iter().map(document_fact).collect())
    }

    async fn page(&self, query: Query, within: Vec<Filter>, limit: u32) -> Result<Vec<Row>, Error> {
        let query =
            query.filter(Filter::And(within)).order_by("RECORDNO", Order::Ascending).show_private().page_size(limit);
        Ok(self.query(&query).await?.rows)
    }

    /// The lines of entries, by their `RECORDNO`s. Besides account, direction and amount reads `fields`
    /// ([`LINE_FIELDS`], and `GLDIM…` where there are any); what can not be queried is left out and named.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn read_entry_lines(&self, record_nos: &[String], fields: &[&str]) -> Result<Reading<EntryLine>, Error> {
        let mut lines = Vec::new();
        let mut list = FieldList::new(LINE_KEYS, fields);
        for some in record_nos.chunks(ENTRIES_A_REQUEST) {
            let filter = Filter::any_of("BATCHNO", some.iter().cloned());
            match read_rows(self, "GLENTRY", &mut list, Some(filter)).await? {
                Reading::Rows { rows, .. } => lines.extend(rows.into_iter().map(entry_line)),
                Reading::Unavailable { errors } => return Ok(Reading::Unavailable { errors }),
            }
        }
        Ok(Reading::Rows { rows: lines, left_out: list.into_left_out() })
    }
}

/// Two days, both included, and behind a record number.
fn between(field: &str, from: Date, to: Date, after: Option<&str>) -> Vec<Filter> {
    let day = |date: Date| format!("{:02}/{:02}/{:04}", date.month(), date.day(), date.year());
    let mut within = vec![
        Filter::GreaterThanOrEqualTo(field.to_owned(), day(from)),
        Filter::LessThanOrEqualTo(field.to_owned(), day(to)),
    ];
    within.extend(after.map(|after| Filter::GreaterThan("RECORDNO".to_owned(), after.to_owned())));
    within
}

fn begins(object: &str, field: &str, prefix: &str) -> Result<Filter, Error> {
    if prefix.is_empty() || prefix.contains(['%', '_']) {
        return Err(Error::InvalidQuery { object: object.to_owned(), cause: QueryError::Wildcard });
    }
    Ok(Filter::like(field, format!("{prefix}%")))
}

fn document_fact(row: &Row) -> DocumentFact {
    let text = |field| row.get(field).unwrap_or_default().to_owned();
    DocumentFact { record_no: text("RECORDNO"), batch_no: text("BATCHNO"), document: text("DOCUMENT") }
}

fn reference_filters(search: &ReferenceSearch) -> Result<Vec<Filter>, Error> {
    let invalid = |cause| Error::InvalidQuery { object: "GLBATCH".to_owned(), cause };
    if search.prefixes.iter().any(|prefix| prefix.is_empty() || prefix.contains(['%', '_'])) {
        return Err(invalid(QueryError::Wildcard));
    }
    let likes = search.prefixes.iter().map(|prefix| Filter::like("REFERENCENO", format!("{prefix}%")));
    let equals = search.references.iter().map(|reference| Filter::equal_to("REFERENCENO", reference.as_str()));
    let wanted: Vec<Filter> = likes.chain(equals).collect();
    if wanted.is_empty() {
        return Err(invalid(QueryError::EmptyGroup));
    }
    Ok(wanted
        .chunks(REFERENCES_A_REQUEST)
        .map(|some| {
            let controls =
                search.control_record_nos.iter().map(|record_no| Filter::equal_to("RECORDNO", record_no.as_str()));
            let any = Filter::Or(some.iter().cloned().chain(controls).collect());
            match &search.journal {
                Some(journal) => Filter::And(vec![Filter::equal_to("JOURNAL", journal.as_str()), any]),
                None => any,
            }
        })
        .collect())
}

/// The positive controls come back too, and are no hits unless they are.
fn is_wanted(search: &ReferenceSearch, reference: &str) -> bool {
    let begins = |prefix: &String| {
        reference.as_bytes().get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    search.prefixes.iter().any(begins) || search.references.iter().any(|whole| whole.eq_ignore_ascii_case(reference))
}

fn batch_fact(row: &Row) -> BatchFact {
    let text = |field| row.get(field).unwrap_or_default().to_owned();
    BatchFact {
        record_no: text("RECORDNO"),
        batch_no: text("BATCHNO"),
        batch_title: text("BATCH_TITLE"),
        journal: text("JOURNAL"),
        batch_date: text("BATCH_DATE"),
        reference_no: text("REFERENCENO"),
        state: text("STATE"),
        module: text("MODULE"),
    }
}

fn entry_line(row: Row) -> EntryLine {
    let text = |field| row.get(field).unwrap_or_default().to_owned();
    EntryLine {
        record_no: text("RECORDNO"),
        batch_no: text("BATCHNO"),
        line_no: text("LINE_NO"),
        account_no: text("ACCOUNTNO"),
        tr_type: text("TR_TYPE"),
        trx_amount: text("TRX_AMOUNT"),
        row,
    }
}
