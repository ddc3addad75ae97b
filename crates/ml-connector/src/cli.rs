//! The command line: what a person or a script says, and what is printed. It decides nothing about money; it calls
//! `work` and shows what came of it.

mod api;
mod audit;
mod backup;
mod books;
mod config;
mod cost;
mod decide;
mod demo;
mod doctor;
mod effect;
mod health;
mod keys;
mod migrate;
mod output;
mod ping;
mod preview;
mod reconcile;
mod report;
mod run;
mod sandbox;
mod schedule;
mod secret;
mod serve;
mod stage;
mod stop;
mod watch;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use jiff::tz::TimeZone;

use crate::clock::Clock;
use crate::flow::Flow;
use crate::log::Collector;
use crate::settings::Settings;
use crate::systems::connect::Endpoints;
use crate::work::start::Opened;

pub use output::Failure;

/// Exit code of a run that ended with reports held or outcomes unknown: nothing is broken, a person is needed.
pub const EXIT_ATTENTION: u8 = 3;

/// Moves approved Expensify reports into Sage Intacct as GL journal entries, exactly once.
#[derive(Debug, Parser)]
#[command(version, about, long_about = None, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  ml-connector demo                       Try everything against a built-in sandbox of both vendors
  ml-connector ping expenses.toml         Check credentials, permissions, journals and clock
  ml-connector preview expenses.toml      Show the exact journal lines, with the reason for each
  ml-connector run expenses.toml          Read, map, validate and post, once
  ml-connector report R00bCluvcO4T        Show all that is on record of one report
  ml-connector audit list                 Show what happened

Exit codes: 0 done, 1 failed, 2 wrong usage or flow file, 3 done, but a person is needed (held or unknown).";

/// Options of every command.
#[derive(Debug, Args)]
pub struct Common {
    /// Operator's settings file over the defaults (see config.default.toml)
    #[arg(long, global = true, value_name = "FILE", env = "ML_CONNECTOR_CONFIG")]
    config: Option<PathBuf>,
    /// One setting, such as posting.batch_entries=20; may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Where everything is remembered, such as sqlite:ml-connector.db
    #[arg(long, global = true, value_name = "URL", env = "ML_CONNECTOR_DATABASE")]
    database: Option<String>,
    /// Print JSON for machines
    #[arg(long, global = true)]
    json: bool,
    /// Test endpoint instead of Expensify's own; shown as a warning
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "ML_CONNECTOR_EXPENSIFY_URL",
        help_heading = "Test endpoints"
    )]
    expensify_url: Option<String>,
    /// Test endpoint instead of Intacct's own; shown as a warning
    #[arg(long, global = true, value_name = "URL", env = "ML_CONNECTOR_INTACCT_URL", help_heading = "Test endpoints")]
    intacct_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the whole job against a sandbox of both vendors, with a fresh database
    Demo(demo::Demo),
    /// Run the sandbox of both vendors until it is ended
    Sandbox(sandbox::Sandbox),
    /// Run one flow once: read, map, validate, post, remember
    Run(run::Run),
    /// Serve the API, and work on flows that are due
    Serve(serve::Serve),
    /// Call any operation of a running service
    Api(api::Api),
    /// Work on flows that are due, on this host; others may do so beside it
    Worker(worker::Worker),
    /// Show the exact journal lines that a run would post, with the reason for each; reads only
    Preview(preview::Preview),
    /// Show when a flow's schedules fire next, and when nothing is posted; reads the flow file only
    Schedule(schedule::ShowSchedule),
    /// Check everything a flow needs, with separate verdicts and remedies; reads only
    Ping(ping::Ping),
    /// Tie out a flow: Expensify = planned = acknowledged = Intacct now; every difference with its remedy
    Reconcile(reconcile::Reconcile),
    /// See what waits for a person before it is posted, and decide it
    Decide(decide::Decide),
    /// Show everything on record of one report
    Report(report::Report),
    /// Look at, verify or export the audit
    Audit(audit::Audit),
    /// Keep credentials sealed in the database
    Secret(secret::Secret),
    /// Flows and mappings as files: export, plan and apply
    Config(config::Config),
    /// Examine the installation: database, keys, files, audit, flows, limits; reads only
    Doctor(doctor::Doctor),
    /// Ask a running service on this machine whether it is ready
    Health(health::Health),
    /// Copy the database while the service runs, and check the copy
    Backup(backup::Backup),
    /// Put a copy in the place of the database
    Restore(backup::Restore),
    /// Make a master key, or put another one in its place
    Keys(keys::Keys),
    /// Show or apply the steps that bring a database to this program's schema
    Migrate(migrate::Migrate),
}

impl Common {
    /// The settings, with what the command line says on top.
    fn settings(&self) -> Result<Settings, Failure> {
        let mut settings = Settings::load(self.config.as_deref(), &self.overrides)?;
        if let Some(url) = &self.database {
            settings.database.url.clone_from(url);
        }
        Ok(settings)
    }

    /// Opens a flow for work.
    async fn open(&self, flow: Flow) -> Result<Opened, Failure> {
        self.warn();
        Ok(Opened::open(flow, self.settings()?, &self.endpoints()).await?)
    }

    /// Says so where a vendor is replaced.
    fn warn(&self) {
        if self.endpoints().is_test() {
            eprintln!("warning: test endpoints are in use; the vendors' own systems are not reached");
        }
    }

    fn endpoints(&self) -> Endpoints {
        Endpoints { expensify: self.expensify_url.clone(), intacct: self.intacct_url.clone() }
    }
}

impl Cli {
    /// Sets up the log as the settings have it, and the sender of traces where they name a collector; it must live as
    /// long as the work. Settings that cannot be read are told by the command itself.
    pub fn start_log(&self) -> Option<Collector> {
        let settings = self.common.settings().or_else(|_| Settings::load(None, &[]));
        settings.ok().and_then(|settings| crate::log::start(&settings, Clock::system(TimeZone::UTC)))
    }

    /// Does what was said.
    pub async fn execute(self) -> ExitCode {
        let common = &self.common;
        let result = match self.command {
            Command::Demo(command) => command.execute(common).await,
            Command::Sandbox(command) => command.execute().await,
            Command::Run(command) => command.execute(common).await,
            Command::Serve(command) => command.execute(common).await,
            Command::Api(command) => command.execute(common).await,
            Command::Worker(command) => command.execute(common).await,
            Command::Preview(command) => command.execute(common).await,
            Command::Schedule(command) => command.execute(common),
            Command::Ping(command) => command.execute(common).await,
            Command::Reconcile(command) => command.execute(common).await,
            Command::Decide(command) => command.execute(common).await,
            Command::Report(command) => command.execute(common).await,
            Command::Audit(command) => command.execute(common).await,
            Command::Secret(command) => command.execute(common).await,
            Command::Config(command) => command.execute(common).await,
            Command::Doctor(command) => command.execute(common).await,
            Command::Health(command) => command.execute(common),
            Command::Backup(command) => command.execute(common).await,
            Command::Restore(command) => command.execute(common).await,
            Command::Keys(command) => command.execute(common).await,
            Command::Migrate(command) => command.execute(common).await,
        };
        match result {
            Ok(code) => code,
            Err(failure) => failure.show(common.json),
        }
    }
}
