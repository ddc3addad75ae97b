//! The destination adapter for Sage Intacct: its client's words into the ledger's, its facts into verdicts. It decides
//! nothing about when something is sent.

mod chart;
mod render;
mod verdict;

use std::collections::BTreeMap;

use accounting::translate::PlannedEntry;
use accounting::{Chart, Code, Date, Dimension, Direction, Problem};
use intacct::{
    BatchFact, Client, CreateFunction, EntryLine, Filter, LINE_FIELDS, Order, Query, Reading, ReferenceSearch,
};

use super::{Destination, Fault, Found, LedgerDocument, LedgerEntry, LedgerLine, Outgoing, Sent, plain_decimals};

pub use verdict::fault;

/// Intacct, reached through its client.
#[derive(Debug, Clone)]
pub struct Intacct {
    client: Client,
    company: String,
}

impl Intacct {
    /// An adapter over a client of `company`.
    pub const fn new(client: Client, company: String) -> Self {
        Self { client, company }
    }

    /// Whether a login was refused, so that none is tried again with this adapter.
    pub fn is_refused(&self) -> bool {
        self.client.is_refused()
    }

    /// The client, for questions only a ping asks.
    pub const fn client(&self) -> &Client {
        &self.client
    }
}

impl Destination for Intacct {
    fn company(&self) -> &str {
        &self.company
    }

    async fn read_chart(&self) -> Result<Chart, Fault> {
        chart::read(&self.client).await
    }

    fn render(&self, planned: &PlannedEntry) -> Result<Vec<u8>, Problem> {
        render::render(planned)
    }

    fn masked_envelope(&self, request_id: &str, all_or_none: bool) -> (String, String) {
        let envelope = self.client.masked_create_envelope(request_id, all_or_none);
        envelope.map(|envelope| (envelope.head, envelope.tail)).unwrap_or_default()
    }

    fn entity(&self) -> &str {
        self.client.entity().unwrap_or_default()
    }

    async fn find(&self, families: &[String], controls: &[String]) -> Result<Found, Fault> {
        let search = ReferenceSearch {
            prefixes: families.to_vec(),
            control_record_nos: controls.to_vec(),
            ..ReferenceSearch::default()
        };
        let hits = self.client.find_by_reference(&search).await.map_err(fault)?;
        let entries = hits.batches.into_iter().map(ledger_entry).collect();
        Ok(Found { entries, controls_seen: hits.controls_seen })
    }

    async fn entries_between(&self, from: Date, to: Date, after: Option<&str>) -> Result<Vec<LedgerEntry>, Fault> {
        let page = self.client.entries_between(from, to, after, ENTRIES_A_PAGE).await.map_err(fault)?;
        Ok(page.into_iter().map(ledger_entry).collect())
    }

    async fn referenced_between(
        &self,
        prefix: &str,
        from: Date,
        to: Date,
        after: Option<&str>,
    ) -> Result<Vec<LedgerEntry>, Fault> {
        let page = self.client.referenced_between(prefix, from, to, after, ENTRIES_A_PAGE).await.map_err(fault)?;
        Ok(page.into_iter().map(ledger_entry).collect())
    }

    async fn documents_between(
        &self,
        prefix: &str,
        from: Date,
        to: Date,
        after: Option<&str>,
    ) -> Result<Vec<LedgerDocument>, Fault> {
        let page = self.client.documents_between(prefix, from, to, after, LINES_A_PAGE).await.map_err(fault)?;
        let document = |fact: intacct::DocumentFact| LedgerDocument {
            line_no: fact.record_no,
            record_no: fact.batch_no,
            document: fact.document,
        };
        Ok(page.into_iter().map(document).collect())
    }

    async fn time_ms(&self) -> Result<Option<i64>, Fault> {
        let session = self.client.session().await.map_err(fault)?;
        Ok(session.timestamp.map(|timestamp| timestamp.as_millisecond()))
    }

    async fn any_entry(&self, journal: &str) -> Result<Option<String>, Fault> {
        let query = Query::new("GLBATCH", ["RECORDNO"])
            .filter(Filter::equal_to("JOURNAL", journal))
            .order_by("RECORDNO", Order::Descending)
            .show_private()
            .page_size(1);
        let page = self.client.query(&query).await.map_err(fault)?;
        Ok(page.rows.first().and_then(|row| row.get("RECORDNO")).map(str::to_owned))
    }

    async fn lines(&self, record_nos: &[String]) -> Result<BTreeMap<String, Vec<LedgerLine>>, Fault> {
        let reading = self.client.read_entry_lines(record_nos, LINE_FIELDS).await.map_err(fault)?;
        let rows = match reading {
            Reading::Rows { rows, .. } => rows,
            Reading::Unavailable { errors } => {
                let detail = errors.first().map(intacct::GatewayError::text).unwrap_or_default();
                let detail = format!("journal lines (GLENTRY) cannot be read: {detail}");
                return Err(Fault { code: Code::LedgerPermission, detail, retryable: false, source: None });
            }
        };
        let mut lines: BTreeMap<String, Vec<LedgerLine>> = BTreeMap::new();
        for row in rows {
            lines.entry(row.batch_no.clone()).or_default().push(ledger_line(&row));
        }
        Ok(lines)
    }

    async fn send(&self, request_id: &str, entries: &[Outgoing], all_or_none: bool) -> Sent {
        let functions: Vec<CreateFunction> = entries
            .iter()
            .map(|entry| CreateFunction { control_id: entry.control_id.clone(), payload: entry.payload.clone() })
            .collect();
        let reply = self.client.create(request_id, &functions, all_or_none).await;
        verdict::sent(reply)
    }

    fn requests(&self) -> u64 {
        self.client.requests_sent()
    }
}

/// Entries read in one request: their lines, some four each, then fit into a few pages.
const ENTRIES_A_PAGE: u32 = 500;
/// Lines in one page of a search by document number: the most the gateway gives (documented).
const LINES_A_PAGE: u32 = 2_000;

fn ledger_entry(batch: BatchFact) -> LedgerEntry {
    LedgerEntry {
        date: date(&batch.batch_date),
        record_no: batch.record_no,
        reference: batch.reference_no,
        journal: batch.journal,
        state: batch.state,
        title: batch.batch_title,
    }
}

/// Fields of a line that name a dimension, as the gateway calls them when it is read.
const DIMENSION_FIELDS: [(&str, Dimension); 12] = [
    ("DEPARTMENT", Dimension::Department),
    ("LOCATION", Dimension::Location),
    ("PROJECTID", Dimension::Project),
    ("TASKID", Dimension::Task),
    ("COSTTYPEID", Dimension::CostType),
    ("CUSTOMERID", Dimension::Customer),
    ("VENDORID", Dimension::Vendor),
    ("EMPLOYEEID", Dimension::Employee),
    ("ITEMID", Dimension::Item),
    ("CLASSID", Dimension::Class),
    ("CONTRACTID", Dimension::Contract),
    ("WAREHOUSEID", Dimension::Warehouse),
];

fn ledger_line(line: &EntryLine) -> LedgerLine {
    let dimensions = DIMENSION_FIELDS.iter().filter_map(|(field, dimension)| {
        let value = line.row.get(field).filter(|value| !value.is_empty())?;
        Some((dimension.clone(), value.to_owned()))
    });
    let text = |field| line.row.get(field).unwrap_or_default().to_owned();
    LedgerLine {
        account: line.account_no.clone(),
        direction: if line.tr_type.trim() == "-1" { Direction::Credit } else { Direction::Debit },
        amount: plain_decimals(&line.trx_amount),
        currency: line.row.get("CURRENCY").filter(|code| !code.is_empty()).map(str::to_owned),
        dimensions: dimensions.collect(),
        memo: text("DESCRIPTION"),
        document: text("DOCUMENT"),
    }
}

/// A date as the gateway writes it: month, day and year, padded or not.
fn date(text: &str) -> Option<Date> {
    let mut parts = text.trim().split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let end = parts.next().is_none();
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    end.then_some(date)
}
