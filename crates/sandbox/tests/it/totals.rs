//! Sums over all companies, and what stands in their books twice.

use crate::wire::*;
use sandbox::{Credentials, Options, Sandbox};
use serde_json::{Value, json};

async fn companies(companies: usize) -> Sandbox {
    let options = Options { companies, reports: 3, expenses_per_report: Some(2), ..Options::default() };
    sandbox::start(options).await.unwrap()
}

/// Books one entry, without the memory of control ids.
async fn book(sandbox: &Sandbox, own: &Credentials, control_id: &str, reference: &str) {
    let plain = create(sandbox, control_id);
    let body = plain.replace(&format!("<REFERENCENO>{control_id}<"), &format!("<REFERENCENO>{reference}<"));
    let answer = gateway(sandbox, &envelope_of(own, false, &body)).await;
    assert!(answer.body.contains("<RECORDNO>"), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn companies_are_summed_up_and_looking_calls_none() {
    let sandbox = companies(10_000).await;
    for number in [7, 9_999] {
        book(&sandbox, &sandbox.credentials_of(number), "k", "REPORT-RAAA").await;
    }
    control(&sandbox, "GET", "/_state?company=5000", "").await;
    control(&sandbox, "GET", "/_credentials?company=5000", "").await;
    control(&sandbox, "GET", "/_faults?company=5000", "").await;
    let (_, all) = control(&sandbox, "GET", "/_state/all?each=1&approved=1", "").await;
    assert_eq!((&all["companies"], &all["called"]), (&json!(10_000), &json!(3)), "the first and the two");
    let intacct = &all["intacct"];
    assert_eq!(
        [&intacct["journal_entries"], &intacct["lines"], &intacct["requests"]],
        [&json!(2), &json!(4), &json!(2)]
    );
    assert_eq!(intacct["by_currency"], json!([{"currency": "USD", "debit_minor": 2_000, "credit_minor": 2_000}]));
    assert_eq!(intacct["doubled"]["entries"], 0, "each company has an entry of its own");
    assert_eq!((&all["approved"]["reports"], &all["approved"]["expenses"]), (&json!(9), &json!(18)));
    let numbers: Vec<&Value> = all["each"].as_array().unwrap().iter().map(|own| &own["company"]).collect();
    assert_eq!(numbers, [0, 7, 9_999]);
    let last = |place: usize| all["each"][place]["intacct"]["last_entry_ms"].as_u64().unwrap();
    assert!(last(0) == 0 && last(1) > 0 && last(1) <= last(2));
    assert_eq!(sandbox.state_of_all(false, false)["intacct"], *intacct);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_all_approved_reports_come_to_is_what_they_say() {
    let sandbox = companies(2).await;
    let mut total = 0;
    let mut reports = Vec::new();
    for company in [0, 1] {
        let list = sandbox.edit(json!({"company": company, "action": "list", "state": "APPROVED"})).unwrap();
        for report in list.as_array().unwrap() {
            let shown =
                sandbox.edit(json!({"company": company, "action": "show", "report": report["report"]})).unwrap();
            total += shown["total_hundredths"].as_i64().unwrap();
            reports.push(shown["report"].clone());
        }
    }
    assert_eq!(reports.len(), 6);
    assert_eq!(sandbox.state_of_all(false, true)["approved"]["hundredths"], json!({"USD": total}));
    sandbox.edit(json!({"company": 1, "action": "unapprove", "report": reports[5]})).unwrap();
    assert_eq!(sandbox.state_of_all(false, true)["approved"]["reports"], 5);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_there_twice_is_counted() {
    let cases = [
        ("k1", "FAMILYONE-RAAA", "k2", "FAMILYTWO-RAAA", [0, 0, 0, 0]),
        ("k1", "FAMILYONE-RAAA", "k1", "FAMILYTWO-RAAA", [1, 0, 0, 1]),
        ("k1", "FAMILYONE-RAAA", "k2", "FAMILYONE-RAAA", [0, 1, 1, 1]),
        ("k1", "FAMILYONE-RAAA", "k2", "FAMILYONE-RBAA", [0, 0, 1, 1]),
        ("k1", "FAMILYONE-RAAA", "k1", "FAMILYONE-RBAA", [1, 0, 1, 1]),
        ("k1", "R-1", "k2", "R-2", [0, 0, 0, 0]),
    ];
    for (control_id, reference, second_id, second_reference, [ids, references, contents, entries]) in cases {
        let sandbox = companies(2).await;
        let own = sandbox.credentials_of(1);
        book(&sandbox, &own, control_id, reference).await;
        book(&sandbox, &own, second_id, second_reference).await;
        let expected = json!({"control_ids": ids, "references": references, "contents": contents, "entries": entries});
        assert_eq!(
            sandbox.state_of_all(false, false)["intacct"]["doubled"],
            expected,
            "{second_id} {second_reference}"
        );
        sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_report_with_other_lines_is_no_double() {
    let sandbox = companies(1).await;
    book(&sandbox, &sandbox.credentials, "k1", "FAMILYONE-RAAA").await;
    let change = json!({"vendor": "intacct", "action": "change_line", "recordno": "4", "line": 1,
        "field": "DEPARTMENT", "value": "100"});
    sandbox.edit(change).unwrap();
    book(&sandbox, &sandbox.credentials, "k2", "FAMILYONE-RBAA").await;
    let copy = json!({"vendor": "intacct", "action": "copy_entry", "recordno": "5"});
    sandbox.edit(copy).unwrap();
    assert_eq!(sandbox.state_of_all(false, false)["intacct"]["doubled"]["entries"], 0, "what people book is theirs");
    sandbox.stop().await;
}
