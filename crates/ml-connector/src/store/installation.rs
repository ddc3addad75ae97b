//! Which installation this database is, and whether it looks restored from a backup. The database and the file
//! `<database>.installation` beside it carry the same random incarnation and a count of commits; a database that has
//! another incarnation, or fewer commits than the file remembers, is not the one that last wrote here. Posting must
//! then wait until the ledger was read for what was posted since. On PostgreSQL the server's own identity takes the place
//! of the file: see `installation/server.rs`.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::database::Database;
use super::error::{StoreError, failed};
use super::ids::Ids;
use super::sql;
use super::sqlite::beside;

mod server;

pub(super) use server::{MAY_ASK, create_on_server, restored, suspect};

pub(super) const FIND: &str =
    "SELECT id, incarnation, commits, committed_ms, restored_ms, restored_to_ms, created_ms FROM installation";
pub(super) const CREATE: &str = "INSERT INTO installation (id, incarnation, commits, committed_ms, created_ms) \
     SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), 0, CAST($3 AS BIGINT), CAST($3 AS BIGINT) \
     WHERE NOT EXISTS (SELECT 1 FROM installation)";
pub(super) const COUNT_COMMIT: &str =
    "UPDATE installation SET commits = commits + 1, committed_ms = $1 RETURNING commits";
pub(super) const SUSPECT: &str =
    "UPDATE installation SET restored_ms = $1, restored_to_ms = $2 WHERE restored_ms IS NULL";
pub(super) const TRUST: &str = "UPDATE installation SET incarnation = $1, commits = $2, restored_ms = NULL, \
     restored_to_ms = NULL";

/// This installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Its id, for life.
    pub id: String,
    /// When it was created, in epoch milliseconds.
    pub created_ms: i64,
}

/// A database that looks restored from a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// When that was noticed, in epoch milliseconds.
    pub noticed_ms: i64,
    /// Until when the database knows what was done, in epoch milliseconds. Entries posted later are in the ledger
    /// alone.
    pub knows_to_ms: i64,
}

/// The installation and what vouches for it.
pub(super) struct Watch {
    installation: Installation,
    witness: Witness,
    /// As last read or written; where a server is the witness, it is asked instead.
    restored: Mutex<Option<Restored>>,
    /// Commits of this process, and the microseconds they took: mostly the disk's.
    kept: AtomicU64,
    kept_us: AtomicU64,
}

/// What vouches that the database is the one that was last written here.
enum Witness {
    /// Nothing: in memory, for a reader, or where a server does not tell who it is.
    Nobody,
    File(Mutex<Mark>),
    Server,
}

struct Mark {
    file: File,
    path: PathBuf,
    incarnation: String,
    commits: i64,
}

struct Stored {
    installation: Installation,
    restored: Option<Restored>,
    incarnation: String,
    commits: i64,
    committed_ms: i64,
}

impl Watch {
    /// Compares database and file. For a writer, a first start creates both, and a suspicion is kept in the
    /// database until [`Watch::trust`].
    pub(super) async fn open(
        database: &Database,
        path: Option<&Path>,
        ids: &Ids,
        at_ms: i64,
    ) -> Result<Self, StoreError> {
        let mark = path.map(Mark::open).transpose()?;
        let stored = match find(database).await? {
            Some(stored) => stored,
            None => create(database, ids, at_ms).await?,
        };
        let Some(mut mark) = mark else {
            return Ok(Self::new(stored, Witness::Nobody));
        };
        if mark.incarnation.is_empty() && stored.commits == 0 {
            mark.write(&stored.incarnation, stored.commits)?;
        } else if mark.incarnation != stored.incarnation || mark.commits > stored.commits {
            // A database without a commit knows nothing of what was ever posted.
            let knows_to_ms = if stored.commits == 0 { 0 } else { stored.committed_ms };
            let suspect = sql::query(SUSPECT).bind(at_ms).bind(knows_to_ms);
            suspect.execute(database.writer("")).await.map_err(failed("noting that the database looks restored"))?;
            let stored = find(database).await?.unwrap_or(stored);
            return Ok(Self::new(stored, Witness::File(Mutex::new(mark))));
        }
        Ok(Self::new(stored, Witness::File(Mutex::new(mark))))
    }

    /// For a reader: what the database itself says.
    pub(super) async fn read(database: &Database) -> Result<Self, StoreError> {
        Ok(Self::new(existing(database).await?, Witness::Nobody))
    }

    fn new(stored: Stored, witness: Witness) -> Self {
        let restored = Mutex::new(stored.restored);
        Self { installation: stored.installation, witness, restored, kept: 0.into(), kept_us: 0.into() }
    }

    pub(super) const fn installation(&self) -> &Installation {
        &self.installation
    }

    pub(super) const fn notices_restore(&self) -> bool {
        matches!(self.witness, Witness::File(_) | Witness::Server)
    }

    fn known(&self) -> Option<Restored> {
        *self.restored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn know(&self, restored: Option<Restored>) {
        *self.restored.lock().unwrap_or_else(PoisonError::into_inner) = restored;
    }

    /// Counts a commit of this process.
    pub(super) fn count(&self, took: Duration) {
        self.kept.fetch_add(1, Ordering::Relaxed);
        self.kept_us.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Remembers beside the database how far it came. The commit stands already, so a failure only weakens the
    /// watch and is logged.
    pub(super) fn committed(&self, commits: i64) {
        let Witness::File(file) = &self.witness else { return };
        let Ok(mut mark) = file.lock() else { return };
        if self.known().is_some() {
            return;
        }
        if commits <= mark.commits {
            return;
        }
        let incarnation = mark.incarnation.clone();
        if let Err(error) = mark.write(&incarnation, commits) {
            tracing::warn!(error = &error as &dyn std::error::Error, "the installation file was not written");
        }
    }

    /// Commits of this process, and the microseconds they took.
    pub(super) fn commits(&self) -> (u64, u64) {
        (self.kept.load(Ordering::Relaxed), self.kept_us.load(Ordering::Relaxed))
    }

    /// Ends the suspicion, once the ledger was read: a new incarnation begins.
    pub(super) async fn trust(&self, database: &Database, ids: &Ids, at_ms: i64) -> Result<(), StoreError> {
        let file = match &self.witness {
            Witness::File(file) => Some(file),
            Witness::Nobody | Witness::Server => None,
        };
        let incarnation = match self.witness {
            Witness::Server => server::identity(database).await?,
            Witness::Nobody | Witness::File(_) => ids.unique(at_ms)?,
        };
        let stored = find(database).await?.map_or(0, |stored| stored.commits);
        let marked = file.and_then(|file| file.lock().ok().map(|mark| mark.commits)).unwrap_or(0);
        let commits = stored.max(marked).saturating_add(1);
        let doing = failed("ending the suspicion of a restored database");
        sql::query(TRUST).bind(&incarnation).bind(commits).execute(database.writer("")).await.map_err(doing)?;
        if let Some(mut mark) = file.and_then(|file| file.lock().ok()) {
            mark.write(&incarnation, commits)?;
        }
        self.know(None);
        Ok(())
    }
}

impl Mark {
    fn open(database: &Path) -> Result<Self, StoreError> {
        let path = beside(database, "installation");
        let reading = |source| StoreError::File { doing: "reading", path: path.clone(), source };
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).clone();
        let mut file = options.open(&path).map_err(reading)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(reading)?;
        // A text that is no mark counts as a mark of somebody else: the database must prove itself.
        let (incarnation, commits) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let (incarnation, commits) = (incarnation.to_owned(), commits.trim().parse().unwrap_or(0));
        Ok(Self { file, path, incarnation, commits })
    }

    /// One small write of fixed length; the system keeps it whole.
    fn write(&mut self, incarnation: &str, commits: i64) -> Result<(), StoreError> {
        let writing = |source| StoreError::File { doing: "writing", path: self.path.clone(), source };
        self.file.seek(SeekFrom::Start(0)).map_err(writing)?;
        self.file.write_all(format!("{incarnation} {commits:>20}\n").as_bytes()).map_err(writing)?;
        incarnation.clone_into(&mut self.incarnation);
        self.commits = commits;
        Ok(())
    }
}

async fn find(database: &Database) -> Result<Option<Stored>, StoreError> {
    let reading = failed("reading the installation");
    let Some(row) = sql::query(FIND).fetch_optional(database.writer("")).await.map_err(&reading)? else {
        return Ok(None);
    };
    let noticed_ms: Option<i64> = row.try_get(4).map_err(&reading)?;
    let knows_to_ms: Option<i64> = row.try_get(5).map_err(&reading)?;
    Ok(Some(Stored {
        installation: Installation {
            id: row.try_get(0).map_err(&reading)?,
            created_ms: row.try_get(6).map_err(&reading)?,
        },
        restored: noticed_ms.map(|noticed_ms| Restored { noticed_ms, knows_to_ms: knows_to_ms.unwrap_or(0) }),
        incarnation: row.try_get(1).map_err(&reading)?,
        commits: row.try_get(2).map_err(&reading)?,
        committed_ms: row.try_get(3).map_err(&reading)?,
    }))
}

async fn existing(database: &Database) -> Result<Stored, StoreError> {
    let missing = || StoreError::Damaged { found: "the installation's row is missing".to_owned() };
    find(database).await?.ok_or_else(missing)
}

async fn create(database: &Database, ids: &Ids, at_ms: i64) -> Result<Stored, StoreError> {
    let (id, incarnation) = (ids.unique(at_ms)?, ids.unique(at_ms)?);
    let creating = sql::query(CREATE).bind(&id).bind(&incarnation).bind(at_ms);
    creating.execute(database.writer("")).await.map_err(failed("creating the installation"))?;
    let installation = Installation { id, created_ms: at_ms };
    Ok(Stored { installation, restored: None, incarnation, commits: 0, committed_ms: at_ms })
}
