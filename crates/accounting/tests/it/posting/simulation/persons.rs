//! The people around the service: they mend what was refused, and decide what the machine hands to them. They see the
//! truth, and some of them never act.

use accounting::posting::{Due, Event, RejectClass, State};
use accounting::problem::Code;

use super::marks::Mark;
use super::vendor::{Entry, FOREVER_MS, HOUR_MS, MINUTE_MS};
use super::world::{Step, World};

impl World {
    /// Lets those act whose time has come, and makes a date with those who are asked for the first time.
    pub fn ask_persons(&mut self) -> Step {
        for posting in 0..self.cases.len() {
            let case = &self.cases[posting];
            let Some(live) = &case.live else { continue };
            // They need not wait for the machine to ask: a refusal is shown at once.
            let shown = matches!(live.state, State::Rejected { class: RejectClass::Sibling | RejectClass::Other, .. });
            let handed_over = matches!(live.due(self.now_ms, &self.rules), Due::Person(_)) && !live.state.is_final();
            let asked = shown || handed_over;
            match case.person_ms {
                _ if !asked => self.cases[posting].person_ms = None,
                None if case.person_idle => {}
                None => {
                    let wait_ms = self.rng.between(10 * MINUTE_MS, 6 * HOUR_MS);
                    self.cases[posting].person_ms = Some(self.now_ms + wait_ms);
                }
                Some(at_ms) if at_ms <= self.now_ms => {
                    self.cases[posting].person_ms = None;
                    self.person_acts(posting)?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn person_acts(&mut self, posting: usize) -> Step {
        let at_ms = self.now_ms;
        let Some(live) = self.cases[posting].live.clone() else { return Ok(()) };
        match live.state {
            State::Held { code: Code::OutcomeUndecidable } => self.person_decides(posting),
            State::Rejected { .. } | State::Held { .. } => {
                let cured_ms = self.cases[posting].bad.map_or(0, |(_, _, cured_ms)| cured_ms);
                if cured_ms >= FOREVER_MS {
                    self.cases[posting].person_idle = true;
                    return Ok(());
                }
                let impatient = self.rng.chance(30);
                if cured_ms > at_ms && !impatient {
                    self.cases[posting].person_ms = Some(cured_ms);
                    return Ok(());
                }
                self.commit(posting, Event::Released { at_ms })
            }
            State::Conflict { .. } => {
                for entry in self.vendor.entries.iter_mut().filter(|entry| entry.posting == posting) {
                    entry.live &= entry.equal;
                }
                self.commit(posting, Event::Released { at_ms })
            }
            State::Duplicate { .. } => {
                // The right one stays: all others are reversed.
                let of_posting = |entry: &&mut Entry| entry.posting == posting;
                let kept =
                    self.vendor.entries.iter_mut().filter(of_posting).find(|e| e.live && e.equal).map(|e| e.record);
                for entry in self.vendor.entries.iter_mut().filter(of_posting) {
                    entry.live &= Some(entry.record) == kept;
                }
                self.commit(posting, Event::Released { at_ms })
            }
            _ => Ok(()),
        }
    }

    /// The outcome could not be proven: the person looks into the ledger with all rights there are.
    fn person_decides(&mut self, posting: usize) -> Step {
        let at_ms = self.now_ms;
        let pending = self.zombies.iter().any(|zombie| zombie.batch.iter().any(|(of, _)| *of == posting));
        if pending || self.vendor.is_running(posting) {
            self.cases[posting].person_ms = Some(at_ms + HOUR_MS);
            return Ok(());
        }
        let standing: Vec<_> =
            self.vendor.entries.iter().filter(|entry| entry.posting == posting && entry.live).cloned().collect();
        match &standing[..] {
            [] => {
                self.marks.reach(Mark::Consented);
                self.commit(posting, Event::Consented { at_ms })
            }
            [one] if one.equal => {
                self.marks.reach(Mark::Vouched);
                self.commit(posting, Event::Vouched { record_no: one.record.to_string() })
            }
            _ if self.vendor.climate.hidden.1 >= FOREVER_MS => {
                self.cases[posting].person_idle = true;
                Ok(())
            }
            _ => self.commit(posting, Event::Released { at_ms }),
        }
    }
}
