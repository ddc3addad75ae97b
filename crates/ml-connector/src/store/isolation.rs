//! What PostgreSQL itself keeps to: a connection sees and changes the rows of the one customer that it was set to, and
//! texts are ordered by their bytes, as in SQLite. Both hold for every table of the schema, whoever adds one; no table
//! has to ask for it.

use sqlx::Row;
use sqlx::postgres::PgConnection;

use super::error::{StoreError, failed};
use super::schema::ACROSS_CUSTOMERS;

/// Tables that name a customer in each row and are not bound to one yet, and those that should not be and are.
const UNBOUND: &str = "SELECT c.oid::regclass::text, c.relname = ANY($1) FROM pg_class c \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'customer_id' AND NOT a.attisdropped \
     WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace AND \
     (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid \
     AND p.polname = 'of_customer')) = (c.relname = ANY($1)) ORDER BY c.relname";

const BOUND: &str = "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relforcerowsecurity \
     AND c.relnamespace = current_schema()::regnamespace ORDER BY c.relname";

/// Text columns that would be ordered by the rules of some language, by table.
const WORDED: &str = "SELECT c.oid::regclass::text, string_agg(format('ALTER COLUMN %I TYPE TEXT COLLATE \"C\"', \
     a.attname), ', ' ORDER BY a.attnum) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
     WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace AND a.attnum > 0 \
     AND NOT a.attisdropped AND a.atttypid = 'text'::regtype AND a.attcollation <> '\"C\"'::regcollation \
     GROUP BY c.oid, c.relname ORDER BY c.relname";

/// Binds what is not bound yet. It changes nothing where nothing is missing.
pub(super) async fn enforce(connection: &mut PgConnection) -> Result<(), StoreError> {
    // Before the policies: a column that one names can no longer change.
    let ordering = failed("ordering texts by their bytes");
    for row in sqlx::query(WORDED).fetch_all(&mut *connection).await.map_err(&ordering)? {
        let table: String = row.try_get(0).map_err(&ordering)?;
        let columns: String = row.try_get(1).map_err(&ordering)?;
        let alter = sqlx::AssertSqlSafe(format!("ALTER TABLE {table} {columns}"));
        sqlx::raw_sql(alter).execute(&mut *connection).await.map_err(&ordering)?;
    }
    let binding = failed("keeping customers' rows apart");
    let unbound = sqlx::query(UNBOUND).bind(ACROSS_CUSTOMERS).fetch_all(&mut *connection).await.map_err(&binding)?;
    for row in unbound {
        let table: String = row.try_get(0).map_err(&binding)?;
        let across: bool = row.try_get(1).map_err(&binding)?;
        let alter = sqlx::AssertSqlSafe(if across { unbind(&table) } else { bind(&table) });
        sqlx::raw_sql(alter).execute(&mut *connection).await.map_err(&binding)?;
    }
    Ok(())
}

/// Tables of customers' data that are not bound. It changes nothing.
pub(super) async fn unbound(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::query(UNBOUND).bind(ACROSS_CUSTOMERS).fetch_all(connection).await?;
    let mut tables = Vec::new();
    for row in rows {
        if !row.try_get::<bool, _>(1)? {
            tables.push(row.try_get(0)?);
        }
    }
    Ok(tables)
}

/// Lets a step of the schema see all rows. It holds everybody else off these tables until the transaction ends, so that
/// nobody meets them unbound.
pub(super) async fn lift(connection: &mut PgConnection) -> Result<(), StoreError> {
    let lifting = failed("letting a newer schema see all rows");
    for row in sqlx::query(BOUND).fetch_all(&mut *connection).await.map_err(&lifting)? {
        let table: String = row.try_get(0).map_err(&lifting)?;
        let alter = sqlx::AssertSqlSafe(format!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"));
        sqlx::raw_sql(alter).execute(&mut *connection).await.map_err(&lifting)?;
    }
    Ok(())
}

/// FORCE, because our role owns the tables, and owners are not bound otherwise.
fn bind(table: &str) -> String {
    let own = "customer_id = current_setting('ml_connector.customer', true)";
    format!(
        "DROP POLICY IF EXISTS of_customer ON {table}; \
         CREATE POLICY of_customer ON {table} USING ({own}) WITH CHECK ({own}); \
         ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
    )
}

fn unbind(table: &str) -> String {
    format!(
        "ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY; \
         DROP POLICY IF EXISTS of_customer ON {table}"
    )
}
