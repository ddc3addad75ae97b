//! `run`: figures and words, exit codes, and sealed credentials.

use serde_json::json;

use super::is_plain;
use crate::program::{Desk, err, json as object, out};
use crate::stories::office::{clean, lifelike};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_clean_run_ends_with_0_and_one_with_reports_held_with_3() {
    let desk = Desk::open(clean(10, 2)).await;
    let output = desk.run(&["--json"]).output();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    is_plain(&output, &desk.office.sandbox);
    let shown = object(&output);
    assert_eq!((&shown["read"], &shown["posted"], &shown["mode"]), (&json!(10), &json!(10), &json!("post")));
    assert_eq!(shown["problems"], json!([]));
    assert!(err(&output).contains("warning: test endpoints"));
    let again = object(&desk.run(&["--json"]).output());
    assert_eq!((&again["posted"], &again["unchanged"]), (&json!(0), &json!(10)));

    let desk = Desk::open(lifelike(40)).await;
    let output = desk.run(&[]).output();
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    is_plain(&output, &desk.office.sandbox);
    for part in ["reports read", "Money", "unexplained", "Held, by cause", "MLC-10", "fix:"] {
        assert!(out(&output).contains(part), "{part} is missing in:\n{}", out(&output));
    }
    let shown = object(&desk.run(&["--json"]).output());
    for money in shown["money"].as_array().unwrap() {
        let part = |name: &str| money[name].as_i64().unwrap();
        let parts = part("posted_minor") + part("held_minor") + part("skipped_minor") + part("ready_minor");
        assert_eq!(part("source_minor"), parts);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_waiting_an_unknown_outcome_is_told_and_found_by_the_next_run() {
    let mut desk = Desk::open(clean(10, 2)).await;
    desk.set(&["posting.settle_seconds=2", "posting.look_gap_seconds=1", "posting.look_at_seconds=[1,2]"]);
    desk.office.faults(json!([{"on": "create", "nth": 1, "action": "drop_after_commit"}]));
    let output = desk.run(&["--no-wait", "--json"]).output();
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    let shown = object(&output);
    assert_eq!(shown["reports"]["unknown"], 10);
    for held in shown["held"].as_array().unwrap() {
        assert_eq!(held["problems"][0]["code"], "MLC-311", "{held}");
        assert!(!held["problems"][0]["remedy"].as_str().unwrap().is_empty());
    }
    let next = desk.run(&["--json"]).output();
    assert_eq!(next.status.code(), Some(0), "{}", err(&next));
    assert_eq!(object(&next)["reports"]["posted"], 10);
    assert_eq!(crate::stories::ledger::entries(&desk.office).len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_refused_entry_is_shown_with_the_ledgers_words() {
    let desk = Desk::open(clean(5, 2)).await;
    let restricted = ["NY", "SF", "LON"].map(|location| format!("2010/LOCATION/{location}")).to_vec();
    desk.office.sandbox.set_intacct_assumptions(sandbox::intacct::Assumptions {
        restricted,
        ..sandbox::intacct::Assumptions::default()
    });
    let output = desk.run(&["--json"]).output();
    assert_eq!(output.status.code(), Some(3));
    let shown = object(&output);
    assert_eq!(shown["reports"]["rejected"], 5, "{shown}");
    let problem = &shown["held"][0]["problems"][0];
    assert_eq!(problem["code"], "MLC-310");
    assert!(problem["detail"].as_str().unwrap().contains("restricted"), "{problem}");
    let text = desk.run(&[]).output();
    assert!(out(&text).contains("MLC-310") && out(&text).contains("restricted"), "{}", out(&text));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn faults_end_with_1_or_3_and_their_code() {
    let desk = Desk::open(clean(4, 1)).await;
    desk.office.faults(json!([{"on": "getAPISession", "action": "edge_401"}]));
    let output = desk.run(&[]).output();
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("error[MLC-301]") && err(&output).contains("remedy:"), "{}", err(&output));
    let output = desk.run(&["--json"]).output();
    assert_eq!(object(&output)["error"]["code"], "MLC-301");
    desk.office.faults(json!([{"vendor": "expensify", "on": "export", "action": "html_200"}]));
    let output = desk.run(&["--json"]).output();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(object(&output)["problems"][0]["code"], "MLC-206");
    is_plain(&output, &desk.office.sandbox);
}

/// The secrets of the flow, by the key at which it says "sealed".
const SEALED: [(&str, &str); 3] = [
    ("source.expensify.partner_user_secret", "partner_secret"),
    ("destination.intacct.sender_password", "sender_password"),
    ("destination.intacct.user_password", "user_password"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_flow_that_says_sealed_runs_with_the_master_key_and_not_without() {
    let mut desk = Desk::open(clean(4, 1)).await;
    let key = out(&crate::program::bare(&["secret", "new-key"]).output());
    let key = key.trim();
    for (name, file) in SEALED {
        let path = desk.office.folder.path().join(file);
        let value = std::fs::read_to_string(&path).unwrap();
        let output = desk.program(&["secret", "set", name]).env("ML_CONNECTOR_MASTER_KEY", key).output_with(&value);
        assert!(output.status.success(), "{}", err(&output));
        is_plain(&output, &desk.office.sandbox);
        std::fs::remove_file(&path).unwrap();
        desk.office.edit_flow(&format!("\"file:{}\"", path.display()), "\"sealed\"");
    }
    desk.write_flow();
    let list = desk.program(&["secret", "list"]).env("ML_CONNECTOR_MASTER_KEY", key).output();
    assert!(SEALED.iter().all(|(name, _)| out(&list).contains(name)), "{}", out(&list));
    is_plain(&list, &desk.office.sandbox);
    let output = desk.run(&["--json"]).env("ML_CONNECTOR_MASTER_KEY", key).output();
    assert_eq!(output.status.code(), Some(0), "{} {}", out(&output), err(&output));
    assert_eq!(object(&output)["posted"], 4);
    let without = desk.run(&["--json"]).output();
    assert_eq!(without.status.code(), Some(1));
    assert_eq!(object(&without)["error"]["code"], "MLC-403");
    let other = out(&crate::program::bare(&["secret", "new-key"]).output());
    let wrong = desk.run(&["--json"]).env("ML_CONNECTOR_MASTER_KEY", other.trim()).output();
    assert_eq!(object(&wrong)["error"]["code"], "MLC-403");
    let secrets = crate::stories::secrets::of(&desk.office.sandbox);
    secrets.absent_from_database(&desk.office.database()).await;
    let stored = std::fs::read(desk.office.database()).unwrap();
    assert!(!stored.windows(key.len()).any(|window| window == key.as_bytes()), "the master key is in the database");
}
