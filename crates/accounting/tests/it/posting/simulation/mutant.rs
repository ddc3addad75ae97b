//! Seeded bugs. The simulation must find each of them, or its silence about the real machine means nothing.

use accounting::posting::Rules;

macro_rules! mutants {
    ($($(#[doc = $what:literal])* $name:ident)*) => {
        /// A bug.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mutant { $($(#[doc = $what])* $name,)* }

        impl Mutant {
            /// All bugs.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

mutants! {
    /// Nothing settles: an abandoned request is taken for dead at once.
    NoSettling
    /// One look proves absence.
    OneLook
    /// Nothing is read before the first send.
    NoPreflight
    /// Absence is believed without positive control.
    NoPositiveControl
    /// A doubt is answered by sending again at once, trusting the destination to refuse repeats.
    ResendsInDoubt
    /// A doubt is never looked into.
    NeverLooks
    /// A repeated id is taken for success.
    RepeatIsSuccess
    /// An unrecognised refusal is always taken for a refusal.
    UnrecognisedIsRefusal
    /// A timeout is taken for a refusal.
    TimeoutIsRefusal
    /// A timeout is taken for "never sent".
    TimeoutIsNotSent
    /// Every attempt has a control id of its own.
    RandomControlId
    /// The salt is counted up without proof of absence.
    SaltWithoutProof
    /// What was being sent at a restart is taken for unsent.
    RestartForgets
    /// The latest commit does not survive a kill.
    LosesLastCommit
    /// A restored backup is taken for the present.
    RestoreForgets
    /// The first result of a request is taken for all its entries.
    FirstResultForAll
    /// Any entry with our reference is taken for ours.
    AnyEntryIsOurs
    /// The first of several entries is taken.
    FirstOfMany
    /// Attempts are not counted.
    NoAttemptLimit
    /// A worker without a lease writes its outcome into the posting.
    NoFence
    /// What a worker without a lease saw is not read.
    DropsObservations
}

impl Mutant {
    /// Bugs that are rules of the machine with wrong figures.
    pub fn bend(self, rules: &mut Rules) {
        match self {
            Self::NoSettling => rules.settle_ms = 0,
            Self::OneLook => rules.look_gap_ms = 0,
            Self::NoAttemptLimit => rules.max_attempts = usize::MAX,
            _ => {}
        }
    }
}
