//! Tries the client by hand: lists the policies, exports the reports approved since a day, prints a line each. It must
//! not print a credential, and it takes them from the environment only.
//!
//! ```text
//! EXPENSIFY_USER_ID=… EXPENSIFY_USER_SECRET=… cargo run -p expensify --example try_export -- 2026-10-01
//! EXPENSIFY_URL=http://127.0.0.1:8080/Integration-Server/ExpensifyIntegrations … (a sandbox on this machine)
//! ```
#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error as StdError;

use expensify::{Anchor, Client, Config, Credentials, EndpointRule, Error, Limits, Pacer, ReportQuery, ReportState};
use jiff::civil::Date;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn StdError>> {
    let since: Date = env::args().nth(1).ok_or("which day to export from, as yyyy-mm-dd?")?.parse()?;
    let mut config = Config::default();
    if let Ok(url) = env::var("EXPENSIFY_URL") {
        config.url = url;
        config.endpoint_rule = EndpointRule::VendorOrLoopback;
    }
    let credentials = Credentials::new(env::var("EXPENSIFY_USER_ID")?, env::var("EXPENSIFY_USER_SECRET")?);
    let client = Client::new(config, credentials, Pacer::new(Limits::default()))?;

    for policy in client.policies().await? {
        println!("policy {} {:?} {}", policy.id, policy.name, policy.output_currency.unwrap_or_default());
    }
    // A day early, since whether the day itself counts is unclear. More than a year back takes several `windows`.
    let mut query = ReportQuery::new(Anchor::ApprovedAfter { date: since.yesterday()?, end: None });
    query.states = vec![ReportState::Approved, ReportState::Reimbursed];
    let file = client.export_reports(&query).await?;
    println!("file {}", file.name());
    print_reports(&client, &file).await?;
    println!("{} requests", client.requests_sent());
    Ok(())
}

async fn print_reports(client: &Client, file: &expensify::ExportFile) -> Result<(), Error> {
    let mut stream = client.download(file).await?;
    loop {
        match stream.next().await {
            Ok(Some(record)) => {
                let report = record.report;
                let total = report.total.map(|hundredths| hundredths.to_string()).unwrap_or_default();
                let name = report.report_name.unwrap_or_default();
                println!("report {} {name:?} {total} hundredths, {} expenses", report.report_id, report.expense_count);
            }
            Ok(None) => return Ok(()),
            Err(Error::Record { line, source }) => {
                let cause = source.source().map(ToString::to_string).unwrap_or_default();
                println!("line {line} cannot be read: {source}: {cause}");
            }
            Err(other) => return Err(other),
        }
    }
}
