//! Another master key takes the place of the old one, in one go or broken off in the middle, with a server at work.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ml_connector::store::{Access, AuditEvent, DataKeys, MasterKey, Store};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::both;
use crate::databases::{NOW_MS, TestDatabase};
use crate::program::{bare, err, json as shown, out};

const OLD: &str = "1f0e0d0c0b0a09080706050403020100ffeeddccbbaa99887766554433221100";
const NEW: &str = "aa0e0d0c0b0a09080706050403020100ffeeddccbbaa99887766554433221155";

both!(a_change_that_broke_off_goes_on, a_server_that_knows_both_works_meanwhile);

fn key(text: &str) -> MasterKey {
    MasterKey::parse(text).unwrap()
}

async fn seal(store: &Store, customer: &str) {
    let customer = store.create_customer(customer, "test", NOW_MS).await.unwrap();
    let mut tx = customer.begin().await.unwrap();
    let secret = format!("secret of {}", customer.id());
    tx.seal_secret("password", &secret.into(), "test", NOW_MS).await.unwrap();
    let event = AuditEvent::new("test", "secret.sealed", "password", json!({}));
    tx.commit(NOW_MS, vec![event]).await.unwrap();
}

async fn opens(store: &Store, customer: &str) -> bool {
    let customer = store.customer_named(customer).await.unwrap().unwrap();
    let expected = format!("secret of {}", customer.id());
    customer.open_secret("password").await.is_ok_and(|secret| secret.expose_secret() == expected)
}

async fn a_change_that_broke_off_goes_on(database: TestDatabase) {
    let store = database.open(Access::Write, Some(key(OLD))).await.unwrap();
    for name in ["a", "b", "c"] {
        seal(&store, name).await;
    }
    let first = store.customer_named("a").await.unwrap().unwrap().id().clone();
    assert!(store.rewrap_one(&first, &key(NEW), "test", NOW_MS).await.unwrap());
    store.close().await;

    // Here the process died. Neither key alone opens everything now, and either says so.
    for alone in [OLD, NEW] {
        assert!(database.open(Access::Read, Some(key(alone))).await.is_err());
    }
    let both = key(OLD).with_others([key(NEW)]);
    let store = database.open(Access::Write, Some(both)).await.unwrap();
    assert_eq!(store.data_keys().await.unwrap(), DataKeys { under_master: 2, under_others: 1, under_none: 0 });
    for name in ["a", "b", "c"] {
        assert!(opens(&store, name).await, "{name}");
    }
    assert_eq!(store.rewrap(&key(NEW), "test", NOW_MS).await.unwrap(), 2, "the first one is left alone");
    assert_eq!(store.rewrap(&key(NEW), "test", NOW_MS).await.unwrap(), 0);
    store.close().await;
    let store = database.open(Access::Write, Some(key(NEW))).await.unwrap();
    for name in ["a", "b", "c"] {
        assert!(opens(&store, name).await, "{name}");
        let customer = store.customer_named(name).await.unwrap().unwrap();
        customer.verify_audit(true).await.unwrap();
    }
}

async fn a_server_that_knows_both_works_meanwhile(database: TestDatabase) {
    let server = database.open(Access::Write, Some(key(OLD).with_others([key(NEW)]))).await.unwrap();
    seal(&server, "a").await;
    seal(&server, "b").await;
    // On PostgreSQL another process changes the key; in a file it is the same one.
    let changer = if database.is_postgres() {
        database.open(Access::Write, Some(key(OLD))).await.unwrap()
    } else {
        server.clone()
    };
    assert_eq!(changer.rewrap(&key(NEW), "test", NOW_MS).await.unwrap(), 2);
    assert!(opens(&server, "a").await && opens(&server, "b").await);
    seal(&server, "a").await;
    seal(&server, "late").await;
    assert!(opens(&server, "a").await && opens(&server, "late").await);
    let mixed = DataKeys { under_master: 1, under_others: 2, under_none: 0 };
    assert_eq!(server.data_keys().await.unwrap(), mixed, "who was made meanwhile lies under the server's own key");
    assert_eq!(server.rewrap(&key(NEW), "test", NOW_MS).await.unwrap(), 1);
}

#[test]
fn by_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let database = format!("sqlite:{}", path("keyed.db"));
    let (old, new) = (path("old.key"), path("new.key"));
    for file in [&old, &new] {
        let made = bare(&["keys", "generate", "--out", file]).output();
        assert!(made.status.success(), "{made:?}");
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(file).unwrap();
        assert!(!out(&made).contains(text.trim()), "a key is not shown");
    }
    let again = bare(&["keys", "generate", "--out", &old]).output();
    assert!(err(&again).contains("MLC-452"), "{again:?}");
    let with = |key: &str, arguments: &[&str]| {
        let setting = format!("secrets.master_key=file:{key}");
        let all: Vec<&str> = arguments.iter().copied().chain(["--database", &database, "--set", &setting]).collect();
        bare(&all)
    };
    let sealed = with(&old, &["secret", "set", "password"]).output_with("canary");
    assert!(sealed.status.success(), "{sealed:?}");
    let wrong = with(&new, &["keys", "status", "--json"]).output();
    assert!(err(&wrong).contains("MLC-403") || out(&wrong).contains("MLC-403"), "{wrong:?}");
    let reference = format!("file:{new}");
    let rotated = with(&old, &["keys", "rotate", "--new", &reference, "--json"]).output();
    assert_eq!(shown(&rotated)["sealed_again"], 1, "{rotated:?}");
    let status = with(&new, &["keys", "status", "--json"]).output();
    assert_eq!(shown(&status), json!({ "under_master": 1, "under_others": 0, "under_none": 0 }));
    assert!(!with(&old, &["secret", "list"]).output().status.success(), "the old key opens nothing more");
    let nowhere = with(&new, &["keys", "rotate", "--new", "file:/no/such.key"]).output();
    assert!(err(&nowhere).contains("MLC-403"), "{nowhere:?}");
    assert!(Path::new(&old).exists());
}
