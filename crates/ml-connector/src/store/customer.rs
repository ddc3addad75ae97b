//! Customers, and the only door to the data of one. Whatever goes through [`CustomerStore`] names its customer in
//! every statement.

use std::sync::Arc;

use super::error::{StoreError, failed};
use super::ids::CustomerId;
use super::sql::{self, Row, Target};
use super::tx::Tx;
use super::{Access, AuditEvent, Store, secret};

pub(super) const CREATE: &str =
    "INSERT INTO customers (id, name, wrapped_key, created_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING";
pub(super) const LIST: &str = "SELECT id, name, created_ms FROM customers ORDER BY name";
pub(super) const FIND: &str = "SELECT id, name, created_ms FROM customers WHERE id = $1";
pub(super) const FIND_BY_NAME: &str = "SELECT id, name, created_ms FROM customers WHERE name = $1";

/// A company that uses this service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Its name, unique within the installation.
    pub name: String,
    /// When it was created, in epoch milliseconds.
    pub created_ms: i64,
}

/// The data of one customer. Cheap to clone.
#[derive(Clone)]
pub struct CustomerStore {
    store: Store,
    id: Arc<CustomerId>,
}

impl Store {
    /// All customers by name.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn customers(&self) -> Result<Vec<Customer>, StoreError> {
        let doing = "listing the customers";
        let rows = sql::query(LIST).fetch_all(self.0.database.reader("")).await.map_err(failed(doing))?;
        rows.iter().map(|row| read(row, doing)).collect()
    }

    /// The door to a customer's data.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Statement`].
    pub async fn customer(&self, id: &CustomerId) -> Result<CustomerStore, StoreError> {
        let found = self.find(FIND, id.as_str()).await?;
        let customer = found.ok_or_else(|| StoreError::NotFound { what: "customer", id: id.to_string() })?;
        Ok(self.door(customer.id))
    }

    /// The door to the data of the customer called `name`, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn customer_named(&self, name: &str) -> Result<Option<CustomerStore>, StoreError> {
        Ok(self.find(FIND_BY_NAME, name).await?.map(|customer| self.door(customer.id)))
    }

    /// The customer called `name`, created where there is none yet. With a master key it gets a data key of its own.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Random`].
    pub async fn create_customer(&self, name: &str, actor: &str, at_ms: i64) -> Result<CustomerStore, StoreError> {
        if let Some(existing) = self.customer_named(name).await? {
            return Ok(existing);
        }
        let id = self.0.ids.customer(at_ms)?;
        let wrapped = self.0.master_key.as_ref().map(|key| secret::new_wrapped_key(key, &id)).transpose()?;
        let customer = self.door(id.clone());
        let mut tx = customer.begin().await?;
        let creating = sql::query(CREATE).bind(id.as_str()).bind(name).bind(wrapped).bind(at_ms);
        let created = creating.execute(tx.connection()).await.map_err(failed("creating a customer"))?;
        if created.rows_affected() == 0 {
            drop(tx);
            let existing = self.customer_named(name).await?;
            return existing.ok_or_else(|| StoreError::NotFound { what: "customer", id: name.to_owned() });
        }
        let detail = serde_json::json!({ "name": name });
        tx.commit(at_ms, vec![AuditEvent::new(actor, "customer.created", id.as_str(), detail)]).await?;
        Ok(customer)
    }

    async fn find(&self, statement: &'static str, key: &str) -> Result<Option<Customer>, StoreError> {
        let doing = "reading a customer";
        let row =
            sql::query(statement).bind(key).fetch_optional(self.0.database.reader("")).await.map_err(failed(doing))?;
        row.map(|row| read(&row, doing)).transpose()
    }

    pub(super) fn door(&self, id: CustomerId) -> CustomerStore {
        CustomerStore { store: self.clone(), id: Arc::new(id) }
    }
}

impl CustomerStore {
    /// Whose data this is.
    pub fn id(&self) -> &CustomerId {
        &self.id
    }

    /// The store it belongs to.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Begins to write. Waits at most five seconds for another writer; what is not committed never was.
    ///
    /// # Errors
    /// [`StoreError::Statement`], with the code of a busy database after the wait; [`StoreError::ReadOnly`].
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        // SQLite itself would notice no sooner than at the first statement that writes.
        if self.store.0.database.access == Access::Read {
            return Err(StoreError::ReadOnly);
        }
        let begun = self.store.0.database.begin(self.id.as_str()).await;
        Ok(Tx::new(self.clone(), begun.map_err(failed("beginning a transaction"))?))
    }

    pub(super) fn reader(&self) -> Target<'_> {
        self.store.0.database.reader(self.id.as_str())
    }
}

fn read(row: &Row, doing: &'static str) -> Result<Customer, StoreError> {
    let id: String = row.try_get(0).map_err(failed(doing))?;
    Ok(Customer {
        id: CustomerId::parse(&id).ok_or(StoreError::Stored { what: "id", id })?,
        name: row.try_get(1).map_err(failed(doing))?,
        created_ms: row.try_get(2).map_err(failed(doing))?,
    })
}
