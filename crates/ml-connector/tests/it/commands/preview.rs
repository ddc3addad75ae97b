//! `preview`: what it shows is what a run posts, to the byte; and it changes nothing anywhere.

use std::collections::BTreeMap;

use serde_json::Value;

use super::is_plain;
use crate::program::{Desk, err, lines, out};
use crate::stories::ledger::entries;
use crate::stories::office::lifelike;

/// What makes a line: account, signed amount, memo, document, department and location.
type Shown = (String, i64, String, String, String, String);

/// XML has no form for control characters: they travel as U+FFFD.
fn previewed(line: &Value) -> Shown {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let amount = line["amount_minor"].as_i64().unwrap();
    let signed = if line["direction"] == "debit" { amount } else { -amount };
    let dimensions = &line["dimensions"];
    let (department, location) = (text(&dimensions["department"]), text(&dimensions["location"]));
    (
        text(&line["account"]),
        signed,
        text(&line["memo"]).replace(|c: char| c < ' ', "\u{fffd}"),
        text(&line["document"]),
        department,
        location,
    )
}

fn booked(line: &Value) -> Shown {
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let signed = line["tr_type"].as_i64().unwrap() * line["amount_minor"].as_i64().unwrap();
    (text("account"), signed, text("description"), text("document"), text("department"), text("location"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_previewed_is_what_is_posted() {
    let desk = Desk::open(lifelike(40)).await;
    let output = desk.on_flow("preview", &["--json"]).output();
    assert!(output.status.success(), "{}", err(&output));
    is_plain(&output, &desk.office.sandbox);
    assert!(entries(&desk.office).is_empty(), "a preview posted something");
    assert!(!desk.office.database().exists(), "a preview made a database");
    let previews = lines(&output);
    let states: Vec<&str> = previews.iter().map(|preview| preview["state"].as_str().unwrap()).collect();
    assert!(states.contains(&"ready") && states.contains(&"held"));

    desk.run(&["--json"]).output();
    let mut frozen = BTreeMap::new();
    for event in desk.audit("posting.frozen") {
        frozen.insert(event["subject"].as_str().unwrap().to_owned(), event["detail"]["sha256"].clone());
    }
    let ledger = entries(&desk.office);
    let mut count = 0;
    for entry in previews.iter().filter_map(|preview| preview["entries"].as_array()).flatten() {
        let reference = entry["reference"].as_str().unwrap();
        assert_eq!(entry["payload_sha256"], frozen[reference], "{reference}");
        let there = ledger.iter().find(|there| there["reference"] == reference).unwrap();
        assert_eq!((&there["title"], &there["journal"]), (&entry["title"], &entry["journal"]));
        let shown = entry["lines"].as_array().unwrap();
        let mut shown_lines: Vec<Shown> = shown.iter().map(previewed).collect();
        let mut booked_lines: Vec<Shown> = there["lines"].as_array().unwrap().iter().map(booked).collect();
        shown_lines.sort();
        booked_lines.sort();
        assert_eq!(shown_lines, booked_lines, "{reference}");
        assert!(shown.iter().all(|line| !line["account_reason"].as_str().unwrap().is_empty()));
        count += 1;
    }
    assert_eq!(count, ledger.len());
    assert_eq!(count, frozen.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_report_in_words_and_one_that_is_not_there() {
    let desk = Desk::open(lifelike(20)).await;
    let report = desk.office.sandbox.samples.report_id.clone();
    let output = desk.on_flow("preview", &["--report", &report]).output();
    assert!(output.status.success(), "{}", err(&output));
    is_plain(&output, &desk.office.sandbox);
    for part in [report.as_str(), "payload sha256", "debit", "credit", "why", "MLC"] {
        assert!(out(&output).contains(part), "{part} is missing in:\n{}", out(&output));
    }
    let missing = desk.on_flow("preview", &["--report", "R00nowhere"]).output();
    assert_eq!(missing.status.code(), Some(1));
    assert!(err(&missing).contains("R00nowhere"), "{}", err(&missing));
}
