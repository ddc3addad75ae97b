//! The built-in sandbox within the service's own process: for `demo`, and for demonstration customers.

use std::sync::{Arc, mpsc};

use sandbox::Sandbox;
use secrecy::SecretString;

use super::output::Failure;
use crate::store::Store;
use crate::systems::connect::Endpoints;
use crate::work::demonstration::{Demonstrations, Stage};

/// Companies of the sandbox for demonstrations; one costs nothing before it is used.
const COMPANIES: usize = 1_000;
/// Reports of each of them: enough to see everything, few enough to be read in seconds.
const REPORTS: usize = 120;

/// The sandbox on a thread of its own, so that neither side waits for the other's work.
pub fn start_sandbox(options: sandbox::Options) -> Result<Sandbox, Failure> {
    let (to, from) = mpsc::channel();
    std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = to.send(Err(error));
                return;
            }
        };
        runtime.block_on(async {
            let _ = to.send(sandbox::start(options).await);
            // Ends with the process.
            std::future::pending::<()>().await;
        });
    })?;
    let started = from.recv().map_err(|_| Failure::Plain("the sandbox did not start".to_owned()))?;
    Ok(started?)
}

/// Demonstrations over a sandbox of this process's own. Each run of the service has other companies, so that none is
/// taken for that of an earlier one.
pub fn demonstrations(store: &Store, at_ms: i64) -> Result<Arc<Demonstrations>, Failure> {
    let run = store.ids().unique(at_ms)?;
    let seed = run.bytes().fold(at_ms.unsigned_abs(), |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let start = move || {
        let each = Some(REPORTS);
        let options = sandbox::Options {
            seed,
            companies: COMPANIES,
            reports: REPORTS,
            reports_each: each,
            ..sandbox::Options::default()
        };
        let sandbox = start_sandbox(options).map_err(|_| "The sandbox did not start.".to_owned())?;
        let endpoints =
            Endpoints { expensify: Some(sandbox.expensify_url.clone()), intacct: Some(sandbox.intacct_url.clone()) };
        Ok(Stage { endpoints, login: Box::new(move |number| login(&sandbox, number)) })
    };
    Ok(Arc::new(Demonstrations::new(run, Box::new(start))))
}

fn login(sandbox: &Sandbox, number: usize) -> Vec<(&'static str, SecretString)> {
    let sandbox::Credentials { intacct, expensify } = sandbox.credentials_of(number);
    [
        ("source.expensify.partner_user_id", expensify.partner_user_id),
        ("source.expensify.partner_user_secret", expensify.partner_user_secret),
        ("destination.intacct.sender_id", intacct.sender_id),
        ("destination.intacct.sender_password", intacct.sender_password),
        ("destination.intacct.company_id", intacct.company_id),
        ("destination.intacct.user_id", intacct.user_id),
        ("destination.intacct.user_password", intacct.user_password),
    ]
    .map(|(name, value)| (name, SecretString::from(value)))
    .into()
}
