//! What people do in the product, for stories: close and open books, switch records off, touch entries by hand.
//!
//! Nothing here goes through the gateway, and no client sees it.

use super::books::{Entry, Object, Origin};
use super::model::Model;
use super::names::field;
use super::when::{read_us_date, us_date};
use serde_json::{Value, json};

type Edited = Result<Value, String>;

fn text<'v>(command: &'v Value, key: &str) -> Result<&'v str, String> {
    command.get(key).and_then(Value::as_str).ok_or_else(|| format!("`{key}` is missing, or no text"))
}

impl Model {
    /// Carries a command out: `{"action":"close_books","until":"MM/DD/YYYY"}`, `{"action":"activate"|"deactivate",
    /// "object":"GLACCOUNT","key":"6420"}`, `{"action":"require","account":"6420","flag":"REQUIREPROJECT","on":true}`,
    /// `{"action":"delete_entry"|"copy_entry"|"reverse_entry","recordno":"7"}`, `{"action":"change_line",
    /// "recordno":"7","line":1,"field":"DEPARTMENT","value":"100"}` (also `AMOUNT`, in minor units),
    /// `{"action":"change_header","recordno":"7","field":"BATCH_TITLE","value":"…"}`, `{"action":"expire_sessions"}`;
    /// `book_entry` stands in `by_hand.rs`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the command.
    pub fn edit(&mut self, now_ms: u64, command: &Value) -> Edited {
        match text(command, "action")? {
            "close_books" => {
                let until = text(command, "until")?;
                self.books.closed_until = read_us_date(until).ok_or_else(|| format!("{until} is no MM/DD/YYYY"))?;
                Ok(json!({"closed_until": us_date(self.books.closed_until)}))
            }
            "expire_sessions" => {
                self.sessions.forget_all();
                Ok(json!({}))
            }
            "activate" => self.set_status(command, "active"),
            "deactivate" => self.set_status(command, "inactive"),
            "require" => self.require(command),
            "delete_entry" => {
                let entry = self.entry(command)?;
                self.books.put_entry(entry.record_no, None);
                Ok(json!({"deleted": entry.record_no.to_string()}))
            }
            "copy_entry" => self.copy(now_ms, command, false),
            "reverse_entry" => self.copy(now_ms, command, true),
            "book_entry" => self.book_by_hand(now_ms, command),
            "change_line" => self.change_line(now_ms, command),
            "change_header" => self.change_header(now_ms, command),
            other => Err(format!("there is no action {other}")),
        }
    }

    fn entry(&self, command: &Value) -> Result<Entry, String> {
        let number = text(command, "recordno")?;
        let found = number.parse().ok().and_then(|n| self.books.ledger.get(n));
        found.cloned().ok_or_else(|| format!("there is no entry {number}"))
    }

    fn set_field(&mut self, object: &str, key: &str, name: &str, value: &str) -> Edited {
        let Some(Object::Table(place)) = self.books.object(object) else {
            return Err(format!("there is no object {object}"));
        };
        let name = self.books.names.intern(name);
        let value = self.books.names.intern(value);
        let table = self.books.table(place);
        let found = self.books.names.find(key).and_then(|sym| table.find(sym));
        let (record_no, fields) = found.ok_or_else(|| format!("there is no {object} {key}"))?;
        let mut fields = fields.clone();
        fields.set(name, value);
        self.books.put_row(place, record_no, Some(fields));
        Ok(json!({"recordno": record_no.to_string()}))
    }

    fn set_status(&mut self, command: &Value, status: &str) -> Edited {
        self.set_field(text(command, "object")?, text(command, "key")?, "STATUS", status)
    }

    fn require(&mut self, command: &Value) -> Edited {
        let on = command.get("on").and_then(Value::as_bool).unwrap_or(true);
        let (account, flag) = (text(command, "account")?, text(command, "flag")?);
        self.set_field("GLACCOUNT", account, flag, if on { "true" } else { "false" })
    }

    fn copy(&mut self, now_ms: u64, command: &Value, reversed: bool) -> Edited {
        let mut entry = self.entry(command)?;
        let (record_no, first) = self.books.ledger.next_numbers(entry.lines.len());
        for (place, line) in entry.lines.iter_mut().enumerate() {
            line.record_no = first + place as u64;
            line.debit ^= reversed;
        }
        if reversed {
            let title = self.books.names.text(entry.header.get(field::BATCH_TITLE));
            let title = format!("Reversed - {title}");
            let title = self.books.names.intern(&title);
            entry.header.set(field::BATCH_TITLE, title);
            entry.header.set(field::REFERENCENO, super::names::Sym::EMPTY);
        }
        let entry = Entry {
            record_no,
            batch_no: record_no,
            created_ms: now_ms,
            modified_ms: now_ms,
            origin: Origin::Person,
            control_id: "".into(),
            ..entry
        };
        self.books.put_entry(record_no, Some(entry));
        Ok(json!({"recordno": record_no.to_string()}))
    }

    fn change_line(&mut self, now_ms: u64, command: &Value) -> Edited {
        let mut entry = self.entry(command)?;
        let number = command.get("line").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let (name, value) = (text(command, "field")?, text(command, "value")?);
        let name = self.books.names.intern(name);
        let line = number.and_then(|n| entry.lines.get_mut(n.checked_sub(1)?));
        let line = line.ok_or("`line` is no line of the entry; lines count from 1")?;
        if name == field::AMOUNT {
            let minor = value.parse().map_err(|_| "AMOUNT is a number of minor units".to_owned())?;
            (line.amount_minor, line.base_minor) = (minor, minor);
        } else {
            line.fields.set(name, self.books.names.intern(value));
        }
        entry.modified_ms = now_ms;
        let changed = self.entry_json(&entry);
        self.books.put_entry(entry.record_no, Some(entry));
        Ok(changed)
    }

    fn change_header(&mut self, now_ms: u64, command: &Value) -> Edited {
        let mut entry = self.entry(command)?;
        let (name, value) = (text(command, "field")?, text(command, "value")?);
        if name == "BATCH_DATE" {
            entry.date = read_us_date(value).ok_or_else(|| format!("{value} is no MM/DD/YYYY"))?;
        }
        let (name, value) = (self.books.names.intern(name), self.books.names.intern(value));
        entry.header.set(name, value);
        entry.modified_ms = now_ms;
        let changed = self.entry_json(&entry);
        self.books.put_entry(entry.record_no, Some(entry));
        Ok(changed)
    }
}
