//! A gateway in the same process: answers logins by itself and everything else as a test says. It shares no parsing
//! with the client: it looks for texts in what it was sent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use intacct::{
    Client, Config, CreateFunction, EndpointRule, Exchange, Exchanging, Incoming, Login, Outgoing, RequestKind,
    SendError, Sender, SessionRule, Transport,
};

pub const SENDER_PASSWORD: &str = "sender<secret>&1";
pub const USER_PASSWORD: &str = "user'secret\"2";

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub url: String,
    pub body: String,
    pub kind: RequestKind,
    pub control_id: String,
    pub function_ids: Vec<String>,
}

impl Seen {
    pub fn new(request: &Outgoing) -> Self {
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        Self {
            url: request.url.clone(),
            kind: request.kind,
            control_id: between(&body, "<controlid>", "</controlid>").unwrap().to_owned(),
            function_ids: all_between(&body, "<function controlid=\"", "\""),
            body,
        }
    }

    pub fn is_login(&self) -> bool {
        self.body.contains("<getAPISession/>")
    }

    /// The name of the first function.
    pub fn function(&self) -> &str {
        let after = between(&self.body, "<function controlid=\"", "</content>").unwrap();
        let inner = after.split_once("\"><").unwrap().1;
        inner.split(['>', '/', ' ']).next().unwrap()
    }
}

type Answer = dyn Fn(&Seen) -> Result<Incoming, SendError> + Send + Sync;

pub struct Gateway {
    answer: Box<Answer>,
    login: Box<Answer>,
    /// How long every answer takes, on tokio's clock.
    pub latency: Duration,
    logins: AtomicUsize,
    seen: Mutex<Vec<Seen>>,
}

impl Gateway {
    pub fn new(answer: impl Fn(&Seen) -> Result<Incoming, SendError> + Send + Sync + 'static) -> Arc<Self> {
        Self::with_login(answer, |seen| Ok(xml(login_answer(seen, &Session::default()))))
    }

    pub fn with_login(
        answer: impl Fn(&Seen) -> Result<Incoming, SendError> + Send + Sync + 'static,
        login: impl Fn(&Seen) -> Result<Incoming, SendError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            answer: Box::new(answer),
            login: Box::new(login),
            latency: Duration::ZERO,
            logins: AtomicUsize::new(0),
            seen: Mutex::default(),
        })
    }

    pub fn slow(self: Arc<Self>, latency: Duration) -> Arc<Self> {
        let mut this = Arc::into_inner(self).unwrap();
        this.latency = latency;
        Arc::new(this)
    }

    pub fn logins(&self) -> usize {
        self.logins.load(Ordering::SeqCst)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn last(&self) -> Seen {
        self.seen.lock().unwrap().last().unwrap().clone()
    }
}

impl Exchange for Gateway {
    fn exchange(&self, request: Outgoing) -> Exchanging<'_> {
        Box::pin(async move {
            let seen = Seen::new(&request);
            self.seen.lock().unwrap().push(seen.clone());
            if !self.latency.is_zero() {
                tokio::time::sleep(self.latency).await;
            }
            if seen.is_login() {
                self.logins.fetch_add(1, Ordering::SeqCst);
                (self.login)(&seen)
            } else {
                (self.answer)(&seen)
            }
        })
    }
}

/// What a login answers.
pub struct Session {
    pub id: &'static str,
    pub endpoint: &'static str,
    pub timestamp: &'static str,
    pub timeout: &'static str,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            id: "session-secret-1",
            endpoint: "https://na12.intacct.com/ia/xml/xmlgw.phtml",
            timestamp: "2026-11-02T14:17:56+00:00",
            timeout: "2026-11-02T22:17:56+00:00",
        }
    }
}

pub fn login_answer(seen: &Seen, session: &Session) -> String {
    let location = between(&seen.body, "<locationid>", "</locationid>").unwrap_or("");
    let Session { id, endpoint, .. } = session;
    let data = format!(
        "<data><api><sessionid>{id}</sessionid><endpoint>{endpoint}</endpoint><locationid>{location}</locationid></api></data>"
    );
    let result = result(&seen.function_ids[0], "getAPISession", "success", &data);
    envelope(&seen.control_id, &authentication(session.timestamp, session.timeout), &result)
}

/// A whole answer with authentication and results.
pub fn envelope(control_id: &str, authentication: &str, results: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response><control><status>success</status><senderid>s</senderid>\
         <controlid>{control_id}</controlid><uniqueid>false</uniqueid><dtdversion>3.0</dtdversion></control>\
         <operation>{authentication}{results}</operation></response>"
    )
}

pub fn authentication(timestamp: &str, timeout: &str) -> String {
    format!(
        "<authentication><status>success</status><userid>u</userid><companyid>co</companyid><locationid></locationid>\
         <sessiontimestamp>{timestamp}</sessiontimestamp><sessiontimeout>{timeout}</sessiontimeout></authentication>"
    )
}

pub fn result(control_id: &str, function: &str, status: &str, inner: &str) -> String {
    format!(
        "<result><status>{status}</status><function>{function}</function><controlid>{control_id}</controlid>{inner}</result>"
    )
}

/// A success of the one function of a request.
pub fn success(seen: &Seen, inner: &str) -> String {
    let session = Session::default();
    let result = result(&seen.function_ids[0], seen.function(), "success", inner);
    envelope(&seen.control_id, &authentication(session.timestamp, session.timeout), &result)
}

pub fn function_failure(seen: &Seen, errors: &str) -> String {
    let session = Session::default();
    let inner = format!("<errormessage>{errors}</errormessage>");
    let result = result(&seen.function_ids[0], seen.function(), "failure", &inner);
    envelope(&seen.control_id, &authentication(session.timestamp, session.timeout), &result)
}

pub fn error(errorno: &str, description2: &str) -> String {
    format!(
        "<error><errorno>{errorno}</errorno><description></description><description2>{description2}</description2>\
         <correction></correction></error>"
    )
}

/// An authentication failure as the vendor words it: no times, the errors beside it.
pub fn authentication_failure(seen: &Seen, errors: &str) -> String {
    let block = "<authentication><status>failure</status><userid></userid><companyid></companyid></authentication>";
    envelope(&seen.control_id, block, &format!("<errormessage>{errors}</errormessage>"))
}

pub fn invalid_session(seen: &Seen) -> String {
    authentication_failure(seen, &error("XL03000006", "Invalid session token"))
}

/// A page of a `query`: rows are inner XML.
pub fn page(seen: &Seen, object: &str, rows: &[String], total: usize) -> String {
    let count = rows.len();
    let rows: String = rows.iter().map(|row| format!("<{object}>{row}</{object}>")).collect();
    let data = format!(
        "<data listtype=\"{object}\" totalcount=\"{total}\" offset=\"0\" count=\"{count}\" numremaining=\"0\">{rows}</data>"
    );
    success(seen, &data)
}

pub fn xml(body: String) -> Incoming {
    http(200, body)
}

pub fn http(status: u16, body: impl Into<Vec<u8>>) -> Incoming {
    Incoming { status, retry_after: None, body: body.into().into() }
}

pub fn sender() -> Sender {
    Sender { id: "sender".into(), password: SENDER_PASSWORD.into() }
}

pub fn login() -> Login {
    Login { company_id: "co & sons".into(), user_id: "poster".into(), password: USER_PASSWORD.into(), entity: None }
}

/// A client of a gateway in this process, under the vendor's rule for endpoints.
pub fn client(gateway: &Arc<Gateway>) -> Client {
    client_with(gateway, Config { session: SessionRule::default(), ..Config::default() })
}

pub fn client_with(gateway: &Arc<Gateway>, config: Config) -> Client {
    Client::with_transport(config, sender(), login(), Transport::in_process(gateway.clone())).unwrap()
}

/// Settings for a server on this machine.
pub fn local_config(url: &str, origins: &[&str]) -> Config {
    Config {
        gateway_url: url.to_owned(),
        endpoint_rule: EndpointRule::Operator { allowed: origins.iter().map(|&origin| origin.to_owned()).collect() },
        ..Config::default()
    }
}

pub fn function(control_id: &str) -> CreateFunction {
    let payload = format!("<create><GLBATCH><REFERENCENO>{control_id}</REFERENCENO></GLBATCH></create>");
    CreateFunction { control_id: control_id.to_owned(), payload: payload.into_bytes().into() }
}

pub fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let start = text.find(before)? + before.len();
    let length = text[start..].find(after)?;
    Some(&text[start..start + length])
}

pub fn all_between(text: &str, before: &str, after: &str) -> Vec<String> {
    text.split(before).skip(1).map(|rest| rest.split(after).next().unwrap().to_owned()).collect()
}
