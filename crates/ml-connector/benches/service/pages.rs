//! What a page costs over a large database: processor time for each kind, and how long it takes at 50 requests a second,
//! while a large run is posting and after it.

use std::time::{Duration, Instant};

use ml_connector::store::Access;
use serde_json::json;

use crate::customers::{Place, add};
use crate::process::{Sandbox, Service};
use crate::{heading, percentile, thousandths};

/// Requests of one kind for its processor time, which the kernel counts in steps of 10 ms.
const EACH: u32 = 200;
/// Requests a second, and for how long.
const A_SECOND: u32 = 50;
const SECONDS: u32 = 20;

/// Pages over `reports` reports of `expenses` expenses each.
pub async fn pages(reports: u64, expenses: u64) {
    heading(&format!("pages: {reports} reports of {expenses} expenses, each an entry"));
    let (count, each) = (reports.to_string(), expenses.to_string());
    let sandbox = Sandbox::start(&["--reports", &count, "--expenses-per-report", &each]);
    let place = Place::new();
    let store = place.open(Access::Write).await;
    let at_ms = place.clock.now_ms();
    let customer = add(&store, &sandbox, 0, at_ms).await;
    let flow = customer.flows().await.unwrap().remove(0).id.to_string();
    let id = customer.id().to_string();
    drop(customer);
    store.close().await;
    let mut service = Service::start(&place.database(), &place.key(), &sandbox, &[]);
    let link = service.first_link();
    let visitor = Visitor::sign_in(&service, &link).await;
    let entries = || sandbox.ask("/_state")["intacct"]["journal_entries"].as_u64().unwrap();
    while entries() < reports / 20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let all = paths(&id, &flow);
    let report = |when: &str, late: &[u64]| {
        println!(
            "{when}: {A_SECOND} requests a second for {SECONDS} s: p50 {} ms, p99 {} ms, most {} ms",
            thousandths(percentile(late, 50)),
            thousandths(percentile(late, 99)),
            thousandths(late.last().copied().unwrap_or(0))
        );
    };
    report("while a run is posting", &visitor.at_a_pace(&all).await);
    let began = Instant::now();
    while entries() < reports && began.elapsed() < Duration::from_secs(600) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    println!("{} of {reports} entries posted", entries());
    // What follows a run is counted and read back; then nothing more happens.
    let mut before = service.figures().cpu_ms;
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let now = service.figures().cpu_ms;
        if now - before < 40 {
            break;
        }
        before = now;
    }
    report("idle", &visitor.at_a_pace(&all).await);
    for path in &all {
        let size = visitor.get(path).await;
        let from = service.figures().cpu_ms;
        for _ in 0..EACH {
            visitor.get(path).await;
        }
        let micros = (service.figures().cpu_ms - from) * 1_000 / u64::from(EACH);
        println!("{} ms of processor time, {} KiB: {path}", thousandths(micros), size / 1_024);
    }
}

fn paths(customer: &str, flow: &str) -> Vec<String> {
    let pages = [
        "",
        "/inbox",
        "/approvals",
        "/cases",
        "/reports",
        "/reports?states=posted&sort=amount",
        "/reports?search=expenses",
        "/flows",
        "/audit",
        "/reconciliation",
        "/connections",
        "/notices",
        "/people",
        "/start",
    ];
    let of_flow = ["", "/mapping", "/settings", "/versions"];
    let pages = pages.iter().map(|end| format!("/c/{customer}{end}"));
    pages.chain(of_flow.iter().map(|end| format!("/c/{customer}/flows/{flow}{end}"))).collect()
}

/// Somebody who signed in.
#[derive(Clone)]
struct Visitor {
    client: reqwest::Client,
    origin: String,
    cookie: String,
}

impl Visitor {
    async fn sign_in(service: &Service, link: &str) -> Self {
        // Only the first call says that there is none yet; another in this process is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let origin = format!("http://{}", service.host());
        let (email, password) = ("ada@example.com", "correct horse battery");
        let post = async |path: &str, body: serde_json::Value| {
            let sending = client.post(format!("{origin}/api/v1{path}")).header("content-type", "application/json");
            sending.body(body.to_string()).send().await.unwrap()
        };
        let made = post("/administrator", json!({ "link": link, "email": email, "name": "Ada", "password": password }));
        assert_eq!(made.await.status().as_u16(), 201);
        let session = post("/session", json!({ "email": email, "password": password })).await;
        let cookie = session.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { client, origin, cookie }
    }

    /// The size of a page in bytes.
    async fn get(&self, path: &str) -> usize {
        let asking = self.client.get(format!("{}{path}", self.origin)).header("cookie", &self.cookie);
        let answer = asking.header("accept", "text/html").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        answer.bytes().await.unwrap().len()
    }

    /// Asks for one page after the other at the pace, whether the one before has come or not: how long each took, in
    /// microseconds, in order.
    async fn at_a_pace(&self, paths: &[String]) -> Vec<u64> {
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / A_SECOND);
        let mut under_way = Vec::new();
        for path in paths.iter().cycle().take(usize::try_from(A_SECOND * SECONDS).unwrap()) {
            ticks.tick().await;
            let (visitor, path) = (self.clone(), path.clone());
            under_way.push(tokio::spawn(async move {
                let began = Instant::now();
                visitor.get(&path).await;
                u64::try_from(began.elapsed().as_micros()).unwrap()
            }));
        }
        let mut late = Vec::new();
        for one in under_way {
            late.push(one.await.unwrap());
        }
        late.sort_unstable();
        late
    }
}
