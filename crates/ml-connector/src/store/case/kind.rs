//! The words of a case: what it is about, where it stands, and what can be decided. Names only.

/// What a person must decide about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaseKind {
    /// A posted report has other content at its source.
    DriftChanged,
    /// A posted report is no longer approved.
    DriftUnapproved,
    /// A posted report is gone at its source.
    DriftDeleted,
    /// The ledger holds an entry with our reference and other content.
    Conflict,
    /// The ledger holds several entries with our reference.
    Duplicate,
    /// Whether an entry is in the ledger cannot be proven.
    Undecidable,
    /// The ledger refused an entry again and again.
    Refused,
    /// A reconciliation found a difference.
    Difference,
    /// A report that was booked by somebody else; on record, nothing to decide.
    Handled,
}

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaseState {
    /// Nobody has decided.
    Open,
    /// Decided; being carried out.
    Decided,
    /// Carried out, or its cause is gone.
    Done,
}

/// What can be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Take the posted entries back and post the report as it is now.
    ReverseAndRepost,
    /// Take the posted entries back.
    Reverse,
    /// Post one entry of the net difference.
    PostDifference,
    /// Leave the ledger as it is, with a note.
    Accept,
    /// The entry with this number at the destination stands for the posting.
    Vouch,
    /// Send again what could not be proven; two persons must say so.
    ConsentResend,
    /// Booked elsewhere: nothing of the report will be posted.
    MarkHandled,
    /// Try the refused entry again.
    Release,
    /// Something was mended in the ledger: read it again.
    LookAgain,
}

macro_rules! names {
    ($kind:ident: $($variant:ident $name:literal),+ $(,)?) => {
        impl $kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name under which it is stored and shown.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Reads back the name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == name)
            }
        }
    };
}

names! {
    CaseKind:
    DriftChanged "drift_changed",
    DriftUnapproved "drift_unapproved",
    DriftDeleted "drift_deleted",
    Conflict "conflict",
    Duplicate "duplicate",
    Undecidable "undecidable",
    Refused "refused",
    Difference "difference",
    Handled "handled",
}

names! { CaseState: Open "open", Decided "decided", Done "done" }

names! {
    Decision:
    ReverseAndRepost "reverse_and_repost",
    Reverse "reverse",
    PostDifference "post_difference",
    Accept "accept",
    Vouch "vouch",
    ConsentResend "consent_resend",
    MarkHandled "mark_handled",
    Release "release",
    LookAgain "look_again",
}

impl CaseKind {
    /// Whether it is about a posted report that changed, was taken back, or is gone at its source.
    pub const fn is_drift(self) -> bool {
        matches!(self, Self::DriftChanged | Self::DriftUnapproved | Self::DriftDeleted)
    }
}

impl Decision {
    /// Whether it must say why: it leaves a difference standing.
    pub const fn needs_note(self) -> bool {
        matches!(self, Self::Accept | Self::MarkHandled)
    }

    /// How many different persons must say so.
    pub const fn persons(self) -> usize {
        if matches!(self, Self::ConsentResend) { 2 } else { 1 }
    }
}
