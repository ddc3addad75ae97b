//! Opens everything a flow needs: the store, the flow at its stored version, its credentials, its two systems. Nothing
//! is sent to a vendor here.

use std::sync::Arc;

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::master_key::master_keys;
use super::{ACTOR, Progress, Work, WorkError, rules};
use crate::clock::Clock;
use crate::flow::{Destination, Flow, Identifier, SecretRef, Source};
use crate::settings::Settings;
use crate::store::{Access, AuditEvent, CustomerStore, FlowId, Ids, Place, RunId, Store, StoredFlow};
use crate::systems::connect::{self, Credentials, Endpoints};
use crate::systems::expensify::Expensify;
use crate::systems::intacct::Intacct;

/// How long a request counts towards the longest of Expensify's limits.
const BUDGET_MS: i64 = 61_000;

/// A flow, ready to work.
pub struct Opened {
    /// The store.
    pub store: Store,
    /// The customer's data.
    pub customer: CustomerStore,
    /// The flow, at its stored version.
    pub flow: Flow,
    /// Its id.
    pub flow_id: FlowId,
    /// This run.
    pub run: RunId,
    /// Expensify.
    pub source: Expensify,
    /// Intacct.
    pub destination: Intacct,
    /// The clock, in the flow's zone.
    pub clock: Clock,
    settings: Settings,
    pacer: expensify::Pacer,
    /// Names the Expensify credential in the budget without telling it.
    budget: String,
    began_ms: i64,
}

/// The store at the place that the settings name.
///
/// # Errors
/// Those of the store; [`accounting::Code::MasterKeyMissing`] where a given key cannot be read.
pub async fn open_store(settings: &Settings, access: Access, clock: &Clock) -> Result<Store, WorkError> {
    let place = place(settings)?;
    let key = master_keys(settings)?;
    Ok(Store::open(place, access, key, Ids::system(), clock.now_ms()).await?)
}

/// Where the settings say the database is.
///
/// # Errors
/// [`accounting::Code::DatabaseAddress`].
pub fn place(settings: &Settings) -> Result<Place, WorkError> {
    Ok(Place::parse(&settings.database.url, settings.database.connections)?)
}

impl Opened {
    /// Opens the store and the flow, keeps the flow's document as a new version if it changed, and sets up both
    /// systems.
    ///
    /// # Errors
    /// What is missing or wrong, with its code.
    pub async fn open(flow: Flow, settings: Settings, endpoints: &Endpoints) -> Result<Self, WorkError> {
        let clock = Clock::system(flow.schedule.zone.clone());
        let began_ms = clock.now_ms();
        let store = open_store(&settings, Access::Write, &clock).await?;
        let customer = store.create_customer(&flow.customer, ACTOR, began_ms).await?;
        let mut tx = customer.begin().await?;
        let version = tx.put_flow(&flow.name, &flow.document, ACTOR, began_ms).await?;
        if version.new {
            let detail = json!({ "version": version.version, "sha256": data_encoding::HEXLOWER.encode(&flow.sha256) });
            let event = AuditEvent::new(ACTOR, "flow.changed", version.id.as_str(), detail);
            tx.commit(began_ms, vec![event]).await?;
        } else {
            drop(tx);
        }
        let flow = flow.with_version(version.version);
        let credentials = credentials(&flow, Some(&customer)).await?;
        let pacer = connect::pacer(&settings);
        let budget = Sha256::digest(credentials.partner_user_id.as_bytes());
        let budget = format!("expensify:{}", &data_encoding::HEXLOWER.encode(&budget)[..16]);
        let spent = store.spent_budget(&budget, began_ms - BUDGET_MS).await?;
        let ages = spent.iter().map(|at_ms| Duration::from_millis(began_ms.saturating_sub(*at_ms).unsigned_abs()));
        pacer.seed(&ages.collect::<Vec<_>>());
        let source = connect::source(&credentials, &settings, endpoints, pacer.clone())?;
        let destination = connect::destination(&credentials, &settings, endpoints)?;
        let run = store.ids().run(began_ms)?;
        let flow_id = version.id;
        Ok(Self { store, customer, flow, flow_id, run, source, destination, clock, settings, pacer, budget, began_ms })
    }

    /// What a run works with.
    pub fn work<'a>(&'a self, progress: &'a dyn Progress) -> Work<'a, Expensify, Intacct> {
        Work {
            customer: &self.customer,
            flow: &self.flow,
            flow_id: self.flow_id.clone(),
            run: self.run.clone(),
            began_ms: self.began_ms,
            shown_since_ms: self.began_ms,
            unattended: false,
            ending: Arc::default(),
            source: &self.source,
            destination: &self.destination,
            clock: &self.clock,
            settings: &self.settings,
            rules: rules(&self.settings),
            progress,
        }
    }

    /// Keeps what was asked of Expensify for the next process, and closes the store.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn close(self) -> Result<(), WorkError> {
        let now_ms = self.clock.now_ms();
        for age in self.pacer.recent() {
            let at_ms = now_ms.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
            if at_ms >= self.began_ms {
                self.store.spend_budget(&self.budget, at_ms, BUDGET_MS).await?;
            }
        }
        let Self { store, customer, .. } = self;
        drop(customer);
        store.close().await;
        Ok(())
    }
}

/// A flow's systems, for looking only: nothing is kept.
pub struct Peek {
    /// The flow, at the version that the database knows, if any.
    pub flow: Flow,
    /// Expensify.
    pub source: Expensify,
    /// Intacct.
    pub destination: Intacct,
    /// The clock, in the flow's zone.
    pub clock: Clock,
}

impl Peek {
    /// Sets up both systems. A database is read only where it exists, for its sealed secrets and the flow's version.
    ///
    /// # Errors
    /// What is missing or wrong, with its code.
    pub async fn open(flow: Flow, settings: &Settings, endpoints: &Endpoints) -> Result<Self, WorkError> {
        let clock = Clock::system(flow.schedule.zone.clone());
        let customer = if place(settings)?.may_exist() {
            open_store(settings, Access::Read, &clock).await?.customer_named(&flow.customer).await?
        } else {
            None
        };
        let mut flow = flow;
        if let Some(customer) = &customer {
            let stored = customer.flows().await?.into_iter().find(|stored| stored.name == flow.name);
            let changed = |stored: &StoredFlow| u32::from(stored.document != flow.document);
            let version = stored.map_or(1, |stored| stored.version + changed(&stored));
            flow = flow.with_version(version);
        } else {
            flow = flow.with_version(1);
        }
        let credentials = credentials(&flow, customer.as_ref()).await?;
        let source = connect::source(&credentials, settings, endpoints, connect::pacer(settings))?;
        let destination = connect::destination(&credentials, settings, endpoints)?;
        Ok(Self { flow, source, destination, clock })
    }
}

impl Peek {
    /// Sets up both systems for a flow of a customer as it is stored.
    ///
    /// # Errors
    /// What is missing or wrong, with its code.
    pub async fn of(
        flow: Flow,
        customer: &CustomerStore,
        settings: &Settings,
        endpoints: &Endpoints,
    ) -> Result<Self, WorkError> {
        let clock = Clock::system(flow.schedule.zone.clone());
        let credentials = credentials(&flow, Some(customer)).await?;
        let source = connect::source(&credentials, settings, endpoints, connect::pacer(settings))?;
        let destination = connect::destination(&credentials, settings, endpoints)?;
        Ok(Self { flow, source, destination, clock })
    }
}

/// Reads every credential that the flow refers to.
pub(super) async fn credentials(flow: &Flow, customer: Option<&CustomerStore>) -> Result<Credentials, WorkError> {
    let Source::Expensify(source) = &flow.source;
    let Destination::Intacct(destination) = &flow.destination;
    Ok(Credentials {
        partner_user_id: identifier(&source.partner_user_id, customer).await?,
        partner_user_secret: secret(&source.partner_user_secret, customer).await?,
        sender_id: identifier(&destination.sender_id, customer).await?,
        sender_password: secret(&destination.sender_password, customer).await?,
        company_id: identifier(&destination.company_id, customer).await?,
        user_id: identifier(&destination.user_id, customer).await?,
        user_password: secret(&destination.user_password, customer).await?,
        entity: destination.entity.clone(),
        concurrency: usize::from(destination.concurrency),
    })
}

pub(super) async fn identifier(identifier: &Identifier, customer: Option<&CustomerStore>) -> Result<String, WorkError> {
    match identifier {
        Identifier::Literal(text) => Ok(text.clone()),
        Identifier::Reference(reference) => Ok(secret(reference, customer).await?.expose_secret().to_owned()),
    }
}

pub(super) async fn secret(reference: &SecretRef, customer: Option<&CustomerStore>) -> Result<SecretString, WorkError> {
    match (reference, customer) {
        (SecretRef::Sealed(name), Some(customer)) => Ok(customer.open_secret(name).await?),
        (other, _) => other.read().map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            WorkError::Refused { code: error.code(), detail: format!("{error}{cause}") }
        }),
    }
}
