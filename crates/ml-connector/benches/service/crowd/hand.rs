//! One worker process of a crowd: started on its host, killed, frozen, thawed, cut off and mended. It only does to the
//! process what a machine or a network would.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use super::super::process::{BINARY, figures_of};
use super::cable::Cable;

/// What is wrong with a process at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ill {
    Dead,
    Frozen,
    CutOff,
}

/// What a worker is started with.
pub struct Start {
    /// Words before the program, such as those that enter a network namespace.
    pub before: Vec<String>,
    pub database_url: String,
    pub key: PathBuf,
    pub expensify_url: String,
    pub intacct_url: String,
    pub settings: Vec<String>,
}

/// A worker process.
pub struct Hand {
    pub host: usize,
    /// Its own way to the database, where it has one.
    pub cable: Option<Cable>,
    start: Start,
    log: PathBuf,
    starts: usize,
    child: Child,
    pub ill: Option<(Ill, Instant)>,
    /// Processor time of those before it, in milliseconds.
    spent_ms: u64,
    owner: Option<String>,
}

impl Hand {
    pub fn start(host: usize, cable: Option<Cable>, start: Start, folder: &Path, name: &str) -> Self {
        let log = folder.join(name);
        let child = spawn(&start, &log, 0);
        Self { host, cable, start, log, starts: 0, child, ill: None, spent_ms: 0, owner: None }
    }

    /// How it signs what it has taken on; nothing until it has said so.
    pub fn owner(&mut self) -> Option<String> {
        if self.owner.is_none() {
            let text = std::fs::read_to_string(log_of(&self.log, self.starts)).ok()?;
            let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            self.owner = lines.find_map(|line| line["worker"].as_str().map(str::to_owned));
        }
        self.owner.clone()
    }

    /// Ends it at once, without a last word.
    pub fn kill(&mut self) {
        self.spent_ms += self.running_ms();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again.
    pub fn revive(&mut self) {
        self.starts += 1;
        self.owner = None;
        self.child = spawn(&self.start, &self.log, self.starts);
    }

    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Tells it to stop and waits for its end. Whether it ended well.
    pub fn stop(&mut self) -> bool {
        self.signal("-TERM");
        self.spent_ms += self.running_ms();
        self.child.wait().unwrap().success()
    }

    /// Whether it ended by itself, which it must not.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Processor time of it and those before it, in milliseconds.
    pub fn cpu_ms(&self) -> u64 {
        self.spent_ms
    }

    /// What it wrote to its log, for whoever looks for the reason of a failure.
    pub fn last_words(&self) -> String {
        let text = std::fs::read_to_string(log_of(&self.log, self.starts)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }

    fn running_ms(&self) -> u64 {
        figures_of(self.child.id()).map_or(0, |figures| figures.cpu_ms)
    }

    fn signal(&self, signal: &str) {
        // It may have ended by itself, which the next look finds.
        let _ = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log_of(log: &Path, start: usize) -> PathBuf {
    log.with_extension(format!("{start}.log"))
}

fn spawn(start: &Start, log: &Path, number: usize) -> Child {
    let mut words = start.before.clone();
    words.push(BINARY.to_owned());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg("worker");
    command.args(["--database", &start.database_url, "--set", "log.format=json"]);
    command.args(["--set", &format!("secrets.master_key=file:{}", start.key.display())]);
    command.args(["--expensify-url", &start.expensify_url, "--intacct-url", &start.intacct_url]);
    for setting in &start.settings {
        command.args(["--set", setting]);
    }
    let log = std::fs::File::create(log_of(log, number)).unwrap();
    command.env_remove("ML_CONNECTOR_LOG").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}
