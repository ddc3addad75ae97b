//! People. They belong to no customer; what they may do is a matter of their grants. A password is kept as its argon2id
//! hash, which is made and checked elsewhere. Changes are written under the installation's own transaction.

use super::Store;
use super::error::{StoreError, failed};
use super::ids::{CustomerId, UserId};
use super::sql;
use super::tx::Tx;

pub(super) const CREATE: &str = "INSERT INTO users (id, email, name, administrator, home, created_ms, changed_ms) \
     VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (email) DO NOTHING";
pub(super) const FIND: &str = "SELECT id, email, name, administrator, home, \
     CAST(CASE WHEN password IS NULL THEN 0 ELSE 1 END AS BIGINT), disabled_ms, created_ms FROM users WHERE id = $1";
pub(super) const FIND_BY_EMAIL: &str = "SELECT id, email, name, administrator, home, \
     CAST(CASE WHEN password IS NULL THEN 0 ELSE 1 END AS BIGINT), disabled_ms, created_ms FROM users WHERE email = $1";
pub(super) const PAGE: &str = "SELECT id, email, name, administrator, home, \
     CAST(CASE WHEN password IS NULL THEN 0 ELSE 1 END AS BIGINT), disabled_ms, created_ms FROM users \
     WHERE id > $1 ORDER BY id LIMIT $2";
pub(super) const PAGE_SEEN_BY: &str = "SELECT u.id, u.email, u.name, u.administrator, u.home, \
     CAST(CASE WHEN u.password IS NULL THEN 0 ELSE 1 END AS BIGINT), u.disabled_ms, u.created_ms FROM users u \
     WHERE u.id > $1 AND (EXISTS (SELECT 1 FROM grants m WHERE m.user_id = $3 AND m.role = 'admin' \
     AND m.customer_id = u.home) OR EXISTS (SELECT 1 FROM grants g JOIN grants m ON m.customer_id = g.customer_id \
     WHERE g.user_id = u.id AND m.user_id = $3 AND m.role = 'admin')) ORDER BY u.id LIMIT $2";
pub(super) const PASSWORD: &str = "SELECT id, password, disabled_ms FROM users WHERE email = $1";
pub(super) const PASSWORD_OF: &str = "SELECT id, password, disabled_ms FROM users WHERE id = $1";
pub(super) const SET_PASSWORD: &str =
    "UPDATE users SET password = $1, changed_ms = $2 WHERE id = $3 AND disabled_ms IS NULL";
pub(super) const CHANGE: &str = "UPDATE users SET name = COALESCE(CAST($1 AS TEXT), name), \
     administrator = COALESCE(CAST($2 AS BIGINT), administrator), \
     disabled_ms = CASE WHEN CAST($3 AS BIGINT) IS NULL THEN disabled_ms \
     WHEN CAST($3 AS BIGINT) = 0 THEN NULL ELSE COALESCE(disabled_ms, CAST($4 AS BIGINT)) END, changed_ms = $4 \
     WHERE id = $5 RETURNING id, email, name, administrator, home, \
     CAST(CASE WHEN password IS NULL THEN 0 ELSE 1 END AS BIGINT), disabled_ms, created_ms";
pub(super) const LOCK_ADMINISTRATORS: &str =
    "UPDATE users SET changed_ms = changed_ms WHERE administrator = 1 AND disabled_ms IS NULL";
pub(super) const COUNT_ADMINISTRATORS: &str = "SELECT COUNT(*) FROM users \
     WHERE administrator = 1 AND disabled_ms IS NULL AND password IS NOT NULL";

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// The address they sign in with, in lower case, unique within the installation.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Whether they administer the installation.
    pub administrator: bool,
    /// The customer whose admin made them; `None` where the installation's administrator did. Only the home's admin
    /// may give them a way in.
    pub home: Option<CustomerId>,
    /// Whether a password was set.
    pub has_password: bool,
    /// Since when they are shut out, in epoch milliseconds.
    pub disabled_ms: Option<i64>,
    /// When they were made, in epoch milliseconds.
    pub created_ms: i64,
}

/// A person to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewUser<'a> {
    /// In lower case.
    pub email: &'a str,
    /// What they are called.
    pub name: &'a str,
    /// Whether they administer the installation.
    pub administrator: bool,
    /// See [`User::home`].
    pub home: Option<&'a CustomerId>,
}

/// What is to change of a person; `None` stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct UserChange<'a> {
    /// What they are called.
    pub name: Option<&'a str>,
    /// Whether they administer the installation.
    pub administrator: Option<bool>,
    /// Whether they are shut out.
    pub disabled: Option<bool>,
}

/// What a sign-in is checked against.
pub struct StoredPassword {
    /// Whose.
    pub user: UserId,
    /// The hash, in the PHC form; `None` where none was ever set.
    pub hash: Option<String>,
    /// Whether they are shut out.
    pub disabled: bool,
}

impl Tx {
    /// Makes a person.
    ///
    /// # Errors
    /// [`StoreError::Taken`] where the address is in use, [`StoreError::Random`], [`StoreError::Statement`].
    pub async fn create_user(&mut self, new: &NewUser<'_>, at_ms: i64) -> Result<User, StoreError> {
        let id = self.customer().store().ids().user(at_ms)?;
        let creating = sql::query(CREATE)
            .bind(id.as_str())
            .bind(new.email)
            .bind(new.name)
            .bind(i64::from(new.administrator))
            .bind(new.home.map(CustomerId::as_str))
            .bind(at_ms);
        let created = creating.execute(self.connection()).await.map_err(failed("making a person"))?;
        if created.rows_affected() == 0 {
            return Err(StoreError::Taken { what: "user" });
        }
        Ok(User {
            id,
            email: new.email.to_owned(),
            name: new.name.to_owned(),
            administrator: new.administrator,
            home: new.home.cloned(),
            has_password: false,
            disabled_ms: None,
            created_ms: at_ms,
        })
    }

    /// Changes a person, and gives them as they are then. What is not named stays, so that two changes at once do not
    /// undo each other.
    ///
    /// # Errors
    /// [`StoreError::LastAdministrator`] where nobody would be left who can administer; [`StoreError::NotFound`],
    /// [`StoreError::Statement`].
    pub async fn change_user(
        &mut self,
        user: &UserId,
        change: &UserChange<'_>,
        at_ms: i64,
    ) -> Result<User, StoreError> {
        let changing = failed("changing a person");
        // Two administrators who shut each other out at once would leave nobody.
        sql::query(LOCK_ADMINISTRATORS).execute(self.connection()).await.map_err(&changing)?;
        let before = self.count_administrators().await?;
        let changed = sql::query_as(CHANGE)
            .bind(change.name)
            .bind(change.administrator.map(i64::from))
            .bind(change.disabled.map(i64::from))
            .bind(at_ms)
            .bind(user.as_str());
        let changed = changed.fetch_optional(self.connection()).await.map_err(&changing)?;
        let changed = changed.ok_or_else(|| StoreError::NotFound { what: "user", id: user.to_string() })?;
        if before > 0 && self.count_administrators().await? == 0 {
            return Err(StoreError::LastAdministrator);
        }
        read(changed)
    }

    /// Sets the hash of a password; whether there is such a person, who is not shut out.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn set_password(&mut self, user: &UserId, hash: &str, at_ms: i64) -> Result<bool, StoreError> {
        let setting = sql::query(SET_PASSWORD).bind(hash).bind(at_ms).bind(user.as_str());
        let set = setting.execute(self.connection()).await.map_err(failed("setting a password"))?;
        Ok(set.rows_affected() > 0)
    }

    /// How many can administer the installation now.
    pub(super) async fn count_administrators(&mut self) -> Result<i64, StoreError> {
        let counting = sql::query_scalar(COUNT_ADMINISTRATORS).fetch_one(self.connection());
        counting.await.map_err(failed("counting the administrators"))
    }
}

impl Store {
    /// A person.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn user(&self, id: &UserId) -> Result<User, StoreError> {
        let finding = sql::query_as(FIND).bind(id.as_str()).fetch_optional(self.0.database.reader(""));
        let found = finding.await.map_err(failed("reading a person"))?;
        read(found.ok_or_else(|| StoreError::NotFound { what: "user", id: id.to_string() })?)
    }

    /// The person with an address in lower case, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let finding = sql::query_as(FIND_BY_EMAIL).bind(email).fetch_optional(self.0.database.reader(""));
        finding.await.map_err(failed("reading a person"))?.map(read).transpose()
    }

    /// At most `limit` people after the id `after`, by id: all, or those that a customer's admin may see, which are
    /// those with a role for, or made by, a customer of theirs.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn users(&self, seen_by: Option<&UserId>, after: &str, limit: u32) -> Result<Vec<User>, StoreError> {
        let listing = match seen_by {
            None => sql::query_as(PAGE).bind(after).bind(i64::from(limit)),
            Some(admin) => sql::query_as(PAGE_SEEN_BY).bind(after).bind(i64::from(limit)).bind(admin.as_str()),
        };
        let rows = listing.fetch_all(self.0.database.reader("")).await.map_err(failed("listing people"))?;
        rows.into_iter().map(read).collect()
    }

    /// What a sign-in with this address is checked against.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn password_by_email(&self, email: &str) -> Result<Option<StoredPassword>, StoreError> {
        self.password(PASSWORD, email).await
    }

    /// What a person's own password is checked against.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn password_of(&self, user: &UserId) -> Result<Option<StoredPassword>, StoreError> {
        self.password(PASSWORD_OF, user.as_str()).await
    }

    async fn password(&self, statement: &'static str, key: &str) -> Result<Option<StoredPassword>, StoreError> {
        let finding = sql::query_as::<(String, Option<String>, Option<i64>)>(statement).bind(key);
        let found = finding.fetch_optional(self.0.database.reader("")).await.map_err(failed("reading a person"))?;
        found
            .map(|(id, hash, disabled_ms)| {
                Ok(StoredPassword { user: user_id(id)?, hash, disabled: disabled_ms.is_some() })
            })
            .transpose()
    }

    /// Whether somebody can administer the installation.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn has_administrator(&self) -> Result<bool, StoreError> {
        let counting = sql::query_scalar::<i64>(COUNT_ADMINISTRATORS).fetch_one(self.0.database.reader(""));
        Ok(counting.await.map_err(failed("counting the administrators"))? > 0)
    }
}

/// The columns of a person in the order of the statements.
pub(super) type UserRow = (String, String, String, i64, Option<String>, i64, Option<i64>, i64);

pub(super) fn read(row: UserRow) -> Result<User, StoreError> {
    let (id, email, name, administrator, home, has_password, disabled_ms, created_ms) = row;
    let home = home.map(|home| CustomerId::parse(&home).ok_or(StoreError::Stored { what: "customer", id: home }));
    Ok(User {
        id: user_id(id)?,
        email,
        name,
        administrator: administrator != 0,
        home: home.transpose()?,
        has_password: has_password != 0,
        disabled_ms,
        created_ms,
    })
}

pub(super) fn user_id(id: String) -> Result<UserId, StoreError> {
    UserId::parse(&id).ok_or(StoreError::Stored { what: "user", id })
}
