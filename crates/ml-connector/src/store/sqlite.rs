//! SQLite: how the database is opened, locked, checked and brought to this program's schema. What differs between
//! databases stands here; statements do not.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Row};

use super::database::{Database, Pools};
use super::error::{StoreError, failed};
use super::schema;

/// How long a statement waits for the database, and a task for a connection.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections that only read. Reads of a file never wait for the writer.
const READERS: u32 = 3;
/// Page caches, in KiB and negative, as SQLite wants it.
const WRITER_CACHE: &str = "-8000";
const READER_CACHE: &str = "-2000";

pub(super) const FIND_SCHEMA: &str = "SELECT MAX(version) FROM schema_versions";
pub(super) const ADD_SCHEMA: &str = "INSERT INTO schema_versions (version, applied_ms) VALUES ($1, $2)";

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading and writing; on SQLite one process at a time.
    Write,
    /// Reading only, beside a process that writes.
    Read,
}

/// Opens the file, creating it for [`Access::Write`], and brings it to this program's schema.
pub(super) async fn open(path: &Path, access: Access, at_ms: i64) -> Result<Database, StoreError> {
    let opening = |source| StoreError::Open { place: path.display().to_string(), source };
    let lock = match access {
        Access::Write => Some(lock(path)?),
        Access::Read => None,
    };
    let options = options().filename(path);
    let reading = options.clone().read_only(true).pragma("cache_size", READER_CACHE);
    let (writer, reader) = match access {
        Access::Write => {
            create_for_owner(path)?;
            let writing = options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
            let writer = pool(1).connect_with(writing).await.map_err(opening)?;
            (writer, pool(READERS).connect_lazy_with(reading))
        }
        Access::Read => {
            let reader = pool(READERS).connect_with(reading).await.map_err(opening)?;
            (reader.clone(), reader)
        }
    };
    check(&writer).await?;
    bring_to_schema(&writer, access, at_ms).await?;
    Ok(Database::new(Pools::Sqlite { writer, reader }, access, lock))
}

/// A database that lives as long as this value. Its one connection serves readers too, so a task that reads while it
/// holds a transaction open waits in vain and gets [`StoreError::Statement`].
pub(super) async fn in_memory(at_ms: i64) -> Result<Database, StoreError> {
    let options = options().in_memory(true);
    let opening = |source| StoreError::Open { place: ":memory:".to_owned(), source };
    let writer = pool(1).connect_with(options).await.map_err(opening)?;
    bring_to_schema(&writer, Access::Write, at_ms).await?;
    let pools = Pools::Sqlite { reader: writer.clone(), writer };
    Ok(Database::new(pools, Access::Write, None))
}

async fn check(pool: &SqlitePool) -> Result<(), StoreError> {
    let damaged = |source: sqlx::Error| StoreError::Damaged { found: source.to_string() };
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(pool).await.map_err(damaged)?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Damaged { found }) }
}

async fn bring_to_schema(pool: &SqlitePool, access: Access, at_ms: i64) -> Result<(), StoreError> {
    let known = schema::newest();
    let found = applied(pool).await?;
    if found > known {
        return Err(StoreError::SchemaNewer { found, known });
    }
    if found < known && access == Access::Read {
        return Err(StoreError::SchemaOlder { found, known });
    }
    for step in schema::SCHEMAS.iter().filter(|step| step.version > found) {
        let migrating = failed("bringing the database to a newer schema");
        let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.map_err(&migrating)?;
        sqlx::raw_sql(step.sqlite).execute(&mut *tx).await.map_err(&migrating)?;
        sqlx::query(ADD_SCHEMA).bind(step.version).bind(at_ms).execute(&mut *tx).await.map_err(&migrating)?;
        tx.commit().await.map_err(&migrating)?;
    }
    Ok(())
}

/// Copies a database that others may be writing into an empty file.
pub(super) async fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let opening = |source| StoreError::Open { place: from.display().to_string(), source };
    let copying = failed("copying the database");
    let pool = pool(1).connect_with(options().filename(from).read_only(true)).await.map_err(opening)?;
    let to = to.to_string_lossy().into_owned();
    let copied = sqlx::query("VACUUM INTO $1").bind(to).execute(&pool).await.map_err(copying);
    pool.close().await;
    copied.map(|_| ())
}

/// Checks every page and index of a file, whichever program wrote it.
pub(super) async fn check_file(path: &Path) -> Result<(), StoreError> {
    let opening = |source| StoreError::Open { place: path.display().to_string(), source };
    let pool = pool(1).connect_with(options().filename(path).read_only(true)).await.map_err(opening)?;
    let checked = check(&pool).await;
    pool.close().await;
    checked
}

/// Writes the log of a database that nobody has open back into its file.
pub(super) async fn write_back(path: &Path) -> Result<(), StoreError> {
    let opening = |source| StoreError::Open { place: path.display().to_string(), source };
    let writing = failed("writing the log back");
    let pool = pool(1).connect_with(options().filename(path)).await.map_err(opening)?;
    let written = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&pool).await.map_err(writing);
    pool.close().await;
    written.map(|_| ())
}

/// The newest schema applied to a file, which is not changed.
pub(super) async fn schema_of(path: &Path) -> Result<i64, StoreError> {
    let opening = |source| StoreError::Open { place: path.display().to_string(), source };
    let pool = pool(1).connect_with(options().filename(path).read_only(true)).await.map_err(opening)?;
    let found = applied(&pool).await;
    pool.close().await;
    found
}

/// The newest schema applied; 0 for an empty database.
async fn applied(pool: &SqlitePool) -> Result<i64, StoreError> {
    let reading = failed("reading the database's schema version");
    let tables = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_versions'";
    let tables: i64 = sqlx::query_scalar(tables).fetch_one(pool).await.map_err(&reading)?;
    if tables == 0 {
        return Ok(0);
    }
    let row = sqlx::query(FIND_SCHEMA).fetch_one(pool).await.map_err(&reading)?;
    Ok(row.try_get::<Option<i64>, _>(0).map_err(&reading)?.unwrap_or(0))
}

/// FULL, because a commit that a power loss takes back would forget an entry that is already in the ledger.
fn options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .pragma("mmap_size", "0")
        // A statement over rows keeps the pages that it changes, in case a later row fails: not in a file.
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", "4000")
        .pragma("journal_size_limit", "67108864")
        .disable_statement_logging()
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BUSY_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// People's names and expenses will stand in it, so that others of this machine may not read it. SQLite gives the files
/// beside it the same rights.
fn create_for_owner(path: &Path) -> Result<(), StoreError> {
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match created {
        Err(source) if source.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(StoreError::File { doing: "creating the database", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// `<database>.lock`, locked for this process alone.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let lock_path = beside(path, "lock");
    let failed = |doing| {
        let path = lock_path.clone();
        move |source| StoreError::File { doing, path, source }
    };
    let options = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).clone();
    let file = options.open(&lock_path).map_err(failed("opening the lock file"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed("locking")(source)),
    }
}

/// A file beside the database: `<database>.<ending>`.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
