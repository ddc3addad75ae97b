//! A tiny HTTP server that answers by script, one connection a line of it, and keeps what it was sent. It must not
//! understand Expensify.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use expensify::{Client, Config, Credentials, EndpointRule, Limits, Pacer, ReadyPolling};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const USER_ID: &str = "aa_partner_user_zz";
pub const SECRET: &str = "s3cr3t/&+%=\"value";

/// One answer.
pub enum Answer {
    /// A whole reply with its length.
    Http(u16, &'static str, Vec<u8>),
    /// These bytes, then the connection is closed.
    Bytes(Vec<u8>),
    /// These bytes, then nothing more until the client leaves.
    Stall(Vec<u8>),
    /// A chunked reply made on the fly; `None` ends it.
    Chunks(Box<dyn FnMut() -> Option<Vec<u8>> + Send>),
}

/// A reply with nothing special about it.
pub fn ok(body: impl Into<Vec<u8>>) -> Answer {
    Answer::Http(200, "content-type: text/plain;charset=utf-8\r\n", body.into())
}

/// What a request held.
#[derive(Clone, Debug)]
pub struct Request {
    pub head: String,
    pub body: String,
    pub fields: BTreeMap<String, String>,
}

pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub async fn start(script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/Integration-Server/ExpensifyIntegrations", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = requests.clone();
        tokio::spawn(async move {
            for answer in script {
                let (mut socket, _) = listener.accept().await.unwrap();
                let request = receive(&mut socket).await;
                kept.lock().unwrap().push(request);
                give(&mut socket, answer).await;
            }
        });
        Self { url, requests }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub fn client(&self) -> Client {
        self.client_with(|_| ())
    }

    pub fn client_with(&self, change: impl FnOnce(&mut Config)) -> Client {
        let mut config = Config {
            url: self.url.clone(),
            endpoint_rule: EndpointRule::VendorOrLoopback,
            ready_polling: ReadyPolling { attempts: 3, delay: Duration::from_millis(1) },
            ..Config::default()
        };
        change(&mut config);
        Client::new(config, Credentials::new(USER_ID, SECRET), Pacer::new(Limits::none())).unwrap()
    }
}

async fn receive(socket: &mut TcpStream) -> Request {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        assert_ne!(socket.read_buf(&mut bytes).await.unwrap(), 0, "the client left within its request");
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let whole = head_end + length.parse::<usize>().unwrap();
    while bytes.len() < whole {
        assert_ne!(socket.read_buf(&mut bytes).await.unwrap(), 0, "the client left within its body");
    }
    let body = String::from_utf8(bytes[head_end..].to_vec()).unwrap();
    let fields = body.split('&').map(|pair| pair.split_once('=').unwrap()).map(|(k, v)| (decode(k), decode(v)));
    Request { head, fields: fields.collect(), body }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

/// The client may leave early; that is no fault of the server's, so write errors are let go.
async fn give(socket: &mut TcpStream, answer: Answer) {
    match answer {
        Answer::Http(status, headers, body) => {
            let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n", body.len());
            let _ = socket.write_all(&[head.as_bytes(), &body].concat()).await;
        }
        Answer::Bytes(bytes) => {
            let _ = socket.write_all(&bytes).await;
        }
        Answer::Stall(bytes) => {
            let _ = socket.write_all(&bytes).await;
            let _ = socket.read(&mut [0]).await;
        }
        Answer::Chunks(mut next) => {
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            while let Some(chunk) = next() {
                let framed = [format!("{:x}\r\n", chunk.len()).as_bytes(), &chunk, b"\r\n"].concat();
                if socket.write_all(&framed).await.is_err() {
                    return;
                }
            }
            let _ = socket.write_all(b"0\r\n\r\n").await;
        }
    }
    let _ = socket.shutdown().await;
}
