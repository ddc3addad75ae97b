//! A service that listens on this machine, its clock, and clients of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::tz::TimeZone;
use ml_connector::clock::Clock;
use ml_connector::settings::Settings;
use ml_connector::store::{
    AuditEntry, AuditEvent, AuditFilter, CustomerId, CustomerStore, Fresh, Ids, NewUser, Role, Store, User,
};
use ml_connector::web::{State, serve};
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, ORIGIN, SET_COOKIE};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::databases::{self, TestDatabase};

/// A password that anybody may have in tests.
pub const PASSWORD: &str = "correct horse battery";

/// A running service.
pub struct Site {
    pub state: State,
    pub store: Store,
    pub origin: String,
    ahead_ms: Arc<AtomicI64>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

/// Somebody with a browser or a script.
#[derive(Clone)]
pub struct Visitor {
    pub origin: String,
    /// `name=value` of the session's cookie.
    pub cookie: Option<String>,
    pub token: Option<String>,
    pub client: reqwest::Client,
}

impl Site {
    /// In memory, with the defaults.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// In memory, with some settings of its own.
    pub async fn with(overrides: &[&str]) -> Self {
        let clock = Clock::system(TimeZone::UTC);
        let store = Store::in_memory(None, Ids::system(), clock.now_ms()).await.unwrap();
        Self::over(store, overrides).await
    }

    /// On a file of SQLite and, where it is installed, on PostgreSQL, where requests really run at once.
    pub async fn on_both() -> Vec<(Self, TestDatabase)> {
        let mut sites = Vec::new();
        for database in [Some(databases::sqlite()), databases::postgres().await].into_iter().flatten() {
            sites.push((Self::over(database.store().await, &[]).await, database));
        }
        sites
    }

    /// Over a store.
    pub async fn over(store: Store, overrides: &[&str]) -> Self {
        let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
        let mut settings = Settings::load(None, &overrides).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        settings.web.listen = address.to_string();
        let ahead_ms = Arc::new(AtomicI64::new(0));
        let clock = Clock::ahead(TimeZone::UTC, Arc::clone(&ahead_ms));
        let state = State::new(store.clone(), settings, clock).unwrap();
        tokio::spawn(serve(listener, state.clone(), std::future::pending()));
        Self { state, store, origin: format!("http://{address}"), ahead_ms }
    }

    pub fn now_ms(&self) -> i64 {
        self.state.clock.now_ms()
    }

    /// Lets time pass for the service.
    pub fn pass_ms(&self, ms: i64) {
        self.ahead_ms.fetch_add(ms, Ordering::Relaxed);
    }

    pub fn visitor(&self) -> Visitor {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
        Visitor { origin: self.origin.clone(), cookie: None, token: None, client }
    }

    /// A person straight into the store, without a password.
    pub async fn person(&self, email: &str, administrator: bool) -> User {
        let chain = self.store.installation_chain(self.now_ms()).await.unwrap();
        let mut tx = chain.begin().await.unwrap();
        let new = NewUser { email, name: email.split('@').next().unwrap(), administrator, home: None };
        let user = tx.create_user(&new, self.now_ms()).await.unwrap();
        tx.commit(self.now_ms(), vec![event("user.created", user.id.as_str())]).await.unwrap();
        user
    }

    /// The same, signed in by a session of its own.
    pub async fn signed_in(&self, email: &str, administrator: bool) -> (User, Visitor) {
        let user = self.person(email, administrator).await;
        let visitor = self.session(&user).await;
        (user, visitor)
    }

    /// A session straight into the store.
    pub async fn session(&self, user: &User) -> Visitor {
        let fresh = Fresh::make("").unwrap();
        let mut tx = self.store.installation_chain(self.now_ms()).await.unwrap().begin().await.unwrap();
        tx.begin_session(&fresh.sha256, &user.id, 0, self.now_ms()).await.unwrap();
        tx.commit_untraced(self.now_ms()).await.unwrap();
        let cookie = format!("ml-connector={}", fresh.text.expose_secret());
        Visitor { cookie: Some(cookie), ..self.visitor() }
    }

    pub async fn customer(&self, name: &str) -> CustomerStore {
        self.store.create_customer(name, "test", self.now_ms()).await.unwrap()
    }

    pub async fn grant(&self, customer: &CustomerStore, user: &User, role: Role) {
        let mut tx = customer.begin().await.unwrap();
        tx.grant(&user.id, role, "test", self.now_ms()).await.unwrap();
        tx.commit(self.now_ms(), vec![event("grant.given", user.id.as_str())]).await.unwrap();
    }

    /// The installation's audit, the newest entry last.
    pub async fn audit(&self) -> Vec<AuditEntry> {
        let chain = self.store.installation_chain(self.now_ms()).await.unwrap();
        chain.list_audit(&AuditFilter::default(), 0, 1_000).await.unwrap()
    }

    pub async fn audit_of(&self, customer: &CustomerId) -> Vec<AuditEntry> {
        let customer = self.store.customer(customer).await.unwrap();
        customer.list_audit(&AuditFilter::default(), 0, 1_000).await.unwrap()
    }
}

fn event(action: &'static str, subject: &str) -> AuditEvent {
    AuditEvent::new("test", action, subject, json!({}))
}

impl Visitor {
    /// A request with whatever the visitor has, as a page of the service itself would send it.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        self.send(method, path, body, &[]).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.ask(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.ask(Method::DELETE, path, None).await
    }

    /// The same with further headers; one named `origin` replaces our own.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Reply {
        let path = if path.starts_with("/api") { path.to_owned() } else { format!("/api/v1{path}") };
        let mut request = self.client.request(method, format!("{}{path}", self.origin));
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
            if !headers.iter().any(|(name, _)| *name == "origin") {
                request = request.header(ORIGIN, &self.origin);
            }
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Reply { status, headers, text: response.text().await.unwrap() }
    }

    /// Signs in, and keeps the cookie.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Reply {
        let reply = self.post("/session", json!({ "email": email, "password": password })).await;
        self.keep_cookie(&reply);
        reply
    }

    /// Takes the cookie of a reply, as a browser does.
    pub fn keep_cookie(&mut self, reply: &Reply) {
        if let Some(cookie) = reply.cookie() {
            self.cookie = Some(cookie);
        }
    }
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Of a problem.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        self.json()["code"].as_str().unwrap().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// `name=value` of the cookie that is set.
    pub fn cookie(&self) -> Option<String> {
        let cookie = self.headers.get(SET_COOKIE)?.to_str().unwrap();
        Some(cookie.split(';').next().unwrap().to_owned())
    }

    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn refused(&self, status: u16, code: u16) -> &Self {
        self.is(status);
        assert_eq!(self.code(), format!("MLC-{code}"), "{}", self.text);
        self
    }
}
