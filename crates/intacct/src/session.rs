//! One session of one entity: kept, renewed in time, logged in once however many ask.
//!
//! Time is tokio's monotonic clock: the gateway's own timestamps give a session's length, so a local clock that is
//! wrong does no harm. The id leaves only toward an envelope.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::config::SessionRule;
use crate::error::Error;
use crate::facts::SessionFacts;

/// What a session gives to a request.
#[derive(Clone)]
pub(crate) struct Lease {
    pub id: SecretString,
    pub endpoint: String,
    pub generation: u64,
}

/// A login that succeeded.
pub(crate) struct NewSession {
    pub id: SecretString,
    pub endpoint: String,
    pub location_id: Option<String>,
    pub timestamp: Option<Timestamp>,
    pub timeout: Option<Timestamp>,
    /// When the login was sent: the session can not be younger.
    pub sent_at: Instant,
}

/// The session of one entity.
#[derive(Default)]
pub(crate) struct SessionCell {
    known: Mutex<Known>,
    /// Held by the one task that logs in.
    pub flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    live: Option<Live>,
    refused: Option<Error>,
    generation: u64,
}

struct Live {
    lease: Lease,
    facts: SessionFacts,
    oldest: Instant,
    usable_until: Instant,
}

/// What is known without asking the gateway.
pub(crate) enum Lookup {
    Live(Lease, SessionFacts),
    /// A login was refused before, and would be again.
    Refused(Error),
    None,
}

impl SessionCell {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session, unless there is none, it is near its end, or it is of the generation to be replaced.
    pub(crate) fn look(&self, not: Option<u64>) -> Lookup {
        let known = self.known();
        if let Some(refused) = &known.refused {
            return Lookup::Refused(refused.clone());
        }
        match &known.live {
            Some(live) if Instant::now() < live.usable_until && Some(live.lease.generation) != not => {
                Lookup::Live(live.lease.clone(), live.facts.clone())
            }
            _ => Lookup::None,
        }
    }

    /// The generation of the session at hand, whether still usable or not.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.known().live.as_ref().map(|live| live.lease.generation)
    }

    /// Keeps a new session.
    pub(crate) fn keep(&self, new: NewSession, rule: &SessionRule) -> (Lease, SessionFacts) {
        let mut known = self.known();
        known.generation += 1;
        let generation = known.generation;
        let oldest = new.sent_at + rule.max_age.saturating_sub(rule.margin);
        let usable_until =
            usable_until(new.sent_at, new.timestamp, new.timeout, rule).map_or(oldest, |at| at.min(oldest));
        let facts = SessionFacts {
            endpoint: new.endpoint.clone(),
            timeout: new.timeout,
            timestamp: new.timestamp,
            locationid: new.location_id,
            generation,
        };
        let lease = Lease { id: new.id, endpoint: new.endpoint, generation };
        known.live = Some(Live { lease: lease.clone(), facts: facts.clone(), oldest, usable_until });
        (lease, facts)
    }

    /// Moves the end of a session that was just used: every answer says anew how long it lives \[D\].
    pub(crate) fn slide(
        &self,
        generation: u64,
        sent_at: Instant,
        timestamp: Option<Timestamp>,
        timeout: Option<Timestamp>,
        rule: &SessionRule,
    ) {
        let mut known = self.known();
        if let Some(live) = known.live.as_mut().filter(|live| live.lease.generation == generation)
            && let Some(until) = usable_until(sent_at, timestamp, timeout, rule)
        {
            live.usable_until = until.min(live.oldest);
            live.facts.timeout = timeout;
        }
    }

    /// Drops a session, unless it has been replaced meanwhile.
    pub(crate) fn discard(&self, generation: u64) {
        let mut known = self.known();
        if known.live.as_ref().is_some_and(|live| live.lease.generation == generation) {
            known.live = None;
        }
    }

    /// Remembers that logins are refused.
    pub(crate) fn refuse(&self, error: Error) {
        let mut known = self.known();
        known.live = None;
        known.refused = Some(error);
    }

    /// Whether logins are known to be refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.known().refused.is_some()
    }

    /// Forgets that logins were refused.
    pub(crate) fn forget_refusal(&self) {
        self.known().refused = None;
    }
}

/// The end of use of a session, by the gateway's two times. A session shorter than twice the margin is used for half
/// its life, so that a short timeout can not make every request a login.
fn usable_until(
    sent_at: Instant,
    timestamp: Option<Timestamp>,
    timeout: Option<Timestamp>,
    rule: &SessionRule,
) -> Option<Instant> {
    let length = timeout?.as_second().checked_sub(timestamp?.as_second())?;
    let length = Duration::from_secs(u64::try_from(length).ok().filter(|seconds| *seconds > 0)?);
    sent_at.checked_add(length.saturating_sub(rule.margin).max(length / 2))
}

#[cfg(test)]
mod tests;
