//! Roles: what a person may do for one customer. A grant is a change of the customer, so it is written under the
//! customer's own transaction; it is read across customers at each request, and holds ids, a role and times only.

use super::Store;
use super::customer::CustomerStore;
use super::error::{StoreError, failed};
use super::ids::{CustomerId, UserId};
use super::sql;
use super::tx::Tx;

pub(super) const LOCK_USER: &str = "UPDATE users SET changed_ms = $1 WHERE id = $2 AND disabled_ms IS NULL \
     RETURNING administrator";
pub(super) const OF_USER_HERE: &str = "SELECT role FROM grants WHERE customer_id = $1 AND user_id = $2 ORDER BY role";
pub(super) const ADD: &str = "INSERT INTO grants (customer_id, user_id, role, granted_by, created_ms) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (customer_id, user_id, role) DO NOTHING";
pub(super) const REMOVE: &str = "DELETE FROM grants WHERE customer_id = $1 AND user_id = $2 AND role = $3";
pub(super) const OF_USER: &str = "SELECT customer_id, user_id, role, granted_by, created_ms FROM grants WHERE user_id = $1 ORDER BY customer_id, role";
pub(super) const OF_CUSTOMER: &str = "SELECT g.customer_id, g.user_id, g.role, g.granted_by, g.created_ms, u.name, \
     u.email FROM grants g JOIN users u ON u.id = g.user_id WHERE g.customer_id = $1 AND g.user_id >= $2 \
     AND (g.user_id > $2 OR g.role > $3) ORDER BY g.user_id, g.role LIMIT $4";

/// What a person is for one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees everything, changes nothing.
    Viewer,
    /// Runs and pauses flows, and decides what waits for a person.
    Operator,
    /// Edits mappings and flows.
    Mapper,
    /// Approves what others made.
    Approver,
    /// Gives and takes roles, and keeps the customer's connections.
    Admin,
    /// Sees everything with its audit, changes nothing.
    Auditor,
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// To see a customer's data.
    View,
    /// To run, pause and decide.
    Operate,
    /// To edit mappings and flows.
    Map,
    /// To approve.
    Approve,
    /// To give roles and keep connections.
    Administer,
    /// To read the audit.
    Audit,
    /// To administer the installation: its customers and users. It belongs to no customer.
    Install,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Viewer, Self::Operator, Self::Mapper, Self::Approver, Self::Admin, Self::Auditor];

    /// Its name as it is written and stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Mapper => "mapper",
            Self::Approver => "approver",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }

    /// Reads back [`Role::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What it allows.
    pub const fn rights(self) -> &'static [Right] {
        match self {
            Self::Viewer => &[Right::View],
            Self::Operator => &[Right::View, Right::Operate],
            Self::Mapper => &[Right::View, Right::Map],
            Self::Approver => &[Right::View, Right::Approve],
            Self::Admin => &[Right::View, Right::Administer, Right::Audit],
            Self::Auditor => &[Right::View, Right::Audit],
        }
    }

    /// Whether nobody may be both for one customer: who maps or gives roles must not approve, and who audits must not
    /// have changed what he looks at.
    pub const fn conflicts(self, other: Self) -> bool {
        use Role::{Admin, Approver, Auditor, Mapper, Operator};
        matches!(
            (self, other),
            (Mapper | Admin, Approver)
                | (Approver, Mapper | Admin)
                | (Auditor, Operator | Mapper | Approver | Admin)
                | (Operator | Mapper | Approver | Admin, Auditor)
        )
    }
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::View, Self::Operate, Self::Map, Self::Approve, Self::Administer, Self::Audit, Self::Install];

    /// Its name as it is written and stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Operate => "operate",
            Self::Map => "map",
            Self::Approve => "approve",
            Self::Administer => "administer",
            Self::Audit => "audit",
            Self::Install => "install",
        }
    }

    /// Reads back [`Right::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.name() == name)
    }
}

/// One role of one person for one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// For whom.
    pub customer: CustomerId,
    /// Who.
    pub user: UserId,
    /// What.
    pub role: Role,
    /// Who gave it: an id of a user, or a part of this service.
    pub granted_by: String,
    /// When, in epoch milliseconds.
    pub created_ms: i64,
}

/// A grant, with whose it is in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedGrant {
    /// The grant.
    pub grant: Grant,
    /// What the person is called.
    pub name: String,
    /// The address they sign in with.
    pub email: String,
}

/// What became of a wish to give a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    /// The person has it now.
    New,
    /// The person had it before; nothing was written.
    Held,
    /// It must not be held together with this one; nothing was written.
    Conflict(Role),
    /// An administrator of the installation must not approve; nothing was written.
    OfAdministrator,
}

impl Tx {
    /// Gives a role for this transaction's customer. Where [`Granted::New`], the commit owes an event in both chains.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a person that does not exist or is disabled; [`StoreError::Statement`].
    pub async fn grant(
        &mut self,
        user: &UserId,
        role: Role,
        granted_by: &str,
        at_ms: i64,
    ) -> Result<Granted, StoreError> {
        let granting = failed("giving a role");
        let customer = self.customer_id().clone();
        // Holds the person's row, so that of two conflicting roles given at once the second sees the first.
        let locking = sql::query_scalar::<i64>(LOCK_USER).bind(at_ms).bind(user.as_str());
        let administrator = locking.fetch_optional(self.connection()).await.map_err(&granting)?;
        let administrator =
            administrator.ok_or_else(|| StoreError::NotFound { what: "user", id: user.to_string() })? != 0;
        if administrator && role == Role::Approver {
            return Ok(Granted::OfAdministrator);
        }
        let held = sql::query_scalar::<String>(OF_USER_HERE).bind(customer.as_str()).bind(user.as_str());
        for held in held.fetch_all(self.connection()).await.map_err(&granting)? {
            let held = Role::parse(&held).ok_or(StoreError::Stored { what: "role", id: held })?;
            if held.conflicts(role) {
                return Ok(Granted::Conflict(held));
            }
        }
        let adding =
            sql::query(ADD).bind(customer.as_str()).bind(user.as_str()).bind(role.name()).bind(granted_by).bind(at_ms);
        let added = adding.execute(self.connection()).await.map_err(&granting)?;
        Ok(if added.rows_affected() == 0 { Granted::Held } else { Granted::New })
    }

    /// Takes a role away; whether there was one. Then the commit owes an event in both chains.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn revoke(&mut self, user: &UserId, role: Role) -> Result<bool, StoreError> {
        let revoking = sql::query(REMOVE).bind(self.customer_id().as_str()).bind(user.as_str()).bind(role.name());
        let revoked = revoking.execute(self.connection()).await.map_err(failed("taking a role away"))?;
        Ok(revoked.rows_affected() > 0)
    }
}

impl CustomerStore {
    /// At most `limit` roles after this role of this user, by user and role.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn grants(&self, after: (&str, &str), limit: u32) -> Result<Vec<NamedGrant>, StoreError> {
        let listing = sql::query_as::<NamedRow>(OF_CUSTOMER).bind(self.id().as_str()).bind(after.0).bind(after.1);
        let listing = listing.bind(i64::from(limit));
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing the roles of a customer"))?;
        let named = |(customer, user, role, granted_by, created_ms, name, email)| {
            Ok(NamedGrant { grant: read((customer, user, role, granted_by, created_ms))?, name, email })
        };
        rows.into_iter().map(named).collect()
    }
}

impl Store {
    /// The roles of one person for all customers.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn grants_of(&self, user: &UserId) -> Result<Vec<Grant>, StoreError> {
        let listing = sql::query_as(OF_USER).bind(user.as_str()).fetch_all(self.0.database.reader(""));
        listing.await.map_err(failed("reading a person's roles"))?.into_iter().map(read).collect()
    }
}

/// The columns of a grant and of its person.
type NamedRow = (String, String, String, String, i64, String, String);

fn read(row: (String, String, String, String, i64)) -> Result<Grant, StoreError> {
    let (customer, user, role, granted_by, created_ms) = row;
    Ok(Grant {
        customer: CustomerId::parse(&customer).ok_or(StoreError::Stored { what: "customer", id: customer })?,
        user: super::user::user_id(user)?,
        role: Role::parse(&role).ok_or(StoreError::Stored { what: "role", id: role })?,
        granted_by,
        created_ms,
    })
}
