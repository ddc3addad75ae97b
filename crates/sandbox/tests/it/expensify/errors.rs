//! Every refusal, with its code and message, under HTTP 200.

use super::harness::{approved_job, encoded, envelope, export_job, server, text, unlimited};
use sandbox::expensify::{Asked, Assumptions, NotReady, Request};
use serde_json::{Value, json};

fn refusal(input: Value) -> (i64, String) {
    let mut server = server(5, unlimited());
    envelope(&server.export(export_job(input), "x"))
}

#[test]
fn malformed_exports() {
    let no_anchor = "At least one of 'reportIDList', 'startDate' or 'approvedAfter' is required";
    let date = |text: &str| format!("Malformed date '{text}'. Expected format is yyyy-MM-dd");
    let cases: [(Value, String); 12] = [
        (json!({}), no_anchor.into()),
        (json!({"reportState": "APPROVED"}), no_anchor.into()),
        (json!({"filters": {"policyIDList": "X"}}), no_anchor.into()),
        (json!({"filters": {"endDate": "2026-01-01"}}), no_anchor.into()),
        (json!({"filters": {"startDate": "16-01-01"}}), date("16-01-01")),
        (json!({"filters": {"approvedAfter": "2026-02-30"}}), date("2026-02-30")),
        (json!({"filters": {"approvedAfter": "2026-11-1"}}), date("2026-11-1")),
        (json!({"filters": {"startDate": "2026-11-01", "endDate": "tomorrow"}}), date("tomorrow")),
        (json!({"filters": {"startDate": "2025-01-01"}}), "Required parameter 'endDate' is missing".into()),
        (
            json!({"filters": {"startDate": "2025-01-01", "endDate": "2026-01-02"}}),
            "Date range exceeds one year".into(),
        ),
        (
            json!({"reportState": "PAID", "filters": {"startDate": "2026-11-01"}}),
            "Status 'PAID' is not supported".into(),
        ),
        (
            json!({"limit": "ten", "filters": {"startDate": "2026-11-01"}}),
            "Argument 'limit' is missing or malformed".into(),
        ),
    ];
    for (input, message) in cases {
        assert_eq!(refusal(input.clone()), (410, message), "{input}");
    }
}

#[test]
fn parts_of_a_job_that_are_missing() {
    let mut server = server(5, unlimited());
    for (key, message) in [
        ("onReceive", "Argument 'onReceive' is missing or malformed"),
        ("inputSettings", "Argument 'inputSettings' is missing or malformed"),
        ("outputSettings", "Argument 'fileExtension' is missing or malformed"),
    ] {
        let mut job = approved_job();
        job.as_object_mut().unwrap().remove(key);
        assert_eq!(envelope(&server.export(job, "x")), (410, message.into()));
    }
    assert_eq!(
        envelope(&text(server.job(approved_job(), None))),
        (410, "Required parameter 'template' is missing".into())
    );
    let mut job = approved_job();
    job["outputSettings"]["fileExtension"] = json!("pdf");
    assert_eq!(envelope(&server.export(job, "x")).0, 410);
}

#[test]
fn credentials_and_the_frame_of_a_request() {
    let mut server = server(5, unlimited());
    let mut send = |description: &str| {
        let reply = server.form(format!("requestJobDescription={}", encoded(description)));
        assert_eq!((reply.status, reply.content_type), (200, "text/plain;charset=utf-8"));
        envelope(&text(reply))
    };
    assert_eq!(send(r#"{"type":"file"}"#), (403, "No authentication method specified".into()));
    assert_eq!(send(r#"{"type":"file","credentials":{}}"#), (403, "No authentication method specified".into()));
    let wrong = r#"{"type":"file","credentials":{"partnerUserID":"a","partnerUserSecret":"b"}}"#;
    assert_eq!(send(wrong), (404, "Authentication error".into()));
    assert_eq!(send("not json").0, 500);
    assert_eq!(envelope(&text(server.form(String::new()))).0, 500);
    assert_eq!(envelope(&text(server.job(json!({"type": "launch"}), None))).0, 403);
    assert_eq!(envelope(&text(server.job(json!({}), None))), (410, "Argument 'type' is missing or malformed".into()));
}

#[test]
fn another_domain_is_refused_as_a_permission_in_disguise() {
    let input = json!({"employeeEmail": "a@elsewhere.org", "filters": {"startDate": "2026-11-01"}});
    assert_eq!(refusal(input), (500, "Not authorized to authenticate as user a@elsewhere.org".into()));
}

#[test]
fn reading_jobs_refuse_what_they_do_not_know() {
    let mut server = server(5, unlimited());
    let mut get = |input: Value| envelope(&text(server.job(json!({"type": "get", "inputSettings": input}), None)));
    assert_eq!(
        get(json!({"type": "policy", "fields": ["tags"]})),
        (410, "Required parameter 'policyIDList' is missing".into())
    );
    assert_eq!(
        get(json!({"type": "policy", "policyIDList": ["abc"], "fields": ["tags"]})),
        (410, "Policy not found".into())
    );
    assert_eq!(get(json!({"type": "policy", "policyIDList": ["3F2A9C51D07E4B86"], "fields": ["x"]})).0, 410);
    assert_eq!(get(json!({"type": "policyInfo"})), (410, "Argument 'type' is missing or malformed".into()));
    assert_eq!(get(json!({"type": "policyList", "userEmail": "x@y.z"})).0, 500);
}

#[test]
fn a_broken_template_is_refused_or_breaks_the_file() {
    let broken = "<#list reports as report>${report.reportID?c}</#list>";
    let mut strict = server(5, unlimited());
    let (code, message) = envelope(&strict.export(approved_job(), broken));
    assert!(code == 500 && message.contains("?c"), "{message}");
    let (code, message) = envelope(&strict.export(approved_job(), "<#include \"x\">"));
    assert!(code == 500 && message.contains("<#include>"), "{message}");
    let mut late = server(5, Assumptions { refuse_broken_template: false, ..unlimited() });
    let file = late.fetch(approved_job(), broken);
    assert!(file.contains("FreeMarker template error"), "{file}");
}

#[test]
fn writing_jobs_are_refused_and_remembered() {
    let mut server = server(5, unlimited());
    for kind in ["create", "update", "reconciliation", "reportStatus"] {
        assert_eq!(envelope(&text(server.job(json!({"type": kind}), None))).0, 403);
    }
    let mut job = approved_job();
    job["onFinish"] = json!([{"actionName": "markAsExported", "label": "x"}]);
    assert!(server.export(job, "x").starts_with("export"), "the export itself goes on");
    let state = server.model.state();
    let why: Vec<&str> = state["violations"].as_array().unwrap().iter().filter_map(|v| v["why"].as_str()).collect();
    let expected =
        ["job type create", "job type update", "job type reconciliation", "job type reportStatus", "onFinish in a job"];
    assert_eq!(why, expected);
    assert_eq!(state["requests"]["write"], 4);
}

#[test]
fn misplaced_keys_are_ignored_with_a_diagnostic_or_refused() {
    let input = json!({"limit": "2", "filters": {"startDate": "2026-01-01", "reportState": "APPROVED", "limit": "1"}});
    let mut job = export_job(input);
    job["outputSettings"]["fileBaseName"] = json!("mine");
    let mut lenient = server(40, unlimited());
    assert_eq!(lenient.ids(job.clone()).len(), 2);
    let notes = lenient.model.state()["diagnostics"].to_string();
    for path in ["inputSettings.filters.reportState", "inputSettings.filters.limit", "outputSettings.fileBaseName"] {
        assert!(notes.contains(path), "{notes}");
    }
    let mut strict = server(40, Assumptions { strict_keys: true, ..unlimited() });
    assert_eq!(envelope(&strict.export(job, "x")).0, 410);
}

#[test]
fn downloads_that_are_not_there_or_not_there_yet() {
    for (not_ready, expected) in [
        (NotReady::Empty, String::new()),
        (NotReady::NotFound, r#"{"responseCode":404,"responseMessage":"File not found"}"#.into()),
        (NotReady::Gone, r#"{"responseCode":410,"responseMessage":"File is not available"}"#.into()),
    ] {
        let mut server = server(5, Assumptions { file_delay_ms: 3_000, not_ready, ..unlimited() });
        let name = server.export(approved_job(), "ready");
        assert_eq!(server.download(&name), expected);
        server.now_ms += 2_999;
        assert_eq!(server.download(&name), expected);
        server.now_ms += 1;
        assert_eq!(server.download(&name), "ready");
        assert_eq!(envelope(&server.download("export-no-such.json")), (404, "File not found".into()));
    }
}

#[test]
fn the_file_system_may_be_left_out_and_the_file_name_may_not() {
    let mut server = server(5, unlimited());
    let name = server.export(approved_job(), "here");
    assert_eq!(text(server.job(json!({"type": "download", "fileName": name}), None)), "here");
    let elsewhere = json!({"type": "download", "fileName": name, "fileSystem": "reconciliation"});
    assert_eq!(envelope(&text(server.job(elsewhere, None))).0, 404);
    let nameless = json!({"type": "download"});
    assert_eq!(envelope(&text(server.job(nameless, None))), (410, "Required parameter 'fileName' is missing".into()));
}

#[test]
fn fault_rules_can_tell_jobs_apart() {
    for (description, kind) in [
        (r#"{"type":"file"}"#, "export"),
        ("{'type': 'download'}", "download"),
        (r#"{"type":"get"}"#, "get"),
        (r#"{"type":"create"}"#, "write"),
        (r#"{"type":"x"}"#, "unknown"),
        ("", "unknown"),
    ] {
        let body = format!("requestJobDescription={}", encoded(description)).into_bytes().into();
        assert_eq!(Asked::read(&Request { body, ..Request::default() }).job_name(), kind);
    }
}
