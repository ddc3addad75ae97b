//! Numbers of rows, in the order of arrival. A number that was taken and rolled back is given again: numbers say
//! nothing outside of the database, and no key of a posting is made of one.

use super::error::{StoreError, failed};
use super::sql;
use super::tx::Tx;

pub(super) const TAKE: &str = "INSERT INTO counters (name, last) VALUES ($1, $2) \
     ON CONFLICT (name) DO UPDATE SET last = counters.last + excluded.last RETURNING last";

impl Tx {
    /// The first of `count` numbers in a row that nobody else has.
    pub(super) async fn take_numbers(&mut self, counter: &'static str, count: usize) -> Result<i64, StoreError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let taking = sql::query_scalar::<i64>(TAKE).bind(counter).bind(count);
        let last = taking.fetch_one(self.connection()).await.map_err(failed("numbering rows"))?;
        Ok(last - count + 1)
    }
}
