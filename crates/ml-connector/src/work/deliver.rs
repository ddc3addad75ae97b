//! Delivers messages: by mail, to a signed webhook, to a chat. Each attempt has a time limit and a bound number of
//! repetitions; a receiver that hangs holds up nobody but its own messages. Redirects are not followed, and an address
//! that leads into this machine or its network is refused.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use accounting::Code;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::Sha256;

use super::start::{identifier, secret};
use super::{ACTOR, WorkError};
use crate::flow::{Flow, Notify, Receiver, SecretRef, web_address};
use crate::settings::Smtp;
use crate::store::{AuditEvent, CustomerStore, FlowId, Message};

/// The whole of one attempt, and its first part.
const LIMIT: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(5);
/// Messages tried in one pass, beside each other.
const AT_ONCE: u32 = 20;
/// After so long a message is given up.
const PATIENCE_MS: i64 = 24 * 3_600_000;
/// Pauses between attempts, in minutes; the last one repeats.
const PAUSES_MINUTES: [i64; 5] = [1, 5, 15, 60, 180];

/// What messages are delivered with.
pub struct Delivery<'a> {
    /// The customer's data.
    pub customer: &'a CustomerStore,
    /// The flow.
    pub flow: &'a Flow,
    /// Its id.
    pub flow_id: &'a FlowId,
    /// The operator's mail server.
    pub smtp: &'a Smtp,
    /// Whether receivers on this machine are allowed: for tests alone.
    pub loopback: bool,
}

impl Delivery<'_> {
    /// Tries what is due. When something is due next, in epoch milliseconds.
    ///
    /// # Errors
    /// Those of the store. What keeps a message from its receiver is noted with it.
    pub async fn deliver(&self, at_ms: i64) -> Result<Option<i64>, WorkError> {
        let due = self.customer.due_messages(self.flow_id, at_ms, AT_ONCE).await?;
        let trying = due.iter().map(|message| async move {
            let limited = tokio::time::timeout(LIMIT, self.send(message, at_ms)).await;
            let result = limited.unwrap_or_else(|_| Err("it took longer than 20 seconds".to_owned()));
            (message, result)
        });
        for (message, result) in futures_util::future::join_all(trying).await {
            self.note(message, result, at_ms).await?;
        }
        Ok(self.customer.next_message_ms(self.flow_id).await?)
    }

    async fn note(&self, message: &Message, result: Result<(), String>, at_ms: i64) -> Result<(), WorkError> {
        let mut tx = self.customer.begin().await?;
        let Err(error) = result else {
            tx.tried_message(&message.id, Some(at_ms), None, None).await?;
            tx.commit_untraced(at_ms).await?;
            return Ok(());
        };
        let tried = usize::try_from(message.attempts).unwrap_or(usize::MAX).min(PAUSES_MINUTES.len() - 1);
        let next_ms = at_ms.saturating_add(PAUSES_MINUTES[tried] * 60_000);
        if next_ms.saturating_sub(message.created_ms) < PATIENCE_MS {
            tx.tried_message(&message.id, None, Some(next_ms), Some(&error)).await?;
            tx.commit_untraced(at_ms).await?;
            return Ok(());
        }
        tx.tried_message(&message.id, None, None, Some(&error)).await?;
        let detail = json!({
            "code": Code::MessageUndelivered.to_string(), "message": message.id.as_str(),
            "class": message.class, "receiver": message.receiver, "error": error,
        });
        tx.commit(at_ms, vec![AuditEvent::new(ACTOR, "message.given_up", self.flow_id.as_str(), detail)]).await?;
        Ok(())
    }

    async fn send(&self, message: &Message, at_ms: i64) -> Result<(), String> {
        let place = message.receiver.split(' ').next().and_then(|index| index.parse::<usize>().ok());
        let notify = place.and_then(|index| self.flow.notify.get(index));
        let notify = notify.ok_or("the flow no longer has this receiver")?;
        match &notify.to {
            Receiver::Mail(address) => self.mail(address, message).await,
            Receiver::Webhook(address) => {
                let url = identifier(address, Some(self.customer)).await.map_err(|error| error.to_string())?;
                let body = json!({
                    "id": message.id.as_str(), "class": message.class, "flow": self.flow_id.as_str(),
                    "customer": self.customer.id().as_str(), "subject": message.subject, "text": message.body,
                    "at_ms": message.created_ms,
                });
                let key = self.key(notify).await?;
                self.post(&url, &body.to_string(), Some(&key), message, at_ms).await
            }
            Receiver::Chat(address) => {
                let url = identifier(address, Some(self.customer)).await.map_err(|error| error.to_string())?;
                let body = json!({ "text": format!("{}\n{}", message.subject, message.body) });
                self.post(&url, &body.to_string(), None, message, at_ms).await
            }
        }
    }

    async fn key(&self, notify: &Notify) -> Result<SecretString, String> {
        let reference: &SecretRef = notify.secret.as_ref().ok_or("the webhook has no secret to sign with")?;
        secret(reference, Some(self.customer)).await.map_err(|error| error.to_string())
    }

    async fn mail(&self, address: &str, message: &Message) -> Result<(), String> {
        let smtp = self.smtp;
        if smtp.host.is_empty() {
            return Err("the operator has set no mail server: [smtp] host".to_owned());
        }
        let mailbox =
            |text: &str| text.parse::<lettre::message::Mailbox>().map_err(|_| format!("'{text}' is no address"));
        let mail = lettre::Message::builder()
            .from(mailbox(&smtp.from)?)
            .to(mailbox(address)?)
            .subject(one_line(&message.subject))
            .message_id(Some(format!("<{}@ml-connector>", message.id)))
            .body(message.body.clone())
            .map_err(|error| error.to_string())?;
        let builder = match smtp.security.as_str() {
            "tls" => AsyncSmtpTransport::<Tokio1Executor>::relay(&smtp.host),
            "none" => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)),
            _ => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&smtp.host),
        };
        let mut builder = builder.map_err(|error| error.to_string())?.port(smtp.port).timeout(Some(CONNECT));
        if !smtp.user.is_empty() {
            let reference = reference(&smtp.password).ok_or("[smtp] password is neither env:NAME nor file:PATH")?;
            let password = secret(&reference, None).await.map_err(|error| error.to_string())?;
            builder = builder.credentials(Credentials::new(smtp.user.clone(), password.expose_secret().to_owned()));
        }
        builder.build().send(mail).await.map(|_| ()).map_err(|error| error.to_string())
    }

    async fn post(
        &self,
        url: &str,
        body: &str,
        key: Option<&SecretString>,
        message: &Message,
        at_ms: i64,
    ) -> Result<(), String> {
        let url = web_address(url)?;
        let url = reqwest::Url::parse(&url).map_err(|_| "the address cannot be read".to_owned())?;
        let host = url.host_str().ok_or("the address has no host")?.to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let found = tokio::net::lookup_host((host.as_str(), port)).await;
        let found: Vec<SocketAddr> = found.map_err(|_| format!("{host} has no address"))?.collect();
        let allowed: Vec<SocketAddr> = found.into_iter().filter(|at| self.may_reach(at.ip())).collect();
        if allowed.is_empty() {
            return Err(format!("{host} leads into this machine or its network"));
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        // The addresses that were checked are those that are called.
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let builder = builder.connect_timeout(CONNECT).timeout(LIMIT).resolve_to_addrs(&host, &allowed);
        let builder = if url.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
        let client = builder.build().map_err(|error| error.to_string())?;
        let mut request = client.post(url).header("Content-Type", "application/json");
        request = request.header("X-MLC-Delivery", message.id.as_str());
        if let Some(key) = key {
            request = request.header("X-MLC-Signature", signature(key, body, at_ms / 1_000));
        }
        let sent = request.body(body.to_owned()).send().await.map_err(|error| error.without_url().to_string())?;
        let status = sent.status();
        if status.is_success() { Ok(()) } else { Err(format!("it answered with status {}", status.as_u16())) }
    }

    fn may_reach(&self, address: IpAddr) -> bool {
        if address.is_loopback() {
            return self.loopback;
        }
        match address {
            IpAddr::V4(v4) => {
                let [a, b, ..] = v4.octets();
                let shared = a == 100 && (64..128).contains(&b);
                !(v4.is_private() || v4.is_link_local() || v4.is_unspecified() || v4.is_broadcast() || a == 0)
                    && !(v4.is_multicast() || v4.is_documentation() || shared || a >= 240)
            }
            IpAddr::V6(v6) => {
                let first = v6.segments()[0];
                let inside = (first & 0xfe00) == 0xfc00 || (first & 0xffc0) == 0xfe80;
                let mapped = v6.to_ipv4_mapped().is_none_or(|v4| self.may_reach(IpAddr::V4(v4)));
                !(inside || v6.is_unspecified() || v6.is_multicast()) && mapped
            }
        }
    }
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA-256 over the seconds, a dot and the body.
pub fn signature(key: &SecretString, body: &str, seconds: i64) -> String {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.expose_secret().as_bytes());
    let hex = mac.map(|mac| {
        let mac = mac.chain_update(format!("{seconds}.")).chain_update(body);
        HEXLOWER.encode(&mac.finalize().into_bytes())
    });
    format!("t={seconds},v1={}", hex.unwrap_or_default())
}

/// Where the operator keeps a secret.
fn reference(text: &str) -> Option<SecretRef> {
    let env = text.strip_prefix("env:").map(|name| SecretRef::Env(name.to_owned()));
    env.or_else(|| text.strip_prefix("file:").map(|path| SecretRef::File(path.into())))
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
