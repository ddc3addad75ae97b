//! Passes of a worker: what is due is done once, what is asked for is answered, and an idle flow costs its ledger
//! nothing.

use ml_connector::store::{InboxState, WantedKind};
use serde_json::json;

use super::desk::Desk;
use crate::stories::office::clean;

#[tokio::test]
async fn a_worker_posts_what_is_approved_and_then_asks_the_ledger_nothing() {
    let desk = Desk::open(clean(12, 3)).await;
    let at_work = desk.work();
    desk.until("all reports are posted", async || (desk.count(InboxState::Posted).await == 12).then_some(())).await;
    let state = desk.office.sandbox.state();
    assert_eq!(state["intacct"]["journal_entries"], 12);
    let requests = state["intacct"]["requests"]["total"].clone();
    let expensify = state["expensify"]["requests"]["total"].as_u64().unwrap();
    for _ in 0..3 {
        let id = desk.want(WantedKind::Poll, json!({})).await;
        let answered = desk.answer(&id).await;
        assert!(!answered.failed, "{answered:?}");
        let outcome = answered.outcome.unwrap();
        assert_eq!(outcome["read"], outcome["unchanged"], "{outcome}");
    }
    let state = desk.office.sandbox.state();
    assert_eq!(state["intacct"]["requests"]["total"], requests, "an idle flow asked the ledger");
    assert_eq!(state["expensify"]["requests"]["total"].as_u64().unwrap(), expensify + 6);
    assert_eq!(state["intacct"]["journal_entries"], 12);
    assert!(at_work.end().await);
}

#[tokio::test]
async fn a_flow_that_begins_to_post_takes_all_that_its_rehearsal_found_ready() {
    let mut desk = Desk::open(clean(40, 1)).await;
    desk.office.edit_flow("mode = \"post\"", "mode = \"rehearsal\"");
    desk.put_flow().await;
    let at_work = desk.work();
    desk.until("all reports are rehearsed", async || (desk.count(InboxState::Ready).await == 40).then_some(())).await;
    assert_eq!(desk.office.sandbox.state()["intacct"]["journal_entries"], 0);
    // A poll reads the last days only; most of the reports were approved long before them.
    desk.office.edit_flow("mode = \"rehearsal\"", "mode = \"post\"");
    desk.put_flow().await;
    desk.until("all reports are posted", async || (desk.count(InboxState::Posted).await == 40).then_some(())).await;
    assert_eq!(desk.office.sandbox.state()["intacct"]["journal_entries"], 40);
    assert!(at_work.end().await);
}

#[tokio::test]
async fn a_worker_that_is_told_to_stop_sends_nothing_more_and_another_goes_on() {
    let mut desk = Desk::open(clean(60, 1)).await;
    desk.office.settings.posting.batch_entries = 2;
    desk.office.faults(json!({ "rules": [], "create_ms_per_function": 150 }));
    let at_work = desk.work();
    desk.until("posting has begun", async || (desk.count(InboxState::Posted).await > 0).then_some(())).await;
    // Thirty requests of 300 ms would take nine seconds; what is under way is two of them.
    assert!(at_work.end().await);
    let posted = desk.count(InboxState::Posted).await;
    assert!(posted < 20, "{posted} were posted before it ended");
    assert_eq!(desk.count(InboxState::Unknown).await, 0);
    let at_work = desk.work();
    desk.until("the others are posted", async || (desk.count(InboxState::Posted).await == 60).then_some(())).await;
    assert_eq!(desk.office.sandbox.state()["intacct"]["journal_entries"], 60);
    assert!(at_work.end().await);
}

#[tokio::test]
async fn a_period_before_the_cut_over_is_counted_first_and_then_taken() {
    let mut desk = Desk::open(clean(10, 2)).await;
    let cut_over = desk.office.flow.lines().find(|line| line.starts_with("cut_over")).unwrap().to_owned();
    let today = desk.clock.today();
    let tomorrow = today.tomorrow().unwrap();
    desk.office.edit_flow(&cut_over, &format!("cut_over = \"{tomorrow}\""));
    desk.put_flow().await;
    let at_work = desk.work();
    desk.until("the flow was polled", async || desk.times().await.polled_ms).await;
    assert!(desk.reports().await.is_empty());
    let from = today.checked_sub(jiff::ToSpan::days(200)).unwrap();
    let period = json!({ "from": from.to_string(), "to": today.to_string() });
    let counted = desk.want(WantedKind::BackfillCount, period.clone()).await;
    let counted = desk.answer(&counted).await;
    assert_eq!(counted.outcome.as_ref().unwrap()["reports"], 10, "{counted:?}");
    assert!(desk.reports().await.is_empty(), "counting kept something");
    let taken = desk.want(WantedKind::Backfill, period).await;
    assert!(!desk.answer(&taken).await.failed);
    desk.until("they are posted", async || (desk.count(InboxState::Posted).await == 10).then_some(())).await;
    let wrong = desk.want(WantedKind::BackfillCount, json!({ "from": "2026-02-31" })).await;
    assert!(desk.answer(&wrong).await.failed);
    assert!(at_work.end().await);
}

#[tokio::test]
async fn wrong_credentials_stop_a_flow_without_a_storm_of_logins_and_a_ping_tells_why() {
    let mut desk = Desk::open(clean(3, 1)).await;
    let folder = desk.office.folder.path().join("user_password");
    std::fs::write(&folder, "not the password").unwrap();
    desk.office.settings.service.tick_ms = 10;
    let at_work = desk.work();
    desk.until("a pass fails", async || (desk.times().await.failures > 0).then_some(())).await;
    for _ in 0..5 {
        let id = desk.want(WantedKind::Poll, json!({})).await;
        desk.answer(&id).await;
    }
    let logins = desk.office.sandbox.state()["intacct"]["requests"]["login"].clone();
    assert!(logins.as_u64().unwrap_or(u64::MAX) <= 1, "{}", desk.office.sandbox.state()["intacct"]["requests"]);
    let id = desk.want(WantedKind::Ping, json!({})).await;
    let answer = desk.answer(&id).await.outcome.unwrap();
    let failing: Vec<&str> = answer["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["verdict"] == "fails")
        .filter_map(|check| check["code"].as_str())
        .collect();
    assert!(!failing.is_empty(), "{answer}");
    assert_eq!(desk.office.sandbox.state()["intacct"]["journal_entries"], 0);
    assert!(at_work.end().await);
}
