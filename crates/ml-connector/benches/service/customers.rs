//! Customers of the service for a measurement: each a company of the sandbox with a flow and sealed credentials.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use ml_connector::clock::Clock;
use ml_connector::flow::Flow;
use ml_connector::settings::Settings;
use ml_connector::store::{Access, AuditEvent, CustomerStore, MasterKey, Store};
use ml_connector::work::start::open_store;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::Sandbox;

const FLOW: &str = include_str!("../../../../examples/flows/expenses.toml");

/// A folder with a database and its master key.
pub struct Place {
    folder: TempDir,
    pub settings: Settings,
    pub clock: Clock,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = MasterKey::generate().unwrap();
        std::fs::write(folder.path().join("master.key"), key.to_text().expose_secret()).unwrap();
        let mut settings = Settings::load(None, &[]).unwrap();
        settings.database.url = format!("sqlite:{}", folder.path().join("bench.db").display());
        settings.secrets.master_key = format!("file:{}", folder.path().join("master.key").display());
        Self { folder, settings, clock: Clock::system(TimeZone::UTC) }
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("bench.db")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.path().join("master.key")
    }

    pub async fn open(&self, access: Access) -> Store {
        open_store(&self.settings, access, &self.clock).await.unwrap()
    }
}

/// The customer of company `number`, whose flow is due at `due_ms` and then every five minutes.
pub async fn add(store: &Store, sandbox: &Sandbox, number: usize, due_ms: i64) -> CustomerStore {
    let given = sandbox.ask(&format!("/_credentials?company={number}"))["credentials"].clone();
    let name = format!("company-{number:05}");
    let customer = store.create_customer(&name, "bench", due_ms).await.unwrap();
    let document = document(&name, &given);
    let flow = Flow::parse(&document, "flow.toml", None).unwrap_or_else(|error| panic!("{error}"));
    let mut tx = customer.begin().await.unwrap();
    for (secret, value) in [
        ("expensify", &given["expensify"]["partner_user_secret"]),
        ("sender", &given["intacct"]["sender_password"]),
        ("user", &given["intacct"]["user_password"]),
    ] {
        tx.seal_secret(secret, &value.as_str().unwrap().to_owned().into(), "test", due_ms).await.unwrap();
    }
    let version = tx.put_flow(&flow.name, &flow.document, "bench", due_ms).await.unwrap();
    tx.await_flow(&version.id, due_ms).await.unwrap();
    let event = AuditEvent::new("bench", "flow.changed", version.id.as_str(), json!({ "version": version.version }));
    tx.commit(due_ms, vec![event]).await.unwrap();
    customer
}

fn document(customer: &str, given: &Value) -> String {
    let text = |pointer: &str| format!("\"{}\"", given.pointer(pointer).unwrap().as_str().unwrap());
    [
        ("\"default\"", format!("\"{customer}\"")),
        ("\"rehearsal\"", "\"post\"".to_owned()),
        ("\"env:EXPENSIFY_PARTNER_USER_ID\"", text("/expensify/partner_user_id")),
        ("\"env:EXPENSIFY_PARTNER_USER_SECRET\"", "\"sealed:expensify\"".to_owned()),
        ("\"env:INTACCT_SENDER_ID\"", text("/intacct/sender_id")),
        ("\"env:INTACCT_SENDER_PASSWORD\"", "\"sealed:sender\"".to_owned()),
        ("\"env:INTACCT_COMPANY_ID\"", text("/intacct/company_id")),
        ("\"env:INTACCT_USER_ID\"", text("/intacct/user_id")),
        ("\"env:INTACCT_USER_PASSWORD\"", "\"sealed:user\"".to_owned()),
        ("\"*/15 * * * *\"", "\"every 5 minutes\"".to_owned()),
        // What a person would have to allow is allowed: the work is measured, not the waiting.
        ("hand_over = \"ask\"", "hand_over = \"off\"".to_owned()),
    ]
    .iter()
    .fold(FLOW.to_owned(), |flow, (from, to)| {
        assert!(flow.contains(from), "the example does not say {from}");
        flow.replacen(from, to, 1)
    })
}
