//! How money, times and states read on a page. Nothing here decides anything.

use std::fmt;

use accounting::{Amount, Currency};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time in a zone: what a person reads, and what a machine reads.
#[derive(Clone)]
pub(in crate::web) struct Time {
    /// As `24 Nov 2026, 14:05 EST`.
    pub words: String,
    /// RFC 3339, in UTC.
    pub machine: String,
}

impl Time {
    /// Of epoch milliseconds.
    pub(in crate::web) fn of(at_ms: i64, zone: &TimeZone) -> Self {
        let time = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let words = time.to_zoned(zone.clone()).strftime("%-d %b %Y, %H:%M %Z").to_string();
        Self { words, machine: format!("{time:.0}") }
    }
}

/// Money as people read it: `1,234.50`. The currency stands beside it.
#[derive(Clone, Copy)]
pub(in crate::web) struct Money<'a> {
    minor: i64,
    currency: &'a str,
}

/// Minor units of a currency, grouped by thousands.
pub(in crate::web) fn money<'a>(minor: &i64, currency: &'a str) -> Money<'a> {
    Money { minor: *minor, currency }
}

impl fmt::Display for Money<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = Currency::parse(self.currency).map(|currency| Amount::new(self.minor, currency).decimals());
        let text = amount.unwrap_or_else(|_| self.minor.to_string());
        // A true minus sign has the width of a digit, so columns stay aligned.
        let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("\u{2212}", rest));
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
        f.write_str(sign)?;
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        fraction.map_or(Ok(()), |fraction| write!(f, ".{fraction}"))
    }
}

/// A count with its noun: `1 report`, `14 reports`.
pub(in crate::web) fn count(number: &u64, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) if !stem.ends_with(['a', 'e', 'o']) => format!("{number} {stem}ies"),
        _ => format!("{number} {noun}s"),
    }
}

/// A clause as a sentence begins; what follows stays as it is.
pub(in crate::web) fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// How long something took or has been waiting: `3 days`, `2 hours`, `moments`.
pub(in crate::web) fn span(from_ms: i64, to_ms: i64) -> String {
    let minutes = u64::try_from(to_ms.saturating_sub(from_ms)).unwrap_or(0) / 60_000;
    match minutes {
        0 => "moments".to_owned(),
        1..60 => count(&minutes, "minute"),
        60..2_880 => count(&(minutes / 60), "hour"),
        _ => count(&(minutes / 1_440), "day"),
    }
}

/// A state of a report in a word of the trade, and how it is marked: `ok`, `wait`, `bad`, `off`.
pub(in crate::web) fn state(name: &str) -> (&'static str, &'static str) {
    match name {
        "new" | "seen" => ("Read", "wait"),
        "ready" => ("Waiting", "wait"),
        "held" => ("Held", "bad"),
        "posted" => ("Posted", "ok"),
        "skipped" => ("Left out", "off"),
        "rejected" => ("Refused by Intacct", "bad"),
        "unknown" => ("Being verified", "wait"),
        "conflict" => ("Conflict", "bad"),
        "drift" => ("Changed after posting", "bad"),
        "rehearsed" => ("Rehearsed", "ok"),
        _ => ("Under way", "wait"),
    }
}

/// What a form did, as the page after it says.
pub(super) fn done(word: &str) -> &'static str {
    match word {
        "saved" => "Saved.",
        "asked" => "Asked. The result appears here as soon as it is there.",
        "paused" => "Posting is paused. Reading, mapping and checking go on.",
        "resumed" => "Posting goes on.",
        "approved" => "Approved.",
        "rejected" => "Refused. It is not posted.",
        "released" => "Released. What can be posted now goes out with the next run, which has been asked for.",
        "held" => "Held. It is not posted until somebody releases it.",
        "handled" => "Marked as handled elsewhere. It is not posted.",
        "lifted" => "The refusal is lifted. It is asked for approval anew.",
        "taken_back" => "Taken back. It is translated again with the next run, which has been asked for.",
        "decided" => "Decided. It is carried out with the next run, which has been asked for.",
        "granted" => "The role was given.",
        "revoked" => "The role was taken away.",
        "sealed" => "Sealed. The value is never shown again.",
        "restored" => "The earlier version is in force again, as a new version.",
        "sent" => "It is sent again.",
        "proposed" => "The sure proposals are taken. What is still open is for you to decide.",
        "posting" => "Posting has begun. What is ready goes out with the next run, which has been asked for.",
        "welcome" => "Welcome. You are signed in.",
        "password" => "Your password is set.",
        _ => "",
    }
}
