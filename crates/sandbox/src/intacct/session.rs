//! Who asks: sender, login, sessions with their sliding end, and the entity they stand in.
//!
//! Session ids are made from a seed and a counter; they protect nothing, and are still not printed.

use super::assumptions::Assumptions;
use super::books::Books;
use super::envelope::{Authentication, Control};
use super::error::{self, GatewayError};
use super::model::Credentials;
use super::names::Sym;
use std::collections::HashMap;

/// Who a request comes from, once that is known.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub user: String,
    pub company: String,
    /// Id of the entity; empty at the top level.
    pub location: String,
    pub until_ms: u64,
}

/// A request whose sender could not be made out: user and company as far as they were named, and why.
#[derive(Debug)]
pub(super) struct Nobody {
    pub user: String,
    pub company: String,
    pub error: GatewayError,
}

#[derive(Debug, Clone)]
struct Session {
    location: String,
    until_ms: u64,
}

/// All sessions.
pub(super) struct Sessions {
    credentials: Credentials,
    life_ms: u64,
    seed: u64,
    /// Ends every session's id, so that the id says whose it is.
    mark: String,
    made: u64,
    open: HashMap<String, Session>,
    pub logins: u64,
    pub failed_logins: u64,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sessions({} open)", self.open.len())
    }
}

impl Sessions {
    pub fn new(credentials: Credentials, life_ms: u64, seed: u64, mark: String) -> Self {
        Sessions { credentials, life_ms, seed, mark, made: 0, open: HashMap::new(), logins: 0, failed_logins: 0 }
    }

    pub fn made(&self) -> u64 {
        self.made
    }

    /// What it accepts.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Checks the sender: what is wrong here fails the whole request.
    pub fn check_sender(&self, control: &Control) -> Result<(), GatewayError> {
        let known = control.sender_id == self.credentials.sender_id;
        if !known || control.password != self.credentials.sender_password {
            return Err(error::sender_refused());
        }
        if !control.policy_id.is_empty() {
            return Err(error::policy_unknown(&control.policy_id));
        }
        Ok(())
    }

    /// Checks who signs in or whose session it is; a session that is good lives on from now.
    pub fn authenticate(
        &mut self,
        now_ms: u64,
        authentication: &Authentication,
        books: &Books,
        assumptions: &Assumptions,
    ) -> Result<Caller, Box<Nobody>> {
        let nobody = |error| Box::new(Nobody { user: String::new(), company: String::new(), error });
        match authentication {
            Authentication::Token => Err(nobody(error::sign_in_refused())),
            Authentication::Session(id) => {
                let session = self.open.get_mut(id).filter(|s| s.until_ms > now_ms);
                let session = session.ok_or_else(|| nobody(error::session_invalid()))?;
                session.until_ms = now_ms + self.life_ms;
                let location = session.location.clone();
                Ok(self.caller(now_ms, location))
            }
            Authentication::Login { user, company, password, location } => {
                let own = &self.credentials;
                let refuse = |error| Err(Box::new(Nobody { user: user.clone(), company: company.clone(), error }));
                if *company == own.company_id && !assumptions.subscribed {
                    return refuse(error::not_subscribed());
                }
                if *company == own.company_id && !assumptions.sender_authorised {
                    return refuse(error::sender_not_authorised(&own.sender_id, company));
                }
                let right = *user == own.user_id && *company == own.company_id && *password == own.user_password;
                if !right || !is_entity(books, location) {
                    self.failed_logins += 1;
                    return refuse(error::sign_in_refused());
                }
                self.logins += 1;
                Ok(self.caller(now_ms, location.clone()))
            }
        }
    }

    fn caller(&self, now_ms: u64, location: String) -> Caller {
        Caller {
            user: self.credentials.user_id.clone(),
            company: self.credentials.company_id.clone(),
            location,
            until_ms: now_ms + self.life_ms,
        }
    }

    /// Opens a session; `location` is the entity asked for, empty for the top level.
    pub fn open(&mut self, now_ms: u64, location: &str, books: &Books) -> Result<String, GatewayError> {
        if !is_entity(books, location) {
            return Err(error::sign_in_refused());
        }
        // The number is small; multiplying by an odd constant only spreads it.
        let spread = (self.made + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ self.seed;
        let id = format!("{spread:016x}{:08x}{}", self.made, self.mark);
        self.made += 1;
        self.open.insert(id.clone(), Session { location: location.to_owned(), until_ms: now_ms + self.life_ms });
        Ok(id)
    }

    /// Ends one session.
    pub fn forget(&mut self, id: &str) {
        self.open.remove(id);
    }

    /// Ends every session.
    pub fn forget_all(&mut self) {
        self.open.clear();
    }
}

fn is_entity(books: &Books, location: &str) -> bool {
    location.is_empty() || (books.multi_entity && books.find("LOCATIONENTITY", location).is_some())
}

impl Caller {
    pub fn entity(&self, books: &mut Books) -> Sym {
        books.names.intern(&self.location)
    }
}
