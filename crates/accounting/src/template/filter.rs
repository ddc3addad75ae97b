//! Filters that change a token's value, and the form of dates.

use std::borrow::Cow;
use std::fmt::Write;

use jiff::civil::Date;

use super::cut::cut;

/// What is allowed after a bar, for error messages.
pub(super) const ALLOWED: &str = "truncate N, date FORMAT, default \"TEXT\", upper, strip";

/// A change to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// At most so many characters, the marker of the cut included.
    Truncate(usize),
    /// This text where there is no value.
    Default(String),
    /// Capital letters.
    Upper,
    /// No white space at the ends, and single spaces within.
    Strip,
}

impl Filter {
    pub(super) fn apply<'v>(&self, value: Cow<'v, str>) -> Cow<'v, str> {
        match self {
            Self::Truncate(most) => match cut(value.trim(), *most) {
                Some(short) => Cow::Owned(short),
                None => value,
            },
            Self::Default(text) if value.trim().is_empty() => Cow::Owned(text.clone()),
            Self::Default(_) => value,
            Self::Upper => Cow::Owned(value.to_uppercase()),
            Self::Strip => {
                let mut words = value.split_whitespace();
                let first = words.next().unwrap_or("").to_owned();
                Cow::Owned(words.fold(first, |line, word| line + " " + word))
            }
        }
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How a date is written: `%Y` year, `%y` its last two digits, `%m` month, `%b` month in letters, `%d` day, `%%`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateFormat(String);

impl Default for DateFormat {
    /// `2026-11-30`.
    fn default() -> Self {
        Self("%Y-%m-%d".to_owned())
    }
}

impl DateFormat {
    /// Reads a format; `None` where it has another letter after a percent sign, or none.
    pub fn parse(format: &str) -> Option<Self> {
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            if letter == '%' && !matches!(letters.next(), Some('Y' | 'y' | 'm' | 'b' | 'd' | '%')) {
                return None;
            }
        }
        Some(Self(format.to_owned()))
    }

    /// The date in this form.
    pub fn write(&self, date: Date) -> String {
        let mut out = String::with_capacity(self.0.len() + 4);
        let mut letters = self.0.chars();
        while let Some(letter) = letters.next() {
            // Writing to a string does not fail.
            let _ = match (letter, if letter == '%' { letters.next() } else { None }) {
                ('%', Some('Y')) => write!(out, "{:04}", date.year()),
                ('%', Some('y')) => write!(out, "{:02}", date.year().rem_euclid(100)),
                ('%', Some('m')) => write!(out, "{:02}", date.month()),
                ('%', Some('d')) => write!(out, "{:02}", date.day()),
                ('%', Some('b')) => {
                    let month = usize::try_from(date.month()).unwrap_or(1);
                    out.write_str(MONTHS.get(month.saturating_sub(1)).unwrap_or(&""))
                }
                _ => out.write_char(letter),
            };
        }
        out
    }
}
