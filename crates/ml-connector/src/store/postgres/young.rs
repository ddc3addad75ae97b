//! Figures of young tables. A server plans by what it last counted of a table, and of a new one it has counted nothing:
//! it then takes a customer or a flow to be rare, and walks through all of its rows for each of a batch. Its own
//! counting comes once a minute at best, and a first read of a source is over by then; so a process asks for it when it
//! has made a table grow. It changes no row.

use sqlx::postgres::PgPool;

use super::connection::{answered, of_customer};

/// Tables that have grown to eight times what the server last counted, with their smallest size that matters; owners
/// alone may have them counted.
const YOUNG: &str = "SELECT CAST(c.oid::regclass AS TEXT) FROM pg_class c WHERE c.relkind = 'r' \
     AND c.relnamespace = CAST(current_schema() AS regnamespace) AND pg_has_role(c.relowner, 'USAGE') \
     AND pg_relation_size(c.oid) / 8192 > 16 + 8 * GREATEST(c.relpages, 0)";

/// Whether it is time to look after so many commits of this process: soon at first, since the first read is the
/// largest, and then now and then.
pub(in crate::store) const fn is_time(commits: u64) -> bool {
    commits.is_power_of_two() || commits.is_multiple_of(32)
}

/// Has the server count young tables. What keeps it from doing so keeps nobody from working.
pub(in crate::store) async fn count(pool: &PgPool) {
    if let Err(error) = counted(pool).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a young table was not counted");
    }
}

async fn counted(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut connection = of_customer(pool, "").await?;
    let young: Vec<String> = answered(sqlx::query_scalar(YOUNG).fetch_all(&mut *connection)).await?;
    for table in young {
        // Another process may be at it.
        let counting = sqlx::AssertSqlSafe(format!("ANALYZE (SKIP_LOCKED) {table}"));
        answered(sqlx::raw_sql(counting).execute(&mut *connection)).await?;
    }
    Ok(())
}
