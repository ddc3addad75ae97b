//! What time alone opens: the ceiling of the day, a pause, a blackout. Reading and translating go on meanwhile.

use jiff::ToSpan;
use ml_connector::clock::Clock;
use ml_connector::store::InboxState;
use ml_connector::work::progress::Silent;
use serde_json::json;
use sqlx::Connection as _;

use super::fix_once::{POLL, open};
use super::ledger;
use super::office::{Office, Outcome, clean, look};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn waiting(outcome: &Outcome, code: &str) -> usize {
    let ready = outcome.reports.values().filter(|report| report.state == InboxState::Ready);
    ready.filter(|report| report.problems.len() == 1 && report.problems[0].code.to_string() == code).count()
}

/// What was sent so far was sent yesterday.
async fn a_day_passes(office: &Office) {
    let url = format!("sqlite:{}", office.database().display());
    let mut raw = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let moved = sqlx::query("UPDATE attempts SET started_ms = started_ms - $1").bind(DAY_MS).execute(&mut raw).await;
    assert!(moved.unwrap().rows_affected() > 0);
    raw.close().await.unwrap();
}

#[tokio::test]
async fn no_more_than_the_ceiling_goes_out_on_a_day_and_the_rest_on_the_next() {
    let mut office = Office::open(clean(8, 2)).await;
    office.edit_flow("mode = \"post\"", "mode = \"rehearsal\"");
    let seen = office.run().await;
    let amounts: Vec<i64> = seen.reports.values().filter_map(|report| report.amount_minor).collect();
    let (all, largest) = (amounts.iter().sum::<i64>(), amounts.iter().copied().max().unwrap());
    let ceiling = largest.max(all / 3);
    office.edit_flow("mode = \"rehearsal\"", "mode = \"post\"");
    let text = format!("ceiling_day = \"{}.{:02} USD\"", ceiling / 100, ceiling % 100);
    office.edit_flow("ceiling_day = \"none\"", &text);

    let mut sent_before = 0;
    for day in 1..=8 {
        let outcome = office.run().await;
        let sent: i64 = outcome
            .postings
            .iter()
            .filter(|posting| posting.machine.state.record_no().is_some())
            .map(|posting| posting.total.minor)
            .sum();
        assert!(sent - sent_before <= ceiling, "day {day}: {} went out under {ceiling}", sent - sent_before);
        assert!(sent > sent_before, "day {day}: nothing went out");
        ledger::check(&office, &outcome);
        if outcome.count(&[InboxState::Posted]) == 8 {
            assert!(day > 2, "the ceiling held nothing back");
            return;
        }
        assert_eq!(waiting(&outcome, "MLC-141"), 8 - outcome.count(&[InboxState::Posted]));
        let again = office.run().await;
        let posted = outcome.count(&[InboxState::Posted]);
        assert_eq!(again.count(&[InboxState::Posted]), posted, "a second run of the day finds no new room");
        sent_before = sent;
        a_day_passes(&office).await;
    }
    panic!("eight days were not enough for eight reports");
}

#[tokio::test]
async fn a_paused_flow_reads_and_translates_and_posts_nothing() {
    let office = Office::open(clean(3, 2)).await;
    office.run().await;
    assert_eq!(ledger::entries(&office).len(), 3);
    pause(&office, Some(1)).await;
    let report = office.in_expensify(json!({"action": "add"}))["report"].as_str().unwrap().to_owned();
    let paused = office.run().await;
    assert_eq!(paused.reports[&report].state, InboxState::Ready);
    assert_eq!(paused.codes_of(&report), ["MLC-140"]);
    assert_eq!(ledger::entries(&office).len(), 3);
    pause(&office, None).await;
    let resumed = office.run().await;
    assert_eq!(resumed.reports[&report].state, InboxState::Posted);
    assert!(resumed.codes_of(&report).is_empty());
    ledger::check(&office, &resumed);
}

async fn pause(office: &Office, since_ms: Option<i64>) {
    let opened = open(office).await;
    let mut tx = opened.customer.begin().await.unwrap();
    tx.pause_flow(&opened.flow_id, since_ms).await.unwrap();
    tx.commit_untraced(1).await.unwrap();
    opened.close().await.unwrap();
}

#[tokio::test]
async fn a_blackout_holds_back_what_a_worker_would_post_and_tells_until_when() {
    let mut office = Office::open(clean(3, 2)).await;
    let zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
    let today = Clock::system(zone).today();
    let until = today.checked_add(1.days()).unwrap();
    // Two days, so that the test may run over midnight.
    office.edit_flow("blackout = []", &format!("blackout = [\"{today}..{until}\"]"));
    let unattended = pass(&office).await;
    assert_eq!(waiting(&unattended.1, "MLC-140"), 3, "{:?}", unattended.1.reports);
    assert_eq!(ledger::entries(&office).len(), 0);
    let opens_ms = unattended.0.expect("the pass says when it has more to do");
    let wait_ms = opens_ms - Clock::system(jiff::tz::TimeZone::UTC).now_ms();
    assert!(wait_ms > 0 && wait_ms <= 2 * DAY_MS + 60 * 60 * 1_000, "{wait_ms}");

    office.edit_flow(&format!("blackout = [\"{today}..{until}\"]"), "blackout = []");
    let posted = pass(&office).await.1;
    assert_eq!(posted.count(&[InboxState::Posted]), 3);
    ledger::check(&office, &posted);
}

async fn pass(office: &Office) -> (Option<i64>, Outcome) {
    let opened = open(office).await;
    let mut work = opened.work(&Silent);
    work.rules = office.rules.clone();
    work.unattended = true;
    let passed = Box::pin(work.pass(POLL, &[])).await.unwrap_or_else(|error| panic!("{}", error.problem()));
    let outcome = look(&opened, office.company(), Ok(Default::default())).await;
    opened.close().await.unwrap();
    (passed.next_ms, outcome)
}
