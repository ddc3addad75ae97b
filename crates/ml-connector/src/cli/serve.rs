//! `serve`: the API and, unless told otherwise, a worker beside it in the same process.

use std::process::ExitCode;

use clap::Args;
use jiff::tz::TimeZone;
use secrecy::ExposeSecret;
use tokio::sync::watch;

use super::Common;
use super::output::{Failure, print_text};
use super::stage::demonstrations;
use super::stop::stop;
use crate::clock::Clock;
use crate::settings::Settings;
use crate::store::{Access, Store};
use crate::systems::connect::Endpoints;
use crate::web;
use crate::work::master_key::make_master_key;
use crate::work::start::open_store;
use crate::work::worker::Worker;
use crate::work::{ACTOR, upkeep};

/// Options of `serve`.
#[derive(Debug, Args)]
#[command(
    after_help = "Without any configuration it listens on 127.0.0.1:8600 and keeps everything in ml-connector.db.\n\
    It prints a link for the first administrator as long as there is none.\n\n\
    Examples:\n  ml-connector serve\n  ml-connector serve --set web.listen=127.0.0.1:9000\n  \
    ml-connector serve --no-worker --database postgres://ml_connector@db.example.com/ml_connector"
)]
pub struct Serve {
    /// Leave the work to `worker` processes that share the PostgreSQL database
    #[arg(long)]
    no_worker: bool,
}

/// What serves.
pub struct Service {
    store: Store,
    settings: Settings,
    endpoints: Endpoints,
    clock: Clock,
    works: bool,
}

impl Serve {
    /// Serves until told to stop.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let settings = common.settings()?;
        common.warn();
        let key = make_master_key(&settings)?;
        let clock = Clock::system(TimeZone::UTC);
        let store = open_store(&settings, Access::Write, &clock).await?;
        let endpoints = common.endpoints();
        let service = Service { store, settings, endpoints, clock, works: !self.no_worker };
        let listener = web::bind(&service.settings.web).await?;
        if let Some(path) = key {
            print_text(&format!(
                "A master key was made: {}. It opens the sealed credentials; keep a copy of it apart from the \
                 database and its backups.\n",
                path.display()
            ));
        }
        print_text(&service.invitation(&listener).await?);
        tracing::info!(works = !self.no_worker, version = env!("CARGO_PKG_VERSION"), "serving");
        let ended = service.serve(listener, stop()).await?;
        Ok(if ended { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Service {
    /// What to serve with.
    pub const fn new(store: Store, settings: Settings, endpoints: Endpoints, clock: Clock) -> Self {
        Self { store, settings, endpoints, clock, works: true }
    }

    /// Where it listens, and the link of the first administrator as long as there is none.
    pub async fn invitation(&self, listener: &tokio::net::TcpListener) -> Result<String, Failure> {
        let listen = listener.local_addr()?;
        let url = match self.settings.web.public_url.trim_end_matches('/') {
            "" => format!("http://{listen}"),
            url => url.to_owned(),
        };
        let mut text = format!("Serving on {url}; the API is described at {url}/api\n");
        if let Some(link) = self.store.first_admin_link(ACTOR, self.clock.now_ms()).await? {
            text.push_str(&format!(
                "Nobody can administer it yet. Become the first administrator within 24 hours: open\n  \
                 {url}/administrator#{secret}\nor run\n  \
                 ml-connector api create_first_administrator --server {url} link={secret} email=YOU@EXAMPLE.COM \
                 name='YOUR NAME'\n",
                secret = link.expose_secret()
            ));
        }
        Ok(text)
    }

    /// Serves and works until `stopped`, then ends what is under way. Whether all of it ended in time.
    pub async fn serve(
        self,
        listener: tokio::net::TcpListener,
        stopped: impl Future<Output = ()> + Send,
    ) -> Result<bool, Failure> {
        let Self { store, mut settings, endpoints, clock, works } = self;
        // Where it really listens: links are made with it.
        settings.web.listen = listener.local_addr()?.to_string();
        let state = web::State::new(store.clone(), settings.clone(), clock.clone())?;
        if endpoints.is_test() {
            state.mark_sandbox();
        }
        let (stopping, _) = watch::channel(false);
        let told = || {
            let mut stopping = stopping.subscribe();
            async move { drop(stopping.wait_for(|stopping| *stopping).await) }
        };
        let worker =
            works.then(|| Worker::new(store.clone(), settings.clone(), &endpoints, clock.clone())).transpose()?;
        let state = match &worker {
            Some(worker) => {
                let demonstrations = demonstrations(&store, clock.now_ms())?;
                worker.demonstrate(&demonstrations);
                state.demonstrate(&demonstrations);
                state.with_figures(worker.figures())
            }
            None => state,
        };
        let figures = state.figures.clone();
        let upkeep = upkeep::keep(&store, &settings, &clock, &figures, told());
        let (serving, worker_told) = (web::serve(listener, state, told()), told());
        let working = async {
            match worker {
                Some(worker) => worker.work(worker_told).await,
                None => true,
            }
        };
        let telling = async {
            stopped.await;
            let _ = stopping.send(true);
        };
        let (served, ended, (), ()) = tokio::join!(serving, working, telling, upkeep);
        tracing::info!(drained = ended, "stopped");
        store.close().await;
        served?;
        Ok(ended)
    }
}
