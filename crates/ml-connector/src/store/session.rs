//! Sessions of people who signed in. A session is known by the SHA-256 of its id; it ends when it was not used for a
//! time, when it is old, at sign-out, and with every change of its person's password, roles or standing.

use super::Store;
use super::error::{StoreError, failed};
use super::ids::UserId;
use super::sql;
use super::tx::Tx;
use super::user::user_id;

pub(super) const BEGIN: &str = "INSERT INTO sessions (sha256, user_id, created_ms, seen_ms) VALUES ($1, $2, $3, $3)";
pub(super) const FIND: &str = "SELECT user_id, created_ms, seen_ms FROM sessions WHERE sha256 = $1";
pub(super) const SEE: &str = "UPDATE sessions SET seen_ms = $1 WHERE sha256 = $2 AND seen_ms < $3";
pub(super) const END: &str = "DELETE FROM sessions WHERE sha256 = $1";
pub(super) const END_ALL: &str = "DELETE FROM sessions WHERE user_id = $1";
pub(super) const FORGET: &str = "DELETE FROM sessions WHERE seen_ms < $1";

/// How exact the time of last use is, in milliseconds: it is not written at each request.
pub const SEEN_WITHIN_MS: i64 = 300_000;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub user: UserId,
    /// When it began, in epoch milliseconds.
    pub created_ms: i64,
    /// When it was last used, in epoch milliseconds, to five minutes.
    pub seen_ms: i64,
}

impl Tx {
    /// Begins a session, and forgets those of anybody that were last used before `forget_ms`.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn begin_session(
        &mut self,
        sha256: &str,
        user: &UserId,
        forget_ms: i64,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let beginning = failed("beginning a session");
        let forgetting = sql::query(FORGET).bind(forget_ms);
        forgetting.execute(self.connection()).await.map_err(&beginning)?;
        let begin = sql::query(BEGIN).bind(sha256).bind(user.as_str()).bind(at_ms);
        begin.execute(self.connection()).await.map_err(&beginning)?;
        Ok(())
    }

    /// Ends a session; whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn end_session(&mut self, sha256: &str) -> Result<bool, StoreError> {
        let ending = sql::query(END).bind(sha256).execute(self.connection()).await;
        Ok(ending.map_err(failed("ending a session"))?.rows_affected() > 0)
    }

    /// Ends every session of a person.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn end_sessions(&mut self, user: &UserId) -> Result<u64, StoreError> {
        let ending = sql::query(END_ALL).bind(user.as_str()).execute(self.connection()).await;
        Ok(ending.map_err(failed("ending a person's sessions"))?.rows_affected())
    }
}

impl Store {
    /// The session of this hash, if there is one. Whether it has lapsed is for the caller to say.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn session(&self, sha256: &str) -> Result<Option<Session>, StoreError> {
        let finding = sql::query_as::<(String, i64, i64)>(FIND).bind(sha256);
        let found = finding.fetch_optional(self.0.database.reader("")).await.map_err(failed("reading a session"))?;
        found.map(|(user, created_ms, seen_ms)| Ok(Session { user: user_id(user)?, created_ms, seen_ms })).transpose()
    }

    /// Notes that a session is in use, where that was not noted within five minutes.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn see_session(&self, sha256: &str, at_ms: i64) -> Result<(), StoreError> {
        let seeing = sql::query(SEE).bind(at_ms).bind(sha256).bind(at_ms.saturating_sub(SEEN_WITHIN_MS));
        seeing.execute(self.0.database.writer("")).await.map_err(failed("noting a session's use"))?;
        Ok(())
    }
}
