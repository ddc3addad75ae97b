//! `schedule`: when a flow's schedules fire next, when nothing is posted, and what the clock's shifts do to them. It
//! reads the flow file and nothing else.

use std::path::PathBuf;
use std::process::ExitCode;

use accounting::Date;
use accounting::schedule::Shift;
use clap::Args;
use jiff::{Timestamp, ToSpan as _};

use super::Common;
use super::output::{Failure, clean, heading, print_json, print_text, table};
use crate::clock::Clock;
use crate::flow::Flow;
use crate::work::upcoming::{CLOSED_DAYS, Planned, SHIFTS_DAYS, Upcoming, shown};

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
        let upcoming = Upcoming::of(&flow, from, usize::from(self.count));
        if common.json {
            print_json(&upcoming.to_json());
        } else {
            print_text(&as_text(&upcoming));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn as_text(upcoming: &Upcoming<'_>) -> String {
    let Upcoming { flow, lines, .. } = upcoming;
    let zone = &flow.schedule.zone;
    let mut text = clean(&format!("{}, in {}\n", flow.name, flow.schedule.time_zone));
    text.push_str(&heading("Schedules"));
    let row = |line: &Planned<'_>| vec![line.key.clone(), line.cadence.to_string(), line.cadence.describe()];
    text.push_str(&table(&["key", "schedule", "in words"], &[], lines.iter().map(row)));
    text.push_str(&heading("Next"));
    let mut next: Vec<(Timestamp, &str)> =
        lines.iter().flat_map(|line| line.next.iter().map(|at| (*at, line.key.as_str()))).collect();
    next.sort_by_key(|(at, _)| *at);
    let row = |(at, key): (Timestamp, &str)| vec![shown(at, zone), key.to_owned()];
    text.push_str(&table(&["when", "what"], &[], next.into_iter().map(row)));
    text.push_str(&heading(&format!("Nothing is posted, within {CLOSED_DAYS} days")));
    let closures = upcoming.closures();
    if closures.is_empty() {
        text.push_str("(posting is never closed)\n");
    } else {
        let row = |(begin, until, by): (Timestamp, Timestamp, String)| vec![shown(begin, zone), shown(until, zone), by];
        text.push_str(&table(&["from", "until", "because of"], &[], closures.into_iter().map(row)));
    }
    text.push_str(&heading(&format!("The clock is put forward or back, within {SHIFTS_DAYS} days")));
    let shifts = upcoming.shifts();
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
