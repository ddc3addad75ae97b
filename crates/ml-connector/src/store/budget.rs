//! When a credential, or the address that requests leave from, was last used at its vendor, so that a rate limit holds
//! across restarts, workers and hosts. A credential is known by a fingerprint that the caller makes; the credential
//! itself is never here.

use super::Store;
use super::error::{StoreError, failed};
use super::sql::{self, Text};

/// Locks the budget until the end of the transaction, and tells the time that counts for it.
pub(super) const LOCK: Text = Text {
    sqlite: "INSERT INTO counters (name, last) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET last = 1 \
         RETURNING CAST($2 AS BIGINT)",
    postgres: "INSERT INTO counters (name, last) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET last = 1 \
         RETURNING GREATEST(0 * CAST($2 AS BIGINT), CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT))",
};
pub(super) const SPEND: &str = "INSERT INTO budgets (fingerprint, n, at_ms) \
     SELECT CAST($1 AS TEXT), COALESCE(MAX(n), 0) + 1, CAST($2 AS BIGINT) FROM budgets WHERE fingerprint = $1";
pub(super) const FORGET: &str = "DELETE FROM budgets WHERE fingerprint = $1 AND at_ms < $2";
pub(super) const SPENT: &str = "SELECT at_ms FROM budgets WHERE fingerprint = $1 AND at_ms >= $2 ORDER BY at_ms, n";

/// At most so many requests within any stretch of so many milliseconds.
pub type BudgetWindow = (usize, i64);

impl Store {
    /// Notes a request in all the budgets that it counts towards, if each of them allows it now; else says in how many
    /// milliseconds it may be tried again, and notes nothing. Asking one after the other cannot exceed a budget, on
    /// whatever hosts the askers are.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn take_budget(
        &self,
        fingerprints: &[String],
        windows: &[BudgetWindow],
        at_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        let spending = failed("noting a request in its budget");
        let longest_ms = windows.iter().map(|(_, length_ms)| *length_ms).max().unwrap_or(0);
        let mut tx = self.0.database.begin("").await.map_err(&spending)?;
        let mut wait_ms = 0;
        let mut now_ms = at_ms;
        for fingerprint in fingerprints {
            let lock = sql::query_scalar::<i64>(LOCK).bind(format!("budget:{fingerprint}")).bind(at_ms);
            now_ms = lock.fetch_one(tx.target()).await.map_err(&spending)?;
            let spent = sql::query_scalar::<i64>(SPENT).bind(fingerprint).bind(now_ms.saturating_sub(longest_ms));
            let spent = spent.fetch_all(tx.target()).await.map_err(&spending)?;
            wait_ms = wait_ms.max(wait(&spent, windows, now_ms));
        }
        if wait_ms > 0 {
            // Nothing but the lock is given up: a transaction that is dropped would cost its connection.
            tx.commit().await.map_err(&spending)?;
            return Ok(Some(wait_ms));
        }
        for fingerprint in fingerprints {
            let spend = sql::query(SPEND).bind(fingerprint).bind(now_ms);
            spend.execute(tx.target()).await.map_err(&spending)?;
            let forget = sql::query(FORGET).bind(fingerprint).bind(now_ms.saturating_sub(longest_ms));
            forget.execute(tx.target()).await.map_err(&spending)?;
        }
        tx.commit().await.map_err(&spending)?;
        Ok(None)
    }

    /// Notes a request about to be made, and forgets those older than `keep_ms` milliseconds.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn spend_budget(&self, fingerprint: &str, at_ms: i64, keep_ms: i64) -> Result<(), StoreError> {
        let spending = failed("noting a request in its budget");
        let mut tx = self.0.database.begin("").await.map_err(&spending)?;
        let lock = sql::query_scalar::<i64>(LOCK).bind(format!("budget:{fingerprint}")).bind(at_ms);
        lock.fetch_one(tx.target()).await.map_err(&spending)?;
        let spend = sql::query(SPEND).bind(fingerprint).bind(at_ms);
        spend.execute(tx.target()).await.map_err(&spending)?;
        let forget = sql::query(FORGET).bind(fingerprint).bind(at_ms.saturating_sub(keep_ms));
        forget.execute(tx.target()).await.map_err(&spending)?;
        tx.commit().await.map_err(&spending)
    }

    /// When requests were made since `since_ms`, oldest first, in epoch milliseconds.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn spent_budget(&self, fingerprint: &str, since_ms: i64) -> Result<Vec<i64>, StoreError> {
        let reading = sql::query_scalar(SPENT).bind(fingerprint).bind(since_ms);
        reading.fetch_all(self.0.database.reader("")).await.map_err(failed("reading a budget"))
    }
}

/// Milliseconds until every window has room for one more.
fn wait(spent_ms: &[i64], windows: &[BudgetWindow], now_ms: i64) -> i64 {
    let free_at = |(count, length_ms): &BudgetWindow| {
        let nth_last = spent_ms.len().checked_sub((*count).max(1))?;
        Some(spent_ms[nth_last].saturating_add(*length_ms).saturating_sub(now_ms))
    };
    windows.iter().filter_map(free_at).max().unwrap_or(0).max(0)
}
