//! The sandbox as a running thing: one listener for both vendors, its options, and what it says of itself.
//!
//! Here alone the clock is read and a socket opened. What the vendors do is in their models.

mod body;
mod connection;
mod control;
mod gate;
mod gateway;
mod integration;

use crate::{expensify, faults::Faults, faults::Script, intacct};
use axum::{Router, routing};
use serde::Serialize;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The same seed gives the same company.
    pub seed: u64,
    /// Number of expense reports.
    pub reports: usize,
    /// Scale mode: every report is clean and has exactly so many expenses.
    pub expenses_per_report: Option<usize>,
    /// The endpoint that sign-in answers name; the sandbox's own URL when absent. The vendor's own client libraries
    /// accept hosts under `intacct.com` only.
    pub intacct_endpoint: Option<String>,
    /// What goes wrong from the start.
    pub faults: Faults,
    /// The company's today; the real one when absent.
    pub today: Option<jiff::civil::Date>,
    /// The company has entities, each of which must balance.
    pub multi_entity: bool,
    /// The company books in several currencies.
    pub multi_currency: bool,
    /// So many more rows of every reference object, for paging.
    pub extra_rows: usize,
    /// Life of an Intacct session without a call, in milliseconds.
    pub session_ms: u64,
    /// What is assumed of Intacct.
    pub intacct_assumptions: intacct::Assumptions,
    /// What is assumed of Expensify.
    pub expensify_assumptions: expensify::Assumptions,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            reports: 300,
            expenses_per_report: None,
            intacct_endpoint: None,
            faults: Faults::default(),
            today: None,
            multi_entity: false,
            multi_currency: false,
            extra_rows: 0,
            session_ms: 8 * 3_600_000,
            intacct_assumptions: intacct::Assumptions::default(),
            expensify_assumptions: expensify::Assumptions::default(),
        }
    }
}

/// Values that work (or, where the name says so, do not) in the seeded company.
#[derive(Debug, Clone, Serialize)]
pub struct Samples {
    /// Symbol of a journal for postings.
    pub journal: String,
    /// An account that wants a department and a location, and nothing more.
    pub debit_account: String,
    /// An account that wants no dimension.
    pub credit_account: String,
    /// A number that no account has.
    pub unknown_account: String,
    /// Id of an active department.
    pub department: String,
    /// Id of an active location.
    pub location: String,
    /// A date in an open period, as the gateway takes it: MM/DD/YYYY.
    pub open_date: String,
    /// Id of an approved report that can be posted.
    pub report_id: String,
}

/// Both vendors' credentials. They protect nothing, and are still not printed.
#[derive(Clone, Serialize)]
pub struct Credentials {
    /// The gateway's.
    pub intacct: intacct::Credentials,
    /// The Integration Server's.
    pub expensify: PartnerCredentials,
}

/// The Integration Server's pair.
#[derive(Clone, Serialize)]
pub struct PartnerCredentials {
    /// `partnerUserID`.
    pub partner_user_id: String,
    /// `partnerUserSecret`.
    pub partner_user_secret: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// A running sandbox. Dropping it stops it, without waiting.
#[derive(Debug)]
pub struct Sandbox {
    /// The Integration Server's URL.
    pub expensify_url: String,
    /// The gateway's URL.
    pub intacct_url: String,
    /// What both accept.
    pub credentials: Credentials,
    /// Values for a first try.
    pub samples: Samples,
    /// `http://host:port` of the listener.
    pub origin: String,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    intacct: Mutex<intacct::Model>,
    expensify: Mutex<expensify::Model>,
    script: Mutex<Script>,
    gate: gate::Gate,
    create_lane: tokio::sync::Mutex<()>,
    stop: watch::Receiver<bool>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds since 1970, from the one clock of the sandbox.
#[expect(clippy::disallowed_methods, reason = "the edge of the sandbox: its models are told the time")]
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Starts a sandbox on the current runtime.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn start(options: Options) -> std::io::Result<Sandbox> {
    let listener = TcpListener::bind(options.listen).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let intacct_url = format!("{origin}{GATEWAY}");
    let today = options.today.unwrap_or_else(|| intacct::utc_date(now_ms()));
    let intacct = intacct::Model::new(
        intacct::Options {
            today,
            multi_entity: options.multi_entity,
            multi_currency: options.multi_currency,
            extra_rows: options.extra_rows,
            endpoint: options.intacct_endpoint.unwrap_or_else(|| intacct_url.clone()),
            session_ms: options.session_ms,
            seed: options.seed,
        },
        options.intacct_assumptions,
    );
    let expensify = expensify::Model::new(
        expensify::Options {
            seed: options.seed,
            reports: options.reports,
            expenses_per_report: options.expenses_per_report,
            today,
        },
        options.expensify_assumptions,
    );
    let pair = expensify.credentials();
    let credentials = Credentials {
        intacct: intacct.credentials(),
        expensify: PartnerCredentials {
            partner_user_id: pair.partner_user_id,
            partner_user_secret: pair.partner_user_secret,
        },
    };
    let samples = samples(&intacct, &expensify);
    let (stop, stopped) = watch::channel(false);
    let shared = Arc::new(Shared {
        intacct: Mutex::new(intacct),
        expensify: Mutex::new(expensify),
        script: Mutex::new(Script::new(options.faults)),
        gate: gate::Gate::default(),
        create_lane: tokio::sync::Mutex::default(),
        stop: stopped,
    });
    let task = tokio::spawn(serve(listener, shared.clone()));
    let expensify_url = format!("{origin}{INTEGRATION}");
    Ok(Sandbox { expensify_url, intacct_url, credentials, samples, origin, shared, stop, task })
}

const GATEWAY: &str = "/ia/xml/xmlgw.phtml";
const INTEGRATION: &str = "/Integration-Server/ExpensifyIntegrations";

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let router = Router::new()
        .route(GATEWAY, routing::any(gateway::answer))
        .route(INTEGRATION, routing::any(integration::answer))
        .route("/_state", routing::get(control::state))
        .route("/_faults", routing::get(control::faults).post(control::set_faults).delete(control::clear_faults))
        .route("/_edit", routing::post(control::edit))
        .with_state(shared.clone());
    let mut stop = shared.stop.clone();
    let serving = axum::serve(
        connection::CuttingListener(listener),
        router.into_make_service_with_connect_info::<connection::Cut>(),
    )
    .with_graceful_shutdown(async move { gone(&mut stop).await });
    // Accepting never fails for good; an error here could only mean that the runtime ends.
    let _ = serving.await;
}

/// Resolves when the sandbox stops.
async fn gone(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is dropped, which is a stop too.
    let _ = stop.wait_for(|stopped| *stopped).await;
}

fn samples(intacct: &intacct::Model, expensify: &expensify::Model) -> Samples {
    let own = intacct.samples();
    Samples {
        journal: own.journal.into(),
        debit_account: own.debit_account.into(),
        credit_account: own.credit_account.into(),
        unknown_account: own.unknown_account.into(),
        department: own.department.into(),
        location: own.location.into(),
        open_date: own.open_date,
        report_id: expensify.sample_report_id(),
    }
}

impl Sandbox {
    /// What a program that starts the sandbox needs to know; printed as one line of JSON.
    pub fn announcement(&self) -> Value {
        json!({
            "expensify_url": self.expensify_url,
            "intacct_url": self.intacct_url,
            "credentials": self.credentials,
            "samples": self.samples,
        })
    }

    /// What came in so far and what the books hold, as `GET /_state` answers.
    pub fn state(&self) -> Value {
        control::state_of(&self.shared, true)
    }

    /// Replaces the faults and starts their counters anew.
    pub fn set_faults(&self, faults: Faults) {
        *lock(&self.shared.script) = Script::new(faults);
    }

    /// Changes what is assumed of Intacct.
    pub fn set_intacct_assumptions(&self, assumptions: intacct::Assumptions) {
        lock(&self.shared.intacct).set_assumptions(assumptions);
    }

    /// Changes what is assumed of Expensify.
    pub fn set_expensify_assumptions(&self, assumptions: expensify::Assumptions) {
        lock(&self.shared.expensify).set_assumptions(assumptions);
    }

    /// What a person does in one of the two products, as `POST /_edit` takes it.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the command.
    pub fn edit(&self, command: Value) -> Result<Value, String> {
        control::edit_model(&self.shared, command)
    }

    /// Stops listening, lets answers in progress end, and returns when the port is free.
    pub async fn stop(self) {
        let Sandbox { stop, mut task, .. } = self;
        let _ = stop.send(true);
        // A client that never closes its connection must not hold the sandbox up.
        if tokio::time::timeout(Duration::from_secs(2), &mut task).await.is_err() {
            task.abort();
        }
    }
}
