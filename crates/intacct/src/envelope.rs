//! The request envelope: who asks, under which control ids, and the functions, in the schema's order.
//!
//! Credentials enter here, at the moment of sending, and nowhere else. It does not look inside a function beyond
//! making sure that it is one element.

use std::collections::HashSet;

use bytes::Bytes;

use crate::facts::CreateFunction;
use crate::payload::one_create;
use crate::text;

/// Longest control id, of a request or a function, in characters \[X, S\].
pub const MAX_CONTROL_ID_CHARS: usize = 256;

/// How a secret looks in anything that is stored or shown.
pub const MASK: &str = "***";

/// Why an envelope can not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// A control id that is empty, longer than 256 characters, or holds what XML can not.
    #[error("control id {control_id:?} is not 1 to 256 printable characters")]
    ControlId {
        /// The control id.
        control_id: String,
    },
    /// Two functions with one control id.
    #[error("control id {control_id:?} is used twice")]
    ControlIdTwice {
        /// The control id.
        control_id: String,
    },
    /// No function.
    #[error("no function to send")]
    NoFunction,
    /// A payload that is not exactly one `<create>` element.
    #[error("payload of function {control_id:?} is not exactly one create element: {reason}")]
    Payload {
        /// The function.
        control_id: String,
        /// What it is instead.
        reason: &'static str,
    },
}

/// Everything of an envelope but its functions.
pub(crate) struct Envelope<'a> {
    pub sender_id: &'a str,
    pub sender_password: &'a str,
    pub control_id: &'a str,
    /// `uniqueid`: always written, because left out it means true \[D\].
    pub unique_id: bool,
    pub additional_error_info: bool,
    pub authentication: Authentication<'a>,
    pub transaction: bool,
}

/// The `authentication` element.
pub(crate) enum Authentication<'a> {
    Session(&'a str),
    Login { user_id: &'a str, company_id: &'a str, password: &'a str, entity: Option<&'a str> },
}

impl Envelope<'_> {
    /// Writes everything up to and including `<content>`.
    pub(crate) fn write_head(&self, out: &mut String) {
        out.push_str(r#"<?xml version="1.0" encoding="UTF-8"?><request><control>"#);
        text::element(out, "senderid", self.sender_id);
        text::element(out, "password", self.sender_password);
        text::element(out, "controlid", self.control_id);
        text::element(out, "uniqueid", bool_text(self.unique_id));
        text::element(out, "dtdversion", "3.0");
        text::element(out, "includewhitespace", "false");
        if self.additional_error_info {
            text::element(out, "showadditionalerrorinfo", "true");
        }
        out.push_str(r#"</control><operation transaction=""#);
        out.push_str(bool_text(self.transaction));
        out.push_str(r#""><authentication>"#);
        match &self.authentication {
            Authentication::Session(id) => {
                text::element(out, "sessionid", id);
            }
            Authentication::Login { user_id, company_id, password, entity } => {
                out.push_str("<login>");
                text::element(out, "userid", user_id);
                text::element(out, "companyid", company_id);
                text::element(out, "password", password);
                if let Some(entity) = entity {
                    text::element(out, "locationid", entity);
                }
                out.push_str("</login>");
            }
        }
        out.push_str("</authentication><content>");
    }
}

/// Everything after the last function.
pub(crate) const TAIL: &str = "</content></operation></request>";

/// Appends one function around an element that is known to be one.
pub(crate) fn write_function(out: &mut String, control_id: &str, element: &str) {
    out.push_str(r#"<function controlid=""#);
    text::push(out, control_id);
    out.push_str(r#"">"#);
    out.push_str(element);
    out.push_str("</function>");
}

/// A create request as text, each payload checked to be one `<create>` element.
pub(crate) fn write_create(envelope: &Envelope<'_>, functions: &[CreateFunction]) -> Result<Bytes, EnvelopeError> {
    check_control_id(envelope.control_id)?;
    if functions.is_empty() {
        return Err(EnvelopeError::NoFunction);
    }
    let payload_bytes: usize = functions.iter().map(|function| function.payload.len() + 384).sum();
    let mut out = String::with_capacity(1_024 + payload_bytes);
    envelope.write_head(&mut out);
    let mut seen = HashSet::with_capacity(functions.len());
    for function in functions {
        check_control_id(&function.control_id)?;
        if !seen.insert(function.control_id.as_str()) {
            return Err(EnvelopeError::ControlIdTwice { control_id: function.control_id.clone() });
        }
        let element = one_create(&function.payload)
            .map_err(|reason| EnvelopeError::Payload { control_id: function.control_id.clone(), reason })?;
        write_function(&mut out, &function.control_id, element);
    }
    out.push_str(TAIL);
    Ok(Bytes::from(out))
}

/// A request with one function of ours.
pub(crate) fn write_one(envelope: &Envelope<'_>, function_id: &str, element: &str) -> Result<Bytes, EnvelopeError> {
    check_control_id(envelope.control_id)?;
    check_control_id(function_id)?;
    let mut out = String::with_capacity(1_024 + element.len());
    envelope.write_head(&mut out);
    write_function(&mut out, function_id, element);
    out.push_str(TAIL);
    Ok(Bytes::from(out))
}

pub(crate) fn check_control_id(control_id: &str) -> Result<(), EnvelopeError> {
    let printable = control_id.chars().all(|ch| text::is_legal(ch) && !ch.is_control());
    // Spaces at the ends would not survive a gateway that trims, and the echo could not be matched.
    let trimmed = control_id.trim() == control_id;
    if printable && trimmed && (1..=MAX_CONTROL_ID_CHARS).contains(&control_id.chars().count()) {
        Ok(())
    } else {
        Err(EnvelopeError::ControlId { control_id: control_id.to_owned() })
    }
}

const fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
