//! What every handler works with. Cheap to clone; it holds no request's data.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::flow_cache::FlowCache;
use super::hasher::Hasher;
use super::known_charts::KnownCharts;
use super::listen::WebError;
use super::peer::Network;
use super::running::Running;
use super::sign_on::SignOn;
use crate::clock::Clock;
use crate::figures::Figures;
use crate::flow::Flow;
use crate::settings::Settings;
use crate::store::{Store, StoredFlow};
use crate::work::demonstration::Demonstrations;

/// The store, the settings, the clock, and what requests share.
#[derive(Clone)]
pub struct State {
    /// What is remembered.
    pub store: Store,
    /// The operator's settings.
    pub settings: Arc<Settings>,
    /// The time.
    pub clock: Clock,
    /// What the process counts.
    pub figures: Arc<Figures>,
    shared: Arc<Shared>,
}

struct Shared {
    hasher: Hasher,
    proxies: Vec<Network>,
    sign_on: Option<SignOn>,
    flows: FlowCache,
    /// Requests for customers that the caller has no role for.
    foreign: AtomicU64,
    /// The process was told to stop.
    draining: AtomicBool,
    charts: KnownCharts,
    comparisons: Running,
    /// The vendors are test endpoints.
    sandbox: AtomicBool,
    demonstrations: OnceLock<Arc<Demonstrations>>,
}

impl State {
    /// A state to serve requests with.
    ///
    /// # Errors
    /// [`WebError::Setting`] for a proxy that is no address or network, or a `public_url` that is no URL;
    /// [`WebError::Secret`] where a secret is named and cannot be read.
    pub fn new(store: Store, settings: Settings, clock: Clock) -> Result<Self, WebError> {
        let proxies = settings.web.trusted_proxies.iter().map(|text| {
            Network::parse(text).ok_or_else(|| WebError::Setting { key: "web.trusted_proxies", value: text.clone() })
        });
        let proxies = proxies.collect::<Result<Vec<_>, _>>()?;
        super::listen::check_public_url(&settings.web.public_url)?;
        let sign_on = SignOn::new(&settings.oidc, &store.installation().id)?;
        let shared = Shared {
            hasher: Hasher::new(),
            proxies,
            sign_on,
            flows: FlowCache::default(),
            foreign: AtomicU64::new(0),
            draining: AtomicBool::new(false),
            charts: KnownCharts::default(),
            comparisons: Running::default(),
            sandbox: AtomicBool::new(false),
            demonstrations: OnceLock::new(),
        };
        let figures = Arc::new(Figures::default());
        Ok(Self { store, settings: Arc::new(settings), clock, figures, shared: Arc::new(shared) })
    }

    /// The same, showing the figures of the worker beside it.
    #[must_use]
    pub fn with_figures(self, figures: &Arc<Figures>) -> Self {
        Self { figures: Arc::clone(figures), ..self }
    }

    /// The vendors are test endpoints here: every page says so.
    pub fn mark_sandbox(&self) {
        self.shared.sandbox.store(true, Ordering::Relaxed);
    }

    /// Demonstration customers can be made: the worker of this process works on them.
    pub fn demonstrate(&self, demonstrations: &Arc<Demonstrations>) {
        // There is one for the life of the process.
        let _ = self.shared.demonstrations.set(Arc::clone(demonstrations));
    }

    /// Where demonstration customers come from; `None` where none can be made.
    pub(super) fn demonstrations(&self) -> Option<&Arc<Demonstrations>> {
        self.shared.demonstrations.get()
    }

    /// Whether the vendors are test endpoints.
    pub fn is_sandbox(&self) -> bool {
        self.shared.sandbox.load(Ordering::Relaxed)
    }

    /// The process was told to stop: whoever asks whether it is ready is told no.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the process was told to stop.
    pub fn is_draining(&self) -> bool {
        self.shared.draining.load(Ordering::Relaxed)
    }

    /// How people reach this service, without a slash at the end.
    pub fn base_url(&self) -> String {
        match self.settings.web.public_url.trim_end_matches('/') {
            "" => format!("http://{}", self.settings.web.listen),
            url => url.to_owned(),
        }
    }

    /// How often somebody asked for a customer that they have no role for, since the start.
    pub fn foreign_requests(&self) -> u64 {
        self.shared.foreign.load(Ordering::Relaxed)
    }

    pub(super) fn count_foreign(&self) {
        self.shared.foreign.fetch_add(1, Ordering::Relaxed);
    }

    /// The provider that people may sign on with.
    pub(super) fn sign_on(&self) -> Option<&SignOn> {
        self.shared.sign_on.as_ref()
    }

    /// A stored flow as its document reads; `None` where it no longer can be read.
    pub(super) fn flow(&self, stored: &StoredFlow) -> Option<Arc<Flow>> {
        self.shared.flows.read(stored)
    }

    pub(super) fn hasher(&self) -> &Hasher {
        &self.shared.hasher
    }

    /// The charts that were looked at lately.
    pub(super) fn charts(&self) -> &KnownCharts {
        &self.shared.charts
    }

    /// The comparisons that run.
    pub(super) fn comparisons(&self) -> &Running {
        &self.shared.comparisons
    }

    /// Whether what this address forwards is believed.
    pub(super) fn is_proxy(&self, address: IpAddr) -> bool {
        self.shared.proxies.iter().any(|network| network.contains(address))
    }
}
