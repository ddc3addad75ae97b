//! `worker`: works on flows that are due, without the API, on any number of hosts that share one PostgreSQL.

use std::process::ExitCode;

use clap::Args;
use jiff::tz::TimeZone;

use super::Common;
use super::output::Failure;
use super::stop::stop;
use crate::clock::Clock;
use crate::store::Access;
use crate::work::start::open_store;

/// Options of `worker`.
#[derive(Debug, Args)]
#[command(
    after_help = "Any number of workers on any number of hosts may share one PostgreSQL database. Beside `serve` on\n\
    SQLite there can be none: `serve` works itself.\n\nExample:\n  \
    ml-connector worker --database postgres://ml_connector@db.example.com/ml_connector"
)]
pub struct Worker {}

impl Worker {
    /// Works until told to stop.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let settings = common.settings()?;
        common.warn();
        let clock = Clock::system(TimeZone::UTC);
        let store = open_store(&settings, Access::Write, &clock).await?;
        store.require_master_key().await?;
        let worker = crate::work::worker::Worker::new(store.clone(), settings, &common.endpoints(), clock)?;
        tracing::info!("working");
        let ended = worker.work(stop()).await;
        drop(worker);
        store.close().await;
        Ok(if ended { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
