//! How far a rehearsal agrees with what somebody booked: reports, lines and money, and each disagreement with both sides.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;

use super::super::flows;
use super::super::problem::Refusal;
use super::super::state::State;
use super::frame::Frame;
use super::refused::show;
use super::visit::Visit;

/// Comparisons that are shown.
const SHOWN: u32 = 10;
/// Disagreements of the newest one that are shown.
const DISAGREEMENTS: usize = 100;

pub(super) fn routes() -> Router<State> {
    Router::new().route("/c/{customer}/flows/{flow}/rehearsal", get(rehearsal))
}

#[derive(askama::Template)]
#[template(path = "rehearsal.html")]
struct Rehearsal {
    frame: Frame,
    id: String,
    name: String,
    comparisons: Vec<Compared>,
    disagreements: Vec<Disagreement>,
}

/// One comparison.
struct Compared {
    taken_ms: i64,
    from: String,
    to: String,
    entries_read: u64,
    reports: Share,
    lines: Share,
    money: Vec<(String, i64, i64, String)>,
}

/// How many of how many agree.
struct Share {
    agreeing: u64,
    total: u64,
    rate: String,
}

/// What differs, and both sides of it.
struct Disagreement {
    report: String,
    kind: String,
    planned: Vec<String>,
    booked: Vec<String>,
}

async fn rehearsal(visit: Visit) -> Result<Response, Refusal> {
    let (stored, _) = flows::stored_flow(&visit.customer, visit.place("flow")).await?;
    let kept = visit.customer.agreements(&stored.id, None, SHOWN).await?;
    let newest = kept.first().and_then(|newest| newest.result["disagreements"].as_array().cloned());
    let disagreements = newest.into_iter().flatten().take(DISAGREEMENTS).map(|value| disagreement(&value)).collect();
    let comparisons = kept.iter().map(|kept| compared(kept.taken_ms, &kept.result)).collect();
    let (id, name) = (stored.id.to_string(), stored.name);
    Ok(show(&Rehearsal { frame: visit.frame, id, name, comparisons, disagreements }))
}

fn compared(taken_ms: i64, result: &Value) -> Compared {
    let text = |key: &str| result[key].as_str().unwrap_or_default().to_owned();
    let share = |value: &Value| {
        let number = |key: &str| value[key].as_u64().unwrap_or(0);
        Share { agreeing: number("agreeing"), total: number("total"), rate: rate(&value["per_ten_thousand"]) }
    };
    let money = result["money"].as_array().into_iter().flatten().map(|money| {
        let minor = |key: &str| money[key].as_i64().unwrap_or(0);
        let currency = money["currency"].as_str().unwrap_or_default().to_owned();
        (currency, minor("agreeing_minor"), minor("total_minor"), rate(&money["per_ten_thousand"]))
    });
    Compared {
        taken_ms,
        from: text("from"),
        to: text("to"),
        entries_read: result["entries_read"].as_u64().unwrap_or(0),
        reports: share(&result["reports"]),
        lines: share(&result["lines"]),
        money: money.collect(),
    }
}

/// `97.43 %`; a dash of nothing.
fn rate(value: &Value) -> String {
    value.as_u64().map_or("–".to_owned(), |rate| format!("{}.{:02} %", rate / 100, rate % 100))
}

fn disagreement(value: &Value) -> Disagreement {
    let text = |key: &str| value[key].as_str().unwrap_or_default();
    let lines = |key: &str| value[key].as_array().into_iter().flatten().map(line).collect();
    let report = match text("number") {
        "" => text("report"),
        number => number,
    };
    Disagreement {
        report: format!("{report} {}", text("employee")),
        kind: text("kind").replace('_', " "),
        planned: lines("only_planned"),
        booked: lines("only_in_ledger"),
    }
}

fn line(value: &Value) -> String {
    let text = |key: &str| value[key].as_str().unwrap_or_default();
    format!("{} {} {} {}", text("account"), text("direction"), text("amount"), text("currency"))
}
