//! The seeded company: the same for the same seed, whole, and with every kind of problem in it.

use super::harness::{Server, approved_job, export_job, options, server, unlimited};
use sandbox::expensify::{Model, Options};
use sandbox::world::books_closed_until;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Everything that a report and its expenses print.
const EVERYTHING: &str = include_str!("golden/careful.ftl");

#[test]
fn the_same_seed_is_the_same_company_in_every_run() {
    let fetch = |seed: u64| {
        let mut server = Server { model: Model::new(Options { seed, ..options(50) }, unlimited()), now_ms: 5 };
        let credentials = server.model.credentials();
        (server.fetch(approved_job(), EVERYTHING), server.model.sample_report_id(), credentials.partner_user_secret)
    };
    assert_eq!(fetch(1), fetch(1));
    let (one, two) = (fetch(1), fetch(2));
    assert_ne!(one.0, two.0);
    assert_ne!(one.1, two.1);
    assert_ne!(one.2, two.2);
}

#[test]
fn most_approved_reports_are_clean() {
    let mut server = server(300, unlimited());
    let list = server.model.edit(json!({"action": "list"})).unwrap();
    let approved: Vec<&Value> = list
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| ["APPROVED", "REIMBURSED"].contains(&entry["state"].as_str().unwrap()))
        .collect();
    let clean = approved.iter().filter(|entry| entry["clean"] == true).count();
    let percent = clean * 100 / approved.len();
    assert!((85..=90).contains(&percent), "{percent} % of {}", approved.len());
    assert!(approved.len() > 240);
    let sample = server.model.sample_report_id();
    let entry = list.as_array().unwrap().iter().find(|entry| entry["report"] == json!(sample)).unwrap();
    assert_eq!((&entry["clean"], &entry["state"]), (&json!(true), &json!("APPROVED")));
}

#[test]
fn every_kind_of_trouble_is_there() {
    let mut server = server(300, unlimited());
    let row = "<#list reports as r><#list r.transactionList as e>${(e.category!\"\")?json_string}\t${(e.ntag1!\"\")?json_string}\t${(e.ntag2!\"\")?json_string}\t${e.currency}\t<#if e.convertedAmount??>c</#if>\t<#if e.modifiedAmount??>${e.modifiedAmount?c}</#if>\t${e.amount?c}\t${(e.cardNumber)!\"\"}\t${r.approved?substring(0, 10)}\t${(e.comment!\"\")?json_string}\t${e.type}\n</#list></#list>";
    let text = server.fetch(approved_job(), row);
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let closed = books_closed_until(options(0).today).to_string();
    let any = |wanted: &dyn Fn(&[&str]) -> bool| rows.iter().any(|row| wanted(row));
    assert!(any(&|r| r[0] == "Uncategorized") && any(&|r| r[0].is_empty()) && any(&|r| r[0] == "Team Offsite"));
    assert!(any(&|r| r[0] == "Legacy Travel") && any(&|r| r[0] == "Misc. (old)"));
    assert!(any(&|r| r[1] == "Field Ops (closed)") && any(&|r| r[2] == "Old Portal") && any(&|r| r[1].is_empty()));
    assert!(any(&|r| r[0] == "Client Project Costs" && r[2].is_empty()));
    assert!(any(&|r| r[8] <= closed.as_str()) && any(&|r| r[8] > closed.as_str()));
    assert!(
        any(&|r| r[3] == "EUR" && r[4].is_empty()) && any(&|r| r[3] == "JPY" && r[4] == "c") && any(&|r| r[3] == "KWD")
    );
    assert!(any(&|r| r[5] == "0" && r[4] == "c"), "corrected to nothing, with a conversion left standing");
    assert!(any(&|r| r[6] == "0") && any(&|r| r[6].starts_with('-')));
    assert!(any(&|r| r[7].ends_with("1234")) && any(&|r| r[10] == "distance"));
    for awkward in ["\\u0007", "\\u0000", "]]\\u003E", "🍣", "\\n", "\u{202e}", "Split 1 of 2", "\\\\:"] {
        assert!(any(&|r| r[9].contains(awkward)), "{awkward}");
    }
    assert!(any(&|r| r[9].len() > 1_000));
}

#[test]
fn levels_of_tags_are_joined_with_escapes() {
    let mut server = server(300, unlimited());
    let row = "<#list reports as r><#list r.transactionList as e><#if e.tag??>${e.tag}\t${e.ntag1!\"\"}\t${e.ntag2!\"\"}\t${e.tagGlCode!\"\"}\t${e.ntag2GlCode!\"\"}\n</#if></#list></#list>";
    let text = server.fetch(approved_job(), row);
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let has = |wanted: [&str; 5]| assert!(rows.iter().any(|row| *row == wanted), "{wanted:?}");
    has(["Sales:Globex\\: Phase 2", "Sales", "Globex: Phase 2", "200:P-2001", "P-2001"]);
    has([":Acme Support", "", "Acme Support", ":P-1002", "P-1002"]);
    has(["Sales", "Sales", "", "200", ""]);
}

#[test]
fn totals_are_the_sums_of_effective_amounts() {
    let mut server = server(300, unlimited());
    let row = "<#list reports as r>${r.total?c}<#list r.transactionList as e> ${e.currency},${e.amount?c},<#if e.modifiedAmount??>${e.modifiedAmount?c}</#if>,<#if e.convertedAmount??>${e.convertedAmount?c}</#if></#list>\n</#list>";
    let text = server.fetch(export_job(json!({"filters": {"startDate": "2026-01-01"}})), row);
    assert_eq!(text.lines().count(), 300);
    for line in text.lines() {
        let mut parts = line.split(' ');
        let total: i64 = parts.next().unwrap().parse().unwrap();
        let effective = |expense: &str| {
            let fields: Vec<&str> = expense.split(',').collect();
            let number = |at: usize| fields[at].parse::<i64>().ok();
            if fields[0] == "USD" { number(2).or(number(1)).unwrap() } else { number(3).unwrap_or(0) }
        };
        assert_eq!(parts.map(effective).sum::<i64>(), total, "{line}");
    }
}

#[test]
fn in_scale_mode_everything_is_clean() {
    let model = Model::new(Options { expenses_per_report: Some(8), ..options(200) }, unlimited());
    let mut server = Server { model, now_ms: 0 };
    let row = "<#list reports as r>${r.state} ${r.transactionList?size} <#list r.transactionList as e>${e.reimbursable?c}${e.currency}${(e.category!\"\")?has_content?c}${(e.ntag1!\"\")?has_content?c}${(e.amount gt 0)?c}<#sep>,</#list>\n</#list>";
    let text = server.fetch(approved_job(), row);
    assert_eq!(text.lines().count(), 200);
    let clean = ["trueUSDtruetruetrue"; 8].join(",");
    assert!(text.lines().all(|line| line == format!("APPROVED 8 {clean}")), "{text}");
}

#[test]
fn ids_are_unique_and_too_long_for_a_double() {
    let mut server = server(300, unlimited());
    let row = "<#list reports as r><#list r.transactionList as e>${e.transactionID}\n</#list></#list>";
    let text = server.fetch(export_job(json!({"filters": {"startDate": "2026-01-01"}})), row);
    let ids: BTreeSet<&str> = text.lines().collect();
    assert_eq!(ids.len(), text.lines().count());
    assert!(ids.iter().all(|id| id.len() == 19 && id.parse::<i64>().unwrap() > 1 << 53));
}

#[test]
fn workspaces_answer_in_the_documented_shapes() {
    let mut server = server(5, unlimited());
    let mut get = |input: Value| -> Value {
        serde_json::from_str(&super::harness::text(server.job(json!({"type": "get", "inputSettings": input}), None)))
            .unwrap()
    };
    let list = get(json!({"type": "policyList"}));
    assert_eq!(list["responseCode"], 200);
    let ids: Vec<&str> =
        list["policyList"].as_array().unwrap().iter().filter_map(|policy| policy["id"].as_str()).collect();
    let fields = ["categories", "reportFields", "tags", "tax", "employees"];
    let answer = get(json!({"type": "policy", "policyIDList": ids, "fields": fields}));
    let info = &answer["policyInfo"];
    let levels = &info[ids[0]]["tags"];
    assert_eq!((&levels[0]["name"], &levels[1]["name"]), (&json!("Department"), &json!("Project")));
    assert_eq!(levels[1]["tags"][2], json!({"name": "Globex: Phase 2", "enabled": true, "glCode": "P-2001"}));
    assert_eq!(info[ids[1]]["tags"][0], json!({"name": "G&A", "enabled": true, "glCode": "100"}));
    assert_eq!(info[ids[0]]["tax"], json!({}));
    assert_eq!(info[ids[1]]["tax"]["rates"][0]["rate"], json!(8.875));
    assert_eq!(info[ids[0]]["employees"].as_array().map(Vec::len), Some(60));
    assert_eq!(info[ids[0]]["reportFields"][0]["type"], "dropdown");
    let offsite = info[ids[0]]["categories"].as_array().unwrap().iter().find(|c| c["name"] == "Team Offsite").unwrap();
    assert!(offsite.get("glCode").is_none());
    let only = get(json!({"type": "policy", "policyIDList": ids[0], "fields": ["tax"]}));
    assert_eq!(only["policyInfo"][ids[0]], json!({"tax": {}}), "only what was asked for");
    assert_eq!(
        get(json!({"type": "domainCardList", "domain": "example.com"}))["domainCardList"].as_array().map(Vec::len),
        Some(60)
    );
}
