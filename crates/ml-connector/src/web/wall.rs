//! All customers of an operator, one row each, the most urgent first. It shows figures that were counted before and
//! when flows are due; it opens no customer's data, so that whoever administers the installation sees where help is
//! needed and not what is booked.

use std::collections::BTreeMap;

use axum::extract::State as Shared;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::me::roles;
use super::moment::Moment;
use super::page::{Page, Paging};
use super::problem::Refusal;
use super::request::Asked;
use super::state::State;
use crate::store::{CustomerFigures, CustomerId, CustomerTimes};

/// Whoever has roles for so many customers at most is read by them, and anybody else along the order.
const FEW: usize = 200;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(show_wall))
}

/// What a customer waits for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WallRow {
    /// The customer's id.
    pub(super) customer: String,
    /// Its name.
    pub(super) name: String,
    /// The caller's roles for it; none where only the figures may be seen.
    pub(super) roles: Vec<&'static str>,
    /// Why it needs somebody: `unknown` (it is unknown whether an entry is in the ledger, or the ledger contradicts us),
    /// `failing` (passes fail), `waiting` (reports wait for somebody), `calm`.
    pub(super) urgency: &'static str,
    /// How long the longest due flow has waited for a worker, in seconds.
    pub(super) lag_seconds: i64,
    /// Flows.
    pub(super) flows: i64,
    /// Flows whose last pass failed.
    pub(super) failing: i64,
    /// Flows that are paused.
    pub(super) paused: i64,
    /// By what one of the failing ones failed.
    pub(super) failing_code: Option<String>,
    /// That code's title.
    pub(super) failing_title: Option<&'static str>,
    /// Since when.
    pub(super) failing_since: Option<Moment>,
    /// Reports held by a problem of translation.
    pub(super) held: i64,
    /// That the ledger refused or contradicts.
    pub(super) refused: i64,
    /// Money of the held and refused ones by currency, in minor units.
    pub(super) held_minor: BTreeMap<String, i64>,
    /// Since when the oldest is held.
    pub(super) oldest_held_at: Option<Moment>,
    /// Reports that changed after they were frozen or posted.
    pub(super) drifted: i64,
    /// Reports of unknown outcome.
    pub(super) unknown: i64,
    /// Since when the oldest is.
    pub(super) oldest_unknown_at: Option<Moment>,
    /// Reports that wait for an approval.
    pub(super) approvals: i64,
    /// Since when the oldest does.
    pub(super) oldest_approval_at: Option<Moment>,
    /// When the source was last read as a whole, by the flow that is furthest behind; null for never.
    pub(super) last_success_at: Option<Moment>,
    /// When the secret that was left alone for longest was put. Neither vendor tells when one expires.
    pub(super) oldest_secret_at: Option<Moment>,
    /// When this was counted; null where no pass did anything yet.
    pub(super) counted_at: Option<Moment>,
}

/// Show all customers, the most urgent first
///
/// Those that the caller has a role for; for the installation's administrator all of them, in figures alone.
#[utoipa::path(get, path = "/wall", operation_id = "show_wall", tag = "Customers", params(Paging),
    responses((status = 200, description = "A page of customers", body = Page<WallRow>)))]
async fn show_wall(
    Shared(state): Shared<State>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<axum::Json<Page<WallRow>>, Refusal> {
    Ok(axum::Json(wall(&state, &caller, &paging).await?))
}

/// A page of the wall.
///
/// # Errors
/// A refusal of what is no cursor; those of the store.
pub(super) async fn wall(state: &State, caller: &Caller, paging: &Paging) -> Result<Page<WallRow>, Refusal> {
    let all = caller.may_install();
    let (rank, after) = cursor(&paging.after)?;
    let mut mine: Vec<CustomerId> = caller.grants().iter().map(|grant| grant.customer.clone()).collect();
    mine.sort();
    mine.dedup();
    let rows = if !all && mine.len() <= FEW {
        let mine: Vec<&CustomerId> = mine.iter().collect();
        let mut rows = state.store.customer_figures_of(&mine).await?;
        rows.retain(|row| (row.rank, row.customer.as_str()) > (rank, after.as_str()));
        rows.sort_by(|a, b| (a.rank, &a.customer).cmp(&(b.rank, &b.customer)));
        rows.truncate(usize::try_from(paging.rows()).unwrap_or(usize::MAX));
        rows
    } else {
        let of = (!all).then_some(&caller.user().id);
        state.store.customer_figures(of, (rank, &after), paging.rows()).await?
    };
    let now_ms = state.clock.now_ms();
    let ids: Vec<&CustomerId> = rows.iter().map(|row| &row.customer).collect();
    let times = state.store.customer_times(&ids, now_ms).await?;
    let page = Page::cut(
        paging,
        rows,
        |row| format!("{}.{}", row.rank, row.customer),
        |row| {
            let shown = all || !caller.rights(&row.customer).is_empty();
            let times = times.get(&row.customer).copied().unwrap_or_default();
            shown.then(|| WallRow::of(caller, row, times, now_ms))
        },
    );
    // What a token does not cover is left out of its page.
    let items = page.items.into_iter().flatten().collect();
    Ok(Page { items, next: page.next })
}

/// Where a page goes on: after a rank and a customer. Neither is a secret to whoever was shown the row.
fn cursor(text: &str) -> Result<(i64, String), Refusal> {
    if text.is_empty() {
        return Ok((i64::MIN, String::new()));
    }
    let read = text.split_once('.').and_then(|(rank, customer)| {
        CustomerId::parse(customer)?;
        Some((rank.parse().ok()?, customer.to_owned()))
    });
    read.ok_or_else(|| Refusal::invalid("after", "It is no `next` of this list."))
}

impl WallRow {
    fn of(caller: &Caller, row: CustomerFigures, times: CustomerTimes, now_ms: i64) -> Self {
        Self {
            roles: roles(caller.grants(), &row.customer),
            urgency: row.urgency().name(),
            customer: row.customer.to_string(),
            name: row.name,
            lag_seconds: times.due_ms.map_or(0, |due_ms| now_ms.saturating_sub(due_ms).max(0) / 1_000),
            flows: times.flows,
            failing: times.failing,
            paused: times.paused,
            failing_code: row.failing_code.map(|code| code.to_string()),
            failing_title: row.failing_code.map(accounting::Code::title),
            failing_since: row.failing_ms.map(Moment),
            held: row.held,
            refused: row.refused,
            held_minor: row.held_money,
            oldest_held_at: row.oldest_held_ms.map(Moment),
            drifted: row.drift,
            unknown: row.unknown,
            oldest_unknown_at: row.oldest_unknown_ms.map(Moment),
            approvals: row.gated,
            oldest_approval_at: row.oldest_gated_ms.map(Moment),
            last_success_at: times.polled_ms.map(Moment),
            oldest_secret_at: row.secret_ms.map(Moment),
            counted_at: row.counted_ms.map(Moment),
        }
    }
}
