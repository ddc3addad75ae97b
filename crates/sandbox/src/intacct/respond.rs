//! Answers as XML: control block, authentication, results and errors, in the vendor's order.
//!
//! It writes what it is given; nothing is decided here.

use super::envelope::Control;
use super::error::{Additional, GatewayError};
use super::model::Reply;
use super::session::{Caller, Nobody};
use super::when::stamp;
use super::xml::Writer;

/// How errors are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub pretty: bool,
    pub additional_info: bool,
    /// Number for the support id; `None` writes none.
    pub support: Option<u64>,
}

/// `<result>`'s status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    Failure,
    Aborted,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Status::Success => "success",
            Status::Failure => "failure",
            Status::Aborted => "aborted",
        }
    }
}

/// One `<result>`.
#[derive(Debug, Clone)]
pub(super) struct Result {
    pub status: Status,
    pub function: String,
    pub control_id: String,
    /// `<listtype>` of the legacy lists: start, end, total and name.
    pub list: Option<(usize, usize, usize, String)>,
    /// `<key>` of the legacy creates.
    pub key: Option<String>,
    /// The `<data>` element, written for depth 3.
    pub data: Option<String>,
    pub errors: Vec<GatewayError>,
}

/// What stands in an operation.
pub(super) enum Operation {
    /// Nobody signed in.
    Refused(Box<Nobody>),
    Ran(Caller, Vec<Result>),
}

fn reply(writer: Writer) -> Reply {
    let xml = writer.finish();
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}");
    Reply { status: 200, content_type: "text/xml; encoding=\"UTF-8\"", body: body.into() }
}

fn control_block(writer: &mut Writer, status: &str, sender: &str, control_id: &str, unique: bool, version: &str) {
    writer.open("control");
    writer.leaf("status", status);
    writer.leaf("senderid", sender);
    writer.leaf("controlid", control_id);
    writer.leaf("uniqueid", if unique { "true" } else { "false" });
    writer.leaf("dtdversion", version);
    writer.close("control");
}

/// A failure of the whole request: nothing ran.
pub(super) fn control_failure(
    sender: &str,
    control_id: &str,
    unique: bool,
    version: &str,
    error: &GatewayError,
) -> Reply {
    let mut writer = Writer::new(true, 0);
    writer.open("response");
    control_block(&mut writer, "failure", sender, control_id, unique, version);
    let style = Style { pretty: true, additional_info: false, support: None };
    errors(&mut writer, std::slice::from_ref(error), style);
    writer.close("response");
    reply(writer)
}

/// An answer with its operations.
pub(super) fn answer(now_ms: u64, control: &Control, operations: &[Operation], style: Style) -> Reply {
    let mut writer = Writer::new(style.pretty, 0);
    writer.open("response");
    let version = control.dtd_version.as_str();
    control_block(&mut writer, "success", &control.sender_id, &control.control_id, control.unique_id, version);
    let mut style = style;
    for operation in operations {
        writer.open("operation");
        match operation {
            Operation::Refused(nobody) => {
                writer.open("authentication");
                writer.leaf("status", "failure");
                writer.leaf("userid", &nobody.user);
                writer.leaf("companyid", &nobody.company);
                writer.close("authentication");
                errors(&mut writer, std::slice::from_ref(&nobody.error), Style { support: None, ..style });
            }
            Operation::Ran(caller, results) => {
                authentication(&mut writer, now_ms, caller);
                for result in results {
                    write_result(&mut writer, result, style);
                    style.support = style.support.map(|n| n + 1);
                }
            }
        }
        writer.close("operation");
    }
    writer.close("response");
    reply(writer)
}

fn authentication(writer: &mut Writer, now_ms: u64, caller: &Caller) {
    writer.open("authentication");
    writer.leaf("status", "success");
    writer.leaf("userid", &caller.user);
    writer.leaf("companyid", &caller.company);
    writer.leaf("locationid", &caller.location);
    writer.leaf("sessiontimestamp", &stamp(now_ms));
    writer.leaf("sessiontimeout", &stamp(caller.until_ms));
    writer.close("authentication");
}

fn write_result(writer: &mut Writer, result: &Result, style: Style) {
    writer.open("result");
    writer.leaf("status", result.status.word());
    writer.leaf("function", &result.function);
    writer.leaf("controlid", &result.control_id);
    if let Some((start, end, total, name)) = &result.list {
        let (start, end, total) = (start.to_string(), end.to_string(), total.to_string());
        writer.text_with("listtype", &[("start", &start), ("end", &end), ("total", &total)], name);
    }
    if let Some(key) = &result.key {
        writer.leaf("key", key);
    }
    if let Some(data) = &result.data {
        writer.fragment(data);
    }
    if !result.errors.is_empty() {
        errors(writer, &result.errors, style);
    }
    writer.close("result");
}

fn errors(writer: &mut Writer, list: &[GatewayError], style: Style) {
    writer.open("errormessage");
    for error in list {
        writer.open("error");
        writer.leaf("errorno", &error.errorno);
        writer.leaf("description", &error.description);
        let support = style.support.filter(|_| !error.description2.is_empty());
        let support = support.map_or(String::new(), |n| format!(" [Support ID: sandbox%7E{n:08}-aAbB]"));
        writer.leaf("description2", &format!("{}{support}", error.description2));
        writer.leaf("correction", &error.correction);
        if style.additional_info {
            additional(writer, &error.additional);
        }
        writer.close("error");
    }
    writer.close("errormessage");
}

fn additional(writer: &mut Writer, info: &Additional) {
    writer.open("additionalinfo");
    writer.leaf("errorid", info.errorid);
    writer.leaf("category", info.category);
    writer.leaf("target", "");
    writer.open("description");
    writer.leaf("messageid", "");
    writer.close("description");
    writer.open("cdescription");
    writer.leaf("messageid", if info.errorid.is_empty() { "" } else { "IA.SANDBOX" });
    writer.open("placeholders");
    for (name, value) in &info.placeholders {
        writer.open("placeholder");
        writer.leaf("name", name);
        writer.leaf("value", value);
        writer.close("placeholder");
    }
    writer.close("placeholders");
    writer.close("cdescription");
    writer.open("correction");
    writer.leaf("messageid", "");
    writer.close("correction");
    writer.close("additionalinfo");
}
