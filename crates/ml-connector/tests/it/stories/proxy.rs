//! Stands between the service and the sandbox and changes answers on their way, for shapes that nobody could bring
//! about in the sandbox. Everything else passes as it is.

use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What is done to a line of an answer on its way.
pub type Change = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// A change of reports, as lines of an export.
pub fn of_reports(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Change {
    Arc::new(move |line| match serde_json::from_str::<Value>(line) {
        Ok(mut value) if value["kind"] == "report" => {
            change(&mut value);
            format!("{value}\n")
        }
        _ => line.to_owned(),
    })
}

/// An HTTP client that neither pools nor follows.
pub fn client() -> reqwest::Client {
    // Who is first installs it; the others find it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap()
}

/// Starts a proxy before `target`; it ends with the test's runtime. Gives its URL.
pub async fn start(target: &str, change: Change) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let path = target.splitn(4, '/').nth(3).unwrap();
    let url = format!("http://{}/{path}", listener.local_addr().unwrap());
    let (target, own) = (target.to_owned(), url.clone());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(pass(socket, target.clone(), own.clone(), change.clone()));
        }
    });
    url
}

async fn pass(mut socket: TcpStream, target: String, own: String, change: Change) {
    let Some((content_type, body)) = request(&mut socket).await else { return };
    let answer = client().post(&target).header("content-type", content_type).body(body).send().await.unwrap();
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").map_or("text/plain", |value| value.to_str().unwrap()).to_owned();
    // A session names the endpoint at which it lives: that is here.
    let text = answer.text().await.unwrap().replace(&target, &own);
    let lines = text.split_inclusive('\n').map(|line| change(line));
    let body: String = lines.collect();
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // The service may have gone away meanwhile.
    let _ = socket.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await;
}

/// Reads one request: its content type and body.
async fn request(socket: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut chunk = [0_u8; 8_192];
    loop {
        let count = socket.read(&mut chunk).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let field = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
            line.unwrap_or_default().to_owned()
        };
        let length: usize = field("content-length:").parse().unwrap();
        if bytes.len() >= end + 4 + length {
            return Some((field("content-type:"), bytes[end + 4..].to_vec()));
        }
    }
}
