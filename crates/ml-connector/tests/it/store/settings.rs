//! Customers, flows, cursors, charts and positive controls.

use accounting::amount::Currency;
use accounting::chart::{Account, Chart, FieldLengths, Journal, Value};
use accounting::dimension::Dimension;
use jiff::civil::date;
use ml_connector::store::{Control, CustomerId, FlowId, Ids, RequestId, StoreError};

use super::facts::{COMPANY, NOW_MS, event, world_on};
use crate::both;
use crate::databases::TestDatabase;

both!(
    a_customer_is_made_once,
    a_changed_document_is_a_new_version_and_the_same_is_none,
    a_cursor_stands_where_it_was_moved,
    a_chart_comes_back_as_it_was_and_its_history_stays,
    the_newest_control_of_a_journal_is_kept,
);

async fn a_customer_is_made_once(database: TestDatabase) {
    let world = world_on(&database).await;
    let again = world.store.create_customer("default", "test", NOW_MS + 1).await.unwrap();
    assert_eq!(again.id(), world.customer.id());
    let listed = world.store.customers().await.unwrap();
    assert_eq!(listed.iter().map(|customer| customer.name.as_str()).collect::<Vec<_>>(), ["default"]);
    let nobody = CustomerId::parse("cus_00000000000000000000000000").unwrap();
    assert!(matches!(world.store.customer(&nobody).await, Err(StoreError::NotFound { .. })));
    assert!(world.store.customer_named("nobody").await.unwrap().is_none());
}

async fn a_changed_document_is_a_new_version_and_the_same_is_none(database: TestDatabase) {
    let world = world_on(&database).await;
    let mut tx = world.customer.begin().await.unwrap();
    let same = tx.put_flow("Expenses", "name = \"Expenses\"", "author", NOW_MS + 1).await.unwrap();
    assert_eq!((same.version, same.new), (1, false));
    let changed = tx.put_flow("Expenses", "name = \"Expenses\" # changed", "author", NOW_MS + 2).await.unwrap();
    assert_eq!((changed.version, changed.new, &changed.id), (2, true, &world.flow));
    let other = tx.put_flow("Other", "name = \"Other\"", "author", NOW_MS + 3).await.unwrap();
    assert_eq!((other.version, other.new), (1, true));
    tx.commit(NOW_MS + 3, vec![event("flow.changed", "Expenses"), event("flow.changed", "Other")]).await.unwrap();

    let flows = world.customer.flows().await.unwrap();
    assert_eq!(
        flows.iter().map(|flow| (flow.name.as_str(), flow.version)).collect::<Vec<_>>(),
        [("Expenses", 2), ("Other", 1)]
    );
    assert_eq!(world.customer.flow(&world.flow).await.unwrap().document, "name = \"Expenses\" # changed");
    assert_eq!(world.customer.flow_version(&world.flow, 1).await.unwrap().document, "name = \"Expenses\"");
    assert!(matches!(world.customer.flow_version(&world.flow, 9).await, Err(StoreError::NotFound { .. })));
}

async fn a_cursor_stands_where_it_was_moved(database: TestDatabase) {
    let world = world_on(&database).await;
    assert_eq!(world.customer.cursor(&world.flow, "approved").await.unwrap(), None);
    for position in ["2026-11-01", "2026-11-02"] {
        let mut tx = world.customer.begin().await.unwrap();
        tx.put_cursor(&world.flow, "approved", position, NOW_MS).await.unwrap();
        tx.commit_untraced(NOW_MS).await.unwrap();
    }
    assert_eq!(world.customer.cursor(&world.flow, "approved").await.unwrap().as_deref(), Some("2026-11-02"));
}

fn chart() -> Chart {
    let account = |number: &str, active| Account {
        number: number.to_owned(),
        title: "Travel \"& more\"".to_owned(),
        active,
        requires: [Dimension::Department, Dimension::UserDefined("Grant".to_owned())].into(),
    };
    let value = Value {
        id: "P-1".to_owned(),
        name: "Project".to_owned(),
        active: true,
        implies: [(Dimension::Customer, "C-1".to_owned())].into(),
        ..Value::default()
    };
    let journal = Journal { symbol: "EXP".to_owned(), title: "Expenses".to_owned(), active: true };
    Chart {
        accounts: [("6410".to_owned(), account("6410", true)), ("6420".to_owned(), account("6420", false))].into(),
        values: [
            (Dimension::Project, [("P-1".to_owned(), value)].into()),
            (Dimension::UserDefined("Grant".to_owned()), [].into()),
        ]
        .into(),
        journals: [("EXP".to_owned(), journal)].into(),
        closed_through: Some(date(2026, 10, 31)),
        base_currency: Some(Currency::parse("USD").unwrap()),
        multi_entity: true,
        lengths: FieldLengths { title: 80, memo: 1_000, document: 30 },
    }
}

async fn a_chart_comes_back_as_it_was_and_its_history_stays(database: TestDatabase) {
    let world = world_on(&database).await;
    assert_eq!(world.customer.latest_chart(COMPANY).await.unwrap(), None);
    let reopened = Chart { closed_through: None, ..chart() };
    let mut hashes = Vec::new();
    for (step, (chart, new)) in [(chart(), true), (chart(), false), (reopened.clone(), true)].into_iter().enumerate() {
        let at_ms = NOW_MS + i64::try_from(step).unwrap();
        let mut tx = world.customer.begin().await.unwrap();
        let (hash, is_new) = tx.put_chart(COMPANY, &chart, at_ms).await.unwrap();
        tx.commit(at_ms, vec![event("chart.read", COMPANY)]).await.unwrap();
        assert_eq!(is_new, new);
        hashes.push(hash);
        let latest = world.customer.latest_chart(COMPANY).await.unwrap().unwrap();
        assert_eq!((latest.chart, latest.taken_ms), (chart, at_ms));
    }
    let old = world.customer.chart(COMPANY, &hashes[0]).await.unwrap().unwrap();
    assert_eq!((old.chart, old.first_taken_ms, old.taken_ms), (chart(), NOW_MS, NOW_MS + 1));
    assert_eq!(world.customer.chart("other", &hashes[0]).await.unwrap(), None);
}

async fn the_newest_control_of_a_journal_is_kept(database: TestDatabase) {
    let world = world_on(&database).await;
    let control = |record_no: &str, entity: &str, seen_ms| Control {
        company: COMPANY.to_owned(),
        journal: "EXP".to_owned(),
        entity: entity.to_owned(),
        record_no: record_no.to_owned(),
        seen_ms,
    };
    let mut tx = world.customer.begin().await.unwrap();
    for control in [control("1", "", NOW_MS), control("2", "", NOW_MS + 1), control("9", "US", NOW_MS)] {
        tx.put_control(&control).await.unwrap();
    }
    tx.commit_untraced(NOW_MS).await.unwrap();
    assert_eq!(world.customer.control(COMPANY, "EXP", "").await.unwrap(), Some(control("2", "", NOW_MS + 1)));
    assert_eq!(world.customer.control(COMPANY, "EXP", "US").await.unwrap(), Some(control("9", "US", NOW_MS)));
    assert_eq!(world.customer.control(COMPANY, "CC", "").await.unwrap(), None);
}

#[test]
fn ids_sort_by_time_read_back_and_keep_their_kinds_apart() {
    let ids = Ids::system();
    let earlier = ids.flow(NOW_MS).unwrap();
    let later = ids.flow(NOW_MS + 1).unwrap();
    assert!(earlier < later);
    assert_eq!(FlowId::parse(later.as_str()), Some(later.clone()));
    assert_eq!(RequestId::parse(later.as_str()), None);
    for wrong in ["", "flow_", "flow_0000000000000000000000000Z", "flow_000000000000000000000000000"] {
        assert_eq!(FlowId::parse(wrong), None, "{wrong}");
    }
    assert_ne!(ids.request(NOW_MS).unwrap(), ids.request(NOW_MS).unwrap());
    let (one, two) = (Ids::seeded(7), Ids::seeded(7));
    assert_eq!(one.run(NOW_MS).unwrap(), two.run(NOW_MS).unwrap());
    assert_ne!(one.run(NOW_MS).unwrap(), one.run(NOW_MS).unwrap());
}
