//! Conditions on rows, out of either query language, and their evaluation.
//!
//! Absent values match nothing but "is null", as in SQL.

use super::books::Books;
use super::money::scaled;
use super::objects::Kind;
use super::rows::{Path, Row};
use super::when::read_us_date;
use jiff::civil::{Date, DateTime, Time};
use std::cmp::Ordering;

/// A condition.
#[derive(Debug)]
pub(super) enum Predicate {
    Always,
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    Not(Box<Predicate>),
    Test(Path, Test),
    /// The legacy language's `rownum`: compares the number of the row among those found so far, from 1.
    RowNumber(Relation, i128),
}

/// A condition on one field.
#[derive(Debug)]
pub(super) enum Test {
    Compare(Relation, Value),
    Between(Value, Value),
    In(Vec<Value>),
    Like(Pattern),
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Relation::Equal => order.is_eq(),
            Relation::NotEqual => order.is_ne(),
            Relation::Less => order.is_lt(),
            Relation::LessOrEqual => order.is_le(),
            Relation::Greater => order.is_gt(),
            Relation::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Value {
    Text(String),
    /// Six decimals.
    Number(i128),
    Time(DateTime),
}

/// A `like` pattern: `%` stands for any text, `_` for one character.
#[derive(Debug)]
pub(super) struct Pattern {
    pub text: String,
    /// Compares without regard to case.
    pub fold: bool,
}

impl Pattern {
    /// The text before the first wildcard.
    pub fn prefix(&self) -> &str {
        self.text.split(['%', '_']).next().unwrap_or("")
    }

    fn matches(&self, value: &str) -> bool {
        if self.fold {
            return wild(self.text.to_lowercase().as_bytes(), value.to_lowercase().as_bytes());
        }
        wild(self.text.as_bytes(), value.as_bytes())
    }
}

/// Greedy matching with one point to come back to; `_` takes one UTF-8 character.
fn wild(pattern: &[u8], value: &[u8]) -> bool {
    let (mut p, mut v) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while v < value.len() {
        match pattern.get(p) {
            Some(b'%') => {
                back = Some((p + 1, v));
                p += 1;
            }
            Some(b'_') => {
                v += 1;
                while value.get(v).is_some_and(|b| b & 0xC0 == 0x80) {
                    v += 1;
                }
                p += 1;
            }
            Some(c) if *c == value[v] => {
                p += 1;
                v += 1;
            }
            _ => match back {
                Some((after, start)) => {
                    back = Some((after, start + 1));
                    (p, v) = (after, start + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'%')
}

/// The value of a text in a field of that kind; `None` where the text is no such thing.
pub(super) fn typed(kind: Kind, text: &str, fold: bool) -> Option<Value> {
    Some(match kind {
        Kind::Integer | Kind::Decimal => Value::Number(scaled(text, 6)?),
        Kind::Date | Kind::DateTime => Value::Time(read_time(text)?),
        Kind::Boolean => Value::Text(match text.to_ascii_lowercase().as_str() {
            "t" => "true".into(),
            "f" => "false".into(),
            other => other.into(),
        }),
        Kind::Text | Kind::Enum(_) => Value::Text(if fold { text.to_lowercase() } else { text.to_owned() }),
    })
}

fn read_time(text: &str) -> Option<DateTime> {
    let (date, time) = text.trim().split_once(' ').unwrap_or((text.trim(), "00:00:00"));
    let date: Date = read_us_date(date)?;
    let mut parts = time.split(':').map(|p| p.parse::<i8>().ok());
    let mut part = || parts.next().unwrap_or(Some(0));
    Some(date.to_datetime(Time::new(part()?, part()?, part()?, 0).ok()?))
}

/// What a condition is evaluated against.
pub(super) struct Context<'a> {
    pub books: &'a Books,
    /// Compares texts without regard to case.
    pub fold: bool,
    /// Number of rows found so far.
    pub found: usize,
}

impl Predicate {
    pub fn matches(&self, row: Row<'_>, context: &Context<'_>) -> bool {
        match self {
            Predicate::Always => true,
            Predicate::And(all) => all.iter().all(|p| p.matches(row, context)),
            Predicate::Or(any) => any.iter().any(|p| p.matches(row, context)),
            Predicate::Not(inner) => !inner.matches(row, context),
            Predicate::RowNumber(relation, n) => relation.holds((context.found as i128 + 1).cmp(n)),
            Predicate::Test(path, test) => {
                let text = context.books.read(row, path);
                if text.is_empty() {
                    return matches!(test, Test::Null);
                }
                test.holds(path.kind, &text, context.fold)
            }
        }
    }
}

impl Test {
    fn holds(&self, kind: Kind, text: &str, fold: bool) -> bool {
        let value = || typed(kind, text, fold);
        match self {
            Test::Null => false,
            Test::Like(pattern) => pattern.matches(text),
            // The most frequent test, without a copy of the text.
            Test::Compare(Relation::Equal, Value::Text(wanted)) if !fold && kind == Kind::Text => wanted == text,
            Test::Compare(relation, wanted) => value().is_some_and(|v| relation.holds(v.cmp(wanted))),
            Test::Between(low, high) => value().is_some_and(|v| (low..=high).contains(&&v)),
            Test::In(values) => value().is_some_and(|v| values.contains(&v)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_sql() {
        let cases = [
            ("MLC%", "MLC123", true),
            ("MLC%", "XMLC", false),
            ("%c", "abc", true),
            ("a%c%e", "abcde", true),
            ("a%c%e", "abcdf", false),
            ("a_c", "abc", true),
            ("a_c", "aéc", true),
            ("a_c", "ac", false),
            ("%", "", true),
            ("", "", true),
            ("", "a", false),
            ("a%", "a", true),
            ("%a%a%", "banana", true),
        ];
        for (pattern, value, expected) in cases {
            let pattern = Pattern { text: pattern.into(), fold: false };
            assert_eq!(pattern.matches(value), expected, "{pattern:?} {value}");
        }
        assert!(Pattern { text: "ÄB%".into(), fold: true }.matches("äbc"));
    }

    #[test]
    fn values_compare_by_what_they_are() {
        let value = |kind, text| typed(kind, text, false);
        assert!(value(Kind::Integer, "10") > value(Kind::Integer, "9"));
        assert!(value(Kind::Text, "10") < value(Kind::Text, "9"));
        assert!(value(Kind::Date, "9/30/2026") < value(Kind::Date, "10/01/2026"));
        assert_eq!(value(Kind::Date, "2026-10-01"), None);
        assert_eq!(value(Kind::Decimal, "x"), None);
        assert!(value(Kind::DateTime, "10/01/2026 08:00:01") > value(Kind::DateTime, "10/01/2026"));
    }
}
