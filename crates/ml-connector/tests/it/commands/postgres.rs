//! Every command with its database on a server.

use super::is_plain;
use crate::databases;
use crate::program::{Desk, bare, err, json as object, out};
use crate::stories::ledger;
use crate::stories::office::lifelike;

/// Stands in the address where a password would; this server asks for none.
const PASSWORD: &str = "canary-5b1e";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn each_command_works_and_tells_nobody_the_password() {
    let Some(mut database) = databases::postgres().await else { return };
    database.url = database.url.replace('@', &format!(":{PASSWORD}@"));
    let desk = Desk::open_on(database, lifelike(30)).await;
    let report = desk.office.sandbox.samples.report_id.clone();
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), out(&desk.program(&["secret", "new-key"]).output()).trim()).unwrap();
    let keyed = format!("secrets.master_key=\"file:{}\"", key.path().display());
    let flow = desk.flow();
    let flow = flow.to_str().unwrap();
    let commands: [(&[&str], i32); 7] = [
        (&["preview", flow], 0),
        (&["run", flow, "--json"], 3),
        (&["run", flow, "--json"], 3),
        (&["report", &report], 0),
        (&["audit", "list"], 0),
        (&["audit", "verify"], 0),
        (&["--set", &keyed, "secret", "list"], 0),
    ];
    for (arguments, code) in commands {
        let output = desk.program(arguments).output();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}{}", out(&output), err(&output));
        is_plain(&output, &desk.office.sandbox);
        assert!(!format!("{}{}", out(&output), err(&output)).contains(PASSWORD), "{arguments:?}");
        if arguments[0] == "run" {
            assert!(object(&output)["reports"]["posted"].as_u64().unwrap() > 15, "{}", out(&output));
        }
    }
    for (url, exit, code) in [("127.0.0.1:1/books", 1, "MLC-410"), ("db#1/books", 2, "MLC-409")] {
        let url = format!("postgres://ml_connector:{PASSWORD}@{url}");
        let output = bare(&["--database", &url, "audit", "list"]).output();
        assert_eq!(output.status.code(), Some(exit), "{}", err(&output));
        assert!(err(&output).contains(code) && err(&output).contains("remedy:"), "{}", err(&output));
        assert!(!err(&output).contains(PASSWORD), "{}", err(&output));
    }
    assert!(ledger::references(&desk.office).values().all(|count| *count == 1));
}
