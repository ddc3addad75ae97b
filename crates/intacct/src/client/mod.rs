//! The client: one company's user, its sessions, and the requests it can make.
//!
//! Clones share everything. Requests, reads and creates each have a file of their own beside this one.

mod create;
mod login;
mod read;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::ExposeSecret;
use tokio::sync::Semaphore;

pub use create::MaskedEnvelope;
pub use read::{Count, Page, ReadByQuery};

use crate::config::{Config, Login, Sender};
use crate::endpoint;
use crate::envelope::{Authentication, Envelope};
use crate::error::Error;
use crate::facts::SessionFacts;
use crate::session::{Lease, SessionCell};
use crate::transport::{Incoming, Outgoing, RequestKind, SendError, Transport};

/// A client of one company. Cheap to clone; clones share sessions, connections and counters.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    session: Arc<SessionCell>,
    entity: Option<Arc<str>>,
}

struct Shared {
    config: Config,
    gateway_url: String,
    sender: Sender,
    login: Login,
    transport: Transport,
    slots: Semaphore,
    sessions: Mutex<HashMap<Option<Arc<str>>, Arc<SessionCell>>>,
    requests: AtomicU64,
    ids: AtomicU64,
}

impl Client {
    /// A client over HTTP. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::EndpointRefused`] for a gateway URL that breaks the rule, [`Error::Setup`] where TLS can not be set up.
    pub fn new(config: Config, sender: Sender, login: Login) -> Result<Self, Error> {
        let transport = Transport::http(&config)?;
        Self::with_transport(config, sender, login, transport)
    }

    /// A client over a transport of one's own.
    ///
    /// # Errors
    /// [`Error::EndpointRefused`] for a gateway URL that breaks the rule.
    pub fn with_transport(config: Config, sender: Sender, login: Login, transport: Transport) -> Result<Self, Error> {
        let gateway_url = endpoint::check(&config.endpoint_rule, &config.gateway_url)?;
        let entity: Option<Arc<str>> = login.entity.as_deref().filter(|id| !id.is_empty()).map(Arc::from);
        let session = Arc::new(SessionCell::default());
        let sessions = Mutex::new(HashMap::from([(entity.clone(), session.clone())]));
        let slots = Semaphore::new(config.concurrency.max(1));
        let shared = Shared {
            config,
            gateway_url,
            sender,
            login,
            transport,
            slots,
            sessions,
            requests: AtomicU64::new(0),
            ids: AtomicU64::new(0),
        };
        Ok(Self { shared: Arc::new(shared), session, entity })
    }

    /// The same client working in another entity (`None`: the top level), with a session of its own.
    #[must_use]
    pub fn in_entity(&self, entity: Option<&str>) -> Self {
        let entity: Option<Arc<str>> = entity.filter(|id| !id.is_empty()).map(Arc::from);
        let mut sessions = self.shared.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.entry(entity.clone()).or_default().clone();
        Self { shared: self.shared.clone(), session, entity }
    }

    /// Entity this client works in.
    pub fn entity(&self) -> Option<&str> {
        self.entity.as_deref()
    }

    /// The session, logging in if there is none or it is near its end. However many ask at once, one login is sent.
    ///
    /// # Errors
    /// Those of a login. A refusal is remembered and answered again without a login until
    /// [`forget_failure`](Self::forget_failure): repeated wrong logins lock a user out.
    pub async fn session(&self) -> Result<SessionFacts, Error> {
        self.lease(None).await.map(|(_, facts)| facts)
    }

    /// A new session, whatever is left of the present one.
    ///
    /// # Errors
    /// As [`session`](Self::session).
    pub async fn renew_session(&self) -> Result<SessionFacts, Error> {
        self.lease(self.session.generation()).await.map(|(_, facts)| facts)
    }

    /// Forgets that a login was refused, after a credential or a right was put right.
    pub fn forget_failure(&self) {
        self.session.forget_refusal();
    }

    /// Whether a login was refused, which [`session`](Self::session) goes on answering.
    pub fn is_refused(&self) -> bool {
        self.session.is_refused()
    }

    /// HTTP requests written so far, logins included, those that failed before the first byte excluded.
    pub fn requests_sent(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// A number for a control id of a read. Reads say `uniqueid=false`, so it need not differ between processes.
    fn next_id(&self) -> u64 {
        self.shared.ids.fetch_add(1, Ordering::Relaxed) + 1
    }

    async fn send(&self, request: Outgoing) -> Result<Incoming, SendError> {
        // Counted first: a caller that gives up waiting has still caused a request.
        self.shared.requests.fetch_add(1, Ordering::Relaxed);
        let outcome = self.shared.transport.send(request).await;
        if matches!(outcome, Err(SendError::NotSent { .. })) {
            self.shared.requests.fetch_sub(1, Ordering::Relaxed);
        }
        outcome
    }

    fn outgoing(&self, url: &str, body: bytes::Bytes, kind: RequestKind) -> Outgoing {
        let timeout = self.shared.config.timeouts.read;
        Outgoing { url: url.to_owned(), body, kind, timeout }
    }

    /// The envelope of a request inside a session.
    fn envelope<'a>(&'a self, control_id: &'a str, lease: &'a Lease) -> Envelope<'a> {
        Envelope {
            sender_id: &self.shared.sender.id,
            sender_password: self.shared.sender.password.expose_secret(),
            control_id,
            unique_id: false,
            additional_error_info: self.shared.config.additional_error_info,
            authentication: Authentication::Session(lease.id.expose_secret()),
            transaction: false,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client")
            .field("gateway_url", &self.shared.gateway_url)
            .field("login", &self.shared.login)
            .field("entity", &self.entity)
            .finish_non_exhaustive()
    }
}
