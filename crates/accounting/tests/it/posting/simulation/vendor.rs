//! A ledger behind an XML gateway, as far as posting can tell: what it remembers of control ids, what commits late,
//! and what its queries show. Every undocumented behaviour is a parameter. It shares nothing with the machine but the
//! shape of a finding.

use accounting::posting::Finding;

use super::rng::Rng;

pub const SECOND_MS: i64 = 1_000;
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
pub const FOREVER_MS: i64 = i64::MAX / 4;

/// What tells two creates apart: posting, salt, and a nonce that is 0 unless a mutant draws random ids.
pub type Key = (usize, u32, u32);

/// How a repeated control id is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    Error,
    OriginalSuccess,
    SuccessWithoutRecord,
}

/// The undocumented parameters, drawn by the seed.
#[derive(Debug, Clone)]
pub struct Climate {
    pub retention_ms: i64,
    pub repeat: Repeat,
    pub checks_in_flight: bool,
    pub burns: bool,
    pub staleness_ms: i64,
    pub late_ms: i64,
    /// From when to when the session cannot see the entity.
    pub hidden: (i64, i64),
    /// From when another entry of the journal serves as positive control.
    pub control_from_ms: i64,
    /// How likely, in a hundred, a read begins the one spell of 50 seconds in which reads miss all rows of ours.
    pub blind_percent: i64,
}

impl Climate {
    pub fn draw(rng: &mut Rng) -> Self {
        let hidden_from_ms = rng.between(0, 8 * HOUR_MS);
        let hidden = match rng.between(0, 9) {
            0 => (hidden_from_ms, FOREVER_MS),
            1 | 2 => (hidden_from_ms, hidden_from_ms + rng.between(MINUTE_MS, 6 * HOUR_MS)),
            3 => (hidden_from_ms, hidden_from_ms + rng.between(20 * HOUR_MS, 40 * HOUR_MS)),
            _ => (0, 0),
        };
        Self {
            retention_ms: rng.pick(&[0, HOUR_MS, 48 * HOUR_MS, 60 * 24 * HOUR_MS, FOREVER_MS]),
            repeat: rng.pick(&[Repeat::Error, Repeat::OriginalSuccess, Repeat::SuccessWithoutRecord]),
            checks_in_flight: rng.chance(50),
            burns: rng.chance(50),
            staleness_ms: rng.pick(&[0, 10, 60]) * SECOND_MS,
            late_ms: rng.pick(&[0, 3, 15]) * MINUTE_MS,
            hidden,
            control_from_ms: rng.pick(&[i64::MIN, i64::MIN, i64::MIN, FOREVER_MS]),
            blind_percent: rng.pick(&[0, 0, 10]),
        }
    }

    /// Whether the second layer, the gateway's own check, can be relied upon.
    pub fn refuses_repeats(&self) -> bool {
        self.checks_in_flight && self.retention_ms >= 48 * HOUR_MS
    }
}

/// A journal entry.
#[derive(Debug, Clone)]
pub struct Entry {
    pub posting: usize,
    pub record: u32,
    pub equal: bool,
    pub live: bool,
    pub ours: bool,
    visible_ms: i64,
}

/// A create that is running.
#[derive(Debug, Clone)]
struct Flight {
    key: Key,
    record: u32,
    ends_ms: i64,
    commits: bool,
}

#[derive(Debug, Clone)]
struct Remembered {
    key: Key,
    at_ms: i64,
    record: Option<u32>,
}

/// What one function of a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Posted(u32),
    /// Success without the entry's number.
    NoRecord,
    /// A refusal of this posting with a cause that is recognised.
    Refused,
    /// A refusal whose cause is not recognised; also how a repeated id is refused.
    Failed,
}

/// What a read sees, and whether it saw all there is.
pub struct Sight {
    pub finding: Finding,
    pub masked: bool,
}

/// The ledger.
pub struct Vendor {
    pub climate: Climate,
    pub entries: Vec<Entry>,
    flights: Vec<Flight>,
    memory: Vec<Remembered>,
    records: u32,
    blind: (i64, i64),
}

impl Vendor {
    pub fn new(climate: Climate) -> Self {
        let blind = (i64::MIN, i64::MIN);
        Self { climate, entries: Vec::new(), flights: Vec::new(), memory: Vec::new(), records: 100, blind }
    }

    /// Puts an entry there that this installation did not send.
    pub fn place(&mut self, posting: usize, equal: bool) {
        self.records += 1;
        let record = self.records;
        self.entries.push(Entry { posting, record, equal, live: true, ours: false, visible_ms: i64::MIN });
    }

    /// Ends what ends until `now_ms`.
    pub fn advance(&mut self, now_ms: i64, rng: &mut Rng) {
        while let Some(next) = self.flights.iter().map(|flight| flight.ends_ms).min().filter(|ms| *ms <= now_ms) {
            let at = self.flights.iter().position(|flight| flight.ends_ms == next).unwrap();
            let flight = self.flights.remove(at);
            if flight.commits {
                let visible_ms = flight.ends_ms + rng.between(0, self.climate.staleness_ms);
                let posting = flight.key.0;
                let record = flight.record;
                self.entries.push(Entry { posting, record, equal: true, live: true, ours: true, visible_ms });
            }
            if flight.commits || self.climate.burns {
                let record = flight.commits.then_some(flight.record);
                self.memory.push(Remembered { key: flight.key, at_ms: flight.ends_ms, record });
            }
        }
    }

    /// A create arrives; it ends at `ends_ms`. `refusal` is what validation finds.
    pub fn create(&mut self, now_ms: i64, ends_ms: i64, key: Key, refusal: Option<Answer>) -> Answer {
        let retention_ms = self.climate.retention_ms;
        let known = self.memory.iter().rev().find(|past| past.key == key && now_ms - past.at_ms < retention_ms);
        if let Some(past) = known {
            return match (past.record, self.climate.repeat) {
                (Some(record), Repeat::OriginalSuccess) => Answer::Posted(record),
                (Some(_), Repeat::SuccessWithoutRecord) => Answer::NoRecord,
                _ => Answer::Failed,
            };
        }
        if self.climate.checks_in_flight && self.flights.iter().any(|flight| flight.key == key) {
            return Answer::Failed;
        }
        self.records += 1;
        self.flights.push(Flight { key, record: self.records, ends_ms, commits: refusal.is_none() });
        refusal.unwrap_or(Answer::Posted(self.records))
    }

    /// Reads what stands under the posting's reference.
    pub fn look(&mut self, now_ms: i64, posting: usize, rng: &mut Rng) -> Sight {
        let (from_ms, to_ms) = self.climate.hidden;
        if (from_ms..to_ms).contains(&now_ms) {
            return Sight { finding: Finding::None { positive_control: false }, masked: true };
        }
        // One short spell of blindness: two looks that prove absence cannot both fall into it.
        if self.blind.1 == i64::MIN && rng.chance(self.climate.blind_percent) {
            self.blind = (now_ms, now_ms + 50 * SECOND_MS);
        }
        let blind = (self.blind.0..=self.blind.1).contains(&now_ms);
        let visible = |entry: &&Entry| entry.live && entry.visible_ms <= now_ms;
        let other = self.entries.iter().filter(visible).any(|entry| entry.posting != posting);
        let positive_control = now_ms >= self.climate.control_from_ms || (other && !blind);
        let found: Vec<&Entry> =
            self.entries.iter().filter(visible).filter(|entry| entry.posting == posting && !blind).collect();
        let finding = match found[..] {
            [] => Finding::None { positive_control },
            [one] => Finding::One { record_no: one.record.to_string(), equal: one.equal },
            _ => Finding::Many { record_nos: found.iter().map(|entry| entry.record.to_string()).collect() },
        };
        let shown = found.len();
        Sight { finding, masked: shown != self.live(posting) }
    }

    /// Entries that stand under the posting's reference, seen or not.
    pub fn live(&self, posting: usize) -> usize {
        self.entries.iter().filter(|entry| entry.posting == posting && entry.live).count()
    }

    /// Whether a create for the posting can still commit.
    pub fn is_running(&self, posting: usize) -> bool {
        self.flights.iter().any(|flight| flight.key.0 == posting && flight.commits)
    }

    /// When the next running create ends.
    pub fn next_end_ms(&self) -> Option<i64> {
        self.flights.iter().map(|flight| flight.ends_ms).min()
    }
}
