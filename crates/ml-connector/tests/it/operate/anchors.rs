//! The anchor of the audit: a chain whose end was cut off is found, by a file that is only ever added to.

use std::collections::BTreeMap;
use std::io::{BufReader, Write as _};
use std::path::Path;

use jiff::tz::TimeZone;
use ml_connector::clock::Clock;
use ml_connector::settings::Settings;
use ml_connector::store::{Access, AuditEvent, Store, StoreError};
use ml_connector::work::WorkError;
use ml_connector::work::anchor::{Anchor, Anchored, verify};
use serde_json::json;

use crate::both;
use crate::databases::{NOW_MS, TestDatabase};
use crate::program::{bare, err, json as shown};

both!(a_chain_that_was_cut_is_found);

fn anchor(store: &Store, path: &Path) -> Anchor {
    let mut settings = Settings::load(None, &[]).unwrap();
    settings.audit.anchor_file = path.display().to_string();
    Anchor::of(&settings, store, &Clock::system(TimeZone::UTC)).unwrap()
}

async fn event(store: &Store, customer: &str) {
    let customer = store.create_customer(customer, "test", NOW_MS).await.unwrap();
    let tx = customer.begin().await.unwrap();
    tx.commit(NOW_MS, vec![AuditEvent::new("test", "test.done", "x", json!({}))]).await.unwrap();
}

/// Takes away the newest entry of each chain but the first two, as somebody with every right would.
async fn cut_off(database: &TestDatabase) {
    let statements = if database.is_postgres() {
        "ALTER TABLE audit DISABLE TRIGGER audit_stays; DELETE FROM audit WHERE action = 'test.done' AND seq = 4; \
         ALTER TABLE audit ENABLE TRIGGER audit_stays"
    } else {
        "DROP TRIGGER audit_is_kept; DELETE FROM audit WHERE action = 'test.done' AND seq = 4"
    };
    database.by_hand(statements).await.unwrap();
}

async fn check(store: &Store, path: &Path) -> Result<Anchored, WorkError> {
    verify(store, BufReader::new(std::fs::File::open(path).unwrap())).await
}

async fn a_chain_that_was_cut_is_found(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("anchor.jsonl");
    let store = database.open(Access::Write, None).await.unwrap();
    event(&store, "a").await;
    event(&store, "b").await;
    let anchor = anchor(&store, &path);
    let mut known = BTreeMap::new();
    let chains = u64::try_from(store.audit_chains().await.unwrap().len()).unwrap();
    assert_eq!(anchor.note(&mut known).await.unwrap(), chains);
    assert_eq!(anchor.note(&mut known).await.unwrap(), 0, "what did not move is not noted again");
    event(&store, "a").await;
    assert!(anchor.note(&mut known).await.unwrap() >= 1);
    let whole = check(&store, &path).await.unwrap();
    assert_eq!((whole.chains, whole.foreign, whole.torn), (chains, 0, 0));
    // What was noted by others, and a line that a power loss broke off.
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"at_ms\":1,\"installation\":\"x\",\"customer\":\"y\",\"seq\":1,\"hash\":\"z\"}\n{\"at_ms\":")
        .unwrap();
    event(&store, "a").await;
    assert!(anchor.note(&mut known).await.unwrap() >= 1);
    let whole = check(&store, &path).await.unwrap();
    assert_eq!((whole.chains, whole.foreign, whole.torn), (chains, 1, 1), "what came after it is a line of its own");

    let a = store.customer_named("a").await.unwrap().unwrap();
    let (head, _) = a.audit_head().await.unwrap().unwrap();
    assert_eq!(head, 4, "made, and three times done");
    cut_off(&database).await;
    a.verify_audit(true).await.expect("a chain that was cut holds together by itself");
    let error = check(&store, &path).await.unwrap_err();
    assert!(matches!(&error, WorkError::Store(StoreError::AuditCut { seq, .. }) if *seq == head), "{error}");
    assert_eq!(error.problem().code.to_string(), "MLC-453");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_told_and_holds_up_nothing() {
    let database = crate::databases::sqlite();
    let store = database.open(Access::Write, None).await.unwrap();
    event(&store, "a").await;
    let error = anchor(&store, Path::new("/no/such/folder/anchor")).note(&mut BTreeMap::new()).await.unwrap_err();
    assert_eq!(error.problem().code.to_string(), "MLC-454");
}

#[tokio::test]
async fn by_the_command_line() {
    let database = crate::databases::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("anchor.jsonl");
    let store = database.open(Access::Write, None).await.unwrap();
    event(&store, "a").await;
    let noted = anchor(&store, &path).note(&mut BTreeMap::new()).await.unwrap();
    store.close().await;
    let verify = |file: &Path| {
        bare(&["audit", "verify", "--json", "--anchor", file.to_str().unwrap(), "--database", &database.url]).output()
    };
    assert_eq!(shown(&verify(&path))["notes"], noted);
    let text = std::fs::read_to_string(&path).unwrap().replace("\"seq\":", "\"seq\":9");
    std::fs::write(&path, text).unwrap();
    let cut = verify(&path);
    assert_eq!(cut.status.code(), Some(1));
    assert_eq!(shown(&cut)["error"]["code"], "MLC-453", "{}", err(&cut));
}
