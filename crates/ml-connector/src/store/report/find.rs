//! Reports as people look for them: filtered, in an order, page by page. A page reads a bounded number of rows however
//! many there are: each state and flow is an ordered stream of its own in an index, the streams are merged, and where a
//! filter has no index only so many rows are looked at before the page ends. Such a page may be short, or empty, and
//! still have a next one.

use accounting::problem::Code;
use jiff::civil::Date;

use super::read::read;
use super::{InboxReport, InboxState};
use crate::store::chart_document::parse_date;
use crate::store::customer::CustomerStore;
use crate::store::error::{StoreError, failed};
use crate::store::ids::FlowId;
use crate::store::problems::problems_from_json;
use crate::store::rows::{OWN, Rows, batches};
use crate::store::sql::{self, Query, Row};

macro_rules! light {
    ($rest:literal) => {
        concat!(
            "SELECT report_no, report_id, number, name, employee, approved_on, approved_key, money_key, currency, \
             problems FROM reports WHERE customer_id = $1 AND flow_id = $2 AND state = $3 ",
            $rest
        )
    };
}

pub(in crate::store) const FIRST_UP: &str = light!("AND report_no > $4 ORDER BY report_no LIMIT $5");
pub(in crate::store) const FIRST_DOWN: &str = light!("AND report_no < $4 ORDER BY report_no DESC LIMIT $5");
pub(in crate::store) const APPROVED_UP: &str =
    light!("AND (approved_key, report_no) > ($4, $5) AND approved_key <= $6 ORDER BY approved_key, report_no LIMIT $7");
pub(in crate::store) const APPROVED_DOWN: &str = light!(
    "AND (approved_key, report_no) < ($4, $5) AND approved_key >= $6 \
     ORDER BY approved_key DESC, report_no DESC LIMIT $7"
);
pub(in crate::store) const MONEY_UP: &str =
    light!("AND (money_key, report_no) > ($4, $5) AND money_key <= $6 ORDER BY money_key, report_no LIMIT $7");
pub(in crate::store) const MONEY_DOWN: &str = light!(
    "AND (money_key, report_no) < ($4, $5) AND money_key >= $6 ORDER BY money_key DESC, report_no DESC LIMIT $7"
);
pub(in crate::store) const BY_NUMBER: &str = "SELECT report_no, report_id, number, name, employee, approved_on, \
     approved_key, money_key, currency, problems, state, flow_id FROM reports WHERE customer_id = $1 \
     AND number IS NOT NULL AND number >= $2 AND number < $3 ORDER BY number LIMIT $4";
pub(in crate::store) static NUMBERED: Rows = Rows::new(
    "SELECT report_no, flow_id, report_id, number, name, employee, policy_id, source_state, currency, total_minor, \
     content_hash, state, problems, skipped, amount_minor, skipped_minor, mapping_version, generation, \
     approved_on, run_id, first_seen_ms, seen_ms, changed_ms FROM reports WHERE customer_id = ? AND report_no IN (",
    &[OWN],
    ")",
);

/// Rows of one stream that are looked at in one step where a filter has no index.
const WINDOW: u32 = 250;
/// Steps of one page.
const STEPS: usize = 4;
/// Most reports whose number begins with what was typed; where there are more it is no beginning of a number.
const NUMBERS: u32 = 200;
/// After every day, and after every number that begins with the text before it.
const LAST: &str = "~";

/// What a list of reports is ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReportSort {
    /// When it first came.
    #[default]
    FirstSeen,
    /// Day of approval; those without one count as the earliest.
    Approved,
    /// What is or would be posted, else the total that the source states, in minor units of whatever currency.
    Amount,
}

/// An order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportOrder {
    /// By what.
    pub sort: ReportSort,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// Which reports are looked for. What is not given is not asked of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportFilter {
    /// In one of these states; in any where it is empty.
    pub states: Vec<InboxState>,
    /// The beginning of the number, the id, or else a part of number, name or employee, in any case.
    pub search: String,
    /// Approved on this day or later.
    pub approved_from: Option<Date>,
    /// Approved on this day or earlier.
    pub approved_to: Option<Date>,
    /// With a problem of this code.
    pub problem: Option<Code>,
    /// In this currency.
    pub currency: Option<String>,
    /// Of this amount or more, in minor units.
    pub amount_from_minor: Option<i64>,
    /// Of this amount or less, in minor units.
    pub amount_to_minor: Option<i64>,
}

/// The place of a report in an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportKey {
    day: String,
    minor: i64,
    report_no: i64,
}

impl ReportKey {
    /// As a text without spaces at its ends.
    pub fn to_text(&self) -> String {
        format!("{}/{}/{}", self.day, self.minor, self.report_no)
    }

    /// Reads what [`ReportKey::to_text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let day = parts.next()?.to_owned();
        Some(Self { day, minor: parts.next()?.parse().ok()?, report_no: parts.next()?.parse().ok()? })
    }
}

/// A page of reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundReports {
    /// The reports, in the order asked for.
    pub reports: Vec<InboxReport>,
    /// Where the next page goes on. It may be there although this page is short: then not all rows were looked at.
    pub next: Option<ReportKey>,
}

impl CustomerStore {
    /// At most `limit` reports of `flows` after the place `after`.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`], [`StoreError::Json`].
    pub async fn find_reports(
        &self,
        flows: &[FlowId],
        filter: &ReportFilter,
        order: ReportOrder,
        after: Option<ReportKey>,
        limit: u32,
    ) -> Result<FoundReports, StoreError> {
        if after.is_none()
            && let Some(keys) = self.by_number(flows, filter, order).await?
        {
            return Ok(FoundReports { reports: self.in_order(&keys).await?, next: None });
        }
        let rows = if filter.is_served_by(order) { limit.saturating_add(1) } else { WINDOW };
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut taken, mut from): (Vec<ReportKey>, _) = (Vec::new(), after);
        let mut next = None;
        for _ in 0..STEPS {
            let (mut found, horizon) = self.step(flows, filter, order, from.as_ref(), rows).await?;
            let room = wanted.saturating_sub(taken.len());
            let more = found.len() > room || horizon.is_some();
            let full = found.len() >= room;
            found.truncate(room);
            taken.extend(found);
            next = if full { taken.last().cloned().filter(|_| more) } else { horizon };
            if full || next.is_none() {
                break;
            }
            from.clone_from(&next);
        }
        Ok(FoundReports { reports: self.in_order(&taken).await?, next })
    }

    /// The places of what fits among the next rows of each stream, up to the nearest row behind which a stream was not
    /// looked at; that row's place, where there is one.
    async fn step(
        &self,
        flows: &[FlowId],
        filter: &ReportFilter,
        order: ReportOrder,
        after: Option<&ReportKey>,
        rows: u32,
    ) -> Result<(Vec<ReportKey>, Option<ReportKey>), StoreError> {
        let doing = failed("looking for reports");
        let states: &[InboxState] = if filter.states.is_empty() { &InboxState::ALL } else { &filter.states };
        let (mut found, mut horizon): (Vec<ReportKey>, Option<ReportKey>) = (Vec::new(), None);
        for flow in flows {
            for state in states {
                let reading = filter.stream(order, after, rows);
                let reading = reading(self.id().as_str(), flow.as_str(), state.name());
                let stream = reading.fetch_all(self.reader()).await.map_err(&doing)?;
                if stream.len() >= usize::try_from(rows).unwrap_or(usize::MAX)
                    && let Some(last) = stream.last()
                {
                    let last = key(last, order)?;
                    let nearer = horizon.as_ref().is_none_or(|known| order.is_before(&last, known));
                    horizon = if nearer { Some(last) } else { horizon };
                }
                for row in &stream {
                    if filter.takes(row)? {
                        found.push(key(row, order)?);
                    }
                }
            }
        }
        if let Some(horizon) = &horizon {
            found.retain(|key| !order.is_before(horizon, key));
        }
        found.sort();
        if order.descending {
            found.reverse();
        }
        Ok((found, horizon))
    }

    /// Reports whose number begins with what was typed, or whose id it is; `None` where there are none or too many.
    async fn by_number(
        &self,
        flows: &[FlowId],
        filter: &ReportFilter,
        order: ReportOrder,
    ) -> Result<Option<Vec<ReportKey>>, StoreError> {
        let typed = filter.search.as_str();
        if typed.len() < 3 || typed.contains(char::is_whitespace) {
            return Ok(None);
        }
        let doing = failed("looking for reports by number");
        let reading = sql::query(BY_NUMBER).bind(self.id().as_str()).bind(typed).bind(format!("{typed}{LAST}"));
        let rows = reading.bind(i64::from(NUMBERS)).fetch_all(self.reader()).await.map_err(&doing)?;
        if rows.len() >= usize::try_from(NUMBERS).unwrap_or(usize::MAX) {
            return Ok(None);
        }
        let mut keys = Vec::new();
        for row in &rows {
            let (state, flow): (&str, &str) = (row.try_get(10).map_err(&doing)?, row.try_get(11).map_err(&doing)?);
            let stands = filter.states.is_empty() || filter.states.iter().any(|wanted| wanted.name() == state);
            if stands && flows.iter().any(|wanted| wanted.as_str() == flow) && filter.takes(row)? {
                keys.push(key(row, order)?);
            }
        }
        for flow in flows {
            let named = sql::query_scalar::<i64>(super::FIND_NO).bind(self.id().as_str()).bind(flow.as_str());
            let report_no = named.bind(typed).fetch_optional(self.reader()).await.map_err(&doing)?;
            let known = |no: &i64| keys.iter().any(|key| key.report_no == *no);
            // Whoever names one report by its id wants that one, whatever else the filter says.
            if let Some(report_no) = report_no.filter(|no| !known(no)) {
                keys.push(ReportKey { day: String::new(), minor: 0, report_no });
            }
        }
        keys.sort();
        if order.descending {
            keys.reverse();
        }
        Ok(Some(keys).filter(|keys| !keys.is_empty()))
    }

    /// The reports of these places, in their order.
    async fn in_order(&self, keys: &[ReportKey]) -> Result<Vec<InboxReport>, StoreError> {
        let doing = failed("reading the reports of a page");
        let mut placed = Vec::with_capacity(keys.len());
        for batch in batches(keys) {
            let mut reading = sql::query(NUMBERED.text(batch.len())).bind(self.id().as_str());
            for key in batch {
                reading = reading.bind(key.report_no);
            }
            for row in reading.fetch_all(self.reader()).await.map_err(&doing)? {
                let report_no: i64 = row.try_get(0).map_err(&doing)?;
                placed.push((keys.iter().position(|key| key.report_no == report_no), read(&row)?));
            }
        }
        placed.sort_by_key(|(place, _)| *place);
        Ok(placed.into_iter().map(|(_, report)| report).collect())
    }
}

impl ReportOrder {
    fn is_before(self, one: &ReportKey, other: &ReportKey) -> bool {
        if self.descending { one > other } else { one < other }
    }
}

impl ReportFilter {
    /// Whether an index alone tells what fits.
    fn is_served_by(&self, order: ReportOrder) -> bool {
        let days = self.approved_from.is_none() && self.approved_to.is_none();
        let money = self.amount_from_minor.is_none() && self.amount_to_minor.is_none();
        let texts = self.search.is_empty() && self.problem.is_none() && self.currency.is_none();
        texts && (days || order.sort == ReportSort::Approved) && (money || order.sort == ReportSort::Amount)
    }

    /// The next rows of a stream, for whichever customer, flow and state.
    fn stream(
        &self,
        order: ReportOrder,
        after: Option<&ReportKey>,
        rows: u32,
    ) -> impl Fn(&str, &str, &str) -> Query<Row> {
        let (down, rows) = (order.descending, i64::from(rows));
        let after_no = after.map_or(if down { i64::MAX } else { 0 }, |key| key.report_no);
        let day = |day: Option<Date>| day.map(|day| day.to_string());
        // A report without a day is in no period that has an end.
        let first_day = day(self.approved_from).unwrap_or_else(|| self.approved_to.map_or("", |_| "0").to_owned());
        let last_day = day(self.approved_to).unwrap_or_else(|| LAST.to_owned());
        let (least, most) = (self.amount_from_minor.unwrap_or(i64::MIN), self.amount_to_minor.unwrap_or(i64::MAX));
        let (begin_day, end_day) = if down { (last_day, first_day) } else { (first_day, last_day) };
        let (begin_minor, end_minor) = if down { (most, least) } else { (least, most) };
        let begin_day = after.map_or(begin_day, |key| key.day.clone());
        let begin_minor = after.map_or(begin_minor, |key| key.minor);
        move |customer, flow, state| {
            let (up_or_down, of) = (|up, other| if down { other } else { up }, order.sort);
            let text = match of {
                ReportSort::FirstSeen => up_or_down(FIRST_UP, FIRST_DOWN),
                ReportSort::Approved => up_or_down(APPROVED_UP, APPROVED_DOWN),
                ReportSort::Amount => up_or_down(MONEY_UP, MONEY_DOWN),
            };
            let query = sql::query(text).bind(customer).bind(flow).bind(state);
            let query = match of {
                ReportSort::FirstSeen => query.bind(after_no),
                ReportSort::Approved => query.bind(&begin_day).bind(after_no).bind(&end_day),
                ReportSort::Amount => query.bind(begin_minor).bind(after_no).bind(end_minor),
            };
            query.bind(rows)
        }
    }

    /// Whether a row fits, apart from its state.
    fn takes(&self, row: &Row) -> Result<bool, StoreError> {
        let doing = failed("reading a report that is looked for");
        let text = |column| row.try_get::<Option<&str>>(column).map_err(&doing);
        let approved = text(5)?.map(parse_date).transpose()?;
        let minor: i64 = row.try_get(7).map_err(&doing)?;
        let in_period = self.approved_from.is_none_or(|from| approved.is_some_and(|day| day >= from))
            && self.approved_to.is_none_or(|to| approved.is_some_and(|day| day <= to));
        let of_amount = self.amount_from_minor.is_none_or(|from| minor >= from)
            && self.amount_to_minor.is_none_or(|to| minor <= to);
        let currency = text(8)?;
        let of_currency = self.currency.as_deref().is_none_or(|wanted| currency == Some(wanted));
        if !(in_period && of_amount && of_currency) {
            return Ok(false);
        }
        if !self.search.is_empty() {
            let wanted = self.search.to_lowercase();
            let holds = |text: &str| text.to_lowercase().contains(&wanted);
            let number = text(2)?;
            if !(number.is_some_and(holds) || text(3)?.is_some_and(holds) || text(4)?.is_some_and(holds)) {
                return Ok(false);
            }
        }
        let Some(code) = self.problem else { return Ok(true) };
        Ok(problems_from_json(text(9)?)?.iter().any(|problem| problem.code == code))
    }
}

fn key(row: &Row, order: ReportOrder) -> Result<ReportKey, StoreError> {
    let doing = failed("reading a report's place");
    let report_no = row.try_get(0).map_err(&doing)?;
    let by = order.sort;
    let day = if by == ReportSort::Approved { row.try_get(6).map_err(&doing)? } else { String::new() };
    let minor = if by == ReportSort::Amount { row.try_get(7).map_err(&doing)? } else { 0 };
    Ok(ReportKey { day, minor, report_no })
}
