//! What the wire does to a request, and what the client says of it.

use std::time::Duration;

use intacct::{
    Client, Config, CreateReply, Error, NotSentCause, Query, Timeouts, Unclear, UnclearCause, UnreachableKind,
};
use tokio::net::TcpListener;

use crate::gateway::{function, local_config, login, sender};
use crate::socket::{Server, Step, log_in, no_rows, posted, posted_body};

fn client(config: Config) -> Client {
    Client::new(config, sender(), login()).unwrap()
}

fn of(server: &Server) -> Client {
    client(local_config(&server.url(), &[&server.origin]))
}

fn unclear(reply: CreateReply) -> Unclear {
    match reply {
        CreateReply::Unclear(unclear) => unclear,
        other => panic!("{other:?}"),
    }
}

/// Plays one step against a create, after a login.
async fn create_against(step: Step) -> (CreateReply, usize) {
    let server = Server::start(vec![Step::Answer(log_in), step, Step::Answer(posted)]).await;
    let client = of(&server);
    client.session().await.unwrap();
    let reply = client.create("R1", &[function("f1")], false).await;
    (reply, server.stop())
}

#[tokio::test]
async fn a_create_goes_out_once_and_comes_back() {
    let server = Server::start(vec![Step::Answer(log_in), Step::Answer(posted)]).await;
    let client = of(&server);
    let reply = client.create("R1", &[function("f1"), function("f2")], true).await;
    let CreateReply::Answered(answer) = reply else { panic!("{reply:?}") };
    assert_eq!(answer.functions.len(), 2);
    assert_eq!(client.requests_sent(), 2);
    let requests = server.requests().await;
    let head = requests[1].split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
    assert!(head.starts_with("post /ia/xml/xmlgw.phtml http/1.1"));
    assert!(head.contains("content-type: application/xml"));
    assert!(head.contains("accept-encoding: gzip"));
    assert!(head.contains("user-agent: ml-connector/"));
    assert!(
        requests[1].contains("<uniqueid>true</uniqueid>") && requests[1].contains("<operation transaction=\"true\">")
    );
    assert!(requests[0].contains("<uniqueid>false</uniqueid>"));
}

#[tokio::test]
async fn what_never_left_is_not_sent() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let plain = Server::start(vec![Step::Greet(b"SSH-2.0-x\r\n")]).await;
    let long_label = "a".repeat(64);
    let cases = [
        (format!("http://{closed}"), UnreachableKind::Connect),
        (format!("http://{long_label}.example:80"), UnreachableKind::Name),
        (plain.origin.replace("http:", "https:"), UnreachableKind::Tls),
    ];
    for (origin, expected) in cases {
        let client = client(local_config(&format!("{origin}/x"), &[&origin]));
        let failed = client.session().await;
        assert!(matches!(&failed, Err(Error::Unreachable { kind, .. }) if *kind == expected), "{origin}: {failed:?}");
        let reply = client.create("R1", &[function("f1")], false).await;
        let CreateReply::NotSent(NotSentCause::NoSession(_)) = reply else { panic!("{reply:?}") };
        assert_eq!(client.requests_sent(), 0, "{origin}");
    }
}

#[tokio::test]
async fn a_create_to_a_dead_endpoint_is_not_sent() {
    let server = Server::start(vec![Step::Answer(log_in)]).await;
    let client = of(&server);
    client.session().await.unwrap();
    server.requests().await;
    let reply = client.create("R1", &[function("f1")], false).await;
    assert!(
        matches!(&reply, CreateReply::NotSent(NotSentCause::Unreachable { kind: UnreachableKind::Connect, .. })),
        "{reply:?}"
    );
}

#[tokio::test]
async fn a_connection_cut_while_sending_is_unclear() {
    // From the first byte of the head to the middle of the body.
    for bytes in [1, 40, 150, 300, 600] {
        let (reply, connections) = create_against(Step::ReadAndClose(bytes)).await;
        assert!(matches!(unclear(reply).why, UnclearCause::Broken(_)), "{bytes}");
        assert_eq!(connections, 2, "not tried again");
    }
}

#[tokio::test]
async fn a_connection_cut_before_or_inside_the_answer_is_unclear() {
    let (reply, connections) = create_against(Step::Answer(|_| Vec::new())).await;
    assert!(matches!(unclear(reply).why, UnclearCause::Broken(_)));
    assert_eq!(connections, 2, "not tried again");

    let (reply, _) = create_against(Step::Answer(|request| {
        let mut answer = posted(request);
        answer.truncate(answer.len() - 20);
        answer
    }))
    .await;
    let unclear = unclear(reply);
    assert!(matches!(unclear.why, UnclearCause::Broken(_)));
    assert_eq!(unclear.http_status, Some(200));
    assert!(unclear.body_excerpt.contains("<RECORDNO>6679"));
}

#[tokio::test]
async fn an_answer_without_length_cut_short_is_unclear() {
    let (reply, _) = create_against(Step::Answer(|request| {
        let body = posted_body(request);
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", &body[..body.len() - 3]).into_bytes()
    }))
    .await;
    assert!(matches!(unclear(reply).why, UnclearCause::Malformed(_)));
}

#[tokio::test]
async fn a_chunked_answer_without_its_end_is_unclear() {
    let (reply, _) = create_against(Step::Answer(|request| {
        let body = posted_body(request);
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len()).into_bytes()
    }))
    .await;
    assert!(matches!(unclear(reply).why, UnclearCause::Broken(_)));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::start(vec![Step::Answer(posted)]).await;
        // A script is a plain function, so the target travels in the request's control id.
        let server = Server::start(vec![Step::Answer(log_in), Step::Answer(redirect)]).await;
        let client = of(&server);
        client.session().await.unwrap();
        let reply = client.create(&format!("{status} {}", elsewhere.url()), &[function("f1")], false).await;
        let unclear = unclear(reply);
        assert!(matches!(unclear.why, UnclearCause::Redirected), "{status}");
        assert_eq!(unclear.http_status, Some(status));
        assert_eq!(elsewhere.stop(), 0, "{status}");
    }
}

/// Redirects as the request's control id says: status and target.
fn redirect(request: &str) -> Vec<u8> {
    let told = crate::gateway::between(request, "<controlid>", "</controlid>").unwrap();
    let (status, target) = told.split_once(' ').unwrap();
    format!("HTTP/1.1 {status} Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

fn hasty(server: &Server) -> Client {
    let timeouts = Timeouts { create: Duration::from_millis(400), ..Timeouts::default() };
    client(Config { timeouts, ..local_config(&server.url(), &[&server.origin]) })
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_unclear() {
    type Make = fn(&str) -> Vec<u8>;
    let slow: [(Make, Option<u16>); 3] = [
        (|_| Vec::new(), None),
        (|_| b"HTTP/1.1 200 OK\r\nContent-".to_vec(), None),
        (|_| b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<response>".to_vec(), Some(200)),
    ];
    for (answer, status) in slow {
        let server = Server::start(vec![Step::Answer(log_in), Step::AnswerAndHold(answer)]).await;
        let client = hasty(&server);
        client.session().await.unwrap();
        let unclear = unclear(client.create("R1", &[function("f1")], false).await);
        assert!(matches!(unclear.why, UnclearCause::Timeout));
        assert_eq!(unclear.http_status, status);
        server.stop();
    }
}

/// A gzip file of stored blocks, so that no compressor is needed here.
fn gzip(body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255];
    let chunks: Vec<&[u8]> = body.chunks(65_535).collect();
    for (index, chunk) in chunks.iter().enumerate() {
        out.push(u8::from(index + 1 == chunks.len()));
        let length = u16::try_from(chunk.len()).unwrap();
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend_from_slice(chunk);
    }
    let crc = body.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    });
    out.extend((!crc).to_le_bytes());
    out.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
    out
}

fn zipped(body: &[u8]) -> Vec<u8> {
    let body = gzip(body);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), &body].concat()
}

#[tokio::test]
async fn gzip_is_taken_and_its_size_after_decompression_counts() {
    let (reply, _) = create_against(Step::Answer(|request| zipped(posted_body(request).as_bytes()))).await;
    assert!(matches!(reply, CreateReply::Answered(_)), "{reply:?}");

    let (reply, _) = create_against(Step::Answer(|_| zipped(&vec![b' '; 9 * 1024 * 1024]))).await;
    assert!(matches!(unclear(reply).why, UnclearCause::TooLarge { limit_bytes: 8_388_608 }));

    let (reply, _) = create_against(Step::Answer(|request| {
        let mut answer = zipped(posted_body(request).as_bytes());
        let end = answer.len() - 8;
        answer[end] ^= 0xFF; // the checksum
        answer
    }))
    .await;
    assert!(matches!(unclear(reply).why, UnclearCause::Broken(_)));
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let (reply, _) = create_against(Step::Answer(|_| {
        [&b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<response>"[..], &vec![b' '; 9 * 1024 * 1024]].concat()
    }))
    .await;
    let unclear = unclear(reply);
    assert!(matches!(unclear.why, UnclearCause::TooLarge { .. }));
    assert!(unclear.body_excerpt.len() <= 64 * 1024);
}

#[tokio::test]
async fn reads_keep_their_connection() {
    let steps = vec![Step::AnswerAndKeep(log_in), Step::AnswerAndKeep(no_rows), Step::AnswerAndKeep(no_rows)];
    let server = Server::start(steps).await;
    let client = of(&server);
    for _ in 0..2 {
        client.query(&Query::new("X", ["RECORDNO"])).await.unwrap();
    }
    assert_eq!(server.connections.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert_eq!(server.requests().await.len(), 3);
}

#[tokio::test]
async fn each_create_has_a_connection_of_its_own() {
    // The server keeps the first create's connection open and would swallow a second one on it.
    let steps = vec![Step::Answer(log_in), Step::AnswerAndHold(posted), Step::AnswerAndHold(posted)];
    let server = Server::start(steps).await;
    let timeouts = Timeouts { create: Duration::from_secs(5), ..Timeouts::default() };
    let client = client(Config { timeouts, ..local_config(&server.url(), &[&server.origin]) });
    for _ in 0..2 {
        let reply = client.create("R1", &[function("f1")], false).await;
        assert!(matches!(reply, CreateReply::Answered(_)), "{reply:?}");
        // Time for a connection to be put aside for later, if it were.
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(server.connections.load(std::sync::atomic::Ordering::SeqCst), 3);
    server.requests().await;
}

#[tokio::test]
async fn retry_after_is_told() {
    let server = Server::start(vec![
        Step::Answer(log_in),
        Step::Answer(|_| b"HTTP/1.1 429 Slow\r\nRetry-After: 17\r\nContent-Length: 4\r\n\r\nslow".to_vec()),
    ])
    .await;
    let failed = of(&server).query(&Query::new("X", ["RECORDNO"])).await;
    let Err(Error::RateLimited { retry_after, http_status: 429, .. }) = failed else { panic!("{failed:?}") };
    assert_eq!(retry_after, Some(Duration::from_secs(17)));
    assert!(failed.is_err_and(|error| error.is_retryable()));
}
