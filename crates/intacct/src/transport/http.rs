//! The real HTTP form: two clients, one that keeps connections for reads and one that never does for creates.
//!
//! A create is written to the wire at most once: nothing here repeats a request or follows a redirect, and a create
//! never rides on a connection that may already be half dead.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response};
use tokio::time::{Instant, timeout_at};

use super::resolve::PublicOnly;
use super::{Incoming, Outgoing, Partial, RequestKind, SendError, UnreachableKind};
use crate::config::{Config, EndpointRule};
use crate::error::Error;

#[derive(Clone)]
pub(super) struct Http {
    reads: Client,
    creates: Client,
    max_reply_bytes: usize,
}

impl Http {
    pub(super) fn new(config: &Config) -> Result<Self, Error> {
        // Another part of the process may have installed a provider first; one is as good as the other.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let build = |builder: reqwest::ClientBuilder| builder.build().map_err(|cause| Error::Setup(Arc::new(cause)));
        Ok(Self {
            reads: build(builder(config))?,
            creates: build(builder(config).pool_max_idle_per_host(0))?,
            max_reply_bytes: config.max_reply_bytes,
        })
    }

    pub(super) async fn send(&self, request: Outgoing) -> Result<Incoming, SendError> {
        let deadline = Instant::now() + request.timeout;
        let client = match request.kind {
            RequestKind::Read => &self.reads,
            RequestKind::Create => &self.creates,
        };
        let sending = client.post(&request.url).header(CONTENT_TYPE, "application/xml").body(request.body).send();
        let response = match timeout_at(deadline, sending).await {
            Ok(Ok(response)) => response,
            Ok(Err(cause)) => return Err(unsent_or_broken(cause)),
            Err(_) => return Err(SendError::Timeout(Partial::default())),
        };
        self.receive(response, deadline).await
    }

    async fn receive(&self, mut response: Response, deadline: Instant) -> Result<Incoming, SendError> {
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let mut body = BytesMut::new();
        let partial = |body: BytesMut| Partial { status: Some(status), body: body.freeze() };
        loop {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(chunk))) if body.len() + chunk.len() > self.max_reply_bytes => {
                    let limit_bytes = self.max_reply_bytes;
                    return Err(SendError::TooLarge { limit_bytes, partial: partial(body) });
                }
                Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
                Ok(Ok(None)) => return Ok(Incoming { status, retry_after, body: Bytes::from(body) }),
                Ok(Err(cause)) => {
                    return Err(SendError::Broken { cause: Arc::new(cause.without_url()), partial: partial(body) });
                }
                Err(_) => return Err(SendError::Timeout(partial(body))),
            }
        }
    }
}

fn builder(config: &Config) -> reqwest::ClientBuilder {
    let builder = Client::builder()
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .gzip(true)
        .connect_timeout(config.timeouts.connect)
        .user_agent(config.user_agent.clone());
    match config.endpoint_rule {
        EndpointRule::Vendor => builder.dns_resolver(PublicOnly),
        EndpointRule::Operator { .. } => builder,
    }
}

/// Only a failure to build the request or to set up its connection proves that nothing was written.
fn unsent_or_broken(cause: reqwest::Error) -> SendError {
    let kind = if cause.is_builder() {
        UnreachableKind::Request
    } else if !cause.is_connect() {
        return SendError::Broken { cause: Arc::new(cause.without_url()), partial: Partial::default() };
    } else if cause.is_dns() {
        UnreachableKind::Name
    } else if is_tls(&cause) {
        UnreachableKind::Tls
    } else {
        UnreachableKind::Connect
    };
    SendError::NotSent { kind, cause: Arc::new(cause.without_url()) }
}

fn is_tls(cause: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(cause);
    while let Some(cause) = next {
        if cause.is::<rustls::Error>() {
            return true;
        }
        // An io::Error hides its cause from `source` and shows the cause's cause instead.
        let hidden = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = hidden.map(|hidden| hidden as &(dyn StdError + 'static)).or_else(|| cause.source());
    }
    false
}
