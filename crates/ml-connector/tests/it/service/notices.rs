//! People are told: once for each cause, however many reports it holds, signed, and when it is over; a receiver that
//! hangs or refuses holds up no posting.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use ml_connector::store::{InboxState, WantedKind};
use ml_connector::work::deliver::signature;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::desk::Desk;
use crate::stories::office::clean;

type Received = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A webhook's receiver that answers with `status`.
async fn receiver(status: StatusCode) -> (String, Received) {
    let received = Received::default();
    let keep = async move |State(received): State<Received>, headers: HeaderMap, body: String| {
        received.lock().unwrap().push((headers, body));
        status
    };
    let router = Router::new().route("/hook", post(keep)).with_state(received.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}/hook", listener.local_addr().unwrap().port());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

fn bodies(received: &Received, class: &str) -> Vec<Value> {
    let received = received.lock().unwrap();
    let bodies = received.iter().map(|(_, body)| serde_json::from_str::<Value>(body).unwrap());
    bodies.filter(|body| body["class"] == class).collect()
}

/// The flow without its categories, telling a webhook everything.
async fn unmapped(reports: usize, url: &str) -> (Desk, String) {
    let mut desk = Desk::open(clean(reports, 1)).await;
    let mapped = desk.office.flow.clone();
    let key = desk.office.folder.path().join("key");
    std::fs::write(&key, "made up for this test").unwrap();
    let notify = format!(
        "\n[[notify]]\nto = \"webhook:{url}\"\nabout = [\"held\", \"all_clear\", \"authentication\", \"digest\"]\n\
         secret = \"file:{}\"\ndigest = \"daily at 08:00\"\n",
        key.display()
    );
    let mapped = format!("{mapped}{notify}");
    desk.office.flow = without_categories(&mapped);
    desk.put_flow().await;
    (desk, mapped)
}

fn without_categories(document: &str) -> String {
    let mut keep = true;
    let kept = document.lines().filter(|line| {
        if line.starts_with('[') {
            keep = *line != "[categories]" && *line != "[[rules]]";
        }
        keep || line.starts_with("[categories]")
    });
    kept.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_cause_is_told_once_and_its_end_once() {
    let (url, received) = receiver(StatusCode::OK).await;
    let (mut desk, mapped) = unmapped(14, &url).await;
    let at_work = desk.work();
    desk.until("all are held", async || (desk.count(InboxState::Held).await == 14).then_some(())).await;
    let causes = desk.customer.held_causes(&desk.flow).await.unwrap();
    assert!(!causes.is_empty() && causes.len() < 14, "{causes:?}");
    desk.until("every cause was told", async || (bodies(&received, "held").len() == causes.len()).then_some(())).await;
    for _ in 0..2 {
        let id = desk.want(WantedKind::Poll, json!({})).await;
        desk.answer(&id).await;
    }
    assert_eq!(bodies(&received, "held").len(), causes.len(), "a cause was told again");
    let (headers, body) = received.lock().unwrap()[0].clone();
    let signed = headers["x-mlc-signature"].to_str().unwrap();
    let seconds = signed.trim_start_matches("t=").split(',').next().unwrap().parse().unwrap();
    assert_eq!(signed, signature(&"made up for this test".into(), &body, seconds));
    assert_ne!(signed, signature(&"another key".into(), &body, seconds));
    let texts: Vec<String> = received.lock().unwrap().iter().map(|(_, body)| body.clone()).collect();
    for report in desk.reports().await {
        assert!(!texts.iter().any(|text| text.contains(&report.employee)), "a message names {}", report.employee);
    }
    desk.office.flow = mapped;
    desk.put_flow().await;
    desk.until("all are posted", async || (desk.count(InboxState::Posted).await == 14).then_some(())).await;
    let cleared = async || (bodies(&received, "all_clear").len() == causes.len()).then_some(());
    desk.until("their end was told", cleared).await;
    assert!(desk.customer.notices(&desk.flow).await.unwrap().is_empty());
    assert!(at_work.end().await);
}

#[tokio::test]
async fn a_digest_comes_at_its_time() {
    let (url, received) = receiver(StatusCode::OK).await;
    let (desk, _) = unmapped(3, &url).await;
    // As if the last one had been in 1970.
    let mut tx = desk.customer.begin().await.unwrap();
    tx.put_cursor(&desk.flow, "digest:0", "0", desk.clock.now_ms()).await.unwrap();
    tx.commit_untraced(desk.clock.now_ms()).await.unwrap();
    let at_work = desk.work();
    let digest = desk.until("a digest came", async || bodies(&received, "digest").pop()).await;
    assert!(digest["text"].as_str().unwrap().contains("Posted since the last digest: none"), "{digest}");
    let id = desk.want(WantedKind::Poll, json!({})).await;
    desk.answer(&id).await;
    assert_eq!(bodies(&received, "digest").len(), 1);
    assert!(at_work.end().await);
}

#[tokio::test]
async fn a_receiver_that_refuses_is_tried_again_later_and_holds_up_nothing() {
    let (url, received) = receiver(StatusCode::SERVICE_UNAVAILABLE).await;
    let (desk, _) = unmapped(2, &url).await;
    let at_work = desk.work();
    let tried = async || {
        let messages = desk.customer.messages(&desk.flow, None, 50).await.unwrap();
        messages.into_iter().find(|message| message.attempts > 0)
    };
    let message = desk.until("a message was tried", tried).await;
    assert_eq!(message.error.as_deref(), Some("it answered with status 503"));
    assert!(message.sent_ms.is_none() && message.next_ms.unwrap() > desk.clock.now_ms());
    assert!(!received.lock().unwrap().is_empty());
    assert!(at_work.end().await);
}

#[tokio::test]
async fn a_mail_goes_out_as_one_message_with_its_lines_kept_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mails = Arc::new(Mutex::new(Vec::<String>::new()));
    let kept = mails.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(receive_mail(stream, kept.clone()));
        }
    });
    let mut desk = Desk::open(clean(3, 1)).await;
    let notify = "\n[[notify]]\nto = \"mailto:books@example.com\"\nabout = [\"held\"]\n";
    desk.office.flow = without_categories(&format!("{}{notify}", desk.office.flow));
    desk.put_flow().await;
    desk.office.settings.smtp.host = "127.0.0.1".to_owned();
    desk.office.settings.smtp.port = port;
    desk.office.settings.smtp.security = "none".to_owned();
    let at_work = desk.work();
    let mail = desk.until("a mail came", async || mails.lock().unwrap().first().cloned()).await;
    assert!(mail.contains("To: books@example.com"), "{mail}");
    assert!(mail.contains("MLC-1"), "{mail}");
    assert!(at_work.end().await);
}

/// As much of a mail server as one client needs.
async fn receive_mail(stream: tokio::net::TcpStream, mails: Arc<Mutex<Vec<String>>>) {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    let mut mail: Option<String> = None;
    let _ = writing.write_all(b"220 test\r\n").await;
    while let Ok(Some(line)) = lines.next_line().await {
        let answer: &[u8] = match (&mut mail, line.as_str()) {
            (Some(text), ".") => {
                mails.lock().unwrap().push(std::mem::take(text));
                mail = None;
                b"250 kept\r\n"
            }
            (Some(text), _) => {
                text.push_str(&line);
                text.push('\n');
                continue;
            }
            (None, "DATA") => {
                mail = Some(String::new());
                b"354 go on\r\n"
            }
            (None, "QUIT") => return,
            (None, _) => b"250 well\r\n",
        };
        let _ = writing.write_all(answer).await;
    }
}
