//! Attempts to sign in, counted by account and by address. Who fails often waits longer before the next attempt is
//! even looked at, up to a cap: nobody is locked out for good, and knowing an address is not enough to lock somebody
//! out for long. Subjects come in as hashes.

use super::Store;
use super::database::Open;
use super::error::{StoreError, failed};
use super::sql;

pub(super) const FORGET: &str = "DELETE FROM throttles WHERE last_ms < $1";
pub(super) const COUNT: &str = "INSERT INTO throttles (subject, failures, last_ms, until_ms) VALUES ($1, 1, $2, $2) \
     ON CONFLICT (subject) DO UPDATE SET failures = throttles.failures + 1, last_ms = excluded.last_ms \
     WHERE throttles.until_ms <= excluded.last_ms RETURNING failures";
pub(super) const WAIT: &str = "UPDATE throttles SET until_ms = $1 WHERE subject = $2";
pub(super) const UNTIL: &str = "SELECT until_ms FROM throttles WHERE subject = $1";
pub(super) const CLEAR: &str = "DELETE FROM throttles WHERE subject = $1";
pub(super) const EXCUSE: &str = "UPDATE throttles SET failures = CASE WHEN failures > 1 THEN failures - 1 ELSE 0 END, until_ms = 0 WHERE subject = $1";

/// Failures are forgotten when there was none for so long.
const FORGET_MS: i64 = 3_600_000;

/// How attempts of a subject are slowed down.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Attempts before the first wait.
    pub free: i64,
    /// The first wait in milliseconds; each further failure doubles it.
    pub first_ms: i64,
    /// The longest wait in milliseconds.
    pub cap_ms: i64,
}

impl Pace {
    /// The wait after so many failures.
    fn wait_ms(&self, failures: i64) -> i64 {
        let over = failures.saturating_sub(self.free);
        if over < 0 {
            return 0;
        }
        let doublings = u32::try_from(over).unwrap_or(u32::MAX).min(30);
        self.first_ms.saturating_mul(1_i64 << doublings).min(self.cap_ms)
    }
}

impl Store {
    /// Counts an attempt of all subjects as failed before it is looked at, so that many at once are all counted.
    /// Gives the milliseconds still to wait where one of them must; then nothing was counted.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn count_attempt(&self, subjects: &[(&str, Pace)], at_ms: i64) -> Result<Option<i64>, StoreError> {
        let counting = failed("counting an attempt to sign in");
        let mut open = self.0.database.begin("").await.map_err(&counting)?;
        let forget = sql::query(FORGET).bind(at_ms.saturating_sub(FORGET_MS));
        forget.execute(open.target()).await.map_err(&counting)?;
        for (subject, pace) in subjects {
            if let Some(wait_ms) = count(&mut open, subject, *pace, at_ms).await.map_err(&counting)? {
                return Ok(Some(wait_ms));
            }
        }
        open.commit().await.map_err(&counting)?;
        Ok(None)
    }

    /// An attempt turned out well: the account's failures are forgotten, the address is excused of this one.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn clear_attempts(&self, account: &str, address: &str) -> Result<(), StoreError> {
        let clearing = failed("forgetting attempts to sign in");
        let clear = sql::query(CLEAR).bind(account).execute(self.0.database.writer("")).await;
        clear.map_err(&clearing)?;
        let excuse = sql::query(EXCUSE).bind(address).execute(self.0.database.writer("")).await;
        excuse.map_err(&clearing)?;
        Ok(())
    }
}

async fn count(open: &mut Open, subject: &str, pace: Pace, at_ms: i64) -> Result<Option<i64>, sqlx::Error> {
    let counting = sql::query_scalar::<i64>(COUNT).bind(subject).bind(at_ms);
    let Some(failures) = counting.fetch_optional(open.target()).await? else {
        let until_ms: i64 = sql::query_scalar(UNTIL).bind(subject).fetch_one(open.target()).await?;
        return Ok(Some(until_ms.saturating_sub(at_ms).max(1)));
    };
    let until_ms = at_ms.saturating_add(pace.wait_ms(failures));
    sql::query(WAIT).bind(until_ms).bind(subject).execute(open.target()).await?;
    Ok(None)
}
