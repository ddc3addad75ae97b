//! Reports over the API: lists in every order and with every filter, the same as a file for a spreadsheet, and what a
//! person says of a report after it was let in and before it was sent.

use jiff::tz::TimeZone;
use ml_connector::clock::Clock;
use ml_connector::store::{Ids, NewReport, Store};
use serde_json::{Value, json};

use super::belongings::{Belongings, master_key};
use super::day::Day;
use super::site::{Site, Visitor};
use crate::service::desk::{AtWork, Desk};
use crate::store::facts::{World, report};
use crate::stories::ledger;
use crate::stories::office::clean;

/// A service that can seal secrets.
pub async fn sealing() -> Site {
    let clock = Clock::system(TimeZone::UTC);
    Site::over(Store::in_memory(master_key(), Ids::system(), clock.now_ms()).await.unwrap(), &[]).await
}

/// A customer with forty reports of its own beside those of [`Belongings`].
async fn listed() -> (Site, Belongings, String) {
    let site = sealing().await;
    let own = Belongings::of(&site, "acme", 101).await;
    let flow = own.customer.flows().await.unwrap().remove(0).id;
    let run = site.store.ids().run(site.now_ms()).unwrap();
    let world = World { store: site.store.clone(), customer: own.customer.clone(), flow, run };
    let varied = |index: usize| NewReport {
        employee: if index == 7 { "=cmd|' /C calc'!A0".to_owned() } else { format!("Person {index}") },
        total_minor: Some(i64::try_from(index).unwrap() * 100 - 500),
        ..report(index, 1)
    };
    let reports: Vec<NewReport> = (1..=40).map(varied).collect();
    world.put(&reports, site.now_ms()).await;
    let customer = format!("/customers/{}", own.customer.id());
    (site, own, customer)
}

async fn ids(visitor: &Visitor, path: &str) -> Vec<String> {
    let items = visitor.get(path).await.is(200).json()["items"].clone();
    items.as_array().unwrap().iter().map(|row| row["report_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn lists_are_ordered_filtered_and_paged_with_cursors_of_their_own() {
    let (_site, own, customer) = listed().await;
    let admin = &own.admin;
    let reports = format!("{customer}/reports");
    assert_eq!(ids(admin, &format!("{reports}?sort=amount&order=desc&limit=2")).await, ["R00040", "R00039"]);
    assert_eq!(ids(admin, &format!("{reports}?amount_to_minor=-300&sort=amount")).await, ["R00001", "R00002"]);
    let oldest = ids(admin, &format!("{reports}?sort=age&order=desc&limit=3")).await;
    assert_eq!(oldest, ids(admin, &format!("{reports}?sort=first_seen&limit=3")).await);
    assert_eq!(ids(admin, &format!("{reports}?search=person%2037")).await, ["R00037"]);
    assert_eq!(ids(admin, &format!("{reports}?search=R00012")).await, ["R00012"]);
    let none = ids(admin, &format!("{reports}?states=held,posted&approved_from=2026-11-03")).await;
    assert_eq!(none, [""; 0]);

    let first = admin.get(&format!("{reports}?sort=amount&limit=30")).await.is(200).json();
    let after = first["next"].as_str().unwrap();
    let rest = ids(admin, &format!("{reports}?sort=amount&limit=30&after={after}")).await;
    assert_eq!(rest.len(), 13);
    // A cursor of one order or filter is none of another.
    admin.get(&format!("{reports}?sort=approved&after={after}")).await.refused(400, 423);
    admin.get(&format!("{reports}?sort=amount&currency=USD&after={after}")).await.refused(400, 423);
    for wrong in [
        "sort=name",
        "order=up",
        "states=lost",
        "approved_from=2026-02-30",
        "problem=101",
        "amount_from_minor=1.5",
        "color=red",
        &format!("search={}", "x".repeat(101)),
    ] {
        admin.get(&format!("{reports}?{wrong}")).await.refused(400, 423);
    }
    let flow = format!("{customer}/flows/{}/reports?search=person&limit=200", own.ids["flow"]);
    assert_eq!(ids(admin, &flow).await.len(), 39);
}

#[tokio::test]
async fn the_filtered_list_is_a_file_without_formulas() {
    let (_site, own, customer) = listed().await;
    let file = own.admin.get(&format!("{customer}/reports/csv?amount_to_minor=200&sort=amount")).await;
    file.is(200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"reports.csv\"");
    let lines: Vec<&str> = file.text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines.len(), 8, "{lines:?}");
    assert!(lines[0].starts_with("flow,report_id,number,"), "{}", lines[0]);
    assert!(lines[1].contains(",R00001,N1,Trip,Person 1,seen,APPROVED,2026-11-03,USD,-4.00,,"), "{}", lines[1]);
    assert!(lines[7].contains(",'=cmd|' /C calc'!A0,"), "{}", lines[7]);
    let whole = own.admin.get(&format!("{customer}/reports/csv")).await;
    assert_eq!(whole.is(200).text.lines().count(), 44, "a header, forty reports, and three more");
}

/// A day on which three reports wait for their review.
async fn reviewed() -> Day {
    Day::begin(Desk::open(clean(3, 2)).await, "review_first = 0", "review_first = 3").await
}

async fn approve(day: &Day, waiting: &[Value]) {
    for report in waiting {
        let entry = &report["entries"][0];
        let address = format!("{}/entries/{}/approve", day.customer, entry["reference"].as_str().unwrap());
        let body = json!({ "payload_sha256": entry["payload_sha256"], "note": "" });
        day.approver.post(&address, body).await.is(200);
    }
}

#[tokio::test]
async fn a_report_that_is_kept_back_waits_until_somebody_lets_it_go() {
    let day = reviewed().await;
    let at_work = day.desk.work();
    let waiting = day.rows(&format!("{}/waiting", day.customer), 3).await;
    let kept = waiting[0]["report_id"].as_str().unwrap();
    let hold = format!("{}/reports/{kept}/hold", day.flow);
    day.viewer.put(&hold, json!({ "reason": "duplicate?" })).await.refused(403, 421);
    day.operator.put(&hold, json!({ "reason": " " })).await.refused(400, 423);
    let answer = day.operator.put(&hold, json!({ "reason": "duplicate?" })).await.is(200).json();
    assert_eq!((&answer["left"], &answer["report"]["hold"]["reason"]), (&json!([]), &json!("duplicate?")));
    let gate = day.rows(&format!("{}/waiting?gate=MLC-147", day.customer), 1).await;
    assert_eq!(gate[0]["report_id"], kept);
    approve(&day, &waiting).await;
    day.reports("posted", 2).await;
    let rows = day.rows(&format!("{}/reports?states=ready", day.flow), 1).await;
    assert_eq!((&rows[0]["report_id"], &rows[0]["hold"]["reason"]), (&json!(kept), &json!("duplicate?")));
    let shown = day.viewer.get(&format!("{}/reports/{kept}", day.flow)).await.is(200).json();
    assert_eq!(shown["hold"]["reason"], "duplicate?");
    assert_eq!(shown["postings"][0]["decisions"][0]["decision"], "approve");
    assert_eq!(shown["postings"][0]["decisions"][0]["counts"], true);
    assert_eq!(shown["expenses"].as_array().unwrap().len(), 2, "{shown}");
    assert_eq!(ledger::entries(&day.desk.office).len(), 2);
    day.operator.delete(&hold).await.is(200);
    day.reports("posted", 3).await;
    day.operator.delete(&hold).await.refused(409, 424);
    day.operator.put(&hold, json!({ "reason": "too late" })).await.refused(409, 424);
    assert_eq!(ledger::entries(&day.desk.office).len(), 3);
    assert!(at_work.end().await);
}

/// Approves what waits while nobody works, so that one pass lets all of it in; the look into the ledger, which comes after
/// that and before anything is sent, takes long.
async fn admitted(day: &Day, waiting: &[Value]) -> AtWork {
    let slow = json!([{"vendor": "intacct", "on": "query", "contains": "GLBATCH", "action": "delay",
        "latency_ms": 6_000}]);
    day.desk.office.faults(slow);
    approve(day, waiting).await;
    let at_work = day.desk.work();
    day.desk
        .until("all reports are let in", async || {
            let audit = day.desk.customer.list_audit(&Default::default(), 0, 10_000).await.unwrap();
            let admitted = audit.iter().filter(|entry| entry.action == "report.admitted").count();
            (admitted >= waiting.len()).then_some(())
        })
        .await;
    at_work
}

#[tokio::test]
async fn what_a_person_says_between_letting_in_and_sending_still_counts() {
    let day = reviewed().await;
    let before = day.desk.work();
    let waiting = day.rows(&format!("{}/waiting", day.customer), 3).await;
    assert!(before.end().await);
    let at_work = admitted(&day, &waiting).await;
    let entry = &waiting[0]["entries"][0];
    let reject = format!("{}/entries/{}/reject", day.customer, entry["reference"].as_str().unwrap());
    let body = json!({ "payload_sha256": entry["payload_sha256"], "note": "not ours" });
    day.approver.post(&reject, body).await.is(200);
    let hold = format!("{}/reports/{}/hold", day.flow, waiting[1]["report_id"].as_str().unwrap());
    let held = day.operator.put(&hold, json!({ "reason": "wait" })).await.is(200).json();
    assert_eq!(held["left"], json!([]), "nothing had left yet");
    day.desk.office.faults(json!([]));
    day.reports("posted", 1).await;
    let gates = async |code: &str| day.rows(&format!("{}/waiting?gate={code}", day.customer), 1).await;
    assert_eq!(gates("MLC-146").await[0]["report_id"], waiting[0]["report_id"]);
    assert_eq!(gates("MLC-147").await[0]["report_id"], waiting[1]["report_id"]);
    assert_eq!(ledger::entries(&day.desk.office).len(), 1);
    assert!(at_work.end().await);
}

#[tokio::test]
async fn asking_for_a_release_without_a_cause_means_all_that_waits() {
    let site = sealing().await;
    let own = Belongings::of(&site, "acme", 1).await;
    let wishes = format!("/customers/{}/flows/{}/wishes", own.customer.id(), own.ids["flow"]);
    let wish = own.admin.post(&wishes, json!({ "kind": "release" })).await.refused(403, 421).status;
    assert_eq!(wish, 403, "an admin does not operate");
    let (user, operator) = site.signed_in("operator@acme.com", false).await;
    site.grant(&own.customer, &user, ml_connector::store::Role::Operator).await;
    let wish = operator.post(&wishes, json!({ "kind": "release" })).await.is(202).json();
    assert_eq!(wish["detail"], json!({ "all": true }));
    let wish = operator.post(&wishes, json!({ "kind": "release", "cause": "101-ab" })).await.is(202).json();
    assert_eq!(wish["detail"], json!({ "cause": "101-ab" }));
    operator.post(&wishes, json!({ "kind": "poll", "cause": "101-ab" })).await.refused(400, 423);
}
