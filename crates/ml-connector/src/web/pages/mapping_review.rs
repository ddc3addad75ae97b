//! Changes of a mapping before they are kept: row by row, with what they would release and what they would have booked
//! otherwise. Nothing is kept here.

use axum::response::Response;
use serde_json::Value;

use super::frame::Frame;
use super::impact::Impact;
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
