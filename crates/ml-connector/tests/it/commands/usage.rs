//! Wrong usage, wrong flow files, wrong settings: refused with exit code 2 and the place of the mistake, before
//! anything is opened or sent.

use crate::program::{Desk, bare, err, json, out};
use crate::stories::office::clean;

#[test]
fn help_has_examples_and_exit_codes() {
    let output = bare(&["--help"]).output();
    assert!(output.status.success());
    for part in ["demo", "sandbox", "run", "preview", "schedule", "ping", "audit", "secret", "Examples:", "Exit codes:"]
    {
        assert!(out(&output).contains(part), "{part}");
    }
    for command in ["demo", "sandbox", "run", "preview", "schedule", "ping", "audit", "secret"] {
        let output = bare(&[command, "--help"]).output();
        assert!(output.status.success() && out(&output).contains("Example"), "{command}");
    }
    assert!(out(&bare(&["--version"]).output()).starts_with("ml-connector "));
}

#[test]
fn unknown_options_and_commands() {
    for arguments in [&["run", "x.toml", "--nowait"][..], &["bogus"], &[], &["run"], &["sandbox", "--listen", "here"]] {
        let output = bare(arguments).output();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(err(&output).contains("Usage:") || err(&output).contains("--help"), "{arguments:?}");
        assert!(out(&output).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_mistake_in_the_flow_file_is_shown_with_line_and_column() {
    let mut desk = Desk::open(clean(1, 1)).await;
    desk.office.edit_flow("closed_period = \"hold\"", "closed_perod = \"hold\"");
    desk.office.edit_flow("time_zone = \"America/New_York\"", "time_zone = 5");
    desk.write_flow();
    let line_of = |text: &str| 1 + desk.office.flow.lines().position(|line| line.contains(text)).unwrap();
    let (key, zone) = (line_of("closed_perod"), line_of("time_zone = 5"));
    for command in ["run", "preview", "ping"] {
        let output = desk.on_flow(command, &[]).output();
        assert_eq!(output.status.code(), Some(2), "{command}");
        let text = err(&output);
        assert!(text.contains(&format!("{key}:1")) && text.contains("closed_period"), "{text}");
        assert!(text.contains(&format!("{zone}:")), "{text}");
        let output = desk.on_flow(command, &["--json"]).output();
        let error = &json(&output)["error"];
        assert_eq!(error["code"], "MLC-401");
        let problems = error["problems"].as_array().unwrap();
        assert!(problems.iter().any(|problem| problem["line"] == key && problem["column"] == 1), "{error}");
    }
    assert_eq!(desk.office.sandbox.state()["intacct"]["requests"]["total"], 0);
    assert!(!desk.office.database().exists());
}

#[test]
fn a_flow_file_that_is_not_there_or_no_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.toml");
    for content in [None, Some(&b"\xff\xfe\x00"[..]), Some(b""), Some(b"name = [")] {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let output = bare(&["run", path.to_str().unwrap()]).folder(folder.path()).output();
        assert_eq!(output.status.code(), Some(2), "{content:?}");
        assert!(err(&output).contains("flow.toml"), "{}", err(&output));
    }
    assert!(!folder.path().join("ml-connector.db").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_secret_that_is_not_there() {
    let desk = Desk::open(clean(1, 1)).await;
    std::fs::remove_file(desk.office.folder.path().join("user_password")).unwrap();
    let output = desk.run(&["--json"]).output();
    assert_eq!(output.status.code(), Some(1));
    let error = &json(&output)["error"];
    assert_eq!(error["code"], "MLC-402");
    assert!(error["detail"].as_str().unwrap().contains("user_password"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn settings_that_cannot_be_used() {
    let desk = Desk::open(clean(1, 1)).await;
    let file = desk.office.folder.path().join("settings.toml");
    let path = file.to_str().unwrap();
    for (text, told) in [
        ("[posting]\nbatch_entrees = 5\n", "batch_entrees"),
        ("[posting\n", "line 1"),
        ("[posting]\nbatch_entries = 0\n", "1 to 100"),
        ("[posting]\nbatch_entries = \"many\"\n", "many"),
    ] {
        std::fs::write(&file, text).unwrap();
        let output = desk.run(&["--config", path]).output();
        assert_eq!(output.status.code(), Some(2), "{text}: {}", err(&output));
        assert!(err(&output).contains(told), "{}", err(&output));
    }
    for (setting, told) in [("posting.nothing=1", "nothing"), ("posting.batch_entries=101", "1 to 100"), ("x", "x")] {
        let output = desk.run(&["--set", setting]).output();
        assert_eq!(output.status.code(), Some(2), "{setting}: {}", err(&output));
        assert!(err(&output).contains(told), "{}", err(&output));
    }
    let missing = desk.run(&["--config", "/nowhere/settings.toml"]).output();
    assert_eq!(missing.status.code(), Some(2));
    let database = bare(&["run", desk.flow().to_str().unwrap(), "--database", "mysql://x"]).output();
    assert_eq!(database.status.code(), Some(2), "{}", err(&database));
    assert!(!desk.office.database().exists());
}
