//! What is to be done about a posting now. It reads the posting and the clock's figure, and must not change anything.

use super::event::RejectClass;
use super::memory::Posting;
use super::rules::Rules;
use super::state::State;
use crate::problem::Code;

/// What is due for a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It may be sent.
    Send,
    /// The destination must be read before it is sent.
    LookFirst,
    /// The destination is to be read at this time (epoch milliseconds), or now if that is past.
    LookAt(i64),
    /// It is to be released: the session is to be renewed, or the pause is over.
    Release,
    /// Nothing before this time (epoch milliseconds).
    Later(i64),
    /// Nothing.
    Nothing,
    /// A person has to act; the code says why.
    Person(Code),
}

impl Posting {
    /// What is due at `now_ms`.
    pub fn due(&self, now_ms: i64, rules: &Rules) -> Due {
        match &self.state {
            State::Frozen | State::Absent => self.send_due(now_ms, rules),
            State::Sending | State::Reversed { .. } | State::Held { code: Code::HandledElsewhere } => Due::Nothing,
            State::Posted { .. } => self.alarm.map_or(Due::Nothing, Due::Person),
            State::Unknown => Due::LookAt(self.next_look_ms(now_ms, rules)),
            State::Rejected { class, code } => self.rejected_due(*class, *code, now_ms, rules),
            State::Conflict { .. } => Due::Person(Code::EntryDiffers),
            State::Duplicate { .. } => Due::Person(Code::EntryDoubled),
            State::Held { code } if *code != Code::OutcomeUndecidable => self.refused_due(*code, now_ms, rules),
            State::Held { code } => Due::Person(*code),
        }
    }

    fn send_due(&self, now_ms: i64, rules: &Rules) -> Due {
        // A lapsed window needs one more look, which hands the posting to a person.
        if !self.has_lapsed(now_ms, rules) && self.attempts_within(now_ms, rules) >= rules.max_attempts {
            let window = self.recent_sends_ms.len().saturating_sub(rules.max_attempts);
            let oldest_ms = self.recent_sends_ms.get(window).copied().unwrap_or(now_ms);
            return Due::Later(oldest_ms.saturating_add(rules.attempts_window_ms));
        }
        let Some(looked_ms) = self.looks.last_ms else { return Due::LookFirst };
        let age_ms = now_ms.saturating_sub(looked_ms);
        if self.state == State::Absent && !self.consented && !self.looks.controlled && age_ms >= 0 {
            return Due::LookAt(looked_ms.saturating_add(rules.look_pause_ms(self.looks.made)));
        }
        let fresh = (0..=rules.preflight_ms).contains(&age_ms);
        if fresh && !self.has_lapsed(now_ms, rules) { Due::Send } else { Due::LookFirst }
    }

    fn next_look_ms(&self, now_ms: i64, rules: &Rules) -> i64 {
        if let Some(absent_ms) = self.looks.absent_ms {
            return self.looks.last_ms.unwrap_or(absent_ms).saturating_add(rules.look_gap_ms);
        }
        rules.next_look_ms(self.looks.made, self.doubt_ms.unwrap_or(now_ms), self.looks.last_ms)
    }

    fn rejected_due(&self, class: RejectClass, code: Code, now_ms: i64, rules: &Rules) -> Due {
        let ended_ms = self.last_byte_ms.unwrap_or(now_ms);
        match class {
            RejectClass::Session => Due::Release,
            RejectClass::RateLimit => {
                let until_ms = ended_ms.saturating_add(rules.retry_pause_ms(self.failures));
                if now_ms >= until_ms { Due::Release } else { Due::Later(until_ms) }
            }
            RejectClass::Sibling => Due::Nothing,
            RejectClass::Period | RejectClass::Value | RejectClass::Login | RejectClass::Other => {
                self.refused_due(code, now_ms, rules)
            }
        }
    }

    /// A person has to act; where the cause of the refusal is not recognised, looks first make sure, for as long as a
    /// doubt may last, that nothing was booked.
    fn refused_due(&self, code: Code, now_ms: i64, rules: &Rules) -> Due {
        let ended_ms = self.last_byte_ms.unwrap_or(now_ms);
        let look_ms = match self.looks.last_ms {
            Some(last_ms) if self.looks.controlled => last_ms.saturating_add(rules.look_gap_ms),
            Some(last_ms) => last_ms.saturating_add(rules.look_pause_ms(self.looks.made)),
            None => ended_ms,
        };
        let look_ms = look_ms.max(ended_ms.saturating_add(rules.settle_ms));
        let given_up = look_ms >= ended_ms.saturating_add(rules.settle_ms).saturating_add(rules.doubt_ms);
        if self.is_doubtful_refusal() && !given_up { Due::LookAt(look_ms) } else { Due::Person(code) }
    }
}
