//! Health, readiness and metrics, asked over HTTP of a process that works.

use std::collections::BTreeMap;
use std::time::Duration;

use ml_connector::figures::{Asked, Ending};
use ml_connector::store::{InboxState, Role};
use ml_connector::web::{State, serve_operator};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::service::desk::Desk;
use crate::stories::office::lifelike;
use crate::stories::proxy::client;
use crate::web::site::Site;

async fn ask(url: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = client().get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let reply = request.send().await.unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

/// Every sample of the page by its name with labels; fails on what is no Prometheus text.
fn samples(page: &str) -> BTreeMap<String, String> {
    let mut samples = BTreeMap::new();
    let mut families = BTreeMap::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(families.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} stands twice");
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let whole = value.split_once('.').map_or(value, |(whole, _)| whole);
            assert!(whole.parse::<u64>().is_ok(), "{line}");
            let bare = name.split('{').next().unwrap();
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| bare.strip_suffix(end));
            let known = family.is_some_and(|family| families.get(family).is_some_and(|kind| kind == "histogram"));
            assert!(known || families.contains_key(bare), "{line} has no type");
            assert!(samples.insert(name.to_owned(), value.to_owned()).is_none(), "{line} stands twice");
        }
    }
    samples
}

#[tokio::test]
async fn figures_of_a_worker_at_work() {
    let desk = Desk::open(lifelike(40)).await;
    desk.office.faults(json!([{"on": "create", "nth": 1, "action": "http_502"}]));
    let at_work = desk.work();
    desk.until("something is posted and something is held", async || {
        let (posted, held) = (desk.count(InboxState::Posted).await, desk.count(InboxState::Held).await);
        (posted > 3 && held > 0).then_some(())
    })
    .await;
    desk.until("a pass is counted", async || (at_work.figures.passes.get() > 0).then_some(())).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let state = State::new(desk.store.clone(), desk.office.settings.clone(), desk.clock.clone()).unwrap();
    let state = state.with_figures(&at_work.figures);
    tokio::spawn(serve_operator(listener, state.clone(), std::future::pending()));

    assert_eq!(ask(&format!("{origin}/healthz"), &[]).await, (200, "up\n".to_owned()));
    assert_eq!(ask(&format!("{origin}/readyz"), &[]).await, (200, "up\n".to_owned()));
    let (status, detail) = ask(&format!("{origin}/readyz?detail=json"), &[]).await;
    let detail: Value = serde_json::from_str(&detail).unwrap();
    assert_eq!((status, &detail["database"], &detail["worker"]), (200, &json!("up"), &json!("up")));

    let (status, page) = ask(&format!("{origin}/metrics"), &[]).await;
    assert_eq!(status, 200);
    let samples = samples(&page);
    let figure = |name: &str| samples.get(&format!("ml_connector_{name}")).unwrap_or_else(|| panic!("{name}: {page}"));
    let count = |name: &str| figure(name).parse::<u64>().unwrap();
    assert!(count("passes_total") >= 1 && count("entries_sent_total") >= 4 && count("reports_read_total") >= 30);
    assert!(count("reports_waiting{state=\"held\"}") >= 1);
    assert_eq!(count("flows{kind=\"all\"}"), 1);
    assert!(count("vendor_requests_total{system=\"expensify\",kind=\"read\",outcome=\"answered\"}") >= 2);
    assert_eq!(count("vendor_requests_total{system=\"intacct\",kind=\"create\",outcome=\"fault\"}"), 1);
    assert!(count("vendor_request_seconds_bucket{system=\"intacct\",kind=\"read\",le=\"+Inf\"}") >= 3);
    assert!(count("database_commits_total") > 3);
    assert_eq!((figure("database_up"), figure("database_restored")), (&"1".to_owned(), &"0".to_owned()));
    for name in ["acme", desk.customer.id().as_str(), desk.flow.as_str(), desk.office.company()] {
        assert!(!page.contains(name), "a label names {name}");
    }
    assert!(samples.len() < 200, "{} series", samples.len());

    state.drain();
    assert_eq!(ask(&format!("{origin}/readyz"), &[]).await, (503, "down\n".to_owned()));
    assert_eq!(ask(&format!("{origin}/healthz"), &[]).await.0, 200, "it lives while it ends");
    assert!(at_work.end().await);
    assert!(at_work_counts_every_ending(&state));
}

fn at_work_counts_every_ending(state: &State) -> bool {
    Asked::ALL.iter().all(|asked| {
        let all: u64 = Ending::ALL.iter().map(|ending| state.figures.requests(*asked, *ending)).sum();
        state.figures.answers(*asked).cumulated().1 == all
    })
}

#[tokio::test]
async fn figures_are_for_this_machine_or_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "scrape-me\n").unwrap();
    let setting = format!("metrics.token_file={}", token_file.display());
    let site = Site::with(&[&setting]).await;
    let metrics = format!("{}/metrics", site.origin);
    assert_eq!(ask(&metrics, &[]).await.0, 200, "from this machine");
    // A proxy on this machine, and a page of another site whose name leads here.
    for through in [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9"), ("host", "books.example.com")]
    {
        let (status, text) = ask(&metrics, &[through]).await;
        assert_eq!(status, 401, "{through:?}: {text}");
        assert!(text.contains("MLC-468") && !text.contains("ml_connector_"), "{text}");
        let (_, ready) = ask(&format!("{}/readyz?detail=json", site.origin), &[through]).await;
        assert_eq!(ready, "up\n", "no detail for strangers");
        for (token, status) in
            [("Bearer scrape-me", 200), ("Bearer scrape-you", 401), ("Bearer ", 401), ("scrape-me", 401)]
        {
            let (found, _) = ask(&metrics, &[through, ("authorization", token)]).await;
            assert_eq!(found, status, "{token}");
        }
    }
    let acme = site.customer("acme").await;
    // An instance administrator's token, and somebody else's.
    for (email, administrator, status) in [("ada@example.com", true, 200), ("bob@example.com", false, 401)] {
        let (user, visitor) = site.signed_in(email, administrator).await;
        site.grant(&acme, &user, Role::Viewer).await;
        let body = match administrator {
            true => json!({ "name": "scraper", "rights": ["install"] }),
            false => json!({ "name": "scraper", "rights": ["view"], "customers": [acme.id().as_str()] }),
        };
        let made = visitor.post("/tokens", body).await;
        let bearer = format!("Bearer {}", made.is(201).json()["token"].as_str().unwrap());
        let (found, text) = ask(&metrics, &[("x-forwarded-for", "203.0.113.9"), ("authorization", &bearer)]).await;
        assert_eq!(found, status, "{email}: {text}");
    }
}

#[tokio::test]
async fn a_worker_that_stands_still_is_not_ready() {
    let site = Site::start().await;
    let ready = format!("{}/readyz", site.origin);
    assert_eq!(ask(&ready, &[]).await.0, 200, "without a worker there is nothing to wait for");
    site.state.figures.turned(site.now_ms());
    assert_eq!(ask(&ready, &[]).await.0, 200);
    site.pass_ms(Duration::from_secs(61).as_millis().try_into().unwrap());
    assert_eq!(ask(&ready, &[]).await.0, 503);
    let (_, detail) = ask(&format!("{ready}?detail=json"), &[]).await;
    assert_eq!(serde_json::from_str::<Value>(&detail).unwrap()["worker"], "down");
}
