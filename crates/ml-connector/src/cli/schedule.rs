//! `schedule`: when a flow's schedules fire next, when nothing is posted, and what the clock's shifts do to them. It
//! reads the flow file and nothing else.

use std::path::PathBuf;
use std::process::ExitCode;

use accounting::schedule::{Shift, next_closed};
use accounting::{Cadence, Date};
use clap::Args;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use super::Common;
use super::output::{Failure, clean, heading, print_json, print_text, table};
use crate::clock::Clock;
use crate::flow::{About, Flow, Schedule};

/// How far ahead closed times are shown.
const CLOSED_DAYS: i64 = 62;
/// Most of them that are shown.
const CLOSED_MAX: usize = 20;
/// How far ahead shifts of the clock are shown.
const SHIFTS_DAYS: i64 = 366;

/// Options of `schedule`.
#[derive(Debug, Args)]
#[command(after_help = "Reads the flow file and nothing else.\n\n\
    Examples:\n  ml-connector schedule expenses.toml\n  \
    ml-connector schedule expenses.toml --from 2027-03-13 --count 10")]
pub struct ShowSchedule {
    /// The flow file
    #[arg(value_name = "FLOW.toml")]
    flow: PathBuf,
    /// Show what comes from the beginning of this day on, instead of from now on
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// How many times of each schedule are shown
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=100))]
    count: u8,
}

/// One schedule of the flow.
struct Line<'f> {
    key: String,
    cadence: &'f Cadence,
    next: Vec<Timestamp>,
}

impl ShowSchedule {
    /// Reads and shows.
    pub fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let flow = Flow::load(&self.flow)?;
        let zone = &flow.schedule.zone;
        // What fires at the very beginning of the day belongs to it.
        let begin = |day: Date| day.to_zoned(zone.clone()).ok()?.timestamp().checked_sub(1.nanosecond()).ok();
        let from = match self.from {
            None => Clock::system(zone.clone()).now(),
            Some(day) => begin(day).ok_or_else(|| Failure::Plain(format!("{day} is beyond the calendar")))?,
        };
        let line = |(key, cadence): (String, _)| {
            let next = Cadence::upcoming(cadence, from, zone, usize::from(self.count));
            Line { key, cadence, next }
        };
        let lines: Vec<Line<'_>> = cadences(&flow).into_iter().map(line).collect();
        if common.json {
            print_json(&as_json(&flow, from, &lines));
        } else {
            print_text(&as_text(&flow, from, &lines));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Every schedule with its key.
fn cadences(flow: &Flow) -> Vec<(String, &Cadence)> {
    let Schedule { poll, refresh, sweep, reconcile, .. } = &flow.schedule;
    let own = [("poll", poll), ("refresh", refresh), ("sweep", sweep), ("reconcile", reconcile)];
    let digests = flow.notify.iter().enumerate().filter(|(_, notify)| notify.about.contains(&About::Digest));
    let digests = digests.map(|(at, notify)| (format!("notify[{}].digest", at + 1), &notify.digest));
    own.into_iter().map(|(key, cadence)| (key.to_owned(), cadence)).chain(digests).collect()
}

/// Times in which nothing is posted, each with its end and what forbids it.
fn closures(schedule: &Schedule, from: Timestamp) -> Vec<(Timestamp, Timestamp, String)> {
    let last = from.checked_add((CLOSED_DAYS * 24).hours()).unwrap_or(Timestamp::MAX);
    let next = |at: Timestamp| {
        let (begin, closed) = next_closed(&schedule.blackout, &schedule.freeze, at, &schedule.zone)?;
        (begin <= last).then(|| (begin, closed.until, closed.by.to_string()))
    };
    std::iter::successors(next(from), |(_, until, _)| next(*until)).take(CLOSED_MAX).collect()
}

/// The clock's shifts ahead, each with the keys of the schedules that name a time which it skips or repeats.
fn shifts<'f>(lines: &'f [Line<'_>], from: Timestamp, zone: &TimeZone) -> Vec<(Shift, Vec<&'f str>)> {
    let last = from.checked_add((SHIFTS_DAYS * 24).hours()).unwrap_or(Timestamp::MAX);
    let touched = |shift: Shift| {
        let touched = lines.iter().filter(|line| shift.touches(line.cadence, zone));
        (shift, touched.map(|line| line.key.as_str()).collect())
    };
    Shift::after(from, zone).take_while(|shift| shift.at <= last).map(touched).collect()
}

fn shown(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string()
}

fn as_text(flow: &Flow, from: Timestamp, lines: &[Line<'_>]) -> String {
    let zone = &flow.schedule.zone;
    let mut text = clean(&format!("{}, in {}\n", flow.name, flow.schedule.time_zone));
    text.push_str(&heading("Schedules"));
    let row = |line: &Line<'_>| vec![line.key.clone(), line.cadence.to_string(), line.cadence.describe()];
    text.push_str(&table(&["key", "schedule", "in words"], &[], lines.iter().map(row)));
    text.push_str(&heading("Next"));
    let mut next: Vec<(Timestamp, &str)> =
        lines.iter().flat_map(|line| line.next.iter().map(|at| (*at, line.key.as_str()))).collect();
    next.sort_by_key(|(at, _)| *at);
    let row = |(at, key): (Timestamp, &str)| vec![shown(at, zone), key.to_owned()];
    text.push_str(&table(&["when", "what"], &[], next.into_iter().map(row)));
    text.push_str(&heading(&format!("Nothing is posted, within {CLOSED_DAYS} days")));
    let closures = closures(&flow.schedule, from);
    if closures.is_empty() {
        text.push_str("(posting is never closed)\n");
    } else {
        let row = |(begin, until, by): (Timestamp, Timestamp, String)| vec![shown(begin, zone), shown(until, zone), by];
        text.push_str(&table(&["from", "until", "because of"], &[], closures.into_iter().map(row)));
    }
    text.push_str(&heading(&format!("The clock is put forward or back, within {SHIFTS_DAYS} days")));
    let shifts = shifts(lines, from, zone);
    if shifts.is_empty() {
        text.push_str("(never)\n");
    }
    for (shift, touched) in shifts {
        text.push_str(&shift_text(shift, &touched));
    }
    text
}

fn shift_text(shift: Shift, touched: &[&str]) -> String {
    let (before, after) = (shift.before.to_datetime(shift.at), shift.after.to_datetime(shift.at));
    let (before, after) = (before.strftime("%a %Y-%m-%d %H:%M"), after.strftime("%H:%M"));
    let direction = if shift.is_forward() { "forward" } else { "back" };
    let which = if shift.is_forward() { "at the end of the gap" } else { "at the first of the two times" };
    let note = match touched {
        [] => "no schedule names a time in it".to_owned(),
        keys => format!("{} fires once, {which}", keys.join(", ")),
    };
    format!("{before}  {direction} to {after}: {note}\n")
}

fn as_json(flow: &Flow, from: Timestamp, lines: &[Line<'_>]) -> Value {
    let zone = &flow.schedule.zone;
    let local = |at: Timestamp| json!({ "at": at.to_string(), "local": shown(at, zone) });
    let schedules = lines.iter().map(|line| {
        json!({
            "key": line.key,
            "schedule": line.cadence.to_string(),
            "words": line.cadence.describe(),
            "next": line.next.iter().map(|at| local(*at)).collect::<Vec<_>>(),
        })
    });
    let closures = closures(&flow.schedule, from);
    let closed = closures
        .iter()
        .map(|(begin, until, by)| json!({ "from": local(*begin), "until": local(*until), "because": by }));
    let shifts = shifts(lines, from, zone);
    let shifts = shifts
        .iter()
        .map(|(shift, touched)| json!({ "at": local(shift.at), "forward": shift.is_forward(), "fires_once": touched }));
    json!({
        "flow": flow.name,
        "time_zone": flow.schedule.time_zone,
        "schedules": schedules.collect::<Vec<_>>(),
        "closed": closed.collect::<Vec<_>>(),
        "shifts": shifts.collect::<Vec<_>>(),
    })
}
