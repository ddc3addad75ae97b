//! Many companies in one sandbox: each with its own credentials, reports, books, limits, faults and counters.

use crate::wire::*;
use sandbox::{Credentials, Options, Sandbox};
use serde_json::{Value, json};

const INTEGRATION: &str = "/Integration-Server/ExpensifyIntegrations";
const TEMPLATE: &str = "<#list reports as r>${r.reportID}\n</#list>";

async fn companies(companies: usize, reports_each: usize) -> Sandbox {
    let options = Options { companies, reports: 16, reports_each: Some(reports_each), ..Options::default() };
    sandbox::start(Options { reports_of: vec![(3, 40)], ..options }).await.unwrap()
}

/// Sends a job to the Integration Server under these credentials.
async fn job(sandbox: &Sandbox, credentials: &Credentials, mut job: Value, template: &str) -> Answer {
    let pair = &credentials.expensify;
    job["credentials"] = json!({"partnerUserID": pair.partner_user_id, "partnerUserSecret": pair.partner_user_secret});
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let body = format!("requestJobDescription={}&template={}", encoded(&job.to_string()), encoded(template));
    answer(&bytes(sandbox, "POST", INTEGRATION, "application/x-www-form-urlencoded", &body).await)
}

async fn export(sandbox: &Sandbox, credentials: &Credentials) -> Answer {
    let asked = json!({
        "type": "file",
        "onReceive": {"immediateResponse": ["returnRandomFileName"]},
        "inputSettings": {"type": "combinedReportData", "reportState": "APPROVED,REIMBURSED",
            "filters": {"approvedAfter": "2026-01-01"}},
        "outputSettings": {"fileExtension": "txt"},
    });
    job(sandbox, credentials, asked, TEMPLATE).await
}

/// The body without the framing of a chunked answer: what the test looks for stands in lines of its own.
fn report_ids(answer: &Answer) -> Vec<String> {
    answer.body.lines().filter(|line| line.len() == 12 && line.starts_with('R')).map(str::to_owned).collect()
}

async fn download(sandbox: &Sandbox, credentials: &Credentials, name: &str) -> Answer {
    job(sandbox, credentials, json!({"type": "download", "fileName": name}), "").await
}

async fn session(sandbox: &Sandbox, credentials: &Credentials) -> String {
    let sign_in = envelope_of(credentials, false, "<function controlid=\"s\"><getAPISession/></function>");
    let opened = gateway(sandbox, &sign_in).await.body;
    opened.split("sessionid>").nth(1).unwrap_or_else(|| panic!("{opened}")).trim_end_matches("</").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_companies_share_neither_reports_nor_books() {
    let sandbox = companies(3, 16).await;
    let (one, two) = (sandbox.credentials_of(1), sandbox.credentials_of(2));
    let mut reports = Vec::new();
    for own in [&one, &two] {
        let name = export(&sandbox, own).await.body;
        reports.push(report_ids(&download(&sandbox, own, &name).await));
        let stranger = if own.intacct.company_id == one.intacct.company_id { &two } else { &one };
        let refused = download(&sandbox, stranger, &name).await;
        assert!(refused.body.contains("File not found"), "{}", refused.body);
    }
    assert!(!reports[0].is_empty() && !reports[1].is_empty());
    assert!(reports[0].iter().all(|id| !reports[1].contains(id)), "{reports:?}");

    // The same control id is new to another company.
    for own in [&one, &two] {
        let booked = gateway(&sandbox, &envelope_of(own, true, &create(&sandbox, "R-1"))).await;
        assert!(booked.body.contains("<RECORDNO>4</RECORDNO>"), "{}", booked.body);
    }
    let again = gateway(&sandbox, &envelope_of(&one, true, &create(&sandbox, "R-1"))).await;
    assert!(again.body.contains("BL01001973"), "{}", again.body);
    let entries = |number| sandbox.state_of(number).unwrap()["intacct"]["journal_entries"].clone();
    assert_eq!([entries(0), entries(1), entries(2)], [json!(0), json!(1), json!(1)]);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_open_one_company_only() {
    let sandbox = companies(3, 0).await;
    let (one, two) = (sandbox.credentials_of(1), sandbox.credentials_of(2));
    let mut mixed = one.clone();
    mixed.intacct.user_password.clone_from(&two.intacct.user_password);
    mixed.expensify.partner_user_secret.clone_from(&two.expensify.partner_user_secret);
    let beyond = sandbox.credentials_of(3);
    for wrong in [&mixed, &beyond] {
        let refused = gateway(&sandbox, &envelope_of(wrong, false, &create(&sandbox, "R-1"))).await;
        assert!(refused.body.contains("XL03000006"), "{}", refused.body);
        let refused = export(&sandbox, wrong).await;
        assert!(refused.body.contains("Authentication error"), "{}", refused.body);
    }
    // A session is its company's, whoever names it.
    let id = session(&sandbox, &two).await;
    let authentication = format!("<sessionid>{id}</sessionid>");
    let body = with_authentication(&sandbox, true, &authentication, &create(&sandbox, "R-1"));
    assert!(gateway(&sandbox, &body).await.body.contains("<RECORDNO>4</RECORDNO>"));
    assert_eq!(sandbox.state_of(2).unwrap()["intacct"]["journal_entries"], 1);
    let forged = with_authentication(&sandbox, true, &authentication.replace(".2.", ".1."), &create(&sandbox, "R-2"));
    assert!(gateway(&sandbox, &forged).await.body.contains("Invalid session"));
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn company_0_is_what_a_sandbox_of_one_company_has() {
    let many = companies(3, 0).await;
    let alone = sandbox::start(Options { reports: 16, ..Options::default() }).await.unwrap();
    let comparable = |sandbox: &Sandbox| json!([sandbox.credentials, sandbox.samples, sandbox.state()]);
    assert_eq!(comparable(&many), comparable(&alone));
    assert_eq!(json!(many.credentials_of(0)), json!(alone.credentials));
    assert_eq!(many.announcement()["companies"], 3);
    assert!(alone.announcement().get("companies").is_none());
    many.stop().await;
    alone.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_is_as_large_as_it_is_told() {
    let sandbox = companies(5, 2).await;
    let count = |number: usize| -> u64 {
        let state = sandbox.state_of(number).unwrap();
        state["expensify"]["reports"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum()
    };
    assert_eq!([0, 1, 2, 3, 4].map(count), [16, 2, 2, 40, 2]);
    assert!(sandbox.state_of(5).is_none());
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_to_be_had_on_the_same_machine() {
    let sandbox = companies(3, 2).await;
    let two = sandbox.credentials_of(2);
    for name in ["2", &two.intacct.company_id, &two.expensify.partner_user_id] {
        let (status, given) = control(&sandbox, "GET", &format!("/_credentials?company={name}"), "").await;
        assert_eq!((status, &given["credentials"]), (200, &json!(two)), "{name}");
        assert_eq!(given["samples"]["report_id"], sandbox.samples_of(2).unwrap().report_id);
    }
    for nobody in ["3", "x", "-1", ""] {
        for door in ["_credentials", "_state", "_faults"] {
            let (status, answer) = control(&sandbox, "GET", &format!("/{door}?company={nobody}"), "").await;
            assert_eq!(status, 404, "{door} {nobody}");
            assert!(answer["error"].as_str().unwrap().contains("0 to 2"), "{answer}");
        }
    }
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_counted_for_each_company() {
    let sandbox = companies(3, 0).await;
    let (one, two) = (sandbox.credentials_of(1), sandbox.credentials_of(2));
    for _ in 0..5 {
        assert_eq!(export(&sandbox, &one).await.status, 200);
    }
    assert_eq!(export(&sandbox, &one).await.status, 429);
    assert_eq!(export(&sandbox, &two).await.status, 200, "the other has all of its own left");
    let over = |number: usize, vendor: &str| sandbox.state_of(number).unwrap()[vendor]["over_budget"].clone();
    assert_eq!([over(0, "expensify"), over(1, "expensify"), over(2, "expensify")], [json!(0), json!(1), json!(0)]);

    control(&sandbox, "POST", "/_faults", r#"{"assumptions":{"concurrency":1}}"#).await;
    control(&sandbox, "POST", "/_faults", r#"{"company":1,"create_ms_per_function":600000}"#).await;
    let slow = envelope_of(&one, true, &create(&sandbox, "R-1"));
    let running = open(&sandbox, "POST", GATEWAY, "application/xml", &slow).await;
    let read = "<function controlid=\"d\"><getDimensions/></function>";
    let taken = async {
        while sandbox.state_of(1).unwrap()["intacct"]["most_at_once"] != 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, taken).await.expect("the create runs");
    assert_eq!(gateway(&sandbox, &envelope_of(&one, false, read)).await.status, 429);
    assert_eq!(gateway(&sandbox, &envelope_of(&two, false, read)).await.status, 200, "the other's slot is free");
    drop(running);
    assert_eq!([over(0, "intacct"), over(1, "intacct"), over(2, "intacct")], [json!(0), json!(1), json!(0)]);
    assert_eq!(sandbox.state_of(2).unwrap()["intacct"]["most_at_once"], 1);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_budget_is_counted_where_nothing_is_refused_for_it() {
    let sandbox = companies(2, 0).await;
    control(&sandbox, "POST", "/_faults", r#"{"expensify_assumptions":{"rate_limit":"off"}}"#).await;
    for _ in 0..7 {
        assert_eq!(export(&sandbox, &sandbox.credentials_of(1)).await.status, 200);
    }
    assert_eq!(sandbox.state_of(1).unwrap()["expensify"]["over_budget"], 2);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_an_address_are_those_of_all_its_companies() {
    let sandbox = companies(7, 0).await;
    control(&sandbox, "POST", "/_faults", r#"{"expensify_assumptions":{"limits_by_address":true}}"#).await;
    for number in 1..=5 {
        assert_eq!(export(&sandbox, &sandbox.credentials_of(number)).await.status, 200);
    }
    assert_eq!(export(&sandbox, &sandbox.credentials_of(6)).await.status, 429);
    let state = sandbox.state_of(6).unwrap()["expensify"].clone();
    assert_eq!((&state["over_budget"], &state["over_address"]), (&json!(0), &json!(1)));
    assert_eq!(sandbox.state_of_all(false, false)["expensify"]["over_address"], 1);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_and_switches_are_those_of_a_company_or_of_all() {
    let sandbox = companies(3, 0).await;
    let (one, two) = (sandbox.credentials_of(1), sandbox.credentials_of(2));
    let read = "<function controlid=\"d\"><getDimensions/></function>";
    let ask = async |own: &Credentials| gateway(&sandbox, &envelope_of(own, false, read)).await.status;
    control(&sandbox, "POST", "/_faults?company=1", r#"[{"action":"http_502"}]"#).await;
    assert_eq!((ask(&one).await, ask(&two).await, ask(&sandbox.credentials).await), (502, 200, 200));
    control(&sandbox, "POST", "/_faults", r#"[{"action":"http_500"}]"#).await;
    assert_eq!((ask(&one).await, ask(&two).await, ask(&sandbox.credentials).await), (502, 500, 500));
    control(&sandbox, "DELETE", "/_faults?company=1", "").await;
    assert_eq!(ask(&one).await, 500, "without faults of its own it suffers what all do");
    control(&sandbox, "POST", "/_faults?company=1", "[]").await;
    assert_eq!(ask(&one).await, 200, "none at all are faults of its own, too");
    control(&sandbox, "DELETE", "/_faults", "").await;
    assert_eq!((ask(&one).await, ask(&two).await), (200, 200));

    let switch = r#"{"company":"example-services-00001","assumptions":{"support_ids":false}}"#;
    let (_, now) = control(&sandbox, "POST", "/_faults", switch).await;
    assert_eq!(now["assumptions"]["support_ids"], false);
    let of = async |path: &str| control(&sandbox, "GET", path, "").await.1["assumptions"]["support_ids"].clone();
    assert_eq!((of("/_faults").await, of("/_faults?company=2").await), (json!(true), json!(true)));
    control(&sandbox, "POST", "/_faults", r#"{"assumptions":{"failed_burns_key":true}}"#).await;
    let (status, error) = control(&sandbox, "POST", "/_faults", r#"{"company":9,"rules":[]}"#).await;
    assert_eq!((status, &error["where"]), (400, &json!("company")));
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_edit_in_their_own_company() {
    let sandbox = companies(3, 2).await;
    let added = sandbox.edit(json!({"company": 2, "action": "add"})).unwrap();
    let reports = |number: usize| sandbox.state_of(number).unwrap()["expensify"]["reports"].clone();
    assert!(added["report"].is_string());
    assert_ne!(reports(2), reports(1));
    let close =
        r#"{"company":"example-services-00001","vendor":"intacct","action":"close_books","until":"01/31/2026"}"#;
    assert_eq!(control(&sandbox, "POST", "/_edit", close).await.0, 200);
    let closed = |number: usize| sandbox.state_of(number).unwrap()["intacct"]["closed_until"].clone();
    assert_eq!(closed(1), "01/31/2026");
    assert_ne!(closed(0), closed(1));
    let deactivate =
        json!({"company": 1, "vendor": "intacct", "action": "deactivate", "object": "DEPARTMENT", "key": "200"});
    sandbox.edit(deactivate).unwrap();
    // Both companies began with the same department; only one of them lost it.
    for (number, refused) in [(1, true), (2, false)] {
        let own = sandbox.credentials_of(number);
        let answer = gateway(&sandbox, &envelope_of(&own, true, &create(&sandbox, "R-1"))).await;
        assert_eq!(!answer.body.contains("<RECORDNO>4</RECORDNO>"), refused, "{number}: {}", answer.body);
    }
    let error = sandbox.edit(json!({"company": 3, "action": "add"})).unwrap_err();
    assert!(error.contains("0 to 2"), "{error}");
    sandbox.stop().await;
}
