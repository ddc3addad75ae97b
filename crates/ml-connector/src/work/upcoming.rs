//! What a flow's schedules bring next: when each fires, when nothing is posted, and what the clock's shifts do to them.
//! It reads the flow's document and nothing else.

use accounting::Cadence;
use accounting::schedule::{Shift, next_closed};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::flow::{About, Flow, Schedule};

/// How far ahead closed times are shown.
pub const CLOSED_DAYS: i64 = 62;
/// Most of them that are shown.
const CLOSED_MAX: usize = 20;
/// How far ahead shifts of the clock are shown.
pub const SHIFTS_DAYS: i64 = 366;

/// One schedule of a flow.
pub struct Planned<'f> {
    /// Its key in the document.
    pub key: String,
    /// When it fires.
    pub cadence: &'f Cadence,
    /// The next times.
    pub next: Vec<Timestamp>,
}

/// What comes after a moment.
pub struct Upcoming<'f> {
    /// The flow.
    pub flow: &'f Flow,
    /// The moment.
    pub from: Timestamp,
    /// Every schedule.
    pub lines: Vec<Planned<'f>>,
}

impl<'f> Upcoming<'f> {
    /// The next `count` times of each schedule after `from`.
    pub fn of(flow: &'f Flow, from: Timestamp, count: usize) -> Self {
        let zone = &flow.schedule.zone;
        let planned = |(key, cadence): (String, &'f Cadence)| {
            let next = cadence.upcoming(from, zone, count);
            Planned { key, cadence, next }
        };
        Self { flow, from, lines: cadences(flow).into_iter().map(planned).collect() }
    }

    /// Times in which nothing is posted, each with its end and what forbids it.
    pub fn closures(&self) -> Vec<(Timestamp, Timestamp, String)> {
        let schedule = &self.flow.schedule;
        let last = self.from.checked_add((CLOSED_DAYS * 24).hours()).unwrap_or(Timestamp::MAX);
        let next = |at: Timestamp| {
            let (begin, closed) = next_closed(&schedule.blackout, &schedule.freeze, at, &schedule.zone)?;
            (begin <= last).then(|| (begin, closed.until, closed.by.to_string()))
        };
        std::iter::successors(next(self.from), |(_, until, _)| next(*until)).take(CLOSED_MAX).collect()
    }

    /// The clock's shifts ahead, each with the keys of the schedules that name a time which it skips or repeats.
    pub fn shifts(&self) -> Vec<(Shift, Vec<&str>)> {
        let zone = &self.flow.schedule.zone;
        let last = self.from.checked_add((SHIFTS_DAYS * 24).hours()).unwrap_or(Timestamp::MAX);
        let touched = |shift: Shift| {
            let touched = self.lines.iter().filter(|line| shift.touches(line.cadence, zone));
            (shift, touched.map(|line| line.key.as_str()).collect())
        };
        Shift::after(self.from, zone).take_while(|shift| shift.at <= last).map(touched).collect()
    }

    /// For machines.
    pub fn to_json(&self) -> Value {
        let zone = &self.flow.schedule.zone;
        let local = |at: Timestamp| json!({ "at": at.to_string(), "local": shown(at, zone) });
        let schedules = self.lines.iter().map(|line| {
            json!({
                "key": line.key,
                "schedule": line.cadence.to_string(),
                "words": line.cadence.describe(),
                "next": line.next.iter().map(|at| local(*at)).collect::<Vec<_>>(),
            })
        });
        let closures = self.closures();
        let closed = closures
            .iter()
            .map(|(begin, until, by)| json!({ "from": local(*begin), "until": local(*until), "because": by }));
        let shifts = self.shifts();
        let shifts = shifts.iter().map(
            |(shift, touched)| json!({ "at": local(shift.at), "forward": shift.is_forward(), "fires_once": touched }),
        );
        json!({
            "flow": self.flow.name,
            "time_zone": self.flow.schedule.time_zone,
            "schedules": schedules.collect::<Vec<_>>(),
            "closed": closed.collect::<Vec<_>>(),
            "shifts": shifts.collect::<Vec<_>>(),
        })
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

/// A time as people of the flow's zone read it.
pub fn shown(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string()
}
