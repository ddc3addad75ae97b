//! What counts as the content of a report: whatever its entries depend on, and nothing that moves by itself after
//! approval. Fed to the hash field by field, each with its length, without making a copy.

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::{Card, Expense, ExpenseReport, Person, ReportState, Tag};
use crate::amount::SourceAmount;

/// Version of the layout below; a change of it changes every hash.
const LAYOUT: &str = "report-1";

impl ExpenseReport {
    /// SHA-256 over the fields that entries depend on: identity, workspace, employee, dates, amounts, coding, merchants,
    /// comments, cards, and whether the report is approved or later. Left out are payment (approved,
    /// reimbursed and archived hash alike), the persons who approve, and links, because they change without a change of what is booked.
    pub fn content_hash(&self) -> [u8; 32] {
        let mut content = Content(Sha256::new());
        content.text(LAYOUT);
        content.text(&self.id);
        content.optional(self.number.as_deref());
        content.text(&self.name);
        content.text(&self.policy_id);
        content.text(&self.policy_name);
        content.person(&self.employee);
        content.byte(u8::from(!matches!(self.state, ReportState::Open | ReportState::Submitted)));
        content.optional(self.currency.as_deref());
        content.amount(self.total);
        content.date(self.submitted);
        content.date(self.approved);
        content.count(self.fields.len());
        for (name, value) in &self.fields {
            content.text(name);
            content.text(value);
        }
        content.count(self.expenses.len());
        for expense in &self.expenses {
            content.expense(expense);
        }
        content.0.finalize().into()
    }
}

struct Content(Sha256);

impl Content {
    fn byte(&mut self, byte: u8) {
        self.0.update([byte]);
    }

    fn count(&mut self, count: usize) {
        self.0.update((count as u64).to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.byte(u8::from(text.is_some()));
        self.text(text.unwrap_or(""));
    }

    /// A figure by its value: 12.50 and 12.5 are the same content.
    fn amount(&mut self, amount: Option<SourceAmount>) {
        self.byte(u8::from(amount.is_some()));
        let SourceAmount { mut units, mut scale } = amount.unwrap_or(SourceAmount { units: 0, scale: 0 });
        while scale > 0 && units % 10 == 0 {
            units /= 10;
            scale -= 1;
        }
        self.0.update(units.to_be_bytes());
        self.byte(scale);
    }

    fn date(&mut self, date: Option<Date>) {
        self.byte(u8::from(date.is_some()));
        let date = date.unwrap_or(Date::ZERO);
        let [high, low] = date.year().to_be_bytes();
        self.0.update([high, low, date.month().to_be_bytes()[0], date.day().to_be_bytes()[0]]);
    }

    fn person(&mut self, person: &Person) {
        self.text(&person.name);
        self.text(&person.email);
        self.optional(person.id.as_deref());
    }

    fn expense(&mut self, expense: &Expense) {
        self.text(&expense.id);
        self.optional(expense.kind.as_deref());
        self.amount(expense.original);
        self.amount(expense.modified);
        self.amount(expense.converted);
        self.optional(expense.currency.as_deref());
        self.optional(expense.rate.as_deref());
        self.date(expense.date);
        self.date(expense.card_posted);
        self.optional(expense.merchant.as_deref());
        self.optional(expense.original_merchant.as_deref());
        self.optional(expense.category.as_deref());
        self.optional(expense.category_code.as_deref());
        self.count(expense.tags.len());
        for Tag { name, code } in &expense.tags {
            self.text(name);
            self.optional(code.as_deref());
        }
        self.optional(expense.comment.as_deref());
        self.byte(match expense.reimbursable {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        });
        self.byte(u8::from(expense.card.is_some()));
        if let Some(Card { last_four, name, feed }) = &expense.card {
            self.optional(last_four.as_deref());
            self.optional(name.as_deref());
            self.optional(feed.as_deref());
        }
    }
}
