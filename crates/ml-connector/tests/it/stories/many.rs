//! Many companies, each a customer of one installation, and several workers that share them: every report is booked
//! once, in its own company's books, within what the vendors allow each company.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ml_connector::clock::Clock;
use ml_connector::flow::Flow;
use ml_connector::settings::Settings;
use ml_connector::store::{Access, AuditEvent, CustomerStore, FlowId, Ids, InboxState, MasterKey, Store};
use ml_connector::systems::connect::Endpoints;
use ml_connector::work::worker::Worker;
use sandbox::{Credentials, Faults, Options, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const EXAMPLE: &str = include_str!("../../../../../examples/flows/expenses.toml");
/// Longest wait for everything to be posted; nothing comes near it.
const PATIENCE: Duration = Duration::from_secs(180);

/// A town of companies: company `k` of the sandbox is customer `k`.
struct Town {
    sandbox: Sandbox,
    _folder: TempDir,
    settings: Settings,
    endpoints: Endpoints,
    store: Store,
    clock: Clock,
    customers: Vec<(CustomerStore, FlowId)>,
}

impl Town {
    async fn found(options: Options) -> Self {
        let companies = options.companies;
        let sandbox = sandbox::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::load(None, &[]).unwrap();
        settings.service.tick_ms = 20;
        settings.posting.batch_entries = 2;
        settings.posting.settle_seconds = 1;
        settings.posting.look_gap_seconds = 0;
        settings.posting.look_at_seconds = vec![0, 1];
        let endpoints =
            Endpoints { expensify: Some(sandbox.expensify_url.clone()), intacct: Some(sandbox.intacct_url.clone()) };
        let clock = Clock::system(TimeZone::UTC);
        let key = Some(MasterKey::generate().unwrap());
        let path = folder.path().join("town.db");
        let store = Store::open(&path, Access::Write, key, Ids::system(), clock.now_ms()).await.unwrap();
        let mut customers = Vec::new();
        for number in 0..companies {
            customers.push(settle(&store, number, &sandbox.credentials_of(number), clock.now_ms()).await);
        }
        Self { sandbox, _folder: folder, settings, endpoints, store, clock, customers }
    }

    /// Lets `count` workers work until they are told to stop.
    fn work(&self, count: usize) -> (watch::Sender<bool>, Vec<JoinHandle<bool>>) {
        let (stop, stopped) = watch::channel(false);
        let workers = (0..count).map(|_| {
            let (store, settings) = (self.store.clone(), self.settings.clone());
            let worker = Worker::new(store, settings, &self.endpoints, self.clock.clone()).unwrap();
            let mut stopped = stopped.clone();
            tokio::spawn(async move {
                let told = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
                worker.work(told).await
            })
        });
        (stop, workers.collect())
    }

    /// Reports of a customer that are posted, and those that are not.
    async fn reports(&self, number: usize) -> (usize, usize) {
        let (customer, flow) = &self.customers[number];
        let reports = customer.reports_in(flow, &InboxState::ALL, None, 10_000).await.unwrap();
        let posted = reports.iter().filter(|report| report.state == InboxState::Posted).count();
        (posted, reports.len() - posted)
    }

    /// Waits until each customer has so many reports and all of them are posted.
    async fn until_posted(&self, expected: impl Fn(usize) -> usize) {
        let began = Instant::now();
        for number in 0..self.customers.len() {
            loop {
                let reports = self.reports(number).await;
                if reports == (expected(number), 0) {
                    break;
                }
                let state = || self.sandbox.state_of_all(true, false);
                assert!(began.elapsed() < PATIENCE, "customer {number} has {reports:?}: {}", state());
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// What both vendors hold against the installation, which is nothing: all that was approved is booked, nothing
    /// twice, and no company was asked more than it allows.
    fn judge(&self) -> Value {
        let all = self.sandbox.state_of_all(true, true);
        let intacct = &all["intacct"];
        let none = json!({"control_ids": 0, "references": 0, "contents": 0, "entries": 0});
        assert_eq!(intacct["doubled"], none);
        assert_eq!(intacct["journal_entries"], all["approved"]["reports"]);
        let booked = &intacct["by_currency"][0];
        assert_eq!(booked["debit_minor"], all["approved"]["hundredths"]["USD"]);
        assert_eq!(booked["credit_minor"], booked["debit_minor"]);
        assert_eq!(intacct["over_budget"], 0, "more requests at once than a company's slots");
        assert_eq!(all["expensify"]["over_budget"], 0, "more requests than Expensify allows a credential");
        assert_eq!(all["expensify"]["violations"], 0);
        all
    }

    /// Every entry of a company is one of its own customer's postings.
    async fn each_has_its_own(&self) {
        let mut seen = BTreeSet::new();
        for (number, (customer, flow)) in self.customers.iter().enumerate() {
            let mut own = BTreeSet::new();
            for report in customer.reports_in(flow, &InboxState::ALL, None, 10_000).await.unwrap() {
                let postings = customer.postings_of(flow, &report.report_id).await.unwrap();
                own.extend(postings.iter().map(|posting| posting.reference.to_string()));
            }
            let state = self.sandbox.state_of(number).unwrap();
            let ledger = state["intacct"]["ledger"].as_array().unwrap();
            let booked: BTreeSet<String> =
                ledger.iter().map(|entry| entry["reference"].as_str().unwrap().to_owned()).collect();
            assert_eq!(booked, own, "company {number}");
            seen.extend(own.into_iter().map(|reference| (reference, number)));
        }
        let references: BTreeSet<&str> = seen.iter().map(|(reference, _)| reference.as_str()).collect();
        assert_eq!(references.len(), seen.len(), "two companies share a reference");
    }
}

/// Makes a customer of a company, with a flow that posts.
async fn settle(store: &Store, number: usize, given: &Credentials, at_ms: i64) -> (CustomerStore, FlowId) {
    let name = format!("company-{number:03}");
    let customer = store.create_customer(&name, "test", at_ms).await.unwrap();
    let flow = Flow::parse(&document(&name, given), "flow.toml", None).unwrap_or_else(|error| panic!("{error}"));
    let mut tx = customer.begin().await.unwrap();
    for (secret, value) in [
        ("expensify", &given.expensify.partner_user_secret),
        ("sender", &given.intacct.sender_password),
        ("user", &given.intacct.user_password),
    ] {
        tx.seal_secret(secret, &value.clone().into(), "test", at_ms).await.unwrap();
    }
    let version = tx.put_flow(&flow.name, &flow.document, "test", at_ms).await.unwrap();
    tx.await_flow(&version.id, at_ms).await.unwrap();
    let event = AuditEvent::new("test", "flow.changed", version.id.as_str(), json!({ "version": version.version }));
    tx.commit(at_ms, vec![event]).await.unwrap();
    (customer, version.id)
}

fn document(customer: &str, given: &Credentials) -> String {
    let pairs = [
        ("\"default\"", customer),
        ("\"rehearsal\"", "post"),
        ("\"env:EXPENSIFY_PARTNER_USER_ID\"", &given.expensify.partner_user_id),
        ("\"env:EXPENSIFY_PARTNER_USER_SECRET\"", "sealed:expensify"),
        ("\"env:INTACCT_SENDER_ID\"", &given.intacct.sender_id),
        ("\"env:INTACCT_SENDER_PASSWORD\"", "sealed:sender"),
        ("\"env:INTACCT_COMPANY_ID\"", &given.intacct.company_id),
        ("\"env:INTACCT_USER_ID\"", &given.intacct.user_id),
        ("\"env:INTACCT_USER_PASSWORD\"", "sealed:user"),
        ("hand_over = \"ask\"", "off"),
    ];
    let quoted = |from: &str, to: &str| {
        from.split_once('=').map_or(String::new(), |(key, _)| format!("{key}= ")) + &format!("\"{to}\"")
    };
    pairs.iter().fold(EXAMPLE.to_owned(), |flow, (from, to)| {
        assert!(flow.contains(from), "the example does not say {from}");
        flow.replacen(from, &quoted(from, to), 1)
    })
}

/// Companies whose reports are all clean: the first has `reports`, every other half of that.
fn companies(companies: usize, reports: usize) -> Options {
    Options { companies, reports, reports_each: Some(reports / 2), expenses_per_report: Some(3), ..Options::default() }
}

#[tokio::test]
async fn two_workers_share_many_companies_and_book_each_report_once_where_it_belongs() {
    let town = Town::found(companies(6, 8)).await;
    // What the companies' slots are is said in their flows.
    town.sandbox.set_intacct_assumptions(sandbox::intacct::Assumptions {
        concurrency: Some(2),
        ..sandbox::intacct::Assumptions::default()
    });
    let (stop, workers) = town.work(2);
    town.until_posted(|number| if number == 0 { 8 } else { 4 }).await;
    stop.send(true).unwrap();
    for worker in workers {
        assert!(worker.await.unwrap(), "a worker ended in time");
    }
    let all = town.judge();
    assert_eq!(all["intacct"]["journal_entries"], 8 + 5 * 4);
    let sessions = all["intacct"]["sessions"].as_u64().unwrap();
    assert!((6..=12).contains(&sessions), "more than one session a company and worker: {}", all["intacct"]);
    town.each_has_its_own().await;
}

#[tokio::test]
async fn customers_behind_one_address_keep_within_its_limits_together() {
    let mut options = companies(3, 2);
    options.expensify_assumptions.limits_by_address = true;
    let mut town = Town::found(options).await;
    town.settings.expensify.outgoing_address = "the office".to_owned();
    let (stop, workers) = town.work(2);
    // Two requests each to Expensify: the sixth has to wait until ten seconds are over.
    town.until_posted(|number| if number == 0 { 2 } else { 1 }).await;
    stop.send(true).unwrap();
    for worker in workers {
        assert!(worker.await.unwrap(), "a worker ended in time");
    }
    assert_eq!(town.judge()["expensify"]["over_address"], 0, "more requests than Expensify allows an address");
}

#[tokio::test]
async fn faults_of_all_kinds_in_many_companies_double_and_lose_nothing() {
    let mut options = companies(6, 8);
    // The faults count the requests of all companies, so that each company meets its own mixture of them.
    options.faults = Faults::from_value(json!([
        {"vendor": "intacct", "on": "create", "every": 3, "action": "drop_before_commit"},
        {"vendor": "intacct", "on": "create", "every": 4, "action": "drop_after_commit"},
        {"vendor": "intacct", "on": "create", "every": 5, "action": "late_commit", "delay_ms": 300},
        {"vendor": "intacct", "on": "create", "every": 7, "action": "http_502", "commit": true},
    ]))
    .unwrap();
    let town = Town::found(options).await;
    let (stop, workers) = town.work(3);
    town.until_posted(|number| if number == 0 { 8 } else { 4 }).await;
    stop.send(true).unwrap();
    for worker in workers {
        assert!(worker.await.unwrap(), "a worker ended in time");
    }
    let all = town.judge();
    let creates: u64 = (0..6).filter_map(|n| town.sandbox.state_of(n)?["intacct"]["requests"]["create"].as_u64()).sum();
    // Two entries a request, and what never arrived sent again.
    assert!(creates > 14, "nothing went wrong: {creates} requests for {} entries", all["intacct"]["journal_entries"]);
    town.each_has_its_own().await;
}
