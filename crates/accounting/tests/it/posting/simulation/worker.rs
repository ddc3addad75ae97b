//! What the service does with the machine: fold observations, read, release, send. This is the shape the shipped
//! service has, with the mutants' bugs let in at their places.

use accounting::posting::{Due, Event, Finding, Observation, Posting, RejectClass, Reply, State, Verdict, events};
use accounting::problem::Code;

use super::marks::Mark;
use super::mutant::Mutant;
use super::vendor::{Answer, FOREVER_MS, HOUR_MS, Key, MINUTE_MS, SECOND_MS};
use super::world::{Step, Stop, World, Zombie};

/// How long a request may take, and a lease lasts.
const TIMEOUT_MS: i64 = 5 * MINUTE_MS;

impl World {
    /// Does one thing that is due; `false` where nothing is.
    pub fn work(&mut self) -> Result<bool, Stop> {
        self.fold_observations()?;
        let looks = self.postings_due(|due, now_ms| match due {
            Due::LookFirst => true,
            Due::LookAt(at_ms) => at_ms <= now_ms,
            _ => false,
        });
        if !looks.is_empty() {
            self.look(&looks)?;
            return Ok(true);
        }
        let releases = self.postings_due(|due, _| due == Due::Release);
        for posting in releases {
            self.commit(posting, Event::Released { at_ms: self.now_ms })?;
        }
        let mut sends = self.postings_due(|due, _| due == Due::Send);
        sends.truncate(3);
        if !sends.is_empty() {
            self.send(&sends)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn postings_due(&self, wanted: impl Fn(Due, i64) -> bool) -> Vec<usize> {
        let due = |posting: &usize| {
            let live = self.cases[*posting].live.as_ref();
            live.is_some_and(|live| wanted(self.due_of(live), self.now_ms))
        };
        (0..self.cases.len()).filter(due).collect()
    }

    fn due_of(&self, live: &Posting) -> Due {
        match live.due(self.now_ms, &self.rules) {
            Due::LookAt(_) if self.is(Mutant::NeverLooks) && live.state == State::Unknown => Due::Nothing,
            due => due,
        }
    }

    /// When the posting is due by itself.
    pub fn wait_of(&self, live: &Posting) -> Option<i64> {
        match self.due_of(live) {
            Due::LookAt(at_ms) | Due::Later(at_ms) => Some(at_ms),
            Due::Send | Due::LookFirst | Due::Release => Some(self.now_ms),
            Due::Nothing | Due::Person(_) => None,
        }
    }

    fn fold_observations(&mut self) -> Step {
        for posting in 0..self.cases.len() {
            while let Some(live) = &self.cases[posting].live {
                let read = usize::try_from(live.observations).unwrap();
                let unread = self.cases[posting].observations.get(read).cloned();
                let Some((at_ms, observation)) = unread.filter(|_| !self.is(Mutant::DropsObservations)) else { break };
                if matches!(observation, Observation::Posted { .. }) {
                    self.marks.reach(Mark::LateClaim);
                }
                self.commit(posting, Event::Observed { at_ms, observation })?;
            }
        }
        Ok(())
    }

    fn stored_observations(&self, posting: usize) -> u32 {
        let case = &self.cases[posting];
        match &case.live {
            Some(live) if self.is(Mutant::DropsObservations) => live.observations,
            _ => u32::try_from(case.observations.len()).unwrap(),
        }
    }

    fn look(&mut self, postings: &[usize]) -> Step {
        if self.faulty(self.faults.look_fails) {
            return self.pass(10 * SECOND_MS);
        }
        let began_ms = self.now_ms;
        let mut findings = Vec::new();
        for posting in postings {
            let sight = self.vendor.look(began_ms, *posting, &mut self.rng);
            let case = &mut self.cases[*posting];
            if sight.masked {
                self.marks.reach(Mark::LookMasked);
                case.masked = true;
            }
            if sight.finding == (Finding::None { positive_control: false }) {
                self.marks.reach(Mark::NoPositiveControl);
                case.uncontrolled = true;
            }
            let frozen = case.live.as_ref().is_some_and(|live| live.state == State::Frozen);
            findings.push(self.bent_finding(sight.finding, frozen));
        }
        self.pass(SECOND_MS)?;
        for (posting, finding) in postings.iter().zip(findings) {
            let observations = self.stored_observations(*posting);
            self.commit(*posting, Event::Looked { at_ms: began_ms, finding, observations })?;
        }
        Ok(())
    }

    fn bent_finding(&self, finding: Finding, frozen: bool) -> Finding {
        match finding {
            _ if frozen && self.is(Mutant::NoPreflight) => Finding::None { positive_control: true },
            Finding::None { .. } if self.is(Mutant::NoPositiveControl) => Finding::None { positive_control: true },
            Finding::One { record_no, .. } if self.is(Mutant::AnyEntryIsOurs) => {
                Finding::One { record_no, equal: true }
            }
            Finding::Many { record_nos } if self.is(Mutant::FirstOfMany) => {
                Finding::One { record_no: record_nos[0].clone(), equal: true }
            }
            finding => finding,
        }
    }

    fn send(&mut self, postings: &[usize]) -> Step {
        let mut batch = Vec::new();
        for posting in postings {
            let observations = self.stored_observations(*posting);
            let live = self.cases[*posting].live.clone().unwrap_or_default();
            if live.state == State::Absent {
                self.marks.reach(Mark::ResentFromAbsent);
            }
            let nonce = if self.is(Mutant::RandomControlId) { self.rng.between(1, 1 << 30) } else { 0 };
            let key = (*posting, live.salt, u32::try_from(nonce).unwrap());
            self.commit(*posting, Event::SendingCommitted { at_ms: self.now_ms, observations })?;
            self.cases[*posting].keys.push(key);
            self.cases[*posting].sends_ms.push(self.now_ms);
            batch.push((*posting, key));
        }
        self.judge_rate(postings)?;
        self.kill_point(Mark::KilledBeforeBytes)?;
        if self.faulty(self.faults.paused / 2) {
            self.marks.reach(Mark::PausedBeforeBytes);
            return self.lose_lease(batch, None);
        }
        let together = batch.len() > 1 && self.rng.chance(25);
        let reply = self.request(&batch, together)?;
        self.kill_point(Mark::KilledBeforeOutcome)?;
        self.conclude(&batch, together, &reply)
    }

    /// The worker is paused for so long that another one takes over.
    fn lose_lease(&mut self, batch: Vec<(usize, Key)>, answers: Option<Vec<Answer>>) -> Step {
        let settled_ms = self.now_ms + TIMEOUT_MS + self.rules.settle_ms;
        let wake_ms = match self.rng.between(0, 2) {
            0 => self.rng.between(self.now_ms, self.now_ms + 2 * HOUR_MS),
            // Right between the looks that are to prove absence; see `restart`.
            1 => FOREVER_MS,
            _ => settled_ms + self.rng.between(0, HOUR_MS),
        };
        self.zombies.push(Zombie { wake_ms: wake_ms.max(self.now_ms + TIMEOUT_MS), batch, answers, late: false });
        self.pass(TIMEOUT_MS)?;
        Err(Stop::Killed)
    }

    /// What the wire and the destination make of a request.
    fn request(&mut self, batch: &[(usize, Key)], together: bool) -> Result<Reply<Key>, Stop> {
        if self.faulty(self.faults.not_sent) {
            self.marks.reach(Mark::NotSent);
            self.pass(SECOND_MS)?;
            return Ok(Reply::NotSent);
        }
        if self.faulty(self.faults.dropped) {
            self.marks.reach(Mark::DroppedBeforeVendor);
            self.pass(TIMEOUT_MS)?;
            return Ok(Reply::Unclear);
        }
        if self.faulty(self.faults.refused_whole) {
            let (mark, class, code) = self.rng.pick(&[
                (Mark::SessionExpired, RejectClass::Session, Code::LoginRefused),
                (Mark::RateLimited, RejectClass::RateLimit, Code::LedgerRateLimited),
                (Mark::RateLimited, RejectClass::RateLimit, Code::LedgerRateLimited),
                (Mark::LoginRefused, RejectClass::Login, Code::LoginRefused),
            ]);
            self.marks.reach(mark);
            self.pass(SECOND_MS)?;
            return Ok(Reply::Refused { class, code });
        }
        if self.faulty(self.faults.slow) {
            self.marks.reach(Mark::TimedOutThenCommitted);
            let gone_ms = self.rng.between(SECOND_MS, TIMEOUT_MS);
            let commit_ms = self.now_ms + gone_ms + self.rng.between(0, self.vendor.climate.late_ms);
            if self.restores_soon {
                self.restores_soon = false;
                self.restore_ms = self.now_ms + gone_ms + self.rng.between(0, 2 * MINUTE_MS);
            }
            self.deliver(batch, together, commit_ms)?;
            self.pass(gone_ms)?;
            self.kill_point(Mark::KilledMidRequest)?;
            return Ok(Reply::Unclear);
        }
        let runtime_ms = self.rng.between(100, 20 * SECOND_MS);
        let answers = self.deliver(batch, together, self.now_ms + runtime_ms)?;
        if self.faulty(self.faults.paused) {
            self.marks.reach(Mark::PausedBeforeReply);
            self.lose_lease(batch.to_vec(), Some(answers))?;
            return Ok(Reply::Unclear);
        }
        self.kill_point(Mark::KilledMidRequest)?;
        self.pass(runtime_ms)?;
        if self.faulty(self.faults.lost_reply) {
            self.marks.reach(Mark::LostReply);
            return Ok(Reply::Unclear);
        }
        Ok(Reply::Answered(self.results(batch, together, &answers)))
    }

    /// The request reaches the destination, perhaps twice; the answers are those of the last copy.
    fn deliver(&mut self, batch: &[(usize, Key)], together: bool, ends_ms: i64) -> Result<Vec<Answer>, Stop> {
        self.judge_intent(batch)?;
        let refusals: Vec<Option<Answer>> = batch.iter().map(|(posting, _)| self.refusal(*posting)).collect();
        let undone = together && refusals.iter().any(Option::is_some);
        let mut answers = Vec::new();
        let copies = if self.faulty(self.faults.doubled) { 2 } else { 1 };
        for copy in 0..copies {
            answers.clear();
            for ((posting, key), refusal) in batch.iter().zip(&refusals) {
                let refusal = if undone { refusal.or(Some(Answer::Refused)) } else { *refusal };
                answers.push(self.vendor.create(self.now_ms, ends_ms, *key, refusal));
                if copy > 0 {
                    self.marks.reach(Mark::DoubledByProxy);
                    self.cases[*posting].doubled = true;
                }
            }
        }
        Ok(answers)
    }

    pub fn refusal(&mut self, posting: usize) -> Option<Answer> {
        let bad = self.cases[posting].bad.is_some_and(|(_, _, cured_ms)| self.now_ms < cured_ms);
        if bad {
            self.marks.reach(Mark::PeriodOrValueRefused);
            return Some(Answer::Refused);
        }
        self.faulty(self.faults.failed).then(|| {
            self.marks.reach(Mark::Unrecognised);
            Answer::Failed
        })
    }

    /// What the adapter makes of the answers; what it cannot understand it leaves out.
    fn results(&mut self, batch: &[(usize, Key)], together: bool, answers: &[Answer]) -> Vec<(Key, Verdict)> {
        let torn = self.faulty(self.faults.torn_reply).then(|| self.rng.between(0, 2)).and_then(|n| n.try_into().ok());
        let mut results = Vec::new();
        for (at, ((posting, key), answer)) in batch.iter().zip(answers).enumerate() {
            if torn == Some(at) {
                self.marks.reach(Mark::TornReply);
                continue;
            }
            let answer = if self.is(Mutant::FirstResultForAll) { answers[0] } else { *answer };
            if let Some(verdict) = self.verdict(*posting, answer, together) {
                results.push((*key, verdict));
            }
        }
        results
    }

    fn verdict(&mut self, posting: usize, answer: Answer, together: bool) -> Option<Verdict> {
        let used_before = self.cases[posting].live.as_ref().is_some_and(|live| live.key_sends > 1);
        Some(match answer {
            Answer::Posted(record) => {
                if used_before {
                    self.marks.reach(Mark::RepeatSucceeded);
                }
                Verdict::Posted { record_no: record.to_string() }
            }
            Answer::NoRecord => Verdict::MaybeRepeated,
            Answer::Refused => match self.cases[posting].bad {
                Some((class, code, cured_ms)) if self.now_ms < cured_ms => Verdict::Rejected { class, code },
                _ if together => {
                    self.marks.reach(Mark::SiblingRefused);
                    Verdict::Rejected { class: RejectClass::Sibling, code: Code::LedgerRejected }
                }
                _ => Verdict::Rejected { class: RejectClass::Value, code: Code::LedgerRejected },
            },
            Answer::Failed => {
                if used_before {
                    self.marks.reach(Mark::RepeatRefused);
                }
                if self.is(Mutant::RepeatIsSuccess) {
                    return Some(Verdict::Posted { record_no: "0".to_owned() });
                }
                let trusted = self.is(Mutant::UnrecognisedIsRefusal);
                let class = if trusted { RejectClass::Value } else { RejectClass::Other };
                Verdict::Rejected { class, code: Code::LedgerRejected }
            }
        })
    }

    /// Commits the outcome of a request.
    fn conclude(&mut self, batch: &[(usize, Key)], together: bool, reply: &Reply<Key>) -> Step {
        let keys: Vec<Key> = batch.iter().map(|(_, key)| *key).collect();
        let bent = match reply {
            Reply::Unclear if self.is(Mutant::TimeoutIsRefusal) => {
                Reply::Refused { class: RejectClass::RateLimit, code: Code::LedgerRateLimited }
            }
            Reply::Unclear if self.is(Mutant::TimeoutIsNotSent) => Reply::NotSent,
            reply => reply.clone(),
        };
        for ((posting, _), event) in batch.iter().zip(events(&keys, together, &bent, self.now_ms)) {
            if matches!(event, Event::NotSent { .. }) {
                self.cases[*posting].sends_ms.pop();
            }
            self.commit(*posting, event)?;
            self.break_rules(*posting)?;
        }
        Ok(())
    }

    /// The mutants that tamper with the posting after its outcome.
    fn break_rules(&mut self, posting: usize) -> Step {
        let Some(mut live) = self.cases[posting].live.clone() else { return Ok(()) };
        let in_doubt = live.state == State::Unknown;
        if in_doubt && self.is(Mutant::ResendsInDoubt) {
            live.state = State::Absent;
            live.looks.last_ms = Some(self.now_ms);
            live.looks.controlled = true;
            return self.put(posting, live, "mutant");
        }
        if in_doubt && live.repeated && self.is(Mutant::SaltWithoutProof) {
            live = Posting { salt: live.salt + 1, attempts: live.attempts, ..Posting::frozen() };
            return self.put(posting, live, "mutant");
        }
        Ok(())
    }
}
