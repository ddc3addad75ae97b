//! The objects of the company: their fields, lengths, keys and relations, read from `objects.txt`.
//!
//! It holds no records.

use super::names::{Names, Sym};

/// What a field holds, which decides how it is compared and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Decimal,
    Date,
    DateTime,
    Boolean,
    /// Shown as a label, stored as a letter.
    Enum(&'static [(&'static str, &'static str)]),
}

/// Letters and labels of GLBATCH/STATE (documented).
pub(super) const STATES: &[(&str, &str)] = &[
    ("I", "Draft"),
    ("S", "Submitted"),
    ("X", "Partially approved"),
    ("A", "Approved"),
    ("P", "Posted"),
    ("R", "Declined"),
    ("L", "Reversal pending"),
    ("Z", "Reversed"),
];
const STATUS: &[(&str, &str)] = &[("T", "active"), ("F", "inactive")];
const ACCOUNT_TYPES: &[(&str, &str)] = &[("I", "incomestatement"), ("N", "balancesheet")];

/// One field.
#[derive(Debug, Clone)]
pub(super) struct FieldDef {
    pub name: Sym,
    pub text: &'static str,
    pub kind: Kind,
    pub max_length: usize,
    pub required: bool,
    pub read_only: bool,
}

/// A to-one relation: `PATH.FIELD` reads `FIELD` of the `target` whose key is this record's `local`.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub path: &'static str,
    pub local: Sym,
    pub target: &'static str,
}

/// One object.
#[derive(Debug, Clone)]
pub(super) struct ObjectDef {
    pub name: &'static str,
    pub singular: &'static str,
    pub plural: &'static str,
    /// The natural key.
    pub key: Sym,
    pub fields: Vec<FieldDef>,
    pub relations: Vec<Relation>,
}

impl ObjectDef {
    pub fn field(&self, name: Sym) -> Option<&FieldDef> {
        self.fields.iter().find(|f| f.name == name)
    }

    pub fn relation(&self, path: &str) -> Option<&Relation> {
        self.relations.iter().find(|r| r.path == path)
    }
}

/// All objects; the file says how it is read.
const OBJECTS: &str = include_str!("objects.txt");

/// Objects whose records are the ledger's, in the order that [`super::books::Books`] keeps them.
pub(super) const LEDGER: [&str; 3] = ["GLBATCH", "GLENTRY", "GLDETAIL"];

/// All objects, those of tables apart from those of the ledger. LOCATIONENTITY is left out of a company without
/// entities.
pub(super) fn definitions(names: &mut Names, multi_entity: bool) -> (Vec<ObjectDef>, Vec<ObjectDef>) {
    let blocks = OBJECTS.split("\n\n").skip(1);
    let all = blocks.filter_map(|block| define(names, block)).filter(|d| multi_entity || d.name != "LOCATIONENTITY");
    all.partition(|def| !LEDGER.contains(&def.name))
}

fn define(names: &mut Names, block: &'static str) -> Option<ObjectDef> {
    let mut lines = block.lines();
    let mut head = lines.next()?.split('|').map(str::trim);
    let (name, singular, plural, key) = (head.next()?, head.next()?, head.next()?, head.next()?);
    let (mut fields, mut relations) = (Vec::new(), Vec::new());
    for line in lines {
        let relation_line = line.strip_prefix('>');
        for part in relation_line.unwrap_or(line).split(',').map(str::trim).filter(|p| !p.is_empty()) {
            match relation_line {
                None => fields.push(field(names, part)),
                Some(_) => relations.extend(relation(names, part)),
            }
        }
    }
    Some(ObjectDef { name, singular, plural, key: names.intern(key), fields, relations })
}

fn relation(names: &mut Names, text: &'static str) -> Option<Relation> {
    let (path, rest) = text.split_once('=')?;
    let (local, target) = rest.split_once('/')?;
    Some(Relation { path, local: names.intern(local), target })
}

fn field(names: &mut Names, text: &'static str) -> FieldDef {
    let (name, form) = text.split_once(' ').unwrap_or((text, "100"));
    let kind = match form.chars().next() {
        Some('i') => Kind::Integer,
        Some('n') => Kind::Decimal,
        Some('d') => Kind::Date,
        Some('t') => Kind::DateTime,
        Some('b') => Kind::Boolean,
        Some('s') => Kind::Enum(STATUS),
        Some('a') => Kind::Enum(ACCOUNT_TYPES),
        Some('e') => Kind::Enum(STATES),
        _ => Kind::Text,
    };
    let digits: String = form.chars().take_while(char::is_ascii_digit).collect();
    FieldDef {
        name: names.intern(&name.to_ascii_uppercase()),
        text: name,
        kind,
        max_length: digits.parse().unwrap_or(match kind {
            Kind::Integer => 8,
            Kind::Decimal => 38,
            Kind::Date => 10,
            Kind::DateTime => 22,
            _ => 30,
        }),
        required: form.contains('!'),
        read_only: form.contains('-'),
    }
}
