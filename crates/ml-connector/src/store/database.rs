//! The open database, whichever it is: where transactions begin and where single statements run. How each is opened
//! and what differs stands in `sqlite` and `postgres`.

use sqlx::postgres::{PgPool, Postgres};
use sqlx::sqlite::{Sqlite, SqlitePool};
use sqlx::{Error, Transaction};

use super::sql::Target;
use super::sqlite::Access;

/// Tells PostgreSQL's row-level security whose rows a connection sees.
pub(super) const SET_CUSTOMER: &str = "SELECT set_config('ml_connector.customer', $1, false)";

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
    /// Any number of processes share it.
    Postgres(PgPool),
}

/// An open transaction.
pub(super) enum Open {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Database {
    /// Begins to write, for one customer or, with an empty text, for what belongs to none.
    pub(super) async fn begin(&self, customer: &str) -> Result<Open, Error> {
        match &self.pools {
            // IMMEDIATE takes the write lock now, so that no statement later fails for want of it.
            Pools::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Open::Sqlite),
            Pools::Postgres(pool) => {
                let mut transaction = pool.begin().await?;
                sqlx::query(SET_CUSTOMER).bind(customer).execute(&mut *transaction).await?;
                Ok(Open::Postgres(transaction))
            }
        }
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

impl Open {
    pub(super) fn target(&mut self) -> Target<'_> {
        match self {
            Self::Sqlite(transaction) => Target::Sqlite(transaction),
            Self::Postgres(transaction) => Target::Postgres(transaction),
        }
    }

    pub(super) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}
