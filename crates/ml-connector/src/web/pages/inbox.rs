//! What there is to do, one card for each cause: what it is in the trade's words, where, which value, who can mend it
//! and how, how much money it blocks and since when, and the button that mends it.

use std::collections::BTreeMap;

use accounting::Code;
use accounting::problem::Owner;
use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};

use super::super::causes::{self, Released};
use super::super::flows::FlowPlace;
use super::super::problem::Refusal;
use super::super::request::{Body, Place};
use super::super::state::State;
use super::form::Fields;
use super::frame::Frame;
use super::mending::{Mending, mending};
use super::refused::show;
use super::reports::report_address;
use super::visit::{Visit, go};
use super::words;
use crate::store::{
    CaseFilter, CaseState, Cause, InboxState, ReportFilter, ReportOrder, StoredFlow, StoredPosting, WaitingTotal,
};

/// Cards of a page.
const CARDS: usize = 40;
/// Reports that a card names.
const SAMPLES: u32 = 3;
/// Most refused reports that are looked at for their causes, in each flow.
const REFUSED: u32 = 100;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/c/{customer}/inbox", get(inbox)).route("/c/{customer}/inbox/release", post(release))
}

#[derive(askama::Template)]
#[template(path = "inbox.html")]
struct Inbox {
    frame: Frame,
    cards: Vec<Card>,
    decisions: usize,
    first: String,
    next: String,
}

/// A cause with all that it blocks.
struct Card {
    flow: String,
    flow_name: String,
    cause: String,
    code: String,
    title: &'static str,
    value: String,
    detail: String,
    why: &'static str,
    remedy: &'static str,
    owner: &'static str,
    /// It needs no person, or only that somebody agrees.
    waits: bool,
    reports: u64,
    expenses: u64,
    money: Vec<(i64, String)>,
    age: String,
    oldest_ms: i64,
    samples: Vec<(String, String)>,
    list: String,
    act: Act,
}

/// The button of a card.
enum Act {
    /// To the mapping, at the value.
    Map(String),
    /// To the page where a person decides.
    Go(String, &'static str),
    /// Let go what was mended.
    Release,
    /// Ask the worker to read anew.
    Ask(&'static str, &'static str),
    None,
}

async fn inbox(visit: Visit) -> Result<Response, Refusal> {
    let mut cards = Vec::new();
    let now_ms = visit.state.clock.now_ms();
    let flows = visit.customer.flows().await?;
    for flow in &flows {
        for cause in visit.customer.held_causes(&flow.id).await? {
            cards.push(of_cause(&visit.frame, flow, cause, now_ms));
        }
        cards.extend(refused(&visit, flow, now_ms).await?);
    }
    for waiting in visit.customer.waiting_totals().await? {
        if let Some(flow) = flows.iter().find(|flow| flow.id == waiting.flow) {
            cards.push(of_gate(&visit.frame, flow, &waiting, now_ms));
        }
    }
    // The most money first, and of the same the oldest; what only time opens comes last.
    let time = [Code::PostingPaused, Code::CeilingOfDay].map(|code| code.to_string());
    cards.sort_by_key(|card| (time.contains(&card.code), std::cmp::Reverse(most(&card.money)), card.oldest_ms));
    let page: usize = form_urlencoded::parse(visit.frame.query.as_bytes())
        .find(|(name, _)| name == "page")
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let all = cards.len();
    let mut shown: Vec<Card> = cards.into_iter().skip(page.saturating_mul(CARDS)).take(CARDS).collect();
    for card in &mut shown {
        card.samples = samples(&visit, &flows, card).await?;
    }
    let more = all > page.saturating_add(1).saturating_mul(CARDS);
    let open = CaseFilter { state: Some(CaseState::Open), ..CaseFilter::default() };
    Ok(show(&Inbox {
        decisions: visit.customer.cases(&open, None, 100).await?.len(),
        first: if page > 0 { visit.frame.at("/inbox") } else { String::new() },
        next: if more { visit.frame.at(&format!("/inbox?page={}", page + 1)) } else { String::new() },
        cards: shown,
        frame: visit.frame,
    }))
}

/// The largest sum of any currency.
fn most(money: &[(i64, String)]) -> i64 {
    money.iter().map(|(minor, _)| minor.saturating_abs()).max().unwrap_or(0)
}

fn of_cause(frame: &Frame, flow: &StoredFlow, cause: Cause, now_ms: i64) -> Card {
    let id = flow.id.to_string();
    let query =
        |name: &str, value: &str| form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
    let act = match (cause.state, cause.code, mending(frame, &id, cause.code, &cause.value)) {
        (_, Code::WaitsForRelease, _) => Act::Release,
        (InboxState::Drift, ..) => Act::Go(frame.at("/cases"), "Decide"),
        (.., Some(Mending::Mapping(to))) => Act::Map(to),
        (.., Some(Mending::Settings(to))) => Act::Go(to, "Open the flow's settings"),
        _ => match cause.code.owner() {
            Owner::Submitter | Owner::SourceAdmin => Act::Ask("poll", "Read Expensify again"),
            Owner::LedgerAdmin => Act::Ask("refresh", "Read the ledger's lists again"),
            _ => Act::None,
        },
    };
    let state = cause.state.name();
    Card {
        flow_name: flow.name.clone(),
        code: cause.code.to_string(),
        title: cause.code.title(),
        why: cause.code.cause(),
        remedy: cause.code.remedy(),
        owner: cause.code.owner().name(),
        waits: cause.code == Code::WaitsForRelease,
        list: frame.at(&format!("/reports?flow={id}&states={state}&{}", query("problem", &cause.code.to_string()))),
        age: words::span(cause.oldest_ms, now_ms),
        oldest_ms: cause.oldest_ms,
        reports: cause.reports,
        expenses: cause.expenses,
        money: cause.money.into_iter().map(|(currency, minor)| (minor, currency)).collect(),
        cause: cause.id,
        value: cause.value,
        detail: words::sentence(&cause.detail),
        samples: Vec::new(),
        flow: id,
        act,
    }
}

fn of_gate(frame: &Frame, flow: &StoredFlow, waiting: &WaitingTotal, now_ms: i64) -> Card {
    let (code, id) = (waiting.gate, flow.id.to_string());
    let approvals = |words| Act::Go(frame.at(&format!("/approvals?flow={id}&gate={code}")), words);
    let act = match code {
        Code::ReviewAwaited | Code::ApprovalAwaited => approvals("Approve or refuse"),
        Code::PostingRejected | Code::HeldByPerson => approvals("See them"),
        Code::PostingPaused | Code::CeilingOfDay => Act::Go(frame.at(&format!("/flows/{id}")), "See the flow"),
        _ => Act::Go(frame.at(&format!("/flows/{id}/rehearsal")), "Look at the hand-over"),
    };
    Card {
        flow_name: flow.name.clone(),
        cause: String::new(),
        code: code.to_string(),
        title: code.title(),
        value: String::new(),
        detail: String::new(),
        why: code.cause(),
        remedy: code.remedy(),
        owner: code.owner().name(),
        waits: true,
        reports: waiting.reports,
        expenses: 0,
        money: vec![(waiting.total_minor, waiting.currency.clone())],
        age: words::span(waiting.oldest_ms, now_ms),
        oldest_ms: waiting.oldest_ms,
        samples: Vec::new(),
        list: frame.at(&format!("/approvals?flow={id}&gate={code}")),
        flow: id,
        act,
    }
}

/// What Intacct refused, by what it said.
async fn refused(visit: &Visit, flow: &StoredFlow, now_ms: i64) -> Result<Vec<Card>, Refusal> {
    let filter = ReportFilter { states: vec![InboxState::Rejected], ..ReportFilter::default() };
    let flows = [flow.id.clone()];
    let found = visit.customer.find_reports(&flows, &filter, ReportOrder::default(), None, REFUSED).await?;
    let ids: Vec<&str> = found.reports.iter().map(|report| report.report_id.as_str()).collect();
    let mut groups: BTreeMap<(u16, String), Vec<StoredPosting>> = BTreeMap::new();
    for posting in visit.customer.postings_of_reports(&flow.id, &ids).await? {
        let problem = posting.problem.clone().filter(|_| posting.machine.state.name() == "rejected");
        if let Some(problem) = problem {
            groups.entry((problem.code.number(), problem.value)).or_default().push(posting);
        }
    }
    let of_group = |((_, value), postings): ((u16, String), Vec<StoredPosting>)| {
        let problem = postings.first()?.problem.clone()?;
        let mut money: BTreeMap<String, i64> = BTreeMap::new();
        for posting in &postings {
            let sum = money.entry(posting.total.currency.code().to_owned()).or_default();
            *sum = sum.saturating_add(posting.total.minor);
        }
        let reports: std::collections::BTreeSet<&str> = postings.iter().map(|one| one.key.report.as_str()).collect();
        let oldest_ms = postings.iter().map(|one| one.changed_ms).min().unwrap_or(now_ms);
        let id = flow.id.to_string();
        let refresh = Act::Ask("refresh", "Read the ledger's lists again");
        Some(Card {
            flow_name: flow.name.clone(),
            cause: String::new(),
            code: problem.code.to_string(),
            title: problem.code.title(),
            detail: words::sentence(&problem.detail),
            why: problem.code.cause(),
            remedy: problem.code.remedy(),
            owner: problem.code.owner().name(),
            waits: false,
            reports: u64::try_from(reports.len()).unwrap_or(0),
            expenses: 0,
            money: money.into_iter().map(|(currency, minor)| (minor, currency)).collect(),
            age: words::span(oldest_ms, now_ms),
            oldest_ms,
            samples: reports.iter().take(3).map(|id| named(visit, flow, id)).collect(),
            list: visit.frame.at(&format!("/reports?flow={id}&states=rejected")),
            act: if problem.code.owner() == Owner::LedgerAdmin { refresh } else { Act::None },
            flow: id,
            value,
        })
    };
    Ok(groups.into_iter().filter_map(of_group).collect())
}

fn named(visit: &Visit, flow: &StoredFlow, report: &str) -> (String, String) {
    (report_address(&visit.frame, flow.id.as_str(), report), report.to_owned())
}

/// A few reports of a card.
async fn samples(visit: &Visit, flows: &[StoredFlow], card: &Card) -> Result<Vec<(String, String)>, Refusal> {
    let flow = flows.iter().find(|flow| flow.id.as_str() == card.flow);
    let Some(flow) = flow.filter(|_| !card.cause.is_empty()) else { return Ok(card.samples.clone()) };
    let reports = visit.customer.cause_reports(&flow.id, &card.cause, None, SAMPLES).await?;
    Ok(reports.into_iter().map(|report| named(visit, flow, &report.report_id)).collect())
}

fn place(visit: &Visit, fields: &Fields) -> Place<FlowPlace> {
    Place(FlowPlace { customer: visit.customer_id(), flow: fields.text("flow").to_owned() })
}

async fn release(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let cause = Some(fields.text("cause").to_owned());
    let body = Released { all: false, cause, reports: None, note: String::new() };
    let at = place(&visit, &fields);
    let _ = causes::release_reports(Shared(visit.state.clone()), visit.caller.clone(), at, Body(body)).await?;
    Ok(go(&visit.frame.at("/inbox?done=released")))
}
