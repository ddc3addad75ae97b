//! Every known way Expensify or the network says no, told apart.

use std::time::Duration;

use expensify::{Anchor, Client, Config, Credentials, EndpointRule, Error, ExportFile, Limits, Pacer, ReportQuery};

use crate::server::{Answer, SECRET, Server, USER_ID, ok};

pub fn query() -> ReportQuery {
    ReportQuery::new(Anchor::ReportIds(vec!["R1".to_owned()]))
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::Unreachable { .. } => "unreachable",
        Error::Timeout { .. } => "timeout",
        Error::Transport { .. } => "transport",
        Error::Authentication(_) => "authentication",
        Error::Permission(_) => "permission",
        Error::RateLimited { .. } => "rate",
        Error::Validation(_) => "validation",
        Error::NotFound(_) => "not found",
        Error::ServerFault(_) => "fault",
        Error::UnexpectedReply { .. } => "unexpected",
        Error::HostileFileName { .. } => "file name",
        Error::TooLarge { .. } => "too large",
        _ => "other",
    }
}

fn envelope(code: &str, message: &str) -> String {
    format!(r#"{{"responseMessage":"{message}","responseCode":{code}}}"#)
}

/// Cases: HTTP status, body, what it is, whether to try again.
fn cases() -> Vec<(u16, String, &'static str, bool)> {
    let tomcat =
        |text: &str| format!("<html><head><title>Apache</title></head><body><h1>HTTP Status {text}</h1></body>");
    let limited = "You have been rate-limited. Please try again later or contact help@expensify.com for assistance.";
    vec![
        (200, envelope("404", "Authentication error"), "authentication", false),
        (200, envelope("\"404\"", "Authentication error"), "authentication", false),
        (200, envelope("401", "Authentication error"), "authentication", false),
        (401, String::new(), "authentication", false),
        (200, envelope("403", "No authentication method specified"), "authentication", false),
        (200, tomcat("403 - Invalid Credentials"), "authentication", false),
        (200, "403 - Invalid Credentials".to_owned(), "authentication", false),
        (200, envelope("500", "Not authorized to authenticate as user user@domain.com"), "permission", false),
        (200, envelope("403", "You do not have access"), "permission", false),
        (429, envelope("429", "Too many requests. Please try again later"), "rate", true),
        (200, envelope("429", "Too many requests. Please try again later"), "rate", true),
        (200, envelope("429", limited), "rate", true),
        (429, String::new(), "rate", true),
        (200, envelope("410", "Required parameter 'policyIDList' is missing"), "validation", false),
        (200, envelope("410", "Malformed date '16-01-01'. Expected format is yyyy-MM-dd"), "validation", false),
        (200, envelope("500", "Required parameter 'policyName' is missing"), "validation", false),
        (400, tomcat("400 - Bad Request"), "validation", false),
        (500, tomcat("500 - requestJobDescription"), "validation", false),
        (200, tomcat("500 - JSONObject[\\\"type\\\"] not found."), "validation", false),
        (200, envelope("404", "Policy not found"), "not found", false),
        (404, String::new(), "not found", false),
        (200, envelope("500", "Internal error"), "fault", true),
        (500, String::new(), "fault", true),
        (503, "<html>unavailable</html>".to_owned(), "fault", true),
        (502, tomcat("502 - Bad Gateway"), "fault", true),
        (200, "<html>We are down for maintenance</html>".to_owned(), "fault", true),
        (200, envelope("666", "Rule already exists with those actions, please update rule 1"), "fault", false),
        // The body's code wins over the HTTP status, both ways.
        (500, envelope("429", "Too many requests. Please try again later"), "rate", true),
        (200, envelope("200", "OK"), "unexpected", false),
        (200, envelope("207", "partly"), "unexpected", false),
        (200, r#"{"filename":"x.json"}"#.to_owned(), "unexpected", false),
        (200, r#"{"responseCode":200"#.to_owned(), "unexpected", false),
        (200, String::new(), "unexpected", false),
        (200, "one\ntwo".to_owned(), "unexpected", false),
        (302, String::new(), "unexpected", false),
        (308, String::new(), "unexpected", false),
        (200, "../../etc/passwd".to_owned(), "file name", false),
        (200, "export 1.json".to_owned(), "file name", false),
        (200, "a.json,b.json".to_owned(), "file name", false),
        (200, ".hidden".to_owned(), "file name", false),
        (200, "x".repeat(10 * 1024), "file name", false),
        (200, "expört.json".to_owned(), "file name", false),
    ]
}

#[tokio::test]
async fn each_refusal_is_told_apart() {
    let answers = cases().into_iter().map(|(status, body, ..)| {
        // A redirect must not be followed: it would carry the credentials elsewhere.
        Answer::Http(status, "location: http://127.0.0.1:9/elsewhere\r\nretry-after: 7\r\n", body.into_bytes())
    });
    let server = Server::start(answers.collect()).await;
    let client = server.client();
    for (status, body, expected, retryable) in cases() {
        let error = client.export_reports(&query()).await.unwrap_err();
        let shown = &body[..body.floor_char_boundary(80)];
        assert_eq!((kind(&error), error.is_retryable()), (expected, retryable), "{status} {shown} gave {error}");
        if let Error::RateLimited { retry_after, .. } = error {
            assert_eq!(retry_after, Some(Duration::from_secs(7)));
        }
    }
    assert_eq!(client.requests_sent(), cases().len() as u64);
    assert_eq!(server.requests().len(), cases().len());
}

#[tokio::test]
async fn the_vendors_words_are_kept_but_never_our_secret() {
    let body = format!("<h1>HTTP Status 500 - JSONObject {SECRET} of {USER_ID} \u{1b}[31m</h1>");
    let long = envelope("410", &"x".repeat(5000));
    let server = Server::start(vec![ok(body), ok(long), ok(envelope("410", "no"))]).await;
    let client = server.client();
    let Error::Validation(refusal) = client.export_reports(&query()).await.unwrap_err() else { panic!() };
    assert_eq!(refusal.message, "JSONObject *** of ***  [31m");
    let Error::Validation(refusal) = client.export_reports(&query()).await.unwrap_err() else { panic!() };
    assert_eq!(refusal.message.chars().count(), 301);
    let error = client.export_reports(&query()).await.unwrap_err();
    assert_eq!(error.to_string(), "Expensify calls the request invalid (job `export`: 410 no)");
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    drop(listener);
    let config = Config { url, endpoint_rule: EndpointRule::VendorOrLoopback, ..Config::default() };
    let client = Client::new(config, Credentials::new(USER_ID, SECRET), Pacer::new(Limits::none())).unwrap();
    let error = client.export_reports(&query()).await.unwrap_err();
    assert_eq!((kind(&error), error.is_retryable()), ("unreachable", true));
    assert!(!format!("{error:?}").contains(SECRET));
}

#[tokio::test]
async fn silence_and_broken_connections() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nexport".to_vec();
    let script = vec![
        Answer::Stall(Vec::new()),
        Answer::Bytes(Vec::new()),
        Answer::Bytes(cut),
        Answer::Bytes(b"garbage\r\n".to_vec()),
    ];
    let server = Server::start(script).await;
    let client = server.client_with(|config| config.timeout = Duration::from_millis(100));
    for expected in ["timeout", "transport", "transport", "transport"] {
        let error = client.export_reports(&query()).await.unwrap_err();
        assert_eq!((kind(&error), error.is_retryable()), (expected, true), "{error:?}");
    }
}

#[tokio::test]
async fn a_reply_beyond_the_limit() {
    let server = Server::start(vec![ok(vec![b'x'; 5000])]).await;
    let client = server.client_with(|config| config.max_reply_bytes = 1000);
    assert_eq!(kind(&client.export_reports(&query()).await.unwrap_err()), "too large");
}

#[tokio::test]
async fn names_and_settings_refused_before_anything_is_sent() {
    assert!(ExportFile::new("export0fd99e06-a636-4974-b6bc-3ceb12163386.json").is_ok());
    assert!(ExportFile::new("..").is_err());
    let rule = Config { url: "https://evil.example/x".to_owned(), ..Config::default() };
    let refused = Client::new(rule, Credentials::new("a", "b"), Pacer::new(Limits::default()));
    assert!(matches!(refused.err(), Some(Error::Setup { .. })));

    let server = Server::start(vec![]).await;
    let client = server.client();
    let day = jiff::civil::date(2026, 3, 1);
    for anchor in [
        Anchor::ReportIds(vec![]),
        Anchor::ReportIds(vec!["R1,R2".to_owned()]),
        Anchor::ReportIds(vec![String::new()]),
        Anchor::ApprovedAfter { date: day, end: Some(day.yesterday().unwrap()) },
        Anchor::Submitted { start: day, end: day.yesterday().unwrap() },
    ] {
        let error = client.export_reports(&ReportQuery::new(anchor)).await.unwrap_err();
        assert!(matches!(error, Error::Query { .. }), "{error}");
    }
    assert_eq!(client.requests_sent(), 0);
}
