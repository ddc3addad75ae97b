//! Customers are kept apart by PostgreSQL itself: whatever a statement asks, through a connection that is set to one
//! customer it reaches no row of another, in any table that there is.

use std::str::FromStr as _;

use ml_connector::store::{Access, Ids, Place, Store};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Row as _};

use super::facts::{NOW_MS, event};
use crate::databases::{self, TestDatabase};

/// Every table with a customer in its rows; whether it is bound; a row for customer `$1`, whatever it means.
const TABLES: &str = "SELECT c.relname::text, c.relrowsecurity AND c.relforcerowsecurity, \
     format('INSERT INTO %I (%s) VALUES (%s)', c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), \
     string_agg(CASE WHEN a.attname = 'customer_id' THEN '''OWNER''' WHEN a.atttypid = 'bigint'::regtype THEN 'NUMBER' \
     WHEN a.atttypid = 'bytea'::regtype THEN '''\\x00''' ELSE '''OWNER''' END, ', ' ORDER BY a.attnum)), \
     string_agg(a.attname::text, ' ') \
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     WHERE a.attgenerated = '' AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace \
     AND EXISTS (SELECT 1 FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'customer_id') \
     GROUP BY c.oid, c.relname ORDER BY c.relname";

struct Table {
    name: String,
    bound: bool,
    insert: String,
    columns: String,
}

async fn tables(database: &TestDatabase) -> Vec<Table> {
    let rows = sqlx::query(TABLES).fetch_all(&mut database.hand().await).await.unwrap();
    let table = |row: &sqlx::postgres::PgRow| Table {
        name: row.get(0),
        bound: row.get(1),
        insert: row.get(2),
        columns: row.get(3),
    };
    rows.iter().map(table).collect()
}

async fn as_our_role(database: &TestDatabase) -> PgConnection {
    PgConnectOptions::from_str(&database.url).unwrap().connect().await.unwrap()
}

async fn run(connection: &mut PgConnection, statement: String) -> Result<u64, sqlx::Error> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(connection).await.map(|done| done.rows_affected())
}

#[tokio::test]
async fn no_statement_of_one_customer_reaches_a_row_of_another() {
    let Some(database) = databases::postgres().await else { return };
    let tables: Vec<Table> = tables(&database).await.into_iter().filter(|table| table.bound).collect();
    assert!(tables.len() >= 14, "only {} tables are bound", tables.len());
    let mut hand = database.hand().await;
    // Rows need not make sense, nor refer to others.
    run(&mut hand, "SET session_replication_role = replica".to_owned()).await.unwrap();
    let mut ours = as_our_role(&database).await;
    for Table { name, insert, .. } in &tables {
        let row = |owner: &str, number: &str| insert.replace("OWNER", owner).replace("NUMBER", number);
        run(&mut hand, row("cus_theirs", "1")).await.unwrap();
        run(&mut hand, row("cus_ours", "2")).await.unwrap();
        for (set, seen) in [("RESET ml_connector.customer", 0), ("SET ml_connector.customer = ''", 0)]
            .into_iter()
            .chain([("SET ml_connector.customer = cus_theirs", 1), ("SET ml_connector.customer = cus_ours", 1)])
        {
            run(&mut ours, set.to_owned()).await.unwrap();
            let count = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {name}"));
            let count: i64 = sqlx::query_scalar(count).fetch_one(&mut ours).await.unwrap();
            assert_eq!(count, seen, "{name} after {set}");
        }
        let added = run(&mut ours, row("cus_theirs", "3")).await.unwrap_err();
        assert!(added.to_string().contains("row-level security"), "{name}: {added}");
        let given = run(&mut ours, format!("UPDATE {name} SET customer_id = 'cus_theirs'")).await.unwrap_err();
        let refused = ["row-level security", "append-only"].iter().any(|why| given.to_string().contains(why));
        assert!(refused, "{name}: {given}");
        // Statement triggers refuse some of these altogether; what counts is what is left.
        let theirs = "WHERE customer_id = 'cus_theirs'";
        for statement in
            [format!("UPDATE {name} SET customer_id = 'cus_ours' {theirs}"), format!("DELETE FROM {name} {theirs}")]
        {
            assert_eq!(run(&mut ours, statement).await.unwrap_or(0), 0, "{name}");
        }
        let left = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {name} {theirs}"));
        assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(&mut hand).await.unwrap(), 1, "{name}");
    }
}

/// What may be read across customers says nothing of them.
#[tokio::test]
async fn tables_that_are_not_bound_hold_no_document() {
    let Some(database) = databases::postgres().await else { return };
    for Table { name, columns, .. } in tables(&database).await.iter().filter(|table| !table.bound) {
        for telling in ["document", "detail", "raw", "payload", "name", "employee", "problems", "sealed", "outcome"] {
            assert!(!columns.split(' ').any(|column| column == telling), "{name} is not bound and has {telling}");
        }
    }
}

/// One connection serves one customer after the other, in turn.
#[tokio::test]
async fn a_connection_that_is_passed_on_shows_the_next_ones_rows() {
    let Some(database) = databases::postgres().await else { return };
    let place = Place::parse(&database.url, 1).unwrap();
    let store = Store::open(place, Access::Write, None, Ids::system(), NOW_MS).await.unwrap();
    let mut customers = Vec::new();
    for name in ["first", "second", "third"] {
        let customer = store.create_customer(name, "test", NOW_MS).await.unwrap();
        let mut tx = customer.begin().await.unwrap();
        let flow = tx.put_flow(name, "document", "test", NOW_MS).await.unwrap();
        tx.commit(NOW_MS, vec![event("flow.changed", flow.id.as_str())]).await.unwrap();
        customers.push((name, customer));
    }
    let reads = (0..60).map(|index| {
        let (name, customer) = customers[index % 3].clone();
        tokio::spawn(async move {
            let flows = customer.flows().await.unwrap();
            assert_eq!(flows.iter().map(|flow| flow.name.as_str()).collect::<Vec<_>>(), [name]);
        })
    });
    for read in reads.collect::<Vec<_>>() {
        read.await.unwrap();
    }
}
