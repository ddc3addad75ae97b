//! A store on a server: many open it at once, and what will not do is refused with what mends it.

use accounting::problem::Code;
use ml_connector::store::{Access, Ids, Place, Store, StoreError};

use super::facts::{NOW_MS, world_in};
use crate::databases::{self, ROLE};

async fn open(url: &str, access: Access) -> Result<Store, StoreError> {
    Store::open(Place::parse(url, 2).unwrap(), access, None, Ids::system(), NOW_MS).await
}

#[tokio::test]
async fn ten_processes_may_start_on_an_empty_database_at_once() {
    let Some(database) = databases::empty_postgres().await else { return };
    let stores = futures_util::future::join_all((0..10).map(|_| open(&database.url, Access::Write))).await;
    let ids: Vec<String> = stores.iter().map(|store| store.as_ref().unwrap().installation().id.clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "they made one installation: {ids:?}");
    let world = world_in(stores.into_iter().next().unwrap().unwrap()).await;
    assert_eq!(world.customer.flows().await.unwrap().len(), 1);
    let reader = open(&database.url, Access::Read).await.unwrap();
    let customer = reader.customer(world.customer.id()).await.unwrap();
    assert_eq!(customer.flows().await.unwrap().len(), 1);
    assert!(matches!(customer.begin().await, Err(StoreError::ReadOnly)));
}

#[tokio::test]
async fn a_reader_makes_no_schema_and_a_newer_one_is_refused() {
    let Some(database) = databases::empty_postgres().await else { return };
    let error = open(&database.url, Access::Read).await.err().unwrap();
    assert!(matches!(error, StoreError::SchemaOlder { found: 0, .. }), "{error}");
    open(&database.url, Access::Write).await.unwrap().close().await;
    database.by_hand("INSERT INTO schema_versions VALUES (99, 0)").await.unwrap();
    for access in [Access::Read, Access::Write] {
        let error = open(&database.url, access).await.err().unwrap();
        assert!(matches!(error, StoreError::SchemaNewer { found: 99, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_role_or_setting_that_will_not_do_is_refused_with_what_mends_it() {
    let Some(database) = databases::postgres().await else { return };
    for (statements, role, remedy) in [
        ("", "postgres", "CREATE ROLE ml_connector"),
        ("CREATE ROLE unbound LOGIN BYPASSRLS", "unbound", "CREATE ROLE ml_connector"),
        (
            "CREATE ROLE hasty LOGIN; ALTER ROLE hasty SET synchronous_commit = off",
            "hasty",
            "SET synchronous_commit = on",
        ),
    ] {
        database.by_hand(statements).await.unwrap();
        let error = open(&database.url.replace(ROLE, role), Access::Write).await.err().unwrap();
        assert_eq!(error.code(), Some(Code::DatabaseUnfit));
        assert!(error.to_string().contains(remedy), "{error}");
    }
    database.by_hand("CREATE ROLE stranger LOGIN").await.unwrap();
    let error = open(&database.url.replace(ROLE, "stranger"), Access::Write).await.err().unwrap();
    assert_eq!(error.code(), Some(Code::DatabaseUnfit), "{error}");
}

#[tokio::test]
async fn a_server_or_database_that_is_not_there_is_said_plainly() {
    let Some(database) = databases::postgres().await else { return };
    let url = |text: &str| format!("postgres://{text}");
    let elsewhere = database.url.replace("?host=", "?host=/nowhere");
    let unknown = database.url.replace("/test_", "/no_such_");
    let nobody = database.url.replace(ROLE, "nobody_at_all");
    for (url, code) in [
        (elsewhere, Code::DatabaseAway),
        (url("ml_connector:canary-7f3a@127.0.0.1:1/books"), Code::DatabaseAway),
        (unknown, Code::DatabaseSignIn),
        (nobody, Code::DatabaseSignIn),
    ] {
        let error = open(&url, Access::Write).await.err().unwrap();
        assert_eq!(error.code(), Some(code), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
}

#[test]
fn an_address_is_refused_plainly_and_never_shown() {
    for (url, why) in [
        ("", "neither"),
        ("mysql://canary@host/books", "neither"),
        ("sqlite:", "no file"),
        ("postgres://role:canary#1@host/books", "%23"),
        ("postgres://role:can/ary@host/books", "%2F"),
        ("postgres://role:12/canary@host/books", "%40"),
        ("postgres://role:canary@x@host/books", "%40"),
        ("postgres://role:canary?x@host/books", "none of sslmode"),
        ("postgres://role@host/books?pasword=canary", "none of sslmode"),
        ("postgres://role@host/books?sslmode=canary", "unknown value"),
        ("postgres://role:canary@host/", "names no database"),
        ("postgres://role:canary@host:99999/books", "port"),
    ] {
        let error = Place::parse(url, 8).err().unwrap();
        assert_eq!(error.code(), Some(Code::DatabaseAddress));
        assert!(error.to_string().contains(why), "{url}: {error}");
        assert!(!error.to_string().contains("canary") || url.contains("sslmode="), "{error}");
    }
    let place = Place::parse("postgres://role:canary@host/books?sslmode=require&password=canary", 8).unwrap();
    assert_eq!(place.to_string(), "postgres://role@host:5432/books");
    assert_eq!(format!("{place:?}"), "Place(postgres://role@host:5432/books)");
}
