//! What changed after posting, and what cannot be proven: each with its lines compared, and what a person can decide.
//! Nothing happens without a decision; the flow's worker carries it out.

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;

use super::super::cases::{self, CasePlace, Decided};
use super::super::problem::Refusal;
use super::super::request::{Body, Place};
use super::super::state::State;
use super::form::Fields;
use super::frame::Frame;
use super::refused::{Told, show};
use super::report::people;
use super::reports::report_address;
use super::visit::{Visit, go};
use super::words;
use crate::store::{Case, CaseFilter, CaseId, CaseKind, CaseState, Decision};

/// Rows of a page.
const ROWS: u32 = 50;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/c/{customer}/cases", get(list)).route("/c/{customer}/cases/{case}", get(one).post(decide))
}

#[derive(askama::Template)]
#[template(path = "cases.html")]
struct Cases {
    frame: Frame,
    state: String,
    states: Vec<(&'static str, &'static str)>,
    rows: Vec<Row>,
    first: String,
    next: String,
}

struct Row {
    to: String,
    kind: &'static str,
    report: String,
    title: &'static str,
    money: Option<(i64, i64, String)>,
    state: (&'static str, &'static str),
    decision: &'static str,
    opened_ms: i64,
}

#[derive(askama::Template)]
#[template(path = "case.html")]
struct OneCase {
    frame: Frame,
    told: Option<Told>,
    note: String,
    id: String,
    kind: &'static str,
    title: &'static str,
    code: String,
    why: &'static str,
    remedy: &'static str,
    owner: &'static str,
    state: (&'static str, &'static str),
    open: bool,
    report: String,
    to: String,
    employee: String,
    cause: String,
    currency: String,
    posted: Option<i64>,
    new: Option<i64>,
    ledger: Vec<Booked>,
    changes: Vec<Change>,
    hidden: usize,
    net: Vec<Net>,
    moved: Option<(String, String)>,
    problems: Vec<(String, String, String)>,
    records: Vec<String>,
    detail: String,
    choices: Vec<Choice>,
    decision: &'static str,
    decided_by: String,
    decided_ms: Option<i64>,
    reason: String,
    consents: Vec<(String, i64)>,
    outcome: Vec<(String, String)>,
    opened_ms: i64,
}

/// An entry that stands in the ledger.
struct Booked {
    reference: String,
    record_no: String,
    journal: String,
    date: String,
    minor: Option<i64>,
}

/// A line as it stands and as it would stand.
struct Change {
    what: &'static str,
    old: Option<Side>,
    new: Option<Side>,
}

struct Side {
    account: String,
    dimensions: String,
    memo: String,
    direction: &'static str,
    minor: i64,
}

struct Net {
    account: String,
    dimensions: String,
    minor: i64,
}

/// Something that can be decided.
struct Choice {
    name: &'static str,
    words: &'static str,
    means: &'static str,
    needs_note: bool,
    needs_record: bool,
}

/// A decision in words, and what it brings about.
pub(super) const fn decision_words(decision: Decision) -> (&'static str, &'static str) {
    match decision {
        Decision::ReverseAndRepost => (
            "Reverse and post anew",
            "What stands is reversed by an entry of its own; once that is proven, the report is posted as it is now.",
        ),
        Decision::Reverse => ("Reverse", "What stands is reversed by an entry of its own; nothing is posted anew."),
        Decision::PostDifference => {
            ("Post the difference", "One entry makes up for the lines that differ; what stands stays as it is.")
        }
        Decision::Accept => ("Leave it as it is", "The ledger stays as it is; your note explains the difference."),
        Decision::Vouch => (
            "It is this entry",
            "You name the record in Intacct that stands for this report; it counts as posted from then on.",
        ),
        Decision::ConsentResend => (
            "Send it again",
            "Nobody could prove that it is not in the ledger. Two persons must agree that it is not; then it is sent again.",
        ),
        Decision::MarkHandled => ("Handled elsewhere", "Nothing of this report will be posted from here."),
        Decision::Release => ("Try again", "What made Intacct refuse it was mended; the same entry is sent again."),
        Decision::LookAgain => ("Read the ledger again", "Something was put right in Intacct; it is compared anew."),
    }
}

const fn kind_words(kind: CaseKind) -> &'static str {
    match kind {
        CaseKind::DriftChanged => "Changed after posting",
        CaseKind::DriftUnapproved => "No longer approved",
        CaseKind::DriftDeleted => "Gone from Expensify",
        CaseKind::Conflict => "Differs in the ledger",
        CaseKind::Duplicate => "Twice in the ledger",
        CaseKind::Undecidable => "Cannot be proven",
        CaseKind::Refused => "Refused again and again",
        CaseKind::Difference => "Difference of a reconciliation",
        CaseKind::Handled => "Handled elsewhere",
    }
}

const fn state_words(state: CaseState) -> (&'static str, &'static str) {
    match state {
        CaseState::Open => ("To be decided", "bad"),
        CaseState::Decided => ("Being carried out", "wait"),
        CaseState::Done => ("Done", "ok"),
    }
}

fn asked(visit: &Visit, name: &str) -> String {
    let found = form_urlencoded::parse(visit.frame.query.as_bytes()).find(|(found, _)| found == name);
    found.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

async fn list(visit: Visit) -> Result<Response, Refusal> {
    let state = match asked(&visit, "state") {
        state if state.is_empty() => "open".to_owned(),
        state => state,
    };
    let no_state = || Refusal::invalid("state", "It is none of open, decided, done, all.");
    let filter = CaseFilter {
        state: match state.as_str() {
            "all" => None,
            name => Some(CaseState::parse(name).ok_or_else(no_state)?),
        },
        ..CaseFilter::default()
    };
    let before = asked(&visit, "before");
    let mut found = visit.customer.cases(&filter, CaseId::parse(&before).as_ref(), ROWS + 1).await?;
    let more = found.len() > usize::try_from(ROWS).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(ROWS).unwrap_or(usize::MAX));
    let last = found.last().filter(|_| more).map(|case| case.id.to_string());
    let here = |end: &str| visit.frame.at(&format!("/cases?state={state}{end}"));
    let page = Cases {
        first: if before.is_empty() { String::new() } else { here("") },
        next: last.map(|last| here(&format!("&before={last}"))).unwrap_or_default(),
        rows: found.iter().map(|case| row(&visit.frame, case)).collect(),
        states: vec![("open", "To be decided"), ("decided", "Being carried out"), ("done", "Done"), ("all", "All")],
        frame: visit.frame.clone(),
        state,
    };
    Ok(show(&page))
}

fn row(frame: &Frame, case: &Case) -> Row {
    let minor = |name: &str| case.detail[name].as_i64();
    let currency = case.detail["currency"].as_str().unwrap_or_default().to_owned();
    let money = minor("posted_minor").map(|posted| (posted, minor("new_minor").unwrap_or(0)));
    let money = money.or_else(|| minor("total_minor").map(|total| (total, total)));
    Row {
        to: frame.at(&format!("/cases/{}", case.id)),
        kind: kind_words(case.kind),
        report: case.report_id.clone().unwrap_or_else(|| case.subject.clone()),
        title: case.code.title(),
        money: money.map(|(posted, new)| (posted, new, currency)),
        state: state_words(case.state),
        decision: case.decision.map_or("", |decision| decision_words(decision).0),
        opened_ms: case.opened_ms,
    }
}

async fn one(visit: Visit) -> Result<Response, Refusal> {
    Ok(show(&page(visit, None, String::new()).await?))
}

async fn page(visit: Visit, told: Option<Told>, note: String) -> Result<OneCase, Refusal> {
    let id = CaseId::parse(visit.place("case")).ok_or_else(Refusal::not_found)?;
    let case = visit.customer.case(&id).await?;
    let actors = case.consents.iter().map(|consent| consent.actor.as_str()).chain(case.decided_by.as_deref());
    let names = people(&visit, actors.collect()).await?;
    let name = |actor: &str| names.get(actor).cloned().unwrap_or_else(|| actor.to_owned());
    let detail = &case.detail;
    let report = case.report_id.clone().unwrap_or_default();
    let mut changes: Vec<Change> = list_of(&detail["lines"]).iter().filter_map(change).collect();
    if changes.is_empty() {
        // An entry that was never compared: its own lines.
        changes = list_of(&detail["lines"]).iter().filter_map(own_line).collect();
    }
    let count = usize::try_from(detail["lines_count"].as_u64().unwrap_or(0)).unwrap_or(0);
    let moved = (&detail["moved"]["from"], &detail["moved"]["to"]);
    let texts = |value: &Value| list_of(value).iter().filter_map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
    let problem = |problem: &Value| (text(&problem["code"]), text(&problem["value"]), text(&problem["detail"]));
    let outcome = case.outcome.as_ref().and_then(Value::as_object);
    Ok(OneCase {
        told,
        note,
        id: id.to_string(),
        kind: kind_words(case.kind),
        title: case.code.title(),
        code: case.code.to_string(),
        why: case.code.cause(),
        remedy: case.code.remedy(),
        owner: case.code.owner().name(),
        state: state_words(case.state),
        open: case.state == CaseState::Open,
        to: report_address(&visit.frame, case.flow.as_str(), &report),
        report,
        employee: text(&detail["employee"]),
        currency: text(&detail["currency"]),
        posted: detail["posted_minor"].as_i64().or(detail["total_minor"].as_i64()),
        new: detail["new_minor"].as_i64(),
        ledger: list_of(&detail["ledger"]).iter().map(booked).chain(own_entry(detail)).collect(),
        hidden: count.saturating_sub(changes.len()),
        changes,
        net: list_of(&detail["net"]).iter().filter_map(net).collect(),
        moved: moved.0.is_array().then(|| (texts(moved.0), texts(moved.1))),
        problems: list_of(&detail["problems"]).iter().map(problem).collect(),
        records: list_of(&detail["record_nos"]).iter().map(text).collect(),
        detail: words::sentence(&text(&detail["detail"])),
        choices: case.proposals.iter().map(|decision| choice(*decision)).collect(),
        decision: case.decision.map_or("", |decision| decision_words(decision).0),
        decided_by: case.decided_by.as_deref().map(name).unwrap_or_default(),
        decided_ms: case.decided_ms,
        reason: case.note.clone().unwrap_or_default(),
        consents: case.consents.iter().map(|consent| (name(&consent.actor), consent.at_ms)).collect(),
        outcome: outcome.into_iter().flatten().map(|(name, value)| (name.replace('_', " "), text(value))).collect(),
        opened_ms: case.opened_ms,
        cause: case.cause,
        frame: visit.frame,
    })
}

fn choice(decision: Decision) -> Choice {
    let (words, means) = decision_words(decision);
    Choice {
        name: decision.name(),
        words,
        means,
        needs_note: decision.needs_note(),
        needs_record: decision == Decision::Vouch,
    }
}

fn list_of(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn booked(entry: &Value) -> Booked {
    Booked {
        reference: text(&entry["reference"]),
        record_no: text(&entry["record_no"]),
        journal: text(&entry["journal"]),
        date: text(&entry["date"]),
        minor: entry["amount_minor"].as_i64(),
    }
}

/// The entry that a case about one entry names itself.
fn own_entry(detail: &Value) -> Option<Booked> {
    detail["reference"].as_str().map(|_| booked(detail))
}

fn change(line: &Value) -> Option<Change> {
    let what = match line["change"].as_str()? {
        "added" => "Added",
        "removed" => "Removed",
        _ => "Changed",
    };
    Some(Change { what, old: side(&line["old"]), new: side(&line["new"]) })
}

fn own_line(line: &Value) -> Option<Change> {
    Some(Change { what: "As made", old: None, new: Some(side(line)?) })
}

fn side(line: &Value) -> Option<Side> {
    Some(Side {
        account: text(&line["account"]),
        dimensions: dimensions(&line["dimensions"]),
        memo: text(&line["memo"]),
        direction: if line["direction"].as_str()? == "debit" { "Debit" } else { "Credit" },
        minor: line["amount_minor"].as_i64()?,
    })
}

fn net(line: &Value) -> Option<Net> {
    let dimensions = dimensions(&line["dimensions"]);
    Some(Net { account: text(&line["account"]), dimensions, minor: line["minor"].as_i64()? })
}

fn dimensions(value: &Value) -> String {
    let pairs = value.as_object().into_iter().flatten().map(|(name, value)| format!("{name} {}", text(value)));
    pairs.collect::<Vec<_>>().join(", ")
}

/// Decides, as the person saw the case.
async fn decide(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let place = CasePlace { customer: visit.customer_id(), case: visit.place("case").to_owned() };
    let record_no = Some(fields.text("record_no").to_owned()).filter(|number| !number.is_empty());
    let decision = fields.text("decision").to_owned();
    let decided = Decided {
        cause: fields.text("cause").to_owned(),
        record_no: record_no.filter(|_| decision == Decision::Vouch.name()),
        note: fields.text("note").to_owned(),
        decision,
    };
    let shared = Shared(visit.state.clone());
    match cases::decide_case(shared, visit.caller.clone(), Place(place), Body(decided)).await {
        Ok(_) => Ok(go(&visit.frame.at(&format!("/cases/{}?done=decided", visit.place("case"))))),
        Err(refusal) if matches!(refusal.status().as_u16(), 400 | 409 | 422) => {
            let note = fields.text("note").to_owned();
            let mut response = show(&page(visit, Some(Told::from(&refusal)), note).await?);
            *response.status_mut() = refusal.status();
            Ok(response)
        }
        Err(refusal) => Err(refusal),
    }
}
