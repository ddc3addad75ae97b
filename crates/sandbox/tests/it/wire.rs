//! HTTP by hand, so that a test sees every byte that comes back, and that none does.

use sandbox::Sandbox;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything a test waits for; reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Sends one request and reads until the connection ends.
pub async fn bytes(sandbox: &Sandbox, method: &str, path: &str, content_type: &str, body: &str) -> Vec<u8> {
    let mut stream = open(sandbox, method, path, content_type, body).await;
    let mut received = Vec::new();
    // A cut connection may show as an end or as a reset.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut received)).await.expect("the connection ends");
    received
}

/// Sends one request and leaves the connection open.
pub async fn open(sandbox: &Sandbox, method: &str, path: &str, content_type: &str, body: &str) -> TcpStream {
    let address = sandbox.origin.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: {content_type}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

pub fn answer(received: &[u8]) -> Answer {
    let text = String::from_utf8(received.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

pub const GATEWAY: &str = "/ia/xml/xmlgw.phtml";

/// Posts to the gateway.
pub async fn gateway(sandbox: &Sandbox, body: &str) -> Answer {
    answer(&bytes(sandbox, "POST", GATEWAY, "application/xml", body).await)
}

/// Calls one of the sandbox's own doors.
pub async fn control(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
    let answer = answer(&bytes(sandbox, method, path, "application/json", body).await);
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

/// An envelope that signs in with the login.
pub fn envelope(sandbox: &Sandbox, unique: bool, functions: &str) -> String {
    envelope_of(&sandbox.credentials, unique, functions)
}

/// The same with the credentials of any company.
pub fn envelope_of(credentials: &sandbox::Credentials, unique: bool, functions: &str) -> String {
    let c = &credentials.intacct;
    let login = format!(
        "<login><userid>{}</userid><companyid>{}</companyid><password>{}</password></login>",
        c.user_id, c.company_id, c.user_password
    );
    enclosed(credentials, unique, &login, functions)
}

pub fn with_authentication(sandbox: &Sandbox, unique: bool, authentication: &str, functions: &str) -> String {
    enclosed(&sandbox.credentials, unique, authentication, functions)
}

fn enclosed(credentials: &sandbox::Credentials, unique: bool, authentication: &str, functions: &str) -> String {
    let c = &credentials.intacct;
    format!(
        "<request><control><senderid>{}</senderid><password>{}</password><controlid>r</controlid><uniqueid>{unique}\
         </uniqueid><dtdversion>3.0</dtdversion><includewhitespace>false</includewhitespace></control><operation>\
         <authentication>{authentication}</authentication><content>{functions}</content></operation></request>",
        c.sender_id, c.sender_password
    )
}

/// A function that creates a good entry out of the announced samples.
pub fn create(sandbox: &Sandbox, id: &str) -> String {
    let s = &sandbox.samples;
    format!(
        "<function controlid=\"{id}\"><create><GLBATCH><JOURNAL>{}</JOURNAL><BATCH_DATE>{}</BATCH_DATE>\
         <BATCH_TITLE>Trip</BATCH_TITLE><REFERENCENO>{id}</REFERENCENO><ENTRIES>\
         <GLENTRY><ACCOUNTNO>{}</ACCOUNTNO><TR_TYPE>1</TR_TYPE><TRX_AMOUNT>10.00</TRX_AMOUNT>\
         <DEPARTMENT>{}</DEPARTMENT><LOCATION>{}</LOCATION></GLENTRY>\
         <GLENTRY><ACCOUNTNO>{}</ACCOUNTNO><TR_TYPE>-1</TR_TYPE><TRX_AMOUNT>10.00</TRX_AMOUNT></GLENTRY>\
         </ENTRIES></GLBATCH></create></function>",
        s.journal, s.open_date, s.debit_account, s.department, s.location, s.credit_account
    )
}

pub async fn start(faults: &str) -> Sandbox {
    let faults = sandbox::Faults::from_json(faults).unwrap();
    sandbox::start(sandbox::Options { faults, ..sandbox::Options::default() }).await.unwrap()
}

pub fn entries(sandbox: &Sandbox) -> u64 {
    sandbox.state()["intacct"]["journal_entries"].as_u64().unwrap()
}

/// Waits until so many entries came in through the gateway.
pub async fn until_entries(sandbox: &Sandbox, count: u64) {
    let reached = async {
        while entries(sandbox) < count {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, reached).await.expect("the entry comes in");
    assert_eq!(entries(sandbox), count);
}
