//! The company's records: tables of reference objects, and the ledger with its indexes. Changes can be taken back.
//!
//! It holds what it is given; whether a journal entry is right is decided elsewhere.

use super::names::{Fields, Names, Sym, field};
use super::objects::{self, ObjectDef};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

/// Records of one reference object.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub def: ObjectDef,
    rows: BTreeMap<u64, Fields>,
    by_key: HashMap<Sym, u64>,
    next: u64,
}

impl Table {
    fn put(&mut self, record_no: u64, fields: Fields) {
        let key = fields.get(self.def.key);
        if !key.is_empty() {
            self.by_key.insert(key, record_no);
        }
        self.next = self.next.max(record_no + 1);
        self.rows.insert(record_no, fields);
    }

    fn take(&mut self, record_no: u64) -> Option<Fields> {
        let fields = self.rows.remove(&record_no)?;
        let key = fields.get(self.def.key);
        if self.by_key.get(&key) == Some(&record_no) {
            self.by_key.remove(&key);
        }
        Some(fields)
    }

    pub fn get(&self, record_no: u64) -> Option<&Fields> {
        self.rows.get(&record_no)
    }

    pub fn find(&self, key: Sym) -> Option<(u64, &Fields)> {
        let record_no = *self.by_key.get(&key)?;
        Some((record_no, self.rows.get(&record_no)?))
    }

    pub fn iter(&self) -> impl Iterator<Item = (u64, &Fields)> {
        self.rows.iter().map(|(n, f)| (*n, f))
    }

    pub fn next_record_no(&self) -> u64 {
        self.next
    }
}

/// How an entry came into the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Booked by hand before anything else.
    Opening,
    /// Through the gateway.
    Gateway,
    /// By a person, in a story.
    Person,
}

/// A journal entry: one GLBATCH with its GLENTRY lines.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub record_no: u64,
    pub batch_no: u64,
    pub created_ms: u64,
    pub modified_ms: u64,
    /// The entity in whose session it was made; empty at the top level.
    pub owner: Sym,
    pub origin: Origin,
    pub control_id: Box<str>,
    pub date: Date,
    pub header: Fields,
    pub lines: Box<[Line]>,
}

/// One line of a journal entry.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub record_no: u64,
    pub debit: bool,
    pub amount_minor: i64,
    pub base_minor: i64,
    pub fields: Fields,
}

/// All journal entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    entries: BTreeMap<u64, Entry>,
    by_reference: BTreeSet<(Box<str>, u64)>,
    by_first_line: BTreeMap<u64, u64>,
    next_batch: u64,
    next_line: u64,
}

impl Ledger {
    /// Numbers for a new entry of `lines` lines: its own, and its first line's.
    pub fn next_numbers(&mut self, lines: usize) -> (u64, u64) {
        self.next_batch += 1;
        let first = self.next_line + 1;
        self.next_line += lines as u64;
        (self.next_batch, first)
    }

    fn put(&mut self, names: &Names, entry: Entry) {
        let reference = names.text(entry.header.get(field::REFERENCENO));
        if !reference.is_empty() {
            self.by_reference.insert((reference.into(), entry.record_no));
        }
        if let Some(line) = entry.lines.first() {
            self.by_first_line.insert(line.record_no, entry.record_no);
        }
        self.entries.insert(entry.record_no, entry);
    }

    fn take(&mut self, names: &Names, record_no: u64) -> Option<Entry> {
        let entry = self.entries.remove(&record_no)?;
        let reference = names.text(entry.header.get(field::REFERENCENO));
        self.by_reference.remove(&(reference.into(), record_no));
        if let Some(line) = entry.lines.first() {
            self.by_first_line.remove(&line.record_no);
        }
        Some(entry)
    }

    pub fn get(&self, record_no: u64) -> Option<&Entry> {
        self.entries.get(&record_no)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Numbers of the entries whose reference starts with `prefix`.
    pub fn by_reference_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = u64> + 'a {
        let from = Bound::Included((prefix.into(), 0));
        self.by_reference
            .range::<(Box<str>, u64), _>((from, Bound::Unbounded))
            .take_while(move |(reference, _)| reference.starts_with(prefix))
            .map(|(_, record_no)| *record_no)
    }

    /// The entry that holds a line, and the line's place in it.
    pub fn line(&self, record_no: u64) -> Option<(&Entry, usize)> {
        let (_, entry) = self.by_first_line.range(..=record_no).next_back()?;
        let entry = self.entries.get(entry)?;
        let place = entry.lines.iter().position(|l| l.record_no == record_no)?;
        Some((entry, place))
    }
}

/// One change, to be taken back.
#[derive(Debug, Clone)]
enum Undo {
    Row(usize, u64, Option<Fields>),
    Entry(u64, Option<Box<Entry>>),
}

/// What a name of an object stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object {
    /// A table, by its place.
    Table(usize),
    Batch,
    Line,
    Detail,
}

/// Everything the company has on record. A copy shares the tables until one of the two changes them.
#[derive(Debug, Clone)]
pub(super) struct Books {
    pub names: Names,
    pub ledger: Ledger,
    tables: Vec<Arc<Table>>,
    ledger_defs: Arc<Vec<ObjectDef>>,
    undo: Option<Vec<Undo>>,
    pub today: Date,
    pub closed_until: Date,
    pub multi_entity: bool,
    pub multi_currency: bool,
    /// When the seeded records were made, as the gateway writes it.
    pub seeded: Sym,
}

/// The base currency of the company and of all its entities.
pub(super) const BASE_CURRENCY: &str = "USD";

impl Books {
    /// Empty books.
    pub fn new(today: Date, closed_until: Date, multi_entity: bool, multi_currency: bool) -> Self {
        let mut names = Names::default();
        let (tables, ledger_defs) = objects::definitions(&mut names, multi_entity);
        let tables = tables
            .into_iter()
            .map(|def| Arc::new(Table { def, rows: BTreeMap::new(), by_key: HashMap::new(), next: 1 }))
            .collect();
        let ledger = Ledger::default();
        let ledger_defs = Arc::new(ledger_defs);
        let seeded = Sym::EMPTY;
        let undo = None;
        Books { names, ledger, tables, ledger_defs, undo, today, closed_until, multi_entity, multi_currency, seeded }
    }

    /// The object of a name, in any case of letters.
    pub fn object(&self, name: &str) -> Option<Object> {
        match name.to_ascii_uppercase().as_str() {
            "GLBATCH" => Some(Object::Batch),
            "GLENTRY" => Some(Object::Line),
            "GLDETAIL" => Some(Object::Detail),
            "JOURNAL" => self.table_place("GLJOURNAL").map(Object::Table),
            other => self.table_place(other).map(Object::Table),
        }
    }

    fn table_place(&self, name: &str) -> Option<usize> {
        self.tables.iter().position(|t| t.def.name == name)
    }

    pub fn def(&self, object: Object) -> &ObjectDef {
        match object {
            Object::Table(place) => &self.tables[place].def,
            Object::Batch => &self.ledger_defs[0],
            Object::Line => &self.ledger_defs[1],
            Object::Detail => &self.ledger_defs[2],
        }
    }

    /// Every object's definition.
    pub fn defs(&self) -> impl Iterator<Item = &ObjectDef> {
        self.tables.iter().map(|t| &t.def).chain(self.ledger_defs.iter())
    }

    pub fn table(&self, place: usize) -> &Table {
        &self.tables[place]
    }

    /// A table by name; only for names that the code itself knows.
    pub fn named(&self, name: &str) -> Option<&Table> {
        self.table_place(name).map(|place| &*self.tables[place])
    }

    /// The record of an object with this natural key.
    pub fn find(&self, object: &str, key: &str) -> Option<(u64, &Fields)> {
        self.named(object)?.find(self.names.find(key)?)
    }

    /// Whether a record is active; objects without a status always are.
    pub fn is_active(&self, fields: &Fields) -> bool {
        self.names.text(fields.get(field::STATUS)) != "inactive"
    }

    pub fn intern_fields<'a>(&mut self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Fields {
        pairs.into_iter().map(|(name, value)| (self.names.intern(name), self.names.intern(value))).collect()
    }

    // Changes. Each leaves its opposite behind while an operation may still be rolled back.

    pub fn insert_row(&mut self, place: usize, fields: Fields) -> u64 {
        let record_no = self.tables[place].next;
        self.put_row(place, record_no, Some(fields));
        record_no
    }

    /// Replaces (or, with `None`, removes) one row.
    pub fn put_row(&mut self, place: usize, record_no: u64, fields: Option<Fields>) {
        let table = Arc::make_mut(&mut self.tables[place]);
        let before = table.take(record_no);
        if let Some(fields) = fields {
            table.put(record_no, fields);
        }
        if let Some(undo) = &mut self.undo {
            undo.push(Undo::Row(place, record_no, before));
        }
    }

    /// Adds or replaces (or, with `None`, removes) one entry.
    pub fn put_entry(&mut self, record_no: u64, entry: Option<Entry>) {
        let before = self.ledger.take(&self.names, record_no);
        if let Some(entry) = entry {
            self.ledger.put(&self.names, entry);
        }
        if let Some(undo) = &mut self.undo {
            undo.push(Undo::Entry(record_no, before.map(Box::new)));
        }
    }

    /// From here on changes can be taken back.
    pub fn start_transaction(&mut self) {
        self.undo = Some(Vec::new());
    }

    /// Keeps all changes since the start.
    pub fn commit(&mut self) {
        self.undo = None;
    }

    /// Takes all changes since the start back.
    pub fn roll_back(&mut self) {
        for change in self.undo.take().unwrap_or_default().into_iter().rev() {
            match change {
                Undo::Row(place, record_no, before) => self.put_row(place, record_no, before),
                Undo::Entry(record_no, before) => self.put_entry(record_no, before.map(|e| *e)),
            }
        }
    }
}
