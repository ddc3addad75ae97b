//! `audit`: what happened can be listed, verified and taken elsewhere, and a change to it shows.

use super::is_plain;
use crate::program::{Desk, bare, err, json, lines, out};
use crate::stories::office::clean;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_happened_is_listed_verified_and_exported() {
    let desk = Desk::open(clean(6, 2)).await;
    desk.run(&["--json"]).output();
    let report = desk.office.sandbox.samples.report_id.clone();
    let of_report = desk.program(&["audit", "list", "--subject", &report, "--json"]).output();
    let actions: Vec<String> =
        lines(&of_report).iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect();
    assert_eq!(actions, ["report.read"]);
    assert_eq!(desk.audit("posting.posted").len(), 6);
    let text = desk.program(&["audit", "list"]).output();
    assert!(out(&text).contains("posting.frozen") && out(&text).contains("request.sending"));
    is_plain(&text, &desk.office.sandbox);
    let page = desk.program(&["audit", "list", "--limit", "2"]).output();
    assert!(out(&page).contains("more: --after 2"), "{}", out(&page));

    let verified = json(&desk.program(&["audit", "verify", "--json"]).output());
    assert_eq!(verified["verified"], true);
    let file = desk.office.folder.path().join("audit.jsonl");
    let path = file.to_str().unwrap();
    let exported = desk.program(&["audit", "export", "--out", path]).output();
    assert!(exported.status.success(), "{}", err(&exported));
    let elsewhere = bare(&["audit", "verify", "--file", path, "--json"]).output();
    assert_eq!(json(&elsewhere)["head_hash"], verified["head_hash"]);
    let printed = desk.program(&["audit", "export"]).output();
    assert_eq!(out(&printed), std::fs::read_to_string(&file).unwrap());
    crate::stories::secrets::of(&desk.office.sandbox).absent_from("the export", &std::fs::read(&file).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_changed_export_fails() {
    let desk = Desk::open(clean(3, 1)).await;
    desk.run(&["--json"]).output();
    let text = out(&desk.program(&["audit", "export"]).output());
    let rows: Vec<&str> = text.lines().collect();
    let without_third = [&rows[..2], &rows[3..]].concat().join("\n");
    let swapped = [&[rows[1], rows[0]], &rows[2..]].concat().join("\n");
    let changed = text.replacen("posting.posted", "posting.rested", 1);
    for (name, tampered) in [("removed", without_third), ("swapped", swapped), ("changed", changed)] {
        assert_ne!(tampered, text);
        let file = desk.office.folder.path().join("tampered.jsonl");
        std::fs::write(&file, tampered).unwrap();
        let output = bare(&["audit", "verify", "--file", file.to_str().unwrap()]).output();
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(err(&output).contains("MLC-407"), "{name}: {}", err(&output));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_changed_database_stops_everything() {
    let desk = Desk::open(clean(3, 1)).await;
    desk.run(&["--json"]).output();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(desk.office.database());
    let mut database = sqlx::ConnectOptions::connect(&options).await.unwrap();
    for statement in [
        "DROP TRIGGER IF EXISTS audit_is_never_changed",
        "PRAGMA writable_schema = ON",
        "DELETE FROM sqlite_master WHERE type = 'trigger'",
        "PRAGMA writable_schema = RESET",
    ] {
        sqlx::raw_sql(statement).execute(&mut database).await.unwrap();
    }
    let changing =
        "UPDATE audit SET detail = replace(detail, '\"posted\"', '\"rested\"') WHERE action = 'posting.posted'";
    assert!(sqlx::raw_sql(changing).execute(&mut database).await.unwrap().rows_affected() > 0);
    sqlx::Connection::close(database).await.unwrap();
    let verified = desk.program(&["audit", "verify"]).output();
    assert_eq!(verified.status.code(), Some(1), "{}", out(&verified));
    assert!(err(&verified).contains("MLC-40"), "{}", err(&verified));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_a_database_there_is_nothing_to_show_and_none_is_made() {
    let desk = Desk::open(clean(1, 1)).await;
    for arguments in [["audit", "list"], ["audit", "verify"], ["audit", "export"]] {
        let output = desk.program(&arguments).output();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(!err(&output).is_empty());
        assert!(!desk.office.database().exists(), "{arguments:?} made a database");
    }
}
