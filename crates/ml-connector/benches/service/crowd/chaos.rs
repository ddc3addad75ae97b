//! What happens to the workers of a crowd while they work: chance picks one after the other and kills, freezes or cuts
//! it off, and lets it go on later. Beside that it watches who takes over. It knows nothing of money.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sqlx::Row as _;

use super::hand::Ill;
use super::{Plan, Town};

/// What happens in turn.
const TURNS: [Ill; 5] = [Ill::Dead, Ill::Frozen, Ill::CutOff, Ill::Dead, Ill::Frozen];
/// How often it looks.
const LOOK: Duration = Duration::from_millis(50);
/// A lane that nobody needed for so long was left with nothing to do.
const UNNEEDED: Duration = Duration::from_secs(60);

/// Lanes that a worker holds: its flows' companies, as far as their leases run.
const HELD: &str = "SELECT l.name, l.fence FROM flow_times t JOIN customers c ON c.id = t.customer_id \
     JOIN lanes l ON l.name = 'intacct:' || (SELECT company FROM postings p WHERE p.flow_id = t.flow_id LIMIT 1) \
     WHERE t.owner = $1 AND l.until_ms > EXTRACT(EPOCH FROM clock_timestamp()) * 1000 \
     AND t.until_ms > EXTRACT(EPOCH FROM clock_timestamp()) * 1000";
const FENCES: &str = "SELECT name, fence FROM lanes WHERE name = ANY($1)";
const AT_WORK: &str = "SELECT owner, COUNT(*) FROM flow_times \
     WHERE until_ms > EXTRACT(EPOCH FROM clock_timestamp()) * 1000 GROUP BY owner";
/// What was read and has not come to an end, and flows that were not read yet.
const OPEN: &str = "SELECT (SELECT COUNT(*) FROM reports WHERE state IN ('posted', 'held', 'skipped')), \
     (SELECT COUNT(*) FROM reports WHERE state NOT IN ('posted', 'held', 'skipped')), \
     (SELECT COUNT(*) FROM flow_times WHERE polled_ms IS NULL)";

/// A plain sequence of numbers, the same for each seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A lane whose holder was killed.
struct Orphan {
    lane: String,
    fence: i64,
    since: Instant,
}

/// What chance does, and what was seen.
pub struct Chaos {
    dice: Dice,
    every: Duration,
    lease: Duration,
    orphans: Vec<Orphan>,
    pub kills: usize,
    pub freezes: usize,
    pub cuts: usize,
    pub takeovers_ms: Vec<u64>,
    pub seen_by_host: BTreeMap<usize, u64>,
    /// The one cut of a whole host.
    host_cut: Option<Instant>,
}

impl Chaos {
    pub fn new(plan: &Plan) -> Self {
        Self {
            dice: Dice(plan.seed),
            every: Duration::from_millis(plan.every_ms),
            lease: Duration::from_secs(plan.lease_seconds),
            orphans: Vec::new(),
            kills: 0,
            freezes: 0,
            cuts: 0,
            takeovers_ms: Vec::new(),
            seen_by_host: BTreeMap::new(),
            host_cut: None,
        }
    }

    /// Until everything has come to its end; then all are well again.
    pub async fn reign(&mut self, town: &mut Town) {
        let (mut next, mut told, mut looked) = (Instant::now() + self.every, Instant::now(), Instant::now());
        let (mut done, mut moved) = (0, Instant::now());
        loop {
            tokio::time::sleep(LOOK).await;
            self.watch(town).await;
            self.heal(town, false);
            if !self.every.is_zero() && Instant::now() >= next {
                self.strike(town).await;
                next = Instant::now() + self.every;
            }
            if looked.elapsed() < LOOK * 10 {
                continue;
            }
            looked = Instant::now();
            let (now_done, open, unread) = progress(town).await;
            if now_done != done {
                (done, moved) = (now_done, Instant::now());
            }
            if told.elapsed() > Duration::from_secs(15) {
                told = Instant::now();
                eprintln!("{done} reports done, {open} under way, {unread} companies not read");
            }
            self.cut_a_host(town, done);
            if open == 0 && unread == 0 && self.host_is_back(town) {
                break;
            }
            assert!(
                moved.elapsed() < town.plan.patience,
                "nothing moves: {done} done, {open} open\n{}",
                town.last_words()
            );
        }
        self.heal(town, true);
    }

    /// Something happens to a worker that is well, as long as most are.
    async fn strike(&mut self, town: &mut Town) {
        let count = town.hands.len();
        if town.hands.iter().filter(|hand| hand.ill.is_some()).count() * 2 >= count {
            return;
        }
        let start = usize::try_from(self.dice.below(count as u64)).unwrap();
        let well = (0..count).map(|step| (start + step) % count).find(|n| town.hands[*n].ill.is_none());
        let (Some(number), more_ms) = (well, self.dice.below(3_000)) else { return };
        // Whom it strikes and for how long is chance; that each kind comes is not.
        let what = TURNS[(self.kills + self.freezes + self.cuts) % TURNS.len()];
        let longer = self.lease + Duration::from_millis(500 + more_ms);
        let hand = &mut town.hands[number];
        match what {
            Ill::Dead => {
                let owner = hand.owner();
                hand.kill();
                let since = Instant::now();
                hand.ill = Some((Ill::Dead, since + Duration::from_millis(more_ms)));
                self.kills += 1;
                let Some(owner) = owner else { return };
                let held = sqlx::query(HELD).bind(owner).fetch_all(&mut town.hand).await.unwrap();
                let orphan = |row: &sqlx::postgres::PgRow| Orphan { lane: row.get(0), fence: row.get(1), since };
                self.orphans.extend(held.iter().map(orphan));
            }
            Ill::Frozen => {
                hand.freeze();
                hand.ill = Some((Ill::Frozen, Instant::now() + longer));
                self.freezes += 1;
            }
            Ill::CutOff => {
                hand.cable.as_ref().unwrap().cut();
                hand.ill = Some((Ill::CutOff, Instant::now() + longer));
                self.cuts += 1;
            }
        }
    }

    /// What has lasted long enough ends.
    fn heal(&mut self, town: &mut Town, all: bool) {
        for hand in &mut town.hands {
            let Some((ill, until)) = hand.ill else {
                assert!(!hand.has_ended(), "a worker ended by itself:\n{}", hand.last_words());
                continue;
            };
            if !all && Instant::now() < until {
                continue;
            }
            match ill {
                Ill::Dead => hand.revive(),
                Ill::Frozen => hand.thaw(),
                Ill::CutOff => hand.cable.as_ref().unwrap().mend(),
            }
            hand.ill = None;
        }
    }

    /// Who has taken over what since the last look, and who is at work.
    async fn watch(&mut self, town: &mut Town) {
        self.orphans.retain(|orphan| orphan.since.elapsed() < UNNEEDED);
        if !self.orphans.is_empty() {
            let names: Vec<&str> = self.orphans.iter().map(|orphan| orphan.lane.as_str()).collect();
            let fences =
                sqlx::query_as::<_, (String, i64)>(FENCES).bind(names).fetch_all(&mut town.hand).await.unwrap();
            let fences: BTreeMap<String, i64> = fences.into_iter().collect();
            let (taken, left) = std::mem::take(&mut self.orphans)
                .into_iter()
                .partition(|orphan| fences.get(&orphan.lane).is_some_and(|fence| *fence > orphan.fence));
            self.orphans = left;
            let taken: Vec<Orphan> = taken;
            self.takeovers_ms.extend(taken.iter().map(|orphan| ms(orphan.since.elapsed())));
        }
        if town.plan.hosts > 0 {
            let at_work = sqlx::query_as::<_, (String, i64)>(AT_WORK).fetch_all(&mut town.hand).await.unwrap();
            let owners: BTreeMap<String, usize> =
                town.hands.iter_mut().filter_map(|hand| Some((hand.owner()?, hand.host))).collect();
            for (owner, count) in at_work {
                if let Some(host) = owners.get(&owner) {
                    *self.seen_by_host.entry(*host).or_default() += u64::try_from(count).unwrap_or(0);
                }
            }
        }
    }

    /// In the middle of the work the last host loses its link, for much longer than a lease.
    fn cut_a_host(&mut self, town: &mut Town, done: i64) {
        let middle = i64::try_from(town.plan.reports / 4).unwrap();
        match self.host_cut {
            None if town.plan.hosts > 1 && done >= middle => {
                town.network.cut(town.plan.hosts - 1);
                self.host_cut = Some(Instant::now() + self.lease * 4);
                self.cuts += 1;
            }
            Some(until) if Instant::now() >= until => town.network.mend(town.plan.hosts - 1),
            _ => {}
        }
    }

    fn host_is_back(&self, town: &Town) -> bool {
        town.plan.hosts <= 1 || self.host_cut.is_some_and(|until| Instant::now() >= until)
    }
}

async fn progress(town: &mut Town) -> (i64, i64, i64) {
    sqlx::query_as(OPEN).fetch_one(&mut town.hand).await.unwrap()
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}
