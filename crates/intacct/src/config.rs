//! What the client must be told: where to call, as whom, and how long to wait.
//!
//! Holds settings only. It reads no file and no environment, and no secret in it ever prints.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

/// The vendor's gateway; every login goes here \[D\].
pub const GATEWAY_URL: &str = "https://api.intacct.com/ia/xml/xmlgw.phtml";

/// Settings of a [`Client`](crate::Client).
#[derive(Debug, Clone)]
pub struct Config {
    /// Where logins are sent. Sessions answer at the endpoint the login named.
    pub gateway_url: String,
    /// Which URLs may be called at all, the session's endpoint included.
    pub endpoint_rule: EndpointRule,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// The largest reply taken, in bytes after decompression.
    pub max_reply_bytes: usize,
    /// Value of the `User-Agent` header.
    pub user_agent: String,
    /// When a session is renewed.
    pub session: SessionRule,
    /// Requests under way at once, reads and creates together. What a company allows is a matter of its
    /// performance tier \[D\], so this is a setting.
    pub concurrency: usize,
    /// Whether `showadditionalerrorinfo` is sent. Its place in `control` (last) is assumed: the published schema of
    /// 2019 does not know it.
    pub additional_error_info: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            gateway_url: GATEWAY_URL.to_owned(),
            endpoint_rule: EndpointRule::Vendor,
            timeouts: Timeouts::default(),
            max_reply_bytes: 8 * 1024 * 1024,
            user_agent: concat!("ml-connector/", env!("CARGO_PKG_VERSION")).to_owned(),
            session: SessionRule::default(),
            concurrency: 4,
            additional_error_info: true,
        }
    }
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// TCP and TLS set-up.
    pub connect: Duration,
    /// One read or login, from connecting to the last byte of the reply.
    pub read: Duration,
    /// One create, everything included: waiting for a slot and a session, sending, and the whole reply.
    pub create: Duration,
    /// The part of `create` that may go by before the first byte is sent. After it the create counts as not sent, so
    /// that what remains is always long enough for an answer.
    pub create_start: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(120),
            create: Duration::from_secs(300),
            create_start: Duration::from_secs(60),
        }
    }
}

/// When a session is renewed: at the earlier of the vendor's timeout and `max_age`, less `margin`.
#[derive(Debug, Clone, Copy)]
pub struct SessionRule {
    /// The oldest a session may grow, counted from its login, however much it is used.
    pub max_age: Duration,
    /// How long before its end a session is no longer used.
    pub margin: Duration,
}

impl Default for SessionRule {
    fn default() -> Self {
        Self { max_age: Duration::from_secs(50 * 60), margin: Duration::from_secs(120) }
    }
}

/// Which URLs the client may call. A login's answer names the next URL, so this is the door that keeps a forged or
/// mistaken answer from sending a session id elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointRule {
    /// `https`, `intacct.com`'s `api` host or any other host below it, port 443, path `/ia/xml/xmlgw.phtml`.
    Vendor,
    /// The vendor's rule, and besides any URL of these origins (`http://127.0.0.1:8080`). For sandboxes and tests: an
    /// operator's start flag, never a customer's setting.
    Operator {
        /// Origins allowed besides, as `scheme://host:port`.
        allowed: Vec<String>,
    },
}

/// The Web Services sender: who wrote the software. Case-sensitive \[D\].
#[derive(Clone)]
pub struct Sender {
    /// Sender id.
    pub id: String,
    /// Its password.
    pub password: SecretString,
}

impl fmt::Debug for Sender {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sender").field("id", &self.id).field("password", &"***").finish()
    }
}

/// The company's own user that posts.
#[derive(Clone)]
pub struct Login {
    /// Company id.
    pub company_id: String,
    /// User id.
    pub user_id: String,
    /// Its password.
    pub password: SecretString,
    /// Entity to work in; `None` is the top level.
    pub entity: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Login")
            .field("company_id", &self.company_id)
            .field("user_id", &self.user_id)
            .field("password", &"***")
            .field("entity", &self.entity)
            .finish()
    }
}
