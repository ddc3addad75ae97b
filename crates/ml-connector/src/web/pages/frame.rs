//! What stands around every page: who is signed in, which customer it is, where one can go, and in which zone times
//! are shown. It holds no figure of a page's own.

use axum::http::Uri;
use jiff::tz::TimeZone;

use super::super::caller::Caller;
use super::super::problem::Refusal;
use super::super::state::State;
use super::{assets, form, words};
use crate::store::{CustomerId, CustomerStore, Right};

/// The frame of a page.
#[derive(Clone)]
pub(in crate::web) struct Frame {
    /// The person's name.
    pub person: String,
    /// The customer's id; empty on pages of no customer.
    pub customer: String,
    /// Its name.
    pub customer_name: String,
    /// What the person may do for this customer.
    pub rights: Vec<Right>,
    /// Whether the person administers the installation.
    pub installs: bool,
    /// Whether the person sees more than one customer.
    pub many: bool,
    /// The vendors are the built-in sandbox.
    pub sandbox: bool,
    /// Where one can go.
    pub links: Vec<Link>,
    /// The token of the page's forms.
    pub token: String,
    /// The query of this page, without its question mark.
    pub query: String,
    /// What was just done, in a sentence; empty where nothing was.
    pub done: &'static str,
    /// The zone of the times on the page.
    pub zone: TimeZone,
}

/// A way to another page.
#[derive(Clone)]
pub(in crate::web) struct Link {
    /// Its address.
    pub to: String,
    /// Its words.
    pub words: &'static str,
    /// It leads to this page, or to one above it.
    pub here: bool,
    /// It begins a group of its own.
    pub begins: bool,
}

/// Pages of a customer: the end of the address, its words, and the right that it takes.
const PAGES: [(&str, &str, Right, bool); 13] = [
    ("", "Home", Right::View, false),
    ("/inbox", "To do", Right::View, false),
    ("/approvals", "Approvals", Right::View, false),
    ("/cases", "Changed after posting", Right::View, false),
    ("/reports", "Reports", Right::View, true),
    ("/flows", "Flows", Right::View, false),
    ("/mapping", "Mapping", Right::View, false),
    ("/reconciliation", "Reconciliation", Right::View, false),
    ("/audit", "Audit", Right::Audit, false),
    ("/connections", "Connections", Right::View, true),
    ("/notices", "Notifications", Right::View, false),
    ("/people", "People and roles", Right::View, false),
    ("/start", "First steps", Right::Map, false),
];

impl Frame {
    /// The frame of a customer's page.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn of_customer(
        state: &State,
        caller: &Caller,
        customer: &CustomerStore,
        uri: &Uri,
    ) -> Result<Self, Refusal> {
        let record = customer.record().await?;
        let base = format!("/c/{}", record.id);
        let rights = caller.rights(&record.id);
        let path = uri.path();
        let links = PAGES.iter().filter(|(_, _, right, _)| rights.contains(right)).map(|(end, words, _, begins)| {
            let to = format!("{base}{end}");
            // A flow's mapping belongs to the mappings.
            let of_mapping = path.ends_with("/mapping");
            let here = match *end {
                "/mapping" => of_mapping,
                "/flows" if of_mapping => false,
                end => path == to || (!end.is_empty() && path.starts_with(&format!("{to}/"))),
            };
            Link { to, words, here, begins: *begins }
        });
        let links = links.collect();
        let zone = zone(state, customer).await?;
        let frame = Self {
            customer: record.id.to_string(),
            customer_name: record.name,
            sandbox: record.demonstration.is_some() || state.is_sandbox(),
            rights,
            links,
            zone,
            ..of(state, caller, uri)
        };
        Ok(frame)
    }

    /// The frame of a page of no customer.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn of_nobody(state: &State, caller: &Caller, uri: &Uri) -> Result<Self, Refusal> {
        let mut frame = of(state, caller, uri);
        let mut pages = vec![("/wall", "Customers")];
        if frame.installs {
            pages.extend([("/people", "People"), ("/new", "New customer")]);
        }
        pages.push(("/tokens", "API tokens"));
        let path = uri.path();
        frame.links = pages
            .into_iter()
            .map(|(to, words)| Link { to: to.to_owned(), words, here: path == to, begins: false })
            .collect();
        Ok(frame)
    }

    /// The frame of a page for nobody in particular: signing in, and refusals.
    pub(in crate::web) fn bare(state: &State, token: String) -> Self {
        Self {
            person: String::new(),
            customer: String::new(),
            customer_name: String::new(),
            rights: Vec::new(),
            installs: false,
            many: false,
            sandbox: state.is_sandbox(),
            links: Vec::new(),
            token,
            query: String::new(),
            done: "",
            zone: TimeZone::UTC,
        }
    }

    /// Where the stylesheet is.
    pub(in crate::web) fn style(&self) -> &'static str {
        assets::style()
    }

    /// Where the script is.
    pub(in crate::web) fn script(&self) -> &'static str {
        assets::script()
    }

    /// The address of a page of this customer.
    pub(in crate::web) fn at(&self, end: &str) -> String {
        format!("/c/{}{end}", self.customer)
    }

    /// Whether the person may operate: run, pause, hold, release, decide.
    pub(in crate::web) fn operates(&self) -> bool {
        self.rights.contains(&Right::Operate)
    }

    /// Whether the person may change mappings and flows.
    pub(in crate::web) fn maps(&self) -> bool {
        self.rights.contains(&Right::Map)
    }

    /// Whether the person may approve.
    pub(in crate::web) fn approves(&self) -> bool {
        self.rights.contains(&Right::Approve)
    }

    /// Whether the person gives roles and keeps connections.
    pub(in crate::web) fn administers(&self) -> bool {
        self.rights.contains(&Right::Administer)
    }

    /// Whether the person reads the audit.
    pub(in crate::web) fn audits(&self) -> bool {
        self.rights.contains(&Right::Audit)
    }

    /// A time as people read it, in the page's zone.
    pub(in crate::web) fn time(&self, at_ms: &i64) -> words::Time {
        words::Time::of(*at_ms, &self.zone)
    }

    /// The name of the page's zone.
    pub(in crate::web) fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }
}

fn of(state: &State, caller: &Caller, uri: &Uri) -> Frame {
    let mut customers: Vec<&CustomerId> = caller.grants().iter().map(|grant| &grant.customer).collect();
    customers.dedup();
    let query = uri.query().unwrap_or_default();
    let done = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "done").map(|(_, value)| value);
    Frame {
        person: caller.user().name.clone(),
        installs: caller.may_install(),
        many: customers.len() > 1 || caller.may_install(),
        query: query.to_owned(),
        done: done.map_or("", |word| words::done(&word)),
        ..Frame::bare(state, form::token(caller))
    }
}

/// The zone of the customer's first flow; UTC while there is none.
async fn zone(state: &State, customer: &CustomerStore) -> Result<TimeZone, Refusal> {
    let first = customer.flows().await?.into_iter().next();
    let zone = first.and_then(|stored| state.flow(&stored)).map(|flow| flow.schedule.zone.clone());
    Ok(zone.unwrap_or(TimeZone::UTC))
}
