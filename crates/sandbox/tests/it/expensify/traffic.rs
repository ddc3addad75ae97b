//! Names of files, batches, big downloads, rate limits, and the ways a request may come in.

use super::harness::{approved_job, encoded, envelope, options, server, text, unlimited};
use sandbox::expensify::{Assumptions, Body, Model, Options, RateLimit, Request};
use serde_json::{Value, json};

#[test]
fn an_export_answers_with_a_bare_name_and_nothing_else() {
    let mut server = server(5, unlimited());
    let reply = server.job(approved_job(), Some("x"));
    assert_eq!((reply.status, reply.content_type), (200, "text/plain;charset=utf-8"));
    let name = text(reply);
    let unique = name.strip_prefix("export").and_then(|rest| rest.strip_suffix(".json")).unwrap();
    assert_eq!(unique.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{name}");
    assert_ne!(name, server.export(approved_job(), "x"), "no name comes twice");

    let mut job = approved_job();
    job["outputSettings"] = json!({"fileExtension": "csv,json", "fileBasename": "mine_"});
    let names = server.export(job, "x");
    let names: Vec<&str> = names.split(',').collect();
    assert!(
        names.len() == 2 && names[0].starts_with("mine_") && names[0].ends_with(".csv") && names[1].ends_with(".json")
    );
    assert_eq!(server.download(names[1]), "x");
}

#[test]
fn batches_are_rendered_apart_and_joined() {
    let template = "[<#if addHeader>H</#if>${reports?size}]";
    for (batch_reports, expected) in [(0, "[H14]"), (5, "[H5][5][4]"), (14, "[H14]"), (100, "[H14]")] {
        let mut server = server(16, Assumptions { batch_reports, ..unlimited() });
        assert_eq!(server.fetch(approved_job(), template), expected, "{batch_reports}");
    }
}

#[test]
fn nothing_selected_is_still_rendered_once() {
    let mut server = server(5, unlimited());
    let mut job = approved_job();
    job["inputSettings"]["filters"] = json!({"reportIDList": "R00000000000"});
    assert_eq!(server.fetch(job.clone(), "<#if addHeader>header</#if><#list reports as r>x</#list>"), "header");
    assert_eq!(server.fetch(job, "<#list reports as r>x</#list>"), "", "a template without a header leaves no byte");
}

#[test]
fn a_file_keeps_what_it_was_asked_about() {
    let mut server = server(5, unlimited());
    let id = server.model.sample_report_id();
    let mut job = approved_job();
    job["inputSettings"]["filters"] = json!({"reportIDList": id});
    let name = server.export(job, "<#list reports as r>${r.state}</#list>");
    server.model.edit(json!({"action": "reimburse", "report": id})).unwrap();
    assert_eq!(server.download(&name), "APPROVED");
}

#[test]
fn a_hundred_thousand_expenses_come_in_small_pieces() {
    let options = Options { expenses_per_report: Some(8), ..options(12_500) };
    let mut server = super::harness::Server { model: Model::new(options, unlimited()), now_ms: 0 };
    let template =
        "<#list reports as r>${r.reportID}<#list r.transactionList as e> ${e.transactionID}</#list>\n</#list>";
    let name = server.export(approved_job(), template);
    let reply = server.job(json!({"type": "download", "fileName": name}), None);
    let Body::Chunks(chunks) = reply.body else { panic!("a big file is not held in memory") };
    let (mut reports, mut expenses, mut largest) = (0, 0, 0);
    for chunk in chunks {
        largest = largest.max(chunk.len());
        reports += chunk.iter().filter(|byte| **byte == b'\n').count();
        expenses += chunk.iter().filter(|byte| **byte == b' ').count();
    }
    assert_eq!((reports, expenses), (12_500, 100_000));
    assert!(largest < 64 * 1024, "{largest}");
}

#[test]
fn five_in_ten_seconds_and_twenty_in_sixty() {
    let mut server = server(3, Assumptions::default());
    let mut outcomes = Vec::new();
    for now_ms in [0, 0, 0, 0, 0, 1, 9_999, 10_000, 10_001] {
        server.now_ms = now_ms;
        outcomes.push(server.job(json!({"type": "get", "inputSettings": {"type": "policyList"}}), None).status);
    }
    assert_eq!(outcomes, [200, 200, 200, 200, 200, 429, 429, 200, 200]);

    let mut server =
        super::harness::server(3, Assumptions { rate_limit: RateLimit::Body429, ..Assumptions::default() });
    let mut refused_at = Vec::new();
    for second in 0..30 {
        server.now_ms = second * 2_500;
        let answer = text(server.job(json!({"type": "get", "inputSettings": {"type": "policyList"}}), None));
        if answer.contains("Too many requests") {
            assert_eq!(envelope(&answer), (429, "Too many requests. Please try again later".into()));
            refused_at.push(second);
        }
    }
    assert_eq!(refused_at, [20, 21, 22, 23], "20 at one every 2.5 s, then none until the first is 60 s old");
    assert_eq!(server.model.state()["requests"]["rate_limited"], 4);
}

#[test]
fn downloads_and_refused_jobs_count_as_requests() {
    let mut server = server(3, Assumptions::default());
    let name = server.export(approved_job(), "x");
    for _ in 0..3 {
        assert_eq!(server.download(&name), "x");
    }
    assert_eq!(envelope(&text(server.job(json!({"type": "launch"}), None))).0, 403);
    assert_eq!(envelope(&server.download(&name)).0, 429);
}

#[test]
fn every_known_way_of_sending_a_job_is_understood() {
    let mut server = server(5, unlimited());
    let pair = server.model.credentials();
    let (id, secret) = (&pair.partner_user_id, &pair.partner_user_secret);
    let json = format!(
        "{{\"type\":\"get\",\"credentials\":{{\"partnerUserID\":\"{id}\",\"partnerUserSecret\":\"{secret}\"}},\"inputSettings\":{{\"type\":\"policyList\"}}}}"
    );
    let python = format!(
        "{{'type': 'get', 'credentials': {{'partnerUserID': '{id}', 'partnerUserSecret': '{secret}',}}, 'inputSettings': {{'type': 'policyList', 'adminOnly': True}}}}"
    );
    let form = "application/x-www-form-urlencoded";
    let multipart =
        format!("--b\r\nContent-Disposition: form-data; name=\"requestJobDescription\"\r\n\r\n{json}\r\n--b--\r\n");
    let cases = [
        ("POST", String::new(), form, format!("requestJobDescription={}", encoded(&json))),
        ("POST", String::new(), form, format!("requestJobDescription={json}")),
        ("POST", String::new(), form, format!("requestJobDescription={}", encoded(&python))),
        ("GET", format!("requestJobDescription={}", encoded(&json)), "", String::new()),
        ("POST", format!("requestJobDescription={}", encoded(&json)), "application/json", String::new()),
        ("POST", String::new(), "multipart/form-data; boundary=b", multipart),
    ];
    for (method, query, content_type, body) in cases {
        let request =
            Request { method: method.into(), query, content_type: content_type.into(), body: body.into_bytes().into() };
        let described = format!("{request:?}");
        let reply = server.model.handle(0, request);
        assert_eq!(reply.content_type, "application/json", "{described}");
        let answer: Value = serde_json::from_str(&text(reply)).unwrap();
        assert_eq!(answer["policyList"].as_array().map(Vec::len), Some(3), "{described}");
    }
}
