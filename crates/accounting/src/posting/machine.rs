//! The moves of a posting. Whatever is not in this table is refused; nothing here sends, reads or waits.
//!
//! ```text
//! from \ event         what happened                                to
//! frozen, absent       SendingCommitted, after a fresh look         sending
//! frozen               Looked: none                                 frozen, and may be sent
//! frozen, absent,      Looked: one, equal                           posted (found)
//!   rejected, unknown,         one, not equal                       conflict
//!   held                       several                              duplicate
//! sending              NotSent                                      frozen (absent, if an earlier attempt was in doubt)
//!                      Answered: Posted                             posted (answered)
//!                      Answered: Rejected, cause recognised         rejected; the third of a class: held
//!                      Answered: MaybeRepeated, or Rejected for an
//!                        unrecognised cause after an earlier send   unknown (repeated)
//!                      Unclear, Restarted                           unknown
//! unknown              Looked: none, before settling                unknown
//!                      Looked: none, no positive control            unknown; after 24 h held
//!                      Looked: none, twice after settling           absent; after a repeat with the next salt;
//!                                                                     held, if the resend window has lapsed
//! absent               Looked: none                                 absent; held, if the resend window has lapsed or
//!                                                                     for 24 h no look had a positive control
//! rejected             Looked: none, twice after settling           rejected, if unrecognised now beyond doubt
//!                      Released                                     frozen (absent, if once in doubt); unknown, if
//!                                                                     unrecognised and not yet beyond doubt
//! frozen, absent, rej. Withheld                                     held
//! held, conflict,      Withheld: handled elsewhere                  held, and neither released nor replaced
//!   duplicate
//! held                 Released                                     unknown if undecidable, else as rejected
//! held (undecidable)   Consented, after settling                    absent, and may be sent once more; after a repeat
//!                                                                     with the next salt
//! conflict, duplicate  Released                                     unknown
//! held, rejected, conflict, duplicate   Vouched                     posted (vouched)
//! frozen, absent, rejected, held        Observed: posted, unclear   unknown; with a claim it is never called absent
//! all but posted, reversed, conflict, duplicate   Restored          unknown; sent again by consent only
//! posted               Reversed                                     reversed
//! ```

use super::event::{Event, Finding, Observation, RejectClass, Verdict};
use super::memory::{IllegalMove, Looks, Posting, Proof};
use super::rules::Rules;
use super::state::{Learned, State};
use crate::problem::Code;

impl Posting {
    /// The posting after `event`.
    ///
    /// # Errors
    /// [`IllegalMove`] where the protocol does not allow it; nothing has changed then.
    pub fn on(&self, event: Event, rules: &Rules) -> Result<Self, IllegalMove> {
        let mut next = self.clone();
        let refused = IllegalMove::NotFrom { state: self.state.name(), event: event.name() };
        match (&self.state, event) {
            (State::Frozen | State::Absent, Event::SendingCommitted { at_ms, observations }) => {
                self.has_read(observations)?;
                self.may_send(at_ms, rules)?;
                next.sending(at_ms, rules);
            }
            (State::Sending, Event::NotSent { .. }) => next.not_sent(),
            (State::Sending, Event::Answered { at_ms, verdict }) => next.answered(at_ms, verdict, rules),
            (State::Sending, Event::Unclear { at_ms } | Event::Restarted { at_ms }) => next.in_doubt(at_ms, at_ms),
            (
                State::Frozen | State::Unknown | State::Absent | State::Rejected { .. } | State::Held { .. },
                Event::Looked { at_ms, finding, observations },
            ) => {
                self.has_read(observations)?;
                next.looked(at_ms, finding, rules);
            }
            (State::Posted { .. }, Event::Looked { finding, .. }) => next.compared(&finding),
            (_, Event::Observed { at_ms, observation }) => next.observed(at_ms, observation),
            (_, Event::Restored { at_ms }) => next.restored(at_ms),
            (State::Frozen | State::Absent | State::Rejected { .. }, Event::Withheld { code }) => {
                next.state = State::Held { code };
            }
            (
                State::Held { .. } | State::Conflict { .. } | State::Duplicate { .. },
                Event::Withheld { code: code @ Code::HandledElsewhere },
            ) => next.state = State::Held { code },
            (State::Held { code: Code::HandledElsewhere }, Event::Released { .. }) => return Err(refused),
            (State::Rejected { .. } | State::Held { .. }, Event::Released { at_ms }) => next.released(at_ms),
            (State::Conflict { .. } | State::Duplicate { .. }, Event::Released { at_ms }) => {
                next.in_doubt(at_ms, self.last_byte_ms.unwrap_or(at_ms));
            }
            (State::Held { code: Code::OutcomeUndecidable }, Event::Consented { at_ms }) => {
                if !self.is_settled(at_ms, rules) {
                    return Err(IllegalMove::NotSettled);
                }
                next.consented(at_ms);
            }
            (
                State::Held { .. } | State::Rejected { .. } | State::Conflict { .. } | State::Duplicate { .. },
                Event::Vouched { record_no },
            ) => next.posted(record_no, Learned::Vouched),
            (State::Posted { record_no, .. }, Event::Reversed { by }) => {
                next.state = State::Reversed { record_no: record_no.clone(), by };
            }
            _ => return Err(refused),
        }
        Ok(next)
    }

    /// Whether changed content may replace this posting by another generation: only where nothing of it is booked
    /// or under way. A refusal whose cause is not recognised counts only with the proof that nothing is there.
    pub fn is_replaceable(&self) -> bool {
        match self.state {
            State::Absent => true,
            State::Held { code: Code::OutcomeUndecidable | Code::HandledElsewhere } => false,
            State::Rejected { .. } | State::Held { .. } => self.failure.is_some() && !self.is_doubtful_refusal(),
            _ => false,
        }
    }

    /// The gate before every send: a fresh look that found nothing, with positive control and within the resend
    /// window where an earlier attempt was in doubt, and attempts left.
    fn may_send(&self, now_ms: i64, rules: &Rules) -> Result<(), IllegalMove> {
        let looked_ms = self.looks.last_ms.ok_or(IllegalMove::NotLooked)?;
        let age_ms = now_ms.saturating_sub(looked_ms);
        let needs_control = self.state == State::Absent && !self.consented;
        if age_ms < 0 || age_ms > rules.preflight_ms || (needs_control && !self.looks.controlled) {
            return Err(IllegalMove::NotLooked);
        }
        if self.has_lapsed(now_ms, rules) {
            return Err(IllegalMove::WindowLapsed);
        }
        let attempts = self.attempts_within(now_ms, rules);
        if attempts >= rules.max_attempts {
            return Err(IllegalMove::TooManyAttempts { attempts });
        }
        Ok(())
    }

    fn sending(&mut self, at_ms: i64, rules: &Rules) {
        self.state = State::Sending;
        self.attempts = self.attempts.saturating_add(1);
        self.key_sends = self.key_sends.saturating_add(1);
        self.first_sent_ms.get_or_insert(at_ms);
        self.bytes_until(at_ms);
        self.recent_sends_ms.retain(|sent_ms| at_ms.saturating_sub(*sent_ms) < rules.attempts_window_ms);
        self.recent_sends_ms.push(at_ms);
        self.looks = Looks::default();
        self.consented = false;
    }

    fn not_sent(&mut self) {
        self.forget_doubt_of_attempt();
        self.recent_sends_ms.pop();
        self.key_sends = self.key_sends.saturating_sub(1);
        self.ready_again();
    }

    fn answered(&mut self, at_ms: i64, verdict: Verdict, rules: &Rules) {
        let used_before = self.key_sends > 1;
        match verdict {
            Verdict::Posted { record_no } if self.claimed.as_ref().is_none_or(|claimed| *claimed == record_no) => {
                self.posted(record_no, Learned::Answered);
            }
            // A late answer told of an entry, and this answer does not confirm it.
            _ if self.claimed.is_some() => self.in_doubt(at_ms, at_ms),
            Verdict::Rejected { class, code } if class != RejectClass::Other || !used_before => {
                self.rejected(class, code, rules);
            }
            Verdict::Posted { .. } | Verdict::Rejected { .. } | Verdict::MaybeRepeated => {
                self.in_doubt(at_ms, at_ms);
                self.repeated = true;
            }
        }
    }

    fn rejected(&mut self, class: RejectClass, code: Code, rules: &Rules) {
        if class != RejectClass::Other {
            self.forget_doubt_of_attempt();
        }
        self.failures = if self.failure == Some(class) { self.failures.saturating_add(1) } else { 1 };
        self.failure = Some(class);
        let poisoned = class != RejectClass::RateLimit && self.failures >= rules.poison_failures;
        self.state = if poisoned { State::Held { code } } else { State::Rejected { class, code } };
    }

    fn posted(&mut self, record_no: String, learned: Learned) {
        self.state = State::Posted { record_no, learned };
        self.doubt_ms = None;
        self.claimed = None;
        self.consented = false;
    }

    /// The outcome is unknown since `at_ms`, and no byte left after `last_byte_ms`.
    fn in_doubt(&mut self, at_ms: i64, last_byte_ms: i64) {
        self.state = State::Unknown;
        self.doubt_ms = Some(at_ms);
        self.bytes_until(last_byte_ms);
        self.looks = Looks::default();
        self.consented = false;
    }

    fn looked(&mut self, at_ms: i64, finding: Finding, rules: &Rules) {
        match finding {
            Finding::One { record_no, equal: true } => self.posted(record_no, Learned::Found),
            Finding::One { record_no, equal: false } => self.state = State::Conflict { record_no },
            Finding::Many { record_nos } => self.state = State::Duplicate { record_nos },
            Finding::None { positive_control } => {
                self.looks.made = self.looks.made.saturating_add(1);
                self.looks.last_ms = Some(at_ms);
                self.looks.controlled = positive_control;
                match self.state {
                    State::Unknown => self.missed(at_ms, rules),
                    State::Rejected { .. } | State::Held { .. } if self.is_doubtful_refusal() => {
                        self.missed(at_ms, rules);
                    }
                    State::Absent if self.has_lapsed(at_ms, rules) || self.is_blind_for_long(at_ms, rules) => {
                        self.undecidable();
                    }
                    _ => {}
                }
            }
        }
    }

    /// A look into a doubt found nothing.
    fn missed(&mut self, at_ms: i64, rules: &Rules) {
        if !self.is_settled(at_ms, rules) {
            return;
        }
        if !self.looks.controlled {
            if self.doubt_ms.is_some_and(|since_ms| at_ms.saturating_sub(since_ms) >= rules.doubt_ms) {
                self.undecidable();
            }
            return;
        }
        let first_look_ms = *self.looks.absent_ms.get_or_insert(at_ms);
        if at_ms.saturating_sub(first_look_ms) < rules.look_gap_ms {
            return;
        }
        let last_byte_ms = self.last_byte_ms.unwrap_or(first_look_ms);
        let (repeated, consented) = (self.repeated, false);
        let proof = Proof { last_byte_ms, first_look_ms, second_look_ms: at_ms, repeated, consented };
        if self.state == State::Unknown {
            self.absent(proof, rules);
        } else {
            // The refusal stands, now beyond doubt.
            self.proof = Some(proof);
            self.first_sent_ms = None;
        }
    }

    fn absent(&mut self, proof: Proof, rules: &Rules) {
        // A claim says it is there, a restored database cannot say what was sent: neither is for us to decide.
        if self.claimed.is_some() || self.lapsed {
            return self.undecidable();
        }
        let at_ms = proof.second_look_ms;
        self.proven_absent(proof);
        if self.has_lapsed(at_ms, rules) {
            self.undecidable();
        }
    }

    /// Nothing is there. If the control id was called used nevertheless, a failed attempt used it up: the next salt.
    fn proven_absent(&mut self, proof: Proof) {
        self.state = State::Absent;
        self.doubt_ms = None;
        self.proof = Some(proof);
        if self.repeated {
            self.repeated = false;
            self.salt = self.salt.saturating_add(1);
            self.key_sends = 0;
            self.first_sent_ms = None;
        }
    }

    /// A look at a posted entry. What it finds wrong is for a person: the state never leaves `posted` for it.
    fn compared(&mut self, finding: &Finding) {
        self.alarm = match finding {
            Finding::One { record_no, equal: true } if self.state.record_no() == Some(record_no) => None,
            Finding::One { .. } => Some(Code::EntryDiffers),
            Finding::Many { .. } => Some(Code::EntryDoubled),
            Finding::None { .. } => self.alarm,
        };
    }

    fn observed(&mut self, at_ms: i64, observation: Observation) {
        self.observations = self.observations.saturating_add(1);
        let settled_record = self.state.record_no();
        match observation {
            Observation::NotApplied => return,
            Observation::Posted { record_no } if settled_record == Some(record_no.as_str()) => return,
            Observation::Posted { .. } if settled_record.is_some() => self.alarm = Some(Code::EntryDoubled),
            Observation::Posted { record_no } => self.claimed = Some(record_no),
            Observation::Unclear => self.bytes_until(at_ms),
        }
        match self.state {
            State::Frozen | State::Absent | State::Rejected { .. } | State::Held { .. } | State::Unknown => {
                self.first_sent_ms.get_or_insert(at_ms);
                self.in_doubt(at_ms, self.last_byte_ms.unwrap_or(at_ms));
            }
            _ => {}
        }
    }

    fn restored(&mut self, at_ms: i64) {
        if self.state.is_final() || matches!(self.state, State::Conflict { .. } | State::Duplicate { .. }) {
            return;
        }
        self.lapsed = true;
        self.key_sends = self.key_sends.max(1);
        self.in_doubt(at_ms, at_ms);
    }

    fn released(&mut self, at_ms: i64) {
        let undecidable = self.state == State::Held { code: Code::OutcomeUndecidable };
        let in_doubt = undecidable || self.is_doubtful_refusal();
        if matches!(self.state, State::Held { .. }) && !undecidable {
            self.failure = None;
            self.failures = 0;
        }
        if in_doubt {
            self.in_doubt(at_ms, self.last_byte_ms.unwrap_or(at_ms));
        } else {
            self.ready_again();
        }
    }

    fn consented(&mut self, at_ms: i64) {
        self.proven_absent(Proof {
            last_byte_ms: self.last_byte_ms.unwrap_or(at_ms),
            first_look_ms: at_ms,
            second_look_ms: at_ms,
            repeated: self.repeated,
            consented: true,
        });
        self.consented = true;
        self.lapsed = false;
        self.claimed = None;
        self.first_sent_ms = None;
        self.looks = Looks::default();
    }

    /// Nothing of it is booked or under way: to be sent again, by way of a look.
    fn ready_again(&mut self) {
        let once_in_doubt = self.first_sent_ms.is_some();
        self.looks = Looks::default();
        if self.claimed.is_some() {
            let at_ms = self.last_byte_ms.unwrap_or_default();
            return self.in_doubt(at_ms, at_ms);
        }
        self.state = if once_in_doubt { State::Absent } else { State::Frozen };
    }

    fn undecidable(&mut self) {
        self.state = State::Held { code: Code::OutcomeUndecidable };
        self.doubt_ms = None;
    }

    /// The present attempt ended definitely; if it was the first in doubt, none is.
    fn forget_doubt_of_attempt(&mut self) {
        if self.first_sent_ms == self.recent_sends_ms.last().copied() {
            self.first_sent_ms = None;
        }
    }

    fn bytes_until(&mut self, at_ms: i64) {
        self.last_byte_ms = Some(self.last_byte_ms.map_or(at_ms, |known_ms| known_ms.max(at_ms)));
    }

    fn has_read(&self, stored: u32) -> Result<(), IllegalMove> {
        if stored == self.observations {
            return Ok(());
        }
        Err(IllegalMove::UnreadObservations { stored, read: self.observations })
    }

    /// Whether the latest attempt was refused for an unrecognised cause, which may mean "repeated", and it is not
    /// proven yet that nothing is there.
    pub(super) fn is_doubtful_refusal(&self) -> bool {
        let refused = matches!(self.state, State::Rejected { .. } | State::Held { .. });
        let proven = self.proof.as_ref().is_some_and(|proof| self.last_byte_ms <= Some(proof.last_byte_ms));
        refused && self.failure == Some(RejectClass::Other) && self.first_sent_ms.is_some() && !proven
    }

    /// Whether the proof of absence has aged without a look that could have renewed it.
    fn is_blind_for_long(&self, at_ms: i64, rules: &Rules) -> bool {
        let aged = |proof: &Proof| at_ms.saturating_sub(proof.second_look_ms) >= rules.doubt_ms;
        !self.looks.controlled && !self.consented && self.proof.as_ref().is_some_and(aged)
    }

    pub(super) fn is_settled(&self, at_ms: i64, rules: &Rules) -> bool {
        self.last_byte_ms.is_none_or(|last_ms| at_ms.saturating_sub(last_ms) >= rules.settle_ms)
    }

    pub(super) fn has_lapsed(&self, at_ms: i64, rules: &Rules) -> bool {
        self.lapsed || self.first_sent_ms.is_some_and(|first_ms| at_ms.saturating_sub(first_ms) >= rules.resend_ms)
    }

    pub(super) fn attempts_within(&self, now_ms: i64, rules: &Rules) -> usize {
        let recent = |sent_ms: &&i64| now_ms.saturating_sub(**sent_ms) < rules.attempts_window_ms;
        self.recent_sends_ms.iter().filter(recent).count()
    }
}
