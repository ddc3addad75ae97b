//! What the clients of many customers share in one process: connections, and the sessions of the companies worked with
//! lately. A session is thus logged in once and used by every pass, and ten thousand customers cost no connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::Fault;
use super::connect::{self, Credentials, Endpoints};
use super::expensify::Expensify;
use super::intacct::Intacct;
use crate::figures::{Asked, Ending, Figures};
use crate::settings::Settings;

/// Companies whose sessions are kept at once; the one not used for longest goes first.
const KEPT: usize = 256;
/// A company not worked with for so long is forgotten; its refused logins with it, so that a mended credential is
/// tried again, and a wrong one no more often than that.
const IDLE_MS: i64 = 5 * 60 * 1_000;

/// Connections and sessions of one process.
pub struct Shared {
    settings: Settings,
    endpoints: Endpoints,
    source: ::expensify::Http,
    destination: ::intacct::Transport,
    companies: Mutex<HashMap<[u8; 32], Company>>,
}

struct Company {
    destination: Intacct,
    used_ms: i64,
    made_ms: i64,
}

impl Shared {
    /// Sets up what is shared, with each request counted in `figures`. Nothing is sent.
    ///
    /// # Errors
    /// A fault where an endpoint is not allowed or TLS cannot be set up.
    pub fn new(settings: Settings, endpoints: Endpoints, figures: &Arc<Figures>) -> Result<Self, Fault> {
        let source = connect::source_http(&settings, &endpoints)?.watched(watcher_of_source(figures));
        let destination = connect::destination_transport(&settings, &endpoints)?;
        let destination = destination.watched(watcher_of_destination(figures));
        Ok(Self { settings, endpoints, source, destination, companies: Mutex::default() })
    }

    /// Whether any vendor is replaced by a test endpoint.
    pub const fn is_test(&self) -> bool {
        self.endpoints.is_test()
    }

    /// The source's adapter for one credential, at the pace that `gate` allows.
    pub fn source(&self, credentials: &Credentials, gate: Box<dyn ::expensify::Gate>) -> Expensify {
        let pacer = ::expensify::Pacer::gated(gate);
        connect::source_over(self.source.clone(), credentials, &self.settings, &self.endpoints, pacer)
    }

    /// The destination's adapter for one company's user, with the session that an earlier pass left.
    ///
    /// # Errors
    /// A fault where the endpoint is not allowed.
    pub fn destination(&self, credentials: &Credentials, at_ms: i64) -> Result<Intacct, Fault> {
        let key = key(credentials);
        let mut companies = self.companies.lock().unwrap_or_else(PoisonError::into_inner);
        companies.retain(|_, company| {
            let idle = at_ms.saturating_sub(company.used_ms) > IDLE_MS;
            let refused = company.destination.is_refused() && at_ms.saturating_sub(company.made_ms) > IDLE_MS;
            !idle && !refused
        });
        if let Some(known) = companies.get_mut(&key) {
            known.used_ms = at_ms;
            return Ok(known.destination.clone());
        }
        let transport = self.destination.clone();
        let destination = connect::destination_over(transport, credentials, &self.settings, &self.endpoints)?;
        if companies.len() >= KEPT
            && let Some(oldest) = companies.iter().min_by_key(|(_, company)| company.used_ms).map(|(key, _)| *key)
        {
            companies.remove(&oldest);
        }
        companies.insert(key, Company { destination: destination.clone(), used_ms: at_ms, made_ms: at_ms });
        Ok(destination)
    }
}

fn watcher_of_source(figures: &Arc<Figures>) -> ::expensify::Watcher {
    use ::expensify::End;
    let figures = Arc::clone(figures);
    Arc::new(move |end, took| {
        let ending = match end {
            End::Answered(status) => Ending::of_status(status),
            End::NotSent => Ending::NotSent,
            End::TimedOut => Ending::TimedOut,
            End::Broken => Ending::Broken,
        };
        figures.asked(Asked::Expensify, ending, took);
    })
}

fn watcher_of_destination(figures: &Arc<Figures>) -> ::intacct::Watcher {
    use ::intacct::{End, RequestKind};
    let figures = Arc::clone(figures);
    Arc::new(move |kind, end, took| {
        let asked = match kind {
            RequestKind::Read => Asked::IntacctRead,
            RequestKind::Create => Asked::IntacctCreate,
        };
        let ending = match end {
            End::Answered(status) => Ending::of_status(status),
            End::NotSent => Ending::NotSent,
            End::TimedOut => Ending::TimedOut,
            End::Broken => Ending::Broken,
        };
        figures.asked(asked, ending, took);
    })
}

/// Tells credentials apart; never leaves the process.
fn key(credentials: &Credentials) -> [u8; 32] {
    let mut hash = Sha256::new();
    let entity = credentials.entity.as_deref().unwrap_or_default();
    let fields = [
        credentials.sender_id.as_str(),
        credentials.sender_password.expose_secret(),
        &credentials.company_id,
        &credentials.user_id,
        credentials.user_password.expose_secret(),
        entity,
    ];
    for field in fields {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hash.update(credentials.concurrency.to_be_bytes());
    hash.finalize().into()
}
