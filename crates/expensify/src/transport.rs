//! Sends one job and receives its reply, within time and size. It must not retry, follow redirects, use a proxy of
//! the environment, or put a credential anywhere but the body.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, Url, redirect, retry};

use crate::config::{Config, EndpointRule};
use crate::credentials::Credentials;
use crate::endpoint::{self, PublicOnly};
use crate::error::Error;
use crate::form;
use crate::job::{Job, JobName};
use crate::pacer::Pacer;
use crate::reply::Reply;

/// Connections to the vendor, to be shared by the clients of many credentials: setting up TLS costs far more than a
/// request.
#[derive(Clone)]
pub struct Http {
    http: reqwest::Client,
    url: Url,
    watcher: Option<Watcher>,
}

/// How a request ended, as far as its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// An answer began, with this HTTP status.
    Answered(u16),
    /// There was no connection.
    NotSent,
    /// Time ran out.
    TimedOut,
    /// The connection broke.
    Broken,
}

/// Told of each request: how it ended, and how long its answer took to begin. It learns nothing of what was said.
pub type Watcher = Arc<dyn Fn(End, Duration) + Send + Sync>;

pub(crate) struct Transport {
    http: Http,
    pub(crate) credentials: Credentials,
    pub(crate) config: Config,
    pacer: Pacer,
    sent: AtomicU64,
}

impl Http {
    /// Connections to the address of `config`. Nothing is sent yet. Installs the `ring` TLS provider for the process,
    /// if none is.
    ///
    /// # Errors
    /// [`Error::Setup`]: the address is not acceptable, or TLS cannot be set up.
    pub fn new(config: &Config) -> Result<Self, Error> {
        // A second installation is refused, and that is fine: some provider is there.
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let url =
            endpoint::check(&config.url, config.endpoint_rule).map_err(|what| Error::Setup { what, source: None })?;
        let mut builder = reqwest::Client::builder()
            .user_agent(&config.user_agent)
            .connect_timeout(config.connect_timeout)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .no_proxy()
            .http1_only()
            // A connection for each request: the pace is slow, and a kept one may be dead just when it is needed.
            .pool_max_idle_per_host(0);
        if config.endpoint_rule == EndpointRule::VendorOnly {
            builder = builder.dns_resolver(PublicOnly);
        }
        if url.scheme() == "http" {
            // No TLS, so no certificates: a machine without any can still run the sandbox.
            builder = builder.tls_certs_only([]);
        }
        let http = builder
            .build()
            .map_err(|cause| Error::Setup { what: "the HTTP client does not start".to_owned(), source: Some(cause) })?;
        Ok(Self { http, url, watcher: None })
    }

    /// The same, and somebody is told of each request.
    #[must_use]
    pub fn watched(self, watcher: Watcher) -> Self {
        Self { watcher: Some(watcher), ..self }
    }
}

impl Transport {
    pub(crate) fn new(http: Http, config: Config, credentials: Credentials, pacer: Pacer) -> Self {
        Self { http, credentials, config, pacer, sent: AtomicU64::new(0) }
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sends a job when the pace allows; returns once the headers are there.
    pub(crate) async fn send(&self, job: &Job<'_>, template: Option<&str>) -> Result<Response, Error> {
        let name = job.name();
        let description = job.describe(&self.credentials).map_err(|cause| Error::UnexpectedReply {
            job: name,
            http_status: 0,
            what: "the request cannot be written".to_owned(),
            source: Some(cause),
        })?;
        let mut fields = vec![("requestJobDescription", description.as_str())];
        fields.extend(template.map(|template| ("template", template)));
        let body = Bytes::from_owner(form::encode(&fields));
        self.pacer.take().await;
        self.sent.fetch_add(1, Ordering::Relaxed);
        let request = self.http.http.post(self.http.url.clone());
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8").body(body);
        let began = tokio::time::Instant::now();
        let sent = match tokio::time::timeout(self.config.timeout, request.send()).await {
            Ok(sent) => sent.map_err(|cause| transport_error(name, cause, self.config.connect_timeout)),
            Err(_) => Err(Error::Timeout { job: name, waited: self.config.timeout }),
        };
        if let Some(watcher) = &self.http.watcher {
            let end = match &sent {
                Ok(response) => End::Answered(response.status().as_u16()),
                Err(Error::Unreachable { .. }) => End::NotSent,
                Err(Error::Timeout { .. }) => End::TimedOut,
                Err(_) => End::Broken,
            };
            watcher(end, began.elapsed());
        }
        sent
    }

    /// Sends a job and receives its whole short reply.
    pub(crate) async fn exchange(&self, job: &Job<'_>, template: Option<&str>) -> Result<Reply, Error> {
        let response = self.send(job, template).await?;
        self.receive(job.name(), response, Vec::new()).await
    }

    /// The rest of a short reply, after what was already read of it.
    pub(crate) async fn receive(&self, job: JobName, response: Response, start: Vec<u8>) -> Result<Reply, Error> {
        let waited = self.config.timeout;
        let rest = self.receive_untimed(job, response, start);
        tokio::time::timeout(waited, rest).await.unwrap_or(Err(Error::Timeout { job, waited }))
    }

    async fn receive_untimed(&self, job: JobName, mut response: Response, start: Vec<u8>) -> Result<Reply, Error> {
        let http_status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let mut body = start;
        let limit_bytes = self.config.max_reply_bytes;
        loop {
            if body.len() > limit_bytes {
                return Err(Error::TooLarge { job, limit_bytes: limit_bytes as u64 });
            }
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(Reply { job, http_status, retry_after, body }),
                Err(cause) => return Err(Error::Transport { job, source: cause.without_url() }),
            }
        }
    }
}

fn transport_error(job: JobName, cause: reqwest::Error, connect_timeout: Duration) -> Error {
    let source = cause.without_url();
    match (source.is_connect(), source.is_timeout()) {
        (true, _) => Error::Unreachable { job, source },
        (false, true) => Error::Timeout { job, waited: connect_timeout },
        (false, false) => Error::Transport { job, source },
    }
}

/// `Retry-After` in seconds; the form with a date was never seen and is not read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
