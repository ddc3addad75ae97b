//! At a glance: a customer's dashboard and an operator's wall beside a worker, messages, secrets by who put them, and an
//! audit that is exported while it is read.

use jiff::tz::TimeZone;
use ml_connector::clock::Clock;
use ml_connector::store::{Access, AuditEvent, Ids, InboxState, Role, Store, verify_export};
use reqwest::Method;
use serde_json::{Value, json};

use super::belongings::master_key;
use super::site::Site;
use crate::service::desk::Desk;
use crate::stories::fix_once::recode;
use crate::stories::office::{Office, clean};

/// In memory, where secrets can be sealed.
async fn with_a_key() -> Site {
    let at_ms = Clock::system(TimeZone::UTC).now_ms();
    Site::over(Store::in_memory(master_key(), Ids::system(), at_ms).await.unwrap(), &[]).await
}

fn count(sums: &Value) -> u64 {
    sums.as_object().unwrap().values().map(|sum| sum["count"].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn the_dashboard_and_the_wall_show_what_a_worker_did() {
    let desk = Desk::open(clean(6, 2)).await;
    recode(&desk.office, 3, "Team Offsite");
    let site = Site::over(desk.store.clone(), &[]).await;
    let (user, viewer) = site.signed_in("viewer@acme.com", false).await;
    site.grant(&desk.customer, &user, Role::Viewer).await;
    let path = format!("/customers/{}/dashboard", desk.customer.id());
    let before = viewer.get(&path).await.is(200).json();
    assert_eq!((&before["money"], &before["do_next"]), (&json!([]), &json!([])), "{before}");
    assert_eq!(before["days"].as_array().unwrap().len(), 30);
    assert_eq!((&before["days"][29]["held"], &before["flows"][0]["counted_at"]), (&Value::Null, &Value::Null));

    let at_work = desk.work();
    desk.until("three are posted", async || (desk.count(InboxState::Posted).await == 3).then_some(())).await;
    let shown = desk
        .until("the dashboard shows it", async || {
            let shown = viewer.get(&path).await.is(200).json();
            (count(&shown["days"][29]["posted"]) > 0 && !shown["do_next"].as_array().unwrap().is_empty())
                .then_some(shown)
        })
        .await;
    assert!(at_work.end().await);
    let held: i64 = shown["money"].as_array().unwrap().iter().map(|row| row["held"]["minor"].as_i64().unwrap()).sum();
    let money = &shown["money"][0];
    assert_eq!((&money["held"]["count"], &money["unmapped"]), (&json!(3), &money["held"]), "{shown}");
    assert_eq!((&money["unknown"]["count"], &money["refused"]["count"]), (&json!(0), &json!(0)));
    assert_eq!(shown["days"][29]["held"][money["currency"].as_str().unwrap()]["minor"], held);
    let to_do = &shown["do_next"][0];
    assert_eq!(
        (&to_do["kind"], &to_do["code"], &to_do["value"], &to_do["count"]),
        (&json!("cause"), &json!("MLC-101"), &json!("Team Offsite"), &json!(3))
    );
    let flow = &shown["flows"][0];
    for member in ["polled_at", "poll_at", "refreshed_at", "refresh_at", "counted_at"] {
        assert!(flow[member].is_string(), "{member}: {flow}");
    }
    assert!(flow["poll_at"].as_str() > flow["polled_at"].as_str(), "{flow}");

    let wall = viewer.get("/wall").await.is(200).json();
    let row = &wall["items"][0];
    assert_eq!((&row["name"], &row["urgency"], &row["held"]), (&json!("acme"), &json!("waiting"), &json!(3)), "{wall}");
    assert_eq!(row["held_minor"][money["currency"].as_str().unwrap()], held);
    assert!(row["last_success_at"].is_string() && row["oldest_held_at"].is_string(), "{row}");
}

#[tokio::test]
async fn what_a_single_run_did_is_shown_as_well() {
    let office = Office::open(clean(4, 2)).await;
    office.run().await;
    let store = Store::open(&office.database(), Access::Write, None, Ids::system(), 1).await.unwrap();
    let customer = store.customers().await.unwrap().remove(0);
    let site = Site::over(store.clone(), &[]).await;
    let (user, viewer) = site.signed_in("viewer@acme.com", false).await;
    site.grant(&store.customer(&customer.id).await.unwrap(), &user, Role::Viewer).await;
    let shown = viewer.get(&format!("/customers/{}/dashboard", customer.id)).await.is(200).json();
    assert!(count(&shown["days"][29]["posted"]) >= 4, "{shown}");
}

#[tokio::test]
async fn what_fails_comes_first() {
    let desk = Desk::open(clean(2, 1)).await;
    std::fs::write(desk.office.folder.path().join("user_password"), "wrong").unwrap();
    let site = Site::over(desk.store.clone(), &[]).await;
    let (user, viewer) = site.signed_in("viewer@acme.com", false).await;
    site.grant(&desk.customer, &user, Role::Viewer).await;
    let at_work = desk.work();
    let wall = desk
        .until("the wall shows that it fails", async || {
            let wall = viewer.get("/wall").await.is(200).json();
            (wall["items"][0]["urgency"] == "failing").then_some(wall)
        })
        .await;
    assert!(at_work.end().await);
    let row = &wall["items"][0];
    assert!(row["failing_title"].is_string() && row["failing_since"].is_string(), "{row}");
    assert_eq!((&row["flows"], &row["failing"]), (&json!(1), &json!(1)));
    let shown = viewer.get(&format!("/customers/{}/dashboard", desk.customer.id())).await.is(200).json();
    let to_do = &shown["do_next"][0];
    assert_eq!((&to_do["kind"], &to_do["code"]), (&json!("connection"), &row["failing_code"]), "{shown}");
    assert!(!to_do["remedy"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn a_wall_has_ones_own_customers_and_for_the_administrator_all_in_figures() {
    let site = Site::start().await;
    let mut customers = Vec::new();
    for number in 0..5 {
        customers.push(site.customer(&format!("Customer {number}")).await);
    }
    let (user, some) = site.signed_in("some@firm.com", false).await;
    for customer in &customers[..2] {
        site.grant(customer, &user, Role::Viewer).await;
    }
    let (_, none) = site.signed_in("none@firm.com", false).await;
    let (_, administrator) = site.signed_in("root@firm.com", true).await;
    assert_eq!(none.get("/wall").await.is(200).json()["items"], json!([]));
    let rows = some.get("/wall").await.is(200).json()["items"].as_array().unwrap().clone();
    let names: Vec<&Value> = rows.iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["Customer 0", "Customer 1"]);
    assert_eq!((&rows[0]["roles"], &rows[0]["urgency"]), (&json!(["viewer"]), &json!("calm")));
    let mut seen = Vec::new();
    let mut after = String::new();
    for _ in 0..3 {
        let page = administrator.get(&format!("/wall?limit=2&after={after}")).await.is(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()));
        after = page["next"].as_str().unwrap_or_default().to_owned();
    }
    seen.sort();
    assert_eq!((seen.len(), seen[4].as_str(), after.as_str()), (5, "Customer 4", ""));
    let dashboard = format!("/customers/{}/dashboard", customers[4].id());
    administrator.get(&dashboard).await.refused(403, 421);
    some.get(&dashboard).await.refused(404, 422);
    some.get("/wall?after=nonsense").await.refused(400, 423);
    // A token shows what it covers.
    let body = json!({ "name": "one", "customers": [customers[1].id().as_str()], "rights": ["view"] });
    let token = some.post("/tokens", body).await.is(201).json()["token"].as_str().unwrap().to_owned();
    let script = super::site::Visitor { token: Some(token), ..site.visitor() };
    let rows = script.get("/wall").await.is(200).json();
    assert_eq!((rows["items"].as_array().unwrap().len(), &rows["items"][0]["name"]), (1, &json!("Customer 1")));
}

#[tokio::test]
async fn messages_are_shown_and_sent_once_more() {
    let site = with_a_key().await;
    let own = super::belongings::Belongings::of(&site, "acme", 1).await;
    let path = format!("/customers/{}/messages", own.customer.id());
    let (user, viewer) = site.signed_in("viewer@acme.com", false).await;
    site.grant(&own.customer, &user, Role::Viewer).await;
    let (user, operator) = site.signed_in("operator@acme.com", false).await;
    site.grant(&own.customer, &user, Role::Operator).await;
    let flow = own.customer.flows().await.unwrap().remove(0).id;
    let mut tx = own.customer.begin().await.unwrap();
    let id = tx.add_message(&flow, "1 webhook", "held", ("14 reports are held", "text"), 5).await.unwrap();
    tx.tried_message(&id, None, None, Some("it answered with status 500")).await.unwrap();
    tx.commit_untraced(5).await.unwrap();
    let list = viewer.get(&format!("{path}?state=given_up")).await.is(200).json();
    let row = &list["items"][0];
    assert_eq!((&row["receiver"], &row["by"], &row["tries"]), (&json!(2), &json!("webhook"), &json!(1)), "{list}");
    assert_eq!((&row["error"], &row["state"]), (&json!("it answered with status 500"), &json!("given_up")));
    viewer.get(&format!("{path}?state=lost")).await.refused(400, 423);
    viewer.get(&format!("{path}?flow={flow}&limit=1")).await.is(200);
    let again = format!("{path}/{id}/again");
    viewer.ask(Method::POST, &again, None).await.refused(403, 421);
    let sent = operator.ask(Method::POST, &again, None).await.is(202).json();
    assert_eq!((&sent["state"], &sent["subject"]), (&json!("waiting"), &json!("14 reports are held")));
    assert_ne!(sent["id"], id.as_str());
    let shown = viewer.get(&format!("{path}/{}", sent["id"].as_str().unwrap())).await.is(200).json();
    assert_eq!(shown, sent);
    let audit = site.audit_of(own.customer.id()).await;
    let entry = audit.last().unwrap();
    assert_eq!((entry.action.as_str(), entry.actor.as_str()), ("message.sent_again", user.id.as_str()));
    assert!(own.customer.flow_times(&flow).await.unwrap().next_ms <= site.now_ms(), "its worker is to take it up");
}

#[tokio::test]
async fn receivers_are_shown_without_what_lets_one_write_to_them() {
    let site = Site::start().await;
    let customer = site.customer("acme").await;
    let (user, viewer) = site.signed_in("viewer@acme.com", false).await;
    site.grant(&customer, &user, Role::Viewer).await;
    let notify = "\n[[notify]]\nto = \"chat:https://chat.example.com/hooks/T0/hush\"\nabout = [\"held\"]\n\
         [[notify]]\nto = \"mailto:ada@acme.com\"\nabout = [\"digest\"]\ndigest = \"daily at 08:00\"\n";
    let document = format!("{}{notify}", include_str!("../../../../../examples/flows/expenses.toml"));
    let mut tx = customer.begin().await.unwrap();
    tx.put_flow("Expenses", &document, "test", site.now_ms()).await.unwrap();
    tx.commit_untraced(site.now_ms()).await.unwrap();
    let answer = viewer.get(&format!("/customers/{}/receivers", customer.id())).await;
    assert!(!answer.is(200).text.contains("hush"), "{}", answer.text);
    let rows = answer.json()["items"].clone();
    assert_eq!((&rows[0]["by"], &rows[0]["address"]), (&json!("chat"), &json!("chat.example.com")), "{rows}");
    assert_eq!((&rows[1]["address"], &rows[1]["digest"]), (&json!("ada@acme.com"), &json!("daily at 08:00")));
}

#[tokio::test]
async fn the_audit_is_read_from_its_end_in_bounded_pages() {
    let site = Site::start().await;
    let customer = site.customer("acme").await;
    let (user, auditor) = site.signed_in("auditor@acme.com", false).await;
    site.grant(&customer, &user, Role::Auditor).await;
    for part in 0..5 {
        let tx = customer.begin().await.unwrap();
        let event = |number: i64| AuditEvent::new("test", "a.test", format!("R{number}"), json!({}));
        let events = (part * 5_000..(part + 1) * 5_000).map(event).collect();
        tx.commit(site.now_ms(), events).await.unwrap();
    }
    let path = format!("/customers/{}/audit?newest=true", customer.id());
    let page = auditor.get(&format!("{path}&limit=2")).await.is(200).json();
    let subjects: Vec<&Value> = page["items"].as_array().unwrap().iter().map(|row| &row["subject"]).collect();
    assert_eq!(subjects, ["R24999", "R24998"]);
    let after = page["next"].as_str().unwrap();
    let page = auditor.get(&format!("{path}&limit=1&after={after}")).await.is(200).json();
    assert_eq!(page["items"][0]["subject"], "R24997");
    // A rare one lies beyond the first stretch: the first page says so, and the second has it and is the last.
    let rare = auditor.get(&format!("{path}&subject=R3")).await.is(200).json();
    assert_eq!(rare["items"], json!([]));
    let after = rare["next"].as_str().unwrap();
    let rest = auditor.get(&format!("{path}&subject=R3&after={after}")).await.is(200).json();
    assert_eq!((&rest["items"][0]["subject"], &rest["next"]), (&json!("R3"), &Value::Null));
    let oldest = auditor.get(&format!("/customers/{}/audit?after={after}", customer.id())).await;
    oldest.refused(400, 423);
}

#[tokio::test]
async fn secrets_tell_who_put_them_and_when() {
    let site = with_a_key().await;
    let customer = site.customer("acme").await;
    let (user, admin) = site.signed_in("admin@acme.com", false).await;
    site.grant(&customer, &user, Role::Admin).await;
    let (other, operator) = site.signed_in("operator@acme.com", false).await;
    site.grant(&customer, &other, Role::Operator).await;
    let path = format!("/customers/{}/secrets", customer.id());
    admin.ask(Method::PUT, &format!("{path}/user_password"), Some(json!({ "value": "hush" }))).await.is(200);
    let list = operator.get(&path).await;
    assert!(!list.is(200).text.contains("hush"));
    let row = &list.json()["items"][0];
    assert_eq!(row["changed_by"], user.id.as_str());
    assert!(row["changed_at"].is_string() && row["fingerprint"].as_str().unwrap().len() == 12, "{row}");
}

#[tokio::test]
async fn the_audit_is_exported_as_it_is_read() {
    let site = Site::start().await;
    let customer = site.customer("acme").await;
    let (user, auditor) = site.signed_in("auditor@acme.com", false).await;
    site.grant(&customer, &user, Role::Auditor).await;
    let tx = customer.begin().await.unwrap();
    let events = (0..2_500).map(|number| AuditEvent::new("test", "a.test", format!("R{number}"), json!({})));
    tx.commit(site.now_ms(), events.collect()).await.unwrap();
    let export = auditor.get(&format!("/customers/{}/audit/export", customer.id())).await;
    export.is(200);
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    assert!(export.header("content-disposition").starts_with("attachment; filename=\"audit-cus_"));
    assert_eq!(export.header("content-length"), "", "nobody counted it before it was sent");
    let verified = verify_export(export.text.as_bytes()).unwrap();
    let (head, hash) = customer.audit_head().await.unwrap().unwrap();
    assert_eq!((verified.head_seq, verified.head_hash), (head, hash));
    assert_eq!(verified.entries, u64::try_from(head).unwrap());
    assert!(head > 2_500);
}

#[tokio::test]
async fn a_demonstration_takes_the_administrator_and_a_worker_beside() {
    let site = Site::start().await;
    let (_, somebody) = site.signed_in("somebody@firm.com", false).await;
    let (_, administrator) = site.signed_in("root@firm.com", true).await;
    let asked = json!({ "name": "Demonstration" });
    somebody.post("/demonstrations", asked.clone()).await.refused(403, 421);
    administrator.post("/demonstrations", asked).await.refused(409, 424);
    assert_eq!(administrator.get("/customers").await.json()["items"], json!([]), "nothing was made");
}
