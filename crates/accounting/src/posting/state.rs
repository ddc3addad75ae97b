//! The states a posting can be in, and their names. Nothing here decides anything.

use super::event::RejectClass;
use crate::problem::Code;

/// Where a posting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The bytes are fixed and none of them is at the destination, as far as is known.
    Frozen,
    /// An attempt is committed; its bytes may be under way.
    Sending,
    /// The entry stands. Final, but for a linked reversal.
    Posted {
        /// Its number at the destination; never changes.
        record_no: String,
        /// How it was learned.
        learned: Learned,
    },
    /// The destination refused it; nothing was booked.
    Rejected {
        /// Which kind of refusal.
        class: RejectClass,
        /// The problem to show.
        code: Code,
    },
    /// Sent, and no clear answer came back.
    Unknown,
    /// Sent in doubt, and proven not to be at the destination.
    Absent,
    /// One entry with this reference stands there and differs from what was frozen.
    Conflict {
        /// Its number.
        record_no: String,
    },
    /// Several entries with this reference stand there.
    Duplicate {
        /// Their numbers.
        record_nos: Vec<String>,
    },
    /// A person has to decide.
    Held {
        /// Why.
        code: Code,
    },
    /// The entry stood, and a linked reversal takes it back.
    Reversed {
        /// Number of the reversed entry.
        record_no: String,
        /// Number of the reversing entry.
        by: String,
    },
}

/// How it was learned that an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Learned {
    /// The destination answered the attempt.
    Answered,
    /// The destination was read, and the entry adopted.
    Found,
    /// A person vouched for it.
    Vouched,
}

impl State {
    /// The names of all states, as [`State::name`] gives them.
    pub const NAMES: [&'static str; 10] =
        ["frozen", "sending", "posted", "rejected", "unknown", "absent", "conflict", "duplicate", "held", "reversed"];

    /// The state's name, for columns and screens.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Sending => "sending",
            Self::Posted { .. } => "posted",
            Self::Rejected { .. } => "rejected",
            Self::Unknown => "unknown",
            Self::Absent => "absent",
            Self::Conflict { .. } => "conflict",
            Self::Duplicate { .. } => "duplicate",
            Self::Held { .. } => "held",
            Self::Reversed { .. } => "reversed",
        }
    }

    /// The number of the entry that stands for this posting, where exactly one does.
    pub fn record_no(&self) -> Option<&str> {
        match self {
            Self::Posted { record_no, .. } | Self::Reversed { record_no, .. } => Some(record_no),
            _ => None,
        }
    }

    /// The problem to show with the state, where there is one.
    pub const fn code(&self) -> Option<Code> {
        match self {
            Self::Rejected { code, .. } | Self::Held { code } => Some(*code),
            Self::Unknown => Some(Code::OutcomeUnknown),
            Self::Conflict { .. } => Some(Code::EntryDiffers),
            Self::Duplicate { .. } => Some(Code::EntryDoubled),
            _ => None,
        }
    }

    /// Whether nothing more will happen to the posting by itself or by a person's word, but for a reversal.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Posted { .. } | Self::Reversed { .. })
    }
}

impl Learned {
    const NAMES: [(&'static str, Self); 3] =
        [("answered", Self::Answered), ("found", Self::Found), ("vouched", Self::Vouched)];

    /// The name under which it is stored.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, learned)| *learned == self).map_or("", |(name, _)| name)
    }

    /// Reads back [`Learned::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, learned)| *learned)
    }
}
