//! Copies of the database, and the drill: back up, post more, restore, run. Nothing is doubled, all is known.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ml_connector::store::{Access, Ids, MasterKey, Store};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::program::{Desk, bare, err, json as shown, out};
use crate::stories::ledger::entries;
use crate::stories::office::clean;

fn path_of<'a>(desk: &Desk, name: &str, kept: &'a mut PathBuf) -> &'a str {
    *kept = desk.office.folder.path().join(name);
    kept.to_str().unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Files in the folder of the database whose names begin like this.
fn files(desk: &Desk, start: &str) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(desk.office.folder.path()).unwrap().map(|file| file.unwrap().path());
    listed.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(start)).collect()
}

/// Every entry of the ledger stands there once, and the books know each by its number.
fn all_known(desk: &Desk, count: usize) {
    let ledger = entries(&desk.office);
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let references: BTreeSet<String> = ledger.iter().map(|entry| text(entry, "reference")).collect();
    assert_eq!((ledger.len(), references.len()), (count, count), "entries and references in the ledger");
    let numbers: BTreeSet<String> = ledger.iter().map(|entry| text(entry, "recordno")).collect();
    let known = ["posting.posted", "posting.taken_over"].iter().flat_map(|action| desk.audit(action));
    let known: BTreeSet<String> =
        known.filter_map(|entry| entry["detail"]["record_no"].as_str().map(str::to_owned)).collect();
    assert_eq!(known, numbers, "the record numbers that the books know");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_drill() {
    let desk = Desk::open(clean(6, 2)).await;
    let (mut backup, mut other) = (PathBuf::new(), PathBuf::new());
    let backup = path_of(&desk, "copy.db", &mut backup);
    assert!(desk.run(&["--json"]).output().status.success());
    let written = desk.program(&["backup", "--to", backup, "--json"]).output();
    assert!(written.status.success(), "{written:?}");
    let checked = shown(&written);
    // The customer's, and the installation's own.
    assert_eq!((&checked["audit_chains"], checked["audit_entries"].as_u64().unwrap() > 10), (&json!(2), true));
    assert_eq!(mode(Path::new(backup)), 0o600);

    for _ in 0..6 {
        desk.office.in_expensify(json!({"action": "add"}));
    }
    assert_eq!(shown(&desk.run(&["--json"]).output())["reports"]["posted"], 12);
    let count = entries(&desk.office).len();
    all_known(&desk, count);

    let refused = desk.program(&["restore", "--from", backup]).output();
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("MLC-452"), "{refused:?}");
    let restored = desk.program(&["restore", "--from", backup, "--replace", "--json"]).output();
    assert!(restored.status.success(), "{restored:?}");
    let kept = PathBuf::from(shown(&restored)["kept"].as_str().unwrap());
    assert!(kept.exists(), "the old database is kept");
    assert_eq!(mode(&desk.office.database()), 0o600);

    let run = desk.run(&["--json"]).output();
    let summary = shown(&run);
    assert_eq!(summary["reports"]["posted"], 12, "{summary}");
    assert_eq!(summary["entries_sent"], 0, "what was posted since the backup was found, not sent again: {summary}");
    all_known(&desk, count);
    let verified = desk.program(&["audit", "verify", "--json"]).output();
    assert_eq!(shown(&verified)["verified"], true);
    // The kept database is a whole one.
    let kept = format!("sqlite:{}", kept.display());
    let verified = bare(&["audit", "verify", "--json", "--database", &kept]).output();
    assert_eq!(shown(&verified)["verified"], true, "{verified:?}");
    let there = path_of(&desk, "copy.db", &mut other);
    let again = desk.program(&["backup", "--to", there]).output();
    assert!(err(&again).contains("MLC-452"), "a backup is never overwritten: {again:?}");
    assert!(files(&desk, "copy.db.").is_empty(), "nothing is left beside it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_copy_is_made_while_another_process_writes_and_a_restore_is_not() {
    let desk = Desk::open(clean(2, 1)).await;
    let key = MasterKey::generate().unwrap();
    let database = desk.office.database();
    let store = Store::open(&database, Access::Write, Some(key.clone()), Ids::system(), 1).await.unwrap();
    let customer = store.create_customer("acme", "test", 1).await.unwrap();
    let mut tx = customer.begin().await.unwrap();
    tx.seal_secret("user_password", &"canary-password".to_owned().into(), "test", 2).await.unwrap();
    let event = ml_connector::store::AuditEvent::new("test", "secret.sealed", "user_password", json!({}));
    // Open while the copy is made: it holds what was committed before.
    let mut backup = PathBuf::new();
    let backup = path_of(&desk, "online.db", &mut backup);
    let written = desk.program(&["backup", "--to", backup]).output();
    assert!(written.status.success(), "{written:?}");
    tx.commit(3, vec![event]).await.unwrap();
    let restoring = desk.program(&["restore", "--from", backup, "--replace"]).output();
    assert_eq!(restoring.status.code(), Some(1));
    assert!(err(&restoring).contains("MLC-404"), "{restoring:?}");
    let mut second = PathBuf::new();
    let second = path_of(&desk, "second.db", &mut second);
    assert!(desk.program(&["backup", "--to", second]).output().status.success());
    store.close().await;
    for (file, sealed) in [(backup, 0), (second, 1)] {
        let bytes = std::fs::read(file).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds(key.to_text().expose_secret()) && !holds("canary-password"), "{file}");
        let copy = Store::open(Path::new(file), Access::Read, Some(key.clone()), Ids::system(), 4).await.unwrap();
        let customer = copy.customer_named("acme").await.unwrap().unwrap();
        assert_eq!(customer.secrets().await.unwrap().len(), sealed, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_no_whole_copy_is_not_put_back() {
    let desk = Desk::open(clean(3, 2)).await;
    assert!(desk.run(&["--json"]).output().status.success());
    let (mut backup, mut broken) = (PathBuf::new(), PathBuf::new());
    let backup = path_of(&desk, "copy.db", &mut backup);
    assert!(desk.program(&["backup", "--to", backup]).output().status.success());
    let broken = path_of(&desk, "broken.db", &mut broken);
    let whole = std::fs::read(backup).unwrap();
    let before = std::fs::read(desk.office.database()).unwrap();
    let mut altered = whole.clone();
    let places: Vec<usize> = (0..whole.len()).filter(|at| whole[*at..].starts_with(b"posting.frozen")).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|at| altered[at] ^= 1);
    for (what, bytes) in
        [("cut", &whole[..whole.len() / 2]), ("no database", b"hello"), ("altered", &altered), ("empty", b"")]
    {
        std::fs::write(broken, bytes).unwrap();
        let refused = desk.program(&["restore", "--from", broken, "--replace"]).output();
        assert_eq!(refused.status.code(), Some(1), "{what}: {refused:?}");
        assert!(err(&refused).contains("MLC-450"), "{what}: {refused:?}");
    }
    assert_eq!(std::fs::read(desk.office.database()).unwrap(), before, "the database is as it was");
    assert!(files(&desk, "ml-connector.db.before").is_empty() && files(&desk, "ml-connector.db.restoring").is_empty());
}

#[test]
fn a_server_is_told_its_own_tools() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("x.db");
    let output = bare(&["backup", "--to", to.to_str().unwrap(), "--database", "postgres://a@127.0.0.1:1/b"]).output();
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("MLC-451") && err(&output).contains("pg_dump"), "{output:?}");
    assert!(out(&output).is_empty());
}
