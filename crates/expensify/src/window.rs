//! Cuts a stretch of time into windows the vendor accepts. It must not leave a gap between two of them.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::query::Anchor;

/// A stretch of days to ask for, at most one year as asked. Windows overlap by a day: the same report may come twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First day wanted.
    pub first: Date,
    /// Last day wanted; the last window of a series is open-ended when asked by approval.
    pub last: Date,
    /// Whether a later window follows.
    pub more: bool,
}

impl Window {
    /// The day to ask from: one before the first, since whether `approvedAfter` includes its own day is contradictory.
    pub fn asked_from(&self) -> Date {
        day_before(self.first)
    }

    /// As a query by approval. `endDate` compares the later of created and submitted, not the approval; no report can
    /// be approved before it is submitted, so each report approved since the first window began is in some window.
    /// The last window needs no end (it starts less than a year ago), and so misses nothing that is dated ahead.
    pub fn approved(&self) -> Anchor {
        Anchor::ApprovedAfter { date: self.asked_from(), end: self.more.then_some(self.last) }
    }

    /// As a query by the later of created and submitted.
    pub fn submitted(&self) -> Anchor {
        Anchor::Submitted { start: self.asked_from(), end: self.last }
    }
}

/// The windows from `from` to `today`, both included, in order; none when `from` lies ahead of `today`.
pub fn windows(from: Date, today: Date) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut first = from;
    while first <= today {
        // A day short of the year that is allowed, in case the server's today is already our tomorrow.
        let year_end = day_before(first).checked_add(1.year()).map_or(today, day_before);
        let last = year_end.min(today);
        let more = last < today;
        windows.push(Window { first, last, more });
        match last.checked_add(1.day()) {
            Ok(next) => first = next,
            Err(_) => break, // the calendar ends with `today`
        }
    }
    windows
}

fn day_before(day: Date) -> Date {
    day.checked_sub(1.day()).unwrap_or(Date::MIN)
}

#[cfg(test)]
mod tests;
