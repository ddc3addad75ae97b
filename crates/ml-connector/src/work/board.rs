//! Has a flow's figures counted for its pages: it says which days and months are meant, by the flow's time zone. The
//! counting itself is the store's.

use accounting::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::WorkError;
use crate::clock::Clock;
use crate::flow::Flow;
use crate::store::{Board, CustomerStore, DayBounds, FlowId};

/// Counts a flow now. `books` is the last day of the closed books, where the ledger was just asked.
///
/// # Errors
/// Those of the store.
pub async fn count(
    customer: &CustomerStore,
    flow: &FlowId,
    books: Option<Option<Date>>,
    clock: &Clock,
) -> Result<Board, WorkError> {
    let stored = customer.flow(flow).await?;
    // A document that can no longer be read still has figures.
    let zone = Flow::parse(&stored.document, "", None).map_or(TimeZone::UTC, |flow| flow.schedule.zone);
    let at_ms = clock.now_ms();
    let today = today(at_ms, &zone);
    let days = last_days(today, Board::DAYS, &zone);
    let month = today.first_of_month().saturating_sub(1.month());
    let mut board = customer.count_board(flow, &days, &month_of(month), at_ms).await?;
    if let Some(closed_through) = books {
        board.closed_through = closed_through.map(|day| day.to_string());
    }
    Ok(board)
}

/// The same; that it could not be done is no reason to fail a pass.
pub async fn try_count(
    customer: &CustomerStore,
    flow: &FlowId,
    books: Option<Option<Date>>,
    clock: &Clock,
) -> Option<Board> {
    let counted = count(customer, flow, books, clock).await;
    counted.inspect_err(|error| untold(flow, error)).ok()
}

/// Counts a flow after a run, and keeps it for its customer's pages and across customers: pages show what a run did as
/// well as what a worker does.
pub async fn keep_whole(customer: &CustomerStore, flow: &FlowId, closed_through: Option<Date>, clock: &Clock) {
    let kept = async {
        let board = count(customer, flow, Some(closed_through), clock).await?;
        let mut tx = customer.begin().await?;
        tx.put_board(flow, &board, None).await?;
        tx.commit_untraced(clock.now_ms()).await?;
        Ok::<_, WorkError>(())
    };
    if let Err(error) = kept.await {
        untold(flow, &error);
    }
}

/// Counts a flow while a pass over it goes on, and keeps it.
pub async fn keep(customer: CustomerStore, flow: FlowId, clock: Clock) {
    let kept = async {
        let board = count(&customer, &flow, None, &clock).await?;
        let mut tx = customer.begin().await?;
        tx.put_board_meanwhile(&flow, &board).await?;
        tx.commit_untraced(clock.now_ms()).await?;
        Ok::<_, WorkError>(())
    };
    if let Err(error) = kept.await {
        untold(&flow, &error);
    }
}

fn untold(flow: &FlowId, error: &WorkError) {
    tracing::warn!(%flow, error = error as &dyn std::error::Error, "a flow's figures were not counted");
}

/// The day that it is in a zone.
pub fn today(at_ms: i64, zone: &TimeZone) -> Date {
    Timestamp::from_millisecond(at_ms).unwrap_or_default().to_zoned(zone.clone()).date()
}

/// The month of a day, such as `2026-11`.
pub fn month_of(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// The last `count` days up to `today`, the oldest first.
fn last_days(today: Date, count: usize, zone: &TimeZone) -> Vec<DayBounds> {
    let start = |day: Date| day.to_zoned(zone.clone()).map(|start| start.timestamp().as_millisecond()).ok();
    let back = i64::try_from(count).unwrap_or(i64::MAX);
    let days = (0..back).rev().filter_map(|ago| {
        let day = today.checked_sub(ago.days()).ok()?;
        let from_ms = start(day)?;
        let until_ms = start(day.tomorrow().ok()?)?;
        Some(DayBounds { day: day.to_string(), from_ms, until_ms })
    });
    days.collect()
}
