//! Asks both systems whether a flow would work, one verdict for each thing that could be wrong. Reads only.

use accounting::{Chart, Code};
use intacct::{Client, Error, Query, Refusal, UnreachableKind};

use serde_json::{Value, json};

use super::start::Peek;
use crate::flow::Flow;
use crate::systems::Destination;
use crate::systems::intacct as adapter;

/// A verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Good,
    /// It works, and somebody should look.
    Look,
    /// It does not work.
    Bad,
    /// It could not be checked, because something before it does not work.
    Unchecked,
}

impl Verdict {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Look => "look",
            Self::Bad => "fails",
            Self::Unchecked => "unchecked",
        }
    }
}

/// Checks for a machine.
pub fn checks_json(checks: &[Check]) -> Value {
    let check = |check: &Check| {
        json!({
            "system": check.system,
            "check": check.name,
            "verdict": check.verdict.word(),
            "detail": check.detail,
            "code": check.code.map(|code| code.to_string()),
            "remedy": check.code.map(Code::remedy),
        })
    };
    json!({ "checks": checks.iter().map(check).collect::<Vec<_>>() })
}

/// One thing that was checked.
#[derive(Debug, Clone)]
pub struct Check {
    /// Which system.
    pub system: &'static str,
    /// What.
    pub name: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What was seen.
    pub detail: String,
    /// The problem, where there is one; its remedy goes with it.
    pub code: Option<Code>,
}

/// Objects that a flow reads, with what stops working without them.
const OBJECTS: [(&str, &str); 13] = [
    ("GLACCOUNT", "accounts cannot be validated"),
    ("JOURNAL", "journals cannot be validated"),
    ("GLBATCH", "entries cannot be read back: nothing may be posted"),
    ("GLENTRY", "lines cannot be compared: nothing may be posted"),
    ("DEPARTMENT", "departments are not available"),
    ("LOCATION", "locations are not available"),
    ("CLASS", "classes are not available"),
    ("PROJECT", "projects are not available"),
    ("CUSTOMER", "customers are not available"),
    ("VENDOR", "vendors are not available"),
    ("EMPLOYEE", "employees are not available"),
    ("ITEM", "items are not available"),
    ("TASK", "tasks are not available"),
];
/// Without these nothing may be posted.
const NEEDED: usize = 4;

/// Every check of a flow, in the order in which they depend on each other.
pub async fn ping(peek: &Peek) -> Vec<Check> {
    let mut checks = expensify(peek).await;
    checks.extend(intacct(peek).await);
    checks
}

struct Checks {
    system: &'static str,
    list: Vec<Check>,
}

impl Checks {
    const fn of(system: &'static str) -> Self {
        Self { system, list: Vec::new() }
    }

    fn add(&mut self, name: impl Into<String>, verdict: Verdict, detail: impl Into<String>, code: Option<Code>) {
        self.list.push(Check { system: self.system, name: name.into(), verdict, detail: detail.into(), code });
    }

    fn good(&mut self, name: impl Into<String>, detail: impl Into<String>) {
        self.add(name, Verdict::Good, detail, None);
    }

    fn bad(&mut self, name: impl Into<String>, detail: impl Into<String>, code: Code) {
        self.add(name, Verdict::Bad, detail, Some(code));
    }

    fn unchecked(&mut self, names: &[&str]) {
        for name in names {
            self.add(*name, Verdict::Unchecked, "something before it does not work", None);
        }
    }
}

async fn expensify(peek: &Peek) -> Vec<Check> {
    let mut checks = Checks::of("Expensify");
    let policies = match peek.source.client().policies().await {
        Ok(policies) => policies,
        Err(error) => {
            let fault = crate::systems::expensify::fault(error);
            if fault.code == Code::SourceUnreachable {
                checks.bad("name resolution and TLS", &fault.detail, fault.code);
                checks.unchecked(&["credentials", "workspaces"]);
            } else {
                checks.good("name resolution and TLS", "answers");
                checks.bad("credentials", &fault.detail, fault.code);
                checks.unchecked(&["workspaces"]);
            }
            return checks.list;
        }
    };
    checks.good("name resolution and TLS", "answers");
    checks.good("credentials", "accepted");
    let names: Vec<String> = policies.iter().map(|policy| format!("{} ({})", policy.name, policy.id)).collect();
    let wanted = peek.flow.mapping.selection.policies.iter().flatten();
    let missing: Vec<&str> =
        wanted.filter(|id| !policies.iter().any(|policy| policy.id == **id)).map(String::as_str).collect();
    if !missing.is_empty() {
        checks.bad("workspaces", format!("not visible: {}", missing.join(", ")), Code::PolicyUnknown);
    } else if policies.is_empty() {
        checks.bad("workspaces", "none is visible", Code::SourcePermission);
    } else {
        checks.good("workspaces", names.join(", "));
    }
    checks.list
}

async fn intacct(peek: &Peek) -> Vec<Check> {
    const AFTER_REACH: [&str; 3] = ["sender id", "company login", "session"];
    let mut checks = Checks::of("Intacct");
    let client = peek.destination.client();
    let session = match client.session().await {
        Ok(session) => session,
        Err(error) => {
            refused(&mut checks, error);
            checks.unchecked(&["permissions", "journals", "period", "clock"]);
            return checks.list;
        }
    };
    checks.good("name resolution and TLS", "answers");
    for name in AFTER_REACH {
        let detail = if name == "session" { format!("at {}", session.endpoint) } else { "accepted".to_owned() };
        checks.good(name, detail);
    }
    permissions(&mut checks, client).await;
    match peek.destination.read_chart().await {
        Ok(chart) => {
            journals(&mut checks, &peek.flow, &chart);
            period(&mut checks, peek, &chart);
        }
        Err(fault) => {
            checks.bad("accounts and dimensions", fault.detail.clone(), fault.code);
            checks.unchecked(&["journals", "period"]);
        }
    }
    clock(&mut checks, peek, session.timestamp);
    checks.list
}

/// How far a login got, by what refused it.
fn refused(checks: &mut Checks, error: Error) {
    let refusal = match &error {
        Error::Refused { refusal, .. } => Some(*refusal),
        _ => None,
    };
    let unreachable = match &error {
        Error::Unreachable { kind, .. } => Some(*kind),
        _ => None,
    };
    let fault = adapter::fault(error);
    let reach = "name resolution and TLS";
    match (unreachable, refusal) {
        (Some(kind), _) => {
            let step = match kind {
                UnreachableKind::Name => "the name cannot be resolved",
                UnreachableKind::Connect => "no connection",
                UnreachableKind::Tls => "TLS cannot be agreed",
                _ => "cannot be reached",
            };
            checks.bad(reach, format!("{step}: {}", fault.detail), fault.code);
            checks.unchecked(&["sender id", "company login", "session"]);
        }
        (None, Some(Refusal::Sender | Refusal::Edge)) => {
            checks.good(reach, "answers");
            checks.bad("sender id", &fault.detail, fault.code);
            checks.unchecked(&["company login", "session"]);
        }
        (None, Some(_)) => {
            checks.good(reach, "answers");
            checks.good("sender id", "accepted");
            checks.bad("company login", &fault.detail, fault.code);
            checks.unchecked(&["session"]);
        }
        (None, None) => {
            checks.good(reach, "answers");
            checks.unchecked(&["sender id", "company login"]);
            checks.bad("session", &fault.detail, fault.code);
        }
    }
}

async fn permissions(checks: &mut Checks, client: &Client) {
    for (index, (object, without)) in OBJECTS.into_iter().enumerate() {
        let name = format!("read {object}");
        let verdict = if index < NEEDED { Verdict::Bad } else { Verdict::Look };
        match client.query(&Query::new(object, ["RECORDNO"]).page_size(1)).await {
            Ok(_) => checks.good(name, "allowed"),
            Err(Error::UnknownObject { .. }) if index >= NEEDED => checks.good(name, "not in use in this company"),
            Err(error) => {
                let fault = adapter::fault(error);
                checks.add(name, verdict, format!("{}; {without}", fault.detail), Some(fault.code));
            }
        }
    }
    let detail = "cannot be checked without posting; the role needs GL > Journal entries: Add";
    checks.add("create GLBATCH", Verdict::Look, detail, None);
}

fn journals(checks: &mut Checks, flow: &Flow, chart: &Chart) {
    for symbol in flow.mapping.posting.journal.values() {
        match chart.journals.get(symbol) {
            Some(journal) if journal.active => checks.good(format!("journal {symbol}"), &journal.title),
            Some(_) => checks.bad(format!("journal {symbol}"), "is inactive", Code::JournalUnknown),
            None => checks.bad(format!("journal {symbol}"), "does not exist", Code::JournalUnknown),
        }
    }
}

fn period(checks: &mut Checks, peek: &Peek, chart: &Chart) {
    let today = peek.clock.today();
    match chart.closed_through {
        Some(closed) if closed >= today => {
            checks.bad("period", format!("books are closed through {closed}"), Code::PeriodClosed);
        }
        Some(closed) => checks.good("period", format!("today is open; books are closed through {closed}")),
        None => checks.add("period", Verdict::Look, "closed books cannot be read, or nothing is closed", None),
    }
}

fn clock(checks: &mut Checks, peek: &Peek, there: Option<jiff::Timestamp>) {
    let Some(there) = there else {
        checks.add("clock", Verdict::Look, "Intacct did not tell its time", None);
        return;
    };
    let skew_seconds = (peek.clock.now_ms() - there.as_millisecond()) / 1_000;
    if skew_seconds.abs() > 300 {
        checks.bad("clock", format!("{skew_seconds} seconds apart"), Code::ClockSkew);
    } else {
        checks.good("clock", format!("{skew_seconds} seconds apart"));
    }
}
