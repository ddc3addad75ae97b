//! Downloads: files not ready, files cut short anywhere, bad lines among good ones, batches joined.

use std::time::Duration;

use expensify::{Client, Error, ExportFile, Record};
use serde_json::json;

use crate::engine::render;
use crate::server::{Answer, Server, ok};

fn file() -> ExportFile {
    ExportFile::new("export1.json").unwrap()
}

fn two_reports() -> String {
    let report = |id: &str| {
        json!({
            "reportID": id, "currency": "USD", "total": 5, "reportName": "é \"x\"",
            "transactionList": [{ "transactionID": "1", "amount": 5, "merchant": "a\nb" }],
        })
    };
    render(&json!([report("R1"), report("R2")]), true)
}

/// All records and the error that ended the stream, if one did. Record errors count as an end here.
async fn read(client: &Client) -> (Vec<Record>, Option<Error>) {
    let mut records = Vec::new();
    let mut stream = match client.download(&file()).await {
        Ok(stream) => stream,
        Err(error) => return (records, Some(error)),
    };
    loop {
        match stream.next().await {
            Ok(Some(record)) => records.push(record),
            Ok(None) => return (records, None),
            Err(error) => return (records, Some(error)),
        }
    }
}

#[tokio::test]
async fn an_export_and_its_download() {
    let printed = two_reports();
    let script = vec![ok("\u{feff}export1.json\r\n"), ok(format!("\u{feff}{}", printed.replace('\n', "\r\n")))];
    let server = Server::start(script).await;
    let client = server.client();
    assert_eq!(client.export_reports(&super::refusals::query()).await.unwrap(), file());
    let (records, error) = read(&client).await;
    assert!(error.is_none(), "{error:?}");
    let raws: Vec<_> = records.iter().map(|record| String::from_utf8(record.raw.clone()).unwrap()).collect();
    assert_eq!(raws, printed.lines().skip(1).take(2).collect::<Vec<_>>());
    assert_eq!(expensify::parse_record(&records[1].raw).unwrap(), records[1].report);
}

#[tokio::test]
async fn a_file_cut_short_at_any_byte_is_never_taken_for_complete() {
    let whole = two_reports().into_bytes();
    let complete = whole.len() - 1; // the line feed of the end line may be missing
    // Cut on the server's disk: the reply itself is whole.
    let server = Server::start((0..=whole.len()).map(|end| ok(&whole[..end])).collect()).await;
    let client = server.client_with(|config| config.ready_polling.attempts = 1);
    for end in 0..=whole.len() {
        let (records, error) = read(&client).await;
        match error {
            None => assert!(end >= complete && records.len() == 2, "cut at {end}: taken for complete"),
            Some(Error::FileNotReady { .. }) => assert_eq!(end, 0),
            Some(Error::Truncated { .. }) => assert!(end > 0 && end < complete),
            Some(other) => panic!("cut at {end}: {other:?}"),
        }
    }
    // Cut on the way: the connection breaks.
    let broken = |end: usize| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", whole.len());
        Answer::Bytes([head.as_bytes(), &whole[..end]].concat())
    };
    let server = Server::start((0..whole.len()).map(broken).collect()).await;
    let client = server.client();
    for end in 0..whole.len() {
        let (_, error) = read(&client).await;
        let error = error.unwrap_or_else(|| panic!("cut at {end}: taken for complete"));
        assert!(matches!(error, Error::Truncated { source: Some(_), .. }) && error.is_retryable(), "{end}: {error:?}");
    }
}

#[tokio::test]
async fn not_ready_shapes_are_asked_for_again_within_bounds() {
    let gone = r#"{"responseMessage":"File not found","responseCode":404}"#;
    let soon = r#"{"responseMessage":"not available","responseCode":410}"#;
    let server = Server::start(vec![ok(""), ok(gone), ok(two_reports())]).await;
    assert_eq!(read(&server.client()).await.0.len(), 2);

    let server = Server::start(vec![ok(soon), Answer::Http(404, "", vec![]), ok(" \n")]).await;
    let client = server.client();
    let (_, error) = read(&client).await;
    assert!(matches!(error, Some(Error::FileNotReady { attempts: 3, refusal: None, .. })), "{error:?}");
    assert_eq!(client.requests_sent(), 3);

    let server = Server::start(vec![ok(gone)]).await;
    let (_, error) = read(&server.client_with(|config| config.ready_polling.attempts = 1)).await;
    assert!(matches!(error, Some(Error::FileNotReady { refusal: Some(refusal), .. }) if refusal.code == Some(404)));
}

#[tokio::test]
async fn other_refusals_are_not_asked_for_again() {
    let unknown = r#"{"responseMessage":"Authentication error","responseCode":404}"#;
    let limited = r#"{"responseMessage":"Too many requests. Please try again later","responseCode":429}"#;
    let script = vec![
        ok(unknown),
        ok(limited),
        ok("<html>oops</html>"),
        ok("reportID,amount\nR1,5\n"),
        ok("[]"),
        ok(r#"{"responseCode":200}"#),
        Answer::Http(500, "", two_reports().into_bytes()),
        ok(vec![0xff, 0xfe, b'\n']),
        ok(r#"{"mlc":2,"kind":"header"}"#),
    ];
    let count = script.len() as u64;
    let server = Server::start(script).await;
    let client = server.client();
    assert!(matches!(read(&client).await.1, Some(Error::Authentication(_))));
    assert!(matches!(read(&client).await.1, Some(Error::RateLimited { .. })));
    assert!(matches!(read(&client).await.1, Some(Error::ServerFault(_))));
    assert!(matches!(read(&client).await.1, Some(Error::MissingHeader { line: 1 })));
    assert!(matches!(read(&client).await.1, Some(Error::MissingHeader { line: 1 })));
    assert!(matches!(read(&client).await.1, Some(Error::UnexpectedReply { .. })));
    assert!(matches!(read(&client).await.1, Some(Error::ServerFault(_))));
    assert!(matches!(read(&client).await.1, Some(Error::MissingHeader { line: 1 })));
    assert!(matches!(read(&client).await.1, Some(Error::Truncated { line: 1, .. })));
    assert_eq!(client.requests_sent(), count);
}

#[tokio::test]
async fn a_bad_record_does_not_stop_the_others() {
    let good = r#"{"reportID":"R1","expenseCount":0}"#;
    let bad = r#"{"reportID":"R2","total":"1,234.56","expenseCount":0}"#;
    let broken = r#"{"mlc":1,"kind":"report","reportID":"R3","tot"#;
    let long = format!(r#"{{"reportID":"R4","reportName":"{}","expenseCount":0}}"#, "x".repeat(2000));
    let lines =
        [r#"{"mlc":1,"kind":"header","reports":5}"#, bad, "", broken, &long, good, good, r#"{"mlc":1,"kind":"end"}"#];
    let server = Server::start(vec![ok(lines.join("\n"))]).await;
    let mut stream = server.client_with(|config| config.max_record_bytes = 1000).download(&file()).await.unwrap();
    for (line, id) in [(2, "R2"), (4, "R3"), (5, "R4")] {
        match stream.next().await {
            Err(Error::Record { line: at, source }) => assert_eq!((at, source.report_id.as_deref()), (line, Some(id))),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stream.next().await.unwrap().unwrap().report.report_id, "R1");
    assert_eq!(stream.next().await.unwrap().unwrap().raw, good.as_bytes());
    assert!(stream.next().await.unwrap().is_none());
    assert!(stream.next().await.unwrap().is_none());
}

#[tokio::test]
async fn batches_joined_and_batches_torn() {
    let batch = two_reports();
    let (header, rest) = batch.split_once('\n').unwrap();
    let torn = rest.replacen('\n', &format!("\n{header}\n"), 1);
    let lost = format!("{header}\n{}", rest.split_once('\n').unwrap().1);
    let server = Server::start(vec![
        ok(batch.clone() + &batch + &batch),
        ok(format!("{header}\n{torn}")),
        ok(lost),
        ok(batch.clone() + rest),
        ok(batch.clone() + "\n\n"),
    ])
    .await;
    let client = server.client();
    let (records, error) = read(&client).await;
    assert!(records.len() == 6 && error.is_none());
    assert!(matches!(read(&client).await.1, Some(Error::Truncated { .. })), "a header within a batch");
    assert!(matches!(read(&client).await.1, Some(Error::Truncated { .. })), "a report lost within a batch");
    assert!(matches!(read(&client).await.1, Some(Error::MissingHeader { line: 5 })), "a batch without a header");
    assert_eq!(read(&client).await.0.len(), 2);
}

#[tokio::test]
async fn a_download_that_stalls_or_never_ends() {
    let header = "{\"mlc\":1,\"kind\":\"header\"}\n";
    let mut sent = false;
    let endless = move || {
        let line = r#"{"reportID":"R1","expenseCount":0}"#.to_owned() + "\n";
        Some(if std::mem::replace(&mut sent, true) { line.repeat(100) } else { header.to_owned() }.into_bytes())
    };
    let server = Server::start(vec![Answer::Chunks(Box::new(endless))]).await;
    let (_, error) = read(&server.client_with(|config| config.max_download_bytes = 100_000)).await;
    assert!(matches!(error, Some(Error::TooLarge { limit_bytes: 100_000, .. })));

    let start = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{header}");
    let stalled = Server::start(vec![Answer::Stall(start.into_bytes())]).await;
    let client = stalled.client_with(|config| config.idle_timeout = Duration::from_millis(100));
    let (_, error) = read(&client).await;
    assert!(matches!(error, Some(Error::Timeout { .. })), "{error:?}");
}
