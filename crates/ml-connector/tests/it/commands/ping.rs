//! `ping`: one verdict for each thing that could be wrong, each with its remedy, and nothing changed by asking.

use std::collections::BTreeMap;

use sandbox::intacct::Assumptions;
use serde_json::{Value, json};

use super::is_plain;
use crate::program::{Desk, err, json as object, out};
use crate::stories::office::clean;

/// Verdicts by system and check, and the exit code.
fn verdicts(desk: &Desk) -> (BTreeMap<String, Value>, Option<i32>) {
    let output = desk.on_flow("ping", &["--json"]).output();
    is_plain(&output, &desk.office.sandbox);
    let shown = object(&output);
    let checks = shown["checks"].as_array().unwrap_or_else(|| panic!("{shown} {}", err(&output)));
    let name = |check: &Value| format!("{} {}", check["system"].as_str().unwrap(), check["check"].as_str().unwrap());
    (checks.iter().map(|check| (name(check), check.clone())).collect(), output.status.code())
}

fn fails(desk: &Desk, check: &str, code: &str) {
    let (checks, exit) = verdicts(desk);
    let found = checks.get(check).unwrap_or_else(|| panic!("no check {check} among {:?}", checks.keys()));
    assert_eq!((&found["verdict"], &found["code"]), (&json!("fails"), &json!(code)), "{found}");
    assert!(!found["remedy"].as_str().unwrap().is_empty());
    assert_eq!(exit, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn all_is_well() {
    let desk = Desk::open(clean(4, 1)).await;
    let (checks, exit) = verdicts(&desk);
    assert_eq!(exit, Some(0), "{checks:?}");
    let good = [
        "Expensify name resolution and TLS",
        "Expensify credentials",
        "Expensify workspaces",
        "Intacct name resolution and TLS",
        "Intacct sender id",
        "Intacct company login",
        "Intacct session",
        "Intacct read GLACCOUNT",
        "Intacct read GLBATCH",
        "Intacct read GLENTRY",
        "Intacct read JOURNAL",
        "Intacct read DEPARTMENT",
        "Intacct journal EXP",
        "Intacct journal CC",
        "Intacct period",
        "Intacct clock",
    ];
    for check in good {
        assert_eq!(checks.get(check).map(|check| &check["verdict"]), Some(&json!("ok")), "{check}");
    }
    let text = desk.on_flow("ping", &[]).output();
    assert!(out(&text).contains("company login") && out(&text).contains("ok"));
    assert!(!desk.office.database().exists(), "a ping made a database");
    assert!(crate::stories::ledger::entries(&desk.office).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn each_thing_that_is_wrong_has_a_verdict_of_its_own() {
    let desk = Desk::open(clean(4, 1)).await;
    let default = Assumptions::default;
    for (assumptions, check, code) in [
        (Assumptions { sender_authorised: false, ..default() }, "Intacct company login", "MLC-302"),
        (Assumptions { subscribed: false, ..default() }, "Intacct company login", "MLC-304"),
        (Assumptions { denied_objects: vec!["GLBATCH".to_owned()], ..default() }, "Intacct read GLBATCH", "MLC-305"),
    ] {
        desk.office.sandbox.set_intacct_assumptions(assumptions);
        fails(&desk, check, code);
    }
    desk.office.sandbox.set_intacct_assumptions(default());
    desk.office.in_intacct(json!({"action": "close_books", "until": "12/31/2098"}));
    fails(&desk, "Intacct period", "MLC-122");
    for (name, check, code) in [
        ("sender_password", "Intacct sender id", "MLC-301"),
        ("user_password", "Intacct company login", "MLC-303"),
        ("partner_secret", "Expensify credentials", "MLC-201"),
    ] {
        let path = desk.office.folder.path().join(name);
        let right = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, "not it").unwrap();
        fails(&desk, check, code);
        std::fs::write(&path, right).unwrap();
    }
    for (rule, check, code) in [
        (json!({"vendor": "expensify", "action": "html_200"}), "Expensify credentials", "MLC-206"),
        (json!({"on": "getAPISession", "action": "http_503_html"}), "Intacct session", "MLC-308"),
    ] {
        desk.office.faults(json!([rule]));
        fails(&desk, check, code);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_the_flow_names_must_be_there() {
    let mut desk = Desk::open(clean(4, 1)).await;
    desk.office.edit_flow("company_card = \"CC\"", "company_card = \"NOPE\"");
    desk.office.edit_flow("policies = \"all\"", "policies = [\"0000000000000000\"]");
    desk.write_flow();
    fails(&desk, "Intacct journal NOPE", "MLC-113");
    fails(&desk, "Expensify workspaces", "MLC-209");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_cannot_be_reached() {
    let mut desk = Desk::open(clean(4, 1)).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}/x", listener.local_addr().unwrap());
    drop(listener);
    desk.office.endpoints.intacct = Some(nobody.clone());
    desk.office.endpoints.expensify = Some(nobody);
    fails(&desk, "Intacct name resolution and TLS", "MLC-307");
    fails(&desk, "Expensify name resolution and TLS", "MLC-204");
    let text = desk.on_flow("ping", &[]).output();
    assert!(out(&text).contains("remedy:") && out(&text).contains("unchecked"), "{}", out(&text));
}
