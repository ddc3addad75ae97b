//! Tokens of the API. A token acts for the person who made it, within its own customers and rights, and never further
//! than that person could at that moment. Its text is shown once; only its SHA-256 is kept.

use serde_json::json;

use super::Store;
use super::credential::Fresh;
use super::error::{StoreError, failed};
use super::grant::Right;
use super::ids::{CustomerId, TokenId, UserId};
use super::session::SEEN_WITHIN_MS;
use super::sql::{self, Row};
use super::tx::Tx;
use super::user::user_id;

pub(super) const CREATE: &str = "INSERT INTO tokens (id, user_id, name, prefix, sha256, customers, rights, created_ms, \
     expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
pub(super) const FIND_BY_SHA256: &str = "SELECT id, user_id, name, prefix, customers, rights, created_ms, expires_ms, \
     used_ms, revoked_ms FROM tokens WHERE sha256 = $1";
pub(super) const FIND: &str = "SELECT id, user_id, name, prefix, customers, rights, created_ms, expires_ms, \
     used_ms, revoked_ms FROM tokens WHERE id = $1";
pub(super) const OF_USER: &str = "SELECT id, user_id, name, prefix, customers, rights, created_ms, expires_ms, \
     used_ms, revoked_ms FROM tokens WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
pub(super) const REVOKE: &str = "UPDATE tokens SET revoked_ms = $1 WHERE id = $2 AND revoked_ms IS NULL";
pub(super) const REVOKE_ALL: &str = "UPDATE tokens SET revoked_ms = $1 WHERE user_id = $2 AND revoked_ms IS NULL";
pub(super) const USE: &str = "UPDATE tokens SET used_ms = $1 WHERE id = $2 AND (used_ms IS NULL OR used_ms < $3)";

/// What a token's text begins with.
pub const TOKEN_PREFIX: &str = "mlc_";
/// How many letters of it are shown in lists.
const SHOWN: usize = 10;

/// A token, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub user: UserId,
    /// What it is for, in its owner's words.
    pub name: String,
    /// How its text begins, so that its owner knows it again.
    pub prefix: String,
    /// For which customers it acts.
    pub customers: Vec<CustomerId>,
    /// What it may do at most.
    pub rights: Vec<Right>,
    /// When it was made, in epoch milliseconds.
    pub created_ms: i64,
    /// From when on it works no more, in epoch milliseconds.
    pub expires_ms: Option<i64>,
    /// When it was last used, in epoch milliseconds, to five minutes.
    pub used_ms: Option<i64>,
    /// Since when it is revoked, in epoch milliseconds.
    pub revoked_ms: Option<i64>,
}

/// A token to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    /// Whose.
    pub user: &'a UserId,
    /// What it is for.
    pub name: &'a str,
    /// See [`Token::customers`].
    pub customers: &'a [CustomerId],
    /// See [`Token::rights`].
    pub rights: &'a [Right],
    /// See [`Token::expires_ms`].
    pub expires_ms: Option<i64>,
}

impl Tx {
    /// Makes a token, and gives it with the text that nobody can read again.
    ///
    /// # Errors
    /// [`StoreError::Random`], [`StoreError::Statement`].
    pub async fn create_token(&mut self, new: &NewToken<'_>, at_ms: i64) -> Result<(Token, Fresh), StoreError> {
        use secrecy::ExposeSecret as _;
        let id = self.customer().store().ids().token(at_ms)?;
        let fresh = Fresh::make(TOKEN_PREFIX)?;
        let prefix = fresh.text.expose_secret()[..SHOWN].to_owned();
        let customers: Vec<&str> = new.customers.iter().map(CustomerId::as_str).collect();
        let rights: Vec<&str> = new.rights.iter().map(|right| right.name()).collect();
        let creating = sql::query(CREATE)
            .bind(id.as_str())
            .bind(new.user.as_str())
            .bind(new.name)
            .bind(&prefix)
            .bind(&fresh.sha256)
            .bind(json!(customers).to_string())
            .bind(json!(rights).to_string())
            .bind(at_ms)
            .bind(new.expires_ms);
        creating.execute(self.connection()).await.map_err(failed("making a token"))?;
        let token = Token {
            id,
            user: new.user.clone(),
            name: new.name.to_owned(),
            prefix,
            customers: new.customers.to_vec(),
            rights: new.rights.to_vec(),
            created_ms: at_ms,
            expires_ms: new.expires_ms,
            used_ms: None,
            revoked_ms: None,
        };
        Ok((token, fresh))
    }

    /// Revokes a token; whether it worked until now.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn revoke_token(&mut self, id: &TokenId, at_ms: i64) -> Result<bool, StoreError> {
        let revoking = sql::query(REVOKE).bind(at_ms).bind(id.as_str()).execute(self.connection()).await;
        Ok(revoking.map_err(failed("revoking a token"))?.rows_affected() > 0)
    }

    /// Revokes every token of a person.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn revoke_tokens(&mut self, user: &UserId, at_ms: i64) -> Result<u64, StoreError> {
        let revoking = sql::query(REVOKE_ALL).bind(at_ms).bind(user.as_str()).execute(self.connection()).await;
        Ok(revoking.map_err(failed("revoking a person's tokens"))?.rows_affected())
    }
}

impl Store {
    /// The token of this hash, if there is one; it may be revoked or lapsed.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn token_by_sha256(&self, sha256: &str) -> Result<Option<Token>, StoreError> {
        let reading = failed("reading a token");
        let row = sql::query(FIND_BY_SHA256).bind(sha256).fetch_optional(self.0.database.reader("")).await;
        row.map_err(&reading)?.map(|row| read(&row)).transpose()
    }

    /// A token.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn token(&self, id: &TokenId) -> Result<Token, StoreError> {
        let row = sql::query(FIND).bind(id.as_str()).fetch_optional(self.0.database.reader("")).await;
        let row = row.map_err(failed("reading a token"))?;
        read(&row.ok_or_else(|| StoreError::NotFound { what: "token", id: id.to_string() })?)
    }

    /// At most `limit` tokens of a person after the id `after`, by id, revoked ones among them.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn tokens(&self, user: &UserId, after: &str, limit: u32) -> Result<Vec<Token>, StoreError> {
        let listing = sql::query(OF_USER).bind(user.as_str()).bind(after).bind(i64::from(limit));
        let rows = listing.fetch_all(self.0.database.reader("")).await.map_err(failed("listing tokens"))?;
        rows.iter().map(read).collect()
    }

    /// Notes that a token is in use, where that was not noted within five minutes.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn use_token(&self, id: &TokenId, at_ms: i64) -> Result<(), StoreError> {
        let using = sql::query(USE).bind(at_ms).bind(id.as_str()).bind(at_ms.saturating_sub(SEEN_WITHIN_MS));
        using.execute(self.0.database.writer("")).await.map_err(failed("noting a token's use"))?;
        Ok(())
    }
}

fn read(row: &Row) -> Result<Token, StoreError> {
    let reading = failed("reading a token");
    let id: String = row.try_get(0).map_err(&reading)?;
    let stored = |what: &'static str| StoreError::Stored { what, id: id.clone() };
    let texts = |column: usize| -> Result<Vec<String>, StoreError> {
        let text: String = row.try_get(column).map_err(&reading)?;
        serde_json::from_str(&text).map_err(|source| StoreError::Json { what: "a token's scope", source })
    };
    let customers = texts(4)?.iter().map(|id| CustomerId::parse(id)).collect::<Option<Vec<_>>>();
    let rights = texts(5)?.iter().map(|name| Right::parse(name)).collect::<Option<Vec<_>>>();
    Ok(Token {
        id: TokenId::parse(&id).ok_or_else(|| stored("token"))?,
        user: user_id(row.try_get(1).map_err(&reading)?)?,
        name: row.try_get(2).map_err(&reading)?,
        prefix: row.try_get(3).map_err(&reading)?,
        customers: customers.ok_or_else(|| stored("customers"))?,
        rights: rights.ok_or_else(|| stored("rights"))?,
        created_ms: row.try_get(6).map_err(&reading)?,
        expires_ms: row.try_get(7).map_err(&reading)?,
        used_ms: row.try_get(8).map_err(&reading)?,
        revoked_ms: row.try_get(9).map_err(&reading)?,
    })
}
