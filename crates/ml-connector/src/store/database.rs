//! The open database, whichever it is: where transactions begin and where single statements run. How each is opened
//! and what differs stands in `sqlite` and `postgres`.

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgPool, Postgres};
use sqlx::sqlite::{Sqlite, SqlitePool};
use sqlx::{Error, Transaction};

use super::sql::Target;
use super::sqlite::Access;

/// Tells PostgreSQL's row-level security whose rows a connection sees, until it is told otherwise.
pub(super) const SET_CUSTOMER: &str = "SELECT set_config('ml_connector.customer', $1, false)";
/// The same, and waits until no other transaction of this customer is open. What is written in one may then count on
/// being alone with the customer's rows, as it is in SQLite: chains stay gapless, and what was read stays true. The
/// lock is in memory alone, and ends with the transaction.
pub(super) const BE_ALONE: &str = "SELECT set_config('ml_connector.customer', $1, false), \
     CAST(pg_advisory_xact_lock(hashtextextended($1, 0)) AS TEXT)";

/// An open database.
pub(super) struct Database {
    pub(super) pools: Pools,
    pub(super) access: Access,
    /// Held as long as the database is open for writing; the system lets go of it when the process ends.
    pub(super) _lock: Option<std::fs::File>,
}

/// Its connections.
pub(super) enum Pools {
    /// One connection that writes, a few that read.
    Sqlite { writer: SqlitePool, reader: SqlitePool },
    /// Some, of which each writes and reads; other processes have theirs.
    Postgres(PgPool),
}

/// An open transaction.
pub(super) enum Open {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Database {
    /// Begins to write, for one customer or, with an empty text, for what belongs to none. No two transactions of one
    /// customer are open at a time; those for none see each other's rows as PostgreSQL's READ COMMITTED has it, and
    /// must lock what they rest on.
    pub(super) async fn begin(&self, customer: &str) -> Result<Open, Error> {
        match &self.pools {
            // IMMEDIATE takes the write lock now, so that no statement later fails for want of it.
            Pools::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Open::Sqlite),
            Pools::Postgres(pool) => {
                let mut transaction = begin_on(pool).await?;
                let statement = if customer.is_empty() { SET_CUSTOMER } else { BE_ALONE };
                sqlx::query(statement).bind(customer).execute(&mut *transaction).await?;
                Ok(Open::Postgres(transaction))
            }
        }
    }

    /// Whether other processes may write it meanwhile.
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self.pools, Pools::Postgres(_))
    }

    /// For a statement that reads by itself: the rows of one customer and what belongs to none.
    pub(super) fn reader<'c>(&'c self, customer: &'c str) -> Target<'c> {
        match &self.pools {
            Pools::Sqlite { reader, .. } => Target::SqlitePool(reader),
            Pools::Postgres(pool) => Target::PostgresPool { pool, customer },
        }
    }

    /// For a statement that writes by itself.
    pub(super) fn writer<'c>(&'c self, customer: &'c str) -> Target<'c> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => Target::SqlitePool(writer),
            Pools::Postgres(pool) => Target::PostgresPool { pool, customer },
        }
    }

    /// Waits until every connection is closed and, on SQLite, the log is written back.
    pub(super) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, reader } => {
                reader.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// A connection that sees the rows of one customer.
pub(super) async fn of_customer(pool: &PgPool, customer: &str) -> Result<PoolConnection<Postgres>, Error> {
    let mut stale = pool.options().get_max_connections();
    loop {
        let mut connection = pool.acquire().await.map_err(|error| why_none(pool, error))?;
        match sqlx::query(SET_CUSTOMER).bind(customer).execute(&mut *connection).await {
            Ok(_) => return Ok(connection),
            // The server was restarted since this one was used; so it may be with all the others.
            Err(error) if stale > 0 && is_lost(&error) => stale -= 1,
            Err(error) => return Err(error),
        }
        connection.close_on_drop();
    }
}

async fn begin_on(pool: &PgPool) -> Result<Transaction<'static, Postgres>, Error> {
    let mut stale = pool.options().get_max_connections();
    loop {
        match pool.begin().await {
            Err(error) if stale > 0 && is_lost(&error) => stale -= 1,
            begun => return begun.map_err(|error| why_none(pool, error)),
        }
    }
}

/// Whether the connection is gone, and nothing was done on it.
fn is_lost(error: &Error) -> bool {
    match error {
        Error::Io(_) => true,
        // The server said why it ends the connection: an order, a crash, idleness.
        Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08")),
        _ => false,
    }
}

/// A pool that ran out of patience does not say whether all its connections were in use or none could be made.
fn why_none(pool: &PgPool, error: Error) -> Error {
    match error {
        Error::PoolTimedOut if pool.size() < pool.options().get_max_connections() => {
            let away = std::io::Error::new(std::io::ErrorKind::NotConnected, "the database server takes no connection");
            Error::Io(away)
        }
        error => error,
    }
}

impl Open {
    pub(super) fn target(&mut self) -> Target<'_> {
        match self {
            Self::Sqlite(transaction) => Target::Sqlite(transaction),
            Self::Postgres(transaction) => Target::Postgres(transaction),
        }
    }

    /// From here on the transaction sees another customer's rows. On SQLite every statement names its customer, and
    /// nothing else holds it.
    pub(super) async fn see(&mut self, customer: &str) -> Result<(), Error> {
        if let Self::Postgres(transaction) = self {
            sqlx::query(SET_CUSTOMER).bind(customer).execute(&mut **transaction).await?;
        }
        Ok(())
    }

    pub(super) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}
