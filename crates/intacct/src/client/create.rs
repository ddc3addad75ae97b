//! Creating: one request, written at most once, and every doubt about its answer named.
//!
//! Nothing is repeated here, whatever comes back. The frozen payloads go out as they came in.

use secrecy::SecretString;
use tokio::time::{Instant, timeout_at};

use super::Client;
use super::read::mask_errors;
use crate::envelope::{self, EnvelopeError, MASK, TAIL};
use crate::error::Refusal;
use crate::facts::{Answer, CreateFunction, CreateReply, FunctionAnswer, NotSentCause, Unclear, UnclearCause};
use crate::failure;
use crate::mask;
use crate::matching;
use crate::reply::{self, Kind, Reply, ResultBlock, RowShape};
use crate::session::Lease;
use crate::transport::{Incoming, Partial, RequestKind, SendError};

/// The envelope of a create as it may be stored: every secret is `***`. Between head and tail stand the functions,
/// each `<function controlid="…">`, its payload, `</function>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedEnvelope {
    /// Up to and including `<content>`.
    pub head: String,
    /// From `</content>`.
    pub tail: String,
}

impl Client {
    /// Sends functions in one request. `request_id` is the `controlid` element, by which the answer is matched;
    /// `uniqueid` is true, so each function's own control id is what the gateway de-duplicates by \[D\].
    ///
    /// With `transaction` all functions stand or fall together. Never repeats: an ended session comes back as
    /// [`Answered`](CreateReply::Answered) with [`Refusal::Session`], and is only dropped from the cache.
    pub async fn create(&self, request_id: &str, functions: &[CreateFunction], transaction: bool) -> CreateReply {
        let started = Instant::now();
        let (slot, lease) = match self.prepare(started).await {
            Ok(prepared) => prepared,
            Err(cause) => return CreateReply::NotSent(cause),
        };
        let mut envelope = self.envelope(request_id, &lease);
        envelope.unique_id = true;
        envelope.transaction = transaction;
        let body = match envelope::write_create(&envelope, functions) {
            Ok(body) => body,
            Err(error) => return CreateReply::NotSent(NotSentCause::Invalid(error)),
        };
        let mut request = self.outgoing(&lease.endpoint, body, RequestKind::Create);
        request.timeout = self.shared.config.timeouts.create.saturating_sub(started.elapsed());
        let sent_at = Instant::now();
        let outcome = self.send(request).await;
        drop(slot);
        let secrets = [&self.shared.sender.password, &self.shared.login.password, &lease.id];
        let incoming = match outcome {
            Ok(incoming) => incoming,
            Err(error) => return unanswered(error, &secrets),
        };
        match understand(&incoming, request_id, functions, &secrets) {
            Err(why) => CreateReply::Unclear(Unclear {
                why,
                http_status: Some(incoming.status),
                body_excerpt: mask::excerpt(&incoming.body, &secrets),
            }),
            Ok(reply) => {
                let answer = answer(reply, &incoming, &secrets);
                self.learn(&lease, sent_at, &answer);
                CreateReply::Answered(answer)
            }
        }
    }

    /// The envelope [`create`](Self::create) writes around the functions, with every secret masked.
    ///
    /// # Errors
    /// [`EnvelopeError::ControlId`] for a control id that can not be sent.
    pub fn masked_create_envelope(&self, request_id: &str, transaction: bool) -> Result<MaskedEnvelope, EnvelopeError> {
        envelope::check_control_id(request_id)?;
        let masked = Lease { id: SecretString::from(MASK), endpoint: String::new(), generation: 0 };
        let mut envelope = self.envelope(request_id, &masked);
        envelope.sender_password = MASK;
        envelope.unique_id = true;
        envelope.transaction = transaction;
        let mut head = String::with_capacity(512);
        envelope.write_head(&mut head);
        Ok(MaskedEnvelope { head, tail: TAIL.to_owned() })
    }

    /// A slot and a session, both within `create_start`, so that what is left of the time is enough for an answer.
    async fn prepare(&self, started: Instant) -> Result<(tokio::sync::SemaphorePermit<'_>, Lease), NotSentCause> {
        let deadline = started + self.shared.config.timeouts.create_start;
        let waited =
            |_| NotSentCause::Waited { waited_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX) };
        let (lease, _) = timeout_at(deadline, self.lease(None))
            .await
            .map_err(waited)?
            .map_err(|error| NotSentCause::NoSession(Box::new(error)))?;
        let slot = timeout_at(deadline, self.shared.slots.acquire()).await.map_err(waited)?;
        // The slots are never closed; were they, nothing could be sent.
        let slot = slot.map_err(|_| NotSentCause::Waited { waited_ms: 0 })?;
        Ok((slot, lease))
    }

    /// What an answer teaches about the session it came in.
    fn learn(&self, lease: &Lease, sent_at: Instant, answer: &Answer) {
        if answer.refusal == Some(Refusal::Session) {
            self.session.discard(lease.generation);
        } else {
            let rule = &self.shared.config.session;
            let (timestamp, timeout) = (answer.session_timestamp, answer.session_timeout);
            self.session.slide(lease.generation, sent_at, timestamp, timeout, rule);
        }
    }
}

fn unanswered(error: SendError, secrets: &[&SecretString]) -> CreateReply {
    let unclear = |why, partial: Partial| {
        CreateReply::Unclear(Unclear {
            why,
            http_status: partial.status,
            body_excerpt: mask::excerpt(&partial.body, secrets),
        })
    };
    match error {
        SendError::NotSent { kind, cause } => CreateReply::NotSent(NotSentCause::Unreachable { kind, cause }),
        SendError::Timeout(partial) => unclear(UnclearCause::Timeout, partial),
        SendError::Broken { cause, partial } => unclear(UnclearCause::Broken(cause), partial),
        SendError::TooLarge { limit_bytes, partial } => unclear(UnclearCause::TooLarge { limit_bytes }, partial),
    }
}

/// The answer as blocks, if it is whole and is to this request.
fn understand(
    incoming: &Incoming,
    request_id: &str,
    functions: &[CreateFunction],
    secrets: &[&SecretString],
) -> Result<Reply, UnclearCause> {
    if (300..400).contains(&incoming.status) {
        return Err(UnclearCause::Redirected);
    }
    match reply::kind(&incoming.body) {
        Kind::Html => return Err(UnclearCause::Html),
        Kind::Other => return Err(UnclearCause::NotXml),
        Kind::Xml => {}
    }
    let mut reply = reply::parse(&incoming.body, RowShape::Children).map_err(UnclearCause::Malformed)?;
    let ids = functions.iter().map(|function| function.control_id.as_str());
    matching::check(&reply, request_id, "create", ids).map_err(UnclearCause::Foreign)?;
    // Business, authentication and result answers come with 200 [F]. Results under another status contradict it.
    if incoming.status != 200 && !reply.results.is_empty() {
        return Err(UnclearCause::StatusContradicts);
    }
    mask_errors(&mut reply, secrets);
    Ok(reply)
}

fn answer(reply: Reply, incoming: &Incoming, secrets: &[&SecretString]) -> Answer {
    let refusal = failure::refusal(&reply);
    let (authentication, location_id, session_timestamp, session_timeout) = match reply.authentication {
        Some(block) => (Some(block.status), block.location_id, block.timestamp, block.timeout),
        None => (None, None, None, None),
    };
    Answer {
        http_status: incoming.status,
        retry_after: incoming.retry_after,
        control: reply.control,
        control_id_echoed: reply.control_id.is_some(),
        authentication,
        errors: reply.errors,
        refusal,
        location_id,
        session_timestamp,
        session_timeout,
        functions: reply.results.into_iter().map(function_answer).collect(),
        body: mask::excerpt(&incoming.body, secrets),
    }
}

fn function_answer(result: ResultBlock) -> FunctionAnswer {
    let data = result.data.unwrap_or_default();
    let record_nos = data.rows.iter().flat_map(|row| row.fields());
    FunctionAnswer {
        control_id: result.control_id,
        function: result.function,
        status: result.status,
        record_nos: record_nos
            .filter(|(name, value)| name.eq_ignore_ascii_case("RECORDNO") && !value.is_empty())
            .map(|(_, value)| value.to_owned())
            .collect(),
        count: data.count,
        key: result.key,
        errors: result.errors,
    }
}
