//! `doctor`: examines the installation, each finding with its remedy.

use std::process::ExitCode;

use clap::Args;
use jiff::tz::TimeZone;

use super::output::{Failure, print_json, print_text};
use super::ping::as_text;
use super::{Common, EXIT_ATTENTION};
use crate::clock::Clock;
use crate::work::doctor::{Doctor as Examination, Verdict};
use crate::work::ping::checks_json;

/// Options of `doctor`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads only, and may run beside the service. Exit code 1 if anything does not work, 3 if somebody \
    should look, else 0.\n\n\
    Examples:\n  ml-connector doctor\n  ml-connector doctor --online --database postgres://ml_connector@db/ml_connector"
)]
pub struct Doctor {
    /// Also ask both vendors, for at most ten flows
    #[arg(long)]
    online: bool,
    /// Read every page of the database and every entry of the audit, however long it takes
    #[arg(long)]
    thorough: bool,
}

impl Doctor {
    /// Examines and shows.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let settings = common.settings()?;
        common.warn();
        let examination = Examination {
            settings: &settings,
            settings_file: common.config.as_deref(),
            endpoints: &common.endpoints(),
            clock: &Clock::system(TimeZone::UTC),
            online: self.online,
            thorough: self.thorough,
        };
        let checks = examination.examine().await;
        if common.json {
            print_json(&checks_json(&checks));
        } else {
            print_text(&as_text(&checks));
        }
        let any = |verdict| checks.iter().any(|check| check.verdict == verdict);
        Ok(match (any(Verdict::Bad), any(Verdict::Look)) {
            (true, _) => ExitCode::FAILURE,
            (false, true) => ExitCode::from(EXIT_ATTENTION),
            (false, false) => ExitCode::SUCCESS,
        })
    }
}
