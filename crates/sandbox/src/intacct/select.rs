//! Carrying a query out: which rows, in which order, which page, or what they add up to.
//!
//! It knows no XML.

use super::assumptions::Unordered;
use super::books::{Books, Object};
use super::money::scaled;
use super::names::field;
use super::objects::Kind;
use super::predicate::{Context, Predicate, Relation, Test, Value, typed};
use super::rows::{Path, Row, Viewer};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// What to look for.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub object: Object,
    pub predicate: &'a Predicate,
    pub viewer: Viewer,
    pub fold: bool,
    /// Fields to sort by, `true` for descending.
    pub order: &'a [(Path, bool)],
    pub unordered: Unordered,
    pub offset: usize,
}

/// What a query adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Count,
    Sum,
    Min,
    Max,
    Average,
}

impl Books {
    /// All rows that match, in order.
    pub fn search<'a>(&'a self, search: &Search<'_>) -> Vec<Row<'a>> {
        let mut context = Context { books: self, fold: search.fold, found: 0 };
        let mut found = Vec::new();
        let mut add = |row: Row<'a>| {
            if search.predicate.matches(row, &context) {
                context.found += 1;
                found.push(row);
            }
        };
        let candidates = match search.object {
            Object::Table(_) => None,
            object => self.candidates(object, search.predicate),
        };
        match candidates {
            Some(entries) => {
                let entries: Vec<u64> = entries.into_iter().collect();
                self.rows_of(search.object, search.viewer, &entries).into_iter().for_each(&mut add);
            }
            None => self.rows(search.object, search.viewer).for_each(&mut add),
        }
        self.sort(&mut found, search);
        found
    }

    /// The entries that can match at all, by the indexes; `None` where every entry has to be looked at.
    fn candidates(&self, object: Object, predicate: &Predicate) -> Option<BTreeSet<u64>> {
        match predicate {
            Predicate::And(all) => all.iter().find_map(|p| self.candidates(object, p)),
            Predicate::Or(any) => any.iter().try_fold(BTreeSet::new(), |mut set, p| {
                set.append(&mut self.candidates(object, p)?);
                Some(set)
            }),
            Predicate::Test(path, test) => self.indexed(object, path, test),
            _ => None,
        }
    }

    fn indexed(&self, object: Object, path: &Path, test: &Test) -> Option<BTreeSet<u64>> {
        let number_of_entry = match object {
            Object::Batch => field::RECORDNO,
            Object::Line => field::BATCHNO,
            _ => field::BATCHKEY,
        };
        if path.is_direct(number_of_entry) {
            let number = |value: &Value| match value {
                Value::Number(n) => u64::try_from(n / 1_000_000).ok(),
                _ => None,
            };
            return match test {
                Test::Compare(Relation::Equal, value) => Some(number(value).into_iter().collect()),
                Test::In(values) => Some(values.iter().filter_map(number).collect()),
                _ => None,
            };
        }
        if object != Object::Line && path.is_direct(field::REFERENCENO) {
            return match test {
                Test::Compare(Relation::Equal, Value::Text(text)) => {
                    Some(self.ledger.by_reference_prefix(text).collect())
                }
                Test::Like(pattern) if !pattern.fold && !pattern.prefix().is_empty() => {
                    Some(self.ledger.by_reference_prefix(pattern.prefix()).collect())
                }
                _ => None,
            };
        }
        None
    }

    fn sort(&self, rows: &mut [Row<'_>], search: &Search<'_>) {
        let number = |row: Row<'_>| scaled(&self.value(row, field::RECORDNO), 0).unwrap_or(0);
        if search.order.is_empty() {
            let salt = if search.unordered == Unordered::Shifting { search.offset as u64 } else { 0 };
            match search.unordered {
                Unordered::RecordNo => {}
                _ => rows.sort_by_cached_key(|row| scrambled(number(*row), salt)),
            }
            return;
        }
        let by_number = matches!(search.order, [(path, false)] if path.is_direct(field::RECORDNO));
        if by_number && rows.is_sorted_by_key(|row| number(*row)) {
            return; // the books' own order
        }
        let key = |row: &Row<'_>| {
            let values = search.order.iter().map(|(path, _)| typed(path.kind, &self.read(*row, path), search.fold));
            (values.collect::<Vec<_>>(), number(*row))
        };
        let mut keyed: Vec<_> = rows.iter().map(|row| (key(row), *row)).collect();
        keyed.sort_by(|((a, a_number), _), ((b, b_number), _)| {
            let mut by_field = a.iter().zip(b).zip(search.order).map(|((a, b), (_, descending))| {
                // Absent values come last in ascending order.
                let order = match (a, b) {
                    (None, None) => Ordering::Equal,
                    (None, _) => Ordering::Greater,
                    (_, None) => Ordering::Less,
                    (a, b) => a.cmp(b),
                };
                if *descending { order.reverse() } else { order }
            });
            by_field.find(|order| order.is_ne()).unwrap_or_else(|| a_number.cmp(b_number))
        });
        for (slot, (_, row)) in rows.iter_mut().zip(keyed) {
            *slot = row;
        }
    }

    /// One line of results for each group of equal `by` values, in their order; one in all without `by`.
    pub fn aggregate(
        &self,
        rows: &[Row<'_>],
        by: &[Path],
        what: &[(Aggregate, Path)],
    ) -> Vec<(Vec<String>, Vec<String>)> {
        let mut groups: BTreeMap<Vec<String>, Vec<Row<'_>>> = BTreeMap::new();
        for row in rows {
            let key = by.iter().map(|path| self.read(*row, path).into_owned()).collect();
            groups.entry(key).or_default().push(*row);
        }
        if by.is_empty() && groups.is_empty() {
            groups.insert(Vec::new(), Vec::new());
        }
        let line =
            |rows: &[Row<'_>]| what.iter().map(|(aggregate, path)| self.result(rows, *aggregate, path)).collect();
        groups.into_iter().map(|(key, rows)| (key, line(&rows))).collect()
    }

    fn result(&self, rows: &[Row<'_>], aggregate: Aggregate, path: &Path) -> String {
        let texts = rows.iter().map(|row| self.read(*row, path)).filter(|text| !text.is_empty());
        let numbers = || rows.iter().filter_map(|row| scaled(&self.read(*row, path), 6));
        match aggregate {
            Aggregate::Count => texts.count().to_string(),
            Aggregate::Sum => decimal(numbers().sum()),
            Aggregate::Average => {
                let count = i128::try_from(numbers().count()).unwrap_or(0);
                numbers().sum::<i128>().checked_div(count).map_or(String::new(), decimal)
            }
            Aggregate::Min | Aggregate::Max => {
                let value = |text: &str| typed(path.kind, text, false);
                let best = if aggregate == Aggregate::Min {
                    texts.min_by_key(|text| value(text))
                } else {
                    texts.max_by_key(|text| value(text))
                };
                best.map_or(String::new(), |text| text.into_owned())
            }
        }
    }
}

impl Aggregate {
    /// The aggregate of an element's name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "count" => Aggregate::Count,
            "sum" => Aggregate::Sum,
            "min" => Aggregate::Min,
            "max" => Aggregate::Max,
            "avg" => Aggregate::Average,
            _ => return None,
        })
    }

    /// Whether it only makes sense of numbers.
    pub fn wants_number(self, kind: Kind) -> bool {
        matches!(self, Aggregate::Sum | Aggregate::Average) && !matches!(kind, Kind::Integer | Kind::Decimal)
    }

    /// The element that its result comes in.
    pub fn column(self, field: &str, sum_keeps_field_name: bool) -> String {
        match self {
            Aggregate::Sum if sum_keeps_field_name => field.to_owned(),
            Aggregate::Sum => format!("SUM.{field}"),
            Aggregate::Count => format!("COUNT.{field}"),
            Aggregate::Min => format!("MIN.{field}"),
            Aggregate::Max => format!("MAX.{field}"),
            Aggregate::Average => format!("AVG.{field}"),
        }
    }
}

/// Six decimals as text, without zeros that say nothing.
fn decimal(millionths: i128) -> String {
    let (sign, n) = (if millionths < 0 { "-" } else { "" }, millionths.unsigned_abs());
    let text = format!("{sign}{}.{:06}", n / 1_000_000, n % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Some order that is not that of the numbers.
fn scrambled(number: i128, salt: u64) -> u64 {
    let mut x = u64::try_from(number).unwrap_or(0) ^ salt.wrapping_mul(0xA24B_AED4_963E_E407);
    x = (x ^ (x >> 31)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^ (x >> 29)
}
