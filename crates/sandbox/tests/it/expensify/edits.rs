//! The company's people at work: late edits, second approvals, deletions.

use super::harness::{Server, export_job, server, unlimited};
use serde_json::{Value, json};

fn report(server: &mut Server, id: &str) -> String {
    let job = export_job(json!({"filters": {"reportIDList": id}}));
    server.fetch(job, "<#list reports as r>${r.state} ${r.approved!\"-\"} ${r.reimbursed!\"-\"} ${r.total?c} ${r.transactionList[0].category!\"\"}|${r.transactionList[0].tag!\"\"}|${r.transactionList[0].comment!\"\"}</#list>")
}

fn edit(server: &mut Server, command: Value) -> Value {
    server.model.edit(command.clone()).unwrap_or_else(|mistake| panic!("{command}: {mistake}"))
}

#[test]
fn a_report_goes_back_and_forth() {
    let mut server = server(30, unlimited());
    let id = server.model.sample_report_id();
    edit(&mut server, json!({"action": "unapprove", "report": id}));
    assert!(report(&mut server, &id).starts_with("SUBMITTED - - "));
    edit(&mut server, json!({"action": "approve", "report": id, "at": "2026-11-23 08:30:00"}));
    assert!(report(&mut server, &id).starts_with("APPROVED 2026-11-23 08:30:00 - "));
    edit(&mut server, json!({"action": "reimburse", "report": id}));
    assert!(report(&mut server, &id).starts_with("REIMBURSED 2026-11-23 08:30:00 2026-11-24 12:00:00 "));
    edit(&mut server, json!({"action": "delete", "report": id}));
    assert_eq!(report(&mut server, &id), "");
    assert!(server.model.edit(json!({"action": "show", "report": id})).is_err());
}

#[test]
fn coding_changes_after_approval_and_moves_no_date() {
    let mut server = server(30, unlimited());
    let id = server.model.sample_report_id();
    let before = edit(&mut server, json!({"action": "show", "report": id}));
    let transaction = before["expenses"][0]["transaction"].clone();
    let command = json!({"action": "recode", "report": id, "transaction": transaction, "category": "Postage",
        "tags": ["Sales", "Globex: Phase 2"], "comment": "moved", "amount": 4_242});
    let after = edit(&mut server, command);
    assert_eq!(before["approved"], after["approved"]);
    assert_eq!(after["expenses"][0]["effective_hundredths"], 4_242);
    assert!(report(&mut server, &id).ends_with(" Postage|Sales:Globex\\: Phase 2|moved"));
    let old_id = before["old_report"].clone();
    edit(&mut server, json!({"action": "recode", "report": old_id, "tag": "Sales"}));
    assert!(report(&mut server, &id).contains("|Sales|"));
}

#[test]
fn new_reports_appear() {
    let mut server = server(30, unlimited());
    let added = edit(&mut server, json!({"action": "add", "at": "2026-11-20 10:00:00"}));
    let id = added["report"].as_str().unwrap().to_string();
    assert!(report(&mut server, &id).starts_with("APPROVED 2026-11-20 10:00:00 - "));
    let open = edit(&mut server, json!({"action": "add", "state": "OPEN"}));
    assert_eq!((&open["state"], &open["submitted"]), (&json!("OPEN"), &Value::Null));
    assert_ne!(open["report"], added["report"]);
    let all = server.ids(export_job(json!({"filters": {"startDate": "2026-01-01"}})));
    assert_eq!(all.len(), 32);
}

#[test]
fn nonsense_is_explained() {
    let mut server = server(5, unlimited());
    let id = server.model.sample_report_id();
    let cases = [
        (json!({}), "action"),
        (json!({"action": "fly", "report": id}), "there is no action"),
        (json!({"action": "approve"}), "\"report\""),
        (json!({"action": "approve", "report": "R00000000000"}), "there is no report"),
        (json!({"action": "approve", "report": id, "at": "soon"}), "soon"),
        (json!({"action": "recode", "report": id, "transaction": "1"}), "no such transaction"),
        (json!({"action": "recode", "report": id, "amount": 1.5}), "hundredths"),
        (json!({"action": "add", "state": "LOST"}), "LOST"),
    ];
    for (command, words) in cases {
        let mistake = server.model.edit(command).unwrap_err();
        assert!(mistake.contains(words), "{mistake}");
    }
}
