//! Names the gateway's failures by level, number and text.
//!
//! Numbers first, texts last, for most numbers are generic. What to do about a failure is not said here.

use crate::error::{Error, Level, Refusal};
use crate::facts::{GatewayError, ResultStatus, Status};
use crate::reply::{Reply, ResultBlock};

/// Which credential or right the errors of the control or authentication level refuse, if any that is known.
pub(crate) fn refusal(reply: &Reply) -> Option<Refusal> {
    if reply.control != Status::Success {
        return reply.errors.iter().find_map(control_refusal);
    }
    let failed = reply.authentication.as_ref().is_some_and(|block| block.status != Status::Success);
    failed.then(|| reply.errors.iter().find_map(authentication_refusal)).flatten()
}

fn control_refusal(error: &GatewayError) -> Option<Refusal> {
    if error.errorno == "XMLGW_JPP0002" {
        return Some(Refusal::Edge);
    }
    (error.errorno == "XL03000006" && says(error, "partner id or password")).then_some(Refusal::Sender)
}

fn authentication_refusal(error: &GatewayError) -> Option<Refusal> {
    const TEXTS: [(&str, Refusal); 6] = [
        ("invalid session", Refusal::Session),
        ("invalid web services authorization", Refusal::SenderNotAuthorised),
        ("not authorized to make web services requests", Refusal::SenderNotAuthorised),
        ("not authorized for xml transactions", Refusal::SubscriptionOff),
        ("subscribe to the xml gateway", Refusal::SubscriptionOff),
        ("sign-in information is incorrect", Refusal::Login),
    ];
    TEXTS.into_iter().find(|(text, _)| says(error, text)).map(|(_, refusal)| refusal)
}

/// Whether errors speak of a rate limit.
pub(crate) fn is_rate_limit(errors: &[GatewayError]) -> bool {
    errors.iter().any(|error| error.errorno == "GW-0010" || says(error, "api rate limit exceeded"))
}

fn is_unavailable(errors: &[GatewayError]) -> bool {
    errors.iter().any(|error| error.errorno == "GW-0001" || says(error, "temporarily off-line"))
}

/// The error of a failed control or authentication; `None` where both succeeded.
pub(crate) fn of_request(reply: &Reply, http_status: u16, retry_after: Option<std::time::Duration>) -> Option<Error> {
    let authenticated = reply.authentication.as_ref().is_some_and(|block| block.status == Status::Success);
    if reply.control == Status::Success && authenticated {
        return None;
    }
    let errors = reply.errors.clone();
    Some(if http_status == 429 || is_rate_limit(&errors) {
        Error::RateLimited { http_status, retry_after, errors }
    } else if let Some(refusal) = refusal(reply) {
        Error::Refused { refusal, errors }
    } else if http_status >= 500 || is_unavailable(&errors) {
        Error::Unavailable { http_status, errors }
    } else {
        let level = if reply.control == Status::Success { Level::Authentication } else { Level::Control };
        Error::Request { level, http_status, errors }
    })
}

/// The error of a function that did not succeed; `None` where it did.
pub(crate) fn of_function(result: &ResultBlock, object: &str, http_status: u16) -> Option<Error> {
    if result.status == ResultStatus::Success {
        return None;
    }
    let function = result.function.clone();
    let object = object.to_owned();
    let errors = result.errors.clone();
    let any = |test: &dyn Fn(&GatewayError) -> bool| errors.iter().any(test);
    Some(if is_rate_limit(&errors) {
        Error::RateLimited { http_status, retry_after: None, errors }
    } else if is_unavailable(&errors) {
        Error::Unavailable { http_status, errors }
    } else if any(&|error| error.errorno == "PL04000005" || says(error, "do not have permission")) {
        Error::Permission { function, object, errors }
    } else if any(&|error| says(error, "object definition") && says(error, "not found")) {
        Error::UnknownObject { object, errors }
    } else if any(&is_unknown_field) {
        Error::UnknownFields { object, errors }
    } else {
        Error::Function { function, object, errors }
    })
}

/// A field that can not be read: `XL03000006` with its text, `XL03000010`, or the text in place of a number \[F\].
fn is_unknown_field(error: &GatewayError) -> bool {
    error.errorno == "XL03000010"
        || error.errorno.to_ascii_lowercase().starts_with("invalid fields list")
        || says(error, "cannot be queried")
}

/// Whether an error's texts contain a phrase, in any case.
fn says(error: &GatewayError, phrase: &str) -> bool {
    [&error.description, &error.description2, &error.correction, &error.errorno]
        .into_iter()
        .any(|text| text.to_ascii_lowercase().contains(phrase))
}
