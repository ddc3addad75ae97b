//! An entry that a person books by hand, for stories: not through the gateway, and held to no rule but that it balances.

use super::books::{BASE_CURRENCY, Entry, Line, Origin};
use super::model::Model;
use super::names::{Fields, Sym};
use super::when::{read_us_date, us_date};
use serde_json::{Value, json};

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl Model {
    /// `{"action":"book_entry","journal":"GJ","date":"MM/DD/YYYY","title":"…","reference":"…","lines":[{"account":"6420",
    /// "amount_minor":1250,"memo":"…","document":"…","department":"100","location":"NY"}, …]}`: a positive amount is a
    /// debit, a negative one a credit.
    pub(super) fn book_by_hand(&mut self, now_ms: u64, command: &Value) -> Result<Value, String> {
        let date = text(command, "date");
        let date = read_us_date(date).ok_or_else(|| format!("{date} is no MM/DD/YYYY"))?;
        let lines = command.get("lines").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let amount = |line: &Value| line.get("amount_minor").and_then(Value::as_i64).unwrap_or(0);
        let sum: i64 = lines.iter().map(amount).sum();
        if lines.len() < 2 || sum != 0 || lines.iter().any(|line| amount(line) == 0) {
            return Err(
                "`lines` are two or more, each with an amount_minor that is not zero, and add up to zero".into()
            );
        }
        let (record_no, first) = self.books.ledger.next_numbers(lines.len());
        let title = text(command, "title");
        let header = self.books.intern_fields([
            ("JOURNAL", text(command, "journal")),
            ("BATCH_DATE", us_date(date).as_str()),
            ("BATCH_TITLE", title),
            ("REFERENCENO", text(command, "reference")),
            ("STATE", "Posted"),
        ]);
        let lines: Box<[Line]> = (first..)
            .zip(lines)
            .map(|(number, line)| Line {
                record_no: number,
                debit: amount(line) > 0,
                amount_minor: amount(line).abs(),
                base_minor: amount(line).abs(),
                fields: self.line_by_hand(line, title),
            })
            .collect();
        let entry = Entry {
            record_no,
            batch_no: record_no,
            created_ms: now_ms,
            modified_ms: now_ms,
            owner: Sym::EMPTY,
            origin: Origin::Person,
            control_id: "".into(),
            date,
            header,
            lines,
        };
        self.books.put_entry(record_no, Some(entry));
        Ok(json!({"recordno": record_no.to_string()}))
    }

    fn line_by_hand(&mut self, line: &Value, title: &str) -> Fields {
        let memo = match text(line, "memo") {
            "" => title,
            memo => memo,
        };
        self.books.intern_fields([
            ("ACCOUNTNO", text(line, "account")),
            ("CURRENCY", BASE_CURRENCY),
            ("DESCRIPTION", memo),
            ("DOCUMENT", text(line, "document")),
            ("DEPARTMENT", text(line, "department")),
            ("LOCATION", text(line, "location")),
        ])
    }
}
