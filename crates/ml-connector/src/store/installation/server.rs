//! The witness of a database on a server: the identity of the server's data and the timeline of its log. Both change
//! when the database is restored elsewhere, rolled back to a point in time, or taken over by a standby, which may lack
//! the last commits. A copy of the server's files that was put back by hand keeps both, and is not noticed.

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::{CREATE, Restored, SUSPECT, Watch, Witness, existing};
use crate::store::database::Database;
use crate::store::error::{StoreError, failed};
use crate::store::ids::Ids;
use crate::store::{Store, audit, sql};

/// The name of a file of the log begins with the timeline on which the server writes now.
const IDENTITY: &str = "SELECT CAST(system_identifier AS TEXT) || ':' || \
     substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) FROM pg_control_system()";
/// Some providers keep these functions from plain roles.
pub(in crate::store) const MAY_ASK: &str = "SELECT CAST(MIN(CASE WHEN has_function_privilege(f, 'EXECUTE') THEN 1 \
     ELSE 0 END) AS BIGINT) FROM (VALUES ('pg_control_system()'), ('pg_current_wal_lsn()'), \
     ('pg_walfile_name(pg_lsn)')) AS asked (f)";
/// What is stored, beside what the server says now.
const WATCH: &str = "SELECT i.incarnation, CAST(c.system_identifier AS TEXT) || ':' || \
     substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), i.restored_ms, i.restored_to_ms \
     FROM installation i, pg_control_system() c";
/// Takes the server as it is, where it did not tell who it was when the database was made.
const ADOPT: &str = "UPDATE installation SET incarnation = $1 WHERE incarnation = ''";

/// Creates the row of a new installation, under the lock of the schema.
pub(in crate::store) async fn create_on_server(
    connection: &mut PgConnection,
    ids: &Ids,
    at_ms: i64,
) -> Result<(), StoreError> {
    let creating = failed("creating the installation");
    let may_ask = sqlx::query(MAY_ASK).fetch_one(&mut *connection).await.map_err(&creating)?;
    let mut identity = String::new();
    if may_ask.try_get::<i64, _>(0).map_err(&creating)? == 1 {
        let told = sqlx::query(IDENTITY).fetch_one(&mut *connection).await.map_err(&creating)?;
        identity = told.try_get(0).map_err(&creating)?;
        sqlx::query(ADOPT).bind(&identity).execute(&mut *connection).await.map_err(&creating)?;
    }
    let create = sqlx::query(CREATE).bind(ids.unique(at_ms)?).bind(identity).bind(at_ms);
    create.execute(&mut *connection).await.map_err(&creating)?;
    Ok(())
}

impl Watch {
    /// For a writer on a server.
    pub(in crate::store) async fn of_server(database: &Database) -> Result<Self, StoreError> {
        let asking = sql::query_scalar::<i64>(MAY_ASK).fetch_one(database.reader(""));
        let may_ask = asking.await.map_err(failed("asking whether the server tells who it is"))? == 1;
        let witness = if may_ask { Witness::Server } else { Witness::Nobody };
        Ok(Self::new(existing(database).await?, witness))
    }
}

/// Who the server is now.
pub(super) async fn identity(database: &Database) -> Result<String, StoreError> {
    let asking = sql::query_scalar(IDENTITY).fetch_one(database.reader(""));
    asking.await.map_err(failed("asking the database server who it is"))
}

/// What speaks for a restore now; a suspicion is kept until it is ended.
pub(in crate::store) async fn restored(store: &Store, at_ms: i64) -> Result<Option<Restored>, StoreError> {
    let (watch, database) = (&store.0.watch, &store.0.database);
    match (&watch.witness, database.is_shared()) {
        (Witness::Server, _) => {}
        // Other processes may have noticed, or a reader's database may be replaced under it.
        (Witness::Nobody, true) => return Ok(existing(database).await?.restored),
        _ => return Ok(watch.known()),
    }
    let watching = failed("asking whether the database looks restored");
    let asking = sql::query_as::<(String, String, Option<i64>, Option<i64>)>(WATCH).fetch_one(database.reader(""));
    let (incarnation, identity, noticed_ms, knows_to_ms) = asking.await.map_err(&watching)?;
    if let Some(noticed_ms) = noticed_ms {
        return Ok(Some(Restored { noticed_ms, knows_to_ms: knows_to_ms.unwrap_or(0) }));
    }
    if incarnation == identity || incarnation.is_empty() {
        return Ok(None);
    }
    tracing::warn!("the database server is another one, or was rolled back: posting waits for the ledger to be read");
    suspect(store, at_ms).await?;
    Ok(existing(database).await?.restored)
}

/// Notes that the database was put back to an earlier state.
pub(in crate::store) async fn suspect(store: &Store, at_ms: i64) -> Result<(), StoreError> {
    let suspect = sql::query(SUSPECT).bind(at_ms).bind(newest_ms(store).await?);
    let suspecting = suspect.execute(store.0.database.writer(""));
    suspecting.await.map(|_| ()).map_err(failed("noting that the database looks restored"))
}

/// When the last change of any customer was kept; 0 where there is none.
async fn newest_ms(store: &Store) -> Result<i64, StoreError> {
    let mut newest_ms = 0;
    for customer in store.customers().await? {
        let customer = store.door(customer.id);
        let asking = sql::query_scalar::<i64>(audit::NEWEST_MS).bind(customer.id().as_str());
        let kept_ms = asking.fetch_optional(customer.reader()).await.map_err(failed("reading the newest change"))?;
        newest_ms = newest_ms.max(kept_ms.unwrap_or(0));
    }
    Ok(newest_ms)
}
