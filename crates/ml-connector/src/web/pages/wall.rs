//! The customers of an operator, the most urgent first. It shows the wall of the API; of a customer that the person has
//! no role for it shows figures and no way in.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::super::page::Paging;
use super::super::problem::Refusal;
use super::super::state::State;
use super::super::wall::{WallRow, wall};
use super::frame::Frame;
use super::query::Query;
use super::refused::show;
use super::visit::Arrival;
use super::words;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/wall", get(list))
}

#[derive(askama::Template)]
#[template(path = "wall.html")]
struct Wall {
    frame: Frame,
    rows: Vec<Row>,
    first: String,
    next: String,
}

struct Row {
    name: String,
    /// Empty where the person may see figures only.
    to: String,
    mark: &'static str,
    urgency: &'static str,
    why: String,
    lag: String,
    held: i64,
    money: Vec<(i64, String)>,
    oldest_held: String,
    unknown: i64,
    drifted: i64,
    approvals: i64,
    oldest_approval: String,
    last_success: Option<i64>,
    oldest_secret: String,
}

async fn list(arrival: Arrival) -> Result<Response, Refusal> {
    let Arrival { state, caller, frame } = arrival;
    let query = Query::of(&frame.query);
    let after = query.text("after").to_owned();
    let first = if after.is_empty() { String::new() } else { "/wall".to_owned() };
    let page = wall(&state, &caller, &Paging::of(after, None)).await?;
    let now_ms = state.clock.now_ms();
    let next = page.next.map(|next| format!("/wall?{}", query.next(&[], &next))).unwrap_or_default();
    Ok(show(&Wall { rows: page.items.into_iter().map(|row| one(row, now_ms)).collect(), first, next, frame }))
}

fn one(row: WallRow, now_ms: i64) -> Row {
    let age = |at: Option<super::super::moment::Moment>| {
        at.map(|at| format!("for {}", words::span(at.0, now_ms))).unwrap_or_default().replace("for moments", "just now")
    };
    let (mark, urgency) = match row.urgency {
        "unknown" => ("bad", "Being verified"),
        "failing" => ("bad", "Not working"),
        "waiting" => ("wait", "Waits for somebody"),
        _ => ("ok", "Nothing to do"),
    };
    let why = match (row.failing_title, row.failing) {
        (Some(title), 1..) => format!("{title} {}", age(row.failing_since)),
        _ => String::new(),
    };
    let to = if row.roles.is_empty() { String::new() } else { format!("/c/{}", row.customer) };
    let lag = u64::try_from(row.lag_seconds / 60).unwrap_or(0);
    Row {
        name: row.name,
        to,
        mark,
        urgency,
        why,
        lag: if lag == 0 { String::new() } else { words::count(&lag, "minute") },
        held: row.held.saturating_add(row.refused),
        money: row.held_minor.into_iter().map(|(currency, minor)| (minor, currency)).collect(),
        oldest_held: age(row.oldest_held_at),
        unknown: row.unknown,
        drifted: row.drifted,
        approvals: row.approvals,
        oldest_approval: age(row.oldest_approval_at),
        last_success: row.last_success_at.map(|at| at.0),
        oldest_secret: row.oldest_secret_at.map(|at| words::span(at.0, now_ms)).unwrap_or_default(),
    }
}
