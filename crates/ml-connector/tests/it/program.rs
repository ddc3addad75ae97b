//! The shipped program as a test starts it: with a flow file, a database, and the sandbox of the test for both vendors.
//! It only starts, ends and reads; it judges nothing.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use sandbox::Options;
use serde_json::Value;

use crate::databases::TestDatabase;
use crate::stories::office::Office;

/// A company, its flow as a file, and the program beside it. The test needs a runtime of several threads, so that the
/// sandbox answers while the test waits for the program.
pub struct Desk {
    pub office: Office,
    settings: Vec<String>,
}

/// The program, about to be started.
pub struct Program(Command);

/// The program while it runs; killed when the test is done with it.
pub struct Started(Child);

impl Desk {
    /// Starts the company and writes its flow file.
    pub async fn open(options: Options) -> Self {
        Self::open_on(crate::databases::sqlite(), options).await
    }

    /// Starts the company, with its books in this database, and writes its flow file.
    pub async fn open_on(database: TestDatabase, options: Options) -> Self {
        let desk = Self { office: Office::open_on(database, options).await, settings: Vec::new() };
        desk.write_flow();
        desk
    }

    /// Sets operator's settings for every program started from here.
    pub fn set(&mut self, settings: &[&str]) {
        self.settings.extend(settings.iter().map(|setting| (*setting).to_owned()));
    }

    /// Writes the office's flow document where the program reads it.
    pub fn write_flow(&self) {
        std::fs::write(self.flow(), &self.office.flow).unwrap();
    }

    /// The flow file.
    pub fn flow(&self) -> PathBuf {
        self.office.folder.path().join("flow.toml")
    }

    /// The program with these arguments, this database and these vendors.
    pub fn program(&self, arguments: &[&str]) -> Program {
        let mut program = bare(arguments);
        let command = &mut program.0;
        command.args(["--database", &self.office.settings.database.url]);
        command.args(["--expensify-url", self.office.endpoints.expensify.as_deref().unwrap()]);
        command.args(["--intacct-url", self.office.endpoints.intacct.as_deref().unwrap()]);
        for setting in ["expensify.requests_in_10_seconds=0", "expensify.requests_in_60_seconds=0"] {
            command.args(["--set", setting]);
        }
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        program
    }

    /// A command about the flow file.
    pub fn on_flow(&self, command: &str, arguments: &[&str]) -> Program {
        let flow = self.flow();
        let all: Vec<&str> = [command, flow.to_str().unwrap()].into_iter().chain(arguments.iter().copied()).collect();
        self.program(&all)
    }

    /// A run of the flow.
    pub fn run(&self, arguments: &[&str]) -> Program {
        self.on_flow("run", arguments)
    }

    /// Audit entries of one action.
    pub fn audit(&self, action: &str) -> Vec<Value> {
        let output = self.program(&["audit", "list", "--json", "--action", action, "--limit", "10000"]).output();
        assert!(output.status.success(), "{output:?}");
        lines(&output)
    }
}

/// The program with these arguments alone, outside of any terminal and without the tester's environment of settings.
pub fn bare(arguments: &[&str]) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ml-connector"));
    for name in ["CONFIG", "DATABASE", "EXPENSIFY_URL", "INTACCT_URL", "MASTER_KEY"] {
        command.env_remove(format!("ML_CONNECTOR_{name}"));
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Program(command)
}

impl Program {
    /// With a variable in its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// In this folder.
    pub fn folder(mut self, folder: &std::path::Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Runs it to its end.
    pub fn output(mut self) -> Output {
        self.0.output().unwrap()
    }

    /// Runs it to its end with this on its standard input.
    pub fn output_with(mut self, input: &str) -> Output {
        use std::io::Write as _;
        let mut child = self.0.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Starts it.
    pub fn start(mut self) -> Started {
        Started(self.0.spawn().unwrap())
    }
}

impl Started {
    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// Its first line of output.
    pub fn first_line(&mut self) -> String {
        use std::io::BufRead as _;
        let mut line = String::new();
        let output = self.0.stdout.as_mut().unwrap();
        std::io::BufReader::new(output).read_line(&mut line).unwrap();
        line
    }

    /// Ends it as the system would for want of memory: at once, without a last word.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }

    /// Asks it to end, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    /// Lets it stand still, as a machine does that is out of breath.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The one JSON object on standard output.
pub fn json(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text} {}", err(output)))
}

/// JSON objects on standard output, one a line.
pub fn lines(output: &Output) -> Vec<Value> {
    out(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Standard output as text.
pub fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard error as text.
pub fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
