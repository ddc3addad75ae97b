//! Sums over the books of one company or of many, and what stands in them twice.
//!
//! It tells a long run from the vendor's side whether anything was booked twice. No client sees it.

use super::books::{Entry, Line, Origin};
use super::model::Model;
use super::names::{Sym, field};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

/// A connector's references end in so many characters that say which entry of a report it is; what stands before
/// them is the report's family.
const SUFFIX: usize = 4;

/// What came in through the gateway, summed up.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    /// Requests.
    pub requests: u64,
    /// Logins that were taken.
    pub logins: u64,
    /// Sessions that were opened.
    pub sessions: u64,
    /// Functions that were refused since their control id had been used.
    pub repeated_control_ids: u64,
    /// Journal entries.
    pub entries: u64,
    /// Their lines.
    pub lines: u64,
    /// When the last of them was made; 0 where there is none.
    pub last_entry_ms: u64,
    /// Debit and credit in minor units, by currency.
    pub by_currency: BTreeMap<String, (i128, i128)>,
    /// What stands there twice.
    pub doubled: Doubled,
}

/// Entries beyond the first of their kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Doubled {
    /// With the control id of another.
    pub control_ids: u64,
    /// With the reference of another.
    pub references: u64,
    /// With the family and the lines of another: the same report booked again under another reference.
    pub contents: u64,
    /// Any of these.
    pub entries: u64,
}

impl Totals {
    /// Adds what another company has.
    pub fn add(&mut self, other: &Totals) {
        self.requests += other.requests;
        self.logins += other.logins;
        self.sessions += other.sessions;
        self.repeated_control_ids += other.repeated_control_ids;
        self.entries += other.entries;
        self.lines += other.lines;
        self.last_entry_ms = self.last_entry_ms.max(other.last_entry_ms);
        for (currency, (debit, credit)) in &other.by_currency {
            let sum = self.by_currency.entry(currency.clone()).or_default();
            sum.0 += debit;
            sum.1 += credit;
        }
        self.doubled.control_ids += other.doubled.control_ids;
        self.doubled.references += other.doubled.references;
        self.doubled.contents += other.doubled.contents;
        self.doubled.entries += other.doubled.entries;
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let doubled = &self.doubled;
        json!({
            "requests": self.requests,
            "logins": self.logins,
            "sessions": self.sessions,
            "repeated_control_ids": self.repeated_control_ids,
            "journal_entries": self.entries,
            "lines": self.lines,
            "last_entry_ms": self.last_entry_ms,
            "by_currency": currencies(&self.by_currency),
            "doubled": {
                "control_ids": doubled.control_ids,
                "references": doubled.references,
                "contents": doubled.contents,
                "entries": doubled.entries,
            },
        })
    }
}

/// Sums by currency as JSON; a number that no JSON reader holds is a text.
pub(super) fn currencies<S: AsRef<str>>(sums: &BTreeMap<S, (i128, i128)>) -> Value {
    let number = |n: i128| i64::try_from(n).map_or_else(|_| json!(n.to_string()), |n| json!(n));
    let sum = |(currency, (debit, credit)): (&S, &(i128, i128))| json!({"currency": currency.as_ref(), "debit_minor": number(*debit), "credit_minor": number(*credit)});
    sums.iter().map(sum).collect()
}

impl Model {
    /// Entries that came in through the gateway.
    pub(super) fn through(&self) -> impl Iterator<Item = &Entry> {
        self.books.ledger.iter().filter(|e| e.origin == Origin::Gateway)
    }

    /// Debit and credit of what came in through the gateway, by currency.
    pub(super) fn sums(&self) -> BTreeMap<&str, (i128, i128)> {
        let mut sums: BTreeMap<&str, (i128, i128)> = BTreeMap::new();
        for line in self.through().flat_map(|e| &e.lines) {
            let sum = sums.entry(self.books.names.text(line.fields.get(field::CURRENCY))).or_default();
            let side = if line.debit { &mut sum.0 } else { &mut sum.1 };
            *side += i128::from(line.amount_minor);
        }
        sums
    }

    /// What came in through the gateway, summed up, and what of it stands there twice.
    pub fn totals(&self) -> Totals {
        Totals {
            requests: self.counts.total,
            logins: self.sessions.logins,
            sessions: self.sessions.made(),
            repeated_control_ids: self.memory.refused,
            entries: self.through().count() as u64,
            lines: self.through().map(|e| e.lines.len() as u64).sum(),
            last_entry_ms: self.through().map(|e| e.created_ms).max().unwrap_or(0),
            by_currency: self.sums().into_iter().map(|(currency, sum)| (currency.to_owned(), sum)).collect(),
            doubled: self.doubled(),
        }
    }

    fn doubled(&self) -> Doubled {
        let mut doubled = Doubled::default();
        let mut superfluous = HashSet::new();
        let mut ids: HashSet<&str> = HashSet::new();
        for entry in self.through().filter(|e| !e.control_id.is_empty()) {
            if !ids.insert(&entry.control_id) {
                doubled.control_ids += 1;
                superfluous.insert(entry.record_no);
            }
        }
        let mut families: BTreeMap<&str, Vec<(Sym, &Entry)>> = BTreeMap::new();
        for entry in self.through() {
            let reference = entry.header.get(field::REFERENCENO);
            families.entry(family(self.books.names.text(reference))).or_default().push((reference, entry));
        }
        for (_, entries) in families.into_iter().filter(|(family, entries)| !family.is_empty() && entries.len() > 1) {
            let (mut references, mut contents) = (HashSet::new(), HashSet::new());
            for (reference, entry) in entries {
                let (new, other) = (references.insert(reference), contents.insert(content(entry)));
                doubled.references += u64::from(!new);
                doubled.contents += u64::from(!other);
                if !(new && other) {
                    superfluous.insert(entry.record_no);
                }
            }
        }
        doubled.entries = superfluous.len() as u64;
        doubled
    }
}

fn family(reference: &str) -> &str {
    match reference.char_indices().rev().nth(SUFFIX - 1) {
        Some((end, _)) if end >= SUFFIX => &reference[..end],
        _ => reference,
    }
}

/// A line without its dates: side, amount, fields.
type Plain = (bool, i64, Vec<(Sym, Sym)>);

/// What an entry says, whatever its dates, in whatever order of its lines.
fn content(entry: &Entry) -> Vec<Plain> {
    let plain = |line: &Line| {
        let mut fields: Vec<(Sym, Sym)> =
            line.fields.iter().filter(|(name, _)| *name != field::ENTRY_DATE && *name != field::LINE_NO).collect();
        fields.sort_unstable();
        (line.debit, line.amount_minor, fields)
    };
    let mut lines: Vec<_> = entry.lines.iter().map(plain).collect();
    lines.sort_unstable();
    lines
}
