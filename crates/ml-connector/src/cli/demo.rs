//! `demo`: the whole job against a sandbox of both vendors, with a fresh database: run twice, then shown. Everything
//! goes over HTTP through the same clients as in production.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use sandbox::Sandbox;
use serde_json::{Value, json};

use super::Common;
use super::books::Books;
use super::output::{Failure, clean, heading, money, print_json, print_text, table};
use super::serve::Service;
use super::stage::start_sandbox;
use super::stop::stop;
use super::watch::Watch;
use crate::clock::Clock;
use crate::flow::Flow;
use crate::settings::{Settings, Web};
use crate::store::{Access, InboxState};
use crate::systems::connect::Endpoints;
use crate::web::{self, WebError};
use crate::work::start::{Opened, open_store};
use crate::work::summary::Summary;

/// The demo's flow is the example that new users start from.
const EXAMPLE: &str = include_str!("../../../../examples/flows/expenses.toml");
/// Entries of the ledger that are shown.
const SHOWN: usize = 8;

/// Options of `demo`.
#[derive(Debug, Args)]
#[command(after_help = "Nothing leaves this machine: both vendors are simulated on loopback ports.\n\n\
    Examples:\n  ml-connector demo\n  ml-connector demo --once --json")]
pub struct Demo {
    /// End after the two runs instead of leaving the sandbox running
    #[arg(long)]
    once: bool,
    /// Expense reports in the sandbox's company
    #[arg(long, default_value_t = 300, value_name = "N")]
    reports: usize,
    /// The same seed gives the same company
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What the demo made for itself.
struct Stage {
    sandbox: Sandbox,
    folder: PathBuf,
    flow: PathBuf,
}

/// Both runs and what they left.
struct Shown {
    first: Summary,
    second: Summary,
    books: Books,
    state: Value,
}

impl Demo {
    /// Runs and shows.
    pub async fn execute(self, common: &Common) -> Result<ExitCode, Failure> {
        let stage = self.set_up()?;
        let result = self.perform(common, &stage).await;
        let shown = match result {
            Ok(shown) => shown,
            Err(failure) => {
                let _ = fs::remove_dir_all(&stage.folder);
                return Err(failure);
            }
        };
        if common.json {
            print_json(&shown.to_json());
        } else {
            print_text(&shown.to_text());
        }
        if !self.once {
            // Beside the one JSON object on standard output there must be nothing else.
            if common.json {
                eprint!("{}", stage.invitation())
            } else {
                print_text(&stage.invitation())
            }
            stage.serve(common).await?;
        }
        fs::remove_dir_all(&stage.folder)?;
        Ok(ExitCode::SUCCESS)
    }

    fn set_up(&self) -> Result<Stage, Failure> {
        let folder = fresh_folder()?;
        let sandbox =
            start_sandbox(sandbox::Options { seed: self.seed, reports: self.reports, ..sandbox::Options::default() })?;
        let today = Clock::system(TimeZone::UTC).today();
        let cut_over = today.checked_sub(200.days()).unwrap_or(today);
        let flow = folder.join("demo.toml");
        fs::write(&flow, flow_text(&folder, &sandbox, cut_over)?)?;
        Ok(Stage { sandbox, folder, flow })
    }

    async fn perform(&self, common: &Common, stage: &Stage) -> Result<Shown, Failure> {
        let settings = stage.settings(common)?;
        let endpoints = stage.endpoints();
        let mut summaries = Vec::new();
        let mut books = None;
        for _ in 0..2 {
            let opened = Opened::open(Flow::load(&stage.flow)?, settings.clone(), &endpoints).await?;
            let watch = Watch::new(common.json);
            let result = opened.work(&watch).run(true).await;
            watch.end();
            summaries.push(result?);
            books = Some(Books::read(&opened, 10_000).await?);
            opened.close().await?;
        }
        let (Some(second), Some(first), Some(books)) = (summaries.pop(), summaries.pop(), books) else {
            return Err(Failure::Plain("the demo did not run".to_owned()));
        };
        Ok(Shown { first, second, books, state: stage.sandbox.state() })
    }
}

impl Stage {
    fn settings(&self, common: &Common) -> Result<Settings, Failure> {
        let mut settings = common.settings()?;
        settings.database.url = format!("sqlite:{}", self.folder.join("demo.db").display());
        // A demonstration does not wait the gateway's 20 minutes for an unclear answer.
        settings.posting.settle_seconds = 5;
        settings.posting.look_gap_seconds = 2;
        settings.posting.look_at_seconds = vec![1, 2, 5, 8];
        Ok(settings)
    }

    fn endpoints(&self) -> Endpoints {
        Endpoints {
            expensify: Some(self.sandbox.expensify_url.clone()),
            intacct: Some(self.sandbox.intacct_url.clone()),
        }
    }

    /// The service goes on with the demonstration's books until it is told to stop.
    async fn serve(&self, common: &Common) -> Result<(), Failure> {
        let settings = self.settings(common)?;
        let clock = Clock::system(TimeZone::UTC);
        let listener = match web::bind(&settings.web).await {
            Err(WebError::Listen { .. }) => {
                // Another service may run here already.
                let anywhere = Web { listen: "127.0.0.1:0".to_owned(), ..settings.web.clone() };
                web::bind(&anywhere).await?
            }
            bound => bound?,
        };
        let store = open_store(&settings, Access::Write, &clock).await?;
        let service = Service::new(store, settings, self.endpoints(), clock);
        // On standard output there may be one JSON object and nothing else.
        eprint!("{}", service.invitation(&listener).await?);
        service.serve(listener, stop()).await?;
        Ok(())
    }

    fn invitation(&self) -> String {
        let flow = self.flow.display();
        let urls = format!("--expensify-url {} --intacct-url {}", self.sandbox.expensify_url, self.sandbox.intacct_url);
        let database = self.folder.join("demo.db");
        format!(
            "{}The sandbox and the service keep running until Ctrl-C. In another terminal:\n  \
             ml-connector ping {flow} {urls}\n  \
             ml-connector preview {flow} --report {} {urls}\n  \
             ml-connector audit list --database sqlite:{}\n  \
             curl {}/_state\n",
            heading("Try it"),
            self.sandbox.samples.report_id,
            database.display(),
            self.sandbox.origin,
        )
    }
}

impl Shown {
    fn to_json(&self) -> Value {
        let stuck =
            [InboxState::Held, InboxState::Rejected, InboxState::Unknown, InboxState::Conflict, InboxState::Drift];
        let money: Vec<Value> = self
            .books
            .money()
            .iter()
            .map(|(currency, sums)| {
                json!({
                    "currency": currency,
                    "source_minor": sums.source,
                    "posted_minor": sums.posted,
                    "held_minor": sums.held,
                    "skipped_minor": sums.skipped,
                })
            })
            .collect();
        let intacct = &self.state["intacct"];
        json!({
            "reports": {
                "read": self.first.read,
                "posted": self.books.count(&[InboxState::Posted]),
                "held": self.books.count(&stuck),
                "skipped": self.books.count(&[InboxState::Skipped]),
            },
            "money": money,
            "intacct": {
                "journal_entries": intacct["journal_entries"],
                "lines": intacct["lines"],
                "by_currency": intacct["by_currency"],
            },
            "requests": {
                "expensify": self.state["expensify"]["requests"]["total"],
                "intacct": intacct["requests"]["total"],
            },
            "second_run": {
                "read": self.second.read,
                "posted": self.second.posted,
                "unchanged": self.second.unchanged,
            },
            "held": held(&self.books.held_json()),
        })
    }

    fn to_text(&self) -> String {
        let intacct = &self.state["intacct"];
        let mut text = format!(
            "First run: {} reports read, {} posted. Second run: {} read, {} posted, {} unchanged.\n",
            self.first.read, self.first.posted, self.second.read, self.second.posted, self.second.unchanged
        );
        text.push_str(&heading("Reports"));
        text.push_str(&self.books.states_table());
        text.push_str(&heading("Money: what Expensify approved, and what became of it"));
        text.push_str(&self.books.money_table());
        text.push_str(&heading("The ledger as Intacct sees it"));
        text.push_str(&format!("{} journal entries, {} lines\n", intacct["journal_entries"], intacct["lines"]));
        text.push_str(&ledger_text(intacct));
        text.push_str(&self.books.held_text());
        text
    }
}

/// Of what is held, what the demonstration promises to print.
fn held(reports: &Value) -> Value {
    let problem = |problem: &Value| {
        let of = |key: &str| &problem[key];
        json!({ "code": of("code"), "title": of("title"), "value": of("value"), "remedy": of("remedy") })
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    list(reports)
        .iter()
        .map(|report| {
            let problems: Vec<Value> = list(&report["problems"]).iter().map(problem).collect();
            json!({ "report_id": report["report_id"], "problems": problems })
        })
        .collect()
}

/// The first entries of the sandbox's ledger, and its sums.
fn ledger_text(intacct: &Value) -> String {
    let entries = intacct["ledger"].as_array().map(Vec::as_slice).unwrap_or_default();
    let word = |value: &Value| clean(value.as_str().unwrap_or_default());
    let rows = entries.iter().take(SHOWN).map(|entry| {
        let lines = entry["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
        let debits = lines.iter().filter(|line| line["tr_type"] == 1);
        let debit_minor: i64 = debits.filter_map(|line| line["amount_minor"].as_i64()).sum();
        vec![
            entry["recordno"].to_string().trim_matches('"').to_owned(),
            word(&entry["journal"]),
            word(&entry["date"]),
            word(&entry["reference"]),
            money(debit_minor, "USD"),
            lines.len().to_string(),
            word(&entry["title"]),
        ]
    });
    let mut text = table(&["record", "journal", "date", "reference", "debits", "lines", "title"], &[4, 5], rows);
    if entries.len() > SHOWN {
        text.push_str(&format!("... and {} more\n", entries.len() - SHOWN));
    }
    for sums in intacct["by_currency"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let currency = word(&sums["currency"]);
        let show = |key: &str| money(sums[key].as_i64().unwrap_or_default(), &currency);
        text.push_str(&format!("debits {} = credits {} {currency}\n", show("debit_minor"), show("credit_minor")));
    }
    text
}

/// A folder of the demo's own, readable by its owner alone.
fn fresh_folder() -> Result<PathBuf, Failure> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Plain(format!("no randomness: {error}")))?;
    let folder = std::env::temp_dir().join(format!("ml-connector-demo-{}", data_encoding::HEXLOWER.encode(&bytes)));
    fs::create_dir(&folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(folder)
}

/// The example flow, with the sandbox's credentials, posting, from `cut_over` on.
fn flow_text(folder: &Path, sandbox: &Sandbox, cut_over: accounting::Date) -> Result<String, Failure> {
    let credentials = &sandbox.credentials;
    let secrets = [
        ("EXPENSIFY_PARTNER_USER_ID", &credentials.expensify.partner_user_id),
        ("EXPENSIFY_PARTNER_USER_SECRET", &credentials.expensify.partner_user_secret),
        ("INTACCT_SENDER_ID", &credentials.intacct.sender_id),
        ("INTACCT_SENDER_PASSWORD", &credentials.intacct.sender_password),
        ("INTACCT_COMPANY_ID", &credentials.intacct.company_id),
        ("INTACCT_USER_ID", &credentials.intacct.user_id),
        ("INTACCT_USER_PASSWORD", &credentials.intacct.user_password),
    ];
    let mut text = EXAMPLE.to_owned();
    for (name, value) in secrets {
        let file = folder.join(name.to_lowercase());
        fs::write(&file, value)?;
        text = text.replace(&format!("\"env:{name}\""), &format!("\"file:{}\"", file.display()));
    }
    let lines = text.lines().map(|line| {
        if line.starts_with("mode = ") {
            "mode = \"post\"".to_owned()
        } else if line.starts_with("hand_over = ") {
            // The sandbox's ledger is new: there is nothing to hand over.
            "hand_over = \"off\"".to_owned()
        } else if line.starts_with("cut_over = ") {
            format!("cut_over = \"{cut_over}\"")
        } else {
            line.to_owned()
        }
    });
    Ok(lines.map(|line| line + "\n").collect())
}
