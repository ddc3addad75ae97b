//! The statements and the schema on PostgreSQL: every statement is understood, and the tables are those of SQLite.

use std::collections::BTreeSet;

use ml_connector::store::statements;
use sqlx::Connection as _;

use crate::databases::{self, TestDatabase};

#[tokio::test]
async fn every_statement_is_understood_by_postgresql() {
    let Some(database) = databases::postgres().await else { return };
    let mut connection = database.hand().await;
    let mut refused = Vec::new();
    for (_, statement) in statements() {
        if let Err(error) = sqlx::raw_sql(prepare(statement)).execute(&mut connection).await {
            refused.push(format!("{error}: {}", &statement[..statement.len().min(300)]));
        }
        sqlx::raw_sql("DEALLOCATE ALL").execute(&mut connection).await.unwrap();
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    // The same road must be able to show an error.
    let broken = prepare("SELECT no_such_column FROM reports");
    assert!(sqlx::raw_sql(broken).execute(&mut connection).await.is_err());
    connection.close().await.unwrap();
}

fn prepare(statement: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("PREPARE it AS {statement}"))
}

#[tokio::test]
async fn both_schemas_have_the_same_tables_and_columns() {
    let Some(postgres) = databases::postgres().await else { return };
    let sqlite = databases::sqlite();
    sqlite.store().await.close().await;
    let columns = columns_of(&postgres, COLUMNS_OF_POSTGRES).await;
    assert_eq!(columns, columns_of(&sqlite, COLUMNS_OF_SQLITE).await);
    assert!(columns.len() > 100);
}

/// `table.column type`, and whether it may be missing.
async fn columns_of(database: &TestDatabase, listing: &'static str) -> BTreeSet<String> {
    database.by_hand(listing).await.unwrap().into_iter().collect()
}

const COLUMNS_OF_POSTGRES: &str = "SELECT table_name || '.' || column_name || ' ' || \
     CASE data_type WHEN 'bytea' THEN 'blob' ELSE data_type END || ' ' || CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END \
     FROM information_schema.columns WHERE table_schema = 'public'";
const COLUMNS_OF_SQLITE: &str = "SELECT m.name || '.' || c.name || ' ' || \
     CASE lower(c.type) WHEN 'integer' THEN 'bigint' ELSE lower(c.type) END || ' ' || (1 - c.\"notnull\") \
     FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c WHERE m.type = 'table'";
