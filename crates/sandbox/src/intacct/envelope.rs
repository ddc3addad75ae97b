//! The request envelope, held to the vendor's schema: order and number of elements, required attributes, lengths.
//!
//! Payloads of generic functions are free in order, as in the schema; nothing here looks into them.

use super::error::GatewayError;
use super::xml::{self, Element, Malformed, position};

/// A request that fits the schema.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    pub control: Control,
    pub operations: Vec<Operation<'a>>,
}

/// `<control>`.
#[derive(Debug, Clone, Default)]
pub(super) struct Control {
    pub sender_id: String,
    pub password: String,
    pub control_id: String,
    /// True when absent (documented).
    pub unique_id: bool,
    pub dtd_version: String,
    pub policy_id: String,
    pub pretty: bool,
    pub additional_info: bool,
}

#[derive(Debug)]
pub(super) struct Operation<'a> {
    pub transaction: bool,
    pub authentication: Authentication,
    pub functions: Vec<Function<'a>>,
}

pub(super) enum Authentication {
    Session(String),
    Login { user: String, company: String, password: String, location: String },
    Token,
}

impl std::fmt::Debug for Authentication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authentication(***)")
    }
}

#[derive(Debug)]
pub(super) struct Function<'a> {
    pub control_id: String,
    /// The element inside, whose name is the function's.
    pub body: Element<'a>,
}

/// A request that does not fit, with as much of its control block as could be read.
#[derive(Debug)]
pub(super) struct Refusal {
    pub sender_id: String,
    pub control_id: String,
    pub error: GatewayError,
}

/// Functions that the gateway of the sandbox carries out.
const FUNCTIONS: &[&str] = &[
    "getAPISession",
    "create",
    "update",
    "delete",
    "read",
    "readByName",
    "readByQuery",
    "readMore",
    "query",
    "inspect",
    "lookup",
    "getDimensions",
    "getFinancialSetup",
    "get_closedbooksdate",
    "get_companyprefs",
    "get_list",
    "get",
    "create_supdoc",
    "create_supdocfolder",
    "delete_gltransaction",
];

/// Reads a request body.
pub(super) fn read(body: &[u8]) -> Result<Envelope<'_>, Box<Refusal>> {
    let blank = |error| Box::new(Refusal { sender_id: String::new(), control_id: String::new(), error });
    let (text, root) = xml::parse(body).map_err(|m| blank(malformed(&m)))?;
    let mut control = Control::default();
    envelope(text, root, &mut control).map_err(|error| {
        Box::new(Refusal { sender_id: control.sender_id.clone(), control_id: control.control_id.clone(), error })
    })
}

fn malformed(m: &Malformed) -> GatewayError {
    let text = format!(
        "XML Parse schema error: Fatal Error {}: {}. Line: {}, column: {}.",
        m.code, m.message, m.line, m.column
    );
    GatewayError::new("XL03000003", text)
}

fn schema_error(text: &str, element: &Element<'_>, message: &str) -> GatewayError {
    let (line, column) = position(text, element.offset);
    let name = element.name;
    let text =
        format!("XML Parse schema error: Error 1871: Element '{name}': {message} Line: {line}, column: {column}.");
    GatewayError::new("XL03000003", text)
}

/// How often an element may stand in a sequence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Times {
    One,
    Optional,
    Some,
    Any,
}

/// Checks the children of `parent` against a sequence.
fn sequence(text: &str, parent: &Element<'_>, wanted: &[(&str, Times)]) -> Result<(), GatewayError> {
    let mut children = parent.children.iter().peekable();
    for (name, times) in wanted {
        let mut count = 0;
        while children.peek().is_some_and(|c| c.name == *name)
            && (count == 0 || matches!(times, Times::Some | Times::Any))
        {
            children.next();
            count += 1;
        }
        if count == 0 && matches!(times, Times::One | Times::Some) {
            return Err(match children.peek() {
                Some(other) => {
                    schema_error(text, other, &format!("This element is not expected. Expected is ( {name} )."))
                }
                None => schema_error(text, parent, &format!("Missing child element(s). Expected is ( {name} ).")),
            });
        }
    }
    match children.next() {
        None => Ok(()),
        Some(extra) => Err(schema_error(text, extra, "This element is not expected.")),
    }
}

fn envelope<'a>(text: &str, mut root: Element<'a>, control: &mut Control) -> Result<Envelope<'a>, GatewayError> {
    if root.name != "request" {
        return Err(schema_error(text, &root, "No matching global declaration available for the validation root."));
    }
    if let Some(first) = root.children.first_mut().filter(|c| c.name == "control") {
        read_control(first, control);
        // Documented since, but without a place in the published sequence: taken at any place.
        first.children.retain(|c| c.name != "showadditionalerrorinfo");
    }
    sequence(text, &root, &[("control", Times::One), ("operation", Times::Some)])?;
    let optional = |name| (name, Times::Optional);
    let control_sequence = [
        ("senderid", Times::One),
        optional("password"),
        ("controlid", Times::One),
        optional("uniqueid"),
        optional("dtdversion"),
        optional("policyid"),
        optional("debug"),
        optional("includewhitespace"),
    ];
    sequence(text, &root.children[0], &control_sequence)?;
    if control.control_id.chars().count() > 256 {
        return Err(schema_error(
            text,
            &root.children[0],
            "The control id exceeds the allowed maximum length of '256'.",
        ));
    }
    let operations = root.children.drain(1..).map(|o| operation(text, o)).collect::<Result<_, _>>()?;
    Ok(Envelope { control: control.clone(), operations })
}

fn read_control(element: &Element<'_>, control: &mut Control) {
    let text = |name: &str| element.child_text(name).to_owned();
    control.sender_id = text("senderid");
    control.password = text("password");
    control.control_id = text("controlid");
    let is = |name: &str, word: &str| element.child_text(name).eq_ignore_ascii_case(word);
    control.unique_id = !is("uniqueid", "false");
    control.dtd_version = text("dtdversion");
    control.policy_id = text("policyid");
    control.pretty = !is("includewhitespace", "false");
    control.additional_info = is("showadditionalerrorinfo", "true");
}

fn operation<'a>(text: &str, mut element: Element<'a>) -> Result<Operation<'a>, GatewayError> {
    sequence(text, &element, &[("authentication", Times::One), ("preferences", Times::Any), ("content", Times::Any)])?;
    let transaction = match element.attribute("transaction") {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            let message = format!("The value '{other}' of the attribute 'transaction' is not 'true' or 'false'.");
            return Err(schema_error(text, &element, &message));
        }
    };
    let authentication = authentication(text, &element.children[0])?;
    let mut functions = Vec::new();
    for content in element.children.drain(1..).filter(|c| c.name == "content") {
        sequence(text, &content, &[("function", Times::Some)])?;
        for function_element in content.children {
            functions.push(function(text, function_element)?);
        }
    }
    Ok(Operation { transaction, authentication, functions })
}

fn authentication(text: &str, element: &Element<'_>) -> Result<Authentication, GatewayError> {
    let [way] = element.children.as_slice() else {
        return Err(schema_error(text, element, "Expected is one of ( login, sessionid, oauth )."));
    };
    match way.name {
        "sessionid" => Ok(Authentication::Session(way.text.trim().to_owned())),
        "oauth" => Ok(Authentication::Token),
        "login" => {
            let sequence_of_login = [
                ("userid", Times::One),
                ("companyid", Times::One),
                ("password", Times::One),
                ("clientid", Times::Optional),
                ("locationid", Times::Optional),
            ];
            sequence(text, way, &sequence_of_login)?;
            let child = |name: &str| way.child_text(name).to_owned();
            // A console user may pack console, client and entity into the company id.
            let packed = child("companyid");
            let mut parts = packed.split('|').rev();
            let (last, before) = (parts.next().unwrap_or(""), parts.next());
            let (company, packed_location) = if before.is_some() && parts.next().is_some() {
                (before.unwrap_or("").to_owned(), last.to_owned())
            } else {
                (last.to_owned(), String::new())
            };
            let location = if packed_location.is_empty() { child("locationid") } else { packed_location };
            Ok(Authentication::Login { user: child("userid"), company, password: child("password"), location })
        }
        _ => Err(schema_error(
            text,
            way,
            "This element is not expected. Expected is one of ( login, sessionid, oauth ).",
        )),
    }
}

fn function<'a>(text: &str, mut element: Element<'a>) -> Result<Function<'a>, GatewayError> {
    let Some(control_id) = element.attribute("controlid").map(str::to_owned) else {
        return Err(schema_error(text, &element, "The attribute 'controlid' is required but missing."));
    };
    if control_id.chars().count() > 256 {
        let message = format!(
            "The attribute 'controlid' has a length of '{}'; this exceeds the allowed maximum length of '256'.",
            control_id.chars().count()
        );
        return Err(schema_error(text, &element, &message));
    }
    match element.children.as_slice() {
        [one] if FUNCTIONS.contains(&one.name) => Ok(Function { control_id, body: element.children.remove(0) }),
        [one] => Err(schema_error(text, one, "This element is not expected.")),
        [] => Err(schema_error(text, &element, "Missing child element(s).")),
        [_, second, ..] => Err(schema_error(text, second, "This element is not expected.")),
    }
}
