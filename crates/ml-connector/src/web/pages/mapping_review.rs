//! Changes of a mapping before they are kept: row by row, with what they would release and what they would have booked
//! otherwise. Nothing is kept here.

use axum::response::Response;
use serde_json::Value;

use super::frame::Frame;
use super::refused::{Told, show};
use super::visit::Visit;
use crate::flow::table::changed_rows;
use crate::web::flows::stored_flow;
use crate::web::foresight::foretold;
use crate::web::mapping::{RowAnswer, WantedRow, changed, kind_of, rows_wanted};
use crate::web::problem::Refusal;

#[derive(askama::Template)]
#[template(path = "mapping_review.html")]
struct Review {
    frame: Frame,
    /// The mapping's address.
    here: String,
    flow_name: String,
    told: Option<Told>,
    /// What is wrong, one line each.
    mistakes: Vec<String>,
    version: u32,
    back: String,
    /// As they were entered, to be sent again.
    wanted: Vec<WantedRow>,
    /// What is different from now.
    rows: Vec<Shown>,
    impact: Option<Impact>,
    /// Why the impact is not told.
    untold: String,
    /// Some targets are not taken by the ledger.
    unchecked: bool,
}

/// A row that would change.
struct Shown {
    row: RowAnswer,
    title: String,
    before_name: String,
    after_name: String,
    /// Why the ledger would not take it; empty where it would.
    warning: &'static str,
}

/// What the changes would do.
#[derive(Default)]
pub(super) struct Impact {
    /// Words, number of reports, their money by currency, and how it is marked.
    pub lines: Vec<(&'static str, u64, Vec<(String, i64)>, &'static str)>,
    /// Lines that would go to another account or value: what, from, to, lines and money.
    pub moves: Vec<(String, String, String, u64, Vec<(String, i64)>)>,
    /// What would hold reports that are not held now.
    pub holds: Vec<(String, String, u64)>,
    /// Since which day reports were looked at.
    pub since: String,
    /// How many reports were looked at.
    pub reports: u64,
}

impl Impact {
    /// Of the answer of a what-if.
    pub(super) fn of(found: &Value) -> Self {
        let lines = [
            ("released", "waiting", "are released", "ok"),
            ("newly_held", "waiting", "are held that are not now", "bad"),
            ("still_held", "waiting", "stay held", "wait"),
            ("newly_taken", "waiting", "are taken that are left out now", "wait"),
            ("left_out", "waiting", "are left out that are taken now", "bad"),
            ("altered", "waiting", "not posted yet are booked otherwise", "wait"),
            (
                "altered",
                "in_ledger",
                "already posted stay as they are; reports like them go otherwise from now on",
                "off",
            ),
        ];
        let line = |(what, side, words, mark): (&str, &str, &'static str, &'static str)| {
            let tally = &found[what][side];
            let reports = tally["reports"].as_u64().filter(|reports| *reports > 0)?;
            Some((words, reports, money(&tally["money"]), mark))
        };
        let accounts = found["accounts"].as_array().into_iter().flatten();
        let accounts = accounts.map(|moved| {
            let what = if moved["side"] == "offset" { "offset account" } else { "account" };
            moved_line(what.to_owned(), moved)
        });
        let dimensions = found["dimensions"].as_array().into_iter().flatten();
        let dimensions =
            dimensions.map(|moved| moved_line(moved["dimension"].as_str().unwrap_or_default().to_owned(), moved));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let holds = found["would_hold"].as_array().into_iter().flatten();
        Self {
            lines: lines.into_iter().filter_map(line).collect(),
            moves: accounts.chain(dimensions).take(50).collect(),
            holds: holds
                .map(|cause| {
                    (text(&cause["title"]), text(&cause["value"]), cause["tally"]["reports"].as_u64().unwrap_or(0))
                })
                .take(50)
                .collect(),
            since: text(&found["from"]),
            reports: found["reports"].as_u64().unwrap_or(0),
        }
    }
}

fn moved_line(what: String, moved: &Value) -> (String, String, String, u64, Vec<(String, i64)>) {
    let end = |name: &str| match moved[name].as_str().unwrap_or_default() {
        "" => "nothing".to_owned(),
        text => text.to_owned(),
    };
    (what, end("from"), end("to"), moved["lines"].as_u64().unwrap_or(0), money(&moved["money"]))
}

fn money(value: &Value) -> Vec<(String, i64)> {
    let each = value.as_object().into_iter().flatten();
    each.map(|(currency, minor)| (currency.clone(), minor.as_i64().unwrap_or(0))).collect()
}

/// Shows what changes would do, with what stands against them.
///
/// # Errors
/// What is no change of this flow's mapping at all.
pub(super) async fn review(
    visit: Visit,
    wanted: Vec<WantedRow>,
    version: u32,
    back: String,
    refusal: Option<Refusal>,
) -> Result<Response, Refusal> {
    if !visit.frame.maps() {
        return Err(Refusal::not_allowed("Changing a mapping takes the role mapper."));
    }
    let (stored, flow) = stored_flow(&visit.customer, visit.place("flow")).await?;
    let here = visit.frame.at(&format!("/flows/{}/mapping", stored.id));
    let known = visit.state.charts().of(&visit.customer, &flow).await?;
    let mut refusal = refusal;
    let mut rows = Vec::new();
    let mut impact = None;
    let mut untold = String::new();
    let after = match rows_wanted(&wanted) {
        Ok(changes) => changed(&visit.customer, (&stored, &flow), &changes).await,
        Err(refused) => Err(refused),
    };
    match after {
        Err(refused) if refused.status().is_server_error() => return Err(refused),
        Err(refused) => refusal = refusal.or(Some(refused)),
        Ok(after) => {
            for change in changed_rows(&flow.mapping, &after.mapping) {
                let kind = kind_of(&change.table);
                let target = |id: &Option<String>| {
                    let id = id.as_deref()?;
                    kind.target(&known.as_ref()?.chart, id)
                };
                let name = |id: &Option<String>| target(id).map(|target| target.name.to_owned()).unwrap_or_default();
                let warning = match (&change.after, target(&change.after)) {
                    (Some(_), None) if known.is_some() => "not in Intacct",
                    (Some(_), Some(target)) if !target.active => "inactive in Intacct",
                    _ => "",
                };
                let title = crate::web::mapping::title(&change.table);
                let (before_name, after_name) = (name(&change.before), name(&change.after));
                rows.push(Shown { title, before_name, after_name, warning, row: RowAnswer::from(change) });
            }
            if !rows.is_empty() {
                match foretold(&visit.state, &visit.customer, &after, None).await {
                    Ok(found) => {
                        impact = found.what_if.as_ref().map(Impact::of);
                        untold = found.untold.unwrap_or_default();
                    }
                    Err(refused) if refused.status().is_server_error() => return Err(refused),
                    Err(refused) => refused.detail().clone_into(&mut untold),
                }
            }
        }
    }
    let status = refusal.as_ref().map(Refusal::status);
    let mut page = show(&Review {
        here,
        flow_name: stored.name,
        mistakes: refusal.as_ref().map(mistakes).unwrap_or_default(),
        told: refusal.as_ref().map(Told::from),
        // What another person changed meanwhile is looked at again before it is kept.
        version: if status == Some(axum::http::StatusCode::CONFLICT) { stored.version } else { version },
        back,
        unchecked: rows.iter().any(|row| !row.warning.is_empty()),
        wanted,
        rows,
        impact,
        untold,
        frame: visit.frame,
    });
    if let Some(status) = status {
        *page.status_mut() = status;
    }
    Ok(page)
}

/// What a refusal says of single rows.
fn mistakes(refusal: &Refusal) -> Vec<String> {
    let all = refusal.member("mistakes").and_then(Value::as_array).into_iter().flatten();
    let words = |mistake: &Value| match mistake {
        Value::String(text) => text.clone(),
        other => other["detail"].as_str().unwrap_or_default().to_owned(),
    };
    all.map(words).filter(|text| !text.is_empty()).collect()
}
