//! Many worker processes over one PostgreSQL, while chance kills, freezes and cuts off one after the other: what is
//! posted, what it takes, and how soon another takes over. It sets up, lets it happen and counts; whoever runs it
//! judges the counts.

pub mod cable;
pub mod chaos;
pub mod hand;
pub mod judge;
pub mod network;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ml_connector::clock::Clock;
use ml_connector::store::{Access, Ids, MasterKey, Store};
use secrecy::ExposeSecret as _;
use sqlx::postgres::PgConnection;

use super::customers;
use super::databases::{ROLE, TestDatabase, server};
use super::process::{Sandbox, figures_of};
use cable::{Cable, Target};
use chaos::Chaos;
use hand::{Hand, Start};
use judge::Counts;
use network::Network;

/// How a crowd is set up.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Companies, each a customer with a flow of its own.
    pub companies: usize,
    /// Reports in all.
    pub reports: usize,
    /// Expenses of each report, all of them clean; `None` for companies as companies are.
    pub expenses: Option<usize>,
    pub workers: usize,
    /// Hosts that the workers are spread over; 0 for this machine alone, each worker with a cable of its own.
    pub hosts: usize,
    /// The same seed gives the same companies and the same chances; what they meet depends on the machine.
    pub seed: u64,
    /// Milliseconds between two mishaps; 0 for none.
    pub every_ms: u64,
    /// How long each request of a vendor takes.
    pub latency_ms: u64,
    pub batch_entries: usize,
    pub lease_seconds: u64,
    pub settle_seconds: u64,
    /// The longest that nothing may move.
    pub patience: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    pub counts: Counts,
    /// What the hosts were.
    pub network: &'static str,
    pub kills: usize,
    pub freezes: usize,
    pub cuts: usize,
    /// From each kill to the next claim of each lane that the killed one held, in milliseconds, sorted.
    pub takeovers_ms: Vec<u64>,
    /// How often a flow was seen at work on each host.
    pub seen_by_host: BTreeMap<usize, u64>,
    pub wall: Duration,
    pub workers_cpu_ms: u64,
    pub database_cpu_ms: u64,
    pub sandbox_cpu_ms: u64,
    /// Workers that did not end well when they were told to stop at last.
    pub ended_badly: usize,
}

impl Plan {
    /// The settings that differ from their defaults, so that it ends in a reasonable time.
    pub fn settings(&self) -> Vec<String> {
        let settle = self.settle_seconds;
        vec![
            format!("posting.batch_entries={}", self.batch_entries),
            format!("posting.lease_seconds={}", self.lease_seconds),
            format!("posting.settle_seconds={settle}"),
            "posting.look_gap_seconds=1".to_owned(),
            format!("posting.look_at_seconds=[1,{},{settle}]", settle / 2),
            "intacct.create_timeout_seconds=5".to_owned(),
            "intacct.read_timeout_seconds=10".to_owned(),
            "expensify.timeout_seconds=60".to_owned(),
            "service.tick_ms=200".to_owned(),
            // So that each has some of them, and none has all.
            format!("service.flows_at_once={}", self.companies.div_ceil(self.workers)),
        ]
    }
}

/// The town in which it happens.
pub struct Town {
    pub plan: Plan,
    pub sandbox: Sandbox,
    pub database: TestDatabase,
    pub network: Network,
    pub hands: Vec<Hand>,
    /// The connection of somebody who may see everything.
    pub hand: PgConnection,
    /// The server's process.
    postmaster: u32,
    _folder: tempfile::TempDir,
}

/// Lets it all happen.
pub async fn crowd(plan: Plan, database: TestDatabase) -> Outcome {
    let mut town = Town::found(plan, database).await;
    let began = Instant::now();
    let mut chaos = Chaos::new(&town.plan);
    chaos.reign(&mut town).await;
    let wall = began.elapsed();
    town.until_all_work().await;
    let ended = town.hands.iter_mut().map(Hand::stop).filter(|well| !well).count();
    let workers_cpu_ms = town.hands.iter().map(Hand::cpu_ms).sum();
    let database_cpu_ms = database_cpu_ms(town.postmaster);
    let sandbox_cpu_ms = town.sandbox.figures().cpu_ms;
    let counts = judge::count(&mut town).await;
    chaos.takeovers_ms.sort_unstable();
    Outcome {
        counts,
        network: town.network.kind(),
        kills: chaos.kills,
        freezes: chaos.freezes,
        cuts: chaos.cuts,
        takeovers_ms: chaos.takeovers_ms,
        seen_by_host: chaos.seen_by_host,
        wall,
        workers_cpu_ms,
        database_cpu_ms,
        sandbox_cpu_ms,
        ended_badly: ended,
    }
}

impl Town {
    async fn found(plan: Plan, database: TestDatabase) -> Self {
        let socket = server().await.unwrap().home.clone();
        let network = Network::lay(plan.hosts, socket.join(".s.PGSQL.5432"));
        let sandbox = start_sandbox(&plan, &network);
        network.lead_to_sandbox(&sandbox);
        let folder = tempfile::tempdir().unwrap();
        let key = MasterKey::generate().unwrap();
        let key_file = folder.path().join("master.key");
        std::fs::write(&key_file, key.to_text().expose_secret()).unwrap();
        let clock = Clock::system(TimeZone::UTC);
        let store =
            Store::open(database.place(), Access::Write, Some(key), Ids::system(), clock.now_ms()).await.unwrap();
        for number in 0..plan.companies {
            customers::add(&store, &sandbox, number, clock.now_ms()).await;
        }
        store.close().await;
        let hand = database.hand().await;
        let postmaster = std::fs::read_to_string(socket.join("data/postmaster.pid")).unwrap();
        let postmaster = postmaster.lines().next().unwrap().parse().unwrap();
        let mut town = Self { plan, sandbox, database, network, hands: Vec::new(), hand, postmaster, _folder: folder };
        for number in 0..town.plan.workers {
            let worker = town.worker(number, &socket, &key_file);
            town.hands.push(worker);
        }
        town
    }

    fn worker(&self, number: usize, socket: &Path, key: &Path) -> Hand {
        let host = if self.plan.hosts == 0 { 0 } else { number % self.plan.hosts };
        let cable = (self.plan.hosts == 0).then(|| Cable::local(Target::Socket(socket.join(".s.PGSQL.5432"))));
        let at = cable.as_ref().map_or_else(|| self.network.database_of(host), |cable| cable.address);
        let database_url = format!("postgres://{ROLE}@{at}/{}?sslmode=disable", self.database.name());
        let start = Start {
            before: self.network.words_of(host),
            database_url,
            key: PathBuf::from(key),
            expensify_url: self.network.seen_from(host, self.sandbox.url("expensify")),
            intacct_url: self.network.seen_from(host, self.sandbox.url("intacct")),
            settings: self.plan.settings(),
        };
        Hand::start(host, cable, start, self._folder.path(), &format!("worker-{number}.log"))
    }

    /// Whoever was revived a moment ago would not understand that it is to end.
    async fn until_all_work(&mut self) {
        let began = Instant::now();
        while self.hands.iter_mut().any(|hand| hand.owner().is_none()) {
            assert!(began.elapsed() < self.plan.patience, "a worker does not begin:\n{}", self.last_words());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the workers wrote last, for the reason of a failure.
    pub fn last_words(&self) -> String {
        let words = self.hands.iter().enumerate().map(|(n, hand)| format!("worker {n}:\n{}\n", hand.last_words()));
        words.collect()
    }
}

fn start_sandbox(plan: &Plan, network: &Network) -> Sandbox {
    let each = plan.reports / plan.companies;
    let first = plan.reports - each * (plan.companies - 1);
    let mut options: Vec<String> = vec!["--seed".to_owned(), plan.seed.to_string()];
    let mut set = |name: &str, value: usize| options.extend([name.to_owned(), value.to_string()]);
    set("--companies", plan.companies);
    set("--reports", first);
    set("--reports-each", each);
    if let Some(expenses) = plan.expenses {
        set("--expenses-per-report", expenses);
    }
    if let Some(endpoint) = network.gateway_url() {
        options.extend(["--intacct-endpoint".to_owned(), endpoint]);
    }
    let sandbox = Sandbox::start(&options.iter().map(String::as_str).collect::<Vec<_>>());
    sandbox.post("/_faults", &format!("{{\"latency_ms\":{}}}", plan.latency_ms));
    sandbox
}

/// Processor time of a server and its processes, those that ended among them.
fn database_cpu_ms(postmaster: u32) -> u64 {
    let own = figures_of(postmaster).map_or(0, |figures| figures.cpu_ms + figures.children_ms);
    let children =
        std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| figures_of(child.parse().ok()?));
    own + children.map(|figures| figures.cpu_ms).sum::<u64>()
}
