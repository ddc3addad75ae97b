//! Links that work once: for a person to set a password, and for the first administrator of an installation that has
//! none. Only the newest of a person works, and each for 24 hours.

use secrecy::SecretString;

use super::credential::{Fresh, credential_sha256};
use super::error::{StoreError, failed};
use super::ids::UserId;
use super::sql;
use super::tx::Tx;
use super::{AuditEvent, Store, user};

pub(super) const FORGET: &str =
    "DELETE FROM links WHERE expires_ms <= $1 OR user_id = $2 OR (user_id IS NULL AND CAST($2 AS TEXT) IS NULL)";
pub(super) const ADD: &str = "INSERT INTO links (sha256, user_id, created_ms, expires_ms) VALUES ($1, $2, $3, $4)";
pub(super) const SPEND: &str =
    "DELETE FROM links WHERE sha256 = $1 AND expires_ms > $2 AND user_id IS NOT NULL RETURNING user_id";
pub(super) const SPEND_FIRST: &str = "DELETE FROM links WHERE sha256 = $1 AND expires_ms > $2 AND user_id IS NULL";
pub(super) const FIND: &str = "SELECT user_id FROM links WHERE sha256 = $1 AND expires_ms > $2 AND user_id IS NOT NULL";
pub(super) const FIND_FIRST: &str =
    "SELECT COUNT(*) FROM links WHERE sha256 = $1 AND expires_ms > $2 AND user_id IS NULL";
pub(super) const END: &str = "DELETE FROM links WHERE user_id = $1";

/// How long a link works, in milliseconds.
pub const LINK_MS: i64 = 24 * 3_600_000;
/// What a link's secret begins with.
const PREFIX: &str = "mll_";

impl Tx {
    /// A new link for a person; an older one works no more.
    ///
    /// # Errors
    /// [`StoreError::Random`], [`StoreError::Statement`].
    pub async fn create_link(&mut self, user: &UserId, at_ms: i64) -> Result<SecretString, StoreError> {
        self.add_link(Some(user.as_str()), at_ms).await
    }

    /// Uses a link up: whose password it sets; `None` where it was used, replaced, lapsed or never was.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn spend_link(&mut self, text: &str, at_ms: i64) -> Result<Option<UserId>, StoreError> {
        let spending = sql::query_scalar::<String>(SPEND).bind(credential_sha256(text)).bind(at_ms);
        let spent = spending.fetch_optional(self.connection()).await.map_err(failed("using a link"))?;
        spent.map(user::user_id).transpose()
    }

    /// Uses up the link of the first administrator; whether it worked, and there is none yet.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn spend_first_link(&mut self, text: &str, at_ms: i64) -> Result<bool, StoreError> {
        let spending = sql::query(SPEND_FIRST).bind(credential_sha256(text)).bind(at_ms);
        let spent = spending.execute(self.connection()).await.map_err(failed("using a link"))?;
        Ok(spent.rows_affected() > 0 && self.count_administrators().await? == 0)
    }

    /// Ends the links of a person.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn end_links(&mut self, user: &UserId) -> Result<(), StoreError> {
        let ending = sql::query(END).bind(user.as_str()).execute(self.connection()).await;
        ending.map_err(failed("ending a person's links"))?;
        Ok(())
    }

    async fn add_link(&mut self, user: Option<&str>, at_ms: i64) -> Result<SecretString, StoreError> {
        let adding = failed("making a link");
        let fresh = Fresh::make(PREFIX)?;
        let forget = sql::query(FORGET).bind(at_ms).bind(user);
        forget.execute(self.connection()).await.map_err(&adding)?;
        let expires_ms = at_ms.saturating_add(LINK_MS);
        let add = sql::query(ADD).bind(&fresh.sha256).bind(user).bind(at_ms).bind(expires_ms);
        add.execute(self.connection()).await.map_err(&adding)?;
        Ok(fresh.text)
    }
}

impl Store {
    /// Whose password a link would set now; it is not used up.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn link_user(&self, text: &str, at_ms: i64) -> Result<Option<UserId>, StoreError> {
        let finding = sql::query_scalar::<String>(FIND).bind(credential_sha256(text)).bind(at_ms);
        let found = finding.fetch_optional(self.0.database.reader("")).await.map_err(failed("reading a link"))?;
        found.map(user::user_id).transpose()
    }

    /// Whether a link would make the first administrator now; it is not used up.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn is_first_link(&self, text: &str, at_ms: i64) -> Result<bool, StoreError> {
        let finding = sql::query_scalar::<i64>(FIND_FIRST).bind(credential_sha256(text)).bind(at_ms);
        let found = finding.fetch_one(self.0.database.reader("")).await.map_err(failed("reading a link"))?;
        Ok(found > 0 && !self.has_administrator().await?)
    }

    /// The secret of a new link for the first administrator; `None` where there is one already. Links that were made
    /// for this before work no more.
    ///
    /// # Errors
    /// [`StoreError::Random`], [`StoreError::Statement`].
    pub async fn first_admin_link(&self, actor: &str, at_ms: i64) -> Result<Option<SecretString>, StoreError> {
        if self.has_administrator().await? {
            return Ok(None);
        }
        let mut tx = self.installation_chain(at_ms).await?.begin().await?;
        let text = tx.add_link(None, at_ms).await?;
        let detail = serde_json::json!({ "expires_ms": at_ms.saturating_add(LINK_MS) });
        tx.commit(at_ms, vec![AuditEvent::new(actor, "link.created", "first administrator", detail)]).await?;
        Ok(Some(text))
    }
}
