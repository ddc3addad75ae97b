//! What ten thousand idle companies cost the sandbox, which runs beside the thing that is measured: memory for each
//! company that was called, processor time for each idle poll. The client's own share is in the figures.
//!
//! `cargo bench -p sandbox --bench companies`
//!
//! It prints figures and judges nothing; machines differ.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run should stop")]
#![expect(clippy::print_stdout, reason = "a benchmark's output is its figures")]

use sandbox::{Credentials, Options, Sandbox};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const COMPANIES: usize = 10_000;
const TEMPLATE: &str = include_str!("../../expensify/src/template.ftl");

#[tokio::main]
async fn main() {
    let before = figures();
    let options = Options { companies: COMPANIES, reports: 0, ..Options::default() };
    let sandbox = sandbox::start(options).await.unwrap();
    let started = figures();
    println!("start with {COMPANIES} companies that nobody called: {} KiB", started.rss_kib - before.rss_kib);
    let address = sandbox.origin.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    for round in 1..=3 {
        let from = figures();
        for company in 0..COMPANIES {
            poll(&sandbox, &mut stream, company).await;
        }
        tell(&format!("poll {round} of every company"), from, started);
    }
    let from = figures();
    for company in 0..COMPANIES {
        let body = chart(&sandbox.credentials_of(company));
        let answer = ask(&mut stream, "/ia/xml/xmlgw.phtml", "application/xml", &body).await;
        assert!(answer.contains("<ACCOUNTNO>"), "{answer}");
    }
    tell("a login and a read of the chart in every company", from, started);
    sandbox.stop().await;
}

fn tell(what: &str, from: Figures, started: Figures) {
    let now = figures();
    println!(
        "{what}: {} µs of processor time a company, {} bytes a company in memory so far",
        (now.cpu_ms - from.cpu_ms) * 1_000 / COMPANIES as u64,
        (now.rss_kib.saturating_sub(started.rss_kib)) * 1_024 / COMPANIES as u64,
    );
}

/// An export of nothing, and its download.
async fn poll(sandbox: &Sandbox, stream: &mut TcpStream, company: usize) {
    let pair = sandbox.credentials_of(company).expensify;
    let credentials = json!({"partnerUserID": pair.partner_user_id, "partnerUserSecret": pair.partner_user_secret});
    let export = json!({
        "type": "file", "credentials": credentials,
        "onReceive": {"immediateResponse": ["returnRandomFileName"]},
        "inputSettings": {"type": "combinedReportData", "reportState": "APPROVED,REIMBURSED",
            "filters": {"approvedAfter": "2026-09-01"}},
        "outputSettings": {"fileExtension": "txt"},
    });
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let (path, form) = ("/Integration-Server/ExpensifyIntegrations", "application/x-www-form-urlencoded");
    let body = format!("requestJobDescription={}&template={}", encoded(&export.to_string()), encoded(TEMPLATE));
    let name = ask(stream, path, form, &body).await;
    let download = json!({"type": "download", "credentials": credentials, "fileName": name});
    let text = ask(stream, path, form, &format!("requestJobDescription={}", encoded(&download.to_string()))).await;
    assert!(!text.contains("responseCode") || text.contains("429"), "{text}");
}

fn chart(credentials: &Credentials) -> String {
    let c = &credentials.intacct;
    format!(
        "<request><control><senderid>{}</senderid><password>{}</password><controlid>r</controlid><uniqueid>false\
         </uniqueid><dtdversion>3.0</dtdversion></control><operation><authentication><login><userid>{}</userid>\
         <companyid>{}</companyid><password>{}</password></login></authentication><content><function controlid=\"q\">\
         <query><object>GLACCOUNT</object><select><field>ACCOUNTNO</field></select></query></function></content>\
         </operation></request>",
        c.sender_id, c.sender_password, c.user_id, c.company_id, c.user_password
    )
}

/// One request on a connection that stays open; the body of its answer.
async fn ask(stream: &mut TcpStream, path: &str, content_type: &str, body: &str) -> String {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: sandbox\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).await.unwrap();
    let mut received = Vec::new();
    loop {
        let mut buffer = [0; 16 * 1_024];
        let count = stream.read(&mut buffer).await.unwrap();
        assert_ne!(count, 0, "the connection ended");
        received.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&received);
        let Some((head, rest)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if length.is_some_and(|length: usize| rest.len() >= length) {
            return rest.to_owned();
        }
    }
}

#[derive(Clone, Copy)]
struct Figures {
    rss_kib: u64,
    cpu_ms: u64,
}

/// What the kernel says of this process; a tick is 10 ms.
fn figures() -> Figures {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Figures { rss_kib: rss.trim().trim_end_matches(" kB").parse().unwrap(), cpu_ms: ticks * 10 }
}
