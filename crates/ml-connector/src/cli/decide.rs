//! `decide`: what waits for a person before it is posted, and a person's word on it, straight in the database. Nothing
//! is sent: the next run or worker does what was decided.

use std::path::PathBuf;
use std::process::ExitCode;

use accounting::identity::Reference;
use clap::{Args, Subcommand};
use data_encoding::HEXLOWER;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Common;
use super::output::{Failure, clean, money, print_json, print_text, table};
use crate::clock::Clock;
use crate::flow::Flow;
use crate::store::{Access, Answer, CustomerStore, FlowId};
use crate::work::start::open_store;

/// Characters of a payload's hash that name it.
const SHOWN_HASH: usize = 16;

/// Options of `decide`.
#[derive(Debug, Args)]
#[command(after_help = "An ENTRY is written as the list shows it: the reference, a colon and the beginning of the \
    payload's hash.\nA decision counts for exactly these bytes.\n\nExamples:\n  \
    ml-connector decide expenses.toml list\n  \
    ml-connector decide expenses.toml approve MLCABCDEFGHIJKLMRAAA:0123456789abcdef --as ada\n  \
    ml-connector decide expenses.toml hand-over --as ada --note \"compared with the bank\"")]
pub struct Decide {
    /// The flow file
    #[arg(value_name = "FLOW.toml")]
    flow: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What waits, and at which gate
    List,
    /// Let an entry go
    Approve(OfEntry),
    /// Keep an entry back; needs a note
    Reject(OfEntry),
    /// Take a rejection back
    Lift(OfEntry),
    /// Confirm the hand-over check: what it has found in the ledger was looked at
    HandOver(Who),
    /// Say that a report is the entry that looks like it: it is left alone
    Same(OfReport),
    /// Say that a report is none of the entries that look like it: it is posted
    Another(OfReport),
}

#[derive(Debug, Args)]
struct Who {
    /// Who decides; stands in the audit
    #[arg(long = "as", value_name = "NAME")]
    actor: String,
    /// Why
    #[arg(long, default_value = "")]
    note: String,
}

#[derive(Debug, Args)]
struct OfEntry {
    /// As the list shows it
    #[arg(value_name = "ENTRY")]
    entry: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, Args)]
struct OfReport {
    /// The report's id
    #[arg(value_name = "REPORT")]
    report: String,
    #[command(flatten)]
    who: Who,
}

impl Decide {
    /// Shows or decides.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let flow = Flow::load(&self.flow)?;
        let clock = Clock::system(TimeZone::UTC);
        let access = if matches!(self.command, Command::List) { Access::Read } else { Access::Write };
        let store = open_store(&common.settings()?, access, &clock).await?;
        let unknown = || Failure::Plain(format!("the database has no flow called '{}'; run it once", flow.name));
        let customer = store.customer_named(&flow.customer).await?.ok_or_else(unknown)?;
        let stored = customer.flows().await?.into_iter().find(|stored| stored.name == flow.name);
        let flow_id = stored.ok_or_else(unknown)?.id;
        let done = decide(&customer, &flow_id, self.command, clock.now_ms(), common.json).await;
        drop(customer);
        store.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }
}

async fn decide(
    customer: &CustomerStore,
    flow: &FlowId,
    command: Command,
    at_ms: i64,
    as_json: bool,
) -> Result<(), Failure> {
    match command {
        Command::List => return list(customer, flow, as_json).await,
        Command::Approve(OfEntry { entry, who }) => {
            let (reference, sha256) = waiting_entry(customer, flow, &entry).await?;
            customer.approve(&reference, &sha256, &who.actor, &who.note, at_ms).await?;
        }
        Command::Reject(OfEntry { entry, who }) => {
            let (reference, sha256) = waiting_entry(customer, flow, &entry).await?;
            customer.reject(&reference, &sha256, &who.actor, &who.note, at_ms).await?;
        }
        Command::Lift(OfEntry { entry, who }) => {
            let (reference, sha256) = waiting_entry(customer, flow, &entry).await?;
            customer.lift_rejection(&reference, &sha256, &who.actor, &who.note, at_ms).await?;
        }
        Command::HandOver(who) => {
            let checks = customer.hand_overs(flow).await?;
            let open = checks.iter().find(|check| !check.passed);
            let open = open.ok_or_else(|| Failure::Plain("no hand-over check waits to be confirmed".to_owned()))?;
            customer.confirm_hand_over(flow, open.checked_ms, &who.actor, &who.note, at_ms).await?;
        }
        Command::Same(OfReport { report, who }) => {
            customer.answer_look_alikes(flow, &report, Answer::Same, &who.actor, &who.note, at_ms).await?;
        }
        Command::Another(OfReport { report, who }) => {
            customer.answer_look_alikes(flow, &report, Answer::Another, &who.actor, &who.note, at_ms).await?;
        }
    }
    if as_json {
        print_json(&json!({ "decided": true }));
    } else {
        print_text("kept; the next run does it\n");
    }
    Ok(())
}

/// Every entry that waits, with its report.
async fn waiting(customer: &CustomerStore, flow: &FlowId) -> Result<Vec<Waiting>, Failure> {
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = customer.list_waiting(Some(flow), None, after.as_deref().map(|id| (flow, id)), 200).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(last.report_id.clone());
        for report in page {
            let entries = customer.postings_of(flow, &report.report_id).await?;
            let open = entries.into_iter().filter(|posting| {
                let state = posting.machine.state.name();
                matches!(state, "frozen" | "absent" | "rejected")
            });
            let look_alikes = customer.look_alikes_of(flow, &report.report_id).await?;
            let like = look_alikes.iter().filter(|like| like.answer.is_none()).map(|like| like.record_no.clone());
            let like: Vec<String> = like.collect();
            for posting in open {
                found.push(Waiting {
                    report_id: report.report_id.clone(),
                    employee: report.employee.clone(),
                    gate: report.gate.to_string(),
                    title: report.gate.title(),
                    detail: report.detail.clone(),
                    total_minor: posting.total.minor,
                    currency: posting.total.currency.code().to_owned(),
                    reference: posting.reference,
                    sha256: posting.payload_sha256,
                    like: like.clone(),
                });
            }
        }
    }
}

struct Waiting {
    report_id: String,
    employee: String,
    gate: String,
    title: &'static str,
    detail: String,
    total_minor: i64,
    currency: String,
    reference: Reference,
    sha256: [u8; 32],
    like: Vec<String>,
}

impl Waiting {
    fn name(&self) -> String {
        let hash = HEXLOWER.encode(&self.sha256);
        format!("{}:{}", self.reference, hash.get(..SHOWN_HASH).unwrap_or_default())
    }

    fn to_json(&self) -> Value {
        json!({
            "entry": self.name(),
            "sha256": HEXLOWER.encode(&self.sha256),
            "report_id": self.report_id,
            "employee": self.employee,
            "gate": self.gate,
            "detail": self.detail,
            "total_minor": self.total_minor,
            "currency": self.currency,
            "looks_like": self.like,
        })
    }
}

async fn list(customer: &CustomerStore, flow: &FlowId, as_json: bool) -> Result<(), Failure> {
    let waiting = waiting(customer, flow).await?;
    let check = customer.hand_overs(flow).await?.into_iter().find(|check| !check.passed);
    if as_json {
        let entries: Vec<Value> = waiting.iter().map(Waiting::to_json).collect();
        print_json(&json!({ "waiting": entries, "hand_over": check.map(|check| check.result) }));
        return Ok(());
    }
    let rows = waiting.iter().map(|one| {
        vec![
            one.name(),
            one.report_id.clone(),
            clean(&one.employee),
            format!("{} {}", money(one.total_minor, &one.currency), one.currency),
            format!("{} {}: {}", one.gate, one.title, clean(&one.detail)),
        ]
    });
    print_text(&table(&["entry", "report", "employee", "total", "waits at"], &[3], rows));
    if let Some(check) = check {
        print_text(&format!("The hand-over check waits to be confirmed. It found: {}\n", check.result));
    }
    Ok(())
}

/// The entry that is named as the list shows it, if it still waits with these bytes.
async fn waiting_entry(customer: &CustomerStore, flow: &FlowId, name: &str) -> Result<(Reference, [u8; 32]), Failure> {
    let (reference, hash) = name.split_once(':').unwrap_or((name, ""));
    let named = |one: &&Waiting| {
        let same = one.reference.as_str().eq_ignore_ascii_case(reference);
        same && hash.len() >= 8 && HEXLOWER.encode(&one.sha256).starts_with(&hash.to_ascii_lowercase())
    };
    let waiting = waiting(customer, flow).await?;
    let found = waiting.iter().find(named).map(|one| (one.reference.clone(), one.sha256));
    found.ok_or_else(|| {
        Failure::Plain(format!("no entry {} waits with these bytes; see the list for what waits now", clean(name)))
    })
}
