//! What came in so far and what the books hold, as JSON for tests and people; and what people do in the product.
//!
//! No client sees this.

use super::books::{Entry, Line, Origin};
use super::model::Model;
use super::names::{Sym, field};
use super::totals;
use super::when::us_date;
use serde_json::{Map, Value, json};

/// The names of a line's fields in the state.
const LINE_FIELDS: &[(&str, Sym)] = &[
    ("account", field::ACCOUNTNO),
    ("currency", field::CURRENCY),
    ("department", field::DEPARTMENT),
    ("location", field::LOCATION),
    ("project", field::PROJECTID),
    ("task", field::TASKID),
    ("cost_type", field::COSTTYPEID),
    ("customer", field::CUSTOMERID),
    ("vendor", field::VENDORID),
    ("employee", field::EMPLOYEEID),
    ("item", field::ITEMID),
    ("class", field::CLASSID),
    ("contract", field::CONTRACTID),
    ("warehouse", field::WAREHOUSEID),
    ("grant", field::GLDIMGRANT),
    ("description", field::DESCRIPTION),
    ("document", field::DOCUMENT),
    ("exchange_rate", field::EXCHANGE_RATE),
    ("billable", field::BILLABLE),
    ("allocation", field::ALLOCATION),
];

impl Model {
    /// What came in so far, and the books: `ledger`, `journal_entries`, `lines` and `by_currency` count what came in
    /// through the gateway; what was there before is `opening_entries`, what a person booked in a story
    /// `personal_entries`.
    pub fn state(&self, with_ledger: bool) -> Value {
        let count = |origin| self.books.ledger.iter().filter(|e| e.origin == origin).count();
        let mut requests = Map::from_iter([("total".to_owned(), json!(self.counts.total))]);
        requests.extend(self.counts.by_function.iter().map(|(name, n)| (name.clone(), json!(n))));
        let mut state = json!({
            "requests": requests,
            "refused_at_the_edge": self.counts.refused_at_the_edge,
            "logins": self.sessions.logins,
            "failed_logins": self.sessions.failed_logins,
            "sessions": self.sessions.made(),
            "sessions_mixed": self.counts.sessions_mixed,
            "repeated_control_ids": self.memory.refused,
            "closed_until": us_date(self.books.closed_until),
            "journal_entries": self.through().count(),
            "lines": self.through().map(|e| e.lines.len()).sum::<usize>(),
            "by_currency": totals::currencies(&self.sums()),
            "opening_entries": count(Origin::Opening),
            "personal_entries": count(Origin::Person),
        });
        if with_ledger {
            state["ledger"] = self.through().map(|entry| self.entry_json(entry)).collect();
        }
        state
    }

    pub(super) fn entry_json(&self, entry: &Entry) -> Value {
        let text = |name| self.books.names.text(entry.header.get(name));
        json!({
            "recordno": entry.record_no.to_string(),
            "journal": text(field::JOURNAL),
            "date": us_date(entry.date),
            "reference": text(field::REFERENCENO),
            "title": text(field::BATCH_TITLE),
            "state": text(field::STATE),
            "comment": text(field::HISTORY_COMMENT),
            "base_location": text(field::BASELOCATION_NO),
            "attachment": text(field::SUPDOCID),
            "entity": self.books.names.text(entry.owner),
            "controlid": entry.control_id,
            "created_ms": entry.created_ms,
            "lines": entry.lines.iter().map(|line| self.line_json(line)).collect::<Value>(),
        })
    }

    fn line_json(&self, line: &Line) -> Value {
        let mut object = Map::new();
        for (name, sym) in LINE_FIELDS {
            let value = self.books.names.text(line.fields.get(*sym));
            let always =
                matches!(*name, "account" | "currency" | "department" | "location" | "description" | "document");
            if always || !value.is_empty() {
                object.insert((*name).to_owned(), json!(value));
            }
        }
        object.insert("tr_type".into(), json!(if line.debit { 1 } else { -1 }));
        object.insert("amount_minor".into(), json!(line.amount_minor));
        object.insert("base_minor".into(), json!(line.base_minor));
        Value::Object(object)
    }
}
