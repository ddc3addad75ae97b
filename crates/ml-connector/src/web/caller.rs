//! The caller of a request, and the only way from a caller to a customer's data: [`Caller::customer`]. Who has no role
//! for a customer is answered as if there were none; who has one, but not the right, is told which role it takes.

use std::fmt;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::identify::Identity;
use super::problem::Refusal;
use super::state::State;
use crate::store::{AuditEvent, CustomerId, CustomerStore, Grant, Right, Role, Token, User, UserId};

/// Somebody who showed a session or a token. Cheap to clone.
#[derive(Clone)]
pub struct Caller(Arc<Known>);

struct Known {
    user: User,
    grants: Vec<Grant>,
    by: By,
    /// Made of what was shown: seals what only this caller may read again.
    seal: Zeroizing<[u8; 32]>,
}

/// What was shown.
pub(super) enum By {
    /// A session's cookie.
    Session {
        /// The hash of its id.
        sha256: String,
        /// When it began, in epoch milliseconds.
        created_ms: i64,
    },
    /// A token.
    Token(Box<Token>),
}

/// Who does something, as the audit names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The id of a user or of a token.
    pub id: String,
    /// What they are called.
    pub name: String,
    /// The person a token acts for.
    pub owner: Option<UserId>,
}

impl Actor {
    /// An event of this actor. `detail` is an object; who it was is added to it.
    pub fn event(&self, action: &'static str, subject: impl Into<String>, mut detail: Value) -> AuditEvent {
        if let Some(members) = detail.as_object_mut() {
            members.insert("by".to_owned(), Value::from(self.name.clone()));
            if let Some(owner) = &self.owner {
                members.insert("for".to_owned(), Value::from(owner.as_str()));
            }
        }
        AuditEvent::new(self.id.clone(), action, subject, detail)
    }
}

impl Caller {
    pub(super) fn new(user: User, grants: Vec<Grant>, by: By, shown: &SecretString) -> Self {
        let hash = Sha256::new().chain_update(b"ml-connector reply\0").chain_update(shown.expose_secret());
        Self(Arc::new(Known { user, grants, by, seal: Zeroizing::new(hash.finalize().into()) }))
    }

    /// The person.
    pub fn user(&self) -> &User {
        &self.0.user
    }

    /// The person's own roles.
    pub fn grants(&self) -> &[Grant] {
        &self.0.grants
    }

    /// How the audit names the caller.
    pub fn actor(&self) -> Actor {
        match &self.0.by {
            By::Session { .. } => Actor { id: self.user().id.to_string(), name: self.user().name.clone(), owner: None },
            By::Token(token) => {
                Actor { id: token.id.to_string(), name: token.name.clone(), owner: Some(token.user.clone()) }
            }
        }
    }

    pub(super) fn by(&self) -> &By {
        &self.0.by
    }

    pub(super) fn seal(&self) -> &[u8; 32] {
        &self.0.seal
    }

    /// The hash of the session's id.
    ///
    /// # Errors
    /// A refusal of a token: what changes who may come in needs a person who signed in.
    pub(super) fn session(&self) -> Result<&str, Refusal> {
        match &self.0.by {
            By::Session { sha256, .. } => Ok(sha256),
            By::Token(_) => Err(Refusal::not_allowed("A token cannot do this; it takes a person who signed in.")),
        }
    }

    /// What the caller may do for a customer now: what the person's roles allow, and the token where there is one.
    pub fn rights(&self, customer: &CustomerId) -> Vec<Right> {
        let grants = self.grants().iter().filter(|grant| grant.customer == *customer);
        let mut rights: Vec<Right> = grants.flat_map(|grant| grant.role.rights()).copied().collect();
        rights.sort_unstable();
        rights.dedup();
        if let By::Token(token) = &self.0.by {
            let covered = token.customers.contains(customer);
            rights.retain(|right| covered && token.rights.contains(right));
        }
        rights
    }

    /// Whether the caller may administer the installation.
    pub fn may_install(&self) -> bool {
        let token_may = match &self.0.by {
            By::Session { .. } => true,
            By::Token(token) => token.rights.contains(&Right::Install),
        };
        self.user().administrator && token_may
    }

    /// Refuses whoever may not administer the installation.
    ///
    /// # Errors
    /// The refusal.
    pub fn install(&self) -> Result<(), Refusal> {
        if self.may_install() { Ok(()) } else { Err(needs(Right::Install)) }
    }

    /// A customer's data, for one right. It is the only way there.
    ///
    /// # Errors
    /// The same refusal for a customer that does not exist and for one that the caller has no role for; another one,
    /// with the role that is needed, where the caller has some role, or administers the installation.
    pub async fn customer(&self, state: &State, id: &str, right: Right) -> Result<(CustomerStore, Actor), Refusal> {
        let parsed = CustomerId::parse(id).ok_or_else(Refusal::not_found)?;
        let rights = self.rights(&parsed);
        if rights.contains(&right) {
            return Ok((state.store.customer(&parsed).await?, self.actor()));
        }
        if rights.is_empty() && !self.may_install() {
            return Err(self.foreign(state, &parsed));
        }
        state.store.customer(&parsed).await?;
        Err(needs(right))
    }

    /// The door for who may do what at a customer: for its admin, and for who administers the installation. Nothing
    /// else of the customer may be read through it.
    ///
    /// # Errors
    /// As [`Caller::customer`].
    pub(super) async fn people_of(&self, state: &State, id: &str) -> Result<(CustomerStore, Actor), Refusal> {
        if let Some(parsed) = CustomerId::parse(id).filter(|_| self.may_install()) {
            return Ok((state.store.customer(&parsed).await?, self.actor()));
        }
        self.customer(state, id, Right::Administer).await
    }

    /// The customers whose people the caller may administer by a role.
    pub(super) fn administered(&self) -> Vec<CustomerId> {
        let admins = self.grants().iter().filter(|grant| grant.role == Role::Admin);
        let customers = admins.map(|grant| grant.customer.clone());
        customers.filter(|customer| self.rights(customer).contains(&Right::Administer)).collect()
    }

    /// Nothing is written to the customer's audit: a stranger could otherwise fill it.
    fn foreign(&self, state: &State, customer: &CustomerId) -> Refusal {
        state.count_foreign();
        tracing::warn!(actor = self.actor().id, %customer, "asked for a customer without a role for it");
        Refusal::not_found()
    }
}

fn needs(right: Right) -> Refusal {
    let who = match right {
        Right::Install => "an administrator of the installation",
        Right::View => "a role for this customer, such as viewer",
        Right::Operate => "the role operator",
        Right::Map => "the role mapper",
        Right::Approve => "the role approver",
        Right::Administer => "the role admin",
        Right::Audit => "the role auditor or admin",
    };
    Refusal::not_allowed(format!("This takes {who}, and a token that has the right '{}'.", right.name()))
        .with("needs", Value::from(right.name()))
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caller").field(&self.actor().id).finish()
    }
}

impl FromRequestParts<State> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        match parts.extensions.get::<Identity>() {
            Some(identity) => identity.caller.clone(),
            None => Err(Refusal::not_signed_in()),
        }
    }
}
