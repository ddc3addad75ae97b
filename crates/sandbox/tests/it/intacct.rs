//! The XML gateway over HTTP, and what a sandbox says of itself.

use crate::wire::*;
use serde_json::json;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test(flavor = "multi_thread")]
async fn the_announcement_is_all_a_client_needs() {
    let options = sandbox::Options {
        intacct_endpoint: Some("https://api.intacct.com/ia/xml/xmlgw.phtml".into()),
        ..sandbox::Options::default()
    };
    let sandbox = sandbox::start(options).await.unwrap();
    let announced = sandbox.announcement();
    let keys = |v: &serde_json::Value| {
        let mut keys: Vec<String> = v.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys.join(" ")
    };
    assert_eq!(keys(&announced), "credentials expensify_url intacct_url samples");
    let credentials = &announced["credentials"];
    assert_eq!(keys(&credentials["intacct"]), "company_id sender_id sender_password user_id user_password");
    assert_eq!(keys(&credentials["expensify"]), "partner_user_id partner_user_secret");
    assert_eq!(
        keys(&announced["samples"]),
        "credit_account debit_account department journal location open_date report_id unknown_account"
    );
    assert!(announced["intacct_url"].as_str().unwrap().ends_with("/ia/xml/xmlgw.phtml"));
    assert!(announced["expensify_url"].as_str().unwrap().ends_with("/Integration-Server/ExpensifyIntegrations"));
    let debug = format!("{sandbox:?}");
    let secret = &sandbox.credentials.intacct.user_password;
    assert!(!debug.contains(secret.as_str()), "secrets do not print");

    let sign_in = envelope(&sandbox, false, "<function controlid=\"s\"><getAPISession/></function>");
    let answer = gateway(&sandbox, &sign_in).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/xml; encoding=\"UTF-8\""));
    assert!(answer.body.contains("<endpoint>https://api.intacct.com/ia/xml/xmlgw.phtml</endpoint>"));

    let booked = gateway(&sandbox, &envelope(&sandbox, true, &create(&sandbox, "R-1"))).await;
    assert!(booked.body.contains("<glbatch><RECORDNO>4</RECORDNO></glbatch>"), "{}", booked.body);
    let (_, state) = control(&sandbox, "GET", "/_state", "").await;
    let intacct = &state["intacct"];
    assert_eq!(intacct["requests"], json!({"total": 2, "login": 2, "getAPISession": 1, "create": 1}));
    assert_eq!((&intacct["logins"], &intacct["sessions"]), (&json!(2), &json!(1)));
    assert_eq!(intacct["ledger"][0]["lines"][0]["amount_minor"], 1000);
    assert_eq!(intacct["by_currency"][0]["debit_minor"], 1000);
    let (_, short) = control(&sandbox, "GET", "/_state?ledger=0", "").await;
    assert!(short["intacct"].get("ledger").is_none());
    assert_eq!(short["intacct"]["journal_entries"], 1);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_xml_by_post_is_taken() {
    let sandbox = start("[]").await;
    let body = envelope(&sandbox, false, "<function controlid=\"s\"><getDimensions/></function>");
    let get = answer(&bytes(&sandbox, "GET", GATEWAY, "application/xml", "").await);
    assert_eq!(get.status, 405);
    let json = answer(&bytes(&sandbox, "POST", GATEWAY, "application/json", &body).await);
    assert_eq!(json.status, 415);
    assert!(json.body.contains("<response><control><status>failure</status></control><errormessage>"), "{}", json.body);
    for content_type in ["application/xml", "text/xml; charset=utf-8", "x-intacct-xml-request"] {
        let taken = answer(&bytes(&sandbox, "POST", GATEWAY, content_type, &body).await);
        assert!(taken.body.contains("<result><status>success"), "{content_type}: {}", taken.body);
    }
    control(&sandbox, "POST", "/_faults", r#"{"assumptions":{"any_content_type":true}}"#).await;
    let lenient = answer(&bytes(&sandbox, "POST", GATEWAY, "text/plain", &body).await);
    assert_eq!(lenient.status, 200);
    let broken = gateway(&sandbox, "<request>").await;
    assert_eq!(broken.status, 200);
    assert!(broken.body.contains("XL03000003"), "{}", broken.body);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_several_requests() {
    let sandbox = start("[]").await;
    let address: SocketAddr = sandbox.origin.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    for _ in 0..2 {
        stream.write_all(b"GET /_state?ledger=0 HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"\n") {
            let mut buffer = [0; 4096];
            let n = tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await.unwrap().unwrap();
            assert_ne!(n, 0, "the connection stays open");
            seen.extend_from_slice(&buffer[..n]);
        }
    }
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_frees_the_port() {
    let sandbox = start("[]").await;
    let address: SocketAddr = sandbox.origin.strip_prefix("http://").unwrap().parse().unwrap();
    let hanging = r#"[{"action":"hang_before_commit"}]"#;
    control(&sandbox, "POST", "/_faults", hanging).await;
    let body = envelope(&sandbox, false, "<function controlid=\"s\"><getDimensions/></function>");
    let _open = open(&sandbox, "POST", GATEWAY, "application/xml", &body).await;
    sandbox.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn both_vendors_share_the_listener() {
    let sandbox = start("[]").await;
    let path = "/Integration-Server/ExpensifyIntegrations";
    let reply = answer(&bytes(&sandbox, "POST", path, "application/x-www-form-urlencoded", "").await);
    assert_eq!(reply.status, 200, "the Integration Server wraps its errors: {}", reply.body);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_edit_over_http() {
    let sandbox = start("[]").await;
    gateway(&sandbox, &envelope(&sandbox, true, &create(&sandbox, "R-1"))).await;
    let delete = r#"{"vendor":"intacct","action":"delete_entry","recordno":"4"}"#;
    assert_eq!(control(&sandbox, "POST", "/_edit", delete).await, (200, json!({"deleted": "4"})));
    let (status, answer) = control(&sandbox, "POST", "/_edit", delete).await;
    assert_eq!((status, &answer["error"]), (400, &json!("there is no entry 4")));
    assert_eq!(control(&sandbox, "POST", "/_edit", r#"{"vendor":"sap"}"#).await.0, 400);
    assert_eq!(control(&sandbox, "POST", "/_edit", "{").await.0, 400);
    sandbox.stop().await;
}
