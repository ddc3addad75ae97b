//! Logging in: one at a time for an entity, always at the configured gateway, never repeated once refused.
//!
//! A login is the only request that carries the user's password, and `getAPISession` its only function \[D\].

use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::Client;
use super::read::Asked;
use crate::endpoint;
use crate::envelope::{self, Authentication, Envelope};
use crate::error::{Error, Level};
use crate::facts::SessionFacts;
use crate::reply::{ResultBlock, RowShape};
use crate::session::{Lease, Lookup, NewSession};
use crate::transport::RequestKind;

impl Client {
    /// A session, and not the one of generation `not`.
    pub(super) async fn lease(&self, not: Option<u64>) -> Result<(Lease, SessionFacts), Error> {
        if let Some(found) = self.at_hand(not) {
            return found;
        }
        let _flight = self.session.flight.lock().await;
        // Whoever held the flight before may have brought what is asked for.
        if let Some(found) = self.at_hand(not) {
            return found;
        }
        match self.log_in().await {
            Ok(new) => Ok(self.session.keep(new, &self.shared.config.session)),
            Err(error) => {
                if is_lasting(&error) {
                    self.session.refuse(error.clone());
                }
                Err(error)
            }
        }
    }

    fn at_hand(&self, not: Option<u64>) -> Option<Result<(Lease, SessionFacts), Error>> {
        match self.session.look(not) {
            Lookup::Live(lease, facts) => Some(Ok((lease, facts))),
            Lookup::Refused(error) => Some(Err(error)),
            Lookup::None => None,
        }
    }

    async fn log_in(&self) -> Result<NewSession, Error> {
        let number = self.next_id();
        let (control_id, function_id) = (format!("login-{number}"), format!("login-{number}-f"));
        let login = &self.shared.login;
        let envelope = Envelope {
            sender_id: &self.shared.sender.id,
            sender_password: self.shared.sender.password.expose_secret(),
            control_id: &control_id,
            unique_id: false,
            additional_error_info: self.shared.config.additional_error_info,
            authentication: Authentication::Login {
                user_id: &login.user_id,
                company_id: &login.company_id,
                password: login.password.expose_secret(),
                entity: self.entity.as_deref(),
            },
            transaction: false,
        };
        let body = envelope::write_one(&envelope, &function_id, "<getAPISession/>").map_err(Error::InvalidRequest)?;
        let request = self.outgoing(&self.shared.gateway_url, body, RequestKind::Read);
        let asked = Asked {
            control_id: &control_id,
            function_id: &function_id,
            function: "getAPISession",
            object: "",
            rows: RowShape::Children,
        };
        let _slot = self.shared.slots.acquire().await;
        let sent_at = Instant::now();
        let answered = self.send_read(request, &asked, &[]).await?;
        let (id, endpoint, location_id) = self.session_of(answered.result)?;
        Ok(NewSession { id, endpoint, location_id, timestamp: answered.timestamp, timeout: answered.timeout, sent_at })
    }

    /// `data/api`: session id, endpoint and entity. The endpoint becomes our next URL, so it is checked here.
    fn session_of(&self, result: ResultBlock) -> Result<(SecretString, String, Option<String>), Error> {
        let lacks = |what: &str| Error::Incomplete { function: "getAPISession".to_owned(), what: what.to_owned() };
        let data = result.data.ok_or_else(|| lacks("data"))?;
        let api = data.rows.into_iter().find(|row| &*row.object == "api").ok_or_else(|| lacks("api"))?;
        let id = api.filled("sessionid").ok_or_else(|| lacks("sessionid"))?;
        let endpoint = api.filled("endpoint").ok_or_else(|| lacks("endpoint"))?;
        let endpoint = endpoint::check(&self.shared.config.endpoint_rule, endpoint)?;
        let location_id = api.filled("locationid").map(str::to_owned);
        Ok((SecretString::from(id.to_owned()), endpoint, location_id))
    }
}

/// Whether a login would be refused again: repeating it could lock the user out, or call a forged address twice.
fn is_lasting(error: &Error) -> bool {
    matches!(
        error,
        Error::Refused { .. } | Error::EndpointRefused { .. } | Error::Request { level: Level::Authentication, .. }
    )
}
