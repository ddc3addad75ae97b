//! A day at work over the API alone, beside a worker and both vendors' sandbox: documents and secrets go in, people
//! approve, mend, release and decide, and the ledger ends as they said.

use ml_connector::store::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::site::{Site, Visitor};
use crate::service::desk::Desk;
use crate::stories::clerk::change_amount;
use crate::stories::fix_once::recode;
use crate::stories::office::clean;

/// A service over a company's store, and one person of each role.
pub struct Day {
    pub desk: Desk,
    pub site: Site,
    pub customer: String,
    pub flow: String,
    pub viewer: Visitor,
    pub operator: Visitor,
    pub mapper: Visitor,
    pub approver: Visitor,
}

impl Day {
    /// Its flow's document came in over the API, with secrets that did as well.
    pub async fn begin(mut desk: Desk, from: &str, to: &str) -> Self {
        let site = Site::over(desk.store.clone(), &[]).await;
        let mut people = Vec::new();
        for role in [Role::Viewer, Role::Operator, Role::Mapper, Role::Approver, Role::Admin] {
            let (user, visitor) = site.signed_in(&format!("{}@acme.com", role.name()), false).await;
            site.grant(&desk.customer, &user, role).await;
            people.push(visitor);
        }
        let [viewer, operator, mapper, approver, admin] = people.try_into().map_err(drop).unwrap();
        let customer = format!("/customers/{}", desk.customer.id());
        for name in ["partner_secret", "sender_password", "user_password"] {
            let path = desk.office.folder.path().join(name);
            let value = std::fs::read_to_string(&path).unwrap();
            let sealed = admin.put(&format!("{customer}/secrets/{name}"), json!({ "value": value })).await;
            assert!(!sealed.is(200).text.contains(&value));
            desk.office.edit_flow(&format!("\"file:{}\"", path.display()), &format!("\"sealed:{name}\""));
        }
        desk.office.edit_flow("customer = \"default\"", "customer = \"acme\"");
        desk.office.edit_flow(from, to);
        let flow = format!("{customer}/flows/{}", desk.flow);
        let day = Self { desk, site, customer, flow, viewer, operator, mapper, approver };
        assert_eq!(day.change().await["version"], 2);
        day
    }

    /// Makes the office's document the newest version.
    async fn change(&self) -> Value {
        let version = self.viewer.get(&self.flow).await.is(200).json()["version"].clone();
        let body = json!({ "document": self.desk.office.flow, "expected_version": version, "reason": "a test" });
        self.mapper.put(&format!("{}/document", self.flow), body).await.is(200).json()
    }

    /// Rows of a list of the customer, as soon as there are so many.
    pub async fn rows(&self, path: &str, count: usize) -> Vec<Value> {
        self.desk
            .until(&format!("{path} has {count} rows"), async || {
                let items = self.viewer.get(path).await.is(200).json()["items"].as_array().unwrap().clone();
                (items.len() == count).then_some(items)
            })
            .await
    }

    /// Waits until so many reports are in a state.
    pub async fn reports(&self, state: &str, count: u64) {
        let path = format!("{}/totals", self.flow);
        self.desk
            .until(&format!("{count} reports are {state}"), async || {
                let items = self.viewer.get(&path).await.is(200).json()["items"].as_array().unwrap().clone();
                let of = items.iter().filter(|total| total["state"] == state);
                (of.map(|total| total["reports"].as_u64().unwrap()).sum::<u64>() == count).then_some(())
            })
            .await;
    }
}

#[tokio::test]
async fn a_person_approves_the_bytes_and_the_worker_posts_them() {
    let day = Day::begin(Desk::open(clean(4, 2)).await, "review_first = 0", "review_first = 2").await;
    let at_work = day.desk.work();
    let waiting = day.rows(&format!("{}/waiting", day.customer), 4).await;
    assert!(waiting.iter().all(|report| report["gate"] == "MLC-142"), "{waiting:?}");
    let gate = day.viewer.get(&format!("{}/waiting?gate=MLC-141", day.customer)).await.json();
    assert_eq!(gate["items"], json!([]));
    let totals = day.viewer.get(&format!("{}/waiting/totals", day.customer)).await.is(200).json();
    assert_eq!((totals["items"].as_array().unwrap().len(), &totals["items"][0]["reports"]), (1, &json!(4)));
    let page = day.viewer.get(&format!("{}/waiting?limit=3", day.customer)).await.json();
    let after = page["next"].as_str().unwrap();
    let rest = day.viewer.get(&format!("{}/waiting?limit=3&after={after}", day.customer)).await.json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));

    let entries: Vec<&Value> = waiting.iter().map(|report| &report["entries"][0]).collect();
    let address =
        |entry: &Value, what: &str| format!("{}/entries/{}/{what}", day.customer, entry["reference"].as_str().unwrap());
    let body = |entry: &Value, note: &str| json!({ "payload_sha256": entry["payload_sha256"], "note": note });
    let other = json!({ "payload_sha256": "0".repeat(64) });
    day.approver.post(&address(entries[0], "approve"), other).await.refused(409, 424);
    day.mapper.post(&address(entries[0], "approve"), body(entries[0], "")).await.refused(403, 421);
    day.approver.post(&address(entries[0], "reject"), body(entries[0], "")).await.refused(400, 423);
    let rejected = day.approver.post(&address(entries[0], "reject"), body(entries[0], "who was there?")).await;
    assert_eq!(rejected.is(200).json()["decision"], "reject");
    day.approver.post(&address(entries[0], "lift_rejection"), body(entries[0], "Ada was")).await.is(200);
    for entry in entries.iter().take(2) {
        day.approver.post(&address(entry, "approve"), body(entry, "")).await.is(200);
    }
    day.reports("posted", 4).await;
    let register = day.rows(&format!("{}/approvals", day.customer), 4).await;
    let decisions: Vec<&str> = register.iter().map(|row| row["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["approve", "approve", "release", "reject"]);
    charts_and_times(&day).await;
    assert!(at_work.end().await);
}

/// What the pages show of a flow at work.
async fn charts_and_times(day: &Day) {
    let get = async |path: &str| day.viewer.get(&format!("{}/{path}", day.flow)).await.is(200).json();
    let chart = get("chart").await;
    assert!(chart["accounts"].as_u64().unwrap() > 5, "{chart}");
    assert!(!chart["journals"].as_array().unwrap().is_empty());
    let accounts = get("chart/accounts?starts_with=64&limit=200").await;
    let numbers: Vec<&str> =
        accounts["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert!(numbers.contains(&"6410") && numbers.is_sorted(), "{numbers:?}");
    let first = get("chart/accounts?limit=1").await;
    let second = get(&format!("chart/accounts?limit=1&after={}", first["next"].as_str().unwrap())).await;
    assert_ne!(first["items"], second["items"]);
    let departments = get("chart/dimensions/department?active=true").await;
    assert!(departments["items"].as_array().unwrap().iter().all(|row| row["active"] == true));
    day.viewer.get(&format!("{}/chart/dimensions/nothing", day.flow)).await.refused(404, 422);
    assert_eq!(get("charts").await["items"].as_array().unwrap().len(), 1);
    day.viewer.get(&format!("{}/charts/differences", day.flow)).await.refused(409, 424);
    for path in ["reference_drifts", "hand_overs", "look_alikes", "agreements", "causes"] {
        assert_eq!(get(path).await["items"], json!([]), "{path}");
    }
    assert!(!get("passes").await["items"].as_array().unwrap().is_empty());
    let times = get("schedule?from=2026-12-01&count=3").await;
    let polls = &times["schedules"][0];
    assert_eq!((&polls["key"], polls["next"].as_array().unwrap().len()), (&json!("poll"), 3), "{times}");
    day.viewer.get(&format!("{}/schedule?from=2026-02-31", day.flow)).await.refused(400, 423);
    let reconciliations = day.viewer.get(&format!("{}/reconciliations", day.customer)).await;
    reconciliations.is(200);
}

#[tokio::test]
async fn a_cause_is_mended_once_and_a_drift_is_decided() {
    let desk = Desk::open(clean(6, 2)).await;
    let chosen = recode(&desk.office, 3, "Team Offsite");
    let mut day = Day::begin(desk, "review_first = 0", "review_first = 0").await;
    let at_work = day.desk.work();
    day.reports("posted", 3).await;
    let cause = day.rows(&format!("{}/causes", day.flow), 1).await.remove(0);
    assert_eq!(
        (&cause["code"], &cause["value"], &cause["reports"]),
        (&json!("MLC-101"), &json!("Team Offsite"), &json!(3))
    );
    let reports = format!("{}/causes/{}/reports", day.flow, cause["id"].as_str().unwrap());
    let page = day.viewer.get(&format!("{reports}?limit=2")).await.is(200).json();
    let rest = day.viewer.get(&format!("{reports}?after={}", page["next"].as_str().unwrap())).await.is(200).json();
    assert_eq!((page["items"].as_array().unwrap().len(), rest["items"].as_array().unwrap().len()), (2, 1));

    // One of them is booked elsewhere; then it is not after all.
    let handled = format!("{}/reports/{}/handled", day.flow, chosen[0]);
    day.viewer.put(&handled, json!({ "reason": "by hand" })).await.refused(403, 421);
    day.operator.put(&handled, json!({ "reason": " " })).await.refused(400, 423);
    day.operator.put(&handled, json!({ "reason": "by hand in October" })).await.is(200);
    day.reports("skipped", 1).await;
    day.operator.delete(&handled).await.is(200);
    day.reports("held", 3).await;

    day.desk.office.edit_flow("\"Airfare\" = \"6410\"", "\"Airfare\" = \"6410\"\n\"Team Offsite\" = \"6520\"");
    let proposed = json!({ "document": day.desk.office.flow });
    let foretold = day.mapper.post(&format!("{}/what_if", day.flow), proposed).await.is(200).json();
    assert_eq!(foretold["what_if"]["released"]["waiting"]["reports"], 3, "{foretold}");
    assert_eq!(day.viewer.get(&day.flow).await.json()["version"], 2, "nothing was kept");
    assert_eq!(day.change().await["version"], 3);
    day.reports("posted", 6).await;
    let differences = day.viewer.get(&format!("{}/versions/3/differences", day.flow)).await.is(200).json();
    assert_eq!(differences["differences"][0]["after"], "\"6520\"", "{differences}");
    let released = day.operator.post(&format!("{}/release", day.flow), json!({ "all": true })).await;
    assert_eq!(released.is(200).json()["released"], 0, "nothing waits for it");
    day.operator.post(&format!("{}/release", day.flow), json!({ "all": true, "cause": "x" })).await.refused(400, 423);

    change_amount(&day.desk.office, &chosen[0], 77_77);
    day.operator.put(&handled, json!({ "reason": "late" })).await.refused(409, 424);
    day.operator.post(&format!("{}/wishes", day.flow), json!({ "kind": "sweep" })).await.is(202);
    let case = day.rows(&format!("{}/cases?state=open", day.customer), 1).await.remove(0);
    assert_eq!((&case["kind"], &case["report_id"]), (&json!("drift_changed"), &json!(chosen[0])));
    let address = format!("{}/cases/{}", day.customer, case["id"].as_str().unwrap());
    let decision = format!("{address}/decision");
    let verdict = |cause: &Value, note: &str| json!({ "cause": cause, "decision": "accept", "note": note });
    day.operator.post(&decision, verdict(&json!("another"), "as it is")).await.refused(409, 424);
    day.operator.post(&decision, verdict(&case["cause"], "")).await.refused(409, 424);
    day.viewer.post(&decision, verdict(&case["cause"], "as it is")).await.refused(403, 421);
    let decided = day.operator.post(&decision, verdict(&case["cause"], "as it is")).await.is(200).json();
    assert_eq!(decided["decision"], "accept");
    day.desk
        .until("the case is done", async || (day.viewer.get(&address).await.json()["state"] == "done").then_some(()))
        .await;
    day.reports("posted", 6).await;
    assert!(at_work.end().await);
    assert!(day.site.state.foreign_requests() == 0);
}

impl Visitor {
    pub async fn put(&self, path: &str, body: Value) -> super::site::Reply {
        self.ask(Method::PUT, path, Some(body)).await
    }
}
