//! `sandbox`: both vendors simulated, until the process is ended.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sandbox::{Faults, Options};

use super::output::{Failure, print_json};

/// Options of `sandbox`.
#[derive(Debug, Args)]
#[command(after_help = "The first line of output is one JSON object with the URLs, the credentials and samples.\n\
    GET /_state answers the ledger and the request counters, POST /_faults sets faults.\n\n\
    Examples:\n  ml-connector sandbox --listen 127.0.0.1:8080\n  \
    ml-connector sandbox --reports 12500 --expenses-per-report 8")]
pub struct Sandbox {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The same seed gives the same company
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Companies at each vendor; GET /_credentials?company=K answers the credentials of each but the first
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    companies: u32,
    /// Expense reports in company 0
    #[arg(long, default_value_t = 300)]
    reports: usize,
    /// Expense reports in every other company, 0 for idle ones; as many as in company 0 when absent
    #[arg(long, value_name = "N")]
    reports_each: Option<usize>,
    /// Expense reports in company K; may be given several times
    #[arg(long, value_name = "K=N", value_parser = company_size)]
    reports_of: Vec<(usize, usize)>,
    /// Give every report exactly so many clean expenses
    #[arg(long, value_name = "N")]
    expenses_per_report: Option<usize>,
    /// The endpoint that sign-in answers name, such as https://na1.intacct.com/ia/xml/xmlgw.phtml
    #[arg(long, value_name = "URL")]
    intacct_endpoint: Option<String>,
    /// What goes wrong from the start, as JSON
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Rows added to every reference object, for paging
    #[arg(long, default_value_t = 0, value_name = "N")]
    extra_rows: usize,
}

impl Sandbox {
    /// Serves until the process is interrupted or terminated.
    pub async fn execute(self) -> Result<ExitCode, Failure> {
        let faults = match &self.faults {
            Some(path) => read_faults(path)?,
            None => Faults::default(),
        };
        let options = Options {
            listen: self.listen,
            seed: self.seed,
            companies: usize::try_from(self.companies).unwrap_or(1),
            reports: self.reports,
            reports_each: self.reports_each,
            reports_of: self.reports_of,
            expenses_per_report: self.expenses_per_report,
            intacct_endpoint: self.intacct_endpoint,
            faults,
            extra_rows: self.extra_rows,
            ..Options::default()
        };
        let listen = self.listen;
        let running = sandbox::start(options)
            .await
            .map_err(|error| Failure::Plain(format!("cannot listen on {listen}: {error}")))?;
        print_json(&running.announcement());
        stopped().await;
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Reads `K=N`: a company's number and its reports.
fn company_size(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('=').and_then(|(k, n)| Some((k.trim().parse().ok()?, n.trim().parse().ok()?)));
    parts.ok_or_else(|| "write a company's number and its reports, such as 3=12500".to_owned())
}

fn read_faults(path: &std::path::Path) -> Result<Faults, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Plain(format!("cannot read the faults file {shown}: {error}")))?;
    Faults::from_json(&text).map_err(|error| Failure::Plain(format!("{shown}: {error}")))
}

/// Returns when the process is asked to end.
async fn stopped() {
    let interrupted = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupted.await;
        }
    }
}
