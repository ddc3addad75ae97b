//! A scripted HTTP server on a socket: each connection gets the next step of the script.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::gateway::{Session, all_between, authentication, between, envelope, result};

/// What to do with a request.
#[derive(Clone)]
pub enum Step {
    /// Read the request whole and answer with these bytes, made from it.
    Answer(fn(&str) -> Vec<u8>),
    /// Write these bytes at once and hold the connection until the client leaves.
    Greet(&'static [u8]),
    /// As `Answer`, and keep the connection for another request.
    AnswerAndKeep(fn(&str) -> Vec<u8>),
    /// Read this many bytes of the request and close.
    ReadAndClose(usize),
    /// Read the request whole, answer with these bytes, and hold the connection until the client leaves.
    AnswerAndHold(fn(&str) -> Vec<u8>),
}

pub struct Server {
    pub origin: String,
    pub connections: Arc<AtomicUsize>,
    task: JoinHandle<Vec<String>>,
}

impl Server {
    pub async fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        let own = origin.clone();
        let task = tokio::spawn(async move {
            let mut requests = Vec::new();
            let mut steps = steps.into_iter();
            'connections: while let Some(mut step) = steps.next() {
                let (mut stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                loop {
                    match step {
                        Step::ReadAndClose(bytes) => {
                            let mut taken = vec![0; bytes];
                            stream.read_exact(&mut taken).await.unwrap();
                            requests.push(String::from_utf8_lossy(&taken).into_owned());
                            continue 'connections;
                        }
                        Step::Greet(bytes) => {
                            stream.write_all(bytes).await.unwrap();
                            let mut rest = Vec::new();
                            let _ = stream.read_to_end(&mut rest).await;
                            continue 'connections;
                        }
                        Step::Answer(make) | Step::AnswerAndKeep(make) | Step::AnswerAndHold(make) => {
                            let Some(request) = read_request(&mut stream).await else { continue 'connections };
                            let answer = make(&request.replace("ORIGIN", &own));
                            requests.push(request);
                            // A client that refuses the rest of an answer closes while it is written.
                            let _ = stream.write_all(&with_origin(answer, &own)).await;
                        }
                    }
                    match step {
                        Step::AnswerAndKeep(_) => match steps.next() {
                            Some(next) => step = next,
                            None => break 'connections,
                        },
                        Step::AnswerAndHold(_) => {
                            let mut rest = Vec::new();
                            let _ = stream.read_to_end(&mut rest).await;
                            continue 'connections;
                        }
                        _ => continue 'connections,
                    }
                }
            }
            requests
        });
        Self { origin, connections, task }
    }

    pub fn url(&self) -> String {
        format!("{}/ia/xml/xmlgw.phtml", self.origin)
    }

    /// The requests it got, once the whole script has been played.
    pub async fn requests(self) -> Vec<String> {
        self.task.await.unwrap()
    }

    /// Connections so far; ends the server.
    pub fn stop(self) -> usize {
        self.task.abort();
        self.connections.load(Ordering::SeqCst)
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                between(&head.to_ascii_lowercase(), "content-length: ", "\r\n").unwrap_or("0").parse().unwrap();
            if body.len() >= length {
                return Some(text);
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(taken) => request.extend_from_slice(&buffer[..taken]),
        }
    }
}

fn with_origin(answer: Vec<u8>, origin: &str) -> Vec<u8> {
    match String::from_utf8(answer) {
        Ok(text) => {
            let body_grows = origin.len() - "ORIGIN".len();
            match text.split_once("\r\n\r\n") {
                Some((head, body)) if body.contains("ORIGIN") => {
                    let length = body.len() + body_grows;
                    let head =
                        head.split("\r\n").filter(|line| !line.starts_with("Content-Length")).collect::<Vec<_>>();
                    format!(
                        "{}\r\nContent-Length: {length}\r\n\r\n{}",
                        head.join("\r\n"),
                        body.replace("ORIGIN", origin)
                    )
                    .into_bytes()
                }
                _ => text.into_bytes(),
            }
        }
        Err(bytes) => bytes.into_bytes(),
    }
}

/// An HTTP answer around a body.
pub fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml; encoding=\"UTF-8\"\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn ids(request: &str) -> (String, Vec<String>) {
    let control = between(request, "<controlid>", "</controlid>").unwrap().to_owned();
    (control, all_between(request, "<function controlid=\"", "\""))
}

/// A login that names this server as its endpoint.
pub fn log_in(request: &str) -> Vec<u8> {
    let (control, functions) = ids(request);
    let session = Session::default();
    let data = "<data><api><sessionid>session-secret-1</sessionid><endpoint>ORIGIN/ia/xml/xmlgw.phtml</endpoint><locationid/></api></data>";
    let result = result(&functions[0], "getAPISession", "success", data);
    ok(envelope(&control, &authentication(session.timestamp, session.timeout), &result).as_bytes())
}

/// Every function posted.
pub fn posted(request: &str) -> Vec<u8> {
    ok(posted_body(request).as_bytes())
}

pub fn posted_body(request: &str) -> String {
    let (control, functions) = ids(request);
    let session = Session::default();
    let data = "<data listtype=\"objects\" count=\"1\"><glbatch><RECORDNO>6679</RECORDNO></glbatch></data>";
    let results: String = functions.iter().map(|id| result(id, "create", "success", data)).collect();
    envelope(&control, &authentication(session.timestamp, session.timeout), &results)
}

/// A page without rows.
pub fn no_rows(request: &str) -> Vec<u8> {
    let (control, functions) = ids(request);
    let session = Session::default();
    let data = "<data listtype=\"X\" totalcount=\"0\" offset=\"0\" count=\"0\" numremaining=\"0\"/>";
    let result = result(&functions[0], "query", "success", data);
    ok(envelope(&control, &authentication(session.timestamp, session.timeout), &result).as_bytes())
}
