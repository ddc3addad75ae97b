//! One fault rule: which requests it concerns, on which of them it fires, and what then goes wrong.
//!
//! It carries nothing out; the listener and the models do.

use super::FaultsError;
use serde::{Deserialize, Serialize};

/// Whose requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vendor {
    /// The XML gateway.
    Intacct,
    /// The Integration Server.
    Expensify,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),* $(,)?) => {
        /// What goes wrong. "Commit" is the moment at which the vendor's books change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        pub enum Action {
            /// Nothing; a rule of latency alone.
            #[default]
            #[serde(rename = "none")]
            None,
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }
        impl Action {
            /// Every action's name in JSON.
            pub fn names() -> Vec<&'static str> {
                vec!["none", $($name),*]
            }
        }
    };
}

actions! {
    /// Only the rule's `latency_ms`.
    Delay = "delay",
    /// The connection is closed without an answer; nothing happened.
    DropBeforeCommit = "drop_before_commit",
    /// The connection is closed without an answer; it happened.
    DropAfterCommit = "drop_after_commit",
    /// No answer ever, nothing happens; ends when the client leaves.
    HangBeforeCommit = "hang_before_commit",
    /// It happens at once, no answer ever; ends when the client leaves.
    HangAfterCommit = "hang_after_commit",
    /// The connection is closed without an answer at once, and it happens `delay_ms` later.
    LateCommit = "late_commit",
    /// HTTP 500 without a body. With `commit` it happened.
    Http500 = "http_500",
    /// HTTP 502 without a body. With `commit` it happened.
    Http502 = "http_502",
    /// HTTP 503 with a page of HTML. With `commit` it happened.
    Http503Html = "http_503_html",
    /// HTTP 524 with a page of HTML, as an edge gives that lost patience. With `commit` it happened.
    Http524 = "http_524",
    /// HTTP 500 with well-formed XML, errorno GW-0001. With `commit` it happened.
    GatewayError = "gateway_error",
    /// HTTP 200 with a page of HTML. With `commit` it happened.
    Html200 = "html_200",
    /// HTTP 200 without a body. With `commit` it happened.
    Empty200 = "empty_200",
    /// It happened; the answer is cut after `bytes` bytes of its body and the connection closed.
    Truncate = "truncate",
    /// The session is refused as invalid and forgotten.
    ExpiredSession = "expired_session",
    /// HTTP 429, errorno GW-0010 (Expensify: its own envelope).
    RateLimit429 = "rate_limit_429",
    /// HTTP 200 that says "API rate limit exceeded" (Expensify: its own envelope).
    RateLimit200 = "rate_limit_200",
    /// HTTP 401 with XML, errorno XMLGW_JPP0002.
    Edge401 = "edge_401",
    /// A control failure that says the service is temporarily off-line.
    Offline = "offline",
    /// The same request is delivered twice; the answer is that of the second delivery.
    DuplicateDelivery = "duplicate_delivery",
    /// It happened; the answer is not well-formed.
    MalformedXml = "malformed_xml",
    /// It happened; the answer opens with a document type declaration.
    Doctype = "doctype",
    /// Creates of this request are refused as if the books were closed.
    ClosedPeriod = "closed_period",
    /// It happened; creates answer success without a record number.
    OmitRecordno = "omit_recordno",
    /// It happened; the last result names another function's control id.
    ForeignControlid = "foreign_controlid",
    /// It happened; the last result is left out.
    MissingResult = "missing_result",
    /// It happened; the last result comes twice.
    DuplicateResult = "duplicate_result",
}

impl Action {
    /// Whether the action does more than wait.
    pub fn goes_wrong(self) -> bool {
        !matches!(self, Action::None | Action::Delay)
    }
}

/// One rule. It counts the requests that it concerns; without `nth`, `every`, `after` or `probability` it fires on
/// each of them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Whose requests; both when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<Vendor>,
    /// `any`, an Intacct function name (`create`, `query`, `getAPISession`, …), `login` for a request that signs in,
    /// or an Expensify job (`export`, `download`, `get`).
    pub on: On,
    /// Only requests whose body contains this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// Only the request with this number, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Every so-manieth request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Only requests after so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// At most so many times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// With this probability, 0 to 1, drawn from the seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Wait before anything else, in milliseconds.
    pub latency_ms: u64,
    /// What goes wrong.
    pub action: Action,
    /// `truncate`: how many bytes of the body still arrive.
    pub bytes: usize,
    /// `late_commit`: how long after the cut it happens, in milliseconds.
    pub delay_ms: u64,
    /// For HTTP errors and pages: whether the vendor did the work before them.
    pub commit: bool,
}

/// The word a rule waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct On(pub String);

impl Default for On {
    fn default() -> Self {
        On("any".into())
    }
}

/// The keys of a rule, for messages.
pub(super) const KEYS: &str = "vendor, on, contains, nth, every, after, count, probability, latency_ms, action, \
                               bytes, delay_ms, commit";

impl Rule {
    /// A rule that does `action` on the `nth` request that is about `on`.
    pub fn nth(vendor: Vendor, on: &str, nth: u64, action: Action) -> Self {
        Rule { vendor: Some(vendor), on: On(on.into()), nth: Some(nth), action, ..Rule::default() }
    }

    pub(super) fn check(&self, place: &str) -> Result<(), FaultsError> {
        let wrong = |what: &str, remedy: &str| {
            Err(FaultsError { what: what.into(), place: place.into(), remedy: remedy.into() })
        };
        if self.nth == Some(0) || self.every == Some(0) {
            return wrong("`nth` and `every` count from 1", "write 1 for the first request");
        }
        if self.probability.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
            return wrong("`probability` lies outside 0 to 1", "write 0.1 for one request in ten");
        }
        if self.on.0.is_empty() {
            return wrong("`on` is empty", "write \"any\" for every request");
        }
        Ok(())
    }

    pub(super) fn concerns(&self, vendor: Vendor, names: &[&str], body: &[u8]) -> bool {
        self.vendor.is_none_or(|v| v == vendor)
            && (self.on.0 == "any" || names.iter().any(|n| *n == self.on.0))
            && self.contains.as_ref().is_none_or(|text| holds(body, text.as_bytes()))
    }

    /// Whether it fires on its `seen`-th request, having fired `fired` times; `draw` is uniform below a million.
    pub(super) fn fires(&self, seen: u64, fired: u64, draw: u64) -> bool {
        self.nth.is_none_or(|n| seen == n)
            && self.every.is_none_or(|n| seen.is_multiple_of(n))
            && self.after.is_none_or(|n| seen > n)
            && self.count.is_none_or(|n| fired < n)
            && self.probability.is_none_or(|p| below(draw, p))
    }
}

#[expect(clippy::float_arithmetic, reason = "a probability, far from money")]
fn below(draw: u64, probability: f64) -> bool {
    (draw as f64) < probability * 1_000_000.0
}

fn holds(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|w| w == text)
}
