//! What goes in and out of the model: set-up, credentials, requests read once, replies and their injected defects.

use crate::intacct::envelope::{self, Authentication, Envelope, Refusal};
use bytes::Bytes;
use serde::Serialize;

/// How the company is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// The company's today: it decides which periods are open.
    pub today: jiff::civil::Date,
    /// The company has entities.
    pub multi_entity: bool,
    /// The company books in several currencies.
    pub multi_currency: bool,
    /// So many more rows of every reference object.
    pub extra_rows: usize,
    /// The endpoint that `getAPISession` names.
    pub endpoint: String,
    /// Life of a session without a call, in milliseconds.
    pub session_ms: u64,
    /// The same seed gives the same passwords and session ids.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            today: jiff::civil::date(2026, 11, 24),
            multi_entity: false,
            multi_currency: false,
            extra_rows: 0,
            endpoint: "https://api.intacct.com/ia/xml/xmlgw.phtml".into(),
            session_ms: 8 * 3_600_000,
            seed: 1,
        }
    }
}

/// What the gateway accepts. It protects nothing, and is still not printed.
#[derive(Clone, Serialize)]
pub struct Credentials {
    /// Web Services sender.
    pub sender_id: String,
    /// Its password.
    pub sender_password: String,
    /// Company id.
    pub company_id: String,
    /// Web Services user.
    pub user_id: String,
    /// The user's password.
    pub user_password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// Values for a first try.
#[derive(Debug, Clone)]
pub struct Samples {
    /// A journal's symbol.
    pub journal: &'static str,
    /// An account that wants a department and a location.
    pub debit_account: &'static str,
    /// An account that wants nothing.
    pub credit_account: &'static str,
    /// No account has this number.
    pub unknown_account: &'static str,
    /// An active department.
    pub department: &'static str,
    /// An active location.
    pub location: &'static str,
    /// A date in an open period, MM/DD/YYYY.
    pub open_date: String,
}

/// What goes wrong with one request beyond what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Injected {
    /// Creates of journal entries are refused as if their period were closed.
    pub closed_period: bool,
    /// Creates answer success without a record number.
    pub omit_recordno: bool,
    /// The last result names another control id.
    pub foreign_controlid: bool,
    /// The last result is left out.
    pub missing_result: bool,
    /// The last result comes twice.
    pub duplicate_result: bool,
    /// The answer is not well-formed.
    pub malformed: bool,
    /// The answer opens with a document type.
    pub doctype: bool,
}

/// An HTTP answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// A refusal of the gateway's edge: the short form of a control failure.
    pub fn edge(status: u16, errorno: &str, description: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response><control><status>failure</status></control>\
             <errormessage><error><errorno>{errorno}</errorno><description>{description}</description>\
             <description2></description2><correction></correction></error></errormessage></response>"
        );
        Reply { status, content_type: "text/xml; encoding=\"UTF-8\"", body: body.into() }
    }

    /// Too many requests at once, under HTTP 429 or 200.
    pub fn rate_limited(status: u16) -> Self {
        Self::edge(status, "GW-0010", "API rate limit exceeded")
    }

    /// Maintenance.
    pub fn offline() -> Self {
        Self::edge(200, "XL03000006", "The Service is Temporarily Off-line")
    }
}

/// The answer with the defects that a fault asks for.
pub(super) fn spoiled(reply: Reply, injected: Injected) -> Reply {
    if !injected.malformed && !injected.doctype {
        return reply;
    }
    let text = String::from_utf8_lossy(&reply.body);
    let text = match injected.malformed {
        true => text.replace("</operation>", ""),
        false => text.replacen("<response>", "<!DOCTYPE response [<!ENTITY e \"x\">]>\n<response>", 1),
    };
    Reply { body: text.into(), ..reply }
}

/// A request body, read once.
#[derive(Debug)]
pub struct Request<'a>(pub(super) Result<Envelope<'a>, Box<Refusal>>);

/// The company that a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address<'r> {
    /// By its id, in a login.
    Company(&'r str),
    /// By the id of a session.
    Session(&'r str),
}

/// Reads a request body. It never fails: what is wrong with the body is answered by the model.
pub fn read(body: &[u8]) -> Request<'_> {
    Request(envelope::read(body))
}

impl Request<'_> {
    /// The company of its first operation; `None` where it names none that can be read.
    pub fn address(&self) -> Option<Address<'_>> {
        match &self.0.as_ref().ok()?.operations.first()?.authentication {
            Authentication::Login { company, .. } => Some(Address::Company(company)),
            Authentication::Session(id) => Some(Address::Session(id)),
            Authentication::Token => None,
        }
    }

    /// The words for fault rules: each function's name once, and `login` when the request signs in.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for operation in self.0.as_ref().map(|e| e.operations.as_slice()).unwrap_or_default() {
            let login = matches!(operation.authentication, Authentication::Login { .. });
            let functions = operation.functions.iter().map(|f| f.body.name);
            for name in login.then_some("login").into_iter().chain(functions) {
                if names.iter().all(|n| n != name) {
                    names.push(name.to_owned());
                }
            }
        }
        names
    }

    /// How many of its functions are `create`.
    pub fn creates(&self) -> usize {
        let operations = self.0.as_ref().map(|e| e.operations.as_slice()).unwrap_or_default();
        operations.iter().flat_map(|o| &o.functions).filter(|f| f.body.name == "create").count()
    }
}
