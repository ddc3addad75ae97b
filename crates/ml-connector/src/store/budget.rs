//! When a credential was last used at its vendor, so that a rate limit is kept over a restart. A credential is known by
//! a fingerprint that the caller makes; the credential itself is never here.

use super::Store;
use super::error::{StoreError, failed};
use super::sql;

pub(super) const SPEND: &str = "INSERT INTO budgets (fingerprint, n, at_ms) \
     SELECT CAST($1 AS TEXT), COALESCE(MAX(n), 0) + 1, CAST($2 AS BIGINT) FROM budgets WHERE fingerprint = $1";
pub(super) const FORGET: &str = "DELETE FROM budgets WHERE fingerprint = $1 AND at_ms < $2";
pub(super) const SPENT: &str = "SELECT at_ms FROM budgets WHERE fingerprint = $1 AND at_ms >= $2 ORDER BY at_ms, n";

impl Store {
    /// Notes a request about to be made, and forgets those older than `keep_ms` milliseconds.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn spend_budget(&self, fingerprint: &str, at_ms: i64, keep_ms: i64) -> Result<(), StoreError> {
        let spending = failed("noting a request in its budget");
        let mut tx = self.0.database.begin("").await.map_err(&spending)?;
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
