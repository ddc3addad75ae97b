//! A gateway with a session, and requests for it as text.

use crate::intacct::{Assumptions, Model, Options};

pub(super) const NOW_MS: u64 = 1_795_593_600_000; // 2026-11-25T08:00:00Z, a day after the options' today

/// A gateway and what it takes to call it.
pub(super) struct Gateway {
    pub model: Model,
    pub now_ms: u64,
    pub session: String,
    /// Written into `<control>` after the dtdversion.
    pub extra: &'static str,
    pub unique: bool,
    pub transaction: bool,
}

impl Gateway {
    pub fn new() -> Self {
        Self::with(Options::default(), Assumptions { support_ids: false, ..Assumptions::default() })
    }

    pub fn with(options: Options, assumptions: Assumptions) -> Self {
        let mut gateway = Gateway {
            model: Model::new(options, assumptions),
            now_ms: NOW_MS,
            session: String::new(),
            extra: "<includewhitespace>false</includewhitespace>",
            unique: false,
            transaction: false,
        };
        gateway.session = gateway.sign_in("<getAPISession/>");
        gateway
    }

    pub fn assume(&mut self, change: impl FnOnce(&mut Assumptions)) {
        let mut assumptions = self.model.assumptions().clone();
        change(&mut assumptions);
        self.model.set_assumptions(assumptions);
    }

    /// Signs in with the login and gives the session's id.
    pub fn sign_in(&mut self, function: &str) -> String {
        let login = self.login("");
        let reply = self.send(&self.request(&login, &[("s", function)]));
        inner(&reply, "sessionid").to_owned()
    }

    pub fn login(&self, location: &str) -> String {
        let c = self.model.credentials();
        format!(
            "<login><userid>{}</userid><companyid>{}</companyid><password>{}</password>{location}</login>",
            c.user_id, c.company_id, c.user_password
        )
    }

    pub fn control(&self) -> String {
        let c = self.model.credentials();
        format!(
            "<control><senderid>{}</senderid><password>{}</password><controlid>r1</controlid><uniqueid>{}</uniqueid>\
             <dtdversion>3.0</dtdversion>{}</control>",
            c.sender_id, c.sender_password, self.unique, self.extra
        )
    }

    pub fn request(&self, authentication: &str, functions: &[(&str, &str)]) -> String {
        let functions: String =
            functions.iter().map(|(id, body)| format!("<function controlid=\"{id}\">{body}</function>")).collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><request>{}<operation transaction=\"{}\"><authentication>\
             {authentication}</authentication><content>{functions}</content></operation></request>",
            self.control(),
            self.transaction
        )
    }

    pub fn send(&mut self, body: &str) -> String {
        let reply = self.model.handle(self.now_ms, body.as_bytes());
        assert_eq!(reply.status, 200);
        String::from_utf8(reply.body.to_vec()).unwrap()
    }

    pub fn calls(&mut self, functions: &[(&str, &str)]) -> String {
        let session = format!("<sessionid>{}</sessionid>", self.session);
        self.send(&self.request(&session, functions))
    }

    pub fn call(&mut self, function: &str) -> String {
        self.calls(&[("f1", function)])
    }

    /// The rows of a query: `body` is what stands inside `<query>`, rows are the values of their fields.
    pub fn rows(&mut self, body: &str) -> Vec<Vec<String>> {
        let reply = self.call(&format!("<query>{body}</query>"));
        assert!(reply.contains("<result><status>success</status>"), "{reply}");
        rows(&reply)
    }
}

/// The text of the first element of that name.
pub(super) fn inner<'a>(xml: &'a str, name: &str) -> &'a str {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let start = xml.find(&open).map_or_else(|| panic!("no <{name}> in {xml}"), |i| i + open.len());
    let end = xml[start..].find(&close).map_or_else(|| panic!("<{name}> is open in {xml}"), |i| i + start);
    &xml[start..end]
}

/// The texts of all elements of that name.
pub(super) fn all<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).map(|part| &part[..part.find(&close).unwrap()]).collect()
}

/// Values of each child of `<data …>`.
pub(super) fn rows(reply: &str) -> Vec<Vec<String>> {
    let start = reply.find("<data").unwrap();
    let data = &reply[start..reply[start..].find("</data>").unwrap() + start];
    let data = &data[data.find('>').unwrap() + 1..];
    let mut rows = Vec::new();
    let mut rest = data;
    while let Some(open) = rest.strip_prefix('<') {
        let name = &open[..open.find('>').unwrap()];
        let close = format!("</{name}>");
        let end = rest.find(&close).unwrap();
        let cells = rest[name.len() + 2..end].split("</").filter_map(|cell| Some(cell.rsplit_once('>')?.1.to_owned()));
        let mut cells: Vec<String> = cells.collect();
        if rest[name.len() + 2..end].ends_with('>') && cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        rows.push(cells);
        rest = &rest[end + close.len()..];
    }
    rows
}

pub(super) fn line(account: &str, tr_type: &str, amount: &str, more: &str) -> String {
    format!(
        "<GLENTRY><ACCOUNTNO>{account}</ACCOUNTNO><TR_TYPE>{tr_type}</TR_TYPE><TRX_AMOUNT>{amount}</TRX_AMOUNT>\
         {more}</GLENTRY>"
    )
}

pub(super) const DIMENSIONS: &str = "<DEPARTMENT>200</DEPARTMENT><LOCATION>NY</LOCATION>";

/// A create of one entry: header elements besides journal, date and title, and its lines.
pub(super) fn create(header: &str, lines: &str) -> String {
    format!(
        "<create><GLBATCH><JOURNAL>EXP</JOURNAL><BATCH_DATE>11/20/2026</BATCH_DATE><BATCH_TITLE>Trip</BATCH_TITLE>\
         {header}<ENTRIES>{lines}</ENTRIES></GLBATCH></create>"
    )
}

/// A good entry of two lines under a reference.
pub(super) fn entry(reference: &str) -> String {
    let lines = line("6420", "1", "12.30", DIMENSIONS) + &line("2010", "-1", "12.30", "");
    create(&format!("<REFERENCENO>{reference}</REFERENCENO>"), &lines)
}
