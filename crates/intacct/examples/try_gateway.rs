//! Tries the client by hand against a gateway: logs in, tells the company's set-up, and counts its accounts.
//!
//! It only reads. Settings come from the environment: `INTACCT_SENDER_ID`, `INTACCT_SENDER_PASSWORD`,
//! `INTACCT_COMPANY_ID`, `INTACCT_USER_ID`, `INTACCT_USER_PASSWORD`, and where wanted `INTACCT_ENTITY` and, for a
//! sandbox, `INTACCT_URL` (whose origin is then allowed).
#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;

use intacct::{Client, Config, EndpointRule, Login, Reading, Sender};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let var = |name: &str| env::var(name).map_err(|_| format!("{name} is not set"));
    let mut config = Config::default();
    if let Ok(url) = env::var("INTACCT_URL") {
        let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
        config.endpoint_rule = EndpointRule::Operator { allowed: vec![origin] };
        config.gateway_url = url;
    }
    let sender = Sender { id: var("INTACCT_SENDER_ID")?, password: var("INTACCT_SENDER_PASSWORD")?.into() };
    let login = Login {
        company_id: var("INTACCT_COMPANY_ID")?,
        user_id: var("INTACCT_USER_ID")?,
        password: var("INTACCT_USER_PASSWORD")?.into(),
        entity: env::var("INTACCT_ENTITY").ok(),
    };
    let client = Client::new(config, sender, login)?;

    println!("{:#?}", client.session().await?);
    for dimension in client.dimensions().await? {
        println!("dimension {} ({})", dimension.object_name, dimension.term_label);
    }
    match client.accounts(&[]).await? {
        Reading::Rows { rows, left_out } => println!("{} accounts; fields left out: {left_out:?}", rows.len()),
        Reading::Unavailable { errors } => println!("accounts can not be read: {errors:#?}"),
    }
    for field in client.inspect("GLBATCH").await? {
        println!("GLBATCH.{}: at most {:?} characters", field.name, field.max_length);
    }
    println!("books closed to {:?}", client.closed_books_date().await?);
    println!("{} requests", client.requests_sent());
    Ok(())
}
