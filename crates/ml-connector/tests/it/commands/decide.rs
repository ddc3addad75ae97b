//! `decide`: what waits is shown, and a person's word on exactly these bytes lets it go or keeps it back.

use crate::program::{Desk, err, json, out};
use crate::stories::ledger::entries;
use crate::stories::office::clean;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_waits_is_listed_and_goes_once_it_is_approved() {
    let mut desk = Desk::open(clean(2, 2)).await;
    desk.office.edit_flow("review_first = 0", "review_first = 5");
    desk.write_flow();
    let held = desk.run(&["--json"]).output();
    assert_eq!(held.status.code(), Some(3), "{}", err(&held));
    assert_eq!(json(&held)["held"][0]["problems"][0]["code"], "MLC-142");

    let list = desk.on_flow("decide", &["list", "--json"]).output();
    assert!(list.status.success(), "{}", err(&list));
    let waiting = json(&list)["waiting"].as_array().unwrap().clone();
    assert_eq!(waiting.len(), 2);
    let shown = out(&desk.on_flow("decide", &["list"]).output());
    let [one, other] = [0, 1].map(|place| waiting[place]["entry"].as_str().unwrap().to_owned());
    assert!(shown.contains(&one) && shown.contains("MLC-142 Waits for review"), "{shown}");

    let (reference, _) = one.split_once(':').unwrap();
    let wrong = desk.on_flow("decide", &["approve", &format!("{reference}:0000000000000000"), "--as", "ada"]).output();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(err(&wrong).contains("no entry"), "{}", err(&wrong));

    let approved = desk.on_flow("decide", &["approve", &one, "--as", "ada"]).output();
    assert!(approved.status.success(), "{}", err(&approved));
    let silent = desk.on_flow("decide", &["reject", &other, "--as", "ada"]).output();
    assert!(!silent.status.success() && err(&silent).contains("a note is needed"), "{}", err(&silent));
    let rejected = desk.on_flow("decide", &["reject", &other, "--as", "ada", "--note", "twice"]).output();
    assert!(rejected.status.success(), "{}", err(&rejected));
    let run = desk.run(&["--json"]).output();
    assert_eq!(run.status.code(), Some(3));
    assert_eq!((json(&run)["reports"]["posted"].as_u64(), entries(&desk.office).len()), (Some(1), 1));

    assert!(desk.on_flow("decide", &["lift", &other, "--as", "ada"]).output().status.success());
    assert!(desk.on_flow("decide", &["approve", &other, "--as", "bob"]).output().status.success());
    let run = desk.run(&["--json"]).output();
    assert_eq!(run.status.code(), Some(0), "{}", out(&run));
    assert_eq!(entries(&desk.office).len(), 2);
    let actors: Vec<_> = desk.audit("posting.approved").iter().map(|entry| entry["actor"].clone()).collect();
    assert_eq!(actors, ["ada", "bob"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_hand_over_is_confirmed_from_the_command_line() {
    let mut desk = Desk::open(clean(1, 2)).await;
    desk.office.edit_flow("hand_over = \"off\"", "hand_over = \"ask\"");
    desk.write_flow();
    let today = ml_connector::clock::Clock::system(jiff::tz::TimeZone::UTC).today();
    let report = desk.office.in_expensify(serde_json::json!({"action": "add"}))["report"].as_str().unwrap().to_owned();
    desk.office.in_intacct(serde_json::json!({
        "action": "book_entry", "journal": "GJ", "title": format!("paid: {report}"),
        "date": format!("{:02}/{:02}/{:04}", today.month(), today.day(), today.year()),
        "lines": [{"account": "6420", "amount_minor": 100}, {"account": "2010", "amount_minor": -100}],
    }));
    assert_eq!(desk.run(&[]).output().status.code(), Some(3));
    assert_eq!(entries(&desk.office).len(), 0);
    let list = json(&desk.on_flow("decide", &["list", "--json"]).output());
    assert_eq!(list["hand_over"]["look_alikes"], 1, "{list}");
    assert!(desk.on_flow("decide", &["same", &report, "--as", "ada"]).output().status.success());
    let confirmed = desk.on_flow("decide", &["hand-over", "--as", "ada", "--note", "seen"]).output();
    assert!(confirmed.status.success(), "{}", err(&confirmed));
    let run = desk.run(&["--json"]).output();
    assert_eq!(run.status.code(), Some(0), "{}", out(&run));
    assert_eq!(
        (json(&run)["reports"]["posted"].as_u64(), json(&run)["reports"]["skipped"].as_u64()),
        (Some(1), Some(1))
    );
    assert!(!desk.on_flow("decide", &["hand-over", "--as", "ada"]).output().status.success());
}
