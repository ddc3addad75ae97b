//! Positive controls: an entry known to be visible in a journal and entity. Without one, finding nothing there proves
//! nothing.

use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::sql;
use super::tx::Tx;

pub(super) const PUT: &str = "INSERT INTO controls (customer_id, company, journal, entity, record_no, seen_ms) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (customer_id, company, journal, entity) \
     DO UPDATE SET record_no = excluded.record_no, seen_ms = excluded.seen_ms";
pub(super) const FIND: &str = "SELECT record_no, seen_ms FROM controls \
     WHERE customer_id = $1 AND company = $2 AND journal = $3 AND entity = $4";

/// An entry that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The company at the destination.
    pub company: String,
    /// The journal it stands in.
    pub journal: String,
    /// The entity it was seen from; empty for the top level.
    pub entity: String,
    /// The destination's number of the entry.
    pub record_no: String,
    /// When it was last seen, in epoch milliseconds.
    pub seen_ms: i64,
}

impl Tx {
    /// Keeps the newest control of its journal and entity.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn put_control(&mut self, control: &Control) -> Result<(), StoreError> {
        let putting = sql::query(PUT)
            .bind(self.customer_id().as_str())
            .bind(&control.company)
            .bind(&control.journal)
            .bind(&control.entity)
            .bind(&control.record_no)
            .bind(control.seen_ms);
        putting.execute(self.connection()).await.map_err(failed("keeping a positive control"))?;
        Ok(())
    }
}

impl CustomerStore {
    /// The control of a journal and entity, if one was ever seen.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn control(&self, company: &str, journal: &str, entity: &str) -> Result<Option<Control>, StoreError> {
        let finding =
            sql::query_as::<(String, i64)>(FIND).bind(self.id().as_str()).bind(company).bind(journal).bind(entity);
        let found = finding.fetch_optional(self.reader()).await.map_err(failed("reading a positive control"))?;
        Ok(found.map(|(record_no, seen_ms)| Control {
            company: company.to_owned(),
            journal: journal.to_owned(),
            entity: entity.to_owned(),
            record_no,
            seen_ms,
        }))
    }
}
