//! A store on a server: many open it at once, and what will not do is refused with what mends it.

use accounting::problem::Code;
use ml_connector::store::{Access, Ids, Place, Store, StoreError};

use super::facts::{NOW_MS, event, report, world_in};
use crate::databases::{self, ROLE, Server};

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

#[tokio::test]
async fn a_connection_that_was_lost_is_replaced_and_a_commit_on_it_is_not_repeated() {
    let Some(database) = databases::postgres().await else { return };
    let world = world_in(open(&database.url, Access::Write).await.unwrap()).await;
    let end_all = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for _ in 0..3 {
        database.by_hand(end_all).await.unwrap();
        assert_eq!(world.customer.flows().await.unwrap().len(), 1);
        database.by_hand(end_all).await.unwrap();
        world.put(&[report(1, 1)], NOW_MS).await;
    }
    let tx = world.customer.begin().await.unwrap();
    database.by_hand(end_all).await.unwrap();
    let error = tx.commit(NOW_MS, vec![event("test.step", "lost")]).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::DatabaseAway), "{error:?}");
    assert_eq!(world.customer.verify_audit(true).await.unwrap().entries, 2 + 3);
}

#[tokio::test]
async fn whoever_waits_too_long_for_another_is_told_that_the_database_is_busy() {
    let Some(database) = databases::postgres().await else { return };
    let world = world_in(open(&database.url, Access::Write).await.unwrap()).await;
    let _first = world.customer.begin().await.unwrap();
    let error = world.customer.begin().await.err().unwrap();
    assert_eq!(error.code(), Some(Code::DatabaseBusy), "{error:?}");
    // Nobody waits for another customer.
    world.store.create_customer("other", "test", NOW_MS).await.unwrap().begin().await.unwrap();
}

#[tokio::test]
async fn too_many_connections_and_a_database_that_takes_no_writes_have_codes_of_their_own() {
    let Some(database) = databases::postgres().await else { return };
    database.by_hand("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0").await.unwrap();
    let error = open(&database.url.replace(ROLE, "crowded"), Access::Write).await.err().unwrap();
    assert_eq!(error.code(), Some(Code::DatabaseCrowded), "{error:?}");
    // Also once it works: what its pool waits for is the server, not itself.
    database.by_hand("CREATE ROLE rationed LOGIN").await.unwrap();
    database.by_hand("GRANT ml_connector TO rationed").await.unwrap();
    let rationed = Place::parse(&database.url.replace(ROLE, "rationed"), 16).unwrap();
    let store = Store::open(rationed, Access::Write, None, Ids::system(), NOW_MS).await.unwrap();
    let world = world_in(store).await;
    let mut customers = Vec::new();
    // More than the few connections that are open already, beside which the limit is set.
    for number in 0..12 {
        customers.push(world.store.create_customer(&format!("customer {number}"), "test", NOW_MS).await.unwrap());
    }
    // Only now: a connection that was closed counts until the server has noticed.
    database.by_hand("ALTER ROLE rationed CONNECTION LIMIT 4").await.unwrap();
    let begun = futures_util::future::join_all(customers.iter().map(|customer| customer.begin())).await;
    let refused = begun.iter().find_map(|begun| begun.as_ref().err()).unwrap();
    assert_eq!(refused.code(), Some(Code::DatabaseCrowded), "{refused:?}");
    drop(begun);
    world.store.close().await;
    let read_only = format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name());
    database.by_hand(read_only).await.unwrap();
    let error = open(&database.url, Access::Write).await.err().unwrap();
    assert_eq!(error.code(), Some(Code::DatabaseReadOnly), "{error:?}");
    open(&database.url, Access::Read).await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_tell_who_it_is_notices_no_restore_and_says_so() {
    let Some(database) = databases::empty_postgres().await else { return };
    assert!(databases::postgres().await.unwrap().store().await.notices_restore());
    database.by_hand("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC").await.unwrap();
    let store = open(&database.url, Access::Write).await.unwrap();
    assert!(!store.notices_restore());
    assert_eq!(store.restored(NOW_MS).await.unwrap(), None);
    // Once it may be asked, it is taken as it is.
    database.by_hand("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC").await.unwrap();
    let store = open(&database.url, Access::Write).await.unwrap();
    assert!(store.notices_restore());
    assert_eq!(store.restored(NOW_MS).await.unwrap(), None);
}

/// The log of the server is rolled forward to a point and goes on from there on another timeline, as after a failover
/// or a recovery to a point in time.
#[tokio::test]
async fn a_server_that_was_rolled_back_or_taken_over_is_noticed_by_every_process_until_it_is_trusted() {
    let Some(programs) = databases::programs() else { return };
    let before = Server::start(&programs);
    let mut hand = before.by_hand("postgres").await;
    for statement in ["CREATE ROLE ml_connector LOGIN", "CREATE DATABASE books OWNER ml_connector"] {
        sqlx::raw_sql(statement).execute(&mut hand).await.unwrap();
    }
    let store = open(&before.url("books"), Access::Write).await.unwrap();
    let world = world_in(store).await;
    let tx = world.customer.begin().await.unwrap();
    tx.commit(NOW_MS + 60_000, vec![event("posting.posted", "the last that it knows")]).await.unwrap();
    assert_eq!(world.store.restored(NOW_MS).await.unwrap(), None);

    before.stop(&programs);
    before.keep("recovery.signal", "");
    before.keep("postgresql.auto.conf", "restore_command = '/bin/false'\n");
    let after = Server::start_cluster(&programs, before.home.clone());
    let mut opened = open(&after.url("books"), Access::Write).await;
    for _ in 0..10_000 {
        let Err(StoreError::Standby { .. }) = opened else { break };
        opened = open(&after.url("books"), Access::Write).await;
    }
    let other = opened.unwrap();
    for store in [&other, &world.store] {
        let restored = store.restored(NOW_MS + 90_000).await.unwrap().unwrap();
        assert_eq!((restored.noticed_ms, restored.knows_to_ms), (NOW_MS, NOW_MS + 60_000));
    }
    other.trust_restored(NOW_MS + 99_000).await.unwrap();
    assert_eq!(world.store.restored(NOW_MS + 99_000).await.unwrap(), None);
    assert_eq!(other.restored(NOW_MS + 99_000).await.unwrap(), None);
}
