//! Which faults and turns a seed reached. A simulator that never reaches a fault proves nothing about it.

macro_rules! marks {
    ($($name:ident)*) => {
        /// Something that a seed can reach.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mark { $($name,)* }

        impl Mark {
            /// All marks.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

marks! {
    KilledBeforeCommit KilledAfterCommit KilledBeforeBytes KilledMidRequest KilledBeforeOutcome KilledInRecovery
    NotSent DroppedBeforeVendor TimedOutThenCommitted LostReply TornReply DoubledByProxy
    SessionExpired RateLimited LoginRefused PeriodOrValueRefused Unrecognised SiblingRefused Poisoned AttemptsUsedUp
    PausedBeforeBytes PausedBeforeReply LateBytes LateReply LateClaim
    RepeatRefused RepeatSucceeded SaltCounted
    Adopted FoundAfterDoubt ConflictFound DuplicateFound AbsentProven ResentFromAbsent
    LookMasked NoPositiveControl Undecidable Consented Vouched WindowLapsed Restored TwoLayerDouble
}

/// The marks one seed reached.
#[derive(Default)]
pub struct Marks(u64);

impl Marks {
    pub fn reach(&mut self, mark: Mark) {
        self.0 |= 1 << (mark as u32);
    }

    pub fn has(&self, mark: Mark) -> bool {
        self.0 & (1 << (mark as u32)) != 0
    }
}
