//! The invariants, judged by what really happened, which the machine cannot see. Names are those of the protocol.

use accounting::posting::{Due, Event, Finding, Learned, Posting, RejectClass, State};
use accounting::problem::Code;

use super::marks::Mark;
use super::vendor::{HOUR_MS, Key};
use super::world::{Case, Step, Stop, World};

fn violated(invariant: &str, detail: String) -> Step {
    Err(Stop::Violation(format!("{invariant}: {detail}")))
}

impl World {
    /// I1 NoDouble, after everything that happens. With two layers of defence off at once no client can be safe:
    /// such a double is excused here, and `judge_end` demands that it be reported.
    pub fn judge_doubles(&mut self) -> Step {
        for posting in 0..self.cases.len() {
            let case = &self.cases[posting];
            let live = self.vendor.live(posting);
            if live <= 1 || case.foreign && self.foreign_only(posting) || case.excused_double {
                continue;
            }
            // A counted salt is a new key: the gateway cannot tell it from the one that a paused worker still holds.
            let salted = case.salted;
            let second_layer_off = !self.vendor.climate.refuses_repeats() || case.foreign || salted;
            let another_layer_off = case.late_bytes || case.masked || case.doubled;
            if !(second_layer_off && another_layer_off) {
                return violated("NoDouble", format!("{live} entries of posting {posting}"));
            }
            self.marks.reach(Mark::TwoLayerDouble);
            self.cases[posting].excused_double = true;
        }
        Ok(())
    }

    fn foreign_only(&self, posting: usize) -> bool {
        !self.vendor.entries.iter().any(|entry| entry.posting == posting && entry.live && entry.ours)
    }

    /// I3 IntentFirst: before its first byte an attempt with that control id is durable.
    pub fn judge_intent(&self, batch: &[(usize, Key)]) -> Step {
        for (posting, key) in batch {
            let case = &self.cases[*posting];
            let sending = case.stored.as_ref().and_then(|line| Posting::decode(line).ok());
            let durable = sending.is_some_and(|stored| stored.state == State::Sending) && case.keys.contains(key);
            if !durable {
                return violated("IntentFirst", format!("bytes of posting {posting} without a durable attempt"));
            }
        }
        Ok(())
    }

    /// I18 Bounded.
    pub fn judge_rate(&self, postings: &[usize]) -> Step {
        for posting in postings {
            let recent = |sent_ms: &&i64| self.now_ms - **sent_ms < 24 * HOUR_MS;
            let sends = self.cases[*posting].sends_ms.iter().filter(recent).count();
            if sends > 8 && !self.restored {
                return violated("Bounded", format!("{sends} attempts of posting {posting} within 24 hours"));
            }
        }
        Ok(())
    }

    /// What holds at every move of a posting.
    pub fn judge_move(&mut self, posting: usize, old: &Posting, new: &Posting) -> Step {
        self.judge_posted(posting, old, new)?;
        let entered = old.state != new.state;
        let nothing_booked = match &new.state {
            State::Absent => entered,
            State::Frozen => entered && old.state == State::Sending,
            State::Rejected { class, .. } => entered && *class != RejectClass::Other,
            State::Held { .. } => old.state == State::Sending && new.failure != Some(RejectClass::Other),
            _ => false,
        };
        if nothing_booked {
            self.judge_nothing_booked(posting, "AbsentIsTrue or RejectedIsTrue", new)?;
        }
        if new.is_replaceable() {
            self.judge_nothing_booked(posting, "OneLiveGeneration", new)?;
        }
        let proven = new.state == State::Absent && new.proof.as_ref().is_some_and(|proof| proof.repeated);
        if new.salt != old.salt && !(new.salt == old.salt + 1 && proven) {
            return violated("ControlId", format!("salt {} -> {} without proof", old.salt, new.salt));
        }
        if Posting::decode(&new.encode()).as_ref() != Ok(new) {
            return violated("Stored", format!("{new:?} is not read back"));
        }
        self.reach_marks(posting, old, new);
        Ok(())
    }

    /// I8 AbsentIsTrue, I9 RejectedIsTrue: no entry, and no request that can still make one.
    fn judge_nothing_booked(&self, posting: usize, invariant: &str, new: &Posting) -> Step {
        let case = &self.cases[posting];
        let there = self.vendor.live(posting) > 0 || self.vendor.is_running(posting);
        // Bytes that left after the lease had lapsed and all had settled: known to nobody before they are observed.
        let unknowable = case.late_unseen > 0 || case.excused_double;
        if there && !unknowable && !self.is_sent_unseen(case) {
            return violated(
                invariant,
                format!("posting {posting} is {} and its entry stands or runs", new.state.name()),
            );
        }
        Ok(())
    }

    /// Sent by another installation, or before a restore, and the look before the send was served blind.
    fn is_sent_unseen(&self, case: &Case) -> bool {
        (case.foreign || self.restored) && case.masked
    }

    /// I7 PostedIsTrue, I20 Monotone.
    fn judge_posted(&mut self, posting: usize, old: &Posting, new: &Posting) -> Step {
        if let Some(record_no) = old.state.record_no() {
            if new.state.record_no() != Some(record_no) {
                return violated("Monotone", format!("posting {posting} left {:?} for {:?}", old.state, new.state));
            }
            return Ok(());
        }
        let Some(record_no) = new.state.record_no() else { return Ok(()) };
        let case = &self.cases[posting];
        let standing: Vec<_> = self.vendor.entries.iter().filter(|e| e.posting == posting && e.live).collect();
        let exact = matches!(standing[..], [one] if one.equal && one.record.to_string() == record_no);
        let running = self.vendor.is_running(posting) && !case.late_bytes && !case.doubled;
        if (exact && !running) || case.excused_double || self.is_sent_unseen(case) {
            return Ok(());
        }
        violated("PostedIsTrue", format!("posting {posting} is posted as {record_no}; there stand {standing:?}"))
    }

    fn reach_marks(&mut self, posting: usize, old: &Posting, new: &Posting) {
        let used_up = matches!(new.state, State::Frozen | State::Absent)
            && matches!(new.due(self.now_ms, &self.rules), Due::Later(_));
        if used_up {
            self.marks.reach(Mark::AttemptsUsedUp);
        }
        let case = &mut self.cases[posting];
        case.salted |= new.salt > 0;
        if new.state == State::Unknown {
            case.first_doubt_ms.get_or_insert(self.now_ms);
        }
        let refused_now = old.state == State::Sending && new.failure.is_some();
        case.refusals += u32::from(refused_now && matches!(new.state, State::Rejected { .. } | State::Held { .. }));
        let mark = match (&old.state, &new.state) {
            (State::Sending, State::Held { .. }) => Mark::Poisoned,
            (State::Frozen, State::Posted { learned: Learned::Found, .. }) => Mark::Adopted,
            (State::Unknown, State::Posted { .. }) => Mark::FoundAfterDoubt,
            (State::Unknown, State::Absent) if new.salt > old.salt => Mark::SaltCounted,
            (State::Unknown, State::Absent) => Mark::AbsentProven,
            (State::Unknown, State::Held { .. }) => Mark::Undecidable,
            (State::Absent, State::Held { .. }) => Mark::WindowLapsed,
            (State::Frozen | State::Unknown, State::Conflict { .. }) => Mark::ConflictFound,
            (State::Frozen | State::Unknown, State::Duplicate { .. }) => Mark::DuplicateFound,
            _ => return,
        };
        self.marks.reach(mark);
    }

    /// I10 NoLoss and I11 NoFalseHold: every posting ended posted, or where a person is needed and did not act.
    pub fn judge_end(&mut self) -> Result<(), String> {
        for posting in 0..self.cases.len() {
            let Some(live) = self.cases[posting].live.clone() else {
                if self.restored {
                    continue;
                }
                return Err(format!("NoLoss: posting {posting} was never frozen"));
            };
            self.judge_report(posting, &live)?;
            if !self.is_rightful_end(posting, &live) {
                return Err(format!("NoLoss or NoFalseHold: posting {posting} ends as {live:?}"));
            }
        }
        Ok(())
    }

    /// L4: a double that no layer could prevent is reported by the next comparison with the ledger.
    fn judge_report(&mut self, posting: usize, live: &Posting) -> Result<(), String> {
        let many = self.vendor.live(posting) > 1 && matches!(live.state, State::Posted { .. });
        if !many {
            return Ok(());
        }
        let record_nos = self.vendor.entries.iter().map(|entry| entry.record.to_string()).collect();
        let (finding, observations) = (Finding::Many { record_nos }, live.observations);
        let compared = live.on(Event::Looked { at_ms: self.now_ms, finding, observations }, &self.rules);
        match compared {
            Ok(compared) if compared.alarm == Some(Code::EntryDoubled) => Ok(()),
            other => Err(format!("Reported: posting {posting} stands twice and {other:?} does not say so")),
        }
    }

    fn is_rightful_end(&self, posting: usize, live: &Posting) -> bool {
        let case = &self.cases[posting];
        let standing = self.vendor.live(posting);
        let sweep_blind = self.restored && self.vendor.climate.hidden.1 > 100 * 24 * HOUR_MS;
        match &live.state {
            State::Posted { .. } => standing == 1 || case.excused_double,
            _ if sweep_blind => true,
            State::Rejected { class: RejectClass::Other, .. } if standing > 0 => case.masked,
            State::Rejected { .. } => case.person_idle && case.refusals > 0,
            State::Held { code: Code::OutcomeUndecidable } => {
                let doubted = case.first_doubt_ms.is_some();
                case.person_idle
                    && doubted
                    && (case.uncontrolled || self.restored || case.late_bytes || live.attempts >= 8)
            }
            State::Held { .. } => case.person_idle && case.refusals > 0,
            State::Conflict { .. } => case.person_idle && case.foreign,
            State::Duplicate { .. } => case.person_idle && standing > 1,
            _ => false,
        }
    }
}
