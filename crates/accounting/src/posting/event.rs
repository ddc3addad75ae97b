//! What can happen to a posting, in words that fit any destination. What a vendor's numbers and texts mean is the
//! adapter's business and must not come in here.

use crate::problem::Code;

/// Something that happened to a posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The attempt and the state `sending` were committed; the bytes may leave from now on.
    SendingCommitted {
        /// When.
        at_ms: i64,
        /// How many observations of this posting are stored, read in the same transaction.
        observations: u32,
    },
    /// The attempt ended before its first byte left: name resolution, connection or TLS failed. Only that.
    NotSent {
        /// When.
        at_ms: i64,
    },
    /// The attempt was answered, clearly and for this control id.
    Answered {
        /// When.
        at_ms: i64,
        /// What the answer says.
        verdict: Verdict,
    },
    /// The attempt ended in any other way: no reply, a broken one, one that cannot be understood. No byte of it
    /// leaves after `at_ms`.
    Unclear {
        /// When.
        at_ms: i64,
    },
    /// The posting was found in `sending` without a living worker: at start, or under a lapsed lease.
    Restarted {
        /// When it was found.
        at_ms: i64,
    },
    /// The destination was read.
    Looked {
        /// When the read began.
        at_ms: i64,
        /// What it found.
        finding: Finding,
        /// How many observations of this posting are stored, read in the same transaction.
        observations: u32,
    },
    /// An observation, kept by a worker that had lost its lease, was read.
    Observed {
        /// When the observed reply came, or the observed attempt ended.
        at_ms: i64,
        /// What was observed.
        observation: Observation,
    },
    /// The database was restored from a backup: what happened since is forgotten. Told to every posting.
    Restored {
        /// When.
        at_ms: i64,
    },
    /// Something outside holds it back before it is sent: the credential, the approval, a person.
    Withheld {
        /// Why.
        code: Code,
    },
    /// The cause is gone: a session was renewed, a pause is over, a period or value was mended, or a person wants
    /// another look. The same bytes go on.
    Released {
        /// When.
        at_ms: i64,
    },
    /// Persons looked at the destination, found nothing, and agreed to send again what could not be decided.
    Consented {
        /// When.
        at_ms: i64,
    },
    /// A person vouches for the entry that stands for this posting.
    Vouched {
        /// Its number at the destination.
        record_no: String,
    },
    /// A linked reversal was posted.
    Reversed {
        /// Number of the reversing entry.
        by: String,
    },
}

/// What a clear answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The entry stands.
    Posted {
        /// Its number at the destination.
        record_no: String,
    },
    /// Nothing was booked.
    Rejected {
        /// Which kind of refusal.
        class: RejectClass,
        /// The problem to show.
        code: Code,
    },
    /// An answer that says, or may say, that this control id was used before: such a refusal, or a success without
    /// the entry's number. Neither success nor failure.
    MaybeRepeated,
}

/// Kinds of refusals, by what cures them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectClass {
    /// The session had run out; a new one cures it.
    Session,
    /// Too many requests; waiting cures it.
    RateLimit,
    /// The period is closed.
    Period,
    /// A value is not accepted.
    Value,
    /// The credentials are not accepted.
    Login,
    /// Another entry of the same transaction was refused, and all were undone.
    Sibling,
    /// A refusal whose cause is not recognised. After an earlier send of the same control id it may mean
    /// "repeated" and is read as [`Verdict::MaybeRepeated`].
    Other,
}

/// What a read of the destination found of one posting: by its reference, at the place of posting. An entry of the
/// same family that this database does not know as posted counts as found and not equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// One entry.
    One {
        /// Its number at the destination.
        record_no: String,
        /// Whether its lines are those that were frozen.
        equal: bool,
    },
    /// Two or more entries.
    Many {
        /// Their numbers.
        record_nos: Vec<String>,
    },
    /// No entry.
    None {
        /// Whether the same query returned an entry known to be visible to this session in that journal and entity.
        positive_control: bool,
    },
}

/// What a worker without a lease saw of its attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// A clear answer that the entry stands.
    Posted {
        /// Its number at the destination.
        record_no: String,
    },
    /// A clear answer that this attempt booked nothing, or it was never sent.
    NotApplied,
    /// No clear answer; bytes of it may have left until the time of the observation.
    Unclear,
}

impl Event {
    /// The event's name, for errors and traces.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SendingCommitted { .. } => "sending committed",
            Self::NotSent { .. } => "not sent",
            Self::Answered { .. } => "answered",
            Self::Unclear { .. } => "unclear",
            Self::Restarted { .. } => "restarted",
            Self::Looked { .. } => "looked",
            Self::Observed { .. } => "observed",
            Self::Restored { .. } => "restored",
            Self::Withheld { .. } => "withheld",
            Self::Released { .. } => "released",
            Self::Consented { .. } => "consented",
            Self::Vouched { .. } => "vouched",
            Self::Reversed { .. } => "reversed",
        }
    }
}

impl RejectClass {
    const NAMES: [(&'static str, Self); 7] = [
        ("session", Self::Session),
        ("rate_limit", Self::RateLimit),
        ("period", Self::Period),
        ("value", Self::Value),
        ("login", Self::Login),
        ("sibling", Self::Sibling),
        ("other", Self::Other),
    ];

    /// The name under which it is stored.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, class)| *class == self).map_or("", |(name, _)| name)
    }

    /// Reads back [`RejectClass::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, class)| *class)
    }
}
