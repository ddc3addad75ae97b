//! Sets up the adapters of one flow: settings and opened secrets in, adapters out. Nothing is sent yet.

use std::time::Duration;

use accounting::Code;
use intacct::{EndpointRule, Login, Sender, SessionRule, Timeouts};
use secrecy::SecretString;

use super::Fault;
use super::expensify::Expensify;
use super::intacct::Intacct;
use crate::settings::Settings;

/// Test endpoints that the operator named in place of the vendors' own. Never a customer's setting.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// In place of Expensify's Integration Server.
    pub expensify: Option<String>,
    /// In place of Intacct's gateway.
    pub intacct: Option<String>,
}

/// The opened credentials of a flow. Never printed.
pub struct Credentials {
    /// Expensify's partner user id.
    pub partner_user_id: String,
    /// And its secret.
    pub partner_user_secret: SecretString,
    /// Intacct's Web Services sender id.
    pub sender_id: String,
    /// And its password.
    pub sender_password: SecretString,
    /// Company id.
    pub company_id: String,
    /// User id.
    pub user_id: String,
    /// And its password.
    pub user_password: SecretString,
    /// Entity to work in; `None` is the top level.
    pub entity: Option<String>,
    /// Requests under way at once that the company allows.
    pub concurrency: usize,
}

impl Endpoints {
    /// Whether any vendor is replaced.
    pub const fn is_test(&self) -> bool {
        self.expensify.is_some() || self.intacct.is_some()
    }
}

/// The pace that Expensify allows one credential.
pub fn pacer(settings: &Settings) -> expensify::Pacer {
    let count = |requests: u32| usize::try_from(requests).unwrap_or(usize::MAX);
    let short = (count(settings.expensify.requests_in_10_seconds), Duration::from_secs(10));
    let long = (count(settings.expensify.requests_in_60_seconds), Duration::from_secs(60));
    let windows = [short, long].into_iter().filter(|(requests, _)| *requests > 0).collect();
    expensify::Pacer::new(expensify::Limits { windows, ..expensify::Limits::default() })
}

/// The source's adapter, with connections of its own.
///
/// # Errors
/// A fault where the endpoint is not allowed or TLS cannot be set up.
pub fn source(
    credentials: &Credentials,
    settings: &Settings,
    endpoints: &Endpoints,
    pacer: expensify::Pacer,
) -> Result<Expensify, Fault> {
    Ok(source_over(source_http(settings, endpoints)?, credentials, settings, endpoints, pacer))
}

/// Connections to the source, which many adapters may share.
///
/// # Errors
/// See [`source`].
pub fn source_http(settings: &Settings, endpoints: &Endpoints) -> Result<expensify::Http, Fault> {
    expensify::Http::new(&source_config(settings, endpoints)).map_err(super::expensify::fault)
}

/// The source's adapter over shared connections.
pub fn source_over(
    http: expensify::Http,
    credentials: &Credentials,
    settings: &Settings,
    endpoints: &Endpoints,
    pacer: expensify::Pacer,
) -> Expensify {
    let login =
        expensify::Credentials::new(credentials.partner_user_id.clone(), credentials.partner_user_secret.clone());
    Expensify::new(expensify::Client::over(http, source_config(settings, endpoints), login, pacer))
}

fn source_config(settings: &Settings, endpoints: &Endpoints) -> expensify::Config {
    let mut config = expensify::Config {
        timeout: Duration::from_secs(settings.expensify.timeout_seconds),
        ..expensify::Config::default()
    };
    if let Some(url) = &endpoints.expensify {
        config.url.clone_from(url);
        config.endpoint_rule = expensify::EndpointRule::OperatorsChoice;
    }
    config
}

/// The destination's adapter, with connections of its own.
///
/// # Errors
/// A fault where the endpoint is not allowed or TLS cannot be set up.
pub fn destination(credentials: &Credentials, settings: &Settings, endpoints: &Endpoints) -> Result<Intacct, Fault> {
    destination_over(destination_transport(settings, endpoints)?, credentials, settings, endpoints)
}

/// Connections to the destination, which many adapters may share.
///
/// # Errors
/// See [`destination`].
pub fn destination_transport(settings: &Settings, endpoints: &Endpoints) -> Result<intacct::Transport, Fault> {
    intacct::Transport::http(&destination_config(settings, endpoints)?).map_err(super::intacct::fault)
}

/// The destination's adapter over shared connections.
///
/// # Errors
/// A fault where the endpoint is not allowed.
pub fn destination_over(
    transport: intacct::Transport,
    credentials: &Credentials,
    settings: &Settings,
    endpoints: &Endpoints,
) -> Result<Intacct, Fault> {
    let config = intacct::Config { concurrency: credentials.concurrency, ..destination_config(settings, endpoints)? };
    let sender = Sender { id: credentials.sender_id.clone(), password: credentials.sender_password.clone() };
    let login = Login {
        company_id: credentials.company_id.clone(),
        user_id: credentials.user_id.clone(),
        password: credentials.user_password.clone(),
        entity: credentials.entity.clone(),
    };
    let client = intacct::Client::with_transport(config, sender, login, transport).map_err(super::intacct::fault)?;
    Ok(Intacct::new(client, credentials.company_id.clone()))
}

fn destination_config(settings: &Settings, endpoints: &Endpoints) -> Result<intacct::Config, Fault> {
    let seconds = Duration::from_secs;
    let mut config = intacct::Config {
        timeouts: Timeouts {
            read: seconds(settings.intacct.read_timeout_seconds),
            create: seconds(settings.intacct.create_timeout_seconds),
            ..Timeouts::default()
        },
        session: SessionRule { max_age: seconds(settings.intacct.session_minutes * 60), ..SessionRule::default() },
        additional_error_info: settings.intacct.additional_error_info,
        ..intacct::Config::default()
    };
    if let Some(url) = &endpoints.intacct {
        config.endpoint_rule = EndpointRule::Operator { allowed: vec![origin(url)?] };
        config.gateway_url.clone_from(url);
    }
    Ok(config)
}

/// `scheme://host:port` of a URL.
fn origin(url: &str) -> Result<String, Fault> {
    let refused = || Fault {
        code: Code::EndpointRefused,
        detail: format!("'{url}' is no URL such as http://127.0.0.1:8080/ia/xml/xmlgw.phtml"),
        retryable: false,
        source: None,
    };
    let (scheme, rest) = url.split_once("://").ok_or_else(refused)?;
    let authority = rest.split('/').next().filter(|authority| !authority.is_empty()).ok_or_else(refused)?;
    Ok(format!("{scheme}://{authority}"))
}
