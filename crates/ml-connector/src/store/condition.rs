//! What the database itself says of its condition: engine, size, schema, what keeps its commits and its customers
//! apart. It asks and changes nothing; what to think of the answers is decided elsewhere.

use super::database::Pools;
use super::error::{StoreError, failed};
use super::place::{Kind, Place};
use super::{Store, postgres, schema, sql, sqlite};
use super::{installation, isolation};

/// The condition of an open database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Such as `SQLite 3.50.2` or `PostgreSQL 15.14`.
    pub engine: String,
    /// Its size on disk, in bytes.
    pub size_bytes: i64,
    /// What the database is set to, by name.
    pub settings: Vec<(&'static str, String)>,
    /// What of that could take back a commit.
    pub weak: Vec<String>,
    /// The server's clock, in epoch milliseconds; a file has none.
    pub time_ms: Option<i64>,
    /// Our role on the server.
    pub role: Option<String>,
    /// Tables of customers' data that no row-level security binds; of a server alone.
    pub unbound: Vec<String>,
    /// Whether the server tells our role who it is, so that a restore is noticed.
    pub tells_identity: bool,
    /// Connections taken on the server, and how many it allows.
    pub connections: Option<(i64, i64)>,
}

/// A schema found, and what this program knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaState {
    /// The newest step applied; 0 for none.
    pub found: i64,
    /// The newest step that this program knows.
    pub known: i64,
    /// The steps still to be made, by number and name.
    pub pending: Vec<(i64, &'static str)>,
}

impl Place {
    /// The schema of the database, without changing or creating anything.
    ///
    /// # Errors
    /// [`StoreError::Open`], [`StoreError::Statement`].
    pub async fn schema(&self) -> Result<SchemaState, StoreError> {
        let found = match &self.0 {
            Kind::File(path) if !path.exists() => 0,
            Kind::File(path) => sqlite::schema_of(path).await?,
            Kind::Server(server) => postgres::schema_of(server).await?,
        };
        let pending = schema::SCHEMAS.iter().filter(|step| step.version > found);
        let pending = pending.map(|step| (step.version, step.name)).collect();
        Ok(SchemaState { found, known: schema::newest(), pending })
    }
}

impl Store {
    /// Asks the database for its condition.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn condition(&self) -> Result<Condition, StoreError> {
        let asking = failed("asking the database for its condition");
        match &self.0.database.pools {
            Pools::Sqlite { reader, .. } => of_sqlite(reader).await.map_err(asking),
            Pools::Postgres(pool) => of_postgres(pool).await.map_err(asking),
        }
    }

    /// The newest step of the schema in the database now, and what this program knows. It tells at once whether the
    /// database answers.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn schema_now(&self) -> Result<(i64, i64), StoreError> {
        let asking = sql::query_scalar::<Option<i64>>(sqlite::FIND_SCHEMA).fetch_one(self.0.database.reader(""));
        let found = asking.await.map_err(failed("reading the database's schema version"))?;
        Ok((found.unwrap_or(0), schema::newest()))
    }

    /// Checks every page, index and reference of a file; on a server that is the server's own business.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Statement`].
    pub async fn check_integrity(&self) -> Result<(), StoreError> {
        let Pools::Sqlite { reader, .. } = &self.0.database.pools else { return Ok(()) };
        let checking = failed("checking the database");
        let found: String =
            sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(reader).await.map_err(&checking)?;
        if found != "ok" {
            return Err(StoreError::Damaged { found });
        }
        let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_optional(reader).await.map_err(&checking)?;
        match dangling {
            None => Ok(()),
            Some(_) => Err(StoreError::Damaged { found: "a row refers to one that is not there".to_owned() }),
        }
    }
}

async fn of_sqlite(pool: &sqlx::SqlitePool) -> Result<Condition, sqlx::Error> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(pool).await?;
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(pool).await?;
    let page_bytes: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(pool).await?;
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await?;
    // Each connection of ours is opened with FULL; this tells that it took.
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(pool).await?;
    let mut weak = Vec::new();
    if synchronous < 2 {
        weak.push("synchronous is below FULL".to_owned());
    }
    let synchronous = if synchronous >= 2 { "FULL" } else { "NORMAL or OFF" };
    Ok(Condition {
        engine: format!("SQLite {version}"),
        size_bytes: pages.saturating_mul(page_bytes),
        settings: vec![("journal_mode", journal), ("synchronous", synchronous.to_owned())],
        weak,
        ..Condition::default()
    })
}

/// Settings of a server that an operator asks for first.
const SHOWN: [&str; 6] =
    ["synchronous_commit", "fsync", "full_page_writes", "data_checksums", "TimeZone", "max_connections"];

async fn of_postgres(pool: &sqlx::PgPool) -> Result<Condition, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(&mut *connection).await?;
    let mut settings = Vec::new();
    for name in SHOWN {
        let asking = sqlx::query_scalar("SELECT current_setting($1, true)").bind(name);
        let value: Option<String> = asking.fetch_one(&mut *connection).await?;
        settings.push((name, value.unwrap_or_default()));
    }
    let tls: Option<bool> = sqlx::query_scalar("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        .fetch_optional(&mut *connection)
        .await?;
    settings.push(("ssl", if tls.unwrap_or(false) { "on" } else { "off" }.to_owned()));
    let weak = ["synchronous_commit", "fsync", "full_page_writes"];
    let weak = settings.iter().filter(|(name, value)| weak.contains(name) && value == "off");
    let weak = weak.map(|(name, _)| format!("{name} is off")).collect();
    let facts = "SELECT pg_database_size(current_database()), \
         CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT), current_user::text, \
         (SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), \
         current_setting('max_connections')::bigint";
    let (size_bytes, time_ms, role, taken, most): (i64, i64, String, i64, i64) =
        sqlx::query_as(facts).fetch_one(&mut *connection).await?;
    Ok(Condition {
        engine: format!("PostgreSQL {version}"),
        size_bytes,
        settings,
        weak,
        time_ms: Some(time_ms),
        role: Some(role),
        tells_identity: sqlx::query_scalar::<_, i64>(installation::MAY_ASK).fetch_one(&mut *connection).await? == 1,
        unbound: isolation::unbound(&mut connection).await?,
        connections: Some((taken, most)),
    })
}
