//! What goes out: the exact jobs, properly encoded, and nothing that could write.

use expensify::{Anchor, Credentials, ExportFile, PolicyField, ReportQuery, ReportState, TEMPLATE};
use jiff::civil::date;
use serde_json::{Value, json};

use crate::server::{Request, SECRET, Server, USER_ID, ok};

fn queries() -> Vec<ReportQuery> {
    let mut by_id = ReportQuery::new(Anchor::ReportIds(vec!["R00b".to_owned(), "123".to_owned()]));
    by_id.limit = Some(100);
    let mut approved =
        ReportQuery::new(Anchor::ApprovedAfter { date: date(2026, 2, 28), end: Some(date(2026, 3, 31)) });
    approved.states = vec![ReportState::Approved, ReportState::Reimbursed];
    approved.policy_ids = vec!["P1".to_owned(), "P2".to_owned()];
    let open = ReportQuery::new(Anchor::ApprovedAfter { date: date(2026, 2, 28), end: None });
    let submitted = ReportQuery::new(Anchor::Submitted { start: date(2026, 1, 1), end: date(2026, 1, 31) });
    vec![by_id, approved, open, submitted]
}

/// Asks for everything the client can ask for.
async fn all_requests() -> Vec<Request> {
    let server = Server::start((0..7).map(|_| ok("{}")).collect()).await;
    let client = server.client();
    for query in queries() {
        client.export_reports(&query).await.unwrap_err();
    }
    client.download(&ExportFile::new("export1.json").unwrap()).await.err().unwrap();
    client.policies().await.unwrap_err();
    let all = [
        PolicyField::Categories,
        PolicyField::ReportFields,
        PolicyField::Tags,
        PolicyField::Tax,
        PolicyField::Employees,
    ];
    client.policy_details(&["P1".to_owned()], &all).await.unwrap_err();
    server.requests()
}

fn job(request: &Request) -> Value {
    serde_json::from_str(&request.fields["requestJobDescription"]).unwrap()
}

#[tokio::test]
async fn the_jobs_are_exactly_these() {
    let requests = all_requests().await;
    let credentials = json!({ "partnerUserID": USER_ID, "partnerUserSecret": SECRET });
    let export = |mut input: Value| {
        input["type"] = json!("combinedReportData");
        json!({
            "type": "file", "credentials": credentials, "inputSettings": input,
            "onReceive": { "immediateResponse": ["returnRandomFileName"] },
            "outputSettings": { "fileExtension": "json" },
        })
    };
    let get = |input: Value| json!({ "type": "get", "credentials": credentials, "inputSettings": input });
    let expected = [
        export(json!({ "limit": "100", "filters": { "reportIDList": "R00b,123" } })),
        export(json!({
            "reportState": "APPROVED,REIMBURSED",
            "filters": { "policyIDList": "P1,P2", "approvedAfter": "2026-02-28", "endDate": "2026-03-31" },
        })),
        export(json!({ "filters": { "approvedAfter": "2026-02-28" } })),
        export(json!({ "filters": { "startDate": "2026-01-01", "endDate": "2026-01-31" } })),
        json!({
            "type": "download", "credentials": credentials, "fileName": "export1.json",
            "fileSystem": "integrationServer",
        }),
        get(json!({ "type": "policyList" })),
        get(json!({
            "type": "policy", "policyIDList": ["P1"],
            "fields": ["categories", "reportFields", "tags", "tax", "employees"],
        })),
    ];
    assert_eq!(requests.iter().map(job).collect::<Vec<_>>(), expected);
    for (index, request) in requests.iter().enumerate() {
        assert_eq!(request.fields.get("template").map(String::as_str), (index < 4).then_some(TEMPLATE));
        assert_eq!(request.fields.len(), if index < 4 { 2 } else { 1 });
    }
}

#[tokio::test]
async fn no_job_can_write() {
    let writing = [
        "create",
        "update",
        "onFinish",
        "markAsExported",
        "markedAsExported",
        "reportStatus",
        "reconciliation",
        "merge",
        "rules",
        "\"test\"",
        "dry",
        "sftp",
        "mail",
        "\"data\"",
        "delete",
        "reimburse",
        "approve\"",
    ];
    for request in all_requests().await {
        let mut job = job(&request);
        // The states asked for are words of a filter, and the credentials are nobody's words.
        job["credentials"] = Value::Null;
        job["inputSettings"]["reportState"] = Value::Null;
        let text = job.to_string();
        for word in writing {
            assert!(!text.contains(word), "{word} in {text}");
        }
        assert!(["file", "download", "get"].contains(&job["type"].as_str().unwrap()));
        assert!(!request.fields.contains_key("data") && !request.fields.contains_key("file"));
    }
}

#[tokio::test]
async fn credentials_travel_in_the_body_only_and_bodies_are_encoded() {
    for request in all_requests().await {
        assert!(request.head.starts_with("POST /Integration-Server/ExpensifyIntegrations HTTP/1.1\r\n"));
        assert!(request.head.contains("content-type: application/x-www-form-urlencoded"));
        assert!(request.head.contains("user-agent: ml-connector/"));
        assert!(!request.head.contains(USER_ID) && !request.head.contains("s3cr3t"));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.*+%&=".contains(&b);
        assert!(request.body.bytes().all(plain));
    }
    let shown = format!("{:?}", Credentials::new(USER_ID, SECRET));
    assert!(!shown.contains(USER_ID) && !shown.contains(SECRET), "{shown}");
}
