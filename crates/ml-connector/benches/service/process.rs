//! Processes that are measured: how they are started, asked and ended, and what the kernel says of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_ml-connector");

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
        figures(self.child.id())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The service.
pub struct Service {
    child: Child,
}

impl Service {
    /// Starts it on a database; the master key is in the file beside it.
    pub fn start(database: &Path, key: &Path, sandbox: &Sandbox, options: &[&str]) -> Self {
        let child = Command::new(BINARY)
            .arg("worker")
            .args(["--database", &format!("sqlite:{}", database.display())])
            .args(["--set", &format!("secrets.master_key=file:{}", key.display())])
            .args(["--expensify-url", sandbox.url("expensify"), "--intacct-url", sandbox.url("intacct")])
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child }
    }

    pub fn figures(&self) -> Figures {
        figures(self.child.id())
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
    pub rss_kib: u64,
    pub peak_kib: u64,
}

fn figures(process: u32) -> Figures {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).unwrap();
    let status = read("status");
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
    };
    let stat = read("stat");
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // User and system time, in ticks of 10 ms.
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    Figures { cpu_ms: ticks * 10, rss_kib: kib("VmRSS"), peak_kib: kib("VmHWM") }
}
