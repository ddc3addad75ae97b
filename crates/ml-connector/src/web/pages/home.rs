//! Home of a customer: money first, then the last 30 days, what to do, and what comes next. It shows the dashboard of the
//! API and adds up nothing.

use std::collections::BTreeMap;

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::super::dashboard::{DashboardAnswer, DayAnswer, FlowGlance, MoneyAnswer, SumAnswer, dashboard};
use super::super::do_next::ToDo;
use super::super::problem::Refusal;
use super::super::state::State;
use super::frame::Frame;
use super::refused::show;
use super::visit::Visit;
use super::words;

/// Width of a day in the strip, and heights above and below its line.
const DAY_WIDTH: usize = 20;
const ABOVE: i64 = 64;
const BELOW: i64 = 24;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/c/{customer}", get(home))
}

#[derive(askama::Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    month: String,
    /// Nothing is set up yet.
    bare: bool,
    money: Vec<OneMoney>,
    to_do: Vec<Card>,
    left_out: usize,
    flows: Vec<OneFlow>,
    counted_ms: Option<i64>,
}

/// A currency with its tiles and its strip.
struct OneMoney {
    currency: String,
    tiles: Vec<Tile>,
    strip: Strip,
}

struct Tile {
    what: String,
    minor: i64,
    currency: String,
    more: String,
    to: String,
    bad: bool,
}

/// The last 30 days of a currency, drawn and as a table.
struct Strip {
    bars: Vec<Bar>,
    label: String,
    first: String,
    last: String,
    rows: Vec<DayRow>,
}

/// What is drawn of a day: money that got in above the line, money held below it.
struct Bar {
    x: usize,
    top: i64,
    height: i64,
    held: i64,
    title: String,
}

struct DayRow {
    day: String,
    posted: SumAnswer,
    held: Option<SumAnswer>,
    currency: String,
}

struct Card {
    what: &'static str,
    title: &'static str,
    value: String,
    detail: String,
    remedy: &'static str,
    owner: &'static str,
    flow: String,
    code: String,
    count: String,
    money: Vec<(i64, String)>,
    age: String,
    to: String,
    act: &'static str,
}

struct OneFlow {
    name: String,
    to: String,
    glance: FlowGlance,
    /// How long until the source is read, and the chart.
    poll_in: String,
    refresh_in: String,
    days: Option<String>,
    times: FlowTimes,
}

/// Times of a flow in epoch milliseconds.
struct FlowTimes {
    polled: Option<i64>,
    poll: Option<i64>,
    refresh: Option<i64>,
    paused: Option<i64>,
    freeze: Option<i64>,
    freeze_until: Option<i64>,
}

async fn home(visit: Visit) -> Result<Response, Refusal> {
    let shown = dashboard(&visit.state, &visit.customer).await?;
    let now_ms = visit.state.clock.now_ms();
    let frame = visit.frame;
    let DashboardAnswer { month, money, days, flows, do_next, do_next_left_out, .. } = shown;
    let month = month_in_words(&month);
    let money = money.iter().map(|one| one_money(&frame, one, &days, &month)).collect();
    Ok(show(&Home {
        bare: flows.is_empty(),
        money,
        to_do: do_next.into_iter().map(|to_do| card(&frame, to_do, now_ms)).collect(),
        left_out: do_next_left_out,
        counted_ms: flows.iter().filter_map(|flow| Some(flow.counted_at?.0)).min(),
        flows: flows.into_iter().map(|flow| one_flow(&frame, flow, now_ms)).collect(),
        month,
        frame,
    }))
}

fn one_money(frame: &Frame, money: &MoneyAnswer, days: &[DayAnswer], month: &str) -> OneMoney {
    let tile = |what: &str, sum: SumAnswer, noun: &str, to: &str, bad: bool| Tile {
        what: what.to_owned(),
        minor: sum.minor,
        currency: money.currency.clone(),
        more: counted(sum.count, noun),
        to: frame.at(to),
        bad: bad && sum.count > 0,
    };
    let reports = |states: &str| format!("/reports?states={states}&currency={}", money.currency);
    let mut tiles = vec![
        tile(&format!("Posted in {month}"), money.posted, "entry", &reports("posted"), false),
        tile("Waiting", money.waiting, "report", &reports("seen,ready,sent"), false),
        tile("Held", money.held, "report", &reports("held"), true),
        tile("Changed after posting", money.drifted, "report", "/cases", true),
        tile("Unmapped value", money.unmapped, "report", "/mapping", true),
    ];
    if money.refused.count > 0 {
        tiles.push(tile("Refused or contradicted", money.refused, "report", &reports("rejected,conflict"), true));
    }
    if money.unknown.count > 0 {
        tiles.push(tile("Being verified", money.unknown, "report", &reports("unknown"), true));
    }
    OneMoney { currency: money.currency.clone(), tiles, strip: strip(&money.currency, days) }
}

fn strip(currency: &str, days: &[DayAnswer]) -> Strip {
    let of = |sums: &BTreeMap<String, SumAnswer>| sums.get(currency).copied().unwrap_or_default();
    let rows: Vec<DayRow> = days
        .iter()
        .map(|day| DayRow {
            day: day.day.clone(),
            posted: of(&day.posted),
            held: day.held.as_ref().map(of),
            currency: currency.to_owned(),
        })
        .collect();
    let most_posted = rows.iter().map(|row| row.posted.minor).max().unwrap_or(0);
    let most_held = rows.iter().filter_map(|row| Some(row.held?.minor)).max().unwrap_or(0);
    let bars = rows.iter().enumerate().map(|(at, row)| {
        let height = scaled(row.posted.minor, most_posted, ABOVE);
        let posted = words::money(&row.posted.minor, currency);
        let held = row.held.unwrap_or_default();
        let title =
            format!("{}: {posted} {currency} posted, {} {currency} held", row.day, words::money(&held.minor, currency));
        Bar { x: at * DAY_WIDTH, top: ABOVE - height, height, held: scaled(held.minor, most_held, BELOW), title }
    });
    let sum: i64 = rows.iter().map(|row| row.posted.minor).fold(0, i64::saturating_add);
    let held = rows.last().and_then(|row| row.held).unwrap_or_default();
    let label = format!(
        "The last 30 days: {} {currency} posted in all; {} {currency} held now.",
        words::money(&sum, currency),
        words::money(&held.minor, currency)
    );
    let day = |row: Option<&DayRow>| row.map(|row| day_in_words(&row.day)).unwrap_or_default();
    Strip { bars: bars.collect(), label, first: day(rows.first()), last: day(rows.last()), rows }
}

/// A share of `full` as high as `minor` is of `most`; what is there is seen.
fn scaled(minor: i64, most: i64, full: i64) -> i64 {
    if minor <= 0 || most <= 0 {
        return 0;
    }
    let height = i128::from(minor) * i128::from(full) / i128::from(most);
    i64::try_from(height).unwrap_or(full).max(2)
}

fn card(frame: &Frame, to_do: ToDo, now_ms: i64) -> Card {
    let (to, act) = match to_do.kind {
        "connection" => (frame.at("/connections"), "See the connections"),
        "approval" => (frame.at("/approvals"), "See what waits"),
        "case" => (frame.at("/cases"), "Decide"),
        _ => (frame.at("/inbox"), "See how to mend it"),
    };
    let what = match to_do.kind {
        "connection" => "Not working",
        "approval" => "To approve",
        "case" => "To decide",
        _ => "To mend",
    };
    let noun = if to_do.kind == "case" { "case" } else { "report" };
    Card {
        what,
        title: to_do.title,
        value: to_do.value,
        // Of a cause, the title and the value say it all.
        detail: if to_do.kind == "connection" { to_do.detail } else { String::new() },
        remedy: to_do.remedy,
        owner: to_do.owner,
        flow: to_do.flow_name,
        code: to_do.code,
        count: if to_do.count > 0 { words::count(&to_do.count, noun) } else { String::new() },
        money: to_do.money_minor.into_iter().map(|(currency, minor)| (minor, currency)).collect(),
        age: age(to_do.since.0, now_ms),
        to,
        act,
    }
}

fn one_flow(frame: &Frame, glance: FlowGlance, now_ms: i64) -> OneFlow {
    let wait = |at: Option<super::super::moment::Moment>| match at {
        Some(at) if at.0 <= now_ms => "as soon as a worker is free".to_owned(),
        Some(at) => format!("in {}", words::span(now_ms, at.0).replace("moments", "a moment")),
        None => "never".to_owned(),
    };
    let ms = |at: Option<super::super::moment::Moment>| at.map(|at| at.0);
    let days = glance.close.days.map(|days| match u64::try_from(days).unwrap_or(0) {
        0 => "The close is on".to_owned(),
        days => format!("{} to the close", words::count(&days, "day")),
    });
    OneFlow {
        name: glance.name.clone(),
        to: frame.at(&format!("/flows/{}", glance.id)),
        poll_in: wait(glance.poll_at),
        refresh_in: wait(glance.refresh_at),
        days,
        times: FlowTimes {
            polled: ms(glance.polled_at),
            poll: ms(glance.poll_at),
            refresh: ms(glance.refresh_at),
            paused: ms(glance.paused_at),
            freeze: ms(glance.close.freeze_at),
            freeze_until: ms(glance.close.freeze_until),
        },
        glance,
    }
}

/// A count with its noun; of entries, the plural is their own.
fn counted(count: u64, noun: &str) -> String {
    match (noun, count) {
        ("entry", 1) => "1 journal entry".to_owned(),
        ("entry", _) => format!("{count} journal entries"),
        _ => words::count(&count, noun),
    }
}

/// How long something has waited.
fn age(since_ms: i64, now_ms: i64) -> String {
    match words::span(since_ms, now_ms).as_str() {
        "moments" => "since just now".to_owned(),
        span => format!("for {span}"),
    }
}

/// `2026-11` as `November 2026`.
fn month_in_words(month: &str) -> String {
    let first: Option<accounting::Date> = format!("{month}-01").parse().ok();
    first.map_or_else(|| month.to_owned(), |day| day.strftime("%B %Y").to_string())
}

/// `2026-11-24` as `24 Nov`.
fn day_in_words(day: &str) -> String {
    let parsed: Option<accounting::Date> = day.parse().ok();
    parsed.map_or_else(|| day.to_owned(), |day| day.strftime("%-d %b").to_string())
}
