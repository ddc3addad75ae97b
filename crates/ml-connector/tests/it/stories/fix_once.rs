//! Fix once, release all: a mapping that was mended releases everything that waited for it in one pass, from stored
//! bytes, and moves nothing else. What a what-if foretold is what then happens.

use std::collections::BTreeMap;

use ml_connector::flow::Flow;
use ml_connector::store::{InboxState, Release, cause_id};
use ml_connector::systems::Destination as _;
use ml_connector::systems::expensify::report_of;
use ml_connector::work::pass::{Duties, Passed};
use ml_connector::work::progress::Silent;
use ml_connector::work::release::release;
use ml_connector::work::start::Opened;
use ml_connector::work::what_if::{Question, WhatIf, what_if};
use serde_json::{Value, json};

use super::ledger;
use super::office::{Office, Outcome, clean, lifelike, look};

/// One pass of the service at the newest document.
pub async fn pass(office: &Office, duties: Duties) -> (Passed, Outcome) {
    let opened = open(office).await;
    let mut work = opened.work(&Silent);
    work.rules = office.rules.clone();
    let passed = Box::pin(work.pass(duties, &[])).await;
    let passed = passed.unwrap_or_else(|error| panic!("{}", error.problem()));
    let outcome = look(&opened, office.company(), Ok(Default::default())).await;
    opened.close().await.unwrap();
    (passed, outcome)
}

/// Passes until nothing moves any more: what came of the last one.
pub async fn passes(office: &Office, duties: Duties) -> Outcome {
    pass(office, duties).await;
    pass(office, Duties::default()).await.1
}

pub async fn open(office: &Office) -> Opened {
    let flow = Flow::parse(&office.flow, "flow.toml", None).unwrap_or_else(|error| panic!("{error}"));
    Opened::open(flow, office.settings.clone(), &office.endpoints).await.unwrap()
}

pub const POLL: Duties = Duties { poll: true, sweep: false, refresh: false, reconcile: false, ledger: false };
pub const REFRESH: Duties = Duties { poll: false, sweep: false, refresh: true, reconcile: false, ledger: false };

/// What a change of the document would do, from what is stored.
pub async fn ask(office: &Office, changed: &str) -> WhatIf {
    let opened = open(office).await;
    let stored = opened.customer.latest_chart(opened.destination.company()).await.unwrap().unwrap();
    let new = Flow::parse(changed, "changed.toml", None).unwrap_or_else(|error| panic!("{error}"));
    let question = Question {
        old: &opened.flow,
        new: &new,
        chart: &stored.chart,
        company: opened.destination.company(),
        today: opened.clock.today(),
        months: 12,
    };
    let found = what_if(&opened.customer, &opened.flow_id, &question, report_of).await.unwrap();
    opened.close().await.unwrap();
    found
}

/// Gives one expense of each of the first `count` reports this category; gives those reports.
pub fn recode(office: &Office, count: usize, category: &str) -> Vec<String> {
    let listed = office.in_expensify(json!({"action": "list", "state": "APPROVED"}));
    let chosen: Vec<String> = listed.as_array().unwrap().iter().take(count).map(|one| text(&one["report"])).collect();
    assert_eq!(chosen.len(), count);
    for report in &chosen {
        let shown = office.in_expensify(json!({"action": "show", "report": report}));
        let transaction = &shown["expenses"][0]["transaction"];
        office.in_expensify(
            json!({"action": "recode", "report": report, "transaction": transaction, "category": category}),
        );
    }
    chosen
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn states(outcome: &Outcome) -> BTreeMap<&str, InboxState> {
    outcome.reports.iter().map(|(id, report)| (id.as_str(), report.state)).collect()
}

fn jobs(office: &Office) -> Value {
    office.sandbox.state()["expensify"]["requests"].clone()
}

const OFFSITE: &str = "\"Airfare\" = \"6410\"\n\"Team Offsite\" = \"6520\"";

#[tokio::test]
async fn fourteen_reports_are_released_by_one_line_of_the_mapping_and_nothing_else_moves() {
    let mut office = Office::open(clean(20, 2)).await;
    let chosen = recode(&office, 14, "Team Offsite");
    let before = passes(&office, POLL).await;
    for id in &chosen {
        assert_eq!(before.reports[id].state, InboxState::Held, "{id}");
    }
    assert_eq!(before.count(&[InboxState::Posted]), 6);
    let booked = ledger::references(&office);

    let opened = open(&office).await;
    let causes = opened.customer.held_causes(&opened.flow_id).await.unwrap();
    assert_eq!(causes.len(), 1, "{causes:?}");
    let cause = &causes[0];
    assert_eq!((cause.code.to_string().as_str(), cause.value.as_str()), ("MLC-101", "Team Offsite"));
    assert_eq!(cause.id, cause_id(cause.code, "Team Offsite"));
    assert_eq!(cause.reports, 14);
    let held: i64 = chosen.iter().map(|id| before.reports[id].amount_minor.unwrap()).sum();
    assert_eq!(cause.money.values().sum::<i64>(), held);
    let page = opened.customer.cause_reports(&opened.flow_id, &cause.id, None, 10).await.unwrap();
    let rest = opened.customer.cause_reports(&opened.flow_id, &cause.id, Some(&page[9].report_id), 10).await.unwrap();
    assert_eq!((page.len(), rest.len()), (10, 4));
    opened.close().await.unwrap();

    let changed = office.flow.replace("\"Airfare\" = \"6410\"", OFFSITE);
    let foretold = ask(&office, &changed).await;
    assert_eq!(foretold.released.waiting.reports, 14);
    assert_eq!(foretold.released.waiting.money.values().sum::<i64>(), held);
    assert_eq!(foretold.unchanged.in_ledger.reports, 6);
    assert_eq!((foretold.altered.reports(), foretold.newly_held.reports()), (0, 0));

    office.flow = changed;
    let asked = jobs(&office);
    let (_, after) = pass(&office, Duties::default()).await;
    for id in &chosen {
        assert_eq!(after.reports[id].state, InboxState::Posted, "{id}: {:?}", after.reports[id].problems);
    }
    assert_ne!(jobs(&office), asked, "what leaves is confirmed at the source first");
    let posted: i64 = chosen.iter().map(|id| after.reports[id].amount_minor.unwrap()).sum();
    assert_eq!(posted, held);
    assert!(booked.keys().all(|reference| ledger::references(&office).contains_key(reference)));
    for (id, state) in states(&before).into_iter().filter(|(id, _)| !chosen.iter().any(|one| one == id)) {
        assert_eq!(after.reports[id].state, state, "{id}");
        assert_eq!(after.reports[id].changed_ms, before.reports[id].changed_ms, "{id} was touched");
    }
    ledger::check(&office, &after);
    ledger::tie_out(&office, &after);
}

#[tokio::test]
async fn a_pass_with_nothing_to_release_asks_nobody() {
    let office = Office::open(lifelike(60)).await;
    let before = passes(&office, POLL).await;
    assert!(before.count(&[InboxState::Held]) > 0);
    let traffic = |office: &Office| {
        let state = office.sandbox.state();
        (state["expensify"]["requests"].clone(), state["intacct"]["requests"].clone())
    };
    let asked = traffic(&office);
    let (passed, after) = pass(&office, Duties::default()).await;
    assert_eq!(passed.summary.read, 0);
    assert_eq!(traffic(&office), asked);
    assert_eq!(states(&before), states(&after));
}

#[tokio::test]
async fn a_chart_that_healed_releases_what_it_held_and_what_was_taken_back_stays_out() {
    let mut office = Office::open(clean(6, 1)).await;
    let chosen = recode(&office, 3, "Legacy Travel");
    let before = passes(&office, POLL).await;
    assert!(chosen.iter().all(|id| before.codes_of(id) == ["MLC-104"]));
    office.in_expensify(json!({"action": "unapprove", "report": chosen[0]}));
    office.in_intacct(json!({"action": "activate", "object": "GLACCOUNT", "key": "6990"}));
    let after = passes(&office, REFRESH).await;
    assert_eq!(ledger::of_report(&office, &chosen[0]), 0, "a report that was taken back was posted");
    assert_ne!(after.reports[&chosen[0]].state, InboxState::Posted);
    for id in &chosen[1..] {
        assert_eq!(after.reports[id].state, InboxState::Posted, "{id}: {:?}", after.reports[id].problems);
    }
    ledger::check(&office, &after);
    // The mapping moves on: what the source took back must not be released by it.
    office.edit_flow("\"Airfare\" = \"6410\"", OFFSITE);
    let later = passes(&office, Duties::default()).await;
    assert_eq!(ledger::of_report(&office, &chosen[0]), 0);
    ledger::check(&office, &later);
}

#[tokio::test]
async fn a_flow_may_ask_a_person_before_it_releases_what_was_mended() {
    let mut office = Office::open(clean(6, 1)).await;
    office.edit_flow("auto_release = true", "auto_release = false");
    let chosen = recode(&office, 3, "Team Offsite");
    let before = passes(&office, POLL).await;
    assert_eq!((before.count(&[InboxState::Posted]), before.count(&[InboxState::Held])), (3, 3));
    office.edit_flow("\"Airfare\" = \"6410\"", OFFSITE);
    // It waits, however often the source is read and whatever is edited meanwhile.
    let transaction =
        &office.in_expensify(json!({"action": "show", "report": chosen[1]}))["expenses"][0]["transaction"];
    let recoded = json!({"action": "recode", "report": chosen[1], "transaction": transaction, "category": "Lodging"});
    for step in 0..3 {
        let waiting = passes(&office, Duties { sweep: true, ..POLL }).await;
        for id in &chosen {
            assert_eq!(waiting.reports[id].state, InboxState::Ready, "{id} at step {step}");
            assert_eq!(waiting.codes_of(id), ["MLC-170"], "{id} at step {step}");
            assert_eq!(ledger::of_report(&office, id), 0);
        }
        ledger::check(&office, &waiting);
        if step == 0 {
            office.in_expensify(recoded.clone());
        }
    }

    let opened = open(&office).await;
    let causes = opened.customer.held_causes(&opened.flow_id).await.unwrap();
    assert_eq!(causes.len(), 1, "{causes:?}");
    assert_eq!((causes[0].value.as_str(), causes[0].reports), ("MLC-101 Team Offsite", 3));
    let one = Release::Reports(vec![chosen[0].clone()]);
    let now_ms = opened.clock.now_ms();
    let released = release(&opened.customer, &opened.flow_id, &one, "usr_1", "checked", now_ms).await.unwrap();
    assert_eq!(released, [chosen[0].clone()]);
    assert!(release(&opened.customer, &opened.flow_id, &one, "usr_1", "", now_ms).await.unwrap().is_empty());
    opened.close().await.unwrap();
    let (_, first) = pass(&office, Duties::default()).await;
    assert_eq!(first.reports[&chosen[0]].state, InboxState::Posted);
    assert_eq!(first.codes_of(&chosen[2]), ["MLC-170"]);

    let opened = open(&office).await;
    let all = Release::Cause(causes[0].id.clone());
    let released = release(&opened.customer, &opened.flow_id, &all, "usr_1", "all of it", now_ms).await.unwrap();
    assert_eq!(released.len(), 2);
    opened.close().await.unwrap();
    let (_, after) = pass(&office, Duties::default()).await;
    for id in &chosen {
        let postings: Vec<_> = after.postings.iter().filter(|posting| posting.key.report == *id).collect();
        assert_eq!(after.reports[id].state, InboxState::Posted, "{:?} {postings:?}", after.reports[id]);
    }
    assert_eq!(after.audited("report.released").len(), 3);
    ledger::check(&office, &after);
}
