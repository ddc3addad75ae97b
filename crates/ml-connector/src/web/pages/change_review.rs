//! A change of a flow's document before it is kept: which keys differ, and what it would do to stored reports. The form
//! that made it is carried along and sent again to be kept.

use axum::response::Response;
use serde_json::Value;

use super::frame::Frame;
use super::impact::Impact;
use super::refused::{Told, show};
use super::visit::Visit;
use crate::flow::Flow;
use crate::store::StoredFlow;
use crate::web::foresight::{DifferenceAnswer, foretold};
use crate::web::problem::Refusal;

#[derive(askama::Template)]
#[template(path = "change_review.html")]
struct Review {
    frame: Frame,
    title: String,
    flow_name: String,
    told: Option<Told>,
    mistakes: Vec<Mistake>,
    differences: Vec<DifferenceAnswer>,
    impact: Option<Impact>,
    untold: String,
    /// Where the form goes.
    action: String,
    /// Where one goes without saving.
    back: String,
    /// What is sent again.
    carried: Vec<(String, String)>,
}

/// A mistake with its place.
pub(super) struct Mistake {
    /// Line of the document, from 1; 0 where it has none.
    pub line: u64,
    /// The key, where one is meant.
    pub key: String,
    /// What is wrong.
    pub detail: String,
    /// What mends it.
    pub remedy: String,
}

/// What is shown beside the change itself.
pub(super) struct Proposed {
    /// What the page is about.
    pub title: String,
    /// Where the form goes.
    pub action: String,
    /// Where one goes without saving.
    pub back: String,
    /// What is sent again to keep it.
    pub carried: Vec<(String, String)>,
}

/// All that is wrong with a document or its settings.
pub(super) fn mistakes(refusal: &Refusal) -> Vec<Mistake> {
    let all = refusal.member("mistakes").and_then(Value::as_array).into_iter().flatten();
    let text = |mistake: &Value, name: &str| mistake[name].as_str().unwrap_or_default().to_owned();
    let mistake = |mistake: &Value| Mistake {
        line: mistake["line"].as_u64().unwrap_or(0),
        key: text(mistake, "key"),
        detail: text(mistake, "detail"),
        remedy: text(mistake, "remedy"),
    };
    all.map(mistake).collect()
}

/// Shows what a changed flow would do, or why it cannot be kept.
///
/// # Errors
/// What went wrong inside.
pub(super) async fn review(
    visit: Visit,
    stored: &StoredFlow,
    changed: Result<Flow, Refusal>,
    proposed: Proposed,
) -> Result<Response, Refusal> {
    let (mut told, mut wrong, mut status) = (None, Vec::new(), None);
    let (mut differences, mut impact, mut untold) = (Vec::new(), None, String::new());
    let found = match changed {
        Ok(flow) => foretold(&visit.state, &visit.customer, &flow, None).await,
        Err(refusal) => Err(refusal),
    };
    match found {
        Ok(found) => {
            impact = found.what_if.as_ref().map(Impact::of);
            untold = found.untold.unwrap_or_default();
            differences = found.differences;
        }
        Err(refusal) if refusal.status().is_server_error() => return Err(refusal),
        Err(refusal) => {
            wrong = mistakes(&refusal);
            told = Some(Told::from(&refusal));
            status = Some(refusal.status());
        }
    }
    let mut page = show(&Review {
        title: proposed.title,
        flow_name: stored.name.clone(),
        told,
        mistakes: wrong,
        differences,
        impact,
        untold,
        action: proposed.action,
        back: proposed.back,
        carried: proposed.carried,
        frame: visit.frame,
    });
    if let Some(status) = status {
        *page.status_mut() = status;
    }
    Ok(page)
}
