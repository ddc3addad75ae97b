//! Journal entries coming in: read, checked, balanced, booked.
//!
//! The first thing that is wrong is told, followed by the two general sentences that the gateway adds. (That it stops
//! at the first is assumed.)

mod balance;
mod dimensions;
mod draft;

use super::assumptions::TooLong;
use super::books::{Entry, Line, Object, Origin};
use super::error::{GatewayError, bad_field};
use super::functions::Call;
use super::names::{Fields, Sym, field};
use super::when::us_date;
use super::xml::Element;
use draft::Draft;

type Made = (String, Vec<(String, String)>);

impl Call<'_> {
    /// `create` of a GLBATCH: one journal entry.
    pub(super) fn create_entry(&mut self, object: &Element<'_>) -> Result<Made, Vec<GatewayError>> {
        let draft = self.checked(object, None).map_err(with_trailers)?;
        let (record_no, first_line) = self.books.ledger.next_numbers(draft.lines.len());
        self.book(draft, record_no, first_line, None);
        Ok(("glbatch".into(), vec![("RECORDNO".into(), record_no.to_string())]))
    }

    /// `update` of a GLBATCH: header fields that are given change, the lines are replaced by the full set that is
    /// given; without ENTRIES they stay.
    pub(super) fn update_entry(&mut self, object: &Element<'_>) -> Result<Made, Vec<GatewayError>> {
        let number = object.child_text("RECORDNO").parse().ok();
        let before = number.and_then(|n: u64| self.books.ledger.get(n)).cloned();
        let Some(before) = before else {
            return Err(with_trailers(bad_field("The GLBatch to update does not exist")));
        };
        let draft = self.checked(object, Some(&before)).map_err(with_trailers)?;
        let record_no = before.record_no;
        let (_, first_line) = self.books.ledger.next_numbers(draft.lines.len());
        self.book(draft, record_no, first_line, Some(before));
        Ok(("glbatch".into(), vec![("RECORDNO".into(), record_no.to_string())]))
    }

    /// Reads an entry and holds it to every rule of the company.
    fn checked(&mut self, object: &Element<'_>, before: Option<&Entry>) -> Result<Draft, GatewayError> {
        let mut draft = self.draft(object, before)?;
        self.check_date(&draft)?;
        for line in 0..draft.lines.len() {
            self.check_line(&mut draft, line)?;
        }
        self.check_balance(&mut draft)?;
        Ok(draft)
    }

    fn check_date(&self, draft: &Draft) -> Result<(), GatewayError> {
        let text = us_date(draft.date);
        if self.injected.closed_period || draft.date <= self.books.closed_until {
            let text =
                format!("Periods are closed. Your transaction date ({text}) is within a period that's been closed.");
            return Err(GatewayError::business("", text).correct("Enter a date in an open period."));
        }
        Ok(())
    }

    /// A text made to fit its field: white space, length.
    pub(super) fn fitted(&self, object: Object, name: Sym, text: &str) -> Result<String, GatewayError> {
        let mut text = text.to_owned();
        if self.assumptions.normalises_strings {
            text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        let cut = |text: &str, length: usize| text.chars().take(length).collect::<String>();
        if let (field::REFERENCENO, Some(length)) = (name, self.assumptions.refno_truncated_at) {
            return Ok(cut(&text, length));
        }
        let Some(length) = self.max_length(object, name) else { return Ok(text) };
        if text.len() <= length || text.chars().count() <= length {
            return Ok(text);
        }
        match self.assumptions.too_long {
            TooLong::Truncate => Ok(cut(&text, length)),
            TooLong::Error => {
                let name = self.books.names.text(name);
                Err(bad_field(format!("The value of {name} is longer than {length} characters")))
            }
        }
    }

    fn book(&mut self, draft: Draft, record_no: u64, first_line: u64, before: Option<Entry>) {
        let names = &mut self.books.names;
        let mut intern = |pairs: &[(Sym, String)]| -> Fields {
            pairs.iter().map(|(name, value)| (*name, names.intern(value))).collect()
        };
        let lines = draft.lines.iter().enumerate().map(|(place, line)| Line {
            record_no: first_line + place as u64,
            debit: line.debit,
            amount_minor: line.amount_minor,
            base_minor: line.base_minor,
            fields: intern(&line.fields),
        });
        let lines = lines.collect();
        let header = intern(&draft.header);
        let entry = Entry {
            record_no,
            batch_no: before.as_ref().map_or(record_no, |b| b.batch_no),
            created_ms: before.as_ref().map_or(self.now_ms, |b| b.created_ms),
            modified_ms: self.now_ms,
            owner: before.as_ref().map_or(self.entity, |b| b.owner),
            origin: before.as_ref().map_or(Origin::Gateway, |b| b.origin),
            control_id: before.map_or_else(|| self.control_id.into(), |b| b.control_id),
            date: draft.date,
            header,
            lines,
        };
        self.books.put_entry(record_no, Some(entry));
    }
}

/// The error, and the two sentences that follow every refusal of an entry.
fn with_trailers(error: GatewayError) -> Vec<GatewayError> {
    let general = GatewayError::business("", "Currently, we can't create the transaction")
        .correct("Check the transaction for errors or inconsistencies, then try again.");
    vec![error, general, GatewayError::business("GL-0951", "Could not create GLBatch record.")]
}
