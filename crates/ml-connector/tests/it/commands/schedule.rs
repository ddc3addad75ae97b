//! `schedule`: the next times, closed times and shifts of the clock, from the flow file alone.

use crate::flow::flows;
use crate::program::{bare, err, json, out};

const WHEN: &str = r#"
[schedule]
time_zone = "America/New_York"
poll = "every 6 hours"
refresh = "daily at 02:30"
sweep = "0 1 * * SUN"
reconcile = "first weekday of the month at 06:00"
blackout = ["22:00-23:00"]
freeze = "last 2 days of the month"

[[notify]]
to = "mailto:ada@example.com"
about = ["digest"]
digest = "weekdays at 08:00"
"#;

/// A flow file with these schedules.
fn file(lines: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.toml");
    let minimal = std::fs::read_to_string(flows().join("minimal.toml")).unwrap();
    std::fs::write(&path, minimal + lines).unwrap();
    let name = path.display().to_string();
    (folder, name)
}

#[test]
fn times_closures_and_shifts_are_shown() {
    let (_folder, flow) = file(WHEN);
    let output = bare(&["schedule", &flow, "--from", "2027-03-13", "--count", "2"]).output();
    assert!(output.status.success(), "{output:?}");
    let text = out(&output);
    for line in [
        "Expenses, in America/New_York",
        "every 6 hours",
        "On the first weekday of every month at 06:00",
        "Sat 2027-03-13 02:30 EST  refresh",
        "Sun 2027-03-14 03:00 EDT  refresh",
        "Sun 2027-03-14 01:00 EST  sweep",
        "Mon 2027-03-15 08:00 EDT  notify[1].digest",
        "Thu 2027-04-01 06:00 EDT  reconcile",
        "Sat 2027-03-13 22:00 EST  Sat 2027-03-13 23:00 EST  blackout 22:00-23:00",
        "Sun 2027-03-14 02:00  forward to 03:00: refresh fires once, at the end of the gap",
        "Sun 2027-11-07 02:00  back to 01:00: sweep fires once, at the first of the two times",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("2027-03-12"), "{text}");
}

#[test]
fn a_machine_reads_the_same() {
    let (_folder, flow) = file(WHEN);
    let output = bare(&["schedule", &flow, "--from", "2027-02-27", "--count", "1", "--json"]).output();
    let shown = json(&output);
    assert_eq!(shown["time_zone"], "America/New_York");
    let keys: Vec<_> =
        shown["schedules"].as_array().unwrap().iter().map(|line| line["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["poll", "refresh", "sweep", "reconcile", "notify[1].digest"]);
    assert_eq!(shown["schedules"][1]["next"][0]["at"], "2027-02-27T07:30:00Z");
    assert_eq!(shown["closed"][0]["because"], "freeze, last 2 days of the month");
    assert_eq!(shown["closed"][0]["until"]["at"], "2027-03-01T05:00:00Z");
    assert_eq!(shown["shifts"][0]["fires_once"][0], "refresh");
}

#[test]
fn without_closures_or_shifts_it_says_so() {
    let (_folder, flow) = file("");
    let text = out(&bare(&["schedule", &flow]).output());
    assert!(text.contains("(posting is never closed)") && text.contains("(never)"), "{text}");
}

#[test]
fn a_schedule_that_never_fires_is_shown_where_it_stands() {
    let (_folder, flow) = file("\n[schedule]\npoll = \"0 6 30 2 *\"\n");
    let output = bare(&["schedule", &flow]).output();
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("never fires: none of its months has such a day"), "{}", err(&output));
    let output = bare(&["schedule", &flow, "--from", "2027-02-30"]).output();
    assert_eq!(output.status.code(), Some(2));
}
