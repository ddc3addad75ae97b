//! Faults on the wire: what is booked, and what of the answer arrives.

use crate::wire::*;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

async fn post(sandbox: &sandbox::Sandbox, body: &str) -> Vec<u8> {
    bytes(sandbox, "POST", GATEWAY, "application/xml", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_answers_no_byte() {
    for (action, booked) in [("drop_before_commit", 0), ("drop_after_commit", 1)] {
        let sandbox = start(&format!(r#"[{{"on":"create","nth":1,"action":"{action}"}}]"#)).await;
        let body = envelope(&sandbox, true, &create(&sandbox, "R-1"));
        assert_eq!(post(&sandbox, &body).await, b"", "{action}");
        assert_eq!(entries(&sandbox), booked, "{action}");
        // The second time the memory answers, or the entry is booked; once it stands in any case.
        let again = gateway(&sandbox, &body).await;
        assert_eq!(again.body.contains("<RECORDNO>"), booked == 0, "{}", again.body);
        assert_eq!(entries(&sandbox), 1);
        sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_request_answers_nothing_until_the_client_leaves() {
    let sandbox = start(r#"[{"on":"create","action":"hang_after_commit"}]"#).await;
    let body = envelope(&sandbox, true, &create(&sandbox, "R-1"));
    let mut stream = open(&sandbox, "POST", GATEWAY, "application/xml", &body).await;
    until_entries(&sandbox, 1).await;
    let mut buffer = [0; 1];
    let waited = timeout(Duration::from_millis(50), stream.read(&mut buffer)).await;
    assert!(waited.is_err(), "neither a byte nor an end: {waited:?}");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_happens_after_the_cut() {
    let sandbox = start(r#"[{"on":"create","nth":1,"action":"late_commit","delay_ms":300}]"#).await;
    let body = envelope(&sandbox, true, &create(&sandbox, "R-1"));
    assert_eq!(post(&sandbox, &body).await, b"");
    assert_eq!(entries(&sandbox), 0, "not yet");
    until_entries(&sandbox, 1).await;
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_when_the_client_leaves() {
    let sandbox = start(r#"[{"on":"create","latency_ms":100}]"#).await;
    let body = envelope(&sandbox, true, &create(&sandbox, "R-1"));
    let stream = open(&sandbox, "POST", GATEWAY, "application/xml", &body).await;
    let arrived = async {
        while sandbox.state()["intacct"]["requests"]["total"] != 1 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, arrived).await.expect("the request arrives");
    drop(stream);
    until_entries(&sandbox, 1).await;
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_answer_stops_where_it_is_told() {
    for keep in [0, 1, 100, 400] {
        let rule = format!(r#"[{{"on":"create","action":"truncate","bytes":{keep}}}]"#);
        let sandbox = start(&rule).await;
        let received = post(&sandbox, &envelope(&sandbox, true, &create(&sandbox, "R-1"))).await;
        let answer = answer(&received);
        let whole: usize = answer.header("content-length").unwrap().parse().unwrap();
        assert!(answer.status == 200 && answer.body.len() == keep && whole > keep, "{keep}: {answer:?}");
        assert_eq!(entries(&sandbox), 1);
        sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_errors_of_the_edge() {
    let cases = [
        ("http_500", 500, ""),
        ("http_502", 502, ""),
        ("http_503_html", 503, "<html>"),
        ("http_524", 524, "<html>"),
        ("html_200", 200, "<html>"),
        ("empty_200", 200, ""),
        ("gateway_error", 500, "<errorno>GW-0001</errorno>"),
        ("rate_limit_429", 429, "<errorno>GW-0010</errorno>"),
        ("rate_limit_200", 200, "API rate limit exceeded"),
        ("edge_401", 401, "<errorno>XMLGW_JPP0002</errorno>"),
        ("offline", 200, "The Service is Temporarily Off-line"),
    ];
    let sandbox = start("[]").await;
    let mut booked = 0;
    for (n, (action, status, part)) in cases.into_iter().enumerate() {
        for commit in [false, true] {
            let rule = json!([{"action": action, "commit": commit}]).to_string();
            assert_eq!(control(&sandbox, "POST", "/_faults", &rule).await.0, 200);
            let body = envelope(&sandbox, true, &create(&sandbox, &format!("R-{n}-{commit}")));
            let answer = gateway(&sandbox, &body).await;
            assert_eq!(answer.status, status, "{action}");
            assert!(answer.body.contains(part) && (part.is_empty() == answer.body.is_empty()), "{action}: {answer:?}");
            booked += u64::from(commit);
            assert_eq!(entries(&sandbox), booked, "{action} {commit}");
        }
    }
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_say_the_wrong_thing() {
    let cases = [
        ("malformed_xml", 1, "</result></response>"),
        ("doctype", 1, "<!DOCTYPE response"),
        ("closed_period", 0, "Periods are closed."),
        ("omit_recordno", 1, "count=\"1\"><glbatch></glbatch>"),
        ("foreign_controlid", 1, "<controlid>00000000-0000-4000-8000-000000000000</controlid>"),
        ("missing_result", 1, "</authentication></operation>"),
        ("duplicate_result", 1, "</result><result>"),
    ];
    for (action, booked, part) in cases {
        let sandbox = start(&format!(r#"[{{"on":"create","action":"{action}"}}]"#)).await;
        let answer = gateway(&sandbox, &envelope(&sandbox, true, &create(&sandbox, "R-1"))).await;
        assert!(answer.status == 200 && answer.body.contains(part), "{action}: {}", answer.body);
        assert_eq!(entries(&sandbox), booked, "{action}");
        sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_delivery_books_twice_without_uniqueid() {
    for (unique, booked) in [(true, 1), (false, 2)] {
        let sandbox = start(r#"[{"on":"create","action":"duplicate_delivery"}]"#).await;
        gateway(&sandbox, &envelope(&sandbox, unique, &create(&sandbox, "R-1"))).await;
        assert_eq!(entries(&sandbox), booked);
        sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_session_is_refused_and_stays_so() {
    let sandbox = start(r#"[{"on":"query","nth":2,"action":"expired_session"}]"#).await;
    let sign_in = envelope(&sandbox, false, "<function controlid=\"s\"><getAPISession/></function>");
    let opened = gateway(&sandbox, &sign_in).await.body;
    let id = opened.split("sessionid>").nth(1).unwrap().trim_end_matches("</");
    let query = "<function controlid=\"q\"><query><object>CLASS</object><select><field>NAME</field></select></query></function>";
    let body = with_authentication(&sandbox, false, &format!("<sessionid>{id}</sessionid>"), query);
    assert!(gateway(&sandbox, &body).await.body.contains("<result><status>success"));
    for _ in 0..2 {
        assert!(gateway(&sandbox, &body).await.body.contains("Invalid session"));
    }
    assert!(gateway(&sandbox, &sign_in).await.body.contains("<sessionid>"));
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_over_the_company_s_slots_are_refused_or_wait() {
    let sandbox = start(r#"[{"contains":"SLOW","action":"hang_before_commit"}]"#).await;
    let slow = r#"{"faults":0}"#;
    assert_eq!(control(&sandbox, "POST", "/_faults", slow).await.0, 400, "unknown keys are refused");
    control(&sandbox, "POST", "/_faults", r#"{"assumptions":{"concurrency":1}}"#).await;
    control(&sandbox, "POST", "/_faults", r#"{"create_ms_per_function":400}"#).await;
    let first = envelope(&sandbox, true, &create(&sandbox, "R-1"));
    let running = open(&sandbox, "POST", GATEWAY, "application/xml", &first).await;
    let refused = async {
        loop {
            let body = envelope(&sandbox, false, "<function controlid=\"d\"><getDimensions/></function>");
            let answer = gateway(&sandbox, &body).await;
            if answer.status == 429 {
                return answer;
            }
        }
    };
    let answer = timeout(PATIENCE, refused).await.expect("the slot is taken");
    assert!(answer.body.contains("GW-0010"), "{}", answer.body);
    until_entries(&sandbox, 1).await;
    drop(running);
    control(&sandbox, "POST", "/_faults", r#"{"assumptions":{"over_concurrency_waits":true}}"#).await;
    let bodies = ["R-2", "R-3"].map(|id| envelope(&sandbox, true, &create(&sandbox, id)));
    let (one, two) = tokio::join!(gateway(&sandbox, &bodies[0]), gateway(&sandbox, &bodies[1]));
    assert_eq!((one.status, two.status), (200, 200));
    assert_eq!(entries(&sandbox), 3);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn serial_creates_take_turns() {
    let sandbox = start(r#"{"rules":[],"create_ms_per_function":40,"serial_creates":true}"#).await;
    let bodies: Vec<String> = (0..4).map(|n| envelope(&sandbox, true, &create(&sandbox, &format!("R-{n}")))).collect();
    let begun = Instant::now();
    tokio::join!(
        gateway(&sandbox, &bodies[0]),
        gateway(&sandbox, &bodies[1]),
        gateway(&sandbox, &bodies[2]),
        gateway(&sandbox, &bodies[3])
    );
    assert!(begun.elapsed() >= Duration::from_millis(160), "{:?}", begun.elapsed());
    assert_eq!(entries(&sandbox), 4);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_set_read_and_cleared_over_http() {
    let sandbox = start("[]").await;
    let rule = r#"[{"vendor":"intacct","on":"query","every":3,"action":"delay","latency_ms":1}]"#;
    let (_, now) = control(&sandbox, "POST", "/_faults", rule).await;
    assert_eq!(now["faults"]["rules"][0]["every"], 3);
    let (_, now) = control(&sandbox, "POST", "/_faults", r#"{"assumptions":{"failed_burns_key":true}}"#).await;
    assert_eq!(now["assumptions"]["failed_burns_key"], true);
    assert_eq!(now["faults"]["rules"][0]["every"], 3, "switches alone leave the rules");
    let (_, now) =
        control(&sandbox, "POST", "/_faults", r#"{"latency_ms":2,"expensify_assumptions":{"batch_reports":7}}"#).await;
    assert_eq!((&now["faults"]["latency_ms"], &now["expensify_assumptions"]["batch_reports"]), (&json!(2), &json!(7)));
    assert_eq!(now["faults"]["rules"], json!([]));
    for (wrong, place) in [
        ("nonsense", "line 1, column 2"),
        (r#"[{"action":"explode"}]"#, "rules[0]"),
        (r#"{"assumptions":{"mood":1}}"#, "assumptions"),
        (r#"{"assumptions":[]}"#, "assumptions"),
        (r#"{"rules":[],"assumptions":{"retention_ms":"x"}}"#, "assumptions"),
    ] {
        let (status, error) = control(&sandbox, "POST", "/_faults", wrong).await;
        assert_eq!((status, &error["where"]), (400, &json!(place)), "{wrong}: {error}");
        assert!(error["what"].is_string() && error["remedy"].is_string(), "{error}");
    }
    let (_, now) = control(&sandbox, "GET", "/_faults", "").await;
    assert_eq!(now["faults"]["latency_ms"], 2, "a wrong request changes nothing");
    let (_, now) = control(&sandbox, "DELETE", "/_faults", "").await;
    assert_eq!(now["faults"]["latency_ms"], 0);
    assert_eq!(now["assumptions"]["failed_burns_key"], true);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expensify_suffers_too() {
    let path = "/Integration-Server/ExpensifyIntegrations";
    let form = "application/x-www-form-urlencoded";
    let sandbox = start("[]").await;
    for (action, status) in
        [("http_500", 500), ("http_503_html", 503), ("rate_limit_429", 429), ("rate_limit_200", 200)]
    {
        let rule = json!([{"vendor": "expensify", "action": action}]).to_string();
        control(&sandbox, "POST", "/_faults", &rule).await;
        assert_eq!(answer(&bytes(&sandbox, "POST", path, form, "").await).status, status, "{action}");
    }
    control(&sandbox, "POST", "/_faults", r#"[{"vendor":"expensify","action":"drop_after_commit"}]"#).await;
    assert_eq!(bytes(&sandbox, "POST", path, form, "").await, b"");
    let body = envelope(&sandbox, false, "<function controlid=\"d\"><getDimensions/></function>");
    assert_eq!(gateway(&sandbox, &body).await.status, 200, "the other vendor is well");
    sandbox.stop().await;
}
