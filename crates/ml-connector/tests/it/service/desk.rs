//! A company whose flow is in the hands of a worker: it only sets up and looks.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use ml_connector::clock::Clock;
use ml_connector::figures::Figures;
use ml_connector::flow::Flow;
use ml_connector::store::{
    Access, AuditEvent, CustomerStore, FlowId, FlowTimes, Ids, InboxReport, InboxState, MasterKey, Store, Wanted,
    WantedKind,
};
use ml_connector::work::worker::Worker;
use sandbox::Options;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::stories::office::Office;

/// Longest wait for a condition; nothing comes near it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A store with one customer's flow.
pub struct Desk {
    pub office: Office,
    pub store: Store,
    pub customer: CustomerStore,
    pub flow: FlowId,
    pub clock: Clock,
}

/// A worker that works beside the test.
pub struct AtWork {
    /// What it counts.
    pub figures: Arc<Figures>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<bool>,
}

impl Desk {
    /// A company with a flow that polls every minute and posts. What it still waits for is short.
    pub async fn open(options: Options) -> Self {
        let mut office = Office::open(options).await;
        office.settings.service.tick_ms = 20;
        office.settings.posting.settle_seconds = 1;
        office.settings.posting.look_gap_seconds = 0;
        office.settings.posting.look_at_seconds = vec![0, 1];
        let clock = Clock::system(TimeZone::UTC);
        let key = Some(MasterKey::generate().unwrap());
        let store = Store::open(&office.database(), Access::Write, key, Ids::system(), clock.now_ms()).await.unwrap();
        let customer = store.create_customer("acme", "test", clock.now_ms()).await.unwrap();
        let flow = put_flow(&customer, &office.flow, clock.now_ms()).await;
        Self { office, store, customer, flow, clock }
    }

    /// Keeps the office's document as the flow's newest version.
    pub async fn put_flow(&self) {
        put_flow(&self.customer, &self.office.flow, self.clock.now_ms()).await;
    }

    /// Lets a worker work.
    pub fn work(&self) -> AtWork {
        let endpoints = self.office.endpoints.clone();
        let worker =
            Worker::new(self.store.clone(), self.office.settings.clone(), &endpoints, self.clock.clone()).unwrap();
        let (stop, stopped) = oneshot::channel();
        let figures = Arc::clone(worker.figures());
        let ended = tokio::spawn(async move { worker.work(async { drop(stopped.await) }).await });
        AtWork { figures, stop, ended }
    }

    /// Asks for something.
    pub async fn want(&self, kind: WantedKind, detail: Value) -> ml_connector::store::WantedId {
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await.unwrap();
        let (id, event) = tx.want(&self.flow, kind, &detail, "test", at_ms).await.unwrap();
        tx.commit(at_ms, vec![event]).await.unwrap();
        id
    }

    /// The answer to a wish.
    pub async fn answer(&self, id: &ml_connector::store::WantedId) -> Wanted {
        self.until("the wish is answered", async || {
            self.customer.wanted(id).await.unwrap().filter(|wanted| wanted.ended_ms.is_some())
        })
        .await
    }

    /// Waits until something is so.
    pub async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let waiting = async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, waiting).await;
        found.unwrap_or_else(|_| panic!("it did not come about that {what}"))
    }

    pub async fn times(&self) -> FlowTimes {
        self.customer.flow_times(&self.flow).await.unwrap()
    }

    pub async fn reports(&self) -> Vec<InboxReport> {
        self.customer.reports_in(&self.flow, &InboxState::ALL, None, 100_000).await.unwrap()
    }

    pub async fn count(&self, state: InboxState) -> usize {
        self.reports().await.iter().filter(|report| report.state == state).count()
    }
}

impl AtWork {
    /// Tells it to stop, and waits for its end. Whether all of its work ended.
    pub async fn end(self) -> bool {
        let _ = self.stop.send(());
        self.ended.await.unwrap()
    }
}

async fn put_flow(customer: &CustomerStore, document: &str, at_ms: i64) -> FlowId {
    let flow = Flow::parse(document, "flow.toml", None).unwrap_or_else(|error| panic!("{error}"));
    let mut tx = customer.begin().await.unwrap();
    let version = tx.put_flow(&flow.name, &flow.document, "test", at_ms).await.unwrap();
    tx.await_flow(&version.id, at_ms).await.unwrap();
    let event = AuditEvent::new("test", "flow.changed", version.id.as_str(), json!({ "version": version.version }));
    tx.commit(at_ms, vec![event]).await.unwrap();
    version.id
}
