//! `worker`: works on flows that are due, without the API, on any number of hosts that share one PostgreSQL.

use std::net::SocketAddr;
use std::process::ExitCode;

use accounting::{Code, Problem};
use clap::Args;
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Common;
use super::output::Failure;
use super::stop::stop;
use crate::clock::Clock;
use crate::store::Access;
use crate::web;
use crate::work::start::open_store;
use crate::work::upkeep;

/// Options of `worker`.
#[derive(Debug, Args)]
#[command(
    after_help = "Any number of workers on any number of hosts may share one PostgreSQL database. Beside `serve` on\n\
    SQLite there can be none: `serve` works itself.\n\nExample:\n  \
    ml-connector worker --database postgres://ml_connector@db.example.com/ml_connector"
)]
pub struct Worker {
    /// Where /healthz, /readyz and /metrics answer, such as 127.0.0.1:8601; nowhere when absent
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Worker {
    /// Works until told to stop.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let settings = common.settings()?;
        common.warn();
        let clock = Clock::system(TimeZone::UTC);
        let store = open_store(&settings, Access::Write, &clock).await?;
        store.require_master_key().await?;
        let endpoints = common.endpoints();
        let worker = crate::work::worker::Worker::new(store.clone(), settings.clone(), &endpoints, clock.clone())?;
        let state = web::State::new(store.clone(), settings.clone(), clock.clone())?.with_figures(worker.figures());
        let listener = match self.listen {
            Some(listen) => Some(TcpListener::bind(listen).await.map_err(|error| {
                let problem = Problem::of_report(Code::WebAddress, listen.to_string(), error.to_string());
                Failure::Problem(Box::new(problem))
            })?),
            None => None,
        };
        tracing::info!(worker = worker.owner(), version = env!("CARGO_PKG_VERSION"), "working");
        let (stopping, _) = watch::channel(false);
        let told = || {
            let mut stopping = stopping.subscribe();
            async move { drop(stopping.wait_for(|stopping| *stopping).await) }
        };
        let figures = worker.figures().clone();
        let (upkeep, worker_told, web_told) =
            (upkeep::keep(&store, &settings, &clock, &figures, told()), told(), told());
        let serving = async {
            match listener {
                Some(listener) => web::serve_operator(listener, state, web_told).await,
                None => Ok(()),
            }
        };
        let telling = async {
            stop().await;
            let _ = stopping.send(true);
        };
        let (ended, served, (), ()) = tokio::join!(worker.work(worker_told), serving, telling, upkeep);
        tracing::info!(drained = ended, "stopped");
        drop(worker);
        store.close().await;
        served?;
        Ok(if ended { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
