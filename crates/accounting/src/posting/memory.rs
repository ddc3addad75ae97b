//! What the machine remembers of one posting, and the ways in which it refuses a move. Plain data; nothing here
//! decides anything.

use super::event::RejectClass;
use super::state::State;
use crate::problem::Code;

/// One posting: its state and all the machine remembers of it. Plain data, to be stored whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Where it stands.
    pub state: State,
    /// Attempts begun so far; the number of the latest one.
    pub attempts: u32,
    /// Salt of the present control id; counted up only with a [`Proof`] whose `repeated` is set.
    pub salt: u32,
    /// Attempts under the present control id of which a byte may have left.
    pub key_sends: u32,
    /// When the first attempt under the present control id began that did not end definitely (while sending: the
    /// present one at the latest). Epoch milliseconds, as all times here.
    pub first_sent_ms: Option<i64>,
    /// No byte of any known attempt left after this.
    pub last_byte_ms: Option<i64>,
    /// When the attempts of the latest 24 hours began, the oldest first; those of which no byte left are not in it.
    pub recent_sends_ms: Vec<i64>,
    /// Since when the outcome has been unknown.
    pub doubt_ms: Option<i64>,
    /// Reads of the destination since the state was entered.
    pub looks: Looks,
    /// The latest answer may have meant that the control id was used before.
    pub repeated: bool,
    /// The destination may have forgotten the control id for another reason than time: the database was restored.
    pub lapsed: bool,
    /// Persons agreed to send once more what could not be decided.
    pub consented: bool,
    /// Class of the latest refusal.
    pub failure: Option<RejectClass>,
    /// Refusals of that class in a row.
    pub failures: u32,
    /// Number of an entry that a late answer told of and no look has found yet.
    pub claimed: Option<String>,
    /// How many observations have been read.
    pub observations: u32,
    /// The latest proof that the entry was not at the destination.
    pub proof: Option<Proof>,
    /// What a look or a late answer found wrong with a posted entry. The state stays.
    pub alarm: Option<Code>,
}

/// Reads of the destination that found no entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looks {
    /// How many.
    pub made: u32,
    /// When the latest began.
    pub last_ms: Option<i64>,
    /// Whether the latest had a positive control.
    pub controlled: bool,
    /// When the first began that counts towards a proof of absence: settled and with a positive control.
    pub absent_ms: Option<i64>,
}

/// Why an entry was called absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// No byte left after this.
    pub last_byte_ms: i64,
    /// When the first look began that found nothing, with a positive control.
    pub first_look_ms: i64,
    /// When the second did.
    pub second_look_ms: i64,
    /// The destination had called the control id used: a failed attempt used it up, and the salt was counted up. From
    /// then on the destination cannot tell a resend from bytes that a paused worker still holds under the old id.
    pub repeated: bool,
    /// Not two looks of ours but persons found nothing, at the time that stands for both looks.
    pub consented: bool,
}

/// A move that the protocol does not allow. The posting is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalMove {
    /// The event cannot happen in this state.
    #[error("a posting that is {state} takes no event '{event}'")]
    NotFrom {
        /// Name of the state.
        state: &'static str,
        /// Name of the event.
        event: &'static str,
    },
    /// No look, or none that is fresh and has the positive control needed here, precedes the send.
    #[error("the destination must be read before the posting is sent")]
    NotLooked,
    /// The destination may have forgotten the control id.
    #[error("the control id is too old to be sent again without a person's consent")]
    WindowLapsed,
    /// The attempts of the latest 24 hours are used up.
    #[error("{attempts} attempts were made within the latest 24 hours")]
    TooManyAttempts {
        /// How many.
        attempts: usize,
    },
    /// Observations are stored that the machine has not been told.
    #[error("{stored} observations are stored and {read} were read")]
    UnreadObservations {
        /// How many are stored.
        stored: u32,
        /// How many were read.
        read: u32,
    },
    /// Bytes sent in doubt may still take effect.
    #[error("the latest attempt may still take effect")]
    NotSettled,
}

impl Default for Posting {
    fn default() -> Self {
        Self::frozen()
    }
}

impl Posting {
    /// A posting whose bytes were just fixed.
    pub const fn frozen() -> Self {
        Self {
            state: State::Frozen,
            attempts: 0,
            salt: 0,
            key_sends: 0,
            first_sent_ms: None,
            last_byte_ms: None,
            recent_sends_ms: Vec::new(),
            doubt_ms: None,
            looks: Looks { made: 0, last_ms: None, controlled: false, absent_ms: None },
            repeated: false,
            lapsed: false,
            consented: false,
            failure: None,
            failures: 0,
            claimed: None,
            observations: 0,
            proof: None,
            alarm: None,
        }
    }
}
