//! Which reports a job selects.

use super::harness::{Server, export_job, server, unlimited};
use sandbox::expensify::Assumptions;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ALL: &str = "2026-01-01";

/// What the company says of its reports, by `show`.
fn shown(server: &mut Server) -> Vec<Value> {
    let list = server.model.edit(json!({"action": "list"})).unwrap();
    let ids: Vec<Value> = list.as_array().unwrap().iter().map(|entry| entry["report"].clone()).collect();
    ids.iter().map(|id| server.model.edit(json!({"action": "show", "report": id})).unwrap()).collect()
}

fn select(server: &mut Server, states: Option<&str>, filters: Value) -> BTreeSet<String> {
    let mut input = json!({"filters": filters});
    if let Some(states) = states {
        input["reportState"] = json!(states);
    }
    server.ids(export_job(input)).into_iter().collect()
}

fn expected(reports: &[Value], wanted: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    reports
        .iter()
        .filter(|report| wanted(report))
        .map(|report| report["report"].as_str().unwrap().to_string())
        .collect()
}

#[test]
fn states_narrow_and_no_states_means_all() {
    let mut server = server(200, unlimited());
    let reports = shown(&mut server);
    assert_eq!(select(&mut server, None, json!({"startDate": ALL})).len(), 200);
    for state in ["OPEN", "SUBMITTED", "APPROVED", "REIMBURSED", "ARCHIVED"] {
        let found = select(&mut server, Some(state), json!({"startDate": ALL}));
        assert_eq!(found, expected(&reports, |report| report["state"] == state), "{state}");
        assert!(!found.is_empty(), "{state}");
    }
    let both = select(&mut server, Some("APPROVED, REIMBURSED"), json!({"startDate": ALL}));
    let wanted = ["APPROVED", "REIMBURSED"];
    assert_eq!(both, expected(&reports, |report| wanted.contains(&report["state"].as_str().unwrap())));
}

#[test]
fn approved_after_knows_only_approved_reports_and_its_boundary_is_a_switch() {
    for inclusive in [true, false] {
        let mut server = server(200, Assumptions { approved_after_inclusive: inclusive, ..unlimited() });
        let reports = shown(&mut server);
        let day = reports.iter().find_map(|report| report["approved"].as_str()).unwrap()[..10].to_string();
        let found = select(&mut server, None, json!({"approvedAfter": day}));
        let wanted = |report: &Value| {
            report["approved"]
                .as_str()
                .is_some_and(|approved| approved[..10] > *day || (inclusive && approved[..10] == *day))
        };
        assert_eq!(found, expected(&reports, wanted));
        let on_the_day = expected(&reports, |report| report["approved"].as_str().is_some_and(|at| at[..10] == *day));
        assert_eq!(on_the_day.is_subset(&found), inclusive);
    }
}

#[test]
fn start_and_end_look_at_the_submission_and_never_at_the_approval() {
    let mut server = server(200, unlimited());
    let reports = shown(&mut server);
    let report = reports.iter().find(|report| report["state"] == "APPROVED").unwrap();
    let id = report["report"].as_str().unwrap().to_string();
    let (submitted, approved) =
        (&report["submitted"].as_str().unwrap()[..10], &report["approved"].as_str().unwrap()[..10]);
    assert!(submitted < approved);
    let mut selects =
        |start: &str, end: &str| select(&mut server, None, json!({"startDate": start, "endDate": end})).contains(&id);
    assert!(selects(submitted, submitted), "both ends are included");
    assert!(selects("2026-08-01", submitted));
    assert!(!selects(approved, "2026-11-24"), "approved in the window, submitted before it");
    assert!(!selects("2026-08-01", "2026-08-02"));
}

#[test]
fn ids_in_either_base_policies_and_limits() {
    let mut server = server(60, unlimited());
    let reports = shown(&mut server);
    let (first, second) = (&reports[3], &reports[9]);
    let list = format!(
        "{}, {},R00000000000,12,{}",
        first["report"].as_str().unwrap(),
        second["old_report"].as_str().unwrap(),
        first["old_report"].as_str().unwrap()
    );
    let found = select(&mut server, None, json!({"reportIDList": list}));
    let wanted = [first, second].map(|report| report["report"].clone());
    assert_eq!(found, expected(&reports, |report| wanted.contains(&report["report"])), "unknown ids are left out");

    let policy = "91B7E0D4C2A8F365";
    let found = select(&mut server, None, json!({"startDate": ALL, "policyIDList": policy}));
    assert_eq!(found, expected(&reports, |report| report["policy"] == policy));
    assert!(select(&mut server, None, json!({"startDate": ALL, "policyIDList": "NOPE"})).is_empty());

    for limit in [json!("7"), json!(7)] {
        let ids = server.ids(export_job(json!({"limit": limit, "filters": {"startDate": ALL}})));
        assert_eq!(ids.len(), 7);
    }
}

#[test]
fn another_account_and_exported_labels() {
    let mut server = server(200, unlimited());
    let lines = server.fetch(
        export_job(json!({"filters": {"startDate": ALL}})),
        "<#list reports as r>${r.reportID} ${r.accountEmail} ${r.state}\n</#list>",
    );
    let email = lines.lines().next().unwrap().split(' ').nth(1).unwrap().to_string();
    let wanted: BTreeSet<&str> = lines
        .lines()
        .filter(|line| line.contains(&format!(" {email} ")) && !line.ends_with("OPEN"))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let found = server.ids(export_job(json!({"employeeEmail": email, "filters": {"startDate": ALL}})));
    assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), wanted);

    let marked = found[0].clone();
    server.model.edit(json!({"action": "mark_exported", "report": marked, "label": "done"})).unwrap();
    let rest = select(&mut server, None, json!({"startDate": ALL, "markedAsExported": "done"}));
    assert!(rest.len() == 199 && !rest.contains(&marked));
    assert_eq!(select(&mut server, None, json!({"startDate": ALL, "markedAsExported": "other"})).len(), 200);
}

#[test]
fn a_year_back_needs_an_end_and_the_rule_can_be_switched_off() {
    let mut on = server(10, unlimited());
    assert!(!select(&mut on, None, json!({"approvedAfter": "2025-11-24"})).is_empty());
    assert!(select(&mut on, None, json!({"startDate": "2025-01-01", "endDate": "2026-01-01"})).is_empty());
    let mut off = server(10, Assumptions { one_year_rule: false, ..unlimited() });
    assert_eq!(select(&mut off, None, json!({"startDate": "2000-01-01"})).len(), 10);
}

#[test]
fn the_order_of_reports_is_nothing_to_rely_on() {
    let job = || export_job(json!({"filters": {"startDate": ALL}}));
    let mut server = server(20, Assumptions { reorder: true, ..unlimited() });
    let (first, mut second) = (server.ids(job()), server.ids(job()));
    assert_ne!(first, second);
    second.reverse();
    assert_eq!(first, second);
}
