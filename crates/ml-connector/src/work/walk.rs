//! Walks through the ledger's entries of a period, page by page: all journals, whoever made them. It holds one page at
//! a time and tells of each entry whether it is ours; what an entry means is not decided here.

use std::collections::BTreeMap;

use accounting::identity::Reference;
use accounting::{Amount, Currency, Date, Direction};
use serde_json::{Value, json};

use super::likeness::Booked;
use super::{Work, WorkError};
use crate::systems::{Destination, LedgerEntry, LedgerLine};

/// Pages after which a walk ends, whatever the ledger says: half a thousand entries each.
const PAGES: usize = 20_000;

/// Whose an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// This database sent it.
    Ours,
    /// It carries a reference as we write them, and this database did not send it.
    OtherInstallation,
    /// A person's, or another program's.
    Foreign,
}

/// An entry with its lines.
#[derive(Debug, Clone)]
pub struct Walked {
    /// Its header.
    pub entry: LedgerEntry,
    /// Whose it is.
    pub whose: Whose,
    /// Its lines; none where they were not asked for.
    pub lines: Vec<LedgerLine>,
}

/// A walk under way.
#[derive(Debug)]
pub struct Walk {
    from: Date,
    to: Date,
    after: Option<String>,
    pages: usize,
    /// Entries read so far.
    pub read: u64,
}

impl Walk {
    /// A walk through the entries dated between two days, both included.
    pub const fn new(from: Date, to: Date) -> Self {
        Self { from, to, after: None, pages: 0, read: 0 }
    }
}

impl<S: Sync, D: Destination> Work<'_, S, D> {
    /// The next entries of a walk, with the lines of those that `wants_lines`; `None` at its end.
    ///
    /// # Errors
    /// The fault of the ledger; those of the store.
    pub async fn walk(
        &self,
        walk: &mut Walk,
        wants_lines: fn(Whose) -> bool,
    ) -> Result<Option<Vec<Walked>>, WorkError> {
        if walk.pages >= PAGES {
            return Ok(None);
        }
        let page = self.destination.entries_between(walk.from, walk.to, walk.after.as_deref()).await?;
        let Some(last) = page.last() else { return Ok(None) };
        walk.pages += 1;
        walk.read += page.len() as u64;
        walk.after = Some(last.record_no.clone());
        let references: Vec<Option<Reference>> = page.iter().map(|entry| Reference::parse(&entry.reference)).collect();
        let ours: Vec<&Reference> = references.iter().flatten().collect();
        let known = self.customer.entry_facts(self.destination.company(), &ours).await?;
        let whose = |reference: &Option<Reference>| match reference {
            Some(reference) if known.get(reference.as_str()).is_some_and(|facts| facts.sent) => Whose::Ours,
            Some(_) => Whose::OtherInstallation,
            None => Whose::Foreign,
        };
        let mut walked: Vec<Walked> = page
            .into_iter()
            .zip(&references)
            .map(|(entry, reference)| Walked { entry, whose: whose(reference), lines: Vec::new() })
            .collect();
        let wanted: Vec<String> = walked
            .iter()
            .filter(|walked| wants_lines(walked.whose))
            .map(|walked| walked.entry.record_no.clone())
            .collect();
        if !wanted.is_empty() {
            let mut lines = self.destination.lines(&wanted).await?;
            for one in &mut walked {
                one.lines = lines.remove(&one.entry.record_no).unwrap_or_default();
            }
        }
        Ok(Some(walked))
    }
}

impl Walked {
    /// The entry as it is compared with reports. Lines that name no currency are in `base`.
    pub fn booked(&self, base: Option<Currency>) -> Booked {
        let mut totals: BTreeMap<String, i64> = BTreeMap::new();
        let mut lines_minor = Vec::with_capacity(self.lines.len());
        let mut texts = vec![self.entry.title.clone(), self.entry.reference.clone()];
        for line in &self.lines {
            if let Some(amount) = line_amount(line, base) {
                let currency = amount.currency.code().to_owned();
                if line.direction == Direction::Debit {
                    let total = totals.entry(currency.clone()).or_default();
                    *total = total.saturating_add(amount.minor);
                }
                lines_minor.push((currency, amount.minor));
            }
            texts.extend([line.memo.clone(), line.document.clone()]);
        }
        texts.dedup();
        Booked { date: self.entry.date, totals_minor: totals.into_iter().collect(), lines_minor, texts }
    }

    /// The entry as it is shown to a person who has to decide.
    pub fn shown(&self, base: Option<Currency>) -> Value {
        let booked = self.booked(base);
        let totals = booked.totals_minor.iter().map(|(currency, minor)| json!({"currency": currency, "minor": minor}));
        json!({
            "record_no": self.entry.record_no,
            "journal": self.entry.journal,
            "date": self.entry.date.map(|date| date.to_string()),
            "reference": self.entry.reference,
            "title": self.entry.title,
            "state": self.entry.state,
            "totals": totals.collect::<Vec<_>>(),
            "lines": self.lines.iter().take(20).map(shown_line).collect::<Vec<_>>(),
            "line_count": self.lines.len(),
        })
    }
}

/// A line of the ledger as it is shown.
pub fn shown_line(line: &LedgerLine) -> Value {
    let dimensions: BTreeMap<String, &String> =
        line.dimensions.iter().map(|(dimension, value)| (dimension.to_string(), value)).collect();
    json!({
        "account": line.account,
        "direction": if line.direction == Direction::Credit { "credit" } else { "debit" },
        "amount": line.amount,
        "currency": line.currency,
        "dimensions": dimensions,
        "memo": line.memo,
    })
}

/// A line's amount, where its currency is known and the figure exact.
pub fn line_amount(line: &LedgerLine, base: Option<Currency>) -> Option<Amount> {
    let currency = match &line.currency {
        Some(code) => Currency::parse(code).ok()?,
        None => base?,
    };
    Amount::parse(&line.amount, currency).ok()
}
