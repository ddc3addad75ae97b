//! One seed: a service that drives the posting machine, and what goes wrong around it. Commits are a line of text per
//! posting, read back after every kill. The world never decides what the machine should do; `ghost` judges that.

use accounting::posting::{Event, Observation, Posting, RejectClass, Rules, State};
use accounting::problem::Code;

use super::marks::{Mark, Marks};
use super::mutant::Mutant;
use super::rng::Rng;
use super::vendor::{Answer, Climate, FOREVER_MS, HOUR_MS, Key, MINUTE_MS, SECOND_MS, Vendor};

/// Why a turn of the worker ended early.
pub enum Stop {
    /// The process was killed, or lost its lease while paused.
    Killed,
    /// An invariant does not hold.
    Violation(String),
}

pub type Step = Result<(), Stop>;

/// Chances of the faults, in a hundred.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    pub kill: i64,
    pub not_sent: i64,
    pub dropped: i64,
    pub refused_whole: i64,
    pub failed: i64,
    pub slow: i64,
    pub lost_reply: i64,
    pub torn_reply: i64,
    pub doubled: i64,
    pub paused: i64,
    pub look_fails: i64,
}

impl Faults {
    /// Swarm testing: every seed has its own set of faults, each absent, rare or frequent.
    fn draw(rng: &mut Rng) -> Self {
        let mut level = || rng.pick(&[0, 0, 5, 25]);
        Self {
            kill: level() / 4,
            not_sent: level(),
            dropped: level(),
            refused_whole: level(),
            failed: level(),
            slow: level(),
            lost_reply: level(),
            torn_reply: level(),
            doubled: level() / 3,
            paused: level(),
            look_fails: level(),
        }
    }
}

/// One posting and everything around it.
#[derive(Clone, Default)]
pub struct Case {
    pub created_ms: i64,
    /// The durable line; `None` before it is frozen.
    pub stored: Option<String>,
    pub before_last_commit: Option<String>,
    pub observations: Vec<(i64, Observation)>,
    /// Keys of the durable attempts.
    pub keys: Vec<Key>,
    /// What a worker holds in memory.
    pub live: Option<Posting>,
    /// Validation refuses it until then.
    pub bad: Option<(RejectClass, Code, i64)>,
    pub person_ms: Option<i64>,
    pub person_idle: bool,
    // What only the ghost knows.
    pub sends_ms: Vec<i64>,
    pub refusals: u32,
    pub first_doubt_ms: Option<i64>,
    pub uncontrolled: bool,
    pub masked: bool,
    pub foreign: bool,
    pub late_bytes: bool,
    pub late_unseen: u32,
    pub doubled: bool,
    pub salted: bool,
    pub excused_double: bool,
}

/// A worker that lost its lease in the middle of a request.
#[derive(Clone)]
pub struct Zombie {
    pub wake_ms: i64,
    pub batch: Vec<(usize, Key)>,
    /// The answers it waits for; `None` while it has not sent a byte.
    pub answers: Option<Vec<Answer>>,
    /// Its bytes left after its lease had lapsed.
    pub late: bool,
}

/// What a backup holds.
type Backup = Vec<(Option<String>, Vec<(i64, Observation)>, Vec<Key>)>;

/// The whole of one seed.
pub struct World {
    pub rng: Rng,
    pub now_ms: i64,
    pub vendor: Vendor,
    pub rules: Rules,
    pub mutant: Option<Mutant>,
    pub faults: Faults,
    /// No fault begins after this.
    pub calm_ms: i64,
    pub cases: Vec<Case>,
    pub zombies: Vec<Zombie>,
    pub marks: Marks,
    pub trace: Option<Vec<String>>,
    pub restored: bool,
    backup: Option<Backup>,
    backup_ms: i64,
    pub restore_ms: i64,
    /// The restore comes right after a request that is still running.
    pub restores_soon: bool,
    /// After a restore nothing is posted before the ledger has been read.
    sweep_ms: Option<i64>,
    last_commit: Option<usize>,
}

impl World {
    pub fn new(seed: u64, mutant: Option<Mutant>, trace: bool) -> Self {
        let mut rng = Rng::new(seed);
        let vendor = Vendor::new(Climate::draw(&mut rng));
        let faults = if rng.chance(5) { Faults::default() } else { Faults::draw(&mut rng) };
        let restores = rng.chance(12);
        let restores_soon = restores && rng.chance(50);
        let backup_ms = if restores_soon { 0 } else { rng.between(0, 6 * HOUR_MS) };
        let restore_ms =
            if restores && !restores_soon { backup_ms + rng.between(MINUTE_MS, 12 * HOUR_MS) } else { FOREVER_MS };
        let mut rules = Rules::default();
        if let Some(mutant) = mutant {
            mutant.bend(&mut rules);
        }
        let mut world = Self {
            now_ms: 0,
            vendor,
            rules,
            mutant,
            faults,
            calm_ms: rng.between(HOUR_MS, 24 * HOUR_MS),
            cases: Vec::new(),
            zombies: Vec::new(),
            marks: Marks::default(),
            trace: trace.then(Vec::new),
            restored: false,
            backup: None,
            backup_ms,
            restore_ms,
            restores_soon,
            sweep_ms: None,
            last_commit: None,
            rng,
        };
        let created_ms = world.rng.between(0, 4 * HOUR_MS);
        for posting in 0..usize::try_from(world.rng.between(1, 4)).unwrap() {
            let case = world.draw_case(posting, created_ms);
            world.cases.push(case);
        }
        world
    }

    /// Some postings come together, and are sent in one request.
    fn draw_case(&mut self, posting: usize, together_ms: i64) -> Case {
        let rng = &mut self.rng;
        let class = rng.pick(&[(RejectClass::Period, Code::PeriodClosed), (RejectClass::Value, Code::LedgerRejected)]);
        let cured_ms = if rng.chance(20) { FOREVER_MS } else { rng.between(HOUR_MS, 90 * HOUR_MS) };
        let case = Case {
            created_ms: if rng.chance(60) { together_ms } else { rng.between(0, 4 * HOUR_MS) },
            bad: rng.chance(15).then_some((class.0, class.1, cured_ms)),
            person_idle: rng.chance(15),
            foreign: rng.chance(6),
            ..Case::default()
        };
        if case.foreign {
            match rng.between(0, 2) {
                0 => self.vendor.place(posting, true),
                1 => self.vendor.place(posting, false),
                _ => {
                    self.vendor.place(posting, true);
                    self.vendor.place(posting, true);
                }
            }
        }
        case
    }

    pub fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    pub fn note(&mut self, text: impl FnOnce() -> String) {
        let now_s = self.now_ms / SECOND_MS;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{now_s:>8} s  {}", text()));
        }
    }

    pub fn faulty(&mut self, percent: i64) -> bool {
        self.now_ms < self.calm_ms && self.rng.chance(percent)
    }

    pub fn pass(&mut self, pause_ms: i64) -> Step {
        self.now_ms += pause_ms;
        self.vendor.advance(self.now_ms, &mut self.rng);
        self.judge_doubles()
    }

    pub fn kill_point(&mut self, mark: Mark) -> Step {
        if self.faulty(self.faults.kill) {
            self.marks.reach(mark);
            return Err(Stop::Killed);
        }
        Ok(())
    }

    /// Applies an event and commits the result.
    pub fn commit(&mut self, posting: usize, event: Event) -> Step {
        let Some(old) = self.cases[posting].live.clone() else { return Ok(()) };
        let name = event.name();
        let new = old.on(event, &self.rules).map_err(|refused| {
            Stop::Violation(format!("posting {posting}, {}: event '{name}' refused: {refused}", old.state.name()))
        })?;
        self.put(posting, new, name)
    }

    /// Commits a posting as it is.
    pub fn put(&mut self, posting: usize, new: Posting, why: &str) -> Step {
        let old = self.cases[posting].live.clone().unwrap_or_default();
        self.kill_point(Mark::KilledBeforeCommit)?;
        self.note(|| format!("posting {posting}: {} -> {:?} ({why})", old.state.name(), new.state));
        let case = &mut self.cases[posting];
        case.before_last_commit = case.stored.replace(new.encode());
        case.live = Some(new.clone());
        self.last_commit = Some(posting);
        self.judge_move(posting, &old, &new)?;
        self.kill_point(Mark::KilledAfterCommit)
    }

    /// The process starts again, perhaps to be killed again while it recovers.
    fn restart(&mut self) -> Step {
        if self.is(Mutant::LosesLastCommit)
            && let Some(posting) = self.last_commit
        {
            self.cases[posting].stored = self.cases[posting].before_last_commit.clone();
        }
        let pause_ms = self.rng.between(0, 10 * MINUTE_MS);
        self.pass(pause_ms)?;
        for zombie in self.zombies.iter_mut().filter(|zombie| zombie.wake_ms == FOREVER_MS) {
            zombie.wake_ms = self.now_ms + self.rules.settle_ms + self.rng.between(0, 90 * SECOND_MS);
        }
        for _ in 0..50 {
            match self.recover() {
                Err(Stop::Killed) => self.marks.reach(Mark::KilledInRecovery),
                other => return other,
            }
        }
        self.faults.kill = 0;
        self.recover()
    }

    fn recover(&mut self) -> Step {
        for posting in 0..self.cases.len() {
            let case = &mut self.cases[posting];
            case.live = case.stored.as_ref().map(|line| Posting::decode(line).unwrap());
            if case.live.as_ref().is_some_and(|live| live.state == State::Sending) {
                let at_ms = self.now_ms;
                let forgets = self.is(Mutant::RestartForgets);
                let event = if forgets { Event::NotSent { at_ms } } else { Event::Restarted { at_ms } };
                self.commit(posting, event)?;
            }
        }
        Ok(())
    }

    fn take_backup(&mut self) {
        let of = |case: &Case| (case.stored.clone(), case.observations.clone(), case.keys.clone());
        self.backup = Some(self.cases.iter().map(of).collect());
        self.backup_ms = FOREVER_MS;
    }

    /// The database is replaced by its backup: what was frozen since is unknown to it, and read again as new.
    fn restore(&mut self) -> Step {
        self.restore_ms = FOREVER_MS;
        let Some(backup) = self.backup.take() else { return Ok(()) };
        self.marks.reach(Mark::Restored);
        self.note(|| "restored from a backup".to_owned());
        self.restored = true;
        for (case, (stored, observations, keys)) in self.cases.iter_mut().zip(backup) {
            case.live = None;
            (case.stored, case.observations, case.keys) = (stored, observations, keys);
        }
        self.faults.kill = 0;
        self.recover()?;
        if !self.is(Mutant::RestoreForgets) {
            for posting in 0..self.cases.len() {
                self.commit(posting, Event::Restored { at_ms: self.now_ms })?;
            }
            self.sweep_ms = Some(self.now_ms + self.rules.settle_ms + 2 * MINUTE_MS);
        }
        Ok(())
    }

    fn may_work(&mut self) -> bool {
        match self.sweep_ms {
            Some(until_ms) if self.now_ms < until_ms => false,
            // The sweep has seen all there is once the session sees the entity.
            Some(_) if (self.vendor.climate.hidden.0..self.vendor.climate.hidden.1).contains(&self.now_ms) => false,
            _ => {
                self.sweep_ms = None;
                true
            }
        }
    }

    /// Runs the seed to its end.
    pub fn run(&mut self) -> Result<(), String> {
        for _ in 0..20_000 {
            let step = match self.turn() {
                Err(Stop::Killed) => self.restart().map(|()| true),
                other => other,
            };
            match step {
                Ok(true) => {}
                Ok(false) => return self.judge_end(),
                Err(Stop::Killed) => return Err("killed while recovering without faults".to_owned()),
                Err(Stop::Violation(what)) => return Err(what),
            }
        }
        Err("the seed does not come to rest".to_owned())
    }

    /// One turn: whatever is due now, or else time passes; `false` when nothing will ever be due.
    fn turn(&mut self) -> Result<bool, Stop> {
        self.pass(0)?;
        if self.now_ms >= self.backup_ms {
            self.take_backup();
        }
        if self.now_ms >= self.restore_ms {
            self.restore()?;
        }
        self.wake_zombies()?;
        let may_work = self.may_work();
        if may_work {
            self.freeze_due()?;
            if self.work()? {
                return Ok(true);
            }
        }
        self.ask_persons()?;
        let Some(next_ms) = self.next_ms(may_work) else { return Ok(false) };
        let pause_ms = (next_ms - self.now_ms).max(SECOND_MS);
        self.pass(pause_ms)?;
        Ok(true)
    }

    fn freeze_due(&mut self) -> Step {
        for posting in 0..self.cases.len() {
            let case = &self.cases[posting];
            if case.stored.is_none() && case.created_ms <= self.now_ms {
                self.put(posting, Posting::frozen(), "frozen")?;
            }
        }
        Ok(())
    }

    fn next_ms(&self, may_work: bool) -> Option<i64> {
        let mut times: Vec<i64> = self.zombies.iter().map(|zombie| zombie.wake_ms).collect();
        times.extend(self.vendor.next_end_ms());
        times.extend([self.backup_ms, self.restore_ms].into_iter().filter(|ms| *ms < FOREVER_MS));
        if !may_work {
            let sweep_ms = self.sweep_ms.unwrap_or(self.now_ms).max(self.vendor.climate.hidden.1);
            times.extend(Some(sweep_ms).filter(|ms| *ms < FOREVER_MS));
            return times.into_iter().min();
        }
        for case in &self.cases {
            match &case.live {
                None => times.push(case.created_ms),
                Some(live) => times.extend(self.wait_of(live)),
            }
            times.extend(case.person_ms);
        }
        times.into_iter().min()
    }
}
