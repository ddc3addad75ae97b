//! Opening: the lock, the schema gate, damage, and the signs of a restored backup.

use std::path::{Path, PathBuf};

use accounting::problem::Code;
use ml_connector::store::{Access, Ids, Restored, Store, StoreError};
use sqlx::{ConnectOptions, Connection};

use super::facts::{NOW_MS, World, event, reports, world_in};

pub async fn open(path: &Path) -> Result<Store, StoreError> {
    Store::open(path, Access::Write, None, Ids::system(), NOW_MS).await
}

/// A connection of our own, as a person with a tool would have.
pub async fn raw(path: &Path) -> sqlx::SqliteConnection {
    sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

struct Home {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

fn home() -> Home {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ml-connector.db");
    Home { _directory: directory, path }
}

async fn commit(world: &World) {
    let tx = world.customer.begin().await.unwrap();
    tx.commit(NOW_MS, vec![event("test.step", "nothing")]).await.unwrap();
}

#[tokio::test]
async fn what_was_committed_is_there_after_closing() {
    let home = home();
    let world = world_in(open(&home.path).await.unwrap()).await;
    world.put(&reports(0..3), NOW_MS).await;
    let id = world.customer.id().clone();
    world.store.clone().close().await;
    drop(world);
    let store = open(&home.path).await.unwrap();
    assert_eq!(store.restored(NOW_MS).await.unwrap(), None);
    let customer = store.customer(&id).await.unwrap();
    let flow = customer.flows().await.unwrap().remove(0);
    assert_eq!(customer.known_reports(&flow.id, &["R00000", "R00002", "R99999"]).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_second_writer_is_refused_and_a_reader_is_not() {
    let home = home();
    let world = world_in(open(&home.path).await.unwrap()).await;
    let second = open(&home.path).await.err().unwrap();
    assert!(matches!(second, StoreError::Locked { .. }), "{second}");
    assert_eq!(second.code(), Some(Code::DatabaseBusy));

    let reader = Store::open(&home.path, Access::Read, None, Ids::system(), NOW_MS).await.unwrap();
    let customer = reader.customer(world.customer.id()).await.unwrap();
    assert_eq!(customer.flows().await.unwrap().len(), 1);
    assert!(customer.begin().await.is_err(), "a reader must not write");

    world.store.clone().close().await;
    drop(world);
    open(&home.path).await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let home = home();
    open(&home.path).await.unwrap().close().await;
    let mut raw = raw(&home.path).await;
    sqlx::query("INSERT INTO schema_versions VALUES (99, 0)").execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let error = open(&home.path).await.err().unwrap();
    assert!(matches!(error, StoreError::SchemaNewer { found: 99, .. }), "{error}");
    assert_eq!(error.code(), Some(Code::DatabaseDamaged));
}

#[tokio::test]
async fn a_reader_asks_for_the_schema_and_makes_none() {
    let home = home();
    let missing = Store::open(&home.path, Access::Read, None, Ids::system(), NOW_MS).await;
    assert!(missing.is_err());
    assert!(!home.path.exists(), "a reader must not create the database");
    std::fs::write(&home.path, "").unwrap();
    let error = Store::open(&home.path, Access::Read, None, Ids::system(), NOW_MS).await.err().unwrap();
    assert!(matches!(error, StoreError::SchemaOlder { found: 0, .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let home = home();
    let world = world_in(open(&home.path).await.unwrap()).await;
    world.put(&reports(0..200), NOW_MS).await;
    world.store.clone().close().await;
    drop(world);
    let mut bytes = std::fs::read(&home.path).unwrap();
    // The header of every page but the first: whatever page is read, it is no page any more.
    for page in bytes.chunks_mut(4096).skip(1) {
        page[..8].fill(0xAA);
    }
    std::fs::write(&home.path, bytes).unwrap();
    let error = open(&home.path).await.err().unwrap();
    assert_eq!(error.code(), Some(Code::DatabaseDamaged), "{error}");
}

#[tokio::test]
async fn a_restored_copy_is_noticed_until_it_is_trusted() {
    let home = home();
    let world = world_in(open(&home.path).await.unwrap()).await;
    world.store.clone().close().await;
    drop(world);
    let backup = home.path.with_extension("backup");
    std::fs::copy(&home.path, &backup).unwrap();

    let store = open(&home.path).await.unwrap();
    let customer = store.customer_named("default").await.unwrap().unwrap();
    let tx = customer.begin().await.unwrap();
    tx.commit(NOW_MS + 60_000, vec![event("posting.posted", "one that the backup does not know")]).await.unwrap();
    store.close().await;
    drop(customer);

    std::fs::copy(&backup, &home.path).unwrap();
    let store = open(&home.path).await.unwrap();
    let restored = Restored { noticed_ms: NOW_MS, knows_to_ms: NOW_MS };
    assert_eq!(store.restored(NOW_MS).await.unwrap(), Some(restored), "what the copy knows ends before the posting");

    // The suspicion outlives commits and another start.
    let world = world_in(store).await;
    for _ in 0..5 {
        commit(&world).await;
    }
    world.store.clone().close().await;
    drop(world);
    let store = open(&home.path).await.unwrap();
    assert!(store.restored(NOW_MS).await.unwrap().is_some());
    store.trust_restored(NOW_MS).await.unwrap();
    assert_eq!(store.restored(NOW_MS).await.unwrap(), None);
    store.close().await;
    assert_eq!(open(&home.path).await.unwrap().restored(NOW_MS).await.unwrap(), None);
}

#[tokio::test]
async fn a_new_database_beside_an_old_installation_file_is_no_first_start() {
    let home = home();
    world_in(open(&home.path).await.unwrap()).await.store.close().await;
    for ending in ["", "-wal", "-shm"] {
        let mut name = home.path.clone().into_os_string();
        name.push(ending);
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
    let store = open(&home.path).await.unwrap();
    let restored = Restored { noticed_ms: NOW_MS, knows_to_ms: 0 };
    assert_eq!(store.restored(NOW_MS).await.unwrap(), Some(restored), "a lost one knows nothing of what was posted");
}

#[tokio::test]
async fn a_database_without_its_installation_file_is_suspect() {
    let home = home();
    world_in(open(&home.path).await.unwrap()).await.store.close().await;
    let mut file = home.path.clone().into_os_string();
    file.push(".installation");
    std::fs::remove_file(PathBuf::from(file)).unwrap();
    assert!(open(&home.path).await.unwrap().restored(NOW_MS).await.unwrap().is_some());
}

#[tokio::test]
async fn the_pragmas_are_those_that_keep_commits() {
    let home = home();
    let store = open(&home.path).await.unwrap();
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut raw(&home.path).await).await.unwrap();
    assert_eq!(mode, "wal");
    // The rest belongs to the connection; the statements that depend on it are refused accordingly.
    let world = world_in(store).await;
    let mut tx = world.customer.begin().await.unwrap();
    let nobody = ml_connector::store::FlowId::parse("flow_00000000000000000000000000").unwrap();
    let orphan = tx.put_cursor(&nobody, "approved", "2026-11-01", NOW_MS).await;
    assert!(orphan.is_err(), "foreign keys are off");
}
