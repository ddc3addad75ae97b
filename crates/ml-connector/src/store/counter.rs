//! Numbers of rows, in the order of arrival. A number that was taken and rolled back may be given again, or never:
//! numbers say nothing outside of the database, and no key of a posting is made of one.

use super::error::{StoreError, failed};
use super::sql::{self, Text};
use super::tx::Tx;

/// PostgreSQL gives whole blocks by a sequence that all counters share: a row would be one for all customers to queue
/// at. `row_numbers` counts in steps of [`BLOCK`]; the last of a block that is asked for may be its first.
pub(super) const TAKE: Text = Text {
    sqlite: "INSERT INTO counters (name, last) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET last = counters.last + excluded.last RETURNING last",
    postgres: "SELECT nextval('row_numbers') + CAST($2 AS BIGINT) - 1 WHERE CAST($1 AS TEXT) IS NOT NULL",
};
/// The most numbers that can be taken at once.
const BLOCK: i64 = 50;

impl Tx {
    /// The first of `count` numbers in a row that nobody else has.
    pub(super) async fn take_numbers(&mut self, counter: &'static str, count: usize) -> Result<i64, StoreError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        if count > BLOCK {
            return Err(StoreError::Stored { what: "count of numbers to take", id: count.to_string() });
        }
        let taking = sql::query_scalar::<i64>(TAKE).bind(counter).bind(count);
        let last = taking.fetch_one(self.connection()).await.map_err(failed("numbering rows"))?;
        Ok(last - count + 1)
    }
}
