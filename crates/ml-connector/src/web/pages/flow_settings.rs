//! A flow's settings as a form, and its document as text. What was entered is first shown with what it would change;
//! kept, it is a new version.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::get;

use super::change_review::{Mistake, Proposed, mistakes, review};
use super::form::Fields;
use super::frame::Frame;
use super::refused::{Told, show};
use super::visit::{Visit, go};
use crate::web::flow_settings::{
    SectionAnswer, SettingsChange, WantedSetting, change_settings, changed_settings, list_settings,
};
use crate::web::flows::{FlowChange, FlowPlace, change_flow, flow_id, readable, stored_flow};
use crate::web::problem::Refusal;
use crate::web::request::{Body, Place};
use crate::web::state::State;

pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/c/{customer}/flows/{flow}/settings", get(form).post(entered))
        .route("/c/{customer}/flows/{flow}/document", get(document).post(written))
}

#[derive(askama::Template)]
#[template(path = "flow_settings.html")]
struct Settings {
    frame: Frame,
    /// The flow's own address.
    flow: String,
    flow_name: String,
    version: u32,
    sections: Vec<SectionAnswer>,
    told: Option<Told>,
    mistakes: Vec<Mistake>,
}

impl Settings {
    /// What a field shows: what stands in the document.
    fn shown<'s>(&self, value: &'s Option<String>) -> &'s str {
        value.as_deref().unwrap_or_default()
    }

    /// A name as a label: in the words of the trade where it has them.
    fn named(&self, name: &str) -> String {
        if let Some((_, words)) = LABELS.iter().find(|(known, _)| *known == name) {
            return (*words).to_owned();
        }
        let spaced = self.spaced(name);
        let mut letters = spaced.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }

    fn spaced(&self, word: &str) -> String {
        match word {
            "true" => "yes".to_owned(),
            "false" => "no".to_owned(),
            word => word.replace('_', " "),
        }
    }

    fn unquoted(&self, values: &str) -> String {
        values.replace('`', "")
    }

    /// An id of the page made of a path.
    fn id(&self, path: &str) -> String {
        path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
    }
}

#[derive(askama::Template)]
#[template(path = "flow_document.html")]
struct Document {
    frame: Frame,
    flow: String,
    flow_name: String,
    version: u32,
    document: String,
    told: Option<Told>,
    mistakes: Vec<Mistake>,
}

/// Names of settings that read better in other words.
const LABELS: [(&str, &str); 25] = [
    ("use_expensify_gl_codes", "Use Expensify's GL codes"),
    ("policies", "Workspaces"),
    ("states", "States of a report"),
    ("cut_over", "Cut-over day"),
    ("skip", "Left out by condition"),
    ("zero_amounts", "Expenses of zero"),
    ("poll", "Reading Expensify"),
    ("refresh", "Reading Intacct's accounts and dimensions"),
    ("sweep", "Reading the last weeks again"),
    ("reconcile", "Tie-out"),
    ("blackout", "Times without posting"),
    ("freeze", "Freeze around the close"),
    ("chart_max_age_hours", "Accounts and dimensions at most this old, in hours"),
    ("date", "Posting date"),
    ("future", "Dates in the future"),
    ("state", "Posted or draft"),
    ("group", "One entry for each"),
    ("lines", "Expense lines"),
    ("max_lines", "Most lines of an entry"),
    ("document", "Document number"),
    ("ceiling_entry", "Ceiling of an entry"),
    ("ceiling_day", "Ceiling of a day"),
    ("hand_over", "Hand-over check"),
    ("review_first", "First entries to review"),
    ("two_person", "Two persons for every entry"),
];

fn place(visit: &Visit) -> FlowPlace {
    FlowPlace { customer: visit.customer_id(), flow: visit.place("flow").to_owned() }
}

fn own(visit: &Visit, end: &str) -> String {
    visit.frame.at(&format!("/flows/{}{end}", visit.place("flow")))
}

async fn form(visit: Visit) -> Result<Response, Refusal> {
    settings(visit, None, &BTreeMap::new()).await
}

/// The form, with what was typed where it was refused.
async fn settings(
    visit: Visit,
    refusal: Option<Refusal>,
    entered: &BTreeMap<String, Option<String>>,
) -> Result<Response, Refusal> {
    let (stored, _) = stored_flow(&visit.customer, visit.place("flow")).await?;
    let listed = list_settings(Shared(visit.state.clone()), visit.caller.clone(), Place(place(&visit))).await?;
    let mut sections = listed.0.sections;
    for setting in sections.iter_mut().flat_map(|section| &mut section.settings) {
        if let Some(typed) = entered.get(&setting.path) {
            setting.value.clone_from(typed);
        }
    }
    let page = Settings {
        flow: own(&visit, ""),
        flow_name: stored.name,
        version: listed.0.version,
        sections,
        told: refusal.as_ref().map(Told::from),
        mistakes: refusal.as_ref().map(mistakes).unwrap_or_default(),
        frame: visit.frame,
    };
    let mut page = show(&page);
    if let Some(refusal) = refusal {
        *page.status_mut() = refusal.status();
    }
    Ok(page)
}

/// Settings that were entered otherwise than they stand.
async fn entered(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let version = fields.parsed::<u32>("version")?;
    let mut changes = BTreeMap::new();
    for (path, typed) in fields.beginning("set:") {
        let typed = typed.trim();
        let was = fields.text(&format!("was:{path}"));
        if typed != was {
            changes.insert(path.to_owned(), Some(typed.to_owned()).filter(|typed| !typed.is_empty()));
        }
    }
    let flow_place = place(&visit);
    if fields.text("do") == "keep" {
        let wanted = changes.iter().map(|(path, value)| WantedSetting { path: path.clone(), value: value.clone() });
        let reason = fields.text("reason").to_owned();
        let body = SettingsChange { expected_version: version, changes: wanted.collect(), reason };
        let (shared, caller) = (Shared(visit.state.clone()), visit.caller.clone());
        return match change_settings(shared, caller, Place(flow_place), Body(body)).await {
            Ok(_) => Ok(go(&own(&visit, "/settings?done=saved"))),
            Err(refusal) if refusal.status().is_server_error() => Err(refusal),
            Err(refusal) => settings(visit, Some(refusal), &changes).await,
        };
    }
    check_maps(&visit)?;
    let (stored, flow) = stored_flow(&visit.customer, visit.place("flow")).await?;
    let changed = changed_settings(&visit.customer, (&stored, &flow), &changes).await;
    if let Err(refusal) = changed {
        return if refusal.status().is_server_error() {
            Err(refusal)
        } else {
            settings(visit, Some(refusal), &changes).await
        };
    }
    let mut carried = vec![("version".to_owned(), version.to_string())];
    for (path, typed) in &changes {
        carried.push((format!("set:{path}"), typed.clone().unwrap_or_default()));
        carried.push((format!("was:{path}"), fields.text(&format!("was:{path}")).to_owned()));
    }
    let here = own(&visit, "/settings");
    let title = "What these settings would do".to_owned();
    review(visit, &stored, changed, Proposed { title, action: here.clone(), back: here, carried }).await
}

async fn document(visit: Visit) -> Result<Response, Refusal> {
    let stored = visit.customer.flow(&flow_id(visit.place("flow"))?).await?;
    let text = stored.document.clone();
    text_page(visit, stored.version, stored.name, text, None)
}

fn text_page(
    visit: Visit,
    version: u32,
    flow_name: String,
    document: String,
    refusal: Option<Refusal>,
) -> Result<Response, Refusal> {
    let mut page = show(&Document {
        flow: own(&visit, ""),
        flow_name,
        version,
        document,
        told: refusal.as_ref().map(Told::from),
        mistakes: refusal.as_ref().map(mistakes).unwrap_or_default(),
        frame: visit.frame,
    });
    if let Some(refusal) = refusal {
        *page.status_mut() = refusal.status();
    }
    Ok(page)
}

/// A document as it was written.
async fn written(visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let version = fields.parsed::<u32>("version")?;
    // Browsers end lines with both signs.
    let document = fields.raw("document").replace("\r\n", "\n");
    let stored = visit.customer.flow(&flow_id(visit.place("flow"))?).await?;
    if fields.text("do") == "keep" {
        let reason = fields.text("reason").to_owned();
        let body = FlowChange { document: document.clone(), expected_version: version, reason };
        let (shared, caller) = (Shared(visit.state.clone()), visit.caller.clone());
        return match change_flow(shared, caller, Place(place(&visit)), Body(body)).await {
            Ok(_) => Ok(go(&own(&visit, "/document?done=saved"))),
            Err(refusal) if refusal.status().is_server_error() => Err(refusal),
            Err(refusal) => text_page(visit, version, stored.name, document, Some(refusal)),
        };
    }
    check_maps(&visit)?;
    let changed = readable(&visit.customer, &document, Some(&stored)).await;
    if let Err(refusal) = changed {
        let is_ours = refusal.status().is_server_error();
        return if is_ours { Err(refusal) } else { text_page(visit, version, stored.name, document, Some(refusal)) };
    }
    let here = own(&visit, "/document");
    let carried = vec![("version".to_owned(), version.to_string()), ("document".to_owned(), document)];
    let title = "What this document would do".to_owned();
    review(visit, &stored, changed, Proposed { title, action: here.clone(), back: here, carried }).await
}

/// Looking at what a change would do is for those who may make it.
pub(super) fn check_maps(visit: &Visit) -> Result<(), Refusal> {
    if visit.frame.maps() { Ok(()) } else { Err(Refusal::not_allowed("Changing a flow takes the role mapper.")) }
}
