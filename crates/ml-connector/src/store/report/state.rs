//! Where a report stands with us, and the names under which that is stored.

/// Where a report stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InboxState {
    /// Read, not yet translated.
    Seen,
    /// Translated, and something stands in the way.
    Held,
    /// Translated, and frozen or about to be.
    Ready,
    /// At least one of its entries is under way.
    Sent,
    /// All its entries are in the ledger.
    Posted,
    /// The ledger refused an entry of it.
    Rejected,
    /// The outcome of an entry of it is not known yet.
    Unknown,
    /// The flow does not take it.
    Skipped,
    /// The ledger holds an entry of it that differs or stands there twice.
    Conflict,
    /// Its content changed after an entry of it was frozen or posted.
    Drift,
}

impl InboxState {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Seen,
        Self::Held,
        Self::Ready,
        Self::Sent,
        Self::Posted,
        Self::Rejected,
        Self::Unknown,
        Self::Skipped,
        Self::Conflict,
        Self::Drift,
    ];

    /// The name under which it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Held => "held",
            Self::Ready => "ready",
            Self::Sent => "sent",
            Self::Posted => "posted",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
            Self::Conflict => "conflict",
            Self::Drift => "drift",
        }
    }

    /// The state called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}
