//! One transaction of one customer. It is kept by [`Tx::commit`], which takes the audit events of what it changed, or
//! by [`Tx::commit_untraced`] where only leases, cursors, budgets or times moved. Dropped, it leaves nothing. The
//! methods that write stand with their nouns; no vendor is called while one is open.

use std::time::Instant;

use super::database::Open;

use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::ids::CustomerId;
use super::installation::COUNT_COMMIT;
use super::lane::{self, Lease};
use super::sql::{self, Target};
use super::{AuditEvent, audit};

/// An open transaction.
pub struct Tx {
    customer: CustomerStore,
    open: Open,
    /// The lease that was found to stand within this transaction.
    proven: Option<(String, i64)>,
}

impl Tx {
    pub(super) const fn new(customer: CustomerStore, open: Open) -> Self {
        Self { customer, open, proven: None }
    }

    /// Keeps everything, together with the events: one for each posting, setting or right that changed.
    ///
    /// # Errors
    /// [`StoreError::Statement`]; whether it was kept is then not known until it is read again.
    pub async fn commit(mut self, at_ms: i64, events: Vec<AuditEvent>) -> Result<(), StoreError> {
        audit::append(&mut self, at_ms, &events).await?;
        self.finish(at_ms).await
    }

    /// Sees to it that no other transaction of the installation is open until this one ends.
    pub(super) async fn hold_installation(&mut self, at_ms: i64) -> Result<(), StoreError> {
        let holding = failed("waiting for the installation's audit");
        let chain = self.customer.store().installation_chain_within(self.open.target(), at_ms).await?;
        self.open.see(chain.id().as_str()).await.map_err(&holding)?;
        self.open.see(self.customer.id().as_str()).await.map_err(&holding)
    }

    /// Keeps everything, with events for the customer's own chain and for the installation's: for who may do what.
    /// The transaction is one of [`CustomerStore::begin_both`].
    ///
    /// # Errors
    /// See [`Tx::commit`].
    pub async fn commit_both(
        mut self,
        at_ms: i64,
        events: Vec<AuditEvent>,
        installation: Vec<AuditEvent>,
    ) -> Result<(), StoreError> {
        audit::append(&mut self, at_ms, &events).await?;
        let chain = self.customer.store().installation_chain_within(self.open.target(), at_ms).await?;
        self.open.see(chain.id().as_str()).await.map_err(failed("adding to the installation's audit"))?;
        self.customer = chain;
        audit::append(&mut self, at_ms, &installation).await?;
        self.finish(at_ms).await
    }

    /// Keeps everything where nothing changed that anybody would ask about: leases, cursors, budgets, times seen.
    ///
    /// # Errors
    /// See [`Tx::commit`].
    pub async fn commit_untraced(self, at_ms: i64) -> Result<(), StoreError> {
        self.finish(at_ms).await
    }

    async fn finish(mut self, at_ms: i64) -> Result<(), StoreError> {
        let committing = failed("committing");
        // On a server it would be one row for the commits of all customers to queue at.
        let commits: Option<i64> = match &self.open {
            Open::Sqlite(_) => {
                let counting = sql::query_scalar(COUNT_COMMIT).bind(at_ms).fetch_one(self.connection());
                Some(counting.await.map_err(&committing)?)
            }
            Open::Postgres(_) => None,
        };
        let began = Instant::now();
        self.open.commit().await.map_err(&committing)?;
        let watch = &self.customer.store().0.watch;
        watch.count(began.elapsed());
        if let Some(commits) = commits {
            watch.committed(commits);
        }
        Box::pin(self.customer.store().0.database.committed()).await;
        Ok(())
    }

    /// Makes sure that the lease still stands, once a transaction.
    pub(super) async fn prove(&mut self, lease: &Lease) -> Result<(), StoreError> {
        if self.proven.as_ref().is_some_and(|(lane, fence)| *lane == lease.lane && *fence == lease.fence) {
            return Ok(());
        }
        lane::prove(self.connection(), lease).await?;
        self.proven = Some((lease.lane.clone(), lease.fence));
        Ok(())
    }

    pub(super) fn connection(&mut self) -> Target<'_> {
        self.open.target()
    }

    pub(super) fn customer_id(&self) -> &CustomerId {
        self.customer.id()
    }

    pub(super) const fn customer(&self) -> &CustomerStore {
        &self.customer
    }
}
