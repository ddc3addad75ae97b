//! What can go wrong in the store. A variant says what we were doing; the cause is its source. No secret and no
//! document's content stands in any of them.

use std::path::PathBuf;

use accounting::problem::Code;
use sqlx::postgres::PgDatabaseError;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address of the database cannot be used. It is not shown: a password may stand in it.
    #[error("the database's address cannot be used: {why}")]
    Address {
        /// Why.
        why: String,
    },
    /// Opening the database failed.
    #[error("opening the database {place}")]
    Open {
        /// The file, or the server and the database on it.
        place: String,
        /// Cause.
        #[source]
        source: sqlx::Error,
    },
    /// Another process writes this database.
    #[error("another process is using the database {path}")]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The database server or our role on it is not as it must be.
    #[error("the database {place} will not do: {what}")]
    Unfit {
        /// The server and the database on it.
        place: String,
        /// What is wrong, and what mends it.
        what: String,
    },
    /// The database server is a standby, or still recovers.
    #[error("the database {place} is a standby or still recovers, and takes no writes")]
    Standby {
        /// The server and the database on it.
        place: String,
    },
    /// A file beside the database could not be used.
    #[error("{doing} {path}")]
    File {
        /// What we were doing.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// A file that would be overwritten.
    #[error("{path} exists already")]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// A copy of a database does not pass its check.
    #[error("the copy {path} is not whole")]
    CopyWrong {
        /// The file.
        path: PathBuf,
        /// What was found.
        #[source]
        source: Box<StoreError>,
    },
    /// A file was asked of a database that is on a server.
    #[error("the database is on a server, which copies and restores it by its own tools")]
    OfServer,
    /// The audit lacks an entry that its anchor has.
    #[error("the audit chain of {customer} does not hold entry {seq}, which was noted in the anchor")]
    AuditCut {
        /// Whose chain.
        customer: String,
        /// The entry.
        seq: i64,
    },
    /// The database was opened for reading only.
    #[error("the database was opened for reading only")]
    ReadOnly,
    /// The database is not as it should be.
    #[error("the database failed its check: {found}")]
    Damaged {
        /// What was found.
        found: String,
    },
    /// A newer program has written the database.
    #[error("the database has schema {found}, this program knows up to {known}")]
    SchemaNewer {
        /// Version in the database.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// A database opened for reading only is not on this program's schema yet.
    #[error("the database has schema {found}, this program needs {known}: start it once for writing")]
    SchemaOlder {
        /// Version in the database.
        found: i64,
        /// Version needed.
        known: i64,
    },
    /// A statement failed.
    #[error("{doing}")]
    Statement {
        /// What we were doing.
        doing: &'static str,
        /// Cause.
        #[source]
        source: sqlx::Error,
    },
    /// A stored value has a form that this program does not write.
    #[error("the stored {what} of {id} cannot be read")]
    Stored {
        /// Which value.
        what: &'static str,
        /// Of which row.
        id: String,
    },
    /// A value could not be written as JSON, or a stored one not be read.
    #[error("converting {what}")]
    Json {
        /// Which value.
        what: &'static str,
        /// Cause.
        #[source]
        source: serde_json::Error,
    },
    /// No such row for this customer.
    #[error("there is no {what} {id}")]
    NotFound {
        /// Which noun.
        what: &'static str,
        /// The id asked for.
        id: String,
    },
    /// The lane's lease was lost to another owner; nothing was written.
    #[error("the lease on lane {lane} was lost (fence {fence})")]
    FenceLost {
        /// The lane.
        lane: String,
        /// The fence that is no longer the lane's.
        fence: i64,
    },
    /// A row changed since it was read; nothing was written.
    #[error("a {what} changed meanwhile")]
    Stale {
        /// Which noun.
        what: &'static str,
    },
    /// What was asked is not allowed as things stand; nothing was written.
    #[error("{why}")]
    Refused {
        /// Why, in words for whoever asked.
        why: String,
    },
    /// Another row has what must be unique.
    #[error("there is such a {what} already")]
    Taken {
        /// Which noun.
        what: &'static str,
    },
    /// Nobody would be left who can administer the installation.
    #[error("nobody else could administer the installation")]
    LastAdministrator,
    /// A posting with this reference is stored already.
    #[error("the posting {reference} is frozen already")]
    PostingExists {
        /// Its reference.
        reference: String,
    },
    /// An approval by the person who wrote the mapping that made the entry.
    #[error("{actor} wrote the mapping that made {reference}, and may not approve it")]
    OwnChange {
        /// The entry's reference.
        reference: String,
        /// Who wanted to approve.
        actor: String,
    },
    /// A decision that must give its reason came without a note.
    #[error("a note is needed")]
    NoteMissing,
    /// Sealed credentials exist and no master key was given.
    #[error("the master key is missing")]
    MasterKeyMissing,
    /// The master key does not open this database's data keys, or is no key.
    #[error("the master key does not fit: {why}")]
    MasterKeyWrong {
        /// Why, without the key.
        why: &'static str,
    },
    /// No secret is sealed under this name.
    #[error("no secret is sealed as {name}")]
    SecretMissing {
        /// Name asked for.
        name: String,
    },
    /// A sealed secret does not open: it was altered, or belongs to another customer, name or version.
    #[error("the sealed secret {name} does not open")]
    SecretDamaged {
        /// Its name.
        name: String,
    },
    /// The audit chain breaks.
    #[error("the audit chain of {customer} breaks at entry {seq}")]
    AuditBroken {
        /// Whose chain.
        customer: String,
        /// First entry that does not follow.
        seq: i64,
    },
    /// Writing an export failed.
    #[error("writing the audit export")]
    Export {
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    Random {
        /// Cause.
        #[source]
        source: std::io::Error,
    },
}

impl StoreError {
    /// The code under which a person finds cause and remedy, where there is one.
    pub fn code(&self) -> Option<Code> {
        Some(match self {
            Self::Address { .. } => Code::DatabaseAddress,
            Self::Unfit { .. } => Code::DatabaseUnfit,
            Self::Standby { .. } => Code::DatabaseReadOnly,
            Self::Locked { .. } => Code::DatabaseBusy,
            Self::Damaged { .. } | Self::SchemaNewer { .. } | Self::SchemaOlder { .. } | Self::Stored { .. } => {
                Code::DatabaseDamaged
            }
            Self::File { .. } => Code::DatabaseUnusable,
            Self::MasterKeyMissing | Self::MasterKeyWrong { .. } => Code::MasterKeyMissing,
            Self::SecretMissing { .. } | Self::SecretDamaged { .. } => Code::SecretMissing,
            Self::AuditBroken { .. } => Code::AuditBroken,
            Self::AuditCut { .. } => Code::AuditCut,
            Self::InTheWay { .. } => Code::FileInTheWay,
            Self::CopyWrong { .. } => Code::BackupFailed,
            Self::OfServer => Code::BackupByServer,
            Self::Statement { source, .. } | Self::Open { source, .. } => return code_of(source),
            _ => return None,
        })
    }
}

/// Turns a failed statement into an error that says what we were doing.
pub(super) fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| StoreError::Statement { doing, source }
}

/// The code of the database's own errors that a person can do something about.
fn code_of(error: &sqlx::Error) -> Option<Code> {
    let error = match error {
        sqlx::Error::PoolTimedOut => return Some(Code::DatabaseBusy),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed => return Some(Code::DatabaseAway),
        sqlx::Error::Database(error) => error,
        _ => return None,
    };
    let code = error.code()?;
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        return code_of_server(&code);
    }
    // The low byte is SQLite's primary code: BUSY and LOCKED, CORRUPT and NOTADB, READONLY, FULL and CANTOPEN.
    match code.parse::<u32>().ok()? & 0xFF {
        5 | 6 => Some(Code::DatabaseBusy),
        11 | 26 => Some(Code::DatabaseDamaged),
        8 | 13 | 14 => Some(Code::DatabaseUnusable),
        _ => None,
    }
}

/// PostgreSQL's five characters.
fn code_of_server(state: &str) -> Option<Code> {
    Some(match state {
        // No password or a wrong one, no such role, no such database.
        "28000" | "28P01" | "3D000" => Code::DatabaseSignIn,
        // Rights that our role lacks.
        "42501" => Code::DatabaseUnfit,
        // Serialization, deadlock, a lock or a statement that took too long.
        "40001" | "40P01" | "55P03" | "57014" => Code::DatabaseBusy,
        // Too many connections, of all or of our role.
        "53300" => Code::DatabaseCrowded,
        // A standby, or a database that was set so.
        "25006" => Code::DatabaseReadOnly,
        // Disk full, out of memory, a file that cannot be read or written.
        "53100" | "53200" | "58030" => Code::DatabaseUnusable,
        // A damaged index, or a damaged page.
        "XX001" | "XX002" => Code::DatabaseDamaged,
        // Shutting down, starting up, and all of class 08, broken connections.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Code::DatabaseAway,
        state if state.starts_with("08") => Code::DatabaseAway,
        _ => return None,
    })
}
