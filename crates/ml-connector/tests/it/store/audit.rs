//! The audit chain: gapless, and every kind of edit is found and named.

use std::io::BufReader;

use accounting::problem::Code;
use ml_connector::store::{Access, AuditFilter, CustomerStore, StoreError, verify_export};

use super::facts::{NOW_MS, event, world_on};
use crate::both;
use crate::databases::TestDatabase;

both!(
    many_writers_leave_one_chain_of_the_installation,
    many_writers_leave_one_chain,
    the_database_itself_refuses_edits,
    every_edit_is_found_and_the_first_wrong_entry_named,
    a_start_begins_at_the_checkpoint_and_misses_its_entry_if_it_is_gone,
    entries_are_chained_without_gaps_for_each_customer,
    what_is_dropped_leaves_no_entry_and_nothing_else,
    an_export_is_verified_without_the_database,
);

/// More entries than one page of the verifier, and batches of every size.
const ENTRIES: usize = 1_203;

async fn add(customer: &CustomerStore, count: usize) {
    let events = (0..count).map(|index| event("test.step", &format!("thing {}", index % 7))).collect();
    customer.begin().await.unwrap().commit(NOW_MS, events).await.unwrap();
}

async fn entries_are_chained_without_gaps_for_each_customer(database: TestDatabase) {
    let world = world_on(&database).await;
    let other = world.store.create_customer("other", "test", NOW_MS).await.unwrap();
    add(&world.customer, 61).await;
    add(&other, 3).await;
    add(&world.customer, ENTRIES - 61 - 2).await;
    let verified = world.customer.verify_audit(true).await.unwrap();
    assert_eq!((verified.entries, verified.head_seq), (ENTRIES as u64, ENTRIES as i64));
    assert_eq!(other.verify_audit(true).await.unwrap().head_seq, 4);

    let page = world.customer.list_audit(&AuditFilter::default(), 10, 5).await.unwrap();
    assert_eq!(page.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [11, 12, 13, 14, 15]);
    assert_eq!(page[0].hash, page[1].prev_hash);
    let filter = AuditFilter { subject: Some("thing 3".to_owned()), ..AuditFilter::default() };
    let of_subject = world.customer.list_audit(&filter, 0, 2).await.unwrap();
    assert!(of_subject.len() == 2 && of_subject.iter().all(|entry| entry.subject == "thing 3"));
    let filter = AuditFilter { action: Some("flow.changed".to_owned()), ..AuditFilter::default() };
    assert_eq!(world.customer.list_audit(&filter, 0, 100).await.unwrap().len(), 1);
    let filter = AuditFilter { actor: Some("nobody".to_owned()), ..AuditFilter::default() };
    assert!(world.customer.list_audit(&filter, 0, 100).await.unwrap().is_empty());
}

async fn what_is_dropped_leaves_no_entry_and_nothing_else(database: TestDatabase) {
    let world = world_on(&database).await;
    let before = world.customer.verify_audit(true).await.unwrap();
    let mut tx = world.customer.begin().await.unwrap();
    tx.put_flow("Another", "document", "author", NOW_MS).await.unwrap();
    tx.put_reports(&world.flow, &world.run, &[super::facts::report(1, 1)], NOW_MS).await.unwrap();
    drop(tx);
    assert_eq!(world.customer.verify_audit(true).await.unwrap(), before);
    assert_eq!(world.customer.flows().await.unwrap().len(), 1);
    assert!(world.customer.known_reports(&world.flow, &["R00001"]).await.unwrap().is_empty());
}

async fn the_database_itself_refuses_edits(database: TestDatabase) {
    let world = world_on(&database).await;
    add(&world.customer, 3).await;
    world.put(&super::facts::reports(0..1), NOW_MS).await;
    for edit in [
        "UPDATE audit SET actor = 'somebody'",
        "DELETE FROM audit",
        "UPDATE report_versions SET seen_ms = 0",
        "DELETE FROM report_versions",
        "DELETE FROM flow_versions",
    ] {
        let refused = database.by_hand(edit).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{edit}: {refused}");
    }
}

async fn many_writers_leave_one_chain(database: TestDatabase) {
    let world = world_on(&database).await;
    // On a server, writers of other processes too.
    let elsewhere = match database.is_postgres() {
        true => database.store().await,
        false => world.store.clone(),
    };
    let writers = (0..8).map(|index| {
        let (store, id) = (if index % 2 == 0 { &world.store } else { &elsewhere }, world.customer.id().clone());
        let store = store.clone();
        tokio::spawn(async move {
            let customer = store.customer(&id).await.unwrap();
            for _ in 0..10 {
                add(&customer, 3).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(world.customer.verify_audit(true).await.unwrap().entries, 2 + 8 * 10 * 3);
}

async fn many_writers_leave_one_chain_of_the_installation(database: TestDatabase) {
    let store = database.store().await;
    let making = (0..12).map(|index| {
        let store = store.clone();
        tokio::spawn(async move { store.create_customer(&format!("customer {index}"), "test", NOW_MS).await.unwrap() })
    });
    for made in making.collect::<Vec<_>>() {
        assert_eq!(made.await.unwrap().verify_audit(true).await.unwrap().entries, 1);
    }
    let chain = store.installation_chain(NOW_MS).await.unwrap();
    assert_eq!(chain.verify_audit(true).await.unwrap().entries, 12);
}

/// What somebody with every right would do first.
async fn unlock(database: &TestDatabase) {
    let unlock = match database.is_postgres() {
        true => "DROP TRIGGER audit_stays ON audit",
        false => "DROP TRIGGER audit_stays; DROP TRIGGER audit_is_kept",
    };
    database.by_hand(unlock).await.unwrap();
}

/// Edits after which entry `.1` is the first that does not follow.
const EDITS: [(&str, i64); 9] = [
    ("UPDATE audit SET actor = 'somebody' WHERE seq = 1100", 1100),
    ("UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 3", 3),
    ("UPDATE audit SET detail = '{}' WHERE seq = 3", 3),
    ("UPDATE audit SET subject = 'x', hash = prev_hash WHERE seq = 1001", 1001),
    ("DELETE FROM audit WHERE seq = 1", 1),
    ("DELETE FROM audit WHERE seq = 500", 500),
    ("UPDATE audit SET seq = seq + 1000 WHERE seq >= 1150", 1150),
    ("UPDATE audit SET prev_hash = hash WHERE seq = 40", 40),
    (
        "UPDATE audit SET seq = -7 WHERE seq = 7; UPDATE audit SET seq = 7 WHERE seq = 8; \
         UPDATE audit SET seq = 8 WHERE seq = -7",
        7,
    ),
];

async fn every_edit_is_found_and_the_first_wrong_entry_named(database: TestDatabase) {
    let world = world_on(&database).await;
    add(&world.customer, ENTRIES - 2).await;
    let id = world.customer.id().clone();
    world.store.clone().close().await;
    drop(world);
    for (edit, broken) in EDITS {
        let copy = database.copy().await;
        unlock(&copy).await;
        copy.by_hand(edit).await.unwrap();
        let reader = copy.open(Access::Read, None).await.unwrap();
        let error = reader.customer(&id).await.unwrap().verify_audit(true).await.err().unwrap();
        assert!(matches!(error, StoreError::AuditBroken { seq, .. } if seq == broken), "{edit}: {error}");
        assert_eq!(error.code(), Some(Code::AuditBroken));
        reader.close().await;
        let opened = copy.open(Access::Write, None).await;
        assert!(matches!(opened.err(), Some(StoreError::AuditBroken { .. })), "{edit}");
    }
}

async fn a_start_begins_at_the_checkpoint_and_misses_its_entry_if_it_is_gone(database: TestDatabase) {
    let world = world_on(&database).await;
    add(&world.customer, 48).await;
    let id = world.customer.id().clone();
    world.store.clone().close().await;
    drop(world);
    let store = database.store().await;
    let customer = store.customer(&id).await.unwrap();
    assert_eq!(customer.verify_audit(false).await.unwrap().entries, 1, "the entry of the checkpoint alone");
    add(&customer, 5).await;
    assert_eq!(customer.verify_audit(false).await.unwrap().entries, 6);
    store.close().await;
    drop(customer);

    unlock(&database).await;
    database.by_hand("DELETE FROM audit WHERE seq >= 50").await.unwrap();
    let error = database.open(Access::Write, None).await.err().unwrap();
    assert!(matches!(error, StoreError::AuditBroken { seq: 50, .. }), "{error}");
}

async fn an_export_is_verified_without_the_database(database: TestDatabase) {
    let world = world_on(&database).await;
    add(&world.customer, ENTRIES - 2).await;
    let mut export = Vec::new();
    assert_eq!(world.customer.export_audit(&mut export).await.unwrap(), ENTRIES as u64);
    let verified = verify_export(BufReader::new(export.as_slice())).unwrap();
    assert_eq!(verified, world.customer.verify_audit(true).await.unwrap());

    let text = String::from_utf8(export).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let edited = lines[700].replace("a test", "an edit");
    assert_ne!(edited, lines[700]);
    let mut forged = lines.clone();
    forged[700] = &edited;
    let error = verify_export(forged.join("\n").as_bytes()).err().unwrap();
    assert!(matches!(error, StoreError::AuditBroken { seq: 701, .. }), "{error}");
    lines.remove(20);
    let error = verify_export(lines.join("\n").as_bytes()).err().unwrap();
    assert!(matches!(error, StoreError::AuditBroken { seq: 21, .. }), "{error}");
    assert!(matches!(verify_export("nonsense".as_bytes()), Err(StoreError::Json { .. })));
}
