//! `config`: a customer's flows and mappings as files under version control. Exporting and planning read; applying
//! writes new versions after a person agreed. No vendor is called; a secret is never more than a reference.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use accounting::Code;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Common;
use super::effect::plan_text;
use super::output::{Failure, print_json, print_text};
use crate::clock::Clock;
use crate::flow::Flow;
use crate::flow::table::{MappingTable, TableError};
use crate::store::{Access, CustomerStore, Store};
use crate::work::plan::{Author, Change, FlowPlan, apply, plan};
use crate::work::start::open_store;
use crate::work::what_if::MONTHS;
use crate::work::{ACTOR, WorkError};

/// Options of `config`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  ml-connector config export --customer default --out flows --csv\n  \
    ml-connector config plan flows\n  ml-connector config apply flows --reason \"new accounts for 2027\"")]
pub struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write one file a flow, exactly as it is stored
    Export {
        /// The customer whose flows they are
        #[arg(long, default_value = "default")]
        customer: String,
        /// One flow by its name instead of all
        #[arg(long, value_name = "NAME")]
        flow: Option<String>,
        /// The folder to write to
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Write the tables of each mapping as CSV as well; beside the flow's file they win over it
        #[arg(long)]
        csv: bool,
    },
    /// Show what the files of a folder would change: keys, and money from stored reports
    Plan {
        /// The folder
        folder: PathBuf,
        /// How many months of stored reports to look at
        #[arg(long, default_value_t = MONTHS)]
        months: u32,
    },
    /// Plan, ask, and keep the files as new versions
    Apply {
        /// The folder
        folder: PathBuf,
        /// How many months of stored reports to look at
        #[arg(long, default_value_t = MONTHS)]
        months: u32,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Why, for the audit
        #[arg(long, default_value = "")]
        reason: String,
    },
}

/// A customer's flows as a folder has them.
type Proposed = BTreeMap<String, Vec<Flow>>;

impl Config {
    /// Does what was asked.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let clock = Clock::system(TimeZone::UTC);
        match &self.command {
            Command::Export { customer, flow, out, csv } => {
                let store = open_store(&common.settings()?, Access::Read, &clock).await?;
                export(common, &store, customer, flow.as_deref(), out, *csv).await?;
            }
            Command::Plan { folder, months } => {
                let proposed = read_folder(folder)?;
                let store = open_store(&common.settings()?, Access::Read, &clock).await?;
                for (name, flows) in &proposed {
                    let customer = store.customer_named(name).await?;
                    show(common, &plans(customer.as_ref(), flows, *months, clock.now_ms()).await?);
                }
            }
            Command::Apply { folder, months, yes, reason } => {
                let proposed = read_folder(folder)?;
                let store = open_for_writing(common, &clock).await?;
                for (name, flows) in &proposed {
                    let now_ms = clock.now_ms();
                    let known = store.customer_named(name).await?;
                    let planned = plans(known.as_ref(), flows, *months, now_ms).await?;
                    show(common, &planned);
                    if planned.iter().all(|plan| plan.change == Change::Same) || !(*yes || agreed(common)?) {
                        continue;
                    }
                    let customer = store.create_customer(name, ACTOR, now_ms).await?;
                    let author = Author { actor: &format!("{ACTOR} config"), reason };
                    let versions = apply(&customer, &planned, author, clock.now_ms()).await?;
                    if !common.json {
                        print_text(&format!("{} version(s) kept for {name}\n", versions.len()));
                    }
                }
                store.close().await;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn open_for_writing(common: &Common, clock: &Clock) -> Result<Store, Failure> {
    let opened = open_store(&common.settings()?, Access::Write, clock).await;
    opened.map_err(|error| {
        let mut problem = error.problem();
        if problem.code == Code::DatabaseBusy {
            problem.detail.push_str("; if it is the service, stop it first, or change the flow through its API");
        }
        Failure::Problem(Box::new(problem))
    })
}

async fn export(
    common: &Common,
    store: &Store,
    customer: &str,
    only: Option<&str>,
    out: &Path,
    csv: bool,
) -> Result<(), Failure> {
    let missing = || Failure::Plain(format!("there is no customer '{customer}'"));
    let found = store.customer_named(customer).await?.ok_or_else(missing)?;
    let mut flows = found.flows().await?;
    flows.retain(|flow| only.is_none_or(|name| flow.name == name));
    if flows.is_empty() {
        return Err(Failure::Plain(format!("'{customer}' has no such flow")));
    }
    std::fs::create_dir_all(out)?;
    let mut taken = BTreeSet::new();
    let mut written = Vec::new();
    for stored in flows {
        let mut stem = file_stem(&stored.name);
        if !taken.insert(stem.clone()) {
            stem = format!("{stem}-{}", stored.id);
        }
        written.push(write(out, &format!("{stem}.toml"), &stored.document)?);
        if csv {
            let flow = Flow::parse(&stored.document, &stored.name, None)?;
            for table in MappingTable::of(&flow.mapping) {
                written.push(write(out, &format!("{stem}.{}.csv", table.name()), &table.to_csv(&flow.mapping))?);
            }
        }
    }
    if common.json {
        print_json(&json!({ "files": written }));
    } else {
        print_text(&written.iter().map(|file| format!("{file}\n")).collect::<String>());
    }
    Ok(())
}

fn write(folder: &Path, name: &str, text: &str) -> Result<String, Failure> {
    let path = folder.join(name);
    std::fs::write(&path, text)
        .map_err(|error| Failure::Plain(format!("{} cannot be written: {error}", path.display())))?;
    Ok(path.display().to_string())
}

/// A flow's name as the name of a file.
fn file_stem(name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let words: Vec<String> =
        plain.collect::<String>().split('-').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if words.is_empty() { "flow".to_owned() } else { words.join("-") }
}

/// Every flow of a folder, by its customer.
fn read_folder(folder: &Path) -> Result<Proposed, Failure> {
    let failed = |error: std::io::Error| Failure::Plain(format!("{} cannot be read: {error}", folder.display()));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut proposed = Proposed::new();
    let mut names = BTreeSet::new();
    for path in &paths {
        let flow = with_tables(path, Flow::load(path)?)?;
        if !names.insert((flow.customer.clone(), flow.name.clone())) {
            return Err(Failure::Plain(format!("two files of {} name the flow \"{}\"", folder.display(), flow.name)));
        }
        proposed.entry(flow.customer.clone()).or_default().push(flow);
    }
    if proposed.is_empty() {
        return Err(Failure::Plain(format!("{} holds no flow file (*.toml)", folder.display())));
    }
    Ok(proposed)
}

/// The flow with the tables that lie beside its file.
fn with_tables(path: &Path, flow: Flow) -> Result<Flow, Failure> {
    let mut document = flow.document.clone();
    for table in MappingTable::possible(&flow.mapping) {
        let beside = path.with_extension(format!("{}.csv", table.name()));
        let bytes = match std::fs::read(&beside) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Failure::Plain(format!("{} cannot be read: {error}", beside.display()))),
        };
        let unreadable = |error: TableError| {
            let detail = format!("{}: {error}", beside.display());
            Failure::from(WorkError::Refused { code: Code::TableUnreadable, detail })
        };
        let rows = table.rows(&bytes).map_err(unreadable)?;
        if table.is_in(&flow.mapping, &rows) {
            continue;
        }
        document = table.put(&document, &rows).map_err(unreadable)?;
    }
    let again = Flow::parse(&document, &path.display().to_string(), None)?;
    Ok(again)
}

async fn plans(
    customer: Option<&CustomerStore>,
    flows: &[Flow],
    months: u32,
    now_ms: i64,
) -> Result<Vec<FlowPlan>, Failure> {
    let mut planned = Vec::new();
    for flow in flows {
        planned.push(match customer {
            Some(customer) => plan(customer, flow, months, now_ms).await?,
            None => FlowPlan::new_flow(flow),
        });
    }
    Ok(planned)
}

fn show(common: &Common, plans: &[FlowPlan]) {
    if common.json {
        print_json(&json!({ "flows": plans.iter().map(plan_json).collect::<Vec<_>>() }));
    } else {
        plans.iter().for_each(|plan| print_text(&plan_text(plan)));
    }
}

fn plan_json(plan: &FlowPlan) -> Value {
    json!({
        "name": plan.name,
        "flow": plan.flow.as_ref().map(ToString::to_string),
        "change": plan.change.name(),
        "version": plan.version,
        "differences": plan.differences,
        "what_if": plan.what_if,
        "untold": plan.untold,
    })
}

/// Whether a person at the terminal says yes.
fn agreed(common: &Common) -> Result<bool, Failure> {
    if common.json || !std::io::stdin().is_terminal() {
        return Err(Failure::Plain("nobody can be asked here; nothing was kept: add --yes".to_owned()));
    }
    eprint!("Keep these versions? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
