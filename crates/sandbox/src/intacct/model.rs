//! The gateway itself: takes a request and the time, gives the answer.
//!
//! It checks who asks and hands each function to its own file; it decides nothing about journal entries.

use super::Assumptions;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

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
             </error></errormessage></response>"
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

/// A request body, read once.
#[derive(Debug)]
pub struct Request<'a>(std::marker::PhantomData<&'a ()>);

/// Reads a request body. It never fails: what is wrong with the body is answered by [`Model::finish`].
pub fn read(_body: &[u8]) -> Request<'_> {
    Request(std::marker::PhantomData)
}

impl Request<'_> {
    /// The words for fault rules: each function's name, and `login` when it signs in.
    pub fn names(&self) -> Vec<String> {
        Vec::new()
    }

    /// How many of its functions are `create`.
    pub fn creates(&self) -> usize {
        0
    }
}

/// What was decided on arrival, to be carried to [`Model::finish`].
#[derive(Debug, Default)]
pub struct Ticket {}

/// The gateway with its company.
#[derive(Debug)]
pub struct Model {
    options: Options,
    assumptions: Assumptions,
}

impl Model {
    /// A gateway with the seeded company.
    pub fn new(options: Options, assumptions: Assumptions) -> Self {
        Model { options, assumptions }
    }

    /// Answers one request that arrives and ends at `now_ms` (any epoch, never running backwards).
    pub fn handle(&mut self, now_ms: u64, body: &[u8]) -> Reply {
        let request = read(body);
        let ticket = self.begin(now_ms, &request);
        self.finish(now_ms, &request, ticket, Injected::default())
    }

    /// The arrival of a request: who asks, and which control ids are known already.
    pub fn begin(&mut self, _now_ms: u64, _request: &Request<'_>) -> Ticket {
        Ticket {}
    }

    /// The end of a request: its functions are carried out and answered.
    pub fn finish(&mut self, _now_ms: u64, _request: &Request<'_>, _ticket: Ticket, _injected: Injected) -> Reply {
        Reply::edge(500, "GW-0001", "Unable to process request")
    }

    /// Counts a request that was refused before it arrived.
    pub fn count_refused(&mut self) {}

    /// Ends the session that a request names.
    pub fn forget_session_of(&mut self, _request: &Request<'_>) {}

    /// What came in so far, and the books.
    pub fn state(&self, _with_ledger: bool) -> Value {
        json!({"requests": {"total": 0}})
    }

    /// What it accepts.
    pub fn credentials(&self) -> Credentials {
        Credentials {
            sender_id: "sandbox-sender".into(),
            sender_password: format!("sender-{:016x}", self.options.seed),
            company_id: "example-services".into(),
            user_id: "xml_connector".into(),
            user_password: format!("user-{:016x}", self.options.seed),
        }
    }

    /// Values for a first try.
    pub fn samples(&self) -> Samples {
        Samples {
            journal: "EXP",
            debit_account: "6420",
            credit_account: "2010",
            unknown_account: "9999",
            department: "200",
            location: "NY",
            open_date: super::when::us_date(self.options.today),
        }
    }

    /// The switches in force.
    pub fn assumptions(&self) -> &Assumptions {
        &self.assumptions
    }

    /// Changes the switches from now on.
    pub fn set_assumptions(&mut self, assumptions: Assumptions) {
        self.assumptions = assumptions;
    }

    /// What a person does in the product, for stories.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the command.
    pub fn edit(&mut self, _now_ms: u64, _command: &Value) -> Result<Value, String> {
        Err("no such action".into())
    }
}
