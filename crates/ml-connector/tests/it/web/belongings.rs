//! A customer with one of everything that has an id, and what stands for each id where there is none.

use std::collections::BTreeMap;

use accounting::chart::{Account, Chart};
use accounting::{Code, Problem};
use jiff::civil::date;
use ml_connector::flow::Flow;
use ml_connector::store::{
    CaseKind, CustomerStore, Decision, GateShut, MasterKey, NewCase, Reconciliation, ReconciliationState, Role,
    StoredPass, WantedKind,
};
use secrecy::SecretString;
use serde_json::json;

use super::site::{Site, Visitor};
use crate::store::facts::{COMPANY, Frozen, World, event};

const EXAMPLE: &str = include_str!("../../../../../examples/flows/expenses.toml");

/// A customer and ids of what it has.
pub struct Belongings {
    pub customer: CustomerStore,
    /// Its admin.
    pub admin: Visitor,
    /// By the names that parameters have.
    pub ids: BTreeMap<String, String>,
}

pub fn master_key() -> Option<MasterKey> {
    Some(MasterKey::generate().unwrap())
}

impl Belongings {
    /// A customer; its reports have the numbers `first` and the two after it.
    pub async fn of(site: &Site, name: &str, first: usize) -> Self {
        let at_ms = site.now_ms();
        let customer = site.customer(name).await;
        let (user, admin) = site.signed_in(&format!("owner@{name}.com"), false).await;
        site.grant(&customer, &user, Role::Admin).await;
        let body = json!({ "name": name, "customers": [customer.id().as_str()], "rights": ["view"] });
        let token = admin.post("/tokens", body).await.is(201).json()["details"]["id"].as_str().unwrap().to_owned();

        let document = EXAMPLE.replace("\"env:INTACCT_COMPANY_ID\"", &format!("\"{COMPANY}\""));
        let flow = Flow::parse(&document, "flow.toml", None).unwrap();
        let mut tx = customer.begin().await.unwrap();
        let flow = tx.put_flow(&flow.name, &flow.document, user.id.as_str(), at_ms).await.unwrap().id;
        tx.seal_secret("password", &SecretString::from("sealed"), "test", at_ms).await.unwrap();
        let account =
            Account { number: "6410".to_owned(), title: "Travel".to_owned(), active: true, ..Account::default() };
        let chart = Chart { accounts: [("6410".to_owned(), account)].into(), ..Chart::default() };
        tx.put_chart(COMPANY, &chart, at_ms).await.unwrap();
        tx.commit(at_ms, vec![event("flow.changed", flow.as_str())]).await.unwrap();
        let run = site.store.ids().run(at_ms).unwrap();
        let world =
            World { store: site.store.clone(), customer: customer.clone(), flow: flow.clone(), run: run.clone() };
        let frozen = Frozen::many(first..first + 3);
        world.freeze(&frozen).await;
        let mut ids = BTreeMap::new();
        let mut tx = customer.begin().await.unwrap();
        let mut events = Vec::new();
        for one in &frozen {
            let report_id = format!("R{:05}", one.index);
            let problem = Problem::of_report(Code::ApprovalAwaited, "", "two must agree");
            let shut =
                GateShut { report_id: &report_id, problem: &problem, entries: 1, currency: "USD", total_minor: 12_34 };
            tx.shut_gate(&flow, &shut, at_ms).await.unwrap();
            let case = NewCase {
                flow: &flow,
                kind: CaseKind::DriftChanged,
                subject: &report_id,
                report_id: Some(&report_id),
                cause: "another amount",
                code: Code::ContentChanged,
                detail: &json!({}),
                proposals: &[Decision::Accept],
            };
            let case = tx.open_case(&case, at_ms).await.unwrap().unwrap();
            let (wish, asked) = tx.want(&flow, WantedKind::Poll, &json!({}), "test", at_ms).await.unwrap();
            let reconciliation = Reconciliation {
                id: site.store.ids().reconciliation(at_ms).unwrap(),
                flow: flow.clone(),
                from: date(2026, 10, 1),
                to: date(2026, 10, 31),
                state: ReconciliationState::Ties,
                document: json!({ "rows": [{ "month": "2026-10", "entity": "=1+1" }] }),
                differences: 0,
                began_ms: at_ms,
                ended_ms: at_ms,
            };
            tx.add_reconciliation(&reconciliation).await.unwrap();
            let run = site.store.ids().run(at_ms).unwrap();
            let pass = StoredPass { run, began_ms: at_ms, ended_ms: at_ms, summary: json!({ "read": 1 }) };
            tx.add_pass(&flow, &pass).await.unwrap();
            let message = tx.add_message(&flow, "0 mail", "held", ("subject", "text"), at_ms).await.unwrap();
            events.push(asked);
            for (name, id) in [
                ("report", report_id.as_str()),
                ("reference", one.planned.reference.as_str()),
                ("case", case.as_str()),
                ("wish", wish.as_str()),
                ("message", message.as_str()),
                ("reconciliation", reconciliation.id.as_str()),
            ] {
                ids.insert(name.to_owned(), id.to_owned());
            }
        }
        tx.commit(at_ms, events).await.unwrap();
        for (name, id) in [
            ("customer", customer.id().as_str()),
            ("user", user.id.as_str()),
            ("token", &token),
            ("flow", flow.as_str()),
            // Names and numbers, which are no ids of somebody.
            ("secret", "password"),
            ("role", "viewer"),
            ("version", "1"),
            ("dimension", "department"),
            ("table", "categories"),
            ("cause", "101-0000000000000000"),
        ] {
            ids.insert(name.to_owned(), id.to_owned());
        }
        Self { customer, admin, ids }
    }
}

/// An id of the same form that nobody has.
pub fn absent(name: &str, id: &str) -> String {
    match name {
        "report" => "R99999".to_owned(),
        "reference" => Frozen::of(99_999).planned.reference.to_string(),
        // The key of a cursor ends it.
        "after" => format!("{}{}", &id[..id.len() - 1], if id.ends_with('A') { 'B' } else { 'A' }),
        _ => {
            let (prefix, rest) = id.split_once('_').unwrap();
            format!("{prefix}_{}", "0".repeat(rest.len()))
        }
    }
}
