//! Lists of reports: of one flow or of all flows of a customer, filtered and ordered, page by page or as a file. What a
//! list asks for stands in its query, so that its address can be kept and shared.

use std::collections::HashMap;

use accounting::problem::Code;
use accounting::{Amount, Currency, Date};
use axum::body::Body;
use axum::extract::State as Shared;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::try_unfold;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::approvals::named_flow;
use super::caller::Caller;
use super::download::{Csv, attachment_of};
use super::flows::{FlowPlace, flow_id};
use super::moment::Moment;
use super::page::{Cursors, LIMIT, Page, Paging};
use super::problem::Refusal;
use super::reports::ReportAnswer;
use super::request::{Asked, Place};
use super::state::State;
use crate::store::{
    CustomerStore, FlowId, Hold, InboxReport, InboxState, ReportFilter, ReportKey, ReportOrder, ReportSort, Right,
    StoreError,
};

/// Most bytes of what is looked for.
const SEARCH_BYTES: usize = 100;
const COLUMNS: [&str; 15] = [
    "flow",
    "report_id",
    "number",
    "name",
    "employee",
    "state",
    "source_state",
    "approved_on",
    "currency",
    "total",
    "amount",
    "left_out",
    "problems",
    "first_seen_at",
    "changed_at",
];

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list_reports))
        .routes(routes!(list_all_reports))
        .routes(routes!(download_reports))
}

/// The two queries have the same filter.
macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident { $($more:tt)* })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(super) struct $name {
            /// Of this flow alone; where the address names a flow, that one.
            pub(super) flow: Option<String>,
            /// States, separated by commas; all unless given.
            pub(super) states: Option<String>,
            /// The beginning of a number, an id, or else a part of number, name or employee, in any case.
            pub(super) search: Option<String>,
            /// Approved on this day or later, such as 2026-01-31.
            pub(super) approved_from: Option<String>,
            /// Approved on this day or earlier.
            pub(super) approved_to: Option<String>,
            /// With a problem of this code, such as MLC-101.
            pub(super) problem: Option<String>,
            /// In this currency, such as USD.
            pub(super) currency: Option<String>,
            /// Of this amount or more, in minor units: what is or would be posted, else the total at the source.
            pub(super) amount_from_minor: Option<i64>,
            /// Of this amount or less, in minor units.
            pub(super) amount_to_minor: Option<i64>,
            /// `first_seen` unless given, `approved`, `amount` or `age`.
            pub(super) sort: Option<String>,
            /// `asc` unless given, or `desc`.
            pub(super) order: Option<String>,
            $($more)*
        }
    )+};
}

queries! {
    /// Which reports are asked for, and in which order.
    ReportQuery {
        /// `next` of the page before; it goes with the same filter and order.
        #[serde(default)]
        pub(super) after: String,
        /// Rows of the page: 50 unless given, 200 at most.
        pub(super) limit: Option<u32>,
    }
    /// The same for all of them.
    WholeQuery {}
}

impl From<WholeQuery> for ReportQuery {
    fn from(whole: WholeQuery) -> Self {
        Self {
            flow: whole.flow,
            states: whole.states,
            search: whole.search,
            approved_from: whole.approved_from,
            approved_to: whole.approved_to,
            problem: whole.problem,
            currency: whole.currency,
            amount_from_minor: whole.amount_from_minor,
            amount_to_minor: whole.amount_to_minor,
            sort: whole.sort,
            order: whole.order,
            after: String::new(),
            limit: None,
        }
    }
}

impl ReportQuery {
    /// As the store looks for it. A field without a value asks for nothing, as a form sends it.
    pub(super) fn filter(&self) -> Result<ReportFilter, Refusal> {
        let search = given(&self.search).unwrap_or_default().trim();
        if search.len() > SEARCH_BYTES {
            return Err(Refusal::invalid("search", format!("It may have at most {SEARCH_BYTES} bytes.")));
        }
        let unknown = |name: &str| Refusal::invalid("states", format!("'{name}' is no state of a report."));
        let states = given(&self.states).into_iter().flat_map(|names| names.split(','));
        let states = states.map(|name| InboxState::parse(name.trim()).ok_or_else(|| unknown(name)));
        let day = |name: &str, day: &Option<String>| -> Result<Option<Date>, Refusal> {
            let parsed = given(day).map(str::parse).transpose();
            parsed.map_err(|_| Refusal::invalid(name, "It is no day such as 2026-01-31."))
        };
        let no_code = || Refusal::invalid("problem", "It is no code such as MLC-101.");
        let mut states = states.collect::<Result<Vec<_>, _>>()?;
        states.sort_unstable();
        states.dedup();
        Ok(ReportFilter {
            states,
            search: search.to_owned(),
            approved_from: day("approved_from", &self.approved_from)?,
            approved_to: day("approved_to", &self.approved_to)?,
            problem: given(&self.problem).map(|code| Code::parse(code).ok_or_else(no_code)).transpose()?,
            currency: given(&self.currency).map(str::to_owned),
            amount_from_minor: self.amount_from_minor,
            amount_to_minor: self.amount_to_minor,
        })
    }

    /// The order. The older a report, the earlier it was first seen.
    pub(super) fn sorted(&self) -> Result<ReportOrder, Refusal> {
        let descending = match given(&self.order) {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(Refusal::invalid("order", "It is none of asc, desc.")),
        };
        let by = |sort, descending| Ok(ReportOrder { sort, descending });
        match given(&self.sort) {
            None | Some("first_seen") => by(ReportSort::FirstSeen, descending),
            Some("age") => by(ReportSort::FirstSeen, !descending),
            Some("approved") => by(ReportSort::Approved, descending),
            Some("amount") => by(ReportSort::Amount, descending),
            Some(_) => Err(Refusal::invalid("sort", "It is none of first_seen, approved, amount, age.")),
        }
    }
}

/// A value that is there.
fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|text| !text.is_empty())
}

/// A list as it is asked for, checked.
pub(super) struct ReportList {
    customer: CustomerStore,
    flows: Vec<FlowId>,
    filter: ReportFilter,
    order: ReportOrder,
    cursors: Cursors,
}

impl ReportList {
    /// Of one flow, or of all of the customer's.
    pub(super) async fn of(
        customer: CustomerStore,
        flow: Option<FlowId>,
        asked: &ReportQuery,
    ) -> Result<Self, Refusal> {
        let (filter, order) = (asked.filter()?, asked.sorted()?);
        let which = format!("{flow:?} {filter:?} {order:?}");
        let flows = match flow {
            Some(flow) => vec![flow],
            None => customer.flows().await?.into_iter().map(|flow| flow.id).collect(),
        };
        let cursors = Cursors::new(&customer, "reports", &which);
        Ok(Self { customer, flows, filter, order, cursors })
    }

    /// A page of it: each report with the hold that stands over it, and what to ask for `after`.
    pub(super) async fn page(
        &self,
        asked: &ReportQuery,
    ) -> Result<(Vec<(InboxReport, Option<Hold>)>, Option<String>), Refusal> {
        let paging = Paging::of(asked.after.clone(), asked.limit);
        let after = self.cursors.after_as(&paging, ReportKey::parse)?;
        let found = self.customer.find_reports(&self.flows, &self.filter, self.order, after, paging.limit()).await?;
        let mut rows = Vec::with_capacity(found.reports.len());
        let mut holds: HashMap<(FlowId, String), Hold> = HashMap::new();
        for flow in &self.flows {
            let of_flow = found.reports.iter().filter(|report| report.flow == *flow);
            let ids: Vec<&str> = of_flow.map(|report| report.report_id.as_str()).collect();
            let held = self.customer.holds(flow, &ids).await?;
            holds.extend(held.into_iter().map(|(id, hold)| ((flow.clone(), id), hold)));
        }
        for report in found.reports {
            let hold = holds.remove(&(report.flow.clone(), report.report_id.clone()));
            rows.push((report, hold));
        }
        Ok((rows, found.next.map(|key| self.cursors.write(&key.to_text()))))
    }
}

/// List a flow's reports
///
/// A page may be short, or empty, and still have a `next`: where a filter has no index, only so many reports are looked
/// at for one page.
#[utoipa::path(get, path = "/customers/{customer}/flows/{flow}/reports", operation_id = "list_reports",
    tag = "Reports", params(FlowPlace, ReportQuery),
    responses((status = 200, description = "A page of reports", body = Page<ReportAnswer>)))]
async fn list_reports(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(place): Place<FlowPlace>,
    Asked(asked): Asked<ReportQuery>,
) -> Result<axum::Json<Page<ReportAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &place.customer, Right::View).await?;
    let flow = customer.flow(&flow_id(&place.flow)?).await?.id;
    if named_flow(&customer, given(&asked.flow)).await?.is_some_and(|named| named != flow) {
        return Err(Refusal::invalid("flow", "The address names another flow."));
    }
    answer(ReportList::of(customer, Some(flow), &asked).await?, &asked).await
}

/// List the reports of all flows of a customer
///
/// As `list_reports` does.
#[utoipa::path(get, path = "/customers/{customer}/reports", operation_id = "list_all_reports", tag = "Reports",
    params(("customer" = String, Path, description = "The customer's id"), ReportQuery),
    responses((status = 200, description = "A page of reports", body = Page<ReportAnswer>)))]
async fn list_all_reports(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
    Asked(asked): Asked<ReportQuery>,
) -> Result<axum::Json<Page<ReportAnswer>>, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::View).await?;
    let flow = named_flow(&customer, given(&asked.flow)).await?;
    answer(ReportList::of(customer, flow, &asked).await?, &asked).await
}

async fn answer(list: ReportList, asked: &ReportQuery) -> Result<axum::Json<Page<ReportAnswer>>, Refusal> {
    let (rows, next) = list.page(asked).await?;
    let items = rows.into_iter().map(|(report, hold)| ReportAnswer::with_hold(report, hold)).collect();
    Ok(axum::Json(Page { items, next }))
}

/// Download the whole list of reports as CSV, amounts with their decimals
#[utoipa::path(get, path = "/customers/{customer}/reports/csv", operation_id = "download_reports", tag = "Reports",
    params(("customer" = String, Path, description = "The customer's id"), WholeQuery),
    responses((status = 200, description = "A row for each report", content_type = "text/csv", body = String)))]
async fn download_reports(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
    Asked(asked): Asked<WholeQuery>,
) -> Result<Response, Refusal> {
    let asked = ReportQuery::from(asked);
    let (customer, _) = caller.customer(&state, &customer, Right::View).await?;
    let flow = named_flow(&customer, given(&asked.flow)).await?;
    download(ReportList::of(customer, flow, &asked).await?)
}

/// The whole list as a file, written while it is read: no more than a page of it is ever in memory.
pub(super) fn download(list: ReportList) -> Result<Response, Refusal> {
    let begun = (list, Some(Csv::new(&COLUMNS)), Some(None));
    let rows = try_unfold(begun, |(list, header, place)| async move {
        let Some(after) = place else { return Ok::<_, StoreError>(None) };
        let found = list.customer.find_reports(&list.flows, &list.filter, list.order, after, LIMIT).await?;
        let mut csv = header.unwrap_or_else(Csv::more);
        found.reports.iter().for_each(|report| csv.row(cells(report)));
        let next = found.next.map(Some);
        Ok(Some((Bytes::from(csv.into_bytes()), (list, None, next))))
    });
    attachment_of("text/csv; charset=utf-8", "reports.csv", Body::from_stream(rows))
}

fn cells(report: &InboxReport) -> [String; 15] {
    let currency = report.currency.as_deref().and_then(|code| Currency::parse(code).ok());
    let money = |minor: Option<i64>| match (minor, currency) {
        (Some(minor), Some(currency)) => Amount::new(minor, currency).decimals(),
        _ => String::new(),
    };
    let moment = |at_ms| serde_json::to_value(Moment(at_ms)).ok().and_then(|at| at.as_str().map(str::to_owned));
    let mut codes: Vec<String> = report.problems.iter().map(|problem| problem.code.to_string()).collect();
    codes.sort();
    codes.dedup();
    [
        report.flow.to_string(),
        report.report_id.clone(),
        report.number.clone().unwrap_or_default(),
        report.name.clone(),
        report.employee.clone(),
        report.state.name().to_owned(),
        report.source_state.name().to_owned(),
        report.approved_on.map(|day| day.to_string()).unwrap_or_default(),
        report.currency.clone().unwrap_or_default(),
        money(report.total_minor),
        money(report.amount_minor),
        money(report.skipped_minor),
        codes.join(" "),
        moment(report.first_seen_ms).unwrap_or_default(),
        moment(report.changed_ms).unwrap_or_default(),
    ]
}
