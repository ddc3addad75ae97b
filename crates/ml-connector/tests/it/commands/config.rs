//! `config`: what is exported is what is stored and comes back unchanged; a plan tells what a change would do and
//! changes nothing; applying keeps it, with who and why.

use std::fs;
use std::path::PathBuf;

use super::is_plain;
use crate::program::{Desk, err, json, out};
use crate::stories::ledger;
use crate::stories::office::clean;

async fn desk() -> (Desk, PathBuf) {
    let desk = Desk::open(clean(12, 2)).await;
    crate::stories::fix_once::recode(&desk.office, 5, "Team Offsite");
    let first = desk.run(&["--json"]).output();
    assert_eq!(first.status.code(), Some(3), "{}", err(&first));
    let folder = desk.office.folder.path().join("flows");
    (desk, folder)
}

fn export(desk: &Desk, folder: &std::path::Path) {
    let output = desk.program(&["config", "export", "--out", folder.to_str().unwrap(), "--csv"]).output();
    assert!(output.status.success(), "{}", err(&output));
    is_plain(&output, &desk.office.sandbox);
}

fn on_folder(desk: &Desk, command: &str, folder: &std::path::Path, more: &[&str]) -> std::process::Output {
    let arguments = ["config", command, folder.to_str().unwrap()];
    let output = desk.program(&[&arguments, more].concat()).output();
    is_plain(&output, &desk.office.sandbox);
    output
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_exported_comes_back_and_a_plan_says_what_would_move() {
    let (desk, folder) = desk().await;
    export(&desk, &folder);
    let file = folder.join("expenses-to-the-ledger.toml");
    assert_eq!(fs::read_to_string(&file).unwrap(), desk.office.flow, "the file is the stored document");
    for place in fs::read_dir(&folder).unwrap() {
        let path = place.unwrap().path();
        let text = fs::read(&path).unwrap();
        crate::stories::secrets::of(&desk.office.sandbox).absent_from(&path.display().to_string(), &text);
    }
    let same = on_folder(&desk, "plan", &folder, &[]);
    assert!(same.status.success() && out(&same).contains("no change, version 1"), "{}", out(&same));

    // A person edits the table in a spreadsheet, and a key in the file.
    let table = folder.join("expenses-to-the-ledger.categories.csv");
    let csv = fs::read_to_string(&table).unwrap();
    assert!(csv.contains("Meals & Entertainment,6420"));
    let csv = csv.replace("Meals & Entertainment,6420", "Meals & Entertainment,6430") + "Team Offsite,6520\r\n";
    fs::write(&table, csv).unwrap();
    let plan = on_folder(&desk, "plan", &folder, &["--months", "12"]);
    let text = out(&plan);
    assert!(plan.status.success(), "{}", err(&plan));
    for part in ["version 1 to 2", "+ categories.\"Team Offsite\" = \"6520\"", "6420 -> 6430:", "released"] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    let found = &json(&on_folder(&desk, "plan", &folder, &["--json", "--months", "12"]))["flows"][0];
    assert_eq!(found["change"], "changed");
    assert_eq!(found["what_if"]["released"]["waiting"]["reports"], 5);
    assert_eq!(found["what_if"]["newly_held"]["waiting"]["reports"], 0);
    assert_eq!(found["what_if"]["altered"]["waiting"]["reports"], 0);
    let moved = found["what_if"]["accounts"].as_array().unwrap();
    assert!(moved.iter().all(|to_move| to_move["from"] == "6420" && to_move["to"] == "6430"), "{moved:?}");
    let before = ledger::entries(&desk.office);

    // Nobody can be asked in a test.
    let refused = on_folder(&desk, "apply", &folder, &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("--yes"), "{}", err(&refused));
    assert_eq!(desk.audit("flow.changed").len(), 1);
    let applied = on_folder(&desk, "apply", &folder, &["--yes", "--reason", "accounts of the new year"]);
    assert!(applied.status.success(), "{}", err(&applied));
    let audit = desk.audit("flow.changed");
    assert_eq!(audit.len(), 2);
    assert_eq!(audit[1]["detail"]["reason"], "accounts of the new year");
    assert_eq!(audit[1]["detail"]["version"], 2);
    let again = on_folder(&desk, "apply", &folder, &["--yes"]);
    assert!(out(&again).contains("no change, version 2"), "{}", out(&again));

    // The run that follows does what the plan said, and alters nothing that is booked.
    let exported = desk.office.folder.path().join("again");
    export(&desk, &exported);
    fs::copy(exported.join("expenses-to-the-ledger.toml"), desk.flow()).unwrap();
    let run = json(&desk.run(&["--json"]).output());
    assert_eq!(run["reports"]["posted"], 12, "{run}");
    let after = ledger::entries(&desk.office);
    assert!(before.iter().all(|entry| after.contains(entry)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_cannot_be_kept_is_said_plainly() {
    let (desk, folder) = desk().await;
    export(&desk, &folder);
    let table = folder.join("expenses-to-the-ledger.categories.csv");
    let utf16: Vec<u8> = "category,account\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(&table, utf16).unwrap();
    let refused = on_folder(&desk, "plan", &folder, &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("MLC-174") && err(&refused).contains("UTF-16"), "{}", err(&refused));
    fs::remove_file(&table).unwrap();

    let file = folder.join("expenses-to-the-ledger.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("future = \"hold\"", "future = \"soon\"")).unwrap();
    let refused = on_folder(&desk, "plan", &folder, &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("soon"), "{}", err(&refused));
    fs::write(&file, text.replace("future = \"hold\"", "future = \"allow\"")).unwrap();

    // A server holds the database: plans are shown beside it, nothing is kept.
    let sandbox = &desk.office.settings;
    let clock = ml_connector::clock::Clock::system(jiff::tz::TimeZone::UTC);
    let server = ml_connector::work::start::open_store(sandbox, ml_connector::store::Access::Write, &clock).await;
    let server = server.unwrap();
    let plan = on_folder(&desk, "plan", &folder, &[]);
    assert!(plan.status.success() && out(&plan).contains("posting.future"), "{}{}", out(&plan), err(&plan));
    let refused = on_folder(&desk, "apply", &folder, &["--yes"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("MLC-404") && err(&refused).contains("API"), "{}", err(&refused));
    server.close().await;

    let empty = tempfile::tempdir().unwrap();
    let refused = on_folder(&desk, "plan", empty.path(), &[]);
    assert!(err(&refused).contains("no flow file"), "{}", err(&refused));
}
