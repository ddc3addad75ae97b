//! The sandbox as a running thing: one listener for both vendors, its options, and what it says of itself.
//!
//! Here alone the clock is read and a socket opened. What the vendors do is in their models.

mod body;
mod companies;
mod connection;
mod control;
mod gate;
mod gateway;
mod integration;
mod options;
mod totals;

use crate::identity::Identity;
use crate::{expensify, faults::Faults, intacct};
use axum::{Router, routing};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub use options::Options;

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

impl From<Identity> for Credentials {
    fn from(identity: Identity) -> Self {
        let pair = identity.expensify;
        let (partner_user_id, partner_user_secret) = (pair.partner_user_id, pair.partner_user_secret);
        Credentials {
            intacct: identity.intacct,
            expensify: PartnerCredentials { partner_user_id, partner_user_secret },
        }
    }
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
    companies: companies::Companies,
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
    let companies = companies::Companies::new(options, today, &intacct_url);
    let first = companies.first();
    let credentials = companies.credentials_of(0);
    let samples = samples_of(&first);
    let (stop, stopped) = watch::channel(false);
    let shared = Arc::new(Shared { companies, stop: stopped });
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
        .route("/_state/all", routing::get(totals::all))
        .route("/_credentials", routing::get(control::credentials))
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

fn samples_of(company: &companies::Company) -> Samples {
    let own = lock(&company.intacct).samples();
    Samples {
        journal: own.journal.into(),
        debit_account: own.debit_account.into(),
        credit_account: own.credit_account.into(),
        unknown_account: own.unknown_account.into(),
        department: own.department.into(),
        location: own.location.into(),
        open_date: own.open_date,
        report_id: lock(&company.expensify).sample_report_id(),
    }
}

impl Sandbox {
    /// What a program that starts the sandbox needs to know; printed as one line of JSON. Where there are several
    /// companies, `companies` and `credentials_url` say how many, and where each one's credentials are to be had.
    pub fn announcement(&self) -> Value {
        let mut announced = json!({
            "expensify_url": self.expensify_url,
            "intacct_url": self.intacct_url,
            "credentials": self.credentials,
            "samples": self.samples,
        });
        if self.shared.companies.count() > 1 {
            announced["companies"] = json!(self.shared.companies.count());
            announced["credentials_url"] = json!(format!("{}/_credentials?company=", self.origin));
        }
        announced
    }

    /// The credentials of company `number`, which are those of a stranger where there is no such company.
    pub fn credentials_of(&self, number: usize) -> Credentials {
        self.shared.companies.credentials_of(number)
    }

    /// Values for a first try in company `number`; `None` where there is no such company.
    pub fn samples_of(&self, number: usize) -> Option<Samples> {
        self.shared.companies.seen(number).map(|company| samples_of(&company))
    }

    /// What came in so far for company 0 and what its books hold, as `GET /_state` answers.
    pub fn state(&self) -> Value {
        control::state_of(&self.shared.companies.first(), true)
    }

    /// The same of company `number`; `None` where there is no such company.
    pub fn state_of(&self, number: usize) -> Option<Value> {
        self.shared.companies.seen(number).map(|company| control::state_of(&company, true))
    }

    /// Sums over all companies that were called: requests, entries, amounts, and what stands in the books twice, as
    /// `GET /_state/all` answers. With `each` every company by itself besides, with `approved` what all approved and
    /// paid reports come to, which takes its time.
    pub fn state_of_all(&self, each: bool, approved: bool) -> Value {
        totals::of_all(&self.shared, each, approved)
    }

    /// Replaces the faults that all companies share and starts their counters anew.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.companies.set_faults(faults);
    }

    /// Gives company `number` faults of its own, which it then suffers in place of the shared ones. Without such a
    /// company nothing happens.
    pub fn set_faults_of(&self, number: usize, faults: Faults) {
        if let Some(company) = self.shared.companies.company(number) {
            company.set_faults(Some(faults));
        }
    }

    /// Changes what is assumed of Intacct, in every company.
    pub fn set_intacct_assumptions(&self, assumptions: intacct::Assumptions) {
        self.shared.companies.set_intacct_assumptions(assumptions);
    }

    /// Changes what is assumed of Expensify, in every company.
    pub fn set_expensify_assumptions(&self, assumptions: expensify::Assumptions) {
        self.shared.companies.set_expensify_assumptions(assumptions);
    }

    /// What a person does in one of the two products, as `POST /_edit` takes it; `"company"` says in which company,
    /// company 0 when absent.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the command.
    pub fn edit(&self, command: Value) -> Result<Value, String> {
        control::edit_model(&self.shared, command, None)
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
