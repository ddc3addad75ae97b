//! Repeated control ids under every setting of the memory.

use super::kit::*;
use crate::intacct::{Assumptions, DuplicateReply, Injected, Model, read};

fn unique() -> Gateway {
    let mut gateway = Gateway::new();
    gateway.unique = true;
    gateway
}

fn entries(model: &Model) -> u64 {
    model.state(false)["journal_entries"].as_u64().unwrap()
}

#[test]
fn the_function_attribute_counts_and_the_element_does_not() {
    let mut gateway = unique();
    let other = entry("R-2");
    assert!(gateway.calls(&[("k", &entry("R-1"))]).contains("<RECORDNO>4</RECORDNO>"));
    // Another body under the same id is refused all the same; the request's own id is the same throughout.
    let reply = gateway.calls(&[("k", &other)]);
    assert!(reply.contains("<result><status>failure") && reply.contains("already executed"), "{reply}");
    assert!(gateway.calls(&[("k2", &other)]).contains("<RECORDNO>5</RECORDNO>"));
    gateway.unique = false;
    assert!(gateway.calls(&[("k", &other)]).contains("<RECORDNO>6</RECORDNO>"), "uniqueid=false repeats");
    assert_eq!(entries(&gateway.model), 3);
}

#[test]
fn an_absent_uniqueid_means_true() {
    let mut gateway = unique();
    let session = format!("<sessionid>{}</sessionid>", gateway.session);
    let body = gateway.request(&session, &[("k", &entry("R-1"))]).replace("<uniqueid>true</uniqueid>", "");
    gateway.send(&body);
    assert!(gateway.send(&body).contains("<result><status>failure"));
    assert_eq!(entries(&gateway.model), 1);
}

#[test]
fn every_setting_of_the_memory() {
    type Change = fn(&mut Assumptions);
    // Setting, milliseconds until the repeat, what the repeat answers, entries in the end.
    let cases: [(&str, Change, u64, &str, u64); 8] = [
        ("error", |_| {}, 0, "<result><status>failure", 1),
        ("none", |a| a.retention_ms = Some(0), 0, "<RECORDNO>5</RECORDNO>", 2),
        ("lapsed", |a| a.retention_ms = Some(1_000), 1_000, "<RECORDNO>5</RECORDNO>", 2),
        ("kept", |a| a.retention_ms = Some(1_000), 999, "<result><status>failure", 1),
        ("for ever", |a| a.retention_ms = None, 1 << 40, "<status>failure", 1),
        ("original", |a| a.dup_reply = DuplicateReply::OriginalSuccess, 0, "<RECORDNO>4</RECORDNO>", 1),
        ("bare", |a| a.dup_reply = DuplicateReply::SuccessWithoutRecordno, 0, "<controlid>k</controlid></result>", 1),
        ("control", |a| a.dup_reply = DuplicateReply::ControlError, 0, "<response>\n    <control>", 1),
    ];
    for (name, change, wait_ms, expected, count) in cases {
        let mut gateway = unique();
        gateway.assume(change);
        gateway.calls(&[("k", &entry("R-1"))]);
        gateway.now_ms += wait_ms;
        let reply = gateway.calls(&[("k", &entry("R-1"))]);
        assert!(reply.contains(expected), "{name}: {reply}");
        assert_eq!(entries(&gateway.model), count, "{name}");
    }
}

#[test]
fn a_failed_function_burns_its_id_only_where_assumed() {
    for burns in [false, true] {
        let mut gateway = unique();
        gateway.assume(|a| a.failed_burns_key = burns);
        gateway.calls(&[("k", &entry("R-1").replace("6420", "9999"))]);
        let reply = gateway.calls(&[("k", &entry("R-1"))]);
        assert_eq!(reply.contains("<RECORDNO>4</RECORDNO>"), !burns, "{reply}");
    }
}

#[test]
fn reads_take_part_unless_switched_off() {
    let mut gateway = unique();
    gateway.calls(&[("q", "<getDimensions/>")]);
    assert!(gateway.calls(&[("q", "<getDimensions/>")]).contains("<result><status>failure"));
    gateway.assume(|a| a.reads_use_memory = false);
    assert!(gateway.calls(&[("q", "<getDimensions/>")]).contains("<result><status>success"));
}

#[test]
fn two_copies_at_once_both_book_unless_copies_in_flight_are_checked() {
    for checked in [false, true] {
        let mut gateway = unique();
        gateway.assume(|a| a.checks_in_flight = checked);
        let session = format!("<sessionid>{}</sessionid>", gateway.session);
        let body = gateway.request(&session, &[("k", &entry("R-1"))]);
        let (one, two) = (read(body.as_bytes()), read(body.as_bytes()));
        let first = gateway.model.begin(NOW_MS, &one);
        let second = gateway.model.begin(NOW_MS, &two);
        gateway.model.finish(NOW_MS, &one, first, Injected::default());
        gateway.model.finish(NOW_MS, &two, second, Injected::default());
        assert_eq!(entries(&gateway.model), if checked { 1 } else { 2 });
    }
}

#[test]
fn the_same_id_twice_in_one_request_runs_once() {
    let mut gateway = unique();
    let reply = gateway.calls(&[("k", &entry("R-1")), ("k", &entry("R-1"))]);
    assert!(reply.contains("<status>success") && reply.contains("already executed"), "{reply}");
    assert_eq!(entries(&gateway.model), 1);
}

#[test]
fn a_rolled_back_transaction_burns_nothing() {
    let mut gateway = unique();
    gateway.transaction = true;
    let bad = entry("R-2").replace("6420", "9999");
    gateway.calls(&[("a", &entry("R-1")), ("b", &bad), ("c", &entry("R-3"))]);
    let reply = gateway.calls(&[("a", &entry("R-1")), ("b", &entry("R-2")), ("c", &entry("R-3"))]);
    assert_eq!(reply.matches("<result><status>success").count(), 3, "{reply}");
    assert_eq!(entries(&gateway.model), 3);
}
