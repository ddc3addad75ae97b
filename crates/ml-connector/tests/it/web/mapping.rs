//! A mapping over the API: rows with what they are used for and what is proposed, changes that become versions, files
//! out and in, who changed what, and back again.

use accounting::chart::{Account, Chart, Value as Member};
use accounting::uses::{Count, Key, Place, Use};
use accounting::{Currency, Dimension};
use ml_connector::flow::Flow;
use ml_connector::store::{CustomerStore, FlowId, Role};
use reqwest::Method;
use serde_json::{Value, json};

use super::site::{Reply, Site, Visitor};
use crate::store::facts::event;

const EXAMPLE: &str = include_str!("../../../../../examples/flows/expenses.toml");
const COMPANY: &str = "acme";
/// Number of the problem.
const TABLE_UNREADABLE: u16 = 174;

/// A flow with a chart, whose reports carried some texts.
pub struct Desk {
    pub site: Site,
    pub customer: CustomerStore,
    pub flow_id: FlowId,
    pub flow: String,
    pub viewer: Visitor,
    pub mapper: Visitor,
}

fn account(number: &str, title: &str, active: bool) -> (String, Account) {
    let requires = if number == "6410" { [Dimension::Department].into() } else { Default::default() };
    let account = Account { number: number.to_owned(), title: title.to_owned(), active, requires };
    (number.to_owned(), account)
}

fn chart() -> Chart {
    let accounts = [
        account("6410", "Travel - Airfare", true),
        account("6400", "Travel - Lodging", true),
        account("6520", "Training and conferences", true),
        account("6990", "Legacy travel", false),
        account("6950", "Team offsites", true),
        account("2010", "Accrued expenses", true),
        account("2050", "Card clearing", true),
    ];
    let department = Member { id: "200".into(), name: "Sales".into(), active: true, ..Member::default() };
    Chart {
        accounts: accounts.into(),
        values: [(Dimension::Department, [("200".to_owned(), department)].into())].into(),
        ..Chart::default()
    }
}

pub fn used(place: Place, text: &str, expenses: i64, amount_minor: i64, code: Option<&str>) -> (Key, Use) {
    let currency = Some(Currency::parse("USD").unwrap());
    let key = Key { place, folded: accounting::translate::fold(text).into_owned(), currency };
    let last_on = Some("2026-11-03".parse().unwrap());
    (key, Use { text: text.to_owned(), beside: code.map(str::to_owned), expenses, amount_minor, last_on })
}

fn document(customer: &str, name: &str) -> String {
    let document = EXAMPLE.replace("\"env:INTACCT_COMPANY_ID\"", &format!("\"{COMPANY}\""));
    let document = document.replace("name = \"Expenses to the ledger\"", &format!("name = \"{name}\""));
    let document = document.replace("customer = \"default\"", &format!("customer = \"{customer}\""));
    let mut text = String::new();
    for line in document.lines() {
        let line = match line.find("\"env:") {
            Some(at) => format!("{}\"sealed:a\"", &line[..at]),
            None => line.to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

impl Desk {
    pub async fn open(site: Site) -> Self {
        let customer = site.customer("acme").await;
        let mut people = Vec::new();
        for role in [Role::Viewer, Role::Mapper] {
            let (user, visitor) = site.signed_in(&format!("{}@acme.com", role.name()), false).await;
            site.grant(&customer, &user, role).await;
            people.push(visitor);
        }
        let [viewer, mapper] = people.try_into().map_err(drop).unwrap();
        let customer_path = format!("/customers/{}", customer.id());
        let body = json!({ "document": document("acme", "Expenses") });
        let made = mapper.post(&format!("{customer_path}/flows"), body).await.is(201).json();
        let id = made["id"].as_str().unwrap().to_owned();
        let flow_id = FlowId::parse(&id).unwrap();
        let mut tx = customer.begin().await.unwrap();
        tx.put_chart(COMPANY, &chart(), site.now_ms()).await.unwrap();
        let mut count = Count::default();
        count.found.extend([
            used(Place::Category, "Airfare", 10, 50_000, None),
            used(Place::Category, "Team Offsite", 3, 90_000, None),
            used(Place::Category, "Seminars", 2, 100, Some("6520")),
            used(Place::Category, "Legacy Travel", 1, 700, None),
            used(Place::Category, "Uncategorized", 9, 9_999_999, None),
            used(Place::Tag(1), "sales", 4, 1_000, None),
            used(Place::Tag(1), "Robotics", 4, 2_000, None),
            used(Place::Card, "1234", 4, 2_000, None),
        ]);
        tx.count_mapping_uses(&flow_id, &count).await.unwrap();
        tx.commit(site.now_ms(), vec![event("chart.read", COMPANY)]).await.unwrap();
        Self { flow: format!("{customer_path}/flows/{id}"), site, customer, flow_id, viewer, mapper }
    }

    pub async fn rows(&self, table: &str, query: &str) -> Vec<Value> {
        let reply = self.viewer.get(&format!("{}/mapping/tables/{table}?{query}", self.flow)).await;
        reply.is(200).json()["items"].as_array().unwrap().clone()
    }

    async fn change(&self, version: u32, changes: Value) -> Reply {
        let body = json!({ "expected_version": version, "changes": changes, "reason": "a test" });
        self.mapper.post(&format!("{}/mapping/changes", self.flow), body).await
    }

    pub async fn version(&self) -> Value {
        self.viewer.get(&self.flow).await.is(200).json()["version"].clone()
    }
}

fn sources(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["source"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn rows_tell_what_they_are_used_for_and_what_they_could_lead_to() {
    for (site, _database) in Site::on_both().await {
        let desk = Desk::open(site).await;
        let rows = desk.rows("categories", "limit=200").await;
        assert_eq!(
            sources(&rows)[..4],
            ["Team Offsite", "Legacy Travel", "Seminars", "Airfare"],
            "what holds money up first"
        );
        let (offsite, airfare, legacy) = (&rows[0], &rows[3], &rows[1]);
        assert_eq!(offsite["status"], "unmapped");
        assert_eq!((&offsite["expenses"], &offsite["money_minor"]["USD"]), (&json!(3), &json!(90_000)));
        assert_eq!(offsite["suggestions"][0]["target"], "6950", "{offsite}");
        assert_eq!((&airfare["target"], &airfare["target_name"]), (&json!("6410"), &json!("Travel - Airfare")));
        assert_eq!((&airfare["status"], &airfare["requires"]), (&json!("mapped"), &json!(["department"])));
        assert_eq!(airfare["suggestions"], json!([]), "what is mapped needs no proposal");
        assert_eq!(legacy["status"], "inactive");
        assert_eq!(rows[2]["suggestions"][0]["evidence"][0], "the GL code kept in Expensify");
        assert_eq!(rows[4]["expenses"], 0);
        assert!(!sources(&rows).contains(&"Uncategorized"), "what is missing is no row");

        assert_eq!(sources(&desk.rows("categories", "status=unmapped").await), ["Team Offsite", "Seminars"]);
        let attention = desk.rows("categories", "status=attention&sort=name").await;
        assert_eq!(sources(&attention), ["Legacy Travel", "Seminars", "Team Offsite"]);
        assert_eq!(sources(&desk.rows("categories", "search=airf").await), ["Airfare"]);
        assert_eq!(sources(&desk.rows("categories", "search=legacy%20trav").await), ["Legacy Travel"]);
        let unused = desk.rows("categories", "status=never_used&limit=200").await;
        assert!(sources(&unused).contains(&"Hosting") && !sources(&unused).contains(&"Airfare"));
        assert_eq!(sources(&desk.rows("department", "status=unmapped").await), ["Robotics"]);
        assert_eq!(desk.rows("offsets.company_card.cards", "").await[0]["target"], "2051");
        assert_eq!(sources(&desk.rows("offsets", "sort=name").await), ["company_card", "reimbursable"]);
        for wrong in ["status=lost", "sort=up"] {
            desk.viewer.get(&format!("{}/mapping/tables/categories?{wrong}", desk.flow)).await.refused(400, 423);
        }
        desk.viewer.get(&format!("{}/mapping/tables/task", desk.flow)).await.refused(404, 422);
        overview(&desk).await;
        pages(&desk).await;
    }
}

async fn overview(desk: &Desk) {
    let mapping = desk.viewer.get(&format!("{}/mapping", desk.flow)).await.is(200).json();
    let table =
        |name: &str| mapping["tables"].as_array().unwrap().iter().find(|table| table["table"] == name).unwrap().clone();
    let categories = table("categories");
    assert_eq!(categories["unmapped"], 2);
    assert_eq!(categories["uncovered_minor"]["USD"].as_i64().unwrap(), 90_000 + 100 + 700);
    assert_eq!(categories["money_minor"]["USD"].as_i64().unwrap(), 50_000 + 90_000 + 100 + 700);
    assert_eq!(table("department")["looks_at"], json!(["tag 1", "employee record"]));
    assert_eq!(table("project")["matching"], "id");
    let rule = &mapping["rules"][0];
    assert_eq!((&rule["place"], &rule["account"], &rule["parts"]), (&json!(1), &json!("6425"), &json!(2)));
    assert_eq!(rule["when"], "category \"Meals & Entertainment\" and tag 1 \"Sales\"");
}

/// Page by page every row comes once, in every order.
async fn pages(desk: &Desk) {
    for sort in ["money", "name", "used", "recent"] {
        let all = desk.rows("categories", &format!("sort={sort}&limit=200")).await;
        let mut paged = Vec::new();
        let mut after = String::new();
        for _ in 0..20 {
            let path = format!("{}/mapping/tables/categories?sort={sort}&limit=5&after={after}", desk.flow);
            let page = desk.viewer.get(&path).await.is(200).json();
            paged.extend(page["items"].as_array().unwrap().clone());
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut after),
                None => break,
            }
        }
        assert_eq!(sources(&paged), sources(&all), "{sort}");
        let other = format!("{}/mapping/tables/department?sort={sort}&limit=5&after={after}", desk.flow);
        desk.viewer.get(&other).await.refused(400, 423);
    }
}

#[tokio::test]
async fn changed_rows_become_a_version_and_can_be_taken_back() {
    for (site, _database) in Site::on_both().await {
        let desk = Desk::open(site).await;
        let row = json!([{ "table": "categories", "source": "team offsite", "target": "6950" }]);
        let path = format!("{}/mapping/changes", desk.flow);
        let body = json!({ "expected_version": 1, "changes": row });
        desk.viewer.post(&path, body).await.refused(403, 421);
        let foretold = desk.mapper.post(&format!("{}/mapping/what_if", desk.flow), json!({ "changes": row })).await;
        assert_eq!(foretold.is(200).json()["differences"][0]["key"], "categories.\"team offsite\"");
        assert_eq!(desk.version().await, 1, "asking keeps nothing");

        let kept = desk.change(1, row.clone()).await.is(200).json();
        assert_eq!((&kept["version"], &kept["changes"][0]["after"]), (&json!(2), &json!("6950")));
        desk.change(1, row.clone()).await.refused(409, 424);
        let again = desk.change(2, row).await.is(200).json();
        assert_eq!((&again["version"], &again["changes"]), (&json!(2), &json!([])), "the same again is no version");
        let shown = &desk.rows("categories", "search=offsite").await[0];
        assert_eq!((&shown["status"], &shown["changed"]["by"]), (&json!("mapped"), &json!("mapper")), "{shown}");
        assert_eq!((&shown["changed"]["version"], &shown["changed"]["before"]), (&json!(2), &Value::Null));
        assert_eq!(sources(&desk.rows("categories", "status=changed").await), ["team offsite"]);

        let document = desk.viewer.get(&desk.flow).await.json()["document"].as_str().unwrap().to_owned();
        let before = document_lines(&self::document("acme", "Expenses"));
        let new: Vec<String> = document_lines(&document).into_iter().filter(|line| !before.contains(line)).collect();
        assert_eq!(new, ["\"team offsite\" = \"6950\""], "nothing else of the document moved");

        refusals(&desk).await;
        two_more(&desk).await;
        history(&desk).await;
    }
}

fn document_lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

async fn refusals(desk: &Desk) {
    let row = |source: &str, target: &str| json!([{ "table": "categories", "source": source, "target": target }]);
    let refused = desk.change(2, row("Airfare", "6990")).await;
    refused.refused(422, 423);
    assert!(refused.text.contains("6990 is inactive in the ledger"), "{}", refused.text);
    desk.change(2, row("Airfare", "1")).await.refused(422, 423);
    desk.change(2, row(" ", "6410")).await.refused(422, TABLE_UNREADABLE);
    desk.change(2, json!([{ "table": "task", "source": "a", "target": "b" }])).await.refused(422, TABLE_UNREADABLE);
    desk.change(2, json!([{ "table": "nothing", "source": "a", "target": "b" }])).await.refused(400, 423);
    assert_eq!(desk.version().await, 2, "what was refused changed nothing");
    let body = json!({ "expected_version": 2, "changes": row("Airfare", "6990"), "unchecked": true });
    let kept = desk.mapper.post(&format!("{}/mapping/changes", desk.flow), body).await.is(200).json();
    assert_eq!(kept["version"], 3);
}

/// Every table in one change.
async fn two_more(desk: &Desk) {
    let changes = json!([
        { "table": "department", "source": "Robotics", "target": "200" },
        { "table": "categories", "source": "Airfare", "target": null },
        { "table": "offsets", "source": "reimbursable", "target": "2050" },
        { "table": "offsets.company_card.cards", "source": "1234", "target": "2010" },
    ]);
    let kept = desk.change(3, changes).await.is(200).json();
    assert_eq!((&kept["version"], kept["changes"].as_array().unwrap().len()), (&json!(4), 4));
    assert_eq!(desk.rows("categories", "search=airfare").await[0]["status"], "unmapped");
    let stored = desk.customer.flow(&desk.flow_id).await.unwrap();
    let flow = Flow::parse(&stored.document, "", None).unwrap();
    assert_eq!(flow.mapping.offsets.by_fund_source[&accounting::FundSource::Reimbursable].account, "2050");
}

async fn history(desk: &Desk) {
    let path = format!("{}/mapping/changes", desk.flow);
    let mut listed = Vec::new();
    let mut after = String::new();
    for _ in 0..10 {
        let page = desk.viewer.get(&format!("{path}?limit=2&after={after}")).await.is(200).json();
        listed.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    let versions: Vec<u64> = listed.iter().map(|change| change["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, [4, 4, 4, 4, 3, 2]);
    let versions = desk.viewer.get(&format!("{}/versions", desk.flow)).await.is(200).json();
    assert_eq!(versions["items"][0]["by"], "mapper");
    let compared = desk.viewer.get(&format!("{}/versions/4/differences?from=1", desk.flow)).await.is(200).json();
    assert_eq!(compared["rows"].as_array().unwrap().len(), 5, "{compared}");

    let restore = format!("{}/versions/1/restore", desk.flow);
    desk.viewer.post(&restore, json!({ "expected_version": 4 })).await.refused(403, 421);
    desk.mapper.post(&restore, json!({ "expected_version": 3 })).await.refused(409, 424);
    let back = desk.mapper.post(&restore, json!({ "expected_version": 4 })).await.is(200).json();
    assert_eq!(back["version"], 5);
    assert_eq!(back["document"], document("acme", "Expenses"));
    let reason = desk.site.audit_of(desk.customer.id()).await.pop().unwrap();
    assert_eq!(reason.action, "flow.changed");
    assert!(reason.detail.contains("\"reason\":\"back to version 1\""), "{}", reason.detail);
}

#[tokio::test]
async fn a_table_goes_out_is_filled_in_and_comes_back() {
    let desk = Desk::open(Site::start().await).await;
    let path = format!("{}/mapping/tables/categories/csv", desk.flow);
    let file = desk.viewer.get(&path).await;
    assert_eq!(file.is(200).header("content-disposition"), "attachment; filename=\"categories.csv\"");
    assert!(file.text.contains("\r\nTeam Offsite,,unmapped,,3,90000 USD,2026-11-03\r\n"), "{}", file.text);
    let filled = file.text.replace("\r\nTeam Offsite,,", "\r\nTeam Offsite,6950,");
    let put = |query: &str, text: &str| {
        let (mapper, uri) = (desk.mapper.clone(), format!("{}/api/v1{path}?{query}", desk.site.origin));
        let text = text.to_owned();
        async move {
            let request = mapper.client.request(Method::PUT, uri).header("cookie", mapper.cookie.clone().unwrap());
            let request = request.header("origin", mapper.origin.clone()).header("content-type", "text/csv");
            let response = request.body(text).send().await.unwrap();
            let (status, headers) = (response.status(), response.headers().clone());
            Reply { status, headers, text: response.text().await.unwrap() }
        }
    };
    // The example's targets are not all in this small chart.
    put("expected_version=1", &filled).await.is(200);
    let kept = desk.rows("categories", "search=offsite").await;
    assert_eq!(kept[0]["target"], "6950");
    put("expected_version=1", &filled).await.refused(409, 424);
    let wrong = put("expected_version=2", "category,account\n,1\nA,1\na,2\n").await;
    wrong.refused(422, TABLE_UNREADABLE);
    assert_eq!(wrong.json()["mistakes"][0]["line"], 2);
    put("expected_version=2", "text,id\na,1\n").await.refused(422, TABLE_UNREADABLE);
    let only = "category,account\nAirfare,6410\n";
    put("expected_version=2", only).await.is(200);
    assert_eq!(desk.version().await, 2, "rows that the file does not have stay");
    let replaced = put("expected_version=2&replace=true", only).await.is(200).json();
    assert_eq!(replaced["version"], 3);
    let stored = desk.customer.flow(&desk.flow_id).await.unwrap();
    let flow = Flow::parse(&stored.document, "", None).unwrap();
    assert_eq!(flow.mapping.accounts.categories.len(), 1);
}

#[tokio::test]
async fn another_flow_of_the_customer_is_evidence() {
    let desk = Desk::open(Site::start().await).await;
    let other = document("acme", "Other").replace("\"Airfare\" = \"6410\"", "\"Team Offsite\" = \"6400\"");
    let path = format!("/customers/{}/flows", desk.customer.id());
    desk.mapper.post(&path, json!({ "document": other })).await.is(201);
    let row = &desk.rows("categories", "search=offsite").await[0];
    assert_eq!(row["suggestions"][0]["target"], "6400", "{row}");
    assert_eq!(row["suggestions"][0]["evidence"], json!(["mapped so in another flow"]));
    assert_eq!(row["suggestions"][0]["score"], 88);
}
