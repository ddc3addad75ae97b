//! The open database, whichever it is: where transactions begin and where single statements run. How each is opened
//! and what differs stands in `sqlite` and `postgres`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::postgres::PgPool;
use sqlx::sqlite::{Sqlite, SqlitePool};
use sqlx::{Error, Transaction};

use super::postgres::connection::ServerTx;
use super::postgres::young;
use super::sql::Target;
use super::sqlite::Access;

/// How long closing waits for connections to a server.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// An open database.
pub(super) struct Database {
    pub(super) pools: Pools,
    pub(super) access: Access,
    /// Held as long as the database is open for writing; the system lets go of it when the process ends.
    _lock: Option<std::fs::File>,
    /// Transactions that this process has committed.
    commits: AtomicU64,
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
    Postgres(ServerTx),
}

impl Database {
    /// A database that was opened.
    pub(super) fn new(pools: Pools, access: Access, lock: Option<std::fs::File>) -> Self {
        Self { pools, access, _lock: lock, commits: AtomicU64::new(0) }
    }

    /// After a commit: a server may have to count what has grown.
    pub(super) async fn committed(&self) {
        if let Pools::Postgres(pool) = &self.pools
            && young::is_time(self.commits.fetch_add(1, Ordering::Relaxed) + 1)
        {
            young::count(pool).await;
        }
    }

    /// Begins to write, for one customer or, with an empty text, for what belongs to none. No two transactions of one
    /// customer are open at a time; those for none see each other's rows as PostgreSQL's READ COMMITTED has it, and
    /// must lock what they rest on.
    pub(super) async fn begin(&self, customer: &str) -> Result<Open, Error> {
        match &self.pools {
            // IMMEDIATE takes the write lock now, so that no statement later fails for want of it.
            Pools::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Open::Sqlite),
            Pools::Postgres(pool) => ServerTx::begin(pool, customer).await.map(Open::Postgres),
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
            // A connection that somebody still waits on ends with the process.
            Pools::Postgres(pool) => drop(tokio::time::timeout(CLOSE_TIMEOUT, pool.close()).await),
        }
    }
}

impl Open {
    pub(super) fn target(&mut self) -> Target<'_> {
        match self {
            Self::Sqlite(transaction) => Target::Sqlite(transaction),
            Self::Postgres(transaction) => Target::Postgres(transaction.connection()),
        }
    }

    /// From here on the transaction sees another customer's rows. On SQLite every statement names its customer, and
    /// nothing else holds it.
    pub(super) async fn see(&mut self, customer: &str) -> Result<(), Error> {
        if let Self::Postgres(transaction) = self {
            transaction.see(customer).await?;
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
