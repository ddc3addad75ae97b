//! A customer at a glance: money by where it stands, the last 30 days, what the schedules bring next, and what to do. It
//! shows what was counted at the end of passes, and reads a few rows a flow however much is stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use accounting::Date;
use accounting::schedule::{may_post_at, next_closed};
use axum::extract::State as Shared;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::Caller;
use super::do_next::{self, ToDo};
use super::moment::Moment;
use super::problem::Refusal;
use super::request::Place;
use super::state::State;
use crate::flow::{Flow, Mode};
use crate::store::{Board, BoardDay, CustomerStore, FlowTimes, Right, Standing, StoredFlow, Sum};
use crate::work::board::{month_of, today};

/// Days of the strip.
const DAYS: i32 = 30;
/// Things to do that are shown.
const TO_DO: usize = 20;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(show_dashboard))
}

/// A count and its money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct SumAnswer {
    /// How many.
    pub(super) count: u64,
    /// Their money in minor units.
    pub(super) minor: i64,
}

impl From<Sum> for SumAnswer {
    fn from(sum: Sum) -> Self {
        Self { count: sum.count, minor: sum.minor }
    }
}

/// Where the money of one currency stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MoneyAnswer {
    /// The currency; empty for reports that name none.
    pub(super) currency: String,
    /// Entries in the ledger whose posting date lies in this month.
    pub(super) posted: SumAnswer,
    /// Reports read, translated or under way, and not in the ledger yet.
    pub(super) waiting: SumAnswer,
    /// Reports held by a problem of translation.
    pub(super) held: SumAnswer,
    /// Reports that the ledger refused or contradicts.
    pub(super) refused: SumAnswer,
    /// Reports that changed at the source after they were frozen or posted.
    pub(super) drifted: SumAnswer,
    /// Reports of which it is unknown whether they are in the ledger.
    pub(super) unknown: SumAnswer,
    /// Of the held ones: because the mapping lacks something.
    pub(super) unmapped: SumAnswer,
}

/// One day of the strip.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DayAnswer {
    /// The day, such as 2026-11-24, in each flow's own time zone.
    pub(super) day: String,
    /// Entries that got into the ledger on this day, by currency.
    pub(super) posted: BTreeMap<String, SumAnswer>,
    /// Reports held or refused at its end, or now, by currency; null before it was first counted.
    pub(super) held: Option<BTreeMap<String, SumAnswer>>,
}

/// When the month's books close for a flow.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CloseAnswer {
    /// Last day of the closed books, as the ledger told when it was last asked.
    pub(super) closed_through: Option<String>,
    /// When the flow's freeze begins, or began.
    pub(super) freeze_at: Option<Moment>,
    /// When it ends.
    pub(super) freeze_until: Option<Moment>,
    /// Whole days until it begins; 0 while it holds; null where the flow has no freeze.
    pub(super) days: Option<i64>,
}

/// A flow at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlowGlance {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// `rehearsal` or `post`; null where the document can no longer be read.
    pub(super) mode: Option<&'static str>,
    /// Its time zone.
    pub(super) time_zone: Option<String>,
    /// Since when posting is paused.
    pub(super) paused_at: Option<Moment>,
    /// Passes in a row that failed.
    pub(super) failures: i64,
    /// When the source was last read as a whole.
    pub(super) polled_at: Option<Moment>,
    /// When it is read next.
    pub(super) poll_at: Option<Moment>,
    /// When the chart was last read.
    pub(super) refreshed_at: Option<Moment>,
    /// When it is read next.
    pub(super) refresh_at: Option<Moment>,
    /// When its figures were counted; null where no pass did anything yet.
    pub(super) counted_at: Option<Moment>,
    /// When the books close.
    pub(super) close: CloseAnswer,
}

/// A customer at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DashboardAnswer {
    /// Its id.
    pub(super) customer: String,
    /// Its name.
    pub(super) name: String,
    /// The month that `posted` is of, such as `2026-11`: the one that it is in the first flow's time zone.
    pub(super) month: String,
    /// By currency.
    pub(super) money: Vec<MoneyAnswer>,
    /// The last 30 days, the oldest first.
    pub(super) days: Vec<DayAnswer>,
    /// Every flow, by name.
    pub(super) flows: Vec<FlowGlance>,
    /// What to do, the most urgent first.
    pub(super) do_next: Vec<ToDo>,
    /// How many more things there are to do.
    pub(super) do_next_left_out: usize,
    /// How many causes hold reports.
    pub(super) causes: u64,
}

/// Show a customer at a glance
///
/// Money, the last 30 days, what comes next and what to do, as counted at the end of each flow's last pass that did
/// something.
#[utoipa::path(get, path = "/customers/{customer}/dashboard", operation_id = "show_dashboard", tag = "Customers",
    params(("customer" = String, Path, description = "The customer's id")),
    responses((status = 200, description = "At a glance", body = DashboardAnswer)))]
async fn show_dashboard(
    Shared(state): Shared<State>,
    caller: Caller,
    Place(customer): Place<String>,
) -> Result<axum::Json<DashboardAnswer>, Refusal> {
    let (customer, _) = caller.customer(&state, &customer, Right::View).await?;
    Ok(axum::Json(dashboard(&state, &customer).await?))
}

/// What a flow adds to the whole.
struct OneFlow {
    stored: StoredFlow,
    flow: Option<Arc<Flow>>,
    times: FlowTimes,
    board: Option<Board>,
}

/// A customer at a glance.
///
/// # Errors
/// Those of the store.
pub(super) async fn dashboard(state: &State, customer: &CustomerStore) -> Result<DashboardAnswer, Refusal> {
    let now_ms = state.clock.now_ms();
    let record = customer.customer().await?;
    let mut boards: BTreeMap<_, _> = customer.boards().await?.into_iter().collect();
    let mut flows = Vec::new();
    for stored in customer.flows().await? {
        let times = customer.flow_times(&stored.id).await?;
        flows.push(OneFlow { flow: state.flow(&stored), board: boards.remove(&stored.id), times, stored });
    }
    let zone = flows.iter().find_map(|one| Some(one.flow.as_ref()?.schedule.zone.clone()));
    let today = today(now_ms, &zone.unwrap_or(jiff::tz::TimeZone::UTC));
    let month = month_of(today);
    let mut to_do = Vec::new();
    for one in &flows {
        let board = one.board.clone().unwrap_or_default();
        to_do.extend(do_next::of_flow(customer, &one.stored, &one.times, &board).await?);
    }
    let do_next_left_out = do_next::sort(&mut to_do, now_ms, TO_DO);
    Ok(DashboardAnswer {
        customer: record.id.to_string(),
        name: record.name,
        money: money(&flows, &month),
        month,
        days: strip(&flows, today),
        do_next: to_do,
        do_next_left_out,
        causes: flows.iter().filter_map(|one| Some(one.board.as_ref()?.all_causes)).sum(),
        flows: flows.iter().map(|one| glance(one, now_ms)).collect(),
    })
}

fn money(flows: &[OneFlow], month: &str) -> Vec<MoneyAnswer> {
    let mut all: BTreeMap<String, (Standing, Sum)> = BTreeMap::new();
    for board in flows.iter().filter_map(|one| one.board.as_ref()) {
        for (currency, standing) in &board.standing {
            let (sum, _) = all.entry(currency.clone()).or_default();
            sum.waiting.add(standing.waiting);
            sum.held.add(standing.held);
            sum.refused.add(standing.refused);
            sum.drifted.add(standing.drifted);
            sum.unknown.add(standing.unknown);
            sum.unmapped.add(standing.unmapped);
        }
        for (currency, posted) in board.months.get(month).into_iter().flatten() {
            all.entry(currency.clone()).or_default().1.add(*posted);
        }
    }
    let answer = |(currency, (standing, posted)): (String, (Standing, Sum))| MoneyAnswer {
        currency,
        posted: posted.into(),
        waiting: standing.waiting.into(),
        held: standing.held.into(),
        refused: standing.refused.into(),
        drifted: standing.drifted.into(),
        unknown: standing.unknown.into(),
        unmapped: standing.unmapped.into(),
    };
    all.into_iter().map(answer).collect()
}

/// The last days over all flows. What was held stands as it was last counted, until it is counted again.
fn strip(flows: &[OneFlow], today: Date) -> Vec<DayAnswer> {
    let boards: Vec<&Board> = flows.iter().filter_map(|one| one.board.as_ref()).collect();
    let days: Vec<String> =
        (0..DAYS).rev().filter_map(|ago| Some(today.checked_sub(ago.days()).ok()?.to_string())).collect();
    let first = days.first().cloned().unwrap_or_default();
    let before = |board: &&Board| board.days.range(..first.clone()).rev().find_map(|(_, day)| day.held.clone());
    let mut held: Vec<Option<BTreeMap<String, Sum>>> = boards.iter().map(before).collect();
    let day_of = |day: String| {
        let (mut posted, mut standing) = (BTreeMap::new(), None);
        for (board, held) in boards.iter().zip(&mut held) {
            let BoardDay { posted: got_in, held: counted } = board.days.get(&day).cloned().unwrap_or_default();
            add_all(&mut posted, &got_in);
            if counted.is_some() {
                *held = counted;
            }
            if let Some(held) = held {
                add_all(standing.get_or_insert_default(), held);
            }
        }
        DayAnswer { day, posted: answers(posted), held: standing.map(answers) }
    };
    days.into_iter().map(day_of).collect()
}

fn add_all(to: &mut BTreeMap<String, Sum>, from: &BTreeMap<String, Sum>) {
    for (currency, sum) in from {
        to.entry(currency.clone()).or_default().add(*sum);
    }
}

fn answers(sums: BTreeMap<String, Sum>) -> BTreeMap<String, SumAnswer> {
    sums.into_iter().map(|(currency, sum)| (currency, sum.into())).collect()
}

fn glance(one: &OneFlow, now_ms: i64) -> FlowGlance {
    let OneFlow { stored, flow, times, board } = one;
    let next = |cadence: fn(&Flow) -> &accounting::Cadence, last_ms: Option<i64>| {
        let flow = flow.as_ref()?;
        let due = cadence(flow).due(last_ms, now_ms, &flow.schedule.zone);
        // What is due already is done when a worker takes the flow.
        if due.now { Some(Moment(times.next_ms)) } else { due.next_ms.map(Moment) }
    };
    FlowGlance {
        id: stored.id.to_string(),
        name: stored.name.clone(),
        mode: flow.as_ref().map(|flow| if flow.mode == Mode::Post { "post" } else { "rehearsal" }),
        time_zone: flow.as_ref().map(|flow| flow.schedule.time_zone.clone()),
        paused_at: times.paused_ms.map(Moment),
        failures: times.failures,
        polled_at: times.polled_ms.map(Moment),
        poll_at: next(|flow| &flow.schedule.poll, times.polled_ms),
        refreshed_at: times.refreshed_ms.map(Moment),
        refresh_at: next(|flow| &flow.schedule.refresh, times.refreshed_ms),
        counted_at: board.as_ref().map(|board| Moment(board.counted_ms)),
        close: close(flow.as_deref(), board.as_ref(), now_ms),
    }
}

/// When the flow's freeze begins, where it has one, and how far the ledger's books are closed.
fn close(flow: Option<&Flow>, board: Option<&Board>, now_ms: i64) -> CloseAnswer {
    let closed_through = board.and_then(|board| board.closed_through.clone());
    let now = Timestamp::from_millisecond(now_ms).unwrap_or_default();
    let frozen = flow.and_then(|flow| {
        let schedule = &flow.schedule;
        match may_post_at(&[], &schedule.freeze, now, &schedule.zone) {
            Err(closed) => Some((now, closed.until, 0)),
            Ok(()) => {
                let (begin, closed) = next_closed(&[], &schedule.freeze, now, &schedule.zone)?;
                let day = |at: Timestamp| at.to_zoned(schedule.zone.clone()).date();
                let days = day(now).until(day(begin)).map_or(0, |span| i64::from(span.get_days()));
                Some((begin, closed.until, days))
            }
        }
    });
    let at = |time: Timestamp| Moment(time.as_millisecond());
    CloseAnswer {
        closed_through,
        freeze_at: frozen.map(|(begin, ..)| at(begin)),
        freeze_until: frozen.map(|(_, until, _)| at(until)),
        days: frozen.map(|(.., days)| days),
    }
}
