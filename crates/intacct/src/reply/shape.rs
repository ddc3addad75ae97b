//! The blocks of an answer: control, operation, authentication, results.
//!
//! Strict where a doubt could hide a posting: one control, one operation, one status each. Elements that are unknown
//! inside a block are passed over, since the vendor may add some; unknown blocks are refused.

use jiff::Timestamp;

use super::Malformed;
use super::pull::{Open, Pull, Token};
use super::rows::{self, Data, RowShape};
use crate::facts::{GatewayError, ResultStatus, Status};

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub control: Status,
    /// The echoed control id; `None` where it is missing or empty.
    pub control_id: Option<String>,
    pub authentication: Option<AuthenticationBlock>,
    /// Errors beside control, or beside authentication.
    pub errors: Vec<GatewayError>,
    pub results: Vec<ResultBlock>,
}

/// The authentication block.
#[derive(Debug)]
pub(crate) struct AuthenticationBlock {
    pub status: Status,
    pub location_id: Option<String>,
    pub timestamp: Option<Timestamp>,
    pub timeout: Option<Timestamp>,
}

/// One result.
#[derive(Debug)]
pub(crate) struct ResultBlock {
    pub status: ResultStatus,
    pub function: String,
    pub control_id: String,
    pub key: Option<String>,
    pub data: Option<Data>,
    pub errors: Vec<GatewayError>,
}

/// Reads a document.
pub(crate) fn read(document: &str, shape: RowShape) -> Result<Reply, Malformed> {
    let mut pull = Pull::new(document);
    match pull.next()? {
        Token::Open(root) if root.name() == "response" => {}
        Token::Open(root) => return Err(Malformed::Root { found: root.name().to_owned() }),
        _ => return Err(Malformed::Truncated),
    }
    let reply = response(&mut pull, shape)?;
    match pull.next()? {
        Token::End => Ok(reply),
        _ => Err(Malformed::Trailing),
    }
}

fn response(pull: &mut Pull<'_>, shape: RowShape) -> Result<Reply, Malformed> {
    let mut control = None;
    let mut operation = None;
    let mut errors = None;
    while let Some(child) = pull.child("response")? {
        match child.name() {
            "control" => once(&mut control, control_block(pull)?, "response", "control")?,
            "operation" if control.is_some() && errors.is_none() => {
                once(&mut operation, operation_block(pull, shape)?, "response", "operation")?;
            }
            "errormessage" if control.is_some() && operation.is_none() => {
                once(&mut errors, super::errormessage::read(pull)?, "response", "errormessage")?;
            }
            _ => return Err(unexpected("response", &child)),
        }
    }
    let (control, control_id) = control.ok_or(Malformed::Missing { parent: "response", element: "control" })?;
    let mut reply =
        Reply { control, control_id, authentication: None, errors: errors.unwrap_or_default(), results: Vec::new() };
    match (&reply.control, operation) {
        (Status::Success, None) => Err(Malformed::Missing { parent: "response", element: "operation" }),
        (_, None) => Ok(reply),
        (Status::Success, Some(operation)) => {
            reply.authentication = Some(operation.authentication);
            reply.errors = operation.errors;
            reply.results = operation.results;
            Ok(reply)
        }
        // A failed control with results would contradict itself.
        (_, Some(_)) => {
            Err(Malformed::UnexpectedElement { parent: "response".to_owned(), element: "operation".to_owned() })
        }
    }
}

fn control_block(pull: &mut Pull<'_>) -> Result<(Status, Option<String>), Malformed> {
    let mut status = None;
    let mut control_id = None;
    while let Some(child) = pull.child("control")? {
        match child.name() {
            "status" => once(&mut status, pull.leaf("status")?, "control", "status")?,
            "controlid" => once(&mut control_id, pull.leaf("controlid")?, "control", "controlid")?,
            _ => pull.skip()?,
        }
    }
    let status = status.ok_or(Malformed::Missing { parent: "control", element: "status" })?;
    Ok((status_of(status), control_id.filter(|id| !id.is_empty())))
}

struct Operation {
    authentication: AuthenticationBlock,
    errors: Vec<GatewayError>,
    results: Vec<ResultBlock>,
}

fn operation_block(pull: &mut Pull<'_>, shape: RowShape) -> Result<Operation, Malformed> {
    let mut authentication = None;
    let mut errors = None;
    let mut results = Vec::new();
    while let Some(child) = pull.child("operation")? {
        match child.name() {
            "authentication" if results.is_empty() && errors.is_none() => {
                once(&mut authentication, authentication_block(pull)?, "operation", "authentication")?;
            }
            "errormessage" if authentication.is_some() && results.is_empty() => {
                once(&mut errors, super::errormessage::read(pull)?, "operation", "errormessage")?;
            }
            "result" if authentication.is_some() && errors.is_none() => results.push(result_block(pull, shape)?),
            _ => return Err(unexpected("operation", &child)),
        }
    }
    let authentication = authentication.ok_or(Malformed::Missing { parent: "operation", element: "authentication" })?;
    if authentication.status != Status::Success && !results.is_empty() {
        return Err(Malformed::UnexpectedElement { parent: "operation".to_owned(), element: "result".to_owned() });
    }
    Ok(Operation { authentication, errors: errors.unwrap_or_default(), results })
}

fn authentication_block(pull: &mut Pull<'_>) -> Result<AuthenticationBlock, Malformed> {
    const HERE: &str = "authentication";
    let (mut status, mut location, mut timestamp, mut timeout) = (None, None, None, None);
    while let Some(child) = pull.child(HERE)? {
        match child.name() {
            "status" => once(&mut status, pull.leaf("status")?, HERE, "status")?,
            "locationid" => once(&mut location, pull.leaf("locationid")?, HERE, "locationid")?,
            "sessiontimestamp" => once(&mut timestamp, pull.leaf("sessiontimestamp")?, HERE, "sessiontimestamp")?,
            "sessiontimeout" => once(&mut timeout, pull.leaf("sessiontimeout")?, HERE, "sessiontimeout")?,
            _ => pull.skip()?,
        }
    }
    let status = status.ok_or(Malformed::Missing { parent: HERE, element: "status" })?;
    // A time that can not be read is a time that is not known: sessions then live by their greatest age.
    let time = |text: Option<String>| text.and_then(|text| text.trim().parse().ok());
    Ok(AuthenticationBlock {
        status: status_of(status),
        location_id: location.filter(|id| !id.is_empty()),
        timestamp: time(timestamp),
        timeout: time(timeout),
    })
}

fn result_block(pull: &mut Pull<'_>, shape: RowShape) -> Result<ResultBlock, Malformed> {
    const HERE: &str = "result";
    let (mut status, mut function, mut control_id) = (None, None, None);
    let (mut key, mut data, mut errors) = (None, None, None);
    while let Some(child) = pull.child(HERE)? {
        match child.name() {
            "status" => once(&mut status, pull.leaf("status")?, HERE, "status")?,
            "function" => once(&mut function, pull.leaf("function")?, HERE, "function")?,
            "controlid" => once(&mut control_id, pull.leaf("controlid")?, HERE, "controlid")?,
            "key" => once(&mut key, pull.leaf("key")?, HERE, "key")?,
            "data" => once(&mut data, rows::read(pull, &child, shape)?, HERE, "data")?,
            "errormessage" => once(&mut errors, super::errormessage::read(pull)?, HERE, "errormessage")?,
            _ => pull.skip()?,
        }
    }
    let missing = |element| Malformed::Missing { parent: HERE, element };
    let status = match status.ok_or(missing("status"))?.as_str() {
        "success" => ResultStatus::Success,
        "failure" => ResultStatus::Failure,
        "aborted" => ResultStatus::Aborted,
        other => ResultStatus::Other(other.to_owned()),
    };
    Ok(ResultBlock {
        status,
        function: function.ok_or(missing("function"))?,
        control_id: control_id.ok_or(missing("controlid"))?,
        key: key.filter(|key: &String| !key.is_empty()),
        data,
        errors: errors.unwrap_or_default(),
    })
}

fn status_of(word: String) -> Status {
    match word.as_str() {
        "success" => Status::Success,
        "failure" => Status::Failure,
        _ => Status::Other(word),
    }
}

fn once<T>(slot: &mut Option<T>, value: T, parent: &'static str, element: &'static str) -> Result<(), Malformed> {
    if slot.replace(value).is_some() { Err(Malformed::Duplicate { parent, element }) } else { Ok(()) }
}

fn unexpected(parent: &str, child: &Open<'_>) -> Malformed {
    Malformed::UnexpectedElement { parent: parent.to_owned(), element: child.name().to_owned() }
}
