//! The first steps of a customer, from nothing to the first journal entry: connect, choose, map, rehearse, post. Each
//! step shows what is there already; none of them posts anything but the last.

use std::collections::BTreeMap;

use accounting::Chart;
use accounting::suggest::Catalogue;
use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};
use secrecy::SecretString;

use super::super::flows::{self, FlowChange, FlowPlace, NewFlow};
use super::super::mapping::overview;
use super::super::problem::Refusal;
use super::super::request::{Body, Place};
use super::super::secrets::{self, NewSecret, SecretPlace};
use super::super::state::State;
use super::super::wishes::{self, Wish};
use super::asked::{self, Pinged};
use super::form::Fields;
use super::frame::Frame;
use super::refused::{Told, show};
use super::visit::{Visit, go};
use crate::flow::{FIRST, Flow, Mode, NewValue, with_values};
use crate::store::{ReportTotal, StoredFlow};
use crate::work::plan::newest_chart;

/// The credentials of a flow: the name under which each is sealed, its words, and whether it is a secret.
const SECRETS: [(&str, &str, bool); 7] = [
    ("source.expensify.partner_user_id", "Partner user ID", false),
    ("source.expensify.partner_user_secret", "Partner user secret", true),
    ("destination.intacct.company_id", "Company ID", false),
    ("destination.intacct.user_id", "Web Services user ID", false),
    ("destination.intacct.user_password", "Web Services user's password", true),
    ("destination.intacct.sender_id", "Sender ID", false),
    ("destination.intacct.sender_password", "Sender password", true),
];
/// What a person still has to choose stands so in a flow's first document.
const OPEN: &str = "?";
/// Accounts offered to choose from.
const ACCOUNTS: usize = 1_000;
/// Least likeness, of 100, at which a choice is proposed.
const LIKELY: u8 = 45;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/c/{customer}/start", get(start))
        .route("/c/{customer}/start/connect", post(connect))
        .route("/c/{customer}/start/choose", post(choose))
        .route("/c/{customer}/start/post", post(begin_posting))
}

#[derive(askama::Template)]
#[template(path = "start.html")]
struct Start {
    frame: Frame,
    told: Option<Told>,
    /// Credentials that are asked for, with what was entered and is no secret.
    secrets: Vec<(&'static str, &'static str, bool, String)>,
    zones: Vec<String>,
    flow: Option<Begun>,
}

/// How far a flow has come.
struct Begun {
    id: String,
    version: u32,
    pinged: Option<Pinged>,
    chart: Option<Choices>,
    chosen: bool,
    posts: bool,
    choice: Choice,
    tables: Vec<Table>,
    mapped: bool,
    read: u64,
    totals: Vec<ReportTotal>,
    rehearsed: bool,
}

/// What a person chooses, as it stands.
#[derive(Clone)]
struct Choice {
    cut_over: String,
    zone: String,
    journal: String,
    card_journal: String,
    account: String,
    card_account: String,
    review_first: u32,
}

/// What there is to choose from.
struct Choices {
    journals: Vec<(String, String)>,
    accounts: Vec<(String, String)>,
}

/// A table of the mapping, and how much of the money it covers.
struct Table {
    title: String,
    rows: u64,
    open: u64,
    uncovered: Vec<(String, i64)>,
}

async fn start(visit: Visit) -> Result<Response, Refusal> {
    page(&visit, None, &Fields::default()).await
}

async fn page(visit: &Visit, told: Option<&Refusal>, fields: &Fields) -> Result<Response, Refusal> {
    let entered = |name: &str, secret: bool| if secret { String::new() } else { fields.text(name).to_owned() };
    let secrets = SECRETS.iter().map(|(name, words, secret)| (*name, *words, *secret, entered(name, *secret)));
    let flow = match visit.customer.flows().await?.into_iter().next() {
        Some(stored) => Some(begun(visit, &stored).await?),
        None => None,
    };
    let zones = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let page =
        Start { frame: visit.frame.clone(), told: told.map(Told::from), secrets: secrets.collect(), zones, flow };
    let mut response = show(&page);
    if let Some(refusal) = told {
        *response.status_mut() = refusal.status();
    }
    Ok(response)
}

async fn begun(visit: &Visit, stored: &StoredFlow) -> Result<Begun, Refusal> {
    let customer = &visit.customer;
    let (_, flow) = flows::stored_flow(customer, stored.id.as_str()).await?;
    let (_, chart) = newest_chart(customer, &flow).await?;
    let chart = chart.map(|stored| stored.chart);
    let choice = choice(&flow, chart.as_ref());
    let mapping = overview(&visit.state, customer, stored, &flow).await?;
    let tables: Vec<Table> = mapping
        .tables
        .into_iter()
        .filter(|table| table.rows > 0 && !table.table.starts_with("offsets"))
        .map(|table| Table {
            title: table.title,
            rows: table.rows,
            open: table.unmapped + table.refused,
            uncovered: table.uncovered_minor.into_iter().filter(|(_, minor)| *minor != 0).collect(),
        })
        .collect();
    let totals = customer.report_totals(&stored.id).await?;
    let read = totals.iter().map(|total| total.reports).sum();
    let held = totals.iter().filter(|total| total.state.name() == "held").map(|total| total.reports).sum::<u64>();
    Ok(Begun {
        id: stored.id.to_string(),
        version: stored.version,
        pinged: asked::newest_ping(customer, &stored.id).await?,
        chosen: !stored.document.contains("\"?\""),
        posts: flow.mode == Mode::Post,
        choice,
        mapped: !tables.is_empty() && tables.iter().all(|table| table.open == 0),
        tables,
        read,
        rehearsed: read > held && read > 0,
        totals,
        chart: chart.as_ref().map(choices),
    })
}

/// What is chosen, or what is likely where nothing is.
fn choice(flow: &Flow, chart: Option<&Chart>) -> Choice {
    let (fund, card) = (accounting::FundSource::Reimbursable, accounting::FundSource::CompanyCard);
    let journal = |source| flow.mapping.posting.journal.get(&source).map_or(OPEN, String::as_str);
    let account =
        |source| flow.mapping.offsets.by_fund_source.get(&source).map_or(OPEN, |offset| offset.account.as_str());
    let journals = |chart: &Chart| -> BTreeMap<String, String> {
        let active = chart.journals.values().filter(|journal| journal.active);
        active.map(|journal| (journal.symbol.clone(), journal.title.clone())).collect()
    };
    let accounts = |chart: &Chart| -> BTreeMap<String, String> {
        let open = chart.accounts.values().filter(|account| account.active && account.requires.is_empty());
        open.map(|account| (account.number.clone(), account.title.clone())).collect()
    };
    let likely =
        |of: Option<BTreeMap<String, String>>, words: &[&str]| of.map_or(String::new(), |of| likely(&of, words));
    let kept = |now: &str, of: Option<BTreeMap<String, String>>, words: &[&str]| {
        if now == OPEN { likely(of, words) } else { now.to_owned() }
    };
    Choice {
        cut_over: flow.mapping.selection.cut_over.to_string(),
        zone: flow.schedule.zone.iana_name().unwrap_or("UTC").to_owned(),
        journal: kept(journal(fund), chart.map(journals), &["Employee expenses", "Expense journal"]),
        card_journal: kept(journal(card), chart.map(journals), &["Company cards", "Credit card journal"]),
        account: kept(account(fund), chart.map(accounts), &["Accrued employee expenses", "Employee payable"]),
        card_account: kept(account(card), chart.map(accounts), &["Company card clearing", "Credit card payable"]),
        review_first: flow.control.review_first.into(),
    }
}

/// The one whose name is likest to one of the words; nothing where none is like enough.
fn likely(of: &BTreeMap<String, String>, words: &[&str]) -> String {
    let catalogue = Catalogue::new(of.iter().map(|(id, name)| (id.as_str(), name.as_str())));
    let none = BTreeMap::new();
    let found = words.iter().flat_map(|word| catalogue.suggest(word, None, &none, 1));
    let best = found.max_by_key(|suggestion| suggestion.score).filter(|suggestion| suggestion.score >= LIKELY);
    best.map_or(String::new(), |suggestion| suggestion.id)
}

fn choices(chart: &Chart) -> Choices {
    let journals = chart.journals.values().filter(|journal| journal.active);
    let accounts = chart.accounts.values().filter(|account| account.active).take(ACCOUNTS);
    Choices {
        journals: journals.map(|journal| (journal.symbol.clone(), journal.title.clone())).collect(),
        accounts: accounts.map(|account| (account.number.clone(), account.title.clone())).collect(),
    }
}

/// Seals the credentials, makes the flow that uses them, and has both systems asked.
async fn connect(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    again_unless(&visit, &fields, connected(&visit, &fields).await).await
}

async fn connected(visit: &Visit, fields: &Fields) -> Result<String, Refusal> {
    let (state, customer) = (&visit.state, visit.customer_id());
    if let Some((name, words, _)) = SECRETS.iter().find(|(name, _, _)| fields.text(name).is_empty()) {
        return Err(Refusal::invalid(name, format!("{words} is missing.")));
    }
    for (name, _, secret) in SECRETS {
        let value = if secret { fields.raw(name) } else { fields.text(name) };
        let place = SecretPlace { customer: customer.clone(), secret: name.to_owned() };
        let body = NewSecret { value: SecretString::from(value) };
        let shared = Shared(state.clone());
        let _ = secrets::put_secret(shared, visit.caller.clone(), Place(place), Body(body)).await?;
    }
    let today = state.clock.today().to_string();
    let values = [
        ("customer", NewValue::Text(&visit.frame.customer_name)),
        ("source.expensify.cut_over", NewValue::Text(&today)),
    ];
    let document = with_values(FIRST, &values).map_err(|why| Refusal::invalid("", why))?;
    let body = Body(NewFlow { document });
    let made = flows::create_flow(Shared(state.clone()), visit.caller.clone(), Place(customer), body).await?;
    let flow = made.1.0.flow.id;
    for kind in ["ping", "refresh", "poll"] {
        ask(visit, &flow, kind).await?;
    }
    Ok(visit.frame.at("/start#connect"))
}

async fn ask(visit: &Visit, flow: &str, kind: &str) -> Result<(), Refusal> {
    let place = FlowPlace { customer: visit.customer_id(), flow: flow.to_owned() };
    let wish = Wish { kind: kind.to_owned(), from: None, to: None, cause: None };
    let _ = wishes::ask(Shared(visit.state.clone()), visit.caller.clone(), Place(place), Body(wish)).await?;
    Ok(())
}

/// Keeps what a person chose, as a new version of the flow.
async fn choose(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let review = fields.parsed::<u32>("review_first");
    let chosen = match review {
        Err(refusal) => Err(refusal),
        Ok(review) => {
            let text = |name| NewValue::Text(fields.text(name));
            let values = [
                ("source.expensify.cut_over", text("cut_over")),
                ("schedule.time_zone", text("zone")),
                ("posting.journal.reimbursable", text("journal")),
                ("posting.journal.company_card", text("card_journal")),
                ("offsets.reimbursable.account", text("account")),
                ("offsets.company_card.account", text("card_account")),
                ("control.review_first", NewValue::Number(review)),
            ];
            change(&visit, &fields, &values, "chosen in the first steps", "poll").await
        }
    };
    let to = visit.frame.at("/start#map");
    again_unless(&visit, &fields, chosen.map(|()| to)).await
}

/// From here on the flow posts.
async fn begin_posting(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let values = [("mode", NewValue::Text("post"))];
    let begun = change(&visit, &fields, &values, "posting begins", "poll").await;
    let to = visit.frame.at("?done=posting");
    again_unless(&visit, &fields, begun.map(|()| to)).await
}

async fn change(
    visit: &Visit,
    fields: &Fields,
    values: &[(&str, NewValue<'_>)],
    reason: &str,
    then: &str,
) -> Result<(), Refusal> {
    let flow = fields.text("flow");
    let (stored, _) = flows::stored_flow(&visit.customer, flow).await?;
    let document = with_values(&stored.document, values).map_err(|why| {
        Refusal::conflict(format!("The flow's document was written by hand ({why}); change it under its settings."))
    })?;
    let change = FlowChange { document, expected_version: fields.parsed("version")?, reason: reason.to_owned() };
    let place = FlowPlace { customer: visit.customer_id(), flow: flow.to_owned() };
    let (shared, caller) = (Shared(visit.state.clone()), visit.caller.clone());
    let _ = flows::change_flow(shared, caller, Place(place), Body(change)).await?;
    ask(visit, flow, then).await
}

async fn again_unless(visit: &Visit, fields: &Fields, done: Result<String, Refusal>) -> Result<Response, Refusal> {
    match done {
        Ok(to) => Ok(go(&to)),
        Err(refusal) if refusal.status().is_server_error() => Err(refusal),
        Err(refusal) => page(visit, Some(&refusal), fields).await,
    }
}
