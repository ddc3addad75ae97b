//! Customers, and the only door to the data of one. Whatever goes through [`CustomerStore`] names its customer in
//! every statement.

use std::sync::Arc;

use super::error::{StoreError, failed};
use super::ids::{CustomerId, UserId};
use super::sql::{self, Row, Target};
use super::tx::Tx;
use super::{Access, AuditEvent, Store};

pub(super) const CREATE: &str =
    "INSERT INTO customers (id, name, wrapped_key, created_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING";
pub(super) const LIST: &str = "SELECT id, name, created_ms, demonstration FROM customers ORDER BY name";
pub(super) const FIND: &str = "SELECT id, name, created_ms, demonstration FROM customers WHERE id = $1";
pub(super) const FIND_BY_NAME: &str = "SELECT id, name, created_ms, demonstration FROM customers WHERE name = $1";
pub(super) const PAGE: &str =
    "SELECT id, name, created_ms, demonstration FROM customers WHERE id > $1 AND name <> $3 ORDER BY id LIMIT $2";
pub(super) const PAGE_OF_USER: &str = "SELECT c.id, c.name, c.created_ms, c.demonstration FROM customers c WHERE c.id > $1 \
     AND EXISTS (SELECT 1 FROM grants g WHERE g.customer_id = c.id AND g.user_id = $3) ORDER BY c.id LIMIT $2";
pub(super) const RENAME: &str = "UPDATE customers SET name = $1 WHERE id = $2 \
     AND NOT EXISTS (SELECT 1 FROM customers other WHERE other.name = $1 AND other.id <> $2)";

pub(super) const MARK_DEMONSTRATION: &str = "UPDATE customers SET demonstration = $1 WHERE id = $2";

/// The name of a row that is no customer: its audit chain is the installation's own, for users, grants and customers.
pub(super) const INSTALLATION: &str = "installation";

/// A company that uses this service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Its name, unique within the installation.
    pub name: String,
    /// When it was created, in epoch milliseconds.
    pub created_ms: i64,
    /// The run of the service whose sandbox stands in for both vendors; `None` for a customer with real books.
    pub demonstration: Option<String>,
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
        let all = self.chains().await?;
        Ok(all.into_iter().filter(|customer| customer.name != INSTALLATION).collect())
    }

    /// All customers, and the row whose audit chain is the installation's.
    pub(super) async fn chains(&self) -> Result<Vec<Customer>, StoreError> {
        let doing = "listing the customers";
        let rows = sql::query(LIST).fetch_all(self.0.database.reader("")).await.map_err(failed(doing))?;
        rows.iter().map(|row| read(row, doing)).collect()
    }

    /// At most `limit` customers after the id `after`, by id; those on which `user` has a role, where one is given.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn customer_page(
        &self,
        user: Option<&UserId>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Customer>, StoreError> {
        let doing = "listing the customers";
        let statement = if user.is_some() { PAGE_OF_USER } else { PAGE };
        let listing = sql::query(statement).bind(after).bind(i64::from(limit));
        let listing = listing.bind(user.map_or(INSTALLATION, UserId::as_str));
        let rows = listing.fetch_all(self.0.database.reader("")).await.map_err(failed(doing))?;
        rows.iter().map(|row| read(row, doing)).collect()
    }

    /// The door to a customer's data.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Statement`].
    pub async fn customer(&self, id: &CustomerId) -> Result<CustomerStore, StoreError> {
        let found = self.find(FIND, id.as_str()).await?.filter(|customer| customer.name != INSTALLATION);
        let customer = found.ok_or_else(|| StoreError::NotFound { what: "customer", id: id.to_string() })?;
        Ok(self.door(customer.id))
    }

    /// The door to the data of the customer called `name`, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn customer_named(&self, name: &str) -> Result<Option<CustomerStore>, StoreError> {
        if name == INSTALLATION {
            return Ok(None);
        }
        Ok(self.find(FIND_BY_NAME, name).await?.map(|customer| self.door(customer.id)))
    }

    /// The customer called `name`, created where there is none yet. With a master key it gets a data key of its own.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Random`]; [`StoreError::Taken`] for the installation's own name.
    pub async fn create_customer(&self, name: &str, actor: &str, at_ms: i64) -> Result<CustomerStore, StoreError> {
        if let Some(existing) = self.customer_named(name).await? {
            return Ok(existing);
        }
        match self.new_customer(name, actor, serde_json::json!({ "name": name }), at_ms).await {
            Err(StoreError::Taken { .. }) if name != INSTALLATION => {
                let existing = self.customer_named(name).await?;
                existing.ok_or_else(|| StoreError::NotFound { what: "customer", id: name.to_owned() })
            }
            created => created,
        }
    }

    /// A customer that does not exist yet. `detail` stands in the audit: its name, and who made it.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where there is one of this name; see [`Store::create_customer`].
    pub async fn new_customer(
        &self,
        name: &str,
        actor: &str,
        detail: serde_json::Value,
        at_ms: i64,
    ) -> Result<CustomerStore, StoreError> {
        if name == INSTALLATION {
            return Err(StoreError::Taken { what: "customer" });
        }
        let id = self.0.ids.customer(at_ms)?;
        let wrapped = self.0.master_key.as_ref().map(|key| key.new_wrapped_key(&id)).transpose()?;
        let customer = self.door(id.clone());
        let mut tx = customer.begin_both(at_ms).await?;
        let creating = sql::query(CREATE).bind(id.as_str()).bind(name).bind(wrapped).bind(at_ms);
        let created = creating.execute(tx.connection()).await.map_err(failed("creating a customer"))?;
        if created.rows_affected() == 0 {
            return Err(StoreError::Taken { what: "customer" });
        }
        tx.add_customer_figures().await?;
        let event = AuditEvent::new(actor, "customer.created", id.as_str(), detail);
        tx.commit_both(at_ms, vec![event.clone()], vec![event]).await?;
        Ok(customer)
    }

    /// The door to the installation's own audit chain and nothing else: users, grants, customers and tokens change
    /// under it. Made where it is not there yet.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Random`].
    pub async fn installation_chain(&self, at_ms: i64) -> Result<CustomerStore, StoreError> {
        if let Some(chain) = self.known_installation_chain().await? {
            return Ok(chain);
        }
        let finding = failed("making the installation's audit chain");
        let mut open = self.0.database.begin("").await.map_err(&finding)?;
        let chain = self.installation_chain_within(open.target(), at_ms).await?;
        open.commit().await.map_err(&finding)?;
        Ok(chain)
    }

    /// The same, where it is there already.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn known_installation_chain(&self) -> Result<Option<CustomerStore>, StoreError> {
        Ok(self.find(FIND_BY_NAME, INSTALLATION).await?.map(|chain| self.door(chain.id)))
    }

    /// The same within a transaction.
    pub(super) async fn installation_chain_within(
        &self,
        mut target: Target<'_>,
        at_ms: i64,
    ) -> Result<CustomerStore, StoreError> {
        let doing = "making the installation's audit chain";
        let find = || sql::query(FIND_BY_NAME).bind(INSTALLATION);
        if let Some(row) = find().fetch_optional(target.again()).await.map_err(failed(doing))? {
            return Ok(self.door(read(&row, doing)?.id));
        }
        let id = self.0.ids.customer(at_ms)?;
        let creating = sql::query(CREATE).bind(id.as_str()).bind(INSTALLATION).bind(None::<Vec<u8>>).bind(at_ms);
        creating.execute(target.again()).await.map_err(failed(doing))?;
        let row = find().fetch_one(target).await.map_err(failed(doing))?;
        Ok(self.door(read(&row, doing)?.id))
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

    /// The customer with its name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Statement`].
    pub async fn record(&self) -> Result<Customer, StoreError> {
        let found = self.store.find(FIND, self.id.as_str()).await?;
        found.ok_or_else(|| StoreError::NotFound { what: "customer", id: self.id.to_string() })
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

    /// Begins to write what belongs to the installation as well: roles, people, the customer's own name. It is kept by
    /// [`Tx::commit_both`].
    ///
    /// # Errors
    /// As [`CustomerStore::begin`].
    pub async fn begin_both(&self, at_ms: i64) -> Result<Tx, StoreError> {
        let mut tx = self.begin().await?;
        // The customer always comes first, then the installation, then rows of people: two transactions that hold one
        // and wait for the other would both fail.
        tx.hold_installation(at_ms).await?;
        Ok(tx)
    }

    /// What is known of the customer itself.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Statement`].
    pub async fn customer(&self) -> Result<Customer, StoreError> {
        let found = self.store.find(FIND, self.id.as_str()).await?;
        found.ok_or_else(|| StoreError::NotFound { what: "customer", id: self.id.to_string() })
    }

    pub(super) fn reader(&self) -> Target<'_> {
        self.store.0.database.reader(self.id.as_str())
    }
}

impl Tx {
    /// Makes the customer a demonstration of this run of the service, which it stays for ever.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn mark_demonstration(&mut self, run: &str) -> Result<(), StoreError> {
        let marking = sql::query(MARK_DEMONSTRATION).bind(run).bind(self.customer_id().as_str());
        marking.execute(self.connection()).await.map_err(failed("marking a demonstration"))?;
        Ok(())
    }

    /// Gives the customer another name.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where another customer has it, [`StoreError::Statement`].
    pub async fn rename_customer(&mut self, name: &str) -> Result<(), StoreError> {
        let renaming = sql::query(RENAME).bind(name).bind(self.customer_id().as_str());
        let renamed = renaming.execute(self.connection()).await.map_err(failed("renaming a customer"))?;
        if renamed.rows_affected() == 0 { Err(StoreError::Taken { what: "customer" }) } else { Ok(()) }
    }
}

fn read(row: &Row, doing: &'static str) -> Result<Customer, StoreError> {
    let id: String = row.try_get(0).map_err(failed(doing))?;
    Ok(Customer {
        id: CustomerId::parse(&id).ok_or(StoreError::Stored { what: "id", id })?,
        name: row.try_get(1).map_err(failed(doing))?,
        created_ms: row.try_get(2).map_err(failed(doing))?,
        demonstration: row.try_get(3).map_err(failed(doing))?,
    })
}
