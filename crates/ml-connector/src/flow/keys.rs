//! The one list of every key that a flow document may hold: the reader refuses what is not here, and the reference
//! page is made of it. What a value means is not decided here.

mod tables;

pub use tables::{
    CATEGORIES, CONDITION, CONTROL, DESTINATION, DIMENSION, EXPENSIFY, INTACCT, JOURNAL, NOTIFY, OFFSET, OFFSETS,
    POSTING, ROOT, RULE, SCHEDULE, SELECTION, SOURCE, STATES, TABLES,
};

/// One table of the document.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Where it stands, such as `posting` or `dimensions.NAME`.
    pub path: &'static str,
    /// Its keys in the order of the reference page.
    pub keys: &'static [Key],
}

/// One key of a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name; `tag_N` stands for `tag_1` to `tag_20`, an upper-case name for any text of the customer's.
    pub name: &'static str,
    /// What it decides.
    pub meaning: &'static str,
    /// What it may hold.
    pub values: &'static str,
    /// What holds without it.
    pub absent: Absent,
}

/// What holds where a key is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The document is refused.
    Required,
    /// As if this TOML stood there.
    Default(&'static str),
    /// Something that cannot be written as a value, in words.
    Means(&'static str),
}

/// Deepest tag level.
pub const TAG_LEVELS: u8 = 20;

impl Table {
    /// The key that `name` stands for.
    pub fn find(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.stands_for(name))
    }
}

impl Key {
    /// Whether the name is the customer's own text.
    pub fn is_free(&self) -> bool {
        self.name.bytes().all(|byte| byte.is_ascii_uppercase())
    }

    fn stands_for(&self, name: &str) -> bool {
        match self.name {
            "tag_N" => tag_level(name).is_some(),
            _ => self.is_free() || self.name == name,
        }
    }
}

/// The level in `tag_LEVEL`.
pub fn tag_level(name: &str) -> Option<u8> {
    let digits = name.strip_prefix("tag_")?;
    let level = digits.parse().ok().filter(|level| (1..=TAG_LEVELS).contains(level))?;
    // One spelling a level: no `tag_01`, no `tag_+1`.
    (digits == u8::to_string(&level)).then_some(level)
}
