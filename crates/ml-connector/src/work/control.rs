//! Positive controls: for each journal an entry that this session was seen to see. Without one, finding nothing there
//! proves nothing.

use super::{Work, WorkError};
use crate::store::Control;
use crate::systems::Destination;

impl<S: Sync, D: Destination> Work<'_, S, D> {
    /// The control of a journal: the one known, else any entry that the ledger shows there now.
    ///
    /// # Errors
    /// Those of the store, and the fault of the ledger.
    pub async fn control(&self, journal: &str) -> Result<Option<String>, WorkError> {
        let company = self.destination.company();
        let entity = self.destination.entity();
        if let Some(known) = self.customer.control(company, journal, entity).await? {
            return Ok(Some(known.record_no));
        }
        self.replace_control(journal).await
    }

    /// Takes the newest entry of the journal as its control: the one before was not seen, so it may be gone.
    ///
    /// # Errors
    /// As [`Work::control`].
    pub async fn replace_control(&self, journal: &str) -> Result<Option<String>, WorkError> {
        let (company, entity) = (self.destination.company(), self.destination.entity());
        let Some(record_no) = self.destination.any_entry(journal).await? else { return Ok(None) };
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await?;
        tx.put_control(&Control {
            company: company.to_owned(),
            journal: journal.to_owned(),
            entity: entity.to_owned(),
            record_no: record_no.clone(),
            seen_ms: at_ms,
        })
        .await?;
        tx.commit_untraced(at_ms).await?;
        Ok(Some(record_no))
    }
}
