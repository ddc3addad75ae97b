//! Workers that lost their lease in the middle of a request and go on later: their bytes may leave late, and what they
//! learn is kept as an observation.

use accounting::posting::{Learned, Observation, RejectClass, State};
use accounting::problem::Code;

use super::marks::Mark;
use super::mutant::Mutant;
use super::vendor::{Answer, Key, SECOND_MS};
use super::world::{Step, World, Zombie};

impl World {
    /// Workers that lost their lease go on where they stood.
    pub fn wake_zombies(&mut self) -> Step {
        while let Some(at) = self.zombies.iter().position(|zombie| zombie.wake_ms <= self.now_ms) {
            let zombie = self.zombies.remove(at);
            match zombie.answers {
                None if self.rng.chance(20) => {}
                None => {
                    self.marks.reach(Mark::LateBytes);
                    self.note(|| format!("late bytes for {:?}", zombie.batch));
                    let ends_ms = self.now_ms + self.rng.between(100, 20 * SECOND_MS);
                    let answers: Vec<Answer> = zombie
                        .batch
                        .iter()
                        .map(|(posting, key)| {
                            self.cases[*posting].late_bytes = true;
                            self.cases[*posting].late_unseen += 1;
                            let refusal = self.refusal(*posting);
                            self.vendor.create(self.now_ms, ends_ms, *key, refusal)
                        })
                        .collect();
                    self.zombies.push(Zombie {
                        wake_ms: ends_ms,
                        batch: zombie.batch,
                        answers: Some(answers),
                        late: true,
                    });
                }
                Some(answers) => self.late_reply(&zombie.batch, &answers, zombie.late)?,
            }
        }
        Ok(())
    }

    fn late_reply(&mut self, batch: &[(usize, Key)], answers: &[Answer], late: bool) -> Step {
        self.marks.reach(Mark::LateReply);
        for ((posting, key), answer) in batch.iter().zip(answers) {
            let observation = match answer {
                Answer::Posted(record) => Observation::Posted { record_no: record.to_string() },
                Answer::Refused | Answer::Failed => Observation::NotApplied,
                Answer::NoRecord => Observation::Unclear,
            };
            self.note(|| format!("observed {observation:?} for {posting}"));
            let case = &mut self.cases[*posting];
            // A restored database knows nothing of an attempt it does not hold, and its observation finds no row.
            if !case.keys.contains(key) {
                continue;
            }
            case.observations.push((self.now_ms, observation.clone()));
            case.late_unseen -= u32::from(late);
            if self.is(Mutant::NoFence)
                && let Some(mut live) = self.cases[*posting].live.clone()
            {
                live.state = match observation {
                    Observation::Posted { record_no } => State::Posted { record_no, learned: Learned::Answered },
                    _ => State::Rejected { class: RejectClass::Value, code: Code::LedgerRejected },
                };
                self.put(*posting, live, "mutant")?;
            }
        }
        Ok(())
    }
}
