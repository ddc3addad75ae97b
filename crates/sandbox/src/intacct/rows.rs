//! One way to read a field, whatever it is stored in: a table's row, an entry, a line, or the detail made of it.
//!
//! It reads only; which rows somebody may see is decided by the viewer given to it.

use super::books::{BASE_CURRENCY, Books, Entry, Line, Object, Table};
use super::money::{amount_text, exponent};
use super::names::{Fields, Sym, field};
use super::objects::Kind;
use super::when::{us_date, us_datetime};
use std::borrow::Cow;

/// One record of any object.
#[derive(Debug, Clone, Copy)]
pub(super) enum Row<'a> {
    Table(&'a Table, u64, &'a Fields),
    Batch(&'a Entry),
    Line(&'a Entry, usize),
    Detail(&'a Entry, usize),
}

/// A field as a query names it: over how many relations, and what it holds at the end.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// As the query spelled it; results come under this name.
    pub name: String,
    hops: Vec<Hop>,
    pub field: Sym,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
struct Hop {
    local: Sym,
    target: Object,
}

impl Path {
    /// Whether it is a field of the object itself.
    pub fn is_direct(&self, name: Sym) -> bool {
        self.hops.is_empty() && self.field == name
    }
}

/// Who reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Viewer {
    /// The session's entity; empty at the top level.
    pub entity: Sym,
    pub show_private: bool,
    /// Whether entities hide their entries at all.
    pub entities_hide: bool,
    /// Entries made after this are not seen yet.
    pub until_ms: u64,
}

impl Viewer {
    fn sees(&self, entry: &Entry) -> bool {
        entry.created_ms <= self.until_ms
            && (!self.entities_hide || entry.owner == self.entity || (self.entity.is_empty() && self.show_private))
    }
}

impl Books {
    /// Finds a field by the name that a query uses, `A.B` going over relation `A`.
    pub fn path(&self, object: Object, name: &str) -> Option<Path> {
        let upper = name.trim().to_ascii_uppercase();
        let (mut object, mut rest, mut hops) = (object, upper.as_str(), Vec::new());
        loop {
            let def = self.def(object);
            if let Some(found) = self.names.find(rest).and_then(|sym| def.field(sym)) {
                let (field, kind) = (found.name, found.kind);
                return Some(Path { name: name.trim().to_owned(), hops, field, kind });
            }
            let (path, tail) = rest.split_once('.')?;
            let relation = def.relation(path)?;
            let target = self.object(relation.target)?;
            hops.push(Hop { local: relation.local, target });
            (object, rest) = (target, tail);
        }
    }

    /// All rows of an object that the viewer sees, by record number.
    pub fn rows<'a>(&'a self, object: Object, viewer: Viewer) -> Box<dyn Iterator<Item = Row<'a>> + 'a> {
        let entries = move || self.ledger.iter().filter(move |e| viewer.sees(e));
        match object {
            Object::Table(place) => {
                let table = self.table(place);
                Box::new(table.iter().map(move |(record_no, fields)| Row::Table(table, record_no, fields)))
            }
            Object::Batch => Box::new(entries().map(Row::Batch)),
            Object::Line => Box::new(entries().flat_map(|e| (0..e.lines.len()).map(move |i| Row::Line(e, i)))),
            Object::Detail => Box::new(
                entries()
                    .filter(|e| self.names.text(e.header.get(field::STATE)) == "Posted")
                    .flat_map(|e| (0..e.lines.len()).map(move |i| Row::Detail(e, i))),
            ),
        }
    }

    /// The same of the entries with these numbers only.
    pub fn rows_of<'a>(&'a self, object: Object, viewer: Viewer, entries: &[u64]) -> Vec<Row<'a>> {
        let entries = entries.iter().filter_map(|n| self.ledger.get(*n)).filter(|e| viewer.sees(e));
        match object {
            Object::Table(_) => Vec::new(),
            Object::Batch => entries.map(Row::Batch).collect(),
            Object::Line => entries.flat_map(|e| (0..e.lines.len()).map(move |i| Row::Line(e, i))).collect(),
            Object::Detail => entries
                .filter(|e| self.names.text(e.header.get(field::STATE)) == "Posted")
                .flat_map(|e| (0..e.lines.len()).map(move |i| Row::Detail(e, i)))
                .collect(),
        }
    }

    /// One record by its number.
    pub fn row(&self, object: Object, record_no: u64, viewer: Viewer) -> Option<Row<'_>> {
        match object {
            Object::Table(place) => {
                let table = self.table(place);
                table.get(record_no).map(|fields| Row::Table(table, record_no, fields))
            }
            Object::Batch => self.ledger.get(record_no).filter(|e| viewer.sees(e)).map(Row::Batch),
            Object::Line | Object::Detail => {
                let (entry, place) = self.ledger.line(record_no).filter(|(e, _)| viewer.sees(e))?;
                Some(if object == Object::Line { Row::Line(entry, place) } else { Row::Detail(entry, place) })
            }
        }
    }

    /// The value at the end of a path; empty where a relation leads nowhere.
    pub fn read<'a>(&'a self, row: Row<'a>, path: &Path) -> Cow<'a, str> {
        let mut row = row;
        for hop in &path.hops {
            match self.follow(row, hop) {
                Some(next) => row = next,
                None => return Cow::Borrowed(""),
            }
        }
        self.value(row, path.field)
    }

    fn follow<'a>(&'a self, row: Row<'a>, hop: &Hop) -> Option<Row<'a>> {
        match (row, hop.target) {
            (Row::Line(entry, _) | Row::Detail(entry, _), Object::Batch) => Some(Row::Batch(entry)),
            (_, Object::Table(place)) => {
                let table = self.table(place);
                let key = self.names.find(&self.value(row, hop.local))?;
                table.find(key).map(|(record_no, fields)| Row::Table(table, record_no, fields))
            }
            _ => None,
        }
    }

    /// The value of a field of a record, as text in the gateway's forms.
    pub fn value<'a>(&'a self, row: Row<'a>, name: Sym) -> Cow<'a, str> {
        match row {
            Row::Table(_, record_no, _) if name == field::RECORDNO => record_no.to_string().into(),
            Row::Table(table, record_no, fields) => {
                let stored = self.names.text(fields.get(name));
                if stored.is_empty() && name == field::ID && table.def.name == "GRANT" {
                    return record_no.to_string().into();
                }
                stored.into()
            }
            Row::Batch(entry) => self.batch_value(entry, name),
            Row::Line(entry, place) => self.line_value(entry, place, name),
            Row::Detail(entry, place) => self.detail_value(entry, place, name),
        }
    }

    fn batch_value<'a>(&'a self, entry: &'a Entry, name: Sym) -> Cow<'a, str> {
        match name {
            field::RECORDNO => entry.record_no.to_string().into(),
            field::BATCHNO => entry.batch_no.to_string().into(),
            field::BATCH_DATE => us_date(entry.date).into(),
            field::JOURNALKEY => {
                let key = self.names.text(entry.header.get(field::JOURNAL));
                self.find("GLJOURNAL", key).map_or(String::new(), |(n, _)| n.to_string()).into()
            }
            field::BALANCE => "0".into(),
            field::ADJ => "false".into(),
            field::MODULE => "2.GL".into(),
            field::CREATEDBY | field::MODIFIEDBY => "1".into(),
            field::WHENCREATED => us_datetime(entry.created_ms).into(),
            field::WHENMODIFIED | field::MODIFIED => us_datetime(entry.modified_ms).into(),
            field::MEGAENTITYID => self.names.text(entry.owner).into(),
            field::RECORD_URL => {
                format!("https://www.intacct.com/ia/acct/ur.phtml?.r=GLBATCH-{}", entry.record_no).into()
            }
            other => self.names.text(entry.header.get(other)).into(),
        }
    }

    fn line_value<'a>(&'a self, entry: &'a Entry, place: usize, name: Sym) -> Cow<'a, str> {
        let line = &entry.lines[place];
        match name {
            field::RECORDNO => line.record_no.to_string().into(),
            field::BATCHNO => entry.record_no.to_string().into(),
            field::BATCH_NUMBER => entry.batch_no.to_string().into(),
            field::LINE_NO => (place + 1).to_string().into(),
            field::ENTRY_DATE => us_date(entry.date).into(),
            field::TR_TYPE => (if line.debit { "1" } else { "-1" }).into(),
            field::AMOUNT => amount_text(line.base_minor, exponent(BASE_CURRENCY)).into(),
            field::TRX_AMOUNT => self.transaction_amount(line).into(),
            field::BASECURR => BASE_CURRENCY.into(),
            field::STATE | field::WHENCREATED | field::WHENMODIFIED | field::MEGAENTITYID => {
                self.batch_value(entry, name)
            }
            other => self.names.text(line.fields.get(other)).into(),
        }
    }

    /// The absolute amount of a line in its own currency.
    pub fn transaction_amount(&self, line: &Line) -> String {
        amount_text(line.amount_minor, exponent(self.names.text(line.fields.get(field::CURRENCY))))
    }

    fn detail_value<'a>(&'a self, entry: &'a Entry, place: usize, name: Sym) -> Cow<'a, str> {
        let line = &entry.lines[place];
        let when = |shown: bool, name: Sym| if shown { self.line_value(entry, place, name) } else { "".into() };
        let sign = if line.debit { "" } else { "-" };
        match name {
            field::BATCHKEY => entry.record_no.to_string().into(),
            field::BATCH_NO => entry.batch_no.to_string().into(),
            field::SYMBOL => self.batch_value(entry, field::JOURNAL),
            field::BATCH_TITLE | field::BATCH_DATE | field::REFERENCENO => self.batch_value(entry, name),
            field::DEBITAMOUNT => when(line.debit, field::AMOUNT),
            field::CREDITAMOUNT => when(!line.debit, field::AMOUNT),
            field::TRX_DEBITAMOUNT => when(line.debit, field::TRX_AMOUNT),
            field::TRX_CREDITAMOUNT => when(!line.debit, field::TRX_AMOUNT),
            field::AMOUNT | field::TRX_AMOUNT => format!("{sign}{}", self.line_value(entry, place, name)).into(),
            field::DEPARTMENTID => self.line_value(entry, place, field::DEPARTMENT),
            field::LOCATIONID => self.line_value(entry, place, field::LOCATION),
            other => self.line_value(entry, place, other),
        }
    }
}
