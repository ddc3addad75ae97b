//! `GET /_state/all`: sums over all companies that were called, from the vendors' side.
//!
//! It only looks: a company that nobody called stays so, and is not counted.

use super::companies::Company;
use super::control::answer;
use super::{Shared, lock};
use crate::intacct::Totals;
use axum::extract::{Query, State};
use axum::response::Response;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Sums over companies.
#[derive(Debug, Default)]
struct Sums {
    totals: Totals,
    over_concurrency: u64,
    most_at_once: usize,
    expensify: BTreeMap<&'static str, u64>,
}

impl Sums {
    fn of(company: &Company) -> Self {
        let gate = company.gate.count();
        let totals = lock(&company.intacct).totals();
        let expensify = lock(&company.expensify).totals();
        Sums { totals, over_concurrency: gate.over_budget, most_at_once: gate.most, expensify }
    }

    fn add(&mut self, other: &Sums) {
        self.totals.add(&other.totals);
        self.over_concurrency += other.over_concurrency;
        self.most_at_once = self.most_at_once.max(other.most_at_once);
        for (name, count) in &other.expensify {
            *self.expensify.entry(name).or_default() += count;
        }
    }

    fn json(&self) -> Value {
        let mut intacct = self.totals.json();
        intacct["over_budget"] = json!(self.over_concurrency);
        intacct["most_at_once"] = json!(self.most_at_once);
        json!({"intacct": intacct, "expensify": self.expensify})
    }
}

/// What every approved or paid report of the companies says, for a comparison with the books.
fn approved(companies: &[Arc<Company>]) -> Value {
    let (mut reports, mut expenses) = (0_u64, 0_u64);
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for company in companies {
        // A snapshot: the company may answer requests while its reports are added up.
        let snapshot = lock(&company.expensify).snapshot();
        for report in snapshot.approved() {
            reports += 1;
            expenses += report.expenses;
            *sums.entry(report.currency).or_default() += i128::from(report.total_hundredths);
        }
    }
    let number = |n: &i128| i64::try_from(*n).map_or_else(|_| json!(n.to_string()), |n| json!(n));
    let sums: Map<String, Value> = sums.iter().map(|(currency, n)| ((*currency).to_owned(), number(n))).collect();
    json!({"reports": reports, "expenses": expenses, "hundredths": sums})
}

pub(super) fn of_all(shared: &Shared, each: bool, with_approved: bool) -> Value {
    let called = shared.companies.called();
    let mut sums = Sums::default();
    let mut list = Vec::new();
    for company in &called {
        let own = Sums::of(company);
        sums.add(&own);
        if each {
            let mut own = own.json();
            own["company"] = json!(company.number);
            list.push(own);
        }
    }
    let mut all = sums.json();
    all["companies"] = json!(shared.companies.count());
    all["called"] = json!(called.len());
    if each {
        all["each"] = Value::Array(list);
    }
    if with_approved {
        all["approved"] = approved(&called);
    }
    all
}

/// `GET /_state/all`; `?each=1` lists the companies, `?approved=1` adds up every approved and paid report as well.
pub(super) async fn all(State(shared): State<Arc<Shared>>, Query(query): Query<HashMap<String, String>>) -> Response {
    let asked = |name: &str| query.get(name).is_some_and(|v| v != "0");
    let (each, approved) = (asked("each"), asked("approved"));
    // Adding up a million expenses takes seconds of processor time, which no request may wait for.
    let summed = tokio::task::spawn_blocking(move || of_all(&shared, each, approved)).await;
    match summed {
        Ok(value) => answer(200, &value),
        Err(error) => answer(500, &json!({"error": error.to_string()})),
    }
}
