//! Connections to PostgreSQL on their way out of the pool and back, and transactions on them. Each use begins with a
//! statement that says whose rows it sees, and ends within a bound: a server that went silent, or a network that
//! swallows everything, is found out and the connection given up. No statement of a noun stands here.

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool, Postgres};
use sqlx::{Connection as _, Error, Executor as _};

/// The longest that the server may be silent: its own limit of a statement is shorter.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(65);
/// The same for what opens or ends a use; it may wait for a lock, whose limit is shorter.
const OPENING_TIMEOUT: Duration = Duration::from_secs(8);

/// How long the server may take to say why it takes no connection.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Tells PostgreSQL's row-level security whose rows a connection sees, until it is told otherwise.
const SET_CUSTOMER: &str = "SELECT set_config('ml_connector.customer', $1, false)";
/// The same, and waits until no other transaction of this customer is open. What is written in one may then count on
/// being alone with the customer's rows, as it is in SQLite: chains stay gapless, and what was read stays true. The
/// lock is in memory alone, and ends with the transaction.
const BE_ALONE: &str = "SELECT set_config('ml_connector.customer', $1, false), \
     CAST(pg_advisory_xact_lock(hashtextextended($1, 0)) AS TEXT)";

/// A connection that sees the rows of one customer; of none where the text is empty.
pub(in crate::store) async fn of_customer(pool: &PgPool, customer: &str) -> Result<PoolConnection<Postgres>, Error> {
    usable(pool, Some(customer)).await
}

/// A connection on which the first statement went well: the one that says whose rows it sees, or else `BEGIN`.
async fn usable(pool: &PgPool, customer: Option<&str>) -> Result<PoolConnection<Postgres>, Error> {
    let mut stale = pool.options().get_max_connections();
    loop {
        let mut connection = match pool.acquire().await {
            Ok(connection) => connection,
            Err(error) => return Err(why_none(pool, error).await),
        };
        let first = match customer {
            Some(customer) => sqlx::query(SET_CUSTOMER).bind(customer),
            None => sqlx::query("BEGIN"),
        };
        let Err(error) = within(OPENING_TIMEOUT, first.execute(&mut *connection)).await else {
            return Ok(connection);
        };
        connection.close_on_drop();
        // The server was restarted since this one was used; so it may be with all the others. One that is silent will
        // be so on the next connection.
        if stale == 0 || !is_lost(&error) {
            return Err(error);
        }
        stale -= 1;
    }
}

/// Gives a connection back, unless it broke or its answer may still come.
pub(in crate::store) fn give_back<T>(
    mut connection: PoolConnection<Postgres>,
    answer: Result<T, Error>,
) -> Result<T, Error> {
    if matches!(answer, Err(Error::Io(_))) {
        connection.close_on_drop();
    }
    answer
}

/// What a statement gives, if the server answers at all.
pub(in crate::store) async fn answered<T>(asking: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    within(ANSWER_TIMEOUT, asking).await
}

/// A transaction. Dropped, it leaves nothing: its connection is closed, which a server always understands.
pub(in crate::store) struct ServerTx {
    connection: PoolConnection<Postgres>,
    open: bool,
}

impl ServerTx {
    /// Begins one for a customer, when no other of this customer is open; or for what belongs to none.
    pub(in crate::store) async fn begin(pool: &PgPool, customer: &str) -> Result<Self, Error> {
        let mut begun = Self { connection: usable(pool, None).await?, open: true };
        if customer.is_empty() {
            let setting = sqlx::query(SET_CUSTOMER).bind(customer).execute(&mut *begun.connection);
            within(OPENING_TIMEOUT, setting).await?;
        } else {
            begun.see(customer).await?;
        }
        Ok(begun)
    }

    /// From here on it sees another customer's rows, and no other transaction of that customer is open.
    pub(in crate::store) async fn see(&mut self, customer: &str) -> Result<(), Error> {
        let seeing = sqlx::query(BE_ALONE).bind(customer).execute(&mut *self.connection);
        within(OPENING_TIMEOUT, seeing).await.map(|_| ())
    }

    pub(in crate::store) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    pub(in crate::store) async fn commit(mut self) -> Result<(), Error> {
        answered(self.connection.execute("COMMIT")).await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for ServerTx {
    fn drop(&mut self) {
        if self.open {
            self.connection.close_on_drop();
        }
    }
}

async fn within<T>(limit: Duration, asking: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let silent = |_| Err(away(ErrorKind::TimedOut, "the database server does not answer"));
    tokio::time::timeout(limit, asking).await.unwrap_or_else(silent)
}

/// Whether the connection was found broken, so that nothing was done on it; not one that is merely silent.
fn is_lost(error: &Error) -> bool {
    match error {
        Error::Io(error) => error.kind() != ErrorKind::TimedOut,
        // The server said why it ends the connection: an order, a crash, idleness.
        Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08")),
        _ => false,
    }
}

/// A pool that ran out of patience does not say whether all its connections were in use, or why none could be made:
/// then that is tried once more by hand.
async fn why_none(pool: &PgPool, error: Error) -> Error {
    if !matches!(error, Error::PoolTimedOut) || pool.size() >= pool.options().get_max_connections() {
        return error;
    }
    match within(PROBE_TIMEOUT, PgConnection::connect_with(&pool.connect_options())).await {
        Ok(connection) => {
            drop(connection);
            error
        }
        Err(refused) => refused,
    }
}

fn away(kind: ErrorKind, what: &'static str) -> Error {
    Error::Io(std::io::Error::new(kind, what))
}
