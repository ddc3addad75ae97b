//! PostgreSQL's own dump, put back into the same server: nothing tells it from the original, so a person says it.

use std::path::Path;
use std::process::Output;

use ml_connector::store::{Access, AuditEvent};
use serde_json::json;

use crate::databases::{self, NOW_MS, ROLE, TestDatabase};
use crate::program::{bare, json as shown, out};

/// A tool of PostgreSQL's for a database of the test's server.
fn tool(name: &str, user: &str, database: &TestDatabase, arguments: &[&str]) -> Output {
    let (address, folder) = database.url.split_once("?host=").unwrap();
    let mut command = databases::command(&databases::programs().unwrap().join(name), None);
    command.args(["--host", folder, "--username", user, "--dbname", address.rsplit('/').next().unwrap()]);
    command.args(arguments).output().unwrap()
}

#[tokio::test]
async fn a_dump_that_was_put_back_is_marked_by_hand() {
    let Some(database) = databases::postgres().await else { return };
    let store = database.store().await;
    let customer = store.create_customer("acme", "test", NOW_MS).await.unwrap();
    let tx = customer.begin().await.unwrap();
    tx.commit(NOW_MS, vec![AuditEvent::new("test", "test.done", "x", json!({}))]).await.unwrap();
    store.close().await;
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("ml-connector.dump");
    let file = format!("--file={}", dump.display());
    // Row-level security is forced: our own role would leave rows out, and says so instead.
    let own = tool("pg_dump", ROLE, &database, &["--format=custom", &file]);
    assert!(!own.status.success() && String::from_utf8_lossy(&own.stderr).contains("row-level security"), "{own:?}");
    let dumped = tool("pg_dump", "postgres", &database, &["--format=custom", &file]);
    assert!(dumped.status.success(), "{dumped:?}");

    let empty = databases::empty_postgres().await.unwrap();
    let role = format!("--role={ROLE}");
    let restored = tool("pg_restore", "postgres", &empty, &["--no-owner", &role, dump.to_str().unwrap()]);
    assert!(restored.status.success(), "{restored:?}");
    let store = empty.open(Access::Write, None).await.unwrap();
    assert_eq!(store.restored(NOW_MS).await.unwrap(), None, "nothing tells it from the original");
    store.close().await;
    let marked = bare(&["restore", "--mark", "--database", &empty.url]).output();
    assert!(marked.status.success() && out(&marked).contains("Marked as restored"), "{marked:?}");
    let store = empty.open(Access::Write, None).await.unwrap();
    let found = store.restored(NOW_MS).await.unwrap().unwrap();
    assert_eq!(found.knows_to_ms, NOW_MS, "until the last thing that it knows");
    let customer = store.customer_named("acme").await.unwrap().unwrap();
    customer.verify_audit(true).await.unwrap();
    assert!(Path::new(&dump).exists());
    store.close().await;
    let doctor = bare(&["doctor", "--json", "--database", &empty.url]).output();
    let checks = shown(&doctor)["checks"].to_string();
    assert!(checks.contains("MLC-406") && !checks.contains("MLC-464"), "{checks}");
}
