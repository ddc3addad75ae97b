//! PostgreSQL: how the database is opened, what must hold of its server and of our role there, and how it is brought
//! to this program's schema. What differs between databases stands here and in `isolation`; statements do not.
//!
//! Each process has a pool of its own. Connections go straight to the server: whose rows one sees is a setting of the
//! connection, so a pooler between may pool sessions, but no transactions.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Row};

use super::database::{Database, Pools};
use super::error::{StoreError, failed};
use super::ids::Ids;
use super::place::Server;
use super::sqlite::{ADD_SCHEMA, Access, FIND_SCHEMA};
use super::{installation, isolation, schema};

pub(super) mod connection;
pub(super) mod young;

/// How long a task waits for a connection, and a statement for another's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long opening waits for a server that does not answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that one statement may take. No statement of ours comes near.
const STATEMENT_TIMEOUT: &str = "60s";
/// The oldest server that knows all our statements, as PostgreSQL writes its version.
const OLDEST_SERVER: i32 = 130_000;
/// More than the store has statements, so that each is prepared once a connection.
const PREPARED: usize = 1_000;
/// The lock under which one process at a time brings a database to its schema; any number that nobody else takes.
const SCHEMA_LOCK: &str = "SELECT pg_advisory_xact_lock(7306915881)";

const EXAMINE: &str = "SELECT current_setting('server_version_num')::int, r.rolsuper OR r.rolbypassrls, \
     current_setting('synchronous_commit'), current_setting('fsync'), current_user::text, pg_is_in_recovery() \
     FROM pg_roles r WHERE r.rolname = current_user";

/// Opens the database and, for [`Access::Write`], brings it to this program's schema. Any number of processes may do
/// so at once.
pub(super) async fn open(server: &Server, access: Access, ids: &Ids, at_ms: i64) -> Result<Database, StoreError> {
    let opening = |source| StoreError::Open { place: server.to_string(), source };
    let options = options(server, access);
    // By itself first: a pool would try again until its patience ends, and then no longer know why.
    let connecting = tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options)).await;
    let silent = |_| sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the server does not answer"));
    let mut connection = connecting.map_err(silent).and_then(std::convert::identity).map_err(opening)?;
    examine(&mut connection, server, access).await?;
    bring_to_schema(&mut connection, access, ids, at_ms).await?;
    connection.close().await.map_err(opening)?;
    let pool = PgPoolOptions::new()
        .max_connections(server.connections)
        .acquire_timeout(BUSY_TIMEOUT)
        // Each use begins with a statement of ours, which finds a connection that was lost.
        .test_before_acquire(false)
        .connect_lazy_with(options);
    Ok(Database::new(Pools::Postgres(pool), access, None))
}

fn options(server: &Server, access: Access) -> PgConnectOptions {
    let named = match server.options.get_application_name() {
        Some(_) => server.options.clone(),
        None => server.options.clone().application_name("ml-connector"),
    };
    let busy_ms = BUSY_TIMEOUT.as_millis().to_string();
    let settings = [
        ("lock_timeout", busy_ms.as_str()),
        ("statement_timeout", STATEMENT_TIMEOUT),
        // A process that froze in the midst of a transaction holds up its customer no longer than this.
        ("idle_in_transaction_session_timeout", "30s"),
        ("default_transaction_isolation", "read committed"),
        // Every statement has an index to go by. A server that has no figures of a young table yet would rather walk
        // through it, for each commit through more; and what it compiles costs more than it runs.
        ("enable_seqscan", "off"),
        ("jit", "off"),
    ];
    let named = match access {
        Access::Read => named.options([("default_transaction_read_only", "on")]),
        Access::Write => named,
    };
    named.statement_cache_capacity(PREPARED).options(settings).disable_statement_logging()
}

/// The newest schema applied to a database, which is not changed.
pub(super) async fn schema_of(server: &Server) -> Result<i64, StoreError> {
    let opening = |source| StoreError::Open { place: server.to_string(), source };
    let mut connection = PgConnection::connect_with(&options(server, Access::Read)).await.map_err(opening)?;
    let found = applied(&mut connection).await;
    connection.close().await.map_err(opening)?;
    found
}

/// What must hold of the server and of our role, lest a commit be lost or a customer's rows be seen by another.
async fn examine(connection: &mut PgConnection, server: &Server, access: Access) -> Result<(), StoreError> {
    let asking = failed("asking the database server for its settings");
    let row = sqlx::query(EXAMINE).fetch_one(&mut *connection).await.map_err(&asking)?;
    let version: i32 = row.try_get(0).map_err(&asking)?;
    let unbound: bool = row.try_get(1).map_err(&asking)?;
    let (synchronous, fsync): (String, String) = (row.try_get(2).map_err(&asking)?, row.try_get(3).map_err(&asking)?);
    let role: String = row.try_get(4).map_err(&asking)?;
    let unfit = |what: String| Err(StoreError::Unfit { place: server.to_string(), what });
    if access == Access::Write && row.try_get::<bool, _>(5).map_err(&asking)? {
        return Err(StoreError::Standby { place: server.to_string() });
    }
    if version < OLDEST_SERVER {
        let (found, oldest) = (version / 10_000, OLDEST_SERVER / 10_000);
        return unfit(format!("the server is PostgreSQL {found}; {oldest} is the oldest that will do"));
    }
    if unbound {
        return unfit(format!(
            "the role {role} is a superuser or has BYPASSRLS, so nothing would keep customers' rows apart; make a plain \
             one: CREATE ROLE ml_connector LOGIN PASSWORD '...'; CREATE DATABASE ml_connector OWNER ml_connector"
        ));
    }
    if synchronous == "off" {
        return unfit(format!(
            "synchronous_commit is off, so a crash could take back what was committed before an entry was sent; \
             ALTER ROLE {role} SET synchronous_commit = on"
        ));
    }
    if fsync == "off" {
        tracing::warn!(
            "fsync is off on the database server: a crash of its machine loses commits, and with them \
             what was sent"
        );
    }
    Ok(())
}

async fn bring_to_schema(
    connection: &mut PgConnection,
    access: Access,
    ids: &Ids,
    at_ms: i64,
) -> Result<(), StoreError> {
    let known = schema::newest();
    if access == Access::Read {
        let found = applied(connection).await?;
        return match found {
            found if found > known => Err(StoreError::SchemaNewer { found, known }),
            found if found < known => Err(StoreError::SchemaOlder { found, known }),
            _ => Ok(()),
        };
    }
    let migrating = failed("bringing the database to a newer schema");
    let mut tx = connection.begin().await.map_err(&migrating)?;
    // Others may be at it, and a step may take its time.
    let patient = "SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0";
    sqlx::raw_sql(patient).execute(&mut *tx).await.map_err(&migrating)?;
    sqlx::query(SCHEMA_LOCK).execute(&mut *tx).await.map_err(&migrating)?;
    let found = applied(&mut tx).await?;
    if found > known {
        return Err(StoreError::SchemaNewer { found, known });
    }
    if (1..known).contains(&found) {
        isolation::lift(&mut tx).await?;
    }
    for step in schema::SCHEMAS.iter().filter(|step| step.version > found) {
        sqlx::raw_sql(step.postgres).execute(&mut *tx).await.map_err(&migrating)?;
        sqlx::query(ADD_SCHEMA).bind(step.version).bind(at_ms).execute(&mut *tx).await.map_err(&migrating)?;
    }
    isolation::enforce(&mut tx).await?;
    installation::create_on_server(&mut tx, ids, at_ms).await?;
    tx.commit().await.map_err(&migrating)
}

/// The newest schema applied; 0 for an empty database.
async fn applied(connection: &mut PgConnection) -> Result<i64, StoreError> {
    let reading = failed("reading the database's schema version");
    let table = sqlx::query("SELECT to_regclass('schema_versions') IS NOT NULL").fetch_one(&mut *connection).await;
    if !table.and_then(|row| row.try_get::<bool, _>(0)).map_err(&reading)? {
        return Ok(0);
    }
    let row = sqlx::query(FIND_SCHEMA).fetch_one(&mut *connection).await.map_err(&reading)?;
    Ok(row.try_get::<Option<i64>, _>(0).map_err(&reading)?.unwrap_or(0))
}
