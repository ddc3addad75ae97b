//! Reading: one function a request, `uniqueid` false, repeated once if the session had ended.
//!
//! Nothing here changes anything at the gateway.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::time::Instant;

use super::Client;
use crate::envelope;
use crate::error::{Error, Refusal};
use crate::failure;
use crate::mask;
use crate::matching;
use crate::query::{Order, Query, Select};
use crate::reply::{self, Data, Kind, Reply, ResultBlock, Row, RowShape};
use crate::text;
use crate::transport::{Incoming, Outgoing, RequestKind, SendError};

/// One page of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows, in the gateway's order.
    pub rows: Vec<Row>,
    /// `totalcount`: rows of all pages.
    pub total_count: Option<u64>,
    /// `numremaining`: rows after this page.
    pub num_remaining: Option<u64>,
    /// `resultId`, which `readMore` wants.
    pub result_id: Option<String>,
}

/// How much was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Rows.
    pub rows: u64,
    /// Pages; each is a metered request.
    pub pages: u64,
}

/// The legacy `readByQuery`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadByQuery {
    /// Object to read.
    pub object: String,
    /// Fields; empty for all (`*`).
    pub fields: Vec<String>,
    /// Condition in the gateway's own query language, ours alone: never put a user's text into it. Empty for all.
    pub query: String,
    /// Rows a page, 1 to 1,000.
    pub page_size: u32,
}

/// What was asked, to match its answer by.
pub(super) struct Asked<'a> {
    pub control_id: &'a str,
    pub function_id: &'a str,
    pub function: &'a str,
    pub object: &'a str,
    pub rows: RowShape,
}

/// An answer whose one function succeeded.
pub(super) struct Answered {
    pub result: ResultBlock,
    pub timestamp: Option<Timestamp>,
    pub timeout: Option<Timestamp>,
}

impl Client {
    /// One page of a `query`.
    ///
    /// # Errors
    /// See [`Error`]; a page that fails is repeated once, and only if the session had ended.
    pub async fn query(&self, query: &Query) -> Result<Page, Error> {
        let mut element = String::with_capacity(512);
        query.write(&mut element).map_err(|cause| Error::InvalidQuery { object: query.object.clone(), cause })?;
        page("query", self.read("query", &query.object, &element, RowShape::Children).await?)
    }

    /// All rows of a `query`, ordered by `RECORDNO` whatever order it names, in pages of its size.
    ///
    /// Every page is a query of its own, so rows may move between pages while they are read. That is noticed and is
    /// an error; what `on_row` was given until then is not the whole and must be thrown away.
    ///
    /// # Errors
    /// [`Error::PagesShifted`] besides those of [`query`](Self::query).
    pub async fn query_all(&self, query: &Query, mut on_row: impl FnMut(Row)) -> Result<Count, Error> {
        let mut query = query.clone();
        query.order_by = vec![("RECORDNO".to_owned(), Order::Ascending)];
        if !query.select.iter().any(|column| matches!(column, Select::Field(field) if field == "RECORDNO")) {
            query.select.push(Select::Field("RECORDNO".to_owned()));
        }
        query.offset = 0;
        let mut count = Count { rows: 0, pages: 0 };
        let mut promised = None;
        let mut last = None;
        loop {
            let page = self.query(&query).await?;
            count.pages += 1;
            let total = total(&page, query.offset)?;
            let promised = *promised.get_or_insert(total);
            let shifted = |rows| Error::PagesShifted { object: query.object.clone(), rows, promised };
            query.offset += page.rows.len() as u64;
            if total != promised || query.offset > promised || (page.rows.is_empty() && query.offset < promised) {
                return Err(shifted(count.rows));
            }
            for row in page.rows {
                let record_no = record_no(&query.object, &row)?;
                if last.is_some_and(|last| record_no <= last) {
                    return Err(shifted(count.rows));
                }
                last = Some(record_no);
                count.rows += 1;
                on_row(row);
            }
            if count.rows == promised {
                return Ok(count);
            }
        }
    }

    /// The first page of a legacy `readByQuery`; more come by [`read_more`](Self::read_more).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn read_by_query(&self, read: &ReadByQuery) -> Result<Page, Error> {
        let mut element = String::from("<readByQuery>");
        text::element(&mut element, "object", &read.object);
        let fields = if read.fields.is_empty() { "*".to_owned() } else { read.fields.join(",") };
        text::element(&mut element, "fields", &fields);
        text::element(&mut element, "query", &read.query);
        text::element(&mut element, "pagesize", &read.page_size.to_string());
        element.push_str("</readByQuery>");
        page("readByQuery", self.read("readByQuery", &read.object, &element, RowShape::Children).await?)
    }

    /// The next page of a `readByQuery`, by its `resultId`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn read_more(&self, result_id: &str) -> Result<Page, Error> {
        let mut element = String::from("<readMore>");
        text::element(&mut element, "resultId", result_id);
        element.push_str("</readMore>");
        page("readMore", self.read("readMore", "", &element, RowShape::Children).await?)
    }

    /// Sends one function and gives its data. If the session had ended, logs in and asks once more.
    pub(crate) async fn read(
        &self,
        function: &str,
        object: &str,
        element: &str,
        rows: RowShape,
    ) -> Result<Data, Error> {
        let mut replace = None;
        loop {
            let (lease, _) = self.lease(replace).await?;
            let number = self.next_id();
            let (control_id, function_id) = (format!("read-{number}"), format!("read-{number}-f"));
            let body = envelope::write_one(&self.envelope(&control_id, &lease), &function_id, element)
                .map_err(Error::InvalidRequest)?;
            let request = self.outgoing(&lease.endpoint, body, RequestKind::Read);
            let asked = Asked { control_id: &control_id, function_id: &function_id, function, object, rows };
            let slot = self.shared.slots.acquire().await;
            let sent_at = Instant::now();
            let outcome = self.send_read(request, &asked, &[&lease.id]).await;
            drop(slot);
            match outcome {
                Ok(answered) => {
                    let rule = &self.shared.config.session;
                    self.session.slide(lease.generation, sent_at, answered.timestamp, answered.timeout, rule);
                    return Ok(answered.result.data.unwrap_or_default());
                }
                Err(Error::Refused { refusal: Refusal::Session, .. }) if replace.is_none() => {
                    self.session.discard(lease.generation);
                    replace = Some(lease.generation);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends a request of one function and makes sure that what came back is the answer to it and a success.
    pub(super) async fn send_read(
        &self,
        request: Outgoing,
        asked: &Asked<'_>,
        secrets: &[&SecretString],
    ) -> Result<Answered, Error> {
        let limit = request.timeout;
        let incoming = self.send(request).await.map_err(|error| send_error(error, limit))?;
        let mut masked = vec![&self.shared.sender.password, &self.shared.login.password];
        masked.extend_from_slice(secrets);
        let mut reply = understand(&incoming, asked.rows, &masked)?;
        if let Some(error) = failure::of_request(&reply, incoming.status, incoming.retry_after) {
            return Err(error);
        }
        matching::check(&reply, asked.control_id, asked.function, [asked.function_id])
            .map_err(|mismatch| Error::Foreign { mismatch })?;
        if incoming.status != 200 {
            return Err(Error::Unavailable { http_status: incoming.status, errors: reply.errors });
        }
        let (Some(result), Some(authentication)) = (reply.results.pop(), reply.authentication) else {
            return Err(Error::Incomplete { function: asked.function.to_owned(), what: "a result".to_owned() });
        };
        match failure::of_function(&result, asked.object, incoming.status) {
            Some(error) => Err(error),
            None => Ok(Answered { result, timestamp: authentication.timestamp, timeout: authentication.timeout }),
        }
    }
}

/// The answer as blocks, or the error that says why it is none.
fn understand(incoming: &Incoming, rows: RowShape, secrets: &[&SecretString]) -> Result<Reply, Error> {
    let http_status = incoming.status;
    let excerpt = || mask::excerpt(&incoming.body, secrets);
    if (300..400).contains(&http_status) {
        return Err(Error::Redirected { http_status });
    }
    let rate_limited = || Error::RateLimited { http_status, retry_after: incoming.retry_after, errors: Vec::new() };
    match reply::kind(&incoming.body) {
        Kind::Xml => match reply::parse(&incoming.body, rows) {
            Ok(mut reply) => {
                mask_errors(&mut reply, secrets);
                Ok(reply)
            }
            Err(_) if http_status == 429 => Err(rate_limited()),
            Err(cause) => Err(Error::Malformed { http_status, cause, excerpt: excerpt() }),
        },
        _ if http_status == 429 => Err(rate_limited()),
        Kind::Other if excerpt().to_ascii_lowercase().contains("api rate limit exceeded") => Err(rate_limited()),
        Kind::Html => Err(Error::Html { http_status, excerpt: excerpt() }),
        Kind::Other => Err(Error::NotXml { http_status, excerpt: excerpt() }),
    }
}

/// A gateway that quotes a request back in an error must not carry a secret into a log.
pub(super) fn mask_errors(reply: &mut Reply, secrets: &[&SecretString]) {
    let of_results = reply.results.iter_mut().flat_map(|result| &mut result.errors);
    for error in reply.errors.iter_mut().chain(of_results) {
        for text in [&mut error.errorno, &mut error.description, &mut error.description2, &mut error.correction] {
            *text = mask::mask(text, secrets);
        }
        for (_, value) in &mut error.placeholders {
            *value = mask::mask(value, secrets);
        }
    }
}

fn send_error(error: SendError, limit: Duration) -> Error {
    match error {
        SendError::NotSent { kind, cause } => Error::Unreachable { kind, cause },
        SendError::Timeout(_) => Error::Timeout { limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX) },
        SendError::Broken { cause, .. } => Error::Broken(cause),
        SendError::TooLarge { limit_bytes, .. } => Error::TooLarge { limit_bytes },
    }
}

/// A page, if it holds the rows it says it holds: rows that got lost must not look like rows that do not exist.
fn page(function: &str, data: Data) -> Result<Page, Error> {
    let incomplete = |what: &str| Error::Incomplete { function: function.to_owned(), what: what.to_owned() };
    match data.count {
        Some(count) if count == data.rows.len() as u64 => Ok(Page {
            rows: data.rows,
            total_count: data.total_count,
            num_remaining: data.num_remaining,
            result_id: data.result_id.filter(|id| !id.is_empty()),
        }),
        Some(_) => Err(incomplete("some of its rows")),
        None => Err(incomplete("a count")),
    }
}

/// Rows of all pages, as a page that begins after `offset` rows tells it.
fn total(page: &Page, offset: u64) -> Result<u64, Error> {
    let by_rest = page.num_remaining.map(|rest| offset + page.rows.len() as u64 + rest);
    page.total_count
        .or(by_rest)
        .ok_or_else(|| Error::Incomplete { function: "query".to_owned(), what: "a total count".to_owned() })
}

fn record_no(object: &str, row: &Row) -> Result<u64, Error> {
    row.get("RECORDNO").and_then(|text| text.parse().ok()).ok_or_else(|| Error::Incomplete {
        function: "query".to_owned(),
        what: format!("a numeric RECORDNO of {object}"),
    })
}
