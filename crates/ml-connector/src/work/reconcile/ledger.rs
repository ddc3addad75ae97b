//! The ledger's side of a reconciliation: every entry of the period that carries a reference or a document number of
//! ours, compared line by line with what was frozen; and every posted entry that was not among them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use accounting::identity::{PREFIX, Reference, Scope};
use accounting::posting::State;
use accounting::tie_out::{Finding, Key, Sums};
use accounting::{Currency, Direction, EntryState};

use super::{Difference, PAGE, Reconciled, in_ledger};
use crate::store::{StoredLine, StoredPosting};
use crate::systems::{Destination, LedgerEntry, LedgerLine, Source};
use crate::work::correct::is_in_books;
use crate::work::readback::equal_lines;
use crate::work::refresh::ChartInUse;
use crate::work::walk::line_amount;
use crate::work::{Work, WorkError};

/// What is on record here of the entries of a page.
struct OnRecord {
    postings: HashMap<String, StoredPosting>,
    lines: HashMap<String, Vec<StoredLine>>,
}

impl<S: Source, D: Destination> Work<'_, S, D> {
    /// Reads the ledger's side.
    pub(super) async fn read_ledger(&self, chart: &ChartInUse, found: &mut Reconciled) -> Result<(), WorkError> {
        let (from, to) = (found.from, found.to);
        let mut after: Option<String> = None;
        loop {
            let page = self.destination.referenced_between(PREFIX, from, to, after.as_deref()).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.record_no.clone());
            self.compare(chart, found, page).await?;
        }
        self.look_for_missing(chart, found).await?;
        self.look_for_copies(chart, found).await
    }

    /// Compares entries that carry references of ours with what is on record of them.
    async fn compare(
        &self,
        chart: &ChartInUse,
        found: &mut Reconciled,
        entries: Vec<LedgerEntry>,
    ) -> Result<(), WorkError> {
        let entries: Vec<(Reference, LedgerEntry)> =
            entries.into_iter().filter_map(|entry| Some((Reference::parse(&entry.reference)?, entry))).collect();
        let references: Vec<&str> = entries.iter().map(|(reference, _)| reference.as_str()).collect();
        let record = self.on_record(&references).await?;
        let own = |reference: &Reference| {
            record.postings.get(reference.as_str()).is_none_or(|posting| posting.flow == self.flow_id)
        };
        let numbers: Vec<String> =
            entries.iter().filter(|(it, _)| own(it)).map(|(_, entry)| entry.record_no.clone()).collect();
        let there = if numbers.is_empty() { BTreeMap::new() } else { self.destination.lines(&numbers).await? };
        for (reference, entry) in entries {
            found.records_known.insert(entry.record_no.clone());
            let lines = there.get(&entry.record_no).map(Vec::as_slice).unwrap_or_default();
            match record.postings.get(reference.as_str()) {
                // Another flow of the same customer ties it out.
                Some(posting) if posting.flow != self.flow_id => {}
                Some(posting) => {
                    let frozen = record.lines.get(reference.as_str()).map(Vec::as_slice).unwrap_or_default();
                    self.compare_one(chart, found, posting, frozen, &entry, lines).await?;
                }
                None => self.note_unknown(chart, found, &reference, &entry, lines).await?,
            }
        }
        Ok(())
    }

    async fn on_record(&self, references: &[&str]) -> Result<OnRecord, WorkError> {
        let company = self.destination.company();
        let postings = self.customer.postings_named(company, references).await?;
        let named: Vec<&Reference> = postings.iter().map(|posting| &posting.reference).collect();
        let lines = self.customer.lines_of(company, &named).await?;
        Ok(OnRecord {
            lines: lines.into_iter().map(|(reference, lines)| (reference.to_string(), lines)).collect(),
            postings: postings.into_iter().map(|posting| (posting.reference.to_string(), posting)).collect(),
        })
    }

    async fn compare_one(
        &self,
        chart: &ChartInUse,
        found: &mut Reconciled,
        posting: &StoredPosting,
        frozen: &[StoredLine],
        entry: &LedgerEntry,
        lines: &[LedgerLine],
    ) -> Result<(), WorkError> {
        let key = self.row_of(chart, posting, chart.chart.multi_entity.then_some(frozen));
        let amount = i128::from(posting.amount.minor);
        let currency = posting.total.currency;
        let is_same = equal_lines(currency, frozen, lines);
        let difference = |finding, minor, detail: String| Difference {
            finding,
            key: key.clone(),
            subject: posting.reference.to_string(),
            record_no: Some(entry.record_no.clone()),
            report_id: Some(posting.key.report.clone()),
            minor,
            detail,
        };
        let Some(record_no) = posting.machine.state.record_no() else {
            // What is in doubt is settled by looks of its own.
            if matches!(posting.machine.state, State::Sending | State::Unknown | State::Absent | State::Frozen) {
                return Ok(());
            }
            let state = posting.machine.state.name();
            let minor = measure(currency, posting, frozen, lines);
            add(found, &key, minor);
            let detail = format!("the ledger holds entry {}, which is {state} here", entry.record_no);
            return self.note_difference(found, difference(Finding::UnknownHere, minor, detail), in_ledger).await;
        };
        if record_no != entry.record_no {
            let minor = measure(currency, posting, frozen, lines);
            add(found, &key, minor);
            let detail = format!("entry {} carries the reference of entry {record_no}", entry.record_no);
            return self.note_difference(found, difference(Finding::Copied, minor, detail), in_ledger).await;
        }
        found.postings_seen.insert(posting.reference.clone());
        let drafts = self.flow.mapping.posting.state == EntryState::Draft;
        let as_sent = is_in_books(&entry.state) || (drafts && entry.state.eq_ignore_ascii_case("draft"));
        if !as_sent {
            let detail = format!("entry {record_no} is {} in the ledger", entry.state);
            return self.note_difference(found, difference(Finding::NotInBooks, -amount, detail), in_ledger).await;
        }
        let same_header =
            entry.journal == posting.journal && entry.date.is_none_or(|date| date == posting.posting_date);
        if is_same && same_header {
            add(found, &key, amount);
            return Ok(());
        }
        let measured = if is_same { amount } else { measure(currency, posting, frozen, lines) };
        add(found, &key, measured);
        let what = if is_same { "journal or date" } else { "lines" };
        let detail = format!("the {what} of entry {record_no} are not those that were posted");
        self.note_difference(found, difference(Finding::Edited, measured - amount, detail), in_ledger).await
    }

    /// An entry with a reference that this database does not know.
    async fn note_unknown(
        &self,
        chart: &ChartInUse,
        found: &mut Reconciled,
        reference: &Reference,
        entry: &LedgerEntry,
        lines: &[LedgerLine],
    ) -> Result<(), WorkError> {
        let currency = currency_of(lines, chart.chart.base_currency);
        let (Some(currency), Some(date)) = (currency, entry.date) else { return Ok(()) };
        let scope = reference.scope_and_kind().map_or(Scope::WholeReport, |(scope, _)| scope);
        let key = self.row_at(date, currency, scope);
        let minor = debits(currency, lines);
        add(found, &key, minor);
        let difference = Difference {
            finding: Finding::UnknownHere,
            key,
            subject: reference.to_string(),
            record_no: Some(entry.record_no.clone()),
            report_id: None,
            minor,
            detail: format!("entry {} of the ledger was not posted from here", entry.record_no),
        };
        self.note_difference(found, difference, in_ledger).await
    }

    /// Posted entries of the period that the ledger did not show: moved to another day, or gone.
    async fn look_for_missing(&self, chart: &ChartInUse, found: &mut Reconciled) -> Result<(), WorkError> {
        let mut after: Option<StoredPosting> = None;
        loop {
            let period = (found.from, found.to);
            let page = self.customer.postings_dated(&self.flow_id, period, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            let missing: Vec<StoredPosting> = page
                .into_iter()
                .filter(|posting| posting.machine.state.is_final() && !found.postings_seen.contains(&posting.reference))
                .collect();
            if !missing.is_empty() {
                self.look_for(chart, found, missing).await?;
            }
        }
    }

    async fn look_for(
        &self,
        chart: &ChartInUse,
        found: &mut Reconciled,
        missing: Vec<StoredPosting>,
    ) -> Result<(), WorkError> {
        let families: BTreeSet<String> =
            missing.iter().map(|posting| posting.reference.family_prefix().to_owned()).collect();
        let hits = self.destination.find(&families.into_iter().collect::<Vec<_>>(), &[]).await?;
        let is_missing = |entry: &LedgerEntry| {
            missing.iter().any(|posting| posting.machine.state.record_no() == Some(entry.record_no.as_str()))
        };
        let moved: Vec<LedgerEntry> = hits.entries.into_iter().filter(is_missing).collect();
        self.compare(chart, found, moved).await?;
        let company = self.destination.company();
        for posting in &missing {
            if found.postings_seen.contains(&posting.reference) {
                continue;
            }
            let record_no = posting.machine.state.record_no().unwrap_or_default();
            let frozen = self.customer.posting_lines(company, &posting.reference).await?;
            // What a person vouched for need not carry our reference.
            let there = self.destination.lines(&[record_no.to_owned()]).await?;
            let lines = there.get(record_no).map(Vec::as_slice).unwrap_or_default();
            let key = self.row_of(chart, posting, chart.chart.multi_entity.then_some(&frozen));
            if equal_lines(posting.total.currency, &frozen, lines) {
                found.postings_seen.insert(posting.reference.clone());
                found.records_known.insert(record_no.to_owned());
                add(found, &key, i128::from(posting.amount.minor));
                continue;
            }
            let measured = measure(posting.total.currency, posting, &frozen, lines);
            add(found, &key, measured);
            let (finding, detail) = match lines {
                [] => (Finding::Gone, format!("entry {record_no} is not in the ledger any more")),
                _ => (Finding::Edited, format!("entry {record_no} is not what was posted")),
            };
            let difference = Difference {
                finding,
                key,
                subject: posting.reference.to_string(),
                record_no: Some(record_no.to_owned()),
                report_id: Some(posting.key.report.clone()),
                minor: measured - i128::from(posting.amount.minor),
                detail,
            };
            self.note_difference(found, difference, in_ledger).await?;
        }
        Ok(())
    }

    /// Entries without a reference of ours whose lines carry our document numbers: copies and reversals by hand.
    async fn look_for_copies(&self, chart: &ChartInUse, found: &mut Reconciled) -> Result<(), WorkError> {
        let (from, to) = (found.from, found.to);
        let mut after: Option<String> = None;
        loop {
            let page = self.destination.documents_between(PREFIX, from, to, after.as_deref()).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.line_no.clone());
            let mut strays: BTreeMap<String, Reference> = BTreeMap::new();
            for document in page {
                let Some(reference) = Reference::parse(&document.document) else { continue };
                if found.records_known.insert(document.record_no.clone()) {
                    strays.insert(document.record_no, reference);
                }
            }
            if !strays.is_empty() {
                self.note_strays(chart, found, &strays).await?;
            }
        }
    }

    async fn note_strays(
        &self,
        chart: &ChartInUse,
        found: &mut Reconciled,
        strays: &BTreeMap<String, Reference>,
    ) -> Result<(), WorkError> {
        let references: Vec<&str> = strays.values().map(Reference::as_str).collect();
        let record = self.on_record(&references).await?;
        let numbers: Vec<String> = strays.keys().cloned().collect();
        let there = self.destination.lines(&numbers).await?;
        for (record_no, reference) in strays {
            let lines = there.get(record_no).map(Vec::as_slice).unwrap_or_default();
            let Some(posting) = record.postings.get(reference.as_str()) else { continue };
            if posting.flow != self.flow_id || posting.machine.state.record_no() == Some(record_no.as_str()) {
                continue;
            }
            let frozen = record.lines.get(reference.as_str()).map(Vec::as_slice).unwrap_or_default();
            let key = self.row_of(chart, posting, chart.chart.multi_entity.then_some(frozen));
            let minor = measure(posting.total.currency, posting, frozen, lines);
            add(found, &key, minor);
            let original = posting.machine.state.record_no().unwrap_or("none");
            let detail = format!("entry {record_no} carries the document number of entry {original}");
            let difference = Difference {
                finding: Finding::Copied,
                key,
                subject: reference.to_string(),
                record_no: Some(record_no.clone()),
                report_id: Some(posting.key.report.clone()),
                minor,
                detail,
            };
            self.note_difference(found, difference, in_ledger).await?;
        }
        Ok(())
    }
}

fn add(found: &mut Reconciled, key: &Key, minor: i128) {
    if found.has(key) {
        found.tie_out.add(key, &Sums { ledger: minor, ..Sums::default() });
    }
}

/// What an entry of the ledger amounts to, net of its expenses: what stands on the accounts on which the frozen entry
/// has its offset. What takes an entry back counts against it.
fn measure(currency: Currency, posting: &StoredPosting, frozen: &[StoredLine], lines: &[LedgerLine]) -> i128 {
    let offsets: BTreeSet<&str> =
        frozen.iter().filter(|line| line.side == "offset").map(|line| line.account.as_str()).collect();
    if equal_lines(posting.total.currency, frozen, lines) {
        return i128::from(posting.amount.minor);
    }
    let on_offset = lines.iter().filter(|line| offsets.contains(line.account.as_str()));
    -on_offset.map(|line| signed(currency, line)).sum::<i128>()
}

fn signed(currency: Currency, line: &LedgerLine) -> i128 {
    let minor = line_amount(line, Some(currency)).map_or(0, |amount| i128::from(amount.minor));
    if line.direction == Direction::Credit { -minor } else { minor }
}

fn debits(currency: Currency, lines: &[LedgerLine]) -> i128 {
    lines.iter().filter(|line| line.direction == Direction::Debit).map(|line| signed(currency, line)).sum()
}

fn currency_of(lines: &[LedgerLine], base: Option<Currency>) -> Option<Currency> {
    let named = lines.iter().find_map(|line| Currency::parse(line.currency.as_deref()?).ok());
    named.or(base)
}
