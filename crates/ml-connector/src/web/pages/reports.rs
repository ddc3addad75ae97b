//! The list of reports: everything that was ever read. What is looked for stands in the address, so that a view can be
//! kept as a bookmark and shown to somebody else.

use accounting::Currency;
use accounting::amount::SourceAmount;
use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::super::problem::Refusal;
use super::super::report_lists::{ReportList, ReportQuery};
use super::super::state::State;
use super::frame::Frame;
use super::refused::{Told, show};
use super::visit::Visit;
use super::words;
use crate::store::{FlowId, Hold, InboxReport};

/// Views that many people want: their words and what they ask for.
const VIEWS: [(&str, &str); 8] = [
    ("All", ""),
    ("Held, longest first", "states=held&sort=age&order=desc"),
    ("Held, largest first", "states=held&sort=amount&order=desc"),
    ("Waiting", "states=ready"),
    ("Refused or in doubt", "states=rejected%2Cunknown%2Cconflict"),
    ("Changed after posting", "states=drift"),
    ("Posted", "states=posted&sort=approved&order=desc"),
    ("Left out", "states=skipped"),
];
/// Fields of the address that are the filter, in the order in which links write them.
const FIELDS: [&str; 10] = [
    "flow",
    "states",
    "search",
    "approved_from",
    "approved_to",
    "problem",
    "currency",
    "amount_from",
    "amount_to",
    "sort",
];

/// Fields that are folded away until one of them is used.
const FOLDED: [&str; 7] = ["flow", "approved_from", "approved_to", "amount_from", "amount_to", "currency", "problem"];

pub(super) fn routes() -> Router<State> {
    Router::new().route("/c/{customer}/reports", get(reports))
}

#[derive(askama::Template)]
#[template(path = "reports.html")]
struct Reports {
    frame: Frame,
    told: Option<Told>,
    flows: Vec<(String, String)>,
    asked: Asked,
    views: Vec<ViewLink>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    first: String,
    next: String,
    csv: String,
    filtered: bool,
    /// One of the fields that are folded away is filled in.
    narrowed: bool,
}

/// What was asked for, as it was typed.
#[derive(Clone, Default)]
struct Asked(Vec<(String, String)>);

struct ViewLink {
    words: &'static str,
    to: String,
    here: bool,
}

/// A column's heading; where it can be ordered by, with the way to do so.
struct Column {
    words: &'static str,
    to: Option<String>,
    sorted: Option<&'static str>,
    number: bool,
}

struct Row {
    to: String,
    number: String,
    name: String,
    employee: String,
    flow: String,
    state: &'static str,
    hold: Option<String>,
    approved: String,
    age: String,
    amount: Option<(i64, String)>,
    left_out: Option<(i64, String)>,
    problem: Option<Problem>,
}

/// What stands in a report's way first, and how much else does.
struct Problem {
    title: &'static str,
    value: String,
    more: usize,
}

impl Asked {
    fn of(query: &str) -> Self {
        let known = |name: &str| FIELDS.contains(&name) || matches!(name, "order" | "after");
        let pairs = form_urlencoded::parse(query.as_bytes());
        Self(
            pairs.filter(|(name, value)| known(name) && !value.is_empty()).map(|(n, v)| (n.into(), v.into())).collect(),
        )
    }

    fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    fn given(&self, name: &str) -> Option<String> {
        Some(self.text(name).to_owned()).filter(|text| !text.is_empty())
    }

    /// The query of the same view with some fields changed; an empty value takes one away.
    fn with(&self, changed: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in FIELDS.into_iter().chain(["order", "after"]) {
            let new = changed.iter().find(|(found, _)| *found == name).map(|(_, value)| *value);
            let value = new.unwrap_or(if name == "after" { "" } else { self.text(name) });
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }

    /// As the operation of the API takes it.
    fn query(&self) -> Result<ReportQuery, Refusal> {
        // Amounts are typed with decimals; without a currency, in hundredths.
        let currency = Currency::parse(self.text("currency")).or_else(|_| Currency::parse("USD")).ok();
        let minor = |name: &str| -> Result<Option<i64>, Refusal> {
            let Some(typed) = self.given(name) else { return Ok(None) };
            let plain: String = typed.chars().filter(|letter| !matches!(letter, ',' | ' ' | '\'')).collect();
            let amount = SourceAmount::parse(&plain).ok().zip(currency).and_then(|(sum, of)| sum.to_amount(of).ok());
            let invalid = || Refusal::invalid(name, format!("'{typed}' is no amount such as 1234.50."));
            amount.map(|amount| Some(amount.minor)).ok_or_else(invalid)
        };
        Ok(ReportQuery {
            flow: self.given("flow"),
            states: self.given("states"),
            search: self.given("search"),
            approved_from: self.given("approved_from"),
            approved_to: self.given("approved_to"),
            problem: self.given("problem"),
            currency: self.given("currency"),
            amount_from_minor: minor("amount_from")?,
            amount_to_minor: minor("amount_to")?,
            sort: self.given("sort"),
            order: self.given("order"),
            after: self.text("after").to_owned(),
            limit: None,
        })
    }
}

async fn reports(visit: Visit) -> Result<Response, Refusal> {
    let asked = Asked::of(&visit.frame.query);
    let stored = visit.customer.flows().await?;
    let flows: Vec<(String, String)> = stored.into_iter().map(|flow| (flow.id.to_string(), flow.name)).collect();
    let found = page(&visit, &asked).await;
    let (found, told, status) = match found {
        Ok(found) => (found, None, None),
        Err(refusal) if refusal.status().is_client_error() => {
            ((Vec::new(), None), Some(Told::from(&refusal)), Some(refusal.status()))
        }
        Err(refusal) => return Err(refusal),
    };
    let (rows, next) = found;
    let now_ms = visit.state.clock.now_ms();
    let base = visit.frame.at("/reports");
    let address = |query: String| if query.is_empty() { base.clone() } else { format!("{base}?{query}") };
    let page = Reports {
        views: views(&asked, &base),
        columns: columns(&asked, flows.len() > 1, &address),
        rows: rows.into_iter().map(|(report, hold)| row(&visit.frame, &flows, report, hold, now_ms)).collect(),
        first: if asked.text("after").is_empty() { String::new() } else { address(asked.with(&[])) },
        next: next.map(|next| address(asked.with(&[("after", &next)]))).unwrap_or_default(),
        csv: csv(&visit, &asked),
        filtered: !asked.0.is_empty(),
        narrowed: FOLDED.iter().any(|name| !asked.text(name).is_empty()),
        frame: visit.frame,
        told,
        flows,
        asked,
    };
    let mut response = show(&page);
    if let Some(status) = status {
        *response.status_mut() = status;
    }
    Ok(response)
}

type Found = (Vec<(InboxReport, Option<Hold>)>, Option<String>);

async fn page(visit: &Visit, asked: &Asked) -> Result<Found, Refusal> {
    let query = asked.query()?;
    let flow = match &query.flow {
        Some(flow) => Some(visit.customer.flow(&FlowId::parse(flow).ok_or_else(Refusal::not_found)?).await?.id),
        None => None,
    };
    ReportList::of(visit.customer.clone(), flow, &query).await?.page(&query).await
}

/// The same list as a file; the API has amounts in minor units.
fn csv(visit: &Visit, asked: &Asked) -> String {
    let mut file = form_urlencoded::Serializer::new(String::new());
    let wanted = asked.query().unwrap_or_default();
    for name in FIELDS.into_iter().chain(["order"]).filter(|name| !name.starts_with("amount")) {
        if let Some(value) = asked.given(name) {
            file.append_pair(name, &value);
        }
    }
    for (name, minor) in [("amount_from_minor", wanted.amount_from_minor), ("amount_to_minor", wanted.amount_to_minor)]
    {
        if let Some(minor) = minor {
            file.append_pair(name, &minor.to_string());
        }
    }
    format!("/api/v1/customers/{}/reports/csv?{}", visit.customer_id(), file.finish())
}

fn views(asked: &Asked, base: &str) -> Vec<ViewLink> {
    let now = asked.with(&[]);
    let link = |(words, query): (&'static str, &'static str)| {
        let same = Asked::of(query).with(&[]) == now;
        ViewLink { words, to: if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") }, here: same }
    };
    VIEWS.into_iter().map(link).collect()
}

fn columns(asked: &Asked, many_flows: bool, address: &impl Fn(String) -> String) -> Vec<Column> {
    let (sort, order) = (asked.text("sort"), asked.text("order"));
    let sorted = |by: &str| sort == by || (sort.is_empty() && by == "first_seen");
    let plain = |words, number| Column { words, to: None, sorted: None, number };
    let by = |words, by: &str, number| {
        let here = sorted(by);
        let next = if here && order != "desc" { "desc" } else { "" };
        let direction = if order == "desc" { "descending" } else { "ascending" };
        let to = address(asked.with(&[("sort", by), ("order", next)]));
        Column { words, to: Some(to), sorted: here.then_some(direction), number }
    };
    let mut columns = vec![
        plain("Report", false),
        by("Amount", "amount", true),
        plain("State", false),
        plain("What stands in its way", false),
        plain("Employee", false),
    ];
    if many_flows {
        columns.push(plain("Flow", false));
    }
    columns.extend([by("Approved", "approved", false), by("Age", "age", false), plain("Left out", true)]);
    columns
}

fn row(frame: &Frame, flows: &[(String, String)], report: InboxReport, hold: Option<Hold>, now_ms: i64) -> Row {
    let currency = report.currency.unwrap_or_default();
    let more = report.problems.len().saturating_sub(1);
    let problem = report.problems.into_iter().next();
    let flow = flows.iter().find(|(id, _)| *id == report.flow.as_str());
    Row {
        to: report_address(frame, report.flow.as_str(), &report.report_id),
        number: report.number.unwrap_or_else(|| report.report_id.clone()),
        name: report.name,
        employee: report.employee,
        flow: if flows.len() > 1 { flow.map(|(_, name)| name.clone()).unwrap_or_default() } else { String::new() },
        state: report.state.name(),
        hold: hold.map(|hold| hold.reason),
        approved: report.approved_on.map(|day| day.to_string()).unwrap_or_default(),
        age: words::span(report.first_seen_ms, now_ms),
        amount: report.amount_minor.or(report.total_minor).map(|minor| (minor, currency.clone())),
        left_out: report.skipped_minor.filter(|minor| *minor != 0).map(|minor| (minor, currency)),
        problem: problem.map(|problem| Problem { title: problem.code.title(), value: problem.value, more }),
    }
}

/// Where one report is shown.
pub(super) fn report_address(frame: &Frame, flow: &str, report: &str) -> String {
    frame.at(&format!("/flows/{flow}/reports/{}", encoded(report)))
}

/// A text as one part of a path.
pub(super) fn encoded(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
