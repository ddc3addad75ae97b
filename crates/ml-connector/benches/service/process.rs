//! Processes that are measured: how they are started, asked and ended, and what the kernel says of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The program that is measured.
pub const BINARY: &str = env!("CARGO_BIN_EXE_ml-connector");
/// Longest wait for a start.
const PATIENCE: Duration = Duration::from_secs(120);

/// Both vendors.
pub struct Sandbox {
    child: Child,
    pub announcement: Value,
    host: String,
}

impl Sandbox {
    pub fn start(options: &[&str]) -> Self {
        let mut child = Command::new(BINARY).arg("sandbox").args(options).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let announcement: Value = serde_json::from_str(&line).unwrap();
        let url = announcement["intacct_url"].as_str().unwrap();
        let host = url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        Self { child, announcement, host }
    }

    pub fn url(&self, vendor: &str) -> &str {
        self.announcement[format!("{vendor}_url")].as_str().unwrap()
    }

    /// Asks one of the sandbox's own doors.
    pub fn ask(&self, path: &str) -> Value {
        serde_json::from_str(&get(&self.host, path).unwrap().1).unwrap()
    }

    /// Sets faults.
    pub fn post(&self, path: &str, body: &str) {
        let head = format!("POST {path} HTTP/1.1\r\nContent-Length: {}", body.len());
        assert_eq!(exchange(&self.host, &head, body).unwrap().0, 200);
    }

    pub fn figures(&self) -> Figures {
        figures_of(self.child.id()).unwrap()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The service: API and worker in one process.
pub struct Service {
    child: Child,
    /// Kept open, so that the process may go on printing.
    output: BufReader<ChildStdout>,
    host: String,
    /// From the start of the process until it said that it was ready.
    pub ready: Duration,
}

impl Service {
    /// Starts it on a database, and waits until it is ready. The master key is in the file beside the database.
    pub fn start(database: &Path, key: &Path, sandbox: &Sandbox, options: &[&str]) -> Self {
        let began = Instant::now();
        let mut child = Command::new(BINARY)
            .arg("serve")
            .args(["--database", &format!("sqlite:{}", database.display())])
            .args(["--set", &format!("secrets.master_key=file:{}", key.display()), "--set", "web.listen=127.0.0.1:0"])
            .args(["--expensify-url", sandbox.url("expensify"), "--intacct-url", sandbox.url("intacct")])
            .args(options)
            .env("ML_CONNECTOR_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let url = line.split("http://").nth(1).unwrap_or_else(|| panic!("no address: {line}"));
        let host = url.split([';', '/']).next().unwrap_or_default().to_owned();
        while get(&host, "/readyz").map_or(0, |(status, _)| status) != 200 {
            assert!(began.elapsed() < PATIENCE, "it does not become ready");
            std::thread::sleep(Duration::from_millis(2));
        }
        Self { child, output, host, ready: began.elapsed() }
    }

    /// The secret of the first administrator's link, which it prints behind its address.
    pub fn first_link(&mut self) -> String {
        let mut line = String::new();
        while !line.contains('#') {
            line.clear();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "there is no link");
        }
        line.split('#').nth(1).unwrap().trim().to_owned()
    }

    /// `host:port` of its listener.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn figures(&self) -> Figures {
        figures_of(self.child.id()).unwrap()
    }

    /// Samples of the service's own metrics, by name and labels.
    pub fn metrics(&self) -> Metrics {
        let (status, text) = get(&self.host, "/metrics").unwrap();
        assert_eq!(status, 200, "{text}");
        let samples = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
        Metrics(samples.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Tells it to stop, and waits for its end: how long that took, and whether it ended well.
    pub fn stop(mut self) -> (Duration, bool) {
        let began = Instant::now();
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let status = self.child.wait().unwrap();
        (began.elapsed(), status.success())
    }
}

/// What `/metrics` answered.
pub struct Metrics(Vec<(String, String)>);

impl Metrics {
    /// A time in milliseconds.
    pub fn ms(&self, name: &str) -> u64 {
        let found = self.0.iter().find(|(sample, _)| sample.ends_with(name));
        ms(&found.unwrap_or_else(|| panic!("there is no {name}")).1)
    }

    /// The bounds in milliseconds of a histogram's buckets, `None` for no bound, and how many values lie within.
    pub fn buckets(&self, name: &str) -> Vec<(Option<u64>, u64)> {
        let name = format!("{name}_bucket");
        let buckets = self.0.iter().filter(|(sample, _)| sample.contains(&name)).map(|(sample, count)| {
            let bound = sample.split("le=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
            ((bound != "+Inf").then(|| ms(bound)), count.parse().unwrap())
        });
        buckets.collect()
    }
}

/// Seconds as text, in milliseconds; a part of one counts as one.
fn ms(seconds: &str) -> u64 {
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    let mut part = part.to_owned();
    part.extend(std::iter::repeat_n('0', 6_usize.saturating_sub(part.len())));
    let micros: u64 = part.get(..6).unwrap_or("0").parse().unwrap();
    whole.parse::<u64>().unwrap() * 1_000 + micros.div_ceil(1_000)
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request with a connection of its own: status and body.
pub fn get(host: &str, path: &str) -> std::io::Result<(u16, String)> {
    exchange(host, &format!("GET {path} HTTP/1.1"), "")
}

fn exchange(host: &str, head: &str, body: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(host)?;
    stream.write_all(format!("{head}\r\nHost: {host}\r\nConnection: close\r\n\r\n{body}").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok((status, body.to_owned()))
}

/// What the kernel says of a process.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    pub cpu_ms: u64,
    /// Processor time of its children that have ended.
    pub children_ms: u64,
    pub rss_kib: u64,
    pub peak_kib: u64,
}

/// The figures of a process; none when it has ended.
pub fn figures_of(process: u32) -> Option<Figures> {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).ok();
    let (status, stat) = (read("status")?, read("stat")?);
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    };
    let fields: Vec<u64> =
        stat.rsplit_once(')')?.1.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
    // User and system time, in ticks of 10 ms; then the same of children that ended.
    let ticks = |from: usize| fields[from..from + 2].iter().sum::<u64>() * 10;
    Some(Figures { cpu_ms: ticks(11), children_ms: ticks(13), rss_kib: kib("VmRSS"), peak_kib: kib("VmHWM") })
}
